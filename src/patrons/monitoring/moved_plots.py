"""Pictures of what moved."""

from collections.abc import Mapping
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from patrons.monitoring.moved import DAYS, Moved, distinct
from patrons.monitoring.shift import CATEGORY, DISTANCE
from patrons.plots import BLUE, GREY, ORANGE, PERCENT, axes

SHOWN, PICTURES = 10, 3  # features
CATEGORIES = 6
BINS = 24
WIDTH = 44  # characters of a label's line


def _named(named: Mapping[str, str], name: object, width: int = WIDTH) -> str:
    return fill(named.get(str(name), str(name)), width)


def features(result: Moved, named: Mapping[str, str], title: str, ax: Axes) -> Axes:
    """The features that moved most: the distance between then and now, and what it usually is."""
    table = result.features.head(SHOWN)
    rows = np.arange(len(table))
    what = "days of this log" if result.null == DAYS else "draws of customers"
    band = f"as {what} may differ, among so many features"
    ax.barh(rows, table.limit.clip(upper=1), color=GREY, alpha=0.35, height=0.6, label=band)
    colours = np.where(table["moved"], ORANGE, BLUE)
    ax.scatter(table[DISTANCE], rows, c=colours, s=45, zorder=3)
    for moved, colour, label in ((True, ORANGE, "today: moved"), (False, BLUE, "today")):
        if (table["moved"] == moved).any():
            ax.scatter([], [], c=colour, s=45, label=label)
    ax.set_yticks(rows, [_named(named, name) for name in table.index], fontsize=9)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(PERCENT)
    ax.set_xlim(left=0)
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.16), ncols=3, fontsize=9)
    ax.set(title=fill(title, 70), xlabel="largest difference in the share of customers (KS distance)", ylabel="")
    return ax


def pictures(result: Moved, named: Mapping[str, str]) -> Axes:
    """Small figures side by side: how customers then and now spread over the features that moved most."""
    assert result.pair is not None
    names = distinct(result, PICTURES)
    first = axes(3.4 * len(names), 3.2)
    figure = first.figure
    first.remove()
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for panel, name in zip(panels, names, strict=True):
        values = (result.pair.then[name], result.pair.now[name])
        draw = _categories if result.features.loc[name, "kind"] == CATEGORY else _numbers
        draw(panel, *values, result.pair.weights)
        panel.yaxis.set_major_formatter(PERCENT)
        panel.set_title(_named(named, name, 30), fontsize=10)
    panels[0].set_ylabel("share of customers")
    panels[0].legend(fontsize=9)
    return panels[0]


def _numbers(ax: Axes, then: pd.Series, now: pd.Series, weights: np.ndarray) -> None:
    low, high = np.nanquantile(pd.concat([then, now]).to_numpy(float), [0.01, 0.99])
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1).tolist()
    for values, weight, colour, label in ((then, weights, GREY, "then"), (now, np.ones(len(now)), ORANGE, "now")):
        kept = values.notna().to_numpy()
        held, share = values[kept].clip(edges[0], edges[-1]), weight[kept] / weight.sum()
        filled = label == "then"
        ax.hist(
            held, edges, weights=share, color=colour, label=label, lw=1.8,
            histtype="stepfilled" if filled else "step", alpha=0.45 if filled else 1.0,
        )  # fmt: skip


def _categories(ax: Axes, then: pd.Series, now: pd.Series, weights: np.ndarray) -> None:
    before = pd.Series(weights).groupby(then.astype(object).where(then.notna(), "–").to_numpy()).sum() / weights.sum()
    after = now.astype(object).where(now.notna(), "–").value_counts(normalize=True)
    table = pd.DataFrame({"then": before, "now": after}).fillna(0.0)
    table = table.loc[(table["now"] - table["then"]).abs().nlargest(CATEGORIES).index]
    places = np.arange(len(table))
    ax.bar(places - 0.2, table["then"], 0.38, color=GREY, alpha=0.6, label="then")
    ax.bar(places + 0.2, table["now"], 0.38, color=ORANGE, label="now")
    ax.set_xticks(places, [str(name)[:12] for name in table.index], rotation=30, ha="right", fontsize=8)
