"""Sentences on a customer table, each made of what the intake decided and of the tables of `table`."""

from collections.abc import Sequence

import pandas as pd

from patrons.evaluation.shares import together, wilson
from patrons.exploration.narrative import Finding, listed
from patrons.intake.ages import Ages

CHANCE = 0.53  # ROC AUC of a column alone below which it tells next to nothing

HALF = 0.5  # share of customers that churned from which the label is doubted
FEW = 0.05  # share of values below 0 that is odd, where the rest is not


def contract(breaches: Sequence[str]) -> str:
    """Whether the table keeps the quality contract, and what it breaks."""
    return f"The quality contract is broken: {'; '.join(breaches)}." if breaches else "The quality contract is kept."


def duplicates(count: int) -> str:
    """Whether rows repeat another one in everything but the id, and what happens to them."""
    if not count:
        return "No two customers are the same in everything but the id."
    rows = "1 row repeats" if count == 1 else f"{count:,} rows repeat"
    return (
        f"{rows} another one in everything but the id. They are kept, and such customers are never split between "
        "training and test, so that no model is tested on a copy of what it learnt."
    )


def columns(numerical: Sequence[str], categorical: Sequence[str], aside: Sequence[str]) -> str:
    """Which columns the series goes on with, and which it does not."""
    rest = f"Set aside: {', '.join(aside)}." if len(aside) else "None is set aside."
    return f"{len(numerical)} numerical and {len(categorical)} categorical columns go on. {rest}"


def ages(dates: Ages) -> str:
    """Which columns are dates, and what models see of them."""
    are, they = ("is a date", "it lies") if len(dates.formats) == 1 else ("are dates", "they lie")
    return (
        f"{listed(list(dates.formats))} {are}: models see how many days {they} before {dates.day}, the latest day in "
        "the table, and so will those who are scored later."
    )


def leaks(names: Sequence[str]) -> str:
    """The columns that look as if they had been written after the fact."""
    if not len(names):
        return "No column alone tells who churned: none looks as if it was written after the fact."
    verb, pronoun = ("tells", "it comes") if len(names) == 1 else ("each tell", "they come")
    return (
        f"{listed(list(names))} {verb} alone who churned, as only what is written after the fact does. "
        f"Ask where {pronoun} from; what was known before goes into `confirmed`."
    )


def outcome(churned: pd.Series, label: str, positive: str) -> str:
    """How many customers churned, and what that means in the source."""
    rate, count = churned.mean(), churned.sum()
    return f"{rate:.1%} of customers churned: {label} is {positive} for {count:,} of {len(churned):,}."


def doubts_of_outcome(answers: pd.DataFrame, label: str, positive: str, undecided: int) -> list[str]:
    """What to ask of a label: whether most churned, what other values mean, and who has none.

    Parameters
    ----------
    answers : DataFrame
        Values of the label, with `value`, `customers`, `share` and `churned`.
    label, positive : str
        The parameters.
    undecided : int
        Customers without an outcome.
    """
    share, stayed = answers.share[answers.churned].sum(), answers[~answers.churned]
    doubts = []
    if share > HALF:
        doubts.append(f"{share:.0%} churned; the value of {label} that means so is {positive}: is it?")
    if len(stayed) > 1:
        counts = listed([f"{row.value} ({row.customers:,})" for row in stayed.itertuples()])
        doubts.append(f"{counts} count as stayed. List in `undecided` what says nothing yet.")
    if undecided:
        doubts.append(f"{undecided:,} customers have no outcome. They are scored, and nothing is learnt from them.")
    return doubts


def odd(numbers: pd.DataFrame) -> str:
    """Attributes of which a few values are below 0 and nearly all are not; empty where there are none."""
    below = (numbers < 0).mean()
    some = below[(below > 0) & (below < FEW)]
    if some.empty:
        return ""
    named = listed([f"{name} ({(numbers[name] < 0).sum():,} values)" for name in some.index])
    return f"A few values are below 0 where nearly all are not: {named}. They are kept; are they credits, or errors?"


def missing(columns: pd.DataFrame) -> str:
    """The attribute with the most gaps; `columns` is what the intake says of each, with `kind` and `missing`."""
    gaps = columns[columns.kind != ""].set_index("column").missing
    if not gaps.max() > 0:
        return "Every customer has a value in every attribute."
    return f"{gaps.idxmax()} has the most gaps: it is missing for {gaps.max():.1%} of customers."


def alone(auc: pd.Series) -> Finding:
    """Which attributes tell most, taken alone, and which next to nothing.

    Parameters
    ----------
    auc : Series
        ROC AUC of each attribute alone, the highest first.
    """
    title = f"{auc.index[0]} alone ranks {auc.iloc[0]:.0%} of pairs right"
    verb = "tells" if len(auc) == 1 else "tell"
    text = f"Taken alone, {listed(list(auc.index[:3]))} {verb} most about who churns."
    weak = auc.index[auc < CHANCE]
    return Finding(title, text + (f" Next to nothing: {', '.join(weak)}." if len(weak) else ""))


def churn_rates(rates: pd.DataFrame, overall: float, attributes: int) -> Finding:
    """Where churn is highest beyond doubt: the value whose interval begins highest.

    The interval is one that holds for all values at once, since this one was picked (`shares.together`).

    Parameters
    ----------
    rates : DataFrame
        What `table.churn_rates` returned.
    overall : float
        Share of all customers that churned.
    attributes : int
        From among which those of `rates` were taken because they tell most.
    """
    picked_from = round(len(rates) * attributes / rates.attribute.nunique())
    low, high = wilson(rates.churned, rates.customers, together(picked_from))
    worst = rates.assign(low=low, high=high).iloc[int(low.argmax())]
    title = f"{worst.rate:.0%} churn where {worst.attribute} is {worst.value}"
    text = (
        f"{title}, against {overall:.0%} of all customers (95% interval {worst.low:.0%} to {worst.high:.0%}, "
        f"{worst.customers:,} customers; it allows for being picked from about {picked_from}). "
        "That they go together does not mean that one causes the other."
    )
    return Finding(title, text)
