import numpy as np
import pandas as pd
import pytest
from scored_days import DAY, LATER, scored

from patrons.evaluation.metrics import roc_auc
from patrons.monitoring import matured


def drawn(count, day=DAY, origin="tried", seed=0):
    rng = np.random.default_rng(seed)
    probability = rng.beta(2, 3, count)
    return scored(probability, (rng.random(count) < probability).astype(float), day, origin=origin)


def test_a_days_metrics_are_what_they_are_by_hand():
    day = matured.days(scored([0.9, 0.8, 0.4, 0.1], [1, 0, 1, 0])).iloc[0]
    assert day.roc_auc == 3 / 4  # of 4 pairs, .4 against .8 is the wrong way round
    assert day.pr_auc == pytest.approx((1 + 2 / 3) / 2)
    assert day.brier == pytest.approx((0.01 + 0.64 + 0.36 + 0.01) / 4)
    assert day.log_loss == pytest.approx(-np.log([0.9, 0.2, 0.4, 0.9]).mean())
    assert (day.accuracy, day.precision, day.recall, day.f1) == (0.5, 0.5, 0.5, 0.5)
    assert day.forecast_minus_observed == pytest.approx(0.55 - 0.5)
    assert (day.flagged_share, day.observed) == (0.5, 0.5)
    assert day.loss == day.brier
    assert day.loss_error == pytest.approx(np.std([0.01, 0.64, 0.36, 0.01], ddof=1) / 2)
    assert day.log_loss_error == pytest.approx(np.std(np.log([0.9, 0.2, 0.4, 0.9]), ddof=1) / 2)


def test_those_who_could_be_kept_count_and_everyone_beside_them():
    day = matured.days(scored([0.9, 0.2, 0.9], [1, 0, 0], active=[True, True, False])).iloc[0]
    assert (day.customers, day.customers_all) == (2, 3)
    assert day.brier == pytest.approx((0.01 + 0.04) / 2)
    assert day.brier_all == pytest.approx((0.01 + 0.04 + 0.81) / 3)


def test_of_a_table_all_can_be_kept_and_its_row_has_no_day():
    days = matured.days(scored([0.9, 0.2], [1, 0], day=pd.NaT, active=None))
    assert (days.customers.tolist(), days.day.isna().tolist()) == ([2], [True])


def test_customers_without_outcome_are_counted_and_not_dropped_unseen():
    day = matured.days(scored([0.9, 0.2, 0.6], [1, 0, np.nan])).iloc[0]
    assert (day.customers, day.without_outcome) == (2, 1)


def test_a_day_that_has_not_matured_has_no_row():
    both = pd.concat([scored([0.9, 0.2], [1, 0]), scored([0.9, 0.2], [np.nan, np.nan], LATER)])
    assert matured.days(both).day.tolist() == [DAY]
    assert matured.days(both[both.day == LATER]).empty
    assert {"roc_auc_low", "brier_high_all", "loss"} <= {*matured.days(both[both.day == LATER])}


@pytest.mark.parametrize("outcome", [0, 1])
def test_a_day_with_one_outcome_has_a_brier_score_and_no_ranking(outcome):
    day = matured.days(scored([0.9, 0.2], [outcome] * 2)).iloc[0]
    assert np.isnan([day.roc_auc, day.roc_auc_low, day.pr_auc]).all()
    assert day.brier == pytest.approx(((0.9 - outcome) ** 2 + (0.2 - outcome) ** 2) / 2)


def test_without_a_threshold_nothing_is_said_of_flags():
    day = matured.days(scored([0.9, 0.2], [1, 0], flagged=[pd.NA, pd.NA])).iloc[0]
    assert np.isnan([day.accuracy, day.recall, day.flagged_share]).all()
    assert day.roc_auc == 1


def test_a_customer_who_is_there_twice_counts_once_by_the_last_answer():
    rows = scored([0.9, 0.2, 0.1], [1, 0, 1], customers=["a", "b", "a"])
    day = matured.days(rows).iloc[0]
    assert (day.customers, day.brier) == (2, pytest.approx((0.04 + 0.81) / 2))


