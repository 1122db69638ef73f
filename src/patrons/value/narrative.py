"""Sentences of 07: on the fits, the test, and what customers are worth."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from patrons.churn import gate_narrative
from patrons.digits import about, compared, off_by
from patrons.evaluation.metrics import Interval
from patrons.value import seasons
from patrons.value.forecast import LEAST_REPEATERS, Days, Tested, repeaters
from patrons.value.spend_model import Fits
from patrons.value.tables import at_bound, reports

HARDLY, A_LITTLE = 0.1, 0.3  # rank correlations
ONE_PERIOD = "The interval is too narrow: too few earlier days tell how much one period differs from another."
ONE = 0.2  # share of the expected spend from which one customer is told of


def money(amount: float, currency: str) -> str:
    """An amount in few digits with its currency, if there is one."""
    return f"{about(amount)} {currency}".strip()


def unsettled(fits: Fits, today: pd.DataFrame) -> str:
    """Why the fits should not be trusted; empty where nothing speaks against them."""
    back = repeaters(today)
    sentences = []
    if back < LEAST_REPEATERS:
        sentences.append(
            f"Only {back} of {len(today):,} customers ordered on more than one day. It takes {LEAST_REPEATERS} to "
            "learn how often they order and when they leave: do not act on the values below."
        )
    for name, report in reports(fits).items():
        if report.at_bound:
            parameters = ", ".join(at_bound(name, report))
            sentences.append(f"{name}: the log is too short to settle {parameters}, which lie at their bound.")
        elif report.flat:
            sentences.append(f"{name}: the log does not settle all parameters. Others fit it as well.")
        if not report.converged or (report.agreed < 2 and not report.at_bound):
            sentences.append(f"{name}: the search for the parameters came to no clear end.")
    return " ".join(sentences)


def tested_mean(tested: Tested, currency: str) -> str:
    """What a customer was expected to spend in the test, and spent, on average: a title, without a full stop."""
    expected, spent = money(tested.predicted.mean(), currency), money(tested.truth.mean(), currency)
    return f"On average, a customer was expected to spend {expected} and spent {spent}"


def verdict(tested: Tested | None, horizon_days: int) -> str:
    """What the test says, or that there was none."""
    if tested is None:
        return f"The log is too short to test a forecast of {horizon_days} days: nothing below has been checked."
    if not tested.truth.sum():
        return "Nothing was spent in the period that was tested: how good the forecast is cannot be told."
    saving = tested.saving
    top = f"The tenth of customers forecast highest brought {tested.scores['capture_top_decile']:.0%} of all spend"
    best = f"no list of so many could have brought more than {tested.leaderboard.oracle.iloc[0]:.0%}"
    error, than = compared(1 - saving.value, 1.0)
    doubt = "" if tested.beats else " That is no clear gain: the simple rule will do."
    return (
        f"{top}; {best}. {spent_in_test(tested)} The squared error is {error} {than} that of the best simple rule, "
        f"“{tested.rule}” (95% interval of the saving {saving.low:+.0%} to {saving.high:+.0%}).{doubt}"
    )


def spent_in_test(tested: Tested) -> str:
    """How the forecast of the test compares with what all customers spent, the one way in which that is told."""
    spent = tested.truth.sum()
    if not spent > 0:
        return "In the period that was tested, nothing was spent."
    return f"In the period that was tested, the forecast of all spend was {off_by(tested.predicted.sum() / spent - 1)}."


def depends(correlation: Interval | None) -> str:
    """Whether order values go with how often customers order; empty where it cannot be told."""
    if correlation is None:
        return ""
    (rank, low, high), strength = correlation, abs(correlation.value)
    who = f": those who order more often spend {'more' if rank > 0 else 'less'} at a time"
    verdict = "hardly are" if strength < HARDLY else f"are{' a little' if strength < A_LITTLE else ''}{who}"
    return (
        "The model of order values (Gamma-Gamma) assumes that how often customers order and how much they spend at a "
        f"time are not related. Here they {verdict} (rank correlation {rank:+.2f}, 95% interval {low:+.2f} to "
        f"{high:+.2f}, of those who came back)."
    )


def tracked(weekly: pd.DataFrame, cutoff: date | None, among: str = "") -> str:
    """How many repeat orders came and were expected, after the cutoff where there is one: a title.

    `among` is what `evaluation.samples.among` says of those whose orders are counted.
    """
    rows = weekly[weekly.week >= pd.Timestamp(cutoff)] if cutoff else weekly
    when = f"From {cutoff} on" if cutoff else "In all"
    came, expected = about(rows.observed.sum()), about(rows.expected.sum())
    return f"{when} {came} repeat orders{among} came. MBG/NBD alone expected {expected}"


def periods(history: pd.DataFrame, error: float | None) -> str:
    """How much totals differ from period to period; empty if not known."""
    days = history[history.spent.notna()].as_of.nunique()
    if error is None or not days:
        return ""
    return (
        f"Spend changes from one period to the next: forecast from the others, the totals of {days} earlier "
        f"days were off by a factor of {np.exp(error):.2f} (one standard deviation). Every interval of spend and gain "
        "allows for that."
    )


def _ratios(history: pd.DataFrame, horizon_days: int) -> pd.Series:
    """What all customers of each earlier day spent in the days after over the days before."""
    known = seasons.by_day(history, horizon_days)
    return (known.spent / known.before).replace(np.inf, np.nan).dropna()


def ahead(history: pd.DataFrame, expected: float, before: float, horizon_days: int, drawn: bool = False) -> str:
    """Whether such a change of spend was seen before; empty if not known.

    Parameters
    ----------
    expected : float
        What all customers are expected to spend, currency.
    before : float
        What they spent in as many days before (`forecast.spent_before`).
    drawn : bool
        Whether `history` is of some customers: then ratios are told with "about".
    """
    ratios = _ratios(history, horizon_days)
    if not before > 0 or ratios.empty:
        return ""
    ratio = expected / before
    seen = f"{'about ' if drawn else ''}{ratios.min():.2f} to {ratios.max():.2f} times as much"
    if ratios.min() <= ratio <= ratios.max():
        return f"On {len(ratios)} earlier days, customers then spent {seen} as before: the forecast is nothing unusual."
    change, way = ("fall further", "low") if ratio < ratios.min() else ("rise higher", "high")
    return (
        f"On {len(ratios)} earlier days, customers then spent {seen} as before. Either spend will {change} than it "
        f"ever did then, or the forecast is too {way}."
    )


def off(tested: Tested | None, error: float | None) -> str:
    """How far the total of the test was off, and whether intervals hold how periods differ (`error`, see `periods`)."""
    if tested is None:
        return "No forecast could be tested, so the interval is too narrow."
    return f"{spent_in_test(tested)}{f' {ONE_PERIOD}' if error is None else ''}"


def before(spent: float, horizon_days: int) -> str:
    """What all customers spent in as many days before (`forecast.spent_before`); empty if not known."""
    if not spent > 0:
        return ""
    return (
        f"The same customers spent {about(spent)} in the {horizon_days} days before. Some of them will not order "
        "again, and what new customers will spend is not in the forecast."
    )


def expected_title(total: pd.DataFrame, top_share: float, horizon_days: int, currency: str) -> str:
    """What is expected in all, and of a tenth of the customers: a title, without a full stop."""
    amount = f"{money(total.value.sum(), currency)} are expected in {horizon_days} days"
    return f"{amount}, {top_share:.0%} of it from a tenth of the customers"


def expected(total: pd.DataFrame, interval: Interval, when: Days, horizon_days: int, currency: str) -> str:
    """What today's customers are expected to spend, and which segment brings most of it."""
    return (
        f"In the {horizon_days} days from {when.end} the {total.customers.sum():,.0f} customers are expected to spend "
        f"{money(total.value.sum(), currency)} (95% interval {about(interval.low)} to "
        f"{money(interval.high, currency)}). “{total.index[0]}” should bring "
        f"{total.value.iloc[0] / total.value.sum():.0%} of it."
    )


