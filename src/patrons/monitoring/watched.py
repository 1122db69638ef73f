"""What is watched: the champion, or the last results where there is none, with all that was said of customers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from patrons.churn.split import probability
from patrons.files import read_json, read_record
from patrons.monitoring import moved, outcomes, replay
from patrons.monitoring.keeping import API, PREDICT
from patrons.monitoring.ledger import Ledger
from patrons.monitoring.matured import TRIED
from patrons.scoring import Scorer
from patrons.scoring.release import read as manifest_of

FEATURES = "02_transformation"
UNTRIED = (
    "The release that is watched does not hold the days on which it was tried, so later days cannot be compared with "
    "them: an earlier version of Patrons made it, or there was too little data. Promote one of this version."
)
SAMPLE = 20_000  # customers of a day
SAMPLED = f"Of each day {SAMPLE:,} customers, drawn at random, are looked at."
TRIED_COLUMNS = ("customer_id", "as_of", "churned", "score", "active", "threshold")
MOST_KEPT = 2_000_000  # rows of the ledger that are read; of more, those of a share of the customers


@dataclass(frozen=True)
class Watched:
    """A release, or the last results, and what it said.

    Attributes
    ----------
    release : str
        Its id; of results that no release was made of, that of their run.
    promoted : bool
        Whether it is the champion.
    record : mapping
        Its `churn.json`.
    value : mapping
        Its `value.json`, empty where there is none.
    scored : DataFrame
        A scored frame (see `matured`): the days on which it was tried, those that were replayed, those that were kept
        and have matured, whichever release said it.
    waiting : DataFrame
        The same of kept days that have not matured, and of today.
    notes : list of str
        What could not be had, and what is a sample.
    trained : Timestamp or None
        The last day whose outcomes it has learnt; None of a table.
    today : Timestamp or None
        The end of the log; None of a table.
    peak_months : list of int
        The shop's peak season as 02 was told; empty where it was told none.
    """

    release: str
    promoted: bool
    record: Mapping[str, Any]
    value: Mapping[str, Any]
    scored: pd.DataFrame
    waiting: pd.DataFrame
    notes: list[str]
    trained: pd.Timestamp | None
    today: pd.Timestamp | None
    peak_months: list[int]

    @property
    def own(self) -> pd.DataFrame:
        """What the release is judged by: the days on which it was tried, and what it said of days after its training.

        What a log's customers were told by `predict` or the API may be of a part of them, chosen by their answers: the
        replay of those days, and whole series, stand for it.
        """
        rows = self.scored
        later = rows.day >= self.trained if self.trained is not None else True
        part = rows.source.isin([PREDICT, API]) if "source" in rows and self.today is not None else False
        return rows[(rows.origin == TRIED) | ((rows.release == self.release) & later & ~pd.Series(part, rows.index))]

    @property
    def known(self) -> pd.Timestamp:
        """The last day that it may know of: of a log without outcomes to learn from, the end of it."""
        known = self.trained if self.trained is not None else self.today
        assert known is not None
        return known

    @property
    def horizon_days(self) -> int | None:
        """After which an outcome is known; None of a table."""
        return self.record.get("horizon_days")


class Places(NamedTuple):
    """Folders: of the results, of the ledger, and of the champion's release (empty where there is none)."""

    results: Path
    ledger: str
    champion: str


class Results(NamedTuple):
    """What 06 and 07 left: `churn.json`, `tried.parquet`, `churn_scores.parquet`, `value.json`."""

    record: Mapping[str, Any]
    tried: pd.DataFrame
    scores: pd.DataFrame
    value: Mapping[str, Any]


def read(path: Path) -> pd.DataFrame:
    """A panel, or a table of features, of `SAMPLE` customers of each day."""
    return moved.read(path, SAMPLE)


