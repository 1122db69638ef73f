"""Which model, or which mean of models, ranks validated rows best, and by how much?"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import pandas as pd

from patrons.churn import ties
from patrons.evaluation.metrics import Interval, roc_auc
from patrons.features.panel import OUTCOME


def best_members(validation: pd.DataFrame, given_up: Mapping[str, float], seed: int) -> tuple[tuple[str, ...], float]:
    """The kinds, two or more, whose mean ranks validated rows best; of groups that tie the fewest and simplest.

    `given_up` is what each kind may have given up for a simpler setting; with the members comes what their mean may.
    """
    kinds = list(given_up)
    groups = [group for size in range(2, len(kinds) + 1) for group in combinations(kinds, size)] or [tuple(kinds)]
    named = {", ".join(group): group for group in groups}
    means = validation.assign(**{name: validation[list(group)].mean(axis=1) for name, group in named.items()})
    best = str(fold_scores(means, list(named)).mean(axis=1).idxmax())
    before = max(given_up[kind] for kind in named[best])
    for name in named:
        if name == best:
            break
        gain = gain_in(means, best, name, seed)
        if ties.tied(gain, before):
            return named[name], before + gain.high
    return named[best], before


def gains_of_best(validation: pd.DataFrame, by_fold: pd.DataFrame, seed: int) -> dict[str, Interval]:
    """What the model that ranks best gains over each of the others, by validated rows."""
    best = str(by_fold.mean(axis=1).idxmax())
    return {name: gain_in(validation, best, name, seed) for name in by_fold.index if name != best}


def gain_in(validation: pd.DataFrame, new: str, old: str, seed: int) -> Interval:
    """What one model gains over another in validated rows, with its paired interval."""
    folds = [fold for _, fold in validation.groupby("fold")]
    names = (OUTCOME, new, old, "customer_id")
    truth, score, other, who = ([fold[name].to_numpy() for fold in folds] for name in names)
    return ties.gain(truth, score, other, who, seed)


def fold_scores(validation: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """ROC AUC of each model (rows) on each fold (columns)."""
    folds = {
        n: {name: roc_auc(fold[OUTCOME].to_numpy(), fold[name].to_numpy()) for name in names}
        for n, fold in validation.groupby("fold")
    }
    return pd.DataFrame(folds)
