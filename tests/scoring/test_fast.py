"""The fast form of each step computes what the step computes; a step without one is left to the original."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from patrons.churn.ensemble import Calibrated, Liblinear, MeanOf, Network
from patrons.churn.reasons import Explainer, reasons
from patrons.features.preparation import preparation, two_views, view
from patrons.features.products import Products
from patrons.features.selection import TopFeatures
from patrons.scoring.fast.models import margin
from patrons.scoring.fast.pipeline import compiled, prepared
from patrons.scoring.fast.reasons import reasons_of_row
from patrons.scoring.fast.spend import spend
from patrons.segments import clustering, inputs
from patrons.value.spend_model import SpendModel

NUMBERS, ROWS = ["a", "b", "c"], 300


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    table = pd.DataFrame(rng.lognormal(size=(ROWS, 3)), columns=NUMBERS)
    table.loc[::7, "b"] = np.nan
    table["land"] = rng.choice(np.array(["NL", "DE", "BE", np.nan], object), ROWS, p=[0.6, 0.3, 0.095, 0.005])
    table["plan"] = rng.choice(np.array(["none", "club"], object), ROWS)
    return table


@pytest.fixture(scope="module")
def outcome(customers) -> np.ndarray:
    noise = np.random.default_rng(5).random(ROWS)
    return ((customers.a > 1) ^ (noise < 0.1)).to_numpy().astype(int) + (customers.plan == "club").to_numpy()


def largest_difference(model, rows: pd.DataFrame) -> float:
    fast = compiled(model)
    answers = model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows).reshape(-1, 1)
    return max(
        np.abs(fast(row) - wanted).max()
        for row, wanted in zip(rows.to_dict("records"), np.asarray(answers), strict=True)
    )


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(20, random_state=0),
        ExtraTreesClassifier(20, random_state=0),
        DecisionTreeClassifier(max_depth=5, random_state=0),
        XGBClassifier(n_estimators=20, max_depth=4, n_jobs=1),
        LogisticRegression(),
        MLPClassifier((8,), max_iter=2000, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_model_behind_the_preparation_gives_the_same_probabilities(customers, outcome, model, classes):
    fitted = make_pipeline(preparation(NUMBERS, ["land", "plan"]), model).fit(customers, outcome.clip(0, classes - 1))
    assert largest_difference(fitted, customers) <= 1e-5


def test_an_unknown_and_a_missing_category_count_as_they_do_in_the_model(customers, outcome):
    model = make_pipeline(preparation(NUMBERS, ["land", "plan"]), LogisticRegression()).fit(customers, outcome > 0)
    odd = customers.head(3).assign(
        land=np.array(["XX", np.nan, "BE"], object), plan=np.array(["?", "club", np.nan], object)
    )
    assert largest_difference(model, odd) <= 1e-12


def test_chosen_columns_and_the_mean_of_models_have_a_fast_form(customers, outcome):
    vote = VotingClassifier(
        [("one", LogisticRegression()), ("two", DecisionTreeClassifier(max_depth=2))], voting="soft"
    )
    model = make_pipeline(preparation(NUMBERS, ["land"]), TopFeatures(2, 10), vote).fit(customers, outcome > 0)
    assert largest_difference(model, customers) <= 1e-12


GROUPED = {
    "nearest prototype": lambda X: KNeighborsClassifier(1).fit(X[:30], np.arange(30) % 4),
    "mixture": lambda X: GaussianMixture(3, random_state=0).fit(X),
    "one group": lambda X: KNeighborsClassifier(1).fit(X[:5], np.zeros(5, int)),
}


@pytest.mark.parametrize("make", GROUPED.values(), ids=GROUPED)
def test_a_row_is_placed_in_the_same_group_with_the_same_margin(customers, make):
    prepare = inputs.preparation().fit(customers[NUMBERS])
    model = make_pipeline(*(step for _, step in prepare.steps), make(prepare.transform(customers[NUMBERS])))
    rows = customers[NUMBERS].to_dict("records")
    place, prepared_row, inside = compiled(model), prepared(model), margin(model[-1])
    assert [place(row)[0] for row in rows] == list(model.predict(customers[NUMBERS]))
    margins = [inside(prepared_row(row)) for row in rows]
    assert margins == pytest.approx(list(clustering.margin(model, customers[NUMBERS])), abs=1e-9)


@pytest.mark.parametrize("method", [None, "sigmoid", "isotonic"])
def test_a_churn_model_has_the_same_probability_and_the_same_reasons(customers, outcome, method):
    """The mean of the kinds of members, calibrated or not, as 06 saves it; some values are missing."""
    y = (outcome > 0).astype(int)
    prepare = two_views(preparation(NUMBERS, ["land", "plan"]), many=["land"])
    Z = prepare.fit_transform(customers, y)
    plain, prepared_view = view(prepare, plain=True), view(prepare, plain=False)
    kinds = [
        RandomForestClassifier(20, max_depth=4, random_state=0),
        XGBClassifier(n_estimators=20, max_depth=3, n_jobs=1),
        LogisticRegression(),
        make_pipeline(Products(3), LogisticRegression()),
        Liblinear(C=0.1, l1_ratio=1, solver="liblinear", random_state=0),
        Network((8,), max_iter=60, random_state=0),
    ]
    last = MeanOf(kinds, [plain] * 2 + [prepared_view] * 4).fit(Z, y)
    last = Calibrated(last, method).fit(last.predict_proba(Z)[:, 1], y) if method else last
    model = Pipeline([("prepare", prepare), ("model", last)])
    assert largest_difference(model, customers) <= 1e-5

    entries = [(name, name, "", f"what {name} means") for name in [*NUMBERS, "land", "plan"]]
    dictionary = pd.DataFrame(entries, columns=["feature", "group", "unit", "meaning"])
    explain, wanted = (
        reasons_of_row(model, Explainer(model), dictionary, prepared(model)),
        reasons(model, customers, dictionary),
    )
    assert [explain(row) for row in customers.to_dict("records")] == wanted.to_numpy().tolist()


def test_the_spend_of_one_customer_is_that_of_a_table(customers):
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"frequency": rng.integers(1, 9, 200), "tenure_days": rng.integers(100, 400, 200)}).astype(
        float
    )
    rows["recency_days"] = np.where(rows.frequency > 1, rng.integers(1, 100, 200), rows.tenure_days)
    rows = rows.assign(active_days=rows.frequency, monetary=rows.frequency * rng.lognormal(3, 1, 200), gap=np.nan)
    rows.loc[::2, "gap"] = 5.0
    days = [pd.Timestamp("2025-01-01"), pd.Timestamp("2025-07-01")]
    both = pd.concat([rows.assign(as_of=day) for day in days], ignore_index=True)
    for columns in (None, ["monetary", "gap"]):
        model = SpendModel(90, columns).fit(both, pd.Series(rng.lognormal(2, 1, 400)))
        fast = spend(model)
        amounts = [fast(row) for row in rows.to_dict("records")]
        assert amounts == pytest.approx(list(model.predict(rows)), rel=1e-5)


def test_a_step_without_a_fast_form_leaves_the_model_as_it_is(customers, outcome):
    model = make_pipeline(preparation(NUMBERS, ["land"]), GaussianNB()).fit(customers, outcome > 0)
    assert compiled(model) is None
