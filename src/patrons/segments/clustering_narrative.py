"""What the clustering comparison says: the choice and why, and whether the groups are separate."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from patrons.evaluation.metrics import Interval
from patrons.segments.leaderboard import band, choose
from patrons.segments.microclusters import MICRO, SAMPLE, TREE, WHOLE
from patrons.segments.null import is_separate

USEFUL = 0.1  # silhouette under which a partition says next to nothing


def too_alike(customers: int, distinct: int, inputs: Sequence[str], k_min: int) -> str:
    """Why there are no groups to find."""
    kinds = "are all alike" if distinct == 1 else f"are of {distinct:,} kinds only"
    return (
        f"There are no groups to find: in {', '.join(inputs)} the {customers:,} customers {kinds}, and {k_min} groups "
        "or more were asked for. All of them stay in one segment. Bring more customers, or name other inputs."
    )


def preparation(customers: int, columns: int, before: float, after: float) -> str:
    """What is grouped, and what preparation did to its skewness."""
    return (
        f"{customers:,} customers are grouped by {columns} prepared columns. "
        f"Preparation brought the largest skewness from {before:.1f} to {after:.1f}."
    )


def sampled(customers: int) -> str:
    """Of which samples groups are made where there are too many customers for all; nothing where there are not."""
    parts = [
        f"Ward's tree joins {MICRO:,} small groups of customers" * (customers > TREE),
        f"scores and density are of {SAMPLE:,} customers drawn at random" * (customers > SAMPLE),
        f"K-Means works on the same small groups, the mixture on {WHOLE:,} customers" * (customers > WHOLE),
    ]
    what = [part for part in parts if part]
    placed = "All of them are placed in a group."
    return f"There are {customers:,} customers, so {'; '.join(what)}. {placed}" if what else ""


def reason(board: pd.DataFrame, algorithm: str = "", k: int = 0) -> str:
    """Why `choose` takes what it takes, in a clause."""
    rivals, row = band(board, algorithm, k), choose(board, algorithm, k)
    if board.breaks[row]:
        return f"nothing keeps all limits, and this is the least bad; it breaks: {board.breaks[row]}"
    if len(rivals) == 1:
        return "its silhouette is the best of those that keep the limits, beyond the uncertainty of the next"
    best = (
        "has the best silhouette" if rivals[0] == row else "has a silhouette as good as the best within its uncertainty"
    )
    return f"it {best} and, of the {len(rivals)} that nearly tie, is the most stable, or as stable with fewer groups"


def decision(board: pd.DataFrame, algorithm: str = "", k: int = 0) -> str:
    """What is chosen and why; where parameters pin it, also what the rule would have taken."""
    chosen = board.loc[choose(board, algorithm, k)]
    if not algorithm and not k:
        return f"We go on with {chosen.algorithm} and {chosen.groups} groups: {reason(board)}."
    ruled = board.loc[choose(board)]
    flaw = f" It breaks: {chosen.breaks}." if chosen.breaks else ""
    return (
        f"We go on with {chosen.algorithm} and {chosen.groups} groups, as the parameters ask.{flaw} The rule would "
        f"take {ruled.algorithm} with {ruled.groups} groups (silhouette {ruled.silhouette:.3f}): {reason(board)}."
    )


def silhouette_title(chosen: pd.Series, silhouette: Interval) -> str:
    return f"{chosen.algorithm} with {chosen.groups} groups: silhouette {silhouette}"


def score_title(name: str, value: float, null: Sequence[float], digits: int) -> str:
    """The chosen grouping's score, beside the mean of those on data without groups."""
    without = f", {np.mean(null):,.{digits}f} without groups" if len(null) else ""
    return f"{name} {value:,.{digits}f} for the chosen grouping{without}"


def separation(silhouette: Interval, null: Sequence[float]) -> str:
    """What follows from a silhouette and from those on data without groups."""
    if not len(null):
        return "On data without groups this family found none, so nothing tells whether these groups are separate."
    scores = f"(silhouette {silhouette.value:.3f}; {np.mean(null):.3f} on data without groups)"
    if is_separate(silhouette, null):
        return f"These are natural groups, far clearer than chance makes them {scores}."
    if not silhouette.value >= USEFUL:
        return f"The groups hardly differ: customers lie about as near to other groups as to their own {scores}."
    if silhouette.low > max(null):
        return f"The groups are only slightly clearer than chance: useful slices, not natural groups {scores}."
    return f"The groups are no clearer than chance: slices that may be useful, not natural groups {scores}."


def stability(chosen: pd.Series, null: Sequence[float]) -> str:
    """How alike refits place customers, beside refits on data without groups."""
    return (
        f"Refits on {chosen.refits} bootstrap samples agree with it by {chosen.stability:.2f} (95% interval "
        f"{chosen.stability_low:.2f} to {chosen.stability_high:.2f}){_without_groups(chosen.stability_low, null)}."
    )


def _without_groups(low: float, null: Sequence[float]) -> str:
    """Stability of draws without groups; it is evidence of groups only if the customers' own, `low`, lies above all."""
    if not len(null):
        return ""
    return f"; without groups by {np.mean(null):.2f}" + ("" if low > max(null) else ", so it is no evidence of groups")


NOT_IN_TIME = (
    "Whether such groups would have been found on an earlier day cannot be said: the data has no earlier days of the "
    "last year with enough customers."
)


def in_time_title(refits: pd.DataFrame) -> str:
    return f"Groupings made on earlier days agree by {_between(refits.agreement)}"


def in_time(refits: pd.DataFrame, chosen: pd.Series) -> str:
    """How far groupings of earlier days place the same customers alike, beside bootstrap refits of today."""
    clause = (
        "Resampling alone flatters it: who is in which group depends on the day on which groups are made"
        if refits.agreement.mean() < chosen.stability_low
        else "The day on which groups are made matters no more than who happened to be sampled"
    )
    return (
        f"Groupings made by the same recipe on {len(refits)} earlier days agree with it about the same customers by "
        f"{refits.agreement.mean():.2f} on average ({_between(refits.agreement)}); bootstrap refits by "
        f"{chosen.stability:.2f}. {clause}."
    )


def _between(values: pd.Series) -> str:
    return f"{values.min():.2f} to {values.max():.2f}"


def skipped(entry: Mapping[str, str]) -> str:
    """Why a family could not be fitted; `entry` is one of `clustering.Compared.skipped`."""
    return f"{entry['family']} ({entry['setting']}) is not among them: {entry['reason']}"


def map_title(groups: int, explained: Sequence[float]) -> str:
    return f"The {groups} groups on a map that shows {sum(explained):.0%} of the variance"


def agreement_title(agreement: pd.Series) -> str:
    return f"The runners-up agree with the chosen grouping by {agreement.min():.2f} to {agreement.max():.2f}"


def bic_title(bic: pd.Series) -> str:
    most = ", the most that were tried" if bic.idxmin() == max(bic.index) else ""
    return f"The mixture's BIC is lowest at {bic.idxmin()} components{most}"
