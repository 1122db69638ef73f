"""Gaps with those still open, and cohorts in windows from each customer's own first order, worked out by hand."""

import ibis
import numpy as np
import pandas as pd
import pytest

from patrons.exploration import retention


def orders(*days):
    """Lines as (customer, day of 2024)."""
    table = pd.DataFrame(days, columns=["customer_id", "ordered_at"])
    return ibis.memtable(table.assign(ordered_at=pd.to_datetime("2024-" + table.ordered_at, format="mixed")))


def test_open_gaps_are_at_risk_for_as_long_as_they_are_seen():
    counts = pd.DataFrame({"length": [2, 3, 5, 8], "finished": [1, 1, 1, 0], "open": [0, 2, 1, 1]})
    curve = retention.kaplan_meier(counts)
    # 7 at risk, 1 ends: 6/7; 6 at risk, 1 ends: 5/7; 3 at risk, 1 ends: 10/21; 1 at risk, none ends
    assert curve.ended.tolist() == pytest.approx([1 / 7, 2 / 7, 11 / 21, 11 / 21])
    assert curve.finished.tolist() == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert retention.ended_by(curve.length, curve.ended, 0.5) == 5
    assert np.isnan(retention.ended_by(curve.length, curve.ended, 0.9))


def test_gaps_are_of_days_with_an_order_and_the_last_of_each_customer_is_open():
    # a: 10 days, then open for 20 until 31 January; b: open for 26; c: two orders on the last day, open for 0
    gaps = retention.gaps(
        orders(("a", "01-01"), ("a", "01-11"), ("b", "01-05"), ("c", "01-31 09:00"), ("c", "01-31 17:00"))
    )
    assert gaps.curve[["length", "ended"]].to_numpy().tolist() == [
        [0, 0], [10, pytest.approx(1 / 3)], [20, pytest.approx(1 / 3)], [26, pytest.approx(1 / 3)],
    ]  # fmt: skip
    assert gaps.repeat_rate == pytest.approx(1 / 3)
    assert (np.isnan(gaps.median), np.isnan(gaps.late), gaps.late_finished) == (True, True, 10)


def test_without_open_gaps_it_is_the_share_of_gaps_that_are_no_longer():
    counts = pd.DataFrame({"length": [1, 4, 9], "finished": [2, 1, 1], "open": [0, 0, 0]})
    curve = retention.kaplan_meier(counts)
    assert curve.ended.tolist() == pytest.approx([0.5, 0.75, 1])
    assert curve.finished.tolist() == pytest.approx([0.5, 0.75, 1])


def test_nobody_who_came_back_is_no_error():
    gaps = retention.gaps(orders(("a", "01-01"), ("b", "01-05")))
    assert (gaps.repeat_rate, np.isnan(gaps.late_finished)) == (0, True)


def test_a_cohort_is_followed_in_windows_from_each_first_order():
    # a and b first bought in quarter 1; a again after 90 days (in the first window), b after 91 (in the second)
    log = orders(("a", "01-01"), ("a", "03-31"), ("b", "02-01"), ("b", "05-02"), ("c", "05-20"), ("c", "08-01"))
    shares, sizes = retention.cohorts(log, smallest=1)
    # 1 August is 213 days after 1 January and 182 after 1 February: two windows are over for all
    assert shares.to_dict("index") == {pd.Period("2024Q1"): {90: 0.5, 180: 0.5}}
    assert sizes.to_dict() == {pd.Period("2024Q1"): 2}  # for c, who bought again after 73 days, no window is over


def test_a_window_that_is_not_over_for_all_of_a_cohort_is_left_out():
    log = orders(("a", "01-01"), ("b", "03-31"), ("b", "04-05"), ("z", "06-28"))  # 89 days after b first bought
    assert retention.cohorts(log, smallest=1)[0].empty
    log = orders(("a", "01-01"), ("b", "03-31"), ("b", "04-05"), ("z", "06-29"))
    assert retention.cohorts(log, smallest=1)[0].to_dict() == {90: {pd.Period("2024Q1"): 0.5}}


def test_a_cohort_of_few_customers_is_left_out():
    shares, sizes = retention.cohorts(orders(("a", "01-01"), ("b", "12-31")), smallest=3)
    assert (shares.empty, sizes.empty) == (True, True)


def test_a_log_of_one_day_has_no_cohort_to_follow():
    shares, sizes = retention.cohorts(orders(("a", "01-01")), smallest=1)
    assert (shares.empty, sizes.empty) == (True, True)
