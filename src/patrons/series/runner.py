"""Runs a series: notebooks in the order of what they read and write, independent ones at the same time."""

import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from patrons.events import Log
from patrons.files import digest
from patrons.series import imports, processes, stopping
from patrons.series.declarations import ELSEWHERE
from patrons.series.graph import Code, Notebook, Series, SeriesError, code_digest, fingerprint, helpers, needs
from patrons.series.progress import Lines
from patrons.series.results import EXECUTED, FAILED, NOT_RUN, SUCCEEDED, Results
from patrons.series.workers import Place, Workers

Places = Mapping[str, tuple[str, str]]  # by parameter of ELSEWHERE its value, and a digest of what is there


@dataclass(frozen=True)
class Plan:
    """What is to be run, checked.

    Parameters
    ----------
    series : dict
        Stage to notebook, in an order in which each comes after what it reads.
    parameters : dict
        Stage to its parameters, complete, without the runner's own.
    selected : set of str
        Stages to run; the results of others are used as they stand.
    data : str or None
        Digest of the source, None when no selected notebook reads it.
    raw_folder : Path
        Where sources are.
    jobs : int
        Notebooks that run at the same time.
    timeout : float or None
        Seconds that a notebook may take.
    resume : bool
        Keep results that a run would only repeat.
    elsewhere : callable, optional
        What notebooks read that no series has made; asked when the first of them is to run.
    workers : Workers or None
        Where kernels come from, if not from a warm process of this run.
    judged : Path or None
        Where the check has left the lines of a log, judged; removed once the notebook that reads the source has ended,
        however it did.
    """

    series: Series
    parameters: dict[str, dict[str, Any]]
    selected: set[str]
    data: str | None
    raw_folder: Path
    jobs: int = 2
    timeout: float | None = None
    resume: bool = False
    elsewhere: Callable[[], Places] = dict
    workers: Workers | None = None
    judged: Path | None = None


def check_inputs(plan: Plan, results: Results) -> None:
    """SeriesError when a selected notebook reads what neither another selected one writes nor an earlier run left."""
    for stage in sorted(plan.selected):
        for writer in sorted(needs(plan.series)[stage] - plan.selected):
            files = (set(plan.series[stage].reads) - plan.series[stage].optional) & set(plan.series[writer].writes)
            if not files:
                continue
            missing = sorted(file for file in files if not (results.folder / writer / file).exists())
            if missing or results.stage(writer)["status"] != SUCCEEDED:
                raise SeriesError(
                    f"{stage} reads {', '.join(missing or sorted(files))} of {writer}, which has not succeeded. "
                    f"Run that first: --only {writer.split('_')[0]}"
                )


def has_only_current(plan: Plan, results: Results) -> bool:
    """Whether a run would keep all results as they are."""
    run = _Run(plan, results, Lines([], sys.stdout), Log(None))
    notebooks = [plan.series[stage] for stage in plan.series if stage in plan.selected]
    notebooks.sort(key=lambda notebook: not notebook.parameters.keys().isdisjoint(ELSEWHERE))  # to be asked last
    try:
        return plan.resume and all(
            results.is_current(notebook, run.made_from(notebook, helpers(notebook))["fingerprint"])
            for notebook in notebooks
        )
    except FileNotFoundError:  # something that is read was removed
        return False


def run(
    plan: Plan, results: Results, progress: Lines, root: Path, log: Log, kept: Callable[[str], None] = lambda _: None
) -> None:
    """Run what is selected and record the results; StoppedError on Ctrl-C or SIGTERM, with no process left behind.

    `kept` is called with each stage whose results have been kept, and must return at once.
    """
    results.begin(plan.series, plan.data, root)
    log.add(run_id=results.record["run_id"])
    with stopping.handlers_kept(), progress, nullcontext(plan.workers) if plan.workers else Workers() as workers:
        asyncio.run(_Run(plan, results, progress, log, workers, kept).all())
    results.mark_stale(plan.series)
    results.finish()
    log.add(run_id=results.record["run_id"])  # the earlier one where nothing was due


