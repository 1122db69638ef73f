"""Sentences of 07 on the list: from what stake on a contact pays, who is on it, what the plan brings."""

from collections.abc import Sequence

import pandas as pd

from patrons.digits import about, off_by
from patrons.value.actions import CHECK, Campaign
from patrons.value.arms import CONTACT
from patrons.value.gains import Plan
from patrons.value.narrative import money
from patrons.value.stake_check import Checked, corrected


def break_even(needed: Sequence[tuple[float, float, float]], bands: Sequence[str], currency: str) -> str:
    """From what stake on a contact pays, with an example; `bands` names the silences, one name a level."""
    (level, low, high), *others = needed
    first = f" after {bands[0]} of silence" if others else ""
    more = [f"{about(other)} after {name}" for (other, _, _), name in zip(others, bands[1:], strict=True)]
    later = f" It takes {', '.join(more)}." if more else ""
    return (
        f"If the assumptions hold, a contact pays where more than {money(level, currency)} is at stake{first} (95% "
        f"interval {about(low)} to {money(high, currency)}).{later} What is at stake is risk × (spend if kept − spend "
        f"if lost). So at a risk of 50%, a kept customer must bring {money(level / 0.5, currency)} more than a lost "
        f"one{first}."
    )


def worked(listed: pd.DataFrame, campaign: Campaign, currency: str) -> str:
    """How the gain of the first to contact comes about, as an example; empty where nobody is contacted for certain."""
    some = listed[(listed.arm == CONTACT) & listed.certain.astype(bool)]
    if some.empty:
        return ""
    first, cost = some.iloc[0], campaign.plan.cost / campaign.plan.contacts
    silence = ", after such a silence," if len(campaign.break_even) > 1 else ""
    more = first.value_if_kept - first.value_if_lost
    lost, brought = first.churn_probability * more, first.expected_gain + cost
    return (
        f"For example {first.customer_id}, the first to contact: kept, this customer is expected to spend "
        f"{money(more, currency)} more than lost. At a risk of {100 * first.churn_probability:.2g}%, "
        f"{money(lost, currency)} are at stake. A contact brings {brought / lost:.1%} of that back (chance that it "
        f"saves{silence} × margin rate, in the mean of their ranges), {money(brought, currency)}. Less its cost, "
        f"{money(cost, currency)}, that is a gain of {money(first.expected_gain, currency)}."
    )


def not_listed(listed: pd.DataFrame, customers: int, horizon_days: int) -> str:
    """Who is not on the list, and why."""
    return (
        f"The list holds the {len(listed):,} recent buyers, who ordered in the last {horizon_days} days. The other "
        f"{customers - len(listed):,} customers have been silent for longer: they would have to be won back."
    )


def pays_title(campaign: Campaign) -> str:
    """For how many customers a contact is expected to pay, and for how many it likely does: a title."""
    return f"{pays(campaign.listed)}, and likely to for {likely(campaign.listed):,}"


def pays(listed: pd.DataFrame) -> str:
    """For how many customers a contact is expected to pay: the beginning of a sentence."""
    return f"A contact is expected to pay for {int((listed.expected_gain > 0).sum()):,} of {len(listed):,} customers"


def likely(listed: pd.DataFrame) -> int:
    """For how many customers the whole interval of the gain is above zero: a contact likely pays off."""
    return int((listed.gain_low > 0).sum())


def plan_title(plan: Plan, currency: str, checked: Checked | None = None) -> str:
    """What the plan costs and brings: a title, without a full stop."""
    cost = money(plan.cost, currency)
    gain = gained(plan.gain, corrected(checked, plan), currency)
    return f"{plan.contacts:,} contacts cost {cost} and bring {gain} beyond that, if the assumptions hold"


def gained(gain: float, right: float | None, currency: str) -> str:
    """What a plan brings, with and without the error of the stake in the test: the lower amount first.

    `right` is of `stake_check.corrected`.
    """
    if right is None:
        return f"about {money(gain, currency)}"
    low, high = sorted((gain, right))
    return f"{about(low)} to {money(high, currency)}"


def corrected_for(error: float) -> str:
    """Which of the two amounts of `gained` is corrected, and for what; `error` is the share that was put too high."""
    return (
        f"The {'lower' if error > 0 else 'higher'} amount is corrected for the test. There, what a contact could save "
        f"was put {off_by(error)}."
    )


