from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info

from patrons.churn import columns, final, kinds, narrative, preprocessing, rules, search, split, validated
from patrons.churn.kinds import BOOSTING, FOREST, KINDS, LOGISTIC, MEAN, Seen
from patrons.evaluation.metrics import Interval, roc_auc
from patrons.evaluation.threads import side_by_side
from patrons.features.preparation import preparation, sources
from tests.churn.test_split import CUSTOMERS, TABLE

LOG = preparation(["recency_days", "frequency", "monetary"], ["plan"])
FEW = {"depth": [2], "leaf": [5], "columns": [1], "ridge": [1], "rate": [0.1], "rounds": [20]}
SPACES = kinds.spaces(
    {"c": [0.0001, 1.0], "products": [0], "l1": [0]},
    {"trees": [10], "depth": [4], "leaf": [10], "columns": [0], "rows": [0.4]},
    FEW,
    {"units": [4], "layers": [1], "alpha": [1.0], "stopping": [1]},
)
SEEN = Seen(events=100, columns=4, signal=0.8)


@pytest.fixture(scope="module")
def searched():
    train, _ = split.split(TABLE)
    folds = split.folds(train, 3, 5, 0)
    matrices = preprocessing.as_matrices(train, folds, LOG, 0, 500, 0)
    return train, folds, search.search(train, matrices, SPACES, SEEN, 2, 500, 0)


def test_the_mean_is_that_of_the_kinds_whose_mean_validates_best(searched):
    _, _, result = searched
    assert len(result.members) >= 2
    for one in KINDS:  # neither one more nor one less is better
        other = [kind for kind in KINDS if (kind in result.members) != (kind == one)]
        if len(other) >= 2:
            mean = result.validation.assign(other=result.validation[other].mean(axis=1))
            assert validated.fold_scores(mean, ["other"]).mean(axis=1).item() <= result.cv_roc_auc(MEAN)
    members = result.validation[list(result.members)]
    assert result.validation[MEAN].to_numpy() == pytest.approx(members.mean(axis=1).to_numpy())
    assert result.cv_roc_auc(MEAN) > 0.7


def test_the_fitted_mean_is_that_of_its_fitted_members(searched):
    train, _, result = searched
    fitted = final.finished(result, "none", final.fit_kinds(result, tuple(result.settings), train, LOG, 3, 300, 0))
    X = split.inputs(train)
    members = [fitted.models[kind].predict_proba(X)[:, 1] for kind in result.members]
    assert split.probability(fitted.models[MEAN], X) == pytest.approx(np.mean(members, axis=0), abs=1e-8)
    assert fitted.model is fitted.models[result.chosen]
    assert fitted.model["prepare"].feature_names_in_.size == 4
    assert len(set(sources(fitted.model["prepare"]))) == 3  # the three most informative


def test_the_chosen_model_alone_is_calibrated_and_so_are_its_validated_rows(searched):
    train, _, result = searched
    models = final.fit_kinds(result, tuple(result.settings), train, LOG, 0, 300, 0)
    plain, calibrated = (final.finished(result, method, models) for method in ("none", "sigmoid"))
    assert calibrated.model[-1].classifier.members_[0].get_params() == plain.model[-1].members_[0].get_params()
    score = result.validation[result.chosen].to_numpy()
    assert calibrated.judged.score.to_numpy() == pytest.approx(calibrated.model[-1].calibrate(score), abs=1e-8)
    assert plain.judged.score.tolist() == score.tolist()


def test_all_columns_are_compared_with_the_most_informative(searched):
    train, folds, _ = searched
    setting = kinds.trials(SPACES[BOOSTING], 1, 0)[0]
    table, matrices = columns.compare(train, folds, LOG, 2, setting, 500, 0)
    assert sorted(table.number) == [2, 4]
    gain = table.gain[0]
    assert gain.low > 0 or table.top[0] == 0  # fewer are kept only if they gain
    assert gain.value == pytest.approx(table.roc_auc[0] - table.roc_auc[1])
    assert gain.low <= gain.value <= gain.high
    assert len(matrices) == 3


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
    assert matrices[0].X.shape[1] == 4  # each in two views
    assert "2 columns, the 2 most informative. With these" in narrative.columns_kept(table)


