"""The days on which the procedure of 06 is tried: what each may know, how a season shows, what is said of it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from patrons.churn import final, gates, origin_narrative, origins, procedure, record, search, split, thresholds
from patrons.churn.kinds import LOGISTIC
from patrons.evaluation.metrics import calibration_error
from patrons.features.preparation import preparation
from tests.churn.test_narrative import PHRASES, assessed

PREPARE = preparation(["recency_days", "age"], [])
SETTINGS = {LOGISTIC: {"c": 0.05, "products": 0, "l1": 0}}
DAYS = pd.date_range("2023-01-01", periods=10, freq="90D")


def panel(days=DAYS, customers=200, trough=None):
    """A log of customers of whom the older order less; on the day `trough` nearly nobody orders."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"customer_id": np.tile(np.arange(customers).astype(str), len(days)), "as_of": np.repeat(days, customers)}
    )
    rows["known_on"] = rows.as_of + pd.Timedelta(days=90)
    rows["recency_days"] = rng.integers(1, 181, len(rows))
    rows["age"] = np.tile(rng.normal(0, 1, customers), len(days))
    chance = np.where(rows.as_of == trough, 0.9, 1 / (1 + np.exp(-rows.age)))
    return rows.assign(churned=(rng.random(len(rows)) < chance).astype(int))


def tried(rows, method="none", min_recall=0.8, today="2025-06-25"):
    train, _ = split.split(rows)
    scores = pd.DataFrame({0: {LOGISTIC: 0.7}})
    result = search.SearchResult(SETTINGS, pd.DataFrame(), train, scores, (), {})
    last = final.fit_chosen(result, train, PREPARE, 0, 500, 0)
    features = pd.DataFrame({"as_of": [pd.Timestamp(today)]})
    return procedure.tried(result, method, rows, last, PREPARE, 0, 500, min_recall, 0, features)


def test_origins_are_a_horizon_apart_and_filled_up_with_the_latest_others_where_these_are_few():
    assert procedure.days(panel()) == list(DAYS[1:])  # nothing is known on the first
    close = pd.date_range("2023-01-01", periods=16, freq="30D")  # five a horizon apart: 3, 6, 9, 12 and 15
    assert procedure.days(panel(close, 30)) == [close[n] for n in (3, 6, 9, 12, 14, 15)]
    few = pd.date_range("2023-01-01", periods=5, freq="30D")
    assert procedure.days(panel(few, 30)) == [few[3], few[4]]
    many = pd.date_range("2020-01-01", periods=20, freq="90D")
    assert procedure.days(panel(many, 30)) == list(many[-12:])


def test_an_origin_knows_nothing_that_was_not_known_on_its_day():
    rows = panel()
    later = rows.assign(churned=rows.churned.mask(rows.known_on > DAYS[5], 1 - rows.churned))
    for one, other in zip(tried(rows).origins, tried(later).origins, strict=True):
        same = one.rows.score.tolist() == other.rows.score.tolist()
        assert same == (one.day <= DAYS[5])
        assert (one.threshold == other.threshold or np.isnan(one.threshold)) == (one.day <= DAYS[5])


@pytest.mark.parametrize("method", ["none", "sigmoid"])
def test_a_threshold_keeps_its_promise_on_the_days_before_and_is_held_against_its_own(method):
    found = tried(panel(customers=800), method)
    assert np.isnan(found.origins[0].threshold)
    _, before = final.calibrated(Pipeline([("model", None)]), method, found.before)
    judged = before[before.recency_days <= 90]
    flagged = judged.score >= found.origins[-1].threshold
    assert 0.8 <= flagged[judged.churned == 1].mean() < 0.81
    assert found.before.as_of.max() < found.origins[-1].day
    table = found.table
    assert table.customers.tolist() == [int((o.rows.recency_days <= 90).sum()) for o in found.origins]
    assert table.recall.dropna().mean() == pytest.approx(0.8, abs=0.1)
    assert found.metrics()["origins"] == 9
    assert found.metrics()["roc_auc_active_mean"] == pytest.approx(table.roc_auc.mean())


