"""Which release answers: the champion, until a candidate does as well on the same test rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from patrons.errors import PATRONS
from patrons.evaluation.metrics import Interval, roc_auc
from patrons.evaluation.scores import RANKING, difference
from patrons.files import read_json
from patrons.models import load_model
from patrons.scoring import Scorer, release
from patrons.scoring.build import current
from patrons.scoring.content import OUTCOME, TESTED
from patrons.scoring.release import TEST
from patrons.tracking.decisions import CHAMPION, failed_gates
from patrons.tracking.registry import Registry
from patrons.tracking.versions import RegistryError

Record = Mapping[str, Any]  # of a churn model


class Contest(NamedTuple):
    """How a candidate did.

    Attributes
    ----------
    candidate, champion : float
        ROC AUC of the churn forecast.
    difference : Interval
        Candidate minus champion, paired over the same resampled customers.
    rows : int
        Customers that both have scored.
    day : str
        The latest day whose outcomes are known, on which they are described; empty of a customer table.
    learnt : tuple of str
        The days by which the outcomes were known that candidate and champion have learnt from; empty where unknown.
    left_out : int
        Customers that one of the two cannot score.
    brier : Interval
        Of the Brier score, candidate minus champion, paired alike: above 0 it is worse. A candidate can rank as well
        and still say probabilities that are further off, after a season that is out of the ordinary.
    """

    candidate: float
    champion: float
    difference: Interval
    rows: int
    day: str = ""
    learnt: tuple[str, str] = ("", "")
    left_out: int = 0
    brier: Interval = Interval(0.0, 0.0, 0.0)

    @property
    def holds(self) -> bool:
        """Whether nothing shows that the candidate is worse than the champion, in rank or in probability."""
        return self.difference.high >= 0 and self.brier.low <= 0

    @property
    def fairness(self) -> str:
        """What each may have learnt about these customers, as a phrase."""
        if not self.day:
            return "the champion may have learnt from some of them"
        candidate, champion = (f"outcomes up to {day}" if day else "nobody knows what" for day in self.learnt)
        unfair = ", and so may know theirs" if not self.learnt[1] or self.learnt[1] > self.day else ""
        return f"the candidate had learnt {candidate}, the champion {champion}{unfair}"

    def __str__(self) -> str:
        of = f"of {self.day}" if self.day else "who were held out"
        left_out = f", {self.left_out:,} are left out as one of the two cannot score them" if self.left_out else ""
        if np.isnan(self.candidate):
            return (
                f"it cannot be compared with the champion: the {self.rows:,} customers {of} that both can score do not "
                f"have both outcomes{left_out}"
            )
        verb = "is worse than" if not self.holds else "beats" if self.difference.low > 0 else "matches"
        further = f"; its probabilities are further off, Brier score {self.brier}" if self.brier.low > 0 else ""
        return (
            f"the candidate {verb} the champion on the same {self.rows:,} customers {of}: ROC AUC {self.candidate:.3f} "
            f"against {self.champion:.3f}, difference {self.difference}{further}; {self.fairness}{left_out}"
        )


def contest(candidate: Path, champion: Path) -> Contest:
    """Score the candidate's test rows of customers who could be kept with both; what either cannot score is left out.

    Of a log these are customers of the latest day whose outcomes are known. The candidate as it was tested: what it
    would be used as has learnt from these rows. The champion as it is used, where it has learnt nothing later than that
    day; else as it was tested, too. Where a table has no dates, that may have learnt from some of these rows, which
    favours the champion.
    """
    new_record, old_record = (read_json(folder / "churn.json") for folder in (candidate, champion))
    rows = _judged(pd.read_parquet(candidate / TEST), new_record.get("horizon_days"))
    tested = _has_learnt(old_record, new_record)
    scorers = {"candidate": as_tested(candidate), "champion": as_tested(champion) if tested else Scorer.load(champion)}
    scores = pd.DataFrame({name: scorer.score_rows(rows).churn_probability for name, scorer in scorers.items()})
    scored = scores.notna().all(axis=1)
    truth = rows.loc[scored, OUTCOME].to_numpy()
    learnt = (_learnt(candidate, new_record, True), _learnt(champion, old_record, tested))
    terms = (len(truth), new_record.get("test_day") or "", learnt, len(rows) - len(truth))
    if len(set(truth)) < 2:
        return Contest(np.nan, np.nan, Interval(-1.0, -1.0, -1.0), *terms)
    new, old = (scores.loc[scored, name].to_numpy() for name in ("candidate", "champion"))
    gain, loss = (difference(RANKING[name], truth, new, old) for name in ("roc_auc", "brier"))
    return Contest(roc_auc(truth, new), roc_auc(truth, old), gain, *terms, loss)


def _judged(rows: pd.DataFrame, horizon_days: int | None) -> pd.DataFrame:
    """The test rows of those who could be kept; all of a customer table, or where these had one outcome only."""
    if horizon_days is None or "recency_days" not in rows:
        return rows
    kept = rows[rows.recency_days <= horizon_days]
    return kept.reset_index(drop=True) if kept[OUTCOME].nunique() > 1 else rows


def as_tested(folder: Path) -> Scorer:
    """The scorer of a release with the churn model that was tested, which has not learnt from the test's rows."""
    scorer, path = Scorer.load(folder), folder / TESTED
    if not path.exists():
        return scorer  # made when what was tested was used
    return Scorer(folder, scorer.manifest, {**scorer.models, "churn": load_model(path)})


