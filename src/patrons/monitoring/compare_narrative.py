"""Sentences on two runs side by side: what changed, what can explain it, and whether the forecast is better."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from patrons.digits import held
from patrons.evaluation.metrics import Interval
from patrons.lexicon import capital
from patrons.monitoring.compare import Change, Comparison, Paired, Score, text
from patrons.monitoring.runs import WATCHER

NAMES = {"roc_auc": "ROC AUC", "brier": "Brier score", "log_loss": "log loss"}
LOWER_IS_BETTER = ("brier", "log_loss")
NO_RUN = "No earlier run that succeeded is kept to compare with. The next run will say here what changed."
UNKNOWN = "That cannot be told from no change"
UNCOMMITTED = "the code may have, as not all of it was committed"
SHOWN = 3  # changes that a sentence names


def since_last_run(comparison: Comparison | None) -> list[str]:
    """What changed since the last run, a thought a sentence; where there is no such run, that."""
    if comparison is None:
        return [NO_RUN]
    named = (_named(comparison), data(comparison), forecast(comparison))
    return [held(sentence) for sentence in (explanation(comparison), *named, *troubles(comparison)) if sentence]


def explanation(comparison: Comparison) -> str:
    """Which changes can explain other numbers; numbers that nothing explains are named."""
    changed, moved = comparison.changed, [stage for stage in comparison.moved if stage != WATCHER]
    if comparison.unexplained:
        stages = listed(comparison.unexplained)
        return (
            f"Nothing changed that {stages} depends on, and yet numbers differ there: the same run does not give the "
            "same result. Look into that first."
        )
    what = listed(changed)
    if not changed and comparison.code is None and moved:
        return f"Numbers of {listed(moved)} differ. Nothing that is recorded changed; {UNCOMMITTED}."
    if not changed:
        told = (
            "and the numbers are equal to the last bit" if not moved else f"and yet numbers of {listed(moved)} differ"
        )
        return f"Nothing changed, {told}."
    if not moved:
        return f"{capital(what)} changed, and no number did."
    if len(changed) > 1:
        told = f"{capital(what)} changed. Which of them moved the numbers cannot be told from these two runs."
        return told + (f" {capital(UNCOMMITTED)}." if comparison.code is None else "")
    if comparison.code is None:
        return f"Of what is recorded only the {what} changed; {UNCOMMITTED}."
    return f"Only the {what} changed, so other numbers come from that."


def _named(comparison: Comparison) -> str:
    """The first parameters that differ, by name."""
    changes = comparison.parameters
    if not changes:
        return ""
    named = [f"{change.what} ({before_and_after(change, 60)})" for change in changes[:SHOWN]]
    rest = len(changes) - len(named)
    return f"Changed in the configuration: {listed([*named, *([f'{rest} more'] if rest else [])])}."


def data(comparison: Comparison) -> str:
    """How many lines the data have more or fewer, and until when they reach now; empty where they are the same."""
    if "data" not in comparison.changed:
        return ""
    old, new = comparison.before.record["data"], comparison.after.record["data"]
    if old.get("title") != new.get("title"):
        return f"The data are others: {old.get('title')} before, {new.get('title')} now."
    more = (new.get("lines") or 0) - (old.get("lines") or 0)
    size = f"{abs(more):,} lines {'more' if more > 0 else 'fewer'}" if more else "as many lines, and not the same ones"
    ends = [(of.get("period") or [None])[-1] for of in (old, new)]
    until = f" and end on {ends[1]}, not on {ends[0]}" if ends[0] != ends[1] and None not in ends else ""
    return f"The data have {size}{until}."


def forecast(comparison: Comparison) -> str:
    """Whether the churn forecast is better, of the customers whom both runs tested."""
    pair = comparison.paired
    if isinstance(pair, str):
        return pair
    if not any(score.difference.value for score in pair.scores.values()):
        return f"{capital(tested(pair))}, all have the scores that they had."
    change = pair.scores["roc_auc"].difference
    told = f"{abs(change.value):.3f} {'higher' if change.value >= 0 else 'lower'}"
    verdict = {1: "It ranks customers better than before", -1: "It ranks customers worse than before"}
    return f"{capital(tested(pair))}, the ROC AUC of the forecast is {told}. {verdict.get(sign(change), UNKNOWN)}."


def sign(change: Interval) -> int:
    """1 where the interval of a difference lies above zero, -1 below it, else 0."""
    return int(change.low > 0) - int(change.high < 0)


def gain(metric: str, score: Score) -> int:
    """1 where a metric has become better beyond chance, -1 worse, else 0."""
    return sign(score.difference) * (-1 if metric in LOWER_IS_BETTER else 1)


def tested(pair: Paired) -> str:
    """Whom both runs tested, and when."""
    who = f"of the {pair.customers:,} customers {'who could be kept and ' if pair.active else ''}whom both runs tested"
    return who + (f" on {pair.day}" if pair.day is not None else "")


def troubles(comparison: Comparison) -> list[str]:
    """Notebooks that ended otherwise than before, and outcomes that were corrected."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name, before, after in comparison.states:
        groups.setdefault((before or "not there", after or "not there"), []).append(name)
    told = [f"{listed(names)}: {before} before, {after} now." for (before, after), names in groups.items()]
    pair = comparison.paired
    if isinstance(pair, Paired) and pair.corrected:
        told.append(f"{pair.corrected:,} customers have another outcome than before: they are left out of the pair.")
    return told