def test_where_all_columns_are_kept_there_is_nothing_to_compare_them_with(searched):
    train, folds, _ = searched
    setting = kinds.trials(SPACES[BOOSTING], 1, 0)[0]
    for top in (0, 4, 45):
        table, matrices = columns.compare(train, folds, LOG, top, setting, 500, 0)
        assert table[["number", "top", "gain"]].to_numpy().tolist() == [[4, 0, None]]
        assert matrices[0].X.shape[1] == 3 + 2 + 3  # numbers as they are, two plans, numbers prepared
        assert narrative.columns_kept(table) == "Models use all 4 columns."


def test_what_goes_side_by_side_sums_in_one_thread():
    (threads,) = side_by_side(
        lambda _: [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"], [(0,)]
    )
    assert set(threads) == {1}


def test_rules_are_validated_on_the_same_rows(searched):
    train, folds, result = searched
    probabilities = rules.validated(rules.baselines(LOG, train, 0), train, folds)
    validation, scores = search.with_baselines(result, probabilities)
    assert next(iter(scores.index)) == rules.RECENCY
    assert validation[rules.RECENCY].notna().all()


def test_a_table_is_cross_validated_as_a_whole_and_each_row_is_left_out_once(searched):
    _, _, result = searched
    logistic = replace(result, scores=result.scores.loc[[LOGISTIC]], gains={})
    prepare = preparation(["age"], ["plan"])
    score, rows = final.left_out(logistic, CUSTOMERS, prepare, 0, 5, 0)
    assert 0.7 < score < 0.9  # the plan alone separates .7 from .1
    assert rows.customer_id.tolist() == CUSTOMERS.customer_id.tolist()
    assert roc_auc(CUSTOMERS.churned, rows.raw) == pytest.approx(score, abs=0.02)


def test_what_is_used_has_learnt_every_row_and_a_tables_customers_keep_the_score_of_when_they_were_left_out(searched):
    _, _, result = searched
    logistic = replace(result, scores=result.scores.loc[[LOGISTIC]], gains={})
    prepare = preparation(["age"], ["plan"])
    _, rows = final.left_out(logistic, CUSTOMERS, prepare, 0, 5, 0)
    model, judged, own = final.used(logistic, "none", CUSTOMERS, rows, prepare, 0, 500, 0)
    assert own.to_dict() == dict(zip(rows.customer_id, rows.raw, strict=True))
    assert judged.score.tolist() == rows.raw.tolist()
    whole = final.fit_chosen(logistic, CUSTOMERS, prepare, 0, 500, 0)
    X = split.inputs(CUSTOMERS)
    assert split.probability(model, X).tolist() == split.probability(whole, X).tolist()
    half = final.fit_chosen(logistic, CUSTOMERS[::2], prepare, 0, 500, 0)
    assert (split.probability(half, X) != split.probability(whole, X)).any()


def test_a_log_is_cross_validated_on_its_origins(searched):
    _, _, result = searched
    score, rows = final.left_out(result, TABLE, LOG, 0, 5, 0)
    assert score == result.scores.loc[result.chosen].mean()
    assert rows.empty


def test_samples_are_drawn_once_and_in_order():
    assert preprocessing.sample(3, 9, 0).tolist() == [0, 1, 2]
    drawn = preprocessing.sample(100, 10, 0)
    assert pd.Series(drawn).is_monotonic_increasing
    assert len(set(drawn)) == 10


def test_a_sample_to_learn_from_keeps_twenty_of_a_rare_outcome():
    outcome = np.zeros(10_000, dtype=int)
    outcome[:25] = 1
    drawn = preprocessing.sample_of_both(outcome, 500, 0)
    assert 20 <= outcome[drawn].sum() <= 25
    assert 500 <= len(drawn) <= 520
    assert preprocessing.sample_of_both(outcome[:22], 500, 0).tolist() == list(range(22))


def test_rates_of_the_outcome_are_those_of_other_customers():
    """300 customers on six days each, in 60 towns that say nothing: a town's rate must not tell of its own customer."""
    rng = np.random.default_rng(0)
    towns, churned = rng.integers(0, 60, 300), rng.integers(0, 2, 300)
    rows = pd.DataFrame({"town": [f"town {n}" for n in towns]}).loc[np.repeat(np.arange(300), 6)].reset_index(drop=True)
    y, owners = np.repeat(churned, 6), np.repeat(np.arange(300), 6)
    prepare = preparation([], ["town"])
    _, by_customer = preprocessing.fit_preprocessing(preprocessing.Task(prepare, rows, y, 0, 2000, 0, owners))
    _, by_row = preprocessing.fit_preprocessing(preprocessing.Task(prepare, rows, y, 0, 2000, 0))
    assert roc_auc(y, by_row[:, -1]) > 0.65  # the rates come last, after the columns of 0 and 1
    assert roc_auc(y, by_customer[:, -1]) < 0.55


def two_folds(truth, **probabilities):
    """Validated rows of two folds, with the probabilities of each kind."""
    half = len(truth) // 2
    rows = np.arange(len(truth))
    return pd.DataFrame({"customer_id": rows, "churned": truth, "fold": rows // half, **probabilities})


def test_a_model_ties_only_where_the_interval_is_narrow_and_then_the_simplest_is_chosen():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 800)
    good, poor = truth + rng.normal(0, 1, 800), truth + rng.normal(0, 3, 800)
    alike = {FOREST: good, BOOSTING: good + 1e-9 * truth, LOGISTIC: poor, MEAN: poor}
    assert chosen_by(two_folds(truth, **alike)) == FOREST
    wide = {FOREST: good + rng.normal(0, 0.2, 800), BOOSTING: good, LOGISTIC: poor, MEAN: poor}
    assert chosen_by(two_folds(truth, **wide)) == BOOSTING


def chosen_by(validation):
    names = [name for name in (*KINDS, MEAN) if name in validation]
    scores = validated.fold_scores(validation, names)
    gains = validated.gains_of_best(validation, scores, 0)
    return search.SearchResult({}, pd.DataFrame(), validation, scores, (), gains).chosen


def chosen_of(gains, **scores):
    """The model chosen where the one with the highest score gains so much over the others."""
    table = pd.DataFrame({0: scores}).rename({"logistic": LOGISTIC, "trees": BOOSTING, "mean": MEAN})
    return search.SearchResult({}, pd.DataFrame(), pd.DataFrame(), table, (), gains).chosen


CLEAR, TIE = Interval(0.002, 0.001, 0.003), Interval(0.0003, -0.0004, 0.001)


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


def test_the_model_that_is_chosen_gives_up_no_more_than_was_left_by_its_members_and_their_settings():
    scores = pd.DataFrame({0: {LOGISTIC: 0.8067, MEAN: 0.807}})
    result = search.SearchResult({}, pd.DataFrame(), pd.DataFrame(), scores, (), {LOGISTIC: TIE}, {MEAN: 0.001})
    assert result.chosen == LOGISTIC  # .001 and .001 together
    assert replace(result, given_up={MEAN: 0.0011}).chosen == MEAN


def test_a_simpler_group_of_members_adds_to_what_their_settings_gave_up():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 4000)
    clear = truth + rng.normal(0, 1, 4000)
    rows = two_folds(truth, **{LOGISTIC: clear, FOREST: clear, BOOSTING: clear + 1e-4 * rng.normal(size=4000)})
    members, given_up = validated.best_members(rows, {LOGISTIC: 0.0, FOREST: 0.0, BOOSTING: 0.0}, 0)
    assert members == (LOGISTIC, FOREST)
    assert 0 <= given_up < 1e-4
    _, more = validated.best_members(rows, {LOGISTIC: 0.0005, FOREST: 0.0005, BOOSTING: 0.0005}, 0)
    assert more == pytest.approx(given_up + 0.0005)


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
        scores = validated.fold_scores(rows, [LOGISTIC, BOOSTING, MEAN])
        gains = validated.gains_of_best(rows, scores, 0)
        assert search.SearchResult({}, pd.DataFrame(), rows, scores, (), gains).chosen == chosen


def penalty_kept(first, other):
    """Which penalty a logistic regression gets on rows whose first column is a signal and whose others are noise."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(2000, 30)), rng.integers(0, 2, 2000)
    X[:, 0] += y
    own = (0, 30)
    folds = [
        preprocessing.Fold(X[:60], y[:60], X[n : n + 1000], y[n : n + 1000], *[np.arange(n, n + 1000)] * 2, own, own)
        for n in (0, 1000)
    ]
    space = {"c": [first, other], "products": [0], "l1": [0]}
    tried = search.validated([(LOGISTIC, {"c": c, "products": 0, "l1": 0}) for c in (first, other)], folds, 60, 0)
    return search.settled(tried, LOGISTIC, space, folds, 0).setting["c"]


def test_the_simpler_of_settings_that_tie_stays_and_a_better_one_beats_it():
    assert penalty_kept(0.01, 0.0101) == 0.01  # the same in all but name
    assert penalty_kept(0.0101, 0.01) == 0.0101
    assert penalty_kept(0.01, 1000.0) == 0.01  # the other knows the noise by heart
    assert penalty_kept(1000.0, 0.01) == 0.01


def test_trials_learn_from_a_third_of_the_rows_first_where_that_is_enough():
    assert search.rungs(available=40_000, rows=7_000) == [2_333, 7_000]
    assert search.rungs(available=2_500, rows=7_000) == [2_500]
    assert search.rungs(available=40_000, rows=60_000) == [13_333, 40_000]


def test_trials_that_are_fitted_again_on_all_rows_take_fewer_trees():
    assert search.quicker({"trees": 100, "leaf": 5}) == {"trees": 40, "leaf": 5}
    assert search.quicker({"trees": 10}) == {"trees": 10}
    assert search.quicker({"rate": 0.05, "depth": 3}) == {"rate": 0.1, "depth": 3}
    assert search.quicker({"rate": 0.8}) == {"rate": 1.0}
    assert search.quicker({"c": 0.3}) == {"c": 0.3}


@pytest.fixture(scope="module")
def halved():
    """Two folds in which settings of a logistic regression differ clearly, and what is searched."""
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(9000, 40)), rng.integers(0, 2, 9000)
    X += 0.15 * y[:, None]  # many weak columns, of which a strong penalty drops most
    rows, own = np.arange(9000), (0, 40)
    parts = [(rows[:6500], rows[6500:7500]), (rows[:6500], rows[7500:])]
    folds = [preprocessing.Fold(X[a], y[a], X[b], y[b], b, b, own, own) for a, b in parts]
    train = pd.DataFrame({"customer_id": rows, "churned": y})
    return train, folds, {LOGISTIC: {"c": [0.004, 0.008, 0.016, 0.032, 0.064], "products": [0], "l1": [1]}}


def test_the_better_half_goes_on():
    tried = [search.Trial(LOGISTIC, {"c": c}, {}, [], score) for c, score in ((1, 0.7), (2, 0.9), (3, 0.8))]
    assert [one.setting["c"] for one in search.better_half(tried, LOGISTIC)] == [2, 3]
    assert search.better_half(tried, FOREST) == []


def test_settings_that_stopped_early_could_not_have_won_on_the_rows_that_they_were_tried_with(halved):
    train, folds, spaces = halved
    tried = search.search(train, folds, spaces, SEEN, 5, 6500, 0).tried
    few, many = (tried[tried.rows == rows].set_index("setting").roc_auc for rows in search.rungs(6500, 6500))
    assert len(many) < len(few) == 4  # the start is one of five
    assert few[many.index].min() >= few.drop(many.index).max()


def test_halving_chooses_what_all_settings_on_all_rows_would(halved):
    train, folds, spaces = halved
    result = search.search(train, folds, spaces, SEEN, 5, 6500, 0)
    candidates = [(LOGISTIC, setting) for setting in kinds.trials(spaces[LOGISTIC], 5, 0)]
    everything = search.validated(candidates, folds, 6500, 0)
    assert len(result.tried) < 2 * len(candidates)
    assert result.settings[LOGISTIC] == search.settled(everything, LOGISTIC, spaces[LOGISTIC], folds, 0).setting


def test_what_was_fitted_on_a_validated_day_is_what_the_recipe_would_be_on_it(searched):
    train, _, result = searched
    assert len(result.by_day) == 3
    for day in result.by_day:
        again = final.fit_chosen(result, train[train.known_on <= day], LOG, 0, 500, 0)
        X = split.inputs(train[train.as_of == day])
        assert split.probability(final.on_day(result, day), X) == pytest.approx(split.probability(again, X), abs=1e-6)
    assert final.on_day(result, train.as_of.min()) is None


def test_models_that_are_neither_chosen_nor_the_rival_are_not_fitted_for_the_test(searched):
    _, _, result = searched
    scores = pd.DataFrame({0: {LOGISTIC: 0.8, FOREST: 0.7, BOOSTING: 0.6, MEAN: 0.5}})
    plain = replace(result, scores=scores, gains={}, members=(LOGISTIC, BOOSTING))
    assert final.needed(plain) == (LOGISTIC, FOREST)
    mean = replace(plain, scores=scores[::-1].set_axis(scores.index))  # the mean is best, then boosted trees
    assert mean.rival == BOOSTING
    assert final.needed(mean) == (LOGISTIC, BOOSTING)
