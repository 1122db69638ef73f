"""Answers as JSON holds them, and whether one is the answer that was wanted."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

CLOSE = 1e-5  # how far two ways to the same number may lie apart, of those above 1 as a share


def plain(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON takes it: plain numbers and text, None for missing."""
    return {str(name): _plain(value) for name, value in answer.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value


def difference(answer: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The first field in which an answer is not the one wanted, empty where there is none."""
    for name, value in wanted.items():
        actual = answer.get(name)
        numbers = isinstance(value, float) and isinstance(actual, float)
        if abs(actual - value) > CLOSE * max(1.0, abs(value)) if numbers else actual != value:
            return f"{name} is {actual!r}, not {value!r}"
    return ""
