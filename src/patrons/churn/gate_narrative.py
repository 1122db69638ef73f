"""Failed gates of the churn model in sentences for those who decide, made from the gates' own rows."""

from collections.abc import Mapping, Sequence
from typing import Any

FAILURES = {  # how a gate's name begins, and what its failure means
    "better than ": "not shown to beat the simple rule “{rule}”",
    "calibration error": "its probabilities are off by {points} percentage points{which} ({allowed} allowed)",
    "ROC AUC, lower end": "it may rank little better than chance (its ROC AUC may be as low as {value}, {limit})",
    "Brier score": "its probabilities say little more than the average churn (Brier score {value}, {limit})",
    "ROC AUC on validated rows": "it was much better on the rows it was chosen by (ROC AUC higher by {value}, {limit})",
    "no worse than": "it loses to a model with settings that nobody chose",
    "shuffled outcomes": "it may have learnt what cannot be known (“{gate}” {value}, {limit})",
    "best pair of features": "it may have learnt what cannot be known (“{gate}” {value}, {limit})",
    "best single feature": "it may have learnt what cannot be known (“{gate}” {value}, {limit})",
    "doubts about": "the dates of orders are doubtful (page 1)",
    "rows dated": "it may have learnt what cannot be known (“{gate}” {value}, {limit})",
}
UNRELIABLE = "Do not rely on it."
RANK = "Use the model to rank customers; its counts are rough."
SEASON = "calibration error of "  # how the gate of the day nearest in season begins
MILD = ("better than ", "calibration error")  # a model that fails these alone still ranks


def failed(gates: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of ``gates`` in ``churn.json`` that were not passed."""
    return [row for row in gates if row["verdict"] == "failed"]


def summary(gates: Sequence[Mapping[str, Any]], season: Mapping[str, Any] | None = None) -> str:
    """Which gates failed, a sentence; empty where none did.

    Parameters
    ----------
    gates : sequence of mapping
        Of ``churn.json``.
    season : mapping, optional
        What happened on the day nearest in season to today: `day`, `forecast`, `happened`. It stands for the gate that
        looks at that day, so that both are told once.
    """
    rows = failed(gates)
    if not season:
        return f"{counted(len(rows), len(gates))}: {'; '.join(map(failure, rows))}." if rows else ""
    others = [row for row in rows if not row["gate"].startswith(SEASON)]
    told = of_season(season)
    if len(others) == len(rows):
        return " ".join(filter(None, (told, summary(gates))))
    rest = f", and {'; '.join(map(failure, others))}" if others else ""
    return f"{told} {counted(len(rows), len(gates))}: this one{rest}."


def counted(failures: int, checks: int) -> str:
    """How many checks failed: the beginning of a sentence."""
    return f"The churn model failed {failures:,} of {checks:,} checks"


def for_everyone(text: str) -> str:
    """A text of these for those who do without the word churn."""
    return text.replace("The churn model", "The model behind the warnings")


def of_season(season: Mapping[str, Any]) -> str:
    """How far the forecast of a similar time of year was off."""
    more = "more" if season["happened"] > season["forecast"] else "fewer"
    return (
        f"At a similar time of year ({season['day']}), {season['forecast']:.0%} were forecast not to order and "
        f"{season['happened']:.0%} did not. It may be {more} than forecast now, too."
    )


def advice(gates: Sequence[Mapping[str, Any]]) -> str:
    """What a model that failed gates is still good for, a sentence; empty where none failed."""
    return use([row["gate"] for row in failed(gates)])


def use(names: Sequence[str]) -> str:
    """The same, by the names of the gates that failed."""
    if not names:
        return ""
    if not all(name.startswith(MILD) for name in names):
        return UNRELIABLE
    miscounts = any(name.startswith("calibration error") for name in names)
    return RANK if miscounts else "Use it as a trial, beside that rule."


def failure(row: Mapping[str, Any]) -> str:
    """What the failure of one gate means."""
    gate, value, limit = row["gate"], row["value"], row["limit"]
    if value is None:
        return f"“{gate}” could not be measured"
    pattern = next((text for begin, text in FAILURES.items() if gate.startswith(begin)), "“{gate}” {value}, {limit}")
    return pattern.format(
        gate=gate,
        rule=gate.removeprefix("better than ").partition(" (")[0],
        value=f"{value:.3g}",
        limit=f"required: {limit}",
        which=gate.removeprefix("calibration error").replace(" of ", " on ").replace("the nearest", "the day nearest"),
        points=f"{100 * value:.3g}",
        allowed=_hundredfold(limit),
    )


def _hundredfold(limit: str) -> str:
    last = limit.split()[-1]
    return f"{100 * float(last):.3g}" if last.replace(".", "", 1).isdigit() else last
