"""The whole series on two public customer tables."""

import pandas as pd
import pytest

from patrons.churn import split as churn
from patrons.evaluation.metrics import roc_auc
from patrons.files import read_json
from patrons.models import load_model


@pytest.fixture(params=["telco", "bank"])
def ran(request):
    return request.getfixturevalue(request.param)


def test_the_series_succeeds_on_a_table(ran):
    assert ran.code == 0
    assert (ran.reports / "index.html").exists()


def test_every_row_is_read_and_accounted_for(telco, bank):
    assert (telco.metrics("01")["lines_read"], telco.metrics("01")["customers"]) == (7_043, 7_043)
    assert (bank.metrics("01")["lines_read"], bank.metrics("01")["customers"]) == (10_000, 10_000)
    assert telco.metrics("01")["churn_rate"] == pytest.approx(1_869 / 7_043)
    assert bank.metrics("01")["churn_rate"] == pytest.approx(2_037 / 10_000)


def test_the_forecast_on_held_out_customers_is_as_good_as_is_known(telco, bank):
    assert telco.metrics("06")["cv_roc_auc"] > 0.845
    assert bank.metrics("06")["cv_roc_auc"] > 0.86
    for one in (telco, bank):
        scores = one.metrics("06")
        assert scores["baseline_roc_auc"] + 0.05 < scores["roc_auc"] < 0.9  # far above it is a leak
        assert scores["recall"] == pytest.approx(0.8, abs=0.06)


def test_identifiers_are_no_features(bank):
    features = pd.read_parquet(bank.processed / "02_transformation/features.parquet")
    assert not {"RowNumber", "CustomerId", "Surname", "Exited", "churned"} & set(features)


def test_copies_of_a_customer_are_on_one_side_of_the_test(telco):
    train, test = churn.split(pd.read_parquet(telco.processed / "02_transformation/panel.parquet"), seed=42)
    sample = pd.read_parquet(telco.processed / "06_churn/churn.sample.parquet")
    assert sample.tenure.tolist() == test.tenure.head(100).tolist()  # this is the split that the notebook made
    assert not set(train.group) & set(test.group)


def test_every_customer_has_a_score_and_nobody_is_scored_by_rote(telco):
    scores = pd.read_parquet(telco.processed / "06_churn/churn_scores.parquet")
    panel = pd.read_parquet(telco.processed / "02_transformation/panel.parquet")
    assert scores.customer_id.tolist() == panel.customer_id.tolist()
    score = scores.churn_probability.to_numpy()
    learnt = churn.probability(load_model(telco.processed / "06_churn/churn.skops"), churn.inputs(panel))
    assert (score != learnt).mean() > 0.99  # what is used has learnt everyone; each is scored as when left out
    truth = panel.churned.to_numpy()
    assert roc_auc(truth, score) == pytest.approx(telco.metrics("06")["cv_roc_auc"], abs=0.005)
    assert roc_auc(truth, score) < roc_auc(truth, learnt)


def test_revenue_is_compared_only_where_the_table_knows_it(telco, bank):
    assert telco.metrics("04")["top_revenue_share"] > 0.5
    assert set(bank.metrics("04")) == {"segments", "smallest_share", "border_share"}
    said = [one["text"] for one in read_json(bank.processed / "04_label_creation/findings.json")]
    assert any("does not say what a customer brings" in text for text in said)


def test_value_is_said_only_where_the_table_knows_what_is_paid(telco, bank):
    assert telco.metrics("07")["contacts"] > 0
    paid = pd.read_csv(telco.processed / "07_customer_value/actions.csv")
    assert len(paid) == 5_174  # those who have churned cannot be kept
    assert set(bank.metrics("07")) == {"customers"}
    said = [one["text"] for one in read_json(bank.processed / "07_customer_value/findings.json")]
    assert any("does not say what a customer pays" in text for text in said)
    assert "is not known, as the table does not say what a customer pays" in (bank.reports / "index.html").read_text(
        encoding="utf-8"
    )


def test_segments_have_names_of_their_own_in_words(ran):
    labels = pd.read_parquet(ran.processed / "04_label_creation/labels.parquet")
    assert labels.groupby("group").segment.nunique().eq(1).all()
    assert labels.segment.nunique() == labels.group.nunique() == ran.metrics("04")["segments"]
    assert not labels.segment.str.contains(r"\bgroup\b|_", case=False).any()


def test_what_needs_days_is_skipped_and_said(ran):
    assert "accuracy_later" not in ran.metrics("05")
    assert read_json(ran.processed / "05_classification/segment_later.json") == {"used": False, "reason": ""}
    assert "stability_in_time" not in ran.metrics("03")
    placed = read_json(ran.processed / "05_classification/findings.json")
    named = read_json(ran.processed / "04_label_creation/findings.json")
    assert any("later cannot be learnt here" in one["text"] for one in placed)
    assert any("Who moved between segments cannot be said" in one["text"] for one in named)


def test_the_report_speaks_of_no_dates_and_no_currency(ran):
    page = (ran.reports / "06_churn.html").read_text(encoding="utf-8")
    assert "held-out customers" in page
    assert "test day" not in page
    index = (ran.reports / "index.html").read_text(encoding="utf-8")
    assert "Period" not in index
    assert "Currency" not in index


def test_learning_on_shuffled_outcomes_scores_no_better_than_chance(bank):
    gates = pd.DataFrame(read_json(bank.processed / "06_churn/churn.json")["gates"]).set_index("gate")
    assert abs(gates.value["shuffled outcomes (ROC AUC)"] - 0.5) < 0.06


def test_the_runs_are_in_mlflow(telco):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{telco.root / 'mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("telco").experiment_id])
    assert len(runs) == 9
    assert any(run.data.metrics.get("06.roc_auc", 0) > 0.82 for run in runs)


def test_a_table_has_no_gate_of_days_and_counts_none(ran):
    gates = read_json(ran.processed / "06_churn/churn.json")["gates"]
    assert not any(gate["gate"].startswith("rows dated") for gate in gates)
    assert ran.metrics("06")["gates_failed"] == sum(gate["verdict"] == "failed" for gate in gates)
