"""Values that models cannot compute with: which feature has them."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite, nan
from typing import Any

import pandas as pd

from patrons.scoring.rows import CATEGORY, Feature

BEYOND = "the values are beyond what the models can compute with"
MOST_TRIED = 8  # features that are tried one by one, those farthest from the training first
MOST_EXPLAINED = 20  # rows of a table that are explained, since that takes some tries each

Row = Mapping[str, Any]
Answer = Callable[[dict[str, Any]], Any]


def typical(features: Sequence[Feature]) -> dict[str, Any]:
    """A customer with the median, or the most frequent category, of every feature."""
    return {
        feature.name: nan if feature.example is None and feature.kind != CATEGORY else feature.example
        for feature in features
    }


def explained(row: Row, features: Sequence[Feature], answer: Answer) -> str:
    """Why a customer cannot be scored, with the features that are in the way.

    Parameters
    ----------
    row : mapping
        The customer, as read.
    features : sequence of Feature
    answer : callable
        Answers for a customer; None where the values are beyond the models.
    """
    odd = sorted((one for one in features if _distance(row, one) > 0), key=lambda one: -_distance(row, one))[
        :MOST_TRIED
    ]
    usual = {**row, **{one.name: one.example for one in odd}}
    able = answer(usual) is not None
    guilty = [one for one in odd if able and answer({**usual, one.name: row[one.name]}) is None]
    if not guilty:
        return f"{BEYOND}: look for one that is far too large or negative"
    listed = "; ".join(f"{one.name} is {row[one.name]:,.6g}, in training {_usual(one)}" for one in guilty)
    return f"{BEYOND}: {listed}"


def explain(answers: pd.DataFrame, inputs: pd.DataFrame, features: Sequence[Feature], answer: Answer) -> pd.DataFrame:
    """The answers to a table, with such reasons for the first rows whose values are beyond the models."""
    for row in answers.index[answers.error == BEYOND][:MOST_EXPLAINED]:
        answers.loc[row, "error"] = explained(inputs.loc[row].to_dict(), features, answer)
    return answers


def _distance(row: Row, feature: Feature) -> float:
    """How many widths of its range in training a number lies beyond it."""
    value = row[feature.name]
    if feature.kind == CATEGORY or feature.low is None or feature.high is None or not isfinite(value):
        return 0.0
    return max(feature.low - value, value - feature.high) / ((feature.high - feature.low) or 1.0)


def _usual(feature: Feature) -> str:
    return f"{feature.low:,.6g} to {feature.high:,.6g}"
