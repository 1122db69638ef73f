"""Segments of a customer table: names from the attributes that set them most apart, and a card for each.

The field has names for groups of an order log (`segments.names`); a table has only its attributes. A group's name says
where it stands: "Short tenure, high monthly charges". The cluster's number plays no part.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from patrons.evaluation.medians import median_interval, median_text
from patrons.evaluation.shares import rates_by
from patrons.features.preparation import split_kinds
from patrons.intake.attributes import snake
from patrons.lexicon import capital
from patrons.segments.clustering import NOISE
from patrons.segments.names import Earlier, SegmentsError
from patrons.segments.traits import differences, most_telling, similarity

MIDDLING = 0.25  # standard deviations between a group and the others below which it is like them
LEAST = 0.1  # share by which a value must be more frequent in a segment than elsewhere to mark it
PLAIN = ("Yes", "No", "0", "1")  # values that mean something else in each column
PARTS = 2  # attributes in a name, unless more are needed to tell two groups apart
# by where a segment's churn interval lies against the churn of all: the action, what to do with a customer who is
# contacted, and what would contradict the action
ADVICE = {
    "above": (
        "ask those who left why, and offer the rest what keeps others",
        "ask what they miss, offer what keeps others",
        "those who got the offer leave as often",
    ),
    "about": (
        "treat as everyone else until more is known",
        "ask what would make them stay",
        "a longer record sets its churn apart from the rest",
    ),
    "below": (
        "leave them in peace; find out what keeps them, for the others",
        "thank them, ask what keeps them, no discount",
        "they leave as often once nobody looks",
    ),
}
ALONE = "In no group"  # customers whom a grouping by density leaves out
DEGREES = (  # names of attributes, and what little, middling and much of it is called
    (
        re.compile(r"(?:^|_)(?:tenure|duration|months|days|years|weeks|period|length)(?:_|$)"),
        "short",
        "middling",
        "long",
    ),
    (re.compile(r"(?:^|_)age(?:_|$)"), "low", "middling", "high"),
    (re.compile(r"(?:^|_)(?:num|number|count|no|nr)(?:_|$)"), "few", "some", "many"),
)


class Mark(NamedTuple):
    """A value of a category, and its shares in a segment and elsewhere."""

    column: str
    value: str
    here: float
    elsewhere: float

    @property
    def more(self) -> float:
        return round(self.here - self.elsewhere, 6)


def name_groups(
    attributes: pd.DataFrame, labels: np.ndarray, earlier: Mapping[int, Earlier] | None = None
) -> dict[int, str]:
    """A unique name for each group, of the attributes that set it most apart.

    An attribute that goes along with one named before says less: the more the two correlate, the less its difference
    counts. Groups with the same words get more of them, and at last the degree. A group that is a segment of an
    `earlier` run (see `names.earlier_segments`) keeps its name while every word of it is still true.
    """
    apart = differences(attributes, labels).drop(index=NOISE, errors="ignore")
    alike = similarity(attributes)
    phrases = {int(label): _phrases(apart.loc[label], alike) for label in apart.index}
    names = _by_degree(_shortest(phrases, apart.shape[1]), apart)
    names = _kept({label: capital(name) for label, name in names.items()}, phrases, earlier or {})
    return names | ({NOISE: ALONE} if (np.asarray(labels) == NOISE).any() else {})


def _phrases(row: pd.Series, alike: pd.DataFrame) -> list[str]:
    """What can be said of a group, the most telling first; where it is like the others only if nothing else can."""
    attributes = most_telling(row, alike, [], len(row))
    telling = [name for name in attributes if abs(row[name]) >= MIDDLING]
    return [_phrase(name, row[name]) for name in telling or attributes[:1]]


def _phrase(attribute: str, difference: float) -> str:
    name = snake(attribute)
    degrees = next((degrees for pattern, *degrees in DEGREES if pattern.search(name)), ["low", "middling", "high"])
    degree = degrees[1 if abs(difference) < MIDDLING else 0 if difference < 0 else 2]
    noun = re.sub(r"^(?:num|number|count|no|nr)(?:_of)?_", "", name) if degrees[0] == "few" else name
    return f"{degree} {noun.replace('_', ' ')}"


def _shortest(phrases: Mapping[int, list[str]], attributes: int) -> dict[int, str]:
    """Names of as few phrases as tell the groups apart; the same phrases in another order are the same name."""
    for length in range(min(PARTS, attributes), attributes + 1):
        parts = {label: some[:length] for label, some in phrases.items()}
        if len({frozenset(some) for some in parts.values()}) == len(parts):
            break
    every = [frozenset(some) for some in parts.values()]
    ordered = {n: sorted(some) if every.count(frozenset(some)) > 1 else some for n, some in parts.items()}
    return {label: ", ".join(some) for label, some in ordered.items()}


def _kept(names: dict[int, str], phrases: Mapping[int, list[str]], earlier: Mapping[int, Earlier]) -> dict[int, str]:
    """Names of earlier segments where every phrase of them is still true and they stay unique."""
    true = {label: {*some, *map(capital, some)} for label, some in phrases.items()}
    kept = names | {
        label: segment.name
        for label, segment in earlier.items()
        if label in true and set(segment.name.split(", ")) <= true[label]
    }
    return kept if len(set(kept.values())) == len(kept) else names


def _by_degree(names: dict[int, str], apart: pd.DataFrame) -> dict[int, str]:
    """Names that are still the same are told apart by degree, from the group that is furthest from all others."""
    for name in {name for name in names.values() if list(names.values()).count(name) > 1}:
        same = [label for label in names if names[label] == name]
        order = apart.loc[same].abs().sort_values(list(apart.columns), ascending=False)
        if order.duplicated().any():
            attributes = ", ".join(apart.columns)
            raise SegmentsError(f"{len(same)} groups are alike in {attributes}. Lower k_max, or name more inputs.")
        degrees = ("more so", "less so") if len(same) == 2 else [f"{n} of {len(same)}" for n in range(1, len(same) + 1)]
        names = names | {label: f"{name} ({degree})" for label, degree in zip(order.index, degrees, strict=True)}
    return names


def cards(attributes: pd.DataFrame, segment: pd.Series, churned: pd.Series, money: pd.Series | None) -> pd.DataFrame:
    """What each segment is: one row a segment, the one that loses most first.

    Parameters
    ----------
    attributes : DataFrame
        Numbers that the groups were made from, one row a customer.
    segment, churned : Series
        Segment name and outcome (1: churned) of each row.
    money : Series or None
        What each customer has brought, where the table has it.

    Returns
    -------
    DataFrame
        Index `segment`; `customers`, `share` (of customers), `churn_rate` with its interval `low` and `high` (95% for
        all segments at once, as the highest will be picked), mean and median of each
        attribute, the suggested `action`, `contact`: what to do with one who is contacted, `against`: what would
        contradict the action; where there is money, `revenue` (its unit) and `revenue_share`.
    """
    grouped, rates = attributes.groupby(segment.to_numpy()), rates_by(churned, segment.to_numpy(), at_once=True)
    table = pd.DataFrame({"customers": rates["rows"], "share": rates["rows"] / len(segment)})
    table = table.assign(churn_rate=rates.rate, low=rates.low, high=rates.high)
    table = table.join(grouped.mean().add_suffix("_mean")).join(grouped.median().add_suffix("_median"))
    table = table.join(_advice(table, churned.mean()))
    if money is not None:
        revenue = money.groupby(segment.to_numpy()).sum()
        table = table.assign(revenue=revenue, revenue_share=revenue / revenue.sum())
    return table.rename_axis("segment").sort_values("churn_rate", ascending=False, kind="stable")


def _advice(table: pd.DataFrame, overall: float) -> pd.DataFrame:
    sides = np.select([table.low > overall, table.high < overall], ["above", "below"], "about")
    return pd.DataFrame([ADVICE[side] for side in sides], table.index, ["action", "contact", "against"])


def categories(customers: pd.DataFrame) -> pd.DataFrame:
    """The categorical attributes of a feature table, missing ones as a value of their own."""
    return customers[split_kinds(customers.drop(columns="customer_id"))[1]].fillna("missing")


def typical(categories: pd.DataFrame, segment: pd.Series, most: int = 3) -> pd.DataFrame:
    """What else marks a segment: values of categories that are frequent in it and rarer elsewhere.

    Parameters
    ----------
    categories : DataFrame
        One row a customer; a value that several columns share, such as "No internet service", counts once.
    segment : Series of str
    most : int

    Returns
    -------
    DataFrame
        Index `segment`, column `marked_by`: up to `most` values with their share inside and elsewhere.
    """
    marks = {name: _marks(categories, segment.to_numpy() == name, most) for name in segment.unique()}
    return pd.DataFrame({"marked_by": marks}).rename_axis("segment")


def _marks(categories: pd.DataFrame, inside: np.ndarray, most: int) -> str:
    every = [mark for name in categories.columns for mark in _of_column(categories[name], inside)]
    marks = sorted(
        (mark for mark in every if mark.more >= LEAST), key=lambda mark: (-mark.more, mark.column, mark.value)
    )
    first = {mark.value: mark for mark in reversed(marks)}
    distinct = [mark for mark in marks if mark.value in PLAIN or first[mark.value] is mark]
    return "; ".join(
        f"{mark.column} {mark.value}: {mark.here:.0%}, elsewhere {mark.elsewhere:.0%}" for mark in distinct[:most]
    )


def _of_column(values: pd.Series, inside: np.ndarray) -> list[Mark]:
    here = values[inside].value_counts(normalize=True)
    elsewhere = values[~inside].value_counts(normalize=True).reindex(here.index, fill_value=0.0)
    shares = zip(here.index, here, elsewhere, strict=True)
    return [Mark(str(values.name), str(value), share, other) for value, share, other in shares]


def means(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The means of `cards` under the attributes' own names, to be shown."""
    return table[[f"{name}_mean" for name in names]].set_axis(list(names), axis="columns").reset_index()


def medians(attributes: pd.DataFrame, segment: pd.Series, order: Sequence[str]) -> pd.DataFrame:
    """Medians of each segment with their 95% intervals as text, such as "12 (10 to 14)"."""
    texts = {
        name: attributes[segment.to_numpy() == name].apply(lambda column: _median(column.dropna())) for name in order
    }
    return pd.DataFrame(texts).T.rename_axis("segment").reset_index()


def _median(values: pd.Series) -> str:
    return "–" if values.empty else median_text(median_interval(values.to_numpy()), _number)


def _number(number: float) -> str:
    return f"{number:,.4g}" if abs(number) < 1000 else f"{number:,.0f}"
