"""The first page for a manager: short answers, whom to contact, what changed, and what to doubt.

They are made of what the notebooks recorded. A chapter that failed, was not run or is out of date gives none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from patrons.churn import gate_narrative
from patrons.digits import about, held
from patrons.errors import PATRONS
from patrons.files import read_json
from patrons.lexicon import capital
from patrons.reports import contacts, pictures
from patrons.reports.pictures import Picture

LABELS, CHURN, VALUE, WATCH = "04_label_creation", "06_churn", "07_customer_value", "08_monitoring"
SHOWN = 2  # troubles with the data that are named
CHANGES = 4  # sentences on what changed since the last run
UNTRIED = "The suggestion has not been tested here: try it on a random half of the segment first."
SHARES, FLAGGED, SPEND = "Share of customers", "Customers flagged, by segment", "Expected spend, by segment"


class Answer(NamedTuple):
    """An answer.

    Attributes
    ----------
    question : str
    text : str
        Two sentences at most, with two numbers each at most.
    doubts : list of str
        What speaks against it; told under "What to doubt".
    picture : Picture or None
    """

    question: str
    text: str
    doubts: Sequence[str] = ()
    picture: Picture | None = None


def content(processed: Path, stages: Sequence[Mapping[str, Any]], currency: str) -> dict[str, Any]:
    """What the first page says.

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
        `points`, each with `question`, `text`, `picture`, and `file`, `number` and `title` of the page that it
        comes from;
        `doubts`, each with `text` and such a page; `changes`, sentences; `contacts`, see `contacts.first`, or None.
    """
    good = {stage["name"]: stage for stage in stages if stage["has_page"] and not stage["stale"]}
    answers = _Answers(processed, good, f" {currency}" if currency else "")
    chapters: tuple[tuple[str, Callable[[], Iterator[Answer]]], ...] = (
        (LABELS, answers.who),
        (LABELS, answers.revenue),
        (CHURN, answers.leaving),
        (VALUE, answers.worth),
        (VALUE, answers.contact),
    )
    given = [(good[stage], answer) for stage, ask in chapters if stage in good for answer in ask()]
    doubts = {held(doubt): stage for stage, answer in given for doubt in answer.doubts if doubt}
    doubts |= {held(doubt): good[WATCH] for doubt in answers.broken()}
    return {
        "points": [
            {"question": answer.question, "text": held(answer.text), "picture": answer.picture, **_source(stage)}
            for stage, answer in given
        ],
        "doubts": [{"text": text, **_source(stage)} for text, stage in doubts.items()],
        "changes": [held(sentence) for sentence in answers.changes()],
        "watch": _source(good[WATCH]) if WATCH in good else None,
        "contacts": answers.contacts,
    }


def _source(stage: Mapping[str, Any]) -> dict[str, str]:
    return {"file": stage["file"], "number": stage["number"], "title": stage["title"]}


class _Answers:
    """Each method yields an answer, or none where the numbers are missing."""

    def __init__(self, processed: Path, good: Mapping[str, Any], money: str):
        def read(stage: str, name: str, default: Any) -> Any:
            return read_json(processed / stage / name, default) if stage in good else default

        self.metrics = {name: stage["metrics"] for name, stage in good.items()}
        self.cards: list[dict[str, Any]] = read(LABELS, "segments.json", [])
        self.churn: dict[str, Any] = read(CHURN, "churn.json", {})
        self.value: dict[str, Any] = read(VALUE, "value.json", {})
        self.monitoring: dict[str, Any] = read(WATCH, "monitoring.json", {})
        self.gates = self.churn.get("gates", [])
        self.name, self.money = processed.name, money
        self.contacts = contacts.first(processed / VALUE / "actions.csv", money.strip()) if VALUE in good else None
        self.value_doubts = self.value.get("doubts", {}).get("value", [])

    def who(self) -> Iterator[Answer]:
        if not self.cards:
            return
        count = sum(card["customers"] for card in self.cards)
        largest = max(self.cards, key=_share)
        text = (
            f"The {count:,} customers fall into {len(self.cards)} segments. The largest is “{largest['segment']}”, "
            f"with {largest['share']:.0%} of them."
            if len(self.cards) > 1
            else f"The {count:,} customers form one segment, “{largest['segment']}”."
        )
        sizes = {card["segment"]: card["customers"] for card in self.cards}
        yield Answer("Who are the customers?", text, (), pictures.shares(SHARES, sizes))

    def revenue(self) -> Iterator[Answer]:
        question, known = "Who brings the revenue?", [card for card in self.cards if card.get("revenue_share")]
        if known:
            top = max(known, key=_revenue)
            advice = f" Suggested: {top['action']}." if top["revenue_share"] > top["share"] else ""
            brought = {card["segment"]: card["revenue_share"] for card in known}
            yield Answer(
                question,
                f"“{top['segment']}” are {top['share']:.0%} of the customers and bring {top['revenue_share']:.0%} "
                f"of the revenue.{advice}",
                [UNTRIED] if advice else [],
                pictures.shares("Share of revenue", brought),
            )
        elif self.cards:
            yield Answer(
                question, "The data does not say what a customer pays, so revenue cannot be divided among the segments."
            )

    def leaving(self) -> Iterator[Answer]:
        metrics, days, churn = self.metrics[CHURN], self.churn.get("horizon_days"), self.churn
        question = f"Who will not order in the next {days} days?" if days else "Who is leaving?"
        doubts = [f"{gate_narrative.summary(self.gates)} {gate_narrative.advice(self.gates)}".strip()]
        by_segment = pictures.flags(FLAGGED, churn.get("today", {}).get("segments", []))
        if churn.get("problem"):
            yield Answer(question, "That cannot be forecast.", [churn["problem"]])
        elif days and "expected" in churn.get("today", {}) and "recall_active" in metrics:
            today = churn["today"]
            yield Answer(
                question,
                f"Of the {today['customers']:,} who ordered in the {days} days before, we expect about "
                f"{today['expected']:,} not to order. To miss few of them we warn of {today['flagged']:,}; in the test "
                f"{metrics['precision_active']:.0%} of such warnings were right.",
                [*self._of_season(), *doubts, *self._of_days(days)],
                by_segment,
            )
        elif {"flagged_share", "recall", "precision"} <= set(metrics):
            yield Answer(
                question,
                f"We would warn of {metrics['flagged_share']:.0%} of the customers. In the test we spotted "
                f"{metrics['recall']:.0%} of those who left, and {metrics['precision']:.0%} of the warnings were "
                "right.",
                [doubts[0] or "A warning is a chance, not a certainty."],
                by_segment,
            )

    def _of_days(self, days: int) -> Iterator[str]:
        """What a log says of its flags: how many they spot, what one means, and who comes back all the same."""
        spotted = f"In the latest test we spotted {self.metrics[CHURN]['recall_active']:.0%} of those who did not order"
        found = self.churn.get("found")
        yield f"{spotted}; on other days that were tried, {found[0]:.0%} to {found[1]:.0%}." if found else f"{spotted}."
        yield f"A warning means a chance of {self.churn['threshold']:.0%} or more not to order. It is no certainty."
        if "came_back_rate" in self.churn:
            yield (
                f"{self.churn['came_back_rate']:.0%} of those who skip {days} days come back in the {days} days after."
            )

    def _of_season(self) -> Iterator[str]:
        """How far the forecast of a similar time of year was off."""
        if season := self.churn.get("season"):
            more = "more" if season["happened"] > season["forecast"] else "fewer"
            yield (
                f"At a similar time of year ({season['day']}) {season['forecast']:.0%} were forecast not to order, and "
                f"{season['happened']:.0%} did not: it may be {more} than forecast now, too."
            )

    def worth(self) -> Iterator[Answer]:
        spent, days = self.value.get("expected_spend"), self.value.get("horizon_days")
        question = f"What will they spend in the next {days} days?"
        picture = pictures.amounts(SPEND, self.value.get("segments", {}), self.money)
        if spent and "low" in spent:
            yield Answer(
                question,
                f"We expect about {about(spent['value'])}{self.money}. It may be anything from {about(spent['low'])} "
                f"to {about(spent['high'])} (95% interval).",
                [*self.value_doubts, " ".join(filter(None, (spent["off"], spent.get("before"))))],
                picture,
            )
        elif spent:
            text = f"Those who have not left pay {about(spent['value'])}{self.money}, if all of them stay."
            yield Answer(question, text, ["What customers pay is a price list here, not a forecast."], picture)

    def contact(self) -> Iterator[Answer]:
        question, plan = "Whom to contact?", self.value.get("plan")
        trial = "As a trial, " if gate_narrative.failed(self.gates) else ""
        if self.value and gate_narrative.advice(self.gates) == gate_narrative.UNRELIABLE:
            yield Answer(question, "Nobody yet: the churn forecast, on which the list rests, cannot be relied on.")
        elif plan and not plan["contacts"]:
            yield Answer(question, "Nobody: under the assumptions, no contact brings more than it costs.")
        elif plan:
            yield Answer(
                question,
                f"{capital(trial + 'contact')} {plan['contacts']:,} customers, for {about(plan['cost'])}{self.money}. "
                f"Beyond that cost they bring anything from {about(plan['low'])} to {about(plan['high'])}{self.money}"
                f"{', perhaps a loss' if plan['low'] < 0 else ''}, if the assumptions hold.",
                list(self._of_plan(plan)),
                pictures.amounts("Contacts, by segment", (self.contacts or {}).get("segments", {})),
            )
        elif self.value:
            yield Answer(
                question,
                f"{capital(trial + 'begin')} with those most likely to leave: the list below has them in that order.",
                ["What a contact would bring is not known, as the table does not say what a customer pays."],
            )

    def _of_plan(self, plan: Mapping[str, Any]) -> Iterator[str]:
        yield (
            "The assumptions on margin, cost and the chance of keeping a customer are those of the params file. Nobody "
            f"has measured them: by their means the contacts bring {about(plan['gain'])}{self.money} beyond their cost."
        )
        yield self.value.get("check", "")
        if self.value.get("campaign"):
            yield (
                "Some were drawn by lot not to be contacted (“hold out” in the list). Leave them alone: beside them "
                f"“{PATRONS} trial {self.name}” shows whether contacting works."
            )

    def changes(self) -> Iterator[str]:
        """What is otherwise than in the last run, and whether the forecasts have stood the test of time."""
        if not self.monitoring:
            return
        yield from self.monitoring.get("since_last_run", [])[:CHANGES]
        text, days = self.monitoring["reason"], self.monitoring["days_matured"]
        if days:
            text += f" That is judged by {days:,} month{'s' * (days != 1)} whose outcomes are known."
        if self.monitoring["verdict"] == "retrain":
            text += f" “{PATRONS} retrain {self.name}” does it."
        yield text

    def broken(self) -> list[str]:
        """Troubles with the data that monitoring found, the first few."""
        broken = self.monitoring.get("broken", [])
        more = [f"The chapter names {len(broken) - SHOWN:,} more troubles."] if len(broken) > SHOWN else []
        return [*broken[:SHOWN], *more]


def _share(card: Mapping[str, Any]) -> float:
    return card["share"]


def _revenue(card: Mapping[str, Any]) -> float:
    return card["revenue_share"]
