"""Where the project is; files that appear whole or not at all."""

import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

_held = threading.local()  # paths of the locks that this thread holds


class LockedError(RuntimeError):
    """Another command is at work in the same folder."""


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
                raise LockedError(_holder(file, path)) from None
            time.sleep(0.05)
    file.truncate(0)
    file.write(json.dumps({"pid": os.getpid(), "since": datetime.now().astimezone().isoformat(timespec="seconds")}))
    file.flush()


def _holder(file: TextIO, path: Path) -> str:
    file.seek(0)
    try:
        holder = json.loads(file.read())
    except ValueError:
        holder = {"pid": "unknown", "since": "a moment ago"}
    return (
        f"Another command is running on {path.parent.name}: process {holder['pid']}, since {holder['since']}. "
        "Wait for it, stop it, or use a copy of the params file under another name."
    )


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path` that is renamed to it once it was written without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


def write_json(path: Path, value: Any) -> Path:
    return write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path, default: Any = None) -> Any:
    """The parsed file, or `default` where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
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
