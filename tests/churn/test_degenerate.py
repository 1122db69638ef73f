"""The churn notebook on logs that nothing can be learnt from: it runs to its end and says why."""

import json
import os
import subprocess
import sys

import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY

from patrons.churn import split as churn
from patrons.features.preparation import preparation
from patrons.files import read_json
from patrons.models import load_model, save_model

DAYS = pd.date_range("2024-01-01", periods=9, freq="30D")


def panel(customers, outcome):
    rows = customers * len(DAYS)
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "customer_id": np.tile(np.arange(customers).astype(str), len(DAYS)),
            "as_of": np.repeat(DAYS, customers),
            "known_on": np.repeat(DAYS + pd.Timedelta(days=90), customers),
            "recency_days": rng.integers(1, 300, rows),
            "frequency": 1,
            "monetary": rng.gamma(2, 100, rows),
            "churned": rng.integers(0, 2, rows) if outcome is None else outcome,
        }
    )


@pytest.mark.parametrize(
    ("customers", "outcome", "said"),
    [
        pytest.param(50, 1, "450 churned", id="everyone bought once and churned"),
        pytest.param(50, 0, "0 churned", id="nobody churned"),
        pytest.param(3, None, "needs 20 of either", id="a handful"),
    ],
)
def test_a_log_that_teaches_nothing_ends_in_a_clear_verdict_and_all_outputs(tmp_path, customers, outcome, said):
    table, ready = panel(customers, outcome), tmp_path / "02_transformation"
    today = table[table.as_of == DAYS[8]].drop(columns=["churned", "known_on"])
    ready.mkdir()
    table.to_parquet(ready / "panel.parquet")
    today.to_parquet(ready / "features.parquet")
    save_model(ready / "preparation.skops", preparation(["recency_days", "frequency", "monetary"], []))
    pd.DataFrame(columns=["feature", "group", "unit", "meaning"]).to_parquet(ready / "dictionary.parquet")
    (ready / "dataset.json").write_text(json.dumps({"title": "toy", "simulated": True, "currency": "EUR"}))
    run(tmp_path)
    scores = pd.read_parquet(tmp_path / "06_churn/churn_scores.parquet")
    record = read_json(tmp_path / "06_churn/churn.json")
    assert "Nothing can be forecast" in record["problem"]
    assert record["threshold"] is None
    assert [gate["verdict"] for gate in record["gates"]] == ["failed"]
    assert read_json(tmp_path / "06_churn/metrics.json")["gates_failed"] == 1
    assert len(scores) == customers
    assert not scores.flagged.any()
    assert (scores.reason_1 == "").all()
    assert scores.churn_probability.nunique() == 1
    model = load_model(tmp_path / "06_churn/churn.skops")
    assert model.predict_proba(churn.inputs(today)).shape == (customers, 2)
    findings = read_json(tmp_path / "06_churn/findings.json")
    assert any(said.replace("450", str(customers * 6)) in one["text"] for one in findings)


def run(folder):
    cells = nbformat.read(REPOSITORY / "notebooks/06_churn.ipynb", 4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    code.insert(1, f"folder = {str(folder)!r}")
    script = folder / "notebook.py"
    script.write_text("\n".join(code), encoding="utf-8")
    env = os.environ | {"PYTHONPATH": str(REPOSITORY / "src"), "MPLBACKEND": "agg"}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr[-2000:]
