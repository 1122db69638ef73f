"""Figures that only the exploration draws: from the aggregates of `eda`, table and ``ax`` in, ``ax`` out."""

import pandas as pd
from matplotlib.axes import Axes

from patrons.plots import BLUE, ORANGE, PERCENT, RED, SHORT, heat


def histogram(bins: pd.DataFrame, marks: dict[str, float], title: str, what: str, ax: Axes) -> Axes:
    """Bars of counts between the edges `low` and `high` on a logarithmic axis, with the median and the mean."""
    ax.bar(bins.low, bins.orders, width=bins.high - bins.low, align="edge", color=BLUE)
    ax.set_xscale("log")
    for name, colour, line in (("median", ORANGE, "-"), ("mean", RED, "--")):
        ax.axvline(marks[name], color=colour, label=f"{name} {marks[name]:,.0f}", ls=line)
    ax.xaxis.set_major_formatter(SHORT)
    ax.legend()
    ax.set(title=title, xlabel=f"{what} (logarithmic)", ylabel="orders")
    return ax


def columns(table: pd.Series, title: str, across: str, up: str, ax: Axes) -> Axes:
    """Upright bars of shares, each with its value."""
    bars = ax.bar(table.index.astype(str), table.to_numpy(), color=BLUE)
    ax.bar_label(bars, [f"{value:.0%}" for value in table], fontsize=9)
    ax.yaxis.set_major_formatter(PERCENT)
    ax.set(title=title, xlabel=across, ylabel=up)
    return ax


def week(clock: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """Share of orders by weekday and hour as shades; by weekday alone where the log has no time of day."""
    if clock.shape[1] == 1:
        return columns(clock.iloc[:, 0], title, "weekday", "share of orders", ax)
    return heat(clock, title, "hour of the day", "", ax, fmt=".1%" if clock.shape[1] <= 12 else "")


def groups(table: pd.DataFrame, currency: str, title: str, ax: Axes) -> Axes:
    """Mean spend of the customers with each value of each attribute, and beside it their share of customers."""
    names = table.attribute.str.replace("_", " ") + ": " + table["value"].astype(str)
    bars = ax.barh(names, table.spend, color=BLUE)
    ax.bar_label(bars, [f"{share:.0%} of customers" for share in table["share"]], padding=4, fontsize=9)
    ax.invert_yaxis()
    ax.margins(x=0.2)
    ax.xaxis.set_major_formatter(SHORT)
    ax.set(title=title, xlabel=f"mean spend a customer, {currency}", ylabel="")
    return ax
