import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from patrons.features.preparation import preparation
from patrons.segments import later

DAYS = pd.to_datetime(["2024-01-01", "2024-01-31", "2024-03-01", "2024-03-31"])


def table(day, recency):
    people = list("abcd")[: len(recency)]
    return pd.DataFrame({"customer_id": people, "as_of": day, "recency_days": recency, "spend": range(len(recency))})


# who is silent for long is "quiet"; the horizon is 30 days
PANEL = pd.concat(
    [table(DAYS[0], [1, 90]), table(DAYS[1], [90, 1, 1]), table(DAYS[2], [1, 1, 90])], ignore_index=True
).assign(churned=0, known_on=DAYS[3])
TODAY = table(DAYS[3], [90, 1, 1, 1])
CLUSTERER = make_pipeline(StandardScaler(), KMeans(2, n_init=2, random_state=0)).fit(TODAY[["recency_days"]])
NAMES = later.names_of(CLUSTERER, TODAY.assign(segment=["quiet", "active", "active", "active"]))


def test_pairs_are_a_horizon_apart_and_learnt_before_the_test_day():
    pairs = later.pairs(PANEL, TODAY, CLUSTERER, NAMES)
    assert pairs.days == 30
    assert pairs.train[["customer_id", "as_of", later.NOW, later.LATER]].to_numpy().tolist() == [
        ["a", DAYS[0], "active", "quiet"],
        ["b", DAYS[0], "quiet", "active"],
        ["a", DAYS[1], "quiet", "active"],
        ["b", DAYS[1], "active", "active"],
        ["c", DAYS[1], "active", "quiet"],
    ]
    assert pairs.test[later.LATER].tolist() == ["quiet", "active", "active"]
    assert (pairs.train.as_of + pd.Timedelta(days=30) <= pairs.test.as_of.min()).all()


def test_the_model_sees_neither_outcome_nor_segment():
    assert later.pairs(PANEL, TODAY, CLUSTERER, NAMES).features == ["recency_days", "spend"]


@pytest.mark.parametrize("panel", [PANEL.drop(columns="as_of"), PANEL[PANEL.as_of == DAYS[2]]])
def test_without_earlier_days_there_is_nothing_to_learn(panel):
    assert later.pairs(panel, TODAY, CLUSTERER, NAMES) is None


def test_a_segment_that_one_row_alone_came_to_is_not_learnt():
    once = pd.concat([PANEL, table(DAYS[0], [1]).assign(customer_id="z")], ignore_index=True)
    once = pd.concat([once, table(DAYS[1], [5000]).assign(customer_id="z")], ignore_index=True)
    clusterer = make_pipeline(StandardScaler(), KMeans(3, n_init=2, random_state=0)).fit(once[["recency_days"]])
    names = {int(clusterer.predict(pd.DataFrame({"recency_days": [n]}))[0]): f"of {n}" for n in (1, 90, 5000)}
    pairs = later.pairs(once, TODAY, clusterer, names)
    assert set(pairs.train[later.LATER]) == {"of 1", "of 90"}


def test_a_forecast_is_scored_beside_persistence():
    rows = pd.DataFrame({"recency_days": np.tile([1.0, 90.0], 40), later.NOW: ["active", "quiet"] * 40})
    rows = rows.assign(**{later.LATER: ["quiet", "active"] * 40})  # all change places
    pairs = later.Pairs(rows, rows, 30, ["recency_days"])
    forecast = later.forecast(pairs, preparation(["recency_days"], []), LogisticRegression())
    assert forecast.scores["accuracy"].value == 1
    assert forecast.persistence["accuracy"].value == 0
    assert forecast.beats_persistence
