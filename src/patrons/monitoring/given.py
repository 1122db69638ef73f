"""Outcomes of a customer table, as a file says them: who churned of those that were scored on a day."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from patrons.errors import SourceError, nearest
from patrons.intake import dates
from patrons.intake.attributes import as_numbers, as_text
from patrons.intake.reading import Format, open_checked
from patrons.intake.roles import Roles, decided, says_churned
from patrons.monitoring.columns import KEYS
from patrons.monitoring.ledger import Ledger
from patrons.value.outcomes import WORDS, id_names

DAYS, CHURNED, SPEND = ("day", "as_of"), "churned", "spend"
MOST_LISTED = 3


class GivenError(SourceError):
    """A file that does not say what became of the customers that were scored."""


class Given(NamedTuple):
    """What a file says.

    Attributes
    ----------
    outcomes : DataFrame
        `customer_id`, `day`, `churned`, `spend` (missing where it is not said), `source`: a row a customer and day that
        the ledger holds.
    read : int
        Customers and days in the file.
    open : int
        Of these without an outcome yet: left aside.
    strangers : Sequence of str
        Customers whom the ledger does not hold.
    elsewhere : int
        Customers and days of whom the ledger holds the customer, and not on that day.
    """

    outcomes: pd.DataFrame
    read: int
    open: int
    strangers: Sequence[str]
    elsewhere: int

    @property
    def summary(self) -> list[str]:
        """Sentences on what was read and what of it counts."""
        held, churned = len(self.outcomes), int(self.outcomes.churned.sum())
        lines = [
            f"Read {self.read:,} outcomes, {held:,} of customers who were scored on that day: {churned:,} churned."
        ]
        if self.open:
            lines.append(f"Left aside, as the outcome is still open: {self.open:,}.")
        if self.strangers:
            listed = ", ".join(self.strangers[:MOST_LISTED])
            lines.append(f"Left aside, as they were never scored: {len(self.strangers):,} customers, such as {listed}.")
        if self.elsewhere:
            lines.append(f"Left aside, as the customer was not scored on that day: {self.elsewhere:,}.")
        return lines


def from_file(path: Path, intake: Mapping[str, Any], ledger: Ledger, today: date) -> Given:
    """Read who churned; nothing is written.

    Parameters
    ----------
    path : Path
        With the customer's id under our name or that of the table; `day`, on which the customer was scored; `churned`
        (1, 0, yes, no, true, false) or the table's own label; and, if known, `spend`.
    intake : dict
        The parameters of 01 of the table.
    ledger : Ledger
    today : date
        No outcome is of a later day.

    Raises
    ------
    GivenError
        Names what lacks or cannot be read, or says that nobody in the file was scored on its days.
    """
    table = open_checked(path, Format())
    if len(table.malformed):
        line = table.malformed.line.iloc[0]
        raise GivenError(f"Line {line} of {path.name} has another number of cells than its names: fix it.")
    roles, frame = Roles.of(intake), table.table.to_pandas()
    rows = pd.DataFrame(
        {
            "customer_id": _column(path, frame, id_names(intake), roles),
            "day": _days(path, table.table, frame),
            "churned": _churned(path, frame, roles),
            "spend": _spend(path, frame, roles),
        }
    )
    if (absent := rows.customer_id.isna()).any():
        raise GivenError(f"{path.name} has {absent.sum():,} rows without an id: fix or remove them.")
    return _matched(path, _once(path, rows), ledger, today)


def _column(path: Path, frame: pd.DataFrame, names: Sequence[str], roles: Roles) -> pd.Series:
    """A column as text, under the first of some names that the file has, whatever its case."""
    theirs = {str(name).strip().casefold(): name for name in frame}
    name = next((theirs[one.casefold()] for one in names if one.casefold() in theirs), None)
    if name is None:
        wanted = " or ".join(dict.fromkeys(names))
        raise GivenError(f"{path.name} has no column {wanted}; {nearest(names[-1], map(str, frame))}.")
    return as_text(frame[name], roles.missing).rename(str(name))


def _days(path: Path, table: Any, frame: pd.DataFrame) -> pd.Series:
    text = _column(path, frame, DAYS, Roles())
    column = table[text.name]
    try:
        days = dates.decide(column).read(column).name("day").as_table().to_pandas().day.dt.normalize()
    except dates.DatesError as error:
        reason = str(error).partition(" Say in")[0]
        raise GivenError(f"{path.name}: {reason} Write the days as year-month-day.") from None
    if days.isna().any():
        found = text[days.isna()].iloc[0]
        raise GivenError(f"{path.name}: {text.name} holds {found!r}, which is no day. Write it as year-month-day.")
    return days


def _churned(path: Path, frame: pd.DataFrame, roles: Roles) -> pd.Series:
    """1, 0, or missing where the file says that it is open."""
    text = decided(_column(path, frame, [CHURNED, *([roles.label] if roles.label else [])], roles), roles)
    words = {word: value for value, several in WORDS.items() for word in several}
    theirs, positive = text.name == roles.label, str(roles.positive).strip().lower()
    if theirs and positive not in words:
        churned = says_churned(text, roles)
        if churned.any() and text[~churned].nunique() <= 1:
            return churned.astype("float64").where(text.notna())
    values = text.str.lower().map(words)
    if (odd := text[values.isna() & text.notna()]).size:
        listed = ", ".join(map(repr, odd.unique()[:MOST_LISTED]))
        raise GivenError(
            f"{path.name}: {text.name} holds {listed}, of which it is not known whether they mean churned. It takes "
            "1 or 0, yes or no, true or false, in a column `churned`."
        )
    values = values.astype("float64")
    return 1 - values if theirs and positive in WORDS[0.0] else values  # of some tables "no" is who churned


def _spend(path: Path, frame: pd.DataFrame, roles: Roles) -> pd.Series:
    if SPEND not in frame:
        return pd.Series(float("nan"), frame.index)
    text = as_text(frame[SPEND], roles.missing)
    spend = as_numbers(text, roles.decimal, roles.thousands)
    if (odd := text[text.notna() & ~(spend >= 0)]).size:
        raise GivenError(f"{path.name}: spend holds {odd.iloc[0]!r}. It takes amounts that are not negative.")
    return spend


def _once(path: Path, rows: pd.DataFrame) -> pd.DataFrame:
    once = rows.drop_duplicates()
    if (twice := once[once.duplicated(KEYS)]).size:
        first = twice.iloc[0]
        raise GivenError(
            f"{path.name} says different things of customer {first.customer_id} on {first.day.date()}: keep one row."
        )
    return once


def _matched(path: Path, rows: pd.DataFrame, ledger: Ledger, today: date) -> Given:
    """The rows of customers and days that the ledger holds, and how many others there are."""
    if (late := rows[rows.day > pd.Timestamp(today)]).size:
        raise GivenError(
            f"{path.name} has outcomes of {late.day.iloc[0].date()}, which is still to come. `day` is the day on which "
            "the customer was scored."
        )
    said = ledger.scores(KEYS).drop_duplicates()
    stranger = ~rows.customer_id.isin(said.customer_id)
    held = rows.merge(said.assign(held=True), on=KEYS, how="left").held.notna().set_axis(rows.index)
    if not held.any():
        days = ", ".join(map(str, ledger.days().index[-MOST_LISTED:])) or "none yet"
        raise GivenError(
            f"Nobody in {path.name}, such as {rows.customer_id.iloc[0]} on {rows.day.iloc[0].date()}, was scored on "
            f"the day that it names. `day` is the day on which the customer was scored; days in the ledger: {days}."
        )
    known = rows[held & rows.churned.notna()]
    _refuse_one_sided(path, known, said, ledger)
    strangers = sorted(rows.customer_id[stranger].unique())
    return Given(
        known.assign(source=path.name, churned=known.churned.astype("int8")).reset_index(drop=True),
        len(rows),
        int((held & rows.churned.isna()).sum()),
        strangers,
        int((~held & ~stranger).sum()),
    )


def _refuse_one_sided(path: Path, known: pd.DataFrame, said: pd.DataFrame, ledger: Ledger) -> None:
    """Refuse outcomes after which a day knows of those alone who churned, while others were scored on it, too."""
    before = ledger.outcomes(days=known.day.unique())[[*KEYS, "churned"]]
    both = pd.concat([before, known[[*KEYS, "churned"]]]).drop_duplicates(KEYS, keep="last")
    for day, rows in both.groupby("day"):
        open_ones = int((said.day == day).sum()) - len(rows)
        if (rows.churned == 1).all() and open_ones:
            raise GivenError(
                f"All outcomes of {pd.Timestamp(str(day)).date()} are of customers who churned, and {open_ones:,} "
                f"others who were scored on that day have none. Give those who stayed a row in {path.name} too, with "
                "churned 0: judged by those alone who left, every forecast looks too low."
            )
