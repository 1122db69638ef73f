"""What 01, 02 and 08 say about the latest data, before anything is trained on them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from patrons.errors import RUN_ALL
from patrons.files import read_json, read_record, write_json
from patrons.monitoring import aside, broken, child
from patrons.monitoring.verdict_narrative import NONE, RETRAIN, WATCH
from patrons.tracking import promotion

VERDICTS = NONE, WATCH, RETRAIN
DATA, WATCHER = ("01_eda", "02_transformation"), "08_monitoring"
FAILED, BAD_DATA = 1, 2  # exit codes
LOOKED = "looked.json"
REFUSALS = frozenset(  # what 01 and 02 refuse data with: `SourceError`, `FeaturesError`, and those derived from them
    f"{name}Error"
    for name in (
        *("Customers", "Dates", "Exists", "Features", "Malformed", "NoRows", "Numbers", "Orders", "Roster", "Source"),
        *("Flag", "Outcomes"),
    )
)
REFUSED = re.compile(rf"(?:cell \d+: )?(?:{'|'.join(sorted(REFUSALS))}): ")


class MonitoringError(ValueError):
    """08 left nothing that can be acted on."""


class Latest(NamedTuple):
    """What is known of the latest data.

    Attributes
    ----------
    code : int
        0 where they can be trained on, 2 where they are bad, 1 where a notebook failed; of a signal 128 and its number.
    verdict : str
        One of `VERDICTS`; empty where 08 was not asked.
    reason : str
        A sentence: that of the verdict, or what is wrong.
    """

    code: int
    verdict: str
    reason: str


def look(root: Path, params: Path, place: Path, watched: bool, promoted: bool, rehearsed: bool) -> Latest:
    """Run 01, 02 and 08 on the latest data, in a copy of the results.

    Parameters
    ----------
    root, params, place : Path
        The project, the params file, and the folder for the copy (see `aside.prepare`).
    watched : bool
        Whether there are results of a whole series, which 08 needs.
    promoted : bool
        Whether there is a champion.
    rehearsed : bool
        Whether MLflow is to get nothing of it.
    """
    name = params.stem
    copied, results = aside.prepare(root, params, place, tracked=not rehearsed), place / "data" / "processed" / name
    stages = ",".join(stage[:2] for stage in (*DATA, *[WATCHER] * watched))
    untracked = ["--no-track"] * (rehearsed or not watched)
    try:
        code = child.run(root, [str(copied), "--only", stages, "--resume", *untracked], place)
    finally:
        aside.forget(place)
    if code > FAILED:
        return Latest(code, "", "the parameters or the source are not as they must be" if code == BAD_DATA else "")
    if trouble := _failure(results, DATA):
        return trouble
    earlier = root / "data" / "processed" / name if watched else None
    if sentences := broken_data(promotion.champion(name, place) if promoted else earlier, results):
        return Latest(BAD_DATA, "", " ".join(sentences))
    return (_failure(results, (WATCHER,)) or _verdict(results)) if watched else Latest(0, "", "")


def note(ledger: Path, results: Path, latest: Latest, at: str) -> None:
    """Note what a look has found in ``looked.json`` of the ledger, without customers; one that was stopped leaves none.

    Parameters
    ----------
    ledger, results : Path
        The ledger of the series, and the copy of its results in which was looked.
    latest : Latest
    at : str
        When (ISO 8601).
    """
    if latest.code > BAD_DATA:
        return
    about = read_json(results / WATCHER / "monitoring.json", {}) if latest.verdict else {}
    numbers = {name: about.get(name) for name in ("verdict", "features", "drifted_features")}
    broken_ways = len(about["broken"]) if about else None
    write_json(ledger / LOOKED, {"at": at, "code": latest.code, **numbers, "broken": broken_ways})


def broken_data(reference: Path | None, results: Path) -> list[str]:
    """What is broken in the latest data beside those of a champion or of earlier results, as sentences."""
    return [] if reference is None else [one.sentence for one in broken.check(reference, results)]


def _failure(results: Path, stages: Sequence[str]) -> Latest | None:
    """Which of some notebooks failed, how, and whether the data are to blame; None where none did."""
    records = read_record(results).get("stages", {})
    stage = next((stage for stage in stages if records.get(stage, {}).get("status") == "failed"), None)
    if stage is None:
        return None
    error = str(records[stage]["error"])
    if stage in DATA and REFUSED.match(error):
        return Latest(BAD_DATA, "", f"{stage} refuses the data: {error}")
    return Latest(FAILED, "", f"{stage} failed: {error}")


def _verdict(results: Path) -> Latest:
    record = monitoring(results)
    if record.get("broken"):
        return Latest(BAD_DATA, record["verdict"], " ".join(record["broken"]))
    return Latest(0, record["verdict"], record["reason"])


def monitoring(results: Path) -> dict[str, Any]:
    """The record that 08 has left.

    Raises
    ------
    MonitoringError
        Where there is none, or it has no verdict.
    """
    record = read_json(results / WATCHER / "monitoring.json")
    if not isinstance(record, dict) or record.get("verdict") not in VERDICTS or "reason" not in record:
        raise MonitoringError(
            f"{WATCHER} has left no monitoring.json with a verdict ({', '.join(VERDICTS)}) and its reason. Run it "
            f"again: {RUN_ALL} {results.name} --only {WATCHER[:2]}"
        )
    return record