def test_a_day_of_whom_nobody_could_be_kept_has_metrics_of_everyone_alone():
    day = matured.days(scored([0.9, 0.2], [1, 0], active=False)).iloc[0]
    assert (day.customers, day.customers_all, day.roc_auc_all) == (0, 2, 1)
    assert np.isnan([day.roc_auc, day.brier, day.accuracy, day.flagged_share, day.loss, day.loss_error]).all()


def test_intervals_of_shares_stay_within_0_and_1():
    day = matured.days(scored([0.9, 0.8], [1, 1])).iloc[0]
    assert (day.observed, day.observed_high) == (1, 1)
    assert 0 < day.observed_low < 1


def test_origins_of_one_day_have_a_row_each():
    both = pd.concat([scored([0.9, 0.2], [1, 0]), scored([0.2, 0.9], [1, 0], origin="replayed")])
    assert dict(matured.days(both)[["origin", "roc_auc"]].to_numpy()) == {"kept": 1, "replayed": 0}


def test_intervals_hold_the_value_and_narrow_with_customers():
    few, many = (matured.days(drawn(count)).iloc[0] for count in (200, 3200))
    assert few.roc_auc_low < few.roc_auc < few.roc_auc_high
    widths = [day.brier_high - day.brier_low for day in (few, many)]
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.35)
    assert few.brier_high - few.brier_low == pytest.approx(2 * 1.96 * few.loss_error, rel=0.25)


def test_of_very_many_customers_values_are_of_all_and_widths_of_a_sample(monkeypatch):
    rows = drawn(2000)
    full = matured.days(rows).iloc[0]
    monkeypatch.setattr(matured, "SAMPLE", 500)
    sampled = matured.days(rows).iloc[0]
    assert sampled.roc_auc == pytest.approx(roc_auc(rows.churned, rows.probability))
    width = sampled.brier_high - sampled.brier_low
    assert width == pytest.approx(full.brier_high - full.brier_low, rel=0.3)


def tried(values):
    """Days with a Brier score each, of one customer with outcome 1."""
    days = pd.date_range(DAY, periods=len(values), freq="30D")
    return matured.days(
        pd.concat([scored([1 - v**0.5], [1], day, origin="tried") for v, day in zip(values, days, strict=True)])
    )


def test_the_band_is_as_wide_as_days_differ():
    band = matured.band(tried([0.1, 0.2, 0.3])).loc["brier"]
    # mean .2, standard deviation .1, t(.975, 2) = 4.303: .2 ± 4.303 × .1 × sqrt(4/3)
    assert (band["mean"], band.spread, band.days, band.test) == pytest.approx((0.2, 0.1, 3, 0.3))
    assert (band.low, band.high) == pytest.approx((0, 0.2 + 4.3027 * 0.1 * (4 / 3) ** 0.5), abs=1e-4)


def test_with_two_days_the_band_is_the_tests_own_interval():
    days = matured.days(pd.concat([drawn(200), drawn(200, LATER, seed=1)]))
    band, last = matured.band(days), days.iloc[-1]
    assert (band.low["roc_auc"], band.high["roc_auc"]) == (last.roc_auc_low, last.roc_auc_high)


def test_only_days_that_were_tried_make_the_band():
    days = matured.days(pd.concat([drawn(100), drawn(100, LATER, origin="kept", seed=1)]))
    assert matured.band(days).days["brier"] == 1
    assert matured.band(days[days.origin == "kept"]).empty


def test_over_days_customers_are_resampled_and_not_rows():
    once = drawn(300)
    copies = pd.concat([once.assign(day=DAY + pd.Timedelta(days=n)) for n in range(4)])
    one, four = (matured.over_days(rows).set_index("metric").loc["brier"] for rows in (once, copies))
    assert (one.days, four.days) == (1, 4)
    assert (four.value, four.low, four.high) == pytest.approx((one.value, one.low, one.high))
