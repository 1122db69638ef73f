"""The first page for a manager: answers to act on, each with its figure and a link to its chapter.

They are made of what the notebooks recorded. A chapter that failed, was not run or is out of date gives none.
"""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from patrons.churn import gate_narrative
from patrons.digits import about, held
from patrons.files import read_json

EDA, LABELS, CHURN, VALUE = "01_eda", "04_label_creation", "06_churn", "07_customer_value"
WATCH = "08_monitoring"
Answer = tuple[str, str, str]  # question, sentences, caveat
SHOWN = 2  # troubles with the data that are named
UNTRIED = "The suggestion has not been tested here: try it on a random half of the segment first."
FIGURES = {  # that illustrate each answer, the best first
    "who": ((LABELS, "sizes"),),
    "revenue": ((EDA, "pareto"), (LABELS, "differences"), (LABELS, "positions")),
    "leaving": (
        (CHURN, "seasons"),
        (CHURN, "confusion"),
        (LABELS, "churn"),
        (CHURN, "calibration"),
        (CHURN, "roc_auc"),
    ),
    "worth": ((VALUE, "worth"),),
    "contact": ((VALUE, "profit"),),
    "watching": ((WATCH, "verdict"), (WATCH, "loss"), (WATCH, "ranking")),
}


def points(processed: Path, stages: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, Any]]:
    """The answers that the chapters allow, in order.

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
    list of dict
        ``question``, ``text``, ``caveat``, ``figure`` (base64 of a PNG, or None), ``alt``; ``file`` and ``label`` of
        the page that it comes from.
    """
    good = {stage["name"]: stage for stage in stages if stage["has_page"] and not stage["stale"]}
    answers = _Answers(processed, good, f" {currency}" if currency else "")
    chapters: tuple[tuple[str, str, Callable[[], Iterator[Answer]]], ...] = (
        ("who", LABELS, answers.who),
        ("revenue", LABELS, answers.revenue),
        ("leaving", CHURN, answers.leaving),
        ("worth", VALUE, answers.worth),
        ("contact", VALUE, answers.contact),
        ("watching", WATCH, answers.watching),
    )
    return [
        {
            "question": title,
            "text": held(text),
            "caveat": held(caveat),
            "file": good[stage]["file"],
            "label": good[stage]["label"],
        }
        | _figure(processed, good, key)
        for key, stage, answer in chapters
        if stage in good
        for title, text, caveat in answer()
    ]


def _figure(processed: Path, good: Mapping[str, Any], key: str) -> dict[str, str | None]:
    for stage, name in FIGURES[key]:
        path = processed / stage / "figures" / f"{name}.png"
        if stage in good and path.exists():
            findings = read_json(processed / stage / "findings.json", [])
            alts = (finding["alt"] for finding in findings if finding.get("figure") == f"figures/{name}.png")
            alt = next(alts, None)
            return {"figure": base64.b64encode(path.read_bytes()).decode(), "alt": alt or name.replace("_", " ")}
    return {"figure": None, "alt": None}


