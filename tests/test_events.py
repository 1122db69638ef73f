"""Events of series, service and commands: one form, and a table in the docs that says all of them."""

import ast
import io
import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
from toy_series import notebook, params

import run_all
from patrons import events, files
from patrons.cli import main as command
from patrons.series import processes
from patrons.series.processes import Ending
from patrons.service import record
from patrons.tracking.registry import Registry
from patrons.tracking.versions import RegistryError

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "operations.md").read_text().partition("## Logs\n")[2].partition("\n## ")[0]
COMMON = re.findall(r"^\| `(\w+)` \| [^|\n]* \|$", TEXT, re.MULTILINE)
TABLE = {
    name: (set(levels.split(", ")), set(re.findall(r"`(\w+)`", fields)))
    for name, levels, fields in re.findall(r"^\| `(\w+)` \| ([^|\n]*) \|([^|\n]*)\|", TEXT, re.MULTILINE)
}
WRITERS = {"log", "tell", "_log", "report", "_report", "_report_once"}


def written(source: str) -> dict[str, set[str]]:
    """By event the fields that a source file writes with it."""
    found = defaultdict(set)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        is_writer = name in WRITERS
        if is_writer and isinstance(getattr(node.args[0], "value", None), str):
            found[node.args[0].value] |= {one.arg for one in node.keywords if one.arg}
    return found


def test_the_docs_have_a_line_for_each_event_with_its_level_and_fields():
    found = defaultdict(set)
    for path in [*(ROOT / "src").rglob("*.py"), ROOT / "serving" / "api.py", ROOT / "run_all.py"]:
        for event, fields in written(path.read_text()).items():
            found[event] |= fields
    assert set(found) == set(TABLE)
    for event, fields in found.items():
        assert fields <= TABLE[event][1] | set(COMMON), event
        assert events.LEVELS.get(event, "info") in TABLE[event][0], event
    assert set(events.LEVELS) <= set(TABLE)


def lines(path: Path) -> list[dict]:
    """The events of a file, each as the docs say."""
    told = [json.loads(line) for line in path.read_text().splitlines()]
    for line in told:
        levels, fields = TABLE[line["event"]]
        assert line["level"] in levels
        assert set(line) <= fields | set(COMMON), line["event"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
    return told


@pytest.fixture
def log(tmp_path, monkeypatch):
    path = tmp_path / "events.jsonl"
    monkeypatch.setenv("PATRONS_LOG", str(path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return path


async def run_as_told(job, on_cell):
    """Stands in for a kernel: 01 writes what it should, 02 fails."""
    if job.place.notebook.stem == "02_b":
        return Ending("cell 1: ValueError: Jane Doe")
    (job.place.output / "a.txt").write_text("1")
    return Ending()


def test_a_series_says_what_it_ran_and_how_it_ended_and_nothing_of_customers(tmp_path, log, monkeypatch):
    monkeypatch.setattr(processes, "run", run_as_told)
    notebook(tmp_path, "01_a", "1", writes=("a.txt",))
    notebook(tmp_path, "02_b", "1", reads=("a.txt",), writes=("b.txt",))
    notebook(tmp_path, "03_c", "1", reads=("b.txt",), writes=("c.txt",))
    arguments = [str(params(tmp_path)), "--no-track", "--jobs", "1"]
    assert run_all.main(arguments, root=tmp_path) == 1
    assert run_all.main([*arguments, "--resume", "--only", "01"], root=tmp_path) == 0
    told = lines(log)
    assert [(line["event"], line.get("stage"), line.get("status")) for line in told] == [
        ("command_started", None, None),
        ("stage_started", "01_a", None),
        ("stage_ended", "01_a", "succeeded"),
        ("stage_started", "02_b", None),
        ("stage_ended", "02_b", "failed"),
        ("stage_ended", "03_c", "not run"),
        ("command_ended", None, None),
        ("command_started", None, None),
        ("stage_ended", "01_a", "reused"),
        ("command_ended", None, None),
    ]
    run_id = json.loads((tmp_path / "data" / "processed" / "toy" / "series.json").read_text())["run_id"]
    assert {line["command"] for line in told} == {"run_all"}
    assert {line["series"] for line in told} == {"toy"}
    assert {line["run_id"] for line in told[1:6]} != {run_id}  # 03 was not run again, so the second run has its own
    assert ("run_id" in told[0], "run_id" in told[8], told[9]["run_id"]) == (False, False, run_id)
    assert [line["level"] for line in told[:7]] == ["info", "info", "info", "info", "error", "warning", "error"]
    assert (told[6]["exit_code"], told[9]["exit_code"]) == (1, 0)
    assert told[4]["seconds"] >= 0
    assert "Jane" not in log.read_text()


def test_bad_parameters_are_told_by_type_and_exit_code(tmp_path, log):
    notebook(tmp_path, "01_a", "1", writes=("a.txt",))
    assert run_all.main([str(params(tmp_path, "nonesuch: 1\n"))], root=tmp_path) == 2
    [_, ended] = lines(log)
    assert (ended["event"], ended["level"], ended["exit_code"], ended["error"]) == (
        *("command_ended", "error", 2, "ParamsError"),
    )


def test_a_command_is_told_with_its_action_and_its_series(tmp_path, log, monkeypatch):
    def lacking(registry, why=""):
        raise RegistryError("no release of Jane Doe's")

    monkeypatch.setattr(Registry, "rollback", lacking)
    assert command.main(["models", "rollback", "demo"]) == 2
    [started, ended] = lines(log)
    assert (started["command"], started["series"]) == ("models rollback", "demo")
    assert (ended["exit_code"], ended["error"]) == (2, "RegistryError")
    assert "Jane" not in log.read_text()


def test_without_the_variable_a_command_writes_no_events(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("PATRONS_LOG", raising=False)
    assert events.command("toy", lambda log: log("start") or 0) == 0
    assert capsys.readouterr() == ("", "")


def test_a_minus_is_standard_error_and_an_error_is_told_before_it_goes_on(monkeypatch, capsys):
    monkeypatch.setenv("PATRONS_LOG", "-")
    with pytest.raises(ZeroDivisionError):
        events.command("toy", lambda log: 1 // 0)
    out, err = capsys.readouterr()
    ended = json.loads(err.splitlines()[-1])
    assert (out, ended["exit_code"], ended["error"]) == ("", 1, "ZeroDivisionError")


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_done(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATRONS_LOG", str(tmp_path / "none" / "x"))
    assert events.command("toy", lambda log: pytest.fail("it was done")) == 2
    assert "No such file or directory" in capsys.readouterr().err


def test_a_log_that_is_renamed_goes_on_in_a_new_file_and_one_that_fails_stops_nothing(tmp_path, log):
    told = events.configured()
    told("start")
    log.rename(tmp_path / "events.1")
    told("start")
    assert [len(lines(path)) for path in (log, tmp_path / "events.1")] == [1, 1]

    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    events.Log(Full())("start")


def test_a_log_that_is_gone_in_the_midst_of_a_delivery_stops_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATRONS_LOG", str(tmp_path / "none" / "x"))
    noted = record.Releases(tmp_path).note(record.Delivery("toy", record.FLIPPING, files.now()), promoted=True)
    assert record.Releases(tmp_path).last() == noted
    for path in (ROOT / "src").rglob("*.py"):
        assert path.name == "events.py" or not re.search(r"configured\([^)]*\)\(", path.read_text()), path
