"""The whole series on a reduced demo, held against what the simulation knows."""

import re
import shutil
import subprocess
import sys

import mlflow
import nbformat
import numpy as np
import pandas as pd
import pytest
from conftest import alone_on
from sklearn.metrics import adjusted_mutual_info_score

import run_all
from patrons.churn import split as churn
from patrons.digits import held
from patrons.evaluation.metrics import roc_auc
from patrons.files import digest, read_json
from patrons.models import load_model
from patrons.monitoring import compare
from patrons.monitoring import runs as kept_runs
from patrons.segments import later, movement
from patrons.segments.names import ADVICE

EXPECTED = {
    "01": "lines_read lines_kept lines_quarantined customers orders revenue",
    "02": "features snapshots panel_rows churn_rate",
    "03": "k silhouette davies_bouldin calinski_harabasz stability_in_time",
    "04": "segments smallest_share top_revenue_share migrated_share",
    "05": "accuracy macro_f1 accuracy_inputs accuracy_later macro_f1_later accuracy_persistence macro_f1_persistence "
    "coverage_later",
    "06": "roc_auc roc_auc_low roc_auc_high pr_auc brier recall precision threshold baseline_roc_auc "
    "log_loss cv_roc_auc recall_at_top_decile gap calibration_error gates_failed roc_auc_active brier_active "
    "recall_active precision_active lift_active calibration_error_season origins came_back_rate",
    "07": "mae rmse spearman capture_top_decile bias expected_spend spend_origins_error contacts gain gain_low "
    "gain_high break_even",
}


@pytest.fixture(scope="module")
def truth(demo):
    return pd.read_parquet(demo.root / "data/raw/demo/truth.parquet").set_index("customer_id")


def test_the_series_succeeds(demo):
    assert demo.code == 0
    assert {stage["status"] for stage in read_json(demo.processed / "series.json")["stages"].values()} == {"succeeded"}


@pytest.mark.parametrize(("number", "names"), EXPECTED.items())
def test_each_notebook_records_the_agreed_metrics(demo, number, names):
    assert set(names.split()) <= set(demo.metrics(number))


def test_every_sentence_of_the_reports_holds_finite_plausible_and_rounded_numbers(demo):
    sentences = [
        finding[part]
        for path in demo.processed.glob("*/findings.json")
        for finding in read_json(path)
        for part in ("text", "alt")
        if finding[part]
    ]
    assert len(sentences) > 40
    assert [sentence for sentence in sentences if sentence != held(sentence)] == []
    assert [sentence for sentence in sentences if re.search(r"\d\.\d{4}", sentence)] == []


def test_kept_and_quarantined_lines_add_up(demo):
    eda = demo.metrics("01")
    assert eda["lines_kept"] + eda["lines_quarantined"] == eda["lines_read"]
    assert len(pd.read_parquet(demo.processed / "01_eda/quarantine.parquet")) == eda["lines_quarantined"]


def test_customers_who_died_are_ranked_above_those_who_live(demo, truth):
    scores = pd.read_parquet(demo.processed / "06_churn/churn_scores.parquet").set_index("customer_id")
    last_day = pd.Timestamp(read_json(demo.processed / "01_eda/dataset.json")["period"][1])
    dead = (truth.death_date.reindex(scores.index) <= last_day).to_numpy()
    assert roc_auc(dead, scores.churn_probability) > 0.8


def test_every_customer_has_a_segment_and_a_score(demo):
    features = pd.read_parquet(demo.processed / "02_transformation/features.parquet")
    for table in ("04_label_creation/labels.parquet", "06_churn/churn_scores.parquet"):
        assert set(pd.read_parquet(demo.processed / table).customer_id) == set(features.customer_id)


def test_segments_recover_the_hidden_kinds_better_than_chance(demo, truth):
    labels = pd.read_parquet(demo.processed / "04_label_creation/labels.parquet")
    kinds = truth.kind.reindex(labels.customer_id).to_numpy()
    assert adjusted_mutual_info_score(kinds, labels.segment) > 0.05
    shuffled = np.random.default_rng(0).permutation(kinds)
    assert adjusted_mutual_info_score(shuffled, labels.segment) < 0.02


