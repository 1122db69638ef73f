"""How well the models predict the test rows, which are looked at once: probabilities, scores and differences.

Judged are the customers who could still be kept: of a log those who ordered within one horizon before. Those lost long
ago are easy to call and flatter every score, so "everyone" is a footnote.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from patrons.churn.customers import active
from patrons.churn.final import Final
from patrons.churn.rules import UNTUNED
from patrons.churn.search import SearchResult
from patrons.churn.split import ENOUGH, probability
from patrons.evaluation.metrics import Interval, at_threshold, calibration_error, roc_auc
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
        The model that was chosen, the best of the others, and the best simple rule: all by validated rows. Models that
        are neither chosen, nor the rival, nor a member of one of them are not fitted to be tested.
    rules : tuple of str
        The baselines: simple rules, the simplest first, and histogram boosting that nobody tuned.
    truth : array
        Outcomes of the test rows, of everyone.
    probabilities : dict
        Of each rule and model, the probabilities of the test rows.
    active : array of bool
        Which test rows could still be kept.
    intervals : dict
        Of each rule and model, its scores with their intervals, of those judged.
    everyone : dict
        Scores of the chosen model and of the simplest rule, of all test rows.
    gains : dict
        ROC AUC of the chosen model minus that of each rule and of the rival, with paired intervals, of those judged.
    gap : float
        ROC AUC of the chosen model on validated rows minus that in the test, of those judged. (Its training rows say
        nothing: free trees know them by heart.)
    """

    chosen: str
    rival: str
    best_rule: str
    rules: tuple[str, ...]
    truth: np.ndarray
    probabilities: dict[str, np.ndarray]
    active: np.ndarray
    intervals: dict[str, dict[str, Interval]]
    everyone: dict[str, dict[str, Interval]]
    gains: dict[str, Interval]
    gap: float

    @property
    def judged(self) -> np.ndarray:
        """Which test rows are judged: the active ones, or all where these are too few to tell anything."""
        return judged(self.truth, self.active)

    @property
    def score(self) -> np.ndarray:
        """Probabilities of the chosen model, of everyone."""
        return self.probabilities[self.chosen]

    @property
    def of_judged(self) -> tuple[np.ndarray, np.ndarray]:
        """Outcomes and probabilities of those judged."""
        return self.truth[self.judged], self.score[self.judged]

    @property
    def scores(self) -> dict[str, Interval]:
        """Scores of the chosen model, of those judged."""
        return self.intervals[self.chosen]

    @property
    def roc_auc(self) -> pd.DataFrame:
        """`value`, `low` and `high` of the ROC AUC of those judged; index the rules and models."""
        rows = {name: scores["roc_auc"] for name, scores in self.intervals.items()}
        return pd.DataFrame(rows, index=["value", "low", "high"]).T

    @property
    def calibration_error(self) -> float:
        """Mean distance of forecast from observed churn over ten groups of those judged."""
        return calibration_error(*self.of_judged)

    def verdict(self, threshold: float, everyone: bool = False) -> dict[str, float]:
        """Counts and rates of those judged, or of everyone, if those from `threshold` on are flagged."""
        return at_threshold(*((self.truth, self.score) if everyone else self.of_judged), threshold)


def judged(truth: np.ndarray, active: np.ndarray) -> np.ndarray:
    """The active rows; all where fewer than ten of these had one of the outcomes."""
    churned = truth[active].sum()
    return active if min(churned, active.sum() - churned) >= ENOUGH // 2 else np.ones(len(truth), bool)


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
    could_be_kept = active(test).to_numpy()
    who = judged(truth, could_be_kept)
    scores = {name: intervals(RANKING, truth[who], own[who]) for name, own in probabilities.items()}
    score, first = probabilities[result.chosen][who], next(iter(rules))
    return Assessment(
        result.chosen,
        result.rival,
        str(by_fold.loc[[name for name in rules if name != UNTUNED]].mean(axis=1).idxmax()),
        tuple(rules),
        truth,
        probabilities,
        could_be_kept,
        scores,
        {name: intervals(RANKING, truth, probabilities[name]) for name in (result.chosen, first)},
        {name: difference(ROC_AUC, truth[who], score, probabilities[name][who]) for name in (*rules, result.rival)},
        validated_roc_auc(result, bool(who.all())) - scores[result.chosen]["roc_auc"].value,
    )


def validated_roc_auc(result: SearchResult, everyone: bool) -> float:
    """Mean ROC AUC of the chosen model on the validated folds, of those who could be kept or of everyone."""
    if everyone:
        return result.cv_roc_auc(result.chosen)
    rows = result.validation[active(result.validation)]
    folds = [fold for _, fold in rows.groupby("fold") if fold[OUTCOME].nunique() > 1]
    return float(np.mean([roc_auc(fold[OUTCOME].to_numpy(), fold[result.chosen].to_numpy()) for fold in folds]))


def metrics(tested: Assessment, threshold: float, gates_failed: int) -> dict[str, float]:
    """What the notebook records of the test, by name: of everyone, and of the active where they are some of these."""
    scores, verdict = tested.everyone[tested.chosen], tested.verdict(threshold, everyone=True)
    recorded = {"roc_auc": scores["roc_auc"].value, "roc_auc_low": scores["roc_auc"].low}
    recorded |= {"roc_auc_high": scores["roc_auc"].high}
    recorded |= {name: scores[name].value for name in ("pr_auc", "brier", "log_loss", "recall_at_top_decile")}
    recorded |= {"baseline_roc_auc": tested.everyone[tested.rules[0]]["roc_auc"].value}
    recorded |= {"recall": verdict["recall"], "precision": verdict["precision"], "threshold": threshold}
    recorded |= {"flagged_share": (tested.score >= threshold).mean(), "test_churn_rate": tested.truth.mean()}
    if not tested.judged.all():
        recorded |= _of_active(tested, threshold)
    recorded |= {"calibration_error": tested.calibration_error, "gap": tested.gap}
    return recorded | {"gates_failed": gates_failed}


def _of_active(tested: Assessment, threshold: float) -> dict[str, float]:
    scores, verdict, (truth, score) = tested.scores, tested.verdict(threshold), tested.of_judged
    of_scores = {
        "roc_auc_active": scores["roc_auc"].value,
        "roc_auc_active_low": scores["roc_auc"].low,
        "roc_auc_active_high": scores["roc_auc"].high,
        "brier_active": scores["brier"].value,
        "lift_active": scores["lift_top_decile"].value,
    }
    of_flags = {"recall_active": verdict["recall"], "precision_active": verdict["precision"]}
    return of_scores | of_flags | {"flagged_active": (score >= threshold).mean(), "churn_rate_active": truth.mean()}
