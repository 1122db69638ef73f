"""Customer rows as models take them: each value is read by its feature's kind; a row that cannot be used says why."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from numbers import Number
from typing import Any, NamedTuple, Self, cast

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from patrons.errors import closest
from patrons.features.terms import Term, combined
from patrons.intake.ages import Ages
from patrons.intake.attributes import as_numbers, as_text
from patrons.intake.numbers import MARKS, mark_of
from patrons.intake.roles import Roles

NUMBER, CATEGORY = "number", "category"
ORDERS = "orders"  # the kind of a release that learnt from an order log
MOST_LISTED = 5  # problems in the error of one row
MOST_NAMES = 50  # names of no feature among which the one that was meant is looked for
LARGEST = 1e15  # beyond any feature; squares and powers of it are still numbers
LONGEST = 40  # characters shown of a wrong value
PLAIN = {  # text that is a number without a look at how the others are written
    "point": re.compile(r"[+-]?\d+(?:\.\d+)?"),
    "comma": re.compile(r"[+-]?\d+"),
}
WHOLE = re.compile(r"(-?\d+)\.0")  # how a spreadsheet writes a number that is a category
BLANKS = ("", "nan", "null", "n/a", "?")  # text for a missing value, unless a feature has it among its categories

Numbers = Callable[[pd.Series], pd.Series]


class Feature(NamedTuple):
    """What a model knows of a customer.

    Attributes
    ----------
    name : str
    kind : {"number", "category"}
    required : bool
        Whether every customer in training had a value: then it may not be missing.
    unit, meaning : str
        As the data dictionary has them.
    example : float or str or None
        The median, or the most frequent category.
    values : list of str
        The categories that models know, the most frequent first; empty for numbers.
    low, high : float or None
        Quantiles .01 and .99 of a number.
    """

    name: str
    kind: str
    required: bool
    unit: str = ""
    meaning: str = ""
    example: float | str | None = None
    values: Sequence[str] = ()
    low: float | None = None
    high: float | None = None


class Reader:
    """Reads customers into the features of a release.

    Parameters
    ----------
    features : sequence of Feature
    numbers : callable
        Turns text into numbers, missing where it is none (`attributes.as_numbers`).
    missing : sequence of str
        What stands for a missing value, in any case.
    decimal : {"point", "comma"}
        The mark before the decimals that `numbers` reads.
    made : sequence of Term
        What models take beside the features, made of two of them.
    dates : Ages, optional
        Features that are ages: a date is read as the days before the release's reference day, a number as these days.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        numbers: Numbers = as_numbers,
        missing: Sequence[str] = BLANKS,
        decimal: str = "point",
        made: Sequence[Term] = (),
        dates: Ages | None = None,
    ):
        self.made, self.dates = list(made), dates or Ages({}, "")
        self.features, self.numbers, self.missing, self.decimal = list(features), numbers, list(missing), decimal
        words = {"", *(word.strip().lower() for word in missing)}
        known = {one.name: {str(value).strip().lower() for value in one.values} for one in self.features}
        self._absent = {name: words - values for name, values in known.items()}
        self._names = {feature.name for feature in self.features}
        self._plain = PLAIN[decimal]

    def with_decimal(self, decimal: str | None) -> Self:
        """A reader of the same features in files that are written with another decimal mark."""
        if decimal in (None, self.decimal):
            return self
        mark, thousands = MARKS[str(decimal)]
        numbers = partial(as_numbers, decimal=mark, thousands=thousands)
        return type(self)(self.features, numbers, self.missing, str(decimal), self.made, self.dates)

    @property
    def numeric(self) -> list[str]:
        """Features that come as numbers only."""
        return [one.name for one in self.features if one.kind == NUMBER and one.name not in self.dates.formats]

    def suited_to(self, table: pd.DataFrame) -> Self:
        """The reader for a table whose texts settle how its numbers are written."""
        texts: set[str] = set()
        for name in self.numeric:
            if name in table and not is_numeric_dtype(table[name]):
                texts.update(value for value in table[name] if isinstance(value, str))
        return self.with_decimal(mark_of(texts))

    def table(self, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
        """Feature columns as models take them, and why a row cannot be scored.

        Parameters
        ----------
        table : DataFrame
            One row a customer; columns that are no feature are left aside.

        Returns
        -------
        DataFrame
            One float or object column a feature, in the order of `features`.
        Series of str
            For each row what is wrong with it, missing where nothing is.
        """
        columns: dict[str, pd.Series] = {}
        problems: list[list[str]] = [[] for _ in range(len(table))]
        for feature in self.features:
            values = table[feature.name] if feature.name in table else pd.Series(np.nan, table.index)
            columns[feature.name], wrong = self._column(values, feature)
            meant = self._meant(feature, table.columns) if wrong else None
            for row, value in wrong.items():
                problems[row].append(self._problem(feature, value, meant))
        errors = pd.Series([_error(listed) for listed in problems], table.index, dtype="str")
        return combined(pd.DataFrame(columns, index=table.index), self.made), errors

    def _column(self, values: pd.Series, feature: Feature) -> tuple[pd.Series, dict[int, Any]]:
        """A column, and by row number the values that cannot be used."""
        if feature.kind == CATEGORY:
            text = as_text(values, self._absent[feature.name])
            return text.astype(object).where(text.notna(), np.nan), {}
        if is_numeric_dtype(values) and not is_bool_dtype(values):
            column, blank = values.astype("float64"), values.isna().to_numpy()
        else:
            text = as_text(values, self.missing)
            column, blank = self._numbers(values, text), (text.isna() | values.isna()).to_numpy()
            if feature.name in self.dates.formats:
                column = column.fillna(self.dates.ages(feature.name, text[column.isna()]))
        usable = (column.abs() < LARGEST).to_numpy()
        bad = ~usable & (~blank | feature.required)
        wrong = {int(row): None if blank[row] else values.iloc[row] for row in np.flatnonzero(bad)}
        return column.where(usable), wrong

    def _numbers(self, values: pd.Series, text: pd.Series) -> pd.Series:
        """Cells as numbers: those that are some already, and texts that are read as such."""
        if values.dtype != object:
            return self.numbers(text)
        numbers = values.map(lambda value: isinstance(value, Number) and not isinstance(value, bool)).astype(bool)
        return values.where(numbers).astype("float64").where(numbers, self.numbers(text.mask(numbers)))

    def one(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
        """The same for one customer, without pandas: a value a feature, and what is wrong with the row."""
        values, problems = self._one(row)
        if problems:
            texts = (row.get(name) for name in self.numeric)
            other = self.with_decimal(mark_of(text for text in texts if isinstance(text, str)))
            if other is not self:
                values, problems = other._one(row)
        return self.completed(values), _error(problems)

    def completed(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values of the features, and what is made of them; where nothing is, the very values."""
        return {**values, **{term.name: float(term.of(values)) for term in self.made}} if self.made else values

    def _one(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        values: dict[str, Any] = {}
        problems: list[str] = []
        for feature in self.features:
            raw = row.get(feature.name)
            if type(raw) is float and -LARGEST < raw < LARGEST and feature.kind == NUMBER:  # nothing to read
                values[feature.name] = raw
                continue
            if feature.kind == CATEGORY:
                values[feature.name] = self._category(raw, feature)
                continue
            value = self._number(raw, feature)
            usable = value is not None and -LARGEST < value < LARGEST
            values[feature.name] = value if usable else np.nan
            if not usable and (value is not None or feature.required):
                meant = self._meant(feature, row) if len(problems) < MOST_LISTED else None
                problems.append(self._problem(feature, None if value is None else raw, meant))
        return values, problems

    def _meant(self, feature: Feature, names: Iterable[str]) -> str | None:
        """The name that came in place of a feature's, None where the feature came or no other name is like it."""
        if feature.name in names:
            return None
        others = (str(name) for name in names if name not in self._names)
        return closest(feature.name, islice(others, MOST_NAMES))

    def _problem(self, feature: Feature, value: Any, meant: str | None) -> str:
        """What is wrong with a value that a feature cannot have; `meant` is a name like the feature's."""
        if value is None:
            return f"{feature.name} is missing" + (f"; did you mean {meant!r}?" if meant else "")
        dated = f"a date such as {self.dates.day} nor " if feature.name in self.dates.formats else ""
        verdict = f"is neither {dated}a number" if dated else "is not a number"
        return f"{feature.name}: {str(value)[:LONGEST]!r} {verdict} within ±1e15"

    def _number(self, raw: Any, feature: Feature) -> float | None:
        """A number, NaN for what is none, None for what is missing."""
        kind = type(raw)
        if kind is float or kind is int:
            return None if raw != raw else float(raw)
        if raw is None or raw is pd.NA or (isinstance(raw, np.floating) and np.isnan(raw)):
            return None
        if isinstance(raw, (np.integer, np.floating)):
            return float(raw)
        text = str(raw).strip()
        if self._plain.fullmatch(text):
            return float(text)
        if self._missing(text, feature):
            return None
        number = float(self.numbers(pd.Series([text], dtype="str")).iloc[0])
        dated = number != number and feature.name in self.dates.formats
        return self.dates.age(feature.name, text) if dated else number

    def _category(self, raw: Any, feature: Feature) -> Any:
        if raw is None or raw is pd.NA or raw != raw:
            return np.nan
        text = str(raw).strip()
        return np.nan if self._missing(text, feature) else WHOLE.sub(r"\1", text) if WHOLE.fullmatch(text) else text

    def _missing(self, text: str, feature: Feature) -> bool:
        lower = text.lower()
        return (lower.removeprefix("#") if lower.startswith("#n") else lower) in self._absent[feature.name]


def reader_of(manifest: Mapping[str, Any]) -> Reader:
    """Reads the features of a release, text as it was read when its models were trained.

    What models take of a customer table that is made of two features (`made`) is no feature that a customer comes
    with: it is made here.
    """
    features = [Feature(**entry) for entry in manifest["features"]]
    if manifest["kind"] == ORDERS:
        return Reader(features)
    roles, made = Roles.of(manifest["parameters"]["01_eda"]), [Term(*parts) for parts in manifest.get("made", [])]
    brought = [feature for feature in features if feature.name not in {term.name for term in made}]
    decimal = "comma" if roles.decimal == "," else "point"
    dates = Ages.of_record(manifest.get("data", {}).get("dates", {}))
    return Reader(brought, roles.numbers, [*BLANKS, *roles.missing], decimal, made, dates)


def _error(problems: Sequence[str]) -> str | None:
    """The error of a row, None where nothing is wrong with it."""
    if not problems:
        return None
    more = len(problems) - MOST_LISTED
    return "; ".join(problems[:MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as mappings from column names to values."""
    return cast("list[dict[str, Any]]", table.to_dict("records"))


def describe(table: pd.DataFrame, names: Sequence[str], dictionary: pd.DataFrame) -> list[Feature]:
    """The features of a training table, with what the data dictionary says about them."""
    entries = {entry["feature"]: entry for entry in records(dictionary)}
    return [_describe(table[name], entries.get(name, {})) for name in names]


def _describe(column: pd.Series, entry: Mapping[str, Any]) -> Feature:
    present, texts = column.dropna(), (str(entry.get("unit", "")), str(entry.get("meaning", "")))
    if not is_numeric_dtype(column):
        values = [str(value) for value in present.value_counts().index]
        return Feature(str(column.name), CATEGORY, False, *texts, next(iter(values), None), values)
    if present.empty:
        return Feature(str(column.name), NUMBER, False, *texts)
    low, middle, high = (float(value) for value in present.quantile([0.01, 0.5, 0.99]))
    return Feature(str(column.name), NUMBER, bool(column.notna().all()), *texts, middle, (), low, high)
