"""Which column may be which: by whole words of its name, then by content; and why another may not."""

import re
from collections import Counter
from dataclasses import dataclass

import pandas as pd

from patrons.intake import clock, dates, moments, numbers
from patrons.intake.vocabulary import NAMES, name_score, ruled_out

EXACT = 1  # from this score of a name on it is known as it stands
FIRST, LAST = 1990, 2100  # years in which a shop's orders lie
ENOUGH = 300  # different values that tell whether a column holds dates; the check before a run reads all
KEYS = ("customer_id", "order_id", "product_id")
MONEY = ("quantity", "unit_price", "amount")
NOBODY = ("", "0", "-1", "null", "nan", "none", "n/a", "?", "guest", "anonymous", "unknown")


@dataclass(frozen=True)
class Candidate:
    """A column that may be one of ours: `score` compares it with others, `reason` is what speaks for it."""

    column: str
    score: float
    reason: str

    @property
    def sure(self) -> str:
        """How sure that is, in a word."""
        return "sure" if self.score >= EXACT else "likely"


def rank(ours: str, sample: pd.DataFrame) -> list[Candidate]:
    """The columns that may be one of ours by name and content, the likeliest first."""
    named = [(name, score) for name in map(str, sample.columns) if (score := _name(name, sample[name], ours))]
    checked = [
        Candidate(name, score + bonus(ours, sample[name]), f"its name; {shown(ours, sample[name])}")
        for name, score in named
        if not objection(ours, name, sample[name], score >= EXACT)
    ]
    return sorted(checked, key=lambda one: -one.score)


def by_content(ours: str, sample: pd.DataFrame) -> list[Candidate]:
    """The columns that may be one of ours by content alone, the likeliest first."""
    names = [name for name in map(str, sample.columns) if not objection(ours, name, sample[name], False)]
    names = [name for name in names if not ruled_out(name, ours) and not elsewhere(name, ours)]
    some = [Candidate(name, _weight(ours, sample[name]), f"its content: {shown(ours, sample[name])}") for name in names]
    return sorted((one for one in some if one.score > 0), key=lambda one: -one.score)


def elsewhere(name: str, ours: str) -> bool:
    """Whether a name is known as another of ours."""
    return any(name_score(name, other) >= EXACT for other in NAMES if other != ours)


def _name(name: str, values: pd.Series, ours: str) -> float:
    """The score of a name; shops number their orders as #1001 whatever they call the column."""
    marked = ours == "order_id" and name.lower() in ("name", "number") and _share_of(values, r"#\d+.*") > 0.9
    return 1.9 if marked else name_score(name, ours)


def bonus(ours: str, values: pd.Series) -> float:
    """What the content adds: filled in most rows, and customers who come back and are not nobody."""
    share = 0.2 * float(values.notna().mean()) - 0.2
    if ours in MONEY:
        return share - 0.5 * (values.nunique() == 1)
    if ours != "customer_id":
        return share
    filled = values.dropna().astype(str).str.strip().str.lower()
    return share + 0.1 * (filled.nunique() < 0.9 * len(filled)) - 1.0 * (filled.isin(NOBODY).mean() > 0.05)


def objection(ours: str, name: str, values: pd.Series, known: bool) -> str:
    """Why a column cannot be one of ours; empty where it can.

    Parameters
    ----------
    ours, name : str
    values : Series
    known : bool
        Whether its name is known as it stands: then less is asked of its content.
    """
    filled = values.dropna()
    if not len(filled):
        return "it is empty"
    if ours in KEYS:
        return _no_key(ours, filled, known)
    if ours == "ordered_at":
        return _no_date(name, filled)
    return _no_number(ours, filled, known or bool(name_score(name, ours))) if ours in MONEY else ""


def _no_key(ours: str, filled: pd.Series, known: bool) -> str:
    different = filled.nunique()
    if ours == "customer_id" and different == 1 and len(filled) > 1:
        return f"it has one value, {_example(filled)}"
    if _share_of(filled, r"-?\d+[.,]\d*[1-9]\d*") > 0.5:
        return "it holds numbers with decimals"
    if not known and dated(filled, numbers=False) > 0.5:
        return "it holds dates"
    if ours == "customer_id" and not known and different < max(3, len(filled) / 500):
        return f"it has {different} values only"
    if ours == "customer_id" and not known and different == len(filled) > 1:
        return "no value occurs twice"
    return ""


