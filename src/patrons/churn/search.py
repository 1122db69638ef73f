"""The search for a churn model: settings of each kind drawn from their spaces, judged on rows that they did not see.

Rows are prepared once a fold and serve every setting. What is compared is the mean ROC AUC over the folds; what gains
nothing beyond the paired interval is a tie, and of ties the first setting and the simpler kind stay. Fits are of one
thread each and go side by side, so that they come out the same on any number of cores.
"""

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from xgboost import XGBClassifier

from patrons.churn.ensemble import MeanOf
from patrons.churn.split import GROUP, OUTCOME, Folds, inputs, probability
from patrons.evaluation.metrics import roc_auc
from patrons.evaluation.scores import RANKING, Interval, mean_difference
from patrons.evaluation.splits import random_folds
from patrons.features.panel import KNOWN
from patrons.features.selection import TopFeatures
from patrons.threads import one_thread, side_by_side

LOGISTIC, FOREST, BOOSTING, NETWORK = "logistic regression", "random forest", "boosted trees", "neural network"
KINDS = (LOGISTIC, FOREST, BOOSTING, NETWORK)  # the simpler first
MEAN = "mean of the best three"
TOLD = ("customer_id", "as_of", KNOWN, OUTCOME)
Space = Mapping[str, Sequence]
Setting = dict[str, float | int | bool | str]


def build(kind: str, setting: Setting, seed: int) -> ClassifierMixin:
    """An unfitted model of a kind with one setting of its space. One thread each, so that sums come out the same."""
    if kind == LOGISTIC:
        return LogisticRegression(C=setting["c"], max_iter=2000)
    if kind == FOREST:
        weights = {"none": None, "balanced": "balanced"}[setting["weights"]]
        return RandomForestClassifier(
            setting["trees"], max_depth=setting["depth"], min_samples_leaf=setting["leaf"], max_samples=0.4,
            class_weight=weights, random_state=seed, n_jobs=1,
        )  # fmt: skip
    if kind == BOOSTING:
        return XGBClassifier(
            n_estimators=setting["rounds"], learning_rate=setting["rate"], max_depth=setting["depth"],
            min_child_weight=setting["leaf"], colsample_bytree=setting["columns"], subsample=0.8,
            reg_lambda=setting["ridge"], random_state=seed, n_jobs=1,
        )  # fmt: skip
    return MLPClassifier(
        (setting["units"],) * setting["layers"], alpha=setting["alpha"], early_stopping=setting["stopping"],
        n_iter_no_change=5, tol=1e-3, max_iter=300, random_state=seed,
    )  # fmt: skip


def trials(space: Space, most: int, seed: int) -> list[Setting]:
    """Settings of a space: the first value of each name together, then others drawn at random, none twice."""
    every = [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]
    drawn = np.random.default_rng(seed).permutation(len(every) - 1) + 1
    return [every[0], *(every[n] for n in sorted(drawn[: most - 1]))]


