"""Small tables behind the figures of the exploration: DuckDB reduces the log, only the result is held in memory."""

import ibis
import numpy as np
import pandas as pd
from ibis import Table, _

POINTS = 200  # of a curve over all customers


def missing(judged: Table) -> pd.DataFrame:
    """Share of raw lines in which each column is missing or unreadable, the worst first: `column`, `share`."""
    columns = [name for name in judged.columns if name not in {"line", "copy", "reason", "amount"}]
    shares = judged.agg(**{name: judged[name].isnull().mean() for name in columns}).to_pandas().iloc[0]
    return shares.sort_values(ascending=False).rename_axis("column").reset_index(name="share")


def monthly(orders: Table) -> pd.DataFrame:
    """Revenue (currency), orders and customers a calendar month; `complete` is false where the log cuts it off."""
    by_month = orders.group_by(month=_.ordered_at.truncate("M")).agg(
        revenue=_.amount.sum(), orders=_.order_id.nunique(), customers=_.customer_id.nunique()
    )
    table = by_month.order_by("month").to_pandas()
    first, last = (value.date() for value in orders.agg(f=_.ordered_at.min(), l=_.ordered_at.max()).to_pandas().iloc[0])
    table["complete"] = True
    table.loc[table.index[0], "complete"] = first.day <= 7  # shops close for holidays: a week's grace at both ends
    table.loc[table.index[-1], "complete"] = last.day >= pd.Timestamp(last).days_in_month - 7
    return table


def spend(orders: Table) -> pd.Series:
    """Total spend of each customer (currency), the largest first."""
    totals = orders.group_by("customer_id").agg(spend=_.amount.sum())
    return totals.order_by(ibis.desc("spend"), "customer_id").to_pandas().set_index("customer_id").spend


def pareto(spend: pd.Series) -> pd.DataFrame:
    """Cumulative share of revenue against share of customers, best customers first, at `POINTS` places."""
    cumulated = np.concatenate([[0], np.cumsum(spend.to_numpy()) / spend.sum()])
    customers = np.linspace(0, 1, POINTS + 1)
    revenue = np.interp(customers, np.linspace(0, 1, len(cumulated)), cumulated)
    return pd.DataFrame({"customers": customers, "revenue": revenue})


def order_values(orders: Table) -> pd.Series:
    """Value of each order, currency."""
    return orders.group_by("order_id").agg(value=_.amount.sum()).order_by("order_id").to_pandas().value


def countries(orders: Table, most: int = 10) -> pd.DataFrame:
    """Share of customers and revenue of the countries with most revenue; the others are one row, "Other"."""
    table = (
        orders.mutate(country=_.country.fill_null("unknown"))
        .group_by("country")
        .agg(customers=_.customer_id.nunique(), revenue=_.amount.sum())
        .order_by(ibis.desc("revenue"), "country")
        .to_pandas()
    )
    table["country"] = table.country.where(table.index < most, "Other")
    totals = table.groupby("country", sort=False)[["customers", "revenue"]].sum()
    return totals / totals.sum()


def cohorts(orders: Table) -> pd.DataFrame:
    """Retention: share of the customers who first bought in a quarter that bought again so many quarters later.

    Returns
    -------
    DataFrame
        Index: quarter of the first order; columns: quarters since then, from 1; missing where the quarter is not over.
    """
    bought = orders.select("customer_id", quarter=_.ordered_at.truncate("Q")).distinct().to_pandas()
    quarter = bought.quarter.dt.to_period("Q")
    first = quarter.groupby(bought.customer_id).transform("min")
    later = (quarter.astype("int64") - first.astype("int64")).rename("later")
    counts = bought.groupby([first.rename("cohort"), later]).size().unstack()
    last = quarter.max()
    known = np.array([[cohort + n <= last for n in counts.columns] for cohort in counts.index])
    shares = counts.div(counts[0], axis="index").where(known).where(counts.notna() | ~known, 0.0)
    return shares.drop(columns=0)


def extremes(orders: Table, factor: float) -> pd.DataFrame:
    """Lines beyond the IQR limits, a row a column: the limit, how many lines are beyond and their share of revenue."""
    rows = []
    for name in ("quantity", "unit_price", "amount"):
        q1, q3 = orders.agg(a=orders[name].quantile(0.25), b=orders[name].quantile(0.75)).to_pandas().iloc[0]
        limit = q3 + factor * (q3 - q1)
        beyond = orders.agg(
            share=(orders[name] > limit).mean(),
            revenue_share=ibis.ifelse(orders[name] > limit, orders.amount, 0.0).sum() / orders.amount.sum(),
            largest=orders[name].max(),
        ).to_pandas()
        rows.append({"column": name, "limit": limit} | beyond.iloc[0].to_dict())
    return pd.DataFrame(rows)


def correlations(orders: Table) -> pd.DataFrame:
    """Spearman rank correlations between what customers do: orders, spend, units, products, basket value, silence."""
    table = (
        orders.group_by("customer_id")
        .agg(
            orders=_.order_id.nunique(),
            spend=_.amount.sum(),
            units=_.quantity.sum(),
            products=_.product_id.nunique(),
            last=_.ordered_at.max(),
        )
        .order_by("customer_id")
        .to_pandas()
    )
    silence = (table["last"].max() - table["last"]).dt.days
    described = table.drop(columns=["customer_id", "last"])
    return described.assign(order_value=table.spend / table.orders, days_silent=silence).corr(method="spearman")
