from dataclasses import replace

import numpy as np
import pytest

from patrons.churn import kinds, rounds
from patrons.churn.kinds import BOOSTING
from patrons.churn.preprocessing import Fold
from patrons.churn.search import validate

SETTING = kinds.trials(kinds.spaces({}, {}, {"rounds": [200], "rate": [0.1]}, {})[BOOSTING], 1, 0, 0.5)[0]


def folds(signal, rows=300):
    rng = np.random.default_rng(4)
    made = []
    for n in range(3):
        X, X_val = rng.normal(size=(rows, 6)), rng.normal(size=(rows, 6))
        y, y_val = ((Z[:, 0] * signal + rng.normal(size=rows) > 0).astype(int) for Z in (X, X_val))
        made.append(Fold(X, y, X_val, y_val, *[np.arange(n * rows, (n + 1) * rows)] * 2, (0, 6), (0, 6)))
    return made


def test_trees_stop_early_where_more_only_learn_noise_and_never_beyond_the_limit():
    ((noise, *_),) = rounds.stopped([SETTING], folds(signal=0.3), 300, 0)
    assert noise["rounds"] == rounds.STEP  # the first look is the best
    ((strong, *_),) = rounds.stopped([SETTING], folds(signal=8), 300, 0)
    assert rounds.STEP < strong["rounds"] <= 200


def test_a_folds_own_validation_rows_never_decide_when_its_trees_stop():
    """With its outcomes turned round a fold gets the same probabilities; the others' rounds and the model's change."""
    made = folds(signal=8)
    turned = [replace(made[0], y_val=1 - made[0].y_val), *made[1:]]
    ((setting, before, _),) = rounds.stopped([SETTING], made, 300, 0)
    ((other, after, _),) = rounds.stopped([SETTING], turned, 300, 0)
    assert (before[0] == after[0]).all()
    assert (before[1] != after[1]).any()
    assert other["rounds"] < setting["rounds"]


def test_where_rows_are_parted_twice_their_other_fold_does_not_decide_either():
    """Two partings of one set: with the outcomes of a fold's rows turned in both, its probabilities stay."""
    made = folds(signal=8)
    again = [replace(one, X=one.X[::-1], y=one.y[::-1]) for one in made]
    turned = [replace(fold, y_val=1 - fold.y_val) for fold in (made[0], again[0])]
    ((_, before, _),) = rounds.stopped([SETTING], [*made, *again], 300, 0)
    ((_, after, _),) = rounds.stopped([SETTING], [turned[0], *made[1:], turned[1], *again[1:]], 300, 0)
    assert (before[0] == after[0]).all()
    assert (before[1] != after[1]).any()


def test_trees_of_larger_steps_are_given_up_after_fewer_rounds():
    rows = rounds._rows(folds(signal=1)[0], 300, 0)
    assert rounds._start({**SETTING, "rate": 0.1}, rows, 0).patience == 30
    assert rounds._start({**SETTING, "rate": 0.01}, rows, 0).patience == rounds.PATIENCE
    assert rounds._start({**SETTING, "rate": 0.5}, rows, 0).patience == rounds.STEP


def test_no_more_rounds_are_grown_than_the_most():
    ((setting, *_),) = rounds.stopped([{**SETTING, "rounds": 10}], folds(signal=8), 300, 0)
    assert setting["rounds"] == 10


def test_a_model_built_with_the_rounds_found_says_what_was_validated():
    (made,) = folds(signal=1)[:1]
    ((setting, probabilities, (booster,)),) = rounds.stopped([SETTING], [made], 300, 0)
    assert validate(BOOSTING, setting, made, 300, 0) == pytest.approx(probabilities[0], abs=1e-6)
    assert booster.num_boosted_rounds() > setting["rounds"]  # it grew on until that was seen to be enough
    model = rounds.cut(setting, booster, 0)
    assert model.get_booster().num_boosted_rounds() == setting["rounds"]
    assert model.predict_proba(made.X_val)[:, 1] == pytest.approx(probabilities[0], abs=1e-6)


def test_settings_that_grow_side_by_side_say_what_each_says_alone():
    other = {**SETTING, "depth": 2}
    together = rounds.stopped([SETTING, other], folds(signal=3), 300, 0)
    alone = [rounds.stopped([one], folds(signal=3), 300, 0)[0] for one in (SETTING, other)]
    for (setting, said, _), (expected, wanted, _) in zip(together, alone, strict=True):
        assert setting == expected
        assert all((a == b).all() for a, b in zip(said, wanted, strict=True))
