"""Eighty of the features in pandas: named aggregations, boolean masks, joins.

Two ways: `features` reduces lines to orders first and works on whole columns throughout; with ``plainly=True``, windows
are cut from the lines and what a group has no method for (entropy, concentration) is a function called once a customer,
as it is most often written.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

WINDOWS = (7, 14, 30, 60, 90, 180, 365)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SEASONS = {"spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11), "winter": (12, 1, 2)}


def features(log: Path, as_of: date, plainly: bool = False) -> pd.DataFrame:
    """One row a customer."""
    lines = pd.read_parquet(log)
    lines = lines[lines.ordered_at < pd.Timestamp(as_of)]
    lines["price"] = lines.amount / lines.quantity
    lines["log_price"] = np.log(lines.price)
    orders = (
        lines.groupby(["customer_id", "order_id"])
        .agg(
            ordered_at=("ordered_at", "min"),
            amount=("amount", "sum"),
            units=("quantity", "sum"),
            lines=("amount", "size"),
            products=("product_id", "nunique"),
        )
        .reset_index()
        .sort_values(["customer_id", "ordered_at", "order_id"])
    )
    orders["days_ago"] = (pd.Timestamp(as_of) - orders.ordered_at.dt.normalize()).dt.days
    products = _products_plainly(lines) if plainly else _products(lines)
    windows = _windows_plainly(lines, as_of) if plainly else _windows(orders)
    parts = [_basket(orders), windows, _rhythm(orders), products, _prices(lines), _times(orders)]
    table = pd.concat(parts, axis=1)
    table["line_value"] = table.monetary / table.lines
    table["price_paid"] = table.monetary / table.units
    table["silence_to_gap"] = table.recency_days / table.gap_days
    return table.drop(columns=["lines", "units"])


def _basket(orders: pd.DataFrame) -> pd.DataFrame:
    table = orders.groupby("customer_id").agg(
        recency_days=("days_ago", "min"),
        tenure_days=("days_ago", "max"),
        frequency=("order_id", "size"),
        monetary=("amount", "sum"),
        units=("units", "sum"),
        lines=("lines", "sum"),
        order_value=("amount", "mean"),
        order_value_max=("amount", "max"),
        order_value_min=("amount", "min"),
        order_value_std=("amount", "std"),
        order_units=("units", "mean"),
        order_units_max=("units", "max"),
        order_lines=("lines", "mean"),
        order_lines_max=("lines", "max"),
        order_products=("products", "mean"),
        order_products_max=("products", "max"),
        first_order_value=("amount", "first"),
        last_order_value=("amount", "last"),
    )
    return table.assign(
        largest_order_share=table.order_value_max / table.monetary,
        last_to_first_value=table.last_order_value / table.first_order_value,
    )


def _windows(orders: pd.DataFrame) -> pd.DataFrame:
    customers = orders.customer_id.unique()
    parts = []
    for days in WINDOWS:
        inside = orders[orders.days_ago <= days].groupby("customer_id")
        part = inside.agg(
            orders=("order_id", "size"), spend=("amount", "sum"), units=("units", "sum"), lines=("lines", "sum")
        )
        parts.append(part.reindex(customers, fill_value=0).add_suffix(f"_{days}d"))
    return pd.concat(parts, axis=1)


def _windows_plainly(lines: pd.DataFrame, as_of: date) -> pd.DataFrame:
    parts = []
    for days in WINDOWS:
        inside = lines[lines.ordered_at >= pd.Timestamp(as_of) - pd.Timedelta(days=days)].groupby("customer_id")
        part = inside.agg(
            orders=("order_id", "nunique"), spend=("amount", "sum"), units=("quantity", "sum"), lines=("amount", "size")
        )
        parts.append(part.reindex(lines.customer_id.unique(), fill_value=0).add_suffix(f"_{days}d"))
    return pd.concat(parts, axis=1)


def _products_plainly(lines: pd.DataFrame) -> pd.DataFrame:
    return lines.groupby("customer_id").product_id.apply(_tally).unstack()


def _tally(products: pd.Series) -> pd.Series:
    times = products.value_counts()
    share = times / times.sum()
    return pd.Series(
        {
            "products_distinct": len(times),
            "products_repeated": (times > 1).sum(),
            "product_entropy": -(share * np.log(share)).sum(),
            "product_concentration": (share**2).sum(),
            "product_top_share": share.max(),
            "lines_repeated_share": 1 - len(times) / times.sum(),
        }
    )


def _rhythm(orders: pd.DataFrame) -> pd.DataFrame:
    days = orders.drop_duplicates(["customer_id", "days_ago"])
    gaps = -days.groupby("customer_id").days_ago.diff()
    table = gaps.groupby(days.customer_id).agg(
        active_days="size", gap_days="mean", gap_median="median", gap_std="std", gap_min="min", gap_max="max"
    )
    return table


def _products(lines: pd.DataFrame) -> pd.DataFrame:
    times = lines.groupby(["customer_id", "product_id"]).size()
    share = times / times.groupby("customer_id").transform("sum")
    return pd.DataFrame(
        {
            "products_distinct": times.groupby("customer_id").size(),
            "products_repeated": (times > 1).groupby("customer_id").sum(),
            "product_entropy": -(share * np.log(share)).groupby("customer_id").sum(),
            "product_concentration": (share**2).groupby("customer_id").sum(),
            "product_top_share": share.groupby("customer_id").max(),
            "lines_repeated_share": 1 - times.groupby("customer_id").size() / times.groupby("customer_id").sum(),
        }
    )


def _prices(lines: pd.DataFrame) -> pd.DataFrame:
    table = lines.groupby("customer_id").agg(
        price_level=("log_price", "mean"),
        price_min=("price", "min"),
        price_max=("price", "max"),
        line_value_max=("amount", "max"),
    )
    return table.assign(price_level=np.exp(table.price_level))


def _times(orders: pd.DataFrame) -> pd.DataFrame:
    hour, weekday, month = (getattr(orders.ordered_at.dt, part) for part in ("hour", "weekday", "month"))
    flags = pd.DataFrame(
        {
            "hour_mean": hour,
            "morning_share": hour.between(6, 11),
            "afternoon_share": hour.between(12, 17),
            "evening_share": hour >= 18,
            **{f"{name}_share": weekday == i for i, name in enumerate(WEEKDAYS)},
            "weekend_share": weekday >= 5,
            **{f"{name}_share": month.isin(months) for name, months in SEASONS.items()},
        }
    )
    return flags.groupby(orders.customer_id).mean().assign(hour_std=hour.groupby(orders.customer_id).std())
