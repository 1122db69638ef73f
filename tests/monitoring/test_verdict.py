"""The verdict: none, watch or retrain, each worked out by hand."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from patrons import plots
from patrons.monitoring import run_length, verdict, verdict_log, verdict_narrative, verdict_plots
from patrons.monitoring.verdict import judge
from patrons.monitoring.verdict_rules import Limits
from patrons.series.declarations import declared

TRIED = pd.to_datetime(["2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01", "2025-01-01", "2025-04-01"])


def days(losses, first="2025-07-01", origin="replayed", step=30, error=0.0, **columns) -> pd.DataFrame:
    """A matured day every `step` days."""
    day = pd.date_range(first, periods=len(losses), freq=f"{step}D")
    table = {"day": day, "origin": origin, "customers": 500, "log_loss": losses, "log_loss_error": error, "f1": 0.6}
    return pd.DataFrame(table | columns)


def release(losses=(0.5,) * 6, error=0.0) -> pd.DataFrame:
    return days(losses, origin="tried", error=error).assign(day=TRIED[: len(losses)])


def judged(losses, limits=None, **known):
    return judge(release(), days(losses), limits or Limits(), 90, **known)


def test_a_loss_as_of_the_release_needs_nothing():
    found = judged([0.5, 0.51, 0.52])
    assert found.verdict == "none"
    assert found.loss_excess == pytest.approx(0.04)
    assert found.days_matured == 3
    assert found.reason == (
        "No need to train anew: the latest forecasts erred 4% more than those the model was released with."
    )


def test_one_bad_window_is_watched():
    found = judged([0.5, 0.5, 0.545])  # 9%, beyond the tolerance of 8%
    assert found.verdict == "watch"
    assert found.path.bad.tolist() == [False, False, True]
    assert found.reason == (
        "The latest forecasts erred 9% more than those the model was released with; later days will tell whether "
        "that stays."
    )


def test_a_bad_window_that_is_over_is_not_watched():
    assert judged([0.545, 0.5, 0.5]).verdict == "none"


def test_two_bad_windows_of_three_call_for_training_anew():
    found = judged([0.545, 0.5, 0.545])
    assert found.verdict == "retrain"
    assert {rule["rule"]: rule["fired"] for rule in found.rules} == {"cusum": False, "windows": True}
    assert found.reason == (
        "Train anew: 2 times of late, forecasts erred clearly more than those at the model's release."
    )
    assert judged([0.545, 0.5, 0.5, 0.545]).verdict == "watch"  # of the last three only one


def test_one_very_bad_window_is_enough_for_the_cusum():
    found = judged([0.5, 0.75])
    cusum = found.rules[0]
    assert found.verdict == "retrain"
    assert (cusum["rule"], cusum["fired"]) == ("cusum", True)
    assert cusum["value"] == pytest.approx((0.5 - 0.08) / found.release.spread - 0.5)
    assert cusum["run_length"] >= 120
    assert found.reason.startswith("Train anew: errors have added up, and the latest forecasts erred 50% more")


def test_the_spread_is_shrunk_towards_that_of_other_shops_by_five_days():
    flat, wide = verdict_log.described(release(), 90), verdict_log.described(release((0.4, 0.6) * 3), 90)
    assert flat.spread == pytest.approx(np.sqrt(5 * 0.03**2 / 10))
    assert wide.spread == pytest.approx(np.sqrt((5 * 0.012 / 0.25 + 5 * 0.03**2) / 10))  # variance .012 of the six
    assert (flat.days, flat.freedom) == (6, 10)


def test_days_tried_that_share_outcomes_count_in_part():
    assert verdict_log.described(days([0.5, 0.5, 0.5], step=30), 90).days == pytest.approx(1 + 2 / 3)


def test_where_the_release_scatters_more_is_borne():
    scattered = release((0.4, 0.6) * 3)
    assert judge(scattered, days([0.545, 0.5, 0.545]), Limits(), 90).verdict == "none"


def test_a_window_of_few_customers_is_given_more_room():
    found = judge(release(), days([0.5, 0.6], error=[0.0, 0.1]), Limits(), 90)  # 20%, known to 20%
    assert found.path.bound.iloc[1] == pytest.approx(
        max(0.08 / found.release.spread, 1.3) * np.sqrt(found.release.spread**2 + 0.2**2)
    )
    assert not found.path.bad.any()


def test_the_path_of_earlier_windows_never_changes():
    losses = [0.5, 0.55, 0.57, 0.52, 0.6, 0.58]
    whole = judged(losses).path
    for count in range(2, 7):
        pd.testing.assert_frame_equal(judged(losses[:count]).path, whole.iloc[:count])


def test_days_closer_than_a_month_are_one_window_and_what_was_kept_counts():
    close = days([0.5, 0.7, 0.4], step=10, customers=[100, 300, 100])
    kept = days([0.6], first="2025-07-11", origin="kept").assign(customers=300)
    window = verdict_log.pooled(pd.concat([kept, close]))
    assert window.loss.tolist() == pytest.approx([(0.5 * 100 + 0.6 * 300 + 0.4 * 100) / 500])
    assert window.day.tolist() == [pd.Timestamp("2025-07-21")]


def test_nothing_matured_says_when_there_will_be_something_to_see():
    found = judged([], trained=pd.Timestamp("2025-07-01").date())
    assert (found.verdict, found.days_matured) == ("none", 0)
    assert found.reason == (
        "Whether it is still good cannot be told yet: the first outcomes since the training will be known on "
        "2025-09-29."
    )
    assert np.isnan(found.loss_excess)


def test_a_release_without_days_tried_cannot_be_judged():
    found = judge(release().iloc[:0], days([0.5]), Limits(), 90)
    assert found.verdict == "none"
    assert found.reason == "Nothing says what loss the release should have: it holds no day on which it was tried."


def batch(auc, half=0.02, customers=500, **columns) -> pd.DataFrame:
    """Customers of a table with outcomes, ranked so well, known to `half`."""
    table = days([0.5], customers=customers, origin="kept")
    return table.assign(roc_auc=auc, roc_auc_low=auc - half, roc_auc_high=auc + half, **columns)


LEFT_OUT = batch(0.84).assign(day=pd.NaT, origin="tried")  # half of .34 above chance is left at .67


@pytest.mark.parametrize(
    ("auc", "half", "expected"),
    [(0.75, 0.02, "none"), (0.66, 0.02, "watch"), (0.60, 0.02, "retrain"), (0.6, 0.1, "watch")],
)
def test_a_batch_of_a_table_is_judged_by_its_ranking_beside_that_of_left_out_customers(auc, half, expected):
    found = judge(LEFT_OUT, batch(auc, half), Limits(), None)
    assert found.verdict == expected
    assert found.rules[0]["limit"] == pytest.approx(0.67)
    assert f"ROC AUC {auc:.2f}, and 0.67 would be half of what it was above chance when tried" in found.reason
    assert (found.days_matured, np.isnan(found.loss_excess)) == (1, True)


def test_that_fewer_leave_of_those_who_had_stayed_is_no_reason_to_train_a_table_anew():
    low = batch(0.75).assign(log_loss=0.1)
    high = batch(0.75).assign(log_loss=1.5)
    assert {judge(LEFT_OUT, one, Limits(), None).verdict for one in (low, high)} == {"none"}


def test_too_few_outcomes_are_not_judged_of_a_table_or_of_a_log():
    few = {"customers_all": 700, "without_outcome": 300}
    for seen in (batch(0.5, customers=99), batch(0.5, **few)):
        found = judge(LEFT_OUT, seen, Limits(), None)
        assert (found.verdict, found.reason) == ("none", verdict_narrative.FEW)
    found = judge(release(), days([0.9], customers=99), Limits(), 90)
    assert (found.verdict, found.reason) == ("none", verdict_narrative.FEW)
    assert judge(LEFT_OUT, batch(0.5, customers_all=800, without_outcome=200), Limits(), None).verdict == "retrain"


def test_a_day_of_one_customer_is_as_uncertain_as_one_customer_is():
    tried = release(error=0.05)  # of 500 customers each: one scatters by 0.05 * sqrt(500)
    lone = days([0.5], first="2025-07-02", customers=1, error=np.nan)
    window = verdict_log.pooled(lone, verdict_log.per_customer(tried))
    assert window.loss_error.tolist() == pytest.approx([0.05 * np.sqrt(500)])


def test_windows_of_fewer_customers_than_the_days_tried_alarm_no_more_often():
    rng = np.random.default_rng(5)
    called = 0
    for _ in range(100):
        sizes = {"tried": (6, 1500), "kept": (12, 100)}
        drawn = {}
        for origin, (count, customers) in sizes.items():
            p = rng.beta(1.2, 2.5, (count, customers))
            truth = rng.random(p.shape) < p
            loss = -np.log(np.where(truth, p, 1 - p))
            drawn[origin] = days(loss.mean(axis=1), error=loss.std(axis=1) / np.sqrt(customers), customers=customers)
        tried = drawn["tried"].assign(day=TRIED, origin="tried")
        called += bool(judge(tried, drawn["kept"], Limits(), 90).path.fired.any())
    assert called <= 5


def test_a_table_without_outcomes_says_so():
    found = judge(LEFT_OUT, batch(0.5)[:0], Limits(), None)
    assert (
        found.reason
        == "Whether it is still good cannot be told yet: no outcomes have come in since the model was trained."
    )


def test_a_falling_f1_is_looked_at_where_it_is_asked_for():
    falling = days([0.5] * 4).assign(f1=[0.70, 0.68, 0.66, 0.64])  # 6 points along the line
    assert judge(release(), falling, Limits(), 90).verdict == "none"
    found = judge(release(), falling, Limits(f1_fall=0.05), 90)
    assert found.verdict == "retrain"
    assert found.rules[-1]["value"] == pytest.approx(0.06)
    assert found.reason == "Train anew: F1 has fallen by 6 points over the latest records."
    assert judge(release(), falling, Limits(f1_fall=0.07), 90).verdict == "none"


def test_the_age_that_an_operator_allows_is_kept():
    known = {"trained": pd.Timestamp("2025-01-01").date(), "today": pd.Timestamp("2025-12-31").date()}
    assert judged([0.5], **known).verdict == "none"
    found = judged([0.5], Limits(max_age_days=180), **known)
    assert found.verdict == "retrain"
    assert found.reason == "Train anew: the model is 364 days old, and 180 are allowed."


def test_the_notebook_asks_by_default_what_was_measured():
    of_notebook = declared(Path(__file__).parents[2] / "notebooks" / "08_monitoring.ipynb")
    assert {name: of_notebook[name].default for name in asdict(Limits())} == asdict(Limits())


def test_more_bad_windows_than_windows_are_refused():
    with pytest.raises(ValueError, match="Give bad_windows a number up to of_windows"):
        Limits(bad_windows=4, of_windows=3)


def test_the_record_is_plain_json():
    for losses in ([], [0.5, 0.75]):
        kept = json.loads(json.dumps(verdict.record(judged(losses)), allow_nan=False))
        assert {"verdict", "reason", "rules", "loss_excess", "days_matured"} == set(kept)


def test_the_limit_has_the_run_length_that_is_asked_for():
    height, computed = run_length.limit(120, 6, 10, 2.0, 3)
    assert computed == pytest.approx(120, rel=0.02)
    fresh = np.random.default_rng(1)
    mean = fresh.normal(size=(4000, 1)) / np.sqrt(6)
    spread = np.sqrt(fresh.chisquare(10, (4000, 1)) / 10)
    noise = fresh.normal(size=(4000, 26))
    windows = (noise[:, :-2] + noise[:, 1:-1] + noise[:, 2:]) / np.sqrt(3)
    sums = run_length.cusum((windows - mean) / spread - 2.0)
    assert run_length.average(sums > height) == pytest.approx(120, rel=0.25)


def test_the_fewer_days_were_tried_the_higher_the_limit():
    assert run_length.limit(120, 3, 7, 2.0, 3)[0] > run_length.limit(120, 12, 16, 2.0, 3)[0]


@pytest.mark.parametrize("losses", [[], [0.5], [0.5, 0.545, 0.75]])
def test_figures_are_drawn_of_nothing_one_and_several(losses):
    found = judge(release(), days(losses), Limits(), 90)
    ax = verdict_plots.losses(found, release(), plots.axes())
    assert ax.get_title() == verdict_narrative.title(found.path)
    ax = verdict_plots.cusum(found, plots.axes())
    assert len(ax.patches) == len(losses)


def test_titles_say_what_was_found():
    none, bad = (judge(release(), days(losses), Limits(), 90).path for losses in ([0.5, 0.5], [0.5, 0.75]))
    assert verdict_narrative.title(none) == "No window had a loss clearly above that of the release"
    assert verdict_narrative.title(bad) == "1 of 2 windows had a loss clearly above that of the release"
    assert verdict_narrative.cusum_title(none) == "No loss beyond the tolerance has added up"
    assert verdict_narrative.cusum_title(bad) == "Losses have added up beyond the limit"
