"""Which earlier lines a cancellation takes back, decided once for the whole log, and the lines less that.

A cancellation takes back the latest earlier lines of its customer and product of which something is left. So lines of
one customer and product are a stack: a purchase lays its quantity on top, a cancellation takes its quantity from the
top, and what it finds no purchase for stays unmatched. The height of the stack after each line is a cumulative sum that
is reflected at zero (Lindley's recursion), and what is left of a purchase is how far the lowest height since then
reaches into it. What a cancellation takes back thus depends on nothing that comes after it.

What is paid back at less than half the price is a rebate and no return: nothing is taken off for it. Below half of
every price that its customer paid for the product before, it does not touch the stack either. Below half of some of
them only, it does: it may be the return of pieces that cost less.
"""

from collections.abc import Sequence

import ibis
import pandas as pd
from ibis import Table, _

from patrons.engine import as_table
from patrons.intake.orders import CANCELLATION

NET, ASIDE = "net", "aside"
STEPS = 1e6  # in 1 of a quantity: whole steps add up exactly
PAIR = ["customer_id", "product_id"]
ORDER = ["ordered_at", "back", "line"]  # of one moment purchases come first
REBATE = 0.5  # share of the price that was paid, below which what is paid back is a rebate
TIE = 1e-9  # share of a price that is rounding
TAKEN = ("quantity", "amount")  # what a cancellation takes off a line


def matched(judged: Table, how: str = NET, absent: Sequence[str] = ()) -> Table:
    """What each cancellation takes back of which earlier line.

    Parameters
    ----------
    judged : Table
        What `orders.judge` returns.
    how : {"net", "aside"}
        Whether cancellations take lines back; with "aside" the table is empty.
    absent : sequence of str
        Columns that the log does not have: without a quantity lines are matched by their amount.

    Returns
    -------
    Table
        One row for each part of a line that a cancellation takes back.

        - `customer_id`; `line` and `ordered_at` of what was bought; `cancelled_by` (line of the cancellation) and
          `cancelled_at`;
        - `quantity`, `amount` (currency, at the price that was paid): what is taken off the line, above 0;
        - `paid_back`: the part of the cancellation's own amount (currency), at least 0;
        - `gone`: whether nothing of the line is left from then on.

    Notes
    -----
    A line of the same moment as its cancellation counts as earlier: many logs know days only. Of equal moments the line
    that stands later in the log is the later one.
    """
    by = "amount" if "quantity" in absent else "quantity"
    bought, returned = (_stacked(rows, by) for rows in (_kept(judged, how), _returned(judged, how)))
    parts = _parts(_heights(bought, returned)).filter(_.taken > 0)
    of_line, of_return = bought.select("line", "size", *TAKEN), returned.select("line", "size", paid=_.amount.abs())
    told = parts.inner_join(of_line, "line").inner_join(
        of_return.rename(cancelled_by="line", whole="size"), "cancelled_by"
    )
    share = (told.taken / told["size"]).cast("float64")
    back = told.mutate(
        quantity=told.quantity * share,
        amount=told.amount * share,
        paid_back=told.paid * (told.taken / told.whole).cast("float64"),
    ).filter(_.paid_back >= REBATE * _.amount)
    so_far = back.taken.sum().over(ibis.cumulative_window(group_by="line", order_by="then"))
    names = ["customer_id", "line", "ordered_at", "cancelled_by", "cancelled_at", *TAKEN, "paid_back"]
    return back.select(*names, gone=so_far == back["size"]).order_by("cancelled_by", "line")


def _kept(judged: Table, how: str) -> Table:
    kept = judged.filter(judged.reason.isnull() & (ibis.literal(how) == NET))
    return kept.semi_join(_returned(judged, how), PAIR)


def _returned(judged: Table, how: str) -> Table:
    return judged.filter((judged.reason == CANCELLATION) & (ibis.literal(how) == NET))


def _stacked(rows: Table, by: str) -> Table:
    """The lines with their `size` in whole steps; a line without a size takes and gives nothing."""
    return rows.mutate(size=(rows[by].abs() * STEPS).round().cast("int64")).filter(_["size"] > 0)


def _heights(bought: Table, returned: Table) -> Table:
    """Purchases and cancellations in the order of time without rebates, with the height of the stack after each."""
    names = [*PAIR, "ordered_at", "line", "size", "amount"]
    both = bought.select(*names, back=0).union(returned.select(*names, back=1))
    so_far = ibis.cumulative_window(group_by=PAIR, order_by=ORDER)
    walk = _without_rebates(both).mutate(
        place=ibis.row_number().over(group_by=PAIR, order_by=ORDER),
        sum=ibis.ifelse(_.back == 1, -_["size"], _["size"]).sum().over(so_far),
    )
    return walk.mutate(height=_["sum"] - ibis.least(_["sum"].min().over(so_far), 0))


def _without_rebates(both: Table) -> Table:
    """Leave out what is paid back at less than half of every earlier price: it can take nothing back."""
    before = ibis.cumulative_window(group_by=PAIR, order_by=ORDER)
    priced = both.mutate(price=both.amount.abs() / both["size"])
    priced = priced.mutate(lowest=ibis.ifelse(priced.back == 0, priced.price, None).min().over(before))
    rebate = (priced.back == 1) & (priced.price < REBATE * (1 - TIE) * priced.lowest)
    return priced.filter(~rebate.fill_null(False))


def _parts(heights: Table) -> Table:
    """What each later cancellation of its customer and product takes of a purchase, in steps; `then`: its place."""
    bought = heights.filter(_.back == 0).select(
        *PAIR, "line", "ordered_at", "place", "size", below=_.height - _["size"]
    )
    later = heights.filter(_.back == 1).select(
        *PAIR, cancelled_by="line", cancelled_at="ordered_at", then="place", height="height"
    )
    pairs = bought.inner_join(later, [*PAIR, bought.place < later.then])
    since = ibis.cumulative_window(group_by="line", order_by="then")
    lowest = pairs.mutate(left=(_.height - _.below).min().over(since).clip(0, None))
    lowest = lowest.mutate(left=ibis.least(_.left, _["size"]))
    before = _.left.lag().over(group_by="line", order_by="then")
    return lowest.mutate(taken=before.fill_null(_["size"]) - _.left)


def net(lines: Table, cancelled: Table | pd.DataFrame) -> Table:
    """The lines less all that was cancelled of them; lines of which nothing is left are gone.

    Parameters
    ----------
    lines : Table
        Clean lines, with `line`, `quantity` and `amount`.
    cancelled : Table or DataFrame
        What `matched` returns, or those rows of it that count: `line`, `quantity`, `amount`, `gone`.
    """
    return less(lines, as_table(cancelled), ["line"])


def less(lines: Table, cancelled: Table, keys: Sequence[str]) -> Table:
    """`net`, where a line is known by several `keys`."""
    taken = cancelled.group_by(keys).agg(off=_.gone.max(), **{f"{name}_off": _[name].sum() for name in TAKEN})
    joined = lines.left_join(taken, list(keys), rname="{name}_taken")
    left = joined.filter(~joined.off.fill_null(False))
    return left.mutate(**{name: left[name] - left[f"{name}_off"].fill_null(0.0) for name in TAKEN}).select(
        *lines.columns
    )
