"""06 on panels that nothing can be learnt from: it ends early, says why, and leaves its outputs in their empty form."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY
from toy_series import PREAMBLE, notebook, params

import run_all
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


def check_empty_outputs(processed, reason):
    """That 06 stopped for this reason, and left all its outputs in their empty form: a share for everyone, no flag."""
    stopped = read_json(processed / "series.json")["stages"]["06_churn"]["stopped"]
    assert stopped.startswith(f"Nothing can be forecast: of the {reason}")
    assert stopped.endswith("a risk, nobody gets a warning, and the rest is skipped.")
    record, metrics = (read_json(processed / "06_churn" / name) for name in ("churn.json", "metrics.json"))
    assert stopped.startswith(record["problem"])
    assert (record["threshold"], record["thresholds"]) == (None, {})
    assert [gate["verdict"] for gate in record["gates"]] == ["failed"]
    assert record["card"]["algorithm"] == "share that churned"
    assert set(metrics) == {"test_churn_rate", "gates_failed"}
    scores = pd.read_parquet(processed / "06_churn/churn_scores.parquet")
    assert scores.churn_probability.nunique() == 1
    assert not scores.flagged.any()
    assert (scores.reason_1 == "").all()
    sample = pd.read_parquet(processed / "06_churn/churn.sample.parquet")
    probabilities = load_model(processed / "06_churn/churn.skops").predict_proba(sample)[:, 1]
    assert probabilities == pytest.approx(scores.churn_probability[0])
    return scores


@pytest.mark.parametrize(
    ("table", "reason", "share"),
    [
        pytest.param(panel(50, 1), "300 training rows 300 churned and 0 did not", 1.0, id="everyone churned"),
        pytest.param(panel(50, 0), "300 training rows 0 churned and 300 did not", 0.0, id="nobody churned"),
        pytest.param(panel(50, 1, DAYS[:1]), "0 training rows 0 churned", 1.0, id="one day only"),
    ],
)
def test_what_teaches_nothing_ends_early_with_a_reason_and_all_outputs(tmp_path, table, reason, share):
    scores = check_empty_outputs(churn_of(tmp_path, table), reason)
    assert scores.churn_probability.to_numpy() == pytest.approx([share] * 50)


def test_the_series_of_a_log_of_ten_customers_runs_to_its_end(ten_customers):
    assert ten_customers.code == 0
    processed = ten_customers.processed
    stages = read_json(processed / "series.json")["stages"]
    assert {stage["status"] for stage in stages.values()} == {"succeeded"}
    assert len(check_empty_outputs(processed, "10 test rows")) == 10
    assert "everyone has the same churn probability" in (processed / "07_customer_value/findings.json").read_text()
    assert len(pd.read_csv(processed / "07_customer_value/actions.csv")) <= 10
