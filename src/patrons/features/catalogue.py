"""Every feature, declared once: name, unit, meaning and expression, in named groups.

An expression is an aggregate over one customer's orders before a day (the columns of `stages.orders_of`, with
`days_ago`: days from the order to that day, at least 1, and `latest`: whether it is the last before it), over the
customer's returns (`stages.returns_of`), or a calculation from other features. It uses only functions that both DuckDB
and Spark have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import ibis
from ibis import Deferred, _

from patrons.features import season
from patrons.features.stages import COARSE, FINE_STEPS, GAPS_AT_MOST, REST, STEPS, exact_sum, in_steps

ORDERS, RETURNS, CUSTOMER = "orders", "returns", "customer"
WINDOWS = (7, 14, 30, 60, 90, 180, 365)  # days


@dataclass(frozen=True)
class Feature:
    """One column of the feature table, and its expression."""

    name: str
    group: str
    unit: str
    meaning: str
    expression: Deferred
    over: str = ORDERS  # what the expression is over: a customer's ORDERS, its RETURNS, or the CUSTOMER's features
    without: int | None = None  # the value for customers who returned nothing


def ratio(part: Deferred, whole: Deferred) -> Deferred:
    """Part over whole, missing where the whole is 0."""
    return part / whole.nullif(0)


def total(value: Deferred, where: Deferred) -> Deferred:
    """Sum of a column over the rows where a condition holds."""
    return ibis.ifelse(where, value, 0.0).sum()


def share(condition: Deferred) -> Deferred:
    """Share of orders for which a condition holds."""
    return condition.cast("float64").mean()


def squares(name: str) -> Deferred:
    """Sum of squares that `stages` keeps in two parts."""
    return _[f"{name}_squares"].sum() / COARSE + _[f"{name}_rest"].sum() / REST


def std(n: Deferred, total: Deferred, squares: Deferred) -> Deferred:
    """Standard deviation of n values from their sum and that of their squares, missing for one value."""
    return ((squares - total * total / n) / (n - 1).nullif(0)).abs().sqrt()


def whole(count: Deferred) -> Deferred:
    """A count, summed as float (which engines agree on and sum fast), as an integer."""
    return count.cast("int64")


N, SPEND, UNITS, LINES = _.counted.sum(), exact_sum(_.amount), exact_sum(_.units), _.lines.sum()
RECENCY, TENURE, ACTIVE = _.days_ago.min(), _.days_ago.max(), _.new_day.sum()
GAP, GAP_STD = ratio(TENURE - RECENCY, ACTIVE - 1), std(_.gap.count(), _.gap.sum(), (_.gap * _.gap).sum())
LAST_GAP = (_.nth * GAPS_AT_MOST + _.gap).max() % GAPS_AT_MOST  # of the order with the highest number that has a gap
FIRST_GAP = (_.nth * GAPS_AT_MOST + _.gap).min() % GAPS_AT_MOST
VALUE_STD = std(_.count(), _.amount_off.sum() / STEPS, squares("amount"))
UNITS_STD = std(_.count(), _.units_off.sum() / STEPS, squares("units"))
HOUR = _.hour.cast("float64")
PRICE_LOG = ratio(_.price_log.sum() / FINE_STEPS, LINES)
PRICE_LOG2 = squares("price") / LINES
LAST_PRICE = ratio(total(_.price_log, _.latest) / FINE_STEPS, total(_.lines, _.latest))
ENTROPY = LINES.ln() - _.surprise.sum() / FINE_STEPS / LINES

# fmt: off
TABLE: dict[str, list[tuple[str, str, str, Deferred]]] = {
    "rfm": [
        ("recency_days", "days", "time since the last order", RECENCY),
        ("frequency", "orders", "number of orders so far", whole(N)),
        ("monetary", "currency", "spent so far", SPEND),
        ("tenure_days", "days", "time since the first order", TENURE),
        ("recency_share", "share of tenure", "of their time as a customer has passed since the last order",
         RECENCY / TENURE),
        ("order_rate", "orders in 30 days", "mean orders in 30 days since the first order", 30 * N / TENURE),
        ("spend_rate", "currency in 30 days", "mean spend in 30 days since the first order", 30 * SPEND / TENURE),
    ],
    "basket": [
        ("order_value", "currency an order", "mean value of an order", SPEND / N),
        ("order_value_max", "currency", "value of the largest order", _.amount.max()),
        ("order_value_min", "currency", "value of the smallest order", _.amount.min()),
        ("order_value_std", "currency", "standard deviation of order values; missing for one order", VALUE_STD),
        ("order_value_spread", "ratio", "standard deviation of order values over their mean; missing for one order",
         VALUE_STD / (SPEND / _.count())),
        ("largest_order_share", "share of spend", "what the largest order brought", _.amount.max() / SPEND),
        ("order_units", "units an order", "mean units of an order", UNITS / N),
        ("order_units_max", "units", "units of the largest order", _.units.max()),
        ("order_units_std", "units", "standard deviation of units an order; missing for one order", UNITS_STD),
        ("order_lines", "lines an order", "mean lines of an order", LINES / N),
        ("order_lines_max", "lines", "lines of the longest order", whole(_.lines.max())),
        ("order_products", "products an order", "mean distinct products an order", _.products.sum() / N),
        ("order_products_max", "products", "distinct products of the most varied order", whole(_.products.max())),
        ("line_value", "currency a line", "mean value of an order line", SPEND / LINES),
        ("line_value_max", "currency", "value of the largest order line", _.line_max.max()),
        ("line_units", "units a line", "mean units of an order line", UNITS / LINES),
    ],
    "rhythm": [
        ("active_days", "days", "days with an order", whole(ACTIVE)),
        ("active_months", "months", "calendar months with an order", whole(_.new_month.sum())),
        ("orders_per_active_day", "orders a day", "orders on a day with an order", N / ACTIVE),
        ("gap_days", "days", "mean time between orders; missing for one day of orders", GAP),
        ("gap_median", "days", "median time between days with an order; missing for one such day",
         _.gap.median()),
        ("gap_std", "days", "standard deviation of the time between orders; missing for one gap", GAP_STD),
        ("gap_min", "days", "shortest time between days with an order; missing for one such day", _.gap.min()),
        ("gap_max", "days", "longest time between days with an order; missing for one such day", _.gap.max()),
        ("gap_first", "days", "from the first day with an order to the second; missing for one such day", FIRST_GAP),
        ("gap_last", "days", "between the last two days with an order; missing for one such day", LAST_GAP),
        ("gap_spread", "ratio", "standard deviation of gaps over their mean: 0 is clockwork; missing for one gap",
         GAP_STD / GAP),
        ("gap_trend", "ratio", "last gap over the mean gap: above 1 slows down; missing for one day of orders",
         LAST_GAP / GAP),
        ("silence_to_gap", "ratio", "silence since the last order over the mean gap; missing for one day of orders",
         RECENCY / GAP),
        ("silence_to_longest", "ratio", "silence over the longest gap; above 1 is new; missing for one day of orders",
         RECENCY / _.gap.max()),
        ("silence_excess", "days", "silence beyond the mean gap; missing for one day of orders", RECENCY - GAP),
    ],
    "products": [
        ("products_distinct", "products", "different products bought", whole(_.fresh.sum())),
        ("products_repeated", "products", "products bought more than once", whole(_.second.sum())),
        ("products_repeated_share", "share of products", "of the products were bought more than once",
         _.second.sum() / _.fresh.sum()),
        ("lines_repeated_share", "share of lines", "order lines with a product bought before",
         1 - _.fresh.sum() / LINES),
        ("product_entropy", "nats", "how evenly order lines spread over products: 0 is one product", ENTROPY),
        ("product_evenness", "share", "entropy over the highest for so many products; missing for one product",
         ratio(ENTROPY, _.fresh.sum().ln())),
        ("product_concentration", "share", "chance that two order lines name the same product (Herfindahl)",
         _.squares.sum() / (LINES * LINES)),
        ("product_top_share", "share of lines", "order lines with the product bought most often",
         _.times.max() / LINES),
        ("products_fresh_per_order", "products an order", "products not bought before, a mean order",
         _.fresh.sum() / N),
        ("products_fresh_last", "share of products", "products of the last order that were not bought before",
         total(_.fresh, _.latest) / total(_.products, _.latest)),
    ],
    "price": [
        ("price_paid", "currency a unit", "spend over units", SPEND / UNITS),
        ("price_level", "currency a unit", "geometric mean of the unit prices of order lines", PRICE_LOG.exp()),
        ("price_spread", "log ratio", "standard deviation of the logarithm of unit prices of order lines",
         ibis.greatest(PRICE_LOG2 - PRICE_LOG * PRICE_LOG, 0.0).sqrt()),
        ("price_min", "currency a unit", "lowest unit price paid", _.price_min.min()),
        ("price_max", "currency a unit", "highest unit price paid", _.price_max.max()),
        ("price_last", "currency a unit", "geometric mean of the unit prices of the last order", LAST_PRICE.exp()),
        ("price_trend", "ratio", "price level of the last order over that of all orders",
         (LAST_PRICE - PRICE_LOG).exp()),
    ],
    "time of order": [
        ("hour_mean", "hour of day", "mean hour of orders", HOUR.mean()),
        ("hour_std", "hours", "standard deviation of the hour of orders; missing for one order",
         std(_.count(), HOUR.sum(), (HOUR * HOUR).sum())),
        ("morning_share", "share of orders", "orders from 6 to 12 o'clock", share((_.hour >= 6) & (_.hour < 12))),
        ("afternoon_share", "share of orders", "orders from 12 to 18 o'clock", share((_.hour >= 12) & (_.hour < 18))),
        ("evening_share", "share of orders", "orders from 18 to 24 o'clock", share(_.hour >= 18)),
        *((f"{day}_share", "share of orders", f"orders on a {day.capitalize()}", share(_.weekday == i))
          for i, day in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))),
        ("weekend_share", "share of orders", "orders on Saturday or Sunday", share(_.weekday >= 5)),
        ("month_start_share", "share of orders", "orders on the 1st to 10th of a month", share(_.month_day <= 10)),
        ("month_end_share", "share of orders", "orders on the 21st or later in a month", share(_.month_day > 20)),
        ("spring_share", "share of orders", "orders from March to May", share((_.month >= 3) & (_.month <= 5))),
        ("summer_share", "share of orders", "orders from June to August", share((_.month >= 6) & (_.month <= 8))),
        ("autumn_share", "share of orders", "orders from September to November",
         share((_.month >= 9) & (_.month <= 11))),
        ("winter_share", "share of orders", "orders from December to February",
         share((_.month == 12) | (_.month <= 2))),
    ],
    "first and last order": [
        ("first_order_value", "currency", "value of the first order", total(_.amount, _.nth == 0)),
        ("first_order_units", "units", "units of the first order", total(_.units, _.nth == 0)),
        ("first_order_products", "products", "distinct products of the first order",
         whole(total(_.products, _.nth == 0))),
        ("last_order_value", "currency", "value of the last order", total(_.amount, _.latest)),
        ("last_order_units", "units", "units of the last order", total(_.units, _.latest)),
        ("last_order_products", "products", "distinct products of the last order", whole(total(_.products, _.latest))),
        ("last_order_trend", "ratio", "value of the last order over the mean order",
         total(_.amount, _.latest) * N / SPEND),
        ("last_to_first_value", "ratio", "value of the last order over the first",
         total(_.amount, _.latest) / total(_.amount, _.nth == 0)),
    ],
}
RETURNED: list[tuple[str, str, str, Deferred, int | None]] = [
    ("returns", "cancellations", "cancellations since the first order", _.count(), 0),
    ("returned_value", "currency", "value of what was cancelled", exact_sum(_.amount), 0),
    ("returned_units", "units", "units cancelled", exact_sum(_.units), 0),
    ("returned_unmatched", "currency", "value of what was cancelled that is not taken off what was spent",
     exact_sum(_.unmatched), 0),
    ("returned_value_max", "currency", "value of the largest cancellation", _.amount.max(), 0),
    ("returns_90d", "cancellations", "cancellations in the last 90 days",
     whole((_.days_ago <= 90).cast("float64").sum()), 0),
    ("return_recency_days", "days", "time since the last cancellation; missing without one",
     _.days_ago.min().cast("float64"), None),
]
RETURN_SHARES: list[tuple[str, str, str, Deferred]] = [
    ("returns_per_order", "cancellations an order", "cancellations over orders", _.returns / _.frequency),
    ("returned_value_share", "ratio", "value cancelled over what was bought, cancelled orders included",
     _.returned_value / (_.monetary + _.returned_value - _.returned_unmatched)),
]
# fmt: on


def declare(
    windows: Sequence[int] = WINDOWS, leave_out: Sequence[str] = (), peak_months: Sequence[int] = ()
) -> list[Feature]:
    """Every feature: with windows of so many days before `as_of`, without the groups in `leave_out`."""
    windows = sorted(set(windows))
    fixed = {group: [Feature(name, group, *rest) for name, *rest in rows] for group, rows in TABLE.items()}
    if peak_months:
        meaning, in_peak = f"orders in {season.named(peak_months)}", share(_.month.isin(list(peak_months)))
        fixed["time of order"].append(Feature(season.SHARE, "time of order", "share of orders", meaning, in_peak))
    returns = [Feature(n, "returns", unit, means, e, RETURNS, none) for n, unit, means, e, none in RETURNED]
    groups = {
        "rfm": fixed.pop("rfm"),
        "windows": [feature for days in windows for feature in _window(days)],
        "trends": [feature for pair in pairwise(windows) for feature in _trend(*pair)],
        **fixed,
        "returns": returns + [Feature(n, "returns", unit, means, e, CUSTOMER) for n, unit, means, e in RETURN_SHARES],
    }
    return [feature for group, rows in groups.items() if group not in leave_out for feature in rows]


def _window(days: int) -> list[Feature]:
    def feature(name: str, unit: str, meaning: str, total: Deferred) -> Feature:
        return Feature(f"{name}_{days}d", "windows", unit, f"{meaning} in the last {days} days", total)

    inside = _.days_ago <= days
    return [
        feature("orders", "orders", "orders", whole(total(_.counted, inside))),
        feature("spend", "currency", "spent", total(in_steps(_.amount), inside) / STEPS),
        feature("units", "units", "units bought", total(in_steps(_.units), inside) / STEPS),
        feature("lines", "lines", "order lines", whole(total(_.lines, inside))),
    ]


def _trend(short: int, long: int) -> list[Feature]:
    """What part of the longer window lies in the shorter: `short / long` is a steady pace."""
    return [
        Feature(
            f"{what}_trend_{short}_{long}d",
            "trends",
            f"share of {meaning}",
            f"of the {meaning} of the last {long} days fell in the last {short}; 0 without any",
            ratio(total(column, _.days_ago <= short), total(column, _.days_ago <= long)).fill_null(0.0),
        )
        for what, meaning, column in (("orders", "orders", _.counted), ("spend", "spend", in_steps(_.amount)))
    ]
