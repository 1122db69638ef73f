"""Would monitoring have called for a new model at the right time? Online Retail II, replayed month by month.

    python run_all.py params/online_retail_ii.yaml --only 01,02
    PYTHONPATH=src python benchmarks/monitoring_replay.py data/processed/online_retail_ii

One frozen recipe, boosted trees with cautious settings on prepared columns, not calibrated, is fitted on each day of
the panel on what was known then. Each such model is a release: its test are the earlier days, each forecast by the
model of that day. From when the first day after it has matured, 08's verdict is asked once a month. At the first call
for training anew the recipe stands beside the stale model: in a contest on the latest day that is known then, fitted on
what was known on that day; and fitted on all that is known, on the later days of the log. What it saves is the
difference of their Brier scores, paired, by resampled customers. Scores are of those who had ordered within one horizon
before. Nothing is chosen here.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer

from patrons.churn import kinds, thresholds
from patrons.churn.customers import active
from patrons.churn.split import ENOUGH, inputs
from patrons.evaluation.metrics import Interval, calibration_error
from patrons.evaluation.scores import RANKING, mean_difference
from patrons.evaluation.threads import side_by_side
from patrons.features.panel import KNOWN, OUTCOME
from patrons.features.preparation import only
from patrons.models import load_model
from patrons.monitoring import estimate, matured, narrative, replay, verdict, verdict_rules
from patrons.series.params import declared

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "06_churn.ipynb"
SEED = 42
SETTING = {"rounds": 300, "rate": 0.03, "depth": 3, "leaf": 15, "columns": 0.5, "ridge": 5}
MIN_RECALL = 0.8
MONTH = 30  # days between two checks, as between two days of the panel


def forecasts(panel: pd.DataFrame, prepare: ColumnTransformer, day: pd.Timestamp) -> dict[pd.Timestamp, np.ndarray]:
    """What the recipe, fitted on what was known on a day, says of customers on that day and on later ones."""
    known, front = panel[panel[KNOWN] <= day], only(prepare, list(inputs(panel))).set_output(transform="default")
    model = kinds.build(kinds.BOOSTING, SETTING, SEED).fit(front.fit_transform(inputs(known)), known[OUTCOME])
    later = panel[panel.as_of >= day]
    said = model.predict_proba(front.transform(inputs(later)))[:, 1]
    return {other: said[(later.as_of == other).to_numpy()] for other in later.as_of.unique()}


@dataclass(frozen=True)
class Log:
    """The panel's days, and what the model of each said of it and of later ones."""

    panel: pd.DataFrame
    said: dict[pd.Timestamp, dict[pd.Timestamp, np.ndarray]]

    @cached_property
    def rows(self) -> dict[pd.Timestamp, pd.DataFrame]:
        """Customers of each day, with outcome."""
        return {day: rows.reset_index(drop=True) for day, rows in self.panel.groupby("as_of")}

    @property
    def horizon(self) -> pd.Timedelta:
        return (self.panel[KNOWN] - self.panel.as_of).iloc[0]

    def one(self, model: pd.Timestamp, day: pd.Timestamp, threshold: float) -> pd.DataFrame:
        """What the model of one day said of another, as ``tried.parquet`` has it."""
        rows, score = self.rows[day], self.said[model][day]
        kept = rows[["customer_id", "as_of", KNOWN, OUTCOME, "recency_days"]]
        return kept.assign(score=score, active=active(rows), threshold=threshold)

    def tried(self, until: pd.Timestamp) -> pd.DataFrame:
        """The days known by `until`, each forecast by its own model, with the threshold of the days before."""
        parts: list[pd.DataFrame] = []
        for day in [day for day in self.said if day + self.horizon <= until]:
            parts.append(self.one(day, day, self.threshold(parts, day)))
        return pd.concat(parts)

    def threshold(self, parts: list[pd.DataFrame], day: pd.Timestamp) -> float:
        """By the outcomes of earlier days known on a day; missing where there are none."""
        known = [part for part in parts if part[KNOWN].iloc[0] <= day]
        return thresholds.found(pd.concat(known), MIN_RECALL, None)["recall"] if known else np.nan

    def watched(self, release: pd.Timestamp) -> pd.DataFrame:
        """Metrics of the days that a release was tried on, and of all since (`matured.days`)."""
        tried = self.tried(release)
        limit = self.threshold([tried], release)
        since = [self.one(release, day, limit) for day in self.rows if day >= release]
        kept = replay.tried_as_scored(pd.concat(since)).assign(origin=matured.KEPT)
        return matured.days(pd.concat([replay.tried_as_scored(tried), kept]))

    @property
    def releases(self) -> list[pd.Timestamp]:
        """The days from which a day that was tried is known, up to the last that matures before the log ends."""
        first, last = min(self.said) + self.horizon, self.panel[KNOWN].max() - self.horizon
        return [day for day in self.said if first <= day <= last]

    def checks(self, release: pd.Timestamp) -> Iterator[pd.Timestamp]:
        """Once a month, from when the first day since the release has matured until the log ends."""
        yield from pd.date_range(release + self.horizon, self.panel[KNOWN].max(), freq=f"{MONTH}D")

    def pairs(self, *models: pd.Timestamp, days: list[pd.Timestamp]) -> tuple[list[tuple], list[np.ndarray]]:
        """Of those who could be kept on each day: outcomes and what each model said, and who they are."""
        parts, who = [], []
        for day in days:
            kept = active(self.rows[day]).to_numpy()
            truth = self.rows[day][OUTCOME].to_numpy()[kept]
            parts.append((truth, *(self.said[model][day][kept] for model in models)))
            who.append(self.rows[day].customer_id.to_numpy()[kept])
        return parts, who

    def gain(self, stale: pd.Timestamp, fresh: pd.Timestamp, days: list[pd.Timestamp]) -> Interval | None:
        """Brier score of the stale model less that of the fresh one over some days; None without a day."""
        parts, who = self.pairs(stale, fresh, days=days)
        return mean_difference(RANKING["brier"], parts, who) if parts else None

    def after(self, now: pd.Timestamp) -> list[pd.Timestamp]:
        """Days from `now` on that mature before the log ends."""
        return [day for day in self.rows if day >= now]

    def contest(self, stale: pd.Timestamp, now: pd.Timestamp) -> tuple[Interval, Interval | None, float]:
        """What the recipe gains on the latest day known at `now`, fitted on what was known on that day.

        ROC AUC (as a promotion asks), Brier score, and its calibration error there, which a gate of 06 limits.
        """
        day = now - self.horizon
        parts, who = self.pairs(day, stale, days=[day])
        return (
            mean_difference(RANKING["roc_auc"], parts, who),
            self.gain(stale, day, [day]),
            calibration_error(*parts[0][:2]),
        )


