"""The first page for a manager: short answers, whom to contact, what changed, and what to doubt."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from patrons.digits import held
from patrons.reports import dates, leads, own
from patrons.reports.answers import CHURN, LABELS, VALUE, WATCH, Answer, Answers

SHOWN = 2  # troubles with the data that are named
CHANGES = 4  # sentences on what changed since the last run


def content(processed: Path, stages: Sequence[Mapping[str, Any]], currency: str) -> dict[str, Any]:
    """What the first page says, and what stands at the top of the others.

    Parameters
    ----------
    processed : Path
        The results of the series.
    stages : sequence of mapping
        What `pages.read_stages` returned.
    currency : str
        The ISO code, or empty where none is known.

    Returns
    -------
    dict
        `points`, each with `question`, `text`, `picture`, `lines`, and `file`, `number` and `title` of the page that it
        comes from;
        `doubts`, each with `text` and such a page; `changes`, sentences; `contacts`, see `contacts.first`, or None;
        `leads`, by the file of a page, the points and the customers that it opens with.
    """
    good = {stage["name"]: stage for stage in stages if stage["has_page"] and not stage["stale"]}
    answers = Answers(processed, good, f" {currency}" if currency else "")
    asked = (
        (LABELS, answers.who),
        (LABELS, answers.revenue),
        (CHURN, answers.leaving),
        (VALUE, answers.worth),
        (VALUE, answers.contact),
    )
    given = [(good[stage], answer) for stage, ask in asked if stage in good for answer in ask()]
    more = [(good[stage], answer) for stage, ask in own.ASKED.items() if stage in good for answer in ask(answers)]
    doubts = {held(doubt): stage for stage, answer in given for doubt in answer.doubts if doubt}
    doubts |= {held(doubt): good[WATCH] for doubt in _broken(answers)}
    return {
        "points": [_point(stage, answer) for stage, answer in given],
        "doubts": [{"text": text, **_source(stage)} for text, stage in doubts.items()],
        "changes": [held(sentence) for sentence in _changes(answers)],
        "watch": _source(good[WATCH]) if WATCH in good else None,
        "contacts": answers.contacts,
        "leads": {
            stage["file"]: _lead(stage, [*given, *more], answers, currency)
            for stage in {stage["file"]: stage for stage, _ in [*given, *more]}.values()
        },
    }


def _lead(
    stage: Mapping[str, Any], given: Sequence[tuple[Mapping[str, Any], Answer]], answers: Answers, currency: str
) -> dict[str, Any]:
    """What one page opens with: its `points`, and the first `customers`."""
    points = [_point(of, answer) for of, answer in given if of["file"] == stage["file"]]
    told = answers.value.get("horizon_days"), dates.by(answers.span)
    return {"points": points, "customers": leads.customers(stage["name"], answers.listed, currency, *told)}


def _point(stage: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    lines = [held(line) for line in answer.lines]
    return {
        "question": answer.question,
        "text": held(answer.text),
        "picture": answer.picture,
        "lines": lines,
        **_source(stage),
    }


def _source(stage: Mapping[str, Any]) -> dict[str, str]:
    return {"file": stage["file"], "number": stage["number"], "title": stage["title"]}


def _changes(answers: Answers) -> Iterator[str]:
    """What is otherwise than in the last run, and whether the forecasts have stood the test of time."""
    if not answers.monitoring:
        return
    yield from answers.monitoring.get("since_last_run", [])[:CHANGES]
    text, days = answers.monitoring["reason"], answers.monitoring["days_matured"]
    if days:
        text += f" That is judged by {days:,} month{'s' * (days != 1)} whose outcomes are known."
    if answers.monitoring["verdict"] == "retrain":
        text += " Page 8 says how."
    yield text


def _broken(answers: Answers) -> list[str]:
    """Troubles with the data that monitoring found, the first few."""
    broken = answers.monitoring.get("broken", [])
    more = [f"The chapter names {len(broken) - SHOWN:,} more troubles."] if len(broken) > SHOWN else []
    return [*broken[:SHOWN], *more]
