"""Which runs are kept for comparison, what of them, and how one is named."""

import json
import logging

import pandas as pd
import pytest
from toy_runs import results, series, stage, tried

from patrons.cli import handing_out
from patrons.monitoring import runs
from patrons.monitoring.ledger import Ledger
from patrons.monitoring.runs import RunsError
from patrons.series.results import Results


@pytest.fixture
def shop(tmp_path):
    """A finished series, and where its ledger is to be."""
    processed = tmp_path / "data" / "processed" / "toy"
    results(processed)
    series(processed)
    return processed, tmp_path / "data" / "ledger" / "toy"


def keep(shop, number, **changes):
    series(shop[0], number, **changes)
    return runs.keep(*shop)


def test_a_run_is_kept_with_what_it_was_made_from_and_what_came_out(shop):
    record = json.loads((runs.keep(*shop) / "run.json").read_text())
    assert (record["run_id"], record["digest"], record["git_commit"]) == ("20261101-0900-aaaaa1", "d1", "c0ffee")
    assert record["data"]["lines"] == 100
    assert record["data"]["period"] == ["2024-01-04", "2025-12-23"]
    assert record["stages"]["06_churn"]["parameters"] == {"n_trials": 5}
    assert record["stages"]["06_churn"]["metrics"]["brier_active"] == 0.2
    assert record["libraries"]["pandas"] == pd.__version__
    assert "patrons" not in record["libraries"]
    assert record["decisions"] == {
        "churn model": "forest",
        "settings": {"leaf": 5},
        "threshold": 0.5,
        "gates that failed": ["ROC AUC"],
    }


def test_the_customers_of_the_last_day_are_kept_with_score_and_outcome(shop):
    runs.keep(*shop)
    kept = runs.found(shop[1], "-1").tested
    assert list(kept) == ["customer_id", "day", "outcome", "score", "active"]
    assert len(kept) == 50
    assert set(kept.day.astype(str)) == {"2025-09-25"}
    assert kept.set_index("customer_id").loc["c3"].to_dict() == {
        "day": kept.day[0],
        "outcome": 1.0,
        "score": pytest.approx(0.6),
        "active": True,
    }


def test_of_many_customers_the_same_are_kept_whatever_their_order(monkeypatch):
    monkeypatch.setattr(runs, "MOST_CUSTOMERS", 20)
    some, others = runs.tested(tried()), runs.tested(tried().sample(frac=1, random_state=1))
    assert len(some) == 20
    assert set(some.customer_id) == set(others.customer_id)


def test_of_a_table_there_is_no_day(shop):
    table = runs.tested(tried().tail(50).drop(columns=["as_of", "active"]))
    assert table.day.isna().all()
    assert table.active.isna().all()


def test_a_series_that_tested_nobody_keeps_no_table(shop):
    tried()[:0].to_parquet(shop[0] / "06_churn" / "tried.parquet")
    assert not (runs.keep(*shop) / "tested.parquet").exists()


def test_what_a_failed_notebook_left_earlier_is_not_of_the_run(shop):
    target = keep(shop, 1, stages={"06_churn": stage(status="failed", error="cell 3: no")})
    run = runs.read(shop[1], target.name)
    assert run.failed == ["06_churn"]
    assert run.stages["06_churn"]["metrics"] == {}
    assert run.record["decisions"] == {}
    assert run.tested is None


def test_a_run_is_kept_once_and_stays_as_it_was(shop):
    target = runs.keep(*shop)
    before = (target / "run.json").stat().st_mtime_ns
    reused = {"06_churn": stage(reused=True)}  # --resume with nothing to do leaves the id as it was
    assert keep(shop, 1, stages=reused) == target
    assert (target / "run.json").stat().st_mtime_ns == before


def test_a_run_that_a_pipeline_has_gone_on_with_is_kept_as_it_is_now(shop):
    target = runs.keep(*shop)
    assert keep(shop, 1, finished=(later := "2026-11-01T10:30:00+00:00")) == target
    assert json.loads((target / "run.json").read_text())["finished"] == later


