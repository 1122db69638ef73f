"""Figures of segments and of the models that place customers in them: a table and an `ax` in, the same `ax` out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from patrons.evaluation.metrics import Interval
from patrons.lexicon import words
from patrons.plots import BLUE, GREEN, GREY, ORANGE, PERCENT, RED, SKY


def averages(means: pd.DataFrame, names: Mapping[str, str], title: str, ax: Axes) -> Axes:
    """Small figures side by side, one a column: its mean in each segment.

    Parameters
    ----------
    means : DataFrame
        One row a segment.
    names : mapping
        Columns of `means`, and their titles, with unit.
    """
    for n, (column, name) in enumerate(names.items()):
        small = ax.inset_axes((n / len(names), 0, 0.85 / len(names), 1))
        small.barh(np.arange(len(means)), means[column], color=(BLUE, GREEN, ORANGE)[n % 3])
        for row, value in enumerate(means[column]):
            text = f"{value:,.1f}" if value < 10 else f"{value:,.0f}"
            small.annotate(text, (value, row), xytext=(3, 0), textcoords="offset points", va="center", fontsize=9)
        small.set_yticks(np.arange(len(means)), means.index if n == 0 else [""] * len(means))
        small.invert_yaxis()
        small.margins(x=0.25)
        small.xaxis.set_major_formatter(EngFormatter(sep=""))
        small.set_xlabel(name)
    ax.set_axis_off()
    ax.set(title=title, xlabel=", ".join(names.values()), ylabel="segment")  # not drawn: for the alternative text
    return ax


def gains(balance: pd.DataFrame, who: str, title: str, ax: Axes) -> Axes:
    """Bars to the right for customers who joined a segment, to the left for those who left it; a point for the net.

    `balance` is what `movement.balance` returns, `who` says which customers it counts.
    """
    rows = np.arange(len(balance))
    ax.barh(rows, balance.joined, color=BLUE, label="came from another segment")
    ax.barh(rows, balance.new, left=balance.joined, color=SKY, label="new customers")
    ax.barh(rows, -balance.left, color=ORANGE, label="went to another segment")
    ax.scatter(balance.net, rows, color="black", zorder=3, label="net (in brackets)")
    ax.axvline(0, color=GREY, lw=1)
    ax.set_yticks(rows, [f"{name} ({net:+,})" for name, net in balance.net.items()])
    ax.invert_yaxis()
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(title=title, xlabel=who, ylabel="")
    return ax


def reliability(table: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """How often predictions are right, by how sure the model was; `table` is what `multiclass.calibration` returns."""
    ax.plot([0, 1], [0, 1], color=GREY, ls=":", lw=1.5, label="as predicted")
    ax.plot(table.confidence, table.accuracy, color=BLUE, marker="o", label="held-out customers, a tenth each")
    low = max(min(table.confidence.min(), table.accuracy.min()) - 0.05, 0)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PERCENT)
    ax.legend(loc="upper left")
    ax.set(
        title=title,
        xlabel="probability of the predicted segment",
        ylabel="share predicted right",
        xlim=(low, 1),
        ylim=(low, 1.01),
    )
    return ax


def importances(table: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """Bars of permutation importance with the spread over shuffles; columns `importance`, `spread`."""
    rows = np.arange(len(table))
    ax.barh(rows, table.importance, xerr=table.spread, color=BLUE, error_kw={"ecolor": GREY, "capsize": 2})
    ax.set_yticks(rows, words(table.index))
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(_points)
    ax.set(title=title, xlabel="accuracy lost when it is shuffled, percentage points", ylabel="")
    return ax


def _points(value: float, _: float | None) -> str:
    return f"{100 * value:.1f}"


def versus(scores: Mapping[str, Interval], base: Mapping[str, Interval], model: str, baseline: str) -> pd.DataFrame:
    """What `against` draws, of two sets of intervals by name."""
    rows = {
        name.replace("_", " "): {**score._asdict(), **{f"base_{part}": v for part, v in base[name]._asdict().items()}}
        for name, score in scores.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.attrs = {"model": model, "base": baseline}
    return table


def against(table: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """Scores of a model and its baseline, a row a score; columns `value`, `low`, `high` and the same with `base_`."""
    rows = np.arange(len(table))
    _points_with_intervals(table[["value", "low", "high"]], rows - 0.12, 7, BLUE, table.attrs["model"], ax)
    base = table[["base_value", "base_low", "base_high"]].set_axis(["value", "low", "high"], axis="columns")
    _points_with_intervals(base, rows + 0.12, -15, RED, table.attrs["base"], ax)
    ax.set_yticks(rows, table.index)
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(title=title, xlabel="score, with 95% interval", ylabel="")
    return ax


def _points_with_intervals(
    table: pd.DataFrame, rows: np.ndarray, offset: float, colour: str, label: str, ax: Axes
) -> None:
    reach = [table.value - table.low, table.high - table.value]
    ax.errorbar(table.value, rows, xerr=reach, fmt="o", color=colour, capsize=4, label=label)
    place: dict[str, Any] = {"xytext": (0, offset), "textcoords": "offset points", "ha": "center", "fontsize": 9}
    for row, value in zip(rows, table.value, strict=True):
        ax.annotate(f"{value:.3f}", (value, row), color=colour, **place)
