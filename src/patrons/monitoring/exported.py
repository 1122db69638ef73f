"""The state of series as numbers for Prometheus, from what lies on disk and in the registry.

What is not known has no number: a rule about silence tells that, while a zero would tell that all is well.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from patrons.errors import SourceError, nearest
from patrons.files import read_json, read_record
from patrons.monitoring import runs
from patrons.monitoring.columns import KEYS, SERIES
from patrons.monitoring.latest import LOOKED
from patrons.monitoring.ledger import Ledger
from patrons.monitoring.retrainings import Retrainings
from patrons.monitoring.runs import FAILED, SUCCEEDED, WATCHER
from patrons.monitoring.verdict_narrative import NONE, RETRAIN, WATCH
from patrons.monitoring.verdict_table import KNOWN
from patrons.tracking import archive, connection
from patrons.tracking.connection import TrackingError
from patrons.tracking.decisions import PROMOTE, State, entries
from patrons.tracking.stores import BackupError

LOG = logging.getLogger(__name__)
CHURN = "06_churn"
DELIVERY = "delivery.json"  # in a folder of releases: what `patrons deploy` has done so far
FAILED_RUNS = "failed_*.json"  # in the ledger, one a DAG: what its watcher leaves of the last run that failed
SAID = {  # by gauge its name in what 08 or a look has left
    "monitoring_features_moved": "drifted_features",
    "monitoring_features": "features",
    "monitoring_data_broken": "broken",
}
MOST = 2_000_000  # rows of the ledger that are read; of more, those of a share of the customers
GAUGES: dict[str, tuple[str, ...]] = {  # name to its meaning and its labels
    "exported_timestamp_seconds": ("When these numbers were taken.", "series"),
    "series_success_timestamp_seconds": ("When a run in which every notebook succeeded last ended.", "series"),
    "series_duration_seconds": ("How long the last run took from start to end.", "series"),
    "notebook_duration_seconds": ("How long a notebook took when it last ran.", "series", "notebook"),
    "notebook_failed": ("Whether a notebook failed when it was last to run.", "series", "notebook"),
    "gates_failed": ("Gates that the churn model of the last run has failed.", "series"),
    "look_timestamp_seconds": ("When a retraining, or its rehearsal, last looked at the data.", "series"),
    "look_exit_code": ("How that ended: 0 well, 2 as the data are bad, 1 as a notebook failed.", "series"),
    "monitoring_timestamp_seconds": ("When 08 last judged the champion.", "series"),
    "monitoring_verdict": ("1 of the verdict of 08, 0 of the two others.", "series", "verdict"),
    "monitoring_features_moved": ("Features that moved since the training.", "series"),
    "monitoring_features": ("Features that are watched.", "series"),
    "monitoring_data_broken": ("Ways in which 08 found the data broken.", "series"),
    "outcomes_overdue": ("Days of scoring whose horizon has passed and whose outcomes have not come.", "series"),
    "champion_promoted_timestamp_seconds": ("When the champion was promoted.", "series"),
    "retraining_exit_code": ("How the last retraining that came to an end ended.", "series"),
    "retraining_timestamp_seconds": ("When that was.", "series"),
    "retraining_unfinished_timestamp_seconds": ("When a retraining began that has not come to an end.", "series"),
    "delivery": ("1 of the state of the last delivery.", "series", "state"),
    "delivery_started_timestamp_seconds": ("When it was judged.", "series"),
    "dag_failed_timestamp_seconds": ("When a run of a DAG last failed.", "series", "dag"),
    "backup_timestamp_seconds": ("When the newest backup was made: what was written later is not in it.", "series"),
}


class ExportError(SourceError):
    """A series of which nothing is known."""


class Number(NamedTuple):
    """A number, what it is of (one of `GAUGES`), and its labels beside the series."""

    gauge: str
    value: float
    labels: tuple[str, ...] = ()


class Folders(NamedTuple):
    """Folders that are nowhere stated, each None where nothing is to be told of it: of backups, and of releases."""

    backups: Path | None = None
    releases: Path | None = None


NOTHING = Folders()


def text(names: Sequence[str], root: Path, folders: Folders = NOTHING, now: datetime | None = None) -> str:
    """The state of some series in Prometheus' text format.

    Parameters
    ----------
    names : sequence of str
        The series.
    root : Path
        The project's folder.
    folders : Folders
        They must be there.
    now : datetime, optional
        The present moment unless given.

    Raises
    ------
    ExportError
        Where there are no results of a series.
    """
    now, registry = now or datetime.now(UTC), CollectorRegistry()
    gauges = {
        name: Gauge(f"patrons_{name}", meaning, labels, registry=registry)
        for name, (meaning, *labels) in GAUGES.items()
    }
    for name in names:
        for number in _of_series(name, root, folders, now):
            gauges[number.gauge].labels(name, *number.labels).set(number.value)
    return generate_latest(registry).decode()


def _of_series(name: str, root: Path, folders: Folders, now: datetime) -> Iterator[Number]:
    processed, ledger = root / "data" / "processed" / name, root / "data" / "ledger" / name
    record = read_record(processed)
    if not record:
        known = sorted(path.parent.name for path in processed.parent.glob("[!.]*/series.json"))
        raise ExportError(f"There are no results of a series {name!r} in data/processed: {nearest(name, known)}")
    yield Number("exported_timestamp_seconds", now.timestamp())
    yield from _of_run(processed, record, ledger)
    looked = read_json(ledger / LOOKED)
    if looked:
        yield Number("look_timestamp_seconds", seconds(looked["at"]))
        yield Number("look_exit_code", looked["code"])
    yield from _of_monitoring(processed, record, looked)
    yield from _of_outcomes(Ledger(ledger), now.date())
    yield from _of_retrainings(Retrainings(ledger))
    yield from _of_dags(ledger)
    if connection.exists(root):
        yield from _of_champion(name, root)
    if folders.releases:
        yield from _of_delivery(name, read_json(folders.releases / DELIVERY))
    if folders.backups and (made := _newest(folders.backups)):
        yield Number("backup_timestamp_seconds", made)


def _of_run(processed: Path, record: Mapping[str, Any], ledger: Path) -> Iterator[Number]:
    if ends := [seconds(one["finished"]) for one in [*runs.kept(ledger), record] if _succeeded(one)]:
        yield Number("series_success_timestamp_seconds", max(ends))
    if record["finished"]:
        yield Number("series_duration_seconds", seconds(record["finished"]) - seconds(record["started"]))
    for notebook, stage in record["stages"].items():
        if stage["status"] in (SUCCEEDED, FAILED):
            yield Number("notebook_failed", stage["status"] == FAILED, (notebook,))
            yield Number("notebook_duration_seconds", stage["seconds"], (notebook,))
    recorded = read_json(processed / CHURN / "metrics.json", {}) if _has(record, CHURN) else {}
    if "gates_failed" in recorded:
        yield Number("gates_failed", recorded["gates_failed"])


def _succeeded(record: Mapping[str, Any]) -> bool:
    """Whether a run has ended, with every notebook's results as they should be."""
    stages = record["stages"].values()
    return bool(record["finished"]) and all(one["status"] == SUCCEEDED and not one["stale"] for one in stages)