def test_movement_accounts_for_every_customer(demo):
    moved = pd.read_parquet(demo.processed / "04_label_creation/migration.parquet")
    labels = pd.read_parquet(demo.processed / "04_label_creation/labels.parquet")
    panel = pd.read_parquet(demo.processed / "02_transformation/panel.parquet")
    assert moved.customers.sum() == len(labels)
    assert moved[moved["from"] != movement.NEW].customers.sum() == (panel.as_of == panel.as_of.max()).sum()
    assert moved.groupby("to").customers.sum().to_dict() == labels.segment.value_counts().to_dict()


def test_the_segment_model_places_raw_rows_and_its_card_says_where_it_is_from(demo):
    folder = demo.processed / "05_classification"
    model, kept = load_model(folder / "segment_model.skops"), read_json(folder / "segment_model.json")
    said = model.predict_proba(pd.read_parquet(folder / "segment_model.sample.parquet"))
    assert said.shape == (100, len(kept["labels"]))
    assert kept["labels"] == list(model.classes_)
    assert kept["card"]["sha256"] == digest(folder / "segment_model.skops")
    assert kept["card"]["data"]["digest"] == read_json(demo.processed / "series.json")["digest"]


def test_likely_later_segments_are_kept_only_where_the_model_beats_persistence(demo):
    folder, scores = demo.processed / "05_classification", demo.metrics("05")
    kept = read_json(folder / "segment_later.json")
    for name, gain in kept["gain"].items():
        assert gain["value"] == pytest.approx(scores[f"{name}_later"] - scores[f"{name}_persistence"])
        assert gain["low"] < gain["value"] < gain["high"]
    better = all(kept["gain"][name]["low"] > 0 for name in ("accuracy", "macro_f1"))
    assert kept["used"] == (better and "coverage_later" in scores)
    assert (folder / "segment_later.skops").exists() == kept["used"]
    assert scores["coverage_later"] > 0.8
    if kept["used"]:
        assert kept["coverage"]["value"] == kept["origins"][0]["value"] == scores["coverage_later"]
    else:
        assert kept["reason"] == later.NO_BETTER


def test_nothing_that_the_shop_cannot_know_reaches_a_model(demo, truth):
    for table in ("panel", "features"):
        columns = pd.read_parquet(demo.processed / f"02_transformation/{table}.parquet").columns
        assert not set(truth.columns) & set(columns)


def test_the_test_day_is_later_than_all_that_was_learnt(demo):
    panel = pd.read_parquet(demo.processed / "02_transformation/panel.parquet")
    train = panel[panel.known_on <= panel.as_of.max()]
    assert len(train)
    assert train.known_on.max() <= panel.as_of.max()


def test_executed_notebooks_say_nothing_on_stderr(demo):
    for path in demo.processed.glob("*/notebook.ipynb"):
        outputs = [out for cell in nbformat.read(path, 4).cells for out in cell.get("outputs", [])]
        said = [out.text for out in outputs if out.output_type == "stream" and out.name == "stderr"]
        assert said == [], path.parent.name


