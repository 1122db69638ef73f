"""From a request's customers to their answers, on the event loop or in a thread."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from patrons.scoring.columns import match
from patrons.scoring.drift import Watch
from patrons.scoring.plain import plain
from patrons.scoring.rows import records
from patrons.service.limits import Gate, in_thread
from patrons.service.problems import Problem, error
from patrons.service.slots import Slot, Slots

MOST_IGNORED, MOST_MEANT = 20, 5
Customer = Mapping[str, Any]
Scored = tuple[list[dict[str, Any]], list[str]]  # answers, and what is unlike the training over all of them


async def predicted(
    slots: Slots, gate: Gate, pool: ThreadPoolExecutor, customers: Sequence[Customer]
) -> dict[str, Any]:
    """The answers to a request, as `messages.PredictResponse` has them.

    Raises
    ------
    Problem
        422 where no customer can be scored, 503 where no release is loaded.
    """
    slot = slots.active
    if slot is None:
        raise not_ready(slots.refused)
    if len(customers) == 1 and slot.quick:
        return _answered(slot, customers)
    return await in_thread(gate, pool, _answered, slot, customers)


def _answered(slot: Slot, customers: Sequence[Customer]) -> dict[str, Any]:
    return _response(slot, customers, _score(slot, customers))


def _score(slot: Slot, customers: Sequence[Customer]) -> Scored:
    if len(customers) == 1:
        answer = plain(slot.scorer.score_one(customers[0]))
        return [answer], answer["warnings"] or []
    sent, watch = set().union(*customers), Watch(slot.scorer.learnt)
    columns = {name: [row.get(name) for row in customers] for name in slot.names if name in sent}
    table = pd.DataFrame(columns, range(len(customers)), dtype=object)
    answers = [plain(row) for row in records(slot.scorer.score_rows(table, watch))]
    return answers, [warned.text for warned in watch.warnings()]


def _misspelt(slot: Slot, sent: Collection[str], ignored: Sequence[str]) -> list[str]:
    """A sentence for each of the first names of no feature that is like that of one which was not sent."""
    names = [name for name in slot.names if name in sent] + list(ignored[:MOST_MEANT])
    return match(names, slot.scorer.features, slot.names).misspelt if ignored else []


def _response(slot: Slot, customers: Sequence[Customer], scored: Scored) -> dict[str, Any]:
    answers, warnings = scored
    sent = set().union(*customers)
    ignored = sorted(sent.difference(slot.names))[:MOST_IGNORED]
    misspelt = _misspelt(slot, sent, ignored)
    refused = [(number, answer["error"]) for number, answer in enumerate(answers) if answer["error"]]
    if len(refused) == len(answers):
        step = "GET /model lists the features, which of them are required, and an example of each."
        wanted = {"expected": "a customer that can be scored", "next": " ".join([*misspelt, step])}
        raise Problem(422, [{"field": f"customers.{n}", "found": reason, **wanted} for n, reason in refused])
    counts = {"scored": len(answers) - len(refused), "refused": len(refused)}
    warnings = [*misspelt, *warnings]
    return {"release": slot.release, **counts, "ignored": ignored, "warnings": warnings, "answers": answers}


def not_ready(refused: str | None = None) -> Problem:
    """The problem that there is no release yet; `refused` says why the last candidate was not taken."""
    step = "Wait for the first release; the operator's log says why a candidate was refused."
    wrong = error("release", "", "a release that was checked", step)
    return Problem(503, {**wrong, "found": refused or "none yet"}, {"Retry-After": "5"})