def test_the_last_thirty_are_kept(shop, monkeypatch):
    monkeypatch.setattr(runs, "MOST", 3)
    for number in (2, 1, 3, 5, 4):
        keep(shop, number)
    assert [record["run_id"][:8] for record in runs.kept(shop[1])] == ["20261103", "20261104", "20261105"]


def test_a_run_that_has_not_finished_is_not_kept(shop):
    with pytest.raises(RunsError, match="toy has not finished"):
        keep(shop, 1, finished=None)
    assert not shop[1].exists()


def test_what_a_killed_process_left_is_swept_and_a_damaged_run_is_written_anew(shop):
    target = runs.keep(*shop)
    half = target.with_name(".20261102-0900-aaaaa2.17.partial")
    half.mkdir()
    (target / "run.json").write_text('{"run_id": ')
    assert runs.kept(shop[1]) == []
    runs.keep(*shop)
    assert not half.exists()
    assert [record["run_id"] for record in runs.kept(shop[1])] == [target.name]


def test_a_write_that_is_cut_off_leaves_no_run(shop, monkeypatch):
    with monkeypatch.context() as cut:
        cut.setattr(runs, "write_json", lambda *_: (_ for _ in ()).throw(OSError("no space")))
        with pytest.raises(OSError, match="no space"):
            runs.keep(*shop)
    assert runs.kept(shop[1]) == []
    runs.keep(*shop)
    assert len(list((shop[1] / "runs").iterdir())) == 1


def test_a_table_that_cannot_be_read_is_told_and_counts_as_none(shop, caplog):
    target = runs.keep(*shop)
    (target / "tested.parquet").write_text("half")
    with caplog.at_level(logging.WARNING):
        assert runs.found(shop[1], "-1").tested is None
    assert "tested.parquet cannot be read" in caplog.text


def test_a_run_is_named_by_its_place_or_by_the_beginning_of_its_id(shop):
    for number in (1, 2, 11):
        keep(shop, number)
    found = [runs.found(shop[1], text).id[:8] for text in ("-1", "-3", "20261102", "2026111", "20261101-0900-aaaaa1")]
    assert found == ["20261111", "20261101", "20261102", "20261111", "20261101"]


def test_a_run_that_cannot_be_told_is_an_error_that_says_what_to_do(shop):
    for number in (1, 2):
        keep(shop, number)
    with pytest.raises(RunsError, match=r"2 runs begin with '2026': 20261101.*, 20261102.*\. Write more of the id"):
        runs.found(shop[1], "2026")
    with pytest.raises(RunsError, match=r"among the 2 that are kept; did you mean '20261102-0900-aaaaa2'"):
        runs.found(shop[1], "20261102-0900-aaaa22")
    with pytest.raises(RunsError, match=r"they are listed by \.venv/bin/patrons compare toy --list"):
        runs.found(shop[1], "-3")


def test_the_last_run_before_another_one_passes_over_failed_ones(shop):
    keep(shop, 1)
    keep(shop, 2, stages={"06_churn": stage(status="failed")})
    keep(shop, 3)
    kept = runs.found(shop[1], "-1")
    assert runs.last_before(shop[1], kept).id[:8] == "20261101"
    keep(shop, 4, stages={"08_monitoring": stage(status="failed")})
    series(shop[0], 5, finished=None)
    assert runs.last_before(shop[1], runs.current(shop[0])).id[:8] == "20261104"  # 08 alone failed
    assert runs.last_before(shop[1], runs.found(shop[1], "20261101")) is None


def test_a_series_keeps_its_run_and_one_that_cannot_be_kept_is_told_and_undoes_nothing(shop):
    processed, ledger = shop
    root = processed.parents[2]
    assert "not kept for comparison" not in handing_out.keep(Results(processed), root)
    assert len(runs.kept(ledger)) == 1
    series(processed, 2)
    (processed / "06_churn" / "tried.parquet").write_text("half")
    assert "This run was not kept for comparison" in handing_out.keep(Results(processed), root)
    assert len(runs.kept(ledger)) == 1


def test_a_customer_who_is_forgotten_is_in_no_run(shop):
    runs.keep(*shop)
    assert Ledger(shop[1]).forget("c3") == 1
    assert "c3" not in set(runs.found(shop[1], "-1").tested.customer_id)
