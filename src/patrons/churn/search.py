"""The search for a churn model: settings of each kind, from cautious to free, judged on rows that they did not see.

What is compared is the mean ROC AUC over the folds. All settings are tried on few rows, the better half on more, and
one of each kind on all (successive halving, Jamieson & Talwalkar, 2016); trials that are fitted again on all rows take
fewer trees. Of settings that tie the simpler stays (see `patrons.churn.ties`). Fits are of one thread each and go side
by side, so that they come out the same on any number of cores.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.pipeline import Pipeline

from patrons.churn import rounds, ties
from patrons.churn.kinds import (
    BOOSTING,
    MEAN,
    MODELS,
    Seen,
    Setting,
    Space,
    build,
    complexity,
    describe,
    freedom,
    trials,
)
from patrons.churn.preprocessing import Fold, sample_of_both
from patrons.churn.validated import best_members, fold_scores, gains_of_best
from patrons.evaluation.metrics import Interval, roc_auc
from patrons.evaluation.threads import one_thread, side_by_side
from patrons.features.panel import KNOWN, OUTCOME

IDENTIFYING = ("customer_id", "as_of", KNOWN, "recency_days", OUTCOME)
FEWER = 3  # the first round of trials learns from a third of the rows of the next
FEW = 40  # trees of the forests of trials that are fitted again on all rows
FAST = 2  # times the rate, of the boosted trees of such trials: about half the rounds
LEAST = 2_000  # rows, of that first round; where there are not twice as many, there is none


@dataclass(frozen=True)
class Trial:
    """A setting of a kind, validated. `found` is the setting with the rounds at which boosting stopped, `given_up` what
    a better setting may gain over it (ROC AUC, the end of the interval), `models` what was fitted on each fold (nothing
    of a quick trial).
    """

    kind: str
    setting: Setting
    found: Setting
    probabilities: list[np.ndarray]  # of the validation rows, a fold each
    roc_auc: float  # the mean over folds
    given_up: float = 0.0
    models: tuple[ClassifierMixin, ...] = ()


@dataclass(frozen=True)
class Fitted:
    """What was fitted on one fold, which is what the recipe would have been on its day: preprocessing and models."""

    ready: Pipeline
    models: dict[str, ClassifierMixin]


@dataclass(frozen=True)
class SearchResult:
    """What a search chose, and what it chose by.

    Attributes
    ----------
    settings : dict
        The setting of each kind that was chosen.
    tried : DataFrame
        A row a setting and number of rows: `model`, `setting`, `rows` (learnt from, at most), `roc_auc` (mean over
        folds).
    validation : DataFrame
        Customer, `as_of` where there are days, outcome, `fold`, and of each kind and the mean the probability of a row
        when it was left out.
    scores : DataFrame
        ROC AUC: a row a model, a column a fold.
    members : tuple of str
        The kinds that the mean is made of: two or more, those whose mean validates best.
    gains : dict
        What the model that validates best gains in ROC AUC over each of the others, with the paired interval.
    given_up : dict
        What each model may have given up for simpler settings and members, ROC AUC.
    by_day : dict
        Of a log, what was fitted on all rows known by each validated day, with the settings that were chosen.
    """

    settings: dict[str, Setting]
    tried: pd.DataFrame
    validation: pd.DataFrame
    scores: pd.DataFrame
    members: tuple[str, ...]
    gains: dict[str, Interval]
    given_up: Mapping[str, float] = field(default_factory=dict)
    by_day: Mapping[pd.Timestamp, Fitted] = field(default_factory=dict)

    @property
    def best(self) -> str:
        """The model that validates best."""
        return str(self.scores.mean(axis=1).idxmax())

    @property
    def chosen(self) -> str:
        """The simplest model that ties with the best one."""
        return next(name for name in MODELS if name == self.best or self.tied(name))

    @property
    def rival(self) -> str:
        """The model that validates best apart from the chosen one."""
        return str(self.scores.drop(self.chosen).mean(axis=1).idxmax())

    @property
    def simpler(self) -> list[str]:
        """The models that are simpler than the chosen one, those that validate best first."""
        names = [name for name in MODELS[: MODELS.index(self.chosen)] if name in self.scores.index]
        return sorted(names, key=self.cv_roc_auc, reverse=True)

    def tied(self, name: str) -> bool:
        """Whether a model ties with the best one."""
        return name in self.gains and ties.tied(self.gains[name], self.given_up.get(self.best, 0.0))

    def kinds(self, model: str) -> tuple[str, ...]:
        """The kinds that a model is made of: its own, or those of the mean."""
        return self.members if model == MEAN else (model,)

    def cv_roc_auc(self, model: str) -> float:
        """Mean ROC AUC of a model over the folds."""
        return float(self.scores.mean(axis=1)[model])


@one_thread
def search(
    train: pd.DataFrame,
    folds: Sequence[Fold],
    spaces: Mapping[str, Space],
    seen: Seen,
    n_trials: int,
    rows: int,
    seed: int,
) -> SearchResult:
    """Choose a setting of each kind, and validate models with these settings.

    Parameters
    ----------
    train : DataFrame
        The training rows.
    folds : sequence of Fold
        Its folds (see `preprocessing.as_matrices`).
    spaces : dict
        Of each kind, the values to choose from, by name (see `kinds.spaces`).
    seen : Seen
        What is known of the rows: it decides which setting is tried first.
    n_trials : int
        Settings tried of a kind.
    rows : int
        Rows that a trial is fitted on, at most; the chosen settings are fitted on all.
    """
    first = freedom(seen)
    candidates = [(kind, setting) for kind in spaces for setting in trials(spaces[kind], n_trials, seed, first)]
    records = []
    available = max(len(fold.y) for fold in folds)
    for at_most in rungs(available, rows):
        tried = validated(candidates, folds, at_most, seed, quick=at_most < available)
        records += [(one.kind, describe(one.found), at_most, one.roc_auc) for one in tried]
        candidates = [(one.kind, one.setting) for kind in spaces for one in better_half(tried, kind)]
    chosen = [settled(tried, kind, spaces[kind], folds, seed) for kind in spaces]
    if rows < available:
        again = validated([(one.kind, one.setting) for one in chosen], folds, available, seed)
        chosen = [replace(new, given_up=old.given_up) for new, old in zip(again, chosen, strict=True)]
    tried_table = pd.DataFrame(records, columns=["model", "setting", "rows", "roc_auc"])
    return _result(train, folds, chosen, tried_table, seed)


def rungs(available: int, rows: int) -> list[int]:
    """Rows that each round of trials learns from: first a third, where that is enough to tell settings apart."""
    most = min(available, rows)
    few = max(LEAST, most // FEWER)
    return [few, most] if most >= 2 * few else [most]


def better_half(tried: Sequence[Trial], kind: str) -> list[Trial]:
    """Of a kind the half of its trials that validated best, in their order."""
    own = sorted((one for one in tried if one.kind == kind), key=lambda one: -one.roc_auc)
    return own[: (len(own) + 1) // 2]


def settled(tried: Sequence[Trial], kind: str, space: Space, folds: Sequence[Fold], seed: int) -> Trial:
    """Of a kind the simplest trial that ties with the best one."""
    own = sorted((one for one in tried if one.kind == kind), key=lambda one: complexity(space, one.setting))
    best = max(own, key=lambda one: one.roc_auc)
    truth, who = [fold.y_val for fold in folds], [fold.who for fold in folds]
    for one in own:
        if one is best:
            break
        gain = ties.gain(truth, best.probabilities, one.probabilities, who, seed)
        if ties.tied(gain):
            return replace(one, given_up=gain.high)
    return best


@one_thread
def validated(
    candidates: Sequence[tuple[str, Setting]], folds: Sequence[Fold], rows: int, seed: int, quick: bool = False
) -> list[Trial]:
    """Each candidate, fitted on at most `rows` rows of each fold; boosted trees stop early.

    `quick` takes fewer trees, which is enough to tell settings apart; the setting of a trial stays what it was.
    """
    asked_for = [(kind, quicker(setting) if quick else setting) for kind, setting in candidates]
    boosted = [setting for kind, setting in asked_for if kind == BOOSTING]
    others = [candidate for candidate in asked_for if candidate[0] != BOOSTING]
    stopped = iter(rounds.stopped(boosted, folds, rows, seed) if boosted else ())
    fitted = iter(side_by_side(fitted_on, [(*candidate, fold, rows, seed) for candidate in others for fold in folds]))
    trials_ = []
    for (kind, setting), (_, asked) in zip(candidates, asked_for, strict=True):
        if kind == BOOSTING:
            found, probabilities, boosters = next(stopped)
            models = [] if quick else [rounds.cut(found, booster, seed) for booster in boosters]
        else:
            found, (models, probabilities) = asked, map(list, zip(*(next(fitted) for _ in folds), strict=True))
        scores = [roc_auc(fold.y_val, p) for fold, p in zip(folds, probabilities, strict=True)]
        kept = () if quick else tuple(models)
        trials_.append(Trial(kind, setting, found, probabilities, float(np.mean(scores)), models=kept))
    return trials_


def quicker(setting: Setting) -> Setting:
    """The setting of a forest with fewer trees, or of boosted trees that need fewer; others as they are."""
    less = {"trees": min(setting["trees"], FEW)} if "trees" in setting else {}
    return {**setting, **less, **({"rate": min(FAST * setting["rate"], 1.0)} if "rate" in setting else {})}


def validate(kind: str, setting: Setting, fold: Fold, rows: int, seed: int) -> np.ndarray:
    """Probabilities of a fold's validation rows, by a model that is fitted on at most `rows` of its training rows."""
    return fitted_on(kind, setting, fold, rows, seed)[1]


