import numpy as np
import pandas as pd
import pytest

from patrons.intake.ages import Ages
from patrons.scoring.rows import CATEGORY, NUMBER, Feature, Reader, describe, reader_of

FEATURES = [Feature("orders", NUMBER, True), Feature("gap", NUMBER, False), Feature("land", CATEGORY, False)]
GIVEN = {
    "as they are": {"orders": 3, "gap": 1.5, "land": "NL"},
    "as text": {"orders": " 3 ", "gap": "1.5", "land": " NL "},
    "a number as a category": {"orders": 3, "gap": None, "land": 17.0},
    "all missing": {},
    "no number": {"orders": "three", "gap": "many", "land": None},
    "not finite": {"orders": float("inf"), "gap": "nan", "land": "nan"},
    "yes for a number": {"orders": True, "gap": 0, "land": "0"},
}


@pytest.mark.parametrize("row", GIVEN.values(), ids=GIVEN)
def test_one_customer_is_read_as_a_table_of_one_is(row):
    reader = Reader(FEATURES)
    values, error = reader.one(row)
    table, errors = reader.table(pd.DataFrame([row], index=[7], dtype=object))
    pd.testing.assert_frame_equal(pd.DataFrame([values], index=[7]).astype({"land": object}), table)
    assert error == (None if pd.isna(errors[7]) else errors[7])


def test_every_feature_that_is_wrong_is_named_in_the_error_of_the_row():
    _, errors = Reader(FEATURES).table(pd.DataFrame({"orders": ["x", "1", None], "gap": ["y", "2", "3"]}))
    assert errors[0] == "orders: 'x' is not a number within ±1e15; gap: 'y' is not a number within ±1e15"
    assert pd.isna(errors[1])
    assert errors[2] == "orders is missing"


def test_a_number_that_was_missing_in_training_may_be_missing():
    table = pd.DataFrame({"orders": [1.0, 2.0, 4.0], "gap": [np.nan, 1.0, 3.0], "land": ["NL", "NL", "DE"]})
    entries = pd.DataFrame({"feature": ["orders"], "unit": ["orders"], "meaning": ["how many"]})
    orders, gap, land = describe(table, ["orders", "gap", "land"], entries)
    assert (orders.required, gap.required, land.required) == (True, False, False)
    assert (orders.example, orders.meaning, land.values) == (2.0, "how many", ["NL", "DE"])


@pytest.mark.parametrize("word", ["NaN", "null", "?", "n/a", " N/A ", "#N/A", ""])
def test_words_for_nothing_are_missing_in_numbers_and_in_categories_alike(word):
    reader = Reader(FEATURES)
    values, error = reader.one({"orders": 3, "gap": word, "land": word})
    assert error is None
    assert np.isnan(values["gap"])
    assert np.isnan(values["land"])
    table, _ = reader.table(pd.DataFrame({"orders": [3], "gap": [word], "land": [word]}))
    assert table.loc[0, ["gap", "land"]].isna().all()
    assert reader.one({"orders": word})[1] == "orders is missing"


def test_a_category_that_was_one_in_training_stays_one():
    reader = Reader([Feature("land", CATEGORY, False, values=["NL", "?"])])
    assert reader.one({"land": "?"})[0] == {"land": "?"}
    assert reader.table(pd.DataFrame({"land": ["?", "n/a"]}))[0].land.fillna("missing").tolist() == ["?", "missing"]


def test_what_models_take_of_two_features_is_made_here_and_not_asked_for():
    features = [Feature(name, NUMBER, True)._asdict() for name in ("charges", "tenure", "charges_per_tenure")]
    made = [["charges", "/", "tenure"]]
    reader = reader_of({"kind": "table", "features": features, "made": made, "parameters": {"01_eda": {}}})
    assert [feature.name for feature in reader.features] == ["charges", "tenure"]
    inputs, errors = reader.table(pd.DataFrame({"charges": ["72", "10"], "tenure": [6, 0]}))
    assert errors.isna().all()
    assert inputs.charges_per_tenure.tolist() == pytest.approx([12, np.nan], nan_ok=True)
    assert list(inputs) == ["charges", "tenure", "charges_per_tenure"]
    assert reader.one({"charges": "72", "tenure": 6})[0]["charges_per_tenure"] == 12
    assert np.isnan(reader.one({"charges": 10, "tenure": 0})[0]["charges_per_tenure"])


DATES = Ages({"joined": ["%d/%m/%Y"]}, "2024-03-02")
JOINED = {  # the same customer, and a later one
    "as they were written": ("31/01/2024", 31),
    "year first": ("2024-01-31", 31),
    "a day as such": (pd.Timestamp("2024-01-31"), 31),
    "with a time": ("2024-01-31 23:10", 31),
    "as an age": (31, 31),
    "an age as text": ("31", 31),
    "after the day of the release": ("2024-04-01", -30),
    "missing": ("", np.nan),
}


@pytest.mark.parametrize(("value", "age"), JOINED.values(), ids=JOINED)
def test_a_date_of_a_customer_becomes_the_days_before_the_day_of_the_release(value, age):
    reader = Reader([Feature("joined", NUMBER, False)], dates=DATES)
    assert reader.one({"joined": value})[0]["joined"] == pytest.approx(age, nan_ok=True)
    assert reader.table(pd.DataFrame({"joined": [value]}))[0].joined[0] == pytest.approx(age, nan_ok=True)
    assert reader.with_decimal("comma").one({"joined": value})[0]["joined"] == pytest.approx(age, nan_ok=True)


@pytest.mark.parametrize("value", ["2/31/2024", "1/31/2024", "soon", "31/01/1024"])
def test_what_is_neither_a_date_nor_a_number_is_told(value):
    reader = Reader([Feature("joined", NUMBER, False)], dates=DATES)
    told = f"joined: {value!r} is neither a date such as 2024-03-02 nor a number within ±1e15"
    assert reader.one({"joined": value})[1] == told
    assert reader.table(pd.DataFrame({"joined": [value]}))[1][0] == told


def test_dates_say_nothing_of_the_decimal_mark():
    reader = Reader([Feature("joined", NUMBER, False), Feature("gap", NUMBER, False)], dates=DATES)
    table = pd.DataFrame({"joined": ["31/01/2024", "01.02.2024"], "gap": ["1,5", "2,25"]})
    assert reader.suited_to(table).decimal == "comma"
    assert reader.one({"joined": "2024-03-01", "gap": "1,5"})[0] == {"joined": 1, "gap": 1.5}
