"""A backup of MLflow put back: elsewhere too, whole or not at all.

Everything is copied beside its place and checked on the way; only then it takes its place, by renaming. Artifacts that
a server hands out (``mlflow-artifacts:/``) are found wherever the server is started. Those of the project's own file
are stored with their folder, which MLflow cannot change: there the locations in the restored database are rewritten.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from patrons.files import FULL, DiskFullError, full_disk, shown
from patrons.tracking import archive, databases
from patrons.tracking.backup import written
from patrons.tracking.stores import AUTH, MEMORY, SIDECARS, STORE, BackupError, users


class Restored(NamedTuple):
    """A backup that was put back.

    Attributes
    ----------
    backup, target : Path
        Which one, and where to.
    manifest : dict
        What it held.
    relocated : dict
        Rewritten locations of artifacts by ``table.column``.
    replaced : Path or None
        The folder that holds what was there before.
    age : float
        Seconds between the backup and now: what was written in them is lost.
    seconds : float
        How long it took.
    """

    backup: Path
    target: Path
    manifest: dict[str, Any]
    relocated: dict[str, int]
    replaced: Path | None
    age: float
    seconds: float


def restore(place: Path, target: Path, force: bool = False, environment: Mapping[str, str] = os.environ) -> Restored:
    """Put a backup back.

    Parameters
    ----------
    place : Path
        A backup, or a folder of backups, of which the newest is taken.
    target : Path
        Where MLflow is to be started: a project's folder, or the server's.
    force : bool
        Whether what is there may be replaced; it is moved aside, not deleted.
    environment : mapping
        Where PostgreSQL was used, MLFLOW_BACKEND_STORE_URI (and MLFLOW_AUTH_CONFIG_PATH) name the databases to fill.

    Raises
    ------
    BackupError
        Where the backup is torn or altered, or something is in the way; then nothing has changed.
    """
    started, target = time.monotonic(), target.resolve()
    backup = archive.chosen(place)
    manifest = archive.verify(backup)
    servers = _servers(manifest, environment, target, force)
    existing = _existing(manifest, target)
    if existing and not force:
        listed = ", ".join(shown(one) for one in existing)
        raise BackupError(f"{listed} would be replaced. Restore elsewhere, or say --force: it is moved aside then.")
    target.mkdir(parents=True, exist_ok=True)
    with _staging(target) as staged:
        _copy(backup, manifest, staged)
        relocated = _relocate(manifest, staged, target)
        for name, uri in servers.items():
            databases.load(staged / name, uri)
        replaced = _place(manifest, staged, target, existing, backup.name)
    age = (datetime.now(UTC) - datetime.fromisoformat(manifest["made"])).total_seconds()
    return Restored(backup, target, manifest, relocated, replaced, age, time.monotonic() - started)


def _servers(manifest: Mapping[str, Any], environment: Mapping[str, str], target: Path, force: bool) -> dict[str, str]:
    """The PostgreSQL databases to fill, by the name of their dump."""
    uris = {}
    for name, facts in manifest["databases"].items():
        if facts["kind"] == "sqlite":
            continue
        variable = STORE if facts["role"] == "mlflow" else AUTH
        given = environment.get(variable, "")
        uri = users(given, target)[0].uri if given and variable == AUTH else given
        if not uri.startswith("postgresql"):
            raise BackupError(f"{name} is of PostgreSQL: say which database to fill by {variable}, as for the server.")
        if not force and not databases.is_empty(uri):
            raise BackupError(f"The database that {variable} names is not empty. Make a new one, or say --force.")
        uris[name] = uri
    if uris and manifest["named"] and _moves(manifest, target):
        raise BackupError(
            f"Experiments name {manifest['named'][0]}, and in PostgreSQL that is not rewritten. Restore to "
            f"{Path(next(iter(manifest['folders'].values()))).parent}, or let the server hand out artifacts."
        )
    return uris


def _moves(manifest: Mapping[str, Any], target: Path) -> list[tuple[Path, Path]]:
    """The folders of artifacts that change their place."""
    pairs = [(Path(folder), target / name) for name, folder in manifest["folders"].items() if name not in MEMORY]
    return [(former, present) for former, present in pairs if former != present]


def _units(manifest: Mapping[str, Any]) -> list[str]:
    """What takes its place as one; dumps of PostgreSQL have none."""
    files = [name for name, facts in manifest["databases"].items() if facts["kind"] == "sqlite"]
    return [*files, *manifest["folders"]]


def _existing(manifest: Mapping[str, Any], target: Path) -> list[Path]:
    """What is in the way: files, folders that hold something, and what SQLite left beside a database."""
    names = [
        name + ending
        for name in _units(manifest)
        for ending in ("", *(SIDECARS if name in manifest["databases"] else ()))
    ]
    places = [target / name for name in names]
    return [one for one in places if one.is_symlink() or one.is_file() or (one.is_dir() and any(one.iterdir()))]


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """A folder beside the place, which goes in any case."""
    folder = Path(tempfile.mkdtemp(prefix=".restore-", dir=target))
    try:
        yield folder
    except OSError as error:
        if error.errno in FULL:
            raise DiskFullError(error.errno, full_disk(target / "what is restored")) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(backup: Path, manifest: Mapping[str, Any], staged: Path) -> None:
    for name in _units(manifest):
        if name in manifest["folders"]:
            (staged / name).mkdir(parents=True)
    for name, entry in manifest["files"].items():
        if written(backup / name, staged / name) != entry["sha256"]:
            raise BackupError(f"{shown(backup / name)} changed while it was read. {archive.ADVICE}")


def _relocate(manifest: Mapping[str, Any], staged: Path, target: Path) -> dict[str, int]:
    name = next(name for name, facts in manifest["databases"].items() if facts["role"] == "mlflow")
    moves = _moves(manifest, target)
    is_sqlite = manifest["databases"][name]["kind"] == "sqlite"
    return databases.relocate(staged / name, moves) if is_sqlite and moves else {}


def _place(manifest: Mapping[str, Any], staged: Path, target: Path, existing: list[Path], backup: str) -> Path | None:
    """Move aside what is in the way, and everything to its place; if one step fails, all are undone."""
    aside = Path(tempfile.mkdtemp(prefix=f"before-{backup}-", dir=target)) if existing else None
    steps = [(one, aside / one.relative_to(target)) for one in existing if aside]
    steps += [(staged / name, target / name) for name in _units(manifest)]
    done: list[tuple[Path, Path]] = []
    try:
        for source, goal in steps:
            goal.parent.mkdir(parents=True, exist_ok=True)
            source.rename(goal)
            done.append((source, goal))
    except OSError:
        for source, goal in reversed(done):
            goal.rename(source)
        if aside:
            shutil.rmtree(aside)
        raise
    return aside
