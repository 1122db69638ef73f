"""Sentences on an order log, each made of the tables of this room and of the intake."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from patrons.digits import about, compared
from patrons.exploration.cancelled import ALL, TAKEN
from patrons.exploration.retention import Gaps
from patrons.intake.cancellations import ASIDE
from patrons.lexicon import words

NAMES = {"time": "time of day", "order_id": "order number", "product_id": "product", "unit_price": "price"}
COMMON = 0.05  # share of customers from which a value of an attribute counts as common
LEFT = 0.005  # share of what was cancelled from which it is said that something is left
LIFTED = 1.1  # mean over median from which a few large orders lift the mean


class Finding(NamedTuple):
    """What a figure shows: its `title`, and the `text` of the callout below it."""

    title: str
    text: str
    kind: str = "finding"


def _finding(title: str, rest: str = "", kind: str = "finding") -> Finding:
    return Finding(title, " ".join([f"{title}.", rest]).strip(), kind)


def usable(loss: pd.DataFrame, rows: str = "lines") -> str:
    """How much of a source can be used, and what the most frequent reason is to set the rest aside.

    Parameters
    ----------
    loss : DataFrame
        What `row_loss` of the intake returned: the rows read, set aside by reason, and kept.
    rows : str
        What the source's rows are called.
    """
    read, kept, reasons = loss["count"].iloc[0], loss["count"].iloc[-1], loss.iloc[1:-1]
    if reasons.empty:
        return f"All {read:,} {rows} can be used."
    reason = reasons.lines.iloc[0].removeprefix("set aside: ")
    return f"{kept / read:.1%} of {read:,} {rows} can be used. The most frequent reason to set one aside: {reason}."


def cautions(absent: Sequence[str], mixed: Sequence[str], unread_dates: float) -> list[str]:
    """What a reader has to know of how the log was read; empty where there is nothing.

    Parameters
    ----------
    absent : sequence of str
        Columns of ours that the log does not have, and ``time`` where it has days only.
    mixed : sequence of str
        One example of each form of dates, where there is more than one.
    unread_dates : float
        Share of lines whose date is missing or fits none of the forms.
    """
    sentences = []
    if absent:
        lacking = listed([NAMES.get(name, name) for name in absent], "or")
        sentences.append(f"The log has no {lacking}. What depends on that is skipped, here and in later notebooks.")
    if mixed:
        rest = f"; the {unread_dates:.1%} of lines that fit none are set aside" if unread_dates else ""
        sentences.append(f"Dates come in {len(mixed)} forms ({', '.join(mixed)}). Each is read by its own rule{rest}.")
    return sentences


def unused(columns: pd.DataFrame) -> pd.DataFrame:
    """The columns that nothing is made of, with their values in words; `columns` is what `unused.describe` returned."""
    values = [
        ", ".join(f"{value or 'empty'} ({share:.1%})" for value, share in few.items())
        if few
        else f"{different:,} values"
        for few, different in zip(columns["values"], columns.different, strict=True)
    ]
    return columns[["column", "filled"]].assign(values=values)


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names as a sentence lists them: a, b and c."""
    return f" {last} ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def missing(shares: pd.Series) -> str:
    """The column of which most values are missing, as a title."""
    if not shares.max() > 0:
        return "No value is missing"
    return f"{words([shares.idxmax()])[0].capitalize()} is missing in {shares.max():.1%} of lines"


def repeats(count: int, loss: pd.DataFrame, duplicates: str) -> str:
    """Whether lines repeat another one exactly, and what happens to them.

    Parameters
    ----------
    count : int
        Lines that repeat an earlier one.
    loss : DataFrame
        What `row_loss` returned.
    duplicates : {"quarantine", "keep"}
        The parameter.
    """
    if not count:
        return "No line repeats another one exactly."
    share = count / loss["count"].iloc[0]
    sentence = f"{_count(count, 'line')} ({share:.1%}) repeat{'s' * (count == 1)} another line exactly."
    if duplicates == "keep":
        return f"{sentence} They are kept, as the parameters say."
    others = count - loss["count"][loss.lines == "set aside: exact duplicate"].sum()
    sentence += " They are set aside, so that each purchase and each cancellation counts once."
    return sentence + (f" {others:,} of them are listed under another reason, which comes first." if others else "")


def _count(count: float, unit: str) -> str:
    return f"{count:,.0f} {unit}{'s' * (round(count) != 1)}"


