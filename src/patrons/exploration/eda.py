"""Small tables behind the figures of the exploration: DuckDB reduces the log, only the result is held in memory.

So a log of fifty million lines draws as fast as it is read: no table here has a row a line, an order or a customer.
"""

import ibis
import numpy as np
import pandas as pd
from ibis import Table, _

POINTS = 200  # of a curve over all customers
BINS = 60  # of a histogram
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_VALUES = 12  # of an attribute that is drawn
COMMON = 0.05  # share of customers from which a value counts as common


def missing(judged: Table, absent: tuple[str, ...] = ()) -> pd.DataFrame:
    """Share of raw lines in which a column of the log is missing or unreadable, the worst first: `column`, `share`."""
    columns = [name for name in judged.columns if name not in {"line", "copy", "torn", "reason", "amount", *absent}]
    shares = judged.agg(**{name: judged[name].isnull().mean() for name in columns}).to_pandas().iloc[0]
    return shares.sort_values(ascending=False, kind="stable").rename_axis("column").reset_index(name="share")


def monthly(orders: Table) -> pd.DataFrame:
    """Revenue (currency), orders and customers a calendar month; `complete` is false where the log cuts it off.

    A month without an order is a row of zeros.
    """
    by_month = orders.group_by(month=_.ordered_at.truncate("M")).agg(
        revenue=_.amount.sum(), orders=_.order_id.nunique(), customers=_.customer_id.nunique()
    )
    table = by_month.order_by("month").to_pandas().set_index("month")
    every = pd.date_range(table.index[0], table.index[-1], freq="MS", name="month")
    table = table.reindex(every, fill_value=0).reset_index()
    first, last = (value.date() for value in orders.agg(f=_.ordered_at.min(), l=_.ordered_at.max()).to_pandas().iloc[0])
    table["complete"] = True
    table.loc[table.index[0], "complete"] = first.day <= 7  # shops close for holidays: a week's grace at both ends
    table.loc[table.index[-1], "complete"] &= last.day >= pd.Timestamp(last).days_in_month - 7
    return table


def clock(orders: Table) -> pd.DataFrame:
    """Share of orders at each weekday (rows, Monday first) and hour of the day (columns, those with any order)."""
    starts = orders.group_by("order_id").agg(at=_.ordered_at.min())
    counts = starts.group_by(weekday=_.at.day_of_week.index(), hour=_.at.hour()).agg(orders=_.count()).to_pandas()
    table = counts.pivot(index="weekday", columns="hour", values="orders").reindex(range(7)).fillna(0)
    return (table / table.to_numpy().sum()).set_axis(list(WEEKDAYS))


def totals(orders: Table) -> dict[str, float]:
    """Numbers of the whole log: `customers`, `orders`, `revenue` (currency)."""
    found = orders.agg(customers=_.customer_id.nunique(), orders=_.order_id.nunique(), revenue=_.amount.sum())
    return {name: float(value) for name, value in found.to_pandas().iloc[0].items()}


def returned(judged: Table) -> float:
    """What the cancelled lines of known customers are worth, currency, as a positive number."""
    cancelled = judged.filter(judged.reason == "cancellation")
    return abs(float(cancelled.amount.sum().execute() or 0))


def pareto(orders: Table) -> pd.DataFrame:
    """Share of revenue of the best share of customers, at `POINTS` places from 0 to 1: `customers`, `revenue`."""
    spend = orders.group_by("customer_id").agg(spend=_.amount.sum())
    best = ibis.window(order_by=[ibis.desc("spend"), "customer_id"])
    ranked = spend.mutate(place=ibis.row_number().over(best) + 1)
    ranked = ranked.mutate(sofar=ranked.spend.cumsum(order_by="place"))
    many, money = (float(value) for value in spend.agg(n=_.count(), m=_.spend.sum()).to_pandas().iloc[0])
    places = sorted({int(np.ceil(share * many)) for share in np.linspace(0, 1, POINTS + 1)[1:]} | {int(many)})
    curve = ranked.filter(ranked.place.isin(places)).order_by("place").to_pandas()
    shares = np.linspace(0, 1, POINTS + 1)
    revenue = np.interp(shares, [0, *(curve.place / many)], [0, *(curve.sofar / money)])
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
    about = values.agg(median=_.value.median(), mean=_.value.mean(), low=_.value.min(), high=_.value.max())
    told = {name: float(value) for name, value in about.to_pandas().iloc[0].items()}
    reach = 1.0 if told["high"] > told["low"] else 1.5  # one value alone still gets bars of a width
    edges = np.geomspace(told["low"] / reach, told["high"] * reach * (1 + 1e-9), BINS + 1)
    step = np.log(edges[-1] / edges[0]) or 1.0
    place = ((_.value / float(edges[0])).ln() / step * BINS).floor().cast("int64").clip(0, BINS - 1)
    counts = values.group_by(bin=place).agg(orders=_.count()).to_pandas().set_index("bin").orders
    counts = counts.reindex(range(BINS), fill_value=0)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "orders": counts.to_numpy()}), told


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
    """Customers and spend by each value of each attribute with few values: who buys.

    Returns
    -------
    DataFrame
        `attribute`, `value`, `customers` (number), `share` (of customers), `spend` (mean a customer, currency); country
        and attributes of more than `MOST_VALUES` values are left out.
    """
    spend = orders.group_by("customer_id").agg(spend=_.amount.sum())
    rows = []
    names = [name for name in customers.columns if name not in ("customer_id", "country")]
    for name in (name for name in names if customers[name].nunique() <= MOST_VALUES):
        joined = spend.join(ibis.memtable(_as_text(customers, name)), "customer_id")
        table = joined.group_by(value=joined[name]).agg(customers=_.count(), spend=_.spend.mean()).order_by("value")
        rows.append(table.to_pandas().assign(attribute=name, share=lambda t: t.customers / t.customers.sum()))
    found = pd.concat(rows) if rows else pd.DataFrame(columns=["attribute", "value", "customers", "share", "spend"])
    return found[["attribute", "value", "customers", "share", "spend"]].reset_index(drop=True)


