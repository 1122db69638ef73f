"""Figures on the features: a table and an `ax` in, the same `ax` out."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter
from matplotlib.ticker import MaxNLocator

from patrons.plots import BLUE, PERCENT, SKY


def by_day(rates: pd.Series, what: str, title: str, ax: Axes) -> Axes:
    """A rate on each snapshot day, as points on a line; the axis starts at 0."""
    ax.plot(rates.index, rates.to_numpy(), color=BLUE, marker="o")
    ax.yaxis.set_major_formatter(PERCENT)
    ax.set(title=title, xlabel="day on which customers are described", ylabel=what, ylim=(0, 1))
    days = ConciseDateFormatter(ax.xaxis.get_major_locator())  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(days)
    return ax


def explained(ratios: np.ndarray, title: str, ax: Axes) -> Axes:
    """Variance that the first principal components explain together."""
    ax.bar(np.arange(1, len(ratios) + 1), ratios, color=SKY, label="each")
    ax.plot(np.arange(1, len(ratios) + 1), np.cumsum(ratios), color=BLUE, marker="o", label="together")
    ax.yaxis.set_major_formatter(PERCENT)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    ax.set(title=title, xlabel="principal component", ylabel="share of variance", ylim=(0, 1))
    return ax