def place_of(notebook: Notebook, code: Code, results: Results, judged: Path | None) -> Place:
    """Where a notebook of the series runs that depends on this helper code."""
    has_models = any(file.endswith(".skops") for file in (*notebook.reads, *notebook.writes))
    modules = (*map(imports.module, code), *["skops.io"] * has_models)
    return Place(notebook.path, results.fresh / notebook.stage, modules, judged)


class _Run:
    """One run of a plan: a task for each notebook, which waits for those that write what it reads."""

    def __init__(
        self,
        plan: Plan,
        results: Results,
        progress: Lines,
        log: Log,
        workers: Workers | None = None,
        kept: Callable[[str], None] = lambda _: None,
    ):
        self.plan, self.results, self.progress, self.log, self.workers = plan, results, progress, log, workers
        self.kept = kept
        self.slots = asyncio.Semaphore(plan.jobs)
        self.before = needs(plan.series)
        self.tasks: dict[str, asyncio.Task[bool]] = {}
        self.waiting = set(plan.selected)  # those that have not begun
        self.early: dict[str, tuple[Code, Place]] = {}  # what `read` found of those whose kernels have begun
        self.signal: int | None = None

    async def all(self) -> None:
        whole = asyncio.current_task()
        assert whole is not None
        for number in stopping.heeded():
            asyncio.get_running_loop().add_signal_handler(number, self.stop, number, whole)
        try:
            async with asyncio.TaskGroup() as group:
                ticks = group.create_task(self.tick())
                for stage in (stage for stage in self.plan.series if stage in self.plan.selected):
                    self.tasks[stage] = group.create_task(self.stage(stage))
                await asyncio.wait(self.tasks.values())
                ticks.cancel()
        except asyncio.CancelledError:
            raise stopping.StoppedError(self.signal or signal.SIGINT) from None

    def stop(self, number: int, whole: asyncio.Task[Any]) -> None:
        if self.signal is None:  # a second Ctrl-C must not disturb the ending
            self.signal = number
            whole.cancel()

    async def tick(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.progress.tick()

    async def stage(self, stage: str) -> bool:
        """Run a stage once those before it have ended; whether it has results then."""
        failed = [
            before for before in sorted(self.before[stage]) if before in self.tasks and not await self.tasks[before]
        ]
        if failed:
            self.results.set(stage, status=NOT_RUN, error=f"needs the results of {', '.join(failed)}")
            self._ended(stage, NOT_RUN)
            return False
        async with self.slots:
            try:
                return await self.execute(self.plan.series[stage])
            finally:  # as large as the log, and of no use to those that follow
                if self.plan.judged and "source" in self.plan.series[stage].parameters:
                    shutil.rmtree(self.plan.judged, ignore_errors=True)

    async def execute(self, notebook: Notebook) -> bool:
        stage = notebook.stage
        self.waiting.discard(stage)
        code, place = self.early.pop(stage) if stage in self.early else self.read(notebook)
        made_from = self.made_from(notebook, code)
        if self.plan.resume and self.results.is_current(notebook, made_from["fingerprint"]):
            self._ended(stage, "reused")
            return True
        self.progress.started(stage)
        self.log("stage_started", stage=stage)
        job, start = self.job(notebook, place), time.monotonic()
        async with asyncio.TaskGroup() as both:
            running = both.create_task(processes.run(job, lambda cell, cells: self.progress.cell(stage, cell, cells)))
            both.create_task(self.prepare_those_after(stage))
        ending, seconds = running.result(), round(time.monotonic() - start, 3)
        error = ending.error or self.missing(notebook)
        record = {
            "seconds": seconds,
            "parameters": self.plan.parameters[stage],
            "error": error,
            "stopped": ending.stopped,
            **made_from,
        }
        self.results.refuse(stage, **record) if error else self.results.keep(stage, **record)
        self._ended(stage, FAILED if error else SUCCEEDED, seconds)
        if not error:
            self.kept(stage)
        return not error

    def made_from(self, notebook: Notebook, code: Code) -> dict[str, Any]:
        """What the record says of all that results depend on."""
        inputs = self.inputs(notebook)
        mark = fingerprint(notebook, self.plan.parameters[notebook.stage], inputs, code)
        return {"inputs": inputs, "fingerprint": mark, "code": code_digest(notebook, code)}

    async def prepare_those_after(self, stage: str) -> None:
        """While a notebook runs, let the kernels start of those that wait for none but such as have begun."""
        for after in self.due_after(stage):
            code, place = await asyncio.to_thread(self.read, after)
            if self.workers and after.stage in self.waiting:
                self.early[after.stage] = code, place
                self.workers.prepare(place)

    def read(self, notebook: Notebook) -> tuple[Code, Place]:
        """The code that a notebook depends on, before a kernel has it, and where it runs."""
        code = helpers(notebook)
        return code, place_of(notebook, code, self.results, self.plan.judged)

    def _ended(self, stage: str, status: str, seconds: float | None = None) -> None:
        self.progress.ended(stage, status, seconds)
        if self.workers and status in (NOT_RUN, "reused"):
            self.workers.drop(self.plan.series[stage].path)
        level = {FAILED: "error", NOT_RUN: "warning"}.get(status, "info")
        run = {"run_id": None} if status == "reused" else {}  # an earlier one made it
        self.log("stage_ended", level, stage=stage, status=status, seconds=seconds, **run)

    def inputs(self, notebook: Notebook) -> dict[str, str]:
        """Digests of what a notebook reads, the source included; of what it can do without, where it is there."""
        writers = {file: stage for stage, other in self.plan.series.items() for file in other.writes}
        found = {file: self.digest(writers[file], file, file in notebook.optional) for file in notebook.reads}
        inputs = {file: mark for file, mark in found.items() if mark}
        inputs |= {name: mark for name, (_, mark) in self.places(notebook).items()}
        return {**inputs, "source": self.plan.data or ""} if "source" in notebook.parameters else inputs

    def digest(self, writer: str, file: str, optional: bool) -> str:
        """That of a file, as recorded where its writer has had its turn in this run; empty where none is needed."""
        if writer in self.tasks and self.tasks[writer].done():
            outputs = self.results.stage(writer)["outputs"]
            if file in outputs:
                return outputs[file]
        path = self.results.folder / writer / file
        return digest(path) if path.exists() or not optional else ""

    def places(self, notebook: Notebook) -> Places:
        """What a notebook reads that no series has made, by its parameters."""
        asked = [name for name in ELSEWHERE if name in notebook.parameters]
        return {name: self.elsewhere[name] for name in asked if name in self.elsewhere} if asked else {}

    @cached_property
    def elsewhere(self) -> Places:
        return self.plan.elsewhere()

    def job(self, notebook: Notebook, place: Place) -> processes.Job:
        self.results.prepare(notebook.stage)
        own = {"folder": str(self.results.folder), "raw_folder": str(self.plan.raw_folder)}
        own = {name: value for name, value in own.items() if name in notebook.parameters}
        own |= {name: value for name, (value, _) in self.places(notebook).items()}
        parameters = {**self.plan.parameters[notebook.stage], **own}
        return processes.Job(place, place.output / EXECUTED, parameters, self.plan.timeout, self.workers)

    def due_after(self, stage: str) -> list[Notebook]:
        """The notebooks that wait for none but those that have begun, of them this one."""
        return [
            self.plan.series[after]
            for after, before in self.before.items()
            if after in self.waiting and stage in before and not before & self.waiting
        ]

    def missing(self, notebook: Notebook) -> str | None:
        """What is wrong with the files that a notebook wrote; the folder was empty, so all that is in it is new."""
        folder = self.results.fresh / notebook.stage
        missing = [file for file in notebook.writes if not (folder / file).exists()]
        old = [file for file in missing if (self.results.folder / notebook.stage / file).exists()]
        if not missing:
            return None
        hint = f" ({', '.join(old)} exists from an earlier run only)" if old else ""
        return f"it ended without writing {', '.join(missing)}, which it declares under **Writes**{hint}."
