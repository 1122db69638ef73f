"""Figures of customer value and of contacts; see `patrons.plots` for what they share."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, NullFormatter

from patrons.plots import BLUE, GREY, ORANGE, SHORT


def deciles(table: pd.DataFrame, currency: str, title: str, ax: Axes) -> Axes:
    """What groups by forecast were expected to spend, and what they spent with its interval, on logarithmic axes."""
    spent = np.maximum(table.spent, 1.0)
    reach = [spent - np.clip(table.low, 1.0, spent), np.maximum(table.high, spent) - spent]
    line = [min(table.expected.min(), spent.min()), max(table.expected.max(), spent.max())]
    ax.plot(line, line, color=GREY, ls=":", lw=1.5, label="as expected")
    ax.errorbar(table.expected, spent, yerr=reach, fmt="o", color=BLUE, capsize=4, label="spent, with 95% interval")
    ax.set(xscale="log", yscale="log")
    _logarithmic(ax.xaxis)
    _logarithmic(ax.yaxis)
    ax.legend(loc="upper left")
    ax.set(title=title, xlabel=f"expected, mean of a group, {currency}", ylabel=f"spent, mean of a group, {currency}")
    return ax


def _logarithmic(axis: Axis) -> None:
    """Short numbers at powers of ten, and on a short axis at 2 and 5 times these."""
    low, high = axis.get_view_interval()
    between = FuncFormatter(lambda x, _: SHORT(x) if f"{x:e}"[0] in "25" else "")
    axis.set_major_formatter(SHORT)
    axis.set_minor_formatter(between if high < 100 * low else NullFormatter())


def tracking(weekly: pd.DataFrame, cutoff: date | None, among: str, title: str, ax: Axes) -> Axes:
    """Repeat orders a week as expected and as observed, and the day from which they are foretold.

    `among` is what `evaluation.samples.among` says of those whose orders are counted.
    """
    ax.plot(weekly.week, weekly.observed, color=BLUE, lw=1.5, label="observed")
    ax.plot(weekly.week, weekly.expected, color=ORANGE, lw=2, label="expected by MBG/NBD")
    if cutoff:
        top = max(weekly.observed.max(), weekly.expected.max())
        ax.plot(pd.to_datetime([cutoff, cutoff]), [0, top], color=GREY, ls=":", label=f"foretold from {cutoff}")
    ax.yaxis.set_major_formatter(SHORT)
    ax.set_ylim(bottom=0)
    ax.legend(loc="upper left")
    ax.set(title=title, xlabel="week of the log", ylabel=f"repeat orders{among} a week")
    return ax


def by_segment(table: pd.DataFrame, what: str, title: str, ax: Axes) -> Axes:
    """Bars of totals a segment, the largest on top, with intervals where there are some (`value`, `low`, `high`)."""
    rows = np.arange(len(table))
    ax.barh(rows, table.value, color=BLUE)
    if "low" in table:
        reach = [np.maximum(table.value - table.low, 0), np.maximum(table.high - table.value, 0)]
        ax.errorbar(table.value, rows, xerr=reach, fmt="none", color="#333333", capsize=4, lw=1)
    ax.set_yticks(rows, [str(name) for name in table.index])
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(SHORT)
    ax.set(title=title, xlabel=what, ylabel="")
    return ax


def at_stake(
    listed: pd.DataFrame, break_even: Sequence[tuple[float, float, float]], what: str, title: str, ax: Axes
) -> Axes:
    """Customers by churn probability and what keeping them brings more, and the lines from which a contact pays.

    There is a line a band of silence, that of the shortest with its interval.
    """
    valued = listed.assign(more=listed.value_if_kept - listed.value_if_lost)
    valued = valued[valued.more > 0]
    shown = valued.sample(min(len(valued), 4000), random_state=0)
    most = float(shown.more.max()) if len(shown) else max(line for line, _, _ in break_even)
    low = max(float(shown.more.quantile(0.002)) if len(shown) else 0.0, min(1.0, most / 10))
    pays = shown.expected_gain > 0
    for chosen, colour, name in ((~pays, GREY, "a contact costs more"), (pays, BLUE, "a contact pays")):
        more = shown.more[chosen].clip(lower=low)  # the least stand on the axis
        ax.scatter(shown.churn_probability[chosen], more, s=9, alpha=0.6, color=colour, lw=0, label=name, zorder=2)
    chance, ((first, lower, upper), *longer) = np.linspace(0.01, 1, 200), break_even
    ax.plot(chance, first / chance, color=ORANGE, lw=2, zorder=3, label="break-even, with 95% interval")
    ax.fill_between(chance, lower / chance, upper / chance, color=ORANGE, alpha=0.2, lw=0, zorder=0)
    for n, (line, _, _) in enumerate(longer):
        ax.plot(chance, line / chance, color=ORANGE, ls=":", zorder=3, label=None if n else "after longer silence")
    ax.set(yscale="log", ylim=(low, most * 1.5), xlim=(0, 1))
    ax.xaxis.set_major_formatter("{x:.0%}")
    _logarithmic(ax.yaxis)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=2)
    ax.set(title=title, xlabel="churn probability", ylabel=f"{what} (logarithmic)")
    return ax


def profit(curve: pd.DataFrame, contacts: int, currency: str, title: str, ax: Axes) -> Axes:
    """Gain in all over how many are contacted, with its 95% band, and the number that is proposed."""
    ax.fill_between(curve.contacted, curve.low, curve.high, color=BLUE, alpha=0.18, lw=0, label="95% interval")
    ax.plot(curve.contacted, curve.gain, color=BLUE, lw=2, label="expected")
    ax.axhline(0, color=GREY, lw=1)
    ax.axvline(contacts, color=ORANGE, ls="--", label=f"proposed: {contacts:,}")
    ax.xaxis.set_major_formatter(SHORT)
    ax.yaxis.set_major_formatter(SHORT)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(title=title, xlabel="customers contacted, in the order of the list", ylabel=f"gain in all, {currency}")
    return ax
