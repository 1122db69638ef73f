"""What was said, as rows for the ledger: from the results of a series, from scored files, from answers of the API.

The day of a log is the one that customers were described on; of a table, which has none, it is the day on which they
were scored: of a series the one on which 06 wrote `churn_scores.parquet`, in UTC. A later run that uses it again, with
another 07 say, has scored nobody anew. Of a table those who have churned already are left out: nobody acts on their
score.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow.parquet as pq

from patrons.files import read_json, read_record, result_file, shown
from patrons.monitoring.columns import API as API
from patrons.monitoring.columns import PREDICT as PREDICT
from patrons.monitoring.columns import SCORES, SERIES
from patrons.monitoring.ledger import Ledger
from patrons.value import listing

CHURN, VALUE = "06_churn", "07_customer_value"
READ = {  # what rows of the results are made of, by notebook
    CHURN: ("churn_scores.parquet", "churn.json"),
    VALUE: ("values.parquet", "value.json", "actions.csv"),
    "04_label_creation": ("labels.parquet",),
    "02_transformation": ("features.parquet",),
}
ANSWERED = {"churn_probability": "probability", "segment_name": "segment", "as_of": "day"}


class Horizons(NamedTuple):
    """Days that a release forecasts: churn (None of a table) and spend (None where there is no value)."""

    churn: int | None
    value: int | None


def keep_results(processed: Path, folder: Path) -> str:
    """Keep the scores of a finished series, and what its log tells of earlier ones; those that are kept add nothing.

    Parameters
    ----------
    processed, folder : Path
        The results, such as ``data/processed/demo``, and the ledger, such as ``data/ledger/demo``.

    Returns
    -------
    str
        A sentence where there is something to say: the first time, and when old months were deleted.
    """
    record = read_record(processed)
    stages = record.get("stages", {})
    if not _usable(stages):
        return ""
    ledger, first = Ledger(folder), not (folder / "scores").is_dir()
    rows = of_results(processed, record)
    if not len(rows):
        return ""
    kept = ledger.keep(rows, address := _address(stages))
    for release in dict.fromkeys([str(record["run_id"]), release_of(processed, record)]):
        ledger.note(address, release)
    from patrons.monitoring import outcomes  # which reads logs, and needs what the image of the service does without

    if (log := outcomes.log_of(processed)) is not None:
        outcomes.record(ledger, log)
    said = [f"Kept in {shown(folder)}, for monitoring: the scores of {kept.rows:,} customers."] * (
        first and kept.rows > 0
    )
    said += [f"Deleted of {shown(folder)}, as too old: {', '.join(kept.deleted)}."] * bool(kept.deleted)
    return " ".join(said)


def _usable(stages: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether 06, and 07 where there is one, succeeded on what the others say now."""
    asked = [stages[name] for name in (CHURN, VALUE) if name in stages]
    written = {file: digest for stage in stages.values() for file, digest in (stage.get("outputs") or {}).items()}
    return CHURN in stages and all(
        stage["status"] == "succeeded" and not stage["stale"] and _is_of(stage, written) for stage in asked
    )


def _is_of(stage: Mapping[str, Any], written: Mapping[str, str]) -> bool:
    """Whether a notebook has read what the others have left: of a run in progress `stale` is not known yet."""
    return all(written.get(file, digest) == digest for file, digest in (stage.get("inputs") or {}).items())


def _address(stages: Mapping[str, Mapping[str, Any]]) -> str:
    """Of the results' content, so that what was made again and came out the same adds nothing."""
    written = {name: stage["outputs"] for name, stage in stages.items()}
    text = "\n".join(str(written.get(name, {}).get(file)) for name, files in READ.items() for file in files)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def of_results(processed: Path, record: Mapping[str, Any]) -> pd.DataFrame:
    """The scores that 06 and 07 left, as `Ledger.keep` takes them.

    The day of a table is that of the last change of `churn_scores.parquet` (UTC). It stays when the results are used
    again, renamed, linked or copied with their times; a copy that drops times counts as scored when it was made.

    Parameters
    ----------
    processed : Path
    record : dict
        `series.json`.
    """
    scores = _table(processed, "churn_scores.parquet", ["customer_id", "churn_probability", "flagged"])
    assert scores is not None
    scores = scores.rename(columns=ANSWERED).dropna(subset=["probability"])
    within = horizons(processed)
    for file, columns in (
        ("features.parquet", ["customer_id", "as_of", "recency_days"]),
        ("values.parquet", ["customer_id", "expected_spend"]),
        ("labels.parquet", ["customer_id", "segment"]),
        ("panel.parquet", ["customer_id", "churned"] if within.churn is None else []),
    ):
        if (table := _table(processed, file, columns)) is not None:
            scores = scores.merge(table, on="customer_id", how="left")
    scores = _with_arms(scores, listing.read(processed))
    if within.churn is None:
        scores = scores[scores.churned != 1] if "churned" in scores else scores
    else:
        scores["active"] = scores.recency_days <= within.churn
    scores = scores.rename(columns={"as_of": "day"}) if "as_of" in scores else scores.assign(day=_scored_on(processed))
    return _complete(scores, within, SERIES).assign(release=release_of(processed, record))


