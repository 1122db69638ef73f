"""What the shuffled canary of `patrons.churn.gates` asks: the way of 06 from training rows to scores, walked anew."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from patrons.churn.ensemble import MeanOf
from patrons.churn.gates import Fit
from patrons.churn.search import MEAN, Found, build, fit_front, front, sample, whole
from patrons.churn.split import inputs, probability
from patrons.features.panel import OUTCOME
from patrons.threads import one_thread

ROWS = 6_000  # learnt from, at most


def as_chosen(found: Found, chosen: str, seed: int) -> MeanOf:
    """The chosen model, unfitted: a kind with the setting settled on, or the mean of the members."""
    return MeanOf([build(kind, found.settings[kind], seed) for kind in (found.members if chosen == MEAN else [chosen])])


def memoriser(seed: int) -> RandomForestClassifier:
    """Full-grown trees, which know every row that they have seen: leaks show in them first."""
    return RandomForestClassifier(30, random_state=seed, n_jobs=1)


def learner(prepare: ColumnTransformer, top: int, model: ClassifierMixin, seed: int) -> Fit:
    """A fit for `gates.shuffled`: the front of 06, columns chosen included, then `model`, fitted on dealt outcomes."""

    @one_thread
    def fit(train: pd.DataFrame) -> Callable[[pd.DataFrame], np.ndarray]:
        few = train.iloc[sample(len(train), ROWS, seed)]
        X, y = inputs(few), few[OUTCOME].to_numpy()
        ready = fit_front(front(prepare, top, seed), X, y, ROWS, seed)
        fitted: Pipeline = whole(ready, clone(model).fit(ready.transform(X), y))
        return lambda rows: probability(fitted, inputs(rows))

    return fit
