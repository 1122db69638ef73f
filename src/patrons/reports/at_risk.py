"""Who is at risk: whom the churn model warns of, and who gets no warning because they have gone quiet already."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from patrons.churn import gate_narrative
from patrons.reports.dates import Span, before

NEARLY_ALL = 0.95  # share of a segment from which its warnings tell nobody apart
SMALL = 0.05  # share of the recent buyers up to which a segment has few of them
MOSTLY = 0.75  # share of the warnings from which a segment has most of them
Records = Sequence[Mapping[str, Any]]


def of_log(churn: Mapping[str, Any], metrics: Mapping[str, float], span: Span | None) -> str:
    """How many recent buyers are expected not to order, of how many we warn, and what that is worth: two sentences."""
    today, when = churn["today"], span or f"in the next {churn['horizon_days']} days"
    warned, right = f"{today['flagged']:,}{_mostly(today)}", f"{metrics['precision_active']:.0%}"
    if not _counts(churn):
        return (
            f"Of {today['customers']:,} recent buyers we warn of {warned}: they may not order {when}. In the test, "
            f"{right} of such warnings were right."
        )
    return (
        f"We expect about {today['expected']:,} of the {today['customers']:,} recent buyers not to order {when}. We "
        f"warn of {warned}: in the test, {right} of such warnings were right."
    )


def _counts(churn: Mapping[str, Any]) -> bool:
    """Whether it is told how many are expected not to order: not by a model that is not to be relied on."""
    return "expected" in churn["today"] and gate_narrative.advice(churn.get("gates", [])) != gate_narrative.UNRELIABLE


def _mostly(today: Mapping[str, Any]) -> str:
    """The segments of most who are warned of: the first, or the first two where it has few of them by itself."""
    most = sorted(today.get("segments", []), key=lambda row: -row["flagged"])[:2]
    if not most or not today["flagged"]:
        return ""
    named = most[:1] if most[0]["flagged"] >= MOSTLY * today["flagged"] else most
    return f", mostly {' and '.join(_quoted(row) for row in named)}"


def _quoted(row: Mapping[str, Any]) -> str:
    return f"“{row['segment']}”"


def of_table(churn: Mapping[str, Any], metrics: Mapping[str, float]) -> str:
    """The same of a customer table, whose customers may leave at any time; without counts of today, of the test."""
    today = churn.get("today", {})
    whom = (
        f"We warn of {today['flagged']:,} of the {today['customers']:,} customers{_mostly(today)}: they may leave."
        if "flagged" in today
        else f"We would warn of {metrics['flagged_share']:.0%} of the customers."
    )
    return (
        f"{whom} In the test we spotted {metrics['recall']:.0%} of those who left, and {metrics['precision']:.0%} of "
        "the warnings were right."
    )


def lines(churn: Mapping[str, Any], metrics: Mapping[str, float], cards: Records, span: Span | None) -> Iterator[str]:
    """Small type below the answer: how sure it is, what warnings were worth, who the others are, whom to call first."""
    if churn.get("horizon_days") and "customers" in churn.get("today", {}):
        yield from _rough(churn)
        yield from _in_the_test(churn, metrics)
        yield quiet(churn, cards, span)
    who = "recent buyer" if churn.get("horizon_days") else "customer"
    yield from nearly_all(churn.get("today", {}).get("segments", []), who)


def quiet(churn: Mapping[str, Any], cards: Records, span: Span | None) -> str:
    """Who recent buyers are, and that nobody warns of the others: they are silent already."""
    days, recent = churn["horizon_days"], churn["today"]["customers"]
    when = before(span) if span else f"in the last {days} days"
    others = sum(card["customers"] for card in cards) - recent
    told = f"Recent buyers ordered {when}."
    if others <= 0:
        return told
    buyers = {row["segment"]: row["customers"] for row in churn["today"].get("segments", [])}
    silent = {card["segment"]: card["customers"] - buyers.get(card["segment"], 0) for card in cards}
    most = [_quoted(card) for card in cards if buyers and 2 * silent[card["segment"]] > card["customers"]]
    who = f", most of them {' and '.join(most[:2])}" if 0 < len(most) <= 2 else ""
    return (
        f"{told} The other {others:,} customers have gone quiet already{who}. They get no warning and are not on the "
        "list. To win them back is another task."
    )


def _rough(churn: Mapping[str, Any]) -> Iterator[str]:
    """How few and how many it may be who do not order, where that many are told."""
    today, between = churn["today"], churn["today"].get("expected_range")
    if between and _counts(churn):
        yield (
            f"That is {today['expected'] / today['customers']:.0%} of them. It may be anything from {between[0]:,} to "
            f"{between[1]:,} (95% interval): the forecasts of one day tend to be all too high or all too low."
        )


def _in_the_test(churn: Mapping[str, Any], metrics: Mapping[str, float]) -> Iterator[str]:
    """What warnings found in the test, and what they cost, of a hundred."""
    if "recall_active" in metrics:
        right = round(100 * metrics["precision_active"])
        day = f" on {churn['test_day']}" if "test_day" in churn else ""
        days = "; over all days tried {:.0%} to {:.0%}".format(*churn["found"]) if churn.get("found") else ""
        yield (
            f"In the test{day} we spotted {metrics['recall_active']:.0%} of those who did not order{days}. Of 100 "
            f"warned of, {right} did not order and {100 - right} did."
        )


def nearly_all(segments: Records, who: str) -> Iterator[str]:
    """What to do with segments of whom nearly everyone is warned of; small ones are not worth the words."""
    fewest = SMALL * sum(row["customers"] for row in segments)
    large = [row for row in segments if row["customers"] > fewest]
    all_of = [_quoted(row) for row in large if row["flagged"] > NEARLY_ALL * row["customers"]]
    if all_of and len(segments) > 1:
        yield (
            f"We warn of nearly every {who} in {' and '.join(all_of)}, so the warning singles out nobody there. "
            "Contact in the order of the list."
        )


def doubts(churn: Mapping[str, Any], days: int) -> Iterator[str]:
    """What a log says against its warnings: what one means, and who comes back."""
    yield f"A warning means a chance of {churn['threshold']:.0%} or more not to order. It is no certainty."
    if "came_back_rate" in churn:
        yield f"{churn['came_back_rate']:.0%} of those who skip {days} days come back in the {days} days after."
