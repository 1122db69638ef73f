"""A backup of MLflow's databases and artifacts while they are in use, and of what the project remembers.

Databases come first, each as of one moment; artifacts after, because MLflow only ever adds to them: those that the
copied database knows of are then all there. Files that have not changed since the backup before are hard links to it,
so each backup is a whole folder, and costs what is new. What is linked is read once more: damage does not pass on.
"""

import os
import platform
import shutil
import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from patrons import __version__
from patrons.files import FULL, DiskFullError, digest, full_disk, locked, sync
from patrons.tracking import archive, databases
from patrons.tracking.stores import BackupError, Stores

LOCK = ".lock"
PIECE = 1 << 20  # bytes read at a time
SETTLED = 2.0  # seconds since a change, after which a further change would show in the file's times
TRIES, PAUSE = 3, 0.2  # how often, and after how many seconds, a file is copied again that changed meanwhile
PROXIED = "mlflow-artifacts:"


class Made(NamedTuple):
    """A backup that was made.

    Attributes
    ----------
    folder : Path
        The backup.
    manifest : dict
        What it holds.
    copied, linked : int
        Files that were new, and those of the backup before.
    bytes : int
        Of the new files.
    seconds : float
        How long it took.
    removed : list of Path
        Earlier backups that were deleted.
    """

    folder: Path
    manifest: dict[str, Any]
    copied: int
    linked: int
    bytes: int
    seconds: float
    removed: list[Path]


