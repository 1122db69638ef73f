"""Small tables behind the figures on an order log: DuckDB reduces the log, only the result is held in memory.

So a log of fifty million lines is drawn as fast as it is read: no table here has one row per line, order or customer.
"""

from collections.abc import Iterator
from datetime import date

import ibis
import numpy as np
import pandas as pd
from ibis import Table, _

from patrons.evaluation.medians import median_interval
from patrons.evaluation.shares import together

POINTS = 200  # of a curve over all customers
BINS = 60  # of a histogram
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_VALUES = 12  # of an attribute that is drawn
BEHAVIOUR = ("orders", "spend", "units", "products", "order_value", "days_silent")


def missing(judged: Table, absent: tuple[str, ...] = ()) -> pd.DataFrame:
    """Share of raw lines in which a column of the log is missing or unreadable, by column, the worst first."""
    own = {"line", "copy", "malformed", "reason", "amount"}
    columns = [name for name in judged.columns if name not in own | set(absent)]
    shares = judged.agg(**{name: judged[name].isnull().mean() for name in columns}).to_pandas().iloc[0]
    return shares.sort_values(ascending=False, kind="stable").rename_axis("column")


def repeats(judged: Table) -> int:
    """Lines that repeat an earlier line exactly, whether or not they are set aside for that."""
    return int((judged["copy"] > 0).sum().execute())


def monthly(orders: Table) -> pd.DataFrame:
    """Revenue (currency), orders and customers by calendar month; `complete` is false where the log cuts it off.

    A month without an order is a row of zeros.
    """
    by_month = orders.group_by(month=_.ordered_at.truncate("M")).agg(
        revenue=_.amount.sum(), orders=_.order_id.nunique(), customers=_.customer_id.nunique()
    )
    table = by_month.order_by("month").to_pandas().set_index("month")
    months = pd.date_range(table.index[0], table.index[-1], freq="MS", name="month")
    table = table.reindex(months, fill_value=0).reset_index()
    first, last = period(orders)
    table["complete"] = True
    table.loc[table.index[0], "complete"] = first.day <= 7  # shops close for holidays: a week's grace at both ends
    table.loc[table.index[-1], "complete"] &= last.day >= pd.Timestamp(last).days_in_month - 7
    return table


def period(orders: Table) -> tuple[date, date]:
    """The days of the first and of the last line."""
    ends = orders.agg(first=_.ordered_at.min(), last=_.ordered_at.max()).to_pandas().iloc[0]
    return ends["first"].date(), ends["last"].date()


def clock(orders: Table) -> pd.DataFrame:
    """Share of orders at each weekday (rows, Monday first) and hour of the day (columns, those with any order)."""
    starts = orders.group_by("order_id").agg(at=_.ordered_at.min())
    counts = starts.group_by(weekday=_.at.day_of_week.index(), hour=_.at.hour()).agg(orders=_.count()).to_pandas()
    table = counts.pivot(index="weekday", columns="hour", values="orders").reindex(range(7)).fillna(0)
    return (table / table.to_numpy().sum()).set_axis(list(WEEKDAYS))


def totals(orders: Table) -> dict[str, float]:
    """Numbers of the whole log: `customers`, `orders`, `revenue` (currency)."""
    counts = orders.agg(customers=_.customer_id.nunique(), orders=_.order_id.nunique(), revenue=_.amount.sum())
    return {name: float(value) for name, value in counts.to_pandas().iloc[0].items()}


def negative(judged: Table) -> int:
    """Lines below zero that are set aside and not counted as returns."""
    return int(judged.filter(judged.reason.endswith("not positive") & (judged.amount < 0)).count().execute())


def _spend(orders: Table) -> Table:
    return orders.group_by("customer_id").agg(spend=_.amount.sum())


def pareto(orders: Table) -> pd.DataFrame:
    """Share of revenue that the best share of customers brings, at `POINTS` shares up to 1: `customers`, `revenue`."""
    spend = _spend(orders)
    best_first = ibis.window(order_by=[ibis.desc("spend"), "customer_id"])
    ranked = spend.mutate(rank=ibis.row_number().over(best_first) + 1)
    ranked = ranked.mutate(cumulated=ranked.spend.cumsum(order_by="rank"))
    customers, total = (float(value) for value in spend.agg(n=_.count(), m=_.spend.sum()).to_pandas().iloc[0])
    shares = np.linspace(0, 1, POINTS + 1)
    ranks = sorted({int(np.ceil(share * customers)) for share in shares[1:]} | {int(customers)})
    curve = ranked.filter(ranked["rank"].isin(ranks)).order_by("rank").to_pandas()
    revenue = np.interp(shares, [0, *(curve["rank"] / customers)], [0, *(curve.cumulated / total)])
    return pd.DataFrame({"customers": shares, "revenue": revenue})


