"""What became of the customers of a list: from the orders since, or from a file that says it."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import ibis
import pandas as pd
from ibis.expr.types import StringValue

from patrons.errors import SourceError, nearest
from patrons.features.outcomes import outcomes
from patrons.intake import cancellations, numbers, orders
from patrons.intake.identities import customer_text
from patrons.intake.order_log import read_log
from patrons.intake.reading import Format, open_checked
from patrons.intake.rules import Rules
from patrons.value.arms import Kept

SLACK = 0.05  # of the horizon: so far from its ends may the first and the last order lie
WORDS = {1.0: ("1", "1.0", "true", "yes"), 0.0: ("0", "0.0", "false", "no")}  # what a column of outcomes may hold
ORDERED, SPEND = ("ordered", "stayed"), "spend"


class OutcomesError(SourceError):
    """A file that does not say what became of the customers."""


class Outcomes(NamedTuple):
    """What became of the customers of a list.

    Attributes
    ----------
    customers : DataFrame
        Those of the list, with `ordered` (bool) and `spend` (currency, 0 without an order; missing where it is not
        known) within the horizon.
    notes : tuple of str
        Sentences on what was taken for granted.
    outcome : {"ordered", "stayed"}
        What the file calls it.
    """

    customers: pd.DataFrame
    notes: tuple[str, ...] = ()
    outcome: str = "ordered"


def from_orders(path: Path, intake: Mapping[str, Any], kept: Kept) -> Outcomes:
    """Who of a list ordered within the horizon from its day on, and for how much, less what was cancelled within it.

    Parameters
    ----------
    path : Path
        Raw order lines in the source's columns; they may begin long before the list.
    intake : dict
        The parameters of 01 with which the log was read: columns, formats, what counts, `cancellations`.
    kept : Kept

    Raises
    ------
    OutcomesError
        Where the orders do not cover the horizon, or none of the customers is among them.
    """
    if kept.day is None or not kept.horizon_days:
        raise OutcomesError(f"The list {kept.name} has no day: say what became of its customers with --outcomes.")
    log = read_log(path, intake["columns"], Format.of(intake), Rules.of(intake))
    judged = orders.judge(log.lines, intake["cancellation_prefix"], intake["non_products"], intake["duplicates"])
    judged = judged.cache()
    lines = judged.filter(judged.reason.isnull())
    span = lines.agg(first=lines.ordered_at.min(), last=lines.ordered_at.max()).to_pandas().iloc[0]
    if pd.isna(span["first"]):
        raise OutcomesError(f"No line of {path.name} can be used: {orders.row_loss(judged).to_string(index=False)}")
    notes = _covered(path.name, kept, span["first"], span["last"])
    known = set(lines.customer_id.as_table().distinct().to_pandas().customer_id)
    _refuse_strangers(path.name, kept, known)
    taken = cancellations.matched(judged, intake.get("cancellations", cancellations.ASIDE), log.absent)
    day = ibis.memtable(pd.DataFrame({"as_of": [kept.day]}))
    came = outcomes(lines, day, kept.horizon_days, taken).to_pandas().set_index("customer_id")
    spend = kept.customers.customer_id.map(came.spent)
    return Outcomes(kept.customers.assign(ordered=spend.notna(), spend=spend.fillna(0.0)), notes)


def _covered(file: str, kept: Kept, first: pd.Timestamp, last: pd.Timestamp) -> tuple[str, ...]:
    """Refuse orders that begin after the list or end before its horizon does; a sentence where a little lacks."""
    assert kept.day is not None
    passed, slack = (last.normalize() - kept.day).days + 1, SLACK * kept.horizon_days
    until = (kept.day + pd.Timedelta(days=kept.horizon_days - 1)).date()
    if passed < kept.horizon_days - slack:
        raise OutcomesError(
            f"{max(passed, 0)} of {kept.horizon_days} days have passed since the list of {kept.day.date()}: the orders "
            f"of {file} end on {last.date()}. Who has not ordered yet still may: read it with orders up to {until}."
        )
    if (first.normalize() - kept.day).days > slack:
        raise OutcomesError(
            f"The orders of {file} begin on {first.date()}, after the list of {kept.day.date()}: who ordered in "
            f"between would count as silent. Export the orders from {kept.day.date()} to {until}."
        )
    if passed < kept.horizon_days:
        return (f"The orders end on {last.date()}, {kept.horizon_days - passed} days early: taken for complete.",)
    return ()


def _refuse_strangers(file: str, kept: Kept, known: set[str]) -> None:
    if not known & set(kept.customers.customer_id):
        theirs = ", ".join(sorted(map(str, known - {None}))[:3]) or "none"
        raise OutcomesError(
            f"No customer of the list {kept.name}, such as {kept.customers.customer_id.iloc[0]}, is among those of "
            f"{file}, such as {theirs}: is it of this shop, and are the ids the same?"
        )


def from_file(path: Path, intake: Mapping[str, Any], kept: Kept, today: date) -> Outcomes:
    """What a file says of the customers of a list, one row each: who ordered (or stayed), what they spent, or both.

    Parameters
    ----------
    path : Path
        With the customer's id under our name or that of the source; `ordered` or `stayed` (1, 0, yes, no, true, false),
        `spend`, or both. Customers who are not in it have not ordered, if it names those who ordered alone.
    intake : dict
        The parameters of 01.
    kept : Kept
    today : date
        A list with a day is not read before its horizon is over.

    Raises
    ------
    OutcomesError
        Names what cannot be read, or whose outcome is open.
    """
    if kept.day is not None and (left := kept.horizon_days - (pd.Timestamp(today) - kept.day).days) > 0:
        raise OutcomesError(f"{left} of {kept.horizon_days} days are still to come for the list of {kept.day.date()}.")
    table = _read(path, intake)
    name = next((name for name in ORDERED if name in table), None)
    ordered = _known(path.name, table, name)
    spend = _known(path.name, table, SPEND if SPEND in table else None)
    if ordered is None and spend is None:
        raise OutcomesError(f"{path.name} has neither `ordered` (or `stayed`) nor `spend`: one of them is needed.")
    happened = ordered == 1 if ordered is not None else table[SPEND] > 0
    if spend is not None and (odd := happened.index[~happened & (spend > 0)]).size and name == ORDERED[0]:
        raise OutcomesError(f"{path.name}: customer {odd[0]} has not ordered and spent {spend[odd[0]]:g}: which is it?")
    _refuse_strangers(path.name, kept, set(table.index))
    outcome = kept.customers.customer_id.map(happened.astype(float))
    notes = _absent(path.name, outcome, bool(happened.all()))
    amount = float("nan") if spend is None else kept.customers.customer_id.map(spend).fillna(0.0)
    return Outcomes(kept.customers.assign(ordered=outcome == 1, spend=amount), notes, name or ORDERED[0])


def _read(path: Path, intake: Mapping[str, Any]) -> pd.DataFrame:
    """The columns of outcomes of a file as numbers, missing where they cannot be read; the index is the customer."""
    opened = open_checked(path, Format())
    if len(opened.malformed):
        line = opened.malformed.line.iloc[0]
        raise OutcomesError(f"Line {line} of {path.name} has another number of cells than its names: fix it.")
    table = opened.table
    name = next((name for name in id_names(intake) if name in table.columns), None)
    if name is None:
        raise OutcomesError(f"{path.name} has no column customer_id; {nearest(id_names(intake)[-1], table.columns)}.")
    columns = {one: _numbers(table[one].cast("string")) for one in ORDERED if one in table.columns}
    if SPEND in table.columns:
        columns[SPEND] = numbers.decide(table, [SPEND], intake.get("decimal", "auto")).read(table[SPEND])
    rows = table.select(customer_id=customer_text(table[name]), **columns).to_pandas().set_index("customer_id")
    if (twice := rows.index[rows.index.duplicated()]).size:
        raise OutcomesError(f"{path.name} has customer {twice[0]} more than once: it takes one row a customer.")
    return rows


def _numbers(column: StringValue) -> ibis.Value:
    text = column.strip().lower()
    cases = [(text.isin(words), ibis.literal(value)) for value, words in WORDS.items()]
    return ibis.cases(*cases, else_=ibis.null("float64"))


def id_names(intake: Mapping[str, Any]) -> list[str]:
    """What the column of customers may be called: as we do, or as the source does."""
    theirs = intake.get("columns", {}).get("customer_id") or intake.get("id")
    return ["customer_id", *([theirs] if theirs else [])]


def _known(file: str, table: pd.DataFrame, name: str | None) -> pd.Series | None:
    """A column, all of whose values could be read; None where the file has none of that name."""
    if name is None:
        return None
    wrong = table.index[(table[name].isna() | (table[name] < 0)).to_numpy()]
    if wrong.size:
        expected = "a number that is not negative" if name == SPEND else "1 or 0, yes or no, true or false"
        raise OutcomesError(
            f"{file}: {name} of customer {wrong[0]} cannot be used, and that of {wrong.size - 1:,} more. It takes "
            f"{expected}; fix it, or leave out who has not ordered."
        )
    return table[name]


def _absent(file: str, outcome: pd.Series, all_ordered: bool) -> tuple[str, ...]:
    """Refuse a file that says of some that they did not order, and of others nothing."""
    absent = int(outcome.isna().sum())
    if absent and not all_ordered:
        raise OutcomesError(
            f"{absent:,} of the {len(outcome):,} customers of the list are not in {file}: give each a row, or list "
            "those alone who ordered."
        )
    return (f"{absent:,} customers who are not in {file} count as not having ordered.",) if absent else ()
