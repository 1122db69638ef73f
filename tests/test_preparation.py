import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from patrons import preparation as prep

TABLE = pd.DataFrame(
    {"spend": [1.0, 2.0, 3.0, 4.0, 100.0], "gap": [np.nan, 1, 1, 1, 9], "plan": ["a", "b", None, "a", "b"]}
)


@parametrize_with_checks([prep.IQRClipper()])
def test_the_clipper_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def test_values_beyond_the_quartiles_are_pulled_to_the_limits():
    clipper = prep.IQRClipper(1.5).fit(TABLE[["spend"]])  # quartiles 2 and 4: limits -1 and 7
    assert (clipper.lower_[0], clipper.upper_[0]) == (-1.0, 7.0)
    assert clipper.transform(TABLE[["spend"]]).ravel().tolist() == [1, 2, 3, 4, 7]


def test_a_column_without_spread_between_its_quartiles_is_left_as_it_is():
    clipper = prep.IQRClipper().fit(TABLE[["gap"]].fillna(1))
    assert clipper.upper_[0] == np.inf
    assert clipper.transform(TABLE[["gap"]])[4, 0] == 9.0


def test_limits_come_from_the_rows_it_was_fitted_on():
    clipper = prep.IQRClipper().fit(TABLE[["spend"]])
    clipper.transform(TABLE[["spend"]] * 1000)
    assert clipper.upper_[0] == 7.0


def fitted():
    return prep.preparation(*prep.split_kinds(TABLE)).fit(prep.as_inputs(TABLE))


def test_missing_numbers_become_the_median_and_missing_categories_their_own():
    out = fitted().transform(prep.as_inputs(TABLE))
    assert not out.isna().any(axis=None)
    assert out.loc[2, "plan_missing"] == 1


def test_a_category_unknown_at_scoring_time_survives():
    out = fitted().transform(prep.as_inputs(TABLE.assign(plan="new")))
    assert out.filter(like="plan_").sum().sum() == 0


def test_the_limits_are_listed_with_the_share_of_rows_beyond():
    limits = prep.clip_limits(fitted(), TABLE).set_index("feature")
    assert limits.clipped["spend"] == pytest.approx(0.2)


def test_only_keeps_the_steps_for_fewer_columns():
    narrow = prep.only(prep.preparation(["spend", "gap"], ["plan"], iqr_factor=3), ["gap", "plan"])
    assert [columns for _, _, columns in narrow.transformers] == [["gap"], ["plan"]]
    assert narrow.transformers[0][1].named_steps["iqrclipper"].factor == 3
    assert clone(narrow).fit_transform(prep.as_inputs(TABLE)).columns[0] == "gap"
