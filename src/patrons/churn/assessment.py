"""How well the models predict the test rows, which are looked at once: probabilities, scores and differences."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from patrons.churn.customers import active
from patrons.churn.final import Final
from patrons.churn.rules import UNTUNED
from patrons.churn.search import SearchResult
from patrons.churn.split import probability
from patrons.evaluation.metrics import Interval, at_threshold, calibration_error
from patrons.evaluation.scores import RANKING, difference, intervals
from patrons.features.panel import OUTCOME
from patrons.features.split import inputs

ROC_AUC = RANKING["roc_auc"]


@dataclass(frozen=True)
class Assessment:
    """What the test says of the simple rules and of the models.

    Attributes
    ----------
    chosen, rival, best_rule : str
        The model that was chosen, the best of the others, and the best simple rule: all by validated rows.
    rules : tuple of str
        The baselines: simple rules, the simplest first, and histogram boosting that nobody tuned.
    truth : array
        Outcomes of the test rows.
    probabilities : dict
        Of each rule and model, the probabilities of the test rows.
    intervals : dict
        Of each rule and model, its scores with their intervals.
    gains : dict
        ROC AUC of the chosen model minus that of each rule and of the rival, with paired intervals.
    active : array of bool
        Which test rows could still be kept.
    roc_auc_active : Interval
        ROC AUC of the chosen model among these; missing where it has no value.
    gap : float
        ROC AUC of the chosen model on validated rows minus that in the test. (Its training rows say nothing: free trees
        know them by heart.)
    """

    chosen: str
    rival: str
    best_rule: str
    rules: tuple[str, ...]
    truth: np.ndarray
    probabilities: dict[str, np.ndarray]
    intervals: dict[str, dict[str, Interval]]
    gains: dict[str, Interval]
    active: np.ndarray
    roc_auc_active: Interval
    gap: float

    @property
    def score(self) -> np.ndarray:
        """Probabilities of the chosen model."""
        return self.probabilities[self.chosen]

    @property
    def scores(self) -> dict[str, Interval]:
        """Scores of the chosen model."""
        return self.intervals[self.chosen]

    @property
    def roc_auc(self) -> pd.DataFrame:
        """`value`, `low` and `high` of the ROC AUC; index the rules and models."""
        rows = {name: scores["roc_auc"] for name, scores in self.intervals.items()}
        return pd.DataFrame(rows, index=["value", "low", "high"]).T

    @property
    def calibration_error(self) -> float:
        """Mean distance of forecast from observed churn over ten groups of customers."""
        return calibration_error(self.truth, self.score)

    def verdict(self, threshold: float) -> dict[str, float]:
        """Counts and rates if everyone from `threshold` on is flagged."""
        return at_threshold(self.truth, self.score, threshold)

    def verdict_active(self, threshold: float) -> dict[str, float]:
        """The same of those who could still be kept."""
        return at_threshold(self.truth[self.active], self.score[self.active], threshold)


def assess(
    result: SearchResult,
    final: Final,
    rules: Mapping[str, Pipeline],
    by_fold: pd.DataFrame,
    train: pd.DataFrame,
    test: pd.DataFrame,
) -> Assessment:
    """Score the test rows with the models and with the rules, which are fitted on all training rows.

    Parameters
    ----------
    rules : dict
        The baselines, unfitted.
    by_fold : DataFrame
        ROC AUC of rules and models (rows) on the validated folds: `search.with_baselines`.
    """
    X, y, X_test, truth = inputs(train), train[OUTCOME].to_numpy(), inputs(test), test[OUTCOME].to_numpy()
    fitted = {name: rule.fit(X, y) for name, rule in rules.items()} | final.models
    probabilities = {name: probability(model, X_test) for name, model in fitted.items()}
    score, could_be_kept = probabilities[result.chosen], active(test).to_numpy()
    scores = {name: intervals(RANKING, truth, own) for name, own in probabilities.items()}
    return Assessment(
        result.chosen,
        result.rival,
        str(by_fold.loc[list(rules)].drop(UNTUNED, errors="ignore").mean(axis=1).idxmax()),
        tuple(rules),
        truth,
        probabilities,
        scores,
        {name: difference(ROC_AUC, truth, score, probabilities[name]) for name in (*rules, result.rival)},
        could_be_kept,
        intervals({"": ROC_AUC}, truth[could_be_kept], score[could_be_kept])[""],
        result.cv_roc_auc(result.chosen) - scores[result.chosen]["roc_auc"].value,
    )


def metrics(tested: Assessment, threshold: float, cv_roc_auc: float, gates_failed: int) -> dict[str, float]:
    """What the notebook records, by name; scores of the active only where they are some of the customers."""
    auc, scores, verdict = tested.scores["roc_auc"], tested.scores, tested.verdict(threshold)
    recorded = {"roc_auc": auc.value, "roc_auc_low": auc.low, "roc_auc_high": auc.high, "cv_roc_auc": cv_roc_auc}
    recorded |= {name: scores[name].value for name in ("pr_auc", "brier", "log_loss", "recall_at_top_decile")}
    recorded |= {"baseline_roc_auc": tested.intervals[tested.rules[0]]["roc_auc"].value}
    recorded |= {"recall": verdict["recall"], "precision": verdict["precision"], "threshold": threshold}
    recorded |= {"flagged_share": (tested.score >= threshold).mean()}
    if not (tested.active.all() or np.isnan(tested.roc_auc_active.value)):
        verdict = tested.verdict_active(threshold)
        recorded |= {"roc_auc_active": tested.roc_auc_active.value}
        recorded |= {"recall_active": verdict["recall"], "precision_active": verdict["precision"]}
    recorded |= {"calibration_error": tested.calibration_error, "gap": tested.gap}
    return recorded | {"test_churn_rate": tested.truth.mean(), "gates_failed": gates_failed}
