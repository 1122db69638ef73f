"""Who are the groups of a customer table? Names from the attributes that set them most apart, never from a number.

An order log has words for its groups (`patrons.segments.names`); a table has only its attributes. A group's name says
in words where it stands: "Short tenure, high monthly charges".
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from patrons.evaluation.medians import median_interval, median_text
from patrons.evaluation.shares import rates_by
from patrons.intake.attributes import snake
from patrons.segments.clustering import NOISE
from patrons.segments.names import Earlier, SegmentsError

MIDDLING = 0.25  # standard deviations between a group and the others below which it is like them
PARTS = 2  # attributes in a name, unless more are needed to tell two groups apart
# by where the churn interval of a segment lies against all churn: what to do first, what to do with one of them who is
# contacted, and what would contradict the first
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
ALONE = "In no group"  # customers whom a grouping by density leaves over
WORDS = (  # names of attributes, and what little, middling and much of it is called
    (
        re.compile(r"(?:^|_)(?:tenure|duration|months|days|years|weeks|period|length)(?:_|$)"),
        "short",
        "middling",
        "long",
    ),
    (re.compile(r"(?:^|_)age(?:_|$)"), "low", "middling", "high"),
    (re.compile(r"(?:^|_)(?:num|number|count|no|nr)(?:_|$)"), "few", "some", "many"),
)


def differences(attributes: pd.DataFrame, labels: np.ndarray) -> pd.DataFrame:
    """How far each group stands from all other customers.

    Parameters
    ----------
    attributes : DataFrame
        Numbers, one row a customer; missing ones do not count.
    labels : array of int
        Group of each row.

    Returns
    -------
    DataFrame
        One row a group, one column an attribute: mean rank in the group minus mean rank of the others, in standard
        deviations of the ranks. Ranks do not change with unit or currency.
    """
    ranks = attributes.rank()
    spread = ranks.std(ddof=0).replace(0, np.nan)
    labels = np.asarray(labels)
    rows = {
        int(label): (ranks[labels == label].mean() - ranks[labels != label].mean()) / spread
        for label in np.unique(labels)
    }
    return pd.DataFrame(rows).T.fillna(0.0).round(6)


def name_groups(
    attributes: pd.DataFrame, labels: np.ndarray, earlier: Mapping[int, Earlier] | None = None
) -> dict[int, str]:
    """A unique name for each group, of the attributes that set it most apart.

    An attribute that goes along with one named before says less: its difference counts the less, the more the two
    correlate. Groups with the same words get more of them, and at last the degree. A group that is a segment of an
    `earlier` run (see `segments.earlier_segments`) keeps its name while every word of it is still true.
    """
    apart = differences(attributes, labels).drop(index=NOISE, errors="ignore")
    alike = attributes.corr("spearman").abs().fillna(0.0).round(6)
    parts = {label: _parts(row, alike) for label, row in apart.iterrows()}
    for length in range(min(PARTS, apart.shape[1]), apart.shape[1] + 1):
        said = {label: some[:length] for label, some in parts.items()}
        if len({frozenset(some) for some in said.values()}) == len(said):
            break
    every = [frozenset(some) for some in said.values()]  # the same words in another order are the same name
    names = {
        label: ", ".join(sorted(some) if every.count(frozenset(some)) > 1 else some) for label, some in said.items()
    }
    named = {label: _capital(name) for label, name in _by_degree(names, apart).items()}
    kept = named | {
        label: segment.name
        for label, segment in (earlier or {}).items()
        if label in parts
        and set(segment.name.split(", ")) <= {word for one in parts[label] for word in (one, _capital(one))}
    }
    named = kept if len(set(kept.values())) == len(kept) else named
    return named | ({NOISE: ALONE} if (np.asarray(labels) == NOISE).any() else {})


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _parts(row: pd.Series, alike: pd.DataFrame) -> list[str]:
    """What is to be said of a group, the most telling first; where it is like the others only if nothing else is."""
    chosen: list[str] = []
    while len(chosen) < len(row):
        rest = [name for name in row.index if name not in chosen]
        new = 1 - alike.loc[rest, chosen].max(axis="columns") if chosen else 1.0
        chosen.append((row[rest].abs() * new).idxmax())
    telling = [name for name in chosen if abs(row[name]) >= MIDDLING]
    return [_said(name, row[name]) for name in telling or chosen[:1]]


def _said(attribute: str, difference: float) -> str:
    name = snake(attribute)
    words = next((words for pattern, *words in WORDS if pattern.search(name)), ("low", "middling", "high"))
    word = words[1 if abs(difference) < MIDDLING else 0 if difference < 0 else 2]
    counted = re.sub(r"^(?:num|number|count|no|nr)(?:_of)?_", "", name) if words[0] == "few" else name
    return f"{word} {counted.replace('_', ' ')}"


def _by_degree(names: dict[int, str], apart: pd.DataFrame) -> dict[int, str]:
    """Names that are still the same get their place, from the group that is furthest from all others."""
    for name in {name for name in names.values() if list(names.values()).count(name) > 1}:
        same = [label for label in names if names[label] == name]
        order = apart.loc[same].abs().sort_values(list(apart), ascending=False)
        if order.duplicated().any():
            raise SegmentsError(
                f"{len(same)} groups are alike in {', '.join(apart)}. Lower k_max, or name more inputs."
            )
        degrees = ("more so", "less so") if len(same) == 2 else [f"{n} of {len(same)}" for n in range(1, len(same) + 1)]
        names = names | {label: f"{name} ({degree})" for label, degree in zip(order.index, degrees, strict=True)}
    return names


def cards(attributes: pd.DataFrame, segment: pd.Series, churned: pd.Series, money: pd.Series | None) -> pd.DataFrame:
    """What each segment is: one row a segment, the one that loses most first.

    Parameters
    ----------
    attributes : DataFrame
        Numbers that the groups were sought in, one row a customer.
    segment, churned : Series
        Segment name and outcome (1: churned) of each row.
    money : Series or None
        What each customer has brought, where the table says so.

    Returns
    -------
    DataFrame
        Index `segment`; `customers`, `share` (of customers), `churn_rate` with its 95% interval `low` and `high`, mean
        and median of each attribute, the suggested `action`, `contact`: what to do with one who is contacted,
        `against`: what would contradict the action; where there is money, `revenue` (its unit) and `revenue_share`.
    """
    grouped = attributes.groupby(segment.to_numpy())
    rates = rates_by(churned, segment.to_numpy())
    table = pd.DataFrame({"customers": rates["rows"], "share": rates["rows"] / len(segment)})
    table = table.assign(churn_rate=rates.rate, low=rates.low, high=rates.high)
    table = table.join(grouped.mean().add_suffix("_mean")).join(grouped.median().add_suffix("_median"))
    overall = churned.mean()
    where = np.select([table.low > overall, table.high < overall], ["above", "below"], "about")
    advice = pd.DataFrame([ADVICE[one] for one in where], table.index, ["action", "contact", "against"])
    table = table.join(advice)
    if money is not None:
        brought = money.groupby(segment.to_numpy()).sum()
        table = table.assign(revenue=brought, revenue_share=brought / brought.sum())
    return table.rename_axis("segment").sort_values("churn_rate", ascending=False, kind="stable")


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
    told = {name: _marks(categories, segment.to_numpy() == name, most) for name in segment.unique()}
    return pd.DataFrame({"marked_by": told}).rename_axis("segment")


def _marks(categories: pd.DataFrame, inside: np.ndarray, most: int) -> str:
    found = []
    for name in categories:
        here = categories.loc[inside, name].value_counts(normalize=True)
        there = categories.loc[~inside, name].value_counts(normalize=True).reindex(here.index, fill_value=0.0)
        found += [(round(here[v] - there[v], 6), name, str(v), here[v], there[v]) for v in here.index]
    found = sorted((one for one in found if one[0] >= 0.1), key=lambda one: (-one[0], one[1:3]))
    seen: set[str] = set()
    kept = [one for one in found if one[2] in ("Yes", "No", "0", "1") or not (one[2] in seen or seen.add(one[2]))]
    return "; ".join(
        f"{name} {value}: {here:.0%}, elsewhere {there:.0%}" for _, name, value, here, there in kept[:most]
    )


def means(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The means of `cards` under the attributes' own names, to be shown."""
    return table[[f"{name}_mean" for name in names]].set_axis(list(names), axis="columns").reset_index()


def medians(attributes: pd.DataFrame, segment: pd.Series, order: Sequence[str]) -> pd.DataFrame:
    """Medians of each segment with their 95% intervals in words, such as "12 (10 to 14)"."""
    said = {
        name: attributes[segment.to_numpy() == name].apply(lambda column: _interval(column.dropna())) for name in order
    }
    return pd.DataFrame(said).T.rename_axis("segment").reset_index()


def _interval(values: pd.Series) -> str:
    if values.empty:
        return "–"
    return median_text(median_interval(values.to_numpy()), _shown)


def _shown(number: float) -> str:
    return f"{number:,.4g}" if abs(number) < 1000 else f"{number:,.0f}"
