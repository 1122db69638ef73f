import numpy as np
import pandas as pd
import pytest

from patrons.churn import drawn, record
from patrons.churn.drawn import Drawn

DICTIONARY = pd.DataFrame({"feature": ["plan"], "group": ["attributes"]})
DAYS = pd.to_datetime(["2024-01-01", "2024-04-01", "2024-07-01"])


def write(path, customers=60, is_log=True):
    """A log's panel, a day after the other, in which customer n has come by day n % 3; or a table of customers."""
    names = [f"c{n:02}" for n in range(customers)]
    days = [(day, n) for place, day in enumerate(DAYS) for n in range(customers) if n % 3 <= place]
    rows = pd.DataFrame({"customer_id": [names[n] for _, n in days], "as_of": [day for day, _ in days]})
    rows = rows.assign(known_on=rows.as_of + pd.Timedelta(days=90), plan=pd.Categorical(["a", "b"] * (len(rows) // 2)))
    rows["churned"] = np.arange(len(rows)) % 2
    rows = rows if is_log else rows[rows.as_of == DAYS[-1]].drop(columns=["as_of", "known_on"]).reset_index(drop=True)
    rows.to_parquet(path, index=False)
    return rows


def test_a_panel_within_the_limit_is_read_as_it_is_and_nothing_is_said(tmp_path):
    rows = write(tmp_path / "p.parquet")
    whole = drawn.drawn(tmp_path / "p.parquet", [], DICTIONARY, most=len(rows))
    pd.testing.assert_frame_equal(whole.rows, rows)
    assert whole.customers == 60
    assert whole.sentence == ""


@pytest.mark.parametrize("at_once", [7, 65_536])
def test_of_a_larger_one_customers_are_drawn_with_all_their_days_in_order(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(drawn, "AT_ONCE", at_once)
    rows = write(tmp_path / "p.parquet")
    some = drawn.drawn(tmp_path / "p.parquet", [], DICTIONARY, most=40)
    chosen = set(some.rows.customer_id)
    assert 37 <= len(some.rows) <= 40  # the next customer, of three rows at most, would be too many
    expected = rows[rows.customer_id.isin(chosen)].reset_index(drop=True)
    pd.testing.assert_frame_equal(some.rows, expected)
    assert some.sentence == (
        f"Models learn from and are tested on {len(chosen)} of 60 customers described on earlier days, drawn at "
        "random. Today's scores are of all customers."
    )


def test_columns_that_no_model_may_use_are_left_out(tmp_path):
    rows = write(tmp_path / "p.parquet")
    assert list(drawn.drawn(tmp_path / "p.parquet", ["plan"], DICTIONARY).rows) == list(rows.drop(columns="plan"))


def test_the_same_customers_are_drawn_in_whatever_order_rows_stand_and_of_more_are_some(tmp_path):
    rows = write(tmp_path / "p.parquet")
    rows[::-1].to_parquet(tmp_path / "q.parquet", index=False)
    first, again, more = (
        set(drawn.drawn(tmp_path / name, [], DICTIONARY, most).rows.customer_id)
        for name, most in (("p.parquet", 40), ("q.parquet", 40), ("p.parquet", 80))
    )
    assert first == again < more


def test_outcomes_of_a_table_are_those_of_all_its_customers(tmp_path):
    rows = write(tmp_path / "p.parquet", is_log=False)
    some = drawn.drawn(tmp_path / "p.parquet", [], DICTIONARY, most=10)
    assert len(some.rows) == 10
    assert some.sentence.startswith("Models learn from and are tested on 10 of 60 customers, drawn at random. Today's")
    pd.testing.assert_frame_equal(some.outcomes, rows[["customer_id", "churned"]])
    assert drawn.drawn(tmp_path / "p.parquet", [], DICTIONARY, most=0).rows.customer_id.nunique() == 1


def test_the_card_says_of_how_many_customers_a_model_is():
    rows = pd.DataFrame({"customer_id": ["a", "b"]})
    assert record._drawn(Drawn(rows, 2, rows)) == ""
    assert record._drawn(Drawn(rows, 1000, rows)) == ", of 2 of 1,000 customers"
