"""Missing numbers: filled in the way that was asked for, and flagged."""

import numpy as np
import pandas as pd
import pytest

from patrons.features.missing import METHODS, MissingFlags, imputer
from patrons.features.preparation import (
    clip_limits,
    dropped_columns,
    imputed,
    many_valued,
    preparation,
    sources,
    two_views,
    view,
)
from patrons.models import load_model, save_model

NAN = np.nan


@pytest.mark.parametrize(
    ("method", "value"), [("median", 2.0), ("mean", 4.0), ("most_frequent", 1.0), ("constant", 0.0)]
)
def test_a_gap_is_filled_with_what_was_asked_for(method, value):
    X = np.array([[1.0], [1.0], [2.0], [6.0], [10.0], [NAN]])
    assert imputer(method).fit_transform(X)[-1, 0] == value


@pytest.mark.parametrize("method", ["nearest", "iterative"])
def test_a_gap_is_filled_from_rows_or_columns_that_know_more(method):
    """The second column is twice the first: a gap beside 3 is near 6, far from the mean of 0."""
    x = np.linspace(-4, 4, 401)
    X = np.column_stack([x, 2 * x])
    X[350, 1] = NAN  # x is 3
    assert imputer(method).fit_transform(X)[350, 1] == pytest.approx(6, abs=0.1)


@pytest.mark.parametrize("method", METHODS)
def test_a_column_that_holds_nothing_becomes_a_number_in_every_way(method):
    X = np.column_stack([np.arange(30.0), np.full(30, NAN)])
    assert np.isfinite(imputer(method).fit_transform(X)).all()


def test_flags_are_of_columns_with_gaps_and_the_same_gaps_have_one():
    X = np.array([[1.0, NAN, NAN, NAN, NAN], [2, 1, 1, NAN, 2], [3, 1, 2, NAN, NAN]])
    flags = MissingFlags().fit(X)
    assert flags.kept_.tolist() == [1, 4]  # 2 has the gaps of 1, 3 holds nothing
    assert flags.transform(X).tolist() == [[1, 1], [0, 0], [0, 1]]


def test_flags_belong_to_the_prepared_view_and_to_their_columns():
    table = pd.DataFrame({"spend": [1.0, NAN, 3.0, 4.0], "age": [1.0, 2, 3, 4], "plan": ["a", "a", "b", "b"]})
    fitted = two_views(preparation(["spend", "age"], ["plan"]))
    Z = fitted.fit_transform(table)
    assert Z.shape[1] == 2 + 2 + 2 + 1  # plain numbers, categories, prepared numbers, a flag
    assert view(fitted, plain=True) == (0, 4)
    assert view(fitted, plain=False) == (2, 7)
    assert sources(fitted)[-1] == "spend"
    assert Z[:, -1].tolist() == [0, 1, 0, 0]
    assert np.isnan(Z[1, 0])  # trees see that it is missing


@pytest.mark.parametrize("method", METHODS)
def test_a_preparation_of_each_way_is_saved_and_read(method, tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    table.iloc[::7, 1] = NAN
    fitted = imputed(preparation(["a", "b", "c"], []), method).fit(table)
    save_model(tmp_path / "p.skops", fitted)
    said = load_model(tmp_path / "p.skops").transform(table).to_numpy()
    assert np.isfinite(said).all()
    assert np.array_equal(said, fitted.transform(table).to_numpy())


def test_a_training_row_of_many_values_is_encoded_by_other_rows():
    """40 shops of one customer each: what a row's own outcome says of its shop must not reach the row."""
    rows = pd.DataFrame({"shop": [f"shop {n}" for n in range(40)]})
    y = np.array([0, 1] * 20)
    prepare = preparation([], ["shop"])
    assert many_valued(prepare, rows) == ["shop"]
    encoded = two_views(prepare, ["shop"]).fit_transform(rows, y)[:, -1]
    assert encoded[y == 1].mean() == pytest.approx(encoded[y == 0].mean(), abs=0.1)


def test_a_category_of_few_values_is_not_encoded_by_the_outcome():
    rows = pd.DataFrame({"plan": ["a", "b", "c"] * 20})
    assert many_valued(preparation([], ["plan"]), rows) == []


@pytest.mark.parametrize("method", ["nearest", "iterative"])
def test_a_column_that_holds_nothing_goes_through_the_whole_preparation(method):
    table = pd.DataFrame({"a": np.arange(50.0), "empty": np.full(50, NAN)})
    assert np.isfinite(preparation(["a", "empty"], [], imputation=method).fit_transform(table).to_numpy()).all()


def test_a_table_of_categories_alone_has_no_limits_and_drops_nothing():
    table = pd.DataFrame({"plan": ["a", "b"] * 20})
    fitted = preparation([], ["plan"]).fit(table)
    assert clip_limits(fitted, table).empty
    assert dropped_columns(fitted).empty
