"""Which release answers: the champion, until a candidate does as well on the same test rows."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from patrons.evaluation.metrics import Interval, roc_auc
from patrons.evaluation.scores import RANKING, difference
from patrons.files import read_json
from patrons.models import load_model
from patrons.scoring import Scorer, release
from patrons.scoring.build import current
from patrons.scoring.content import OUTCOME, TESTED
from patrons.scoring.release import TEST
from patrons.tracking.decisions import CHAMPION, failed_gates
from patrons.tracking.registry import Registry, RegistryError


class Contest(NamedTuple):
    """How a candidate did.

    Attributes
    ----------
    candidate, champion : float
        ROC AUC of the churn forecast.
    difference : Interval
        Candidate minus champion, paired over the same resampled rows.
    rows : int
    """

    candidate: float
    champion: float
    difference: Interval
    rows: int

    @property
    def holds(self) -> bool:
        """Whether the candidate beats the champion, or nothing shows that it is worse."""
        return self.difference.high >= 0

    def __str__(self) -> str:
        verb = "beats" if self.difference.low > 0 else "matches" if self.holds else "is worse than"
        return (
            f"the candidate {verb} the champion on {self.rows:,} test rows: ROC AUC {self.candidate:.3f} against "
            f"{self.champion:.3f}, difference {self.difference}"
        )


def contest(candidate: Path, champion: Path) -> Contest:
    """Score the candidate's test rows of customers who could be kept with both; what either cannot score is left out.

    The candidate as it was tested: what it would be used as has learnt from these rows. The champion as it is used,
    where it has learnt nothing later than the test day; else as it was tested, too. Where a table has no dates, that
    may have learnt from some of these rows, which favours the champion.
    """
    rows = _judged(pd.read_parquet(candidate / TEST), read_json(candidate / "churn.json").get("horizon_days"))
    old_scorer = as_tested(champion) if _has_learnt(champion, candidate) else Scorer.load(champion)
    scorers = {"candidate": as_tested(candidate), "champion": old_scorer}
    scores = pd.DataFrame({name: scorer.score_rows(rows).churn_probability for name, scorer in scorers.items()})
    scored = scores.notna().all(axis=1)
    truth = rows.loc[scored, OUTCOME].to_numpy()
    new, old = (scores.loc[scored, name].to_numpy() for name in ("candidate", "champion"))
    if len(set(truth)) < 2:
        return Contest(float("nan"), float("nan"), Interval(-1.0, -1.0, -1.0), len(truth))
    gain = difference(RANKING["roc_auc"], truth, new, old)
    return Contest(roc_auc(truth, new), roc_auc(truth, old), gain, len(truth))


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


def _has_learnt(champion: Path, candidate: Path) -> bool:
    """Whether a champion in use may have learnt from the days that a candidate was tested on."""
    until, tested_on = (
        read_json(folder / "churn.json").get(name)
        for folder, name in ((champion, "learnt_until"), (candidate, "test_day"))
    )
    return until is None or tested_on is None or until > tested_on


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
            f"patrons models promote {name}"
        )
    if not unpromoted:
        raise RegistryError(
            f"No release of {name} is promoted, and its last results may not answer here (--allow-unpromoted "
            f"lets them, unless this service has had a champion). Promote one: patrons models promote {name}"
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


def promote_results(name: str, root: Path) -> str:
    """Promote the release of the last results if its gates pass and the champion is no better; returns a sentence."""
    registry, folder = Registry(name, root), current(root / "data" / "processed" / name)
    number = registry.register(folder)
    if failed := failed_gates(release.read(folder)):
        return f"Not promoted: version {number} of {name} remains the candidate, as {'; '.join(failed)}."
    line = registry.state().line
    if line.champion == number:
        return f"Version {number} of {name} is the champion already."
    why = "the first champion" if line.logged is None else "no earlier champion is left"
    if line.all:  # its last is the champion or, where that was deleted, the one before it
        match = contest(folder, _fetched(registry, line.all[-1], folder.with_name("releases")))
        why = str(match)
        if not match.holds:
            return f"Not promoted: version {number} of {name} remains the candidate, as {why}."
    registry.promote(number, why=why)
    return f"Promoted: version {number} of {name} is the champion; {why}."
