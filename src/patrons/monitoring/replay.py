"""What the champion would have said on days before anything was kept, and the days on which its release was tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from patrons.churn.split import probability
from patrons.features.panel import KNOWN, OUTCOME
from patrons.files import read_json
from patrons.monitoring.matured import KEPT, REPLAYED, TRIED
from patrons.monitoring.outcomes import Log, of_log
from patrons.scoring import Scorer

SAMPLE = 20_000  # customers at most who are scored on earlier days
COLUMNS = ("customer_id", "day", "probability", "flagged", "active", "churned", "origin", "release")
MOST_LISTED = 3  # features named in a sentence


@dataclass(frozen=True)
class Replay:
    """The champion's answers on earlier days.

    Attributes
    ----------
    rows : DataFrame
        A scored frame (see `matured`) of origin `replayed`, with `horizon_days`, and where the champion forecasts spend
        with `expected_spend` and `value_horizon_days`. A champion forecasts spend at the level of the season that it
        was made in, on earlier days as on later ones.
    note : str
        Why nothing can be replayed, or what is to be known of it; empty too where no later day has matured yet.
    """

    rows: pd.DataFrame
    note: str = ""


def replayed(
    champion: Scorer | Path | str,
    panel: pd.DataFrame,
    record: Mapping[str, Any] | None = None,
    dictionary: pd.DataFrame | None = None,
) -> Replay:
    """What a champion says of customers on those days of a panel whose outcomes it cannot have learnt.

    These are the days on or after the last day whose outcomes it has learnt (`learnt_until`). Beyond `SAMPLE` customers
    so many are scored, drawn with a fixed seed, the same on every day.

    Parameters
    ----------
    champion : Scorer, or the folder of a release
        "" where there is none: the last results have learnt every known outcome, so nothing is left to replay.
    panel : DataFrame
        Of 02.
    record : mapping, optional
        The champion's ``churn.json``; read from its folder unless given.
    dictionary : DataFrame, optional
        The data dictionary of the panel. A feature that means something else than in the champion's own is refused.
    """
    if KNOWN not in panel:
        return Replay(empty(), "A customer table has no earlier days to replay.")
    if not champion:
        return Replay(empty(), "There is no champion to replay: the last results have learnt every known outcome.")
    scorer = champion if isinstance(champion, Scorer) else Scorer.load(champion)
    record = record or read_json(scorer.folder / "churn.json", {})
    if problem := _problem(scorer, panel, record, dictionary):
        return Replay(empty(), f"The champion cannot be asked about earlier days: {problem}")
    rows = panel[panel.as_of >= pd.Timestamp(record["learnt_until"])]
    if rows.empty:
        return Replay(empty())
    few = _sampled(rows)
    told = f"{SAMPLE:,} customers, drawn at random, were scored on earlier days." if len(few) < len(rows) else ""
    return Replay(_answers(scorer, few), told)


def _problem(scorer: Scorer, panel: pd.DataFrame, record: Mapping[str, Any], dictionary: pd.DataFrame | None) -> str:
    """Why the champion cannot score a panel, a sentence with the next step; empty where it can."""
    if not record.get("learnt_until"):
        return "its churn.json does not say what it has learnt. Build the release anew."
    own, found = record.get("horizon_days"), int((panel[KNOWN] - panel.as_of).dt.days.iloc[0]) if len(panel) else None
    if found is not None and own != found:
        return (
            f"it forecasts {own} days, and the panel follows {found}. Run the series with the champion's horizon_days."
        )
    lacking = [one.name for one in scorer.features if one.name not in panel]
    if lacking:
        return f"the panel lacks {_listed(lacking)}, which it takes. Run 02 with the champion's parameters."
    changed = _changed(scorer, dictionary)
    if changed:
        return f"{_listed(changed)} means something else now. Train anew, or run 02 with the champion's parameters."
    return ""


def _changed(scorer: Scorer, dictionary: pd.DataFrame | None) -> list[str]:
    """The champion's features whose unit or meaning is another one in the dictionary of the panel."""
    if dictionary is None:
        return []
    now = dict(zip(dictionary.feature, zip(dictionary.unit, dictionary.meaning, strict=True), strict=True))
    own = {one.name: (one.unit, one.meaning) for one in scorer.features}
    return [name for name, told in own.items() if now.get(name, told) != told]


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _sampled(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.groupby("as_of").size().max() <= SAMPLE:
        return rows
    owners = rows.customer_id.unique()
    some = np.random.default_rng(0).choice(np.sort(owners.astype(str)), SAMPLE, replace=False)
    return rows[rows.customer_id.isin(some)]


def _answers(scorer: Scorer, rows: pd.DataFrame) -> pd.DataFrame:
    """A scored frame; customers whose values the champion cannot use are left out, as they get no answer from it."""
    inputs, error = scorer.reader.table(rows)
    good = error.isna().to_numpy()
    rows, inputs = rows[good], inputs[good]
    churn, value = scorer.models["churn"], scorer.models.get("value")
    score = probability(churn, inputs[list(churn.feature_names_in_)])
    horizon = (rows[KNOWN] - rows.as_of).dt.days
    scored = {
        "customer_id": rows.customer_id.astype("str"),
        "day": rows.as_of,
        "probability": score,
        "flagged": pd.array(scorer.answers.flags(score), "boolean"),
        "active": (rows.recency_days <= horizon).astype("boolean"),
        "churned": rows[OUTCOME].astype("float64"),
        "origin": REPLAYED,
        "release": scorer.manifest["id"],
    }
    if value is not None:
        scored["expected_spend"] = value.predict(inputs[list(value.feature_names_in_)])
        scored["value_horizon_days"] = value.horizon_days
    return pd.DataFrame(scored | {"horizon_days": horizon}).reset_index(drop=True)


def with_spend(rows: pd.DataFrame, log: Log) -> pd.DataFrame:
    """Replayed rows with `spend`: what customers spent within the horizon of values, missing where it has not passed.

    Rows without a forecast of spend come back as they are.
    """
    if rows.empty or "expected_spend" not in rows:
        return rows
    return rows.assign(spend=of_log(rows, log).spend)


def tried_as_scored(tried: pd.DataFrame, release: str = "") -> pd.DataFrame:
    """The rows on which a release was tried (``tried.parquet``) as a scored frame of origin `tried`.

    Who was flagged is missing on days for which no threshold was known.
    """
    flagged = (tried.score >= tried.threshold).astype("boolean").mask(tried.threshold.isna())
    day = tried.as_of if "as_of" in tried else pd.Series(pd.NaT, tried.index, dtype="datetime64[us]")
    active = tried.active if "as_of" in tried else pd.Series(pd.NA, tried.index)
    columns = {
        "customer_id": tried.customer_id.astype("str"),
        "day": pd.to_datetime(day),
        "probability": tried.score,
        "flagged": flagged,
        "active": active.astype("boolean"),
        "churned": tried[OUTCOME].astype("float64"),
        "origin": TRIED,
        "release": release,
    }
    return pd.DataFrame(columns).reset_index(drop=True)


def of_today(
    churn_scores: pd.DataFrame, today: pd.DataFrame, record: Mapping[str, Any], release: str = ""
) -> pd.DataFrame:
    """Today's scores of 06 as a scored frame without outcomes, for an estimate where nothing is kept yet.

    Parameters
    ----------
    churn_scores : DataFrame
        ``churn_scores.parquet``.
    today : DataFrame
        ``features.parquet``.
    record : mapping
        ``churn.json``.
    """
    rows = churn_scores.merge(today[[name for name in ("customer_id", "as_of", "recency_days") if name in today]])
    horizon, of_log = record.get("horizon_days"), "as_of" in rows and record.get("horizon_days")
    columns = {
        "customer_id": rows.customer_id.astype("str"),
        "day": rows.as_of if "as_of" in rows else pd.NaT,
        "probability": rows.churn_probability,
        "flagged": rows.flagged.astype("boolean"),
        "active": (rows.recency_days <= horizon).astype("boolean") if of_log else pd.NA,
        "churned": np.nan,
        "origin": KEPT,
        "release": release,
    }
    return pd.DataFrame(columns)


def empty() -> pd.DataFrame:
    """A scored frame without rows."""
    kinds = ("str", "datetime64[us]", "float64", "boolean", "boolean", "float64", "str", "str")
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in zip(COLUMNS, kinds, strict=True)})
