from dataclasses import fields

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
    assert pairs.chain == [DAYS[3], DAYS[2]]  # on DAYS[1] each segment had been come to once: nothing could be learnt
    known = pairs.known(DAYS[2])
    assert known[["customer_id", "as_of", later.NOW, later.LATER]].to_numpy().tolist() == [
        ["a", DAYS[0], "active", "quiet"],
        ["b", DAYS[0], "quiet", "active"],
        ["a", DAYS[1], "quiet", "active"],
        ["b", DAYS[1], "active", "active"],
        ["c", DAYS[1], "active", "quiet"],
    ]
    assert pairs.on(DAYS[2])[later.LATER].tolist() == ["quiet", "active", "active"]
    assert len(pairs.known(DAYS[3])) == 8  # as of today those of DAYS[2] are known too


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
    assert set(pairs.known(DAYS[2])[later.LATER]) == {"of 1", "of 90"}


MONTHS = pd.date_range("2024-01-01", periods=7, freq="30D")  # the last is today


def months(flip, customers=300):
    """Pairs of six months: who spends much is active later, with a share `flip` of exceptions."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"as_of": np.repeat(MONTHS[:-1], customers), "spend": rng.uniform(-1, 1, 6 * customers)})
    active = (rows.spend + rng.normal(0, 0.5, len(rows)) > 0) ^ (rng.random(len(rows)) < flip)
    segments = {later.LATER: np.where(active, "active", "quiet"), later.NOW: "active"}
    return later.Pairs(rows.assign(**segments), MONTHS[-1], pd.Timedelta(days=30), ["spend"])


def rest(pairs):
    """What a `Pairs` has beside its rows."""
    return [getattr(pairs, field.name) for field in fields(pairs)[1:]]


def procedure(pairs, level=0.9):
    return later.Procedure(pairs, preparation(["spend"], []), LogisticRegression(), level)


def test_a_forecast_is_scored_beside_persistence_and_kept_where_it_is_better():
    ran = procedure(months(0))
    forecast, origins = ran.forecast(), ran.origins()
    assert forecast.beats_persistence
    kept = later.record(ran, forecast, origins)
    assert kept["used"]
    assert (kept["days"], kept["level"]) == (30, 0.9)
    assert kept["coverage"]["value"] == origins.value.iloc[0]
    assert [one["as_of"] for one in kept["origins"]] == ["2024-05-30", "2024-04-30", "2024-03-31"]
    unmeasured = later.record(ran, forecast, origins.head(0))
    assert unmeasured == {"used": False, "reason": later.UNMEASURED, "gain": kept["gain"]}
    assert min(kept["gain"][name]["low"] for name in ("accuracy", "macro_f1")) > 0


def test_what_is_no_better_than_persistence_is_not_used():
    stays = months(0)
    stays = procedure(later.Pairs(stays.rows.assign(**{later.NOW: stays.rows[later.LATER]}), *rest(stays)))
    assert not stays.forecast().beats_persistence
    kept = later.record(stays, stays.forecast(), stays.origins())
    assert (kept["used"], kept["reason"]) == (False, later.NO_BETTER)
    assert kept["gain"]["accuracy"]["low"] <= 0


def test_a_table_misses_no_later_segments_and_a_short_log_is_told_why_it_has_none():
    assert later.without(TODAY, later.SHORT) == {"used": False, "reason": later.SHORT}
    assert later.without(TODAY.drop(columns="as_of"), later.SHORT) == {"used": False, "reason": ""}


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_likely_segments_hold_the_right_one_as_often_as_promised_where_no_day_is_unlike_the_others(level):
    origins = procedure(months(0.05, 1500), level).origins()
    assert origins.as_of.tolist() == list(MONTHS[5:2:-1])
    assert origins.value.mean() == pytest.approx(level, abs=0.03)
    assert (origins.customers == 1500).all()


def test_neither_model_nor_threshold_has_seen_the_outcomes_that_coverage_is_measured_on():
    pairs, day = months(0), MONTHS[5]
    turned = pairs.rows[later.LATER].where(pairs.rows.as_of < day, "quiet")
    other = later.Pairs(pairs.rows.assign(**{later.LATER: turned}), *rest(pairs))
    ran, again = procedure(pairs), procedure(other)
    assert again.threshold(day) == ran.threshold(day)
    assert (again.given[day] == ran.given[day]).all()
    assert again.origins().value.iloc[0] != ran.origins().value.iloc[0]
    assert again.threshold(MONTHS[6]) != ran.threshold(MONTHS[6])  # today's is set on that day


def test_where_days_are_too_few_to_set_a_threshold_and_test_it_nothing_is_measured():
    pairs = months(0)
    short = later.Pairs(pairs.rows[pairs.rows.as_of >= MONTHS[4]], *rest(pairs))
    assert short.chain == [MONTHS[6], MONTHS[5]]
    assert procedure(short).origins().empty