def _no_date(name: str, filled: pd.Series) -> str:
    share = dated(filled)
    if share <= 0.5:
        return f"{share:.0%} of its values are dates that can be read"
    if ruled_out(name, "ordered_at"):
        return "its name says that it is another day than that of the order"
    return ""


def _no_number(ours: str, filled: pd.Series, named: bool) -> str:
    read = numbers_read(filled)
    share = float(read.notna().mean())
    if share <= 0.5:
        return f"{share:.0%} of its values are numbers"
    texts = read.dropna().astype(str)
    if not named and texts.nunique() == 1 and len(texts) > 1:
        return f"it has one value, {_example(filled)}"
    if ours == "quantity" and _share_of(texts, r".*\d[.,]0*[1-9]\d*") > 0.1:
        return "it holds numbers with decimals"
    if _share_of(texts, r"[-+]?0*([.,]0*)?") > 0.5:
        return "most of it is zero"
    return ""


def _weight(ours: str, values: pd.Series) -> float:
    """How much the content alone speaks for a column."""
    filled = values.dropna()
    if ours == "customer_id":  # many values that repeat
        different = filled[~filled.astype(str).str.lower().isin(NOBODY)].nunique()
        money = _share_of(filled, r"-?\d{1,4}([.,]\d+)?") > 0.9 and different < 100
        return 0 if different < 10 or different > 0.9 * len(filled) or money else different / len(values)
    if ours == "ordered_at":
        return dated(filled, numbers=False)
    return 0.01 * min(100, filled.nunique()) if ours == "amount" else 0


def shown(ours: str, values: pd.Series) -> str:
    """What the content of a column is, with an example."""
    filled = values.dropna()
    if ours == "ordered_at":
        return f"{dated(filled):.0%} of its values are dates, such as {_example(filled)}"
    if ours in MONEY:
        return f"{numbers_read(filled).notna().mean():.0%} of its values are numbers, such as {_example(filled)}"
    return f"{filled.nunique():,} different values in the first {len(values):,} rows, such as {_example(filled)}"


def _example(filled: pd.Series) -> str:
    return str(filled.iloc[0])[:40]


def _share_of(values: pd.Series, pattern: str) -> float:
    texts = values.dropna().astype(str).str.strip()
    return float(texts.str.fullmatch(pattern).mean()) if len(texts) else 0.0


def dated(values: pd.Series, numbers: bool = True) -> float:
    """The share of values that the series reads as dates in years that are plausible, whatever their order.

    Parameters
    ----------
    values : Series
    numbers : bool
        Whether numbers count that stand for a moment: unless the name says so they may be anything.
    """
    filled = values.dropna()
    if pd.api.types.is_datetime64_any_dtype(filled):
        return float(filled.dt.year.between(FIRST, LAST).mean())
    if pd.api.types.is_bool_dtype(filled) or not len(filled):
        return 0.0
    texts = filled.drop_duplicates().head(ENOUGH).astype(str).str.strip()
    rows = Counter(map(_day_and_shape, texts))
    readable, _unread = dates.split(rows)
    counted = (count for (day, _time), count in readable.items() if _plausible(day, numbers))
    return sum(counted) / len(texts)


def _day_and_shape(text: str) -> tuple[str, str]:
    plain = re.sub(clock.ZONE, r"\1", clock.tidy(text))
    plain = re.sub(r"^(\d{8})(\d{4}|\d{6})$", r"\1 \2", plain)
    day = re.sub(r"^(\d{8}) \d+$", r"\1", re.sub(clock.TIME, "", plain))
    return day, re.sub("[AP]M", "a", re.sub(r"\d+", "9", plain[len(day) :]))


def _plausible(day: str, numbers: bool) -> bool:
    if not numbers and dates.family(day)[0] in moments.MOMENTS:
        return False
    year = re.search(r"(?<!\d)\d{4}(?!\d)", day) or re.match(r"\d{4}(?=\d{4}$)", day)
    return not year or FIRST <= int(year[0]) <= LAST


def numbers_read(values: pd.Series) -> pd.Series:
    """The filled values that are a number, whatever its marks; others missing."""
    filled = values.dropna()
    if pd.api.types.is_numeric_dtype(filled) and not pd.api.types.is_bool_dtype(filled):
        return filled
    texts = filled.astype(str).str.replace(numbers.SIGNS, "", regex=True)
    return texts.where(texts.str.fullmatch(r"\(?[-+]?\d[\d.,]*-?\)?([eE][-+]?\d+)?"), None)
