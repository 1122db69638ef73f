"""Ways to fill missing numbers, compared on validated rows by a logistic regression, which cannot take them."""

from collections.abc import Sequence

import pandas as pd
from sklearn.compose import ColumnTransformer

from patrons.churn import ties
from patrons.churn.kinds import LOGISTIC
from patrons.churn.preprocessing import as_matrices, owners
from patrons.churn.search import Trial, validated
from patrons.churn.split import Folds
from patrons.evaluation.threads import one_thread
from patrons.features.missing import METHODS
from patrons.features.panel import OUTCOME
from patrons.features.preparation import imputed

SETTING = {"c": 0.05, "products": 0, "l1": 0}


@one_thread
def compare(
    train: pd.DataFrame, folds: Folds, prepare: ColumnTransformer, methods: Sequence[str], rows: int, seed: int
) -> tuple[ColumnTransformer, pd.DataFrame]:
    """The preparation that fills missing numbers in the simplest of the best ways, and how each of `methods` did.

    Parameters
    ----------
    methods : sequence of str
        Of `missing.METHODS`; empty leaves the preparation as it is.
    rows : int
        Rows that a fold is learnt from, at most.

    Returns
    -------
    ColumnTransformer
        Unfitted.
    DataFrame
        `imputation`, `roc_auc` (mean over folds); what is kept first, then the simpler first.
    """
    asked = [method for method in METHODS if method in methods]
    if not asked:
        return prepare, pd.DataFrame(columns=["imputation", "roc_auc"])
    trials = {method: _validated(train, folds, imputed(prepare, method), rows, seed) for method in asked}
    whose = owners(train)
    truth, who = [train[OUTCOME].to_numpy()[val] for _, val in folds], [whose[val] for _, val in folds]
    best = max(trials.values(), key=lambda trial: trial.roc_auc)
    kept = next(
        method
        for method, trial in trials.items()
        if trial is best or ties.tied(ties.gain(truth, best.probabilities, trial.probabilities, who, seed))
    )
    order = [kept, *(method for method in asked if method != kept)]
    table = pd.DataFrame([(method, trials[method].roc_auc) for method in order], columns=["imputation", "roc_auc"])
    return imputed(prepare, kept), table


def _validated(train: pd.DataFrame, folds: Folds, prepare: ColumnTransformer, rows: int, seed: int) -> Trial:
    matrices = as_matrices(train, folds, prepare, 0, rows, seed)
    return validated([(LOGISTIC, SETTING)], matrices, rows, seed)[0]
