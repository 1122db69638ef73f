"""What moved: measures by hand, whom today is compared with, and how often a stable log is said to have moved."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from patrons.monitoring import moved, moved_narrative, moved_plots, moved_segments, null, reference, shift
from patrons.plots import axes

DAYS = pd.date_range("2022-04-01", periods=24, freq="30D")
BEGIN = pd.Timestamp("2022-01-01")


def pair(then, now, weights=None):
    then, now = pd.DataFrame(then), pd.DataFrame(now)
    weights = np.ones(len(then)) if weights is None else np.array(weights, float)
    return shift.Pair(then.assign(customer_id=range(len(then))), now, weights)


def described(one):
    return shift.features(one, [shift.coded(one, name) for name in one.now])


def panel(rng, days, customers=600, features=4, change=None, day_spread=0.0):
    """Customers who come evenly from the log's first day on, described on each day."""
    came = pd.Series(range(customers)) * 700 // customers  # days after the begin
    parts = []
    for day in days:
        tenure = (day - BEGIN).days - came
        table = pd.DataFrame({"customer_id": came.index.astype(str), "as_of": day, "tenure_days": tenure})
        for number in range(features):
            table[f"f{number}"] = rng.normal(size=customers) + day_spread * rng.normal()
        table["growing"] = tenure / 100 + rng.normal(size=customers)
        parts.append(table[tenure > 0])
    return pd.concat(parts, ignore_index=True)


def test_the_ks_distance_is_the_largest_difference_of_shares_below_a_value():
    table = described(pair({"x": [1, 2, 3, 4]}, {"x": [3, 4, 5, 6]}))
    assert table.loc["x", "distance"] == 0.5  # below 3: half of then, nobody of now


def test_the_distance_of_many_values_is_right_to_a_thousandth_or_two():
    then, now = np.random.default_rng(0).normal(size=(2, 5000))
    table = described(pair({"x": then}, {"x": now + 0.3}))
    assert table.loc["x", "distance"] == pytest.approx(ks_2samp(then, now + 0.3).statistic, abs=0.002)


def test_weights_count_customers_of_then():
    table = described(pair({"x": [1.0, 2.0]}, {"x": [1.0, 2.0]}, [3, 1]))
    assert table.loc["x", "distance"] == 0.25  # three quarters of then have 1, half of now


def test_a_categorys_distance_its_missing_share_and_what_is_new():
    table = described(pair({"plan": ["S", "S", "M", None]}, {"plan": ["S", "XXL", "XXL", "XXL"]}))
    assert table.loc["plan", "distance"] == pytest.approx((2 / 3 - 1 / 4 + 1 / 3 + 3 / 4) / 2)
    assert table.loc["plan", "missing"] == -0.25
    assert (table.loc["plan", "new"], table.loc["plan", "new_share"]) == (["XXL"], 0.75)


def test_psi_of_two_categories():
    table = described(pair({"plan": ["S"] * 5 + ["M"] * 5}, {"plan": ["S"] * 8 + ["M"] * 2}))
    assert table.loc["plan", "psi"] == pytest.approx(0.3 * np.log(0.8 / 0.5) - 0.3 * np.log(0.2 / 0.5))


def test_the_correlation_that_changed_most_is_found_with_its_partner():
    x = list(range(5))
    table = described(pair({"a": x, "b": x, "c": [1, 3, 0, 2, 4]}, {"a": x, "b": x[::-1], "c": [1, 3, 0, 2, 4]}))
    assert (table.loc["a", "correlation"], table.loc["a", "partner"]) == (pytest.approx(-2), "b")


def test_customers_are_worth_fewer_the_more_unequal_their_weights():
    assert pair({"x": [1, 2]}, {"x": [1]}, [3, 1]).sizes == (1.6, 1.0)  # 4 squared over 10


def test_days_of_reference_lie_a_horizon_back_and_in_the_same_season():
    day = pd.Timestamp("2024-03-01")
    found = reference.days_for(day, [one for one in DAYS if one < day], 90, [], reference.YEAR)
    assert [str(one.date()) for one in found] == ["2023-02-25", "2022-04-01"]  # 4 and 31 days of the year away