def title(comparison: Comparison) -> str:
    """Title of the differences on the same customers."""
    pair = comparison.paired
    return "" if isinstance(pair, str) else f"{pair.customers:,} customers tested by both runs: " + _verdict(pair)


def _verdict(pair: Paired) -> str:
    gains = [gain(metric, score) for metric, score in pair.scores.items()]
    if not any(gains):
        return "no difference beyond chance"
    return "better" if min(gains) >= 0 else "worse" if max(gains) <= 0 else "better in one respect, worse in another"


def numbers_title(table: pd.DataFrame) -> str:
    """Title of key numbers (`compare_plots.key_numbers`): how many lie outside of the interval that they had."""
    if table.after.equals(table.before.rename("after")):
        return f"All {len(table)} key numbers are as they were"
    outside = ((table.after < table.before_low) | (table.after > table.before_high)).sum()
    if not outside:
        return f"All {len(table)} key numbers lie within the intervals that they had"
    return f"{outside} of {len(table)} key numbers lie outside of the interval that they had"


def changes(comparison: Comparison) -> dict[str, list[Change]]:
    """Everything that is not in one run as in the other, by kind."""
    recoded = [Change(f"code of {stage}", "one", "another") for stage in comparison.recoded]
    return {
        "Parameters": comparison.parameters,
        "Data": comparison.data,
        "Code": [*comparison.versions, *recoded],
        "Libraries": comparison.libraries,
        "Decisions": comparison.decisions,
        "Notebooks": comparison.states,
    }


def changes_table(comparison: Comparison) -> pd.DataFrame:
    """`changes` for a page: `kind`, `what`, `change` (such as "40 → 80")."""
    rows = [(kind, one.what, before_and_after(one, 80)) for kind, some in changes(comparison).items() for one in some]
    return pd.DataFrame(rows, columns=["kind", "what", "change"])


def numbers(comparison: Comparison) -> pd.DataFrame:
    """The numbers that differ, as text, the most important first: `number`, `before`, `after`, `difference`."""
    columns = ["metric", "before", "after", "difference"]
    moved = comparison.metrics.loc[comparison.metrics.difference != 0, columns]
    rows = [
        (name, number(before), number(after), f"{'+' if difference > 0 else ''}{number(difference)}")
        for name, before, after, difference in moved.itertuples(index=False, name=None)
    ]
    return pd.DataFrame(rows, columns=["number", *columns[1:]])


def listed(names: Sequence[str]) -> str:
    """Names as a list in a sentence: a, b and c."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def short(told: str, width: int) -> str:
    return told if len(told) <= width else told[: width - 1] + "…"


def before_and_after(change: Change, width: int) -> str:
    """A value before and after, as "40 → 80", cut so that what differs shows: each side has half of a width.

    Of long lists what was added and what was taken out; of other long texts the part from shortly before they differ.
    """
    texts, half = (text(change.before), text(change.after)), (width - 3) // 2
    if max(map(len, texts)) > half and isinstance(change.before, list) and isinstance(change.after, list):
        new, gone = _only(change.after, change.before), _only(change.before, change.after)
        parts = [f"{verb} {', '.join(map(text, what))}" for verb, what in (("added", new), ("taken out", gone)) if what]
        return short("; ".join(parts) or "the same in another order", width)
    begin = 0 if max(map(len, texts)) <= half else max(0, _first_difference(*texts) - 8)
    return " → ".join(short("…" * bool(begin) + one[begin:], half) for one in texts)


def _only(some: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    return [one for one in some if one not in others]


def _first_difference(one: str, other: str) -> int:
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(min(one, other, key=len))
    )


def number(value: float) -> str:
    """A number as a table shows it: whole from a thousand on, else to four digits."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.4g}"
