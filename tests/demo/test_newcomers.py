"""Customers to score: they come after the demo's log, and no number of theirs is one of the demo's."""

import pandas as pd
import pytest

from patrons.demo import newcomers, simulate


@pytest.fixture(scope="module")
def made() -> tuple[pd.DataFrame, pd.DataFrame]:
    return newcomers.newcomers()


def test_they_come_after_the_log_and_order_within_two_months(made):
    orders, people = made
    signup = pd.to_datetime(people.signup_date)
    assert signup.between("2026-01-01", "2026-02-28").all()
    assert orders.ordered_at.between("2026-01-01", "2026-03-01").all()
    assert set(orders.customer_id) == set(people.customer_id)
    assert 5 <= len(people) <= 30
    assert len(people) < len(orders) < 500


def test_their_columns_are_those_of_the_demo_and_their_numbers_are_not(made):
    shop = simulate.simulate()
    for new, known in zip(made, shop, strict=False):
        assert list(new.columns) == list(known.columns)
        assert not set(new.customer_id) & set(known.customer_id)
    assert not set(made[0].order_id) & set(shop.orders.order_id)


def test_the_files_are_the_same_to_the_byte_each_time(tmp_path):
    first, second = newcomers.write(tmp_path / "a"), newcomers.write(tmp_path / "b")
    assert list(first.values()) == list(second.values())
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert [path.name for path in first] == list(newcomers.FILES)
