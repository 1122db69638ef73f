"""Figures on a customer table: a table of `table` and an `ax` in, the same `ax` out."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, MaxNLocator

from patrons.plots import BLUE, GREY, ORANGE, PERCENT

ACROSS = 3  # small figures in a row


def churn_rates(rates: pd.DataFrame, overall: float, title: str, ax: Axes) -> Axes:
    """Points with intervals, one row per value, grouped by attribute; orange where churn is above the overall rate.

    Parameters
    ----------
    rates : DataFrame
        What `table.churn_rates` returns.
    overall : float
        Share of all customers that churned: a dotted line.
    """
    first = rates.attribute != rates.attribute.shift()
    rows = np.arange(len(rates)) + first.cumsum().to_numpy() - 1.0  # a gap before each attribute
    above = rates.low > overall
    for chosen, colour in ((~above, BLUE), (above, ORANGE)):
        part = rates[chosen]
        reach = [part.rate - part.low, part.high - part.rate]
        ax.errorbar(part.rate, rows[chosen], xerr=reach, fmt="o", color=colour, capsize=3)
    ax.axvline(overall, color=GREY, ls=":", lw=1, zorder=0)
    ax.annotate(
        f"all {overall:.0%}", (overall, -0.9), xytext=(4, 0), textcoords="offset points", color="#555555", fontsize=9
    )
    names = [f"{a} · {v}" if new else v for a, v, new in zip(rates.attribute, rates.value, first, strict=True)]
    ax.set_yticks(rows, [f"{name} ({n:,})" for name, n in zip(names, rates.customers, strict=True)], fontsize=9)
    ax.set_ylim(rows[-1] + 0.7, -1.3)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_formatter(PERCENT)
    ax.set(title=title, xlabel="share that churned, with 95% interval (customers in brackets)", ylabel="")
    return ax


def distributions(spread: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """One small figure per attribute: bars for customers who stayed, a line for those who churned.

    Parameters
    ----------
    spread : DataFrame
        What `table.distributions` returns.
    """
    names = list(spread.attribute.unique())
    rows = -(-len(names) // ACROSS)
    for n, name in enumerate(names):
        box = ((n % ACROSS) / ACROSS, 1 - (n // ACROSS + 0.82) / rows, 0.88 / ACROSS, 0.6 / rows)
        _distribution(spread[spread.attribute == name], ax.inset_axes(box), legend=n == 0)
    ax.set_axis_off()
    ax.set(title=title, xlabel=f"values of {', '.join(names)}", ylabel="share of customers")  # read out, not drawn
    return ax


def _distribution(spread: pd.DataFrame, small: Axes, legend: bool) -> None:
    edges = [*spread.left, spread.right.iloc[-1]]
    small.stairs(spread.stayed, edges, fill=True, color=BLUE, alpha=0.45, label="of those who stayed")
    small.stairs(spread.churned, edges, color=ORANGE, lw=2, label="of those who churned")
    if spread.value.notna().all():
        turned = 20 if spread.value.str.len().max() > 6 else 0
        small.set_xticks(range(len(spread)), [_cut(value) for value in spread.value], rotation=turned)
    else:
        small.xaxis.set_major_locator(MaxNLocator(5))
        small.xaxis.set_major_formatter(EngFormatter(sep=""))  # a small figure has no room for 200000
    small.tick_params(labelsize=7)
    small.yaxis.set_major_formatter(PERCENT)
    small.set_title(spread.attribute.iloc[0], fontsize=9, fontweight="normal")
    if legend:
        small.legend(fontsize=7)


def _cut(text: str, length: int = 14) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
