"""Each group of features on a log small enough to work out by hand, and in the SQL of both engines."""

from datetime import date
from math import log

import ibis
import numpy as np
import pandas as pd
import pytest
import sqlglot
from ibis.config import Config, options
from sqlglot import exp

from patrons.features import Recipe, stages
from patrons.features.panel import KEYS, KNOWN, OUTCOME, FeaturesError, build, declared

# customer a: three orders on 1, 11 and 31 January 2024 (Monday, Thursday, Wednesday); b: one order on Sunday the 7th
LOG = pd.DataFrame(
    [
        ("a", "1", "x", "2024-01-01 09:00", 1.0, 10.0),
        ("a", "1", "y", "2024-01-01 09:00", 2.0, 20.0),
        ("a", "2", "x", "2024-01-11 13:00", 4.0, 40.0),
        ("a", "2", "x", "2024-01-11 13:00", 1.0, 10.0),
        ("a", "3", "x", "2024-01-31 20:00", 1.0, 5.0),
        ("a", "3", "z", "2024-01-31 20:00", 1.0, 35.0),
        ("b", "4", "x", "2024-01-07 23:30", 1.0, 8.0),
    ],
    columns=["customer_id", "order_id", "product_id", "ordered_at", "quantity", "amount"],
).astype({"ordered_at": "datetime64[us]"})
RETURNS = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b"],
        "order_id": ["C1", "C2", "C3"],
        "product_id": ["x", "z", "x"],
        "ordered_at": pd.to_datetime(["2024-01-12 10:00", "2024-02-20 10:00", "2024-03-01 10:00"]),
        "quantity": [-1.0, -1.0, -1.0],
        "amount": [-10.0, -35.0, -8.0],
    }
)
DAY = date(2024, 2, 10)  # recency 10 days, tenure 40


def described(log=LOG, day=DAY, **settings):
    return build(ibis.memtable(log), [day], **settings).to_pandas().set_index("customer_id").sort_index()


def hand(customer, **expected):
    values = described().loc[customer, list(expected)].astype(float).to_dict()
    assert values == pytest.approx({name: float(value) for name, value in expected.items()}, abs=1e-6, nan_ok=True)


def test_there_are_100_features_and_more_in_groups():
    table = Recipe().dictionary()
    assert len(table) >= 100
    assert table.feature.is_unique
    assert {"rfm", "windows", "trends", "basket", "rhythm", "products", "price", "returns"} <= set(table.group)
    assert (table[["unit", "meaning"]].map(len) > 3).all(axis=None)


def test_the_dictionary_names_the_columns_in_their_order():
    settings = {"windows": (30, 90), "leave_out": ["price"], "interactions": ["recency_days * order_value"]}
    assert list(described(**settings).columns) == ["as_of", *Recipe(**settings).dictionary().feature]


def test_windows_and_their_trends():  # the second order is exactly 30 days ago: within 30 days
    hand("a", orders_14d=1, spend_14d=40, units_30d=7, lines_30d=4, orders_60d=3, orders_7d=0)
    hand("a", orders_trend_14_30d=1 / 2, orders_trend_30_60d=2 / 3, spend_trend_30_60d=90 / 120, orders_trend_7_14d=0)


def test_gaps_between_orders():  # 10 and 20 days, now silent for 10
    hand("a", gap_days=15, gap_median=15, gap_min=10, gap_max=20, gap_first=10, gap_last=20, gap_std=50**0.5)
    hand("a", silence_to_gap=10 / 15, silence_to_longest=0.5, silence_excess=-5, gap_trend=20 / 15)
    hand("b", gap_days=np.nan, gap_std=np.nan, gap_last=np.nan, silence_to_gap=np.nan, active_days=1)


def test_baskets():  # 30, 50 and 40
    hand("a", order_value=40, order_value_max=50, order_value_min=30, order_value_std=10, largest_order_share=50 / 120)
    hand("a", order_lines=2, order_lines_max=2, order_products=5 / 3, order_units_max=5, line_value_max=40)


def test_products():  # x four times, y and z once
    entropy = -(4 / 6 * log(4 / 6) + 2 / 6 * log(1 / 6))
    hand("a", products_distinct=3, products_repeated=1, products_repeated_share=1 / 3, lines_repeated_share=0.5)
    hand("a", product_entropy=entropy, product_evenness=entropy / log(3), product_concentration=18 / 36)
    hand("a", product_top_share=4 / 6, products_fresh_per_order=1, products_fresh_last=0.5)
    hand("b", product_entropy=0, product_evenness=np.nan, product_concentration=1)


def test_prices():  # 10 on four lines, then 5 and 35
    level = (10**4 * 5 * 35) ** (1 / 6)
    hand("a", price_min=5, price_max=35, price_paid=12, price_level=level, price_last=175**0.5)
    hand("a", price_trend=175**0.5 / level, price_spread=np.std(np.log([10, 10, 10, 10, 5, 35])))


def test_times_of_order():
    hand("a", hour_mean=14, morning_share=1 / 3, afternoon_share=1 / 3, evening_share=1 / 3)
    hand("a", monday_share=1 / 3, wednesday_share=1 / 3, thursday_share=1 / 3, weekend_share=0, winter_share=1)
    hand("b", sunday_share=1, weekend_share=1, month_start_share=1)


def test_first_and_last_order():
    hand("a", first_order_value=30, last_order_value=40, first_order_products=2, last_to_first_value=4 / 3)
    hand("a", last_order_trend=1, last_order_units=2)


