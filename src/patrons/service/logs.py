"""Logs as one JSON object a line, without personal data: no customer, no feature value, no key, no query string."""

import json
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO


class Log:
    """Writes events.

    Parameters
    ----------
    stream : file, optional
        Standard output unless given.
    """

    def __init__(self, stream: TextIO | None = None):
        self._stream = stream or sys.stdout

    def __call__(self, event: str, **facts: Any) -> None:
        """Write one event with its facts, which are plain values."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._stream.write(json.dumps({"time": time, "event": event, **facts}) + "\n")
        self._stream.flush()


def log_failure(log: Log, request_id: str, error: Exception) -> None:
    """Log an error's type and where it came from, without its message, which may hold what a client sent."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-6:])
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in frames)
    log("failure", request_id=request_id, error=type(error).__name__, where=places)
