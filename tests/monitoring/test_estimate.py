import numpy as np
import pandas as pd
import pytest
from scored_days import DAY, LATER, scored

from patrons.monitoring import estimate

HALVES = [0.8, 0.6, 0.4, 0.2]


def test_expected_metrics_are_what_they_are_by_hand():
    found = estimate.expected(scored(HALVES, [np.nan] * 4))  # flagged: the first two
    assert found["brier"] == pytest.approx((0.16 + 0.24 + 0.24 + 0.16) / 4)  # p (1 - p)
    # hits .8 + .6, false alarms .2 + .4, missed .4 + .2, rightly left .6 + .8
    assert (found["precision"], found["recall"]) == pytest.approx((1.4 / 2, 1.4 / 2))
    assert (found["accuracy"], found["f1"]) == pytest.approx((2.8 / 4, 0.7))
    assert found["observed"] == pytest.approx(0.5)
    # pairs: a positive of each row against a negative of a lower one, half of its own: 2.8 of 4
    above = 0.8 * (0.4 + 0.6 + 0.8) + 0.6 * (0.6 + 0.8) + 0.4 * 0.8
    own = (0.16 + 0.24 + 0.24 + 0.16) / 2
    assert found["roc_auc"] == pytest.approx((above + own) / (2 * 2))


def test_probabilities_that_hold_are_estimated_rightly():
    rng = np.random.default_rng(0)
    probability = rng.beta(2, 3, 20_000)
    rows = scored(probability, rng.random(20_000) < probability)
    guessed, came = estimate.expected(rows), estimate.observed(rows)
    assert all(abs(guessed[name] - came[name]) < 0.015 for name in estimate.ESTIMATED)


def test_only_days_without_any_outcome_are_estimated():
    both = pd.concat([scored(HALVES, [1, 0, 1, np.nan]), scored(HALVES, [np.nan] * 4, LATER)])
    table = estimate.estimates(both)
    assert (table.day.tolist(), table.customers.tolist()) == ([LATER], [4])


def test_those_who_cannot_be_kept_are_not_estimated():
    rows = scored([0.5, 0.9], [np.nan] * 2, active=[True, False])
    assert estimate.estimates(rows).observed.tolist() == [0.5]


def test_the_back_test_sets_the_estimate_beside_what_came():
    table = estimate.back_test(scored(HALVES, [1, 1, 1, 0])).set_index("metric")
    assert (table.estimated["observed"], table.observed["observed"]) == pytest.approx((0.5, 0.75))
    assert table.error["observed"] == pytest.approx(-0.25)


def erred(errors, observed=0.2, metric="brier"):
    row = {"origin": "tried", "metric": metric, "observed": observed}
    days = pd.date_range(DAY, periods=len(errors))
    rows = [
        {"day": day, "estimated": observed + error, "error": error} for day, error in zip(days, errors, strict=True)
    ]
    return pd.DataFrame(rows).assign(**row)


@pytest.mark.parametrize(
    ("errors", "shown"),
    [([0.02, -0.02, 0.01], True), ([0.03, -0.03, 0.0], False), ([0.0, 0.0], False)],
)
def test_an_estimate_is_shown_where_it_errs_less_than_a_tenth_of_the_loss_on_three_days(errors, shown):
    off = estimate.errors(erred(errors)).loc["brier"]
    assert (off.limit, off.shown) == (pytest.approx(0.02), shown)
    assert off.error == pytest.approx(np.sqrt(np.mean(np.square(errors))))


def test_a_day_that_was_kept_and_replayed_counts_once_by_what_was_kept():
    both = pd.concat([erred([0.01]).assign(origin="replayed"), erred([0.03]).assign(origin="kept")])
    off = estimate.errors(both).loc["brier"]
    assert (off.days, off.error) == (1, pytest.approx(0.03))


def test_other_metrics_have_a_limit_in_points():
    assert estimate.errors(erred([0.04] * 3, 0.7, "roc_auc")).shown["roc_auc"]
    assert not estimate.errors(erred([0.06] * 3, 0.7, "roc_auc")).shown["roc_auc"]


def test_what_erred_too_much_is_not_in_the_table_that_is_shown():
    off = estimate.errors(erred([0.01] * 3))
    table = estimate.shown(estimate.estimates(scored(HALVES, [np.nan] * 4)), off)
    assert list(table) == ["day", "origin", "customers", "brier"]