def _has(record: Mapping[str, Any], notebook: str) -> bool:
    return record.get("stages", {}).get(notebook, {}).get("status") == SUCCEEDED


def _of_monitoring(processed: Path, record: Mapping[str, Any], looked: Mapping[str, Any] | None) -> Iterator[Number]:
    """What 08 said last: in the series itself, or in a later look at the data.

    Its own time counts, that of its file: runs of other notebooks, and those that find nothing to do, leave it alone.
    """
    said, at, file = {}, 0.0, processed / WATCHER / "monitoring.json"
    if _has(record, WATCHER) and not record["stages"][WATCHER]["stale"] and (found := read_json(file)):
        said, at = {**found, "broken": len(found["broken"])}, file.stat().st_mtime
    if looked and looked["verdict"] and seconds(looked["at"]) > at:
        said, at = dict(looked), seconds(looked["at"])
    if not said:
        return
    yield Number("monitoring_timestamp_seconds", at)
    for verdict in (NONE, WATCH, RETRAIN):
        yield Number("monitoring_verdict", said["verdict"] == verdict, (verdict,))
    for gauge, name in SAID.items():
        if said[name] is not None:
            yield Number(gauge, said[name])


def _of_outcomes(ledger: Ledger, today: date) -> Iterator[Number]:
    """How many days are overdue; of a table, whose horizon nobody states, those that some outcomes were given of."""
    share = min(1.0, MOST / max(ledger.count(), 1))
    said = ledger.scores([*KEYS, "horizon_days", "source"], share=share)
    said = said[said.source == SERIES].drop_duplicates(KEYS)
    known = said.merge(ledger.outcomes(share=share)[[*KEYS, "churned"]], on=KEYS, how="left").groupby("day")
    days = known.agg(customers=("day", "size"), known=("churned", "count"), horizon=("horizon_days", "max"))
    ends = days.index + pd.to_timedelta(days.horizon.astype("float64"), unit="D")
    if days.horizon.notna().any() or days.known.any():
        due = (ends <= pd.Timestamp(today)) | (days.known > 0)
        yield Number("outcomes_overdue", int((due & (days.known < KNOWN * days.customers)).sum()))


