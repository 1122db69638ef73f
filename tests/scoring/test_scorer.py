"""Scoring gives what the notebooks gave, whichever way customers come."""

from datetime import timedelta
from time import process_time

import numpy as np
import pandas as pd
import pytest

from patrons.models import load_model
from patrons.scoring import build as release_build
from patrons.scoring.answers import Answers, predicted
from patrons.scoring.content import LATER
from patrons.scoring.scorer import COLUMNS, Scorer, ScoringError


@pytest.fixture(scope="module")
def notebooks(demo) -> pd.DataFrame:
    """What the notebooks wrote about each customer."""
    labels = pd.read_parquet(demo.processed / "04_label_creation" / "labels.parquet")
    scores = pd.read_parquet(demo.processed / "06_churn" / "churn_scores.parquet")
    values = pd.read_parquet(demo.processed / "07_customer_value" / "values.parquet")
    labels = labels.rename(columns={"group": "number", "segment": "name"})
    return labels.merge(scores, on="customer_id").merge(values, on="customer_id").set_index("customer_id")


def same_as_notebooks(scored: pd.DataFrame, notebooks: pd.DataFrame) -> None:
    scored = scored.set_index("customer_id")
    notebooks = notebooks.loc[scored.index]
    assert scored.error.isna().all()
    assert (scored.segment == notebooks.number).all()
    assert (scored.segment_name == notebooks.name).all()
    assert (scored.churn_probability - notebooks.churn_probability).abs().max() <= 1e-5
    assert (scored.flagged == notebooks.flagged).all()
    assert (scored.margin - notebooks.margin).abs().max() <= 1e-5
    for ours, theirs in (("expected_spend", "expected_spend"), ("spend_low", "low"), ("spend_high", "high")):
        assert ((scored[ours] - notebooks[theirs]).abs() <= 1e-5 * notebooks[theirs].clip(lower=1)).all()
    for name in ("reason_1", "reason_2", "reason_3"):
        assert (scored[name].fillna("") == notebooks[name].fillna("")).all()


def test_the_training_customers_get_the_notebooks_own_numbers(scorer, customers, notebooks):
    scored = scorer.score_rows(customers)
    assert list(scored) == list(COLUMNS)
    same_as_notebooks(scored, notebooks)


def test_the_training_orders_get_the_notebooks_own_numbers(scorer, demo, notebooks):
    raw = demo.root / "data" / "raw" / "demo"
    scored = scorer.score_orders(raw / "orders.parquet", customers=raw / "customers.csv")
    nobody = scored[scored.customer_id.isna()]
    assert list(nobody.error.str[:37]) == ["no order line can be used: no custome"]
    same_as_notebooks(scored.dropna(subset="customer_id"), notebooks)


def test_a_few_customers_are_scored_as_among_all(scorer, demo, customers, notebooks):
    raw = demo.root / "data" / "raw" / "demo"
    orders = pd.read_parquet(raw / "orders.parquet")
    few = orders[orders.customer_id.isin(customers.customer_id[::200])]
    day = customers.as_of.iloc[0].date()
    scored = scorer.score_orders(few, as_of=day, customers=raw / "customers.csv")
    assert set(scored.customer_id) == set(customers.customer_id[::200])
    same_as_notebooks(scored, notebooks)


def test_one_customer_gets_the_answer_of_a_table(scorer, customers):
    rows = customers.head(50)
    answers = scorer.score_rows(rows).astype(object)
    for row, wanted in zip(rows.to_dict("records"), answers.to_dict("records"), strict=True):
        answer = scorer.score_one(row)
        assert list(answer) == list(COLUMNS)
        for name, value in wanted.items():
            if isinstance(value, float) and not np.isnan(value):
                assert abs(answer[name] - value) <= 1e-5 * max(1, abs(value))
            elif not isinstance(value, float):
                assert answer[name] == value or (answer[name] is None and pd.isna(value))


def test_one_customer_gets_the_likely_later_segments_of_a_table(scorer, demo, customers):
    # the model of today's segments stands in for that of later ones, which the small demo does not keep
    models = {**scorer.models, LATER: load_model(demo.processed / "05_classification/segment_model.skops")}
    manifest = {**scorer.manifest, "fast": {**scorer.manifest["fast"], LATER: {"used": True}}}
    threshold = float(np.median(models[LATER].predict_proba(customers[models[LATER].feature_names_in_]).max(axis=1)))
    spread = {name: getattr(scorer.answers, name) for name in ("edges", "low", "high")}
    answers = Answers(manifest, models, {"level": 0.9, "threshold": threshold}, spread, scorer.answers.dictionary)
    assert answers.fast[LATER]
    wanted = answers.table(customers)["segments_later"]
    assert [answers.one(row)["segments_later"] for row in customers.to_dict("records")] == wanted
    assert {len(names) for names in wanted} > {1}  # some are clear, others not


def test_rows_that_cannot_be_scored_come_back_with_a_reason(scorer, customers):
    rows = customers.head(4).astype(object)
    rows.loc[1, "monetary"] = "much"
    rows.loc[2, "recency_days"] = None
    scored = scorer.score_rows(rows.set_axis(list("dcba")))
    assert list(scored.index) == list("dcba")
    assert list(scored.error.isna()) == [True, False, False, True]
    assert scored.error["c"] == "monetary: 'much' is not a number within ±1e15"
    assert scored.error["b"] == "recency_days is missing"
    assert scored.drop(columns=["customer_id", "error"]).loc[["c", "b"]].isna().all(axis=None)
    assert scored.churn_probability[["d", "a"]].notna().all()
    assert scorer.score_one(rows.loc[1].to_dict())["error"] == scored.error["c"]