def watched(
    results: Results,
    panel: pd.DataFrame,
    today: pd.DataFrame,
    dictionary: pd.DataFrame,
    log: outcomes.Log | None,
    places: Places,
) -> Watched:
    """What 08 watches.

    Parameters
    ----------
    results : Results
        The last ones.
    panel, today : DataFrame
        What `read` gives of `panel.parquet` and `features.parquet`.
    dictionary : DataFrame
    log : Log or None
        The orders, of which a table has none.
    places : Places
    """
    scorer, series = Scorer.load(places.champion) if places.champion else None, read_record(places.results)
    run = str(series.get("run_id", ""))
    release, run = (scorer.manifest["id"], scorer.manifest["run_id"]) if scorer else (run, run)
    own = _of_release(scorer) if scorer else results
    replayed = replay.replayed(scorer or "", panel, own.record, dictionary)
    afterwards = replay.with_spend(replayed.rows, log) if log and len(replayed.rows) else replayed.rows
    kept = _kept(Ledger(places.ledger), log, release, run)
    scores = _scores(scorer, today) if scorer else results.scores
    now = replay.of_today(scores, today, own.record, release)
    notes = [replayed.note] if scorer and "as_of" in today and replayed.note else []
    notes += [UNTRIED] if own.tried.empty else []
    return Watched(
        release,
        scorer is not None,
        own.record,
        own.value,
        _together(replay.tried_as_scored(own.tried, release), afterwards.assign(release=release), kept[kept.due]),
        _together(kept[~kept.due & (kept.release == release) & (kept.day != now.day.max())], now),
        [*notes, *([SAMPLED] if len(now) < len(results.scores) else [])],
        pd.Timestamp(own.record["learnt_until"]) if own.record.get("learnt_until") else None,
        today.as_of.iloc[0] if "as_of" in today else None,
        series.get("stages", {}).get(FEATURES, {}).get("parameters", {}).get("peak_months", []),
    )


def _of_release(scorer: Scorer) -> Results:
    """What the release holds; nothing was tried of one that an earlier version of Patrons has made."""
    record, value = (read_json(scorer.folder / name, {}) for name in ("churn.json", "value.json"))
    tried = scorer.folder / "tried.parquet"
    rows = pd.read_parquet(tried) if tried.exists() else pd.DataFrame(columns=list(TRIED_COLUMNS))
    return Results(record, rows, pd.DataFrame(), value)


def _kept(ledger: Ledger, log: outcomes.Log | None, release: str, run: str) -> pd.DataFrame:
    """What the ledger holds, with what became of it: what the release said, whatever others said later, and the rest.

    Of a very large one what it says of a share of the customers.
    """
    share, names = min(1.0, MOST_KEPT / max(ledger.count(), 1)), ledger.names([release, run])
    own, last = (outcomes.scored(ledger, log, some, share) for some in (names, ()))
    return pd.concat([own.assign(release=release), last[~last.release.isin(names)]], ignore_index=True)


def _scores(scorer: Scorer, today: pd.DataFrame) -> pd.DataFrame:
    """Today's scores by the champion, as 06 writes them."""
    inputs, error = scorer.reader.table(today)
    churn, good = scorer.models["churn"], error.isna().to_numpy()
    score = probability(churn, inputs.loc[good, list(churn.feature_names_in_)])
    ids = today.customer_id[good]
    return pd.DataFrame({"customer_id": ids, "churn_probability": score, "flagged": scorer.answers.flags(score)})


def _together(*parts: pd.DataFrame) -> pd.DataFrame:
    some = [part for part in parts if len(part)]
    return pd.concat(some, ignore_index=True) if some else replay.empty()


def tested_on(champion: str, data: Mapping[str, Any]) -> pd.DataFrame:
    """The customers of a table that a champion was tested on; nobody where it was made from this very table.

    Parameters
    ----------
    data : mapping
        `dataset.json` of 01.
    """
    rows = pd.read_parquet(Path(champion) / "test.parquet")
    return rows[:0] if manifest_of(Path(champion))["data"].get("digest") == data.get("digest") else rows