def test_the_last_origin_is_the_test():
    """The threshold and the scores of the model that is tested are those of the last origin: one procedure."""
    rows, found = panel(customers=300), tried(panel(customers=300), "sigmoid")
    train, test = split.split(rows)
    result = search.SearchResult(SETTINGS, pd.DataFrame(), train, pd.DataFrame({0: {LOGISTIC: 0.7}}), (), {})
    models = final.fit_kinds(result, tuple(SETTINGS), train, PREPARE, 0, 500, 0)
    fitted = final.finished(result, "sigmoid", models, found.before)
    last = found.origins[-1]
    assert split.probability(fitted.model, split.inputs(test)).tolist() == last.rows.score.tolist()
    assert thresholds.found(fitted.judged, 0.8, None) == {"recall": last.threshold}


def test_a_season_shows_in_its_origin_in_the_gate_and_in_the_error_of_the_log_odds():
    calm, season = tried(panel(customers=800)), tried(panel(customers=800, trough=DAYS[6]), today="2025-06-25")
    assert DAYS[6] == pd.Timestamp("2024-06-24")
    assert season.nearest.day == DAYS[6]
    assert season.nearest.shift > 2 > 4 * calm.error  # half was forecast, nine in ten happened
    assert season.error > 4 * calm.error
    off = calibration_error(*season.nearest.of())
    gate = gates.quality(assessed(), season, 0.6, 0.1, 0.1)[-1]
    assert gate.gate == "calibration error of 2024-06-24, the nearest in season to today"
    assert gate.value == pytest.approx(off)
    assert not gate.passed
    [latest] = [one for one in gates.quality(assessed(), calm, 0.6, 0.1, 0.1) if one.gate == "calibration error"]
    assert latest.value == pytest.approx(assessed().calibration_error)  # 2025-03-21 is the test, and off by more


def test_days_of_the_year_are_apart_by_at_most_half_a_year():
    assert origins.apart_in_season(pd.Timestamp("2023-12-20"), pd.Timestamp("2025-01-04")) == 16
    assert origins.apart_in_season(pd.Timestamp("2024-01-10"), pd.Timestamp("2024-12-20")) == 20
    assert origins.apart_in_season(pd.Timestamp("2024-06-24"), pd.Timestamp("2024-06-24")) == 0


def test_the_shift_of_the_log_odds_brings_the_forecast_to_what_happened():
    truth, score = np.array([1, 1, 0, 0]), np.array([0.2, 0.2, 0.2, 0.2])
    assert origins.log_odds_shift(truth, score) == pytest.approx(np.log(4))
    assert origins.log_odds_shift(np.zeros(4), score) == 0  # no shift brings a forecast to none
    assert origins.log_odds_shift(truth[:0], score[:0]) == 0


def test_fresher_labels_are_judged_on_the_origins_for_which_a_model_lacks_them():
    found = tried(panel())
    assert [origin.rows.stale.notna().all() for origin in found.origins] == [False, *[True] * 8]
    assert found.fresher.low < 0.01 < 0.05 > found.fresher.high > -0.01  # the world does not change
    close = tried(panel(pd.date_range("2023-01-01", periods=40, freq="28D"), 60))  # no day is 90 days before another
    assert sum(origin.rows.stale.notna().all() for origin in close.origins) > 3


def test_a_table_is_tried_on_no_day():
    rows = panel().drop(columns=["as_of", "known_on"]).assign(group=range(2000))
    none = procedure.tried(None, "none", rows, None, PREPARE, 0, 500, 0.8, 0, rows)
    assert not none
    assert none.metrics() == {}
    assert gates.quality(assessed([True] * 4), none, 0.6, 0.1, 0.4)[-1].gate == "calibration error"
    assert origin_narrative.promised(none, 0.8) == ""