def widest(who: pd.DataFrame) -> str:
    """The attribute between whose values mean spend differs most, in words; rare ones count only where all others are.

    Parameters
    ----------
    who : DataFrame
        What `by_attribute` returned.
    """
    for rows in (who[who["share"] >= COMMON], who):
        spend = rows.groupby("attribute").spend.agg(["min", "max", "size"]).query("size > 1")
        if len(spend):
            name = (spend["max"] / spend["min"]).idxmax()
            own = rows[rows.attribute == name]
            most, least = own.loc[own.spend.idxmax()], own.loc[own.spend.idxmin()]
            name = name.replace("_", " ")
            return (
                f"A customer of {name} {most['value']} spends {most.spend / least.spend:.1f} times what one of {name} "
                f"{least['value']} does"
            )
    return "No attribute has two values to compare"


def _as_text(customers: pd.DataFrame, name: str) -> pd.DataFrame:
    values = customers[name].astype("str").where(customers[name].notna(), "unknown")
    return pd.DataFrame({"customer_id": customers.customer_id, name: values})


def cohorts(orders: Table) -> tuple[pd.DataFrame, pd.Series]:
    """Retention: share of the customers who first bought in a quarter that bought again so many quarters later.

    Returns
    -------
    DataFrame
        Index: quarter of the first order; columns: quarters since then, from 1; missing where the quarter is not over.
    Series
        How many customers first bought in each quarter.
    """
    bought = orders.select("customer_id", at=_.ordered_at.year() * 4 + _.ordered_at.quarter() - 1).distinct()
    first = bought.group_by("customer_id").agg(cohort=_["at"].min())
    joined = bought.join(first, "customer_id")
    counts = joined.group_by("cohort", later=joined["at"] - joined.cohort).agg(customers=_.count()).to_pandas()
    last = int((counts.cohort + counts.later).max())
    table = counts.pivot(index="cohort", columns="later", values="customers").sort_index()
    table = table.reindex(columns=range(int(counts.later.max()) + 1))
    known = np.array([[cohort + later <= last for later in table.columns] for cohort in table.index])
    shares = table.div(table[0], axis="index").where(table.notna(), 0.0).where(known)
    quarters = [pd.Period(year=int(cohort) // 4, quarter=int(cohort) % 4 + 1, freq="Q") for cohort in table.index]
    index = pd.PeriodIndex(quarters, name="cohort")
    return shares.drop(columns=0).set_axis(index), table[0].set_axis(index)


def visits(orders: Table) -> tuple[pd.DataFrame, dict[str, float]]:
    """How often customers come and how long they stay away.

    Returns
    -------
    DataFrame
        `days` (1, 2, 3, 4, "5 or more" distinct days with an order) and `share` of customers.
    dict
        `repeat_rate` (share of customers with more than one day of orders), `gap_median`, `gap_late` (days between one
        day of orders and the next: half and 90% of gaps are no longer; missing where nobody came back).
    """
    days = orders.select("customer_id", day=_.ordered_at.date()).distinct()
    often = days.group_by("customer_id").agg(days=_.count())
    counts = often.group_by(days=ibis.least(_.days, 5)).agg(customers=_.count()).to_pandas().set_index("days").customers
    share = counts.reindex(range(1, 6), fill_value=0) / counts.sum()
    before = days.mutate(before=_.day.lag().over(group_by="customer_id", order_by="day")).filter(_.before.notnull())
    gaps = before.mutate(gap=_.day.delta(_.before, unit="day"))
    found = gaps.agg(gap_median=_.gap.quantile(0.5), gap_late=_.gap.quantile(0.9)).to_pandas().iloc[0]
    names = ["1", "2", "3", "4", "5 or more"]
    return (
        pd.DataFrame({"days": names, "share": share.to_numpy()}),
        {"repeat_rate": float(1 - share[1])} | {name: float(value) for name, value in found.items()},
    )


def extremes(orders: Table, factor: float, absent: tuple[str, ...] = ()) -> pd.DataFrame:
    """Lines beyond the IQR limits, a row a column: with and without them.

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

    What the log has no columns for, and what is the same for all customers, is left out.
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
    gone = {name for name, column in {"units": "quantity", "products": "product_id"}.items() if column in absent}
    names = [
        name for name in ("orders", "spend", "units", "products", "order_value", "days_silent") if name not in gone
    ]
    ranks = described.select(**{name: _mean_rank(described, name) for name in names}).cache()
    pairs = {f"{a} {b}": ranks[a].corr(ranks[b], how="pop") for a in names for b in names if a < b}
    found = ranks.agg(**pairs).to_pandas().iloc[0].astype("float64") if pairs else {}
    table = pd.DataFrame(np.eye(len(names)), names, names)
    for pair, value in found.items():
        a, b = pair.split()
        table.loc[a, b] = table.loc[b, a] = value
    same = [name for name in names if table.loc[name].drop(name).isna().all()]
    return table.drop(index=same, columns=same)


def _mean_rank(table: Table, name: str) -> ibis.Value:
    """Ranks in which equal values share the mean of theirs."""
    equal = ibis.window(group_by=name)
    return ibis.rank().over(order_by=name) + (table.count().over(equal) - 1) / 2
