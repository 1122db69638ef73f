"""Features net of what was cancelled before a day, outcomes net within the window, by hand and day by day."""

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from patrons.features.outcomes import outcomes
from patrons.features.panel import build
from patrons.intake import cancellations

COLUMNS = ["customer_id", "order_id", "product_id", "ordered_at", "quantity", "amount", "reason"]
BACK = "cancellation"
# a: order 1 (x and y) on 1 January, order 2 (x) on the 11th, cancelled whole on the 15th; one of three y on the 20th
# b: order 3 on 5 January, cancelled whole on the 12th; c: order 4 on 13 January, cancelled on 30 January
ROWS = [
    ("a", "1", "x", "2024-01-01 09:00", 1.0, 10.0, None),
    ("a", "1", "y", "2024-01-01 09:00", 3.0, 60.0, None),
    ("a", "2", "x", "2024-01-11 09:00", 5.0, 50.0, None),
    ("a", "C1", "x", "2024-01-15 09:00", -5.0, -50.0, BACK),
    ("a", "C2", "y", "2024-01-20 09:00", -1.0, -20.0, BACK),
    ("a", "C3", "w", "2024-01-20 09:00", -1.0, -7.0, BACK),
    ("b", "3", "x", "2024-01-05 09:00", 1.0, 10.0, None),
    ("b", "C4", "x", "2024-01-12 09:00", -1.0, -10.0, BACK),
    ("c", "4", "x", "2024-01-13 09:00", 2.0, 30.0, None),
    ("c", "C5", "x", "2024-01-30 09:00", -2.0, -30.0, BACK),
]


def parts(rows):
    """The clean lines of some rows, the lines of cancellations, and what these take back."""
    judged = pd.DataFrame(rows, columns=COLUMNS).astype({"ordered_at": "datetime64[us]", "reason": "str"})
    judged = judged.assign(line=range(len(judged)))
    back = judged.reason.notna()
    cancelled = cancellations.matched(ibis.memtable(judged)).to_pandas()
    return ibis.memtable(judged[~back]), judged[back], cancelled


LINES, _RETURNS, CANCELLED = parts(ROWS)


def on(*days, horizon=None, rows=ROWS, **settings):
    lines, returns, cancelled = parts(rows)
    table = build(lines, days, horizon, (7, 30), returns, cancelled=cancelled, **settings).to_pandas()
    return table.set_index(["as_of", "customer_id"]).sort_index()


@pytest.fixture(scope="module")
def january():
    """Everyone on all days of which something is said below."""
    return on(*[date(2024, 1, day) for day in (6, 12, 14, 15, 16, 20, 21, 31)], horizon=10)


def customers(table, day):
    return table.loc[pd.Timestamp(2024, 1, day)]


def test_an_order_stands_until_the_day_after_it_was_cancelled(january):
    before, after = (customers(january, day).loc["a"] for day in (15, 16))
    assert (before.frequency, before.recency_days, before.monetary, before.spend_7d) == (2, 4, 120, 50)
    assert (after.frequency, after.recency_days, after.monetary, after.spend_7d) == (1, 15, 70, 0)
    assert (before.gap_days, before.products_repeated) == (10, 1)
    assert (np.isnan(after.gap_days), after.products_repeated, after.order_lines) == (True, 0, 2)


def test_a_part_of_a_line_is_taken_off_and_the_line_stays(january):
    before, after = (customers(january, day).loc["a"] for day in (20, 21))
    assert (before.monetary, before.line_units, before.order_lines) == (70, 2, 2)
    assert (after.monetary, after.line_units, after.order_lines) == (50, 1.5, 2)
    assert after.price_paid == pytest.approx(50 / 3, abs=1e-6)


def test_who_has_no_order_left_is_not_described(january):
    assert [list(customers(january, day).index) for day in (12, 14, 31)] == [["a", "b"], ["a", "c"], ["a"]]


def test_what_no_order_was_found_for_is_returned_and_not_taken_off(january):
    a = customers(january, 31).loc["a"]
    assert (a.returns, a.returned_value, a.returned_unmatched) == (3, 77, 7)
    assert a.returned_value_share == pytest.approx(77 / 120, abs=1e-6)  # of what was bought, cancelled orders included


