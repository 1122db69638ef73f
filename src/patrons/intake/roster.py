"""The customers of an order log, and what is known of them apart from their orders."""

import io
from pathlib import Path

import ibis
import pandas as pd
from ibis import Table

from patrons.errors import SourceError
from patrons.intake import reading
from patrons.intake.identities import AS_INTEGER, EMAIL


class RosterError(SourceError):
    """A file of customer attributes that does not match the log."""


def customer_table(orders: Table, attributes: Path | None = None) -> pd.DataFrame:
    """One row per customer: the country of the first order, joined to a file of attributes where there is one.

    The first order, because what a later one says was not known on earlier days.

    Parameters
    ----------
    orders : Table
        Clean lines.
    attributes : Path, optional
        Any file that `reading` opens, with a column `customer_id`; its own `country`, if any, replaces the log's.

    Returns
    -------
    DataFrame
        Customers who ordered, sorted by `customer_id`; attributes of a customer who is not in the file are missing.
    """
    country = orders.country.argmin(ibis.struct({"at": orders.ordered_at, "line": orders.line}))
    customers = orders.group_by("customer_id").agg(country=country).order_by("customer_id").to_pandas()
    if attributes is None:
        return customers
    table = read_attributes(attributes)
    if not table.customer_id.isin(customers.customer_id).any():
        raise RosterError(
            f"No customer of the log is in {attributes.name}: the log has customers such as "
            f"{', '.join(customers.customer_id[:3])}, the file {', '.join(table.customer_id[:3])}. "
            "Write the ids alike in both."
        )
    own = customers.drop(columns="country") if "country" in table else customers
    return own.merge(table, on="customer_id", how="left")


def read_attributes(path: Path) -> pd.DataFrame:
    """A file of attributes, with `customer_id` as text and truth values as yes and no; rows without id are left out."""
    source = reading.open_checked(path)
    if len(source.malformed):
        lines = ", ".join(map(str, source.malformed.line[:3]))
        raise RosterError(f"{path.name} has lines of another width, such as line {lines}. Fix or remove them.")
    table = source.table.to_pandas()
    if not path.name.endswith(".parquet"):  # as text: numbers and truth values become such
        text = io.StringIO(table.to_csv(index=False))
        typed = pd.read_csv(text, dtype={"customer_id": str})
        table = typed.assign(customer_id=table.customer_id) if "customer_id" in table else typed  # "NA" is an id
    if "customer_id" not in table:
        raise RosterError(f"{path.name} has no column customer_id, only {', '.join(table.columns)}.")
    table = table[table.customer_id.notna()].assign(customer_id=_identifiers)
    repeated = table.customer_id[table.customer_id.duplicated()].unique()
    if len(repeated):
        raise RosterError(f"{path.name} has more than one row for customers such as {', '.join(repeated[:3])}.")
    truths = [name for name in map(str, table) if _all_truths(table[name].dropna())]
    return table.assign(**{name: table[name].map({True: "yes", False: "no"}) for name in truths})


def _all_truths(values: pd.Series) -> bool:
    return len(values) > 0 and all(isinstance(value, bool) for value in values)


def _identifiers(table: pd.DataFrame) -> pd.Series:
    """Identifiers as the log has them: what a spreadsheet turned into 17850.0 is 17850, e-mails are in lower case."""
    ids = table.customer_id.astype(str).str.strip().str.replace(*AS_INTEGER, regex=True)
    return ids.mask(ids.str.fullmatch(EMAIL), ids.str.lower())
