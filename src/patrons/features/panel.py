"""What describes a customer on a given day: features as of a day, and the panel of earlier days.

Order lines are reduced to orders once (`patrons.features.stages`), orders to customers on every day asked for, by the
expressions of `patrons.features.catalogue`. `as_of` is exclusive: nothing at or after it is seen.
"""

import difflib
import re
from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import ibis.selectors as s
import pandas as pd
from ibis import Deferred, Table, _

from patrons.btyd import lifetime
from patrons.features import season
from patrons.features.catalogue import CUSTOMER, ORDERS, RETURNS, WINDOWS, Feature, declare
from patrons.features.stages import Keep, materialised, orders_of, returns_of

KEYS = ("customer_id", "as_of")
OUTCOME, KNOWN = "churned", "known_on"
RFM = ("recency_days", "frequency", "monetary")
LIFETIME = "lifetime"  # a group that is fitted, not expressed: see `patrons.btyd.lifetime`
TERM = re.compile(r"\s*(\w+)\s*([*/])\s*(\w+)\s*")


class FeaturesError(ValueError):
    """A log that is too short for what was asked of it, or a setting that fits no feature."""


def declared(
    windows: Sequence[int] = WINDOWS,
    leave_out: Sequence[str] = (),
    interactions: Sequence[str] = (),
    peak_months: Sequence[int] = (),
) -> list[Feature]:
    """Every feature of the table: those of `declare` without the groups left out, and the interaction terms."""
    everything = declare(windows)
    if "rfm" in leave_out:
        raise FeaturesError("The group 'rfm' cannot be left out: segments and baselines are made of it.")
    if any(days < 1 for days in windows):
        raise FeaturesError(f"A window is at least 1 day long, not {min(windows)}.")
    _refuse_unknown(leave_out, {LIFETIME, *(feature.group for feature in everything)}, "group of features")
    chosen = declare(windows, leave_out, peak_months)
    return chosen + [_interaction(term, [feature.name for feature in chosen]) for term in interactions]


def _interaction(term: str, names: Sequence[str]) -> Feature:
    parts = TERM.fullmatch(term)
    if not parts:
        raise FeaturesError(f"The interaction {term!r} is neither 'a * b' nor 'a / b' of two features.")
    left, sign, right = parts.groups()
    _refuse_unknown([left, right], names, "feature")
    if sign == "*":
        product = _[left].cast("float64") * _[right]
        return Feature(f"{left}_times_{right}", "interactions", "product", f"{left} times {right}", product, CUSTOMER)
    quotient = _[left] / _[right].nullif(0)
    meaning = f"{left} over {right}; missing where that is 0"
    return Feature(f"{left}_per_{right}", "interactions", "ratio", meaning, quotient, CUSTOMER)


def _refuse_unknown(asked: Sequence[str], known: Sequence[str] | set[str], what: str) -> None:
    for name in asked:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f" did you mean {near[0]!r}?" if near else f" there are {', '.join(sorted(known))}."
            raise FeaturesError(f"There is no {what} {name!r};{hint}")


def dictionary(
    windows: Sequence[int] = WINDOWS,
    leave_out: Sequence[str] = (),
    interactions: Sequence[str] = (),
    attributes: Sequence[str] = (),
    ahead_days: int = 0,
    peak_months: Sequence[int] = (),
    horizon_days: int = 0,
) -> pd.DataFrame:
    """The data dictionary: one row a feature, with its group, unit and meaning.

    After those of `features` come what `patrons.btyd.lifetime` expects of the days ahead, if any, how much of the
    horizon lies in the peak season, if there is one, and attributes.
    """
    chosen = declared(windows, leave_out, interactions, peak_months)
    rows = [(f.name, f.group, f.unit, f.meaning) for f in chosen]
    rows += [(name, LIFETIME, unit, meaning) for name, unit, meaning in lifetime.told(ahead_days)]
    rows += season.told(horizon_days, peak_months, season.SHARE in {f.name for f in chosen})
    rows += [(name, "attributes", "category or number", "as the customer table has it") for name in attributes]
    table = pd.DataFrame(rows, columns=["feature", "group", "unit", "meaning"])
    twice = sorted(set(table.feature[table.feature.duplicated()]))
    if twice:
        raise FeaturesError(f"{', '.join(twice)}: an attribute has the name of a feature. Rename its column.")
    return table


def features(
    lines: Table,
    as_of: Sequence[date],
    windows: Sequence[int] = WINDOWS,
    returns: Table | pd.DataFrame | None = None,
    leave_out: Sequence[str] = (),
    interactions: Sequence[str] = (),
    peak_months: Sequence[int] = (),
    keep: Keep = materialised,
) -> Table:
    """Features of every customer who ordered before each day of `as_of`.

    Parameters
    ----------
    lines : Table
        Clean order lines (see `patrons.intake.orders`).
    as_of : sequence of date
        Days on which customers are described; what happens on or after such a day is not seen.
    windows : sequence of int
        Lengths of the windows, days.
    returns : Table or DataFrame, optional
        Lines of cancellations, with the columns of `lines`; without them nobody has returned anything.
    leave_out : sequence of str
        Groups of features that are not made.
    interactions : sequence of str
        Products and quotients of two features, such as ``"recency_days * order_value"``.
    peak_months : sequence of int
        Months of the peak season, 1 to 12, of which `peak_share` tells; none: nothing does.
    keep : callable
        How stages are held (see `patrons.features.stages`).

    Returns
    -------
    Table
        `customer_id`, `as_of` and one column a feature of `declared`.
    """
    return _described(lines, as_of, None, declared(windows, leave_out, interactions, peak_months), returns, keep)


