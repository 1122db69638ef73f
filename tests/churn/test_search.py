from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info

from patrons.churn import columns, final, kinds, narrative, preprocessing, search, split
from patrons.churn.kinds import BOOSTING, FOREST, LOGISTIC, MEAN, NETWORK
from patrons.evaluation.metrics import Interval
from patrons.features.preparation import preparation
from patrons.threads import side_by_side
from tests.churn.test_split import CUSTOMERS, TABLE

LOG = preparation(["recency_days", "frequency", "monetary"], ["plan"])
SPACES = {
    LOGISTIC: {"c": [1.0, 0.0001]},
    FOREST: {"trees": [10], "depth": [4], "leaf": [10], "weights": ["balanced"]},
    BOOSTING: {"rounds": [20], "rate": [0.1], "depth": [2], "leaf": [5.0], "columns": [1.0], "ridge": [1.0]},
    NETWORK: {"units": [4], "layers": [1], "alpha": [1.0], "stopping": [True]},
}


@pytest.fixture(scope="module")
def searched():
    train, _ = split.split(TABLE)
    folds = split.folds(train, 3, 5, 0)
    matrices = preprocessing.as_matrices(train, folds, preprocessing.preprocessing(LOG, 0, 0), 500, 0)
    return train, folds, search.search(train, matrices, SPACES, 2, 500, 0)


def test_the_mean_is_that_of_the_three_kinds_that_validate_best(searched):
    _, _, result = searched
    single = result.scores.drop(MEAN).mean(axis=1)
    assert set(result.members) == set(single.nlargest(3).index)
    members = result.validation[list(result.members)]
    assert result.validation[MEAN].to_numpy() == pytest.approx(members.mean(axis=1).to_numpy())
    assert result.cv_roc_auc(MEAN) > 0.7


def test_the_fitted_mean_is_that_of_its_fitted_members(searched):
    train, _, result = searched
    fitted = final.fit(result, "none", train, LOG, 3, 300, 0)
    X = split.inputs(train)
    members = [fitted.models[kind].predict_proba(X)[:, 1] for kind in result.members]
    assert split.probability(fitted.models[MEAN], X) == pytest.approx(np.mean(members, axis=0), abs=1e-8)
    assert fitted.model is fitted.models[result.chosen]
    assert fitted.model[:-1].transform(X).shape[1] == 3  # the top three columns


def test_the_chosen_model_alone_is_calibrated_and_so_are_its_validated_rows(searched):
    train, _, result = searched
    plain, calibrated = (final.fit(result, method, train, LOG, 0, 300, 0) for method in ("none", "sigmoid"))
    assert calibrated.model[-1].classifier.members_[0].get_params() == plain.model[-1].members_[0].get_params()
    score = result.validation[result.chosen].to_numpy()
    assert calibrated.validated[result.chosen].to_numpy() == pytest.approx(
        calibrated.model[-1].calibrate(score), abs=1e-8
    )
    assert plain.validated.equals(result.validation)
    others = [name for name in result.scores.index if name != result.chosen]
    assert calibrated.validated[others].equals(result.validation[others])


def test_all_columns_are_compared_with_the_most_informative(searched):
    train, folds, _ = searched
    setting = kinds.trials(SPACES[BOOSTING], 1, 0)[0]
    table, matrices = columns.compare(train, folds, LOG, 2, setting, 500, 0)
    assert sorted(table.number) == [2, 5]
    gain = table.gain[0]
    assert gain.low > 0 or table.top[0] == 0  # fewer are kept only if they gain
    assert gain.value == pytest.approx(table.roc_auc[0] - table.roc_auc[1])
    assert gain.low <= gain.value <= gain.high
    assert matrices[0].X.shape[1] == table.number[0]


def test_fewer_columns_are_kept_where_the_others_are_noise():
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.normal(size=(1200, 80)), columns=[f"noise_{n}" for n in range(80)])
    X = noise.assign(signal=rng.normal(size=1200))
    train = X.assign(churned=(X.signal + rng.normal(0, 0.7, 1200) > 0).astype(int), group=np.arange(1200))
    folds = split.folds(train, 3, 5, 0)
    setting = kinds.trials(SPACES[BOOSTING], 1, 0)[0] | {"columns": 0.1}
    table, matrices = columns.compare(train, folds, preparation(list(X), []), 2, setting, 150, 0)
    assert table.top.tolist() == [2, 0]
    assert table.gain[0].low > 0
    assert matrices[0].X.shape[1] == 2
    assert "2 columns, the 2 most informative:" in narrative.columns_kept(table)


def test_where_all_columns_are_kept_there_is_nothing_to_compare_them_with(searched):
    train, folds, _ = searched
    setting = kinds.trials(SPACES[BOOSTING], 1, 0)[0]
    for top in (0, 5, 45):
        table, matrices = columns.compare(train, folds, LOG, top, setting, 500, 0)
        assert table[["number", "top", "gain"]].to_numpy().tolist() == [[5, 0, None]]
        assert matrices[0].X.shape[1] == 5
        assert narrative.columns_kept(table) == "Models look at all 5 columns."


