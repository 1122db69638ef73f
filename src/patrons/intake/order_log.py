"""Every line of an order log under our column names, with a stand-in for what the log lacks.

The table of `read_log` has one row per line and these columns, whatever the log has:

============  =========  =====================================================  ===========================
column        type       meaning                                                stand-in
============  =========  =====================================================  ===========================
customer_id   string     who bought
order_id      string     the invoice                                            customer and time
product_id    string     what was bought                                        ``(none)``
ordered_at    timestamp  when, in the shop's own time                           midnight, for the time
quantity      float64    units, above 0                                         1; or amount / unit_price
unit_price    float64    price of one unit, above 0, in the log's currency      amount / quantity
amount        float64    what the line brought, in the log's currency           quantity x unit_price
country       string     where the customer is, as the log says                 missing
line          int64      row number in the source, from 0
============  =========  =====================================================  ===========================
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import ibis
import pandas as pd
from ibis import Table
from ibis.expr.types import StringValue

from patrons.engine import Engine, spread
from patrons.errors import OrdersError, SourceError, nearest
from patrons.intake import dates, folders, identities, numbers, rules, unused
from patrons.intake.identities import identifier
from patrons.intake.reading import Format, open_checked
from patrons.intake.rules import Rules

REQUIRED = ("customer_id", "ordered_at")  # and quantity with unit_price, or amount
OPTIONAL = ("order_id", "product_id", "quantity", "unit_price", "amount", "description", "country")
NUMBERS = ("quantity", "unit_price", "amount")
NO_PRODUCT = "(none)"


@dataclass(frozen=True)
class Log:
    """An order log that was read, before its lines are judged.

    Parameters
    ----------
    lines : Table
        Columns of the clean table; `copy`: 0 for the first of exactly equal source lines, then 1, 2...; `malformed`:
        whether a line could not be split into cells, so that only its text is known, as `description`; where there are
        rules `ruled`: why they leave a line out.
    absent : tuple of str
        Columns of ours that the log neither has nor lets compute; `lines` has stand-ins.
    description : str
        How the file, its dates and its numbers were read.
    mixed : tuple of str
        One example of each form of dates, where there is more than one.
    notes : tuple of str
        Sentences on sheets that were not read, and on what was decided about customers and orders.
    unused : DataFrame
        The columns of the source that nothing is made of, as `unused.describe` has them.
    """

    lines: Table
    absent: tuple[str, ...]
    description: str
    mixed: tuple[str, ...]
    notes: tuple[str, ...] = ()
    unused: pd.DataFrame = field(default_factory=unused.none)


def read_log(
    path: Path,
    columns: Mapping[str, str],
    how: Format | None = None,
    ruled: Rules | None = None,
    engine: Engine | None = None,
) -> Log:
    """Every line of a log under our column names.

    Nothing is dropped: a date or number that cannot be read becomes missing, and `judge` says so.

    Parameters
    ----------
    path : Path
        Any file that `patrons.intake.reading` opens.
    columns : dict
        Our names to the source's where they differ, such as ``{"order_id": "InvoiceNo"}``.
    how : Format, optional
        What the user says of the file; the rest is found out.
    ruled : Rules, optional
        What the user says of columns that are none of ours.
    engine : Engine, optional
        What works on the lines; DuckDB unless given.
    """
    how, ruled = how or Format(), ruled or Rules()
    spreads = engine is not None and engine.spreads
    source = folders.open_checked(engine.connect(), path, how) if engine and spreads else open_checked(path, how)
    theirs = mapped(source.table.columns, columns)
    check_columns(path.name, source.table.columns, columns, ruled)
    left = unused.describe(source.table, [*theirs.values(), *ruled.columns.values()])
    unused.refuse_currencies(path.name, left)
    raw, joined = rules.continued(source.numbered, theirs, ruled.continued)
    repeats = copies(raw, list(source.table.columns)).cache()
    written = [theirs[name] for name in NUMBERS if name in theirs] + [ruled.refunds] * bool(ruled.refunds)
    read_dates, read_numbers = _meaning(raw, theirs["ordered_at"], written, how)
    lines = raw.select(
        **{ours: _text(raw[name]) for ours, name in theirs.items() if ours not in (*NUMBERS, "ordered_at")},
        **{ours: read_numbers.read(raw[name]) for ours, name in theirs.items() if ours in NUMBERS},
        ordered_at=read_dates.read(raw[theirs["ordered_at"]]),
        line=raw.line,
        **_ruled(raw, ruled, theirs.get("order_id"), read_numbers),
    )
    mark = "" if read_numbers.plain else f"; decimal {read_numbers.decimal}"
    dates_read = f"; dates: {read_dates.description}" if read_dates.description else ""
    description = f"{source.description}{dates_read}{mark}"
    known = identities.told_apart(lines)
    lines = _complete(known.lines)
    lines = rules.less_refunds(lines) if ruled.refunds else lines
    lines = lines.left_join(repeats, "line", rname="{name}_again").drop("line_again")
    lines = lines.mutate(copy=lines["copy"].fill_null(0))
    lines = _with_malformed(lines, source.malformed)
    return Log(lines, absent(theirs), description, read_dates.mixed, (*source.notes, *joined, *known.notes), left)


def _ruled(raw: Table, ruled: Rules, order: str | None, read_numbers: numbers.Numbers) -> dict[str, ibis.Value]:
    """`ruled`: why the rules leave a line out, and `refund`: what was paid back; nothing where there is no rule."""
    if not ruled.columns:
        return {}
    cases = rules.reasons(raw, ruled, order)
    why = ibis.cases(*cases, else_=ibis.null("string")) if cases else ibis.null("string")
    return {"ruled": why} | ({"refund": read_numbers.read(raw[ruled.refunds])} if ruled.refunds else {})


def copies(raw: Table, columns: Sequence[str]) -> Table:
    """Which lines repeat an earlier one exactly: `line`, and `copy`, 1 for the first of them.

    Lines are compared by a hash of all that they hold, and then only those whose hash is not their own by every column.

    Parameters
    ----------
    raw : Table
        With `line`, the number of the row in the source.
    columns : sequence of str
        Those of the source.
    """
    if spread(raw):  # which knows another hash
        return _numbered(raw, columns)
    hashed = raw.mutate(hash=ibis.struct({name: raw[name] for name in columns}).hash())
    shared = hashed.group_by("hash").agg(lines=ibis._.count()).filter(ibis._.lines > 1)
    return _numbered(hashed.semi_join(shared, "hash"), columns)


def _numbered(lines: Table, columns: Sequence[str]) -> Table:
    """The second and later of equal lines with their number from 1."""
    numbered = lines.select("line", copy=ibis.row_number().over(group_by=list(columns), order_by="line"))
    return numbered.filter(numbered["copy"] > 0)


def _meaning(table: Table, when: str, written: Sequence[str], how: Format) -> tuple[dates.Dates, numbers.Numbers]:
    """What dates and numbers mean; one error for both where neither can be decided."""
    problems: list[str] = []
    read_dates, read_numbers = dates.Dates(), numbers.Numbers()
    try:
        read_dates = dates.decide(table[when], how.date_format)
    except SourceError as error:
        problems.append(str(error))
    try:
        read_numbers = numbers.decide(table, written, how.decimal)
    except SourceError as error:
        problems.append(str(error))
    if problems:
        raise OrdersError("\n".join(problems))
    return read_dates, read_numbers


def mapped(available: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Our names to the source's, for the columns that the source has."""
    wanted = {ours: columns.get(ours, ours) for ours in (*REQUIRED, *OPTIONAL)}
    return {ours: name for ours, name in wanted.items() if name in available}


