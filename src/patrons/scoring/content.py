"""What a release takes from the results of a series: the one place that knows the notebooks' files by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from patrons.btyd import lifetime
from patrons.files import read_json
from patrons.models import load_model
from patrons.scoring.rows import Feature, describe

MODELS = ("clusterer", "segment_model", "churn")  # without which nothing is scored
NEEDED = (
    *(f"{name}.skops" for name in MODELS),
    "segments.json",
    "segment_model.json",
    "churn.json",
    "dictionary.parquet",
)
OPTIONAL = ("value.skops", "value.json")  # of an order log
OUTCOME = "churned"
TEST_ROWS, GOLDEN_ROWS, CHECKED_ROWS = 5000, 20, 500


def load_models(folder: Path) -> dict[str, Any]:
    """The models of a release by name, `value` where there is one."""
    names = [*MODELS, *(["value"] if (folder / "value.skops").exists() else [])]
    return {name: load_model(folder / f"{name}.skops") for name in names}


class ContentError(ValueError):
    """Results of which no release can be made."""


class Content:
    """The results of a finished series, such as ``data/processed/demo``."""

    def __init__(self, processed: Path, series: Mapping[str, Any]):
        self.processed, self.series = processed, series

    def found(self, file: str) -> Path | None:
        """Where a notebook left a file."""
        return next(iter(sorted(self.processed.glob(f"[0-9]*/{file}"))), None)

    def json(self, file: str) -> dict[str, Any]:
        """A record of that name, empty where there is none."""
        found = self.found(file)
        return read_json(found) if found else {}

    def table(self, file: str) -> pd.DataFrame:
        return pd.read_parquet(self.found(file))

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        return {stage: record["parameters"] for stage, record in self.series["stages"].items()}

    def stated(self) -> dict[str, Any]:
        """What scoring is told of the data and the models, as plain values."""
        intake = self.parameters["01_eda"]
        return {
            "kind": "orders" if "columns" in intake else "table",
            "data": self.json("dataset.json"),
            "data_digest": self.series["digest"],
            "parameters": self.parameters,
            "groups": sorted(set(self.table("dictionary.parquet").group)),
            "lifetime": self._lifetime(),
            "thresholds": {"churn": self.json("churn.json")["threshold"]},
            "metrics": self._metrics(),
            "gates": self.json("churn.json")["gates"],
        }

    def features(self, models: Mapping[str, Any]) -> list[Feature]:
        """The columns that any of the models takes, in the order of the table."""
        used = {str(name) for model in models.values() for name in model.feature_names_in_}
        table = self.table("panel.parquet")
        return describe(table, [name for name in table if name in used], self.table("dictionary.parquet"))

    def customers(self, most: int) -> pd.DataFrame:
        """Customers of today at even distances in their table."""
        table = self.table("features.parquet")
        return table.iloc[:: max(1, len(table) // most)].head(most).reset_index(drop=True)

    def test_rows(self, names: list[str]) -> pd.DataFrame:
        """Rows that the churn model was tested on, with what happened and without who it was."""
        from patrons.churn import split as churn

        seed = self.parameters.get("06_churn", {}).get("seed", 0)
        _, test = churn.split(self.table("panel.parquet"), seed)
        chosen = test.sample(min(len(test), TEST_ROWS), random_state=0).sort_index()
        return chosen[[*names, OUTCOME]].reset_index(drop=True)

    def segments(self, clusterer: Any) -> dict[str, dict[str, Any]]:
        """Number and name of the segment that each group of the clusterer is, as the labels of its customers say."""
        labels = self.table("labels.parquet")
        number, name = "group", "segment"
        customers = self.table("features.parquet").merge(labels, on="customer_id", suffixes=("", "_label"))
        group = clusterer.predict(customers[list(clusterer.feature_names_in_)])
        known = customers.assign(of=group)[["of", number, name]].drop_duplicates().sort_values("of")
        if known.of.duplicated().any():
            raise ContentError("The labels do not follow from the clusterer: run the series from 03 on (--from 03).")
        return {
            str(one.of): {"number": int(getattr(one, number)), "name": getattr(one, name)} for one in known.itertuples()
        }

    def _metrics(self) -> dict[str, float]:
        """Every number that the notebooks recorded, such as ``06.roc_auc``."""
        files = sorted(self.processed.glob("[0-9]*/metrics.json"))
        return {f"{file.parent.name[:2]}.{name}": value for file in files for name, value in read_json(file).items()}

    def _lifetime(self) -> list[float] | None:
        """BG/NBD as the features of today were made with it."""
        made = self.parameters.get("02_transformation", {})
        if "lifetime" in made.get("leave_out", ["lifetime"]):
            return None
        return list(lifetime.fit_day(self.table("features.parquet")))
