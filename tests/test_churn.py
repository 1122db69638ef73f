import numpy as np
import pandas as pd
import pytest

from patrons import churn
from patrons.preparation import preparation, split_kinds

DAYS = pd.date_range("2024-01-01", periods=9, freq="30D")


def panel(customers=150, seed=0):
    """Customers whose chance to churn rises with silence, seen on nine days; outcomes are known 90 days later."""
    rng = np.random.default_rng(seed)
    silence = rng.integers(1, 300, customers * len(DAYS))
    return pd.DataFrame(
        {
            "customer_id": np.tile(np.arange(customers).astype(str), len(DAYS)),
            "as_of": np.repeat(DAYS, customers),
            "known_on": np.repeat(DAYS + pd.Timedelta(days=90), customers),
            "recency_days": silence,
            "frequency": rng.integers(1, 20, len(silence)),
            "monetary": rng.gamma(2, 100, len(silence)),
            "plan": rng.choice(["free", "gold"], len(silence)),
            "churned": (rng.random(len(silence)) < silence / 300).astype(int),
        }
    )


TABLE = panel()


def families():
    return churn.families(preparation(*split_kinds(churn.inputs(TABLE))), trees=20, seed=0, train=TABLE)


def test_the_test_is_the_last_day_and_training_was_known_by_then():
    train, test = churn.split(TABLE)
    assert set(test.as_of) == {DAYS[8]}
    assert set(train.as_of) == set(DAYS[:6])  # 30 + 90 days and more before the ninth day


def test_validation_rows_lie_after_what_was_learnt():
    train, _ = churn.split(TABLE)
    validation = churn.out_of_fold(families(), train)
    assert set(validation.as_of) == set(DAYS[3:6])  # the first three have nothing before them that was known


def test_models_find_what_makes_customers_churn():
    train, test = churn.split(TABLE)
    for name, model in families().items():
        said = churn.probability(model.fit(churn.inputs(train), train.churned), churn.inputs(test))
        scores = churn.scoreboard(test.churned.to_numpy(), {name: said})[name]
        assert scores["roc_auc"].low > 0.6, name


def test_what_happens_on_the_test_day_changes_nothing_before_it():
    train, test = churn.split(TABLE)
    other = TABLE.assign(churned=TABLE.churned.where(TABLE.as_of < DAYS[8], 1 - TABLE.churned))
    changed, _ = churn.split(other)
    pd.testing.assert_frame_equal(train, changed)
    assert not test.churned.equals(churn.split(other)[1].churned)


def test_the_model_sees_neither_outcome_nor_days():
    assert list(churn.inputs(TABLE)) == ["recency_days", "frequency", "monetary", "plan"]


def test_a_panel_in_which_everyone_churned_is_an_error_that_says_so():
    with pytest.raises(churn.ChurnError, match="1 outcomes"):
        churn.split(TABLE.assign(churned=1))


def test_a_panel_too_short_to_validate_on_is_an_error_with_the_next_step():
    train, _ = churn.split(TABLE[TABLE.as_of.isin(DAYS[[0, 1, 8]])])
    with pytest.raises(churn.ChurnError, match="Lower horizon_days"):
        churn.out_of_fold(families(), train)


def attributes(customers=400, seed=0):
    """A table without dates: customers on a monthly plan churn more; every tenth row is there twice."""
    rng = np.random.default_rng(seed)
    plan = rng.choice(["monthly", "yearly"], customers)
    rows = pd.DataFrame(
        {
            "plan": plan,
            "age": rng.integers(18, 80, customers).astype(float),
            "churned": (rng.random(customers) < np.where(plan == "monthly", 0.7, 0.1)).astype(int),
            "group": np.arange(customers),
        }
    )
    rows = pd.concat([rows, rows[::10]], ignore_index=True)
    rows.insert(0, "customer_id", rows.index.astype(str))
    return rows


CUSTOMERS = attributes()


def test_without_days_a_fifth_is_held_out_and_copies_stay_on_one_side():
    train, test = churn.split(CUSTOMERS, seed=3)
    assert len(train) + len(test) == 440
    assert test.group.nunique() == 80
    assert not set(train.group) & set(test.group)
    assert test.churned.mean() == pytest.approx(train.churned.mean(), abs=0.05)
    assert not test.customer_id.equals(churn.split(CUSTOMERS, seed=4)[1].customer_id)


def test_without_days_the_model_sees_neither_outcome_nor_group():
    assert list(churn.inputs(CUSTOMERS)) == ["plan", "age"]


def test_without_days_the_simplest_rule_is_the_attribute_that_tells_most():
    train, test = churn.split(CUSTOMERS, seed=3)
    models = churn.families(preparation(["age"], ["plan"]), trees=20, seed=0, train=train)
    assert list(models) == ["plan alone", "logistic on all attributes", "random forest"]
    model = models["plan alone"].fit(churn.inputs(train), train.churned)
    said = churn.probability(model, churn.inputs(test))
    assert len(set(said)) == 2  # one for each plan
    assert said[test.plan == "monthly"][0] == pytest.approx(train.churned[train.plan == "monthly"].mean())


def test_without_days_every_training_row_is_validated_once():
    train, _ = churn.split(CUSTOMERS, seed=3)
    models = churn.families(preparation(["age"], ["plan"]), trees=5, seed=0, train=train)
    validation = churn.out_of_fold(models, train)
    assert sorted(validation.customer_id) == sorted(train.customer_id)
    assert validation[list(models)].notna().all(axis=None)
