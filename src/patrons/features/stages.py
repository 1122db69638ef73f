"""Lines to orders: all that features add up, in one row an order, computed once for however many days.

Features of products need every line, and grouping by text keys is slow. So orders and products are numbered, each pair
of customer and product becomes one integer, and one sorted pass over these says of each line how often its customer had
bought its product before. Sums of such increments up to a day are that day's distinct products, entropy and
concentration: they telescope. What an order adds depends only on earlier orders of the same customer, so once lines are
orders, large logs go on in parts, each of other customers.

Threads add up in any order, and sums of fractions then differ in their last digits. So fractions are summed in whole
steps, of which floats hold 9e15 exactly: money and units in millionths (exact to 9e9 of a customer, or to 1.4e11 where
no price has more than two decimals; beyond that sums are right to 16 digits), logarithms in steps of 1e-10.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import ibis
from ibis import Deferred, Table, _
from ibis.expr.types import FloatingValue

from patrons.engine import spread as is_spread

STEPS, FINE_STEPS = 1e6, 1e10  # in 1 of money or units, in 1 of a logarithm
COARSE, REST = 1e3, 1e13  # steps in 1 of a square, and in 1 of what those leave of it
ROUNDER = 1.5 * 2**52  # a float near it has no room for fractions: adding it and taking it away rounds to whole numbers
PRODUCTS_AT_MOST = 1 << 24  # a customer's number times this plus a product's number fits in 63 bits
GAPS_AT_MOST = 100_000  # days; an order's number times this plus a gap is a number that sorts by order


@dataclass(frozen=True)
class Keep:
    """How a stage is held, and of about how many orders at once what follows is worked out (0: of all).

    `spread`: whether rows lie on many machines. Nothing is then numbered over all of them, which would bring them to
    one: orders are numbered within their customer, and products keep their names.
    """

    hold: Callable[[Table], Table]
    orders_at_once: int = 0
    spread: bool = False

    def __call__(self, table: Table) -> Table:
        """The table as it is held."""
        return self.hold(table)


materialised = Keep(Table.cache, 400_000)  # as temporary tables of its engine, dropped when nothing refers to them
lazily = Keep(lambda table: table)  # the expression as it is: to compile only
on_cluster = Keep(Table.cache, spread=True)  # kept in the executors' memory, and what does not fit on their disks


def keep_of(lines: Table) -> Keep:
    """How stages of these lines are held: where the lines are."""
    return on_cluster if is_spread(lines) else materialised


def in_steps(value: Deferred, steps: float = STEPS) -> Deferred:
    """How many steps a value is, rounded to whole ones: their sum is the same in whatever order they are added."""
    return value * steps + ROUNDER - ROUNDER


def exact_sum(value: Deferred) -> Deferred:
    """The sum of money or units, each rounded to a millionth."""
    return in_steps(value).sum() / STEPS


def square_parts(value: Deferred) -> tuple[Deferred, Deferred]:
    """The square of a value in whole coarse steps, and what is left of it in fine ones: large and yet exact sums."""
    coarse = in_steps(value * value, COARSE)
    return coarse, in_steps(value * value - coarse / COARSE, REST)


def orders_of(lines: Table, keep: Keep = materialised) -> Iterator[Table]:
    """One row an order (and day: lines of a later day belong to that day, so that nothing is known before it happens).

    Parameters
    ----------
    lines : Table
        Clean lines; where they come in versions (`patrons.features.cancelled`), each version of a customer is one of
        its own.

    Yields
    ------
    Table
        Of some customers: `customer_id`, `order_id`, `date`, `ordered_at` (first line) and

        - `amount`, `line_max` (currency), `units`, `lines`, `products` (distinct); `counted`: 0 on its later days;
        - `amount_off`, `units_off`: steps above those of the customer's first order, which keeps squares small; and
          these squares in `square_parts`: `amount_squares`, `amount_rest`, `units_squares`, `units_rest`;
        - `price_log`: sum over lines of the logarithm of the unit price, in fine steps; `price_squares`, `price_rest`:
          of its square; `price_min`, `price_max`;
        - `fresh`, `second`: products bought for the first and for the second time; `times`: how often the product that
          leads was bought by now; `surprise`, `squares`: what sum c ln c (in fine steps) and sum c² grow by, c lines of
          a product;
        - `version`, where lines have one;
        - `nth`: orders before it (its customer's), `gap`: days since the customer's last day with an order, missing on
          the first and for a second order of a day; `new_day`, `new_month`: 1 or 0;
        - `next_date` of the customer's next order; `hour`, `weekday` (Monday is 0), `month`, `month_day`.
    """
    who = _who(lines)
    orders = keep(_summed(lines, who, keep.spread))
    for part in _parts(orders, keep.orders_at_once):
        yield _reduced(part, who, keep)


def _parts(orders: Table, at_once: int) -> list[Table]:
    """The orders in parts of about so many, each with all orders of its customers: what follows fits a cache."""
    count = orders.count().execute() if at_once else 0
    if count <= at_once:
        return [orders]
    marked = orders.filter(_.number.isin(list(range(at_once, count, at_once)))).select("customer_id")
    firsts = orders.semi_join(marked, "customer_id").group_by("customer_id").agg(first=_.number.min())
    edges = sorted({0, count, *firsts.to_pandas()["first"]})
    return [orders.filter((_.number >= low) & (_.number < high)) for low, high in pairwise(edges)]


def _reduced(orders: Table, who: list[str], keep: Keep) -> Table:
    keys = [*who, "number"] if keep.spread else ["number"]
    placed = keep(_placed(orders.drop("basket"), who))
    bought = keep(_bought(_unpacked(orders, placed, keys), keys))
    joined = placed.inner_join(bought, keys).drop("number")
    since = joined.date.delta(joined.last_date, unit="day")
    return joined.mutate(
        gap=since.nullif(0).cast("float64"),
        new_day=(since.isnull() | (since > 0)).cast("float64"),
        **_beyond("amount", joined.amount - joined.first_amount),
        **_beyond("units", joined.units - joined.first_units),
        new_month=(joined.last_date.isnull() | (joined.last_date.truncate("M") < joined.date.truncate("M"))).cast(
            "float64"
        ),
    ).drop("last_date", "first_amount", "first_units")


def _who(lines: Table) -> list[str]:
    return [name for name in ("customer_id", "version") if name in lines.columns]


def _beyond(name: str, off: FloatingValue) -> dict[str, FloatingValue]:
    squares, rest = square_parts(off)
    return {f"{name}_off": in_steps(off), f"{name}_squares": squares, f"{name}_rest": rest}


def _line(lines: Table, spread: bool) -> Table:
    """Lines with their product's number: text keys are grouped, joined and sorted but once. Where spread, its name."""
    product = lines.product_id.fill_null("") if "product_id" in lines.columns else ibis.literal("")
    named = lines.mutate(product_id=product)
    dated = named.mutate(date=_.ordered_at.date(), price_log=(_.amount / _.quantity).ln())
    if spread:
        return dated.rename(product="product_id")
    products = named.select("product_id").distinct().mutate(product=ibis.row_number().over(order_by="product_id"))
    return dated.inner_join(products, "product_id").drop("product_id")


def _summed(lines: Table, who: list[str], spread: bool) -> Table:
    """Orders with the products of their lines (`basket`); `number` is unique and rises with customer and time.

    Where spread, it is unique within a customer.
    """
    in_turn = ibis.window(group_by=who, order_by=["ordered_at", "order_id"])
    in_turn = in_turn if spread else ibis.window(order_by=[*who, "ordered_at", "order_id"])
    # of the very value that is summed: else one price alone would seem to vary
    squares, rest = square_parts(in_steps(_.price_log, FINE_STEPS) / FINE_STEPS)
    return (
        _line(lines, spread)
        .group_by(*who, "order_id", "date")
        .agg(
            ordered_at=_.ordered_at.min(),
            amount=exact_sum(_.amount),
            line_max=_.amount.max(),
            units=exact_sum(_.quantity),
            lines=_.count().cast("float64"),
            price_log=in_steps(_.price_log, FINE_STEPS).sum(),
            price_squares=squares.sum(),
            price_rest=rest.sum(),
            price_min=_.price_log.min().exp(),
            price_max=_.price_log.max().exp(),
            basket=_["product"].collect(),
        )
        .mutate(number=ibis.row_number().over(in_turn))
    )


def _placed(orders: Table, who: list[str]) -> Table:
    """Orders in their customer's sequence."""
    mine = ibis.window(group_by=who, order_by="number")
    part = ibis.row_number().over(group_by=[*who, "order_id"], order_by="number")
    return orders.mutate(
        nth=ibis.row_number().over(mine),
        first_amount=_.amount.first().over(mine),
        first_units=_.units.first().over(mine),
        counted=(part == 0).cast("float64"),
        last_date=_.date.lag().over(mine),
        next_date=_.date.lead().over(mine),
        hour=_.ordered_at.hour(),
        weekday=_.ordered_at.day_of_week.index(),
        month=_.ordered_at.month(),
        month_day=_.ordered_at.day(),
    )


def _unpacked(orders: Table, placed: Table, keys: list[str]) -> Table:
    """The products of each order's lines, by `keys` of the order, and what a customer and a product are known by."""
    if len(keys) > 1:  # spread: by their names
        lines = orders.select(*keys, product=_.basket.unnest())
        return lines.mutate(pair=ibis.struct({name: lines[name] for name in (*keys[:-1], "product")}))
    # numbers are consecutive within a customer: number - nth is the customer's own number
    customers = placed.select("number", customer=_.number - _.nth)
    baskets = orders.select("number", "basket").inner_join(customers, "number")
    coded = baskets.select("number", "customer", product=_.basket.unnest())
    return coded.select("number", pair=_.customer * PRODUCTS_AT_MOST + _["product"])


def _bought(lines: Table, keys: list[str]) -> Table:
    """Of each order what its lines add to the tally of its customer's products."""
    earlier = ibis.window(group_by="pair", order_by="number")
    # lines of one order are peers: of those of one product, the first alone has as many lines before it as its rank
    tally = lines.select(*keys, before=ibis.row_number().over(earlier), rank=ibis.rank().over(earlier))
    tally = tally.mutate(before=_.before.cast("float64"), now=(_.before + 1).cast("float64"))
    surprise = _.now * _.now.ln() - ibis.ifelse(_.before > 0, _.before * _.before.nullif(0).ln(), 0.0)
    return tally.group_by(keys).agg(
        products=(_["rank"] == _.before).cast("float64").sum(),
        fresh=(_.before == 0).cast("float64").sum(),
        second=(_.before == 1).cast("float64").sum(),
        times=_.now.max(),
        surprise=in_steps(surprise, FINE_STEPS).sum(),
        squares=(2 * _.now - 1).sum(),
    )


def returns_of(lines: Table) -> Table:
    """One row a cancellation: whose, when, how many units, how much (currency) and what of it is `unmatched`."""
    return lines.group_by("customer_id", "order_id", date=_.ordered_at.date()).agg(
        ordered_at=_.ordered_at.min(),
        amount=exact_sum(_.amount.abs()),
        units=exact_sum(_.quantity.abs()),
        unmatched=exact_sum(_.unmatched),
    )
