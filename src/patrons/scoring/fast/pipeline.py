"""One customer through a fitted pipeline without pandas: the same arithmetic, read from the fitted attributes.

A one-row DataFrame costs a ColumnTransformer milliseconds, and a forest starts its thread pool for it. Here each step
becomes a function of one row; a model that holds a step without such a form is used as it is.
Whether a fast form agrees with its model is checked on customers when a release is built (`scoring.build`).
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
from sklearn.preprocessing import OneHotEncoder, PowerTransformer, StandardScaler, TargetEncoder

from patrons.features.missing import MissingFlags
from patrons.features.preparation import IQRClipper, SignedLog, signed_log
from patrons.features.selection import Assembler
from patrons.scoring.fast.models import Unsupported, last
from patrons.segments.inputs import ByTypical

Row = Mapping[str, Any]  # feature name -> float, or text with NaN for missing
Prepare = Callable[[Row], np.ndarray]
Step = Callable[[Any], Any]
UNKNOWN, ABSENT = "(never seen)", "(absent)"  # keys beside the categories


def compiled(model: BaseEstimator, prepare: Prepare | None = None) -> Callable[[Row], Any] | None:
    """The fast form of a fitted pipeline: from a row to its class probabilities or, for a clusterer, its group.

    Parameters
    ----------
    model : Pipeline
    prepare : callable, optional
        What `prepared` returned for it, where several share that.

    Returns
    -------
    callable or None
        None where a step has no fast form.
    """
    prepare = prepare or prepared(model)
    try:
        return _chain([prepare, last(model[-1])]) if prepare else None
    except Unsupported:
        return None


def prepared(model: BaseEstimator) -> Prepare | None:
    """The fast form of all steps but the last: from a row to the numbers that the last step takes."""
    try:
        return Once(_before_last(model))
    except Unsupported:
        return None


class Once:
    """A function of a row that is called for the same row several times, and computes once.

    The row and its result are replaced together: threads that alternate compute more often, never wrongly.
    """

    def __init__(self, function: Callable[[Row], Any]):
        self.function = function
        self._last: tuple[Row | None, Any] = (None, None)

    def __call__(self, row: Row) -> Any:
        last_row, result = self._last
        if last_row is not row:
            result = self.function(row)
            self._last = (row, result)
        return result


def _before_last(model: BaseEstimator) -> Prepare:
    if not isinstance(model, Pipeline):
        raise Unsupported(type(model).__name__)
    first, *rest = [step for _, step in model.steps[:-1]]
    return _chain([_entrance(first), *(_step(step) for step in rest)])


def _entrance(step: BaseEstimator) -> Prepare:
    """The first step, which takes columns by name."""
    if isinstance(step, ColumnTransformer):
        return _columns(step)
    if isinstance(step, Pipeline):
        return _chain([_entrance(step[0]), *(_step(inner) for _, inner in step.steps[1:])])
    return _chain([_numbers(step.feature_names_in_), _step(step)])


def _columns(step: ColumnTransformer) -> Prepare:
    parts = []
    for _, transformer, columns in step.transformers_:
        if len(columns) == 0 or (isinstance(transformer, str) and transformer == "drop"):
            continue
        encoder = _encoder(transformer)
        if encoder is not None:
            parts.append(_categories(transformer, encoder, list(columns)))
        else:
            parts.append(_chain([_numbers(columns), _step(transformer)]))
    return lambda row: np.concatenate([part(row) for part in parts])


def _numbers(columns: Sequence[str]) -> Prepare:
    names = [str(name) for name in columns]
    if len(names) == 1:
        return lambda row: np.array([row[names[0]]], dtype=float)
    pick = itemgetter(*names)
    return lambda row: np.array(pick(row), dtype=float)


def _encoder(transformer: BaseEstimator) -> OneHotEncoder | TargetEncoder | None:
    """The step that makes numbers of categories; None where there is none."""
    steps = [step for _, step in transformer.steps] if isinstance(transformer, Pipeline) else [transformer]
    return next((step for step in steps if isinstance(step, (OneHotEncoder, TargetEncoder))), None)


def _categories(transformer: BaseEstimator, encoder: OneHotEncoder | TargetEncoder, columns: list[str]) -> Prepare:
    """Encoded categories, tabulated by applying the fitted transformer to each.

    A row's output is that of the first category of every column, plus what each of its own categories changes in it.
    """
    first = {name: values[0] for name, values in zip(columns, encoder.categories_, strict=True)}
    pairs = [(name, value) for name, values in zip(columns, encoder.categories_, strict=True) for value in values]
    pairs += [(name, value) for name in columns for value in (UNKNOWN, np.nan)]
    table = pd.DataFrame([first, *(first | {name: value} for name, value in pairs)], columns=columns, dtype=object)
    base, *rows = np.asarray(transformer.transform(table), dtype=float)
    changes: dict[str, dict[Any, np.ndarray]] = {name: {} for name in columns}
    for (name, value), row in zip(pairs, rows, strict=True):
        changes[name][ABSENT if value != value else value] = row - base

    def encode(row: Row) -> np.ndarray:
        total = base
        for name, by_category in changes.items():
            value = row[name]
            total = total + by_category.get(ABSENT if value != value else value, by_category[UNKNOWN])
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
        return _chain([_step(inner) for _, inner in step.steps])
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
    MissingFlags: lambda step: lambda x: np.isnan(x[step.kept_]).astype(float),
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
