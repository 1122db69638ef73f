"""Failed gates of the churn model in words for who decides, made of the gates' own rows."""

from collections.abc import Mapping, Sequence
from typing import Any

PLAIN = {  # how a gate's name begins, and what its failure says
    "better than ": "not shown to beat the simple rule “{of}”",
    "calibration error": "its probabilities are off by {points} points ({allowed} allowed)",
    "ROC AUC, lower end": "it may rank little better than chance (ROC AUC {value}, {limit})",
    "Brier score": "its probabilities tell little more than the share that left (Brier score {value}, {limit})",
    "ROC AUC in training": "it is much better at what it learnt from (ROC AUC higher by {value}, {limit})",
    "shuffled outcomes": "it may have learnt what cannot be known (“{gate}” {value}, {limit})",
    "best single feature": "it may have learnt what cannot be known (“{gate}” {value}, {limit})",
    "rows dated": "it may have learnt what cannot be known (“{gate}” {value}, {limit})",
}
MILD = ("better than ", "calibration error")  # whoever fails these alone still ranks


def failed(gates: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of ``gates`` in ``churn.json`` that were not passed."""
    return [row for row in gates if row["verdict"] == "failed"]


def told(gates: Sequence[Mapping[str, Any]]) -> str:
    """Which gates failed, a sentence; empty where none did."""
    rows = failed(gates)
    return f"The churn model failed {len(rows)} of {len(gates)} checks: {'; '.join(map(plain, rows))}." if rows else ""


def advice(gates: Sequence[Mapping[str, Any]]) -> str:
    """What a model that failed gates is still good for, a sentence; empty where none failed."""
    names = [row["gate"] for row in failed(gates)]
    if not names:
        return ""
    if not all(name.startswith(MILD) for name in names):
        return "Do not rely on it."
    return "Use it to rank, not to count." if "calibration error" in names else "Use it as a trial, beside that rule."


def plain(row: Mapping[str, Any]) -> str:
    """What the failure of one gate says."""
    gate, value, limit = row["gate"], row["value"], row["limit"]
    if value is None:
        return f"“{gate}” could not be measured"
    style = next((words for begin, words in PLAIN.items() if gate.startswith(begin)), "“{gate}” {value}, {limit}")
    return style.format(
        gate=gate,
        of=gate.removeprefix("better than ").partition(" (")[0],
        value=f"{value:.3g}",
        limit=f"asked: {limit}",
        points=f"{100 * value:.3g}",
        allowed=_hundredfold(limit),
    )


def _hundredfold(limit: str) -> str:
    last = limit.split()[-1]
    return f"{100 * float(last):.3g}" if last.replace(".", "", 1).isdigit() else last
