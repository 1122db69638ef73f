"""How often does the verdict of 08 call for training anew when nothing is wrong, and does it find harm?

    PYTHONPATH=src:. python benchmarks/monitoring.py run --shops 200 --results /tmp/monitoring.jsonl
    PYTHONPATH=src:. python benchmarks/monitoring.py table --results /tmp/monitoring.jsonl

Simulated shops (`monitoring_shops.py`) are watched for a year after a model was trained on two: a window a month, whose
outcomes arrive 90 days later. Harm sets in within the first five months, and is so strong that the champion's log loss
rises by a fifth. The same streams are seen by the usual rules (`monitoring_rules.py`), which need no outcomes and so
look 90 days earlier. Days watched are about as large as those tried, or larger (all who can be kept, on both; fewer
only where harm drives customers away): nothing is said of a release that is watched on fewer customers.

The loss that is watched, and every limit, were chosen on the seeds 10000 to 10099 and 20000 to 20134. This runs on
others, once.
"""

import argparse
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from benchmarks import monitoring_rules as usual
from benchmarks import monitoring_shops as shops
from patrons.monitoring import verdict, verdict_rules

FRESH = 50_000  # the first seed
START = pd.Timestamp("2020-01-01")
SAMPLE = 2000  # rows of the training that stand for it beside a day
VERDICT, CUSUM, WINDOWS, SLOPE = "the verdict", "CUSUM alone", "2 of 3 windows alone", "F1 falls by 5 points"
SMALL, LARGE = "Evidently, last day known", "Evidently, training rows"
OF_OUTCOMES = (VERDICT, CUSUM, WINDOWS, SLOPE)
ORDER = (*OF_OUTCOMES, *usual.RULES, SMALL, LARGE, "always", "never")
COLUMNS = {  # and how each is printed
    **{f"{kind}: falsely alarmed": "{:.1%}" for kind in shops.KINDS[:-1]},
    "false alarms a quiet year": "{:.2f}",
    "quiet months in alarm": "{:.1%}",
    "in alarm when harm set in": "{:.0%}",
    "harm found": "{:.0%}",
    "median days to it": "{:.0f}",
    "alarms that were right": "{:.0%}",
}


def matured(rows: pd.DataFrame, origin: str, threshold: float) -> pd.DataFrame:
    """What the verdict needs of each day: log loss with its standard error, and F1 of those flagged."""
    p = np.clip(rows.probability, 1e-6, 1 - 1e-6)
    loss = -np.where(rows.churned == 1, np.log(p), np.log(1 - p))
    flagged = (p >= threshold).astype(int)
    table = pd.DataFrame({"day": rows.day, "loss": loss, "hit": flagged * rows.churned, "flagged": flagged})
    by_day = table.assign(churned=rows.churned).groupby("day")
    sums, count = by_day.sum(), by_day.size()
    return pd.DataFrame(
        {
            "day": START + pd.to_timedelta(sums.index, unit="D"),
            "origin": origin,
            "customers": count.to_numpy(),
            "log_loss": (sums.loss / count).to_numpy(),
            "log_loss_error": (by_day.loss.std() / np.sqrt(count)).to_numpy(),
            "f1": (2 * sums.hit / (sums.flagged + sums.churned)).to_numpy(),
        }
    )


def shop(kind: str, seed: int) -> dict[str, object]:
    """One shop-year: when each rule alarmed, as days of the log, and what harm did."""
    world = shops.world(kind, seed)
    days = shops.described(shops.simulate(replace(world, harm=None), seed))
    champion = shops.champion(days)
    threshold = champion.tried.churned.mean()
    found: dict[str, object] = {"kind": kind, "seed": seed, "harm": world.harm, "like": of(kind, seed)}
    if world.harm is not None:
        without = matured(shops.monitored(champion, days), "replayed", threshold)
        world = shops.harmed(world, seed, champion, days)
        days = shops.described(shops.simulate(world, seed))
    seen = matured(shops.monitored(champion, days), "replayed", threshold)
    if world.harm is not None:
        worse = (seen.log_loss / without.log_loss)[[day >= world.harm for day in later(days)]]
        found |= {"how": world.how, "worse": [round(ratio, 3) for ratio in worse[:3]]}
    tried = matured(champion.tried, "tried", threshold)
    return found | {"alarms": {**of_outcomes(tried, seen, later(days)), **of_inputs(days, seed)}}


