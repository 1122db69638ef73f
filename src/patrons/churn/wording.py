"""Reasons in plain words: what features add to a customer's probability, as phrases made from the data dictionary."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from patrons.features.season import CALENDAR

CONTINUING = ("since ", "to expect", "in the ", "cancelled", "with ", "spent ")  # meanings that continue after the unit
AGE, AFTER = "days before ", "days after "  # the unit of a date's age begins with it
PUSHES = {1.0: "raises the risk: ", -1.0: "lowers the risk: "}  # by the sign of what is added
ATTRIBUTES = ("number", "category", "attributes")  # groups of features that are a customer table's own columns


class Entry(NamedTuple):
    """What the data dictionary says of a feature."""

    group: str
    unit: str
    meaning: str


def entries(dictionary: pd.DataFrame) -> dict[str, Entry]:
    """The data dictionary by feature."""
    columns = (dictionary[name] for name in ("feature", *Entry._fields))
    return {feature: Entry(*entry) for feature, *entry in zip(*columns, strict=True)}


class Wording:
    """Makes reasons of what features add.

    Parameters
    ----------
    names : sequence of str
        The features.
    dictionary : DataFrame
        As in `reasons.reasons`.
    """

    def __init__(self, names: Sequence[str], dictionary: pd.DataFrame):
        known = entries(dictionary)
        self.formatters = [formatter(name, known) for name in names]
        groups = [known[name].group if name in known else name for name in names]
        # each attribute is a group of its own
        distinct = [name if group in ATTRIBUTES else group for name, group in zip(names, groups, strict=True)]
        self.group = pd.factorize(np.array(distinct, object))[0]
        self.personal = np.array([group != CALENDAR for group in groups])  # a season is no reason of one customer

    def texts(self, added: np.ndarray, values: Sequence[Sequence[Any] | np.ndarray]) -> list[list[str]]:
        """Three reasons of each row, each with the way in which it pushes.

        Parameters
        ----------
        added : array of shape (n_customers, n_features)
        values : sequence of n_features sequences
            The values of each feature, a customer each.
        """
        added = added * self.personal
        side = np.where(added.sum(axis=1) >= 0, 1.0, -1.0)
        columns, weights = (part.tolist() for part in _weightiest(added * side[:, None], self.group))
        pushes = [PUSHES[one] for one in side.tolist()]
        texts = [
            [
                pushes[row] + self.formatters[c](values[c][row]) if weight > 0 else ""
                for c, weight in zip(*why, strict=True)
            ]
            for row, why in enumerate(zip(columns, weights, strict=True))
        ]
        return [(reasons + [""] * 3)[:3] for reasons in texts]


def _weightiest(weights: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row up to three columns, the weightiest of each of the weightiest groups, and what each weighs."""
    totals = np.zeros((len(weights), group.max(initial=-1) + 1))
    for column, number in enumerate(group):
        totals[:, number] += weights[:, column]
    best = np.argsort(-totals, axis=1, kind="stable")[:, :3]
    columns = np.empty_like(best)
    for place, groups in enumerate(best.T):
        columns[:, place] = np.where(group == groups[:, None], weights, -np.inf).argmax(axis=1)
    alone = np.take_along_axis(weights, columns, axis=1)
    return columns, np.minimum(alone, np.take_along_axis(totals, best, axis=1))


def phrase(feature: str, value: Any, known: Mapping[str, Entry]) -> str:
    """A feature of a customer as a reader would say it, in the dictionary's words: "no order for 143 days"."""
    return formatter(feature, known)(value)


def formatter(feature: str, known: Mapping[str, Entry]) -> Callable[[Any], str]:
    """What makes such a phrase of a value of this feature."""
    name = feature.replace("_", " ")
    if feature not in known or known[feature].group in ATTRIBUTES:
        counted = feature in known and known[feature].unit.startswith(AGE)
        return lambda value: f"{name}: {_age(value, known[feature].unit) if counted else _number(value)}"
    unit, meaning = known[feature].unit, known[feature].meaning.split(";")[0].split(" (MBG/NBD)")[0]
    bare = unit in ("ratio", "log ratio", "nats")
    text: Callable[[Any], str]
    if feature == "recency_days":
        text = lambda value: f"no order for {_counted(value, 'days')}"  # noqa: E731
    elif meaning.startswith(f"{unit} "):
        text = lambda value: _counted(value, meaning)  # noqa: E731
    elif meaning.startswith("of "):
        text = lambda value: f"{value:.0%} {meaning}"  # noqa: E731
    elif unit.startswith("share") or unit == "probability":
        text = lambda value: f"{meaning}: {value:.0%}"  # noqa: E731
    elif meaning.startswith(CONTINUING):
        text = lambda value: f"{_counted(value, unit)} {meaning}"  # noqa: E731
    else:
        text = lambda value: f"{meaning}: {_number(value) if bare else _counted(value, unit)}"  # noqa: E731
    return lambda value: f"{meaning}: none known" if pd.isna(value) else text(value)


def _age(value: Any, unit: str) -> str:
    """Days before a day, or after it where they are negative: "30 days after 2024-06-30"."""
    return "not known" if pd.isna(value) else _counted(abs(value), unit if value >= 0 else unit.replace(AGE, AFTER))


def _number(value: Any) -> str:
    if pd.isna(value):
        return "not known"
    if not isinstance(value, int | float | np.number):
        return str(value)
    number = float(value)
    return f"{number:,.0f}" if abs(number) >= 20 or number == int(number) else f"{number:.2g}"


def _counted(value: Any, unit: str) -> str:
    """A number with its unit, in the singular after a 1: "3 orders", "1 order"."""
    number, (first, _, rest) = _number(value), unit.partition(" ")
    return f"{number} {first.removesuffix('s') if number == '1' else first} {rest}".strip()