def test_days_with_as_much_of_the_peak_around_them_stand_in_for_the_season():
    days = [pd.Timestamp(text) for text in ("2023-01-05", "2023-05-10", "2023-11-15")]
    found = reference.days_for(pd.Timestamp("2024-06-20"), days, 90, [11, 12], reference.PEAK)
    assert found == [pd.Timestamp("2023-05-10")]


def test_customers_are_compared_with_those_of_the_same_age():
    rows = panel(np.random.default_rng(0), DAYS)
    today, then = rows[rows.as_of == DAYS[20]], rows[rows.as_of == DAYS[8]]
    found = reference.paired(today, then, BEGIN, 90)
    assert found.now.tenure_days.max() <= (DAYS[8] - BEGIN).days - 90  # older ones have no counterpart of known age
    assert np.average(found.then.tenure_days, weights=found.weights) == pytest.approx(
        found.now.tenure_days.mean(), rel=0.05
    )


def test_neither_reference_nor_null_reaches_into_the_horizon_before_today_or_beyond_what_was_learnt():
    rows = panel(np.random.default_rng(0), DAYS)
    today = rows[rows.as_of == DAYS[22]]
    result = moved.log(rows, today, DAYS[18], 90)
    used = [one.day for one in result.earlier] + [day for one in (result.pair, *result.earlier) for day in one.days]
    assert max(used) <= DAYS[18]
    result = moved.log(rows, today, "2100-01-01", 90)
    assert max(one.day for one in result.earlier) == DAYS[19]  # 90 days before


def test_a_growing_log_has_not_moved_and_a_planted_shift_has():
    rows = panel(np.random.default_rng(1), DAYS, day_spread=0.05)
    today = rows[rows.as_of == DAYS[-1]]
    stable = moved.log(rows, today, "2100-01-01", 90)
    assert (stable.null, stable.drifted) == ("days", 0)
    shifted = moved.log(rows, today.assign(f1=today.f1 + 1), "2100-01-01", 90)
    assert list(shifted.features.index[shifted.features["moved"]]) == ["f1"]
    gone = moved.log(rows, today.assign(f1=today.f1.where(today.index % 3 > 0)), "2100-01-01", 90)
    assert list(gone.features.index[gone.features["moved"]]) == ["f1"]


@pytest.mark.parametrize("days", [6, 12])
def test_of_100_features_of_a_stable_log_about_one_run_in_twenty_finds_any_and_a_planted_one_is_found(days):
    """A day shifts each feature by its own scale, half of it common to all features, beside the chance of customers."""
    rng, runs, any_moved, planted = np.random.default_rng(2), 200, 0, 0
    for _ in range(runs):
        scale = 0.02 * np.exp(rng.normal(0, 0.7, 100))
        common, own = rng.normal(size=(days + 1, 1)), rng.normal(size=(days + 1, 100))
        noise = 1 / np.sqrt(rng.uniform(300, 600, days + 1))[:, None]
        shifts = scale * (common * rng.choice([-1, 1], 100) + own) / np.sqrt(2)
        values = np.abs(shifts + noise * rng.normal(size=(days + 1, 100)))
        chance = np.broadcast_to(noise, values.shape)
        p, _ = null.pooled(values[-1], chance[-1], values[:-1], chance[:-1])
        any_moved += (null.adjusted(p) <= null.LEVEL).any()
        values[-1, 0] = 10 * np.hypot(scale[0], noise[-1, 0])
        p, _ = null.pooled(values[-1], chance[-1], values[:-1], chance[:-1])
        planted += null.adjusted(p)[0] <= null.LEVEL
    assert any_moved / runs <= 0.1
    assert planted / runs >= 0.9


def test_a_table_is_held_against_draws_of_customers():
    rng = np.random.default_rng(3)
    then = pd.DataFrame({f"x{n}": rng.normal(size=500) for n in range(10)} | {"plan": rng.choice(["S", "M"], 500)})
    now = pd.DataFrame({f"x{n}": rng.normal(size=500) for n in range(10)} | {"plan": rng.choice(["S", "M"], 500)})
    result = moved.table(then, now)
    assert (result.null, result.drifted) == ("customers", 0)
    result = moved.table(then, now.assign(x3=now.x3 + 0.5, plan="L"))
    assert set(result.features.index[result.features["moved"]]) == {"x3", "plan"}