def of(kind: str, seed: int) -> str:
    """What a shop is like beside its harm."""
    return kind if kind != "harm" else ("stable", "growing", "seasonal")[seed % 3]


def later(days: Iterable[int]) -> list[int]:
    """The monitored days."""
    return [day for day in days if day >= shops.TRAINED]


def of_outcomes(tried: pd.DataFrame, seen: pd.DataFrame, days: list[int]) -> dict[str, list[int]]:
    """Alarms of the rules that wait for outcomes. A window's verdict is never changed by later windows."""
    path = verdict.judge(tried, seen, verdict_rules.Limits(), shops.HORIZON).path
    falls = [verdict_rules.f1_slope(seen.iloc[: n + 1], verdict_rules.Limits(f1_fall=0.05)) for n in range(len(seen))]
    fired = {
        VERDICT: path.fired,
        CUSUM: path.cusum > path.limit,
        WINDOWS: path.bad.astype(int).rolling(3, min_periods=1).sum() >= 2,
        SLOPE: [any(rule["fired"] for rule in rules) for rules in falls],
    }
    return {rule: _days(which, days) for rule, which in fired.items()}


def _days(alarms: Iterable[bool], days: list[int]) -> list[int]:
    """When outcomes of the days with an alarm arrive."""
    return [day + shops.HORIZON for day, alarm in zip(days, alarms, strict=True) if alarm]


def of_inputs(days: dict[int, pd.DataFrame], seed: int) -> dict[str, list[int]]:
    """Alarms of the rules that look at features as soon as a day is described."""
    names = list(shops.NAMES)
    known = [day for day in days if day + shops.HORIZON <= shops.TRAINED]
    last = days[known[-1]][names]
    training = pd.concat([days[day][names] for day in known]).sample(SAMPLE, random_state=seed)
    found: dict[str, list[int]] = {rule: [] for rule in (*usual.RULES, SMALL, LARGE)}
    for day in later(days):
        now = days[day][names]
        alarms = usual.drifted(last, now)
        alarms |= {SMALL} if usual.half(usual.evidently(last, now)) else set()
        alarms |= {LARGE} if usual.half(usual.evidently(training, now)) else set()
        for rule in alarms:
            found[rule].append(day)
    return found | {"always": later(days), "never": []}


def _lines(results: Path) -> list[dict]:
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


def read(results: Path) -> pd.DataFrame:
    """What each rule did in each shop.

    An alarm is an onset: a month in alarm after one that was not. It is right where it came because of the harm: a rule
    of inputs from the day after the change on, a rule of outcomes once most days of the newest window's outcomes lie
    after the change. Every earlier one is false, and so is each in a shop without harm.

    Returns
    -------
    DataFrame
        A row a shop and rule: `false` alarms in so many `quiet` months (in which no alarm could be right), of which
        `lit` were in alarm; `standing`: in alarm when harm set in; `right`: a right alarm came; `found`: it came by the
        day on which outcomes of the second wholly changed window arrive, and the rule was not standing; `delay` from
        the change to the first right alarm, in days.
    """
    return pd.DataFrame(
        [
            {name: one.get(name, "") for name in ("kind", "like", "seed", "how")}
            | {"rule": rule}
            | counted(alarms, one["harm"] if one["kind"] == "harm" else np.inf, rule in OF_OUTCOMES)
            for one in _lines(results)
            for rule, alarms in one["alarms"].items()
        ]
    )