def _described(
    lines: Table,
    as_of: Sequence[date],
    horizon_days: int | None,
    chosen: Sequence[Feature],
    returns: Table | pd.DataFrame | None,
    keep: Keep,
) -> Table:
    made = {over: {f.name: f.expression for f in chosen if f.over == over} for over in (ORDERS, RETURNS, CUSTOMER)}
    orders, days = orders_of(lines, keep), ibis.memtable(pd.DataFrame({"as_of": pd.to_datetime(list(as_of))}))
    seen = _seen(orders, days).mutate(latest=_.next_date.isnull() | (_.next_date >= _.as_of.date()))
    outcome = {} if horizon_days is None else {OUTCOME: _outcome(horizon_days)}
    table = keep(seen.group_by(*KEYS).agg(**made[ORDERS], **outcome))
    if made[RETURNS]:
        gone = _seen(_returned(returns, orders), days).group_by(*KEYS).agg(**made[RETURNS])
        none = {f.name: _[f.name].fill_null(f.without) for f in chosen if f.over == RETURNS and f.without is not None}
        table = table.left_join(gone, list(KEYS)).drop(s.endswith("_right")).mutate(**none)
    rounded = table.mutate(**made[CUSTOMER]).mutate(s.across(s.of_type("float64"), _.round(6)))
    return rounded.select(*KEYS, *(feature.name for feature in chosen), *outcome)


def _outcome(horizon_days: int) -> Deferred:
    """1 where the last order before a day has no next one within the horizon, else 0."""
    silence = _.next_date.delta(_.as_of.date(), unit="day")
    return 1 - ibis.ifelse(_.latest & (silence < horizon_days), 1, 0).max()


def _seen(events: Table, days: Table) -> Table:
    """Each event on each day that lies after it."""
    seen = events.join(days, events.ordered_at < days.as_of)
    return seen.mutate(days_ago=seen.as_of.date().delta(seen.date, unit="day"))


def _returned(returns: Table | pd.DataFrame | None, orders: Table) -> Table:
    if returns is None:
        return orders.filter(ibis.literal(False))
    return returns_of(returns if isinstance(returns, Table) else ibis.memtable(returns))


def day_after(lines: Table) -> date:
    """The day after the last order: the `as_of` from which the whole log is seen."""
    return lines.ordered_at.max().execute().date() + timedelta(days=1)


def snapshot_days(first: date, end: date, horizon_days: int, snapshot_days: int, min_history_days: int) -> list[date]:
    """Earlier days to describe customers on, oldest first, whose following `horizon_days` are all known.

    The last is `end` minus the horizon (the test of a forecast), the others every `snapshot_days` before it, as long as
    `min_history_days` of log lie before.

    Examples
    --------
    >>> [str(day) for day in snapshot_days(date(2024, 1, 1), date(2024, 7, 1), 90, 30, 40)]
    ['2024-03-03', '2024-04-02']
    """
    last, step = end - timedelta(days=horizon_days), timedelta(days=snapshot_days)
    earliest = first + timedelta(days=min_history_days)
    if last < earliest:
        raise FeaturesError(
            f"The log covers {(end - first).days} days, but a forecast of {horizon_days} days after {min_history_days} "
            f"days of history needs {horizon_days + min_history_days}. Lower horizon_days or min_history_days."
        )
    return [last - n * step for n in range((last - earliest) // step, -1, -1)]


def panel(
    lines: Table,
    as_of: Sequence[date],
    horizon_days: int,
    windows: Sequence[int] = WINDOWS,
    returns: Table | pd.DataFrame | None = None,
    leave_out: Sequence[str] = (),
    interactions: Sequence[str] = (),
    peak_months: Sequence[int] = (),
    keep: Keep = materialised,
) -> Table:
    """Features as of each day, and what happened next; the lines are read once, however many days there are.

    Returns
    -------
    Table
        The columns of `features`, and `churned`: 1 where no order followed within `horizon_days` from `as_of`, else 0;
        `known_on`: the first day on which that was known.
    """
    described = _described(
        lines, as_of, horizon_days, declared(windows, leave_out, interactions, peak_months), returns, keep
    )
    return described.mutate(**{KNOWN: _.as_of + ibis.interval(days=horizon_days)})


def feature_names(table: pd.DataFrame, leave_out: Sequence[str] = ()) -> list[str]:
    """Columns of a feature table that a model may use: neither keys nor outcome nor what is left out."""
    return [name for name in table.columns if name not in {*KEYS, OUTCOME, KNOWN, *leave_out}]
