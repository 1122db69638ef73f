"""Backups on disk: a folder each, whole by its manifest or refused.

``FOLDER/20261127T220501.123Z/`` holds what was copied under its own names, and ``manifest.json``: what it is of, the
versions it was made with, and size and SHA-256 of every file. It is written under a name that begins with a dot and
renamed at the end, so what has the name of a backup was finished. The manifest holds its own checksum, too. Checksums
find damage; they do not say who made a backup.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from patrons.errors import PATRONS
from patrons.files import digest, read_json, shown, write_json
from patrons.tracking.stores import BackupError

FORMAT = 1
MANIFEST = "manifest.json"
NAME = re.compile(r"\d{8}T\d{6}\.\d{3}Z")
ADVICE = f"Take an earlier one, or make a new one: {PATRONS} backup --to FOLDER"


def whole_backups(folder: Path) -> list[Path]:
    """The finished backups in a folder, the oldest first, by their names."""
    return sorted(one for one in folder.iterdir() if NAME.fullmatch(one.name) and one.is_dir())


def chosen(place: Path) -> Path:
    """The backup that is meant: the folder itself, or the newest in it."""
    if (place / MANIFEST).is_file():
        return place
    if not place.is_dir():
        raise BackupError(f"There is no folder {shown(place)}. Name a backup, or the folder that holds backups.")
    if place.name.endswith(".partial"):
        raise BackupError(f"{shown(place)} is a backup that was never finished. {ADVICE}")
    backups = whole_backups(place)
    if not backups and NAME.fullmatch(place.name):
        raise BackupError(f"The backup {shown(place)} is torn: it has no {MANIFEST}. {ADVICE}")
    if not backups:
        raise BackupError(f"{shown(place)} holds no finished backup. Make one: {PATRONS} backup --to FOLDER")
    return backups[-1]


def seal(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of a backup, with its checksum."""
    write_json(folder / MANIFEST, {**manifest, "checksum": _checksum(manifest)})


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest of a backup, itself checked; whether the files are as it says, `verify` looks at.

    Raises
    ------
    BackupError
        Where it is cut off, altered, or of a later version of Patrons.
    """
    try:
        manifest = read_json(folder / MANIFEST)
    except ValueError as error:  # of its text
        raise BackupError(f"The backup {shown(folder)} is torn: {error}") from None
    if not isinstance(manifest, dict):
        raise BackupError(f"The backup {shown(folder)} is torn: it has no {MANIFEST}. {ADVICE}")
    if manifest.pop("checksum", None) != _checksum(manifest):
        raise BackupError(f"The backup {shown(folder)} was altered: its {MANIFEST} is not as written. {ADVICE}")
    if manifest["format"] != FORMAT:
        raise BackupError(
            f"The backup {shown(folder)} has form {manifest['format']}, and this version of Patrons reads form "
            f"{FORMAT}. It was made with Patrons {manifest['patrons']}: use that one."
        )
    return manifest


def verify(folder: Path) -> dict[str, Any]:
    """The manifest of a backup of which every file is there, as written, and none is there beside them."""
    manifest = manifest_of(folder)
    files: dict[str, Mapping[str, Any]] = manifest["files"]
    actual = set(names_in(folder)) - {MANIFEST}
    lacking, foreign = sorted(files.keys() - actual), sorted(actual - files.keys())
    if lacking:
        raise BackupError(f"The backup {shown(folder)} is torn: it lacks {_some(lacking)}. {ADVICE}")
    if foreign:
        raise BackupError(f"The backup {shown(folder)} was altered: {_some(foreign)} came later. {ADVICE}")
    altered = [name for name, entry in files.items() if not is_as_written(folder / name, entry)]
    if altered:
        raise BackupError(f"The backup {shown(folder)} was altered: {_some(altered)} is not as written. {ADVICE}")
    return manifest


def is_as_written(path: Path, entry: Mapping[str, Any]) -> bool:
    """Whether a file has the size and the bytes that the manifest says."""
    return path.is_file() and path.stat().st_size == entry["size"] and digest(path) == entry["sha256"]


def names_in(folder: Path) -> Iterator[str]:
    """The files below a folder by their path in it, in a fixed order; links and devices are refused, not left out."""
    for place, folders, files in os.walk(folder, onerror=_raise):
        folders.sort()
        for name in sorted([*files, *folders]):
            path = Path(place, name)
            if path.is_symlink() or (path.exists() and not (path.is_file() or path.is_dir())):
                raise BackupError(f"{shown(path)} is no plain file but a link or a device. Put the file itself there.")
            if name in files:
                yield path.relative_to(folder).as_posix()


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # a folder that was deleted meanwhile
        raise error


def remove(backup: Path) -> None:
    """Delete a backup; what is half deleted has no longer the name of one."""
    backup.chmod(0o700)
    shutil.rmtree(backup.rename(backup.with_name(f".{backup.name}.partial")))


def _some(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} (and {len(names) - 1} more)"


def _checksum(manifest: Mapping[str, Any]) -> str:
    return sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