class _Answers:
    """Each method yields an answer, or none where the numbers are missing."""

    def __init__(self, processed: Path, good: Mapping[str, Any], money: str):
        self.metrics = {name: stage["metrics"] for name, stage in good.items()}
        self.cards = read_json(processed / LABELS / "segments.json", []) if LABELS in good else []
        self.value = read_json(processed / VALUE / "value.json", {}) if VALUE in good else {}
        self.churn = read_json(processed / CHURN / "churn.json", {}) if CHURN in good else {}
        self.gates = self.churn.get("gates", [])
        self.monitoring = read_json(processed / WATCH / "monitoring.json", {}) if WATCH in good else {}
        self.name = processed.name
        self.list = f"data/processed/{processed.name}/{VALUE}/actions.csv"
        trial = "Leave those alone who are held out: “patrons trial” then shows what the contacts did."
        self.held_out = trial if self.value.get("campaign") else ""
        self.doubts = {"churn": [], "value": []} | self.value.get("doubts", {})
        self.money = money

    def who(self) -> Iterator[Answer]:
        if self.cards:
            largest = max(self.cards, key=_share)
            count = sum(card["customers"] for card in self.cards)
            text = (
                f"The {count:,} customers fall into {len(self.cards)} segments. The largest is “{largest['segment']}”, "
                f"with {largest['share']:.0%} of them."
                if len(self.cards) > 1
                else f"The {count:,} customers form one segment, “{largest['segment']}”."
            )
            yield "Who are the customers?", text, ""

    def revenue(self) -> Iterator[Answer]:
        known = [card for card in self.cards if card.get("revenue_share") is not None]
        if known:
            top = max(known, key=_revenue)
            advice = f" Suggested: {top['action']}." if top["revenue_share"] > top["share"] else ""
            yield (
                "Who brings the revenue?",
                f"“{top['segment']}” are {top['share']:.0%} of the customers and bring {top['revenue_share']:.0%} "
                f"of the revenue.{advice}",
                UNTRIED if advice else "",
            )
        elif self.cards:
            text = "The data does not say what a customer pays, so revenue cannot be divided among the segments."
            yield "Who brings the revenue?", text, ""

    def leaving(self) -> Iterator[Answer]:
        metrics, days = self.metrics[CHURN], self.churn.get("horizon_days")
        question = f"Who will not order in the next {days} days?" if days else "Who is leaving?"
        doubts = f"{gate_narrative.summary(self.gates)} {gate_narrative.advice(self.gates)}".strip()
        if self.churn.get("problem"):
            yield question, "That cannot be forecast.", self.churn["problem"]
        elif days and "today" in self.churn and "recall_active" in metrics:
            today = self.churn["today"]
            yield (
                question,
                f"{today['flagged']:,} of the {today['customers']:,} {self.churn['current']} are flagged: their chance "
                f"not to order in the next {days} is {self.churn['threshold']:.0%} or more. In the test, flags found "
                f"{metrics['recall_active']:.0%} of those who did not order, and {metrics['precision_active']:.0%} of "
                "flags were right.",
                " ".join(filter(None, (doubts, *self._of_days(days)))),
            )
        elif {"test_churn_rate", "flagged_share", "recall", "precision"} <= set(metrics):
            yield (
                question,
                f"In the test, {metrics['test_churn_rate']:.0%} {self.churn.get('outcome', 'churned')}. Flagging "
                f"{metrics['flagged_share']:.0%} of the customers found {metrics['recall']:.0%} of them, and "
                f"{metrics['precision']:.0%} of flags were right.",
                doubts or "A flag is a chance, not a certainty.",
            )

    def _of_days(self, days: int) -> Iterator[str]:
        """What a log says of its flags: who came back all the same, and how far a season led forecasts astray."""
        if "came_back_rate" in self.churn:
            yield (
                f"No order in {days} days is no farewell: {self.churn['came_back_rate']:.0%} of such customers ordered "
                f"in the {days} days after."
            )
        if found := self.churn.get("found"):
            yield f"On the other days that were tried flags found {found[0]:.0%} to {found[1]:.0%}."
        if season := self.churn.get("season"):
            more = "more" if season["happened"] > season["forecast"] else "fewer"
            yield (
                f"On {season['day']}, the day tried that is nearest in season to today, {season['forecast']:.0%} was "
                f"forecast and {season['happened']:.0%} happened: it may be {more} than forecast now, too."
            )

    def worth(self) -> Iterator[Answer]:
        spent, days = self.value.get("expected_spend"), self.value.get("horizon_days")
        if spent and "low" in spent:
            yield (
                "What are they worth?",
                f"They are expected to spend {about(spent['value'])}{self.money} in the next {days} days (95% interval "
                f"{about(spent['low'])} to {about(spent['high'])}). A tenth of the customers brings "
                f"{self.value['top_decile_share']:.0%} of that. "
                f"{' '.join(filter(None, (spent.get('before'), spent['off'])))}",
                " ".join(self.doubts["value"]),
            )
        elif spent:
            text = (
                f"Those who have not left pay {about(spent['value'])}{self.money} in {days} days, if all of them stay."
            )
            yield "What are they worth?", text, "A price list, not a forecast."

    def contact(self) -> Iterator[Answer]:
        plan, doubts = self.value.get("plan"), " ".join(self.doubts["churn"] + self.doubts["value"])
        if plan and not plan["contacts"]:
            yield "Whom to contact?", "Under the assumptions, no contact brings more than it costs.", doubts
        elif plan:
            zero = "The interval includes zero." if plan["low"] <= 0 else ""
            assumed = "This holds only if the assumptions on margin, cost and the chance of keeping a customer do."
            begin = "As a trial, contact" if gate_narrative.failed(self.gates) else "Contact"
            yield (
                "Whom to contact?",
                f"{begin} the {plan['contacts']:,} customers whose arm is “contact” in {self.list}. That costs "
                f"{about(plan['cost'])}{self.money} and should bring {about(plan['gain'])} beyond its cost (95% "
                f"interval {about(plan['low'])} to {about(plan['high'])}). They are those whom a contact is "
                "expected to gain most from, not those likeliest to go.",
                " ".join(filter(None, (self.value.get("check"), assumed, zero, self.held_out, doubts))),
            )
        elif self.value:
            begin = "As a trial, begin" if gate_narrative.failed(self.gates) else "Begin"
            text = f"{begin} with those most likely to leave: {self.list} lists them in that order."
            reason = "What a contact would bring is not known, as the table does not say what a customer pays."
            yield "Whom to contact?", text, " ".join(filter(None, (reason, self.held_out, doubts)))

    def watching(self) -> Iterator[Answer]:
        if not self.monitoring:
            return
        text, days, broken = self.monitoring["reason"], self.monitoring["days_matured"], self.monitoring["broken"]
        if days:
            text += f" That is judged by {days:,} month{'s' * (days != 1)} whose outcomes are known."
        if self.monitoring["verdict"] == "retrain":
            text += f" “patrons retrain {self.name}” does it."
        yield "Has the world moved?", text, " ".join(broken[:SHOWN]) + self._more(len(broken) - SHOWN) or self._moved()

    def _more(self, others: int) -> str:
        return f" The chapter names {others:,} more." if others > 0 else ""

    def _moved(self) -> str:
        moved, features = self.monitoring["drifted_features"], self.monitoring["features"]
        told = f"For information: {moved:,} of {features:,} descriptions of customers look different from before."
        return told if moved else ""


def _share(card: Mapping[str, Any]) -> float:
    return card["share"]


def _revenue(card: Mapping[str, Any]) -> float:
    return card["revenue_share"]