def read(folder: Path) -> Log:
    """The panel of a series, and the recipe fitted on each of its days."""
    left_out = declared(NOTEBOOK)["leave_out"].default
    panel = pd.read_parquet(folder / "panel.parquet").drop(columns=left_out, errors="ignore")
    prepare = load_model(folder / "preparation.skops")
    known = {day: panel[OUTCOME][panel[KNOWN] <= day] for day in sorted(panel.as_of.unique())}
    days = [day for day, outcome in known.items() if min(outcome.sum(), (1 - outcome).sum()) >= ENOUGH]
    return Log(panel, dict(zip(days, side_by_side(forecasts, [(panel, prepare, day) for day in days]), strict=True)))


def first_call(log: Log, release: pd.Timestamp, days: pd.DataFrame) -> pd.Timestamp | None:
    """The check at which a release is called for training anew, None where it never is."""
    tried = days[days.origin == matured.TRIED]
    for now in log.checks(release):
        seen = days[(days.origin == matured.KEPT) & (days.day + log.horizon <= now)]
        asked = verdict.judge(tried, seen, verdict_rules.Limits(), log.horizon.days, release.date(), now.date())
        if asked.verdict == verdict.RETRAIN:
            return now
    return None


def estimated(log: Log) -> pd.DataFrame:
    """The estimate of each day by its own model, beside what came (`estimate.back_test`)."""
    return estimate.back_test(replay.tried_as_scored(log.tried(log.panel[KNOWN].max())))