def order_values(orders: Table) -> tuple[pd.DataFrame, dict[str, float]]:
    """Histogram of the value of orders on a logarithmic scale, and its `median`, `mean`, `low` and `high`, currency.

    Returns
    -------
    DataFrame
        Columns `low`, `high` (currency, edges of a bin) and `orders`.
    dict
    """
    values = orders.group_by("order_id").agg(value=_.amount.sum()).cache()
    summary = values.agg(median=_.value.median(), mean=_.value.mean(), low=_.value.min(), high=_.value.max())
    marks = {name: float(value) for name, value in summary.to_pandas().iloc[0].items()}
    margin = 1.0 if marks["high"] > marks["low"] else 1.5  # a single value still gets bars with a width
    edges = np.geomspace(marks["low"] / margin, marks["high"] * margin * (1 + 1e-9), BINS + 1)
    width = np.log(edges[-1] / edges[0]) or 1.0
    number = ((_.value / float(edges[0])).ln() / width * BINS).floor().cast("int64").clip(0, BINS - 1)
    counts = values.group_by(bin=number).agg(orders=_.count()).to_pandas().set_index("bin").orders
    counts = counts.reindex(range(BINS), fill_value=0)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "orders": counts.to_numpy()}), marks


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
    sums = table.groupby("country", sort=False)[["customers", "revenue"]].sum()
    return sums / sums.sum()


def by_attribute(orders: Table, customers: pd.DataFrame) -> pd.DataFrame:
    """Customers and spend by value, for each attribute with few values.

    Returns
    -------
    DataFrame
        `attribute`, `value`, `customers` (number), `share` (of customers), `spend` (of the median customer, currency)
        and its interval `low`, `high`: 95% for all rows at once, as the widest difference will be picked; missing where
        there are too few customers. Country and attributes of more than `MOST_VALUES` values are left out.
    """
    names = [name for name in customers.columns if name not in ("customer_id", "country")]
    names = [name for name in names if customers[name].nunique() <= MOST_VALUES]
    spend = _spend(orders).to_pandas().set_index("customer_id").spend
    own = spend.reindex(customers.customer_id).to_numpy()
    groups = [(name, value, part.dropna()) for name in names for value, part in _by_value(customers, name, own)]
    confidence = together(len(groups))
    rows = [
        (name, value, len(part), len(part) / len(spend), *median_interval(part.to_numpy(), confidence))
        for name, value, part in groups
    ]
    return pd.DataFrame(rows, columns=["attribute", "value", "customers", "share", "spend", "low", "high"])


def _by_value(customers: pd.DataFrame, name: str, spend: np.ndarray) -> Iterator[tuple[str, pd.Series]]:
    """The spend of the customers with each value of an attribute."""
    values = customers[name].astype("str").where(customers[name].notna(), "unknown")
    for value, part in pd.Series(spend).groupby(values.to_numpy()):
        yield str(value), part


def extremes(orders: Table, factor: float, absent: tuple[str, ...] = ()) -> pd.DataFrame:
    """Lines beyond the upper IQR limit, one row per column, and the mean with and without them.

    Returns
    -------
    DataFrame
        `column`, `limit` (upper quartile plus `factor` interquartile ranges), `share` of lines beyond it, their
        `revenue_share`, the `largest` value, and the column's `mean` with all lines and `mean_without` those beyond.
    """
    names = [name for name in ("quantity", "unit_price") if not {"quantity", "unit_price"} & set(absent)]
    rows = []
    for name in (*names, "amount"):
        q1, q3 = orders.agg(a=orders[name].quantile(0.25), b=orders[name].quantile(0.75)).to_pandas().iloc[0]
        limit = q3 + factor * (q3 - q1)
        beyond = orders.agg(
            share=(orders[name] > limit).mean(),
            revenue_share=ibis.ifelse(orders[name] > limit, orders.amount, 0.0).sum() / orders.amount.sum(),
            largest=orders[name].max(),
            mean=orders[name].mean(),
            mean_without=orders[name].mean(where=orders[name] <= limit),
        ).to_pandas()
        rows.append({"column": name, "limit": limit} | beyond.iloc[0].to_dict())
    return pd.DataFrame(rows)


def correlations(orders: Table, absent: tuple[str, ...] = ()) -> pd.DataFrame:
    """Spearman rank correlations between what customers do: orders, spend, units, products, order value, silence.

    What the log has no column for, and what is the same for all customers, is left out.
    """
    customers = orders.group_by("customer_id").agg(
        orders=_.order_id.nunique(),
        spend=_.amount.sum(),
        units=_.quantity.sum(),
        products=_.product_id.nunique(),
        last=_.ordered_at.max(),
    )
    end = customers["last"].max().over(ibis.window())
    described = customers.mutate(
        order_value=_.spend / _.orders, days_silent=end.date().delta(customers["last"].date(), unit="day")
    )
    unknown = {name for name, column in {"units": "quantity", "products": "product_id"}.items() if column in absent}
    names = [name for name in BEHAVIOUR if name not in unknown]
    ranks = described.select(**{name: _mean_rank(described, name) for name in names}).cache()
    pairs = {f"{a} {b}": ranks[a].corr(ranks[b], how="pop") for a in names for b in names if a < b}
    coefficients = ranks.agg(**pairs).to_pandas().iloc[0].astype("float64")
    table = pd.DataFrame(np.eye(len(names)), names, names)
    for pair, value in coefficients.items():
        a, b = pair.split()
        table.loc[a, b] = table.loc[b, a] = value
    constant = [name for name in names if table.loc[name].drop(name).isna().all()]
    return table.drop(index=constant, columns=constant)


def _mean_rank(table: Table, name: str) -> ibis.Value:
    """Ranks in which equal values share the mean of theirs."""
    equal = ibis.window(group_by=name)
    return ibis.rank().over(order_by=name) + (table.count().over(equal) - 1) / 2