def fitted_on(kind: str, setting: Setting, fold: Fold, rows: int, seed: int) -> tuple[ClassifierMixin, np.ndarray]:
    """A model that is fitted on at most `rows` of a fold's training rows, and its probabilities of the others."""
    some, (X, X_val) = sample_of_both(fold.y, rows, seed), fold.seen_by(kind)
    model = build(kind, setting, seed).fit(X[some], fold.y[some])
    return model, model.predict_proba(X_val)[:, 1].astype(float).round(9)


def _result(
    train: pd.DataFrame, folds: Sequence[Fold], chosen: Sequence[Trial], tried: pd.DataFrame, seed: int
) -> SearchResult:
    rows_left_out = [_identified(train, fold).assign(fold=n) for n, fold in enumerate(folds)]
    settings = {one.kind: one.found for one in chosen}
    probabilities = {one.kind: np.concatenate(one.probabilities) for one in chosen}
    validation = pd.concat(rows_left_out, ignore_index=True).assign(**probabilities)
    given_up = {one.kind: one.given_up for one in chosen}
    members, given_up[MEAN] = best_members(validation, given_up, seed)
    validation[MEAN] = validation[list(members)].mean(axis=1)
    scores = fold_scores(validation, [*probabilities, MEAN])
    gains = gains_of_best(validation, scores, seed)
    return SearchResult(settings, tried, validation, scores, members, gains, given_up, _by_day(train, folds, chosen))


def _by_day(train: pd.DataFrame, folds: Sequence[Fold], chosen: Sequence[Trial]) -> dict[pd.Timestamp, Fitted]:
    if KNOWN not in train:
        return {}
    days = [train.as_of.iloc[fold.val[0]] for fold in folds]
    models = [{one.kind: one.models[n] for one in chosen} for n in range(len(folds))]
    parts = zip(days, folds, models, strict=True)
    return {day: Fitted(fold.ready, own) for day, fold, own in parts if fold.ready is not None}


def _identified(train: pd.DataFrame, fold: Fold) -> pd.DataFrame:
    return train.loc[fold.val, [name for name in IDENTIFYING if name in train]]


def with_baselines(result: SearchResult, probabilities: Mapping[str, np.ndarray]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Validated rows and scores with those of the simple rules beside them (`rules.validated`), the rules first."""
    validation = result.validation.assign(**probabilities)
    return validation, fold_scores(validation, [*probabilities, *result.scores.index])
