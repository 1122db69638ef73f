"""Finished runs, each kept so that a later one can be compared with it: what it was made from and what came out.

A folder a run in ``data/ledger/<name>/runs``, named after its id::

    run.json        parameters, data, code and libraries, and of each notebook its state and its numbers
    tested.parquet  the customers of the last day that was tested, with their score and their outcome

The last `MOST` runs are kept. ``tested.parquet`` names customers: it is personal data.
"""

import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from patrons.errors import PATRONS, nearest
from patrons.evaluation import samples
from patrons.files import DamagedError, read_json, read_record, result_file, shown, whole, write_json
from patrons.libraries import by_library, installed, versions

LOG = logging.getLogger(__name__)
FOLDER, RECORD, TESTED, TRIED = "runs", "run.json", "tested.parquet", "tried.parquet"
MOST = 30  # runs that are kept
MOST_CUSTOMERS = 20_000  # tested customers that are kept of a run
WATCHER = "08_monitoring"  # its numbers are of the ledger, too: what a run was made from does not explain them
SUCCEEDED, FAILED, NOT_RUN = "succeeded", "failed", "not run"
OF_A_STAGE = ("status", "reused", "stale", "error", "stopped", "parameters", "fingerprint", "code")
OF_THE_DATA = ("title", "source", "lines", "period", "currency", "simulated")
OF_RESULTS = ("duckdb", "ibis-framework", "matplotlib")  # libraries beside those of models


