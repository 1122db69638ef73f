"""The features of a customer table: its attributes as they are, and the data dictionary."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from patrons.features.labels import plain
from patrons.features.preparation import split_kinds
from patrons.features.terms import Term
from patrons.intake.ages import Ages
from patrons.intake.roles import OWN


def attributes(table: pd.DataFrame) -> list[str]:
    """Names of a clean customer table's attributes."""
    return [name for name in map(str, table) if name not in OWN]


def everyone(table: pd.DataFrame, undecided: pd.DataFrame) -> pd.DataFrame:
    """Ids and attributes of all customers to score: those with an outcome, then those without."""
    known = table[["customer_id", *attributes(table)]]
    return pd.concat([known, undecided[list(known)]], ignore_index=True) if len(undecided) else known


def numbers(table: pd.DataFrame) -> list[str]:
    """Names of the attributes that are numbers."""
    return split_kinds(table[attributes(table)])[0]


def ages(dataset: Mapping[str, Any]) -> Ages:
    """Which attributes are ages of dates, as `dataset.json` says."""
    return Ages.of_record(dataset.get("dates", {}))


def dictionary(table: pd.DataFrame, made: Sequence[Term] = (), dates: Ages | None = None) -> pd.DataFrame:
    """The data dictionary: one row an attribute, in the table's order, and one for each of the columns made of two.

    Returns
    -------
    DataFrame
        `feature`, `group` (number, category or interactions), `unit` (a table does not say: the source's; of `dates`
        the days before a day), `meaning`: its values, and `label`, its name with blanks.
    """
    unit = dict.fromkeys(dates.formats, dates.unit) if dates else {}
    own = table[attributes(table)].drop(columns=[term.name for term in made])
    numerical, _ = split_kinds(own)
    rows = [
        (name, "number", unit.get(name, "as in the source"), _range(own[name]))
        if name in numerical
        else (name, "category", "", _values(own[name]))
        for name in own
    ]
    rows += [(term.name, "interactions", "", term.meaning) for term in made]
    entries = pd.DataFrame(rows, columns=["feature", "group", "unit", "meaning"])
    return entries.assign(label=entries.feature.map(plain))


def _range(values: pd.Series) -> str:
    return f"{values.min():,g} to {values.max():,g}, half of them under {values.median():,g}"


def _values(values: pd.Series, most: int = 4) -> str:
    shares = values.value_counts(normalize=True)
    rest = len(shares) - most
    listed = ", ".join(f"{value} {share:.0%}" for value, share in shares.head(most).items())
    return listed + (f" and {rest} more" if rest > 0 else "")
