"""What would the scores be if there were no groups? Data with the same marginals and rank correlations, and no more."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from patrons.evaluation.metrics import Interval
from patrons.segments.clustering import Candidate, Setting, fitted
from patrons.segments.leaderboard import silhouettes
from patrons.segments.microclusters import Customers
from patrons.segments.stability import agreements, interval

CLEAR = 0.2  # share of the way from the null's silhouette to 1 from which groups are called separate: a convention
REFITS = 5  # of each draw: there are many draws
COLUMNS = ("draw", "k", "chosen", "groups", "silhouette", "davies_bouldin", "calinski_harabasz", "stability")


def without_groups(X: np.ndarray, seed: int) -> np.ndarray:
    """Rows with exactly the same values in each column and about the same rank correlations, but no groups.

    A Gaussian copula (Nelsen, An Introduction to Copulas, 2006): normal scores of the ranks give the correlation, and
    rows drawn from that normal distribution give the order in which each column's own values are dealt out.
    """
    scores = norm.ppf((np.apply_along_axis(rankdata, 0, X)) / (len(X) + 1))
    with np.errstate(invalid="ignore", divide="ignore"):  # a column of one value goes along with none
        correlation = np.nan_to_num(np.atleast_2d(np.corrcoef(scores, rowvar=False)))
    np.fill_diagonal(correlation, 1.0)
    normal = np.random.default_rng(seed).multivariate_normal(np.zeros(X.shape[1]), correlation, len(X), method="eigh")
    places = np.apply_along_axis(rankdata, 0, normal, "ordinal").astype(int) - 1
    return np.take_along_axis(np.sort(X, axis=0), places, axis=0)


def null_scores(customers: Customers, chosen: Candidate, ks: Sequence[int], draws: int) -> pd.DataFrame:
    """The scores of the chosen family on draws without groups.

    Returns
    -------
    DataFrame
        One row a draw and number of groups: `draw`, `k` (as asked for; missing for density families), `chosen` (whether
        it is the chosen setting), `groups`, `silhouette`, `davies_bouldin`, `calinski_harabasz`; and `stability`, for
        the chosen setting only. Draws in which the family finds fewer than two groups are left out.
    """
    rows = [row for draw in range(draws) for row in _scores(customers, chosen, ks, draw)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"chosen": bool})


def _scores(customers: Customers, chosen: Candidate, ks: Sequence[int], draw: int) -> list[dict[str, Any]]:
    null = Customers(without_groups(customers.scored, customers.seed + draw), customers.seed, starts=3)
    settings: list[Setting] = [{"k": k} for k in ks] if chosen.family.by_k else [chosen.setting]
    fits = [fit for setting in settings if (fit := _plural(chosen, setting, null))]
    values = silhouettes(null.X, [fit.labels for fit in fits]) if fits else []
    return [_row(null, fit, value.mean(), chosen, draw) for fit, value in zip(fits, values, strict=True)]


def _plural(chosen: Candidate, setting: Setting, null: Customers) -> Candidate | None:
    """The family fitted to a draw; None where it finds fewer than two groups."""
    try:
        fit = fitted(chosen.family, setting, null)
    except ValueError:
        return None
    return fit if len(np.unique(fit.labels)) > 1 else None


def _row(null: Customers, fit: Candidate, silhouette: float, chosen: Candidate, draw: int) -> dict[str, Any]:
    same = fit.setting == chosen.setting
    return {
        "draw": draw,
        "k": fit.setting.get("k", np.nan),
        "chosen": same,
        "groups": len(np.unique(fit.labels)),
        "silhouette": silhouette,
        "davies_bouldin": davies_bouldin_score(null.X, fit.labels),
        "calinski_harabasz": calinski_harabasz_score(null.X, fit.labels),
        "stability": interval(agreements(null, fit, range(REFITS))).value if same else np.nan,
    }


def comparison(best: pd.Series, null: pd.DataFrame) -> pd.DataFrame:
    """The chosen grouping's scores beside those on data without groups: mean, least and most of the draws."""
    own = null[null.chosen]
    names = ["silhouette", "davies_bouldin", "calinski_harabasz", "stability"]
    columns = {"real": best[names].astype(float), "without groups": own[names].mean()}
    table = pd.DataFrame({**columns, "least": own[names].min(), "most": own[names].max()})
    return table.rename_axis("score").reset_index()


def is_separate(silhouette: Interval, null: Sequence[float]) -> bool:
    """Whether a silhouette's interval lies above all draws, and covers `CLEAR` of the way from their mean to 1.

    A column with two humps has a high silhouette even without groups, so a plain difference would miss groups there.
    """
    if not len(null):
        return False  # there is nothing to compare with: no draw gave groups, or none could be fitted
    return silhouette.low > max(null) and way_to_one(silhouette, null) >= CLEAR


def way_to_one(silhouette: Interval, null: Sequence[float]) -> float:
    """How far a silhouette lies from the mean of the draws towards 1, as a share."""
    return float((silhouette.value - np.mean(null)) / (1 - np.mean(null)))
