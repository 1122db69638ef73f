"""Features and answers cost no more work than they did, by counts that are the same on every machine."""

import json
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest
from costs import PYTHON, Rows, calls, hold
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from xgboost import XGBClassifier

from patrons.churn.ensemble import Calibrated, MeanOf
from patrons.churn.reasons import Explainer
from patrons.demo.simulate import simulate
from patrons.features import Recipe
from patrons.features.preparation import preparation, two_views, view
from patrons.scoring.answers import fast_forms
from patrons.scoring.rows import describe
from patrons.scoring.scorer import Scorer
from patrons.segments import inputs
from patrons.segments.boosting import BoostedTrees
from patrons.value.spend_model import SpendModel

DAYS = [date(2025, 6, 1), date(2025, 9, 1)]
COLUMNS = ["customer_id", "order_id", "product_id", "ordered_at", "quantity", "amount"]


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    """Clean lines of 150 simulated customers."""
    lines = simulate(customers=150, seed=7).orders.dropna(subset=["customer_id"])
    lines = lines[(lines.quantity > 0) & (lines.unit_price > 0)]
    return lines.assign(amount=lines.quantity * lines.unit_price, quantity=lines.quantity.astype(float))[COLUMNS]


@pytest.fixture(scope="module")
def scorer(log, tmp_path_factory) -> Scorer:
    """Small models of every part of an answer, fitted on these customers as the notebooks fit theirs."""
    folder, recipe = tmp_path_factory.mktemp("costs"), Recipe(90, [30, 90, 365])
    panel = recipe.describe(ibis.memtable(log), DAYS, outcome=True)
    X = panel.drop(columns=["customer_id", "as_of", "churned", "known_on"]).astype(float)
    X["channel"] = np.where(np.arange(len(X)) % 3, "web", "shop").astype(object)
    names, y = [name for name in X if name != "channel"], panel.churned.to_numpy()
    group = np.searchsorted(X.monetary.quantile([0.3, 0.7]), X.monetary)
    models = {
        "clusterer": _clusterer(X, group),
        "churn": _churn(X, y, names),
        "value": SpendModel(90, names[:20]).fit(X.assign(as_of=panel.as_of), X.monetary),
        "segment_later": make_pipeline(preparation(names, ["channel"]), BoostedTrees(10)).fit(
            X, np.array(["Lost", "Loyal", "New"])[group]
        ),
    }
    dictionary = recipe.dictionary(["channel"])
    dictionary.to_parquet(folder / "dictionary.parquet")
    (folder / "segments.json").write_text("[]")
    (folder / "segment_later.json").write_text(json.dumps({"level": 0.9, "threshold": 0.1}))
    spread = {"edges": [10.0, 100.0], "low": [0.5, 0.5, 0.5], "high": [2.0, 2.0, 2.0]}
    (folder / "value.json").write_text(json.dumps({"spread": spread}))
    manifest = {
        "kind": "orders",
        "parameters": {"01_eda": {}},
        "thresholds": {"churn": 0.5},
        "segments": {str(n): {"number": n + 1, "name": f"segment {n + 1}"} for n in range(3)},
        "features": [feature._asdict() for feature in describe(X, list(X), dictionary)],
        "fast": {name: {"used": True} for name in fast_forms(models, dictionary, Explainer(models["churn"]))},
    }
    return Scorer(folder, manifest, models)


def _clusterer(X: pd.DataFrame, group: np.ndarray) -> Pipeline:
    columns = X[["recency_days", "frequency", "monetary"]]
    prepare = inputs.preparation().fit(columns)
    return make_pipeline(
        *(step for _, step in prepare.steps), KNeighborsClassifier(1).fit(prepare.transform(columns), group)
    )


def _churn(X: pd.DataFrame, y: np.ndarray, names: list[str]) -> Pipeline:
    prepare = two_views(preparation(names, ["channel"]))
    Z = prepare.fit_transform(X, y)
    plain, prepared = view(prepare, plain=True), view(prepare, plain=False)
    members = [
        RandomForestClassifier(20, min_samples_leaf=5, random_state=0),
        XGBClassifier(n_estimators=20, max_depth=3, n_jobs=1),
        LogisticRegression(max_iter=1000),
    ]
    mean = MeanOf(members, [plain, plain, prepared]).fit(Z, y)
    calibrated = Calibrated(mean, "isotonic").fit(mean.predict_proba(Z)[:, 1], y)
    return Pipeline([("prepare", prepare), ("model", calibrated)])


@pytest.fixture
def customer(scorer, log) -> dict:
    rows = Recipe(90, [30, 90, 365]).describe(ibis.memtable(log), DAYS[:1]).assign(channel="web")
    return rows.drop(columns="as_of").iloc[0].to_dict()


def test_one_prediction_takes_no_more_calls_than_it_did(scorer, customer):
    answer = scorer.score_one(customer)
    assert answer["error"] is None
    assert answer["reason_1"]
    hold(f"calls of one prediction, Python {PYTHON}", calls(lambda: scorer.score_one(customer)))


def test_a_table_of_customers_takes_no_more_calls_than_it_did(scorer, customer):
    table = pd.DataFrame([customer] * 200)
    hold(f"calls of a table of 200 predictions, Python {PYTHON}", calls(lambda: scorer.score_rows(table)))


def test_a_form_that_is_no_longer_fast_would_be_noticed(scorer, customer, monkeypatch):
    usual = calls(lambda: scorer.score_one(customer))
    monkeypatch.setitem(scorer.answers.fast, "margin", None)
    refused(usual, calls(lambda: scorer.score_one(customer)), monkeypatch)


def rows_of(log: pd.DataFrame, twice: bool = False) -> int:
    """Rows through the operators of DuckDB for the features of three days."""
    backend = ibis.duckdb.connect(threads=1)
    lines = backend.create_table("lines", log)
    rows = Rows(backend)
    if twice:
        lines = lines.semi_join(lines.select("order_id").distinct(), "order_id")
    Recipe(90, [30, 90, 365]).describe(lines, DAYS, outcome=True)
    rows.add()
    return rows.count


def test_features_take_no_more_rows_through_the_engine_than_they_did(log):
    hold("rows through DuckDB for the features of 02", rows_of(log))


def test_a_log_that_is_read_twice_would_be_noticed(log, monkeypatch):
    refused(rows_of(log), rows_of(log, twice=True), monkeypatch)


def refused(usual: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the guard lets the usual count pass, and names what rose otherwise."""
    monkeypatch.setattr("costs.WRITES", False)
    monkeypatch.setattr("costs.json.loads", lambda text: {"work": usual})
    hold("work", usual)
    message = rf"work rose by \d+%: {count:,}, {usual:,} before.*PATRONS_WRITE_COSTS=1"
    with pytest.raises(pytest.fail.Exception, match=message):
        hold("work", count)


def test_a_count_without_a_figure_is_skipped_in_words(monkeypatch):
    monkeypatch.setattr("costs.WRITES", False)
    with pytest.raises(pytest.skip.Exception, match="there is no figure for 'nothing that was ever counted' yet"):
        hold("nothing that was ever counted", 1)
