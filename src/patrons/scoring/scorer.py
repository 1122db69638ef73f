"""Scoring: customers or raw orders in; segment, churn, value and reasons out. One `Scorer` serves every caller.

The command ``patrons predict``, the API, the app and Spark all use it::

    scorer = Scorer.load("data/processed/demo/release")
    scorer.score_rows(table)      # DataFrame of feature rows -> DataFrame, one row a row, in their order
    scorer.score_one(row)         # dict -> dict, the fast path of one customer
    scorer.score_orders(lines)    # raw order lines (DataFrame or path) -> DataFrame, one row a customer

Every answer has the same names, `COLUMNS`; a customer that cannot be scored has the reason in `error` and nothing else.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from patrons.btyd.mbgnbd import Fitted
from patrons.files import read_json
from patrons.libraries import Difference, differences
from patrons.scoring import release
from patrons.scoring.answers import Answers
from patrons.scoring.beyond import BEYOND, explain, explained, typical
from patrons.scoring.content import LATER, load_models
from patrons.scoring.drift import Learnt, Watch
from patrons.scoring.plain import difference, plain
from patrons.scoring.rows import ORDERS, Reader, reader_of, records

COLUMNS = {
    "customer_id": "str",
    "segment": "Int64",  # number of the segment
    "segment_name": "str",
    "margin": "float64",  # how clearly the customer belongs to it: 0 on the border, 1 wholly inside
    "segments_later": "object",  # list of names: the segments likely a horizon from now, missing where not forecast
    "churn_probability": "float64",
    "flagged": "boolean",  # whether that reaches the threshold of the release
    "expected_spend": "float64",  # in the coming horizon, in the log's currency
    "spend_low": "float64",
    "spend_high": "float64",
    "reason_1": "str",
    "reason_2": "str",
    "reason_3": "str",
    "warnings": "object",  # list of texts: values unlike those of training, missing where there are none
    "error": "str",  # why the customer cannot be scored, missing where they are
}


class ScoringError(ValueError):
    """A request of which no customer can be scored."""


class Scorer:
    """The models of a release, ready to score; safe to use from several threads.

    Attributes
    ----------
    folder : Path
        The release.
    manifest : dict
        `release.json`: `id`, `name`, `kind`, `data`, `versions`, `metrics`, `gates`, `thresholds`...
    features : list of Feature
        What a customer row holds beside `customer_id` (see `rows.Feature`).
    segments : list of dict
        The segment cards.
    later : dict
        How the likely later segments were measured (`segments.later.record`); empty where there are none.
    reader : Reader
        Reads customers into the features.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any], models: Mapping[str, Any]):
        self.folder, self.manifest, self.models = folder, dict(manifest), dict(models)
        self.segments = read_json(folder / "segments.json")
        self.reader = reader_of(manifest)
        self.features, self.learnt = self.reader.features, Learnt(self.reader.features)
        self.later = _later(folder, models)
        spread = read_json(folder / "value.json", {}).get("spread", {})
        self.answers = Answers(manifest, models, self.later, spread, pd.read_parquet(folder / "dictionary.parquet"))

    @classmethod
    def load(cls, folder: str | Path, verified: bool = False) -> "Scorer":
        """The scorer of a release folder.

        Checksums and library versions are checked first, unless the caller has `verified` them. Where a library is
        another one than the models were made with, the golden answers decide (see `patrons.libraries`).

        Raises
        ------
        ReleaseError, ModelError
            When the folder is incomplete, cannot be used with the libraries that are here, or holds types that are not
            trusted.
        """
        folder = Path(folder)
        manifest = release.read(folder) if verified else release.verify(folder)
        others = differences(manifest["versions"])
        return cls._if_right(folder, manifest, others) if others else cls._of(folder, manifest)

    @classmethod
    def _of(cls, folder: Path, manifest: Mapping[str, Any]) -> "Scorer":
        models = load_models(folder)
        _refuse_other_features(manifest, models)
        return cls(folder, manifest, models)

    @classmethod
    def _if_right(cls, folder: Path, manifest: Mapping[str, Any], others: Sequence[Difference]) -> "Scorer":
        """The scorer of models that were made with other libraries, if they answer here as they did there."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # libraries warn of models of other versions: here their answers count
                scorer = cls._of(folder, manifest)
                problems = scorer.check()
        except Exception as error:  # whatever such models raise
            problems = [f"{type(error).__name__}: {error}"]
        if problems:
            raise release.ReleaseError(
                f"The release in {folder} cannot be used: it was {'; '.join(map(str, others))}, and its models do not "
                f"answer as they did there ({problems[0]}). Please {release.REMEDY}."
            )
        return scorer

    def score_rows(self, table: pd.DataFrame, watch: Watch | None = None, reader: Reader | None = None) -> pd.DataFrame:
        """Score customers whose features are known.

        Parameters
        ----------
        table : DataFrame
            `customer_id` (or the source's own id column) and a column a feature; other columns are left aside, text is
            read as numbers where numbers belong.
        watch : Watch, optional
            Counts what is unlike the training, over several tables.
        reader : Reader, optional
            For parts of a file; otherwise the table itself settles whether its numbers have a decimal comma.

        Returns
        -------
        DataFrame
            `COLUMNS`, one row a row of the table, with its index.
        """
        return self.answered(table, *self.read(table, watch, reader))

    def read(
        self, table: pd.DataFrame, watch: Watch | None = None, reader: Reader | None = None
    ) -> tuple[pd.DataFrame, pd.Series]:
        """The first half of `score_rows`: the features of a table's rows, and why a row cannot be scored."""
        inputs, error = (reader or self.reader.suited_to(table)).table(table)
        if watch:
            watch.add(inputs)
        return inputs, error

    def answered(self, table: pd.DataFrame, inputs: pd.DataFrame, error: pd.Series) -> pd.DataFrame:
        """The second half of `score_rows`: the answers for rows that were read."""
        good = error.isna().to_numpy()
        inputs = inputs.set_axis(range(len(table)))[good]
        answers = pd.DataFrame()
        if len(inputs):
            answers = explain(self._computed(inputs), inputs, self.features, self._one)
        answers = answers.reindex(index=range(len(table)), columns=list(COLUMNS)).astype(COLUMNS).set_axis(table.index)
        lists = {name: answers[name].where(answers[name].notna(), None) for name in ("segments_later", "warnings")}
        return answers.assign(customer_id=self._identifiers(table), error=answers.error.fillna(error), **lists)

    def _computed(self, inputs: pd.DataFrame) -> pd.DataFrame:
        """The answers; a row whose values the models cannot compute with has an error instead."""
        try:
            with np.errstate(all="ignore"):  # what is not finite is looked for below
                answers = pd.DataFrame(self.answers.table(inputs), inputs.index)
        except (ValueError, ArithmeticError):
            if len(inputs) == 1:
                return pd.DataFrame({"error": BEYOND}, inputs.index)
            # raises if the models are at fault, and not somebody's values
            self.answers.table(
                pd.DataFrame([self.reader.completed(typical(self.features))]).astype(inputs.dtypes.to_dict())
            )
            half = len(inputs) // 2
            return pd.concat([self._computed(inputs[:half]), self._computed(inputs[half:])])
        finite = pd.Series(np.isfinite(answers.select_dtypes("float").to_numpy()).all(axis=1), answers.index)
        errors = np.array([None if row_is_finite else BEYOND for row_is_finite in finite], dtype=object)
        answers["warnings"] = pd.Series(self.learnt.rows(inputs), inputs.index, dtype=object)
        return answers.astype(object).where(finite, None).assign(error=errors)

    def score_one(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Score one customer, fast: `COLUMNS` to plain values, None where there is none.

        Parameters
        ----------
        row : mapping
            `customer_id` and a value a feature, numbers also as text.
        """
        values, error = self.reader.one(row)
        identifier = row.get("customer_id", row.get(self.id_column))
        answer = dict.fromkeys(COLUMNS) | {"customer_id": None if identifier is None else str(identifier)}
        if error:
            return answer | {"error": error}
        computed = self._one(values)
        if computed is None:
            return answer | {"error": explained(values, self.features, self._one)}
        return answer | {**computed, "warnings": self.learnt.one(values)}

    def _one(self, values: dict[str, Any]) -> dict[str, Any] | None:
        """The answer for one customer that was read, None where its values are beyond the models."""
        try:
            with np.errstate(all="ignore"):
                computed = self.answers.one(self.reader.completed(values))
        except (ValueError, ArithmeticError):
            self.answers.one(self.reader.completed(typical(self.features)))  # raises if the models are at fault
            return None
        return computed if all(math.isfinite(value) for value in computed.values() if type(value) is float) else None

    def score_orders(
        self, lines: pd.DataFrame | str | Path, as_of: date | None = None, customers: str | Path | None = None
    ) -> pd.DataFrame:
        """Score the customers of raw order lines.

        Parameters
        ----------
        lines : DataFrame or path
            Order lines in the columns of the source that the models were trained on (`columns` of the parameters).
        as_of : date, optional
            The day to describe customers on; the day after the last order unless given.
        customers : path, optional
            A table of customer attributes, such as that of the training.

        Returns
        -------
        DataFrame
            `COLUMNS`, one row a customer, sorted; the last row is for lines without a customer.
        """
        return self.score_described(*self.described(lines, as_of, customers))

    def described(
        self, lines: pd.DataFrame | str | Path, as_of: date | None = None, customers: str | Path | None = None
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Features of the customers of raw order lines, and `customer_id` and `error` of those who have none."""
        if self.manifest["kind"] != ORDERS:
            raise ScoringError(f"{self.manifest['name']} was trained on a customer table: score rows, not orders.")
        from patrons.scoring import incoming  # loads the engine of tables, which customer rows do not need

        parameters, groups = self.manifest["parameters"], set(self.manifest["groups"])
        return incoming.described(lines, parameters, groups, self.lifetime, as_of, customers)

    @property
    def lifetime(self) -> Fitted | None:
        """The parameters of MBG/NBD behind the features of training, None where they had none of it."""
        fitted = self.manifest["lifetime"]
        return Fitted(*fitted) if fitted else None

    def score_described(self, table: pd.DataFrame, left_over: pd.DataFrame, watch: Watch | None = None) -> pd.DataFrame:
        """Score what `described` gives, sorted by customer."""
        refused = left_over.reindex(columns=list(COLUMNS)).astype(COLUMNS)
        scored = self.score_rows(table, watch) if len(table) else refused.head(0)
        return pd.concat([scored, refused]).sort_values("customer_id", ignore_index=True)

    def check(self) -> list[str]:
        """What is wrong with the answers to the golden requests of the release; empty where all are right."""
        golden = read_json(self.folder / release.GOLDEN)
        rows = records(self.score_rows(pd.DataFrame([pair["request"] for pair in golden])))
        return [
            f"golden customer {place} of {len(golden)}: {unlike} by {method}"  # no id, as it goes into logs
            for place, (pair, row) in enumerate(zip(golden, rows, strict=True), 1)
            for method, answer in (("score_rows", plain(row)), ("score_one", self.score_one(pair["request"])))
            if (unlike := difference(answer, pair["answer"]))
        ]

    @property
    def id_column(self) -> str:
        """The source's own name for `customer_id`."""
        return self.manifest["parameters"]["01_eda"].get("id") or "customer_id"

    def _identifiers(self, table: pd.DataFrame) -> pd.Series:
        column = next((table[name] for name in ("customer_id", self.id_column) if name in table), None)
        return pd.Series(None, table.index, "str") if column is None else column.astype("str")


def _later(folder: Path, models: Mapping[str, Any]) -> dict[str, Any]:
    return read_json(folder / f"{LATER}.json", {}) if LATER in models else {}


def _refuse_other_features(manifest: Mapping[str, Any], models: Mapping[str, Any]) -> None:
    stated = {feature["name"] for feature in manifest["features"]}
    for name, model in models.items():
        if unknown := sorted(set(map(str, model.feature_names_in_)) - stated):
            raise release.ReleaseError(
                f"{name}.skops takes features that release.json does not state: {', '.join(unknown[:5])}. "
                "The folder mixes files of two releases: build it again."
            )
