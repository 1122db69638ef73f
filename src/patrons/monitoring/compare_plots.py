"""Figures of two runs side by side: key numbers with their intervals, and differences on the same customers."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from patrons.evaluation.metrics import Interval
from patrons.monitoring.compare import Comparison, Paired, of_tested
from patrons.monitoring.compare_narrative import LOWER_IS_BETTER, NAMES, gain, number
from patrons.plots import BLUE, GREY, ORANGE

APART = 0.19  # of a row, between the run before and this one
COLUMNS = [f"{when}{end}" for when in ("before", "after") for end in ("", "_low", "_high")]
LABELS = {
    "06.roc_auc_active": "churn: ROC AUC (can be kept)",
    "06.roc_auc": "churn: ROC AUC (everyone)",
    "05.accuracy_held_out": "segments: accuracy",
    "07.gain": "contacts: gain",
    "07.expected_spend": "expected spend",
}


def key_numbers(comparison: Comparison) -> pd.DataFrame:
    """The numbers of `LABELS` that have an interval in both runs, and the losses of the customers each has tested.

    Returns
    -------
    DataFrame
        `label`, and for `before` and `after` the number with the ends of its 95% interval, such as `before_low`.
    """
    whole = comparison.metrics.dropna()
    by_name = dict(zip(whole.metric, whole[COLUMNS].to_dict("records"), strict=True))
    of_runs = [of_tested(run) for run in (comparison.before, comparison.after)]
    rows = {label: by_name[name] for name, label in LABELS.items() if name in by_name}
    for name in LOWER_IS_BETTER:
        if all(name in of_run for of_run in of_runs):
            before, after = (of_run[name] for of_run in of_runs)
            rows[f"churn: {NAMES[name]} (lower is better)"] = _row("before", before) | _row("after", after)
    return pd.DataFrame([{"label": label, **row} for label, row in rows.items()], columns=["label", *COLUMNS])


def _row(when: str, interval: Interval) -> dict[str, float]:
    return dict(zip((when, f"{when}_low", f"{when}_high"), interval, strict=True))


def before_and_after(table: pd.DataFrame, title: str, ax: Axes) -> Axes:
    """What `key_numbers` returns: grey before and blue now, with 95% intervals, each row to its own scale.

    A row reaches from the lowest to the highest end of its two intervals, so overlap shows whatever the unit.
    """
    low, high = table[["before_low", "after_low"]].min(axis=1), table[["before_high", "after_high"]].max(axis=1)
    width = (high - low).where(high > low, 1)
    for when, colour, shift, name in (("before", GREY, -APART, "last run"), ("after", BLUE, APART, "this run")):
        at, begin, end = ((table[f"{when}{side}"] - low) / width for side in ("", "_low", "_high"))
        rows = np.arange(len(table)) + shift
        reach = [(at - begin).clip(lower=0), (end - at).clip(lower=0)]
        ax.errorbar(at, rows, xerr=reach, fmt="o", color=colour, capsize=3, label=name)
        for row, value in zip(rows, table[when], strict=True):
            ax.annotate(number(value), (1.04, row), va="center", fontsize=9, color=colour, annotation_clip=False)
    ax.set_yticks(range(len(table)), table.label)
    ax.set(
        title=title, xlabel="each row to its own scale, with 95% intervals", ylabel="", xticks=[], xlim=(-0.03, 1.03)
    )
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
    return ax


def differences(pair: Paired, title: str, ax: Axes) -> Axes:
    """ROC AUC, Brier score and log loss of this run minus those of the last one, on the same customers.

    With 95% intervals; orange where the interval says that it has become worse.
    """
    labels = []
    for row, (name, score) in enumerate(pair.scores.items()):
        value, low, high = score.difference
        reach = [[max(value - low, 0)], [max(high - value, 0)]]
        ax.errorbar(value, row, xerr=reach, fmt="o", color=ORANGE if gain(name, score) < 0 else BLUE, capsize=4)
        ax.annotate(f"{value:+.4f}", (value, row), (0, 8), textcoords="offset points", ha="center", fontsize=9)
        labels.append(f"{NAMES[name]}\n{'lower' if name in LOWER_IS_BETTER else 'higher'} is better")
    ax.axvline(0, color=GREY, linewidth=1, linestyle="--")
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
    ax.margins(y=0.3)
    ax.set(title=title, xlabel="this run minus the last one, with 95% interval", ylabel="")
    return ax
