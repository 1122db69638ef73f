import numpy as np
from sklearn.utils.estimator_checks import parametrize_with_checks

from patrons.models import load_model, save_model
from patrons.segments.boosting import BoostedTrees


@parametrize_with_checks([BoostedTrees(rounds=20, depth=3, columns=1.0)])
def test_it_is_an_estimator(estimator, check):
    check(estimator)


def test_labels_are_kept_as_they_are_even_where_a_fold_lacks_one(tmp_path):
    X, y = np.arange(60.0)[:, None], np.repeat(["Lost", "Champions", "Loyal"], 20)
    some = y != "Lost"
    model = BoostedTrees(rounds=10).fit(X[some], y[some])
    assert model.classes_.tolist() == ["Champions", "Loyal"]
    save_model(tmp_path / "m.skops", model)
    again = load_model(tmp_path / "m.skops")
    assert again.predict(X[20:]).tolist() == y[20:].tolist()
    assert again.predict_proba(X).shape == (60, 2)
