"""What the pages show: results of a series, read once and kept until their files change."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from patrons.app.formats import escaped, voiced
from patrons.churn import gate_narrative
from patrons.digits import day_of
from patrons.errors import RUN_ALL, is_expected
from patrons.files import read_json, read_record, result_file
from patrons.scoring import Scorer, release
from patrons.service.follow import named_by
from patrons.value import listing

KEPT = 8  # files kept in memory
SUCCEEDED, FAILED = "succeeded", "failed"


LATER = "segment_later.json"
NEEDS = {  # columns and fields that pages show; results of an earlier version may lack them
    "segments.json": ("segment", "customers", "share"),
    "segment_model.json": ("card",),
    LATER: ("used",),
    "migration.parquet": ("from", "to", "customers"),
    "in_time.parquet": ("days", "otherwise"),
    "features.parquet": ("customer_id",),
    "churn_scores.parquet": ("customer_id", "flagged"),
    "profit.parquet": ("contacted", "cost", "gain", "low", "high"),
    "at_stake.parquet": ("customer_id", "segment", "churn_probability", "value_if_kept", "value_if_lost", "elsewhere"),
    listing.NAME: (
        "rank",
        "customer_id",
        "segment",
        "churn_probability",
        "value",
        "expected_gain",
        "gain_low",
        "gain_high",
        "certain",
        "arm",
        "suggested_action",
    ),
}


class EarlierError(ValueError):
    """Results of an earlier version, which lack what a page shows."""


class OtherDataError(ValueError):
    """The app was started with a release that was made from other data than those on the page."""


class Series(NamedTuple):
    """The folders of a series, and the release to score with where the app was started with one."""

    root: Path
    name: str
    release: Path | None = None

    @property
    def processed(self) -> Path:
        return self.root / "data" / "processed" / self.name

    @property
    def reports(self) -> Path:
        return self.root / "reports" / self.name

    def table(self, file: str) -> pd.DataFrame | None:
        """A table of any notebook in Parquet, None where none has written it."""
        path = self.file(file)
        return None if path is None else self._complete(file, _table(path, path.stat().st_mtime_ns))

    def listed(self) -> pd.DataFrame | None:
        """The list of whom to contact as `listing.read` has it, None where there is none."""
        path = self.file(listing.NAME)
        return None if path is None else self._complete(path.name, _listed(self.processed, path.stat().st_mtime_ns))

    def json(self, file: str) -> Any:
        """A record of any notebook, None where there is none."""
        path = self.file(file)
        return None if path is None else self._complete(file, read_json(path))

    def _complete(self, file: str, content: Any) -> Any:
        """What was read, if it has all that pages show; else EarlierError."""
        if missing := lacking(file, content):
            raise EarlierError(
                f"These results were made by an earlier version: {file} does not say {missing!r}. "
                f"Run the series again: {RUN_ALL} {self.name}"
            )
        return content

    @property
    def currency(self) -> str:
        return (self.json("dataset.json") or {}).get("currency") or ""

    @property
    def title(self) -> str:
        """What the data set is called, which is not the name of its files."""
        return (self.json("dataset.json") or {}).get("title") or self.name

    def about(self) -> str:
        """Of which data and which day the results are, a phrase."""
        data = self.json("dataset.json") or {}
        until = data.get("period") or []
        parts = [
            f"**{escaped(self.title)}**",
            "simulated: a computer made these customers up" if data.get("simulated") else "",
            f"orders up to {day_of(until[-1])}"
            if until
            else f"read on {day_of(read_record(self.processed)['started'])}",
        ]
        return " · ".join(filter(None, parts))

    def answering(self) -> str:
        """Which release answers, a phrase."""
        try:
            folder, what = self._release()
            of = release.read(folder)["run_id"]
        except Exception as error:
            if not is_expected(error):
                raise
            return "no release answers now"
        ours = of == read_record(self.processed).get("run_id")
        return f"{what} answers" + ("" if ours else ", which is of another run than these results: numbers may differ")

    def trouble(self) -> str:
        """What is wrong with the last run, in sentences; empty where it is complete."""
        series = read_record(self.processed)
        statuses = {stage: record["status"] for stage, record in series.get("stages", {}).items()}
        failed = [stage.replace("_", " ", 1) for stage, status in statuses.items() if status == FAILED]
        if series.get("finished") and statuses and set(statuses.values()) == {SUCCEEDED}:
            return ""
        state = f"failed in {', '.join(failed)}" if failed else "is incomplete: it is still running, or was stopped"
        return (
            f"The last run on {self.name} {state}. What is shown may be old, and parts may be missing. "
            f"Whoever runs the series finishes it with: {RUN_ALL} {self.name} --resume"
        )

    def scorer(self) -> Scorer:
        """Of the release that the app was started with, else of the champion, else of the last results."""
        folder, _ = self._release()
        return _scorer(folder, release.read(folder)["id"])

    def _release(self) -> tuple[Path, str]:
        """The folder of the release that answers, and what it is called."""
        if self.release is not None:
            folder = named_by(self.release)().folder
            what = f"release {release.read(folder)['id']}"
        else:
            folder, what = _serving(self.root, self.name, (self.processed / "series.json").stat().st_mtime_ns)
        name = release.read(folder)["name"]
        if name != self.name:
            raise OtherDataError(f"The app was started with models of {name}: choose these data at the top.")
        return folder, what

    def doubts(self) -> str:
        """What speaks against the answers: gates that the churn model failed, and doubts about expected spend."""
        scorer = self.scorer()
        gates, value = scorer.manifest["gates"], read_json(scorer.folder / "value.json", {})
        off = any(row["gate"].startswith(gate_narrative.SEASON) for row in gate_narrative.failed(gates))
        season = read_json(scorer.folder / "churn.json", {}).get("season") if off else None
        doubts = [
            gate_narrative.summary(gates, season),
            gate_narrative.advice(gates),
            *value.get("doubts", {}).get("value", []),
        ]
        return voiced(" ".join(filter(None, doubts)))

    def file(self, name: str) -> Path | None:
        """Where a notebook left a file, None where none has written it."""
        return result_file(self.processed, name)


def lacking(file: str, content: Any) -> str:
    """The first of `NEEDS` that a file of results does not have; empty where it has all."""
    if isinstance(content, list) and not content:
        return ""
    first = content[0] if isinstance(content, list) else content
    names = NEEDS.get(file, ())
    if file == LATER and first.get("used"):
        names = (*names, "days", "origins")
    return next((name for name in names if name not in first), "")


def with_results(root: Path) -> list[str]:
    """The series that have results, complete or not, by name."""
    return sorted(path.parent.name for path in (root / "data" / "processed").glob("*/series.json"))


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _table(path: Path, changed: int) -> pd.DataFrame:
    return pd.read_parquet(path)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _listed(processed: Path, changed: int) -> pd.DataFrame | None:
    return listing.read(processed)


@st.cache_data(ttl=30, max_entries=KEPT, show_spinner="Looking for the release…")
def _serving(root: Path, name: str, changed: int) -> tuple[Path, str]:
    from patrons.tracking.promotion import serving  # needs MLflow, which an app of a given release does without

    found = serving(name, root)
    return found.folder, ("champion " if found.promoted else "release ") + str(release.read(found.folder)["id"])


@st.cache_resource(max_entries=KEPT, show_spinner="Loading the models…")
def _scorer(folder: Path, identity: str) -> Scorer:  # the release in a folder changes, and `identity` with it
    return Scorer.load(folder)
