"""Ratios, differences and products of two numbers of a customer table that belong together."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from patrons.errors import FeaturesError, nearest

SIGNS = {"/": "per", "-": "minus", "*": "times"}
MEANINGS = {
    "/": "{left} over {right}; missing where that is 0",
    "-": "{left} minus {right}",
    "*": "{left} times {right}",
}


class Term(NamedTuple):
    """Two numbers of a customer, and what is made of them: `sign` is one of "/", "-" and "*"."""

    left: str
    sign: str
    right: str

    @property
    def name(self) -> str:
        """The name of its column, such as ``TotalCharges_per_tenure``."""
        return f"{self.left}_{SIGNS[self.sign]}_{self.right}"

    @property
    def meaning(self) -> str:
        """What the data dictionary says of it."""
        return MEANINGS[self.sign].format(left=self.left, right=self.right)

    def of(self, values: Mapping[str, Any] | pd.DataFrame) -> Any:
        """Its value, or its column: missing where an operand is, or a divisor is 0."""
        left, right = values[self.left], values[self.right]
        if self.sign == "/":
            return left / np.where(right == 0, np.nan, right)
        return left - right if self.sign == "-" else left * right


def terms(interactions: Sequence[str], numbers: Sequence[str], columns: Sequence[str] = ()) -> list[Term]:
    """What `interactions` of params files ask for.

    Raises
    ------
    FeaturesError
        Where one is no ratio, difference or product of two of the table's `numbers`, or has the name of one of its
        `columns` or of another.
    """
    made = list(dict.fromkeys(_term(" ".join(text.split()), numbers) for text in interactions))
    for term in made:
        if term.name in columns or sum(other.name == term.name for other in made) > 1:
            raise FeaturesError(f"Two columns would have the name {term.name!r}: leave out one, or rename a column.")
    return made


def made_of(table: pd.DataFrame, made: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Those of the interactions `made` in a table that are made of one of `columns`."""
    numbers = [name for name in map(str, table) if name not in made]
    pairs = [(left, sign, right) for left in columns for sign in SIGNS for right in numbers]
    names = {Term(*pair).name for left, sign, right in pairs for pair in ((left, sign, right), (right, sign, left))}
    return [name for name in made if name in names]


def _term(text: str, numbers: Sequence[str]) -> Term:
    known = {" ".join(name.split()): name for name in numbers}
    for place, sign in enumerate(text):
        left, right = text[:place].strip(), text[place + 1 :].strip()
        if sign in SIGNS and left in known and right in known:
            return Term(known[left], sign, known[right])
    parts = next((text.split(sign, 1) for sign in (" / ", " - ", " * ") if sign in text), None)
    if parts is None:
        raise FeaturesError(f"The interaction {text!r} is neither 'a / b', 'a - b' nor 'a * b' of two numbers.")
    unknown = next(part.strip() for part in parts if part.strip() not in numbers)
    raise FeaturesError(
        f"The interaction {text!r} takes {unknown!r}, which is no number of the table; {nearest(unknown, numbers)}"
    )


def combined(table: pd.DataFrame, asked: Sequence[Term]) -> pd.DataFrame:
    """The table with a column for each term."""
    return table.assign(**{term.name: term.of(table).astype(float) for term in asked}) if asked else table
