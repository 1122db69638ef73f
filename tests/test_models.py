import pickle
import zipfile

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer
from xgboost import XGBClassifier

from patrons import models


def test_a_model_comes_back_as_it_was(tmp_path):
    fitted = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    models.save_model(tmp_path / "m.skops", fitted)
    assert models.load_model(tmp_path / "m.skops").predict_proba([[0.3]]) == pytest.approx(
        fitted.predict_proba([[0.3]])
    )


def test_a_model_with_a_type_that_is_not_listed_is_refused_and_leaves_no_file(tmp_path):
    with pytest.raises(models.ModelError, match=r"test_models\._own"):
        models.save_model(tmp_path / "m.skops", FunctionTransformer(_own))
    assert list(tmp_path.iterdir()) == []


def test_a_pickle_under_the_name_of_a_model_is_not_opened(tmp_path):
    (tmp_path / "m.skops").write_bytes(pickle.dumps(np.ones(2)))
    with pytest.raises(zipfile.BadZipFile):
        models.load_model(tmp_path / "m.skops")


def test_a_missing_model_says_what_to_run(tmp_path):
    with pytest.raises(models.ModelError, match=r"run_all\.py"):
        models.load_model(tmp_path / "m.skops")


def _own(x):
    return x


def test_the_same_model_gives_the_same_bytes_and_other_numbers_stay(tmp_path):
    large = 140490211370416  # as long as a memory address
    for name in ("a", "b"):
        fitted = RandomForestClassifier(3, random_state=large % 2**31).fit(np.arange(20.0)[:, None], np.arange(20) % 2)
        fitted.note = large
        models.save_model(tmp_path / f"{name}.skops", fitted)
    assert (tmp_path / "a.skops").read_bytes() == (tmp_path / "b.skops").read_bytes()
    again = models.load_model(tmp_path / "b.skops")
    assert again.note == large
    assert again.predict_proba([[3.0]]) == pytest.approx(fitted.predict_proba([[3.0]]))


def test_a_booster_is_saved_with_listed_types_and_the_same_bytes(tmp_path):
    X, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 3
    for name in ("a", "b"):
        models.save_model(tmp_path / f"{name}.skops", XGBClassifier(n_estimators=3, random_state=0).fit(X, y))
    assert (tmp_path / "a.skops").read_bytes() == (tmp_path / "b.skops").read_bytes()
    again = models.load_model(tmp_path / "b.skops")
    assert again.predict_proba(X) == pytest.approx(
        XGBClassifier(n_estimators=3, random_state=0).fit(X, y).predict_proba(X)
    )
