"""The search for a churn model: settings of each kind drawn from their spaces, judged on rows that they did not see.

Rows are prepared once a fold and serve every setting. What is compared is the mean ROC AUC over the folds; what gains
nothing beyond the paired interval is a tie, and of ties the first setting and the simplest model stay (in the order of
`kinds.MODELS`, the mean of three last). Fits are of one thread each and go side by side, so that they come out the same
on any number of cores.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from patrons.churn.kinds import KINDS, MEAN, MODELS, Setting, Space, describe, trials
from patrons.churn.preprocessing import Fold, validate
from patrons.churn.split import Folds, probability
from patrons.evaluation.metrics import Interval, roc_auc
from patrons.evaluation.scores import RANKING, mean_difference
from patrons.features.panel import KNOWN, OUTCOME
from patrons.features.split import inputs
from patrons.threads import one_thread, side_by_side

IDENTIFYING = ("customer_id", "as_of", KNOWN, OUTCOME)


@dataclass(frozen=True)
class SearchResult:
    """What a search chose, and what it chose by.

    Attributes
    ----------
    settings : dict
        The setting of each kind that was chosen.
    tried : DataFrame
        A row a setting: `model`, `setting`, `roc_auc` (mean over folds), `seconds` (CPU, of fits).
    validation : DataFrame
        Customer, `as_of` where there are days, outcome, `fold`, and of each kind and the mean the probability of a row
        when it was left out.
    scores : DataFrame
        ROC AUC: a row a model, a column a fold.
    members : tuple of str
        The three kinds that the mean is made of; instead of the third a simpler fourth that is no worse.
    gains : dict
        What the model that validates best gains in ROC AUC over each of the others, with the paired interval.
    """

    settings: dict[str, Setting]
    tried: pd.DataFrame
    validation: pd.DataFrame
    scores: pd.DataFrame
    members: tuple[str, ...]
    gains: dict[str, Interval]

    @property
    def best(self) -> str:
        """The model that validates best."""
        return str(self.scores.mean(axis=1).idxmax())

    @property
    def chosen(self) -> str:
        """The simplest model that is as good: the best one gains nothing over it beyond the paired interval."""
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
        """Whether the best model gains nothing over this one beyond the paired interval."""
        return name in self.gains and self.gains[name].low <= 0

    def kinds(self, model: str) -> tuple[str, ...]:
        """The kinds that a model is made of: its own, or those of the mean."""
        return self.members if model == MEAN else (model,)

    def cv_roc_auc(self, model: str) -> float:
        """Mean ROC AUC of a model over the folds."""
        return float(self.scores.mean(axis=1)[model])


@one_thread
def search(
    train: pd.DataFrame, folds: Sequence[Fold], spaces: Mapping[str, Space], n_trials: int, rows: int, seed: int
) -> SearchResult:
    """Choose a setting of each kind, and validate models with these settings.

    Parameters
    ----------
    train : DataFrame
        The training rows.
    folds : sequence of Fold
        Its folds (see `preprocessing.as_matrices`).
    spaces : dict
        Of each kind, the values to choose from, by name.
    n_trials : int
        Settings tried of a kind.
    rows : int
        Rows that a trial is fitted on, at most; the chosen settings are fitted on all.
    """
    candidates = [(kind, setting) for kind, space in spaces.items() for setting in trials(space, n_trials, seed)]
    tried = try_out(candidates, folds, rows, seed)
    best = tried.loc[tried.groupby("model", sort=False).roc_auc.idxmax()]
    rivals = [
        (kind, trials(spaces[kind], 1, seed)[0], setting)
        for kind, setting in zip(best.model, best.setting, strict=True)
    ]
    settings, probabilities = choose_settings(rivals, folds, seed)
    rows_left_out = [_identified(train, fold).assign(fold=n) for n, fold in enumerate(folds)]
    validation = pd.concat(rows_left_out, ignore_index=True).assign(**probabilities)
    members = best_three(validation, fold_scores(validation, list(settings)), seed)
    validation[MEAN] = validation[list(members)].mean(axis=1)
    scores = fold_scores(validation, [*settings, MEAN])
    tried = tried.assign(setting=[describe(setting) for setting in tried.setting])
    return SearchResult(settings, tried, validation, scores, members, gains_of_best(validation, scores, seed))


def try_out(candidates: list[tuple[str, Setting]], folds: Sequence[Fold], rows: int, seed: int) -> pd.DataFrame:
    """Validate each kind with each setting, fitted on at most `rows` rows.

    Returns
    -------
    DataFrame
        `model`, `setting`, `roc_auc` (mean over folds), `seconds` (CPU, of fits); in the order of the candidates.
    """
    calls = [(*candidate, fold, rows, seed) for candidate in candidates for fold in folds]
    results = np.array(side_by_side(_score, calls)).reshape(len(candidates), len(folds), 2)
    table = pd.DataFrame(candidates, columns=["model", "setting"])
    return table.assign(roc_auc=results[:, :, 0].mean(axis=1), seconds=results[:, :, 1].sum(axis=1))


def _score(kind: str, setting: Setting, fold: Fold, rows: int, seed: int) -> tuple[float, float]:
    """ROC AUC on a fold, and the CPU seconds that it took."""
    began = time.thread_time()
    return roc_auc(fold.y_val, validate(kind, setting, fold, rows, seed)), time.thread_time() - began


def _identified(train: pd.DataFrame, fold: Fold) -> pd.DataFrame:
    return train.loc[fold.val, [name for name in IDENTIFYING if name in train]]


def choose_settings(
    rivals: Sequence[tuple[str, Setting, Setting]], folds: Sequence[Fold], seed: int
) -> tuple[dict[str, Setting], dict[str, np.ndarray]]:
    """Of each kind the setting that stays, and its probabilities of the rows left out, fold after fold.

    The first stays unless the best of the trials ranks better beyond the paired interval, both fitted on all rows: the
    best of many that are equal is the luckiest [as the one-standard-error rule of Breiman et al., CART, 1984]. The
    interval knows neither that it was the luckiest nor that folds share customers, so some ties are still broken.
    """
    candidates = [
        (kind, setting) for kind, first, best in rivals for setting in ([first] if best == first else [first, best])
    ]
    calls = [(*candidate, fold, len(fold.y), seed) for candidate in candidates for fold in folds]
    validated = iter(side_by_side(validate, calls))
    truth, settings = [fold.y_val for fold in folds], {}
    probabilities: dict[str, list[np.ndarray]] = {}
    for kind, setting in candidates:
        new = [next(validated) for _ in folds]
        if kind not in settings or gain(truth, new, probabilities[kind], seed).low > 0:
            settings[kind], probabilities[kind] = setting, new
    return settings, {kind: np.concatenate(parts) for kind, parts in probabilities.items()}


def gain(truth: Sequence[np.ndarray], new: Sequence[np.ndarray], old: Sequence[np.ndarray], seed: int) -> Interval:
    """What one score gains in ROC AUC over another, the mean over folds, with its paired 95 % interval."""
    return mean_difference(RANKING["roc_auc"], list(zip(truth, new, old, strict=True)), seed=seed)


def gain_in(validation: pd.DataFrame, new: str, old: str, seed: int) -> Interval:
    """As `gain`, of two models in validated rows."""
    folds = [fold for _, fold in validation.groupby("fold")]
    truth, score, other = ([fold[name].to_numpy() for fold in folds] for name in (OUTCOME, new, old))
    return gain(truth, score, other, seed)


def best_three(validation: pd.DataFrame, by_fold: pd.DataFrame, seed: int) -> tuple[str, ...]:
    """The three kinds that rank best; of third and fourth the simpler, unless the other gains beyond the interval."""
    ranked = list(by_fold.mean(axis=1).sort_values(ascending=False, kind="stable").index)
    simpler = len(ranked) > 3 and KINDS.index(ranked[3]) < KINDS.index(ranked[2])
    if simpler and gain_in(validation, ranked[2], ranked[3], seed).low <= 0:
        ranked[2] = ranked[3]
    return tuple(ranked[:3])


def gains_of_best(validation: pd.DataFrame, by_fold: pd.DataFrame, seed: int) -> dict[str, Interval]:
    """What the model that ranks best gains over each of the others, by validated rows."""
    best = str(by_fold.mean(axis=1).idxmax())
    return {name: gain_in(validation, best, name, seed) for name in by_fold.index if name != best}


def fold_scores(validation: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """ROC AUC of each model (rows) on each fold (columns)."""
    folds = {
        n: {name: roc_auc(fold[OUTCOME].to_numpy(), fold[name].to_numpy()) for name in names}
        for n, fold in validation.groupby("fold")
    }
    return pd.DataFrame(folds)


@one_thread
def with_baselines(
    result: SearchResult, baselines: Mapping[str, Pipeline], train: pd.DataFrame, folds: Folds
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Validated rows and scores with those of the simple rules beside them, the rules first."""
    X, y = inputs(train), train[OUTCOME]
    probabilities = {
        name: np.concatenate([probability(clone(rule).fit(X.iloc[f], y.iloc[f]), X.iloc[v]) for f, v in folds])
        for name, rule in baselines.items()
    }
    validation = result.validation.assign(**probabilities)
    return validation, fold_scores(validation, [*baselines, *result.scores.index])
