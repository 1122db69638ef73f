"""Who are these groups, in business terms? Names from measured values, never from a cluster's number."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.pipeline import Pipeline


class Profile(NamedTuple):
    """A segment that the field has a word for, as positions among all customers from 0 (worst) to 1 (best)."""

    name: str
    recency: float  # 1: bought most recently
    frequency: float  # 1: most orders
    monetary: float  # 1: spent most
    action: str
    contact: str  # what to do with a customer of it who is contacted, whatever the action for the segment
    against: str  # what would contradict the action


# The rules: a group gets the name whose profile is closest to where its median customer stands.
PROFILES = (
    Profile("Champions", 0.85, 0.90, 0.90, "thank them, show them new things first, never discount",
            "thank them, show them new things first, no discount",
            "they spend no more after it than those who were left alone"),
    Profile("Loyal", 0.70, 0.72, 0.70, "reward the habit, offer what goes with what they buy",
            "thank them, offer what goes with what they buy",
            "those who are rewarded spend no more than those who are not"),
    Profile("Promising", 0.72, 0.45, 0.45, "prompt a second order soon",
            "offer something that prompts the next order soon",
            "as many of them order again without it"),
    Profile("New", 0.65, 0.15, 0.18, "welcome them, make the second order easy",
            "welcome them, make the second order easy",
            "second orders come no sooner with a welcome than without"),
    Profile("Big baskets", 0.50, 0.40, 0.80, "ask what the order was for, invite a repeat at its season",
            "ask what the order was for, invite a repeat at its season",
            "the large order was a single event, such as a wedding or an opening"),
    Profile("Small and often", 0.60, 0.70, 0.42, "suggest larger baskets, a threshold for free delivery",
            "suggest a larger basket, free delivery from a threshold",
            "baskets grow but orders become as much rarer"),
    Profile("Needs attention", 0.48, 0.50, 0.50, "remind them with what they bought before",
            "remind them with what they bought before",
            "their silence is no longer than their usual gap between orders"),
    Profile("Lapsed regulars", 0.25, 0.65, 0.65, "call or write personally, find out what went wrong",
            "call or write personally, ask what went wrong",
            "they return at their season without being asked, as in earlier years"),
    Profile("Cannot lose", 0.15, 0.88, 0.90, "win back at once: few of them are worth much",
            "call at once, ask what would bring them back",
            "those who were called return no more often than those who were not"),
    Profile("About to sleep", 0.40, 0.25, 0.25, "one cheap reminder, then let them rest",
            "one cheap reminder, no second one",
            "a reminder brings back less than it costs"),
    Profile("Hibernating", 0.20, 0.25, 0.25, "contact only at their season",
            "one cheap message at their season",
            "they order out of season as often as in it"),
    Profile("Lost", 0.08, 0.15, 0.12, "spend nothing on them",
            "one cheap message, no discount, no second one",
            "more of them return by themselves than of other quiet segments"),
)  # fmt: skip
RETURNING = ("Champions", "Loyal", "Small and often")  # no names for a group whose median customer never came back
ADVICE = pd.DataFrame(PROFILES).set_index("name")[["action", "contact", "against"]]
STICKY = 0.03  # squared distance by which another profile must be closer before a segment of an earlier run is renamed
SAME = 1 / 3  # Jaccard overlap from which a group is a segment of an earlier run: about half of each are in both


POSITION = "_position"  # ending of a card's columns that say where the segment stands
Card = dict[str, Any]


class SegmentsError(ValueError):
    """A grouping that cannot be named."""


class Earlier(NamedTuple):
    """A segment of an earlier run: its number and name."""

    number: int
    name: str


def positions(rfm: pd.DataFrame, labels: np.ndarray) -> pd.DataFrame:
    """Where each group's median customer stands among all customers.

    Parameters
    ----------
    rfm : DataFrame
        `recency_days`, `frequency` and `monetary`, one row a customer.
    labels : array of int
        Group of each row.

    Returns
    -------
    DataFrame
        One row a group; `recency`, `frequency`, `monetary` from 0 (worst) to 1 (best): the mean rank of a customer with
        the group's median. Ranks do not change with the currency.
    """
    worst_first = {"recency": -rfm.recency_days, "frequency": rfm.frequency, "monetary": rfm.monetary}
    return centres(pd.DataFrame(worst_first), labels)


def centres(values: pd.DataFrame, labels: np.ndarray) -> pd.DataFrame:
    """Median rank of each group's members in each column, from 0 (least) to 1 (most); a missing value is in the middle.

    Columns `values`, one row a customer; index of the result: the groups.
    """
    return values.rank(pct=True).fillna(0.5).groupby(np.asarray(labels)).median()


def name_groups(rfm: pd.DataFrame, labels: np.ndarray, earlier: Mapping[int, Earlier] | None = None) -> dict[int, str]:
    """A unique name for each group: the profiles that are closest to the groups in all, each used once.

    Least total squared distance (Kuhn, The Hungarian method, 1955), so renumbering the groups renames none. A group
    that is a segment of an `earlier` run (see `earlier_segments`) keeps its name unless another is closer by `STICKY`.
    Groups whose median customer ordered once get none of the names in `RETURNING`.
    """
    measured = positions(rfm, labels).sort_values(["recency", "frequency", "monetary"])
    if len(measured) > len(PROFILES):
        raise SegmentsError(f"{len(measured)} groups, but names for {len(PROFILES)}. Lower k_max.")
    ideals = np.array([profile[1:4] for profile in PROFILES])
    distance = ((measured.to_numpy()[:, None, :] - ideals[None, :, :]) ** 2).sum(axis=2)
    once = rfm.frequency.groupby(np.asarray(labels)).median()[measured.index].to_numpy() <= 1
    distance[np.ix_(once, np.array([profile.name in RETURNING for profile in PROFILES]))] += len(PROFILES)
    kept = {group: segment.name for group, segment in (earlier or {}).items()}
    ids = [int(group) for group in measured.index]
    same = np.array([[float(kept.get(group) == profile.name) for profile in PROFILES] for group in ids])
    groups, profiles = linear_sum_assignment(distance - STICKY * same)
    return {ids[g]: PROFILES[p].name for g, p in zip(groups.tolist(), profiles.tolist(), strict=True)}


class Match(NamedTuple):
    """Groups that are segments of the previous run, and those that only have most of one's members."""

    earlier: dict[int, Earlier]
    moved_away: dict[int, Earlier]  # too far from where it stood: new segments


