import numpy as np
import pandas as pd
import pytest

from patrons.intake import attributes


def kind(name, values):
    text = attributes.as_text(pd.Series(values, name=name)).to_frame()
    row = attributes.describe(text, {}).iloc[0]
    return row.kind, row.reason.split(":")[0]


def test_text_is_without_blanks_around_it_and_whole_numbers_without_a_fraction():
    column = pd.Series([" a ", 17850.0, -3.0, 2.5, "007", True, None], dtype=object)
    assert attributes.as_text(column).tolist()[:-1] == ["a", "17850", "-3", "2.5", "007", "True"]
    assert attributes.as_text(column).isna().sum() == 1


@pytest.mark.parametrize("word", ["", " ", "?", "NA", "N/A", "NaN", "null"])
def test_words_that_stand_for_missing(word):
    assert attributes.as_text(pd.Series(["a", word])).isna().tolist() == [False, True]


def test_a_name_that_only_holds_such_a_sign_is_a_name():
    assert attributes.as_text(pd.Series(["H?", "Nan", "None"])).isna().tolist() == [False, True, False]


def test_a_decimal_comma_and_a_thousands_dot_are_read_where_they_belong():
    text = pd.Series(["1.234,5", "-12", "0,25", "1.234.567", "1.5", "12.34,5", "1,2,3", "x", None], dtype="str")
    expected = [1234.5, -12, 0.25, 1234567] + [np.nan] * 5
    np.testing.assert_array_equal(attributes.as_numbers(text, ",", "."), expected)


def test_infinity_is_no_number():
    assert attributes.as_numbers(pd.Series(["inf", "1e3"])).tolist()[1:] == [1000]
    assert attributes.unreadable(pd.Series(["inf", "1e3"])) == ["inf"]


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("plan", ["a", "b", "c"] * 10, ("categorical", "")),
        ("spend", [n / 3 for n in range(30)], ("numerical", "")),
        ("salary", [20000.5 + 31 * n for n in range(30)], ("numerical", "")),
        ("flag", [0, 1] * 15, ("categorical", "")),
        ("products", [1, 2, 3] * 10, ("numerical", "")),
        ("age", list(range(20, 40)) * 2, ("numerical", "")),
        ("nothing", [None] * 30, ("", "empty")),
        ("country", ["x"] * 30, ("", "constant")),
        ("reason", ["x"] * 3 + [None] * 27, ("categorical", "")),
        ("n", list(range(30)), ("", "identifier")),
        ("clientNo", [n * n for n in range(30)], ("", "identifier")),
        ("account", [15_000_000 + 7919 * n for n in range(30)], ("", "identifier")),
        ("squares", [n * n for n in range(30)], ("numerical", "")),
        ("key", [f"k{n}" for n in range(30)], ("", "identifier")),
        ("name", [f"name {n // 2}" for n in range(200)], ("", "free text")),
        ("note", [f"said {n // 3}" for n in range(30)] + ["b"] * 3, ("categorical", "")),
        ("since", [f"2024-01-{n:02d}" for n in range(1, 31)], ("date", "year first, as in 2024-01-01")),
        ("since", pd.date_range("2024-01-01", periods=30), ("date", "year first, as in 2024-01-01")),
        ("since", [f"{n}.1.2024" for n in range(1, 31)], ("date", "day first, settled by 13.1.2024")),
        ("age", [*range(100, 139), "old"], ("", "unclear")),
    ],
)
def test_what_a_column_is(name, values, expected):
    assert kind(name, values) == expected


def test_a_small_table_keeps_numbers_that_do_not_repeat():
    assert kind("id", [1, 2, 3, 4]) == ("numerical", "")


def outcomes(n=200, every=4):
    return pd.Series([1 if i % every == 0 else 0 for i in range(n)])


def test_a_copy_of_the_outcome_tells_it_alone():
    churned = outcomes()
    columns = {
        "copy": churned.map({1: "gone", 0: "here"}).astype("str"),
        "score": churned * 50 + np.arange(200) / 200,  # numbers far apart
        "filled": pd.Series(np.where(churned == 1, 1.0 + np.arange(200), np.nan)),  # known for churners only
        "zero": pd.Series(np.where(churned == 1, 1.0 + np.arange(200), 0.0)),  # 0 for all others
    }
    assert attributes.alone(pd.DataFrame(columns), churned).to_dict() == dict.fromkeys(columns, 1.0)


def test_a_text_of_its_own_in_each_row_tells_nothing():
    churned = outcomes()
    names = pd.Series([f"n{n}" for n in range(200)])
    assert attributes.alone(names.to_frame("name"), churned)["name"] == 0.5


def test_noise_is_near_chance():
    rng = np.random.default_rng(0)
    churned = pd.Series(rng.integers(0, 2, 4000))
    noise = pd.DataFrame({"number": rng.normal(size=4000), "word": rng.choice(list("abcdefgh"), 4000)})
    assert attributes.alone(noise, churned).between(0.45, 0.55).all()


def test_a_number_that_tells_by_its_middle_is_found():
    churned = pd.Series([1 if 40 <= n % 100 < 60 else 0 for n in range(1000)])
    number = pd.Series([float(n % 100) for n in range(1000)])
    assert attributes.alone(number.to_frame("x"), churned)["x"] > attributes.LEAK


def test_too_few_customers_tell_nothing():
    churned = pd.Series([1] * 9 + [0] * 100)
    assert attributes.alone(churned.to_frame("copy"), churned).isna().all()


def test_the_best_comes_first():
    churned = outcomes()
    table = pd.DataFrame({"noise": ["a", "b"] * 100, "copy": churned.astype("str")})
    assert list(attributes.alone(table, churned).index) == ["copy", "noise"]
