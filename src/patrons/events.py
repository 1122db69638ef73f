"""What happens, as one JSON object a line: of the series, the service and every command in the same form.

A line holds `time`, `event`, `level`, what is known of `command`, `series`, `run_id`, `release` and `request_id`, and
the event's own facts. No personal data: no customer, no feature value, no key, no query string; and of an error whose
message may quote a row, the type alone. `docs/operations.md` has a table of all events.
"""

import atexit
import gc
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

VARIABLE = "PATRONS_LOG"  # a file, which events are appended to, or - for standard error
BAD_INPUT = 2  # exit code
LEVELS = {  # the others are of level info
    "failure": "error",
    "candidate_refused": "error",
    "ledger_failed": "error",
    "keys_unreadable": "error",
    "balancer_failed": "error",
    "look_failed": "warning",
    "rollback_refused": "warning",
}


class LogError(OSError):
    """A file of events that cannot be written."""


class Log:
    """Writes events.

    Parameters
    ----------
    place : file, Path or None
        A file is opened anew for each event, so that it may be renamed at any time, as logrotate does. None: nowhere.
    facts
        Known of every event from now on, such as ``run_id="20261127-2205-3fa9c1"``; those that are None are left out.
    """

    def __init__(self, place: TextIO | Path | None, **facts: Any):
        self._place, self._facts = place, facts

    def add(self, **facts: Any) -> None:
        """Add to what is known of every event from now on."""
        self._facts |= facts

    def __call__(self, event: str, level: str = "", **facts: Any) -> None:
        """Write one event with its facts, which are plain values. A log that can no longer be written stops nothing."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        whole = {"time": moment, "event": event, "level": level or LEVELS.get(event, "info"), **self._facts, **facts}
        known = {name: value for name, value in whole.items() if value is not None}
        try:
            self._write(json.dumps(known, ensure_ascii=False) + "\n")
        except OSError:  # a full disk, or a pipe that nobody reads
            return

    def _write(self, line: str) -> None:
        if isinstance(self._place, Path):
            with self._place.open("ab", buffering=0) as file:  # one write a line, so that those of processes do not mix
                file.write(line.encode())
        elif self._place is not None:
            self._place.write(line)
            self._place.flush()


def configured(otherwise: TextIO | None = None) -> Log:
    """The log that ``$PATRONS_LOG`` names; where that is not set, one that writes to `otherwise`, or nowhere.

    Raises
    ------
    LogError
        Where nothing can be written there.
    """
    place = os.environ.get(VARIABLE, "")
    if place in ("", "-"):
        return Log(sys.stderr if place else otherwise)
    path = Path(place).expanduser().absolute()
    try:
        path.open("ab").close()
    except OSError as error:
        raise LogError(
            f"{VARIABLE} is {place}, and nothing can be written there ({error.strerror}). Name a file in a folder that "
            "exists, or - for standard error."
        ) from None
    return Log(path)


def tell(event: str, **facts: Any) -> None:
    """Write one event in the midst of work, where the log that was there at the start may be gone: it stops nothing."""
    with suppress(LogError):
        configured()(event, **facts)


def command(name: str, work: Callable[[Log], int], **facts: Any) -> int:
    """Do the work of a command between the events `command_started` and `command_ended`; its exit code.

    Parameters
    ----------
    name : str
        The command, such as ``run_all`` or ``models promote``.
    work : callable
        Takes the log, to which it may add what it learns, and returns the exit code.
    facts
        Known from the start, such as `series`.
    """
    try:
        log = configured()
    except LogError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    log.add(command=name, **facts)
    log("command_started")
    start, code = time.monotonic(), 1
    atexit.register(gc.freeze)  # else the interpreter goes through half a million objects before it ends: a second
    try:
        code = work(log)
    except BaseException as error:
        log.add(error=type(error).__name__)
        raise
    finally:
        level = "error" if code in (1, BAD_INPUT) else "info"
        log("command_ended", level, exit_code=code, seconds=round(time.monotonic() - start, 3))
    return code


def log_failure(log: Log, request_id: str, error: Exception) -> None:
    """Log an error's type and where it came from, without its message, which may hold what a client sent."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-6:])
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in frames)
    log("failure", request_id=request_id, error=type(error).__name__, where=places)