def print_estimates(table: pd.DataFrame) -> None:
    """A row a month: what came, and by how much the estimate without it was above that."""
    names = ["brier", "roc_auc", "f1", "observed"]
    print("| day | " + " | ".join(f"{narrative.name(name)} | estimate off by" for name in names) + " |")
    print("|:--|" + "--:|" * 2 * len(names))
    for day, rows in table.groupby("day"):
        pairs = rows.set_index("metric").loc[names, ["observed", "error"]].to_numpy()
        cells = ["" if np.isnan(error) else f"{came:.3f} | {error:+.3f}" for came, error in pairs]
        print(f"| {day:%Y-%m-%d} | " + " | ".join(cell or " | " for cell in cells) + " |")
    print("\n| estimate of | days | error (root mean square) | mean | shown up to | shown |\n|:--|--:|--:|--:|--:|:--|")
    for name, row in estimate.errors(table).iterrows():
        figures = f"{row.days:.0f} | {row.error:.3f} | {row.bias:+.3f} | {row.limit:.3f}"
        print(f"| {narrative.name(str(name))} | {figures} | {'yes' if row.shown else 'no'} |")


def print_releases(log: Log) -> dict[pd.Timestamp, pd.Timestamp | None]:
    """A row a release: when it was first called for training anew, and what that saved; the calls."""
    heads = "days tried | log loss on them | checks | first call | log loss since, by then"
    heads += " | contest: ROC AUC gained | Brier saved | calibration error | days after the call | Brier saved on them"
    print(f"\n| release | {heads} |\n|:--{'|--:' * 10}|")
    calls: dict[pd.Timestamp, pd.Timestamp | None] = {}
    for release in log.releases:
        days, checks = log.watched(release), list(log.checks(release))
        call = calls[release] = first_call(log, release, days)
        tried = days[days.origin == matured.TRIED].log_loss
        since = days[(days.origin == matured.KEPT) & (days.day + log.horizon <= (call or checks[-1]))].log_loss
        figures = f"{len(tried)} | {tried.mean():.3f} | {len(checks)} | {f'{call:%Y-%m-%d}' if call else 'none'}"
        print(f"| {release:%Y-%m-%d} | {figures} | {since.mean():.3f} | {saved(log, release, call)} |", flush=True)
    asked = sum(len(list(log.checks(release))) for release in calls)
    print(f"\n{asked} checks of {len(calls)} releases; {sum(map(bool, calls.values()))} releases were called.")
    return calls


def print_operator(calls: dict[pd.Timestamp, pd.Timestamp | None]) -> None:
    """The calls of an operator who begins with the first release and follows each call."""
    release, followed = min(calls), []
    while call := calls.get(release):
        followed.append(f"{call:%Y-%m-%d}")
        release = call
    print(f"Begun with the first release and followed: {', '.join(followed) or 'no call'}.")


def saved(log: Log, release: pd.Timestamp, call: pd.Timestamp | None) -> str:
    """Cells: the contest at a call, the days of the log after it, and what the model of its day saves on them."""
    if call is None:
        return " |  |  |  | "
    days = log.after(call)
    ranking, loss, off = log.contest(release, call)
    return f"{cell(ranking)} | {cell(loss)} | {off:.2f} | {len(days)} | {cell(log.gain(release, call, days))}"


def cell(gain: Interval | None) -> str:
    """A difference with its interval."""
    return "" if gain is None else f"{gain.value:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"


def print_always(log: Log) -> None:
    """What a new model saves at any check, whether it was called for or not, by age of the stale one."""
    print("\n| age of the release, days | pairs | Brier saved, mean | lower end above 0 | upper end below 0 |")
    print("|--:|--:|--:|--:|--:|")
    asked = [(one, now) for one in log.releases for now in log.checks(one)]
    pairs = [((now - one).days, log.gain(one, now, log.after(now))) for one, now in asked]
    table = pd.DataFrame([(age, *gain) for age, gain in pairs if gain], columns=["age", "value", "low", "high"])
    for age, rows in table.groupby("age"):
        better, worse = (rows.low > 0).sum(), (rows.high < 0).sum()
        print(f"| {age} | {len(rows)} | {rows.value.mean():+.4f} | {better} | {worse} |")
    better, worse = (table.low > 0).sum(), (table.high < 0).sum()
    print(f"| all | {len(table)} | {table.value.mean():+.4f} | {better} | {worse} |")


def main() -> None:
    """Print the tables."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("processed", type=Path, help="results of a series, such as data/processed/online_retail_ii")
    log = read(line.parse_args().processed / "02_transformation")
    print_estimates(estimated(log))
    print_operator(print_releases(log))
    print_always(log)


if __name__ == "__main__":
    main()
