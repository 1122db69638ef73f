"""The simulated shop: shaped like a real log, flawed like one, and known in truth."""

import hashlib
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from patrons.demo.flaws import ABSURD
from patrons.demo.simulate import CHANGED_RATE, CHANGED_SHARE, HOME, KINDS, Shop, ShopError, simulate, write

CODE = r"^\d{5}$"


@pytest.fixture(scope="module")
def shop() -> Shop:
    return simulate(customers=4000, seed=7)


@pytest.fixture(scope="module")
def log(shop) -> pd.DataFrame:
    return shop.orders


@pytest.fixture(scope="module")
def bought(log) -> pd.DataFrame:
    """The good lines of known customers, with their amount."""
    good = log["customer_id"].notna() & (log["quantity"] > 0) & (log["unit_price"] > 0)
    lines = log[good & log["product_id"].str.match(CODE)].drop_duplicates()
    return lines.assign(amount=lines["quantity"] * lines["unit_price"])


def cancelled(log: pd.DataFrame) -> pd.DataFrame:
    return log[log["order_id"].str.startswith("C")]


def test_the_log_has_the_promised_size_and_columns(log):
    columns = "order_id product_id description quantity ordered_at unit_price customer_id country"
    assert list(log.columns) == columns.split()
    assert 190_000 < len(log) < 240_000
    assert 3_500 < log["customer_id"].nunique() <= 4_000
    assert log["product_id"].nunique() > 1_400


def test_the_log_covers_two_years(log):
    assert log["ordered_at"].min().strftime("%Y-%m-%d") == "2024-01-04"  # closed until 3 January
    assert log["ordered_at"].max().strftime("%Y-%m-%d") == "2025-12-23"  # closed from 24 December


def test_the_same_seed_gives_the_same_shop():
    for first, second in zip(simulate(customers=60, seed=3), simulate(customers=60, seed=3), strict=True):
        pd.testing.assert_frame_equal(first, second)


def test_another_seed_gives_another_shop():
    assert not simulate(customers=60, seed=3).orders.equals(simulate(customers=60, seed=4).orders)


def test_nothing_is_traded_on_saturdays_nor_out_of_hours(log):
    times = log["ordered_at"].dt
    assert sorted(times.day_of_week.unique()) == [0, 1, 2, 3, 4, 6]
    assert times.hour.between(8, 17).all()


def test_christmas_is_the_peak(bought):
    months = bought.groupby(bought["ordered_at"].dt.month)["order_id"].nunique()
    assert months.idxmax() == 11
    assert months[11] > 1.5 * months[[2, 3, 4, 5, 6, 7, 8]].mean()


def test_the_first_month_is_not_empty(bought):
    months = bought.groupby(bought["ordered_at"].dt.to_period("M"))["customer_id"].nunique()
    assert months.iloc[0] > 0.5 * months.median()


