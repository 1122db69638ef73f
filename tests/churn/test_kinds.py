import pytest

from patrons.churn import kinds
from patrons.churn.kinds import BOOSTING, LOGISTIC, Seen

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