def counted(alarms: list[int], harm: float, of_outcomes: bool) -> dict[str, object]:
    """The counts of `read` for one rule in one shop; `alarms` are all days on which it was in alarm."""
    wait = shops.HORIZON if of_outcomes else 0
    looks = range(shops.TRAINED + wait, shops.LENGTH - shops.HORIZON + wait + 1, shops.STEP)
    from_day = harm + wait / 2  # later alarms are right
    due = np.ceil((harm - shops.TRAINED) / shops.STEP) * shops.STEP + shops.TRAINED + shops.STEP + shops.HORIZON
    onsets = [day for day in alarms if day - shops.STEP not in alarms]
    right = [day for day in onsets if day > from_day]
    standing = any(harm - shops.STEP < day <= harm for day in alarms)
    return {
        "quiet": sum(day <= from_day for day in looks),
        "lit": sum(day <= from_day for day in alarms),
        "false": len(onsets) - len(right),
        "standing": standing,
        "right": bool(right),
        "found": bool(right) and right[0] <= due and not standing,
        "delay": right[0] - harm if right else np.nan,
    }


def rules(table: pd.DataFrame) -> pd.DataFrame:
    """The one table: a row a rule, columns as in `COLUMNS`; of harmed shops one alarm at most counts as right."""
    rows = []
    for rule in ORDER:
        part = table[table.rule == rule]
        calm, harmed = part[part.kind != "harm"], part[part.kind == "harm"]
        alarms, quiet = part.right.sum() + part.false.sum(), part.quiet.mean()
        shares = [(calm[calm.kind == kind].false > 0).mean() for kind in shops.KINDS[:-1]]
        rates = [part.false.mean() / quiet * shops.WINDOWS, part.lit.mean() / quiet]
        of_harm = [harmed.standing.mean(), harmed.found.mean(), harmed.delay[harmed.found].median()]
        precision = part.right.sum() / alarms if alarms else np.nan
        rows.append(dict(zip(("rule", *COLUMNS), (rule, *shares, *rates, *of_harm, precision), strict=True)))
    return pd.DataFrame(rows)


def printed(results: Path) -> str:
    """Markdown, and what there is to say of harm."""
    table = read(results)
    lines = [f"| rule | {' | '.join(COLUMNS)} |", "|:--|" + "--:|" * len(COLUMNS)]
    for rule, *values in rules(table).itertuples(index=False):
        pairs = zip(COLUMNS.values(), values, strict=True)
        cells = ["–" if np.isnan(value) else form.format(value) for form, value in pairs]
        lines.append(f"| {rule} | {' | '.join(cells)} |")
    harmed = table[(table.kind == "harm") & (table.rule == VERDICT)]
    worse = np.array([one["worse"][:2] for one in _lines(results) if "worse" in one])
    if len(worse):
        lines.append(f"\nLoss of the first two wholly changed windows over that without harm: {worse.mean(axis=0)}")
    lines += [str(harmed.groupby(by).found.agg(["mean", "size"]).round(2)) for by in ("like", "how")]
    return "\n".join(lines)


def main() -> None:
    """Run shops, or print the table of those that ran."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("what", choices=("run", "table"))
    line.add_argument("--results", type=Path, required=True, help="a line a shop")
    line.add_argument("--shops", type=int, default=200, help="of each kind (200)")
    line.add_argument("--first", type=int, default=FRESH, help="seed of the first shop of each kind")
    line.add_argument("--jobs", type=int, default=2)
    chosen = line.parse_args()
    if chosen.what == "run":
        tasks = [(kind, seed) for seed in range(chosen.first, chosen.first + chosen.shops) for kind in shops.KINDS]
        with chosen.results.open("w", encoding="utf-8") as file:
            for one in Parallel(chosen.jobs, return_as="generator")(delayed(shop)(*task) for task in tasks):
                print(json.dumps(one), file=file, flush=True)
    print(printed(chosen.results))


if __name__ == "__main__":
    main()
