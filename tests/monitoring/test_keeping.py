"""What the ledger takes from results, from scored files and from answers."""

import json
import os
from datetime import date, datetime

import pandas as pd
import pytest
from stub_scorer import StubScorer

from patrons.cli import handing_out
from patrons.cli.main import main
from patrons.monitoring import keeping, outcomes
from patrons.monitoring.keeping import Horizons
from patrons.monitoring.ledger import Ledger
from patrons.scoring import Scorer
from patrons.series.results import Results
from patrons.spreadsheet import safe_csv

RUN = {"status": "succeeded", "stale": False}


def results(folder, kind="orders", run_id="20260301-0900-abc123", outputs="1", **stage):
    """What a series of three customers leaves, of a log or of a table."""
    ids = ["a", "=b", "c"]
    horizon = 90 if kind == "orders" else None
    files = {
        "02_transformation/features.parquet": pd.DataFrame(
            {"customer_id": ids, "as_of": pd.Timestamp("2025-12-24"), "recency_days": [90, 91, 3]}
        )
        if kind == "orders"
        else pd.DataFrame({"customer_id": ids, "tenure": [1, 2, 3]}),
        "02_transformation/panel.parquet": pd.DataFrame({"customer_id": ids, "churned": [0, 1, 0]}),
        "04_label_creation/labels.parquet": pd.DataFrame({"customer_id": ids, "segment": ["Loyal", "Lost", "Loyal"]}),
        "06_churn/churn_scores.parquet": pd.DataFrame(
            {"customer_id": ids, "churn_probability": [0.2, 0.9, 0.5], "flagged": [False, True, True], "reason_1": "x"}
        ),
        "07_customer_value/values.parquet": pd.DataFrame({"customer_id": ["a", "c"], "expected_spend": [10.0, 20.0]}),
    }
    for name, table in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(folder / name)
    listed = pd.DataFrame({"customer_id": ["=b", "a", "c"], "arm": ["contact", "hold out", ""]})
    (folder / "07_customer_value" / "actions.csv").write_bytes(safe_csv(listed))
    (folder / "06_churn" / "churn.json").write_text(json.dumps({"horizon_days": horizon, "threshold": 0.3}))
    (folder / "07_customer_value" / "value.json").write_text(json.dumps({"horizon_days": 180}))
    done = {"06_churn": {**RUN, "outputs": {"churn_scores.parquet": outputs}, **stage}}
    record = {"run_id": run_id, "started": "2026-03-01T09:00:00+00:00", "finished": "2026-03-01T09:01:00+00:00"}
    record |= {"stages": done}
    (folder / "series.json").write_text(json.dumps(record))
    wrote_scores(folder, "2025-11-30T23:59:00+00:00")
    return folder


def wrote_scores(folder, when):
    moment = datetime.fromisoformat(when).timestamp()
    os.utime(folder / "06_churn" / "churn_scores.parquet", (moment, moment))


@pytest.fixture
def folders(tmp_path):
    return tmp_path / "processed" / "shop", tmp_path / "ledger" / "shop"


def test_results_of_a_log_are_kept_as_of_the_day_that_customers_are_described_on(folders):
    processed, folder = folders
    said = keeping.keep_results(results(processed), folder)
    assert said.endswith("ledger/shop, for monitoring: the scores of 3 customers.")
    rows = Ledger(folder).scores().set_index("customer_id")
    assert set(rows.day) == {pd.Timestamp("2025-12-24")}
    assert rows.probability.to_dict() == {"a": 0.2, "=b": 0.9, "c": 0.5}
    assert rows.flagged.to_dict() == {"a": False, "=b": True, "c": True}
    assert rows.active.to_dict() == {"a": True, "=b": False, "c": True}
    assert rows.expected_spend.dropna().to_dict() == {"a": 10, "c": 20}
    assert rows.segment.to_dict() == {"a": "Loyal", "=b": "Lost", "c": "Loyal"}
    assert rows.arm.dropna().to_dict() == {"a": "hold out", "=b": "contact"}
    assert rows[["horizon_days", "value_horizon_days"]].drop_duplicates().values.tolist() == [[90, 180]]
    assert set(rows.release) == {"20260301-0900-abc123"}


def test_results_of_a_table_are_kept_as_of_the_day_on_which_06_wrote_them_without_those_who_churned(folders):
    processed, folder = folders
    keeping.keep_results(results(processed, "table"), folder)
    rows = Ledger(folder).scores()
    assert rows.customer_id.tolist() == ["a", "c"]
    assert set(rows.day) == {pd.Timestamp("2025-11-30")}  # in UTC; the run began in March
    assert rows.horizon_days.isna().all()


