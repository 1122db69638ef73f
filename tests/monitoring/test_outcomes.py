"""Outcomes joined to scores: silence in a log, what was cancelled, customers who vanished, what is given of a table."""

import ibis
import pandas as pd
import pytest

from patrons.monitoring import outcomes
from patrons.monitoring.ledger import Ledger
from patrons.monitoring.outcomes import Log

DAY, TODAY = "2026-03-01", "2026-06-10"
HORIZONS = {"horizon_days": 30, "value_horizon_days": 60}
LINES = [  # customer, when, amount; a line each
    ("silent", "2026-02-20 10:00", 5.0),
    ("back", "2026-02-20 10:00", 5.0),
    ("back", "2026-03-30 23:59", 7.0),  # the last of the 30 days
    ("back", "2026-04-29 12:00", 9.0),  # within 60
    ("late", "2026-01-20 10:00", 5.0),  # more than 30 days before
    ("late", "2026-03-31 00:00", 8.0),  # the first day after the 30
    ("sorry", "2026-02-20 10:00", 5.0),
    ("sorry", "2026-03-05 10:00", 6.0),  # cancelled within the 30
]


def log(lines=LINES, today=TODAY):
    table = pd.DataFrame(lines, columns=["customer_id", "ordered_at", "amount"])
    table = table.assign(ordered_at=table.ordered_at.astype("datetime64[us]"), line=range(len(table)))
    off = table[table.amount == 6.0].assign(cancelled_at=pd.Timestamp("2026-03-07"), gone=True)
    cancelled = off[["customer_id", "line", "ordered_at", "cancelled_at", "amount", "gone"]]
    return Log(ibis.memtable(table), ibis.memtable(cancelled), pd.Timestamp(today))


def said(*customers, day=DAY, release="a1", **more):
    rows = {"customer_id": list(customers), "day": pd.Timestamp(day), "release": release, "probability": 0.4}
    return pd.DataFrame({**rows, "flagged": True, "source": "series", **HORIZONS, **more})


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "shop")


@pytest.fixture
def kept(ledger):
    ledger.keep(said("silent", "back", "late", "sorry", "vanished"))
    return ledger


def matured(*asked, **more):
    rows = outcomes.scored(*asked, **more)
    return rows[rows.due]


def by_customer(rows, column):
    return rows.set_index("customer_id")[column].dropna().to_dict()


def test_a_log_says_by_itself_who_ordered_within_the_horizon_and_for_how_much(kept):
    rows = matured(kept, log())
    assert by_customer(rows, "churned") == {"silent": 1, "back": 0, "late": 1, "sorry": 1}
    assert by_customer(rows, "spend") == {"silent": 0, "back": 16, "late": 8, "sorry": 0}
    assert set(rows.origin) == {"kept"}


def test_who_is_not_in_the_log_any_more_is_counted_and_has_no_outcome(kept):
    rows = matured(kept, log())
    assert rows[rows.churned.isna()].customer_id.tolist() == ["vanished"]
    row = outcomes.overview(kept, log()).iloc[0]
    assert (row.customers, row.with_outcome, row.without_outcome, row.matured) == (5, 4, 1, True)


def test_who_vanished_keeps_the_outcome_that_was_received_before(kept):
    assert outcomes.record(kept, log()).new == 4
    cut = log([line for line in LINES if line[0] != "back"])
    assert by_customer(matured(kept, cut), "churned")["back"] == 0


def test_a_day_that_lies_before_the_log_begins_has_no_outcome(ledger):
    ledger.keep(said("silent", day="2026-01-01"))
    assert matured(ledger, log()).churned.isna().all()


def test_before_the_horizon_has_passed_there_is_no_outcome_and_the_spend_waits_for_its_own(kept):
    rows = outcomes.scored(kept, log(today="2026-03-30"))
    assert not rows.due.any()
    assert rows.churned.isna().all()
    assert len(matured(kept, log(today="2026-03-30"))) == 0
    first = matured(kept, log(today="2026-03-31"))
    assert (first.churned.notna().sum(), first.spend.notna().sum()) == (4, 0)


def test_who_could_be_kept_is_known_from_the_log_where_it_was_not_said(kept):
    rows = by_customer(outcomes.scored(kept, log()), "active")
    assert rows == {"silent": True, "back": True, "late": False, "sorry": True, "vanished": False}


def test_a_log_that_tells_something_else_later_corrects_and_what_it_told_stays(kept):
    assert outcomes.record(kept, log()) == (4, 0, 0, 0)
    assert outcomes.record(kept, log()) == (0, 0, 0, 4)
    late = log([*LINES, ("silent", "2026-03-10 09:00", 3.0)])
    assert outcomes.record(kept, late) == (0, 1, 0, 3)
    assert by_customer(kept.outcomes(), "churned")["silent"] == 0
    assert kept.corrections() == 1
    assert len(kept.outcomes(trace=True)) == 5


def test_many_days_are_taken_a_few_at_a_time(ledger, monkeypatch):
    monkeypatch.setattr(outcomes, "AT_ONCE", 2)
    for day in ("2026-02-25", "2026-03-01", "2026-03-02"):
        ledger.keep(said("back", day=day))
    groups = list(outcomes._some_at_a_time(ledger.days()))
    assert [len(days) for days in groups] == [2, 1]
    assert outcomes.record(ledger, log()).new == 3


def test_what_was_said_last_of_a_customer_and_day_counts_once_whatever_the_release(ledger):
    ledger.keep(said("back"))
    ledger.keep(said("back", release="b2", probability=0.7))
    rows = matured(ledger, log())
    assert rows[["release", "probability"]].values.tolist() == [["b2", 0.7]]
    assert matured(ledger, log(), releases=["a1"]).probability.tolist() == [0.4]


def test_releases_with_other_horizons_are_judged_by_their_own(ledger):
    ledger.keep(said("back", "late"))
    ledger.keep(said("back", "late", release="b2", day="2026-03-02", horizon_days=60))
    rows = matured(ledger, log()).set_index(["customer_id", "day"]).churned
    assert rows.tolist() == [0, 0, 1, 0]  # back, back, late within 30 days, late within 60


def test_of_a_table_a_day_has_matured_when_an_outcome_of_it_was_given(ledger):
    none = {"horizon_days": None, "value_horizon_days": None}
    ledger.keep(said("a", "b", **none))
    ledger.keep(said("a", "b", day="2026-04-01", **none))
    given = pd.DataFrame({"customer_id": ["a"], "day": [pd.Timestamp(DAY)], "churned": [1], "source": ["o.csv"]})
    ledger.receive(given)
    rows = outcomes.scored(ledger)
    assert rows[rows.due].churned.isna().tolist() == [False, True]
    assert rows.active.all()
    assert outcomes.overview(ledger, None).without_outcome.tolist() == [1, 0]


def test_joining_loses_no_score_and_reads_an_empty_ledger(ledger):
    rows = outcomes.join(said("a", "b"), ledger.outcomes())
    assert (len(rows), rows.churned.isna().sum(), str(rows.churned.dtype)) == (2, 2, "float64")
    assert (len(matured(ledger)), len(matured(ledger, log()))) == (0, 0)
    assert len(outcomes.overview(ledger, log())) == 0
