"""Figures of the churn notebook: a table and an `ax` in, the same `ax` out."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from sklearn.calibration import calibration_curve

from patrons.lexicon import words
from patrons.plots import BLUE, GREY, ORANGE, PERCENT, SKY, axes


def compared(table: pd.DataFrame, chosen: str, title: str, what: str, ax: Axes) -> Axes:
    """Scores as points with their intervals, the chosen one in orange with its interval drawn through all rows.

    Parameters
    ----------
    table : DataFrame
        Index the models; `value`, `low`, `high`.
    """
    rows = np.arange(len(table))[::-1]
    ax.axvspan(table.low[chosen], table.high[chosen], color=ORANGE, alpha=0.12, lw=0)
    for row, (name, score) in zip(rows, table.iterrows(), strict=True):
        colour = ORANGE if name == chosen else BLUE
        reach = [[score.value - score.low], [score.high - score.value]]
        ax.errorbar(score.value, row, xerr=reach, fmt="o", color=colour, capsize=4)
        text, above = f"{score.value:.3f}", (0, 6)
        ax.annotate(text, (score.value, row), xytext=above, textcoords="offset points", ha="center", fontsize=8)
    ax.set_yticks(rows, table.index)
    ax.margins(y=0.12)
    ax.set(title=title, xlabel=f"{what}, with 95% interval", ylabel="")
    return ax


def spread(scores: pd.DataFrame, chosen: str, title: str, across: str, ax: Axes) -> Axes:
    """A line a model over the folds it was validated on: the chosen one in orange, the first (simplest) named too.

    Parameters
    ----------
    scores : DataFrame
        Index the models, columns the folds in order.
    """
    places = np.arange(scores.shape[1])
    for name, values in scores.iterrows():
        highlighted, first = name == chosen, name == scores.index[0]
        colour = ORANGE if highlighted else BLUE if first else GREY
        label = name if highlighted or first else None
        ax.plot(places, values, color=colour, marker="o", lw=2.5 if highlighted else 1, label=label)
    ax.plot([], [], color=GREY, marker="o", lw=1, label="others")
    ax.set_xticks(places, scores.columns)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(title=title, xlabel=across, ylabel="ROC AUC")
    return ax


def origins(table: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """ROC AUC on each day on which the procedure was tried, with its interval; the last, the test, in orange.

    Parameters
    ----------
    table : DataFrame
        `day`, `roc_auc`, `low`, `high`.
    """
    places, scores = np.arange(len(table)), table.roc_auc.to_numpy()
    reach = np.array([scores - table.low.to_numpy(), table.high.to_numpy() - scores])
    earlier = slice(0, len(table) - 1)
    for part, colour, label in ((earlier, BLUE, "earlier days"), (slice(len(table) - 1, None), ORANGE, "the test")):
        if len(places[part]):
            ax.errorbar(places[part], scores[part], reach[:, part], fmt="o", color=colour, capsize=4, label=label)
    ax.axhline(table.roc_auc.mean(), color=GREY, ls=":", lw=1.5, label="mean")
    ax.set_xticks(places, [str(day) for day in table.day])
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(title=title, xlabel="day that was forecast from what was known on it", ylabel="ROC AUC, 95% interval")
    return ax


def seasons(table: pd.DataFrame, nearest: str, what: str, title: str, ax: Axes) -> Axes:
    """Share that was forecast beside the share that happened, a pair of bars a day; `nearest` is marked."""
    places, width = np.arange(len(table)), 0.38
    ax.bar(places - width / 2, table.forecast, width, color=SKY, label="forecast")
    ax.bar(places + width / 2, table.observed, width, color=BLUE, label="happened")
    for offset, shares in ((-width / 2, table.forecast), (width / 2, table.observed)):
        for place, share in zip(places, shares, strict=True):
            text, at = f"{share:.0%}", (place + offset, share)
            ax.annotate(text, at, (0, 2), textcoords="offset points", ha="center", fontsize=8)
    names = [f"{day}\n(nearest in season)" if str(day) == nearest else str(day) for day in table.day]
    ax.set_xticks(places, names)
    ax.yaxis.set_major_formatter(PERCENT)
    ax.margins(y=0.15)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(title=title, xlabel="day", ylabel=what)
    return ax


def choices(curve: pd.DataFrame, marks: Mapping[str, float], currency: str, title: str, ax: Axes) -> Axes:
    """Gain a customer over the share contacted, with the place of each threshold of `marks` (name to threshold)."""
    ax.plot(curve.contacted, curve.gain, color=BLUE, lw=2)
    ax.axhline(0, color=GREY, ls=":", lw=1)
    for (name, threshold), colour in zip(marks.items(), (ORANGE, BLUE), strict=False):
        reached = curve[curve.threshold >= threshold]
        if len(reached):
            place = reached.iloc[-1]
            ax.scatter([place.contacted], [place.gain], color=colour, zorder=3, s=50, label=name)
    ax.legend()
    ax.xaxis.set_major_formatter(PERCENT)
    ax.set(
        title=title,
        xlabel="share of customers contacted, the likeliest to churn first",
        ylabel=f"gain a customer, {currency}",
    )
    return ax


def segments(table: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """Churn that happened with its interval, and churn forecast, a row a segment (see `tables.by_segment`)."""
    rows = np.arange(len(table))[::-1]
    reach = [table.value - table.low, table.high - table.value]
    ax.errorbar(table.value, rows, xerr=reach, fmt="o", color=BLUE, capsize=4, label="happened, with 95% interval")
    ax.scatter(table.forecast, rows, marker="D", color=ORANGE, zorder=3, label="forecast")
    ax.set_yticks(rows, [f"{name} ({n:,})" for name, n in zip(table.index, table.customers, strict=True)])
    ax.xaxis.set_major_formatter(PERCENT)
    ax.margins(y=0.2)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(title=title, xlabel="share that churned", ylabel="segment (customers tested)")
    return ax


def losses(table: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """Bars of what the score loses without each feature, with the range of the repeats (see `importance.permuted`)."""
    rows = np.arange(len(table))
    ax.barh(rows, table.value, color=BLUE)
    ax.errorbar(table.value, rows, xerr=[table.value - table.low, table.high - table.value], fmt="none", color=GREY)
    ax.set_yticks(rows, words(table.index))
    ax.invert_yaxis()
    ax.set(
        title=title, xlabel="ROC AUC lost when the feature's values are shuffled (line: range of repeats)", ylabel=""
    )
    return ax


def dependences(curves: Mapping[str, pd.DataFrame], title: str) -> Axes:
    """Small figures side by side: mean probability of churn over the values of one feature each, on one scale."""
    first = axes(3.1 * len(curves), 3.4)
    figure = first.figure
    first.remove()
    panels = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for ax, (name, curve) in zip(panels, curves.items(), strict=True):
        if pd.api.types.is_numeric_dtype(curve.value):
            ax.plot(curve.value, curve.probability, color=BLUE, marker="o", ms=4)
            ax.xaxis.set_major_formatter(FuncFormatter(_short))
        else:
            ax.plot(range(len(curve)), curve.probability, color=BLUE, marker="o", ls="")
            ax.set_xticks(range(len(curve)), curve.value.astype(str), rotation=30, ha="right", fontsize=8)
        ax.set_xlabel(words([name])[0], fontsize=9)
    panels[0].yaxis.set_major_formatter(PERCENT)
    panels[0].set_ylabel("mean churn probability")
    panels[0].set_title(title)
    return panels[0]


def _short(value: float, _: int) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:g}"


def calibration(truth: np.ndarray, score: np.ndarray, title: str, ax: Axes) -> Axes:
    """Observed against forecast churn in ten groups of equal size."""
    observed, forecast = calibration_curve(truth, score, n_bins=10, strategy="quantile")
    ax.plot([0, 1], [0, 1], color=GREY, ls=":", lw=1.5, label="as forecast")
    ax.plot(forecast, observed, color=BLUE, marker="o", label="observed, one tenth of customers per point")
    ax.legend(loc="upper left")
    ax.xaxis.set_major_formatter(PERCENT)
    ax.yaxis.set_major_formatter(PERCENT)
    ax.set(title=title, xlabel="churn probability forecast", ylabel="share that churned", xlim=(0, 1), ylim=(0, 1))
    return ax