@dataclass(frozen=True)
class Prepared:
    """Rows of one fold as matrices: what is fitted on, and what is validated."""

    X: np.ndarray
    y: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    val: np.ndarray  # row numbers


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    settings : dict
        The setting of each kind that was settled on.
    tried : DataFrame
        A row a setting: `model`, `setting`, `roc_auc` (mean over folds), `seconds` (CPU, of fits).
    validation : DataFrame
        Customer, `as_of` where there are days, outcome, `fold`, and what each kind and the mean said of a row when it
        was left out.
    scores : DataFrame
        ROC AUC: a row a model, a column a fold.
    members : tuple of str
        The three kinds that the mean is made of; instead of the third a simpler fourth that is no worse.
    """

    settings: dict[str, Setting]
    tried: pd.DataFrame
    validation: pd.DataFrame
    scores: pd.DataFrame
    members: tuple[str, ...]

    def cv_roc_auc(self, model: str) -> float:
        """Mean ROC AUC of a model over the folds."""
        return float(self.scores.loc[model].mean())


def front(prepare: ColumnTransformer, top: int, seed: int) -> Pipeline:
    """What lies before a model: the preparation, then the `top` columns that tell most (0 keeps all)."""
    steps = [("prepare", clone(prepare).set_output(transform="default"))]
    return Pipeline(steps + ([("select", TopFeatures(top, trees=50, random_state=seed))] if top else []))


@one_thread
def fit_front(unfitted: Pipeline, X: pd.DataFrame, y: np.ndarray, rows: int, seed: int) -> Pipeline:
    """A fitted front; columns are chosen on at most `rows` rows, the rest is fitted on all."""
    prepare = unfitted["prepare"].fit(X)
    if "select" in unfitted.named_steps:
        few = sample(len(X), rows, seed)
        unfitted["select"].fit(prepare.transform(X.iloc[few]), y[few])
    return unfitted


def sample(available: int, most: int, seed: int) -> np.ndarray:
    """Row numbers, all or `most` of them drawn at random, in order."""
    return np.sort(np.random.default_rng(seed).permutation(available)[:most])


@one_thread
def prepared(train: pd.DataFrame, folds: Folds, unfitted: Pipeline, rows: int, seed: int) -> list[Prepared]:
    """The matrices of each fold, by a front fitted on its own rows."""
    X, y = inputs(train), train[OUTCOME].to_numpy()
    return side_by_side(_prepared, [(X, y, fit, val, unfitted, rows, seed) for fit, val in folds])


def _prepared(
    X: pd.DataFrame, y: np.ndarray, fit: np.ndarray, val: np.ndarray, unfitted: Pipeline, rows: int, seed: int
) -> Prepared:
    ready = fit_front(clone(unfitted), X.iloc[fit], y[fit], rows, seed)
    return Prepared(ready.transform(X.iloc[fit]), y[fit], ready.transform(X.iloc[val]), y[val], val)


def _try(kind: str, setting: Setting, part: Prepared, rows: int, seed: int) -> tuple[float, float]:
    """ROC AUC on a fold when fitted on at most `rows` rows, and the CPU seconds it took."""
    began = time.thread_time()
    return roc_auc(part.y_val, fitted(kind, setting, part, rows, seed)), time.thread_time() - began


def fitted(kind: str, setting: Setting, part: Prepared, rows: int, seed: int) -> np.ndarray:
    """What a model that is fitted on at most `rows` rows of a fold says of the others."""
    few = sample(len(part.y), rows, seed)
    return build(kind, setting, seed).fit(part.X[few], part.y[few]).predict_proba(part.X_val)[:, 1].round(9)


@one_thread
def search(
    train: pd.DataFrame, parts: Sequence[Prepared], spaces: Mapping[str, Space], n_trials: int, rows: int, seed: int
) -> Found:
    """The setting of each kind that stays, and what models with it say of rows left out.

    Parameters
    ----------
    train : DataFrame
        The training rows.
    parts : sequence of Prepared
        Its folds (see `prepared`).
    spaces : dict
        Of each kind, the values to choose from, by name.
    n_trials : int
        Settings tried of a kind.
    rows : int
        Rows that a trial is fitted on, at most; the chosen settings are fitted on all.
    """
    asked = [(kind, setting) for kind, space in spaces.items() for setting in trials(space, n_trials, seed)]
    each = side_by_side(_try, [(*one, part, rows, seed) for one in asked for part in parts])
    reached, seconds = np.array(each).reshape(len(asked), len(parts), 2).transpose(2, 0, 1)
    table = pd.DataFrame(asked, columns=["model", "setting"])
    table = table.assign(roc_auc=reached.mean(axis=1), seconds=seconds.sum(axis=1))
    best = table.loc[table.groupby("model", sort=False).roc_auc.idxmax()]
    rivals = [(kind, trials(spaces[kind], 1, seed)[0], one) for kind, one in zip(best.model, best.setting, strict=True)]
    settings, said = settled(rivals, parts, seed)
    told = [
        train.loc[part.val, [name for name in TOLD if name in train]].assign(fold=n) for n, part in enumerate(parts)
    ]
    validation = pd.concat(told, ignore_index=True).assign(**said)
    members = best_three(validation, fold_scores(validation, settings), seed)
    validation[MEAN] = validation[list(members)].mean(axis=1)
    shown = table.assign(setting=[words(one) for one in table.setting])
    return Found(settings, shown, validation, fold_scores(validation, [*settings, MEAN]), members)


def words(setting: Setting) -> str:
    """A setting as a reader sees it."""
    return ", ".join(f"{name} {value}" for name, value in setting.items())


def settled(
    rivals: Sequence[tuple[str, Setting, Setting]], parts: Sequence[Prepared], seed: int
) -> tuple[dict[str, Setting], dict[str, np.ndarray]]:
    """Of each kind the setting that stays, and what it says of the rows left out, fold after fold.

    The first stays unless the best of the trials ranks better beyond the paired interval, both fitted on all rows: the
    best of many that are equal is the luckiest [as the one-standard-error rule of Breiman et al., CART, 1984]. The
    interval knows neither that it was the luckiest nor that folds share customers, so some ties are still broken.
    """
    asked = [(kind, one) for kind, first, best in rivals for one in ([first] if best == first else [first, best])]
    each = iter(side_by_side(fitted, [(*one, part, len(part.y), seed) for one in asked for part in parts]))
    settings, said = {}, {}
    for kind, setting in asked:
        new = [next(each) for _ in parts]
        if kind not in said or gain([part.y_val for part in parts], new, said[kind], seed).low > 0:
            settings[kind], said[kind] = setting, new
    return settings, {kind: np.concatenate(one) for kind, one in said.items()}


def gain(truth: Sequence[np.ndarray], new: Sequence[np.ndarray], old: Sequence[np.ndarray], seed: int) -> Interval:
    """What one score gains in ROC AUC over another, the mean over folds, with its paired 95 % interval."""
    return mean_difference(RANKING["roc_auc"], list(zip(truth, new, old, strict=True)), seed=seed)


def best_three(validation: pd.DataFrame, by_fold: pd.DataFrame, seed: int) -> tuple[str, ...]:
    """The three kinds that rank best; of third and fourth the simpler, unless the other gains beyond the interval."""
    ranked = list(by_fold.mean(axis=1).sort_values(ascending=False, kind="stable").index)
    if len(ranked) > 3 and KINDS.index(ranked[3]) < KINDS.index(ranked[2]):
        folds = [part for _, part in validation.groupby("fold")]
        if gain(*([part[name].to_numpy() for part in folds] for name in (OUTCOME, *ranked[2:4])), seed).low <= 0:
            ranked[2] = ranked[3]
    return tuple(ranked[:3])


def fold_scores(validation: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """ROC AUC of each model (rows) on each fold (columns)."""
    parts = dict(list(validation.groupby("fold")))
    return pd.DataFrame({n: {m: roc_auc(part[OUTCOME], part[m]) for m in names} for n, part in parts.items()})


@one_thread
def with_rules(
    found: Found, rules: Mapping[str, Pipeline], train: pd.DataFrame, folds: Folds
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Out-of-fold rows and scores with those of the baselines beside them, the baselines first."""
    X, y = inputs(train), train[OUTCOME]
    said = {
        name: np.concatenate([probability(clone(rule).fit(X.iloc[f], y.iloc[f]), X.iloc[v]) for f, v in folds])
        for name, rule in rules.items()
    }
    validation = found.validation.assign(**said)
    return validation, fold_scores(validation, [*rules, *found.scores.index])


