"""Short answers to the questions that a report opens with: on the first page, and at the top of their own pages.

They are made of what the notebooks recorded. A chapter that failed, was not run or is out of date gives none.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from patrons.churn import gate_narrative
from patrons.digits import about
from patrons.errors import PATRONS
from patrons.files import read_json
from patrons.lexicon import capital
from patrons.reports import contacts, pictures
from patrons.reports.pictures import Picture

LABELS, PLACING, CHURN, VALUE, WATCH = (
    "04_label_creation",
    "05_classification",
    "06_churn",
    "07_customer_value",
    "08_monitoring",
)
NEARLY_ALL = 0.95  # share of a segment from which its flags tell nobody apart
UNTRIED = "The suggestion has not been tested here. Leave some customers alone, drawn by lot, and compare."
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
        self.cards: list[dict[str, Any]] = read(LABELS, "segments.json", [])
        self.churn: dict[str, Any] = read(CHURN, "churn.json", {})
        self.value: dict[str, Any] = read(VALUE, "value.json", {})
        self.monitoring: dict[str, Any] = read(WATCH, "monitoring.json", {})
        self.later: dict[str, Any] = read(PLACING, "segment_later.json", {})
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
        yield Answer("Who are the customers?", text, (), pictures.shares(SHARES, sizes), list(self._in_words()))

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

    def placing(self) -> Iterator[Answer]:
        metrics = self.metrics[PLACING]
        if "accuracy_held_out" not in metrics:
            return
        decided = [row["text"] for row in self.stages[PLACING]["findings"] if row["kind"] == "decision"]
        text = f"{metrics['accuracy_held_out']:.0%} of new customers land in the right segment."
        later = []
        if {"accuracy_later", "accuracy_persistence"} <= set(metrics) and "days" in self.later:
            later = [
                f"{self.later['days']} days ahead, the model names the right segment for "
                f"{metrics['accuracy_later']:.0%}. To say that nobody moves is right for "
                f"{metrics['accuracy_persistence']:.0%}."
            ]
        yield Answer("How many are placed right?", " ".join([text, *decided[-1:]]), (), None, later)

    def leaving(self) -> Iterator[Answer]:
        metrics, days, churn = self.metrics[CHURN], self.churn.get("horizon_days"), self.churn
        question = f"Who will not order in the next {days} days?" if days else "Who is leaving?"
        told = gate_narrative.summary(self.gates, churn.get("season")), gate_narrative.advice(self.gates)
        doubts = [" ".join(filter(None, told))]
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
                [*doubts, *self._of_days(days)],
                by_segment,
                list(self._nearly_all()),
            )
        elif {"flagged_share", "recall", "precision"} <= set(metrics):
            yield Answer(
                question,
                f"We would warn of {metrics['flagged_share']:.0%} of the customers. In the test we spotted "
                f"{metrics['recall']:.0%} of those who left, and {metrics['precision']:.0%} of the warnings were "
                "right.",
                [doubts[0] or "A warning is a chance, not a certainty."],
                by_segment,
                list(self._nearly_all()),
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

    def _nearly_all(self) -> Iterator[str]:
        """What to do with segments of whom nearly everyone is flagged."""
        segments = self.churn.get("today", {}).get("segments", [])
        all_of = [f"“{row['segment']}”" for row in segments if row["flagged"] > NEARLY_ALL * max(row["customers"], 1)]
        if all_of and len(segments) > 1:
            yield (
                f"Nearly everyone in {' and '.join(all_of)} is flagged, so the flag picks nobody there. Call in the "
                "order of the list."
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
            "Margin, cost and the chance of keeping a customer are assumed in the params file. Nobody has measured "
            f"them. By their means a contact costs {about(plan['cost'] / plan['contacts'])}{self.money}, and all of "
            f"them bring {about(plan['gain'])}{self.money} beyond their cost."
        )
        yield self.value.get("stake", "")
        yield self.value.get("check", "")
        if self.value.get("campaign"):
            yield (
                "Neither suggestions nor contacts have been tested here. So leave "
                f"{(self.contacts or {}).get('held', 0):,} customers alone, drawn by lot (“hold out” in the list). "
                f"Beside them “{PATRONS} trial {self.name}” will show what contacts do."
            )

    def watched(self) -> Iterator[Answer]:
        if self.monitoring:
            yield Answer("Must it be trained anew?", self.monitoring["reason"])


def _share(card: Mapping[str, Any]) -> float:
    return card["share"]


def _revenue(card: Mapping[str, Any]) -> float:
    return card["revenue_share"]