@pytest.mark.parametrize("value", [1e308, -1e300, float("inf"), 9.9e14, -9.9e14, 0.0])
def test_extreme_values_get_numbers_or_a_reason_and_no_row_is_dropped(scorer, customers, value):
    inputs = ["recency_days", "frequency", "monetary", "tenure_days", "active_days"]
    one = customers.head(1)
    rows = pd.concat([one, *(one.assign(**{name: value}) for name in inputs)], ignore_index=True)
    scored = scorer.score_rows(rows)
    assert list(scored.customer_id) == list(rows.customer_id)
    assert pd.isna(scored.error[0])
    assert scored.error[5]  # no customer has this many days with an order
    numbers = scored[["margin", "churn_probability", "expected_spend", "spend_low", "spend_high"]].astype(float)
    assert (np.isfinite(numbers).all(axis=1) == scored.error.isna()).all()
    for row, error in zip(rows.to_dict("records"), scored.error, strict=True):
        answer = scorer.score_one(row)
        assert (answer["error"] or "") == ("" if pd.isna(error) else error)
        assert (answer["churn_probability"] is None) == bool(answer["error"])


def test_values_that_stop_the_models_cost_only_their_own_row_the_answer(scorer, customers, monkeypatch):
    rows, table = customers.head(7), scorer.answers.table
    far = rows.recency_days.iloc[4]

    def overflowing(X):
        if (X.recency_days == far).any():
            raise ValueError("Input contains infinity")
        return table(X)

    wanted = scorer.score_rows(rows)
    monkeypatch.setattr(scorer.answers, "table", overflowing)
    scored = scorer.score_rows(rows)
    lost = (rows.recency_days == far).to_numpy()
    assert list(scored.error.isna()) == list(~lost)
    assert scored.error[lost].str.contains("beyond what the models can compute").all()
    pd.testing.assert_frame_equal(scored[~lost], wanted[~lost])

    def broken(X):
        raise ValueError("no such column")

    monkeypatch.setattr(scorer.answers, "table", broken)
    with pytest.raises(ValueError, match="no such column"):  # it is the models, not the values
        scorer.score_rows(rows)


def test_customers_whose_lines_are_all_set_aside_or_too_late_come_back_with_a_reason(scorer, demo):
    orders = pd.read_parquet(demo.root / "data" / "raw" / "demo" / "orders.parquet").dropna(subset="customer_id")
    first = orders.ordered_at.min()
    one, two, three = orders.drop_duplicates("customer_id").customer_id.head(3)
    lines = orders[orders.customer_id.isin([one, two, three])].copy()
    lines.loc[lines.customer_id == one, "quantity"] = -1
    early, late = first + timedelta(days=1), first + timedelta(days=30)
    lines.loc[lines.customer_id == two, "ordered_at"] = early
    lines.loc[lines.customer_id == three, "ordered_at"] = late
    scored = scorer.score_orders(lines, as_of=late.date()).set_index("customer_id")
    assert scored.error[one].startswith("no order line can be used: ")
    assert pd.isna(scored.error[two])
    assert f"no order before {late.date()}" in scored.error[three]


def test_a_release_answers_its_golden_requests(scorer, monkeypatch):
    assert scorer.check() == []
    monkeypatch.setattr(scorer.answers, "threshold", 0.0)
    assert "flagged is True, not False" in scorer.check()[0]


def test_one_customer_takes_a_fraction_of_a_table_of_one_row(scorer, customers):
    """Milliseconds are measured in benchmarks/serving.py: here other work may be going on."""
    rows = customers.head(20).to_dict("records")
    tables = [pd.DataFrame([row]) for row in rows]
    assert fastest(scorer.score_one, rows) < 0.2 * fastest(scorer.score_rows, tables)


def fastest(answer, requests) -> float:
    """CPU seconds of the quickest answer."""
    seconds = []
    for request in requests:
        begun = process_time()
        answer(request)
        seconds.append(process_time() - begun)
    return min(seconds)


def test_a_customer_table_is_scored_from_its_own_columns(telco, tmp_path):
    scorer = Scorer.load(release_build.build(telco.processed, tmp_path / "telco"))
    raw = pd.read_csv(next(telco_source()), dtype=str)
    scored = scorer.score_rows(raw.drop(columns="Churn"))
    rows = pd.read_parquet(telco.processed / "02_transformation" / "features.parquet")
    wanted = predicted("churn", scorer.models["churn"], scorer.reader.table(rows)[0])
    assert list(scored.customer_id) == list(raw.customerID)
    assert scored.error.isna().all()
    assert np.abs(scored.churn_probability - wanted[:, 1]).max() <= 1e-5
    assert [scorer.score_one(row)["churn_probability"] for row in raw.head(20).to_dict("records")] == pytest.approx(
        list(scored.churn_probability.head(20)), abs=1e-5
    )
    with pytest.raises(ScoringError, match="trained on a customer table"):
        scorer.score_orders(raw)


def telco_source():
    import os
    from pathlib import Path

    return Path(os.environ["PATRONS_DATA"]).glob("WA_Fn-UseC_*.csv")
