"""03, 04 and 05 where nothing can be found or learnt: they end early with a reason and leave all outputs."""

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
from patrons.segments import later
from patrons.segments.clustering import margin
from patrons.segments.movement import NONE

INPUTS = (
    "panel.parquet", "features.parquet", "preparation.skops", "dictionary.parquet", "dictionary.csv", "dataset.json",
)  # fmt: skip
DAYS = pd.to_datetime(["2024-01-01", "2024-03-31"])


def customers(count):
    """Today's features of so many customers who ordered once for the same sum."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in range(count)],
            "as_of": DAYS[1],
            "recency_days": 9,
            "tenure_days": 9,
            "frequency": 1,
            "monetary": 20.0,
            "basket": rng.gamma(2, 10, count),
        }
    )


def segments_of(root, today):
    """Results of 03, 04 and 05 after a notebook that hands out these customers, as they are and as they were."""
    today.to_parquet(root / "features.parquet")
    then = today.assign(as_of=DAYS[0], known_on=DAYS[1], churned=[0, 1] * (len(today) // 2))
    then.to_parquet(root / "panel.parquet")
    prepare = preparation(["recency_days", "frequency", "monetary", "basket"], [])
    save_model(root / "preparation.skops", prepare.fit(today[["recency_days", "frequency", "monetary", "basket"]]))
    dictionary = pd.DataFrame({name: pd.Series(dtype=str) for name in ("feature", "group", "unit", "meaning")})
    dictionary.to_parquet(root / "dictionary.parquet")
    dictionary.to_csv(root / "dictionary.csv", index=False)
    dataset = {"title": "toy", "simulated": True, "currency": "EUR", "period": None, "digest": "0"}
    (root / "dataset.json").write_text(json.dumps(dataset))
    copy = f"import shutil\nfor name in {INPUTS}:\n    shutil.copy({str(root)!r} + '/' + name, out)"
    notebook(root, "02_transformation", PREAMBLE, copy, writes=INPUTS)
    for name in ("03_clustering_comparison", "04_label_creation", "05_classification"):
        shutil.copy(REPOSITORY / f"notebooks/{name}.ipynb", root / "notebooks")
    params(root)
    assert run_all.main(["toy", "--no-track"], root=root) == 0
    return root / "data/processed/toy"


def stopped(processed):
    return {name[:2]: stage["stopped"] for name, stage in read_json(processed / "series.json")["stages"].items()}


def test_customers_who_are_all_alike_are_one_segment(tmp_path):
    processed = segments_of(tmp_path, customers(40))
    reasons = stopped(processed)
    assert reasons["03"].endswith("in one segment. Bring more customers, or name other inputs.")
    assert reasons["04"] == "Nobody in this log has ordered twice: there is no movement to be seen."
    assert reasons["05"].startswith("There is nothing to learn: there is only one segment.")
    clusterer = load_model(processed / "03_clustering_comparison/clusterer.skops")
    sample = pd.read_parquet(processed / "03_clustering_comparison/clusterer.sample.parquet")
    assert set(clusterer.predict(sample)) == {0}
    assert set(margin(clusterer, sample)) == {1.0}
    assert pd.read_parquet(processed / "03_clustering_comparison/leaderboard.parquet").empty
    assert read_json(processed / "03_clustering_comparison/metrics.json") == {"k": 1}
    assert pd.read_parquet(processed / "04_label_creation/labels.parquet").segment.nunique() == 1
    assert pd.read_parquet(processed / "04_label_creation/migration.parquet").equals(NONE)
    model = load_model(processed / "05_classification/segment_model.skops")
    sample = pd.read_parquet(processed / "05_classification/segment_model.sample.parquet")
    assert set(model.predict_proba(sample).ravel()) == {1.0}


def test_ten_customers_have_segments_that_no_model_learns(ten_customers):
    processed = ten_customers.processed
    reasons = stopped(processed)
    assert reasons["03"] is None
    assert reasons["04"] is None
    assert reasons["05"].startswith(
        "There is nothing to learn: no segment has enough customers. Too small to be learnt"
    )
    labels = pd.read_parquet(processed / "04_label_creation/labels.parquet")
    record = read_json(processed / "05_classification/segment_model.json")
    assert record["labels"] == sorted(set(labels.segment))
    assert read_json(processed / "05_classification/segment_later.json") == {"used": False, "reason": later.FEW}
    assert record["card"]["algorithm"] == "shares of the segments"
    model = load_model(processed / "05_classification/segment_model.skops")
    shares = labels.segment.value_counts(normalize=True).sort_index().to_numpy()
    sample = pd.read_parquet(processed / "05_classification/segment_model.sample.parquet")
    assert model.predict_proba(sample)[0] == pytest.approx(shares)
