import numpy as np
import pandas as pd

from patrons.evaluation import splits


def test_rows_that_are_equal_in_every_column_are_copies_missing_values_too():
    table = pd.DataFrame({"a": [1.0, None, 1.0, None, 1.0], "b": ["x", "y", "x", "y", "y"]})
    assert list(splits.copies(table)) == [0, 1, 0, 1, 2]


GROUPS = np.repeat(np.arange(100), 2)  # each customer twice
OUTCOMES = np.repeat([0, 0, 0, 1] * 25, 2)


def test_a_hold_out_keeps_copies_together_and_outcomes_in_proportion():
    held = splits.hold_out(GROUPS, OUTCOMES, 0.2, seed=1)
    assert held.sum() == 40
    assert OUTCOMES[held].sum() == 10
    assert not set(GROUPS[held]) & set(GROUPS[~held])


def test_random_folds_validate_every_row_once_and_keep_copies_together():
    folds = splits.random_folds(GROUPS, OUTCOMES, 5, seed=1)
    assert sorted(row for _, validated in folds for row in validated) == list(range(200))
    for fitted, validated in folds:
        assert not set(GROUPS[fitted]) & set(GROUPS[validated])
        assert len(fitted) + len(validated) == 200


def test_an_outcome_that_one_customer_alone_has_is_no_hindrance():
    outcomes = np.array(["common"] * 60 + ["rare"] * 39 + ["single"], object)
    held = splits.hold_out(np.arange(100), outcomes, 0.2, seed=1)
    assert held.sum() == 20
    assert np.sum(outcomes[held] == "rare") in (7, 8)
    folds = splits.random_folds(np.arange(100), outcomes, 5, seed=1)  # without a warning, which would be an error here
    assert sorted(row for _, validated in folds for row in validated) == list(range(100))