def bounds(gain: float, low: float, high: float, right: float | None) -> tuple[float, float]:
    """The 95% interval of what a plan brings, so wide that what is told of it (`gained`) lies within."""
    told = [gain] if right is None else [gain, right]
    return min(low, *told), max(high, *told)


def planned(campaign: Campaign, currency: str, checked: Checked | None = None) -> str:
    """What the plan costs and brings, what bounds the number of contacts, and whether it may bring a loss."""
    plan = campaign.plan
    held = f" without the {campaign.reach.held:,} left alone" if campaign.reach.held else ""
    each = f", {money(plan.cost / plan.contacts, currency)} each on average" if plan.contacts else ""
    right = corrected(checked, plan)
    which = (
        "" if right is None else f": the {'lower' if right < plan.gain else 'higher'} amount is corrected for the test"
    )
    low, high = bounds(plan.gain, plan.low, plan.high, right)
    return (
        f"Contact {plan.contacts:,} customers: the first {campaign.armed:,} of the list{held}. That costs "
        f"{money(plan.cost, currency)}{each}. Beyond that cost it brings {gained(plan.gain, right, currency)} if the "
        f"assumptions hold{which}. With all that is uncertain, it may be anything from {about(low)} to "
        f"{money(high, currency)} (95% interval). {limit(campaign.pays, campaign.affordable)} {loss(plan)}"
    ).strip()


def limit(pays: int, affordable: int) -> str:
    """What bounds the number of contacts."""
    if pays <= affordable:
        return (
            f"The assumed budget would pay for {affordable:,}, but beyond {pays:,} a contact costs more than it brings."
        )
    return f"The assumed budget pays for {affordable:,} contacts, not for more."


def loss(plan: Plan) -> str:
    """A warning where the gain of a plan may be none or a loss."""
    if plan.contacts and plan.low <= 0 <= plan.high:
        return "The interval includes zero: it may bring nothing, or lose money."
    return ""


def uncertain(listed: pd.DataFrame) -> str:
    """For how many customers a contact is expected to pay, likely does, and may not."""
    chosen = listed[listed.arm == CONTACT]
    rest = int((~chosen.certain).sum())
    others = f" For the other {rest:,} the interval of the gain includes zero: there it may pay or not." if rest else ""
    return (
        f"{pays(listed)}, and likely to for {likely(listed):,}. Of the {len(chosen):,} to contact it is likely to for "
        f"{likely(chosen):,}.{others}"
    )


def nobody(horizon_days: int) -> str:
    """Why there is no list of a log."""
    return f"Nobody has ordered in the last {horizon_days} days, so there is nobody to keep: the list is empty."


def not_by_risk(listed: pd.DataFrame, scores: pd.DataFrame, horizon_days: int | None) -> str:
    """What a reader of the list must know first: gain is not risk. An example from it, and how many are flagged.

    Parameters
    ----------
    horizon_days : int or None
        Within which 06 forecasts that there is no order; None of a table, which forecasts churn.
    """
    chosen, example = listed[listed.arm == CONTACT], ""
    contacts, armed = len(chosen), int((listed.arm != "").sum())
    if armed:
        low = int(listed.churn_probability.head(min(armed, 10)).argmin())
        least, most = listed.churn_probability.iloc[low], listed.churn_probability.iloc[low:].max()
        if most > least:
            example = f" Number {low + 1}, at a risk of {least:.0%}, comes before others at up to {most:.0%}."
    what = f"not to order in {horizon_days} days" if horizon_days else "to churn"
    flagged = int(chosen.customer_id.isin(scores.customer_id[scores.flagged]).sum())
    return (
        f"The list is in the order of expected gain, not of risk.{example} "
        f"Page 6 warns of {flagged:,} of the {contacts:,} to contact as likely {what}."
    )


def to_check(listed: pd.DataFrame) -> str:
    """How many contacts may rank high by orders that were cancelled; empty where there are none."""
    check = listed.suggested_action.str.startswith(CHECK)
    first, count = int(check.head(10).sum()), int(check.sum())
    if not count:
        return ""
    more = f" and {count:,} of all to contact" if count > first else ""
    return (
        f"{first} of the first {min(len(listed), 10)}{more} may be there only because of orders they later "
        "cancelled: check before you call them."
    )


def caption(folder: str) -> str:
    """What heads the first rows of the list; `folder` is the series' name."""
    file = f"data/processed/{folder}/07_customer_value/actions.csv"
    return f"The first ten of the list (all of it, and all reasons: {file})"
