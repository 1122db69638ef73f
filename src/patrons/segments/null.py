"""What would the scores be if there were no groups? The same marginals and rank correlations, and nothing else."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from patrons.evaluation.metrics import Interval
from patrons.segments.clustering import Candidate, fitted
from patrons.segments.leaderboard import silhouettes, stability
from patrons.segments.microclusters import Customers

CLEAR = 0.2  # of what lies between the null's silhouette and 1, from which groups are called separate: a convention
REFITS = 5  # a draw: draws are many
COLUMNS = ("draw", "k", "chosen", "groups", "silhouette", "davies_bouldin", "calinski_harabasz", "stability")


def without_groups(X: np.ndarray, seed: int) -> np.ndarray:
    """Rows with exactly the same values in each column and about the same rank correlations, but no groups.

    A Gaussian copula (Nelsen, An Introduction to Copulas, 2006): normal scores of the ranks give the correlation, rows
    drawn from that normal distribution give the order in which each column's own values are dealt out.
    """
    scores = norm.ppf((np.apply_along_axis(rankdata, 0, X)) / (len(X) + 1))
    correlation = np.atleast_2d(np.corrcoef(scores, rowvar=False))
    drawn = np.random.default_rng(seed).multivariate_normal(np.zeros(X.shape[1]), correlation, len(X), method="eigh")
    places = np.apply_along_axis(rankdata, 0, drawn, "ordinal").astype(int) - 1
    return np.take_along_axis(np.sort(X, axis=0), places, axis=0)


def null_scores(customers: Customers, chosen: Candidate, ks: Sequence[int], draws: int) -> pd.DataFrame:
    """The scores of the chosen family on draws without groups.

    Returns
    -------
    DataFrame
        One row a draw and number of groups: `draw`, `k` (that which was asked for; missing for density families),
        `chosen` (the chosen setting), `groups`, `silhouette`, `davies_bouldin`, `calinski_harabasz`; and `stability`,
        for the chosen setting alone. Draws in which the family finds fewer than two groups are left out.
    """
    rows = [row for draw in range(draws) for row in _scores(customers, chosen, ks, draw)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"chosen": bool})


def _scores(customers: Customers, chosen: Candidate, ks: Sequence[int], draw: int) -> list[dict]:
    drawn = Customers(without_groups(customers.judged, customers.seed + draw), customers.seed, starts=3)
    settings = [{"k": k} for k in ks] if chosen.family.by_k else [chosen.setting]
    found = []
    for setting in settings:
        try:
            one = fitted(chosen.family, setting, drawn)
        except ValueError:
            continue
        if len(np.unique(one.labels)) > 1:
            found.append(one)
    values = silhouettes(drawn.X, [one.labels for one in found]) if found else []
    return [_row(drawn, one, value.mean(), chosen, draw) for one, value in zip(found, values, strict=True)]


def _row(drawn: Customers, one: Candidate, silhouette: float, chosen: Candidate, draw: int) -> dict:
    same = one.setting == chosen.setting
    return {
        "draw": draw,
        "k": one.setting.get("k", np.nan),
        "chosen": same,
        "groups": len(np.unique(one.labels)),
        "silhouette": silhouette,
        "davies_bouldin": davies_bouldin_score(drawn.X, one.labels),
        "calinski_harabasz": calinski_harabasz_score(drawn.X, one.labels),
        "stability": stability(drawn, one, REFITS).value if same else np.nan,
    }


def beside(best: pd.Series, null: pd.DataFrame) -> pd.DataFrame:
    """The chosen grouping's scores beside those on data without groups: mean, least and most of the draws."""
    own = null[null.chosen]
    names = ["silhouette", "davies_bouldin", "calinski_harabasz", "stability"]
    least, most = own[names].min(), own[names].max()
    table = pd.DataFrame(
        {"real": best[names].astype(float), "without groups": own[names].mean(), "least": least, "most": most}
    )
    return table.rename_axis("score").reset_index()


def is_separate(silhouette: Interval, null: Sequence[float]) -> bool:
    """Whether a silhouette's interval lies above all draws, and covers `CLEAR` of the way from their mean to 1.

    Without groups a silhouette is still high where a column has two humps: a plain difference would hide groups there.
    """
    if not len(null):
        return False  # nothing to compare with: no draw gave groups, or none could be fitted
    return silhouette.low > max(null) and _way(silhouette, null) >= CLEAR


def _way(silhouette: Interval, null: Sequence[float]) -> float:
    return float((silhouette.value - np.mean(null)) / (1 - np.mean(null)))


def verdict(silhouette: Interval, null: Sequence[float]) -> str:
    """The sentence that follows from a silhouette and from those on data without groups."""
    if not len(null):
        return (
            "On data without groups this family gave no groups to compare with: whether these are separate is not told."
        )
    told = f"silhouette {silhouette.value:.3f}, and {np.mean(null):.3f} on data without groups"
    more = f"{_way(silhouette, null):.0%} of the way from there to 1"
    if is_separate(silhouette, null):
        return f"These are separate groups: {told}; it is {more}."
    if silhouette.low > max(null):
        far = f"It is {more}: above all {len(null)} draws, but not the {CLEAR:.0%} of separate groups."
        return f"This is a useful partition of a continuum: {told}. {far}"
    return f"This is a useful partition of a continuum: {told}. Nothing shows that customers fall into separate groups."


def steadiness(low: float, null: Sequence[float]) -> str:
    """The stability of draws without groups, to follow that of the customers; empty where no draw gave groups.

    It speaks for groups only if the lower end of the customers' own, `low`, lies above all draws.
    """
    if not len(null):
        return ""
    return f"; without groups {np.mean(null):.2f}" + ("" if low > max(null) else ", so it is no evidence of groups")