def check_columns(file: str, available: Sequence[str], columns: Mapping[str, str], ruled: Rules | None = None) -> None:
    """Refuse a mapping of columns that does not hold, with all that is wrong with it.

    Parameters
    ----------
    file : str
        Its name, for the error.
    available : sequence of str
        The columns that the source has.
    columns : dict
        Our names to the source's, where they differ.
    ruled : Rules, optional
        What names further columns.
    """
    problems = [*_column_problems(file, available, columns), *rules.problems(ruled or Rules(), available)]
    if problems:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        raise OrdersError(
            f"{file} does not have the columns that are needed:{listed}\nIt has: {', '.join(list(available)[:40])}. "
            "Say which is which in `columns` of the params file, as our name: its name."
        )


def _column_problems(file: str, available: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    known = (*REQUIRED, *OPTIONAL)
    problems = [f"{ours!r} is not one of our names; {nearest(ours, known)}" for ours in columns if ours not in known]
    wanted = {**dict(zip(REQUIRED, REQUIRED, strict=True)), **{k: v for k, v in columns.items() if k in known}}
    problems += [
        f"our {ours} is {theirs!r}, which {file} does not have; {nearest(theirs, available)}"
        for ours, theirs in wanted.items()
        if theirs not in available
    ]
    have = {*mapped(available, columns), *columns}
    if "amount" not in have and not {"quantity", "unit_price"} <= have:
        problems.append("there is neither a quantity with a unit_price nor an amount, the total of a line")
    return problems


def _text(column: ibis.Value) -> StringValue:
    return column.cast("string").strip().nullif("")


def _complete(lines: Table) -> Table:
    """Order numbers as they were, and stand-ins for what the log lacks."""
    has = set(lines.columns)
    lines = lines.mutate(
        product_id=lines.product_id if "product_id" in has else ibis.literal(NO_PRODUCT),
        **{name: ibis.null("string") for name in ("description", "country") if name not in has},
        **_amounts(lines),
    )
    if "order_id" in has:
        return lines.mutate(order_id=identifier(lines.order_id))
    return lines.mutate(order_id=lines.customer_id.fill_null("") + " " + lines.ordered_at.cast("string"))


def _amounts(lines: Table) -> dict[str, ibis.Value]:
    """Quantity, price and line total, each from the others where it is absent; a given total is never replaced."""
    has = set(lines.columns)
    if "amount" not in has:
        return {"amount": lines.quantity * lines.unit_price}
    if "quantity" in has:
        return {"unit_price": _ratio(lines.amount, lines.quantity)} if "unit_price" not in has else {}
    if "unit_price" in has:
        return {"quantity": _ratio(lines.amount, lines.unit_price)}
    return {"quantity": ibis.literal(1.0), "unit_price": lines.amount}


def _with_malformed(lines: Table, malformed: pd.DataFrame) -> Table:
    """The lines, with those that could not be split into cells: their text, and where they are."""
    lines = lines.mutate(malformed=ibis.literal(False))
    if malformed.empty:
        return lines
    known = ibis.memtable(pd.DataFrame({"description": malformed.text, "line": malformed.line - 2}))  # names: line 1
    rest = {name: ibis.null(kind) for name, kind in lines.schema().items() if name not in known.columns}
    rows = known.mutate(**{**rest, "copy": 0, "malformed": True}).select(*lines.columns)
    return lines.union(rows.cast(dict(lines.schema().items())))


def _ratio(amount: ibis.Value, by: ibis.Value) -> ibis.Value:
    return ibis.ifelse(by == 0, 0.0, amount / by.nullif(0))


def absent(theirs: Collection[str]) -> tuple[str, ...]:
    """What the log neither has nor lets compute; a line total with a quantity gives the price."""
    has = set(theirs)
    known = has | ({"quantity", "unit_price"} if len(has & set(NUMBERS)) > 1 else set())
    return tuple(name for name in OPTIONAL if name not in known | {"amount", "description"})
