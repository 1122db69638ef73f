"""Short answers to the questions that a report opens with: on the first page, and at the top of their own pages.

They are made of what the notebooks recorded. A chapter that failed, was not run or is out of date gives none.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from patrons.churn import gate_narrative
from patrons.digits import about, compared
from patrons.files import read_json
from patrons.lexicon import capital
from patrons.reports import at_risk, contacts, dates, pictures
from patrons.reports.pictures import Picture
from patrons.value import list_narrative, listing

DATA, FEATURES, GROUPS, LABELS, PLACING, CHURN, VALUE, WATCH = (
    "01_eda",
    "02_transformation",
    "03_clustering_comparison",
    "04_label_creation",
    "05_classification",
    "06_churn",
    "07_customer_value",
    "08_monitoring",
)
AT_RISK, WORTH, CONTACT = "Who is at risk?", "What will they spend?", "Whom to contact?"
UNTRIED = "The suggestion has not been tested here. Leave some customers alone, drawn by lot, and compare."
SLICES, NOT_NATURAL = "The segments are useful slices of all customers, not natural groups.", "not natural groups"
SHARES, SPEND = "Share of customers", "Expected spend, by segment"
WARNED, WARNED_OF = "Recent buyers with a warning, by segment", "Customers with a warning, by segment"


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
    lines : list of str
        What stands below the answer in small type.
    """

    question: str
    text: str
    doubts: Sequence[str] = ()
    picture: Picture | None = None
    lines: Sequence[str] = ()


