"""Rules of the params file on columns that change what a line means: status, currency, refunds, long orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ibis
from ibis import Table
from ibis.expr.types import BooleanValue, StringValue

from patrons.errors import OrdersError, nearest
from patrons.intake.settings import Settings

FULL = 0.9995  # share of an order from which it counts as refunded in full
OFTEN = 0.01  # share of the lines from which lines without customer and date are asked about
ASK, JOIN, LEAVE = "ask", "join", "leave"


@dataclass(frozen=True)
class Rules(Settings):
    """What the user says of columns that are none of ours, by the source's own names.

    Parameters
    ----------
    keep : dict
        Column to the values with which a line counts, in any case; "" stands for a blank. A line without a value of its
        own has that of its order.
    refunds : str
        Column with what was paid back, taken from the amounts of its order; empty where there is none.
    currency_column : str
        Column that says in which currency a line is; empty where there is none.
    currency : str
        The one currency of which lines are kept, where `currency_column` is given.
    continued : {"ask", "join", "leave"}
        Whether lines with neither customer nor date belong to the order above them.
    """

    keep: Mapping[str, Sequence[str]] = field(default_factory=dict)
    refunds: str = ""
    currency_column: str = ""
    currency: str = ""
    continued: str = ASK

    @property
    def columns(self) -> dict[str, str]:
        """Each rule and the column that it names."""
        single = {"refunds": self.refunds, "currency_column": self.currency_column}
        return {f"keep: {name}": name for name in self.keep} | {rule: name for rule, name in single.items() if name}


def problems(rules: Rules, available: Sequence[str]) -> list[str]:
    """What is wrong with the columns that the rules name."""
    return [
        f"{rule.split(':')[0]} names {name!r}, which is not there; {nearest(name, available)}"
        for rule, name in rules.columns.items()
        if name not in available
    ]


def is_blank(column: ibis.Value) -> BooleanValue:
    """Whether a cell is empty or holds nothing but blanks."""
    if not column.type().is_string():
        return column.isnull()
    return column.isnull() | (column.strip() == "")


def continued(raw: Table, theirs: Mapping[str, str], how: str) -> tuple[Table, tuple[str, ...]]:
    """The lines, with customer and date carried down within an order, and a sentence on that.

    Shops export an order's customer and date on its first line only. A line with neither belongs to the line above that
    has them if it has the same order number, or none.

    Parameters
    ----------
    raw : Table
        Lines in the source's columns, with `line`.
    theirs : dict
        Our names to the source's.
    how : {"ask", "join", "leave"}
    """
    named = [raw[theirs[ours]] for ours in ("customer_id", "ordered_at")]
    headless = is_blank(named[0]) & is_blank(named[1])
    counts = raw.agg(rows=raw.count(), headless=headless.sum()).to_pandas().iloc[0].fillna(0)
    if how == LEAVE or not counts.headless:
        return raw, ()
    joined, count, example = _joined(raw, theirs, headless)
    if how == ASK and count > OFTEN * counts.rows:
        raise OrdersError(
            f"{count:,} of {int(counts.rows):,} lines have neither customer nor date, such as line {example + 2}. As "
            "shops export orders, they belong to the order above. Say so in 01_eda with `continued: join`, or set them "
            "aside with `continued: leave`."
        )
    if how != JOIN or not count:
        return raw, ()
    return joined, (f"{count:,} lines continue an order: they have the customer and the date of the line above.",)


def _joined(raw: Table, theirs: Mapping[str, str], headless: BooleanValue) -> tuple[Table, int, int]:
    """The lines with what they take from above, how many take something, and the first of these."""
    carried = [theirs[ours] for ours in ("customer_id", "ordered_at", "order_id", "country") if ours in theirs]
    so_far = ibis.cumulative_window(order_by="line")
    heads = raw.mutate(headless=headless).mutate(head=ibis.ifelse(ibis._.headless, 0, 1).sum().over(so_far))
    above = {f"above{n}": heads[name].first().over(group_by="head", order_by="line") for n, name in enumerate(carried)}
    table = heads.mutate(**above)
    takes = table.headless & (table["head"] > 0)
    if "order_id" in theirs:
        own, head = table[theirs["order_id"]], table[f"above{carried.index(theirs['order_id'])}"]
        takes &= is_blank(own) | (own == head)
    table = table.mutate(takes=takes)
    seen = table.agg(count=table.takes.sum(), first=table.line.min(where=table.takes)).to_pandas().iloc[0].fillna(0)
    filled = {
        name: ibis.ifelse(table.takes & is_blank(table[name]), table[f"above{n}"], table[name])
        for n, name in enumerate(carried)
    }
    return table.mutate(**filled).select(*raw.columns), int(seen["count"]), int(seen["first"])


def of_order(raw: Table, column: str, order: str | None) -> StringValue:
    """A column's text; where it is blank that of the first line of the order that has one, else empty."""
    own = ibis.ifelse(is_blank(raw[column]), ibis.null("string"), raw[column].cast("string").strip())
    if order:
        own = own.fill_null(own.first().over(group_by=raw[order], order_by="line"))
    return own.fill_null("")


def reasons(raw: Table, rules: Rules, order: str | None) -> list[tuple[BooleanValue, StringValue]]:
    """Why the rules leave a line out: conditions with the reason, the first that fits counts.

    Parameters
    ----------
    raw : Table
        Lines in the source's columns, with `line`.
    rules : Rules
    order : str, optional
        The source's column of order numbers.
    """
    cases: list[tuple[BooleanValue, StringValue]] = []
    for name, values in rules.keep.items():
        value, wanted = of_order(raw, name, order), [str(each).strip().lower() for each in values]
        said = ibis.literal(f"{name} is ") + ibis.ifelse(value == "", "empty", value.substr(0, 40))
        cases.append((~value.lower().isin(wanted), ibis.literal(f"{name} is filled") if wanted == [""] else said))
    if rules.currency_column:
        value = of_order(raw, rules.currency_column, order).upper()
        said = ibis.ifelse(value == "", "currency not said", ibis.literal("amount in ") + value)
        cases.append((value != rules.currency.upper(), said))
    return cases


def less_refunds(lines: Table) -> Table:
    """The lines less what was paid back: amounts and prices of an order shrink alike, `ruled` says which are gone.

    Parameters
    ----------
    lines : Table
        With `refund`, missing where nothing was paid back, and `ruled`, missing where a line counts. A refund that
        every line of an order repeats and that would exceed it counts once.
    """
    counts = lines.ruled.isnull()
    by = {"group_by": [lines.order_id.fill_null(lines.line.cast("string")), lines.ruled]}
    refund = lines.refund.abs().fill_null(0.0)
    total, gross = refund.sum().over(**by), lines.amount.sum().over(**by)
    repeated = (refund.min().over(**by) == refund.max().over(**by)) & (total > gross)
    share = ibis.ifelse(repeated, refund.max().over(**by), total) / gross.nullif(0)
    table = lines.mutate(share=ibis.ifelse(counts, share, 0.0).fill_null(0.0).clip(0.0, 1.0))
    full = table.ruled.isnull() & (table.share >= FULL)
    left = ibis.ifelse((table.share > 0) & ~full, 1 - table.share, 1.0)
    return table.mutate(
        amount=table.amount * left,
        unit_price=table.unit_price * left,
        ruled=ibis.ifelse(full, "refunded in full", table.ruled),
    ).drop("share", "refund")
