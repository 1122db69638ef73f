"""What the pages show: results of a series, read once and kept while they stay the same."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from patrons.files import read_json
from patrons.scoring import Scorer, release
from patrons.service.follow import shown_by

KEPT = 8  # files kept in memory
SUCCEEDED, FAILED = "succeeded", "failed"


class OtherDataError(ValueError):
    """The release that the app was given was made from other data than those on the page."""


class Series(NamedTuple):
    """The folders of a series, and the release to score with where the app was given one."""

    root: Path
    name: str
    given: Path | None = None

    @property
    def processed(self) -> Path:
        return self.root / "data" / "processed" / self.name

    @property
    def reports(self) -> Path:
        return self.root / "reports" / self.name

    def table(self, file: str) -> pd.DataFrame | None:
        """A table of any notebook, None where none has written it."""
        found = self.file(file)
        return None if found is None else _table(found, found.stat().st_mtime_ns)

    def json(self, file: str) -> Any:
        """A record of any notebook, None where there is none."""
        found = self.file(file)
        return None if found is None else read_json(found)

    @property
    def currency(self) -> str:
        return (self.json("dataset.json") or {}).get("currency") or ""

    @property
    def simulated(self) -> bool:
        return bool((self.json("dataset.json") or {}).get("simulated"))

    def trouble(self) -> str:
        """What is wrong with the last run, in words; empty where it is whole."""
        record = read_json(self.processed / "series.json", {})
        by = {stage: one["status"] for stage, one in record.get("stages", {}).items()}
        failed = [stage.replace("_", " ", 1) for stage, status in by.items() if status == FAILED]
        if record.get("finished") and by and set(by.values()) == {SUCCEEDED}:
            return ""
        what = f"failed in {', '.join(failed)}" if failed else "is not whole: it is at work now, or was stopped"
        return (
            f"The last run on {self.name} {what}. What is shown may be old, and parts may be lacking. "
            "Whoever runs the series finishes it with: run_all.py --resume"
        )

    def scorer(self) -> Scorer:
        """Of the release that the app was given, else of the champion, else of the last results."""
        if self.given is not None:
            folder = shown_by(self.given)()
        else:
            folder = _serving(self.root, self.name, (self.processed / "series.json").stat().st_mtime_ns)
        made = release.read(folder)
        if made["name"] != self.name:
            raise OtherDataError(f"The app was started with models of {made['name']}: choose these data at the left.")
        return _scorer(folder, made["id"])

    def doubt(self) -> str:
        """What speaks against the answers: checks that the churn model has not passed, and doubts of expected spend."""
        scorer, said = self.scorer(), []
        if failed := [gate["gate"] for gate in scorer.manifest["gates"] if gate["verdict"] != "passed"]:
            said.append(f"Do not rely on the chances: the churn model did not pass its checks ({'; '.join(failed)}).")
        value = read_json(scorer.folder / "value.json", {})
        return " ".join([*said, *value.get("doubts", {}).get("value", [])])

    def file(self, name: str) -> Path | None:
        """Where a notebook left a file, None where none has written it."""
        return next(iter(sorted(self.processed.glob(f"[0-9]*/{name}"))), None)


def with_results(root: Path) -> list[str]:
    """The series that have results, whole or not, by name."""
    return sorted(path.parent.name for path in (root / "data" / "processed").glob("*/series.json"))


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _table(path: Path, changed: int) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"customer_id": "str"})


@st.cache_data(ttl=30, max_entries=KEPT, show_spinner="Looking for the release…")
def _serving(root: Path, name: str, changed: int) -> Path:
    from patrons.tracking.promotion import serving  # needs MLflow, which an app of a given release does without

    return serving(name, root)[0]


@st.cache_resource(max_entries=KEPT, show_spinner="Loading the models…")
def _scorer(folder: Path, made: str) -> Scorer:  # `made`: the folder of the last results changes under its name
    return Scorer.load(folder)
