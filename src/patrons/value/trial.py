"""Did it work? What both arms of a list did, kept in a log, and what several campaigns say together.

The log is ``data/campaigns/<name>/trials.jsonl``: a line of JSON for each time that a campaign was read. Lines are only
ever added, and the last one of a campaign counts.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from patrons import __version__
from patrons.evaluation.metrics import Interval
from patrons.files import DamagedError, digest, locked, read_json, read_record, result_file, shown, write_text
from patrons.value import arms
from patrons.value.arms import CONTACT, HOLD_OUT, Kept
from patrons.value.effects import (
    Counts,
    Means,
    combined,
    difference,
    means,
    save_chance,
    stratified_difference,
    stratified_save_chance,
    variance,
)
from patrons.value.outcomes import Outcomes, OutcomesError, from_file, from_orders

LOG, SUGGESTED = "trials.jsonl", "save_chance.yaml"
Entry = dict[str, Any]


class TrialError(ValueError):
    """A series without a campaign to read."""


class Effect(NamedTuple):
    """What contacts did, each with its 95% interval.

    Attributes
    ----------
    ordering : Interval
        Share of the contacted who ordered minus that of the held out.
    stratified : Interval
        The same within strata of rank, and of campaigns where there are several (Mantel and Haenszel).
    save_chance : Interval
        Of those who would not order; missing where all hold-outs ordered.
    spend : Interval or None
        What a contacted customer spent more, currency; None where spend is not known.
    """

    ordering: Interval
    stratified: Interval
    save_chance: Interval
    spend: Interval | None


def entry(kept: Kept, outcomes: Outcomes, source: Path) -> Entry:
    """What a reading adds to the log: counts by stratum of rank, spend of both arms, and where they come from."""
    customers = outcomes.customers
    return {
        "campaign": kept.name,
        "day": kept.day and str(kept.day.date()),
        "horizon_days": kept.horizon_days,
        "read_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "source": source.name,
        "digest": digest(source),
        "expected_silent": round(float(customers.churn_probability.mean()), 6),
        "outcome": outcomes.outcome,
        "relative": kept.relative,
        "strata": strata(customers),
        "spend": _spend(outcomes),
        "notes": list(outcomes.notes),
        "patrons": __version__,
    }


def strata(customers: pd.DataFrame) -> list[list[int]]:
    """For each stratum of rank how many were contacted, of these ordered, were held out, of these ordered."""
    groups = customers.groupby(["stratum", "arm"]).ordered.agg(["size", "sum"]).unstack(fill_value=0)
    counts = groups[[(what, arm) for arm in (CONTACT, HOLD_OUT) for what in ("size", "sum")]]
    return [[int(count) for count in row] for row in counts.to_numpy()]


def _spend(outcomes: Outcomes) -> dict[str, Any] | None:
    """Means of both arms, and what the customer who spent most does to them; None where spend is not known."""
    customers = outcomes.customers
    spend, contacted = customers.spend.to_numpy(float), (customers.arm == CONTACT).to_numpy()
    if np.isnan(spend).any() or min(contacted.sum(), (~contacted).sum()) < 2:
        return None
    top = int(spend.argmax())
    rest = np.arange(len(spend)) != top
    without = means(spend[contacted & rest], spend[~contacted & rest]).difference
    share = float(spend[top] / spend.sum()) if spend.any() else 0.0
    largest = {"customer_id": str(customers.customer_id.iloc[top]), "share": share, "without": list(without)}
    return {**means(spend[contacted], spend[~contacted])._asdict(), "largest": largest}


def effect(reading: Entry) -> Effect:
    """What the contacts of one campaign did."""
    counts = Counts.of(reading["strata"])
    spend = reading["spend"]
    return Effect(
        _plain(difference(counts.total)),
        _plain(stratified_difference(counts)),
        _plain(save_chance(counts.total)),
        spend and Means(*(spend[name] for name in Means._fields)).difference,
    )


def together(readings: Sequence[Entry]) -> Effect:
    """What the contacts of several campaigns did.

    `ordering` and `spend` weight each campaign by the inverse of its variance; `stratified` and `save_chance` add
    up strata of ranks and campaigns as Mantel and Haenszel do.
    """
    counts = [Counts.of(reading["strata"]) for reading in readings]
    all_strata = Counts.of([row for reading in readings for row in reading["strata"]])
    totals = [each.total for each in counts]
    ordering = combined([difference(each).value for each in totals], [float(variance(each)) for each in totals])
    spends = [reading["spend"] for reading in readings if reading["spend"] and reading["spend"]["error"] > 0]
    spend = [each["contacted"] - each["held"] for each in spends], [each["error"] ** 2 for each in spends]
    return Effect(
        ordering,
        _plain(stratified_difference(all_strata)),
        _plain(stratified_save_chance(all_strata)),
        combined(*spend) if len(spends) == len(readings) else None,
    )


def _plain(interval: Interval) -> Interval:
    return Interval(*(float(end) for end in interval))


def suggested(chance: Interval, relative: Sequence[float] = (1.0,)) -> list[list[float]]:
    """`save_chance` for the params file: low, likely and high of each band of silence, within 0 and 1.

    The gain is reckoned with the mean of the three, so they are set to have the estimate as their mean: where the
    interval reaches below 0, what is cut off there would otherwise make the mean too high.

    Parameters
    ----------
    chance : Interval
        Of all customers with an arm together: what a campaign measures.
    relative : sequence of float
        How the bands compare with that, as it was assumed.
    """
    mean, low = min(max(chance.value, 0.0), 1.0), min(max(chance.low, 0.0), 1.0)
    high = min(max(chance.high, mean), 1.0)
    likely = 3 * mean - low - high
    if likely < low:
        likely, high = low, 3 * mean - 2 * low
    elif likely > high:
        likely, low = high, 3 * mean - 2 * high
    return [[round(min(level * value, 1.0), 4) for value in (low, likely, high)] for level in relative]


def read(results: Path, campaign: str, orders: Path | None, outcomes: Path | None) -> Entry:
    """Read what became of a campaign. Nothing is written: see `added` and `write`.

    Parameters
    ----------
    results : Path
        The folder of the series, such as ``data/processed/demo``.
    campaign : str
        The name of a list that was kept; empty for that of the last results.
    orders, outcomes : Path, optional
        One of both: new order lines, or a row a customer.

    Raises
    ------
    TrialError, CampaignError, OutcomesError
        Where there is no such series or list, or the file does not say what became of its customers.
    """
    stages = read_record(results).get("stages", {})
    if "01_eda" not in stages:
        raise TrialError(f"There is no finished series {results.name!r} in {shown(results.parent)}: run it first.")
    intake, kept = stages["01_eda"]["parameters"], arms.kept(results, campaign or _current(results))
    try:
        if orders:
            return entry(kept, from_orders(orders, intake, kept), orders)
        assert outcomes
        return entry(kept, from_file(outcomes, intake, kept, date.today()), outcomes)
    except OutcomesError as error:
        others = [name for name in arms.names(results) if name != kept.name]
        more = "" if campaign or not others else f" Other lists, for --campaign: {', '.join(others)}."
        raise OutcomesError(f"{error}{more}") from None


def _current(results: Path) -> str:
    """The name of the list of the last results."""
    path = result_file(results, "value.json")
    name = str(read_json(path).get("campaign", "")) if path else ""
    if not name:
        kept = ", ".join(arms.names(results)) or "none"
        raise TrialError(f"Nobody is held out in the last list of {results.name}. Lists kept, for --campaign: {kept}.")
    return name


def readings(results: Path) -> list[Entry]:
    """The log of a series, the oldest line first.

    Raises
    ------
    DamagedError
        Names the line that is none.
    """
    path = arms.folder(results) / LOG
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else [], start=1):
        try:
            entries.append(json.loads(line))
        except ValueError:
            raise DamagedError(
                f"Line {number} of {shown(path)} is no JSON: it was changed by hand. Restore a copy, or remove that "
                "line and read its campaign again."
            ) from None
    return entries


@contextmanager
def alone(results: Path) -> Iterator[None]:
    """While the log is read and added to, no other command does so."""
    with locked((arms.folder(results) / LOG).with_name(".lock"), seconds=10):
        yield


def added(results: Path, reading: Entry) -> list[Entry]:
    """The log with a reading, which is not written yet; `replaces` says when the same campaign was read before."""
    before = readings(results)
    former = [each["read_at"] for each in before if each["campaign"] == reading["campaign"]]
    return [*before, reading | {"replaces": former[-1] if former else None}]


def write(results: Path, reading: Entry, suggestion: str) -> Path:
    """Write what is suggested, and then add the reading to the log; call it when nothing is left that can fail.

    Returns
    -------
    Path
        Of what is suggested.
    """
    folder = arms.folder(results)
    suggested, log = write_text(folder / SUGGESTED, suggestion), folder / LOG
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    write_text(log, "\n".join([*lines, json.dumps(reading)]) + "\n")
    return suggested