def _scored_on(processed: Path) -> pd.Timestamp:
    """The day on which 06 wrote the scores, in UTC."""
    path = result_file(processed, "churn_scores.parquet")
    assert path is not None
    return pd.Timestamp(datetime.fromtimestamp(path.stat().st_mtime, UTC).date())


def _table(processed: Path, file: str, columns: Sequence[str]) -> pd.DataFrame | None:
    """Those of some columns that a result has; None where it is not there, or none is wanted."""
    path = result_file(processed, file)
    if path is None or not columns:
        return None
    there = pq.read_schema(path).names
    return pd.read_parquet(path, columns=[name for name in columns if name in there])


def _with_arms(scores: pd.DataFrame, listed: pd.DataFrame | None) -> pd.DataFrame:
    """The scores with `arm` of the list of 07; None where there is no list, or one of before there were arms."""
    if listed is None or "arm" not in listed:
        return scores.assign(arm=None)
    return scores.assign(
        arm=scores.customer_id.astype("str").map(listed.dropna(subset="arm").set_index("customer_id").arm)
    )


def release_of(processed: Path, record: Mapping[str, Any]) -> str:
    """The id of the release that was made of these very results, else the id of the run."""
    manifest = read_json(processed / "release" / "release.json", {})
    run = str(record["run_id"])
    return str(manifest["id"]) if manifest.get("run_id") == run else run


def horizons(processed: Path) -> Horizons:
    """What the results of a series forecast."""
    found = [result_file(processed, name) for name in ("churn.json", "value.json")]
    return Horizons(*(read_json(path, {}).get("horizon_days") if path else None for path in found))


def stated(parameters: Mapping[str, Mapping[str, Any]]) -> Horizons:
    """What a release forecasts, by the parameters in its manifest; a customer table has no horizon of churn."""
    churn = parameters.get("02_transformation", {}).get("horizon_days")
    return Horizons(churn, parameters.get(VALUE, {}).get("value_horizon_days"))


def of_answers(answers: pd.DataFrame, within: Horizons, source: str) -> pd.DataFrame:
    """Answers of a scorer as `Ledger.keep` takes them; who could not be scored, or has no id, is left out.

    Parameters
    ----------
    answers : DataFrame
        `scorer.COLUMNS`, `release` and `as_of`.
    within : Horizons
        Of the release.
    source : {"predict", "api"}
    """
    known = answers[["customer_id", "as_of", "churn_probability"]].notna().all(axis=1)
    usable = answers.error.isna() & known & (answers.customer_id.astype(object) != "")
    return _complete(answers[usable].drop(columns="segment").rename(columns=ANSWERED), within, source)


class Batch:
    """Answers for a file of customers, collected as they are written, and kept once the file is complete.

    Parameters
    ----------
    parameters : dict
        Those of each notebook, as the manifest of the release that answers has them.
    folder : Path
        The ledger.
    """

    def __init__(self, parameters: Mapping[str, Mapping[str, Any]], folder: Path):
        self._within, self._ledger = stated(parameters), Ledger(folder)
        self._parts: list[pd.DataFrame] = []
        self._scored = 0

    def __call__(self, answers: pd.DataFrame) -> None:
        """Collect a part of the answers, as `of_answers` takes them."""
        self._scored += int(answers.error.isna().sum())
        self._parts.append(of_answers(answers, self._within, PREDICT))

    def keep(self) -> str:
        """Add them all, as one batch; a sentence on what was added."""
        rows = pd.concat(self._parts, ignore_index=True) if self._parts else pd.DataFrame()
        kept = self._ledger.keep(rows) if len(rows) else None
        nameless = self._scored - len(rows)
        said = f"Kept for monitoring in {shown(self._ledger.folder)}: {kept.rows if kept else 0:,} customers."
        said += " These very answers were kept before." * bool(kept and not kept.rows)
        return said + f" {nameless:,} without an id were not kept." * bool(nameless)


def of_records(answers: Sequence[Mapping[str, Any]], release: str, within: Horizons, day: date) -> pd.DataFrame:
    """Answers of the API, as `of_answers` has those of a file."""
    return of_answers(pd.DataFrame(answers).assign(release=release, as_of=day), within, API)


def _complete(rows: pd.DataFrame, within: Horizons, source: str) -> pd.DataFrame:
    constant = {"horizon_days": within.churn, "value_horizon_days": within.value, "source": source}
    rows = rows.assign(**constant, customer_id=rows.customer_id.astype(str))
    return rows.reindex(columns=[name for name in SCORES.names if name != "kept_at"])
