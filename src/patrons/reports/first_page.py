"""The first page for a manager: five sentences to act on, each with its figure and a link to where it comes from.

They are made of what the notebooks recorded. A chapter that failed, was not run or is out of date says nothing here.
"""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from patrons.churn import gate_narrative as gate_words
from patrons.digits import about
from patrons.files import read_json

EDA, LABELS, CHURN, VALUE = "01_eda", "04_label_creation", "06_churn", "07_customer_value"
FIGURES = {  # of each question the figures that show it, the best first
    "who": ((LABELS, "sizes"),),
    "revenue": ((EDA, "pareto"), (LABELS, "differences"), (LABELS, "positions")),
    "leaving": ((CHURN, "risk"), (LABELS, "churn"), (CHURN, "calibration"), (CHURN, "roc_auc")),
    "worth": ((VALUE, "worth"),),
    "contact": ((VALUE, "profit"),),
}


def points(processed: Path, stages: list[Mapping[str, Any]], currency: str) -> list[dict[str, Any]]:
    """The sentences that the chapters allow, in order.

    Parameters
    ----------
    processed : Path
        The results of the series.
    stages : list
        What `report.read_stages` returned.
    currency : str
        The ISO code, or empty where none is known.

    Returns
    -------
    list of dict
        ``question``, ``text``, ``caveat``, ``figure`` (base64 of a PNG, or None), ``alt``; ``file`` and ``label`` of
        the page that it comes from.
    """
    good = {one["name"]: one for one in stages if one["has_page"] and not one["stale"]}
    said = _Said(processed, good, f" {currency}" if currency else "")
    found = (("who", LABELS, said.who), ("revenue", LABELS, said.revenue), ("leaving", CHURN, said.leaving))
    found += (("worth", VALUE, said.worth), ("contact", VALUE, said.contact))
    return [
        {"question": title, "text": text, "caveat": caveat, "file": good[stage]["file"], "label": good[stage]["label"]}
        | _figure(processed, good, key)
        for key, stage, ask in found
        if stage in good
        for title, text, caveat in ask()
    ]


def _figure(processed: Path, good: Mapping[str, Any], key: str) -> dict[str, str | None]:
    for stage, name in FIGURES[key]:
        path = processed / stage / "figures" / f"{name}.png"
        if stage in good and path.exists():
            shown = (one for one in read_json(processed / stage / "findings.json", []) if one.get("figure"))
            alt = next((one["alt"] for one in shown if one["figure"] == f"figures/{name}.png"), None)
            return {"figure": base64.b64encode(path.read_bytes()).decode(), "alt": alt or name.replace("_", " ")}
    return {"figure": None, "alt": None}


