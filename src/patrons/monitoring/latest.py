"""What 01, 02 and 08 say about the latest data, before anything is trained on them."""

import re
from pathlib import Path
from typing import Any, NamedTuple

from patrons.files import read_json, read_record
from patrons.monitoring import aside, child

VERDICTS = NONE, WATCH, RETRAIN = "none", "watch", "retrain"
DATA, WATCHER = ("01_eda", "02_transformation"), "08_monitoring"
FAILED, BAD_DATA = 1, 2  # exit codes
REFUSALS = frozenset(  # what 01 and 02 refuse data with: `SourceError`, `FeaturesError`, and those derived from them
    f"{name}Error"
    for name in (
        *("Customers", "Dates", "Features", "Malformed", "NoRows", "Numbers", "Orders", "Roster", "Source"),
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


def look(root: Path, params: Path, place: Path, watched: bool, rehearsed: bool) -> Latest:
    """Run 01, 02 and 08 on the latest data, in a copy of the results.

    Parameters
    ----------
    root, params, place : Path
        The project, the params file, and the folder for the copy (see `aside.prepare`).
    watched : bool
        Whether there is a champion, or results, for 08 to compare with.
    rehearsed : bool
        Whether MLflow is to get nothing of it.
    """
    copied = aside.prepare(root, params, place, tracked=not rehearsed)
    stages = ",".join(stage[:2] for stage in (*DATA, *[WATCHER] * watched))
    untracked = ["--no-track"] * (rehearsed or not watched)
    try:
        code = child.run(root, [str(copied), "--only", stages, "--resume", *untracked], place)
    finally:
        aside.forget(place)
    results = place / "data" / "processed" / params.stem
    if code > FAILED:
        return Latest(code, "", "the parameters or the source are not as they must be" if code == BAD_DATA else "")
    if trouble := _failure(results):
        return trouble
    return _verdict(results) if watched else Latest(0, "", "")


def _failure(results: Path) -> Latest | None:
    """What went wrong in which notebook, and whether the data are to blame; None where nothing did."""
    stages = read_record(results).get("stages", {})
    asked = [stage for stage in (*DATA, WATCHER) if stages.get(stage, {}).get("status") == "failed"]
    if not asked:
        return None
    stage, error = asked[0], str(stages[asked[0]]["error"])
    refused = stage in DATA and REFUSED.match(error)
    return Latest(
        BAD_DATA if refused else FAILED, "", f"{stage} {'refuses the data' if refused else 'failed'}: {error}"
    )


def _verdict(results: Path) -> Latest:
    record = monitoring(results)
    if broken := record.get("broken"):
        return Latest(BAD_DATA, record["verdict"], " ".join(broken))
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
            f"again: python run_all.py {results.name} --only {WATCHER[:2]}"
        )
    return record
