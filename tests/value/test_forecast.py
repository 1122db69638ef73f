"""What is known on which day, what a test may see, and scores worked out by hand."""

import os
from datetime import date
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from benchmarks import value as benchmark
from patrons import models
from patrons.value import forecast, narrative, spend_model
from patrons.value import spread as spreads
from patrons.value.spend_model import BASE, ORDERS, SpendModel, fit_both, same_season, with_expected

HORIZON = 60


def log(customers=150, days=420, seed=0):
    """Order lines of customers who buy at a pace of their own."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        day, pace = rng.integers(0, 200), rng.gamma(1.0, 40.0) + 5
        while day < days:
            rows.append((f"c{customer:03}", f"o{len(rows)}", "p", 1, int(day), round(rng.lognormal(3, 0.5), 2)))
            day += 1 + rng.exponential(pace)
    table = pd.DataFrame(rows, columns=["customer_id", "order_id", "product_id", "quantity", "day", "amount"])
    table["ordered_at"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(table.pop("day"), unit="D")
    return table.assign(unit_price=table.amount)


WHEN = forecast.days(date(2023, 1, 1), date(2024, 2, 25), HORIZON)


@pytest.fixture(scope="module")
def table():
    return forecast.snapshots(ibis.memtable(log()), WHEN, HORIZON)


def test_what_is_learnt_for_the_cutoff_was_known_by_then():
    when = forecast.days(date(2023, 1, 1), date(2024, 1, 1), 100)
    assert when.cutoff == date(2023, 9, 23)
    assert when.earlier == [date(2023, 4, 16), date(2023, 5, 16), date(2023, 6, 15)]  # the last ends on 23 September


def test_a_short_log_has_nothing_to_test_or_to_learn_from():
    assert forecast.days(date(2023, 1, 1), date(2023, 6, 1), 100) == ([], None, date(2023, 6, 1))
    assert forecast.days(date(2023, 1, 1), date(2023, 8, 1), 100).earlier == []


def test_what_was_spent_before_is_summed_over_all_customers_less_what_they_cancelled():
    """Of ten days before 21 January: 20 + 30 - 5 + 0.1; a cancelled order counts nothing, and none before the 11th."""
    bought = [
        ("a", 1, "2024-01-10 23:59", 1000.0), ("a", 2, "2024-01-11 00:00", 20.0), ("b", 3, "2024-01-15 12:00", 30.0),
        ("b", 4, "2024-01-16 12:00", 70.0), ("c", 5, "2024-01-20 23:59", 0.1),
    ]  # fmt: skip
    lines = pd.DataFrame(bought, columns=["customer_id", "line", "ordered_at", "amount"])
    lines["ordered_at"] = pd.to_datetime(lines.ordered_at)
    taken = lines.iloc[[0, 2, 3]].assign(cancelled_at=pd.Timestamp("2024-01-18"), amount=[900.0, 5.0, 70.0])
    taken = taken.assign(gone=[False, False, True])
    end = date(2024, 1, 21)
    assert forecast.spent_before(ibis.memtable(lines), end, 10, taken) == pytest.approx(45.1)
    assert forecast.spent_before(ibis.memtable(lines), end, 10) == pytest.approx(120.1)
    assert forecast.spent_before(ibis.memtable(lines), date(2025, 1, 1), 10, taken) == 0
    assert np.isnan(forecast.spent_before(ibis.memtable(lines), end, 1000))  # the log is shorter than that


def test_a_benchmark_tells_by_which_share_one_forecast_is_worse_than_another():
    """Errors of 1 and 2 in every resample: twice as much. Of 3 and 4 against 5 each, the root of 25 over 12.5."""
    nothing = np.zeros(2)
    assert benchmark.more(nothing, np.ones(2), np.full(2, 2.0)) == (1.0, 1.0, 1.0)
    assert benchmark.more(nothing, np.array([3.0, 4.0]), np.full(2, 5.0)).value == pytest.approx(np.sqrt(2) - 1)


def test_what_was_spent_before_is_what_the_features_of_the_last_day_say(table):
    """The same amounts in another way: spend_60d of every customer of the end, and none is missing."""
    rows = forecast.on(table, WHEN.end)
    assert forecast.spent_before(ibis.memtable(log()), WHEN.end, HORIZON) == pytest.approx(rows.spend_60d.sum())


def test_spend_is_that_of_the_days_from_as_of_to_the_horizon(table):
    lines = log()
    since = pd.Timestamp(WHEN.cutoff)
    within = lines[(lines.ordered_at >= since) & (lines.ordered_at < since + pd.Timedelta(days=HORIZON))]
    rows = table[table.as_of == since].set_index("customer_id")
    assert rows.spent.sum() == pytest.approx(within[within.customer_id.isin(rows.index)].amount.sum())
    assert table[table.as_of == pd.Timestamp(WHEN.end)].spent.isna().all()


def test_spend_is_net_of_what_was_cancelled_within_the_horizon_and_no_later_cancellation_counts(table):
    since, end = (pd.Timestamp(WHEN.cutoff) + pd.Timedelta(days=days) for days in (0, HORIZON))
    lines = log().rename_axis("line").reset_index()
    bought = lines[(lines.ordered_at >= since) & (lines.ordered_at < end) & (lines.amount < 500)]
    rows = table[table.as_of == since].set_index("customer_id")
    one = bought[bought.customer_id.isin(rows.index)].iloc[0]
    back = dict(one[["customer_id", "line", "ordered_at", "amount"]]) | {"quantity": 1.0, "gone": True}
    for at, off in ((end - pd.Timedelta("1s"), one.amount), (end, 0.0)):
        cancelled = pd.DataFrame([back | {"cancelled_at": at}])
        when = WHEN._replace(earlier=[])
        net = forecast.snapshots(ibis.memtable(lines), when, HORIZON, cancelled).query("as_of == @since")
        spent = net.set_index("customer_id").spent
        assert rows.spent[one.customer_id] - spent[one.customer_id] == pytest.approx(off)
        assert spent.drop(one.customer_id).equals(rows.spent.drop(one.customer_id))


def test_a_forecast_as_of_the_cutoff_sees_no_future(table):
    lines, since = log(), pd.Timestamp(WHEN.cutoff)
    lines["amount"] = lines.amount.where(lines.ordered_at < since, lines.amount * 1000)
    later = forecast.snapshots(ibis.memtable(lines), WHEN, HORIZON)
    predicted = []
    for rows in (table, later):
        inputs = forecast.inputs(rows, rows)
        model = forecast.fit_as_of(rows, WHEN.cutoff, SpendModel(HORIZON, inputs))
        predicted.append(model.predict(rows[rows.as_of == since]))
    assert later.spent.max() > 100 * table.spent.max()
    np.testing.assert_array_equal(*predicted)


def test_scores_are_those_worked_out_by_hand():
    truth, predicted = np.array([0.0, 10.0, 20.0, 70.0]), np.array([10.0, 0.0, 20.0, 50.0])
    result = forecast.scores(truth, predicted)
    assert result["mae"] == 10.0
    assert result["rmse"] == pytest.approx(np.sqrt(600 / 4))
    assert result["spearman"] == pytest.approx(0.8)  # two neighbours changed places: 1 - 6 * 2 / (4 * 15)
    assert result["capture_top_decile"] == pytest.approx(0.7)
    assert result["bias"] == pytest.approx(-0.2)


def test_a_rule_that_says_the_same_of_all_ranks_nobody():
    assert forecast.scores(np.array([1.0, 2.0]), np.zeros(2)) == {
        "mae": 1.5,
        "rmse": pytest.approx(np.sqrt(2.5)),
        "rmse_without_largest": 1.0,
        "spearman": 0.0,
        "capture_top_decile": pytest.approx(1 / 3),
        "bias": -1.0,
    }


def test_the_mean_lies_between_its_parts_and_a_saved_model_says_the_same(table, tmp_path):
    inputs = forecast.inputs(table, table)
    model = forecast.fit_as_of(table, WHEN.end, SpendModel(HORIZON, inputs))
    today = table[table.as_of == pd.Timestamp(WHEN.end)]
    parts = model.parts(today)
    assert model.predict(today).sum() == pytest.approx(np.mean([part.sum() for part in parts.values()]))
    kept = [models.save_model(tmp_path / name, model).read_bytes() for name in ("a.skops", "b.skops")]
    assert kept[0] == kept[1]
    np.testing.assert_array_equal(models.load_model(tmp_path / "a.skops").predict(today), model.predict(today))


def test_what_was_expected_on_earlier_days_may_be_fitted_once_for_all(table):
    inputs = forecast.inputs(table, table)
    once = with_expected(table, HORIZON, 30)
    ends = once.as_of == once.as_of.max()
    assert once.loc[ends, BASE].isna().all()
    assert once.loc[~ends, [BASE, ORDERS]].notna().all(axis=None)
    first, then = (forecast.fit_as_of(rows, WHEN.cutoff, SpendModel(HORIZON, inputs)) for rows in (table, once))
    assert first.levels_ == then.levels_
    np.testing.assert_array_equal(first.predict(table[ends]), then.predict(table[ends]))


def test_spend_is_foretold_the_same_in_parts(table, monkeypatch):
    model = forecast.fit_as_of(table, WHEN.end, SpendModel(HORIZON, forecast.inputs(table, table)))
    whole = model.predict(table)
    monkeypatch.setattr(spend_model, "CHUNK", 7)
    np.testing.assert_array_equal(model.predict(table), whole)


def test_only_the_same_season_a_year_before_sets_the_level():
    days = pd.to_datetime(["2023-03-01", "2023-06-05", "2023-07-01", "2023-09-01"])
    levels = pd.Series([9.0, 1.2, 1.4, 9.0], days)
    assert same_season(levels, pd.Timestamp("2024-06-15")) == pytest.approx(1.3)
    assert same_season(levels, pd.Timestamp("2026-06-15")) == 1.0


def test_the_spread_of_a_test_is_drawn_group_by_group():
    predicted = np.repeat([10.0, 100.0], 20)
    spread = spreads.from_test(predicted * 2, predicted, seed=0)
    assert spread.edges.tolist() == [100.0]
    assert spread.ratios == pytest.approx(2.0)
    assert spread.group(np.array([5.0, 99.0, 100.0, 1e6])).tolist() == [0, 0, 1, 1]


def test_groups_go_by_rank_where_a_season_lowers_all_forecasts():
    predicted = np.arange(40.0)
    spread = spreads.from_test(predicted, predicted, seed=0)
    assert (
        spread.regrouped(predicted / 2).group(predicted / 2).tolist()
        == spread.group(predicted).tolist()
        == [0] * 20 + [1] * 20
    )
    assert spread.regrouped(predicted[:1]).group(predicted[:1]).tolist() == [1]


@pytest.mark.parametrize("off", [0.5, 2.0])
def test_an_interval_lies_about_the_forecast_as_wide_as_the_test_was_off(off):
    predicted = np.repeat([10.0, 100.0], 20)
    spread = spreads.from_test(predicted * off, predicted, seed=0)
    values = pd.DataFrame({"expected_spend": [10.0, 90.0]})
    assert spreads.total(values, spread) == pytest.approx((100.0, 50.0, 200.0))
    total = spreads.totals(values, pd.Series(["A", "A"]), spread)
    assert total.loc["A"].tolist() == pytest.approx([100, 50, 200, 2])
    assert spreads.limits(spread)["low"] == pytest.approx([0.5, 0.5])
    assert spreads.limits(spread)["high"] == pytest.approx([2.0, 2.0])


def test_chance_widens_the_interval_of_a_segment_with_few_customers():
    rng = np.random.default_rng(0)
    predicted = rng.uniform(9.9, 10.1, 2000)
    spread = spreads.from_test(rng.exponential(10.0, 2000), predicted, seed=0)
    values = pd.DataFrame({"expected_spend": predicted})
    total = spreads.totals(values, pd.Series(["few"] * 20 + ["many"] * 1980), spread)
    reach = np.log(total.high / total.value)
    assert reach["few"] == pytest.approx(1.96 / np.sqrt(20), rel=0.2)  # of an exponential: its error is its mean
    assert reach["many"] < 0.1
    assert spreads.total(values.head(0), spread) == (0.0, 0.0, 0.0)


def test_each_day_is_foretold_by_the_others_and_the_rest_is_the_error_between_periods():
    """The third is foretold by the first, a year before; the others by 1."""
    levels = {"2024-01-01": 1.2, "2024-07-01": 0.8, "2025-01-05": 1.5}
    logs = np.log([1.2, 0.8, 1.5 / 1.2])
    assert spreads.origins_error(levels) == pytest.approx(np.sqrt((logs**2).mean()))
    assert spreads.origins_error({"2024-01-01": 1.2, "2024-07-01": 0.8}) is None
    assert spreads.origins_error({}) is None


def test_what_differs_between_periods_widens_sums_of_few_and_of_many_alike():
    sure = spreads.Spread(np.array([]), np.ones((1, 500)), np.array([400]))
    unsure, values = sure._replace(between=0.2), pd.DataFrame({"expected_spend": np.full(4, 25.0)})
    assert spreads.total(values, sure) == pytest.approx((100.0, 100.0, 100.0))
    low, high = 100 * np.exp(-1.96 * 0.2), 100 * np.exp(1.96 * 0.2)
    assert spreads.total(values, unsure) == pytest.approx((100.0, low, high), rel=0.02)
    assert spreads.totals(values, pd.Series(["A"] * 4), unsure).high.tolist() == pytest.approx([high], rel=0.02)
    assert spreads.limits(unsure)["high"] == pytest.approx([high / 100], rel=0.02)
    draws = unsure.draws_of_sums(np.array([[100.0], [100.0]]), np.array([[4], [400]]))
    assert draws[0] == pytest.approx(draws[1])  # the same period for all


def test_a_level_that_the_test_missed_is_no_chance_and_stays_for_few():
    predicted = np.repeat([10.0, 100.0], 20)
    spread = spreads.from_test(predicted * 2, predicted, seed=0)
    one = spreads.totals(pd.DataFrame({"expected_spend": [10.0]}), pd.Series(["A"]), spread)
    assert one.loc["A"].tolist() == pytest.approx([10, 5, 20, 1])


def test_a_group_that_spent_nothing_in_the_test_still_has_a_finite_interval():
    spread = spreads.from_test(np.zeros(40), np.ones(40), seed=0)
    assert spreads.limits(spread)["high"] == pytest.approx([spreads.MOST] * 2)


def test_many_customers_are_resampled_in_blocks_that_keep_their_total(monkeypatch):
    rng = np.random.default_rng(0)
    predicted = rng.gamma(2.0, 50.0, 5000)
    truth = predicted * rng.lognormal(0.2, 0.5, 5000)
    single = spreads._ratios(truth, predicted, np.random.default_rng(1))
    monkeypatch.setattr(spreads, "BLOCKS", 200)
    blocks = spreads._ratios(truth, predicted, np.random.default_rng(1))
    assert blocks.mean() == pytest.approx(truth.sum() / predicted.sum(), rel=0.003)
    assert blocks.std() == pytest.approx(single.std(), rel=0.2)


@pytest.mark.parametrize("customers", [1, 10])
def test_a_log_of_single_purchases_ends_in_a_clear_verdict(customers):
    lines = pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in range(customers)],
            "order_id": [f"o{n}" for n in range(customers)],
            "product_id": "p",
            "quantity": 1,
            "unit_price": 10.0,
            "amount": 10.0,
            "ordered_at": pd.date_range("2023-01-01", periods=customers),
        }
    )
    when = forecast.days(date(2023, 1, 1), date(2023, 2, 1), HORIZON)
    today = forecast.snapshots(ibis.memtable(lines), when, HORIZON)
    fits = fit_both(today)
    assert "do not act on the values below" in narrative.unsettled(fits, today)
    model = forecast.fit_as_of(today, when.end, SpendModel(HORIZON))
    spread = spreads.estimate(None, fits, today, HORIZON, seed=0)
    predicted = spreads.forecast(model, fits, today, spread)
    assert np.isfinite(predicted.drop(columns="customer_id").to_numpy()).all()


@pytest.mark.parametrize(
    ("name", "source", "rmse", "spearman", "bias", "rounds"),
    [
        ("cdnow", "CDNOW_master.txt", 56.5, 0.43, 0.06, 200),  # a third of the rounds, to save time
        ("online_retail_ii", "online_retail_ii.parquet", 2090, 0.64, 0.10, 600),
    ],
)
def test_spend_of_a_real_log_is_forecast_as_well_as_is_known(name, source, rmse, spearman, bias, rounds, monkeypatch):
    if not (Path(os.environ.get("PATRONS_DATA", "")) / source).is_file():
        pytest.skip(f"PATRONS_DATA does not name a folder with {source}")
    monkeypatch.setitem(spend_model.BOOSTER, "n_estimators", rounds)
    monkeypatch.setitem(spend_model.BOOSTER, "learning_rate", 10 / rounds)
    rows, when, model = benchmark.prepared(benchmark.ROOT / "params" / f"{name}.yaml")
    result = forecast.test(rows, when.cutoff, model)
    assert result.beats
    assert result.scores["rmse"] <= rmse
    assert result.scores["spearman"] >= spearman
    assert abs(result.scores["bias"]) <= bias
