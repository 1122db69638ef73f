"""Files are scored in chunks, and say what the scorer says."""

import pandas as pd
import pytest

from patrons.cli import main as cli
from patrons.scoring import bulk
from patrons.scoring.scorer import COLUMNS, ScoringError


def test_chunks_give_what_the_whole_gives(scorer, customers, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 100)
    customers.to_parquet(tmp_path / "in.parquet")
    reports = []  # how many of how many
    done = bulk.score_file(
        scorer, tmp_path / "in.parquet", tmp_path / "out.parquet", report=lambda *counts: reports.append(counts)
    )
    assert (done.customers, done.errors, done.orders) == (len(customers), 0, False)
    assert reports[0] == (0, len(customers))
    assert reports[-1] == (len(customers), len(customers))
    assert len(reports) > len(customers) // 100
    written = pd.read_parquet(tmp_path / "out.parquet")
    wanted = scorer.score_rows(customers)
    assert list(written.churn_probability) == list(wanted.churn_probability)
    assert written.segments_later.map(lambda names: None if names is None else list(names)).tolist() == list(
        wanted.segments_later
    )


def test_a_csv_file_of_text_is_scored_and_no_row_is_dropped(scorer, customers, tmp_path):
    rows = customers.head(6).astype(object)
    rows.loc[3, "monetary"] = "much"
    rows.to_csv(tmp_path / "in.csv", index=False)
    done = bulk.score_file(scorer, tmp_path / "in.csv", tmp_path / "out.csv")
    written = pd.read_csv(tmp_path / "out.csv", dtype={"customer_id": str})
    assert list(written) == [*COLUMNS, "release", "as_of"]
    assert list(written.customer_id) == list(rows.customer_id)
    assert done.errors == 1
    assert written.error[3] == "monetary: 'much' is not a number within ±1e15"
    wanted = scorer.score_rows(customers.head(6)).churn_probability
    assert written.churn_probability.drop(3).to_list() == pytest.approx(wanted.drop(3).to_list(), abs=1e-9)


def test_an_order_log_is_scored_in_chunks_too_and_the_progress_moves(scorer, demo, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 200)
    log, reports = demo.root / "data" / "raw" / "demo" / "orders.parquet", []
    done = bulk.score_file(scorer, log, tmp_path / "out.parquet", report=lambda *counts: reports.append(counts))
    total = done.customers
    assert reports == [(0, None), (0, total), *[(n, total) for n in range(200, total - 1, 200)], *reports[-2:]]
    assert reports[-1] == (total, total)
    assert done.errors == 1
    written, wanted = pd.read_parquet(tmp_path / "out.parquet"), scorer.score_orders(log)
    assert list(written.churn_probability.dropna()) == list(wanted.churn_probability.dropna())
    assert list(written.error.dropna()) == list(wanted.error.dropna())


def test_the_command_knows_an_order_log_by_its_columns(demo, demo_release, tmp_path, capsys):
    raw = demo.root / "data" / "raw" / "demo"
    line = ["predict", "--params", "demo", "--release", str(demo_release), "--customers", str(raw / "customers.csv")]
    output = ["--input", str(raw / "orders.parquet"), "--output", str(tmp_path / "out.parquet")]
    assert cli.main([*line, *output]) == 0
    out, err = capsys.readouterr()
    assert "customers of an order log" in out
    assert "1 of them cannot be scored" in out
    assert "customers" in err
    assert pd.read_parquet(tmp_path / "out.parquet").churn_probability.notna().sum() > 100


def test_a_file_of_something_else_and_an_output_of_no_known_kind_are_refused(scorer, tmp_path):
    pd.DataFrame({"customer_id": ["1"], "shoe_size": [42]}).to_csv(tmp_path / "in.csv", index=False)
    with pytest.raises(ScoringError, match="holds neither customers nor orders"):
        bulk.score_file(scorer, tmp_path / "in.csv", tmp_path / "out.csv")
    with pytest.raises(ScoringError, match=r"a \.parquet or \.csv file"):
        bulk.score_file(scorer, tmp_path / "in.csv", tmp_path / "out.xlsx")
    assert not list(tmp_path.glob("*out*"))