def match(
    customers: pd.Series, labels: np.ndarray, previous: pd.DataFrame | None, now: pd.DataFrame, cards: Sequence[Card]
) -> Match:
    """Which groups are segments of the previous run: those with most of a segment's members that also stand near it.

    Parameters
    ----------
    customers, labels, previous
        As in `earlier_segments`.
    now : DataFrame
        Where each group stands (`centres`, `positions`).
    cards : sequence of dict
        ``segments.json`` of the previous run, which says where its segments stood (`records`). Where it does not, or
        said so of other columns, members alone decide.
    """
    found, before = earlier_segments(customers, labels, previous), stood(cards)
    if set(before) != set(now):
        return Match(found, {})
    there, limit = before[list(now)], farthest(before)
    gap = {group: np.linalg.norm(now.loc[group] - there.loc[one.number]) for group, one in found.items()}
    near = {group: one for group, one in found.items() if gap[group] <= limit[one.number]}
    return Match(near, {group: one for group, one in found.items() if group not in near})


def farthest(centres: pd.DataFrame) -> pd.Series:
    """How far from each centre a segment may stand to be the same: half way to the closest other (alone: inf).

    Beyond it, it may be as near to another segment of the previous run as to its own. Euclidean distance of ranks.
    """
    apart = cdist(centres, centres)
    np.fill_diagonal(apart, np.inf)
    return pd.Series(apart.min(axis=1, initial=np.inf) / 2, centres.index)


def stood(cards: Sequence[Card]) -> pd.DataFrame:
    """Where the segments of a run stood, by their number; no columns where its cards do not say."""
    rows = {
        card["group"]: {name.removesuffix(POSITION): at for name, at in card.items() if name.endswith(POSITION)}
        for card in cards
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def earlier_segments(customers: pd.Series, labels: np.ndarray, previous: pd.DataFrame | None) -> dict[int, Earlier]:
    """Which groups are segments of the previous run, though a refit numbers them differently.

    Groups and segments are paired so that they share the most members in all (Hungarian method on the Jaccard overlap
    of customers who are in both runs); a pair counts where the overlap exceeds `SAME`.

    Parameters
    ----------
    customers : Series
        Id of each customer.
    labels : array of int
        Group of each.
    previous : DataFrame or None
        ``labels.parquet`` of the previous run: `customer_id`, `group`, `segment`.
    """
    if previous is None:
        return {}
    both = pd.DataFrame({"customer_id": customers, "new": labels}).merge(previous, on="customer_id")
    shared = pd.crosstab(both.new, both.group)
    union = shared.sum(axis=1).to_numpy()[:, None] + shared.sum(axis=0).to_numpy()[None, :] - shared.to_numpy()
    overlap = shared.to_numpy() / union
    groups, numbers = linear_sum_assignment(-overlap)
    names = previous.drop_duplicates("group").set_index("group").segment
    return {
        int(shared.index[g]): Earlier(int(shared.columns[s]), names[shared.columns[s]])
        for g, s in zip(groups.tolist(), numbers.tolist(), strict=True)
        if overlap[g, s] > SAME
    }


def number_groups(
    ranked: Sequence[int], earlier: Mapping[int, Earlier], previous: pd.DataFrame | None
) -> dict[int, int]:
    """A number for each group that stays from run to run: that of its earlier segment, or one never used before.

    `ranked` are the groups in the order in which new numbers are given, such as by falling revenue.
    """
    fresh = iter(range(1 + (0 if previous is None else int(previous.group.max())), 10**9))
    return {group: earlier[group].number if group in earlier else next(fresh) for group in ranked}


def place(clusterer: Pipeline, rows: pd.DataFrame, names: Mapping[int, str]) -> pd.Series:
    """The segment's name of each row, by the clusterer's numbers."""
    labels = clusterer.predict(rows[list(clusterer.feature_names_in_)])
    return pd.Series(labels, rows.index).map(names)


def records(
    cards: pd.DataFrame, names: Mapping[int, str], numbers: Mapping[int, int], centres: pd.DataFrame
) -> list[Card]:
    """Cards as they are written: each with its `segment`, its `group` (stays from run to run) and its `cluster`.

    `names`, `numbers` and `centres` go by the clusterer's number, which is the `cluster`: it may change with each
    refit. Where each group stands (`centres`) is written as columns that end in `POSITION`, for the next run's `match`.
    """
    cluster = {name: int(label) for label, name in names.items()}
    cards = cards.join(centres.rename(index=names).add_suffix(POSITION))
    clusters = [cluster[name] for name in cards.index]
    table = cards.rename_axis("segment").assign(group=[numbers[one] for one in clusters], cluster=clusters)
    rows = table.reset_index().astype(object).where(lambda cells: cells.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]