def backup(stores: Stores, folder: Path, keep: int | None = None) -> Made:
    """Make a backup in a folder of backups.

    Parameters
    ----------
    stores : Stores
        What to copy.
    folder : Path
        Where backups are kept; made for its owner alone if it is not there.
    keep : int, optional
        How many backups to keep: once the new one is finished, the oldest beyond that go. Without it all stay.

    Raises
    ------
    BackupError
        Where something cannot be copied; then there is no new backup, and the earlier ones are as they were.
    LockedError
        Where another backup is being made in the same folder.
    """
    folder = folder.resolve()
    for place in stores.folders.values():
        if folder.is_relative_to(place.resolve()):
            raise BackupError(f"{folder} lies in {place}, which is backed up: name a folder elsewhere, best on a disk.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(folder / LOCK):
        for torn in folder.glob(".*.partial"):
            shutil.rmtree(torn)
        started, partial = time.monotonic(), folder / f".{_free_name(folder)}.partial"
        partial.mkdir(mode=0o700)
        try:
            copying = _Copying(partial, *_newest(folder))
            manifest = copying.all(stores)
            _sync_folders(partial)
            made = partial.rename(folder / partial.name[1:].removesuffix(".partial"))
            sync(folder)
        except OSError as error:
            if error.errno in FULL:
                raise DiskFullError(error.errno, full_disk(folder / "a backup")) from error
            raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        removed = _retain(folder, made, keep)
    seconds = time.monotonic() - started
    return Made(made, manifest, copying.copied, copying.linked, copying.bytes, seconds, removed)


def _free_name(folder: Path) -> str:
    while (folder / (name := f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"[:-3] + "Z")).exists():
        time.sleep(0.001)
    return name


def _newest(folder: Path) -> tuple[Path, Mapping[str, Any]]:
    """The latest backup whose manifest can be read, with its files; without any, nothing is linked."""
    for earlier in reversed(archive.whole_backups(folder)):
        with suppress(BackupError):
            return earlier, archive.manifest_of(earlier)["files"]
    return folder, {}


def _retain(folder: Path, made: Path, keep: int | None) -> list[Path]:
    """Delete the oldest backups beyond `keep`, never the one just made (clocks are put back)."""
    earlier = [one for one in archive.whole_backups(folder) if one != made]
    surplus = [] if keep is None else earlier[: max(0, len(earlier) + 1 - keep)]
    for one in surplus:
        archive.remove(one)
    return surplus


@dataclass
class _Copying:
    """A backup that is being made, beside the one before."""

    target: Path
    earlier: Path
    known: Mapping[str, Any]
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    copied: int = 0
    linked: int = 0
    bytes: int = 0

    def all(self, stores: Stores) -> dict[str, Any]:
        """Copy everything, and seal it; the manifest."""
        moment = datetime.now(UTC)  # what was written before it is in the backup
        copies, locations = {}, []
        for one in stores.databases:
            copied = self.target / one.name
            databases.copy(one, copied)
            tables, places = databases.facts(one, copied)
            locations += places
            copies[one.name] = {"role": one.role, "kind": "sqlite" if one.file else "postgresql", "tables": tables}
            self._enter(one.name, _read(copied), None)
        for name, folder in stores.folders.items():
            for path in archive.names_in(folder):
                self._take(folder / path, f"{name}/{path}")
        named, elsewhere = _apart(locations, stores)
        manifest = {
            "format": archive.FORMAT,
            "made": moment.isoformat(timespec="milliseconds"),
            "versions": versions(),
            "patrons": __version__,
            "databases": copies,
            "folders": {name: str(folder.resolve()) for name, folder in stores.folders.items()},
            "named": named,
            "elsewhere": elsewhere,
            "skipped": self.skipped,
            "files": self.files,
        }
        archive.seal(self.target, manifest)
        return manifest

    def _take(self, source: Path, name: str) -> None:
        """Link a file that is as it was, else copy it; one that is being written is skipped."""
        for _ in range(TRIES):
            try:
                if self._link(source, name):
                    return
                before = _state(source)
                sha = written(source, self.target / name)
                if _state(source) == before:
                    return self._enter(name, sha, before)
            except FileNotFoundError:  # it was deleted meanwhile
                return (self.target / name).unlink(missing_ok=True)
            time.sleep(PAUSE)
        (self.target / name).unlink(missing_ok=True)
        self.skipped.append(name)

    def _link(self, source: Path, name: str) -> bool:
        """Whether the earlier backup holds the file as it is now, and it could be linked."""
        entry, kept = self.known.get(name), self.earlier / name
        if entry is None or entry["state"] != _state(source) or not archive.is_as_written(kept, entry):
            return False
        (self.target / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(kept, self.target / name)
        except OSError:  # of a file system without links, or with few
            return False
        self.files[name] = dict(entry)
        self.linked += 1
        return True

    def _enter(self, name: str, sha: str, state: list[int] | None) -> None:
        path = self.target / name
        path.chmod(0o400)
        size = path.stat().st_size
        recent = state is None or time.time() - max(state[1:]) / 1e9 < SETTLED
        self.files[name] = {"sha256": sha, "size": size, "state": None if recent else state}
        self.copied += 1
        self.bytes += size


def _state(path: Path) -> list[int]:
    """What differs after each change of a file: size, and the times of its content and of its entry, ns."""
    state = path.stat()
    return [state.st_size, state.st_mtime_ns, state.st_ctime_ns]


def written(source: Path, target: Path) -> str:
    """Copy a file to the disk; the SHA-256 of what was written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    sha = sha256()
    with source.open("rb") as file, target.open("wb") as copy:
        while piece := file.read(PIECE):
            sha.update(piece)
            copy.write(piece)
        copy.flush()
        os.fsync(copy.fileno())
    return sha.hexdigest()


def _read(path: Path) -> str:
    sync(path)
    return digest(path)


def _sync_folders(folder: Path) -> None:
    for place, _, _ in os.walk(folder):
        sync(Path(place))


def _apart(locations: list[str], stores: Stores) -> tuple[list[str], list[str]]:
    """Of where experiments keep artifacts: the copied folders by name, and what is not copied but holds something."""
    prefixes = [
        prefix
        for place in (folder.resolve() for folder in stores.folders.values())
        for prefix in (f"{place.as_uri()}/", f"file://{place}/", f"{place}/")
    ]
    named = [one for one in locations if f"{one}/".startswith(tuple(prefixes))]
    others = [one for one in locations if one not in named and not one.startswith(PROXIED)]
    return named, [one for one in others if _holds(one)]


def _holds(location: str) -> bool:
    """Whether there can be artifacts: not in a folder that was never made."""
    parts = urlsplit(location)
    return parts.scheme not in ("", "file") or Path(unquote(parts.path)).is_dir()


def versions() -> dict[str, str]:
    """Versions of what a backup is made or restored with."""
    known = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for name in ("mlflow", "mlflow-skinny"):
        with suppress(metadata.PackageNotFoundError):
            known[name] = metadata.version(name)
    return known
