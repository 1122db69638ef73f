"""The comparison with others' models: its splits, what BG/NBD is told, and how a tie is called; no peer is run."""

import argparse
import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import peers, peers_sets, peers_table
from patrons.evaluation.metrics import Interval


def panel(days=3, customers=6):
    """Customers on days 30 days apart, whose outcome is known 60 days later."""
    as_of = np.repeat(pd.date_range("2024-01-01", periods=days + 1, freq="30D"), customers)
    return pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in range(customers)] * (days + 1),
            "as_of": as_of,
            "known_on": as_of + pd.Timedelta(days=60),
            "churned": [n % 2 for n in range(customers)] * (days + 1),
            "recency_days": 10,
            "tenure_days": 80,
            "active_days": 3,
            "frequency": 3,
            "chance_active": 0.5,
            "peak_ahead": 0.25,
        }
    )


def test_a_day_is_forecast_from_rows_whose_outcome_was_known_on_it():
    splits = peers_sets.of_log(panel(), None, origins=2, rows=0, seed=1)
    assert [one.name for one in splits] == ["2024-03-01", "2024-03-31"]
    assert [str(one.train.known_on.max().date()) for one in splits] == ["2024-03-01", "2024-03-31"]
    assert [len(one.train) for one in splits] == [6, 12]


def test_of_a_long_log_some_rows_are_drawn_the_same_for_everyone():
    once, again = (peers_sets.of_log(panel(), None, 1, rows=8, seed=1)[0].train for _ in range(2))
    assert len(once) == 8
    pd.testing.assert_frame_equal(once, again)


def test_copies_of_a_row_stay_on_one_side():
    table = pd.DataFrame({"customer_id": range(60), "x": np.arange(60) // 2, "churned": np.arange(60) // 2 % 2})
    table = table.assign(group=table.x)
    splits = peers_sets.of_table(table, folds=3, repeats=2, seed=1)
    assert len(splits) == 6
    assert not any(set(one.train.group) & set(one.test.group) for one in splits)


def test_a_drawn_table_knows_its_ceiling():
    table = peers_sets.drawn("drawn: products")
    split = peers_sets.of_table(table, folds=3, repeats=1, seed=1)[0]
    assert peers_sets.CHANCE not in split.train
    assert split.chance.mean() == pytest.approx(split.test.churned.mean(), abs=0.03)


def test_bg_nbd_is_told_repeats_and_weeks():
    told = peers.purchases(panel().head(1))
    assert told == {"customer_id": [0.0], "frequency": [2.0], "recency": [10.0], "T": [pytest.approx(80 / 7)]}


@pytest.mark.parametrize(("low", "high", "auc", "brier"), [(0.1, 0.2, "ahead", "behind"), (-0.1, 0.2, "tie", "tie")])
def test_an_interval_that_holds_zero_is_a_tie(low, high, auc, brier):
    found = Interval((low + high) / 2, low, high)
    assert (peers_table.verdict("roc_auc", found), peers_table.verdict("brier", found)) == (auc, brier)


def test_what_is_there_is_not_run_again_and_a_failure_is_counted(tmp_path, monkeypatch, capsys):
    runs = []

    def ours(split, seed):
        runs.append(split.name)
        if len(runs) == 2:
            raise ValueError("no fold")
        return np.full(len(split.test), 0.3), "a note"

    monkeypatch.setattr(peers, "ours", ours)
    order = ["run", "--results", str(tmp_path), "--sets", "drawn: products", "--models", "ours"]
    peers.main(order)
    peers.main(order)
    assert runs == ["1.1", "1.2", "1.3"]
    records = peers_table.cells(tmp_path)
    assert [one.get("failed") for one in records] == [None, "ValueError: no fold", None]
    assert peers_table.costs(records).endswith("| 1 |")


def test_the_tables_set_ours_beside_the_best_peer(tmp_path):
    name, options = "drawn: products", ["--results", str(tmp_path), "--sets", "drawn: products"]
    (tmp_path / "probabilities").mkdir()
    splits = peers_sets.load(name, argparse.Namespace(folds=3, repeats=1))
    records = []
    for split in splits:
        for model, scores in {
            "ours": split.chance,
            "worse": 1 - split.chance,
            "bad": np.full(len(split.test), 0.5),
        }.items():
            records.append({"set": name, "split": split.name, "peer": model, "seed": 42, "cpu": 1.0})
            np.save(peers_table.file(tmp_path, name, split.name, model, 42), scores)
    (tmp_path / "cells.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    parts = peers_table.parts_of(name, splits, tmp_path, records)
    assert peers_table.best_peer("roc_auc", parts) == "bad"
    pooled = peers_table.gain("roc_auc", parts, "bad")
    ceiling = np.mean([peers_table.roc_auc(part.truth, part.chance) for part in parts])
    assert pooled.value == pytest.approx(ceiling - 0.5)
    assert peers_table.verdict("roc_auc", pooled) == "ahead"
    text = peers_table.tables(peers.parsed(["table", *options]))
    assert "| ours | " in text
    assert "| 1.00 |" in text
