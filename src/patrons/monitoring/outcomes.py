"""What became of the customers that were scored: a log says it by itself, of a table it is given.

A day has matured when its horizon has passed by the end of the log; of a table, when an outcome of it was given.
Silence is an outcome: who was scored and orders nothing within the horizon has churned. Who is not in the log at all
any more, as after it was cut or ids were renamed, has no outcome, unless it was received before; they are counted.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import ibis
import pandas as pd
from ibis import Table

from patrons.engine import as_table, connect, literal
from patrons.features.outcomes import outcomes as ordered_within
from patrons.files import result_file
from patrons.monitoring.columns import KEYS
from patrons.monitoring.ledger import Ledger, Received

AT_ONCE = 1_000_000  # scores whose outcomes are in memory at a time
KEPT = "kept"  # the origin of a score that stands in the ledger
LOG = "log"  # the source of outcomes that orders tell
HORIZONS = ["horizon_days", "value_horizon_days"]
SAID = ["probability", "flagged", "active", "release", "expected_spend", "segment", "arm", *HORIZONS, "source"]


class Log(NamedTuple):
    """The orders of a series.

    Attributes
    ----------
    lines : Table
        `orders.parquet` of 01: clean lines, gross.
    cancelled : Table or None
        `cancelled.parquet` of 01.
    today : Timestamp
        The day after the last order: `as_of` of `features.parquet`.
    """

    lines: Table
    cancelled: Table | None
    today: pd.Timestamp


def log_of(processed: Path) -> Log | None:
    """The orders that a series has read; None of a customer table, or where 01 and 02 have not finished."""
    orders, features = (result_file(processed, name) for name in ("orders.parquet", "features.parquet"))
    if orders is None or features is None:
        return None
    today = pd.read_parquet(features, columns=["as_of"]).as_of.iloc[0]
    return log_at(today, orders, result_file(processed, "cancelled.parquet"))


def log_at(today: pd.Timestamp, orders: Path, cancelled: Path | None) -> Log:
    """The orders in two files of 01."""
    database = connect()
    lines = database.read_parquet(literal(orders), hive_partitioning=False)
    return Log(lines, cancelled and database.read_parquet(literal(cancelled), hive_partitioning=False), today)


def join(scores: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Scores with `churned` (1.0, 0.0, or missing) and `spend` of the same customer and day; no score is lost."""
    known = outcomes[[*KEYS, "churned", "spend"]]
    joined = scores.drop(columns=["churned", "spend"], errors="ignore").merge(known, on=KEYS, how="left")
    return joined.assign(churned=joined.churned.astype("float64"), spend=joined.spend.astype("float64"))


def scored(ledger: Ledger, log: Log | None = None, releases: Collection[str] = (), share: float = 1.0) -> pd.DataFrame:
    """What was said of customers and what became of them, a row a customer and day: what was said last.

    Parameters
    ----------
    ledger : Ledger
    log : Log, optional
        Of a series that has one. What it tells goes before what was received earlier, which counts where it is silent
        of a customer.
    releases : collection of str
        Ids of releases or of runs whose scores count, under whatever name these were kept; all unless given.
    share : float
        Share of the customers, always the same ones, where all are too many.

    Returns
    -------
    DataFrame
        `customer_id`, `day`, `probability`, `flagged`, `active`, `churned` and `spend` (missing where there is no
        outcome yet, or none at all), `origin` ("kept"), `release`, `due` (whether the day has matured), and
        `expected_spend`, `segment`, `arm`, `horizon_days`, `value_horizon_days`, `source`, as in the ledger.
    """
    said = latest(ledger, releases=releases, share=share)
    joined = join(said, ledger.outcomes(share=share))
    if log is None:
        given = joined.groupby("day").churned.transform("count") > 0
        return _shaped(joined.assign(due=given, active=joined.active.fillna(True)))
    told = of_log(said, log)
    return _shaped(
        joined.assign(
            due=told.due,
            churned=told.churned.fillna(joined.churned),
            spend=told.spend.fillna(joined.spend),
            active=joined.active.fillna(told.active),
        )
    )


def _shaped(rows: pd.DataFrame) -> pd.DataFrame:
    columns = [*KEYS, "probability", "flagged", "active", "churned", "origin", "release", "expected_spend", "spend"]
    others = ["due", "segment", "arm", *HORIZONS, "source"]
    kinds = {"flagged": bool, "active": bool, "due": bool}
    return rows.assign(origin=KEPT)[[*columns, *others]].astype(kinds).sort_values(KEYS, ignore_index=True)


def latest(
    ledger: Ledger, days: Collection[date] | None = None, releases: Collection[str] = (), share: float = 1.0
) -> pd.DataFrame:
    """What was said last of each customer on each day: the keys and `SAID`."""
    rows = ledger.scores([*KEYS, *SAID, "kept_at"], days, share)
    rows = rows[rows.release.isin(ledger.names(releases))] if releases else rows
    last = rows.sort_values("kept_at", kind="stable").drop_duplicates(KEYS, keep="last")
    return last.drop(columns="kept_at").reset_index(drop=True)