def test_returns_before_the_day_count_and_later_ones_do_not():
    table = described(returns=RETURNS)
    a, b = table.loc["a"], table.loc["b"]
    assert (a.returns, a.returned_value, a.returned_units, a.return_recency_days) == (1, 10, 1, 29)
    assert (a.returns_per_order, a.returned_value_share) == (
        pytest.approx(1 / 3, abs=1e-6),
        pytest.approx(10 / 120, abs=1e-6),
    )
    assert (b.returns, b.returned_value) == (0, 0)
    assert np.isnan(b.return_recency_days)


def test_lines_of_an_order_that_come_later_are_not_seen_and_make_no_second_order():
    late = LOG.iloc[[2]].assign(ordered_at=pd.Timestamp("2024-01-21 00:01"), amount=1000.0)
    log = pd.concat([LOG, late])
    seen, alone = (described(each, date(2024, 1, 21)).sort_index() for each in (log, LOG))
    pd.testing.assert_frame_equal(seen, alone)
    assert described(log, date(2024, 1, 22)).loc["a", ["frequency", "monetary"]].tolist() == [2, 1080]


def test_what_comes_later_changes_nothing_returns_included():
    later = LOG.assign(ordered_at=LOG.ordered_at + pd.Timedelta(days=60), amount=1e6)  # the same orders go on
    later_returns = RETURNS.assign(ordered_at=RETURNS.ordered_at + pd.Timedelta(days=60))
    pd.testing.assert_frame_equal(
        described(returns=RETURNS), described(pd.concat([LOG, later]), returns=pd.concat([RETURNS, later_returns]))
    )


def test_the_order_of_lines_in_the_log_does_not_matter():
    pd.testing.assert_frame_equal(
        described(), described(LOG.sample(frac=1, random_state=1)).sort_index(), check_like=True
    )


def test_a_panel_describes_each_day_as_if_it_were_the_only_one():
    days = [date(2024, 1, 8), date(2024, 1, 25), DAY]
    panel = build(ibis.memtable(LOG), days, 20, returns=RETURNS).to_pandas()
    for day in days:
        alone = described(day=day, returns=RETURNS).sort_index()
        there = panel[panel.as_of == pd.Timestamp(day)].set_index("customer_id").sort_index()
        pd.testing.assert_frame_equal(there[alone.columns], alone, check_dtype=False)


def test_a_group_that_is_left_out_makes_no_column():
    table = described(leave_out=["price", "returns"])
    assert not {"price_paid", "returns", "returns_per_order"} & set(table)
    assert "order_value" in table


def test_interactions_are_products_and_quotients():
    table = described(interactions=["recency_days * order_value", "order_value_max/returns"])
    assert table.loc["a", "recency_days_times_order_value"] == 400
    assert np.isnan(table.loc["a", "order_value_max_per_returns"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"leave_out": ["prices"]}, "no group of features 'prices'; did you mean 'price'"),
        ({"leave_out": ["rfm"]}, "cannot be left out"),
        ({"interactions": ["recency * monetary"]}, "no feature 'recency'"),
        ({"interactions": ["recency_days + monetary"]}, "neither 'a \\* b' nor 'a / b'"),
        ({"windows": [30, 0]}, "at least 1 day"),
    ],
)
def test_a_setting_that_fits_nothing_is_an_error_that_says_so(settings, message):
    with pytest.raises(FeaturesError, match=message):
        declared(**settings)


CANCELLED = {
    **dict.fromkeys(("ordered_at", "cancelled_at"), "timestamp"),
    **dict.fromkeys(("line", "cancelled_by"), "int64"),
    **dict.fromkeys(("quantity", "amount", "paid_back"), "float64"),
    "customer_id": "string",
    "gone": "boolean",
}


class Spark(Config):
    """What Ibis looks up when it writes Spark SQL and pyspark is not installed."""

    treat_nan_as_null: bool = False


@pytest.mark.parametrize("engine", ["duckdb", "pyspark"])
def test_every_feature_can_be_said_in_the_sql_of_both_engines(engine, monkeypatch):
    monkeypatch.setattr(options, "pyspark", Spark())
    schema = {name: "float64" if name in ("quantity", "amount") else "string" for name in LOG}
    schema |= {"ordered_at": "timestamp", "line": "int64"}
    lines, returns = (ibis.table(schema, name=name) for name in ("lines", "returns"))
    terms = ["recency_days * order_value", "order_value_max / returns"]
    cancelled = ibis.table(CANCELLED, name="cancelled")
    panel = build(lines, [DAY], 90, returns=returns, interactions=terms, keep=stages.lazily, cancelled=cancelled)
    query = sqlglot.parse_one(ibis.to_sql(panel, dialect=engine), read="spark" if engine == "pyspark" else engine)
    named = next(one for one in query.find_all(exp.Select) if one.named_selects != ["*"]).named_selects
    named = [name for name in named if name != "ordered_within"]  # which DuckDB leaves out of a star
    assert named == list(panel.columns)  # keys, every feature, interactions, outcome and when it is known
    assert {*KEYS, OUTCOME, KNOWN} < set(named)
    assert {"lines", "returns", "cancelled"} <= {table.name for table in query.find_all(exp.Table)}
    assert not {
        call.name for call in query.find_all(exp.Anonymous)
    }  # a function that the engine's grammar does not know
