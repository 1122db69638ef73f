"""Decimal comma or point, thousands marks and currency signs: decided from all rows, never guessed."""

import ibis
import pandas as pd
import pytest

from patrons.intake import numbers


def read(values, decimal="auto"):
    table = ibis.duckdb.connect().create_table("log", pd.DataFrame({"price": pd.Series(values, dtype="str")}))
    decided = numbers.decide(table, ["price"], decimal)
    return [None if pd.isna(one) else one for one in table.select(n=decided.read(table.price)).to_pandas().n]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["1", "2.5", "-3"], [1, 2.5, -3]),
        (["1,50", "1.234,50", "2"], [1.5, 1234.5, 2]),
        (["1,234.50", "1,234"], [1234.5, 1234]),
        (["1 234,50", "€ 3,20", "4,10 EUR"], [1234.5, 3.2, 4.1]),
        (["1\u2009234,50", "1\u202f234,5", "12\u00a0345,00 €"], [1234.5, 1234.5, 12345]),
        (["1'234.50", "(5.25)", "5.10-"], [1234.5, -5.25, -5.1]),
        (["0.500", "1.234"], [0.5, 1.234]),
        (["2.50", "1e3", "inf", "nan", "x", ""], [2.5, 1000, None, None, None, None]),
    ],
)
def test_numbers_are_read_as_they_are_meant(written, meant):
    assert read(written) == meant


def test_a_number_of_the_other_kind_is_unread_not_a_hundred_times_as_large():
    assert read(["2.50"] * 200 + ["12,50"])[-1] is None


@pytest.mark.parametrize("written", ["1,234", "1.234"])
def test_a_thousand_or_one_is_asked_about_when_nothing_settles_it(written):
    with pytest.raises(numbers.NumbersError, match=rf"no number settles which, such as price {written}\..*`decimal`"):
        read([written, "2"])


def test_the_answer_of_the_user_is_used():
    assert read(["1,234", "2"], "point") == [1234, 2]
    assert read(["1,234", "2"], "comma") == [1.234, 2]


def test_numbers_that_contradict_each_other_are_asked_about():
    with pytest.raises(numbers.NumbersError, match="contradict each other"):
        read(["1,5", "1.5"])
