"""The figures of the clustering comparison: a table and an `ax` in, the same `ax` out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from scipy.cluster.hierarchy import dendrogram
from sklearn.decomposition import PCA

from patrons.plots import BLACK, BLUE, GREY, ORANGE, PALETTE
from patrons.segments.leaderboard import TITLES

MARKERS = "osD^vP"


def score_by_k(board: pd.DataFrame, chosen: pd.Series, null: pd.DataFrame, score: str, title: str, ax: Axes) -> Axes:
    """A score by number of groups: a line a family, with intervals where there are any, and a ring around the chosen.

    The grey band goes from the lowest to the highest draw without groups, of the chosen family; dotted is their mean.
    """
    if null.k.notna().any():
        _null_band(null.groupby("k")[score].agg(["min", "max", "mean"]), chosen.algorithm, ax)
    families = list(board.groupby("algorithm", sort=False))
    for place, ((name, rows), colour, marker) in enumerate(zip(families, PALETTE, MARKERS, strict=False)):
        across = rows.groups + 0.07 * (place - (len(families) - 1) / 2)
        line = "-" if rows.setting.str.startswith("k=").all() else ""
        ax.plot(across, rows[score], marker=marker, ms=5, ls=line, color=colour, label=name)
        if f"{score}_low" in rows:
            ax.vlines(across, rows[f"{score}_low"], rows[f"{score}_high"], color=colour, lw=2, alpha=0.6)
        if name == chosen.algorithm:
            ring: dict[str, Any] = {"s": 260, "facecolor": "none", "edgecolor": BLACK, "lw": 1.5, "zorder": 5}
            ax.scatter(across[across.index == chosen.name], [chosen[score]], label="chosen", **ring)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9)
    ax.set(title=title, xlabel="number of groups", ylabel=TITLES[score])
    return ax


def _null_band(bands: pd.DataFrame, family: str, ax: Axes) -> None:
    ax.fill_between(bands.index, bands["min"], bands["max"], color=GREY, alpha=0.35, lw=0)
    ax.plot(bands.index, bands["mean"], color=GREY, ls=":", label=f"{family} where there\nare no groups")


def in_time(refits: pd.DataFrame, chosen: pd.Series, title: str, ax: Axes) -> Axes:
    """Agreement with groupings of earlier days by days before today, beside that with bootstrap samples of today."""
    ax.plot(refits.days, refits.agreement, marker="o", ms=5, color=BLUE, label="made on an earlier day")
    ax.axhspan(chosen.stability_low, chosen.stability_high, color=ORANGE, alpha=0.3, lw=0)
    ax.axhline(chosen.stability, color=ORANGE, ls="--", label="made of bootstrap samples of today")
    ax.invert_xaxis()
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9)
    ax.set(title=title, xlabel="days before today", ylabel="adjusted Rand index", ylim=(min(0, ax.get_ylim()[0]), 1.02))
    return ax


def silhouette_plot(values: np.ndarray, labels: np.ndarray, title: str, ax: Axes) -> Axes:
    """Each customer's silhouette as a thin bar, sorted within groups; below 0 a customer is nearer to another group."""
    start, gap, middles = 0, max(1, len(values) // 60), []
    groups = np.unique(labels)
    for group, colour in zip(groups, _colours(len(groups)), strict=True):
        own = np.sort(values[labels == group])[::-1]
        ax.fill_betweenx(np.arange(start, start + len(own)), 0, own, color=colour, lw=0)
        middles.append(start + len(own) / 2)
        start += len(own) + gap
    ax.axvline(values.mean(), color=BLACK, ls="--", lw=1, label=f"mean {values.mean():.2f}")
    shares = [f"group {int(group) + 1} ({np.mean(labels == group):.0%})" for group in groups]
    ax.set_yticks(middles, shares)
    ax.invert_yaxis()
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(title=title, xlabel="silhouette of each customer: 1 well inside, 0 on the border, below 0 nearer to another")
    return ax


def _colours(groups: int) -> list[str]:
    return [PALETTE[number % len(PALETTE)] for number in range(groups)]


def first_components(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points on their first two principal components, and the share of the variance that each of the two explains."""
    pca = PCA(2, svd_solver="full").fit(points)
    return pca.transform(points), pca.explained_variance_ratio_


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
    """The last 30 merges of Ward's tree, and the height at which it falls into so many groups."""
    heights = tree[:, 2]
    cut = (heights[-groups] + heights[-groups + 1]) / 2 if groups <= len(heights) else heights[0] / 2
    dendrogram(tree, truncate_mode="lastp", p=30, no_labels=True, color_threshold=0, above_threshold_color=BLUE, ax=ax)
    ax.axhline(cut, color=ORANGE, ls="--", label=f"cut into {groups} groups")
    ax.legend()
    ax.spines["bottom"].set_visible(False)
    ax.set(title=title, xlabel="customers, those alike side by side", ylabel="squared-error distance of what is merged")
    return ax


def bic_by_k(bic: pd.Series, title: str, ax: Axes) -> Axes:
    """The criterion over the number of components, the lowest in orange."""
    ax.plot(bic.index, bic.to_numpy(), color=BLUE, marker="o")
    ax.scatter(bic.index[[int(bic.argmin())]], [bic.min()], color=ORANGE, s=90, zorder=3, label="lowest")
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
        xlabel="share of customers with at most that distance",
        ylabel=f"distance to the {neighbours}th nearest",
        ylim=(0, None),
    )
    return ax


def agreements(values: pd.Series, title: str, ax: Axes) -> Axes:
    """Bars of agreement with the chosen grouping, from 0 (as by chance) to 1 (the same)."""
    ax.barh(values.index, values.to_numpy(), color=BLUE)
    for row, value in enumerate(values):
        ax.annotate(f"{value:.2f}", (value, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    ax.invert_yaxis()
    ax.set(title=title, xlabel="agreement with the chosen grouping (adjusted Rand index)", ylabel="", xlim=(0, 1.05))
    return ax
