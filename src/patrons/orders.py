"""Intake of an order log: read it, judge each line, keep or quarantine it, and hold what is kept to a contract.

The clean table has one row an order line:

============  =========  =====================================================
customer_id   string     who bought
order_id      string     the invoice
product_id    string     what was bought
ordered_at    timestamp  when, in the shop's own time
quantity      float64    units, above 0
unit_price    float64    price of one unit, above 0, in the log's currency
amount        float64    quantity x unit_price, in the log's currency
country       string     where the customer is, as the log says
line          int64      row number in the source, from 0
============  =========  =====================================================
"""

from collections.abc import Sequence
from pathlib import Path

import ibis
import pandas as pd
import pandera.ibis as pa
from ibis import Table
from ibis.expr.types import BooleanValue, StringValue

from patrons.sources import OPTIONAL, REQUIRED

CONTRACT = pa.DataFrameSchema(
    {
        "customer_id": pa.Column(str),
        "order_id": pa.Column(str),
        "product_id": pa.Column(str),
        "ordered_at": pa.Column(ibis.dtype("timestamp(6)")),
        "quantity": pa.Column(float, pa.Check.gt(0)),
        "unit_price": pa.Column(float, pa.Check.gt(0)),
        "amount": pa.Column(float, pa.Check.gt(0)),
        "line": pa.Column(int, unique=True),
    }
)


class OrdersError(ValueError):
    """An order log that cannot be used."""


def read_lines(path: Path, columns: dict[str, str]) -> Table:
    """Every line of a log (Parquet, CSV, gzipped CSV or XLSX) under our column names.

    Nothing is dropped: a date or number that cannot be read becomes missing, and `judge` says so.

    Parameters
    ----------
    path : Path
    columns : dict
        Our names to the source's where they differ, such as ``{"order_id": "InvoiceNo"}``.

    Returns
    -------
    Table
        Columns of the clean table, plus `copy`: 0 for the first of exactly equal source lines, then 1, 2...
    """
    source = _open(path).mutate(line=ibis.row_number())
    columns = {ours: columns.get(ours, ours) for ours in (*REQUIRED, *OPTIONAL)}
    original = [name for name in source.columns if name != "line"]
    source = source.mutate(copy=ibis.row_number().over(group_by=original, order_by="line"))
    lines = source.select(
        **{
            ours: _text(source[theirs])
            for ours, theirs in columns.items()
            if ours in REQUIRED or theirs in source.columns
        },
        line=source.line,
        copy=source["copy"],
    )
    absent = {name: ibis.null("string") for name in OPTIONAL if name not in lines.columns}
    lines = lines.mutate(**absent) if absent else lines
    return lines.mutate(
        customer_id=_identifier(lines.customer_id),
        order_id=_identifier(lines.order_id),
        ordered_at=lines.ordered_at.try_cast("timestamp(6)"),
        quantity=lines.quantity.try_cast("float64"),
        unit_price=lines.unit_price.try_cast("float64"),
    ).mutate(amount=lambda t: t.quantity * t.unit_price)


def _open(path: Path) -> Table:
    """A file as an Ibis table; CSV and XLSX as text, so that no type is guessed from the first rows."""
    name = path.name.lower()
    con = ibis.duckdb.connect()
    if name.endswith(".parquet"):
        return con.read_parquet(path)
    if name.endswith((".csv", ".csv.gz")):
        return con.read_csv(path, all_varchar=True)
    if name.endswith(".xlsx"):
        return con.create_table("source", pd.read_excel(path, dtype=str), temp=True)
    raise OrdersError(f"{path.name} is no Parquet, CSV (gzip too) or XLSX file. Save it as one of these.")


def _text(column: ibis.Value) -> StringValue:
    return column.cast("string").strip().nullif("")


def _identifier(column: StringValue) -> StringValue:
    """An identifier that a spreadsheet turned into a number (17850.0) is the integer that it was."""
    return column.re_replace(r"^(\d+)\.0$", r"\1")


