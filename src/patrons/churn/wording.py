"""Reasons in plain words: what features add to a customer's probability, as phrases made from the data dictionary."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from patrons.features.season import CALENDAR

CONTINUING = ("since ", "to expect", "in the ", "cancelled", "with ", "spent ")  # meanings that continue after the unit
AGE, AFTER = "days before ", "days after "  # the unit of a date's age begins with it
PUSHES = {1.0: "raises the risk: ", -1.0: "lowers the risk: "}  # by the sign of what is added
MOST = 3  # reasons of a customer
LEAST = 0.005  # what is less is nothing to a reader
GAP = "gap between their orders"
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
        self.names, self.group = list(names), pd.factorize(np.array(distinct, object))[0]
        self.personal = np.array([group != CALENDAR for group in groups])  # a season is no reason of one customer
        self._by_group = np.argsort(self.group, kind="stable")
        self._first = np.unique(self.group[self._by_group], return_index=True)[1]

    def texts(self, added: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        """Three reasons of each row, each with the way in which it pushes.

        Parameters
        ----------
        added : array of shape (n_customers, n_features)
        rows : DataFrame
            A column with the values of each feature.

        Returns
        -------
        array of str of shape (n_customers, 3)
            Empty where there are fewer.
        """
        return self._texts(rows, *self.weightiest(added))

    def raising(self, added: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        """What raises each row's probability most, whatever side the row is on: shape (n_customers,), empty if nothing.

        Parameters
        ----------
        added, rows
            As in `texts`.
        """
        columns, weights, side = self.weightiest(added, np.ones(len(added)))
        return self._texts(rows, columns[:, :1], weights[:, :1], side)[:, 0]

    def _texts(self, rows: pd.DataFrame, columns: np.ndarray, weights: np.ndarray, side: np.ndarray) -> np.ndarray:
        """The reasons of columns that weigh something, shape (n_customers, MOST)."""
        texts = np.full((len(rows), MOST), "", dtype=object)
        row, place = np.nonzero(weights > 0)
        column = columns[row, place]
        for chosen in np.unique(column):
            here = column == chosen
            values = rows[self.names[chosen]].to_numpy()[row[here]]
            texts[row[here], place[here]] = self._phrases(chosen, values, side[row[here]])
        return texts

    def _phrases(self, column: int, values: np.ndarray, side: np.ndarray) -> np.ndarray:
        """The reasons of one feature: each value is put into words once."""
        codes, distinct = pd.factorize(values, use_na_sentinel=False)
        phrases = [self.formatters[column](value) for value in distinct]
        by_side = np.array([[push + phrase for phrase in phrases] for push in PUSHES.values()], dtype=object)
        return by_side[(side < 0).astype(int), codes]

    def of_one(self, added: np.ndarray, row: Mapping[str, Any]) -> list[str]:
        """The same for one customer: `added` of shape (n_features,), a value a feature."""
        columns, weights, (side,) = self.weightiest(added[None])
        pairs = zip(columns[0].tolist(), weights[0].tolist(), strict=True)
        texts = [PUSHES[side] + self.formatters[c](row[self.names[c]]) if weight > 0 else "" for c, weight in pairs]
        return (texts + [""] * MOST)[:MOST]

    def weightiest(
        self, added: np.ndarray, side: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The columns of each row's reasons, up to three, what each weighs, and on which side the row is (1 or -1).

        They are the weightiest of each of the weightiest groups. None weighs more than its group. With a `side`, they
        are reasons of that side.
        """
        added = added * self.personal
        side = np.where(added.sum(axis=1) >= 0, 1.0, -1.0) if side is None else side
        weights = added * side[:, None]
        if not len(self.names):
            return np.zeros((len(added), 0), int), weights, side
        totals = np.add.reduceat(weights[:, self._by_group], self._first, axis=1)
        best = np.argsort(-totals, axis=1, kind="stable")[:, :MOST]
        columns = np.empty_like(best)
        for place, groups in enumerate(best.T):
            columns[:, place] = np.where(self.group == groups[:, None], weights, -np.inf).argmax(axis=1)
        alone = np.take_along_axis(weights, columns, axis=1)
        return columns, np.minimum(alone, np.take_along_axis(totals, best, axis=1)), side


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
    if feature in SAID:
        text = lambda value: SAID[feature](value, meaning, unit)  # noqa: E731
    elif meaning.startswith(f"{unit} "):
        text = lambda value: _counted(value, meaning)  # noqa: E731
    elif meaning.startswith("of "):
        text = lambda value: f"{value + 0.0:.0%} {meaning}"  # noqa: E731
    elif unit.startswith("share") or unit == "probability":
        text = lambda value: f"{meaning}: {value + 0.0:.0%}"  # noqa: E731
    elif meaning.startswith(CONTINUING):
        text = lambda value: f"{_counted(value, unit)} {meaning}"  # noqa: E731
    else:
        text = lambda value: f"{meaning}: {_number(value) if bare else _counted(value, unit)}"  # noqa: E731
    unknown = ONE_ORDER if feature.startswith("silence_") else f"{meaning}: none known"
    return lambda value: unknown if _absent(value) else text(value)


def _absent(value: Any) -> bool:
    """Whether a value is missing; pandas' own way takes some microseconds for each."""
    return value is None or value is pd.NA or value != value


def _age(value: Any, unit: str) -> str:
    """Days before a day, or after it where they are negative: "30 days after 2024-06-30"."""
    return "not known" if _absent(value) else _counted(abs(value), unit if value >= 0 else unit.replace(AGE, AFTER))


def _number(value: Any) -> str:
    if _absent(value):
        return "not known"
    if not isinstance(value, int | float | np.number):
        return str(value)
    number = float(value) + 0.0  # no -0
    if abs(number) < LEAST:
        return "0"
    return f"{number:,.0f}" if abs(number) >= 20 or number == int(number) else f"{number:.2g}"


def _counted(value: Any, unit: str) -> str:
    """A number with its unit, in the singular after a 1: "3 orders", "1 order"."""
    number, (first, _, rest) = _number(value), unit.partition(" ")
    return f"{number} {first.removesuffix('s') if number == '1' else first} {rest}".strip()


def _beyond(days: float, _meaning: str, unit: str) -> str:
    side = f"past the usual {GAP}" if days >= 0 else f"before the usual {GAP} has passed"
    return f"{_counted(abs(days), unit)} {side}"


def _of_orders(share: float, meaning: str) -> str:
    """Which share of their orders is of some kind, such as "orders in the peak season"."""
    if round(share, 2) < 1:
        return f"{share + 0.0:.0%} of their {meaning}"
    return f"have ordered only {meaning.removeprefix('orders ')} so far"


# of features whose meaning makes no sentence: value, meaning and unit to text
SAID: dict[str, Callable[[Any, str, str], str]] = {
    "recency_days": lambda value, _meaning, unit: f"no order for {_counted(value, unit)}",
    "silence_to_gap": lambda value, *_: f"silent for {_number(value)} times the usual {GAP}",
    "silence_to_longest": lambda value, *_: f"silent for {_number(value)} times the longest {GAP}",
    "silence_excess": _beyond,
    "order_value_std": lambda value, _meaning, unit: f"order values that vary by {_counted(value, unit)}",
    "peak_share": lambda value, meaning, _unit: _of_orders(value, meaning),
}
ONE_ORDER = "no second order yet"
