import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info

from patrons.churn import calibrate
from patrons.churn import columns as churn_columns
from patrons.churn import narrative as churn_words
from patrons.churn import search as churn_search
from patrons.churn import split as churn
from patrons.churn.ensemble import Calibrated
from patrons.evaluation.metrics import at_threshold, profits, threshold_for_recall
from patrons.features.preparation import preparation
from patrons.threads import side_by_side
from tests.churn.test_split import CUSTOMERS, TABLE

LOG = preparation(["recency_days", "frequency", "monetary"], ["plan"])
SPACES = {
    churn_search.LOGISTIC: {"c": [1.0, 0.0001]},
    churn_search.FOREST: {"trees": [10], "depth": [4], "leaf": [10], "weights": ["balanced"]},
    churn_search.BOOSTING: {
        "rounds": [20], "rate": [0.1], "depth": [2], "leaf": [5.0], "columns": [1.0], "ridge": [1.0]
    },
    churn_search.NETWORK: {"units": [4], "layers": [1], "alpha": [1.0], "stopping": [True]},
}  # fmt: skip


@pytest.fixture(scope="module")
def searched():
    train, _ = churn.split(TABLE)
    folds = churn.folds(train, 3, 5, 0)
    parts = churn_search.prepared(train, folds, churn_search.front(LOG, 0, 0), 500, 0)
    return train, folds, churn_search.search(train, parts, SPACES, 2, 500, 0)


def test_the_first_of_each_list_is_tried_first_and_none_twice():
    space = {"a": [1, 2, 3], "b": ["x", "y"]}
    tried = churn_search.trials(space, 4, 0)
    assert tried[0] == {"a": 1, "b": "x"}
    assert len({tuple(one.values()) for one in tried}) == 4
    assert len(churn_search.trials(space, 99, 0)) == 6


def test_the_mean_is_that_of_the_three_kinds_that_validate_best(searched):
    _, _, found = searched
    single = found.scores.drop(churn_search.MEAN).mean(axis=1)
    assert set(found.members) == set(single.nlargest(3).index)
    assert found.validation[churn_search.MEAN].to_numpy() == pytest.approx(
        found.validation[list(found.members)].mean(axis=1).to_numpy()
    )
    assert found.cv_roc_auc(churn_search.MEAN) > 0.7


def test_the_saved_model_is_the_mean_of_its_members(searched):
    train, _, found = searched
    X, y = churn.inputs(train), train.churned.to_numpy()
    ready = churn_search.fit_front(churn_search.front(LOG, 3, 0), X, y, 300, 0)
    fitted = churn_search.final(found, ready, ready.transform(X), y, 0)
    each = [churn_search.whole(ready, fitted[kind]).predict_proba(X)[:, 1] for kind in found.members]
    said = churn.probability(churn_search.whole(ready, fitted[churn_search.MEAN]), X)
    assert said == pytest.approx(np.mean(each, axis=0), abs=1e-8)
    assert ready.transform(X).shape[1] == 3  # the top three columns


def test_all_columns_are_compared_with_those_that_tell_most(searched):
    train, folds, _ = searched
    setting = churn_search.trials(SPACES[churn_search.BOOSTING], 1, 0)[0]
    table, parts = churn_columns.compare_tops(train, folds, LOG, 2, setting, 500, 0)
    assert sorted(table.number) == [2, 5]
    gain = table.gain[0]
    assert gain.low > 0 or table.top[0] == 0  # fewer are kept only if they gain
    assert gain.value == pytest.approx(table.roc_auc[0] - table.roc_auc[1])
    assert gain.low <= gain.value <= gain.high
    assert parts[0].X.shape[1] == table.number[0]


def test_fewer_columns_are_kept_where_the_others_are_noise():
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.normal(size=(1200, 80)), columns=[f"noise_{n}" for n in range(80)])
    told = noise.assign(told=rng.normal(size=1200))
    train = told.assign(churned=(told.told + rng.normal(0, 0.7, 1200) > 0).astype(int), group=np.arange(1200))
    folds = churn.folds(train, 3, 5, 0)
    setting = churn_search.trials(SPACES[churn_search.BOOSTING], 1, 0)[0] | {"columns": 0.1}
    table, parts = churn_columns.compare_tops(train, folds, preparation(list(told), []), 2, setting, 150, 0)
    assert table.top.tolist() == [2, 0]
    assert table.gain[0].low > 0
    assert parts[0].X.shape[1] == 2
    assert "2 columns, the 2 that tell most" in churn_words.columns_kept(table)


def test_where_all_columns_are_kept_there_is_nothing_to_compare_them_with(searched):
    train, folds, _ = searched
    setting = churn_search.trials(SPACES[churn_search.BOOSTING], 1, 0)[0]
    for top in (0, 5, 45):
        table, parts = churn_columns.compare_tops(train, folds, LOG, top, setting, 500, 0)
        assert table[["number", "top", "gain"]].to_numpy().tolist() == [[5, 0, None]]
        assert parts[0].X.shape[1] == 5
        assert churn_words.columns_kept(table) == "Models look at all 5 columns."


