"""A series in MLflow: one run for it, a nested run for each notebook, sent once and only from what is on disk.

Exploring by hand leaves no runs, and nothing is lost when a server is down: ``patrons log NAME`` sends later.
"""

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patrons.errors import PATRONS, RUN_ALL
from patrons.files import locked, read_json, read_record, scratch
from patrons.series.declarations import OWN
from patrons.tracking import limits
from patrons.tracking.connection import TrackingError, connected, experiment_of

if TYPE_CHECKING:  # mlflow takes over a second to import: only when something is sent
    from mlflow import MlflowClient

RUN_ID, SENT = "patrons.run_id", "patrons.sent"  # tags that identify a series
PIPELINE = "patrons.pipeline"  # a tag: which versions of a pipeline have sent it
VERSIONS = "PATRONS_PIPELINE"  # the variable that says so: "dag 1, commit 1a2b3c4d5e6f, params 0f1e2d3c4b5a"
BY_DAY = "by_day.json"  # metrics of days, sent with the day as step
PATIENCE = 600  # seconds to wait while another process sends the same series
_FIRST, _DAY = date(1970, 1, 1), 86_400_000  # milliseconds of a day


def log_series(processed: Path, reports: Path, root: Path, packed: Path | None = None) -> str | None:
    """Send the results of a finished series to MLflow, once.

    Parameters
    ----------
    processed : Path
        The results of the series, such as ``data/processed/demo``; its name is the experiment's.
    reports : Path
        The pages of the series, such as ``reports/demo``.
    root : Path
        The project's folder: without MLFLOW_TRACKING_URI, runs go to ``mlflow.db`` and ``mlruns/`` in it.
    packed : Path, optional
        Where models are that were packed before (`packing.pack`).

    Returns
    -------
    str or None
        MLflow's id of the parent run, or None if the series had been sent already. A series that was sent in part
        is sent again, and that part is deleted.
    """
    processed, reports, root = processed.resolve(), reports.resolve(), root.resolve()
    name = processed.name
    _finished(processed)
    with locked(processed / ".lock", PATIENCE, nested=True):  # two that send at once would send two copies
        series = _finished(processed)
        trouble, then = f"did not take the series {name}", f"; then: {PATRONS} log {name}"
        with nullcontext(packed) if packed else scratch() as folder, connected(root, trouble, then) as client:
            experiment = experiment_of(client, name, root)
            sending = _Sending(client, experiment, series, processed, reports, folder)
            return None if sending.is_done() else sending.send()


def _finished(processed: Path) -> dict[str, Any]:
    series = read_record(processed)
    if not series:
        existing = ", ".join(sorted(path.parent.name for path in processed.parent.glob("*/series.json"))) or "none"
        raise TrackingError(f"There is no series {processed.name!r} to send; those that were run: {existing}.")
    if not series.get("finished"):
        raise TrackingError(
            f"The series {processed.name} has not finished.\n"
            f"Wait for it, or run it again: {RUN_ALL} {processed.name} --resume"
        )
    return series


