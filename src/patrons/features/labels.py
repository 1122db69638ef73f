"""Short names of features, as a reader would call them: for axes, titles and lists."""

import re

PATTERNS = (
    (r"orders_(\d+)d", "orders in {} days"),
    (r"spend_(\d+)d", "spend in {} days"),
    (r"units_(\d+)d", "units in {} days"),
    (r"lines_(\d+)d", "order lines in {} days"),
    (r"returns_(\d+)d", "cancellations in {} days"),
    (r"orders_trend_(\d+)_(\d+)d", "orders: last {} of {} days"),
    (r"spend_trend_(\d+)_(\d+)d", "spend: last {} of {} days"),
    (r"expected_orders_(\d+)d", "order days expected in {} days"),
    (r"expected_spend_(\d+)d", "spend expected in {} days"),
    (r"(morning|afternoon|evening|weekend|spring|summer|autumn|winter)_share", "orders: {}"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LABELS = {day.lower() + "_share": f"orders on {day}s" for day in DAYS} | {
    "recency_days": "days since the last order",
    "frequency": "orders so far",
    "monetary": "spend so far",
    "tenure_days": "days since the first order",
    "recency_share": "share of time since the last order",
    "order_rate": "orders a month",
    "spend_rate": "spend a month",
    "order_value": "mean order value",
    "order_value_max": "largest order value",
    "order_value_min": "smallest order value",
    "order_value_std": "spread of order values",
    "order_value_spread": "relative spread of order values",
    "largest_order_share": "largest order's share of spend",
    "order_units": "units an order",
    "order_units_max": "units of the largest order",
    "order_units_std": "spread of units an order",
    "order_lines": "lines an order",
    "order_lines_max": "lines of the longest order",
    "order_products": "products an order",
    "order_products_max": "products of the most varied order",
    "line_value": "mean value of a line",
    "line_value_max": "largest line value",
    "line_units": "units a line",
    "active_days": "days with an order",
    "active_months": "months with an order",
    "orders_per_active_day": "orders a day with an order",
    "gap_days": "mean gap between orders",
    "gap_median": "usual gap between orders",
    "gap_std": "spread of gaps",
    "gap_min": "shortest gap",
    "gap_max": "longest gap",
    "gap_first": "first gap",
    "gap_last": "last gap",
    "gap_spread": "relative spread of gaps",
    "gap_trend": "last gap beside the mean gap",
    "silence_to_gap": "silence beside the mean gap",
    "silence_to_longest": "silence beside the longest gap",
    "silence_excess": "silence beyond the mean gap",
    "products_distinct": "different products",
    "products_repeated": "products bought again",
    "products_repeated_share": "share of products bought again",
    "lines_repeated_share": "share of lines bought before",
    "product_entropy": "variety of products",
    "product_evenness": "evenness of products",
    "product_concentration": "concentration on few products",
    "product_top_share": "share of the favourite product",
    "products_fresh_per_order": "new products an order",
    "products_fresh_last": "share of new products in the last order",
    "price_paid": "mean price of a unit",
    "price_level": "typical price level",
    "price_spread": "spread of prices",
    "price_min": "lowest price paid",
    "price_max": "highest price paid",
    "price_last": "price level of the last order",
    "price_trend": "last prices beside usual ones",
    "hour_mean": "mean hour of orders",
    "hour_std": "spread of hours",
    "month_start_share": "orders early in the month",
    "month_end_share": "orders late in the month",
    "peak_share": "orders in the peak season",
    "peak_ahead": "peak season ahead",
    "peak_habit": "peak-season buyer before a peak",
    "first_order_value": "value of the first order",
    "first_order_units": "units of the first order",
    "first_order_products": "products of the first order",
    "last_order_value": "value of the last order",
    "last_order_units": "units of the last order",
    "last_order_products": "products of the last order",
    "last_order_trend": "last order beside the mean order",
    "last_to_first_value": "last order beside the first",
    "returns": "cancellations",
    "returned_value": "value cancelled",
    "returned_units": "units cancelled",
    "returned_unmatched": "value cancelled, not taken off",
    "returned_value_max": "largest cancellation",
    "return_recency_days": "days since the last cancellation",
    "returns_per_order": "cancellations an order",
    "returned_value_share": "share of value cancelled",
    "chance_active": "chance of being a customer still",
    "lateness": "lateness by the customer's rhythm",
}


def plain(name: str) -> str:
    """The name of a column with blanks."""
    return name.replace("_", " ")


def label(feature: str) -> str:
    """What a feature of an order log is called; of another column its name with blanks."""
    if feature in LABELS:
        return LABELS[feature]
    for pattern, text in PATTERNS:
        if match := re.fullmatch(pattern, feature):
            return text.format(*match.groups())
    return plain(feature)
