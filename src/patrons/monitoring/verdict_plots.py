"""Figures of the verdict: the loss over days beside the release's, and how it adds up."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from patrons.monitoring import verdict_narrative
from patrons.monitoring.verdict import Verdict
from patrons.monitoring.verdict_log import LOSS
from patrons.plots import BLUE, GREY, ORANGE, RED


def losses(found: Verdict, reference: pd.DataFrame, ax: Axes) -> Axes:
    """Log loss of the days tried and of each window after the training, with the line above which a window is bad.

    Parameters
    ----------
    reference : DataFrame
        As of `verdict.judge`.
    """
    rows, path = reference.dropna(subset=["day"]).sort_values("day"), found.path
    ax.plot(rows.day, rows[LOSS], "o-", color=BLUE, lw=1, label="days tried before the release")
    if found.release is not None:
        ax.axhline(found.release.mean, color=GREY, lw=1, label="their mean")
    if len(path) and found.release is not None:
        ax.errorbar(path.day, path.loss, 1.96 * path.loss_error, fmt="o", color=ORANGE, capsize=3, label="since then")
        bad = path[path.bad]
        ax.scatter(bad.day, bad.loss, s=90, facecolors="none", edgecolors=RED, zorder=3, label="clearly above")
        _limit(ax, path.day, found.release.mean * (1 + path.bound))
    ax.tick_params(axis="x", rotation=40)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(title=verdict_narrative.title(path), xlabel="day that was forecast", ylabel="log loss, 95% interval")
    return ax


def _limit(ax: Axes, days: pd.Series, heights: pd.Series) -> None:
    ax.plot(days, heights, ls="--" if len(days) > 1 else "", marker="_", color=RED, lw=1, label="bad from here")


def cusum(found: Verdict, ax: Axes) -> Axes:
    """How losses beyond the tolerance add up, window by window, and the limit that calls for training anew."""
    path = found.path
    if len(path):
        places = np.arange(len(path))
        ax.bar(places, path.cusum, color=np.where(path.cusum > path.limit, RED, BLUE), width=0.6)
        ax.axhline(path.limit.iloc[-1], color=RED, ls="--", lw=1)
        ax.annotate("limit", (-0.4, path.limit.iloc[-1]), xytext=(0, 4), textcoords="offset points")
        ax.set_xticks(places, [str(day.date()) for day in path.day], rotation=40, ha="right")
    title = verdict_narrative.cusum_title(path)
    ax.set(title=title, xlabel="day that was forecast", ylabel="sum beyond the tolerance")
    return ax
