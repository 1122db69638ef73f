from types import SimpleNamespace

import ibis
import numpy as np
import pandas as pd
import pytest

from patrons.monitoring import matured, replay
from patrons.monitoring.outcomes import Log
from patrons.scoring import Scorer
from patrons.scoring.rows import Feature, Reader


class Model:
    """A probability of .1 a day of silence."""

    feature_names_in_ = np.array(["recency_days"])
    horizon_days = 3

    def predict_proba(self, X):
        return np.column_stack([1 - X.recency_days / 10, X.recency_days / 10])

    def predict(self, X):
        return X.recency_days * 100.0


RECORD = {"learnt_until": "2024-03-01", "horizon_days": 5}


@pytest.fixture
def champion():
    scorer = Scorer.__new__(Scorer)
    scorer.features = [Feature("recency_days", "number", True, "days", "time since the last order")]
    scorer.reader, scorer.manifest = Reader(scorer.features), {"id": "0123456789ab"}
    scorer.models = {"churn": Model(), "value": Model()}
    scorer.answers = SimpleNamespace(flags=lambda score: score >= 0.5)
    return scorer


@pytest.fixture
def panel():
    days = pd.to_datetime(["2024-02-29", "2024-03-01", "2024-03-01", "2024-03-06"])
    table = {"customer_id": ["a", "a", "b", "a"], "as_of": days, "recency_days": [1, 2, 8, 5], "churned": [0, 0, 1, 1]}
    return pd.DataFrame(table).assign(known_on=days + pd.Timedelta(days=5))


def test_a_champion_is_replayed_on_days_whose_outcomes_it_has_not_learnt(champion, panel):
    rows = replay.replayed(champion, panel, RECORD).rows
    assert rows.day.astype(str).tolist() == ["2024-03-01", "2024-03-01", "2024-03-06"]
    assert rows.probability.tolist() == [0.2, 0.8, 0.5]
    assert rows.flagged.tolist() == [False, True, True]
    assert rows.active.tolist() == [True, False, True]
    assert rows.churned.tolist() == [0, 1, 1]
    assert rows.expected_spend.tolist() == [200, 800, 500]
    assert set(rows.origin) == {"replayed"}
    assert set(rows.release) == {"0123456789ab"}
    assert matured.days(rows).customers.tolist() == [1, 1]


def test_where_all_outcomes_are_learnt_a_sentence_says_so(champion, panel):
    found = replay.replayed(champion, panel, RECORD | {"learnt_until": "2024-03-11"})
    assert found.rows.empty
    assert list(found.rows) == list(replay.COLUMNS)
    assert (found.rows.empty, found.note) == (True, "")


@pytest.mark.parametrize(
    ("change", "record", "told"),
    [
        ({"recency_days": None}, {}, "the panel lacks recency_days"),
        ({}, {"horizon_days": 90}, "it forecasts 90 days, and the panel follows 5"),
        ({}, {"learnt_until": None}, "does not say what it has learnt"),
    ],
)
def test_a_champion_that_does_not_fit_the_panel_is_a_sentence(champion, panel, change, record, told):
    found = replay.replayed(champion, panel.drop(columns=[*change]), RECORD | record)
    assert found.rows.empty
    assert told in found.note


def test_a_feature_that_means_something_else_now_is_a_sentence(champion, panel):
    words = {"feature": ["recency_days"], "unit": ["days"], "meaning": ["time since the last order"]}
    assert not replay.replayed(champion, panel, RECORD, pd.DataFrame(words)).note
    found = replay.replayed(champion, panel, RECORD, pd.DataFrame(words | {"unit": ["weeks"]}))
    assert found.rows.empty
    assert "recency_days means something else now" in found.note


def test_a_customer_the_champion_cannot_score_gets_no_answer(champion, panel):
    panel["recency_days"] = [1.0, np.nan, 8, 5]
    assert replay.replayed(champion, panel, RECORD).rows.customer_id.tolist() == ["b", "a"]


def test_a_table_and_no_champion_have_nothing_to_replay(champion, panel):
    assert "no earlier days" in replay.replayed(champion, panel.drop(columns=["as_of", "known_on"])).note
    assert "no champion" in replay.replayed("", panel).note


def test_of_many_customers_the_same_are_scored_on_every_day(champion, panel, monkeypatch):
    monkeypatch.setattr(replay, "SAMPLE", 1)
    found = replay.replayed(champion, panel, RECORD)
    assert found.rows.customer_id.nunique() == 1
    assert found.note.startswith("1 customers, drawn at random")


def test_rows_that_were_tried_are_a_scored_frame():
    day = pd.to_datetime(["2024-01-01", "2024-02-01"])
    columns = {"customer_id": ["a", "a"], "as_of": day, "churned": [0, 1], "score": [0.2, 0.6]}
    rows = replay.tried_as_scored(pd.DataFrame(columns | {"active": [True, False], "threshold": [np.nan, 0.5]}), "r")
    assert rows.flagged.isna().tolist() == [True, False]
    assert bool(rows.flagged[1])
    assert rows.day.tolist() == list(day)
    assert rows.active.tolist() == [True, False]
    assert list(rows) == list(replay.COLUMNS)


def test_of_a_table_nobody_has_a_day_and_all_can_be_kept():
    columns = {"customer_id": ["a", "b"], "churned": [0, 1], "score": [0.2, 0.6], "threshold": 0.5}
    day = matured.days(replay.tried_as_scored(pd.DataFrame(columns))).iloc[0]
    assert (day.customers, day.roc_auc, day.accuracy) == (2, 1, 1)


def test_todays_scores_have_no_outcome():
    scores = pd.DataFrame({"customer_id": ["a", "b"], "churn_probability": [0.2, 0.6], "flagged": [False, True]})
    today = pd.DataFrame({"customer_id": ["a", "b"], "as_of": pd.Timestamp("2024-03-11"), "recency_days": [3, 8]})
    rows = replay.of_today(scores, today, RECORD)
    assert rows.active.tolist() == [True, False]
    assert rows.churned.isna().all()
    assert list(rows) == list(replay.COLUMNS)
    of_table = replay.of_today(scores, today[["customer_id"]], {"horizon_days": None})
    assert of_table.active.isna().all()
    assert of_table.day.isna().all()


def test_where_nothing_was_tried_there_are_no_days():
    nothing = pd.DataFrame({"customer_id": [], "churned": [], "score": [], "active": [], "threshold": []})
    assert matured.days(replay.tried_as_scored(nothing)).empty


def test_what_was_spent_within_the_horizon_of_values_stands_beside_the_forecast(champion, panel):
    days = pd.to_datetime(["2024-02-01", "2024-03-03", "2024-03-05", "2024-03-08"])
    lines = {"customer_id": [*"aaba"], "order_id": [*"1234"], "line": range(4), "amount": [3.0, 7.0, 9.0, 4.0]}
    lines = pd.DataFrame(lines).assign(ordered_at=days)
    log = Log(ibis.memtable(lines), None, pd.Timestamp("2024-03-08"))
    rows = replay.with_spend(replay.replayed(champion, panel, RECORD).rows, log)
    assert rows.spend.fillna(-1).tolist() == [7, 0, -1]  # b bought a day too late, the last day's horizon is not over