def test_a_fifth_of_the_customers_bring_most_of_the_revenue(bought):
    spent = bought.groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    assert 0.5 < spent.iloc[: len(spent) // 5].sum() / spent.sum() < 0.85


def test_few_products_sell_often_and_seasonal_ones_in_their_season(bought):
    sold = bought["product_id"].value_counts(normalize=True)
    assert sold.iloc[:150].sum() > 0.3  # a tenth of the catalogue
    baubles = bought[bought["description"].str.contains("bauble|wreath|garland")]
    assert (baubles["ordered_at"].dt.month >= 10).mean() > 0.8


def test_most_customers_are_at_home_but_not_all(shop):
    assert 0.84 < (shop.customers["country"] == HOME).mean() < 0.91
    assert shop.customers["country"].nunique() == 11


def test_about_eight_percent_of_the_lines_have_no_customer_and_they_are_whole_orders(log):
    assert 0.07 < log["customer_id"].isna().mean() < 0.09
    assert log.groupby("order_id")["customer_id"].nunique(dropna=False).max() == 1


def test_about_half_a_percent_of_the_lines_are_exact_copies(log):
    assert 0.004 < log.duplicated().mean() < 0.006


def test_about_two_percent_of_the_orders_are_cancellations(log):
    back = cancelled(log)
    assert 0.015 < back["order_id"].nunique() / log["order_id"].nunique() < 0.03
    assert (back["quantity"] < 0).all()


def test_a_cancellation_gives_back_what_was_bought_before(log):
    back = cancelled(log).dropna(subset="customer_id")
    sold = log[log["quantity"] > 0].groupby(["customer_id", "product_id"])["ordered_at"].min()
    before = sold.reindex(pd.MultiIndex.from_frame(back[["customer_id", "product_id"]])).to_numpy()
    assert (before < back["ordered_at"].to_numpy()).all()


def test_absurd_quantities_are_cancelled_minutes_later(log):
    for pieces in ABSURD:
        slip, undone = log[log["quantity"] == pieces].iloc[0], log[log["quantity"] == -pieces].iloc[0]
        assert undone["ordered_at"] - slip["ordered_at"] == pd.Timedelta("9min")
        assert undone["customer_id"] == slip["customer_id"]
        assert undone["order_id"].startswith("C")


def test_stock_corrections_have_no_customer_no_price_and_a_negative_quantity(log):
    fixes = log[(log["quantity"] < 0) & ~log["order_id"].str.startswith("C") & log["product_id"].str.match(CODE)]
    assert 100 < len(fixes) < 250
    assert fixes["customer_id"].isna().all()
    assert (fixes["unit_price"] == 0).all()
    assert fixes["description"].isna().any()


def test_a_few_sales_have_no_price(log):
    assert 100 < ((log["unit_price"] == 0) & (log["quantity"] > 0)).sum() < 300
    assert (log["unit_price"] >= 0).all()


def test_some_codes_are_no_products(log):
    codes = log.loc[~log["product_id"].str.match(CODE), "product_id"]
    assert set(codes) == {"POST", "M", "D", "BANK CHARGES"}
    assert (log.loc[log["product_id"] == "POST", "country"] != HOME).all()


def test_the_truth_and_the_customer_table_cover_every_customer_of_the_log(shop):
    known = set(shop.orders["customer_id"].dropna())
    assert known <= set(shop.truth["customer_id"])
    assert set(shop.customers["customer_id"]) == set(shop.truth["customer_id"])
    assert set(shop.truth["kind"]) == set(KINDS)


def test_nobody_buys_after_death(shop, bought):
    death = shop.truth.set_index("customer_id")["death_date"]
    assert 0.3 < death.notna().mean() < 0.8
    last = bought.groupby("customer_id")["ordered_at"].max()
    died = death.reindex(last.index).dropna()
    assert (last[died.index] < died).all()


def test_nobody_buys_before_signing_up(shop, bought):
    signup = pd.to_datetime(shop.customers.set_index("customer_id")["signup_date"])
    first = bought.groupby("customer_id")["ordered_at"].min()
    assert (first >= signup[first.index]).all()


def test_customers_buy_at_their_true_rate(shop, bought):
    truth = shop.truth.set_index("customer_id")
    orders = bought.groupby("customer_id")["order_id"].nunique().reindex(truth.index, fill_value=0)
    signup = pd.to_datetime(shop.customers.set_index("customer_id")["signup_date"])
    there = truth["death_date"].isna() & (signup < "2024-01-01") & (truth["kind"] != "one-timer")
    # those who are there for both years: twice the yearly rate
    assert orders[there].sum() == pytest.approx(2 * truth.loc[there, "rate"].sum(), rel=0.05)


def test_many_support_contacts_go_with_an_early_death(shop):
    both = shop.customers.merge(shop.truth, on="customer_id")
    old = both[(pd.to_datetime(both["signup_date"]) < "2024-01-01") & (both["kind"] != "enthusiast")]
    died = old["death_date"].notna()
    few, many = old["support_contacts"] == 0, old["support_contacts"] >= 3
    assert died[many].mean() > died[few].mean() + 0.15


def test_channel_and_plan_go_with_the_kind_but_do_not_give_it_away(shop):
    both = shop.customers.merge(shop.truth, on="customer_id")
    for attribute in ("channel", "plan", "age_band"):
        table = pd.crosstab(both[attribute], both["kind"])
        assert stats.chi2_contingency(table).pvalue < 1e-6
        assert (table.max(axis=1) / table.sum(axis=1)).max() < 0.8


def test_some_attributes_are_missing(shop):
    missing = shop.customers.isna().mean()
    assert 0.05 < missing["age_band"] < 0.11
    assert 0.01 < missing["channel"] < 0.04
    assert missing.drop(["age_band", "channel"]).max() == 0


def test_churn_is_neither_rare_nor_certain_and_recency_tells_some_of_it(bought):
    cutoff, end = pd.Timestamp("2025-09-24"), pd.Timestamp("2025-12-23")
    last = bought[bought["ordered_at"] < cutoff].groupby("customer_id")["ordered_at"].max()
    came_back = bought.loc[bought["ordered_at"].between(cutoff, end), "customer_id"].unique()
    churned = ~last.index.isin(came_back)
    assert 0.45 < churned.mean() < 0.65
    recency = (cutoff - last).to_numpy()
    auc = stats.mannwhitneyu(recency[churned], recency[~churned]).statistic / churned.sum() / (~churned).sum()
    assert 0.7 < auc < 0.87


@pytest.mark.parametrize("customers", [100, 400])
def test_a_smaller_shop_works_too(customers):
    small = simulate(customers=customers, seed=1)
    assert len(small.customers) == customers
    assert np.isfinite(small.orders["unit_price"]).all()
    assert 30 * customers < len(small.orders) < 100 * customers


def test_the_files_hold_the_tables(tmp_path):
    small = simulate(customers=60)
    paths = write(small, tmp_path / "demo")
    assert [path.name for path in paths] == ["orders.parquet", "customers.csv", "truth.parquet"]
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == sorted(path.name for path in paths)
    pd.testing.assert_frame_equal(pd.read_parquet(paths[0]), small.orders)
    assert (
        pd.read_csv(paths[1], dtype={"customer_id": str})["customer_id"].tolist()
        == small.customers["customer_id"].tolist()
    )


def test_the_same_shop_gives_the_same_bytes(tmp_path):
    first, second = (write(simulate(customers=60), tmp_path / name) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_without_a_change_the_log_is_as_it_has_always_been():
    columns = ["order_id", "product_id", "quantity", "ordered_at", "unit_price", "customer_id", "country"]
    text = simulate(customers=60, seed=3).orders[columns].to_csv(index=False)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "8d1cf5614fba1476"


@pytest.fixture(scope="module")
def changed() -> Shop:
    return simulate(customers=4000, seed=7, change=date(2025, 5, 1))


def yearly(shop: Shop, who: pd.Series, first: str, last: str) -> int:
    """Orders of some customers between two days, the first excluded: newcomers always make it."""
    orders = shop.orders.dropna(subset="customer_id").drop_duplicates("order_id")
    orders = orders[(orders["quantity"] > 0) & orders["customer_id"].isin(who)].sort_values("ordered_at")
    again = orders[orders.duplicated("customer_id")]
    return int(again["ordered_at"].between(first, last).sum())


def test_from_the_change_on_those_of_whom_the_truth_says_so_order_less(shop, changed):
    truth = changed.truth
    assert "changed" not in shop.truth
    assert truth["changed"].mean() == pytest.approx(CHANGED_SHARE, abs=0.03)
    after = [
        yearly(changed, who, "2025-05-01", "2025-12-31") / yearly(shop, who, "2025-05-01", "2025-12-31")
        for who in (truth.customer_id[truth.changed], truth.customer_id[~truth.changed])
    ]
    assert after == pytest.approx([CHANGED_RATE, 1], abs=0.05)


def test_before_the_change_nothing_tells_of_it(shop, changed):
    days = [
        frame.orders.dropna(subset="customer_id")
        .query("ordered_at < '2025-05-01' and quantity > 0")
        .groupby(["customer_id", frame.orders["ordered_at"].dt.normalize()])
        .size()
        .index
        for frame in (shop, changed)
    ]
    assert len(days[0].symmetric_difference(days[1])) < 0.02 * len(days[0])  # flaws are drawn anew


def test_a_change_outside_of_the_log_is_refused():
    with pytest.raises(ShopError, match="Give a day after 2024-01-01, up to 2025-12-31"):
        simulate(customers=60, change=date(2026, 1, 1))
