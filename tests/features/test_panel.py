from datetime import date
from itertools import pairwise

import ibis
import numpy as np
import pandas as pd
import pytest
from ibis import Table

from patrons.features import Recipe
from patrons.features.outcomes import outcomes
from patrons.features.panel import KEYS, RFM, FeaturesError, build, feature_names, snapshot_days
from patrons.features.stages import Keep, orders_of

# two customers; customer a: order 1 (two lines) on 1 January, order 2 on 21 January; b: one order on 10 January
LOG = pd.DataFrame(
    {
        "customer_id": ["a", "a", "a", "b"],
        "order_id": ["1", "1", "2", "3"],
        "product_id": ["x", "y", "x", "x"],
        "ordered_at": pd.to_datetime(["2024-01-01 09:00", "2024-01-01 09:00", "2024-01-21 23:30", "2024-01-10 12:00"]),
        "quantity": [1.0, 2.0, 3.0, 1.0],
        "amount": [10.0, 20.0, 50.0, 5.0],
    }
)


def described(log, *days, windows=(7, 30)):
    table = build(ibis.memtable(log), days, windows=windows).to_pandas()
    return table.set_index("customer_id").sort_index() if len(days) == 1 else table


def test_recency_frequency_and_monetary_of_a_small_log():
    table = described(LOG, date(2024, 1, 22))
    assert table.loc["a", list(RFM)].tolist() == [1, 2, 80.0]
    assert table.loc["b", list(RFM)].tolist() == [12, 1, 5.0]


def test_windows_count_orders_and_spend_of_the_last_days():
    a = described(LOG, date(2024, 1, 22)).loc["a"]
    assert (a.orders_7d, a.spend_7d, a.orders_30d, a.spend_30d) == (1, 50.0, 2, 80.0)


def test_basket_and_rhythm_are_means_over_orders():
    table = described(LOG, date(2024, 1, 22))
    a, b = table.loc["a"], table.loc["b"]
    assert (a.order_value, a.order_value_max, a.order_units, a.order_products) == (40.0, 50.0, 3.0, 1.5)
    assert (a.tenure_days, a.active_days, a.gap_days) == (21, 2, 20.0)
    assert np.isnan(b.gap_days)


def test_orders_on_or_after_the_day_are_not_seen():
    a = described(LOG, date(2024, 1, 21)).loc["a"]
    assert (a.frequency, a.recency_days, a.monetary) == (1, 20, 30.0)


def test_a_customer_without_an_order_before_the_day_is_not_described():
    assert list(described(LOG, date(2024, 1, 10)).index) == ["a"]


def test_appending_later_orders_changes_no_feature():
    later = LOG.assign(ordered_at=LOG.ordered_at + pd.Timedelta(days=60), order_id="L" + LOG.order_id, amount=1e6)
    before, after = (described(log, date(2024, 1, 22)) for log in (LOG, pd.concat([LOG, later])))
    pd.testing.assert_frame_equal(before, after)


def test_several_days_at_once_give_what_each_gives_alone():
    days = [date(2024, 1, 15), date(2024, 1, 22)]
    together = described(LOG, *days).sort_values(["as_of", "customer_id"], ignore_index=True)
    alone = pd.concat([described(LOG, day).reset_index() for day in days], ignore_index=True)
    pd.testing.assert_frame_equal(together, alone[together.columns])


def test_the_panel_says_who_did_not_order_within_the_horizon():
    days = [date(2024, 1, 11), date(2024, 1, 21)]
    panel = build(ibis.memtable(LOG), days, 10, (30,)).to_pandas().set_index(["as_of", "customer_id"])
    assert panel.churned.sort_index().tolist() == [
        1,
        1,
        0,
        1,
    ]  # on 11 January the order of the 21st is one day too late
    assert set(panel.known_on.astype(str)) == {"2024-01-21", "2024-01-31"}


def test_outcomes_do_not_depend_on_what_follows_the_horizon():
    later = LOG.assign(ordered_at=pd.Timestamp("2024-03-01"), order_id="L" + LOG.order_id)
    panels = [
        build(ibis.memtable(log), [date(2024, 1, 21)], 10, (30,)).order_by("customer_id").to_pandas()
        for log in (LOG, pd.concat([LOG, later]))
    ]
    pd.testing.assert_frame_equal(*panels)


def test_the_last_snapshot_day_leaves_exactly_one_horizon():
    days = snapshot_days(date(2024, 1, 1), date(2024, 12, 31), 90, 30, 90)
    assert days[-1] == date(2024, 10, 2)
    assert {(b - a).days for a, b in pairwise(days)} == {30}
    assert (days[0] - date(2024, 1, 1)).days >= 90


def test_a_log_shorter_than_history_and_horizon_is_refused_with_the_numbers():
    with pytest.raises(FeaturesError, match=r"covers 30 days.*needs 130"):
        snapshot_days(date(2024, 1, 1), date(2024, 1, 31), 90, 30, 40)


def test_the_dictionary_names_exactly_the_columns_of_the_table():
    table = build(ibis.memtable(LOG), [date(2024, 1, 22)], windows=(30, 90))
    assert set(Recipe(windows=(30, 90)).dictionary().feature) == set(table.columns) - set(KEYS)


def test_a_model_sees_neither_keys_nor_outcome():
    panel = build(ibis.memtable(LOG), [date(2024, 1, 21)], 10, (30,)).to_pandas()
    assert not {"customer_id", "as_of", "known_on", "churned"} & set(feature_names(panel))


MIDNIGHT = LOG[:1].assign(ordered_at=pd.Timestamp("2024-01-21"), order_id="2")
EDGE = pd.concat([LOG[:1], MIDNIGHT])  # customer a: 1 January, and the first moment of 21 January


