"""Two runs side by side: what they were made from, what was decided, what came out, and what can explain it.

What two runs were made from are four things: parameters, data, code and libraries. Where only one of them changed, it
is what can explain a difference; a notebook of which none changed must give the same numbers, to the last bit.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from patrons.churn.split import ENOUGH
from patrons.evaluation.metrics import Interval
from patrons.evaluation.scores import RANKING, difference, intervals
from patrons.monitoring import runs
from patrons.monitoring.runs import NOT_RUN, SUCCEEDED, WATCHER, Run

PAIRED = ("roc_auc", "brier", "log_loss")
KEY = (  # numbers by which a reader knows a run, the most important first
    "06.roc_auc_active", "06.roc_auc", "06.brier_active", "06.brier", "06.recall_active", "06.recall",
    "06.precision_active", "06.precision", "06.flagged_active", "06.flagged_share", "06.threshold",
    "07.gain", "07.expected_spend", "07.contacts", "05.accuracy_held_out", "05.accuracy_later",
    "03.k", "03.silhouette", "03.stability_ari", "02.churn_rate_active", "02.churn_rate",
    "01.customers", "01.orders", "01.revenue", "01.lines_kept",
)  # fmt: skip


class Change(NamedTuple):
    """Something that is not in both runs as in the other; None where one of them has no such thing."""

    what: str
    before: Any
    after: Any


class Score(NamedTuple):
    """A metric of two runs, and the later minus the earlier with its 95% interval."""

    before: float
    after: float
    difference: Interval


class Paired(NamedTuple):
    """Scores of the customers that both runs tested, by the same resampled customers.

    Attributes
    ----------
    scores : dict of str to Score
        By metric of `PAIRED`.
    customers : int
    day : date or None
        The day as of which they were scored; None of a table.
    active : bool
        Whether only those count who could be kept.
    corrected : int
        Customers left out because the runs know different outcomes of them.
    """

    scores: dict[str, Score]
    customers: int
    day: Any
    active: bool
    corrected: int


@dataclass(frozen=True)
class Comparison:
    """Two runs, the earlier first.

    Attributes
    ----------
    before, after : Run
    """

    before: Run
    after: Run

    @cached_property
    def parameters(self) -> list[Change]:
        """Each parameter that differs, as ``06_churn.n_trials``; of a dict the entries that do."""
        found = []
        for stage in self._both(lambda record: record["status"] != NOT_RUN):
            old, new = (_flat(run.stages[stage]["parameters"], f"{stage}.") for run in (self.before, self.after))
            found += _changes(old, new)
        return found

    @cached_property
    def data(self) -> list[Change]:
        """Title, lines, period and digest of the source where they differ."""
        old, new = ({**run.record["data"], "digest": run.record["digest"]} for run in (self.before, self.after))
        return _changes(old, new)

    @cached_property
    def versions(self) -> list[Change]:
        """Git commit and version of Patrons where they differ."""
        records = (self.before.record, self.after.record)
        return _changes(*({"git commit": _commit(one["git_commit"]), "patrons": one["patrons"]} for one in records))

    @cached_property
    def libraries(self) -> list[Change]:
        return _changes(self.before.record["libraries"], self.after.record["libraries"])

    @cached_property
    def decisions(self) -> list[Change]:
        """What was decided otherwise, such as the churn model."""
        return _changes(*(_flat(run.record["decisions"], "") for run in (self.before, self.after)))

    @cached_property
    def states(self) -> list[Change]:
        """Notebooks that ended otherwise: such as failed, out of date or ended early."""
        old, new = ({name: state(one) for name, one in run.stages.items()} for run in (self.before, self.after))
        return _changes(old, new)

    @cached_property
    def recoded(self) -> list[str]:
        """Notebooks whose code, or the code that they call, is not the same."""
        return [stage for stage in self._both(lambda one: bool(one["code"])) if self._differs(stage, "code")]

    @cached_property
    def code(self) -> bool | None:
        """Whether code changed; None where that is not recorded and there were changes outside of any commit."""
        done = self._both(lambda record: record["status"] != NOT_RUN, without=WATCHER)
        other = [stage for stage in done if self._differs(stage, "fingerprint")]  # which holds the code, too
        if all(run.stages[stage]["code"] for stage in other for run in (self.before, self.after)):
            return bool(set(self.recoded) - {WATCHER})
        commits = [str(run.record["git_commit"] or "-dirty") for run in (self.before, self.after)]
        if self.recoded or len({commit.removesuffix("-dirty") for commit in commits}) > 1:
            return True
        return None if any(commit.endswith("-dirty") for commit in commits) else False

    @cached_property
    def changed(self) -> list[str]:
        """Those of parameters, data, code and libraries that are known to have changed."""
        known = {
            "parameters": any(not change.what.startswith(WATCHER) for change in self.parameters),
            "data": self.before.record["digest"] != self.after.record["digest"],
            "code": self.code,
            "libraries": bool(self.libraries),
        }
        return [name for name, is_so in known.items() if is_so]

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """The numbers that both runs have, those of `KEY` first.

        Returns
        -------
        DataFrame
            `metric` (as ``06.roc_auc``), `before`, `after`, `difference`, and the ends of their 95% intervals where
            they are recorded: `before_low`, `before_high`, `after_low`, `after_high`. Ends are no rows of their own.
        """
        rows = [
            {"metric": f"{stage.split('_')[0]}.{name}", "before": old[name], "after": new[name]}
            | {f"{when}_{end}": of.get(f"{name}_{end}", np.nan) for when, of in pair for end in ("low", "high")}
            for stage in self._both(lambda record: record["status"] == SUCCEEDED)
            for old, new in [(self.before.stages[stage]["metrics"], self.after.stages[stage]["metrics"])]
            for pair in [(("before", old), ("after", new))]
            for name in old
            if name in new and not _is_end(name, old)
        ]
        table = pd.DataFrame(rows, columns=["metric", "before", "after", *ENDS])
        table.insert(3, "difference", table.after - table.before)
        return table.sort_values("metric", key=lambda names: names.map(_rank), kind="stable", ignore_index=True)

    @cached_property
    def moved(self) -> list[str]:
        """Notebooks of which a number differs, however little."""
        good = self._both(lambda record: record["status"] == SUCCEEDED)
        return [stage for stage in good if self._differs(stage, "metrics")]

    @cached_property
    def unexplained(self) -> list[str]:
        """Notebooks that had the same parameters, inputs, code and libraries, and yet a number differs."""
        same = [stage for stage in self.moved if not self._differs(stage, "fingerprint") and stage != WATCHER]
        return [stage for stage in same if self.before.stages[stage]["fingerprint"]]

    @cached_property
    def paired(self) -> Paired | str:
        """`Paired`, or in a sentence why there is none."""
        return paired(self.before, self.after)

    def _differs(self, stage: str, name: str) -> bool:
        return bool(self.before.stages[stage][name] != self.after.stages[stage][name])

    def _both(self, holds: Any, without: str = "") -> list[str]:
        """Notebooks of which something holds in both runs."""
        old, new = self.before.stages, self.after.stages
        return [stage for stage in new if stage != without and stage in old and holds(old[stage]) and holds(new[stage])]


ENDS = [f"{when}_{end}" for when in ("before", "after") for end in ("low", "high")]


def _commit(name: str | None) -> str | None:
    """A commit as people write it: its first ten characters, and whether files differed from it."""
    return name and name[:10] + "-dirty" * name.endswith("-dirty")


def _is_end(name: str, metrics: Mapping[str, float]) -> bool:
    stem, _, end = name.rpartition("_")
    return end in ("low", "high") and stem in metrics


def _rank(metric: str) -> tuple[int, str]:
    return (KEY.index(metric) if metric in KEY else len(KEY), metric[:2])


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    names = [*before, *(name for name in after if name not in before)]
    pairs = (Change(name, before.get(name), after.get(name)) for name in names)
    return [change for change in pairs if change.before != change.after]


def _flat(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Values with those of dicts under names of their own: ``06_churn.boosting.depth``."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        inner = _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
        flat |= inner
    return flat


def state(record: Mapping[str, Any]) -> str:
    """How a notebook stands, in a word or two."""
    if record["status"] != SUCCEEDED:
        return str(record["status"])
    return "out of date" if record["stale"] else "ended early" if record["stopped"] else SUCCEEDED


def paired(before: Run, after: Run) -> Paired | str:
    """ROC AUC, Brier score and log loss of both runs over the customers that both tested on the same day.

    Those who could be kept in both, where that is known; 95% intervals by resampled customers. A string says why there
    is none.
    """
    if before.tested is None or after.tested is None:
        return "One of the runs has tested nobody, so there is no paired interval."
    days = [run.tested.day.iloc[0] for run in (before, after) if run.tested is not None]
    if before.record["horizon_days"] != after.record["horizon_days"]:
        return "The runs forecast over horizons of different lengths, so there is no paired interval."
    if days[0] != days[1] and not pd.isna(days).all():
        return f"The runs were tested on different days ({days[0]} and {days[1]}), so there is no paired interval."
    both = before.tested.merge(after.tested, on="customer_id", suffixes=("_before", "_after"), validate="one_to_one")
    active = both[["active_before", "active_after"]]
    judged = bool(active.notna().all(axis=None)) and not bool(active.astype("boolean").all(axis=None))
    both = both[active.astype(bool).all(axis=1)] if judged else both
    same = both[both.outcome_before == both.outcome_after]
    if same.outcome_after.value_counts().reindex([0, 1], fill_value=0).min() < ENOUGH:
        return (
            f"Both runs tested only {len(same):,} of the same customers, too few of one outcome for a paired interval."
        )
    day = None if pd.isna(days[0]) else days[0]
    return Paired(_scores(same), len(same), day, judged, len(both) - len(same))


def _scores(both: pd.DataFrame) -> dict[str, Score]:
    truth, old, new = (both[name].to_numpy(float) for name in ("outcome_after", "score_before", "score_after"))
    once = np.ones((1, len(truth)))

    def of(name: str, score: np.ndarray) -> float:
        return float(RANKING[name](truth, score, once)[0])

    return {name: Score(of(name, old), of(name, new), difference(RANKING[name], truth, new, old)) for name in PAIRED}


def of_tested(run: Run) -> dict[str, Interval]:
    """Metrics of `PAIRED` of a run's own tested customers, with 95% intervals: those who could be kept, where known."""
    if run.tested is None:
        return {}
    rows = run.tested
    kept = rows[rows.active.astype(bool)] if rows.active.notna().all() else rows
    return intervals({name: RANKING[name] for name in PAIRED}, kept.outcome.to_numpy(), kept.score.to_numpy())


def compare_now(folder: str | Path, ledger: str | Path) -> Comparison | None:
    """The run whose results stand in a folder, finished or in progress, beside the last kept one before it.

    Without 08 itself. Runs with a failed notebook are passed over. None where no other run is kept.
    """
    after = runs.current(Path(folder))
    before = runs.last_before(Path(ledger), after)
    return None if before is None else Comparison(_without_watcher(before), _without_watcher(after))


def _without_watcher(run: Run) -> Run:
    stages = {stage: record for stage, record in run.stages.items() if stage != WATCHER}
    return Run({**run.record, "stages": stages}, run.tested)


def text(value: Any) -> str:
    """A value as people write it in a params file."""
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