def of_log(asked: pd.DataFrame, log: Log) -> pd.DataFrame:
    """What a log says of customers that were scored on some days, by the project's own definition of an outcome.

    Parameters
    ----------
    asked : DataFrame
        `customer_id`, `day`, `horizon_days`, `value_horizon_days`.
    log : Log

    Returns
    -------
    DataFrame
        For each row, in its order: `due`, `churned` (missing before the horizon has passed, of customers who are not in
        the log, and of days before it begins), `spend` (currency, likewise within the value horizon), `active` (whether
        they ordered within one horizon before the day).
    """
    first = pd.Timestamp(log.lines.ordered_at.min().execute()).normalize()
    log = _of(log, asked.customer_id)
    there = asked.customer_id.isin(set(log.lines.customer_id.as_table().distinct().to_pandas().customer_id))
    covered = there & (asked.day >= first)
    ends = {name: asked.day + pd.to_timedelta(asked[name].astype("float64"), unit="D") for name in HORIZONS}
    due, worth = ends["horizon_days"] <= log.today, ends["value_horizon_days"] <= log.today
    spent = _within(asked[due], asked.day, "horizon_days", log).reindex(asked.index)
    spend = _within(asked[worth], asked.day, "value_horizon_days", log).reindex(asked.index)
    before = _within(asked, asked.day - (ends["horizon_days"] - asked.day), "horizon_days", log)
    return pd.DataFrame(
        {
            "due": due,
            "churned": spent.isna().astype("float64").where(due & covered),
            "spend": spend.fillna(0.0).where(worth & covered),
            "active": before.notna(),
        }
    )


def _of(log: Log, customers: pd.Series) -> Log:
    """The log of some customers: those that were scored may be few."""
    ids = ibis.memtable(pd.DataFrame({"customer_id": customers.unique()}))
    taken = as_table(log.cancelled)
    cancelled = None if taken is None else taken.semi_join(ids, "customer_id")
    return Log(log.lines.semi_join(ids, "customer_id"), cancelled, log.today)


def _within(asked: pd.DataFrame, start: pd.Series, horizon: str, log: Log) -> pd.Series:
    """What each customer spent within a horizon from a day on, missing where they ordered nothing."""
    wanted = asked.assign(as_of=start)[["customer_id", "as_of", horizon]].dropna()
    parts = [pd.Series(dtype="float64")]
    for days, rows in wanted.groupby(horizon):
        as_of = ibis.memtable(pd.DataFrame({"as_of": rows.as_of.unique()}))
        came = ordered_within(log.lines, as_of, int(float(str(days))), log.cancelled).to_pandas()
        came = came.assign(as_of=came.as_of.astype("datetime64[us]"))
        spent = rows.merge(came, on=["customer_id", "as_of"], how="left").spent
        parts.append(spent.set_axis(rows.index).astype("float64"))
    return pd.concat(parts[1:]) if parts[1:] else parts[0]


def record(ledger: Ledger, log: Log) -> Received:
    """Add what a log tells of days that have matured, some days at a time; later changes of the log leave a trace."""
    done = Received(0, 0, 0, 0)
    for days in _some_at_a_time(ledger.days()):
        said = latest(ledger, days)
        told = said[KEYS].join(of_log(said, log)[["churned", "spend"]])
        known = told[told.churned.notna()].assign(source=LOG)
        if len(known):
            done = Received(*(sum(pair) for pair in zip(done, ledger.receive(known), strict=True)))
    return done


def _some_at_a_time(days: pd.Series) -> Iterator[list[date]]:
    """Days in groups of at most `AT_ONCE` scores, or a day alone."""
    groups = (days.cumsum() - 1) // AT_ONCE
    return (list(some.index) for _, some in days.groupby(groups))


def overview(ledger: Ledger, log: Log | None) -> pd.DataFrame:
    """What a ledger holds: a row a day with `customers`, `matured`, `with_outcome`, `without_outcome`, `releases`."""
    rows = [_counted(scored_on, day) for day, scored_on in _by_day(ledger, log)]
    return pd.DataFrame(rows, columns=["day", "customers", "matured", "with_outcome", "without_outcome", "releases"])


def _by_day(ledger: Ledger, log: Log | None) -> Iterable[tuple[object, pd.DataFrame]]:
    return scored(ledger, log).groupby("day")


def _counted(rows: pd.DataFrame, day: object) -> dict[str, object]:
    due, known = bool(rows.due.all()), int(rows.churned.notna().sum())
    return {
        "day": pd.Timestamp(str(day)).date(),
        "customers": len(rows),
        "matured": due,
        "with_outcome": known,
        "without_outcome": len(rows) - known if due else 0,
        "releases": rows.release.nunique(),
    }
