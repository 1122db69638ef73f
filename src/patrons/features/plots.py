"""Figures on the features: a table and an `ax` in, the same `ax` out."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter
from matplotlib.ticker import MaxNLocator

from patrons.plots import BLUE, GREY, PERCENT, SKY


def churn(rates: pd.DataFrame, horizon_days: int, title: str, ax: Axes) -> Axes:
    """Share without an order on each day of the panel (`rates.by_day`), of the active and of everyone, from 0 up."""
    ax.plot(rates.as_of, rates.active_churned, color=BLUE, marker="o", label=f"of those active in {horizon_days} days")
    later = f"of those without one, ordered in the {horizon_days} days after"
    ax.plot(rates.as_of, rates.came_back, color=SKY, marker="o", ms=4, label=later)
    ax.plot(rates.as_of, rates.churned, color=GREY, ls=":", label="of everyone who ever ordered")
    ax.yaxis.set_major_formatter(PERCENT)
    ax.legend()
    ax.set(title=title, xlabel="day on which customers are described", ylim=(0, 1))
    ax.set_ylabel(f"without an order in {horizon_days} days")
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
