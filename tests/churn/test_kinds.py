import numpy as np
import pytest

from patrons.churn import kinds
from patrons.churn.kinds import BOOSTING, LOGISTIC, Seen
from patrons.evaluation.metrics import roc_auc
from patrons.evaluation.threads import side_by_side

SPACE = {"depth": [2, 4, 8], "leaf": [30, 15, 5, 2, 1]}


def test_the_setting_that_fits_what_was_seen_is_tried_first_then_nearby_ones_and_none_twice():
    tried = kinds.trials(SPACE, 99, 0, start=1.0)
    assert tried[0] == {"depth": 8, "leaf": 1}
    assert [setting["leaf"] for setting in tried[:3]] == [1, 2, 5]  # the nearest first
    assert {setting["leaf"] for setting in tried} == {1, 2, 5}  # nothing from the other half
    assert len({tuple(setting.values()) for setting in tried}) == len(tried) <= 9
    assert kinds.trials(SPACE, 3, 0, start=1.0) == tried[:3]


def test_the_first_setting_is_free_where_the_signal_is_strong_and_events_are_many():
    assert kinds.freedom(Seen(events=1000, columns=10, signal=0.75)) == 0  # noise: the most cautious
    assert kinds.freedom(Seen(events=1000, columns=10, signal=0.97)) == pytest.approx(100 / 101)
    assert kinds.freedom(Seen(events=10, columns=10, signal=0.97)) == pytest.approx(0.5)  # one event a column
    space = kinds.spaces({}, {}, {}, {})[BOOSTING]
    assert kinds.first(space, Seen(1000, 10, 0.75))["depth"] == 2
    assert kinds.first(space, Seen(1000, 10, 0.99))["depth"] == 8


def test_the_simpler_of_two_settings_has_values_that_stand_earlier():
    assert kinds.complexity(SPACE, {"depth": 2, "leaf": 30}) == 0
    assert kinds.complexity(SPACE, {"depth": 4, "leaf": 30}) == pytest.approx(0.25)  # (1/2 + 0) / 2
    assert kinds.complexity(SPACE, {"depth": 8, "leaf": 1}) == 1
    assert kinds.complexity({"depth": [3]}, {"depth": 3}) == 0  # nothing to choose


def test_what_a_params_file_lists_stands_in_for_the_usual_values():
    chosen = kinds.spaces({"c": [1.0]}, {}, {"depth": [3.0, 4.0]}, {})
    assert chosen[LOGISTIC]["c"] == [1.0]
    assert chosen[BOOSTING]["depth"] == [3.0, 4.0]
    assert chosen[BOOSTING]["rate"] == [0.05]
    assert list(chosen) == list(kinds.KINDS)


def test_every_kind_is_built_at_either_end_of_its_space():
    for kind, space in kinds.spaces({}, {}, {}, {}).items():
        for position in (0.0, 1.0):
            kinds.build(kind, kinds.trials(space, 1, 0, position)[0], 0)


def test_a_setting_is_described_by_its_names():
    assert kinds.describe({"trees": 100, "rate": 0.05}) == "trees 100, rate 0.05"


def test_values_of_params_files_go_from_cautious_to_free_in_whatever_order_they_are_given():
    spaces = kinds.spaces({}, {"leaf": [5, 80, 20]}, {"depth": [6, 2]}, {})
    assert spaces[kinds.FOREST]["leaf"] == [80, 20, 5]
    assert spaces[kinds.BOOSTING]["depth"] == [2, 6]


def test_every_setting_of_a_logistic_regression_is_tried_with_either_penalty():
    tried = kinds.trials({"c": [0.01, 0.3], "l1": [1, 0]}, 2, 0, start=0.5)
    assert tried == [{"c": 0.01, "l1": 1}, {"c": 0.01, "l1": 0}, {"c": 0.3, "l1": 1}, {"c": 0.3, "l1": 0}]
    assert kinds.trials({"c": [0.01], "l1": [0]}, 2, 0) == [{"c": 0.01, "l1": 0}]  # as a params file may say


@pytest.fixture(scope="module")
def wide():
    """Five columns that matter among 200: rows, outcomes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 200))
    return X, (rng.random(1500) < 1 / (1 + np.exp(-X[:, :5].sum(axis=1)))).astype(int)


def test_a_penalty_that_drops_columns_keeps_those_that_matter_and_ranks_better(wide):
    X, y = wide
    drops, shrinks = (kinds.build(LOGISTIC, {"c": 0.03, "products": 0, "l1": l1}, 0) for l1 in (1, 0))
    drops.fit(X[:1000], y[:1000])
    shrinks.fit(X[:1000], y[:1000])
    kept = np.flatnonzero(drops.coef_[0])
    assert set(range(5)) <= set(kept)
    assert len(kept) < 20
    gain = [roc_auc(y[1000:], model.predict_proba(X[1000:])[:, 1]) for model in (drops, shrinks)]
    assert gain[0] > gain[1] + 0.02


def test_it_says_how_rare_a_rare_outcome_is():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5000, 4)), np.arange(5000) < 50
    fitted = kinds.build(LOGISTIC, {"c": 0.01, "products": 0, "l1": 1}, 0).fit(X, y)
    assert fitted.predict_proba(X)[:, 1].mean() == pytest.approx(0.01, abs=0.001)  # and not drawn towards a half


def test_it_comes_out_the_same_when_fits_go_side_by_side(wide):
    def weights(rows):
        model = kinds.build(LOGISTIC, {"c": 0.1, "products": 0, "l1": 1}, 0).fit(wide[0][:rows], wide[1][:rows])
        return model.coef_

    alone = [weights(rows) for rows in range(1000, 1400, 50)]
    together = side_by_side(weights, [(rows,) for rows in range(1000, 1400, 50)])
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))
