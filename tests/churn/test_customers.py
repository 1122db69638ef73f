import numpy as np
import pandas as pd
import pytest

from patrons.churn import customers, empty
from patrons.evaluation import samples
from patrons.features.preparation import preparation
from tests.churn.test_narrative import EARLIER, LOG, TABLE

TRAIN, TEST = TABLE[:3], TABLE[3:]
ROWS = pd.DataFrame({"customer_id": list("abcd"), "fee": [1.0, 2.0, 3.0, 4.0]})
DICTIONARY = pd.DataFrame(columns=["feature", "group", "unit", "meaning"])


def test_those_who_can_be_kept_ordered_lately_or_have_not_churned():
    today = pd.DataFrame({"customer_id": list("abcd"), "recency_days": [1, 90, 91, 400]})
    assert customers.can_be_kept(today, EARLIER, LOG).tolist() == [True, True, False, False]
    assert customers.can_be_kept(today, TRAIN, TEST).tolist() == [False, True, True, True]


def test_rows_of_a_test_day_are_active_within_one_horizon():
    assert customers.active(LOG.assign(recency_days=[90, 91])).tolist() == [True, False]
    assert customers.active(TEST).tolist() == [True]


def test_customers_of_a_table_are_scored_by_a_model_that_has_not_seen_their_outcome():
    left_out = pd.Series({"c": 0.3, "a": 0.1, "b": 0.2})
    model = empty.base_rate(TRAIN.assign(fee=[1.0, 2.0, 3.0]), preparation(["fee"], []))
    scored = customers.scores(model, ROWS, DICTIONARY, 0.25, left_out)
    assert scored.churn_probability.tolist() == [0.1, 0.2, 0.3, pytest.approx(1 / 3)]  # the fourth was held out
    assert scored.flagged.tolist() == [False, False, True, True]


def test_customers_are_scored_in_parts_as_they_are_together(monkeypatch):
    left_out = pd.Series({"c": 0.3, "a": 0.1})
    model = empty.base_rate(TRAIN.assign(fee=[1.0, 2.0, 3.0]), preparation(["fee"], []))
    rows = ROWS.set_axis([7, 3, 9, 1])
    together = customers.scores(model, rows, DICTIONARY, 0.25, left_out)
    monkeypatch.setattr(customers, "AT_ONCE", 3)
    pd.testing.assert_frame_equal(customers.scores(model, rows, DICTIONARY, 0.25, left_out), together)


def test_what_is_usual_is_told_from_customers_drawn_and_not_from_the_first_ones(monkeypatch):
    compared = []

    def explained(model, X, dictionary, others):
        compared.append(others.fee.tolist())
        return [(np.zeros(len(X)), np.full((len(X), 4), ""))]

    monkeypatch.setattr(customers, "explained", explained)
    monkeypatch.setattr(customers, "AT_ONCE", 2)
    kept = pd.Series([True, True, True, False])
    customers.scores(None, ROWS, DICTIONARY, can_be_kept=kept)
    customers.scores(None, ROWS[::-1], DICTIONARY, can_be_kept=kept[::-1])
    some = samples.drawn(ROWS.customer_id[kept], 2)
    assert compared[0] == ROWS.fee[ROWS.customer_id.isin(some)].tolist() != [1.0, 2.0]
    assert compared[1] == compared[0][::-1]  # the same customers, in whatever order they stand


def test_todays_outcome_of_a_log_is_not_known_to_anyone_so_the_model_scores_all():
    model = empty.base_rate(TRAIN.assign(fee=[1.0, 2.0, 3.0]), preparation(["fee"], []))
    scored = customers.scores(model, ROWS, DICTIONARY)
    assert scored.churn_probability.to_numpy() == pytest.approx([1 / 3] * 4)
    assert not scored.flagged.any()


class Halves:
    """A clusterer that separates fees below 2.5 from the others."""

    feature_names_in_ = ("fee",)

    def predict(self, rows):
        return (rows.fee > 2.5).astype(int).to_numpy()


def test_a_row_is_in_the_segment_that_most_of_its_group_are_in_today():
    labels = pd.DataFrame({"customer_id": list("abcd"), "segment": ["small", "small", "large", "large"]})
    rows = pd.DataFrame({"fee": [9.0, 0.0]})
    assert customers.segments(Halves(), labels, ROWS, rows).tolist() == ["large", "small"]