def paid_title(total: pd.DataFrame) -> str:
    """Which segment of a customer table pays most: a title, without a full stop."""
    return f"“{total.index[0]}” pay {total.value.iloc[0] / total.value.sum():.0%} of what is paid"


def paid(total: pd.DataFrame, spend: str, horizon_days: int) -> str:
    """What the customers of a table pay if all of them stay; `spend` is the attribute that says it."""
    return (
        f"The {total.customers.sum():,} customers who have not churned pay {about(total.value.sum())} in "
        f"{horizon_days} days if all of them stay and {spend} does not change. {paid_title(total)}. This is a price "
        "list, not a forecast."
    )


def without_spend(doubts: list[str]) -> str:
    """Why value and gain are left out where a table does not say what is paid; `doubts` are those of churn."""
    reason = (
        "The table does not say what a customer pays, so nobody can tell what a contact would bring. The list begins "
        "with those most likely to churn. If a column says what customers pay, name it in spend."
    )
    return " ".join([reason, *doubts])


def doubts_of_value(unsettled: str, tested: Tested | None) -> list[str]:
    """Why expected spend should be doubted, short sentences; `unsettled` is what that function says of the fits."""
    doubts = ["The log does not settle how customers order: page 7 says why."] if unsettled else []
    if tested is None:
        doubts.append("The log is too short to test the forecast of spend.")
    elif not tested.beats:
        doubts.append(f"The forecast of spend is not clearly better than the simple rule “{tested.rule}”.")
    return doubts