class Answers:
    """Each method yields an answer, or none where the numbers are missing.

    Parameters
    ----------
    processed : Path
        The results of the series.
    good : mapping
        What `pages.read_stages` returned of each chapter that has a page and is up to date.
    money : str
        What follows an amount, such as `` EUR``; may be empty.
    """

    def __init__(self, processed: Path, good: Mapping[str, Any], money: str):
        def read(stage: str, name: str, default: Any) -> Any:
            return read_json(processed / stage / name, default) if stage in good else default

        self.stages = good
        self.metrics = {name: stage["metrics"] for name, stage in good.items()}
        self.data: dict[str, Any] = read_json(processed / "01_eda" / "dataset.json", {})
        self.cards: list[dict[str, Any]] = read(LABELS, "segments.json", [])
        self.churn: dict[str, Any] = read(CHURN, "churn.json", {})
        self.value: dict[str, Any] = read(VALUE, "value.json", {})
        self.monitoring: dict[str, Any] = read(WATCH, "monitoring.json", {})
        self.later: dict[str, Any] = read(PLACING, "segment_later.json", {})
        self.gates = self.churn.get("gates", [])
        self.money = money
        self.listed = contacts.listed(processed) if VALUE in good else None
        self.span = dates.ahead(self.data, self.churn.get("horizon_days"))  # in which 06 forecasts who orders
        self.contacts = None
        if self.listed is not None:
            days = self.value.get("horizon_days")
            self.contacts = contacts.first(self.listed, money.strip(), days, dates.by(self.span))
        if self.contacts:
            self.contacts["note"] = contacts.note(self.span, self.contacts)
            self.contacts["file"] = f"data/processed/{processed.name}/{VALUE}/{listing.NAME}"
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
        doubts = [SLICES] if any(NOT_NATURAL in row["text"] for row in self.findings(GROUPS)) else []
        yield Answer("Who are the customers?", text, doubts, pictures.shares(SHARES, sizes), list(self._in_words()))

    def findings(self, stage: str) -> Sequence[Mapping[str, Any]]:
        """What a chapter found; nothing of one that gives no answers."""
        return self.stages[stage]["findings"] if stage in self.stages else []

    def _in_words(self) -> Iterator[str]:
        """Who is in each segment: its typical member, or of a table what sets it apart."""
        for card in sorted(self.cards, key=_share, reverse=True):
            if card.get("frequency_median"):
                orders, days = card["frequency_median"], card["recency_days_median"]
                yield (
                    f"{card['segment']}: typically {orders:,.0f} order{'s' * (round(orders) != 1)}, the last "
                    f"{days:,.0f} days ago, {about(card['monetary_median'])}{self.money} in all."
                )
            elif card.get("set_apart"):
                yield f"{card['segment']}: {card['set_apart']}."

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
                [UNTRIED] if advice and not self.value.get("campaign") else [],
                pictures.shares("Share of revenue", brought),
            )
        elif self.cards:
            yield Answer(
                question, "The data does not say what a customer pays, so revenue cannot be divided among the segments."
            )

    def leaving(self) -> Iterator[Answer]:
        metrics, churn, days = self.metrics[CHURN], self.churn, self.churn.get("horizon_days")
        summary = gate_narrative.summary(self.gates, churn.get("season"))
        told = gate_narrative.for_everyone(summary), gate_narrative.advice(self.gates)
        doubts, span = [" ".join(filter(None, told))], self.span
        picture = pictures.flags(WARNED if days else WARNED_OF, churn.get("today", {}).get("segments", []))
        lines = list(at_risk.lines(churn, metrics, self.cards, span))
        if churn.get("problem"):
            yield Answer(AT_RISK, "That cannot be forecast.", [churn["problem"]])
        elif days and "customers" in churn.get("today", {}) and "recall_active" in metrics:
            doubts += at_risk.doubts(churn, days)
            yield Answer(AT_RISK, at_risk.of_log(churn, metrics, span), doubts, picture, lines)
        elif {"flagged_share", "recall", "precision"} <= set(metrics):
            doubts = [doubts[0] or "A warning is a chance, not a certainty."]
            yield Answer(AT_RISK, at_risk.of_table(churn, metrics), doubts, picture, lines)

    def worth(self) -> Iterator[Answer]:
        spent, days = self.value.get("expected_spend"), self.value.get("horizon_days")
        picture = pictures.amounts(SPEND, self.value.get("segments", {}), self.money)
        if spent and "low" in spent:
            when = dates.ahead(self.data, days) or f"in the next {days} days"
            yield Answer(
                WORTH,
                f"We expect about {about(spent['value'])}{self.money} {when}{_beside(spent)}. It may be anything from "
                f"{about(spent['low'])} to {about(spent['high'])}{self.money} (95% interval).",
                [*self.value_doubts, " ".join(filter(None, (spent["off"], spent.get("before"))))],
                picture,
                list(filter(None, (spent.get("season"), spent.get("ahead")))),
            )
        elif spent:
            text = (
                f"Those who have not left pay {about(spent['value'])}{self.money} in {days} days, if all of them stay."
            )
            yield Answer(WORTH, text, ["What customers pay is a price list here, not a forecast."], picture)

    def contact(self) -> Iterator[Answer]:
        plan, trial = self.value.get("plan"), "As a trial, " if gate_narrative.failed(self.gates) else ""
        if self.value and gate_narrative.advice(self.gates) == gate_narrative.UNRELIABLE:
            yield Answer(
                CONTACT, "Nobody yet: the forecast of who leaves, on which the list rests, cannot be relied on."
            )
        elif plan and not plan["contacts"]:
            yield Answer(CONTACT, "Nobody: under the assumptions, no contact brings more than it costs.")
        elif plan:
            budget = ": as many as the assumed budget buys" if (self.contacts or {}).get("bounded") else ""
            yield Answer(
                CONTACT,
                f"{capital(trial + 'contact')} {plan['contacts']:,} customers, for {about(plan['cost'])}{self.money}"
                f"{budget}. If the assumptions hold, they bring "
                f"{list_narrative.gained(plan['gain'], self.value.get('corrected'), self.money.strip())} beyond that "
                "cost.",
                list(self._of_plan(plan)),
                pictures.amounts("Contacts, by segment", (self.contacts or {}).get("segments", {})),
                list(self._of_gain(plan)),
            )
        elif self.value:
            yield Answer(
                CONTACT,
                f"{capital(trial + 'begin')} with those most likely to leave: the list below has them in that order.",
                ["What a contact would bring is not known, as the table does not say what a customer pays."],
            )

    def _of_gain(self, plan: Mapping[str, Any]) -> Iterator[str]:
        """How sure the gain is, and what it would be without the error of the stake in the test."""
        if self._corrected():
            yield list_narrative.corrected_for(self.value["stake_error"]["value"])
        low, high = list_narrative.bounds(plan["gain"], plan["low"], plan["high"], self.value.get("corrected"))
        loss, ends = ", perhaps a loss" if low < 0 else "", f"{about(low)} to {about(high)}{self.money}"
        yield f"With all that is uncertain, it may be anything from {ends} (95% interval){loss}."
        if unsure := (self.contacts or {}).get("unsure"):
            yield f"For {unsure:,} of these customers, a contact may pay or not."

    def _corrected(self) -> bool:
        """Whether the gain is told with and without the error of the stake in the test."""
        return self.value.get("corrected") is not None

    def _of_plan(self, plan: Mapping[str, Any]) -> Iterator[str]:
        yield (
            "Margin, cost of a contact (a call, letter or mail) and the chance that it keeps a customer are assumed, "
            "not measured. Page 7 lists them: set them to your own."
        )
        yield "" if self._corrected() else self.value.get("stake", "")
        yield self.value.get("check", "")
        if self.value.get("campaign"):
            yield (
                "Neither suggestions nor contacts have been tested here. So leave "
                f"{(self.contacts or {}).get('held', 0):,} more customers alone, drawn by lot (“hold out” in the "
                "list), and compare afterwards."
            )
            yield self.value.get("too_few", "")


def _beside(spent: Mapping[str, Any]) -> str:
    """How the expected spend compares with that of as many days before; empty where that is not known."""
    if "ratio" not in spent:
        return ""
    amount, than = compared(spent["ratio"], 1.0)
    return f", {amount} {than} in as many days before"


def _share(card: Mapping[str, Any]) -> float:
    return card["share"]


def _revenue(card: Mapping[str, Any]) -> float:
    return card["revenue_share"]
