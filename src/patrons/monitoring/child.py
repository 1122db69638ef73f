"""`run_all.py` as a process of its own, which has the terminal, and ends when the one that started it does.

A script of the project and no module of the package, it is started as a user would start it: kernels, locks, progress,
`--resume` and exit codes are its own.
"""

import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from patrons.errors import SourceError

SCRIPT = "run_all.py"


class ScriptError(SourceError):
    """The project has no `run_all.py`."""


def script(root: Path) -> Path:
    """The project's `run_all.py`.

    Raises
    ------
    ScriptError
        Where there is none, as where the package alone was installed.
    """
    path = root / SCRIPT
    if not path.is_file():
        raise ScriptError(
            f"{root} has no {SCRIPT}, which runs the series. Call this from the project's folder: that with notebooks/."
        )
    return path


def run(root: Path, words: Sequence[str], place: Path | None = None) -> int:
    """Run the project's `run_all.py` with some arguments; its exit code.

    What stops this process while it waits is passed on, and the child has ended before the exception goes on.

    Parameters
    ----------
    root : Path
        The project's folder.
    words : sequence of str
    place : Path, optional
        The folder whose ``data/``, ``reports/`` and ``notebooks/`` are meant (`root`).
    """
    command = [sys.executable, "-m", __name__, str(script(root)), str(place or root), *words]
    # a terminal's Ctrl-C reaches this process alone, and the child's input ends with it, even by kill -9
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        assert process.stdin is not None  # as it was started with a pipe
        process.stdin.close()
    return code if code >= 0 else 128 - code


def end_with_parent() -> None:
    """Stop as by SIGTERM, which ends all kernels, once nobody holds the other end of standard input."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    path, place, *words = sys.argv[1:]
    threading.Thread(target=end_with_parent, daemon=True).start()
    return int(runpy.run_path(path, run_name="run_all")["main"](words, root=Path(place)))


if __name__ == "__main__":
    sys.exit(main())