def extremes(lines: pd.DataFrame, currency: str) -> str:
    """What lines beyond the IQR limit of the amount do to the mean; `lines` is what `log.extremes` returned."""
    amount = lines[lines.column == "amount"].iloc[0]
    if not amount.share:
        return "No line is an outlier by its amount."
    without, mean = about(float(amount.mean_without)), about(float(amount["mean"]))
    return (
        f"{amount.share:.1%} of lines are outliers by their amount and carry {amount.revenue_share:.0%} of revenue. "
        f"They lift the mean line from {without} to {mean} {currency}. They are kept."
    )


def concentration(curve: pd.DataFrame, customers: float) -> Finding:
    """How much of the revenue the best fifth and the best hundredth bring; `curve` is what `log.pareto` returned."""
    revenue = curve.set_index("customers").revenue
    title = f"The best fifth of customers bring {revenue.loc[0.2]:.0%} of revenue"
    if customers < 100:
        return _finding(title)
    best = _count(customers / 100, "customer")
    return _finding(title, f"The best 1% ({best}) bring {revenue.loc[0.01]:.0%}.")


def cancelled(counted: pd.DataFrame, revenue: float, currency: str, how: str) -> str:
    """How much was cancelled (`counted` is what `cancelled.table` returned), and what becomes of it."""
    amount = counted.set_index("cancellations").amount
    total = f"{about(amount[ALL])} {currency}"
    if how == ASIDE:
        return (
            f"Revenue is stated before returns. Cancelled lines of {total} ({amount[ALL] / revenue:.1%} of revenue) "
            "are set aside, not subtracted from the orders that they cancel."
        )
    if not amount[TAKEN]:
        return f"Revenue is stated before returns: for cancelled lines of {total} no earlier order was found."
    text = (
        f"Revenue is net of cancellations: {amount[TAKEN] / amount[ALL]:.0%} of {total} cancelled is taken off earlier "
        "orders of the same customer and product, from the day of the cancellation on."
    )
    left = amount[ALL] - amount[TAKEN]
    return text if left < LEFT * amount[ALL] else f"{text} The rest is known as returned, and not subtracted."


def unmarked(negative: int, prefix: str) -> str:
    """That lines below zero may be credit notes, where no order is marked as cancelled."""
    are = "is" if negative == 1 else "are"
    return (
        f"{_count(negative, 'line')} below zero {are} set aside, and no order number begins with {prefix}: if these "
        'are credit notes, set cancellation_prefix to "", and they count as returns.'
    )


def order_value(marks: Mapping[str, float], currency: str) -> Finding:
    """What an order is worth; `marks` is what `log.order_values` returned."""
    title = f"Half of the orders are under {about(marks['median'])} {currency}; the mean is {about(marks['mean'])}"
    lifted = "A few large orders lift the mean, so medians describe customers better."
    return _finding(title, lifted if marks["mean"] > LIFTED * marks["median"] else "Most orders are alike.")


def countries(shares: pd.DataFrame) -> Finding:
    """Which country brings most revenue; `shares` is what `log.countries` returned."""
    named = shares.drop(index="Other", errors="ignore")
    country = str(named.revenue.idxmax())
    if len(shares) == 1:
        return _finding(f"All revenue comes from {country}")
    first = shares.loc[country]
    return _finding(f"{country} brings {first.revenue:.0%} of revenue from {first.customers:.0%} of customers")


def attributes(by_value: pd.DataFrame) -> Finding:
    """The attribute between whose values median spend differs most; rare values count only where all others are rare.

    Parameters
    ----------
    by_value : DataFrame
        What `log.by_attribute` returned: its intervals hold for all values at once, and so for the two that are picked.
    """
    for rows in (by_value[by_value["share"] >= COMMON], by_value):
        spend = rows[rows.spend > 0].groupby("attribute").spend.agg(["min", "max", "size"]).query("size > 1")
        if len(spend):
            name = str((spend["max"] / spend["min"]).idxmax())
            own = rows[(rows.attribute == name) & (rows.spend > 0)]
            return _widest(words([name])[0], own.iloc[own.spend.argmax()], own.iloc[own.spend.argmin()], len(by_value))
    return _finding("No attribute has two values to compare")


def _widest(name: str, most: pd.Series, least: pd.Series, medians: int) -> Finding:
    title = (
        f"The median customer of {name} {most['value']} spends {most.spend / least.spend:.1f} times as much as that of "
        f"{name} {least['value']}"
    )
    at_least = most.low / least.high
    if at_least > 1:
        return Finding(title, f"{title}; at least {at_least:.1f} times (95%, as the widest among {medians} medians).")
    doubt = f"the widest among {medians} medians may be as wide by chance"
    return Finding(f"No attribute clearly tells who spends more: {doubt}", f"{title}, but {doubt}.", "caution")