class RunsError(ValueError):
    """A run that is not kept, or too few of them."""


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes
    ----------
    record : dict
        What ``run.json`` holds: see `described`.
    tested : DataFrame or None
        A row a customer of the last day that was tested: `customer_id` (text), `day` (missing of a table), `outcome`
        (1 churned, 0 not), `score` (a probability), `active` (whether the customer could be kept; missing of a table).
        None where the run has tested nobody.
    """

    record: dict[str, Any]
    tested: pd.DataFrame | None

    @property
    def id(self) -> str:
        return str(self.record["run_id"])

    @property
    def stages(self) -> dict[str, dict[str, Any]]:
        """Notebook to its state, parameters and `metrics`."""
        return self.record["stages"]

    @property
    def failed(self) -> list[str]:
        """The notebooks that failed."""
        return [stage for stage, record in self.stages.items() if record["status"] == FAILED]


def described(processed: Path) -> dict[str, Any]:
    """What is kept of the run whose results stand in a folder, finished or in progress.

    Returns
    -------
    dict
        ``run_id``, ``name``, ``params`` (the file), ``started``, ``finished``, ``patrons``, ``git_commit``, ``digest``
        (of the source); ``libraries`` (name to version); ``data`` (title, lines, period …); ``stages`` (notebook to
        status, parameters, fingerprint, code, ``metrics``); ``decisions`` (such as the churn model); ``horizon_days``.
        Files of a notebook count only where it succeeded: others are of an earlier run.
    """
    series = read_record(processed)
    stages = {stage: _stage(processed / stage, record) for stage, record in series.get("stages", {}).items()}
    good = {stage for stage, record in stages.items() if record["status"] == SUCCEEDED}
    origin = ("run_id", "name", "params", "started", "finished", "patrons", "git_commit", "digest")
    data, churn = (_result(processed, good, file) for file in ("dataset.json", "churn.json"))
    return {
        **{name: series.get(name) for name in origin},
        "libraries": _libraries(),
        "data": {name: data[name] for name in OF_THE_DATA if name in data},
        "stages": stages,
        "decisions": _decisions(processed, good, churn),
        "horizon_days": churn.get("horizon_days"),
    }


def _stage(folder: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: record.get(name) for name in OF_A_STAGE}
    succeeded = record["status"] == SUCCEEDED
    return {**kept, "metrics": read_json(folder / "metrics.json", {}) if succeeded else {}}


def _result(processed: Path, good: set[str], file: str) -> Any:
    path = result_file(processed, file)
    return read_json(path, {}) if path is not None and path.parent.name in good else {}


def _libraries() -> dict[str, str]:
    found = {**by_library(versions()), **installed(OF_RESULTS)}
    return {name: number for name, number in sorted(found.items()) if name != "patrons"}


def _decisions(processed: Path, good: set[str], churn: Mapping[str, Any]) -> dict[str, Any]:
    """What the notebooks decided that a reader knows by name."""
    card, gates, cards = churn.get("card", {}), churn.get("gates"), _result(processed, good, "segments.json")
    plan = (_result(processed, good, "value.json") or {}).get("plan") or {}
    named = {
        "churn model": card.get("algorithm"),
        "settings": card.get("parameters"),
        "threshold": churn.get("threshold"),
        "gates that failed": [row["gate"] for row in gates if row["verdict"] == FAILED] if gates else None,
        "segments": [card["segment"] for card in cards] if cards else None,
        "customers to contact": plan.get("contacts"),
    }
    return {name: value for name, value in named.items() if value is not None}


def current(processed: Path) -> Run:
    """The run whose results stand in a folder, whether it has finished or not."""
    path = result_file(processed, TRIED)
    record = described(processed)
    good = path is not None and record["stages"].get(path.parent.name, {}).get("status") == SUCCEEDED
    return Run(record, tested(pd.read_parquet(path)) if path is not None and good else None)


def tested(tried: pd.DataFrame) -> pd.DataFrame | None:
    """The customers of the last day that was tried (all of a table), as `Run.tested` holds them; None of nobody.

    Of more than `MOST_CUSTOMERS` as many are drawn (`samples.few`), so that two runs keep the same.
    """
    rows = tried[tried.as_of == tried.as_of.max()] if "as_of" in tried else tried
    rows = rows[rows.churned.notna() & rows.score.notna()]
    kept = pd.DataFrame(
        {
            "customer_id": rows.customer_id.astype(str).to_numpy(dtype=object),
            "day": pd.to_datetime(rows.as_of).dt.date.to_numpy() if "as_of" in rows else None,
            "outcome": rows.churned.to_numpy(dtype=float),
            "score": rows.score.to_numpy(dtype=float),
            "active": rows.active.to_numpy() if "active" in rows else None,
        }
    )
    return samples.few(kept, MOST_CUSTOMERS).reset_index(drop=True) if len(kept) else None


def keep(processed: Path, ledger: Path) -> Path:
    """Keep the finished run whose results stand in a folder; once, and whole or not at all.

    Parameters
    ----------
    processed, ledger : Path
        Such as ``data/processed/demo`` and ``data/ledger/demo``.

    Returns
    -------
    Path
        The folder of the run. One that is kept already stays as it is, unless a pipeline has gone on with it since.

    Raises
    ------
    RunsError
        Where the run has not finished.
    """
    run, folder = current(processed), ledger / FOLDER
    if not run.record["run_id"] or not run.record["finished"]:
        raise RunsError(f"The series {processed.name} has not finished: there is no run to keep yet.")
    target = folder / run.id
    if (_record(target) or {}).get("finished") != run.record["finished"]:
        _write(run, target)
    for old in _ids(ledger)[:-MOST]:
        if old != run.id:
            shutil.rmtree(folder / old, ignore_errors=True)
    return target


def _write(run: Run, target: Path) -> None:
    """Everything under another name first, then renamed; what a killed process left there goes."""
    for left in target.parent.glob(".*.partial"):
        shutil.rmtree(left, ignore_errors=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}.partial")
    if run.tested is not None:
        with whole(fresh / TESTED) as partial:
            run.tested.to_parquet(partial, index=False)
    write_json(fresh / RECORD, run.record)
    shutil.rmtree(target, ignore_errors=True)  # one that is damaged
    fresh.rename(target)


def kept(ledger: Path) -> list[dict[str, Any]]:
    """The records of the runs that are kept, oldest first; damaged ones are left out."""
    return [record for run in _ids(ledger) if (record := _record(ledger / FOLDER / run))]


def _ids(ledger: Path) -> list[str]:
    """Ids of what is kept, oldest first; a damaged one counts as the oldest."""
    folders = [path for path in (ledger / FOLDER).glob("[!.]*") if path.is_dir()]
    return sorted((path.name for path in folders), key=lambda run: (_started(ledger / FOLDER / run), run))


def _started(folder: Path) -> datetime:
    record = _record(folder)
    return datetime.fromisoformat(record["started"]) if record else datetime.min.replace(tzinfo=UTC)


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        return read_json(folder / RECORD)
    except DamagedError:
        return None


def read(ledger: Path, run: str) -> Run:
    """A kept run, by its whole id."""
    folder = ledger / FOLDER / run
    return Run(read_json(folder / RECORD), _table(folder / TESTED))


def _table(path: Path) -> pd.DataFrame | None:
    try:
        return pd.read_parquet(path) if path.exists() else None
    except (OSError, ValueError) as error:  # what pyarrow says of a file that is cut off
        LOG.warning("%s cannot be read (%s): the run counts as one that tested nobody.", shown(path), error)
        return None


def found(ledger: Path, text: str) -> Run:
    """A kept run by its id, by a beginning that no other id has, or by its place from the end: -1 is the last.

    Raises
    ------
    RunsError
        Names what was probably meant.
    """
    known = [record["run_id"] for record in kept(ledger)]
    if text.startswith("-") and text[1:].isdecimal() and 1 <= int(text[1:]) <= len(known):
        return read(ledger, known[int(text)])
    fitting = [run for run in known if run == text] or [run for run in known if run.startswith(text)]
    if len(fitting) > 1:
        raise RunsError(f"{len(fitting)} runs begin with {text!r}: {', '.join(fitting)}. Write more of the id.")
    if not fitting:
        likely = nearest(text, known[::-1])
        likely = likely if likely.startswith("did you mean") else "they are listed by"
        listing = f"{likely} {PATRONS} compare {ledger.name} --list"
        raise RunsError(f"No run {text!r} of {ledger.name} is among the {len(known)} that are kept; {listing}")
    return read(ledger, fitting[0])


def last_before(ledger: Path, run: Run) -> Run | None:
    """The last kept run before another one, which may be kept or not; None of none.

    Those with a failed notebook are passed over, unless that is 08 itself, on which no other rests.
    """
    known = [record for record in kept(ledger) if record["run_id"] == run.id or not _spoilt(record)]
    ids = [record["run_id"] for record in known]
    earlier = ids[: ids.index(run.id)] if run.id in ids else ids
    return read(ledger, earlier[-1]) if earlier else None


def _spoilt(record: dict[str, Any]) -> bool:
    return bool(set(Run(record, None).failed) - {WATCHER})
