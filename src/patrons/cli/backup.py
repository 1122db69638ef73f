"""The part of the `patrons` command that backs up what MLflow and the project keep, and puts it back."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patrons import events
from patrons.cli.parts import command
from patrons.files import root_folder, shown

if TYPE_CHECKING:
    from patrons.tracking.backup import Made
    from patrons.tracking.restore import Restored

BACKUP = "copy MLflow's databases and artifacts, and the ledger and campaigns, while they are in use"
RESTORE = "put a backup back, here or elsewhere"


def add(commands: Any) -> None:
    """Add ``backup`` and ``restore``."""
    add_argument = command(commands, "backup", backup, BACKUP, "--to /mnt/backups --keep 28")
    add_argument("--to", metavar="FOLDER", type=Path, required=True, help="the folder of backups, best on another disk")
    add_argument("--keep", metavar="N", type=_count, help="delete all but the last N, once the new one is there")

    add_argument = command(commands, "restore", restore, RESTORE, "/mnt/backups --to ~/patrons")
    add_argument("backup", metavar="BACKUP", type=Path, help="a backup, or a folder of them, of which the newest")
    add_argument("--to", metavar="FOLDER", type=Path, required=True, help="where MLflow is to be started")
    add_argument("--force", action="store_true", help="replace what is there; it is moved aside")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def backup(arguments: argparse.Namespace) -> None:
    """``patrons backup``."""
    from patrons.tracking import backup as backups
    from patrons.tracking.stores import stores

    made = backups.backup(stores(root_folder(), os.environ), arguments.to, arguments.keep)
    print("\n".join(made_sentences(made)))
    size: dict[str, Any] = {"files": len(made.manifest["files"]), "bytes": made.bytes}
    events.tell("backup_made", backup=made.folder.name, **size, seconds=round(made.seconds, 3))


def restore(arguments: argparse.Namespace) -> None:
    """``patrons restore``."""
    from patrons.tracking.restore import restore as put_back

    restored = put_back(arguments.backup, arguments.to, arguments.force, os.environ)
    print("\n".join(restored_sentences(restored)))
    events.tell("backup_restored", backup=restored.backup.name, seconds=round(restored.seconds, 3))


def made_sentences(made: "Made") -> list[str]:
    """What a backup holds, and what it does not."""
    manifest = made.manifest
    size = sum(entry["size"] for entry in manifest["files"].values()) / 1e6
    lines = [
        f"Backed up {', '.join([*manifest['databases'], *manifest['folders']])} to {shown(made.folder)}.",
        f"It holds {size:,.1f} MB in {counted(len(manifest['files']), 'file')}.",
        f"New are {made.bytes / 1e6:,.1f} MB; {counted(made.linked, 'file')} are as in the backup before."
        if made.linked
        else "All of it was copied.",
        f"RPO: what is written after {manifest['made']} is not in it. It took {made.seconds:.1f} s.",
    ]
    if "auth" not in {one["role"] for one in manifest["databases"].values()}:
        lines.append("It holds no users: there is no database of them, so MLflow asks for no password here.")
    lines += [f"Not in it: artifacts at {place}." for place in manifest["elsewhere"]]
    lines += [f"Not in it, as it was being written: {name}. The next backup takes it." for name in manifest["skipped"]]
    return [*lines, *(f"Deleted the backup {one.name}." for one in made.removed)]


def restored_sentences(restored: "Restored") -> list[str]:
    """What is back, what is lost, and what to know before MLflow is started on it."""
    manifest = restored.manifest
    lines = [
        f"Restored the backup {restored.backup.name} to {shown(restored.target)}.",
        f"There are {', '.join([*manifest['databases'], *manifest['folders']])} again.",
        f"RPO: what was written after {manifest['made']}, {duration(restored.age)} ago, is lost.",
        f"RTO: the files were back after {restored.seconds:.1f} s.",
    ]
    if restored.relocated:
        lines.append("MLflow stores where artifacts lie, and that has changed.")
        lines.append(f"Rewritten: {', '.join(f'{name} ({rows:,})' for name, rows in restored.relocated.items())}.")
    else:
        lines.append("No location of artifacts had to be rewritten.")
    if restored.replaced:
        lines.append(f"What was there before is in {shown(restored.replaced)}: delete it when nobody needs it.")
    lines += [f"It never held the artifacts at {place}." for place in manifest["elsewhere"]]
    lines += [f"It does not hold {name}, which was being written." for name in manifest["skipped"]]
    known = manifest["versions"]
    version = known.get("mlflow") or known.get("mlflow-skinny")
    return [
        *lines,
        *([f"It was made beside MLflow {version}: start that version or a later one on it."] if version else []),
    ]


def duration(seconds: float) -> str:
    """A stretch of time as a person says it."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return counted(round(seconds), "second")


def counted(number: int, thing: str) -> str:
    """A number of things, in the singular where it is one."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
