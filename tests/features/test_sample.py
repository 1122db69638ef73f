"""Who stands in the panel of a large log: some customers, the same on all days, whatever else the log holds."""

from datetime import date

import ibis
import pandas as pd
import pytest

from patrons.features import sample

DAYS = [date(2024, 1, 11), date(2024, 1, 21)]
FIRST = {"a": "2024-01-05", "b": "2024-01-15", "c": "2024-01-01", "d": "2024-01-10", "e": "2024-01-30"}
ROWS = {"a": 2, "b": 1, "c": 2, "d": 2, "e": 0}  # days after the first order


@pytest.fixture
def lines() -> pd.DataFrame:
    return pd.DataFrame({"customer_id": [*FIRST, "a"], "ordered_at": pd.to_datetime([*FIRST.values(), "2024-01-20"])})


def drawn(lines: pd.DataFrame, most: int) -> set[str]:
    return set(sample.drawn(ibis.memtable(lines), DAYS, most).lines.execute().customer_id)


def test_all_lines_go_on_where_the_panel_is_small_enough(lines):
    table = ibis.memtable(lines)
    everyone = sample.drawn(table, DAYS, 7)
    assert everyone.lines is table
    assert (everyone.customers, everyone.of, everyone.rows) == (5, 5, 7)


def test_customers_are_taken_by_their_place_as_long_as_their_rows_fit(lines):
    names = pd.Series(list(FIRST))
    in_order = names.iloc[sample.places(names).argsort()]
    fits = in_order[in_order.map(ROWS).cumsum() <= 4]
    some = sample.drawn(ibis.memtable(lines), DAYS, 4)
    assert set(some.lines.execute().customer_id) == set(fits)
    assert (some.customers, some.of, some.rows) == (len(fits), 5, 7)


def test_who_is_drawn_does_not_depend_on_the_order_of_lines(lines):
    assert drawn(lines, 4) == drawn(lines.iloc[::-1], 4)


def test_places_are_the_same_for_ever():
    assert sample.places(pd.Series(["10000", "10001"])).tolist() == [2313165846392033431, 14144797202325722111]


def today(customers: str, tenure: list[int]) -> pd.DataFrame:
    at = pd.Timestamp("2024-01-31")
    return pd.DataFrame({"customer_id": list(customers), "as_of": at, "tenure_days": tenure})


def panel(customers: str) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": list(customers), "as_of": pd.Timestamp("2024-01-21")})


def test_everyone_is_like_a_panel_of_everyone_and_so_are_those_who_came_later():
    assert sample.like(panel("abcd"), today("abcde", [26, 16, 30, 21, 1])).all()


def test_of_a_drawn_panel_those_who_came_later_count_where_they_would_have_been_drawn():
    in_order = "".join(sorted("abcde", key=lambda name: sample.places(pd.Series([name]))[0]))
    old, later = in_order[1], in_order[0]  # the one who came later has a lower place than the one in the panel
    found = sample.like(panel(old), today(in_order, [1 if name in (later, in_order[4]) else 30 for name in in_order]))
    assert set(pd.Series(list(in_order))[found.to_numpy()]) == {old, later}