def test_scores_of_a_table_that_a_later_run_uses_again_keep_their_day(folders):
    processed, folder = folders
    keeping.keep_results(results(processed, "table", run_id="november"), folder)
    results(processed, "table", run_id="december")  # 06 used again, and its time with it
    record = json.loads((processed / "series.json").read_text())
    record["stages"]["07_customer_value"] = {**RUN, "outputs": {"values.parquet": "of other settings"}}
    (processed / "series.json").write_text(json.dumps(record))
    keeping.keep_results(processed, folder)
    assert Ledger(folder).days().to_dict() == {date(2025, 11, 30): 4}  # two customers, two runs, one day
    assert outcomes.latest(Ledger(folder))[["customer_id", "release"]].values.tolist() == [
        ["a", "december"],
        ["c", "december"],
    ]
    wrote_scores(processed, "2025-12-01T00:00:00+00:00")
    record["stages"]["06_churn"]["outputs"] = {"churn_scores.parquet": "made anew"}
    (processed / "series.json").write_text(json.dumps(record))
    keeping.keep_results(processed, folder)
    assert Ledger(folder).days().to_dict() == {date(2025, 11, 30): 4, date(2025, 12, 1): 2}


def test_results_that_came_out_the_same_add_nothing_and_say_nothing(folders):
    processed, folder = folders
    keeping.keep_results(results(processed), folder)
    before = Ledger(folder).digest()
    assert keeping.keep_results(results(processed, run_id="20260401-0900-other"), folder) == ""
    assert Ledger(folder).digest() == before
    assert keeping.keep_results(results(processed, run_id="later", outputs="2"), folder) == ""
    assert len(Ledger(folder).scores()) == 6


def test_scores_that_later_runs_and_a_release_used_again_are_found_under_each_of_their_names(folders):
    processed, folder = folders
    for run in ("first", "second"):
        keeping.keep_results(results(processed, run_id=run), folder)
    (processed / "release").mkdir()
    (processed / "release" / "release.json").write_text(json.dumps({"id": "55ad8a49a61f", "run_id": "second"}))
    keeping.keep_results(processed, folder)
    keeping.keep_results(results(processed, run_id="third", outputs="2"), folder)
    ledger = Ledger(folder)
    assert ledger.names(["55ad8a49a61f"]) == {"first", "second", "55ad8a49a61f"}
    assert ledger.names(["third", "unknown"]) == {"third", "unknown"}
    assert set(outcomes.latest(ledger, releases=["second"]).release) == {"first"}


@pytest.mark.parametrize("stage", [{"status": "failed"}, {"stale": True}])
def test_what_failed_or_is_stale_is_not_kept(folders, stage):
    processed, folder = folders
    assert keeping.keep_results(results(processed, **stage), folder) == ""
    assert not folder.exists()


def test_a_series_that_could_score_nobody_keeps_nothing(folders):
    processed, folder = folders
    path = results(processed) / "06_churn" / "churn_scores.parquet"
    pd.read_parquet(path).head(0).to_parquet(path)
    assert keeping.keep_results(processed, folder) == ""
    assert not folder.exists()


def test_a_series_without_churn_keeps_nothing(folders):
    processed, folder = folders
    assert keeping.keep_results(processed, folder) == ""
    assert not folder.exists()


def test_a_series_ends_with_a_line_the_first_time_or_where_the_ledger_took_nothing(tmp_path):
    finished = Results(results(tmp_path / "data" / "processed" / "shop"))
    assert "the scores of 3 customers" in handing_out.keep(finished, tmp_path)
    assert handing_out.keep(finished, tmp_path) == ""
    damaged = next((tmp_path / "data" / "ledger" / "shop").glob("scores/*/*.parquet"))
    damaged.write_bytes(b"")
    said = handing_out.keep(finished, tmp_path)
    assert "The scores were not kept for monitoring" in said
    assert f"{damaged.name} is damaged" in said
    assert said.endswith("can be read). The results are; --resume tries again.")


@pytest.mark.parametrize(("run_id", "expected"), [("20260301-0900-abc123", "55ad8a49a61f"), ("another", "run")])
def test_the_release_is_named_only_where_it_was_made_of_these_results(folders, run_id, expected):
    processed, folder = folders
    results(processed)
    (processed / "release").mkdir()
    (processed / "release" / "release.json").write_text(json.dumps({"id": "55ad8a49a61f", "run_id": run_id}))
    keeping.keep_results(processed, folder)
    assert set(Ledger(folder).scores().release) == {"20260301-0900-abc123" if expected == "run" else expected}


