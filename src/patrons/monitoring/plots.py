"""Figures of the monitoring notebook: a table and an `ax` in, the same `ax` out."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from patrons.monitoring.matured import KEPT, REPLAYED, TRIED
from patrons.plots import BLUE, GREEN, GREY, ORANGE, SKY

MARKS = {  # by origin: marker, colour, legend
    TRIED: ("o", BLUE, "tried before the release"),
    REPLAYED: ("s", ORANGE, "replayed afterwards"),
    KEPT: ("D", GREEN, "kept when scored"),
}


def over_days(days: pd.DataFrame, band: pd.DataFrame, metric: str, title: str, what: str, ax: Axes) -> Axes:
    """A metric on each matured day with its 95% interval, marked by origin, over the band of the days tried.

    Parameters
    ----------
    days, band : DataFrame
        What `matured.days` and `matured.band` returned.
    metric : str
        Of `matured.METRICS`.
    what : str
        What the metric is, for the axis.
    """
    shown = days[days[metric].notna()]
    order = {day: place for place, day in enumerate(shown.day.drop_duplicates().sort_values())}
    if metric in band.index and band.low.notna()[metric]:
        label = "range to expect from days tried" if band.days[metric] > 1 else "95% interval of the test"
        ax.axhspan(band.low[metric], band.high[metric], color=SKY, alpha=0.18, lw=0, label=label)
        ax.axhline(band.test[metric], color=GREY, ls=":", lw=1.5, label="the release's own test")
    for number, (origin, (marker, colour, label)) in enumerate(MARKS.items()):
        part = shown[shown.origin == origin]
        if len(part):
            places = part.day.map(order).fillna(0).to_numpy(float) + 0.12 * (number - 1)
            reach = [part[metric] - part[f"{metric}_low"], part[f"{metric}_high"] - part[metric]]
            ax.errorbar(places, part[metric], np.abs(reach), fmt=marker, color=colour, capsize=3, label=label)
    _days(ax, shown)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(title=title, xlabel="day that was forecast", ylabel=f"{what}, 95% interval")
    return ax


def _days(ax: Axes, rows: pd.DataFrame) -> None:
    days = rows.day.drop_duplicates().sort_values()
    names = ["the table" if pd.isna(day) else str(pd.Timestamp(day).date()) for day in days]
    ax.set_xticks(range(len(names)), names)
    if len(names) > 4:
        plt.setp(ax.get_xticklabels(), rotation=40, ha="right", rotation_mode="anchor")


def estimates(tested: pd.DataFrame, metric: str, title: str, what: str, ax: Axes) -> Axes:
    """What was estimated of each matured day without its outcomes, beside what came, joined by a line.

    Parameters
    ----------
    tested : DataFrame
        What `estimate.back_test` returned.
    """
    rows = tested[(tested.metric == metric) & tested.error.notna()].sort_values("day")
    order = {day: place for place, day in enumerate(rows.day.drop_duplicates())}
    places = rows.day.map(order).fillna(0).to_numpy(float)
    ax.vlines(places, rows.estimated, rows.observed, color=GREY, lw=1)
    ax.scatter(places, rows.estimated, s=70, facecolors="white", edgecolors=ORANGE, label="estimated", zorder=3)
    ax.scatter(places, rows.observed, marker="o", color=BLUE, label="observed", zorder=3)
    _days(ax, rows)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(title=title, xlabel="day that was forecast", ylabel=what)
    return ax