def test_what_goes_side_by_side_sums_in_one_thread():
    found = side_by_side(
        lambda _: [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"], [(0,)]
    )
    assert set(found[0]) == {1}


def test_rules_are_validated_on_the_same_rows(searched):
    train, folds, found = searched
    validation, scores = churn_search.with_rules(found, churn.baselines(LOG, train, 0), train, folds)
    assert next(iter(scores.index)) == churn.RECENCY
    assert validation[churn.RECENCY].notna().all()


def test_a_table_is_cross_validated_as_a_whole(searched):
    _, _, found = searched
    prepare = preparation(["age"], ["plan"])
    score = churn_search.whole_cv(found, churn_search.LOGISTIC, CUSTOMERS, prepare, 0, 5, 0)
    assert 0.7 < score < 0.9  # the plan alone tells .7 from .1


RNG = np.random.default_rng(1)
CHANCE = RNG.uniform(0, 1, 6000)
TRUTH = (RNG.random(6000) < CHANCE).astype(int)
FOLD = np.repeat([0, 1, 2], 2000)


def out_of_fold(score, days_apart=90):
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(FOLD * days_apart, unit="D")
    return pd.DataFrame(
        {"churned": TRUTH, "forest": score, "fold": FOLD, "as_of": day, "known_on": day + pd.Timedelta(days=90)}
    )


def test_a_map_is_used_only_where_it_makes_later_probabilities_truer():
    assert calibrate.best(calibrate.compare(out_of_fold(CHANCE), "forest")) == "none"
    assert calibrate.best(calibrate.compare(out_of_fold(CHANCE**3), "forest")) != "none"
    assert len(calibrate.compare(out_of_fold(CHANCE**3)[:2000], "forest")) == 1  # no later fold to judge by


def test_a_map_is_fitted_only_on_outcomes_that_were_known_on_the_day_it_is_judged():
    assert len(calibrate.compare(out_of_fold(CHANCE**3, days_apart=30), "forest")) == 1  # none was known in time
    halved = out_of_fold(CHANCE**3, days_apart=45)  # the last fold alone has one that was: the first
    assert [(set(FOLD[fit]), set(FOLD[val])) for fit, val in calibrate._parts(halved) if len(fit)] == [({0}, {2})]
    table = out_of_fold(CHANCE**3).drop(columns=["as_of", "known_on"])
    assert [set(FOLD[fit]) for fit, _ in calibrate._parts(table)] == [{1, 2}, {0, 2}, {0, 1}]


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_a_map_brings_probabilities_back_to_what_happens(method):
    mapped = Calibrated(None, method).fit(CHANCE**3, TRUTH).mapped(CHANCE**3)
    assert np.abs(mapped - CHANCE).mean() < 0.05
    assert (np.diff(mapped[np.argsort(CHANCE)]) >= -1e-12).all()


def test_the_threshold_keeps_its_recall_on_simulated_truth():
    threshold = threshold_for_recall(TRUTH[:3000], CHANCE[:3000], 0.8)
    assert at_threshold(TRUTH[3000:], CHANCE[3000:], threshold)["recall"] == pytest.approx(0.8, abs=0.03)


def test_the_highest_profit_is_at_the_chance_that_pays_the_contact():
    curve = profits(TRUTH, CHANCE, value=100, cost=3, chance=0.1)  # 0.3 of churn pays
    assert curve.threshold[curve.gain.idxmax()] == pytest.approx(0.3, abs=0.05)
    assert curve.gain[0] == 0
    assert profits(TRUTH, CHANCE, value=0, cost=1, chance=0.1).gain.idxmax() == 0  # nobody


def test_the_profit_of_three_customers_by_hand():
    curve = profits(np.array([1, 0, 1]), np.array([0.9, 0.5, 0.5]), value=10, cost=1, chance=0.5)
    assert curve.contacted.tolist() == [0, pytest.approx(1 / 3), 1]
    assert curve.gain.tolist() == [0, pytest.approx(4 / 3), pytest.approx(7 / 3)]


def test_samples_are_drawn_once_and_in_order():
    assert churn_search.sample(3, 9, 0).tolist() == [0, 1, 2]
    drawn = churn_search.sample(100, 10, 0)
    assert pd.Series(drawn).is_monotonic_increasing
    assert len(set(drawn)) == 10


def folds_that_say(truth, **said):
    """Two folds in which each kind says what is given."""
    half = len(truth) // 2
    return pd.DataFrame({"churned": truth, "fold": np.arange(len(truth)) // half, **said})


def test_of_two_kinds_that_rank_alike_the_simpler_stays_and_a_better_one_beats_it():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 800)
    good, poor = truth + rng.normal(0, 1, 800), truth + rng.normal(0, 3, 800)
    fair = good + rng.normal(0, 0.4, 800)
    names = (churn_search.FOREST, churn_search.BOOSTING, churn_search.NETWORK, churn_search.LOGISTIC)
    alike = folds_that_say(truth, **dict(zip(names, (good, good, fair + 1e-9 * truth, fair), strict=True)))
    worse = folds_that_say(truth, **dict(zip(names, (good, good, fair, poor), strict=True)))
    assert churn_search.best_three(alike, churn_search.fold_scores(alike, names), 0)[2] == churn_search.LOGISTIC
    assert churn_search.best_three(worse, churn_search.fold_scores(worse, names), 0)[2] == churn_search.NETWORK


def settled_on(first, other):
    """Which penalty a logistic regression keeps on rows whose first column tells and whose others are noise."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(2000, 30)), rng.integers(0, 2, 2000)
    X[:, 0] += y
    parts = [
        churn_search.Prepared(X[:60], y[:60], X[1000 * n :][:1000], y[1000 * n :][:1000], np.arange(1000))
        for n in (0, 1)
    ]
    return churn_search.settled([(churn_search.LOGISTIC, {"c": first}, {"c": other})], parts, 0)[0]


def test_the_first_setting_stays_unless_another_gains_beyond_the_interval():
    assert settled_on(0.01, 0.0101) == {churn_search.LOGISTIC: {"c": 0.01}}  # the same in all but name
    assert settled_on(1000.0, 0.01) == {churn_search.LOGISTIC: {"c": 0.01}}  # the first knows the noise by heart
    assert settled_on(0.01, 1000.0) == {churn_search.LOGISTIC: {"c": 0.01}}
