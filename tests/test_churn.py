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
