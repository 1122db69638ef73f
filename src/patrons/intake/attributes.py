"""What the columns of a customer table are: numbers, categories, dates, or nothing that a model may learn from.

A table is read as text; what a column holds is inferred from all of its values, and listed in one table with a row
per column, which the report shows. A user may overrule it column by column.
"""

import re
from collections.abc import Callable, Collection, Mapping

import numpy as np
import pandas as pd

from patrons.evaluation.metrics import roc_auc
from patrons.intake import ages

Reader = Callable[[pd.Series], pd.Series]
MISSING = ("", "?", "na", "n/a", "nan", "null")  # in any case, blanks around them do not count
NUMERICAL, CATEGORICAL, DATED = "numerical", "categorical", "date"
FEW = 50  # different texts that are categories whatever the number of rows
ROWS_PER_VALUE = 5  # that each of more than `FEW` texts must have on average to be categories
ENOUGH = 20  # rows from which values that never repeat are an identifier
MOSTLY = 0.95  # of values are numbers: the user decides about the rest
LEAK = 0.92  # ROC AUC of one column alone, which hardly any honest one has
FOLDS, BINS = 5, 20
NAMED_ID = re.compile(r"(?:^|_)(?:id|uuid|guid|key|no|nr|number|index|code)$")
CODES = frozenset(  # words of names of numbers that count nothing
    ("zip", "zipcode", "postcode", "postal", "plz", "postleitzahl", "cep", "codigo", "pincode", "code", "codes")
)
PLACES = frozenset(("latitude", "longitude", "lat", "lon", "lng", "breitengrad", "laengengrad"))
NEARLY = 0.9  # share of different values from which numbers named like an id tell rows apart in spite of repeats
CHANCE = 1e-6  # that a column is filled for one outcome only
COORDINATE = "coordinate: where a customer is, no quantity"


def as_text(column: pd.Series, missing: Collection[str] = MISSING) -> pd.Series:
    """Values as text without blanks around them; what stands for missing is missing, and 17850.0 is 17850."""
    text = column.astype("str").str.strip()
    plain = text.str.lower().str.replace(r"^#(?=n)", "", regex=True)  # a spreadsheet's #N/A
    text = text.where(~plain.isin({value.strip().lower() for value in missing}))
    return text.str.replace(r"^(-?\d+)\.0$", r"\1", regex=True)


def as_numbers(text: pd.Series, decimal: str = ".", thousands: str = "") -> pd.Series:
    """Text as float64; what is no number becomes missing, as does one with a thousands sign in the wrong place."""
    codes, different = pd.factorize(text)  # each text is read once
    texts = pd.Series(different, dtype="str")
    if decimal != "." or thousands:
        sign, point = re.escape(thousands), re.escape(decimal)
        whole = rf"(?:\d{{1,3}}(?:{sign}\d{{3}})+|\d+)" if thousands else r"\d+"
        texts = texts.where(texts.str.fullmatch(rf"[+-]?{whole}(?:{point}\d+)?"))
        texts = texts.str.replace(thousands, "", regex=False) if thousands else texts
        texts = texts.str.replace(decimal, ".", regex=False)
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64").replace([np.inf, -np.inf], np.nan)
    return pd.Series(np.append(numbers, np.nan)[codes], text.index, name=text.name)


def unreadable(text: pd.Series, read: Reader = as_numbers) -> list[str]:
    """The different values that are not numbers; missing ones do not count."""
    return sorted(text[text.notna() & read(text).isna()].unique())


def describe(text: pd.DataFrame, overruled: Mapping[str, str], read: Reader = as_numbers) -> pd.DataFrame:
    """What each column is and why.

    Parameters
    ----------
    text : DataFrame
        Columns as `as_text` gives them.
    overruled : dict
        Columns whose kind the user has set: ``{"Tenure": "categorical"}``.
    read : callable
        Makes numbers of text, as `as_numbers` does.

    Returns
    -------
    DataFrame
        `column`; `kind`: numerical, categorical, date, or empty where it is set aside; `reason`: why it is set aside,
        what the user must settle, or how dates are read; `values`: number of different ones; `missing`: share of rows.
    """
    rows = []
    for name in map(str, text):
        kind, reason = (overruled[name], "") if name in overruled else _kind(name, text[name], read)
        rows.append((name, kind, reason, text[name].nunique(), text[name].isna().mean()))
    return pd.DataFrame(rows, columns=["column", "kind", "reason", "values", "missing"])


def _kind(name: str, text: pd.Series, read: Reader) -> tuple[str, str]:
    present = text.dropna()
    different = present.nunique()
    if different == 0:
        return "", "empty: no value in any row"
    if different == 1 and len(present) == len(text):
        return "", f"constant: {present.iloc[0]} in every row"
    numbers = read(present)
    readable = numbers.notna().mean()
    if different > 2 and readable == 1 and (code := _code(name)):
        return ("", code) if code == COORDINATE else _kind_of_text(present, different)
    if different > 2 and readable == 1:
        return ("", "identifier: a number of its own in every row") if _counts(name, numbers) else (NUMERICAL, "")
    if different > 2 and readable >= MOSTLY:
        return "", f"unclear: numbers but for {', '.join(unreadable(present, read)[:3])}"
    return _kind_of_text(present, different)


