"""The figures of the clustering comparison: a table and an `ax` in, the same `ax` out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from scipy.cluster.hierarchy import dendrogram

from patrons.plots import BLACK, BLUE, GREY, ORANGE, PALETTE

MARKERS = "osD^vP"
NAMES = {
    "silhouette": "silhouette (higher is better)",
    "davies_bouldin": "Davies-Bouldin (lower is better)",
    "calinski_harabasz": "Calinski-Harabasz (higher is better)",
}


def score_by_k(board: pd.DataFrame, chosen: pd.Series, null: pd.DataFrame, score: str, title: str, ax: Axes) -> Axes:
    """A score over the number of groups: a line a family, with intervals where the board has them, the chosen ringed.

    The grey band is from the least to the most of the draws without groups, for the chosen family; dotted, their mean.
    """
    if null.k.notna().any():
        bands = null.groupby("k")[score].agg(["min", "max", "mean"])
        ax.fill_between(bands.index, bands["min"], bands["max"], color=GREY, alpha=0.35, lw=0)
        label = f"{chosen.algorithm} where there\nare no groups"
        ax.plot(bands.index, bands["mean"], color=GREY, ls=":", label=label)
    families = list(board.groupby("algorithm", sort=False))
    for place, ((name, rows), colour, marker) in enumerate(zip(families, PALETTE, MARKERS, strict=False)):
        across = rows.groups + 0.07 * (place - (len(families) - 1) / 2)
        line = "-" if rows.setting.str.startswith("k=").all() else ""
        ax.plot(across, rows[score], marker=marker, ms=5, ls=line, color=colour, label=name)
        if f"{score}_low" in rows:
            ax.vlines(across, rows[f"{score}_low"], rows[f"{score}_high"], color=colour, lw=2, alpha=0.6)
        if name == chosen.algorithm:
            at = across[chosen.name]
            ax.scatter(
                [at], [chosen[score]], s=260, facecolor="none", edgecolor=BLACK, lw=1.5, label="chosen", zorder=5
            )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9)
    ax.set(title=title, xlabel="number of groups", ylabel=NAMES[score])
    return ax


def silhouette_plot(values: np.ndarray, labels: np.ndarray, title: str, ax: Axes) -> Axes:
    """Every customer's silhouette as a thin bar, sorted in its group; below 0 a customer is nearer to another group."""
    at, gap, middles = 0, max(1, len(values) // 60), []
    groups = np.unique(labels)
    for group, colour in zip(groups, _colours(len(groups)), strict=True):
        own = np.sort(values[labels == group])[::-1]
        ax.fill_betweenx(np.arange(at, at + len(own)), 0, own, color=colour, lw=0)
        middles.append(at + len(own) / 2)
        at += len(own) + gap
    ax.axvline(values.mean(), color=BLACK, ls="--", lw=1, label=f"mean {values.mean():.2f}")
    shares = [f"group {int(group) + 1} ({np.mean(labels == group):.0%})" for group in groups]
    ax.set_yticks(middles, shares)
    ax.invert_yaxis()
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(
        title=title, xlabel="silhouette of each customer: 1 wholly at home, 0 on the border, below 0 nearer to another"
    )
    return ax


def _colours(groups: int) -> list[str]:
    return [PALETTE[number % len(PALETTE)] for number in range(groups)]


def customer_map(points: np.ndarray, labels: np.ndarray, explained: Sequence[float], title: str, ax: Axes) -> Axes:
    """Customers on their first two principal components, coloured by group, its number at its centre."""
    groups = np.unique(labels)
    for group, colour in zip(groups, _colours(len(groups)), strict=True):
        own = points[labels == group]
        ax.scatter(own[:, 0], own[:, 1], s=7, color=colour, alpha=0.45, lw=0, rasterized=True)
        box = {"boxstyle": "circle,pad=0.25", "fc": "white", "ec": colour, "lw": 2}
        ax.annotate(str(int(group) + 1), own.mean(axis=0), ha="center", va="center", weight="bold", bbox=box, zorder=4)
    ax.set(
        title=title,
        xlabel=f"first principal component ({explained[0]:.0%} of the variance)",
        ylabel=f"second ({explained[1]:.0%})",
    )
    return ax


def dendrogram_cut(tree: np.ndarray, groups: int, title: str, ax: Axes) -> Axes:
    """The last 30 joints of Ward's tree, and the height at which it falls into so many groups."""
    heights = tree[:, 2]
    cut = (heights[-groups] + heights[-groups + 1]) / 2 if groups <= len(heights) else heights[0] / 2
    dendrogram(tree, truncate_mode="lastp", p=30, no_labels=True, color_threshold=0, above_threshold_color=BLUE, ax=ax)
    ax.axhline(cut, color=ORANGE, ls="--", label=f"cut into {groups} groups")
    ax.legend()
    ax.spines["bottom"].set_visible(False)
    ax.set(title=title, xlabel="customers, those alike side by side", ylabel="squared-error distance of what is joined")
    return ax


def bic_by_k(bic: pd.Series, title: str, ax: Axes) -> Axes:
    """The criterion over the number of components, the lowest in orange."""
    ax.plot(bic.index, bic.to_numpy(), color=BLUE, marker="o")
    ax.scatter([bic.idxmin()], [bic.min()], color=ORANGE, s=90, zorder=3, label="lowest")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.legend()
    ax.set(title=title, xlabel="number of components", ylabel="BIC (lower is better)")
    return ax


def k_distance_curve(rising: np.ndarray, eps: float, neighbours: int, title: str, ax: Axes) -> Axes:
    """Distances to the n-th neighbour in rising order, with the knee."""
    ax.plot(np.linspace(0, 1, len(rising)), rising, color=BLUE)
    ax.axhline(eps, color=ORANGE, ls="--", label=f"knee: {eps:.2f}")
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.legend()
    ax.set(
        title=title,
        xlabel="share of customers with a distance of at most that",
        ylabel=f"distance to the {neighbours}th nearest",
        ylim=(0, None),
    )
    return ax


def agreements(found: pd.Series, title: str, ax: Axes) -> Axes:
    """Bars of agreement with the chosen grouping, from 0 (as by chance) to 1 (the same)."""
    ax.barh(found.index, found.to_numpy(), color=BLUE)
    for row, value in enumerate(found):
        ax.annotate(f"{value:.2f}", (value, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    ax.invert_yaxis()
    ax.set(title=title, xlabel="agreement with the chosen grouping (adjusted Rand index)", ylabel="", xlim=(0, 1.05))
    return ax
