"""The same features in Polars, lazily."""

from datetime import date, datetime
from pathlib import Path

import polars as pl

WINDOWS = (7, 14, 30, 60, 90, 180, 365)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SEASONS = {"spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11), "winter": (12, 1, 2)}


def features(log: Path, as_of: date) -> pl.DataFrame:
    """One row a customer."""
    c = pl.col
    lines = pl.scan_parquet(log).filter(c("ordered_at") < datetime(as_of.year, as_of.month, as_of.day))
    price = c("amount") / c("quantity")
    orders = (
        lines.group_by("customer_id", "order_id")
        .agg(
            ordered_at=c("ordered_at").min(),
            amount=c("amount").sum(),
            line_max=c("amount").max(),
            units=c("quantity").sum(),
            lines=pl.len(),
            products=c("product_id").n_unique(),
            log_price=price.log().sum(),
            price_min=price.min(),
            price_max=price.max(),
        )
        .sort("customer_id", "ordered_at", "order_id")
        .with_columns(days_ago=(pl.lit(as_of) - c("ordered_at").dt.date()).dt.total_days())
        .with_columns(gap=(c("days_ago").shift(1) - c("days_ago")).over("customer_id"))
        .with_columns(new_day=c("gap").is_null() | (c("gap") > 0), gap=pl.when(c("gap") > 0).then(c("gap")))
    )
    hour, weekday, month = c("ordered_at").dt.hour(), c("ordered_at").dt.weekday() - 1, c("ordered_at").dt.month()
    windows = {}
    for days in WINDOWS:
        inside = c("days_ago") <= days
        windows[f"orders_{days}d"] = inside.sum()
        windows |= {
            f"{name}_{days}d": pl.when(inside).then(c(column)).otherwise(0).sum()
            for name, column in (("spend", "amount"), ("units", "units"), ("lines", "lines"))
        }
    customers = orders.group_by("customer_id", maintain_order=True).agg(
        recency_days=c("days_ago").min(),
        tenure_days=c("days_ago").max(),
        frequency=pl.len(),
        monetary=c("amount").sum(),
        order_value=c("amount").mean(),
        order_value_max=c("amount").max(),
        order_value_min=c("amount").min(),
        order_value_std=c("amount").std(),
        order_units=c("units").mean(),
        order_units_max=c("units").max(),
        order_lines=c("lines").mean(),
        order_lines_max=c("lines").max(),
        order_products=c("products").mean(),
        order_products_max=c("products").max(),
        line_value=c("amount").sum() / c("lines").sum(),
        line_value_max=c("line_max").max(),
        largest_order_share=c("amount").max() / c("amount").sum(),
        first_order_value=c("amount").first(),
        last_order_value=c("amount").last(),
        last_to_first_value=c("amount").last() / c("amount").first(),
        active_days=c("new_day").sum(),
        gap_days=c("gap").mean(),
        gap_median=c("gap").median(),
        gap_std=c("gap").std(),
        gap_min=c("gap").min(),
        gap_max=c("gap").max(),
        silence_to_gap=c("days_ago").min() / c("gap").mean(),
        price_paid=c("amount").sum() / c("units").sum(),
        price_level=(c("log_price").sum() / c("lines").sum()).exp(),
        price_min=c("price_min").min(),
        price_max=c("price_max").max(),
        hour_mean=hour.mean(),
        hour_std=hour.cast(pl.Float64).std(),
        morning_share=hour.is_between(6, 11).mean(),
        afternoon_share=hour.is_between(12, 17).mean(),
        evening_share=(hour >= 18).mean(),
        **{f"{name}_share": (weekday == i).mean() for i, name in enumerate(WEEKDAYS)},
        weekend_share=(weekday >= 5).mean(),
        **{f"{name}_share": month.is_in(months).mean() for name, months in SEASONS.items()},
        **windows,
    )
    share = c("times") / c("times").sum()
    products = (
        lines.group_by("customer_id", "product_id")
        .agg(times=pl.len())
        .group_by("customer_id")
        .agg(
            products_distinct=pl.len(),
            products_repeated=(c("times") > 1).sum(),
            product_entropy=-(share * share.log()).sum(),
            product_concentration=(share**2).sum(),
            product_top_share=share.max(),
            lines_repeated_share=1 - pl.len() / c("times").sum(),
        )
    )
    return customers.join(products, on="customer_id").collect()
