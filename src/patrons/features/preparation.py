"""Features made fit for models: impute, clip, scale, encode. Fitted on training rows, saved with the model."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from patrons.features.missing import SIMPLE, GapScaler, MissingFlags, imputer
from patrons.features.selection import Assembler, CorrelationFilter

PLAIN = "plain"  # the part of `two_views` that changes nothing
SHARED = ("categories", "encoded")  # parts that both views have
SMOOTH = 10.0  # rows of the mean outcome that the rate of each value is mixed with
MANY = 30  # values from which a category gets, beside 0 and 1 for frequent ones, the rate of its outcome


class IQRClipper(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Pull values outside [Q1 - factor * IQR, Q3 + factor * IQR] back to these limits.

    A column whose quartiles are equal (most customers have 0 orders in a short window) or that holds nothing has no
    spread to measure outliers by. Clipping would erase it, so it is left as it is and its limits are infinite.

    Parameters
    ----------
    factor : float, default=1.5
        Interquartile ranges beyond the quartiles [Tukey, Exploratory Data Analysis, 1977].

    Attributes
    ----------
    lower_, upper_ : ndarray of shape (n_features,)
        The limits, in the units of each column.
    """

    def __init__(self, factor: float = 1.5):
        self.factor = factor

    def fit(self, X: ArrayLike, y: None = None) -> "IQRClipper":
        X = validate_data(self, X, dtype=float, ensure_all_finite="allow-nan")
        empty = np.isnan(X).all(axis=0)
        q1, q3 = np.nanquantile(np.where(empty, 0.0, X), [0.25, 0.75], axis=0)
        reach = np.where(q3 > q1, self.factor * (q3 - q1), np.inf)
        self.lower_, self.upper_ = q1 - reach, q3 + reach
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=float, ensure_all_finite="allow-nan", reset=False)
        # row by row, so that later sums over rows do not depend on where in memory a column begins
        return np.ascontiguousarray(np.clip(X, self.lower_, self.upper_))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class SignedLog(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Logarithm of 1 + the size of a number, with its sign: it shortens the long tails of sums and counts.

    0 stays 0, missing stays missing, and the order of values stays.
    """

    def fit(self, X: ArrayLike, y: None = None) -> "SignedLog":
        validate_data(self, X, dtype=float, ensure_all_finite="allow-nan")
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self, "n_features_in_")
        return signed_log(validate_data(self, X, dtype=float, ensure_all_finite="allow-nan", reset=False))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def signed_log(x: np.ndarray) -> np.ndarray:
    """The transform of `SignedLog`."""
    return np.copysign(np.log1p(np.abs(x)), x)


def preparation(
    numeric: Sequence[str],
    categorical: Sequence[str],
    iqr_factor: float = 1.5,
    max_correlation: float = 1.0,
    calendar: Sequence[str] = (),
    imputation: str = "median",
) -> ColumnTransformer:
    """An unfitted transformer from raw feature columns to numbers that any model takes.

    Numbers: missing ones are filled (`missing.METHODS`), their signed logarithm is taken, outliers are clipped, and the
    result is scaled to mean 0 and variance 1; of two that correlate beyond `max_correlation` the later one is dropped,
    and what was missing gets a flag. A column that holds nothing becomes 0. Categories: missing is a category of its
    own, rare ones (under 1 %) share one, and unknown ones count as rare. Numbers in `calendar`, which depend on the
    season, are only scaled: a peak is no outlier.
    """
    categories = make_pipeline(
        *_named_categories(),
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.01, sparse_output=False),
    )
    usual = [name for name in numeric if name not in calendar]
    parts = [
        ("numbers", _numbers(iqr_factor, max_correlation, imputation), usual),
        ("categories", categories, list(categorical)),
        ("calendar", StandardScaler(), list(calendar)),
        ("missing", make_pipeline(Assembler(), MissingFlags()), usual),
    ]
    return ColumnTransformer(parts, verbose_feature_names_out=False).set_output(transform="pandas")


def _numbers(iqr_factor: float, max_correlation: float, imputation: str) -> Pipeline:
    shape, simple = [SignedLog(), IQRClipper(iqr_factor)], imputation in SIMPLE
    # distances and regressions want one scale, so these fill what is already scaled
    last = [StandardScaler()] if simple else [GapScaler(), imputer(imputation)]
    filled = [imputer(imputation)] if simple else []
    return make_pipeline(Assembler(), *filled, *shape, *last, CorrelationFilter(max_correlation))


def _named_categories() -> tuple[Assembler, SimpleImputer]:
    return Assembler(), SimpleImputer(strategy="constant", fill_value="missing", keep_empty_features=True)


def imputed(prepare: ColumnTransformer, imputation: str) -> ColumnTransformer:
    """The same preparation, unfitted, with missing numbers filled in another way."""
    numbers = {name: step for name, step, _ in prepare.transformers}["numbers"]
    limits = numbers.named_steps["iqrclipper"].factor, numbers.named_steps["correlationfilter"].limit
    steps = [
        (name, _numbers(*limits, imputation) if name == "numbers" else clone(step), columns)
        for name, step, columns in prepare.transformers
    ]
    return ColumnTransformer(steps, verbose_feature_names_out=False).set_output(transform="pandas")


def many_valued(prepare: ColumnTransformer, X: pd.DataFrame) -> list[str]:
    """The categories of a preparation that have `MANY` values or more in `X`."""
    categorical: list[str] = next((columns for name, _, columns in prepare.transformers if name == "categories"), [])
    return [name for name in categorical if X[name].nunique() >= MANY]


def columns_of(prepare: ColumnTransformer) -> list[str]:
    """The raw columns of a preparation, each once."""
    return list(dict.fromkeys(name for _, _, own in prepare.transformers for name in own))


def only(prepare: ColumnTransformer, columns: Sequence[str]) -> ColumnTransformer:
    """The same preparation, unfitted, for those of its columns that are in `columns`."""
    steps = [(name, clone(step), [c for c in own if c in columns]) for name, step, own in prepare.transformers]
    return ColumnTransformer(steps, verbose_feature_names_out=False).set_output(transform="pandas")


def two_views(prepare: ColumnTransformer, many: Sequence[str] = ()) -> ColumnTransformer:
    """The columns of a preparation in two views that overlap, unfitted: as they are for trees, prepared for the others.

    Trees take what comes first: numbers as they are, missing ones included, then categories as 0 and 1. Linear models
    and networks take what comes last: the same categories, then prepared numbers. `view` says which columns these are.
    The categories in `many` bring the rate of the outcome among training rows as well [Micci-Barreca, 2001]: fit and
    transform these in one call, so that a training row's rate comes from other rows.
    """
    parts = {name: (clone(step), list(columns)) for name, step, columns in prepare.transformers}
    plain = [name for part in ("numbers", "calendar") if part in parts for name in parts[part][1]]
    others = StratifiedKFold(5, shuffle=True, random_state=0)
    parts["encoded"] = (
        make_pipeline(
            *_named_categories(), TargetEncoder(target_type="binary", smooth=SMOOTH, cv=others), StandardScaler()
        ),
        list(many),
    )
    ordered = [(name, *parts[name]) for name in (*SHARED, "numbers", "calendar", "missing") if name in parts]
    return ColumnTransformer([(PLAIN, Assembler(), plain), *ordered], verbose_feature_names_out=False)


def plain_view(prepare: ColumnTransformer, many: Sequence[str] = ()) -> ColumnTransformer:
    """What trees see of `two_views`, unfitted: columns as they are."""
    parts = [part for part in two_views(prepare, many).transformers if part[0] in (PLAIN, *SHARED)]
    return ColumnTransformer(parts, verbose_feature_names_out=False)


def view(fitted: ColumnTransformer, plain: bool) -> tuple[int, int]:
    """First and last (exclusive) output column of a view of fitted `two_views`."""
    widths = {name: place.stop - place.start for name, place in fitted.output_indices_.items()}
    numbers, shared = widths[PLAIN], sum(widths.get(part, 0) for part in SHARED)
    return (0, numbers + shared) if plain else (numbers, sum(widths.values()))


def sources(fitted: ColumnTransformer) -> list[str]:
    """The raw column that each output column of a fitted preparation, or of its two views, was made of."""
    names: list[str] = []
    for part, step, columns in fitted.transformers_:
        if len(columns) == 0 or part == "remainder":
            continue
        if part == "categories":
            names += _encoded(step[-1], list(columns))
        elif part == "missing":
            names += [columns[place] for place in step[-1].kept_]
        else:
            names += list(step.get_feature_names_out() if part == "numbers" else columns)
    return [str(name) for name in names]


def _encoded(encoder: OneHotEncoder, columns: list[str]) -> list[str]:
    rare = encoder.infrequent_categories_
    widths = [len(c) if r is None else len(c) - len(r) + 1 for c, r in zip(encoder.categories_, rare, strict=True)]
    return [name for name, width in zip(columns, widths, strict=True) for _ in range(width)]


def calendar(prepare: ColumnTransformer) -> list[str]:
    """Columns of a preparation that depend on the season."""
    return next((list(columns) for name, _, columns in prepare.transformers if name == "calendar"), [])


def split_kinds(table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Names of a table's numeric columns and of its categorical ones."""
    numeric = list(map(str, table.select_dtypes("number")))
    return numeric, [name for name in map(str, table) if name not in numeric]


def as_inputs(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose categorical columns are plain objects with NaN for missing, as scikit-learn takes them."""
    _, categorical = split_kinds(table)
    return table.assign(**{name: table[name].astype(object).where(table[name].notna(), np.nan) for name in categorical})


def clip_limits(fitted: ColumnTransformer, table: pd.DataFrame) -> pd.DataFrame:
    """The limits at which a fitted preparation clips numbers, and what share of a table's rows lies beyond them.

    Limits come from quartiles of logarithms, and are given in the feature's own unit.

    Returns
    -------
    DataFrame
        Columns `feature`, `lower`, `upper` (infinite where it is not clipped), `clipped` (share
        of rows).
    """
    names = _of_numbers(fitted)
    if not names:
        return pd.DataFrame(columns=["feature", "lower", "upper", "clipped"]).astype({"clipped": float})
    clipper: IQRClipper = fitted.named_transformers_["numbers"].named_steps["iqrclipper"]
    values = signed_log(table[names].to_numpy(float))
    beyond = (values < clipper.lower_) | (values > clipper.upper_)
    lower, upper = (np.copysign(np.expm1(np.abs(limit)), limit) for limit in (clipper.lower_, clipper.upper_))
    return pd.DataFrame({"feature": names, "lower": lower, "upper": upper, "clipped": beyond.mean(axis=0)})


def _of_numbers(fitted: ColumnTransformer) -> list[str]:
    return next(list(columns) for name, _, columns in fitted.transformers_ if name == "numbers")


def dropped_columns(fitted: ColumnTransformer) -> pd.DataFrame:
    """Numbers that a fitted preparation dropped, each with the kept one that says nearly the same.

    Returns
    -------
    DataFrame
        Columns `dropped`, `kept`, `correlation`.
    """
    names = np.array(_of_numbers(fitted), dtype=object)
    if not len(names):
        return pd.DataFrame(columns=["dropped", "kept", "correlation"])
    chosen = fitted.named_transformers_["numbers"].named_steps["correlationfilter"]
    dropped = ~chosen.support_
    table = {
        "dropped": names[dropped],
        "kept": names[chosen.stands_for_[dropped]],
        "correlation": chosen.correlation_[dropped],
    }
    return pd.DataFrame(table)
