import numpy as np
import pandas as pd
import pytest

from patrons.churn import split

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


def test_the_test_is_the_last_day_and_training_was_known_by_then():
    train, test = split.split(TABLE)
    assert set(test.as_of) == {DAYS[8]}
    assert set(train.as_of) == set(DAYS[:6])  # 30 + 90 days and more before the ninth day


def test_validation_rows_lie_after_what_was_learnt():
    train, _ = split.split(TABLE)
    for fit, val in split.folds(train, 3, 5, 0):
        assert train.known_on.iloc[fit].max() <= train.as_of.iloc[val].min()
    assert {train.as_of.iloc[val].iloc[0] for _, val in split.folds(train, 3, 5, 0)} == set(DAYS[3:6])


def test_what_happens_on_the_test_day_changes_nothing_before_it():
    train, test = split.split(TABLE)
    other = TABLE.assign(churned=TABLE.churned.where(TABLE.as_of < DAYS[8], 1 - TABLE.churned))
    changed, _ = split.split(other)
    pd.testing.assert_frame_equal(train, changed)
    assert not test.churned.equals(split.split(other)[1].churned)


def test_the_model_sees_neither_outcome_nor_days():
    assert list(split.inputs(TABLE)) == ["recency_days", "frequency", "monetary", "plan"]


@pytest.mark.parametrize(("outcome", "change"), [(1, "Raise"), (0, "Lower")])
def test_a_log_in_which_everyone_did_the_same_ends_in_a_sentence_with_the_next_step(outcome, change):
    train, test = split.split(TABLE.assign(churned=outcome))
    problem = split.problem(train, test, split.folds(train, 3, 5, 0))
    assert problem.startswith("Nothing can be forecast")
    assert f"{change} horizon_days" in problem


def test_ten_customers_and_a_panel_too_short_to_validate_on_end_in_a_sentence():
    few = split.split(panel(customers=3))
    assert "needs 20 of each" in split.problem(*few, split.folds(few[0], 3, 5, 0))
    train, test = split.split(TABLE[TABLE.as_of.isin(DAYS[[0, 1, 8]])])
    assert "no model can be validated" in split.problem(train, test, split.folds(train, 3, 5, 0))
    empty, test = split.split(TABLE[TABLE.as_of == DAYS[8]])
    assert "of the 0 training rows" in split.problem(empty, test, split.folds(empty, 3, 5, 0))


def test_a_panel_with_both_outcomes_and_earlier_days_has_no_problem():
    train, test = split.split(TABLE)
    assert split.problem(train, test, split.folds(train, 3, 5, 0)) == ""


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
    train, test = split.split(CUSTOMERS, seed=3)
    assert len(train) + len(test) == 440
    assert test.group.nunique() == 80
    assert not set(train.group) & set(test.group)
    assert test.churned.mean() == pytest.approx(train.churned.mean(), abs=0.05)
    assert not test.customer_id.equals(split.split(CUSTOMERS, seed=4)[1].customer_id)


def test_without_days_the_model_sees_neither_outcome_nor_group():
    assert list(split.inputs(CUSTOMERS)) == ["plan", "age"]


def test_without_days_every_training_row_is_validated_once_and_copies_stay_together():
    train, _ = split.split(CUSTOMERS, seed=3)
    folds = split.folds(train, 3, 5, 0)
    assert sorted(np.concatenate([val for _, val in folds[:5]])) == list(range(len(train)))
    for fit, val in folds:
        assert not set(train.group.iloc[fit]) & set(train.group.iloc[val])


def test_a_table_with_a_rare_outcome_is_parted_three_times_and_no_part_lacks_it():
    rare = attributes(2000).assign(churned=lambda rows: (rows.group < 30).astype(int))
    folds = split.folds(rare, 3, 5, 0)
    assert len(folds) == 15
    assert all(rare.churned.iloc[val].sum() >= 5 for _, val in folds)  # 30 and 3 copies in 5 parts
    assert sorted(np.concatenate([val for _, val in folds[:5]])) == list(range(len(rare)))
    assert len(split.folds(attributes(2000), 3, 5, 0)) == 5


@pytest.mark.parametrize("churned", [2, 5, 24])
def test_positives_so_few_that_a_fold_would_have_none_end_in_a_sentence(churned):
    rare = attributes(4000).assign(churned=lambda rows: (rows.group < churned).astype(int))
    train, test = split.split(rare)
    problem = split.problem(train, test, split.folds(train, 3, 5, 0))
    assert problem.startswith("Nothing can be forecast")
    assert problem.endswith("Bring more customers.")