def _has_learnt(champion: Record, candidate: Record) -> bool:
    """Whether a champion in use may have learnt from the days that a candidate was tested on."""
    until, tested_on = champion.get("learnt_until"), candidate.get("test_day")
    return until is None or tested_on is None or until > tested_on


def _learnt(folder: Path, record: Record, tested: bool) -> str:
    """The day by which the outcomes were known that a churn model has learnt: as it was tested, or as it is used."""
    day = record.get("test_day" if tested and (folder / TESTED).exists() else "learnt_until")
    return str(day or "")


class Serving(NamedTuple):
    """The release that answers for a series.

    Attributes
    ----------
    folder : Path
    promoted : bool
        Whether it is the champion, and not that of the last results.
    description : str
    """

    folder: Path
    promoted: bool
    description: str


def serving(name: str, root: Path, unpromoted: bool = True) -> Serving:
    """The champion; where nothing was ever promoted, the release of the last results.

    Parameters
    ----------
    name : str
        The series.
    root : Path
        The project's folder.
    unpromoted : bool
        Whether results may answer that nobody has promoted.

    Raises
    ------
    RegistryError
        Where there was a champion and is none now: nothing else is taken in its place.
    """
    processed, registry = root / "data" / "processed" / name, Registry(name, root)
    copies = processed / "releases"
    if (folder := champion(name, root)) is not None:
        return Serving(folder, True, f"champion {release.read(folder)['id']}")
    if release.copies(copies):
        raise RegistryError(
            f"{registry.model} has had a champion (data/processed/{name}/releases has copies), and MLflow has none. "
            "Is it the right MLflow (MLFLOW_TRACKING_URI)? If so, delete that folder, or promote a version: "
            f"{PATRONS} models promote {name}"
        )
    if not unpromoted:
        raise RegistryError(
            f"No release of {name} is promoted, and its last results may not answer here (--allow-unpromoted "
            f"lets them, unless this service has had a champion). Promote one: {PATRONS} models promote {name}"
        )
    folder = current(processed)
    return Serving(folder, False, f"release {release.read(folder)['id']} of the last results; no champion was promoted")


def champion(name: str, root: Path) -> Path | None:
    """A copy of the champion, None where nothing was ever promoted."""
    registry = Registry(name, root)
    if not registry.had_champion():
        return None
    return _fetched(registry, CHAMPION, root / "data" / "processed" / name / "releases")


def _fetched(registry: Registry, which: str | int, copies: Path) -> Path:
    """A copy of a release among those of earlier champions, of which the last few are kept."""
    folder = registry.fetch(which, copies)
    release.prune(copies, spared=[folder])
    return folder


class Judgement(NamedTuple):
    """What speaks for the release of the last results, or against it.

    Attributes
    ----------
    version : int
        Its version.
    release : str
        Its id.
    champion : int or None
        The version that answers.
    failed : list of str
        Gates that it has failed.
    match : Contest or None
        How it did against the champion, or the last champion that is left; None where it came to no contest.
    why : str
        The reason of what was decided, as a phrase.
    """

    version: int
    release: str
    champion: int | None
    failed: list[str]
    match: Contest | None
    why: str

    @property
    def is_champion(self) -> bool:
        """Whether it answers already."""
        return self.champion == self.version

    @property
    def refused(self) -> bool:
        """Whether it may not become champion: a gate has failed, or it is worse."""
        return not self.is_champion and (bool(self.failed) or (self.match is not None and not self.match.holds))

    def outcome(self, name: str) -> str:
        """What comes of it, a sentence, for a series of this name."""
        version = f"ersion {self.version} of {name}"
        if self.is_champion:
            return f"V{version} is the champion already."
        if self.refused:
            return f"Not promoted: v{version} remains the candidate, as {self.why}."
        return f"Promoted: v{version} is the champion; {self.why}."


def judge(name: str, root: Path) -> Judgement:
    """Register the release of the last results as the candidate, and hold it against its gates and the champion."""
    registry, folder = Registry(name, root), current(root / "data" / "processed" / name)
    number, manifest = registry.register(folder), release.read(folder)
    line = registry.state().line
    judgement = Judgement(number, manifest["id"], line.champion, [], None, "it is the champion already")
    if judgement.is_champion:
        return judgement
    if failed := failed_gates(manifest):
        return judgement._replace(failed=failed, why="; ".join(failed))
    if line.all:  # its last is the champion or, where that was deleted, the one before it
        match = contest(folder, _fetched(registry, line.all[-1], folder.with_name("releases")))
        return judgement._replace(match=match, why=str(match))
    return judgement._replace(why="the first champion" if line.logged is None else "no earlier champion is left")


def carry_out(name: str, root: Path, judgement: Judgement, because: str = "") -> str:
    """Promote what was judged, unless it was refused or is the champion already; what came of it, as a sentence.

    Parameters
    ----------
    because : str
        What led to it, for the log of the registry.
    """
    if not (judgement.is_champion or judgement.refused):
        Registry(name, root).promote(judgement.version, why="; ".join(filter(None, [because, judgement.why])))
    return judgement.outcome(name)


def promote_results(name: str, root: Path) -> str:
    """Promote the release of the last results if its gates pass and the champion is no better; returns a sentence."""
    return carry_out(name, root, judge(name, root))