@dataclass(frozen=True)
class _Sending:
    """One series on its way to one experiment."""

    client: "MlflowClient"
    experiment: str
    series: Mapping[str, Any]
    processed: Path
    reports: Path
    packed: Path

    def is_done(self) -> bool:
        return any(SENT in run.data.tags for run in self._earlier())

    def send(self) -> str:
        """Send the parent run, its nested runs, and last the mark that all has arrived."""
        self._delete_partial()
        parent = self._start(self.series["run_id"], _milliseconds(self.series["started"]), self._tags())
        self._send_parent(parent)
        for stage, record in self.series["stages"].items():
            if record["status"] != "not run" and not record["reused"]:
                self._send_stage(parent, stage, record)
        status = "FAILED" if self._stages("failed") else "FINISHED"
        self.client.set_terminated(parent, status, _milliseconds(self.series["finished"]))
        self.client.set_tag(parent, SENT, "complete")
        return parent

    def _earlier(self) -> list[Any]:
        return list(self.client.search_runs([self.experiment], f"tags.`{RUN_ID}` = '{self.series['run_id']}'"))

    def _delete_partial(self) -> None:
        for run in self._earlier():
            condition = f"source_run_id = '{run.info.run_id}'"
            for model in self.client.search_logged_models([self.experiment], filter_string=condition):
                self.client.delete_logged_model(model.model_id)
            self.client.delete_run(run.info.run_id)

    def _stages(self, status: str) -> list[str]:
        return [stage for stage, record in self.series["stages"].items() if record["status"] == status]

    def _tags(self) -> dict[str, str]:
        data, stages = self._data(), self.series["stages"]
        return {
            "mlflow.source.name": "run_all.py",
            "mlflow.source.git.commit": (self.series["git_commit"] or "").removesuffix("-dirty"),
            "patrons.git_commit": self.series["git_commit"] or "none",
            "patrons.version": self.series["patrons"],
            "patrons.title": data.get("title", self.series["name"]),
            "patrons.simulated": str(data.get("simulated", "unknown")).lower(),
            "patrons.data_digest": self.series["digest"],
            "patrons.status": "failed" if self._stages("failed") else "succeeded",
            "patrons.reused": ", ".join(stage for stage, record in stages.items() if record["reused"]) or "none",
            **({PIPELINE: os.environ[VERSIONS]} if os.environ.get(VERSIONS) else {}),
        }

    def _data(self) -> dict[str, Any]:
        return read_json(self.processed / "01_eda" / "dataset.json", {})

    def _start(self, name: str, start: int, tags: Mapping[str, str]) -> str:
        tags = {RUN_ID: self.series["run_id"], **limits.tags(tags)}
        run = self.client.create_run(self.experiment, start_time=start, run_name=limits.run_name(name), tags=tags)
        return run.info.run_id

    def _send_parent(self, parent: str) -> None:
        """What compares series in one table: every metric of its notebooks, such as ``06.roc_auc``, and its pages."""
        for stage in self._stages("succeeded"):
            self._log(parent, metrics=_metrics(self.processed / stage, f"{stage.split('_')[0]}."))
        self._log_data(parent)
        self.client.log_artifact(parent, str(self.processed / "series.json"))
        if self.reports.is_dir():
            self.client.log_artifacts(parent, str(self.reports), "report")

    def _log_data(self, run: str) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        data = self._data()
        dataset = Dataset(
            name=limits.dataset_name(data.get("title") or self.series["name"]),
            digest=limits.digest(self.series["digest"]),
            source_type="local",
            source=json.dumps({"uri": limits.source(data.get("source", ""))}),
            profile=json.dumps({"lines": data.get("lines"), "period": data.get("period")}),
        )
        self.client.log_inputs(run, [DatasetInput(dataset, [InputTag("mlflow.data.context", "source")])])

    def _send_stage(self, parent: str, stage: str, record: Mapping[str, Any]) -> None:
        folder, failed = self.processed / stage, record["status"] == "failed"
        executed = self.processed / f"{stage}.failed.ipynb" if failed else folder / "notebook.ipynb"
        end = int(executed.stat().st_mtime * 1000) if executed.exists() else _milliseconds(self.series["finished"])
        tags = {"mlflow.parentRunId": parent, "patrons.error": record["error"] or "none"}
        tags["patrons.stopped"] = record.get("stopped") or "none"
        tags["mlflow.source.name"] = f"notebooks/{stage}.ipynb"
        run = self._start(stage, end - int(record["seconds"] * 1000), tags)
        self._log(run, parameters=record["parameters"])
        if executed.exists():
            self.client.log_artifact(run, str(executed))
        if not failed:  # what the folder of a failed stage holds is of an earlier series
            self._send_results(run, folder, self.reports / f"{stage}.html")
        self.client.set_terminated(run, "FAILED" if failed else "FINISHED", end)

    def _send_results(self, run: str, folder: Path, page: Path) -> None:
        by_day = list(_by_day(folder))
        self._log(run, metrics=_metrics(folder, without={name for _, name, _ in by_day}))
        self._log_days(run, by_day)
        for path in [page, *sorted(folder.glob("*.json"))]:
            if path.exists():
                self.client.log_artifact(run, str(path))
        if (folder / "figures").is_dir():
            self.client.log_artifacts(run, str(folder / "figures"), "figures")
        self._send_models(run, folder)

    def _send_models(self, run: str, folder: Path) -> None:
        """Models with a sample of their input; others (fitted preparation) as the plain files that they are."""
        from patrons.tracking.packing import log_model

        with_sample = models(folder)
        for path in sorted(folder.glob("*.skops")):
            if path in with_sample:
                log_model(self.client, self.experiment, run, path, self.packed)
            else:
                self.client.log_artifact(run, str(path), "models")

    def _log(
        self, run: str, parameters: Mapping[str, Any] | None = None, metrics: Mapping[str, float] | None = None
    ) -> None:
        from mlflow.entities import Metric, Param

        now = _milliseconds(self.series["finished"])
        texts = {name: _text(value) for name, value in (parameters or {}).items() if name not in OWN}
        for some in limits.batches([Metric(name, value, now, 0) for name, value in (metrics or {}).items()]):
            self.client.log_batch(run, metrics=some)
        for few in limits.batches([Param(name, text) for name, text in texts.items()]):
            self.client.log_batch(run, params=few)

    def _log_days(self, run: str, by_day: Iterable[tuple[date, str, float]]) -> None:
        """Metrics of days: the step counts days since 1970-01-01, the time is the beginning of the day (UTC)."""
        from mlflow.entities import Metric

        entries = [Metric(name, value, _DAY * (step := (day - _FIRST).days), step) for day, name, value in by_day]
        for some in limits.batches(entries):
            self.client.log_batch(run, metrics=some)


def models(folder: Path) -> list[Path]:
    """The models of a notebook with a sample of their input."""
    return [path for path in sorted(folder.glob("*.skops")) if path.with_suffix(".sample.parquet").exists()]


def _metrics(folder: Path, prefix: str = "", without: Collection[str] = ()) -> dict[str, float]:
    recorded = read_json(folder / "metrics.json", {})
    return {f"{prefix}{name}": float(value) for name, value in recorded.items() if name not in without}


def _by_day(folder: Path) -> Iterator[tuple[date, str, float]]:
    """What a notebook recorded of days in ``by_day.json``: ``[{"day": "2025-09-25", "metrics": {"brier": 0.17}}]``.

    A metric that a day does not have is missing or null.
    """
    for entry in read_json(folder / BY_DAY, []):
        for name, value in entry["metrics"].items():
            if value is not None:
                yield date.fromisoformat(entry["day"]), name, float(value)


def _text(value: Any) -> str:
    """A parameter as MLflow keeps it; the end of a very long one is cut off."""
    return limits.parameter(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)
