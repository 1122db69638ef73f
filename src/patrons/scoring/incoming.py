"""Raw order lines that come to be scored, described as the notebooks describe customers, by a release's parameters."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ibis
import pandas as pd
from ibis import Table

from patrons.btyd import mbgnbd
from patrons.features import Recipe, season
from patrons.features.panel import day_after
from patrons.intake import cancellations, orders, roster
from patrons.intake.order_log import read_log
from patrons.intake.reading import Format
from patrons.intake.rules import Rules

CANCELLED = "cancellation"  # the reason of lines that are set aside as returns


def described(
    lines: pd.DataFrame | str | Path,
    parameters: Mapping[str, Mapping[str, Any]],
    groups: set[str],
    fitted: mbgnbd.Fitted | None,
    as_of: date | None = None,
    customers: str | Path | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features of every customer of a log, and the customers who have none.

    Parameters
    ----------
    lines : DataFrame or path
        Raw order lines in the source's own columns.
    parameters : dict
        The parameters that the models were trained with, by notebook.
    groups : set of str
        Groups of features that the models know; the others are not computed.
    fitted : mbgnbd.Fitted, optional
        Parameters of MBG/NBD as they were fitted when the models were trained.
    as_of : date, optional
        The day to describe customers on; the day after the last order unless given.
    customers : path, optional
        A table of customer attributes.

    Returns
    -------
    DataFrame
        `customer_id`, `as_of` and the features, sorted by customer.
    DataFrame
        `customer_id` (missing for lines without a customer) and `error`.
    """
    with TemporaryDirectory() as folder:
        intake = parameters["01_eda"]
        judged, absent = _judged(_as_file(lines, Path(folder)), intake)
        clean = judged.filter(judged.reason.isnull()).drop("reason", "copy")
        if not clean.count().execute():
            return pd.DataFrame({"customer_id": pd.Series(dtype="str")}), _left_over(judged, set())
        day = as_of or day_after(clean)
        attributes = roster.customer_table(clean, Path(customers) if customers else None)
        returns = judged.filter(judged.reason == CANCELLED).to_pandas()
        how = intake.get("cancellations", cancellations.ASIDE)  # releases of before know no other
        off = cancellations.matched(judged, how, absent).to_pandas()
        table = on_days(clean, returns, off, [day], parameters["02_transformation"], groups, fitted)
        table = table.merge(attributes, on="customer_id", how="left", validate="one_to_one")
        return table, _left_over(judged, set(table.customer_id), day)


def _as_file(lines: pd.DataFrame | str | Path, folder: Path) -> Path:
    """The path of the lines; a table in memory is written to a file first."""
    if not isinstance(lines, pd.DataFrame):
        return Path(lines)
    lines.to_parquet(folder / "lines.parquet", index=False)
    return folder / "lines.parquet"


def _judged(path: Path, intake: Mapping[str, Any]) -> tuple[Table, tuple[str, ...]]:
    """Every line with its reason, and the columns that the log does not have."""
    log = read_log(path, intake["columns"], Format.of(intake), Rules.of(intake))
    rules = (intake["cancellation_prefix"], intake["non_products"], intake["duplicates"])
    return orders.judge(log.lines, *rules).drop("description").cache(), log.absent


def on_days(
    clean: Table,
    returns: pd.DataFrame,
    cancelled: pd.DataFrame | None,
    days: Sequence[date],
    transformation: Mapping[str, Any],
    groups: set[str],
    fitted: mbgnbd.Fitted | None,
) -> pd.DataFrame:
    """Features of customers on each of some days, as the models know them, without attributes.

    Parameters
    ----------
    clean, returns : Table, DataFrame
        Clean order lines, and those of cancellations.
    cancelled : DataFrame, optional
        What these take back of which line.
    days : sequence of date
        Orders on or after such a day are ignored.
    transformation : dict
        The parameters of 02.
    groups, fitted
        See `described`.
    """
    lacking = [name for name in ("returns",) if name not in groups]
    recipe = Recipe(
        horizon_days=transformation["horizon_days"],
        windows=transformation["windows"],
        leave_out=[*transformation["leave_out"], *lacking],
        interactions=transformation["interactions"],
        peak_months=transformation.get("peak_months", ()) if season.CALENDAR in groups else (),
    )
    returned = returns if "returns" in groups and len(returns) else None
    return recipe.describe(clean, days, returned, fitted=fitted, cancelled=cancelled)


def _left_over(judged: Table, scored: set[str], day: date | None = None) -> pd.DataFrame:
    """Customers without features, each with the most frequent reason why their lines were set aside."""
    late = ibis.literal(f"no order before {day}" if day else "no order")
    kept = late if day is None else ibis.ifelse(judged.ordered_at < ibis.timestamp(str(day)), "order cancelled", late)
    reason = ibis.ifelse(judged.reason.isnull(), kept, judged.reason)
    counts = judged.mutate(reason=reason).group_by("customer_id", "reason").agg(lines=ibis._.count())
    table = counts.order_by("customer_id", ibis.desc("lines"), "reason").to_pandas()
    table = table[~table.customer_id.isin(scored)].drop_duplicates("customer_id")
    pairs = zip(table.reason, table.lines, strict=True)
    errors = [f"no order line can be used: {reason} ({lines:,} lines)" for reason, lines in pairs]
    return pd.DataFrame({"customer_id": table.customer_id.to_numpy(), "error": errors})