def test_an_order_at_the_first_moment_of_the_day_is_not_seen():
    assert described(EDGE, date(2024, 1, 21)).loc["a", "frequency"] == 1
    assert described(EDGE, date(2024, 1, 22)).loc["a", "frequency"] == 2


def test_a_window_of_seven_days_begins_seven_days_before():
    assert described(EDGE, date(2024, 1, 28)).loc["a", "orders_7d"] == 1
    assert described(EDGE, date(2024, 1, 29)).loc["a", "orders_7d"] == 0


def test_the_horizon_holds_its_first_moment_and_not_the_one_after_its_end():
    days = [date(2024, 1, 11), date(2024, 1, 21)]
    panel = build(ibis.memtable(EDGE), days, 10, (30,)).to_pandas().sort_values("as_of")
    assert panel.churned.tolist() == [1, 0]


def many_lines():
    """8,000 lines of 50 customers with about 32 orders each: means of whole cents lie on edges of rounding."""
    rng = np.random.default_rng(0)
    n = 8_000
    order = rng.integers(0, 1_600, n)
    return pd.DataFrame(
        {
            "customer_id": [f"c{o % 50}" for o in order],
            "order_id": order.astype(str),
            "product_id": rng.integers(0, 30, n).astype(str),
            "ordered_at": pd.Timestamp("2024-01-01 08:00") + pd.to_timedelta(order % 97, "D"),
            "quantity": rng.integers(1, 40, n) / 8,  # by weight
            "amount": rng.integers(1, 9_999, n) / 100,
        }
    )


def test_sums_do_not_depend_on_the_order_of_lines_to_the_last_bit():
    log = many_lines()
    tables = [described(log.sample(frac=1, random_state=k), date(2024, 4, 20)) for k in range(2)]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    first = log[log.customer_id == "c7"]
    value = first.groupby("order_id").amount.sum()
    assert tables[0].loc["c7", "monetary"] == round(first.amount.sum(), 2)
    assert tables[0].loc["c7", "order_value_std"] == pytest.approx(value.std(), abs=1e-6)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_customers_in_parts_on_any_number_of_threads_are_the_same_to_the_last_bit(threads):
    log, days = many_lines(), [date(2024, 3, 1), date(2024, 4, 1)]
    whole, parts = (
        build(ibis.duckdb.connect(threads=n).create_table("lines", log), days, 10, keep=Keep(Table.cache, at_once))
        for n, at_once in ((1, 0), (threads, 300))
    )
    first, second = (table.order_by(*KEYS[::-1]).to_pandas() for table in (whole, parts))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_without_cancellations_the_panel_says_what_outcomes_say():
    lines, days = ibis.memtable(many_lines()), [date(2024, 1, 20), date(2024, 3, 1), date(2024, 4, 6)]
    panel = build(lines, days, 3).to_pandas().set_index([*KEYS])
    came = outcomes(lines, ibis.memtable({"as_of": pd.to_datetime(days)}), 3).to_pandas().set_index([*KEYS])
    assert set(panel.index[panel.churned == 0]) == set(came.index) & set(panel.index)
    assert 0 < panel.churned.mean() < 1


def test_spend_beyond_what_whole_numbers_of_millionths_hold_is_a_number():
    """1e14 is 1e20 millionths; whole numbers of 64 bits end at 9.2e18."""
    table = described(LOG.assign(amount=1e14), date(2024, 1, 22))
    assert table.loc["a", "monetary"] == 3e14


def test_orders_numbered_within_their_customer_give_the_same_features():
    """As on Spark, where numbering all orders would bring them to one machine."""
    rows = np.random.default_rng(0)
    log = pd.DataFrame({"customer_id": rows.choice([*"abcdé"], 300), "product_id": rows.choice([*"xyzü"], 300)})
    log["ordered_at"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rows.integers(0, 90 * 24, 300), unit="h")
    log = log.assign(order_id=log.ordered_at.dt.strftime("%j") + log.customer_id, quantity=1.0 + log.index % 3)
    log["amount"] = log.quantity * rows.uniform(1, 9, 300).round(2)
    days = [date(2024, 2, 20), date(2024, 4, 1)]
    one, other = (
        build(ibis.memtable(log), days, 30, keep=Keep(Table.cache, spread=spread)).order_by(*KEYS).to_pandas()
        for spread in (False, True)
    )
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_part_has_all_orders_of_its_customers():
    log = pd.DataFrame({"customer_id": [*"aaaabc"], "order_id": [*"123456"], "amount": 1.0, "quantity": 1.0})
    log = log.assign(ordered_at=pd.Timestamp("2024-01-01"), product_id="x")
    parts = orders_of(ibis.memtable(log), Keep(Table.cache, 2))
    found = [sorted(part.order_id.to_pandas()) for part in parts]
    assert found == [["1", "2", "3", "4"], ["5", "6"]]  # the third order is a's, so a's part is larger; the fifth b's


def test_who_always_pays_one_price_has_no_spread_of_prices():
    rng = np.random.default_rng(1)
    price = np.repeat(np.round(rng.uniform(0.1, 90, 60), 2), 3)
    log = pd.DataFrame(
        {"customer_id": np.repeat([f"c{n}" for n in range(60)], 3), "quantity": np.tile([1.0, 3, 7], 60)}
    )
    log = log.assign(order_id=log.customer_id, product_id="x", ordered_at=pd.Timestamp("2024-01-01 09:00"))
    assert described(log.assign(amount=price * log.quantity), date(2024, 1, 9)).price_spread.max() == 0