def test_what_goes_side_by_side_sums_in_one_thread():
    (threads,) = side_by_side(
        lambda _: [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"], [(0,)]
    )
    assert set(threads) == {1}


def test_rules_are_validated_on_the_same_rows(searched):
    train, folds, result = searched
    validation, scores = search.with_baselines(result, split.baselines(LOG, train, 0), train, folds)
    assert next(iter(scores.index)) == split.RECENCY
    assert validation[split.RECENCY].notna().all()


def test_a_table_is_cross_validated_as_a_whole(searched):
    _, _, result = searched
    logistic = replace(result, scores=result.scores.loc[[LOGISTIC]], gains={})
    score = final.cross_validated(logistic, CUSTOMERS, preparation(["age"], ["plan"]), 0, 5, 0)
    assert 0.7 < score < 0.9  # the plan alone separates .7 from .1


def test_a_log_is_cross_validated_on_its_origins(searched):
    _, _, result = searched
    assert final.cross_validated(result, TABLE, LOG, 0, 5, 0) == result.scores.loc[result.chosen].mean()


def test_samples_are_drawn_once_and_in_order():
    assert preprocessing.sample(3, 9, 0).tolist() == [0, 1, 2]
    drawn = preprocessing.sample(100, 10, 0)
    assert pd.Series(drawn).is_monotonic_increasing
    assert len(set(drawn)) == 10


def two_folds(truth, **probabilities):
    """Validated rows of two folds, with the probabilities of each kind."""
    half = len(truth) // 2
    return pd.DataFrame({"churned": truth, "fold": np.arange(len(truth)) // half, **probabilities})


def test_of_two_kinds_that_rank_alike_the_simpler_stays_and_a_better_one_beats_it():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 800)
    good, poor = truth + rng.normal(0, 1, 800), truth + rng.normal(0, 3, 800)
    fair = good + rng.normal(0, 0.4, 800)
    names = (FOREST, BOOSTING, NETWORK, LOGISTIC)
    alike = two_folds(truth, **dict(zip(names, (good, good, fair + 1e-9 * truth, fair), strict=True)))
    worse = two_folds(truth, **dict(zip(names, (good, good, fair, poor), strict=True)))
    assert search.best_three(alike, search.fold_scores(alike, names), 0)[2] == LOGISTIC
    assert search.best_three(worse, search.fold_scores(worse, names), 0)[2] == NETWORK


def chosen_of(gains, **scores):
    """The model chosen where the one with the highest score gains so much over the others."""
    table = pd.DataFrame({0: scores}).rename({"logistic": LOGISTIC, "trees": BOOSTING, "mean": MEAN})
    return search.SearchResult({}, pd.DataFrame(), pd.DataFrame(), table, (), gains).chosen


CLEAR, TIE = Interval(0.002, 0.001, 0.003), Interval(0.002, -0.001, 0.005)


@pytest.mark.parametrize(
    ("gains", "chosen"),
    [
        pytest.param({LOGISTIC: CLEAR, BOOSTING: CLEAR}, MEAN, id="the mean gains over every kind"),
        pytest.param({LOGISTIC: CLEAR, BOOSTING: TIE}, BOOSTING, id="a kind is as good as the mean"),
        pytest.param({LOGISTIC: TIE, BOOSTING: TIE}, LOGISTIC, id="of two that are as good the simpler"),
        pytest.param({LOGISTIC: TIE, BOOSTING: CLEAR}, LOGISTIC, id="the simplest is as good"),
    ],
)
def test_the_simplest_model_that_is_as_good_as_the_best_is_chosen(gains, chosen):
    assert chosen_of(gains, logistic=0.80, trees=0.805, mean=0.807) == chosen


def test_a_kind_that_is_the_best_is_not_replaced_by_the_mean():
    assert chosen_of({LOGISTIC: CLEAR, MEAN: TIE}, logistic=0.80, trees=0.81, mean=0.809) == BOOSTING
    assert chosen_of({LOGISTIC: CLEAR, MEAN: CLEAR}, logistic=0.80, trees=0.81, mean=0.805) == BOOSTING


def test_a_mean_that_gains_only_by_chance_gives_way_to_a_single_kind():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 4000)
    clear, noise = truth + rng.normal(0, 1, 4000), rng.normal(0, 1, (2, 4000))
    independent = [truth + rng.normal(0, 1, 4000) for _ in range(3)]
    alike = two_folds(truth, **{LOGISTIC: clear - truth, BOOSTING: clear, MEAN: clear + 0.001 * noise[0]})
    better = two_folds(truth, **{LOGISTIC: noise[1], BOOSTING: independent[0], MEAN: np.mean(independent, axis=0)})
    for rows, chosen in ((alike, BOOSTING), (better, MEAN)):
        scores = search.fold_scores(rows, [LOGISTIC, BOOSTING, MEAN])
        gains = search.gains_of_best(rows, scores, 0)
        assert search.SearchResult({}, pd.DataFrame(), rows, scores, (), gains).chosen == chosen


def penalty_kept(first, other):
    """Which penalty a logistic regression keeps on rows whose first column is a signal and whose others are noise."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(2000, 30)), rng.integers(0, 2, 2000)
    X[:, 0] += y
    folds = [
        preprocessing.Fold(X[:60], y[:60], X[1000 * n :][:1000], y[1000 * n :][:1000], np.arange(1000)) for n in (0, 1)
    ]
    return search.choose_settings([(LOGISTIC, {"c": first}, {"c": other})], folds, 0)[0]


def test_the_first_setting_stays_unless_another_gains_beyond_the_interval():
    assert penalty_kept(0.01, 0.0101) == {LOGISTIC: {"c": 0.01}}  # the same in all but name
    assert penalty_kept(1000.0, 0.01) == {LOGISTIC: {"c": 0.01}}  # the first knows the noise by heart
    assert penalty_kept(0.01, 1000.0) == {LOGISTIC: {"c": 0.01}}
