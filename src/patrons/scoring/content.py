"""What a release takes from the results of a series: the one place that knows the notebooks' files by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from patrons.btyd import lifetime
from patrons.errors import RUN_ALL
from patrons.features.terms import Term, terms
from patrons.files import read_json, result_file
from patrons.models import load_model
from patrons.scoring.rows import Feature, describe
from patrons.scoring.soundness import refuse_unsound

MODELS = ("clusterer", "churn")  # without which nothing is scored
NEEDED = (
    *(f"{name}.skops" for name in MODELS),
    "segments.json",
    "churn.json",
    "dictionary.parquet",
)
LATER = "segment_later"  # where 05 could forecast it
TESTED = "churn_tested.skops"  # the churn model that the test's scores are of; that in use has learnt the test too
TRIED = "tried.parquet"  # what was forecast where the outcome was not known, and what happened
OPTIONAL = (TESTED, TRIED, "value.skops", "value.json", f"{LATER}.skops", f"{LATER}.json")  # from value on: of a log
OUTCOME = "churned"
RECENCY = "recency_days"  # who could be kept follows from it; no feature of a customer table
APART = ("08_monitoring",)  # stages that watch releases: none takes anything from them
TEST_ROWS, GOLDEN_ROWS, CHECKED_ROWS = 5000, 20, 500


def load_models(folder: Path) -> dict[str, Any]:
    """The models of a release by name, `value` and `segment_later` where there is one."""
    names = [*MODELS, *(name for name in ("value", LATER) if (folder / f"{name}.skops").exists())]
    models = {name: load_model(folder / f"{name}.skops") for name in names}
    refuse_unsound(models)
    return models


def _taken(models: Mapping[str, Any]) -> set[str]:
    """The columns that any of the models takes."""
    return {str(name) for model in models.values() for name in model.feature_names_in_}


class ContentError(ValueError):
    """Results from which no release can be built."""


class Content:
    """The results of a finished series, such as ``data/processed/demo``."""

    def __init__(self, processed: Path, series: Mapping[str, Any]):
        self.processed, self.series = processed, series

    def path(self, file: str) -> Path | None:
        """Where a notebook left a file, None where none has written it, or says that it is not to be used."""
        if file == f"{LATER}.skops" and not self.json(f"{LATER}.json").get("used"):
            return None
        return result_file(self.processed, file)

    def json(self, file: str) -> dict[str, Any]:
        """A record of that name, empty where there is none."""
        path = self.path(file)
        return read_json(path) if path else {}

    def table(self, file: str) -> pd.DataFrame:
        """A table of that name.

        Raises
        ------
        ContentError
            Where no notebook has written it.
        """
        path = self.path(file)
        if path is None:
            raise ContentError(f"No notebook has written {file}: run the whole series ({RUN_ALL} NAME --resume).")
        return pd.read_parquet(path)

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """The parameters of each notebook that a release follows from."""
        return {stage: one["parameters"] for stage, one in self.series["stages"].items() if stage not in APART}

    def facts(self) -> dict[str, Any]:
        """What scoring must know about the data and the models, as plain values."""
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

    def features(self, models: Mapping[str, Any], made: Sequence[Term] = ()) -> list[Feature]:
        """The columns that any of the models takes, and what those `made` are made of, in the order of the table."""
        used = _taken(models)
        table = self.table("panel.parquet")
        # what a used column is made of must come with a customer
        used |= {name for term in made for name in (term.left, term.right)}
        return describe(table, [name for name in table if name in used], self.table("dictionary.parquet"))

    def made(self, models: Mapping[str, Any]) -> list[Term]:
        """What models of a customer table take that is made of two of its numbers."""
        asked = self.parameters.get("02_transformation", {}).get("interactions", [])
        if "columns" in self.parameters["01_eda"] or not asked:
            return []
        dictionary, used = self.table("dictionary.parquet"), _taken(models)
        numbers = dictionary.feature[dictionary.group == "number"].tolist()
        return [term for term in terms(asked, numbers) if term.name in used]

    def customers(self, most: int) -> pd.DataFrame:
        """Some of today's customers, spread evenly over their table."""
        table = self.table("features.parquet")
        return table.iloc[:: max(1, len(table) // most)].head(most).reset_index(drop=True)

    def test_rows(self, names: list[str]) -> pd.DataFrame:
        """Rows that the churn model was tested on, with the outcome and without the customer's number.

        Of a log with the days since the last order, whether or not a model takes them: they say who could be kept.
        """
        from patrons.churn.split import split

        seed = self.parameters.get("06_churn", {}).get("seed", 0)
        _, test = split(self.table("panel.parquet"), seed)
        chosen = test.sample(min(len(test), TEST_ROWS), random_state=0).sort_index()
        beside = [name for name in (RECENCY,) if name in chosen and name not in names]
        return chosen[[*names, *beside, OUTCOME]].reset_index(drop=True)

    def segments(self, clusterer: Any) -> dict[str, dict[str, Any]]:
        """By group of the clusterer the number and name of its segment, as its customers are labelled."""
        labels = self.table("labels.parquet").set_index("customer_id")[["group", "segment"]]
        customers = self.table("features.parquet").set_index("customer_id").loc[labels.index]
        predicted = clusterer.predict(customers[list(clusterer.feature_names_in_)])
        pairs = labels.assign(predicted=predicted).drop_duplicates().sort_values("predicted")
        if pairs.predicted.duplicated().any():
            raise ContentError("The labels do not follow from the clusterer: run the series from 03 on (--from 03).")
        return {
            str(pair["predicted"]): {"number": int(pair["group"]), "name": pair["segment"]}
            for pair in pairs.to_dict("records")
        }

    def _metrics(self) -> dict[str, float]:
        """Every number that those notebooks recorded, such as ``06.roc_auc``."""
        files = sorted(self.processed.glob("[0-9]*/metrics.json"))
        files = [file for file in files if file.parent.name not in APART]
        return {f"{file.parent.name[:2]}.{name}": value for file in files for name, value in read_json(file).items()}

    def _lifetime(self) -> list[float] | None:
        """The parameters of MBG/NBD with which today's features were computed, None where they have none of it."""
        transformation = self.parameters.get("02_transformation", {})
        if "lifetime" in transformation.get("leave_out", ["lifetime"]):
            return None
        return list(lifetime.fit_day(self.table("features.parquet")))