def best_month(monthly: pd.DataFrame) -> Finding:
    """The month with most revenue, of those that the log covers whole; `monthly` is what `log.monthly` returned."""
    whole = monthly[monthly.complete] if monthly.complete.any() else monthly
    best = whole.iloc[whole.revenue.argmax()]
    if len(whole) == 1:
        title = f"{best.month:%B %Y} is the only {'whole ' * bool(best.complete)}month of the log"
        return _finding(title, "It shows no season and no trend.")
    title = f"{best.month:%B %Y} was the best month: {best.revenue / whole.revenue.mean():.1f} times the average"
    before = whole[whole.month == best.month - pd.DateOffset(years=1)].revenue.sum()
    if not before:
        return _finding(title)
    return _finding(title, f"It brought {' '.join(compared(best.revenue, before))} a year before.")


def busiest(clock: pd.DataFrame, timed: bool) -> Finding:
    """The weekday and hour at which most orders come; `clock` is what `log.clock` returned.

    Parameters
    ----------
    clock : DataFrame
    timed : bool
        Whether the log has a time of day; the quietest day is named where it has none.
    """
    days, hours = clock.sum(axis="columns"), clock.sum()
    open_days, closed = days[days > 0], days.index[days == 0]
    title = f"{days.idxmax()} is the busiest day ({days.max():.0%} of orders)"
    if timed:
        hour = int(str(hours.idxmax()))
        title += f", {hour} to {hour + 1} o'clock the busiest hour ({hours.max():.0%})"
    elif len(open_days) > 1:
        title += f", {open_days.idxmin()} the quietest ({open_days.min():.0%})"
    return _finding(title, f"No order comes on {listed(list(closed), 'or')}." if len(closed) else "")


def coming_back(gaps: Gaps) -> Finding:
    """How many customers came back, and after how many days; `gaps` is what `retention.gaps` returned."""
    if not gaps.repeat_rate:
        rest = "Gaps, cohorts and every forecast of a return have nothing to learn from."
        return _finding("Nobody came back on another day", rest, "caution")
    share = f"{gaps.repeat_rate:.0%} of customers came back on another day."
    if np.isnan(gaps.median):
        return _finding("Fewer than half of the gaps between visits end within the log", share)
    title = f"Half of the gaps between visits end within {_count(gaps.median, 'day')}"
    alone = _count(gaps.late_finished, "day")
    finished = f"Finished gaps alone would say {alone}: the long ones, still open, are not in them."
    if np.isnan(gaps.late):
        return _finding(title, f"{share} The log is too short to see nine in ten end. {finished}")
    late = f"Who is silent for longer than {_count(gaps.late, 'day')} is late."
    return _finding(f"{title}, nine in ten within {gaps.late:,.0f}", f"{share} {late} {finished}")


def cohorts(shares: pd.DataFrame, sizes: pd.Series) -> Finding:
    """How many new customers buy again in the first window, by what `retention.cohorts` returned.

    The first cohort is left out where there are others: most of its customers had bought before the log began.
    """
    window = shares.columns[0]
    again = shares[window].dropna()
    again = again.iloc[1:] if len(again) > 1 else again
    average = np.average(again, weights=sizes[again.index])
    title = f"{average:.0%} of new customers buy again within {window} days of their first order"
    spread = f", {again.min():.0%} to {again.max():.0%} from cohort to cohort" if len(again) > 1 else ""
    return Finding(title, f"{title}{spread}.")


def correlations(table: pd.DataFrame) -> Finding:
    """Which two things that customers do go together most, and which least.

    Parameters
    ----------
    table : DataFrame
        What `log.correlations` returned, with two rows at least.
    """
    pairs = {(a, b): float(table[a][b]) for a, b in combinations(map(str, table), 2)}
    ranked = sorted(pairs, key=lambda pair: abs(pairs[pair]))
    weakest, strongest = ranked[0], ranked[-1]
    (weak, other), (strong, partner) = words(weakest), words(strongest)
    title = f"{strong.capitalize()} and {partner} go together most (rank correlation {pairs[strongest]:.2f})"
    if len(pairs) == 1:
        return _finding(title)
    return _finding(title, f"{weak.capitalize()} and {other} have least to do with each other ({pairs[weakest]:.2f}).")


def next_step(lines: int, customers: int, first: date, last: date) -> str:
    """What the series goes on with."""
    return f"The series goes on with {lines:,} lines of {customers:,} customers, from {first} to {last}."