def test_answers_are_kept_without_those_who_could_not_be_scored_or_have_no_id():
    answers = [
        {"customer_id": "a", "segment": 1, "segment_name": "Loyal", "churn_probability": 0.3, "flagged": True},
        {"customer_id": None, "segment": 1, "segment_name": "Loyal", "churn_probability": 0.4, "flagged": True},
        {"customer_id": "c", "segment": None, "segment_name": None, "churn_probability": None, "flagged": None},
    ]
    for answer, error in zip(answers, (None, None, "recency_days is missing"), strict=True):
        answer.update(error=error, expected_spend=12.5, reason_1="silence: 9 days", warnings=None)
    rows = keeping.of_records(answers, "55ad8a49a61f", Horizons(90, 180), date(2026, 3, 1))
    assert len(rows) == 1
    kept = rows.iloc[0]
    assert (kept.customer_id, kept.day, kept.release) == ("a", date(2026, 3, 1), "55ad8a49a61f")
    assert (kept.probability, kept.segment, kept.source, kept.horizon_days) == (0.3, "Loyal", "api", 90)
    assert "reason_1" not in rows


@pytest.fixture
def release(tmp_path, monkeypatch):
    """The folder of a release of a customer table, which the command loads as a scorer without models."""
    training = pd.DataFrame(
        {"customer_no": [str(n) for n in range(30)], "tenure_months": range(30), "monthly_fee": 9.0}
    )
    monkeypatch.setattr(Scorer, "load", lambda folder: StubScorer(training))
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "release"


@pytest.mark.parametrize("output", ["out.parquet", "out.csv"])
def test_predict_keeps_its_answers_where_it_is_told_to_and_the_same_ones_once(release, capsys, output):
    root = release.parent
    rows = "customer_no,tenure_months,monthly_fee\n=1,20,9\n2,30,9\n,30,9\n"
    (root / "new.csv").write_text(rows)
    line = ["predict", "--params", "telco", "--release", "release", "--input", "new.csv", "--output", output]
    assert main(line) == 0
    assert not (root / "data").exists()
    assert main([*line, "--keep", "--as-of", "2026-03-01"]) == 0
    printed = capsys.readouterr().out
    assert "Kept for monitoring in data/ledger/telco: 2 customers. 1 without an id were not kept." in printed
    kept = Ledger(root / "data" / "ledger" / "telco").scores().set_index("customer_id")
    assert kept.probability.to_dict() == {"=1": 0.209, "2": 0.309}
    assert set(kept.day) == {pd.Timestamp("2026-03-01")}
    assert set(kept.release) == {"0123456789ab"}
    assert set(kept.source) == {"predict"}
    assert main([*line, "--keep", "--as-of", "2026-03-01"]) == 0
    assert "0 customers. These very answers were kept before." in capsys.readouterr().out


def test_a_table_is_kept_under_the_day_on_which_it_was_scored(release):
    (release.parent / "new.csv").write_text("customer_no,tenure_months,monthly_fee\n1,20,9\n")
    line = ["predict", "--params", "telco", "--release", "release", "--input", "new.csv", "--output", "out.csv"]
    assert main([*line, "--keep"]) == 0
    assert Ledger("data/ledger/telco").days().index.tolist() == [date.today()]


def test_what_predict_did_not_write_is_not_kept(release):
    (release.parent / "strict.csv").write_text("customer_no,tenure_months,monthly_fee\n1,9000,9\n")
    line = ["predict", "--params", "telco", "--release", "release", "--output", "out.csv", "--keep", "--strict"]
    assert main([*line, "--input", "strict.csv"]) == 2
    assert not (release.parent / "data").exists()


def test_scores_of_an_earlier_day_are_not_kept_as_those_of_today_while_a_series_runs(folders):
    processed, folder = folders
    results(processed, inputs={"features.parquet": "of yesterday"})
    record = json.loads((processed / "series.json").read_text())
    for digest, kept in (("of today", 0), ("of yesterday", 3)):
        record["stages"]["02_transformation"] = {**RUN, "outputs": {"features.parquet": digest}}
        (processed / "series.json").write_text(json.dumps(record))
        keeping.keep_results(processed, folder)
        assert Ledger(folder).count() == kept