def test_several_days_at_once_give_what_each_gives_alone(january):
    for day in (14, 20):
        pd.testing.assert_frame_equal(on(date(2024, 1, day), horizon=10), january.loc[[pd.Timestamp(2024, 1, day)]])


def test_a_cancellation_on_a_day_or_after_it_changes_nothing_before():
    days = [date(2024, 1, 12), date(2024, 1, 15)]
    later = [*ROWS, ("a", "C6", "y", "2024-01-15 00:00", -1.0, -20.0, BACK), ("b", "5", "x", "2024-01-16", 1, 9, None)]
    earlier = [row for row in ROWS if row[3] < "2024-01-15"]
    pd.testing.assert_frame_equal(on(*days, rows=later), on(*days, rows=earlier))


def happened(day, horizon):
    days = ibis.memtable(pd.DataFrame({"as_of": [pd.Timestamp(day)]}))
    table = outcomes(LINES, days, horizon, ibis.memtable(CANCELLED)).to_pandas().set_index("customer_id")
    return table.ordered.to_dict(), table.spent.to_dict()


def test_outcomes_are_net_of_what_was_cancelled_within_the_horizon():
    assert happened("2024-01-10", 5) == ({"a": 1, "c": 1}, {"a": 50, "c": 30})  # until the 14th: nothing cancelled yet
    assert happened("2024-01-10", 10) == ({"c": 1}, {"c": 30})  # the order of a is none by the 19th
    assert happened("2024-01-01", 12) == ({"a": 2}, {"a": 120})  # that of b is cancelled on the 12th, the last day
    assert happened("2024-01-01", 11) == ({"a": 2, "b": 1}, {"a": 120, "b": 10})
    assert happened("2024-01-01", 31) == ({"a": 1}, {"a": 50})


def test_an_order_that_was_cancelled_within_the_horizon_is_no_order(january):
    assert customers(january, 6).churned.to_dict() == {"a": 1, "b": 1}  # ordered on the 11th, cancelled on the 15th
    assert on(date(2024, 1, 6), horizon=9).churned.tolist() == [0, 1]


def a_log(seed):
    """Eight customers with orders of several lines on 90 days, of which many are cancelled in whole or in part."""
    rng = np.random.default_rng(seed)
    n = 300
    order = rng.integers(0, 120, n)
    log = pd.DataFrame(
        {
            "customer_id": [f"c{o % 8}" for o in order],
            "order_id": order.astype(str),
            "product_id": rng.choice(list("xyz"), n),
            "ordered_at": pd.Timestamp("2024-01-01 08:00") + pd.to_timedelta(order * 7 % 90, "D"),
            "quantity": rng.integers(1, 5, n).astype(float),
        }
    )
    log["amount"] = log.quantity * rng.integers(1, 9, n)
    back = log.sample(frac=0.4, random_state=seed)
    lag = pd.to_timedelta(rng.integers(0, 40, len(back)), "D")
    back = back.assign(order_id="C" + back.order_id, ordered_at=back.ordered_at + lag, reason=BACK)
    back["quantity"] = -rng.integers(1, 5, len(back)).astype(float)
    log = pd.concat([log.assign(reason=None), back.assign(amount=back.quantity)], ignore_index=True)
    return log.astype({"ordered_at": "datetime64[us]", "reason": "str"})[COLUMNS].itertuples(index=False, name=None)


def test_each_day_is_described_by_the_lines_net_of_the_cancellations_before_it():
    rows = list(a_log(1))
    lines, _returns, cancelled = parts(rows)
    days = [date(2024, 1, 20), date(2024, 3, 1), date(2024, 5, 30)]
    together = on(*days, rows=rows, leave_out=["returns"])
    for day in days:
        known = cancelled[cancelled.cancelled_at < pd.Timestamp(day)]
        net = cancellations.net(lines, ibis.memtable(known))
        alone = build(net, [day], windows=(7, 30), leave_out=["returns"]).to_pandas()
        assert len(alone) > 3
        pd.testing.assert_frame_equal(
            together.loc[[pd.Timestamp(day)]], alone.set_index(["as_of", "customer_id"]).sort_index()
        )
