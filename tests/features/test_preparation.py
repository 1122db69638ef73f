import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from patrons import models
from patrons.features import preparation as prep
from patrons.features import products, selection

TABLE = pd.DataFrame(
    {"spend": [1.0, 2.0, 3.0, 4.0, 100.0], "gap": [np.nan, 1, 1, 1, 9], "plan": ["a", "b", None, "a", "b"]}
)


BY_NAME = {"check_dataframe_column_names_consistency": "takes columns by name, in whatever order they come"}


@parametrize_with_checks(
    [
        prep.IQRClipper(),
        prep.SignedLog(),
        selection.CorrelationFilter(),
        selection.TopFeatures(trees=10),
        selection.Assembler(),
        products.Products(),
    ],
    expected_failed_checks=lambda estimator: BY_NAME if isinstance(estimator, selection.Assembler) else {},
)
def test_our_transformers_are_scikit_learn_estimators(estimator, check):
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


def test_a_scoring_batch_that_knows_nothing_of_a_column_survives():
    model = fitted()
    unknown = TABLE.assign(gap=None, plan=np.nan)  # of other types than the training rows had
    out = model.transform(unknown)
    assert (out.plan_missing == 1).all()
    assert out.gap.nunique() == 1
    typed = TABLE.assign(gap=pd.array([None, 1, 1, 1, 9], dtype="Int64"), plan=TABLE.plan.astype("string"))
    pd.testing.assert_frame_equal(model.transform(typed), model.transform(prep.as_inputs(TABLE)))


def test_columns_that_hold_nothing_stay_harmless_columns():
    empty = TABLE.assign(gap=np.nan, plan=pd.Series([None] * 5, dtype=object))
    model = prep.preparation(["spend", "gap"], ["plan"]).fit(empty)
    out = model.transform(TABLE)
    assert np.isfinite(out.to_numpy()).all()
    assert prep.clip_limits(model, empty).set_index("feature").upper["gap"] == np.inf
    clipper = prep.IQRClipper().fit(empty[["gap"]])
    assert clipper.transform(pd.DataFrame({"gap": [5.0]})).item() == 5.0


def test_the_limits_are_listed_with_the_share_of_rows_beyond():
    limits = prep.clip_limits(fitted(), TABLE).set_index("feature")
    assert limits.clipped["spend"] == pytest.approx(0.2)


def test_only_keeps_the_steps_for_fewer_columns():
    narrow = prep.only(prep.preparation(["spend", "gap"], ["plan"], iqr_factor=3), ["gap", "plan"])
    assert [columns for _, _, columns in narrow.transformers] == [["gap"], ["plan"], [], ["gap"]]
    assert narrow.transformers[0][1].named_steps["iqrclipper"].factor == 3
    assert clone(narrow).fit_transform(prep.as_inputs(TABLE)).columns[0] == "gap"


# b is a doubled, c its mirror image, d says something else
ALIKE = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [2.0, 4, 6, 8], "c": [4.0, 3, 2, 1], "d": [1.0, 0, 0, 1]})


def test_of_columns_that_say_the_same_the_first_stays():
    chosen = selection.CorrelationFilter(0.95).set_output(transform="pandas").fit(ALIKE)
    assert list(chosen.transform(ALIKE)) == ["a", "d"]
    assert chosen.stands_for_.tolist() == [0, 0, 0, 3]
    assert chosen.correlation_.round(6).tolist() == [1, 1, -1, 1]


def test_the_correlation_that_counts_is_that_of_the_training_rows():
    other = ALIKE.assign(b=[1.0, -1, 1, -1])
    assert list(selection.CorrelationFilter().fit(ALIKE).set_output(transform="pandas").transform(other)) == ["a", "d"]


def test_a_limit_of_1_and_a_constant_column_drop_nothing():
    same = ALIKE.assign(e=7.0, f=7.0)
    assert selection.CorrelationFilter(1.0).fit(ALIKE).support_.all()
    assert selection.CorrelationFilter().fit(same).support_.tolist() == [True, False, False, True, True, True]


def test_the_columns_that_tell_most_are_kept_under_their_names():
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.normal(size=(300, 5)), columns=list("vwxyz"))
    outcome = (noise.x + noise.z > 0).astype(int)
    chosen = selection.TopFeatures(2).set_output(transform="pandas").fit(noise, outcome)
    assert list(chosen.transform(noise)) == ["x", "z"]
    assert list(selection.TopFeatures(9).fit(noise, outcome).get_feature_names_out()) == list("vwxyz")


def test_the_selection_is_a_step_of_a_pipeline_that_keeps_names_and_chooses_alike_each_time():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(rng.normal(size=(400, 6)), columns=list("uvwxyz"))
    outcome = (rows.x > 0).astype(int)
    rows.loc[::7, "w"] = np.nan
    steps = prep.make_pipeline(prep.preparation(list(rows), [], 1.5, 1.0), selection.TopFeatures(3, trees=20))
    one, other = (clone(steps).fit(rows, outcome) for _ in range(2))
    assert one[-1].importances_.tolist() == other[-1].importances_.tolist()
    assert list(one.get_feature_names_out()) == list(one.set_output(transform="pandas").transform(rows))
    assert "x" in one.get_feature_names_out()
    raw = selection.TopFeatures(1, trees=20).set_output(transform="pandas").fit(rows, outcome)
    assert list(raw.transform(rows)) == ["x"]  # missing numbers as they are


