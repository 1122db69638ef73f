from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from patrons.features.preparation import preparation
from patrons.segments import assessment, classification
from patrons.segments.placement import Task

RNG = np.random.default_rng(0)
CUSTOMERS = pd.DataFrame(
    {
        "frequency": np.repeat([1, 9], 60),
        "spend": np.repeat([10.0, 1000.0], 60) * RNG.lognormal(0, 0.2, 120),
        "segment": np.repeat(["Lost", "Loyal"], 60).astype(object),
    }
)
ALL = preparation(["frequency", "spend"], [])
TASK = Task(CUSTOMERS, CUSTOMERS, {}, ["frequency"], ["spend"], preparation(["spend"], []), np.arange(120), 0.25, 0)
MODEL = classification.fit(TASK.prepare, LogisticRegression(), TASK.X, TASK.y)


def test_a_model_that_knows_the_segments_beats_the_largest_one():
    held_out = assessment.assess(MODEL, TASK)
    assert held_out.scores["accuracy"].value == 1
    assert held_out.baseline["accuracy"].value == 0.5
    assert held_out.beats_baseline
    assert held_out.recall.to_dict() == {"Lost": 1, "Loyal": 1}
    assert held_out.is_fit_for_use(0.9)


def test_the_recall_of_a_segment_that_is_never_predicted_is_zero():
    alike = replace(TASK, customers=CUSTOMERS.assign(spend=1.0))
    model = classification.fit(TASK.prepare, LogisticRegression(), alike.X, alike.y)
    held_out = assessment.assess(model, alike)
    assert sorted(held_out.recall) == [0, 1]
    assert not held_out.beats_baseline


def test_what_was_hidden_repeats_the_segments():
    scores = assessment.distillation(TASK, ALL, LogisticRegression(), TASK.folds(3))
    assert scores["accuracy"].value == 1


def test_the_card_has_all_scores():
    held_out = assessment.assess(MODEL, TASK)
    card = held_out.for_card(held_out.scores["accuracy"])
    assert list(card) == [
        "accuracy", "balanced_accuracy", "macro_f1", "cross_validated_accuracy", "log_loss", "calibration_error",
    ]  # fmt: skip
