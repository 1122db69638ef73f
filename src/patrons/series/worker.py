"""One notebook in a process of its own: ``python -m patrons.series.worker``, or forked from a warm process (`forks`).

Two lines of JSON arrive on standard input: first where the notebook will run, upon which the kernel starts, and then,
maybe much later, the job. Each cell that begins and, at the end, the outcome leave as lines of JSON on standard output.
When standard input closes, the runner has ended; this process then ends too, and its kernel.
"""

import contextlib
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable
from io import BufferedReader, FileIO
from pathlib import Path
from queue import SimpleQueue
from typing import Any, cast

import psutil

from patrons.series.kernels import Forked, Kernel, OwnKernel
from patrons.series.notebooks import nbformat

# These would import nbformat in full, were they first
# isort: off
import papermill
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError

# isort: on

STOPPED = "NotebookStopped"  # the exception of patrons.stage, which is slow to import, that ends a notebook early
ERROR_MARK = "papermill-error-cell-tag"  # on the cells by which papermill leads to an error
LONGEST = 2000  # characters of an error that are sent
ENGINE = "patrons"  # as papermill calls `Engine`

Send = Callable[..., None]


def execute(job: dict[str, Any], kernel: Kernel, send: Send) -> dict[str, Any]:
    """Run the notebook of a job, and return the outcome.

    Parameters
    ----------
    job : dict
        ``notebook``, ``executed`` (where it is saved, before each code cell and at the end), ``parameters``.
    kernel : Kernel
        Where it runs.
    send : callable
        Takes ``event="cell"`` with ``cell`` and ``cells`` as each cell begins.

    Returns
    -------
    dict
        ``status``: ``ok`` (with ``stopped``, the reason, where the notebook ended itself early), ``error`` (with
        ``cell``, ``error`` and ``source``), ``dead`` (with ``cell``) or ``broken`` (with ``error``).
    """
    cells = Cells(job, send)
    try:
        papermill.execute_notebook(
            _literal(job["notebook"]),
            _literal(job["executed"]),
            job["parameters"],
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            kernel=kernel,
            on_cell_execute=cells.begin,
        )
        return {"status": "ok"}
    except PapermillExecutionError as error:
        if error.ename == STOPPED:
            end_at_stop(Path(job["executed"]))
            return {"status": "ok", "stopped": error.evalue}
        text = f"{error.ename}: {error.evalue}"[:LONGEST]
        return {"status": "error", "cell": cells.begun, "error": text, "source": first_line(error.source)}
    except DeadKernelError:
        return {"status": "dead", "cell": cells.begun}


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


class Saving(NotebookExecutionManager):
    """Saves the notebook before each code cell and at the end, between which nothing happens that could be lost."""

    is_due = True

    def save(self, **options: Any) -> None:
        if self.is_due:
            super().save(**options)

    def cell_start(self, cell: Any, *position: Any, **options: Any) -> None:
        self.is_due = cell.cell_type == "code"
        super().cell_start(cell, *position, **options)
        self.is_due = True

    def cell_complete(self, *cell: Any, **options: Any) -> None:
        self.is_due = False
        super().cell_complete(*cell, **options)
        self.is_due = True


class Engine(NBClientEngine):
    """Executes a notebook in a kernel that is ready."""

    @classmethod
    def execute_notebook(
        cls, nb: Any, kernel_name: str, output_path: str, kernel: Kernel, on_cell_execute: Callable[..., None], **_: Any
    ) -> Any:
        saving = Saving(nb, output_path, progress_bar=False)
        saving.notebook_start()
        try:
            client = PapermillNotebookClient(
                saving, kernel.manager, kernel_name=kernel_name, on_cell_execute=on_cell_execute
            )
            client.kc = kernel.client
            client.execute()
        finally:
            saving.notebook_complete()
        return saving.nb


papermill_engines.register(ENGINE, Engine)


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


def listen(jobs: "SimpleQueue[dict[str, Any]]") -> None:
    """Take the job; once the runner closes standard input, end the kernel and this process."""
    while line := read_line():
        jobs.put(json.loads(line))
    end_children()
    shutil.rmtree(OwnKernel.folder, ignore_errors=True)
    os._exit(1)


def end_children() -> None:
    """End the kernel and all that it started."""
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def read_line() -> bytes:
    """A line of standard input, and nothing of what follows it; empty once that is closed."""
    return cast("FileIO", cast("BufferedReader", sys.stdin.buffer).raw).readline()


def main(forked: Forked | None = None) -> None:
    """Run the notebook of the job that arrives, in this kernel where one was forked, and wait to be ended."""
    answers = os.fdopen(os.dup(1), "w")  # the kernel inherits 1: what it prints must not be taken for an answer
    os.dup2(2, 1)

    def send(**answer: Any) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    first = read_line()
    if not first:  # the runner has ended
        os._exit(1)
    place, jobs = json.loads(first), SimpleQueue[dict[str, Any]]()
    if forked is not None:  # this process has the environment of the one that it was forked from
        os.environ.clear()
        os.environ.update(place["environment"])
    OwnKernel.folder, OwnKernel.forked = Path(place["sockets"]), forked
    listening = threading.Thread(target=listen, args=(jobs,), daemon=True)
    listening.start()
    send(event="end", **outcome(place["cwd"], jobs, send))
    listening.join()  # the runner ends this process, and its kernel with it


def outcome(cwd: str, jobs: "SimpleQueue[dict[str, Any]]", send: Send) -> dict[str, Any]:
    """Start the kernel, wait for the job and do it."""
    try:
        kernel = Kernel.start(cwd)
        job = jobs.get()
        ended = execute(job, kernel, send)
        if job["parameters"].get("engine") == "spark":  # which has to clear its disk; of others all is written by then
            kernel.shut_down()
        end_children()
        kernel.collect()
        return ended
    except Exception as error:  # whatever it is, the runner must know
        return {"status": "broken", "error": f"{type(error).__name__}: {error}"[:LONGEST]}


if __name__ == "__main__":
    main()
