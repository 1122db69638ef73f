"""A retraining that is killed anywhere and started again ends as one that nobody has disturbed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("kill_retraining.py")
MOMENTS = {
    "copy#1": "while the results are copied",
    "wait#1": "while the latest data are looked at",
    "begin#1": "before the decision is in the log",
    "wait#2": "while the series runs",
    "note#1": "before the run is in the log",
    "version#1": "when the candidate is stored, and is no version yet",
    "note#2": "before the candidate is in the log",
    "log#1": "before the registry's log announces the promotion",
    "alias#2": "when it is announced, and nothing has changed",
    "alias#3": "when the former champion is marked, and still answers",
    "unalias#1": "when the new champion answers, and is still a candidate",
    "tag#1": "before the version says why it was trained",
    "close#1": "before the outcome is in the log",
}


def ended(folder: Path, *moments: str) -> list[dict]:
    """How each retraining ended that was killed at one of the moments and started again."""
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(folder), *moments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def judge(how: dict) -> None:
    """One new champion, one new version, one promotion in the registry's log, one entry in that of retrainings."""
    told = how["told"]
    assert how["codes"] == ([0, 0] if how["moment"] == "none" else [-9, 0]), told
    assert how["aliases"] == {"champion": 2, "previous": 1}, told
    assert how["versions"] == 2, told
    assert how["log"] == [["promote", None, 1], ["promote", 1, 2]], told
    (entry,) = how["entries"]
    assert how["unfinished"] == []
    assert (entry["champion_before"]["version"], entry["champion_after"]["version"], entry["exit_code"]) == (1, 2, 0)


@pytest.mark.drill(seconds=35)
def test_killed_at_any_of_thirteen_moments_it_ends_in_the_same_state(tmp_path):
    undisturbed, *others = ended(tmp_path, "none", *MOMENTS)
    judge(undisturbed)
    for how in others:
        judge(how)
        goes_on = how["moment"] not in ("copy#1", "wait#1", "begin#1", "unalias#1", "tag#1", "close#1")
        assert ("was not finished: it goes on" in how["told"]) == goes_on, how["told"]
        assert how["entries"] == undisturbed["entries"], MOMENTS[how["moment"]]
