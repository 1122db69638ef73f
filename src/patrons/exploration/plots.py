"""Figures on an order log: an aggregate of `log` and an `ax` in, the same `ax` out."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from patrons.plots import BLACK, BLUE, GREY, ORANGE, PERCENT, RED, SHORT, heat


def pareto(curve: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """Cumulated revenue over customers, best first; the best fifth is marked."""
    fifth = np.interp(0.2, curve.customers, curve.revenue)
    ax.plot(curve.customers, curve.revenue, color=BLUE, lw=2)
    ax.plot([0, 1], [0, 1], color=GREY, ls=":", lw=1)
    ax.plot([0.2, 0.2, 0], [0, fifth, fifth], color=ORANGE, lw=1, ls="--")
    ax.scatter([0.2], [fifth], color=ORANGE, zorder=3)
    ax.annotate(
        "all customers alike", (0.72, 0.72), xytext=(0, -14), textcoords="offset points", color="#555555", fontsize=9
    )
    ax.xaxis.set_major_formatter(PERCENT)
    ax.yaxis.set_major_formatter(PERCENT)
    ax.set(title=title, xlabel="share of customers, best first", ylabel="share of revenue", xlim=(0, 1), ylim=(0, 1.01))
    return ax


def histogram(bins: pd.DataFrame, marks: Mapping[str, float], title: str, what: str, ax: Axes) -> Axes:
    """Orders between the edges `low` and `high` on a logarithmic axis, with `marks` at the median and the mean."""
    ax.bar(bins.low, bins.orders, width=bins.high - bins.low, align="edge", color=BLUE)
    ax.set_xscale("log")
    for name, colour, line in (("median", ORANGE, "-"), ("mean", RED, "--")):
        ax.axvline(marks[name], color=colour, label=f"{name} {marks[name]:,.0f}", ls=line)
    ax.xaxis.set_major_formatter(SHORT)
    ax.legend()
    ax.set(title=title, xlabel=f"{what} (logarithmic)", ylabel="orders")
    return ax


def monthly_revenue(monthly: pd.DataFrame, currency: str, title: str, ax: Axes) -> Axes:
    """Revenue by month; months that the log cuts off are hatched."""
    names = monthly.month.dt.strftime("%b\n%Y").where(
        lambda s: (monthly.month.dt.month == 1) | (s.index == 0), monthly.month.dt.strftime("%b")
    )
    bars = ax.bar(range(len(monthly)), monthly.revenue, color=BLUE)
    for bar, complete in zip(bars, monthly.complete, strict=True):
        if not complete:
            bar.set(facecolor="white", edgecolor=BLUE, hatch="///")
    ax.set_xticks(range(len(monthly)), names, fontsize=8)
    ax.yaxis.set_major_formatter(SHORT)
    note = "" if monthly.complete.all() else " (hatched: month not complete)"
    ax.set(title=title, xlabel=f"month{note}", ylabel=f"revenue, {currency}")
    return ax


def gaps(curve: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """Share of gaps that have ended by each length, and of the finished gaps alone."""
    for name, label, colour, line in (
        ("ended", "all gaps, those still open included", BLUE, "-"),
        ("finished", "finished gaps alone", GREY, "--"),
    ):
        ax.step(curve.length, curve[name], where="post", color=colour, ls=line, label=label)
    for share in (0.5, 0.9):
        ax.axhline(share, color=ORANGE, lw=0.8, ls=":")
    ax.yaxis.set_major_formatter(PERCENT)
    ax.legend(loc="lower right")
    ax.set(title=title, xlabel="days since an order", ylabel="share that ordered again", xlim=(0, None), ylim=(0, 1.01))
    return ax


def shares_upright(table: pd.Series, title: str, across: str, up: str, ax: Axes) -> Axes:
    """Upright bars of shares, each with its value."""
    bars = ax.bar(table.index.astype(str), table.to_numpy(), color=BLUE)
    ax.bar_label(bars, [f"{value:.0%}" for value in table], fontsize=9)
    ax.yaxis.set_major_formatter(PERCENT)
    ax.set(title=title, xlabel=across, ylabel=up)
    return ax


def week(clock: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """Share of orders by weekday and hour as shades; by weekday alone where the log has no time of day."""
    if clock.shape[1] == 1:
        return shares_upright(clock.iloc[:, 0], title, "weekday", "share of orders", ax)
    return heat(clock, title, "hour of the day", "", ax, fmt=".1%" if clock.shape[1] <= 12 else "")


def groups(table: pd.DataFrame, currency: str, title: str, ax: Axes) -> Axes:
    """Median spend of the customers with each value of each attribute, labelled with their share of customers.

    Lines are the intervals `low` to `high`, where there are some.
    """
    names = table.attribute.str.replace("_", " ") + ": " + table["value"].astype(str)
    bars = ax.barh(names, table.spend, color=BLUE)
    ax.hlines(names, table.low, table.high, color=BLACK, lw=1)
    ax.bar_label(bars, [f"{share:.0%} of customers" for share in table["share"]], padding=4, fontsize=9)
    ax.invert_yaxis()
    ax.margins(x=0.2)
    ax.xaxis.set_major_formatter(SHORT)
    ax.set(title=title, xlabel=f"spend of the median customer, {currency}", ylabel="")
    return ax