def judge(lines: Table, cancellation_prefix: str, non_products: Sequence[str], duplicates: str) -> Table:
    """Add `reason`: why a line is set aside, missing where it is kept. The first reason that fits counts.

    Parameters
    ----------
    lines : Table
        What `read_lines` returns.
    cancellation_prefix : str
        How the order number of a cancellation starts; empty where the log marks none.
    non_products : sequence of str
        Regular expressions that a whole product code is matched against: postage, fees, tests.
    duplicates : {"quarantine", "keep"}
        What happens to the second and later of exactly equal lines.
    """
    reasons: list[tuple[BooleanValue, str]] = [
        (lines.ordered_at.isnull(), "date missing or unreadable"),
        (lines.quantity.isnull() | lines.unit_price.isnull(), "quantity or price missing or unreadable"),
        (lines.order_id.isnull() | lines.product_id.isnull(), "no order or product"),
        (lines.customer_id.isnull(), "no customer"),
    ]
    if cancellation_prefix:
        reasons.append((lines.order_id.startswith(cancellation_prefix), "cancellation"))
    reasons += [
        (lines.quantity <= 0, "quantity not positive"),
        (lines.unit_price <= 0, "price not positive"),
    ]
    if non_products:
        pattern = "^(?:" + "|".join(non_products) + ")$"
        reasons.append((lines.product_id.re_search(pattern), "non-product code"))
    if duplicates == "quarantine":
        reasons.append((lines["copy"] > 0, "exact duplicate"))
    return lines.mutate(reason=ibis.cases(*reasons, else_=ibis.null("string"))).cache()


def kept(judged: Table) -> Table:
    """The clean lines, held to the contract and sorted by customer and time."""
    clean = judged.filter(judged.reason.isnull()).drop("reason", "copy")
    if clean.count().execute() == 0:
        raise OrdersError(f"No line of the log can be kept. Why:\n{row_loss(judged).to_string(index=False)}")
    return CONTRACT.validate(clean).order_by("customer_id", "ordered_at", "line")


def quarantined(judged: Table) -> Table:
    """The lines set aside, each with its reason; cancellations stay usable from here."""
    return judged.filter(judged.reason.notnull()).drop("copy").order_by("line")


def row_loss(judged: Table) -> pd.DataFrame:
    """How many lines were read, set aside for which reason, and kept; the sums are checked.

    Returns
    -------
    DataFrame
        Columns `lines`: str, `count`: lines, `share`: of the lines read.
    """
    counts = judged.group_by("reason").agg(count=judged.count()).order_by(ibis.desc("count"), "reason").to_pandas()
    kept_lines = int(counts.loc[counts.reason.isna(), "count"].sum())
    aside = counts.dropna(subset="reason")
    read = int(judged.count().execute())
    if kept_lines + int(aside["count"].sum()) != read:
        raise OrdersError(f"{read:,} lines were read, but kept and set aside lines do not add up to that. Report this.")
    table = pd.DataFrame(
        {
            "lines": ["read", *("set aside: " + aside.reason), "kept"],
            "count": [read, *aside["count"], kept_lines],
        }
    )
    return table.assign(share=table["count"] / read)


def customer_table(orders: Table, attributes: Path | None = None) -> pd.DataFrame:
    """One row a customer: the country of the last order, joined to a file of attributes where there is one.

    Parameters
    ----------
    orders : Table
        Clean lines.
    attributes : Path, optional
        CSV or Parquet with a `customer_id` column; its own `country`, if any, wins over the log's.

    Returns
    -------
    DataFrame
        Customers who ordered, sorted by `customer_id`; attributes of a customer who is not in the file are missing.
    """
    last = orders.group_by("customer_id").agg(country=orders.country.argmax(orders.ordered_at))
    customers = last.order_by("customer_id").to_pandas()
    if attributes is None:
        return customers
    table = pd.read_parquet(attributes) if attributes.suffix == ".parquet" else pd.read_csv(attributes)
    if "customer_id" not in table:
        raise OrdersError(f"{attributes.name} has no column customer_id, only {', '.join(table.columns)}.")
    table["customer_id"] = table["customer_id"].astype(str)
    repeated = table.customer_id[table.customer_id.duplicated()].unique()
    if len(repeated):
        raise OrdersError(f"{attributes.name} has more than one row for customers such as {', '.join(repeated[:3])}.")
    own = customers.drop(columns="country") if "country" in table else customers
    return own.merge(table, on="customer_id", how="left")
