"""Figures on segments and the models that place customers in them, as in `plots`."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from patrons.evaluation.metrics import Interval
from patrons.plots import BLUE, GREEN, GREY, ORANGE, PERCENT, RED, SKY


def averages(means: pd.DataFrame, names: Mapping[str, str], title: str, ax: Axes) -> Axes:
    """A small figure a number, side by side: its mean in each segment.

    Parameters
    ----------
    means : DataFrame
        One row a segment.
    names : mapping
        Columns of `means`, and what they are called, with unit.
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
    ax.set(title=title, xlabel=", ".join(names.values()), ylabel="segment")  # read out, not drawn
    return ax


def gains(balance: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """Bars to the right for customers that joined a segment, to the left for those that left it; a point for the net.

    `balance` is what `movement.balance` returns.
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
    ax.set(title=title, xlabel="customers", ylabel="")
    return ax


def reliability(table: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """How often a verdict is right against how sure the model was; `table` is what `multiclass.calibration` returns."""
    ax.plot([0, 1], [0, 1], color=GREY, ls=":", lw=1.5, label="as said")
    ax.plot(table.confidence, table.accuracy, color=BLUE, marker="o", label="held-out customers, a tenth each")
    low = max(min(table.confidence.min(), table.accuracy.min()) - 0.05, 0)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PERCENT)
    ax.legend(loc="upper left")
    ax.set(title=title, xlabel="probability of the verdict", ylabel="share told right", xlim=(low, 1), ylim=(low, 1.01))
    return ax


def importances(table: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """Bars of what forgetting a feature costs, with the spread over shuffles; columns `importance`, `spread`."""
    rows = np.arange(len(table))
    ax.barh(rows, table.importance, xerr=table.spread, color=BLUE, error_kw={"ecolor": GREY, "capsize": 2})
    ax.set_yticks(rows, [str(name).replace("_", " ") for name in table.index])
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(_points)
    ax.set(title=title, xlabel="accuracy lost when it is shuffled, percentage points", ylabel="")
    return ax


def _points(value: float, _: int) -> str:
    return f"{100 * value:.1f}"


def versus(scores: Mapping, base: Mapping, model: str, baseline: str) -> pd.DataFrame:
    """What `against` draws, of two sets of intervals by name."""
    rows = {name.replace("_", " "): {**one._asdict(), **_named("base_", base[name])} for name, one in scores.items()}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.attrs = {"model": model, "base": baseline}
    return table


def _named(prefix: str, interval: Interval) -> dict[str, float]:
    return {prefix + name: value for name, value in interval._asdict().items()}


def against(table: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """Scores of a model and its baseline, a row a score; columns `value`, `low`, `high` and the same with `base_`."""
    rows = np.arange(len(table))
    for prefix, shift, colour, name in (
        ("", -0.12, BLUE, table.attrs["model"]),
        ("base_", 0.12, RED, table.attrs["base"]),
    ):
        value = table[f"{prefix}value"]
        reach = [value - table[f"{prefix}low"], table[f"{prefix}high"] - value]
        ax.errorbar(value, rows + shift, xerr=reach, fmt="o", color=colour, capsize=4, label=name)
        for row, one in zip(rows, value, strict=True):
            place = {"xytext": (0, 7 if shift < 0 else -15), "textcoords": "offset points"}
            ax.annotate(f"{one:.3f}", (one, row + shift), ha="center", fontsize=9, color=colour, **place)
    ax.set_yticks(rows, table.index)
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(title=title, xlabel="score, with 95% interval", ylabel="")
    return ax
