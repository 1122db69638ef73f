"""Figures that several rooms draw: a table and an `ax` in, the same `ax` out; a title says the finding.

Nothing is shown or saved here. What only one room draws is in the `plots` of that room.

One palette, safe for colour-blind readers (Okabe & Ito, 2008); blue is the data, orange is what to look at.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, PercentFormatter

from patrons.lexicon import words

BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY, RED, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#56B4E9", "#D55E00", "#000000",
)  # fmt: skip
PALETTE = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, BLACK)
GREY = "#8a8f98"
PERCENT, SHORT = PercentFormatter(1, decimals=0), EngFormatter(sep="")


def use_style() -> None:
    """Set the look of every figure of a notebook."""
    sns.set_theme(style="ticks", palette=list(PALETTE), font="DejaVu Sans")
    mpl.rcParams.update(
        {
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 12,
            "axes.titleweight": "bold",
            "axes.labelcolor": "#444444",
            "axes.grid": False,
            "legend.frameon": False,
        }
    )


def axes(width: float = 8, height: float = 4) -> Axes:
    """Axes of a new figure, inches."""
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def shares(table: pd.Series, title: str, what: str, ax: Axes) -> Axes:
    """Horizontal bars of shares, the first on top, each with its value."""
    ax.barh(words(table.index), table.to_numpy(), color=BLUE)
    for row, value in enumerate(table):
        ax.annotate(f"{value:.1%}", (value, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(PERCENT)
    ax.margins(x=0.1)
    ax.set(title=title, xlabel=what, ylabel="")
    return ax


def pairs(table: pd.DataFrame, names: Mapping[str, str], title: str, what: str, ax: Axes) -> Axes:
    """Two bars per row, to compare two shares; `names` are the columns and their legends."""
    rows = np.arange(len(table))
    for column, shift, colour in zip(names, (-0.2, 0.2), (BLUE, ORANGE), strict=True):
        ax.barh(rows + shift, table[column], height=0.38, color=colour, label=names[column])
    ax.set_yticks(rows, table.index.astype(str))
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(PERCENT)
    ax.legend()
    ax.set(title=title, xlabel=what, ylabel="")
    return ax


def heat(
    table: pd.DataFrame, title: str, across: str, up: str, ax: Axes, diverging: bool = False, fmt: str = ".0%"
) -> Axes:
    """A matrix of numbers as shades, each number in its cell; missing ones stay white."""
    limits: dict[str, Any] = {"vmin": -1, "vmax": 1, "cmap": "vlag"} if diverging else {"vmin": 0, "cmap": "Blues"}
    table = table.set_axis(words(table.index)).set_axis(words(table.columns), axis="columns")
    sns.heatmap(
        table, ax=ax, annot=True, fmt=fmt, cbar=False, linewidths=1, linecolor="white", annot_kws={"size": 9}, **limits
    )
    ax.tick_params(axis="both", length=0)
    ax.tick_params(axis="y", rotation=0)
    ax.set(title=title, xlabel=across, ylabel=up)
    return ax


def confusion(truth: Sequence[str], predicted: Sequence[str], names: Sequence[str], title: str, ax: Axes) -> Axes:
    """Predicted against true classes: counts, shaded by share of the true class."""
    from sklearn.metrics import ConfusionMatrixDisplay  # slow to import, and no part of other figures

    matrix = ConfusionMatrixDisplay.from_predictions(
        truth, predicted, display_labels=names, ax=ax, cmap="Blues", colorbar=False
    )
    ax.tick_params(axis="x", rotation=30)
    plt.setp(ax.get_xticklabels(), ha="right", rotation_mode="anchor")
    matrix.ax_.set(title=title, xlabel="predicted", ylabel="true")
    return ax


def intervals(table: pd.DataFrame, title: str, what: str, ax: Axes) -> Axes:
    """Scores as points with their 95% intervals, one per row: columns `value`, `low`, `high`."""
    rows = np.arange(len(table))
    reach = [table.value - table.low, table.high - table.value]
    ax.errorbar(table.value, rows, xerr=reach, fmt="o", color=BLUE, capsize=4)
    for row, value in zip(rows, table.value, strict=True):
        ax.annotate(f"{value:.3f}", (value, row), xytext=(0, 8), textcoords="offset points", ha="center", fontsize=9)
    ax.set_yticks(rows, table.index)
    ax.invert_yaxis()
    ax.margins(y=0.3)
    ax.set(title=title, xlabel=f"{what}, with 95% interval", ylabel="")
    return ax
