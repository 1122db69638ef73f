"""Which release answers: the champion, and a candidate once it has held its own against that on the same test rows."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from patrons.evaluation.metrics import Interval, roc_auc
from patrons.evaluation.scores import RANKING, difference
from patrons.scoring import Scorer, release
from patrons.scoring import build as release_build
from patrons.scoring.content import OUTCOME
from patrons.scoring.release import TEST
from patrons.tracking.registry import CHAMPION, Registry, RegistryError, failed_gates


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
        """Whether the champion is beaten, or nothing shows that the candidate is worse."""
        return self.difference.high >= 0

    def __str__(self) -> str:
        words = "beats" if self.difference.low > 0 else "matches" if self.holds else "is worse than"
        return (
            f"the candidate {words} the champion on {self.rows:,} test rows: ROC AUC {self.candidate:.3f} against "
            f"{self.champion:.3f}, difference {self.difference}"
        )


def contest(candidate: Path, champion: Path) -> Contest:
    """Score the candidate's test rows with both; rows that either cannot score count for neither.

    Where a table has no dates the champion may have learnt from some of these rows, which speaks for it alone.
    """
    rows = pd.read_parquet(candidate / TEST)
    said = pd.DataFrame(
        {
            name: Scorer.load(folder).score_rows(rows).churn_probability
            for name, folder in (("candidate", candidate), ("champion", champion))
        }
    )
    scored = said.notna().all(axis=1)
    truth = rows.loc[scored, OUTCOME].to_numpy()
    new, old = (said.loc[scored, name].to_numpy() for name in ("candidate", "champion"))
    if len(set(truth)) < 2:
        return Contest(float("nan"), float("nan"), Interval(-1.0, -1.0, -1.0), len(truth))
    gain = difference(RANKING["roc_auc"], truth, new, old)
    return Contest(roc_auc(truth, new), roc_auc(truth, old), gain, len(truth))


def serving(name: str, root: Path) -> tuple[Path, str]:
    """The release that answers for a series, and what it is: the champion, or without one that of the last results."""
    processed = root / "data" / "processed" / name
    try:
        folder = Registry(name, root).fetch(CHAMPION, processed / "releases")
        return folder, f"champion {release.read(folder)['id']}"
    except RegistryError:  # nothing was promoted: a user who only ran the series is served with what it made
        folder = release_build.current(processed)
        return folder, f"release {release.read(folder)['id']} of the last results; no champion was promoted"


def promote_results(name: str, root: Path) -> str:
    """Promote the release of the last results if its gates pass and the champion does no better; what was done."""
    registry, folder = Registry(name, root), release_build.current(root / "data" / "processed" / name)
    number = registry.register(folder)
    if failed := failed_gates(release.read(folder)):
        return f"Not promoted: version {number} of {name} remains the candidate, as {'; '.join(failed)}."
    told = "the first champion"
    if champion := registry.aliases().get(CHAMPION):
        if champion == number:
            return f"Version {number} of {name} is the champion already."
        match = contest(folder, registry.fetch(champion, folder.with_name("releases")))
        told = str(match)
        if not match.holds:
            return f"Not promoted: version {number} of {name} remains the candidate, as {told}."
    registry.promote(number, why=told)
    return f"Promoted: version {number} of {name} is the champion; {told}."