def test_a_selection_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1 column; top is 0"):
        selection.TopFeatures(0).fit(ALIKE, [0, 0, 1, 1])


def test_the_assembler_takes_its_columns_by_name_from_a_wider_table():
    chosen = selection.Assembler(["plan", "spend"]).fit(TABLE)
    shuffled = TABLE[["gap", "plan", "spend"]].assign(more=1)
    out = chosen.transform(shuffled)
    assert list(out) == list(chosen.get_feature_names_out()) == ["plan", "spend"]
    assert np.isnan(out.plan[2])  # not None: scikit-learn knows one kind of missing


def test_a_column_that_lacks_is_named():
    with pytest.raises(ValueError, match="lacks 1 of 3 columns: plan"):
        selection.Assembler().fit(TABLE).transform(TABLE.drop(columns="plan"))


def test_what_was_dropped_is_listed_with_what_stands_for_it():
    fitted = prep.preparation(list(ALIKE), [], 1.5, 0.95).fit(ALIKE)
    alike = np.log1p(ALIKE).corr().a  # correlations are those of logarithms
    assert prep.dropped_columns(fitted).values.tolist() == [[name, "a", pytest.approx(alike[name])] for name in "bc"]


def test_a_model_with_our_transformers_can_be_saved_and_read(tmp_path):
    kept = prep.make_pipeline(selection.Assembler(["a", "d"]), prep.preparation(["a", "d"], [], 1.5, 0.95))
    kept.steps.append(("top", selection.TopFeatures(1, trees=5)))
    kept.fit(ALIKE, [0, 0, 1, 1])
    read = models.load_model(models.save_model(tmp_path / "model.skops", kept))
    assert (read.transform(ALIKE) == kept.transform(ALIKE)).all()


def test_the_logarithm_keeps_sign_zero_and_what_is_missing():
    out = prep.SignedLog().fit_transform(np.array([[-np.expm1(2.0)], [0.0], [np.expm1(3.0)], [np.nan]]))
    assert out[:3].ravel() == pytest.approx([-2.0, 0.0, 3.0])
    assert np.isnan(out[3, 0])


def test_limits_are_told_in_the_unit_of_the_feature():
    table = pd.DataFrame({"spend": np.expm1([1.0, 2.0, 3.0, 4.0, 20.0])})  # logarithms with quartiles 2 and 4
    (row,) = prep.clip_limits(prep.preparation(["spend"], []).fit(table), table).itertuples()
    assert (row.lower, row.upper) == pytest.approx((-np.expm1(1.0), np.expm1(7.0)))
    assert row.clipped == pytest.approx(0.2)


def test_trees_see_columns_as_they_are_and_the_others_see_them_prepared():
    table = pd.DataFrame({"spend": [1.0, np.nan, 1000.0, 10.0], "plan": ["a", "b", "a", "b"]})
    fitted = prep.two_views(prep.preparation(["spend"], ["plan"])).fit(table)
    Z = fitted.transform(table)
    plain, prepared = (slice(*prep.view(fitted, plain=own)) for own in (True, False))
    np.testing.assert_array_equal(Z[:, plain], [[1, 1, 0], [np.nan, 0, 1], [1000, 1, 0], [10, 0, 1]])
    assert Z[:, prepared][:, :2].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]  # the same categories
    assert Z[:, prepared][:, 2].mean() == pytest.approx(0)  # imputed, its logarithm, scaled
    assert prep.sources(fitted) == ["spend", "plan", "plan", "spend", "spend"]  # the last one: whether it was missing


def test_the_calendar_is_seen_in_both_views_and_a_view_may_lack_categories():
    table = pd.DataFrame({"spend": [1.0, 2.0, 3.0], "peak": [0.0, 0.5, 1.0]})
    fitted = prep.two_views(prep.preparation(["spend", "peak"], [], calendar=["peak"])).fit(table)
    assert (prep.view(fitted, plain=True), prep.view(fitted, plain=False)) == ((0, 2), (2, 4))
    assert prep.sources(fitted) == ["spend", "peak", "spend", "peak"]


def test_products_multiply_the_columns_that_weigh_most():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 4))
    y = (X[:, 1] + X[:, 3] > 0).astype(int)
    fitted = products.Products(2).fit(X, y)
    assert fitted.pairs_.tolist() == [[1, 1], [1, 3], [3, 3]]
    made = fitted.transform(X)
    assert made[:, :4].tolist() == X.tolist()
    assert made[:, 5] * fitted.scale_[1] + fitted.mean_[1] == pytest.approx(X[:, 1] * X[:, 3])
    assert made[:, 4:].mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-12)
