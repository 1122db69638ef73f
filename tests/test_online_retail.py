"""The whole series on a real log: 541,909 lines that nobody has cleaned."""

import pandas as pd
import pytest

from patrons.files import read_json
from patrons.segments import later


def test_the_series_succeeds_on_a_real_log(online_retail):
    assert online_retail.code == 0


def test_every_line_is_read_and_accounted_for(online_retail):
    eda = online_retail.metrics("01")
    assert eda["lines_read"] == 541_909
    assert eda["lines_kept"] + eda["lines_quarantined"] == 541_909


def test_the_known_quirks_are_found_in_the_quarantine(online_retail):
    aside = pd.read_parquet(online_retail.processed / "01_eda/quarantine.parquet")
    assert (aside.reason == "no customer").sum() == 135_080
    assert aside.customer_id.isna().sum() == 135_080
    cancelled = aside.order_id.str.startswith("C")
    assert cancelled.sum() == 9_288
    assert (aside.amount.sum() + pd.read_parquet(online_retail.processed / "01_eda/orders.parquet").amount.sum()) == (
        pytest.approx(9_747_747.934)
    )


def test_4338_customers_have_a_line_of_positive_quantity_and_price(online_retail):
    kept = pd.read_parquet(online_retail.processed / "01_eda/orders.parquet", columns=["customer_id"])
    aside = pd.read_parquet(online_retail.processed / "01_eda/quarantine.parquet")
    bought = aside[aside.customer_id.notna() & (aside.quantity > 0) & (aside.unit_price > 0)]
    assert len(set(kept.customer_id) | set(bought.customer_id)) == 4_338


def test_the_period_is_that_of_the_log(online_retail):
    data = read_json(online_retail.processed / "01_eda/dataset.json")
    assert data["period"] == ["2010-12-01", "2011-12-09"]
    assert not data["simulated"]


def test_five_segments_hold_up(online_retail):
    clusters, segments = online_retail.metrics("03"), online_retail.metrics("04")
    assert (clusters["k"], segments["segments"]) == (5, 5)
    assert clusters["silhouette"] >= 0.32
    assert segments["smallest_share"] >= 0.05


def test_segments_are_told_from_other_features_as_well_as_is_known(online_retail):
    scores = online_retail.metrics("05")
    assert 0.95 <= scores["accuracy"] < 0.99  # far above it is a leak of what was hidden
    assert scores["macro_f1"] >= 0.94
    assert scores["accuracy_inputs"] >= 0.95
    assert scores["accuracy_held_out"] == pytest.approx(scores["accuracy"], abs=0.03)


def test_the_segment_later_is_foretold_better_than_by_persistence_but_not_too_well(online_retail):
    scores = online_retail.metrics("05")
    assert scores["accuracy_persistence"] < scores["accuracy_later"] < 0.8
    assert scores["macro_f1_persistence"] - 0.03 < scores["macro_f1_later"] < 0.7  # a tie: six days to learn from
    kept = read_json(online_retail.processed / "05_classification/segment_later.json")
    assert (kept["used"], kept["reason"]) == (False, later.NO_BETTER)
    assert 0.2 < online_retail.metrics("04")["migrated_share"] < 0.7
    assert 1 - online_retail.metrics("04")["migrated_share"] == pytest.approx(scores["accuracy_persistence"])


def test_the_churn_forecast_beats_recency_and_is_not_too_good_to_be_true(online_retail):
    churn = online_retail.metrics("06")
    assert churn["roc_auc"] > churn["baseline_roc_auc"] + 0.03
    assert 0.735 < churn["roc_auc"] < 0.77  # an honest ceiling is about .75; far above it is a leak
    assert churn["roc_auc_low"] < churn["roc_auc"] < churn["roc_auc_high"]


def test_learning_on_shuffled_outcomes_scores_no_better_than_chance(online_retail):
    gates = pd.DataFrame(read_json(online_retail.processed / "06_churn/churn.json")["gates"]).set_index("gate")
    assert abs(gates.value["shuffled outcomes (ROC AUC)"] - 0.5) < 0.05