def _of_retrainings(log: Retrainings) -> Iterator[Number]:
    if unfinished := log.unfinished:
        yield Number("retraining_unfinished_timestamp_seconds", seconds(unfinished["started"]))
    if closed := [entry for entry in log.entries if entry["finished"]]:
        yield Number("retraining_exit_code", closed[-1]["exit_code"])
        yield Number("retraining_timestamp_seconds", seconds(closed[-1]["finished"]))


def _of_dags(ledger: Path) -> Iterator[Number]:
    for path in sorted(ledger.glob(FAILED_RUNS)):
        failed = read_json(path)
        yield Number("dag_failed_timestamp_seconds", seconds(failed["at"]), (failed["dag"],))


def _of_champion(name: str, root: Path) -> Iterator[Number]:
    from patrons.tracking.registry import Registry  # slow, and of no use where there is no MLflow

    registry = Registry(name, root)
    try:
        at = promoted_at(registry.state()) if registry.had_champion() else None
    except TrackingError as error:
        LOG.warning("The champion's age is left out: %s", " ".join(str(error).split()))
        return
    if at:
        yield Number("champion_promoted_timestamp_seconds", seconds(at))


def _of_delivery(name: str, last: Mapping[str, Any] | None) -> Iterator[Number]:
    """The last delivery, where it was of this series."""
    if last and last["name"] == name:
        yield Number("delivery", 1, (last["state"],))
        yield Number("delivery_started_timestamp_seconds", seconds(last["started"]))


def promoted_at(state: State) -> str | None:
    """When the champion was promoted, by the log: a return to it makes it no younger. None where the log is silent."""
    champion = state.line.champion
    wanted = [entry for entry in entries(state.tags) if entry["action"] == PROMOTE and entry["to"] == champion]
    return wanted[-1].get("at") if champion is not None and wanted else None


def _newest(backups: Path) -> float | None:
    """When the newest backup that can be read was made (Unix time); None where there is none, or nobody may look."""
    try:
        made = archive.whole_backups(backups)
    except PermissionError as error:
        LOG.warning("The age of backups is left out: %s", error)
        return None
    for one in reversed(made):
        try:
            return seconds(archive.manifest_of(one)["made"])
        except BackupError:
            continue
    return None


def seconds(moment: str) -> float:
    """Unix time of a moment as the project writes it."""
    return datetime.fromisoformat(moment).timestamp()
