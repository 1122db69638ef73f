"""What follows the notebooks of a series: pages, runs in MLflow, and what monitoring keeps; begun while they run."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Self

from patrons.errors import PATRONS
from patrons.files import shown
from patrons.series import closing, runner
from patrons.series.results import EXECUTED, Results
from patrons.tracking.connection import settings

SENT = "MLflow: experiment {name}; `make ui` opens it."
NOT_KEPT = "not kept"


def places(name: str, root: Path) -> runner.Places:
    """Where the ledger and the champion are, which 08 reads."""
    from patrons.monitoring.places import elsewhere  # slow to import, and not needed until then

    return elsewhere(name, root)


class Ahead:
    """Begins what follows the notebooks while they run: pages and models of those that have ended, and slow imports.

    It saves time and nothing else: what fails here fails again in its place, where it is said.

    Parameters
    ----------
    results : Results
        Of the series.
    root : Path
        The project's folder.
    packed : Path or None
        Where models are packed for MLflow; None where nothing will be sent to it.
    """

    def __init__(self, results: Results, root: Path, packed: Path | None):
        self.results, self.root, self.packed = results, root, packed
        self.pool, self.ends = ThreadPoolExecutor(1), ExitStack()
        self.due: list[Callable[[], None]] = [_import_keeping]

    def __enter__(self) -> Self:
        if self.packed is not None:
            self.due.append(partial(_import_mlflow, self.root))
            self.ends.enter_context(settings(self.root))  # here, as it is for the whole process, not for the thread
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(cancel_futures=True)
        self.ends.close()

    def page(self, stage: str) -> None:
        """A notebook's results have been kept."""
        folder = self.results.folder / stage
        self.pool.submit(_prepare_page, folder / EXECUTED)
        while self.due:
            self.pool.submit(self.due.pop())
        if self.packed is not None:
            self.pool.submit(_pack_models, folder, self.packed)


def _prepare_page(executed: Path) -> None:
    from patrons.reports.pages import prepare

    prepare(executed)


def _pack_models(folder: Path, packed: Path) -> None:
    from patrons.tracking import packing, runs

    for path in runs.models(folder):
        packing.pack(path, packed)


def _import_mlflow(root: Path) -> None:
    from patrons.tracking.connection import load

    load(root)


def _import_keeping() -> None:
    from patrons.monitoring import keeping, runs  # noqa: F401


def hand_out(results: Results, root: Path, packed: Path | None) -> tuple[bool, str]:
    """Give the results to the report, to MLflow and to the ledger; whether there is a report, and what to say.

    What has had these very results is left alone. Where models are not `packed`, nothing is sent to MLflow.
    """
    tracked = packed is not None
    name = results.folder.name
    reported, page = True, f"Report: {shown(root / 'reports' / name / 'index.html')}"
    sent, kept = SENT.format(name=name), ""
    due = not closing.is_closed(results, root, tracked)
    if due:
        reported, page = report(results, root)
        sent, kept = (track(results, root, packed) if packed else ""), keep(results, root)
    if due and reported and NOT_KEPT not in kept and sent in ("", SENT.format(name=name)):
        if "08_monitoring" in results.record["stages"]:
            places(name, root)  # MLflow has changed by what it was sent: asked now, it need not be by the next --resume
        closing.close(results, root, tracked)
    sent = sent if tracked else f"Nothing was sent to MLflow; `{PATRONS} log {name}` does it."
    return reported, f"{page}\n{sent}{kept}"


def report(results: Results, root: Path) -> tuple[bool, str]:
    """Build the pages; whether that went well, and a sentence on it."""
    try:
        from patrons.reports.pages import build  # slow to import, and not needed until here

        index = build(results.folder.name, results.folder, root / "reports" / results.folder.name)
        return True, f"Report: {shown(index)}"
    except Exception as error:
        return False, f"The report could not be built: {type(error).__name__}: {error}. The results are kept."


def track(results: Results, root: Path, packed: Path) -> str:
    """Send the results to MLflow, and say so; a server that is down does not undo a series that succeeded."""
    name = results.folder.name
    try:
        from patrons.tracking.runs import log_series

        log_series(results.folder, root / "reports" / name, root, packed)
        return SENT.format(name=name)
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        known = type(error).__module__.startswith("patrons.")  # and says what MLflow said
        reason = first if known else f"{type(error).__name__}: {first}"
        reason = reason.rstrip(".")
        return f"MLflow took nothing ({reason}). The results are kept; `{PATRONS} log {name}` sends them later."


def keep(results: Results, root: Path) -> str:
    """Keep for monitoring what was said of customers, and the run itself; a line for what failed, or the first time."""
    from patrons import monitoring

    folder, ledger = results.folder, root / "data" / "ledger" / results.folder.name
    scores = attempted(
        lambda: monitoring.keeping.keep_results(folder, ledger), f"The scores were {NOT_KEPT} for monitoring"
    )
    run = attempted(lambda: monitoring.runs.keep(folder, ledger), f"This run was {NOT_KEPT} for comparison")
    return "".join(f"\n{line}" for line in (scores, run) if line)


def attempted(action: Callable[[], str | Path], failed: str) -> str:
    """What an action has to say; where it failed, a sentence, as it must not undo a series that succeeded."""
    try:
        said = action()
        return said if isinstance(said, str) else ""
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return f"{failed} ({reason.rstrip('.')}). The results are; --resume tries again."


def promote(results: Results, root: Path) -> str:
    """Make the models the champion if they deserve it, and say so; a failure does not undo a series that succeeded."""
    try:
        from patrons.tracking.promotion import promote_results

        return promote_results(results.folder.name, root)
    except Exception as error:
        return f"Not promoted: {' '.join(str(error).split()) or type(error).__name__}"
