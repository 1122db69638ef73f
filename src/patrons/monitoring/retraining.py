"""Retraining from start to end: look at the latest data, train, judge, promote or say why not.

Killed at any moment and started again it ends in the same state: results are replaced by renaming, a release is stored
once, the registry's log announces a change before it is made, and the log of retrainings says what was decided.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple

from patrons.errors import SourceError
from patrons.files import LockedError, locked, now, read_json, read_record, scratch, shown
from patrons.monitoring import aside, child
from patrons.monitoring.latest import BAD_DATA, Latest, look, note
from patrons.monitoring.retrainings import Entry, Retrainings
from patrons.monitoring.verdict_narrative import RETRAIN
from patrons.scoring.build import finished
from patrons.scoring.release import ReleaseError
from patrons.tracking import connection, promotion
from patrons.tracking.registry import Registry

DONE, REFUSED = 0, 10  # exit codes, beside those of `latest`
LOCK = ".retrain.lock"
TAG = "patrons.retraining"  # of a version: why it was trained, and what came of it


class RetrainError(SourceError):
    """A series that does not exist, or is being retrained already."""


class Champion(NamedTuple):
    """The version that answers, both None where there is none, and whether there ever was one."""

    version: int | None
    release: str | None
    ever: bool

    def __str__(self) -> str:
        return "no champion" if self.version is None else f"the champion, version {self.version}"

    @property
    def facts(self) -> dict[str, Any] | None:
        return None if self.version is None else {"version": self.version, "release": self.release}


class Job(NamedTuple):
    """What is retrained, and where its files are."""

    name: str
    root: Path
    params: Path

    @property
    def results(self) -> Path:
        return self.root / "data" / "processed" / self.name

    @property
    def ledger(self) -> Path:
        return self.root / "data" / "ledger" / self.name

    @property
    def place(self) -> Path:
        """Where the latest data are looked at; the report of the last look stays there."""
        return self.root / "data" / "processed" / ".latest" / self.name


def retrain(name: str, root: Path, if_needed: bool = False, dry_run: bool = False) -> int:
    """Retrain a series; the exit code: 0, 1, 2, 10, or that of a signal.

    Parameters
    ----------
    name : str
        The series, such as ``demo``.
    root : Path
        The project's folder.
    if_needed : bool
        Whether to train only where 08 says `retrain`, or nothing has been promoted yet.
    dry_run : bool
        Whether to look and to say what would be done, and change nothing.

    Raises
    ------
    RetrainError, LockedError
        The series does not exist, or another process is at work on it.
    """
    child.script(root)
    job = Job(name, root, params_file(name, root))
    if dry_run:
        with scratch() as place:
            return _rehearse(job, if_needed, place / "look")
    with _alone(job):
        code, outcome = _Retraining(job).run(if_needed)
    print(f"{now()} retrain {name}: exit {code}: {outcome}", flush=True)
    return code


def params_file(name: str, root: Path) -> Path:
    """The params file of a series: the one that its results are of, else that of its name in ``params/``."""
    recorded = read_record(root / "data" / "processed" / name).get("params")
    places = [*([root / recorded] if recorded else []), root / "params" / f"{name}.yaml"]
    if path := next((place for place in places if place.is_file()), None):
        return Path(os.path.normpath(path))
    existing = ", ".join(sorted(path.stem for path in (root / "params").glob("*.yaml"))) or "none"
    raise RetrainError(f"There is no params file for {name!r}. In params/ there are: {existing}.")


@contextmanager
def _alone(job: Job) -> Iterator[None]:
    """Hold the lock of retraining; RetrainError says who holds it."""
    path = job.ledger / LOCK
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path))
        except LockedError:
            who = _holder(path)
            raise RetrainError(
                f"{job.name} is being retrained by process {who['pid']}, since {who['since']}. Wait for it, or stop it."
            ) from None
        yield


def _holder(path: Path) -> dict[str, Any]:
    try:
        return dict(read_json(path))
    except (TypeError, ValueError):
        return {"pid": "unknown", "since": "a moment ago"}


def champion(job: Job) -> Champion:
    """Who answers now."""
    registry = Registry(job.name, job.root)
    if not registry.had_champion():
        return Champion(None, None, False)
    state = registry.state()
    version = state.line.champion
    return Champion(version, None if version is None else state.releases.get(version), True)


def looked(job: Job, before: Champion, place: Path, rehearsed: bool) -> Latest:
    """What is known of the latest data, which is noted; without the verdict of 08 where no whole series has results."""
    watched = True
    try:
        finished(job.results)
    except ReleaseError:
        watched = False
    found = look(job.root, job.params, place, watched, before.version is not None, rehearsed)
    note(job.ledger, place / "data" / "processed" / job.params.stem, found, now())
    return found


def _need(before: Champion, latest: Latest, if_needed: bool) -> str:
    """Why to train, a sentence; empty where there is no need."""
    if before.version is None:
        gone = "The champion that there was is gone" if before.ever else "Nothing has been promoted yet"
        return f"{gone}: this is to be the {'next' if before.ever else 'first'} champion."
    if not latest.verdict:
        return "There are no results of a whole series, without which the champion cannot be watched."
    if latest.verdict == RETRAIN:
        return latest.reason
    return "" if if_needed else f"It was asked for; monitoring says {latest.verdict}: {latest.reason}"


class _Retraining:
    """One retraining, with the lock held."""

    def __init__(self, job: Job):
        self.job, self.log, self.registry = job, Retrainings(job.ledger), Registry(job.name, job.root)
        self.before = champion(job)

    def run(self, if_needed: bool) -> tuple[int, str]:
        """Exit code and outcome, a sentence."""
        entry = self.log.unfinished
        if entry and entry["candidate"] and entry["candidate"] == self.before.facts:
            return self._promoted(entry)
        latest = self._look()
        if latest.code:
            return latest.code, f"Nothing was trained: {latest.reason}" if latest.reason else "It was stopped."
        if entry:
            _say(f"The retraining that began at {entry['started']} was not finished: it goes on.")
        elif need := _need(self.before, latest, if_needed):
            _say(f"Training: {need}")
            entry = self.log.begin(verdict=latest.verdict, reason=need, champion_before=self.before.facts)
        else:
            return DONE, f"No need: monitoring says {latest.verdict}. {latest.reason}"
        return self._train(entry)

    def _promoted(self, entry: Entry) -> tuple[int, str]:
        """End a retraining that was stopped after its candidate had become champion."""
        number = entry["candidate"]["version"]
        self.registry.nominate(number)  # what a promotion ends with
        if entry["exit_code"] != DONE:
            entry = self.log.note(outcome=f"Version {number} was refused, and has been promoted by someone since.")
        return self._close(entry, DONE)

    def _look(self) -> Latest:
        _say(f"Looking at the latest data of {self.job.name}, beside its results; {self.before} answers.")
        return looked(self.job, self.before, self.job.place, rehearsed=False)

    def _train(self, entry: Entry) -> tuple[int, str]:
        """The whole series, then gates, contest and promotion."""
        with locked(self.job.results / ".lock", aside.PATIENCE):
            pass  # one whose starter was killed has ended
        code = child.run(self.job.root, [str(self.job.params), "--resume"])
        if code > BAD_DATA:
            return code, "It was stopped; the next retraining goes on from here."
        if code:
            did = "could not be run" if code == BAD_DATA else "failed"
            return self._close(self.log.note(outcome=f"The series {did}: the champion is as it was."), code)
        self.log.note(run_id=read_record(self.job.results)["run_id"])
        judgement = promotion.judge(self.job.name, self.job.root)
        if judgement.is_champion:
            self.log.withdraw()
            return DONE, f"Nothing new: the series has led to version {judgement.version}, the champion."
        entry = self.log.note(
            candidate={"version": judgement.version, "release": judgement.release},
            contest=judgement.match and _facts(judgement.match),
            outcome=judgement.outcome(self.job.name),
            exit_code=REFUSED if judgement.refused else DONE,
        )
        because = f"retrained at {entry['started']}: {entry['reason'].rstrip('.')}"
        promotion.carry_out(self.job.name, self.job.root, judgement, because)
        return self._close(entry, entry["exit_code"])

    def _close(self, entry: Entry, code: int) -> tuple[int, str]:
        """Tell MLflow and the log what came of it."""
        if entry["candidate"]:
            text = f"Retrained at {entry['started']} by {entry['who']}. {entry['reason']} {entry['outcome']}"
            self.registry.tag(entry["candidate"]["version"], TAG, text)
        self.log.close(champion_after=champion(self.job).facts, exit_code=code)
        return code, entry["outcome"]


def _facts(match: promotion.Contest) -> dict[str, Any]:
    """A contest as JSON has it: None for a number that there is not."""
    named = {**match._asdict(), "difference": [*match.difference]}
    return {name: None if isinstance(value, float) and isnan(value) else value for name, value in named.items()}


def _rehearse(job: Job, if_needed: bool, place: Path) -> int:
    """Look at the latest data in a folder that goes away, and say what would be done; the exit code of the look."""
    before = champion(job) if connection.exists(job.root) else Champion(None, None, False)
    _say(f"1. The latest data are looked at in a copy that goes away; {before} answers.")
    latest = looked(job, before, place, rehearsed=True)
    if latest.code:
        _say(f"2. That is where it would end, with exit code {latest.code}: {latest.reason}")
        return latest.code
    entry, need = Retrainings(job.ledger).unfinished, _need(before, latest, if_needed)
    if not (entry or need):
        _say(f"2. Nothing would be trained: monitoring says {latest.verdict}. {latest.reason}")
        return DONE
    why = f"The retraining that began at {entry['started']} was not finished." if entry else need
    _say(
        f"2. The whole series would be run in {shown(job.results)}, and keep what would come out the same. {why}\n"
        f"3. Its release would be held against its gates: one that fails ends it with exit code {REFUSED}.\n"
        f"4. {_contest(before)}\n"
        "5. It would become the champion, and ledger, registry and the last line of this command would say why.\n"
        "Nothing was changed but the note of this look."
    )
    return DONE


def _contest(before: Champion) -> str:
    if before.version is None:
        return "There is no champion to hold it against."
    return (
        f"It would be held against version {before.version} on the same customers of the latest day whose outcomes are "
        f"known: one that is worse ends it with exit code {REFUSED}."
    )


def _say(text: str) -> None:
    print(text, flush=True)  # before what the child prints
