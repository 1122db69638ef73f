"""Where the project is; files that appear whole or not at all; whose turn it is to write them."""

import errno
import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from patrons.errors import PassingError

LOG = logging.getLogger(__name__)
SCRATCH, HELD = "patrons-", ".held"  # how temporary folders are named, and the lock in each
JUST_MADE = 10  # seconds in which a temporary folder is never swept: its lock may not be held yet
ASIDE = ".aside"  # of a name, of what is about to be replaced
FULL = (errno.ENOSPC, errno.EDQUOT)

_held = threading.local()  # paths of the locks that this thread holds


class DamagedError(ValueError):
    """A file that was only written in part, or changed since."""


class DiskFullError(OSError):
    """A file for which there is no space; the message says what to free."""

    def __str__(self) -> str:
        return str(self.args[1])


class LockedError(PassingError):
    """Another command is at work in the same folder.

    Parameters
    ----------
    holder : mapping, optional
        The process that holds it: `pid`, `since`.
    """

    def __init__(self, message: str, holder: Mapping[str, Any] | None = None):
        super().__init__(message)
        self.holder = holder or {}


@contextmanager
def locked(path: Path, seconds: float = 0, nested: bool = False) -> Iterator[None]:
    """Hold a lock file, so that one process at a time works on what it stands for; the lock ends with the process.

    Parameters
    ----------
    path : Path
        The lock file, such as ``data/processed/demo/.lock``.
    seconds : float
        How long to wait for whoever holds it.
    nested : bool
        Whether a thread that holds it already may go on.

    Raises
    ------
    LockedError
        Says who holds it.
    """
    mine: set[Path] = _held.__dict__.setdefault("paths", set())
    name = path.resolve()
    if nested and name in mine:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        _take(file, path, time.monotonic() + seconds)
        mine.add(name)
        try:
            yield
        finally:
            mine.discard(name)


def _take(file: TextIO, path: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = _holder(file)
                raise LockedError(
                    f"Another command is running on {path.parent.name}: process {holder['pid']}, since "
                    f"{holder['since']}. Wait for it, stop it, or use a copy of the params file under another name.",
                    holder,
                ) from None
            time.sleep(0.05)
    file.truncate(0)
    file.write(json.dumps({"pid": os.getpid(), "since": datetime.now().astimezone().isoformat(timespec="seconds")}))
    file.flush()


def _holder(file: TextIO) -> dict[str, Any]:
    file.seek(0)
    try:
        return dict(json.loads(file.read()))
    except (ValueError, TypeError):
        return {"pid": "unknown", "since": "a moment ago"}


@contextmanager
def whole(path: Path, over_folder: bool = False) -> Iterator[Path]:
    """Yield a temporary name beside `path` that is renamed to it once it was written, and is on the disk.

    Parameters
    ----------
    path : Path
    over_folder : bool
        Whether it may take the place of a folder, as that of a table which Spark wrote (see `put`).

    Raises
    ------
    DiskFullError
        Names the file and what to do; what stood at `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.partial")
    try:
        yield partial
        sync(partial)
        put(partial, path) if over_folder else partial.replace(path)
        with suppress(OSError):  # some file systems know no such thing
            sync(path.parent)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskFullError(error.errno, full_disk(path)) from error
    finally:
        partial.unlink(missing_ok=True)


def put(partial: Path, path: Path) -> None:
    """Rename a file or a folder to its own name, in place of the file or folder that has it.

    A file takes the place of a file at once. Else the old one is renamed aside and removed once the new one is there;
    a process that is killed in between has left it aside, and `put_back` gives it its name again.
    """
    if not path.is_dir() and not partial.is_dir():
        partial.replace(path)
        return
    old = path.with_name(f".{path.name}{ASIDE}")
    if path.exists():
        _remove(old)
        path.rename(old)
    try:
        partial.rename(path)
    except BaseException:
        put_back(path.parent)
        raise
    with suppress(OSError):  # `put_back` removes later what cannot be removed now
        _remove(old)


def put_back(folder: Path) -> None:
    """Bring back what a killed process has left aside in a folder (see `put`), or remove it where it was replaced."""
    for old in folder.glob(f".*{ASIDE}"):
        path = old.with_name(old.name[1 : -len(ASIDE)])
        _remove(old) if path.exists() else old.rename(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a loss of power."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def full_disk(path: Path) -> str:
    """What to do about a disk that is full, as a sentence."""
    free = shutil.disk_usage(path.parent).free / 1e6
    return (
        f"{shown(path)} could not be written: the disk is full ({free:,.0f} MB are free there). Free some, such as "
        "results in data/processed or releases that nobody needs any more; then run again, with --resume where a "
        "series was run."
    )


@contextmanager
def scratch() -> Iterator[Path]:
    """An own folder among the system's temporary ones that nobody else may look into, and that goes away afterwards.

    Those of processes that were killed go too, when the next one is made: a folder whose lock nobody holds.
    """
    _sweep()
    owner = os.getpid()
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH))  # of mode 0700
    try:
        with (folder / HELD).open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield folder
    finally:
        if os.getpid() == owner:  # and not in a copy of it
            shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    for held in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*/{HELD}"):
        with suppress(OSError):  # of someone else, in use, or gone
            if held.stat().st_uid != os.getuid() or time.time() - held.stat().st_mtime < JUST_MADE:
                continue
            with held.open("r") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(held.parent, ignore_errors=True)


def write_text(path: Path, text: str) -> Path:
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


def write_json(path: Path, value: Any) -> Path:
    return write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path, default: Any = None) -> Any:
    """The parsed file, or `default` where there is none; DamagedError where it is cut off or no JSON."""
    if not path.exists():
        return default
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # of its text or its encoding
        raise DamagedError(
            f"{shown(path)} is damaged or was cut off: it is no JSON ({error}). Make it again: run what wrote it, "
            "or restore a copy."
        ) from None


def read_record(processed: Path) -> dict[str, Any]:
    """The record of the last series in a folder; empty where there is none, or where only half of it was written."""
    path = processed / "series.json"
    try:
        record = read_json(path, {})
    except DamagedError as error:
        LOG.warning("%s It counts as absent: the series is to be run again.", str(error).partition(" Make")[0])
        return {}
    return record if isinstance(record, dict) else {}


def now() -> str:
    """The time that records keep: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; of a folder, that of its files' names and digests."""
    if path.is_dir():
        files = [
            (file.relative_to(path).as_posix(), digest(file)) for file in sorted(path.rglob("*")) if file.is_file()
        ]
        return hashlib.sha256(json.dumps(files).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def result_file(processed: Path, name: str) -> Path | None:
    """Where a notebook of a series left a file, None where none has written it."""
    return next(iter(sorted(processed.glob(f"[0-9]*/{name}"))), None)


def shown(path: Path) -> str:
    """A path as a person would type it: relative where that is shorter."""
    return min(str(path), os.path.relpath(path), key=len)


def root_folder() -> Path:
    """The project: where the command is called if notebooks are there, else where the package was installed from."""
    return next(
        (place for place in (Path.cwd(), Path(__file__).parents[2]) if (place / "notebooks").is_dir()), Path.cwd()
    )