def test_the_usual_rules_are_counted_on_the_earlier_days():
    rows = panel(np.random.default_rng(1), DAYS, day_spread=0.3, features=30)
    result = moved.log(rows, rows[rows.as_of == DAYS[-1]], "2100-01-01", 90)
    row = result.usual.iloc[0]
    assert (row.rule, row.earlier_days, row.earlier_alarms) == (
        "KS distance above .1",
        len(result.earlier),
        row.earlier_days,
    )
    assert result.drifted == 0  # days of this log differ as much


def test_a_log_that_is_too_short_says_so():
    rows = panel(np.random.default_rng(0), DAYS[:3])
    result = moved.log(rows, rows[rows.as_of == DAYS[2]], "2100-01-01", 90)
    assert result.pair is None
    assert "once the log is longer" in moved_narrative.compared(result)
    assert result.drifted == 0


def test_a_sample_of_each_day_is_read_and_no_more(tmp_path):
    rows = panel(np.random.default_rng(0), DAYS[-4:], customers=4000)
    rows.to_parquet(tmp_path / "panel.parquet", row_group_size=1000)
    read = moved.read(tmp_path / "panel.parquet", most=500)
    assert read.groupby("as_of").size().between(400, 600).all()
    pd.testing.assert_frame_equal(moved.read(tmp_path / "panel.parquet"), rows, check_dtype=False)


def test_what_moved_is_said_in_words_and_drawn():
    rows = panel(np.random.default_rng(1), DAYS, day_spread=0.05)
    today = rows[rows.as_of == DAYS[-1]]
    result = moved.log(rows, today.assign(f1=today.f1 + 1), "2100-01-01", 90)
    named = {"f1": "spent in the last 30 days"}
    assert moved_narrative.moved(result, named) == (
        "1 of 5 features moved more than days of this log usually differ; most: “spent in the last 30 days”."
    )
    ax = moved_plots.features(result, named, moved_narrative.title(result), axes())
    assert ax.get_yticklabels()[0].get_text() == "spent in the last 30 days"
    assert len(moved_plots.pictures(result, named).figure.axes) == 3


def test_the_segments_of_those_compared_are_counted_with_their_weights():
    one = pair({"x": [1, 2]}, {"x": [1, 2]}, [3, 1])
    table = moved_segments.shares(one, lambda rows: np.where(rows.x == 1, "Loyal", "New"))
    assert table.values.tolist() == [["Loyal", 0.75, 0.5, -0.25], ["New", 0.25, 0.5, 0.25]]
    assert moved_narrative.segments(table) == "The segment Loyal changed most: 75% of these customers then, 50% now."


@pytest.mark.parametrize(
    ("days", "kind", "says"),
    [
        (["2023-03-01"], reference.YEAR, "Today is set beside 2023-03-01, the day nearest in season."),
        (
            ["2022-03-02", "2023-02-24"],
            reference.YEAR,
            "2023-02-24, the day nearest in season, and the same time of earlier years.",
        ),
        (["2023-02-24"], reference.YEAR, "It is 6 days of the year away"),
        (["2023-08-01"], reference.OTHER, "No earlier day lies in today's season"),
    ],
)
def test_whom_today_is_set_beside_is_said(days, kind, says):
    rows = pd.DataFrame({"x": [1]})
    one = shift.Pair(rows, rows, np.ones(1), [pd.Timestamp(day) for day in days], 0.4, pd.Timestamp("2024-03-01"), kind)
    text = moved_narrative.compared(moved.Moved(pd.DataFrame(), pd.DataFrame(), "days", one, []))
    assert says in text
    assert "40% of today's have such counterparts" in text


def test_what_moved_lies_beyond_its_limit_and_nothing_else_does():
    rng = np.random.default_rng(3)
    then, now = (pd.DataFrame(rng.normal(size=(800, 20)), columns=[f"x{n}" for n in range(20)]) for _ in range(2))
    table = moved.table(then, now.assign(x3=now.x3 + 0.5, x4=now.x4 + 0.4)).features
    assert set(table.index[table.distance > table.limit]) == set(table.index[table["moved"]]) == {"x3", "x4"}


def test_rarer_undoes_the_tail():
    known = np.sort(np.abs(np.random.default_rng(0).normal(size=1000)))
    shares = np.array([0.3, 0.01, 1e-4])
    assert null.tail(null.rarer(shares, known), known) == pytest.approx(shares, rel=0.02)
