import ibis
import pandas as pd

from patrons.evaluation import samples


def test_customers_are_drawn_only_where_there_are_more_than_asked_for():
    customers = pd.Series(list("dbca"))
    assert samples.drawn(customers, 4) is None
    some = set(samples.drawn(customers, 2))
    assert len(some) == 2
    assert some == set(samples.drawn(customers[::-1], 2))  # whatever their order
    assert some < set(samples.drawn(customers, 3))  # fewer are some of more


def test_rows_of_some_customers_are_all_their_days():
    table = pd.DataFrame(
        {"customer_id": list("abab"), "as_of": pd.to_datetime(["2024-01-01"] * 2 + ["2024-02-01"] * 2)}
    )
    whole = samples.rows(ibis.memtable(table), None)
    assert whole.customer_id.tolist() == list("abab")
    some = samples.rows(ibis.memtable(table), pd.Series(["b"]))
    assert some.customer_id.tolist() == ["b", "b"]
    assert some.as_of.is_monotonic_increasing


def test_that_some_customers_were_drawn_is_said_in_one_sentence():
    assert samples.sentence(25_000, 1_000_000) == (
        "Models learn from and are tested on 25,000 of the 1,000,000 customers, drawn at random."
    )
