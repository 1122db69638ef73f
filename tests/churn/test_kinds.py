import nbformat
from conftest import REPOSITORY

from patrons import churn
from patrons.churn import kinds
from patrons.series.declarations import declared

NOTEBOOK = REPOSITORY / "notebooks/06_churn.ipynb"


def test_the_first_of_each_list_is_tried_first_and_none_twice():
    space = {"a": [1, 2, 3], "b": ["x", "y"]}
    tried = kinds.trials(space, 4, 0)
    assert tried[0] == {"a": 1, "b": "x"}
    assert len({tuple(setting.values()) for setting in tried}) == 4
    assert len(kinds.trials(space, 99, 0)) == 6


def test_a_setting_is_described_by_its_names():
    assert kinds.describe({"trees": 100, "weights": "none"}) == "trees 100, weights none"


def test_the_notebook_gives_each_setting_its_own_parameter():
    cells = nbformat.read(NOTEBOOK, 4).cells
    (source,) = (cell.source for cell in cells if cell.source.startswith("spaces = "))
    names = {name: name for name in declared(NOTEBOOK)}
    spaces = eval(source.removeprefix("spaces = "), {"churn": churn, **names})
    prefixes = dict(zip(kinds.KINDS, ("logistic", "forest", "boosting", "network"), strict=True))
    for kind, prefix in prefixes.items():
        assert spaces[kind] == {name: f"{prefix}_{name}" for name in kinds.NAMES[kind]}