@pytest.mark.slow
def test_a_rerun_of_the_executed_notebooks_gives_the_same_outputs(demo, tmp_path):
    copy = tmp_path / "demo"  # a rerun writes its results again
    shutil.copytree(demo.processed, copy)
    executed = sorted(copy.glob("*/notebook.ipynb"))
    assert len(executed) == 8
    labels = copy / "04_label_creation/labels.parquet"
    before = labels.read_bytes()
    for path in executed:
        path.write_text(path.read_text().replace(str(demo.processed), str(copy)))
    arguments = ["-p", "no:cacheprovider", "--nbval", "--nbval-cell-timeout=120", "-q", "-c", "/dev/null"]
    done = subprocess.run([sys.executable, "-m", "pytest", *arguments, *executed], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert labels.read_bytes() == before  # though the rerun found labels of an earlier run: these


def test_a_second_series_with_resume_has_nothing_to_do(demo, capsys):
    before = read_json(demo.processed / "series.json")["run_id"]
    with alone_on(demo):
        assert run_all.main(["--resume", "--no-track", *demo.settings], root=demo.root) == 0
    assert "0 notebooks run, 8 reused" in capsys.readouterr().out
    assert read_json(demo.processed / "series.json")["run_id"] == before


def test_the_run_is_kept_for_comparison_as_it_stands(demo):
    with alone_on(demo):
        run = kept_runs.current(demo.processed)
        kept = kept_runs.found(demo.root / "data" / "ledger" / "demo", run.id)
    same = compare.Comparison(kept, run)
    assert (same.changed, same.moved, same.unexplained) == ([], [], [])
    assert {"churn model", "segments", "threshold"} <= set(kept.record["decisions"])
    assert same.paired.customers == (kept.tested.active & run.tested.active).sum() > 100
    assert {score.difference.value for score in same.paired.scores.values()} == {0}


@pytest.fixture(scope="module")
def runs(demo):
    client = mlflow.MlflowClient(f"sqlite:///{demo.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("demo")
    return client, {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}


def test_mlflow_holds_a_run_a_series_and_one_a_notebook(demo, runs):
    _, found = runs
    assert len(found) == 9
    assert found["06_churn"].data.metrics["roc_auc"] == pytest.approx(demo.metrics("06")["roc_auc"])
    assert found["03_clustering_comparison"].data.params["k_max"] == "8"


def test_a_model_read_from_mlflow_says_what_the_notebook_said(demo, runs):
    client, found = runs
    experiment = found["06_churn"].info.experiment_id
    logged = {model.name: model for model in client.search_logged_models([experiment])}
    sample = pd.read_parquet(demo.processed / "06_churn/churn.sample.parquet")
    model = mlflow.sklearn.load_model(logged["churn"].artifact_location)
    own = load_model(demo.processed / "06_churn/churn.skops")
    assert model.predict_proba(sample) == pytest.approx(own.predict_proba(sample))


def test_the_list_of_actions_holds_those_who_can_be_kept_in_the_order_of_gain(demo):
    listed = pd.read_csv(demo.processed / "07_customer_value/actions.csv", dtype={"customer_id": str})
    values = pd.read_parquet(demo.processed / "07_customer_value/values.parquet")
    today = pd.read_parquet(demo.processed / "02_transformation/features.parquet").set_index("customer_id")
    assert set(listed.customer_id) == set(today.index[today.recency_days <= 90]) < set(values.customer_id)
    p, kept, lost = listed.churn_probability, listed.value_if_kept, listed.value_if_lost
    assert (p * lost + (1 - p) * kept).to_numpy() == pytest.approx(listed.value, rel=2e-3, abs=0.01)  # p has 4 digits
    assert listed.late.dtype == bool
    assert listed.expected_gain.is_monotonic_decreasing
    assert listed.suggested_action.str.startswith(("contact", "check first")).sum() == demo.metrics("07")["contacts"]
    assert (values.low <= values.high).all()
    asked = listed[listed.suggested_action.str.startswith("contact")]
    assert (asked.suggested_action.str.partition(": ")[2] == asked.segment.map(ADVICE.contact)).all()


def test_the_index_opens_with_the_short_answer_for_a_manager(demo):
    index = (demo.reports / "index.html").read_text(encoding="utf-8")
    assert "The short answer" in index
    for question in ("Who are the customers?", "Who brings the revenue?", "Who is at risk?"):
        assert question in index
    assert "are assumed, not measured" in index


def test_every_page_says_that_the_data_is_simulated(demo):
    pages = sorted(demo.reports.glob("*.html"))
    assert len(pages) == 9
    assert all("simulated" in page.read_text() for page in pages)


def test_what_was_tested_is_kept_beside_what_is_used_and_the_card_tells_them_apart(demo):
    panel = pd.read_parquet(demo.processed / "02_transformation/panel.parquet")
    _, test = churn.split(panel)
    path, tested = (demo.processed / "06_churn" / name for name in ("churn.skops", "churn_tested.skops"))
    said, used = (churn.probability(load_model(file), churn.inputs(test)) for file in (tested, path))
    metrics, record = demo.metrics("06"), read_json(demo.processed / "06_churn/churn.json")
    assert metrics["roc_auc"] == pytest.approx(roc_auc(test.churned, said), abs=1e-9)
    assert roc_auc(test.churned, used) > metrics["roc_auc"]  # it has learnt these outcomes
    active = test.recency_days.to_numpy() <= 90
    assert metrics["roc_auc_active"] == pytest.approx(roc_auc(test.churned[active], said[active]), abs=1e-9)
    assert record["card"]["metrics"]["roc_auc"]["value"] == pytest.approx(metrics["roc_auc_active"])
    assert record["card"]["tested_as"].endswith(f"the test day {record['test_day']}")
    assert f"all {len(panel):,} rows" in record["card"]["used_as"]
    assert record["learnt_until"] == str(panel.known_on.max().date())
    assert (record["threshold"], record["tested_threshold"]) == (record["thresholds"]["recall"], metrics["threshold"])
    assert path.stat().st_size < 20e6


def test_scores_of_those_who_can_be_kept_are_told_over_days_and_beside_who_came_back(demo):
    metrics = demo.metrics("06")
    assert metrics["origins"] >= 6
    assert metrics["roc_auc_active_lowest"] <= metrics["roc_auc_active_mean"] < metrics["roc_auc_mean"]
    rates = pd.read_parquet(demo.processed / "02_transformation/churn_rates.parquet")
    assert metrics["came_back_rate"] == rates.came_back.dropna().iloc[-1]
    assert rates.active_churned.iloc[-1] == pytest.approx(metrics["churn_rate_active"])


def test_the_gates_are_told_and_no_canary_fires(demo):
    gates = pd.DataFrame(read_json(demo.processed / "06_churn/churn.json")["gates"])
    assert (gates.verdict == "failed").sum() == demo.metrics("06")["gates_failed"]
    canaries = gates[gates.gate.str.contains("shuffled|single feature|rows dated")]
    assert canaries.verdict.tolist() == ["passed"] * 4


def test_every_customer_has_a_reason_in_words(demo):
    scores = pd.read_parquet(demo.processed / "06_churn/churn_scores.parquet")
    assert (scores.reason_1 != "").all()
    above = scores.churn_probability > scores.churn_probability.mean()
    assert scores.reason_1.str.match(r"(raises|lowers) the risk: .*\d").all()
    assert scores.reason_1[above].str.startswith("raises").mean() > 0.9
    assert not scores[["reason_1", "reason_2", "reason_3"]].isin(["nan"]).any(axis=None)


def test_the_list_begins_with_what_raises_the_risk_wherever_anything_does(demo):
    scores = pd.read_parquet(demo.processed / "06_churn/churn_scores.parquet").set_index("customer_id")
    assert scores.raising.str.match(r"raises the risk: |$").all()
    listed = pd.read_csv(demo.processed / "07_customer_value/actions.csv", dtype=str, encoding="utf-8-sig")
    raised = scores.raising.loc[listed.customer_id].ne("").to_numpy()
    assert raised.mean() > 0.5  # beside other recent buyers something speaks against most of them
    assert listed.reason_1[raised].str.startswith("raises the risk: ").all()


def test_the_recorded_limits_are_those_of_the_training_days(demo):
    panel = pd.read_parquet(demo.processed / "02_transformation/panel.parquet")
    train = panel[panel.known_on <= panel.as_of.max()]
    limits = pd.read_parquet(demo.processed / "02_transformation/limits.parquet").set_index("feature")
    q1, q3 = np.log1p(train.recency_days).quantile([0.25, 0.75])
    assert limits.upper["recency_days"] == pytest.approx(np.expm1(q3 + 1.5 * (q3 - q1)))
