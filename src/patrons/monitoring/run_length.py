"""How far a CUSUM may rise before it alarms: so far that a false alarm comes once in a stated number of windows.

The limit is computed by simulation under the very doubts there are: few days tell the mean and the spread of the loss,
and the outcomes of windows closer than a horizon overlap. Sum and rule are those of Page (1954) for a mean that rises.
"""

from functools import lru_cache

import numpy as np

LIFE = 24  # windows that a champion is watched in the simulation
PATHS = 10_000
LEAST = 0.5  # the limit is never lower, in spreads: or any window beyond tolerance and allowance would do
DIGITS = 1  # of the allowance, so that limits are computed once


@lru_cache(maxsize=64)
def paths(days: float, freedom: float, shared: int) -> np.ndarray:
    """Standardised losses of champions of whom nothing has changed, a row a champion, a column a window.

    A window is normal, as are the days of the reference; its mean is known from `days` of them, its spread with
    `freedom` degrees of freedom. Windows that are fewer than `shared` apart share outcomes, in proportion.

    Returns
    -------
    ndarray, shape (PATHS, LIFE)
    """
    rng = np.random.default_rng(0)
    mean = rng.standard_normal((PATHS, 1)) / np.sqrt(days)
    spread = np.sqrt(rng.chisquare(freedom, (PATHS, 1)) / freedom)
    parts = rng.standard_normal((PATHS, LIFE + shared - 1))
    windows = sum(parts[:, start : LIFE + start] for start in range(shared)) / np.sqrt(shared)
    return (windows - mean) / spread


def cusum(steps: np.ndarray) -> np.ndarray:
    """One-sided CUSUM along the last axis: ``S[n] = max(0, S[n - 1] + steps[n])``, from 0.

    Examples
    --------
    >>> cusum(np.array([1.0, -3.0, 2.0, 0.5])).tolist()
    [1.0, 0.0, 2.0, 2.5]
    """
    total, found = np.zeros(steps.shape[:-1]), np.empty_like(steps)
    for window in range(steps.shape[-1]):
        total = np.maximum(0, total + steps[..., window])
        found[..., window] = total
    return found


def average(alarms: np.ndarray) -> float:
    """Average run length: windows watched until the first alarm or the end, over champions with an alarm.

    Parameters
    ----------
    alarms : ndarray of bool, shape (champions, windows)

    Examples
    --------
    >>> average(np.array([[False, True, False], [False, False, False]]))  # 2 + 3 windows, one alarm
    5.0
    """
    once = np.maximum.accumulate(alarms, axis=1)
    fallen = once[:, -1].sum()
    return float(((~once).sum() + fallen) / fallen) if fallen else np.inf


@lru_cache(maxsize=512)
def limit(run_length: float, days: float, freedom: float, allowance: float, shared: int) -> tuple[float, float]:
    """The lowest limit, from `LEAST` on, that alarms at most once in `run_length` windows if nothing has changed.

    Parameters
    ----------
    run_length : float
        Windows from one false alarm to the next.
    days, freedom, shared
        As of `paths`.
    allowance : float
        What is taken off each standardised window.

    Returns
    -------
    tuple of float
        The limit, and the average run length that it has in the simulation.
    """
    sums = cusum(paths(days, freedom, shared) - allowance)
    low, high = 0.0, float(sums.max())
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if average(sums > middle) < run_length else (low, middle)
    height = max(high, LEAST)
    return height, average(sums > height)


def counted(bad: np.ndarray, least: int, of: int) -> np.ndarray:
    """Whether at least `least` of the last `of` windows were bad, along the last axis.

    Examples
    --------
    >>> counted(np.array([True, False, True, False, False]), 2, 3).tolist()
    [False, False, True, False, False]
    """
    total = np.cumsum(np.concatenate([np.zeros((*bad.shape[:-1], of), int), bad.astype(int)], axis=-1), axis=-1)
    return total[..., of:] - total[..., :-of] >= least


@lru_cache(maxsize=512)
def of_counting(bound: float, least: int, of: int, days: float, freedom: float, shared: int) -> float:
    """Average run length of `least` of `of` windows above a bound (standardised), if nothing has changed."""
    return average(counted(paths(days, freedom, shared) > bound, least, of))