def test_what_was_forecast_on_each_day_is_kept_for_monitoring_of_the_same_customers_on_all_days(monkeypatch):
    monkeypatch.setattr(record, "MOST_TRIED", 50)
    found = tried(panel())
    kept = record.rows_tried(found, pd.DataFrame(), 0.9)
    assert list(kept) == ["customer_id", "as_of", "known_on", "churned", "score", "active", "threshold"]
    assert kept.groupby("as_of").customer_id.agg(frozenset).nunique() == 1
    assert kept.groupby("as_of").size().tolist() == [50] * len(found.origins)
    days = kept.groupby("as_of").threshold.first()
    assert days.isna().tolist() == [True] + [False] * (len(days) - 1)  # nothing was known before the first
    assert days.iloc[-1] == found.origins[-1].threshold


def test_of_a_table_what_was_forecast_without_the_customer_is_kept():
    left_out = pd.DataFrame({"customer_id": ["a", "b"], "churned": [1, 0], "raw": [0.6, 0.4], "score": [0.7, 0.3]})
    kept = record.rows_tried(origins.Tried([], None), left_out, 0.5)
    assert kept.to_dict("list") == {
        "customer_id": ["a", "b"], "churned": [1, 0], "score": [0.7, 0.3], "active": [True] * 2, "threshold": [0.5] * 2
    }  # fmt: skip


def test_days_that_share_outcomes_count_once():
    def origin(day, churned):
        day = pd.Timestamp(day)
        rows = pd.DataFrame({"churned": churned, "score": 0.5, "active": True})
        return origins.Origin(day, rows.assign(known_on=day + pd.Timedelta(days=90)), 0.5)

    days = [origin("2024-01-01", [1, 0]), origin("2024-02-01", [1, 0]), origin("2024-04-01", [1, 0])]
    assert origins.Tried(days, None).apart == 2  # 31 March is 90 days on
    assert origins.Tried([*days, origin("2024-08-01", [1, 1])], None).apart == 2  # nobody stayed: it tells nothing
    assert origins.Tried([], None).apart == 0


def test_what_the_origins_say():
    rows = pd.DataFrame({"customer_id": ["a", "b"], "churned": [1, 0], "raw": [0.6, 0.4], "score": [0.6, 0.4],
                         "stale": [0.5, 0.5], "active": True})  # fmt: skip
    two = [
        origins.Origin(pd.Timestamp(day), rows, limit) for day, limit in (("2024-12-20", np.nan), ("2025-03-20", 0.5))
    ]
    found = origins.Tried(two, pd.Timestamp("2025-12-24"))
    assert origin_narrative.title(found) == "ROC AUC 1.00 on average over 2 days, 1.00 to 1.00"
    assert origin_narrative.over_days(found, PHRASES).startswith(
        "The model was tried on 2 days from 2024-12-20 to 2025-03-20, each time fitted on what was known by then. For "
        "recent buyers, its mean ROC AUC is 1.000 (95% interval"
    )
    assert origin_narrative.season(found, PHRASES).startswith(
        "Of the days that were tried, 2024-12-20 is nearest in season to today, 2025-12-24. Then 50% of recent buyers "
        "were forecast not to order in 90 days, and 50% did not."
    )
    far = origins.Tried(two[1:], pd.Timestamp("2025-09-24"))
    assert "so what this season does to forecasts is not known. The nearest, 2025-03-20, is 177 days of the year" in (
        origin_narrative.season(far, PHRASES)
    )
    assert origin_narrative.promised(found, 0.8) == (
        "On 1 earlier days, a threshold set in this way to spot 80% spotted 100% to 100%; it reached its aim on 1 of "
        "them. 100% to 100% of its warnings were right."
    )
    assert "The newest outcomes raise the ROC AUC (+0.500, 95% interval" in origin_narrative.used(found)
    assert origin_narrative.used(origins.Tried([], None)).endswith("including those of the test.")
