"""Values unlike those that the models learnt from, in one customer and over all customers of a file.

A release holds of each number the quantiles .01 and .99 and the median (`low`, `high`, `example`), of each category the
values. What lies beyond them is scored all the same, and told: amounts in cents, a plan that is new, another currency.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite, sqrt
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from patrons.errors import nearest
from patrons.scoring.rows import CATEGORY, MOST_LISTED, Feature

FAR, VERY_FAR = 1, 9  # widths of the learnt range that a number may lie beyond it, among many customers and alone
SMALL = 10  # how many times smaller than the lowest a positive number may be
WIDE = 100  # ratio of highest to lowest from which a small number says nothing
TAIL = 0.02  # share of customers who lie outside the range without any change: quantiles .01 and .99
ENOUGH = 20  # customers from which the shares and the median of a file say something
UNITS = (100, 1000)  # by which units differ: cents, thousands
NEAR = 3  # factor within which a median is told to be a unit times as large
SAMPLE, MOST_SAMPLED = 500, 10_000  # values of a part and of a whole file whose median stands for all
MOST_EXAMPLES, MOST_VALUES = 3, 1000
MOST_KNOWN = 8  # categories that a sentence lists


class Warned(NamedTuple):
    """What is unlike the training in one feature of a file."""

    feature: str
    customers: int
    text: str


class Range(NamedTuple):
    """Within which a number is familiar: beyond it, or positive and below `least`, it is not."""

    low: float
    high: float
    least: float

    @classmethod
    def of(cls, feature: Feature, widths: int) -> "Range":
        """That of a feature, with so many widths of its learnt range on either side."""
        low, high = float(feature.low or 0.0), float(feature.high or 0.0)
        width = (high - low) or max(abs(high), 1.0)
        narrow = low > 0 and high < low * WIDE
        return cls(low - widths * width, high + widths * width, low / SMALL if narrow else 0.0)

    def misses(self, values: np.ndarray) -> np.ndarray:
        """Which values are not familiar; missing ones are."""
        return (values < self.low) | (values > self.high) | ((values > 0) & (values < self.least))

    def misses_one(self, value: float) -> bool:
        """Whether one value is not familiar."""
        return value < self.low or value > self.high or 0 < value < self.least


class Learnt:
    """What the features were like in training.

    Parameters
    ----------
    features : sequence of Feature
    """

    def __init__(self, features: Sequence[Feature]):
        self.numbers = {f.name: f for f in features if f.kind != CATEGORY and f.low is not None}
        self.categories = {f.name: f for f in features if f.kind == CATEGORY and f.values}
        self.together = {name: Range.of(feature, FAR) for name, feature in self.numbers.items()}
        self.alone = {name: Range.of(feature, VERY_FAR) for name, feature in self.numbers.items()}
        self.known = {name: frozenset(feature.values) for name, feature in self.categories.items()}
        self._bounds = [(name, max(bound.least, bound.low), bound.high) for name, bound in self.alone.items()]

    def one(self, row: Mapping[str, Any]) -> list[str] | None:
        """What is unlike the training in one customer that was read; None where nothing is."""
        odd = [name for name, least, high in self._bounds if not least <= row[name] <= high]
        texts = [_far(self.numbers[name], row[name]) for name in odd if self.alone[name].misses_one(row[name])]
        for name, known in self.known.items():
            value = row[name]
            if value not in known and value == value:  # not missing
                texts.append(_unknown(self.categories[name], value))
        return _some(texts)

    def rows(self, table: pd.DataFrame) -> list[list[str] | None]:
        """The same for every row of a table."""
        texts: list[list[str]] = [[] for _ in range(len(table))]
        for name, bound in self.alone.items():
            values = table[name].to_numpy(float)
            for row in np.flatnonzero(bound.misses(values)):
                texts[row].append(_far(self.numbers[name], values[row]))
        for name, known in self.known.items():
            values = table[name].to_numpy(object)
            for row in np.flatnonzero(table[name].notna() & ~table[name].isin(known)):
                texts[row].append(_unknown(self.categories[name], values[row]))
        return [_some(listed) for listed in texts]


class Watch:
    """Counts over the customers of one file what is unlike the training; tables come one after the other.

    Parameters
    ----------
    learnt : Learnt
    """

    def __init__(self, learnt: Learnt):
        self.learnt = learnt
        self.filled: Counter[str] = Counter()  # customers with a value, by feature
        self.odd: Counter[str] = Counter()  # customers with a number far outside, or with an unknown category
        self.very_far: Counter[str] = Counter()
        self.unknown: dict[str, Counter[Any]] = {name: Counter() for name in learnt.known}
        self._samples: dict[str, np.ndarray] = {name: np.array([]) for name in learnt.numbers}
        self._examples: dict[str, list[float]] = {name: [] for name in learnt.numbers}

    def add(self, table: pd.DataFrame) -> None:
        """Count customers that were read."""
        for name, bound in self.learnt.together.items():
            values = table[name].to_numpy(float)
            values = values[np.isfinite(values)]
            far = values[bound.misses(values)]
            self.filled[name] += len(values)
            self.odd[name] += len(far)
            self.very_far[name] += int(self.learnt.alone[name].misses(far).sum())
            sample = np.concatenate([self._samples[name], values[:: max(1, len(values) // SAMPLE)]])
            self._samples[name] = sample[::2] if len(sample) > MOST_SAMPLED else sample
            self._examples[name] = list(dict.fromkeys([*self._examples[name], *far[:MOST_EXAMPLES]]))[:MOST_EXAMPLES]
        for name, known in self.learnt.known.items():
            present = table[name].dropna()
            self.filled[name] += len(present)
            unknown = present[~present.isin(known)].astype(str)
            self.odd[name] += len(unknown)
            room = MOST_VALUES - len(self.unknown[name])
            self.unknown[name].update(unknown.value_counts().head(room).to_dict())

    def warnings(self) -> list[Warned]:
        """A warning for each feature that is unlike the training, the most customers first."""
        numbers = [self._of_number(feature) for feature in self.learnt.numbers.values()]
        categories = [self._of_category(feature) for feature in self.learnt.categories.values()]
        return sorted(filter(None, [*categories, *numbers]), key=lambda warned: -warned.customers)

    def _of_number(self, feature: Feature) -> Warned | None:
        name, count = feature.name, self.filled[feature.name]
        if not count:
            return None
        few = count < ENOUGH  # of so few, only what is very far says something
        far = self.very_far[name] if few else self.odd[name]
        median = float(np.median(self._samples[name]))
        unit = "" if few else _unit(median, feature)
        if far > (0 if few else TAIL * count + 3 * sqrt(TAIL * count)):  # more than chance leaves outside
            examples = ", ".join(map(_shown, self._examples[name]))
            text = f"{far:,} of {count:,} customers lie far outside {_range(feature)}, such as {examples}{unit}"
            return Warned(name, far, f"{name}: {text}")
        if unit:
            text = (
                f"the median of {count:,} customers is {_shown(median)}, in training it was {_shown(feature.example)}"
            )
            return Warned(name, count, f"{name}: {text}{unit}")
        return None

    def _of_category(self, feature: Feature) -> Warned | None:
        unknown, count, customers = self.unknown[feature.name], self.filled[feature.name], self.odd[feature.name]
        if not customers:
            return None
        listed = ", ".join(f"{value!r} ({times:,})" for value, times in unknown.most_common(MOST_EXAMPLES))
        more = f" and {len(unknown) - MOST_EXAMPLES:,} more" if len(unknown) > MOST_EXAMPLES else ""
        text = f"{customers:,} of {count:,} customers have a value that is not known from training: {listed}{more}"
        return Warned(feature.name, customers, f"{feature.name}: {text}{_meant(feature, unknown.most_common(1)[0][0])}")


def _some(texts: list[str]) -> list[str] | None:
    """The first texts of a customer, None where there are none."""
    more = len(texts) - MOST_LISTED
    return [*texts[:MOST_LISTED], *([f"and {more} more"] if more > 0 else [])] or None


def _unit(median: float, feature: Feature) -> str:
    """The unit that a median speaks of, empty where it is the one of training."""
    usual = float(feature.example or 0)
    ratio = median / usual if usual else 0.0
    for factor, way in ((ratio, "larger"), (1 / ratio if ratio else 0.0, "smaller")):
        close = [unit for unit in UNITS if isfinite(factor) and unit / NEAR <= factor <= unit * NEAR]
        if close:
            nearest_unit = min(close, key=lambda unit: abs(np.log(factor / unit)))
            return f". The median is about {nearest_unit:,} times {way}: is it in another unit?"
    return ""


def _far(feature: Feature, value: float) -> str:
    return f"{feature.name}: {_shown(value)} lies far outside {_range(feature)}"


def _unknown(feature: Feature, value: Any) -> str:
    return f"{feature.name}: {str(value)[:40]!r} is not known from training{_meant(feature, value)}"


def _meant(feature: Feature, value: Any) -> str:
    if len(feature.values) > MOST_KNOWN:
        return ""
    return f"; {nearest(str(value), feature.values)}"


def _range(feature: Feature) -> str:
    return f"{_shown(feature.low)} to {_shown(feature.high)}, the range in training"


def _shown(value: Any) -> str:
    """A number in four digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