class _Said:
    """Each method yields question, sentence and caveat, or nothing where the numbers are not there."""

    def __init__(self, processed: Path, good: Mapping[str, Any], money: str):
        self.metrics = {name: stage["metrics"] for name, stage in good.items()}
        self.cards = read_json(processed / LABELS / "segments.json", []) if LABELS in good else []
        self.value = read_json(processed / VALUE / "value.json", {}) if VALUE in good else {}
        churn = read_json(processed / CHURN / "churn.json", {}) if CHURN in good else {}
        self.problem, self.gates, self.current = churn.get("problem"), churn.get("gates", []), churn.get("current")
        self.list = f"data/processed/{processed.name}/{VALUE}/actions.csv"
        self.doubts = {"churn": [], "value": []} | self.value.get("doubts", {})
        self.money = money

    def who(self) -> Iterator[tuple[str, str, str]]:
        if self.cards:
            largest = max(self.cards, key=_share)
            count = sum(card["customers"] for card in self.cards)
            yield (
                "Who are the customers?",
                f"{count:,} customers fall into {len(self.cards)} segments; the largest, “{largest['segment']}”, holds "
                f"{largest['share']:.0%} of them.",
                "",
            )

    def revenue(self) -> Iterator[tuple[str, str, str]]:
        known = [card for card in self.cards if card.get("revenue_share") is not None]
        if known:
            top = max(known, key=_revenue)
            advice = f" Suggested: {top['action']}." if top["revenue_share"] > top["share"] else ""
            yield (
                "Who brings the revenue?",
                f"“{top['segment']}” are {top['share']:.0%} of the customers and bring {top['revenue_share']:.0%} "
                f"of the revenue.{advice}",
                "",
            )
        elif self.cards:
            text = "The data does not say what a customer brings, so revenue cannot be shared out among the segments."
            yield "Who brings the revenue?", text, ""

    def leaving(self) -> Iterator[tuple[str, str, str]]:
        seen = self.metrics[CHURN]
        if self.problem:
            yield "Who is leaving?", "Who will leave cannot be forecast.", self.problem
        elif {"test_churn_rate", "flagged_share", "recall", "precision"} <= set(seen):
            first, overall = "", "In the test"
            if self.current and "recall_active" in seen:
                first = (
                    f"Of those who could still be kept ({self.current} before the test), flags caught "
                    f"{seen['recall_active']:.0%} of the leavers and {seen['precision_active']:.0%} of the flags were "
                    "right. "
                )
                overall = "Of all customers in the test"
            yield (
                "Who is leaving?",
                f"{first}{overall} {seen['test_churn_rate']:.0%} left; flagging {seen['flagged_share']:.0%} of the "
                f"customers caught {seen['recall']:.0%} of them, and {seen['precision']:.0%} of the flags were right.",
                f"{gate_words.summary(self.gates)} {gate_words.advice(self.gates)}".strip()
                or "A flag is a chance, not a certainty.",
            )

    def worth(self) -> Iterator[tuple[str, str, str]]:
        spent, days = self.value.get("expected_spend"), self.value.get("horizon_days")
        if spent and "low" in spent:
            yield (
                "What are they worth?",
                f"In the next {days} days {about(spent['value'])}{self.money} are expected of them (95% interval "
                f"{about(spent['low'])} to {about(spent['high'])}), {self.value['top_decile_share']:.0%} of it "
                f"from a tenth of the customers. {' '.join(filter(None, (spent.get('before'), spent['off'])))}",
                " ".join(self.doubts["value"]),
            )
        elif spent:
            text = (
                f"Those who have not left pay {about(spent['value'])}{self.money} in {days} days if all of them stay."
            )
            yield "What are they worth?", text, "A price list, not a forecast."

    def contact(self) -> Iterator[tuple[str, str, str]]:
        plan, doubts = self.value.get("plan"), " ".join(self.doubts["churn"] + self.doubts["value"])
        if plan and not plan["contacts"]:
            yield "Whom to contact?", "Under the assumptions made, no contact brings more than it costs.", doubts
        elif plan:
            zero = "The interval includes zero: try a part first." if plan["low"] <= 0 else ""
            assumed = "Only if the assumptions on margin, cost and the chance to keep a customer hold."
            yield (
                "Whom to contact?",
                f"{'As a trial: the' if gate_words.failed(self.gates) else 'The'} first {plan['contacts']:,} customers "
                f"of {self.list}: contacting them costs {about(plan['cost'])}{self.money} and should bring "
                f"{about(plan['gain'])} after that cost (95% interval {about(plan['low'])} to {about(plan['high'])}).",
                " ".join(filter(None, (self.value.get("check"), assumed, zero, doubts))),
            )
        elif self.value:
            begin = "As a trial, begin" if gate_words.failed(self.gates) else "Begin"
            text = f"{begin} with those most likely to leave: {self.list} lists them in that order."
            why = "What a contact would bring cannot be said: the table does not say what a customer pays."
            yield "Whom to contact?", text, f"{why} {doubts}".strip()


def _share(card: Mapping[str, Any]) -> float:
    return card["share"]


def _revenue(card: Mapping[str, Any]) -> float:
    return card["revenue_share"]
