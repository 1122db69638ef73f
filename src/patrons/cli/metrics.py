"""The part of the `patrons` command that tells Prometheus how series are."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from patrons.cli.parts import command
from patrons.errors import PATRONS
from patrons.files import root_folder, shown, write_text

PURPOSE = "print how series are, as numbers for Prometheus: runs, gates, verdict, outcomes, champion, backups"
SUFFIX = ".prom"
FOLDERS = {  # what an option names, and the command that makes such a folder
    "backups": ("backups", f"{PATRONS} backup --to FOLDER"),
    "releases": ("releases, with the record of the last delivery", f"{PATRONS} models export NAME --to FOLDER"),
}
MORE = """

What is not known is left out. A line for cron a series, where node_exporter reads what lies in a folder:

  */5 * * * *  cd /srv/patrons && .venv/bin/patrons metrics demo --to /var/lib/prometheus/node-exporter/demo.prom"""


class MetricsError(ValueError):
    """A file or folder that cannot be what is meant."""


def add(commands: Any) -> None:
    """Add ``metrics``."""
    add_argument = command(commands, "metrics", metrics, PURPOSE, "demo --backups /mnt/backups", MORE)
    add_argument("names", metavar="NAME", nargs="+", help="a series, such as demo")
    add_argument("--to", metavar="FILE", type=Path, help=f"write them there, whole; its name ends in {SUFFIX}")
    for name, (meaning, _) in FOLDERS.items():
        add_argument(f"--{name}", metavar="FOLDER", type=Path, help=f"the folder of {meaning} (${_variable(name)})")


def metrics(arguments: argparse.Namespace) -> None:
    """``patrons metrics``."""
    from patrons.monitoring import exported

    target = arguments.to
    if target and target.suffix != SUFFIX:
        raise MetricsError(f"--to {shown(target)}: node_exporter reads names that end in {SUFFIX} alone. Give it one.")
    folders = exported.Folders(**{name: _folder(name, getattr(arguments, name)) for name in FOLDERS})
    names = [Path(name).name.removesuffix(".yaml") for name in arguments.names]
    text = exported.text(list(dict.fromkeys(names)), root_folder(), folders)
    if target:
        write_text(target, text)
    else:
        sys.stdout.write(text)


def _folder(name: str, given: Path | None) -> Path | None:
    """The folder that an option names, or else its variable; None where neither does."""
    named = os.environ.get(_variable(name))
    folder = given or (Path(named) if named else None)
    if folder and not folder.is_dir():
        raise MetricsError(f"There is no folder of {name} {shown(folder)}. Make one: {FOLDERS[name][1]}")
    return folder


def _variable(name: str) -> str:
    return f"PATRONS_{name.upper()}"
