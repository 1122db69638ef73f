"""06 on panels that nothing can be learnt from: it ends early, says why, and leaves its outputs in their empty form."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY
from toy_series import PREAMBLE, notebook, params

import run_all
from patrons.churn import split
from patrons.features.preparation import preparation
from patrons.files import read_json
from patrons.models import load_model, save_model

DAYS = pd.date_range("2024-01-01", periods=9, freq="30D")
INPUTS = ("panel.parquet", "features.parquet", "preparation.skops", "dictionary.parquet", "dataset.json")
UNREAD = ("labels.parquet", "clusterer.skops")  # declared, and not needed where nothing can be learnt


def panel(customers, outcome=None, days=DAYS):
    """A row for each customer on each day; outcomes are known 90 days later, and at random unless they are given."""
    rows, rng = customers * len(days), np.random.default_rng(0)
    return pd.DataFrame(
        {
            "customer_id": np.tile(np.arange(customers).astype(str), len(days)),
            "as_of": np.repeat(days, customers),
            "known_on": np.repeat(days + pd.Timedelta(days=90), customers),
            "recency_days": rng.integers(1, 300, rows),
            "frequency": 1,
            "monetary": rng.gamma(2, 100, rows),
            "churned": rng.integers(0, 2, rows) if outcome is None else outcome,
        }
    )


def churn_of(root, table):
    """Results of a series of 06 and of one notebook before it, which hands out `table` as the panel."""
    table.to_parquet(root / "panel.parquet")
    today = table[table.as_of == table.as_of.max()].drop(columns=["churned", "known_on"])
    today.to_parquet(root / "features.parquet")
    save_model(root / "preparation.skops", preparation(["recency_days", "frequency", "monetary"], []))
    pd.DataFrame(columns=["feature", "group", "unit", "meaning"]).to_parquet(root / "dictionary.parquet")
    (root / "dataset.json").write_text(json.dumps({"title": "toy", "simulated": True, "currency": "EUR"}))
    copy = f"import shutil\nfor name in {INPUTS}:\n    shutil.copy({str(root)!r} + '/' + name, out)"
    touch = f"for name in {UNREAD}:\n    (out / name).touch()"
    notebook(root, "02_transformation", PREAMBLE, copy, touch, writes=(*INPUTS, *UNREAD))
    shutil.copy(REPOSITORY / "notebooks/06_churn.ipynb", root / "notebooks")
    params(root)
    assert run_all.main(["toy", "--no-track"], root=root) == 0
    return root / "data/processed/toy"


@pytest.mark.parametrize(
    ("table", "reason", "share"),
    [
        pytest.param(panel(50, 1), "of the 300 training rows 300 churned and 0 did not", 1.0, id="everyone churned"),
        pytest.param(panel(50, 0), "of the 300 training rows 0 churned and 300 did not", 0.0, id="nobody churned"),
        pytest.param(panel(50, 1, DAYS[:1]), "of the 0 training rows 0 churned", 1.0, id="one day only"),
        pytest.param(panel(10, [1, 1, 1, 0, 0] * 8, DAYS[:4]), "a forecast needs 20 of each", 0.6, id="ten customers"),
    ],
)
def test_what_teaches_nothing_ends_early_with_a_reason_and_all_outputs(tmp_path, table, reason, share):
    processed = churn_of(tmp_path, table)
    stopped = read_json(processed / "series.json")["stages"]["06_churn"]["stopped"]
    assert stopped.startswith("Nothing can be forecast")
    assert reason in stopped
    assert stopped.endswith("a score, nobody is flagged, and the rest is skipped.")
    record, metrics = (read_json(processed / "06_churn" / name) for name in ("churn.json", "metrics.json"))
    assert stopped.startswith(record["problem"])
    assert (record["threshold"], record["thresholds"]) == (None, {})
    assert [gate["verdict"] for gate in record["gates"]] == ["failed"]
    assert record["card"]["algorithm"] == "share that churned"
    assert metrics == {"test_churn_rate": pytest.approx(share), "gates_failed": 1}
    scores = pd.read_parquet(processed / "06_churn/churn_scores.parquet")
    assert scores.churn_probability.to_numpy() == pytest.approx([share] * table.customer_id.nunique())
    assert not scores.flagged.any()
    assert (scores.reason_1 == "").all()
    sample = pd.read_parquet(processed / "06_churn/churn.sample.parquet")
    assert list(sample) == list(split.inputs(table))
    assert load_model(processed / "06_churn/churn.skops").predict_proba(sample)[:, 1] == pytest.approx(share)
