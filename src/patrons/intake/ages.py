"""Dates of a customer table as ages: days before the table's reference day, which is the latest day in these columns.

How dates are written is decided from all values of a column, as in an order log (`patrons.intake.dates`); only the day
counts, as it is written. Today's date plays no part, so the same table gives the same ages whenever it is read. A
release keeps reference day and formats, and reads the dates of later customers by them: who came after that day has a
negative age.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, Self

import pandas as pd

from patrons.intake import clock, months
from patrons.intake.dates import EARLIEST, ISO, LATEST, WORDS, Dates, Days, decide_days, family
from patrons.intake.dayfirst import DatesError

MOSTLY = 0.95  # of the values are dates; the others count as missing
STRAY = 0.005  # share of the rows, at each end, whose dates may lie anywhere
YEAR = 365  # days


class Ages(NamedTuple):
    """How the dates of a table are read: by column the formats (as in strptime), and the reference day (ISO)."""

    formats: Mapping[str, Sequence[str]]
    day: str

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """What `dataset.json` says under ``dates``; nothing is a date where it says nothing."""
        return cls(record.get("formats", {}), record.get("day", ""))

    def only(self, names: Collection[str]) -> Self:
        """Of some of the columns."""
        return self._replace(formats={name: how for name, how in self.formats.items() if name in names})

    def record(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"formats": {name: list(formats) for name, formats in self.formats.items()}, "day": self.day}

    @property
    def unit(self) -> str:
        """The unit of an age."""
        return f"days before {self.day}"

    def age(self, name: str, text: str) -> float:
        """Days from the date of a column to the reference day; NaN for what is no date."""
        day = read(text, self.formats[name])
        return float("nan") if day is None else float((date.fromisoformat(self.day) - day).days)

    def ages(self, name: str, text: pd.Series) -> pd.Series:
        """The same for a column of text, float64; each different text is read once."""
        known = {value: self.age(name, value) for value in text.dropna().unique()}
        return text.map(known).astype("float64")


def of(text: pd.DataFrame, kept: pd.DataFrame, names: Sequence[str]) -> Ages:
    """How the dates in the columns `names` are read, and the latest of their days.

    A date that lies so far from the others of its column that it must be a typo, such as 2099, is no such day.

    Parameters
    ----------
    text, kept : DataFrame
        All rows, and those that decide how dates are written: columns as `attributes.as_text` gives them.
    names : sequence of str
        Columns for which `kind` says that they hold dates.
    """
    formats = {name: _formats(kept[name].dropna()) for name in names}
    latest = [days[~stray(days)].max() for name in names if len(days := _read(text[name], formats[name]))]
    return Ages(formats, max(latest).date().isoformat() if latest else "")


def without_strays(text: pd.DataFrame, formats: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The table without dates that must be typos."""
    cleared = {}
    for name in formats:
        days = _read(text[name], formats[name])
        cleared[name] = text[name].mask(text.index.isin(days.index[stray(days)]))
    return text.assign(**cleared)


def stray(days: pd.Series) -> pd.Series:
    """Whether a day must be a typo: farther from those of 99% of the rows than these span, and a year more."""
    number = (days - pd.Timestamp(0)).dt.days
    first, last = number.quantile([STRAY, 1 - STRAY])
    reach = last - first + YEAR
    return ~number.between(first - reach, last + reach)


def kind(present: pd.Series) -> tuple[bool, str]:
    """Whether values are dates that can be read, and how; or why dates cannot be read, empty where they are none."""
    different = present.drop_duplicates()
    dated = different.map(_is_date)
    if not len(different) or dated.mean() < MOSTLY or present.isin(different[dated]).mean() < MOSTLY:
        return False, ""
    try:
        description = _decided(present[present.isin(different[dated])]).description
    except DatesError:
        shown = ", ".join(different[dated].head(3))
        return False, f"dates that can be read in more than one way, such as {shown}: write them year first"
    others = different[~dated]
    if all(read(text, _formats(present)) is None for text in different[dated]):
        return False, "dates: none lies from 1900 to 2100"
    return True, description + (f"; {', '.join(others.head(3))} count as missing" if len(others) else "")


def read(text: str, formats: Sequence[str]) -> date | None:
    """The day of a date as written in one of `formats` or year first; None for what is no date from 1900 to 2100."""
    day = _day(text)
    for form in dict.fromkeys((ISO, *formats)):
        found = _by(form, day)
        if found is not None:
            return found if EARLIEST <= found.year <= LATEST else None
    return None


def _by(form: str, day: str) -> date | None:
    iso = day.replace("/", "-") if form == ISO else months.iso(day) if form.startswith(WORDS) else None
    try:
        return datetime.strptime(day if iso is None else iso, form if iso is None else "%Y-%m-%d").date()
    except ValueError:
        return None


def _day(text: str) -> str:
    """A date without its time of day."""
    return re.sub(clock.TIME, "", clock.tidy(text))


def _is_date(text: str) -> bool:
    """Whether a text has the form of a day; numbers that could be one are numbers."""
    return family(_day(text))[0] in ("iso", "%Y.%m.%d", "numeric", WORDS)


def _decided(present: pd.Series) -> Dates:
    return decide_days(Days({(str(day), ""): int(rows) for day, rows in present.map(_day).value_counts().items()}))


def _formats(present: pd.Series) -> tuple[str, ...]:
    return tuple(_decided(present[present.map(_is_date)]).formats)


def _read(text: pd.Series, formats: Sequence[str]) -> pd.Series:
    """The days of a column, without those of rows that have none."""
    known = {value: read(value, formats) for value in text.dropna().unique()}
    return pd.to_datetime(text.map(known).dropna().astype(object)).dropna()
