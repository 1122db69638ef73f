"""One customer through a fitted pipeline without pandas: the same arithmetic, read from the fitted attributes.

A one-row DataFrame costs a ColumnTransformer milliseconds, and a forest starts its thread pool for it. Here each step
becomes a function of one row; a model that holds a step without such a form is used as it is.
Whether the fast form says the same is checked on customers when a release is built (`release.build`).
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, PowerTransformer, StandardScaler

from patrons.features.preparation import IQRClipper, SignedLog, signed_log
from patrons.features.selection import Assembler
from patrons.scoring.fast.models import Unsupported, last
from patrons.segments.inputs import ByTypical

Row = Mapping[str, Any]  # feature name -> float, or text with NaN for missing
Step = Callable[[Any], Any]
UNKNOWN, ABSENT = "(never seen)", "(absent)"  # keys that are no category


def compiled(model: BaseEstimator, prepare: Callable[[Row], np.ndarray] | None = None) -> Callable | None:
    """The fast form of a fitted pipeline: of one row, its class probabilities or, of a clusterer, its group.

    Parameters
    ----------
    model : Pipeline
    prepare : callable, optional
        What `prepared` gave of it, where others use it too.

    Returns
    -------
    callable or None
        None where a step has no fast form.
    """
    prepare = prepare or prepared(model)
    try:
        return prepare and _chain([prepare, last(model[-1])])
    except Unsupported:
        return None


def prepared(model: BaseEstimator) -> Callable[[Row], np.ndarray] | None:
    """The fast form of all steps but the last: of one row, the numbers that the last step takes."""
    try:
        return Once(_before_last(model))
    except Unsupported:
        return None


class Once:
    """A function of a row that is asked about the same row several times, and computes once.

    What is kept is replaced as a whole: threads that ask about different rows compute more, never wrongly.
    """

    def __init__(self, function: Callable[[Row], Any]):
        self.function, self._last = function, (None, None)

    def __call__(self, row: Row) -> Any:
        asked, said = self._last
        if asked is not row:
            said = self.function(row)
            self._last = (row, said)
        return said


def _before_last(model: BaseEstimator) -> Callable[[Row], np.ndarray]:
    if not isinstance(model, Pipeline):
        raise Unsupported(type(model).__name__)
    first, *rest = [step for _, step in model.steps[:-1]]
    return _chain([_entrance(first), *(_step(one) for one in rest)])


def _entrance(step: BaseEstimator) -> Callable[[Row], np.ndarray]:
    """The first step, which takes columns by name."""
    if isinstance(step, ColumnTransformer):
        return _columns(step)
    if isinstance(step, Pipeline):
        return _chain([_entrance(step[0]), *(_step(one) for _, one in step.steps[1:])])
    return _chain([_numbers(step.feature_names_in_), _step(step)])


def _columns(step: ColumnTransformer) -> Callable[[Row], np.ndarray]:
    parts = []
    for _, transformer, columns in step.transformers_:
        if len(columns) == 0 or (isinstance(transformer, str) and transformer == "drop"):
            continue
        encoder = transformer[-1] if isinstance(transformer, Pipeline) else transformer
        if isinstance(encoder, OneHotEncoder):
            parts.append(_categories(transformer, list(columns)))
        else:
            parts.append(_chain([_numbers(columns), _step(transformer)]))
    return lambda row: np.concatenate([part(row) for part in parts])


def _numbers(columns: Sequence[str]) -> Callable[[Row], np.ndarray]:
    names = [str(name) for name in columns]
    if len(names) == 1:
        return lambda row: np.array([row[names[0]]], dtype=float)
    pick = itemgetter(*names)
    return lambda row: np.array(pick(row), dtype=float)


def _categories(transformer: BaseEstimator, columns: list[str]) -> Callable[[Row], np.ndarray]:
    """One-hot columns, found out by asking the fitted transformer for each category.

    Each column adds what its category changes in the output for the first categories of all.
    """
    encoder = transformer[-1] if isinstance(transformer, Pipeline) else transformer
    first = {name: values[0] for name, values in zip(columns, encoder.categories_, strict=True)}
    asked = [(name, one) for name, values in zip(columns, encoder.categories_, strict=True) for one in values]
    asked += [(name, other) for name in columns for other in (UNKNOWN, np.nan)]
    table = pd.DataFrame([first, *(first | {name: one} for name, one in asked)], columns=columns, dtype=object)
    base, *rows = np.asarray(transformer.transform(table), dtype=float)
    changes = {name: {} for name in columns}
    for (name, one), row in zip(asked, rows, strict=True):
        changes[name][ABSENT if one != one else one] = row - base

    def encode(row: Row) -> np.ndarray:
        total = base
        for name, known in changes.items():
            value = row[name]
            total = total + known.get(ABSENT if value != value else value, known[UNKNOWN])
        return total

    return encode


def _chain(steps: Sequence[Step]) -> Step:
    def run(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return run


def _step(step: BaseEstimator | str) -> Step:
    """A step from numbers to numbers."""
    if isinstance(step, str) and step == "passthrough":
        return lambda x: x
    if isinstance(step, Pipeline):
        return _chain([_step(one) for _, one in step.steps])
    for kind, make in STEPS.items():
        if isinstance(step, kind):
            return make(step)
    raise Unsupported(type(step).__name__)


def _impute(step: SimpleImputer) -> Step:
    fill = np.asarray(step.statistics_, dtype=float)
    if np.isnan(fill).any() or step.add_indicator or not np.isnan(step.missing_values):
        raise Unsupported("SimpleImputer that drops or adds columns")
    return lambda x: np.where(np.isnan(x), fill, x)


def _scale(step: StandardScaler) -> Step:
    mean = step.mean_ if step.with_mean else 0.0
    scale = step.scale_ if step.with_std else 1.0
    return lambda x: (x - mean) / scale


def _select(step: SelectorMixin) -> Step:
    kept = step.get_support(indices=True)
    return lambda x: x[kept]


def _power(step: PowerTransformer) -> Step:
    """Yeo-Johnson [Yeo & Johnson, Biometrika 87(4), 2000], the four cases of the formula."""
    if step.method != "yeo-johnson":
        raise Unsupported("Box-Cox")
    powers = np.asarray(step.lambdas_, dtype=float)
    scale = _scale(step._scaler) if step.standardize else (lambda x: x)
    zero, two = np.abs(powers) < np.spacing(1.0), np.abs(powers - 2) <= np.spacing(1.0)
    above, below = np.where(zero, 1.0, powers), np.where(two, 1.0, 2 - powers)

    def transform(x: np.ndarray) -> np.ndarray:
        size = np.log1p(np.abs(x))
        high = np.where(zero, size, np.expm1(above * size) / above)
        low = np.where(two, -size, -np.expm1(below * size) / below)
        return scale(np.where(x >= 0, high, low))

    return transform


def _project(step: PCA) -> Step:
    if step.whiten:
        raise Unsupported("PCA that whitens")
    return lambda x: (x - step.mean_) @ step.components_.T


STEPS: dict[type, Callable[[Any], Step]] = {
    SimpleImputer: _impute,
    IQRClipper: lambda step: lambda x: np.clip(x, step.lower_, step.upper_),
    SignedLog: lambda step: signed_log,
    StandardScaler: _scale,
    ByTypical: lambda step: lambda x: x / step.typical_,
    SelectorMixin: _select,
    PowerTransformer: _power,
    PCA: _project,
    Assembler: lambda step: lambda x: x,
}