def _code(name: str) -> str:
    """Why numbers of this name are no quantities; empty where they may be."""
    words = set(snake(name).split("_"))
    return COORDINATE if words & PLACES else "code" if words & CODES else ""


def _kind_of_text(present: pd.Series, different: int) -> tuple[str, str]:
    rows = len(present)
    dated, how = ages.kind(present)
    if dated or how:
        return DATED if dated else "", how
    if different == rows >= ENOUGH:
        return "", "identifier: a text of its own in every row"
    if different > max(FEW, rows / ROWS_PER_VALUE) or (rows >= ENOUGH and different > rows / 2):
        return "", f"free text: {different:,} different values, {rows / different:.1f} rows each on average"
    return CATEGORICAL, ""


def _counts(name: str, numbers: pd.Series) -> bool:
    """Whether numbers only tell rows apart: whole, unique, and consecutive, of one length or named like an id."""
    if len(numbers) < ENOUGH or (numbers % 1 != 0).any():
        return False
    if numbers.duplicated().any():
        return bool(NAMED_ID.search(snake(name)) and numbers.nunique() > NEARLY * len(numbers))
    first, last = int(numbers.min()), int(numbers.max())
    consecutive = last - first == len(numbers) - 1
    one_length = first >= 1000 and len(str(first)) == len(str(last))
    return bool(consecutive or one_length or NAMED_ID.search(snake(name)))


def snake(name: str) -> str:
    """``RowNumber`` and ``row number`` as ``row_number``; ``customerID`` as ``customer_id``."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name)).lower()).strip("_")


def alone(attributes: pd.DataFrame, churned: pd.Series, seed: int = 0) -> pd.Series:
    """ROC AUC of each column alone, the highest first: how well it would tell who churned without any other.

    A row's score is the share of churners among the *other* folds' rows with its value (numbers: with its twentieth),
    so that a column with a value of its own in every row cannot pass for a good one. Missing is a value. Below ten
    customers of either outcome nothing can be said, and every AUC is missing.
    """
    if churned.value_counts().reindex([0, 1], fill_value=0).min() < 2 * FOLDS:
        return pd.Series(np.nan, list(attributes), dtype=float)
    fold = _folds(churned, seed)
    scores = {name: _alone(_levels(attributes[name]), churned, fold) for name in attributes}
    return pd.Series(scores, dtype=float).sort_values(ascending=False, kind="stable")


def filled_for_one_outcome(text: pd.DataFrame, churned: pd.Series) -> dict[str, int]:
    """Columns that are filled for churners only (1), or for those who stayed only (0), beyond chance.

    Parameters
    ----------
    text : DataFrame
        Columns as `as_text` gives them.
    churned : Series
        1 or 0, for the same rows.
    """
    rate = {1: churned.mean(), 0: 1 - churned.mean()}
    filled = {name: churned[text[name].notna()] for name in map(str, text) if text[name].isna().any()}
    same = {name: int(outcome.iloc[0]) for name, outcome in filled.items() if outcome.nunique() == 1}
    return {name: one for name, one in same.items() if rate[one] ** len(filled[name]) < CHANCE}


def _folds(churned: pd.Series, seed: int) -> np.ndarray:
    """The fold of each row; churners are spread evenly over the folds."""
    shuffled = churned.reset_index(drop=True).sample(frac=1, random_state=seed)
    return shuffled.groupby(shuffled).cumcount().sort_index().to_numpy() % FOLDS


def _levels(values: pd.Series) -> np.ndarray:
    """A code for each value; numbers that many rows share stand for themselves, the rest is cut into parts."""
    if not pd.api.types.is_numeric_dtype(values) or values.nunique() <= BINS:
        return pd.factorize(values)[0]  # missing: -1, a level like the others
    shares = values.value_counts(normalize=True)
    common = values.isin(shares.index[shares >= 1 / BINS])
    parts = pd.qcut(values.mask(common), BINS, labels=False, duplicates="drop")
    return np.where(common, pd.factorize(values)[0] + BINS, parts.fillna(-1))


def _alone(levels: np.ndarray, churned: pd.Series, fold: np.ndarray) -> float:
    truth, base = churned.to_numpy(), churned.mean()
    scores = []
    for held_out in range(FOLDS):
        rest = fold != held_out
        counts = pd.Series(truth[rest]).groupby(levels[rest]).agg(["sum", "size"])
        rate = (counts["sum"] + base) / (counts["size"] + 1)  # shrunk to the mean where a level is rare
        probabilities = pd.Series(levels[~rest]).map(rate).fillna(base)
        scores.append(roc_auc(truth[~rest], probabilities.to_numpy()))
    return float(np.mean(scores))
