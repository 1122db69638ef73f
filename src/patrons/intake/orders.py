"""Each line of an order log is kept or set aside with its reason, and what is kept must meet a contract.

The clean table has the columns of `patrons.intake.order_log`; quantity, price and amount are above 0.
"""

from collections.abc import Sequence

import ibis
import pandas as pd
import pandera.ibis as pa
from ibis import Table
from ibis.expr.types import BooleanValue, StringValue

from patrons.engine import spread
from patrons.errors import OrdersError

CANCELLATION = "cancellation"  # the reason of lines that count as returns
COPY = "exact duplicate"
MALFORMED = "another number of cells than the first line"
STRAY = 0.005  # share of the lines, at each end, whose dates may lie anywhere

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


def without_time(orders: Table) -> bool:
    """Whether every order is dated at midnight: the log has days, but no time of day."""
    return not orders.filter(orders.ordered_at != orders.ordered_at.truncate("D")).limit(1).count().execute()


def judge(lines: Table, cancellation_prefix: str, non_products: Sequence[str], duplicates: str) -> Table:
    """Add `reason`: why a line is set aside, missing where it is kept. The first reason that fits counts.

    Parameters
    ----------
    lines : Table
        The lines of what `order_log.read_log` returns.
    cancellation_prefix : str
        How the order number of a cancellation starts; empty where the log marks none: then what is paid back (negative
        lines) are the returns.
    non_products : sequence of str
        Regular expressions that a whole product code is matched against: postage, fees, tests.
    duplicates : {"quarantine", "keep"}
        What happens to the second and later of exactly equal lines, cancellations too.

    Notes
    -----
    Lines are counted by day at once, the rest is computed when asked for: ``.cache()`` what is used more than once.
    """
    reasons: list[tuple[BooleanValue, str | StringValue]] = [
        (lines.malformed, MALFORMED),
        (lines.ordered_at.isnull(), "date missing or unreadable"),
        (stray(lines), "date far from all others"),
        (
            lines.quantity.isnull() | lines.unit_price.isnull() | ~_finite(lines.amount),
            "quantity or price missing or unreadable",
        ),
        (lines.order_id.isnull() | lines.product_id.isnull(), "no order or product"),
        (lines.customer_id.isnull(), "no customer"),
    ]
    if "ruled" in lines.columns:
        reasons.insert(1, (lines.ruled.notnull(), lines.ruled))
    returned = lines.order_id.startswith(cancellation_prefix) if cancellation_prefix else lines.amount < 0
    copies = (lines["copy"] > 0) & (duplicates == "quarantine")
    reasons += [(returned & copies, COPY), (returned, CANCELLATION)]  # a copy would take back another order
    reasons += [
        (lines.quantity <= 0, "quantity not positive"),
        ((lines.unit_price <= 0) | (lines.amount <= 0), "price not positive"),
    ]
    if non_products:
        reasons.append((codes(lines.product_id, non_products), "non-product code"))
    reasons.append((copies, COPY))
    judged = lines.mutate(reason=ibis.cases(*reasons, else_=ibis.null("string")))
    return judged.drop("ruled") if "ruled" in lines.columns else judged


def codes(products: StringValue, patterns: Sequence[str]) -> BooleanValue:
    """Whether a whole product code is matched by one of some regular expressions."""
    return products.re_search("^(?:" + "|".join(patterns) + ")$") if patterns else ibis.literal(False)


def stray(lines: Table) -> BooleanValue:
    """Whether a line is dated so far from all others that the date must be a typo, such as 1900 or 2099.

    That is farther from the days between which 99% of the lines lie than those days span, and a year more.
    """
    days = lines.group_by(day=lines.ordered_at.date()).agg(lines=ibis._.count()).order_by("day").to_pandas().dropna()
    if days.empty:
        return ibis.literal(False)
    up_to = days.lines.cumsum() / days.lines.sum()
    first, last = (pd.Timestamp(days.day[up_to >= share].iloc[0]) for share in (STRAY, 1 - STRAY))
    reach = last - first + pd.Timedelta(days=365)
    return ~lines.ordered_at.between(first - reach, last + reach)


def _finite(number: ibis.Value) -> BooleanValue:
    return number.notnull() & ~number.isnan() & ~number.isinf()


def kept(judged: Table) -> Table:
    """The clean lines, held to the contract and sorted by customer and time."""
    clean = judged.filter(judged.reason.isnull()).drop("reason", "copy", "malformed")
    if clean.count().execute() == 0:
        raise OrdersError(f"No line of the log can be kept. Why:\n{row_loss(judged).to_string(index=False)}")
    return _contract(clean).validate(clean).order_by("customer_id", "ordered_at", "line")


def _contract(clean: Table) -> pa.DataFrameSchema:
    """The contract, with moments as the table's engine calls them: to Spark all are of microseconds."""
    own = {"ordered_at": pa.Column(clean.schema()["ordered_at"])} if spread(clean) else {}
    return pa.DataFrameSchema({**CONTRACT.columns, **own})


def quarantined(judged: Table) -> Table:
    """The lines set aside, each with its reason; cancellations stay usable from here."""
    return judged.filter(judged.reason.notnull()).drop("copy", "malformed").order_by("line")


def reasons(judged: Table) -> pd.Series:
    """How many lines are set aside, by reason, the most frequent first."""
    counts = judged.filter(judged.reason.notnull()).group_by("reason").agg(lines=ibis._.count())
    return counts.order_by(ibis.desc("lines"), "reason").to_pandas().set_index("reason").lines


def row_loss(judged: Table) -> pd.DataFrame:
    """`loss_table` of the lines of a log; that the sums are right is checked."""
    counts = judged.agg(read=judged.count(), kept=judged.reason.isnull().sum()).to_pandas().iloc[0]
    table = loss_table(reasons(judged), int(counts.kept))
    if table["count"].iloc[0] != counts.read:
        raise OrdersError(
            f"{counts.read:,} lines were read, but kept and set aside lines do not add up to that. Report this."
        )
    return table


def loss_table(aside: pd.Series, kept: int) -> pd.DataFrame:
    """How many rows of a source were read, set aside for which reason, and kept.

    Parameters
    ----------
    aside : Series
        Rows set aside, by reason.
    kept : int

    Returns
    -------
    DataFrame
        Columns `lines`: str, `count`, `share` of the rows read.
    """
    names = ["read", *(f"set aside: {reason}" for reason in aside.index), "kept"]
    table = pd.DataFrame({"lines": names, "count": [int(aside.sum()) + kept, *aside, kept]})
    return table.assign(share=table["count"] / table["count"].iloc[0])
