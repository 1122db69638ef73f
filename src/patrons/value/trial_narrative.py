"""Sentences on what became of campaigns, and the lines that follow for the params file."""

import math
from collections.abc import Sequence

from patrons.digits import about, held
from patrons.evaluation.metrics import Interval
from patrons.value import trial
from patrons.value.pool import Pool
from patrons.value.trial import Effect, Entry

TOO_FEW = "nobody was silent in one of the arms, or too few"  # of save chances that cannot be told


def summary(reading: Entry) -> list[str]:
    """What became of one campaign, a sentence or two a line."""
    done = trial.effect(reading)
    lines = [_who(reading), *reading["notes"], _ordering(reading, done), _spend(reading, done), _chance(reading, done)]
    if reading["replaces"]:
        lines.append(f"This campaign was read before, on {reading['replaces'][:10]}: this reading counts.")
    return [held(line) for line in lines if line]


def _who(reading: Entry) -> str:
    contacted, _, left, _ = map(sum, zip(*reading["strata"], strict=True))
    when = f", {reading['horizon_days']} days from {reading['day']}" if reading["day"] else ""
    return f"Campaign {reading['campaign']}{when}: {contacted:,} contacted, {left:,} held out."


def _ordering(reading: Entry, done: Effect) -> str:
    contacted, ordered, left, left_ordered = map(sum, zip(*reading["strata"], strict=True))
    verdict = {
        "is better than": "The contacts worked, beyond chance",
        "is worse than": "The contacts did harm: look at what was sent",
    }.get(done.ordering.comparison(), "That cannot be told from no effect")
    return (
        f"{ordered / contacted:.1%} of the contacted {reading['outcome']}, and {left_ordered / left:.1%} of the held "
        f"out: {points(done.ordering)}. Within ranks: {points(done.stratified)}. {verdict}."
    )


def points(share: Interval) -> str:
    """A difference of shares in points, with its interval."""
    value, low, high = (100 * end for end in share)
    return f"{value:+.1f} points (95% interval {low:+.1f} to {high:+.1f})"


def _spend(reading: Entry, done: Effect) -> str:
    if done.spend is None:
        return ""
    spend, largest = reading["spend"], reading["spend"]["largest"]
    without = amount(Interval(*largest["without"]))
    return (
        f"A contacted customer spent {about(spend['contacted'])}, one held out {about(spend['held'])}: "
        f"{amount(done.spend)}. Spend is heavy-tailed: customer {largest['customer_id']} alone is "
        f"{largest['share']:.0%} of it, and without that one the difference is {without}."
    )


def amount(money: Interval) -> str:
    """A difference in money with its interval."""
    value, low, high = (f"{'+' if end > 0 else ''}{about(end)}" for end in money)
    return f"{value} (95% interval {low} to {high})"


def _chance(reading: Entry, done: Effect) -> str:
    _, _, left, left_ordered = map(sum, zip(*reading["strata"], strict=True))
    silent, expected = 1 - left_ordered / left, reading["expected_silent"]
    said = f"{silent:.0%} of the held out have not {reading['outcome']}; {expected:.0%} were expected not to."
    if not follows(done.save_chance):
        return f"{said} No save chance follows, as {TOO_FEW}."
    return f"{said} Save chance: {percent(done.save_chance)}."


def follows(chance: Interval) -> bool:
    """Whether there is a save chance: an estimate with both of its ends."""
    return all(math.isfinite(end) for end in chance)


def percent(chance: Interval) -> str:
    """A chance with its interval."""
    return f"{chance.value:.0%} (95% interval {chance.low:.0%} to {chance.high:.0%})"


def pooled(pool: Pool) -> list[str]:
    """What several campaigns say together, and which of the log are not among them; empty for one alone."""
    readings, why = pool.counted, []
    if pool.shared:
        why = [f"Not counted, as another campaign had the same customers at the same time: {', '.join(pool.shared)}."]
    if pool.lost:
        why.append(
            "Not counted, as the list is gone or damaged, and may have had the customers of another at the same time: "
            f"{', '.join(pool.lost)}."
        )
    if len(readings) < 2:
        return why
    done = trial.together(readings)
    spend = f" Spend: {amount(done.spend)}." if done.spend else ""
    return why + [
        held(line)
        for line in (
            f"{len(readings)} campaigns together: {points(done.ordering)}, weighted by how sure each is; "
            f"{points(done.stratified)} by strata of campaigns and ranks (Mantel-Haenszel).{spend}",
            f"Save chance of all: {percent(done.save_chance)}."
            if follows(done.save_chance)
            else f"No save chance of all follows: {TOO_FEW}.",
        )
    ]


def suggestion(readings: Sequence[Entry]) -> str:
    """What follows for the params file, as YAML; a comment alone where no save chance follows."""
    done = trial.together(readings) if len(readings) > 1 else trial.effect(readings[0])
    customers = sum(row[0] + row[2] for reading in readings for row in reading["strata"])
    campaigns = "1 campaign" if len(readings) == 1 else f"{len(readings)} campaigns"
    if not follows(done.save_chance):
        return f"# {campaigns}, {customers:,} customers: no save chance follows, as {TOO_FEW}.\n"
    doubt = (
        ""
        if done.save_chance.low > 0
        else "# Not shown to be above 0: do not count on it, and read another campaign.\n"
    )
    relative = readings[-1]["relative"]
    bands = ", a row for each band of silence: how it falls is as assumed, not measured" if len(relative) > 1 else ""
    return (
        f"# Measured: {percent(done.save_chance)} by {campaigns}, {customers:,} customers.\n"
        f"# Low, likely, high{bands}. Their mean over the customers is the estimate (or 0).\n{doubt}"
        f"07_customer_value:\n  save_chance: {trial.suggested(done.save_chance, relative)}\n"
    )
