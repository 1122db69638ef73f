"""What the verdict may ask, and the rules that ask no losses: the slope of F1, and the age of the champion."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

RECORDS = 30  # over which the slope of F1 is taken
FEWEST_RECORDS = 3


@dataclass(frozen=True)
class Limits:
    """What the verdict may ask; all parameters of the notebook.

    Attributes
    ----------
    tolerance : float
        Share by which the loss may lie above the release's.
    run_length : int
        Windows from one false alarm of the CUSUM to the next, at least.
    bad_windows, of_windows : int
        So many bad windows of so many call for training anew.
    f1_fall : float
        Fall of F1 over the last 30 records that calls for it; 0 does not look at it.
    max_age_days : int
        Age of the champion that calls for it; 0 does not look at it.
    """

    tolerance: float = 0.08
    run_length: int = 120
    bad_windows: int = 2
    of_windows: int = 3
    f1_fall: float = 0.0
    max_age_days: int = 0

    def __post_init__(self) -> None:
        if self.bad_windows > self.of_windows:
            raise ValueError(
                f"bad_windows is {self.bad_windows} of of_windows {self.of_windows}: so many can never be bad. "
                "Give bad_windows a number up to of_windows."
            )


def rule(name: str, value: float, limit: float, fired: bool, length: float = np.nan) -> dict[str, object]:
    """What a rule says: its value, the limit, whether it calls for training anew, windows between false alarms."""
    return {"rule": name, "value": value, "limit": limit, "fired": fired, "run_length": length}


def f1_slope(seen: pd.DataFrame, limits: Limits) -> list[dict[str, object]]:
    """F1 along a straight line over the last records; none where it is off or there are fewer than three."""
    if not limits.f1_fall or "f1" not in seen:
        return []
    values = seen.sort_values("day").f1.dropna().to_numpy(float)[-RECORDS:]
    if len(values) < FEWEST_RECORDS:
        return []
    fall = -float(np.polyfit(np.arange(len(values)), values, 1)[0]) * (len(values) - 1)
    return [rule("slope", fall, limits.f1_fall, fall > limits.f1_fall)]


def age(trained: date | None, today: date | None, limits: Limits) -> list[dict[str, object]]:
    """Whether the champion is older than an operator allows; none where no age is given."""
    if not limits.max_age_days or trained is None or today is None:
        return []
    days = (pd.Timestamp(today) - pd.Timestamp(trained)).days
    return [rule("age", days, limits.max_age_days, days > limits.max_age_days)]
