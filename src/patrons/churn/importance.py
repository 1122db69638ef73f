"""What the model relies on: what the score loses without a feature, and how the probability depends on its value."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from patrons.churn.preprocessing import sample
from patrons.churn.reasons import contributions
from patrons.evaluation.metrics import roc_auc
from patrons.features.panel import OUTCOME
from patrons.features.split import inputs

ROWS, CURVE_ROWS = 1_000, 500  # of the test that are looked at, at most


def losses(model: Pipeline, test: pd.DataFrame, seed: int, most: int = 10, repeats: int = 3) -> pd.DataFrame:
    """What the ROC AUC loses without each of the `most` features that add most to the probabilities of test rows.

    Returns
    -------
    DataFrame
        As of `permuted`.
    """
    rows = test.iloc[sample(len(test), ROWS, seed)]
    X = inputs(rows)
    added = contributions(model, X).abs().mean().sort_values(ascending=False, kind="stable")
    return permuted(model, X, rows[OUTCOME].to_numpy(), list(added.index[:most]), repeats, seed)


def permuted(
    model: Pipeline, X: pd.DataFrame, truth: np.ndarray, names: Sequence[str], repeats: int, seed: int
) -> pd.DataFrame:
    """What the ROC AUC loses when one feature's values are shuffled among customers [Breiman, 2001].

    Returns
    -------
    DataFrame
        Index the features; `value` (mean loss), `low`, `high` (least and most of the repeats), the largest first.
    """
    rng, complete = np.random.default_rng(seed), roc_auc(truth, model.predict_proba(X)[:, 1])
    rows = {}
    for name in names:
        orders = [rng.permutation(len(X)) for _ in range(repeats)]
        probabilities = _with_values(model, X, name, [X[name].to_numpy()[order] for order in orders])
        lost = [complete - roc_auc(truth, row) for row in probabilities]
        rows[name] = (np.mean(lost), min(lost), max(lost))
    table = pd.DataFrame(rows, ["value", "low", "high"]).T
    return table.sort_values("value", ascending=False, kind="stable")


def curves(model: Pipeline, test: pd.DataFrame, names: Iterable[str], seed: int) -> dict[str, pd.DataFrame]:
    """Partial dependence of the probability on each feature, over a sample of test rows (see `dependence`)."""
    X = inputs(test).iloc[sample(len(test), CURVE_ROWS, seed)]
    return {name: dependence(model, X, name) for name in names}


def dependence(model: Pipeline, X: pd.DataFrame, feature: str, points: int = 12) -> pd.DataFrame:
    """Partial dependence: mean probability if every customer had this value, all else as it is (Friedman, 2001).

    Returns
    -------
    DataFrame
        `value`: quantiles of a number, the commonest values of a category; `probability`.
    """
    known = X[feature].dropna()
    if pd.api.types.is_numeric_dtype(known):
        values = list(np.unique(known.quantile(np.linspace(0.02, 0.98, points))))
    else:
        values = list(known.value_counts().index[:points])
    return pd.DataFrame({"value": values, "probability": _with_values(model, X, feature, values).mean(axis=1)})


def _with_values(model: Pipeline, X: pd.DataFrame, feature: str, values: Sequence[Any]) -> np.ndarray:
    """Probabilities if a feature had other values, a row for each of them; predicted at once, which is faster."""
    changed = pd.concat([X.assign(**{feature: value}) for value in values], ignore_index=True)
    return model.predict_proba(changed)[:, 1].reshape(len(values), len(X))