@one_thread
def final(found: Found, ready: Pipeline, Z: np.ndarray, y: np.ndarray, seed: int) -> dict[str, MeanOf]:
    """Every kind with its setting, and the mean of the members, fitted on all training rows.

    Parameters
    ----------
    ready : Pipeline
        The fitted front.
    Z : array
        The training rows as it gives them.
    """
    models = side_by_side(lambda *one: build(*one, seed).fit(Z, y), found.settings.items())
    fitted = dict(zip(found.settings, models, strict=True))
    alone = {kind: MeanOf([model]).joined([model], Z) for kind, model in fitted.items()}
    together = [fitted[kind] for kind in found.members]
    return {**alone, MEAN: MeanOf(together).joined(together, Z)}


@one_thread
def whole(ready: Pipeline, model: ClassifierMixin) -> Pipeline:
    """The fitted front and a fitted model as one pipeline, from raw feature columns to a probability."""
    return Pipeline([*ready.steps, ("model", model)])


@one_thread
def whole_cv(
    found: Found, chosen: str, panel: pd.DataFrame, prepare: ColumnTransformer, top: int, cv_folds: int, seed: int
) -> float:
    """Mean ROC AUC of the chosen model: of a log over its origins, of a table over folds of the *whole* table.

    The settings were chosen on folds of a table's training rows, so the last is what published cross-validations are,
    and a little kinder than the hold-out.
    """
    if "as_of" in panel:
        return found.cv_roc_auc(chosen)
    parts = prepared(panel, random_folds(panel[GROUP].to_numpy(), panel[OUTCOME].to_numpy(), cv_folds, seed),
                     front(prepare, int(top), seed), len(panel), seed)  # fmt: skip
    kinds = found.members if chosen == MEAN else (chosen,)
    return float(np.mean(side_by_side(_together, [(kinds, found.settings, part, seed) for part in parts])))


def _together(kinds: Sequence[str], settings: Mapping[str, Setting], part: Prepared, seed: int) -> float:
    models = [build(kind, settings[kind], seed).fit(part.X, part.y) for kind in kinds]
    said = np.mean([model.predict_proba(part.X_val)[:, 1] for model in models], axis=0)
    return roc_auc(part.y_val, said.round(9))
