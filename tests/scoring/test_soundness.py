"""Models whose trees lead out of themselves are refused when they are loaded, before they can end the process."""

import json

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from xgboost import XGBClassifier

from patrons.models import ModelError, load_model, save_model
from patrons.scoring.soundness import refuse_unsound, walked

X = np.random.default_rng(1).random((200, 4))
Y = (X[:, 0] + X[:, 1] > 1).astype(int)


def forest():
    return make_pipeline(StandardScaler(), RandomForestClassifier(3, max_depth=3, random_state=0)).fit(X, Y)


def changed_tree(model, change):
    """The first tree of a forest, with a state that `change` has had its way with."""
    tree = model[-1].estimators_[0].tree_
    state = tree.__getstate__()
    change(state)
    tree.__setstate__(state)
    return model


def out_of_the_tree(state):
    state["nodes"]["left_child"][0] = 1_000_000


def in_a_circle(state):
    state["nodes"]["left_child"][1] = 0


def of_an_unknown_feature(state):
    state["nodes"]["feature"][0] = 50_000


def with_more_nodes_than_it_holds(state):
    state["node_count"] = 10_000_000


def deeper_than_it_says(state):
    state["max_depth"] = 0


@pytest.mark.parametrize(
    "change", [out_of_the_tree, in_a_circle, of_an_unknown_feature, with_more_nodes_than_it_holds, deeper_than_it_says]
)
def test_a_crafted_tree_of_trusted_types_is_refused_after_loading(change, tmp_path):
    model = changed_tree(forest(), change)
    path = tmp_path / "churn.skops"
    if change is not with_more_nodes_than_it_holds:  # which cannot be written by way of scikit-learn
        model = load_model(save_model(path, model))
    with pytest.raises(
        ModelError, match=r"churn\.skops holds a model that cannot be walked \(a tree .*someone you trust"
    ):
        refuse_unsound({"churn": model})


def test_a_tree_of_more_features_than_its_forest_takes_is_refused(tmp_path):
    model = forest()
    model[-1].n_features_in_ = 1
    with pytest.raises(ModelError, match="names feature"):
        refuse_unsound({"churn": model})


@pytest.mark.parametrize("width", [4, 40])  # by a tree of neighbours, and by looking at all
def test_neighbours_that_are_not_of_their_points_are_refused(width):
    points = np.random.default_rng(0).random((100, width))
    model = KNeighborsClassifier(1).fit(points, np.arange(100) % 3)
    refuse_unsound({"clusterer": model})
    if model._tree is not None:
        state = list(model._tree.__getstate__())
        state[1] = np.asarray(state[1]).copy() + 10_000
        model._tree.__setstate__(tuple(state))
        with pytest.raises(ModelError, match="not of its points"):
            refuse_unsound({"clusterer": model})
    model = KNeighborsClassifier(1).fit(points, np.arange(100) % 3)
    model._y = model._y + 5_000
    with pytest.raises(ModelError, match="names class"):
        refuse_unsound({"clusterer": model})


@pytest.mark.parametrize(("field", "number"), [("left_children", 500_000), ("split_indices", 77_777)])
def test_boosted_trees_that_lead_elsewhere_are_refused(field, number):
    model = XGBClassifier(n_estimators=2, max_depth=2, n_jobs=1).fit(X, Y)
    refuse_unsound({"churn": model})
    written = json.loads(model.get_booster().save_raw("json"))
    written["learner"]["gradient_booster"]["model"]["trees"][0][field][0] = number
    model.get_booster().load_model(bytearray(json.dumps(written).encode()))
    with pytest.raises(ModelError, match="cannot be walked"):
        refuse_unsound({"churn": model})


def test_a_kind_of_model_that_no_release_has_is_refused():
    with pytest.raises(ModelError, match="a SVC, which no model of Patrons has"):
        refuse_unsound({"churn": make_pipeline(StandardScaler(), SVC()).fit(X, Y)})


def test_sound_models_pass_and_their_depth_is_counted():
    refuse_unsound({"churn": forest(), "other": KNeighborsClassifier(1).fit(X, Y)})
    #      0
    #     / \
    #    1   2
    #   / \
    #  3   4
    assert walked(np.array([1, 3, -1, -1, -1]), np.array([2, 4, -1, -1, -1])) == 2
    with pytest.raises(ValueError, match="reached twice"):
        walked(np.array([1, 0, -1]), np.array([2, 2, -1]))
    with pytest.raises(ValueError, match="half a leaf"):
        walked(np.array([1, -1, -1]), np.array([2, 0, -1]))
