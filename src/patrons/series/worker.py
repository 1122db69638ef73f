"""One notebook in a process of its own: ``python -m patrons.series.worker``, or forked from a warm process (`forks`).

The job arrives as one line of JSON on standard input; each cell that begins and, at the end, the outcome leave as
lines of JSON on standard output. When standard input closes, the runner has ended; this process then ends too, and its
kernel.
"""

import json
import os
import shutil
import sys
import threading
from collections.abc import Callable
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any, cast

import nbformat
import papermill
import psutil
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from patrons.series.kernels import Forked, OwnKernel

STOPPED = "NotebookStopped"  # the exception of patrons.stage, which is slow to import, that ends a notebook early
ERROR_MARK = "papermill-error-cell-tag"  # on the cells by which papermill leads to an error
LONGEST = 2000  # characters of an error that are sent

Send = Callable[..., None]


def execute(job: dict[str, Any], send: Send) -> None:
    """Run the notebook of a job, and send what happens.

    Parameters
    ----------
    job : dict
        ``notebook``, ``executed`` (where it is saved, after each cell), ``parameters``, ``cwd``, and ``sockets``, an
        empty folder with a short path.
    send : callable
        Takes ``event="cell"`` with ``cell`` and ``cells``, and last ``event="end"`` with ``status``: ``ok`` (with
        ``stopped``, the reason, where the notebook ended itself early), ``error`` (with ``cell``, ``error`` and
        ``source``), ``dead`` (with ``cell``) or ``broken`` (with ``error``).
    """
    cells = Cells(job, send)
    try:
        papermill.execute_notebook(
            _literal(job["notebook"]),
            _literal(job["executed"]),
            job["parameters"],
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=job["cwd"],
            kernel_manager_class=OwnKernel,
            on_cell_execute=cells.begin,
            # all is written by then, and to ask first takes a third of a second; Spark has to clear its disk
            shutdown_kernel="graceful" if job["parameters"].get("engine") == "spark" else "immediate",
        )
        send(event="end", status="ok")
    except PapermillExecutionError as error:
        if error.ename == STOPPED:
            end_at_stop(Path(job["executed"]))
            send(event="end", status="ok", stopped=error.evalue)
        else:
            text = f"{error.ename}: {error.evalue}"[:LONGEST]
            send(event="end", status="error", cell=cells.begun, error=text, source=first_line(error.source))
    except DeadKernelError:
        send(event="end", status="dead", cell=cells.begun)
    except Exception as error:  # whatever it is, the runner must know
        send(event="end", status="broken", error=f"{type(error).__name__}: {error}"[:LONGEST])


class Cells:
    """Counts the code cells as the executed notebook numbers them: the injected parameters are one."""

    def __init__(self, job: dict[str, Any], send: Send):
        code = [cell for cell in nbformat.read(job["notebook"], as_version=4).cells if cell.cell_type == "code"]
        self.count = 1 + sum(bool(cell.source.strip()) for cell in code)
        self.begun = 0
        self.send = send

    def begin(self, **_: Any) -> None:
        self.begun += 1
        self.send(event="cell", cell=self.begun, cells=self.count)


def end_at_stop(executed: Path) -> None:
    """Let a notebook that stopped itself end with the cell that did, without the marks of an error."""
    notebook = nbformat.read(executed, as_version=4)
    cells = [cell for cell in notebook.cells if ERROR_MARK not in cell.metadata.get("tags", [])]
    last = next(n for n, cell in enumerate(cells) if any(out.output_type == "error" for out in cell.get("outputs", [])))
    cells[last].outputs = [out for out in cells[last].outputs if out.output_type != "error"]
    for holder in (notebook, cells[last]):
        holder.metadata.get("papermill", {}).pop("exception", None)
    notebook.cells = cells[: last + 1]
    nbformat.write(notebook, executed)


def first_line(source: str) -> str:
    """The first line of a cell that is neither empty nor a comment."""
    lines = (line.strip() for line in source.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")[:200]


def _literal(path: str) -> str:
    """A path that papermill, which formats paths with the parameters, leaves as it is."""
    return path.replace("{", "{{").replace("}", "}}")


def end_with_runner() -> None:
    """Wait until the runner closes standard input; then end the kernel and this process."""
    while os.read(0, 4096):
        pass
    for child in psutil.Process().children(recursive=True):
        child.kill()
    shutil.rmtree(OwnKernel.folder, ignore_errors=True)
    os._exit(1)


def main(kernel: Forked | None = None) -> None:
    """Run the notebook of the job that arrives, in this kernel where one was forked."""
    answers = os.fdopen(os.dup(1), "w")  # the kernel inherits 1: what it prints must not be taken for an answer
    os.dup2(2, 1)

    def send(**answer: Any) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    job = json.loads(cast("FileIO", cast("BufferedReader", sys.stdin.buffer).raw).readline())
    if kernel is not None:  # this process has the environment of the one that it was forked from
        os.environ.clear()
        os.environ.update(job["environment"])
    OwnKernel.folder, OwnKernel.forked = Path(job["sockets"]), kernel
    threading.Thread(target=end_with_runner, daemon=True).start()
    execute(job, send)


if __name__ == "__main__":
    main()