def one_customer(values: pd.DataFrame, currency: str) -> list[str]:
    """That one customer is a large part of what is expected of all; nothing where none is.

    Parameters
    ----------
    values : DataFrame
        `customer_id` and `expected_spend`.
    currency : str
    """
    total, top = values.expected_spend.sum(), values.iloc[int(values.expected_spend.argmax())]
    if len(values) < 2 or not top.expected_spend > ONE * total:
        return []
    return [
        f"One customer, {top.customer_id}, makes up {money(top.expected_spend, currency)} of the {about(total)} that "
        "are expected in all. Look at this one alone, and at the sum without."
    ]


def doubts_of_churn(record: Mapping[str, Any]) -> list[str]:
    """Why churn probabilities should be doubted, short sentences; `record` is ``churn.json`` of 06."""
    if record["problem"]:
        days = record.get("horizon_days")
        will, did = (f"not order in {days} days", "did not") if days else ("churn", "churned")
        return [
            f"Who will {will} could not be forecast: everyone has the same churn probability, the share that {did}."
        ]
    return list(filter(None, [gate_narrative.summary(record["gates"], record.get("season"))]))


def doubtful(doubts: Mapping[str, list[str]]) -> str:
    """All doubts of what contacts bring, introduced; empty where there are none."""
    sentences = [sentence for several in doubts.values() for sentence in several]
    return " ".join(["Treat what follows with caution.", *sentences]) if sentences else ""


def rhythm(late: pd.Series, recency_days: pd.Series, days: int) -> str:
    """Who is late by their own rhythm and not by a fixed silence of so many days, and the other way round."""
    own, fixed = late.to_numpy(), (recency_days > days).to_numpy()
    alone = [
        f"{count:,} {'is' if count == 1 else 'are'} late" for count in ((own & ~fixed).sum(), (fixed & ~own).sum())
    ]
    return (
        f"{own.sum():,} customers are late by their own rhythm: silent for longer than nine in ten of the gaps between "
        f"orders that can be expected of them. {fixed.sum():,} have been silent for more than {days} days. "
        f"{alone[0]} by their own rhythm alone: those who order often, whom a limit of {days} days would notice later. "
        f"{alone[1]} by that limit alone: those who order seldom or ordered once, so that their silence says little."
    )
