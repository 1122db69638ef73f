"""What the pages show: results of a series, read once and kept while they stay the same."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from patrons.files import read_json
from patrons.scoring import Scorer

KEPT = 8  # files kept in memory


class Series(NamedTuple):
    """The folders of a series."""

    root: Path
    name: str

    @property
    def processed(self) -> Path:
        return self.root / "data" / "processed" / self.name

    @property
    def reports(self) -> Path:
        return self.root / "reports" / self.name

    def table(self, file: str) -> pd.DataFrame | None:
        """A table of any notebook, None where none has written it."""
        found = self._found(file)
        return None if found is None else _table(found, found.stat().st_mtime_ns)

    def json(self, file: str) -> Any:
        """A record of any notebook, None where there is none."""
        found = self._found(file)
        return None if found is None else read_json(found)

    @property
    def currency(self) -> str:
        return (self.json("dataset.json") or {}).get("currency") or ""

    def scorer(self) -> Scorer:
        """Of the champion, else of the last results."""
        folder = _serving(self.root, self.name, (self.processed / "series.json").stat().st_mtime_ns)
        return _scorer(folder)

    def _found(self, file: str) -> Path | None:
        return next(iter(sorted(self.processed.glob(f"[0-9]*/{file}"))), None)


def finished(root: Path) -> list[str]:
    """The series that have results, by name."""
    return sorted(path.parent.name for path in (root / "data" / "processed").glob("*/series.json"))


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _table(path: Path, changed: int) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"customer_id": "str"})


@st.cache_data(ttl=30, max_entries=KEPT, show_spinner="Looking for the release…")
def _serving(root: Path, name: str, changed: int) -> Path:
    from patrons.promotion import serving

    return serving(name, root)[0]


@st.cache_resource(max_entries=KEPT, show_spinner="Loading the models…")
def _scorer(folder: Path) -> Scorer:
    return Scorer.load(folder)
