"""The state of a series as numbers for Prometheus: what is not known is absent, not zero."""

import shutil
import subprocess
from datetime import date

import pytest
from prometheus_client.parser import text_string_to_metric_families
from toy_state import ENDED, FINISHED, NOW, STARTED, Project, backup, everything, log, outcomes, scores

from patrons.cli.main import main
from patrons.monitoring import exported, runs
from patrons.monitoring.ledger import Ledger
from patrons.tracking import archive
from patrons.tracking.connection import TrackingError
from patrons.tracking.decisions import State
from patrons.tracking.registry import Registry

NOTHING = exported.Folders()


def numbers(project, folders=NOTHING):
    """By name and values of the labels beside the series."""
    families = text_string_to_metric_families(exported.text(["toy"], project.root, folders, NOW))
    samples = [sample for family in families for sample in family.samples]
    assert all(sample.labels.pop("series", "toy") == "toy" for sample in samples)
    return {(one.name.removeprefix("patrons_"), *one.labels.values()): one.value for one in samples}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Project(tmp_path)


def test_of_a_series_that_nothing_else_is_known_of_there_are_its_run_and_no_zeros(project):
    project.series(monitoring={"status": "not run"})
    assert numbers(project) == {
        ("exported_timestamp_seconds",): NOW.timestamp(),
        ("series_duration_seconds",): 90,
        ("notebook_duration_seconds", "01_eda"): 7.5,
        ("notebook_duration_seconds", "06_churn"): 7.5,
        ("notebook_failed", "01_eda"): 0,
        ("notebook_failed", "06_churn"): 0,
    }


def test_a_run_that_failed_keeps_the_moment_of_the_last_that_did_not(project):
    earlier = "2026-03-31T10:01:30+00:00"
    project.series(finished=earlier)
    runs.keep(project.results, project.ledger)
    project.series(churn={"status": "failed"}, monitoring={"status": "not run"})
    found = numbers(project)
    assert found["series_success_timestamp_seconds",] == ENDED - 86400
    assert found["notebook_failed", "06_churn"] == 1
    assert ("notebook_failed", "08_monitoring") not in found


@pytest.mark.parametrize(
    "told", [{"finished": None}, {"monitoring": {"stale": True}}], ids=["still running", "made from what has changed"]
)
def test_a_run_that_is_not_whole_is_no_success(project, told):
    project.series(**told)
    assert ("series_success_timestamp_seconds",) not in numbers(project)


def test_gates_that_failed_are_those_of_a_churn_model_that_is_there(project):
    project.gates(2)
    project.series()
    assert numbers(project)["gates_failed",] == 2
    project.series(churn={"status": "failed"})
    assert ("gates_failed",) not in numbers(project)


def test_the_verdict_is_one_of_three_states(project):
    project.series()
    project.said(broken=["Ids of nobody known."])
    found = numbers(project)
    assert [found["monitoring_verdict", one] for one in ("none", "watch", "retrain")] == [0, 1, 0]
    assert (found["monitoring_features_moved",], found["monitoring_features",]) == (12, 139)
    assert (found["monitoring_data_broken",], found["monitoring_timestamp_seconds",]) == (1, ENDED)


def test_runs_of_other_notebooks_make_what_08_said_no_younger(project):
    project.series(finished="2026-04-05T10:00:00+00:00")
    project.said()
    assert numbers(project)["monitoring_timestamp_seconds",] == ENDED
    project.series(finished="2026-04-05T10:00:00+00:00", monitoring={"reused": True})
    assert numbers(project)["monitoring_timestamp_seconds",] == ENDED


def test_what_08_said_stands_while_a_run_is_under_way_and_not_once_it_is_out_of_date(project):
    project.series(finished=None, monitoring={"reused": True})
    project.said(verdict="retrain")
    found = numbers(project)
    assert (found["monitoring_verdict", "retrain"], found["monitoring_timestamp_seconds",]) == (1, ENDED)
    project.series(monitoring={"stale": True})
    assert not {name for name, *_ in numbers(project) if name.startswith("monitoring")}
    project.looked(FINISHED)  # a look of its own at the latest data
    assert numbers(project)["monitoring_timestamp_seconds",] == ENDED


def test_what_08_left_empty_says_nothing(project):
    project.series()
    project.said()
    (project.results / "08_monitoring" / "monitoring.json").write_text("{}")
    assert not {name for name, *_ in numbers(project) if name.startswith("monitoring")}


def test_the_last_failure_of_each_dag_is_told(project):
    project.series()
    assert not {name for name, *_ in numbers(project) if name.startswith("dag")}
    project.failed("toy", STARTED)
    project.failed("toy_monitoring")
    found = numbers(project)
    assert found["dag_failed_timestamp_seconds", "toy"] == ENDED - 90
    assert found["dag_failed_timestamp_seconds", "toy_monitoring"] == ENDED


def test_a_later_look_before_a_retraining_is_what_monitoring_says(project):
    project.series()
    project.said(verdict="none")
    project.looked("2026-04-01T10:02:30+00:00", verdict="retrain")
    found = numbers(project)
    assert (found["monitoring_verdict", "retrain"], found["monitoring_features_moved",]) == (1, 20)
    assert (found["monitoring_timestamp_seconds",], found["look_timestamp_seconds",]) == (ENDED + 60, ENDED + 60)
    project.looked("2026-04-01T10:00:30+00:00", verdict="retrain")
    assert numbers(project)["monitoring_verdict", "retrain"] == 0


def test_a_look_at_bad_data_judges_nothing(project):
    project.series()
    project.looked(FINISHED, 2, **dict.fromkeys(("verdict", "features", "drifted_features", "broken")))
    found = numbers(project)
    assert found["look_exit_code",] == 2
    assert not {name for name, *_ in found if name.startswith("monitoring")}


@pytest.mark.parametrize(("name", "there"), [("toy", True), ("other", False)])
def test_the_last_delivery_counts_where_it_was_of_this_series(project, name, there):
    project.series()
    project.delivered("rolled back", name)
    found = numbers(project, exported.Folders(releases=project.root / "releases"))
    assert (found.get(("delivery", "rolled back")) == 1) == there
    assert (found.get(("delivery_started_timestamp_seconds",)) == ENDED - 90) == there


@pytest.mark.parametrize(
    ("day", "known", "overdue"),
    [
        (date(2026, 1, 1), "", 1),  # 90 days are over on April 1st
        (date(2026, 1, 2), "", 0),  # and of this day on April 2nd
        (date(2026, 1, 1), "abcd", 0),  # four of five are enough
        (date(2026, 1, 1), "abc", 1),
    ],
)
def test_outcomes_are_overdue_once_the_horizon_has_passed(project, day, known, overdue):
    project.series()
    ledger = Ledger(project.ledger)
    ledger.keep(scores(day))
    if known:
        ledger.receive(outcomes(day, known))
    assert numbers(project)["outcomes_overdue",] == overdue


def test_what_others_than_the_series_asked_is_not_waited_for(project):
    project.series()
    Ledger(project.ledger).keep(scores(date(2026, 1, 1), source="predict"))
    assert ("outcomes_overdue",) not in numbers(project)


def test_of_a_table_nobody_knows_when_outcomes_are_due_until_some_are_given(project):
    project.series()
    ledger, day = Ledger(project.ledger), date(2026, 1, 1)
    ledger.keep(scores(day, None))
    assert ("outcomes_overdue",) not in numbers(project)
    ledger.receive(outcomes(day, "ab"))
    assert numbers(project)["outcomes_overdue",] == 1


def test_retrainings_are_told_by_the_last_that_ended_and_by_one_that_has_not(project):
    project.series()
    ended, begun = {"finished": FINISHED, "exit_code": 10}, {"finished": None, "exit_code": None}
    project.retrainings(ended, begun)
    found = numbers(project)
    assert (found["retraining_exit_code",], found["retraining_timestamp_seconds",]) == (10, ENDED)
    assert found["retraining_unfinished_timestamp_seconds",] == ENDED - 90
    project.retrainings(ended)
    assert ("retraining_unfinished_timestamp_seconds",) not in numbers(project)


def test_a_champion_is_as_old_as_its_promotion_and_a_rollback_makes_it_no_younger():
    first, second, third = (f"2026-0{month}-01T00:00:00+00:00" for month in (1, 2, 3))
    told = log(("promote", 1, first), ("promote", 2, second), ("rollback", 1, third))
    assert exported.promoted_at(State({"champion": 1}, told, {1: "a", 2: "b"})) == first
    assert exported.promoted_at(State({"champion": 2}, told, {1: "a", 2: "b"})) == second
    assert exported.promoted_at(State({"champion": 3}, told, {3: "c"})) is None  # an alias that was moved by hand
    assert exported.promoted_at(State({}, told, {1: "a"})) is None


def test_a_registry_that_is_away_leaves_out_the_age_alone(project, monkeypatch, caplog):
    def away(registry):
        raise TrackingError("MLflow is away.")

    project.series()
    monkeypatch.setattr(Registry, "had_champion", away)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    found = numbers(project)
    assert ("champion_promoted_timestamp_seconds",) not in found
    assert found["series_duration_seconds",] == 90
    assert "age is left out: MLflow is away." in caplog.text


def test_the_newest_backup_that_can_be_read_counts(project, tmp_path):
    project.series()
    backups = tmp_path / "backups"
    backups.mkdir()
    assert ("backup_timestamp_seconds",) not in numbers(project, exported.Folders(backups))
    for name, made in (("20260401T100000.000Z", STARTED), ("20260401T100130.000Z", FINISHED)):
        backup(backups, name, made)
    assert numbers(project, exported.Folders(backups))["backup_timestamp_seconds",] == ENDED
    (backups / "20260401T100130.000Z" / "manifest.json").write_text("{")
    assert numbers(project, exported.Folders(backups))["backup_timestamp_seconds",] == ENDED - 90


def test_of_a_series_of_which_all_is_known_every_number_is_there(tmp_path, monkeypatch):
    project = everything(tmp_path / "whole", monkeypatch)
    found = numbers(project, project.folders)
    assert {name for name, *_ in found} == set(exported.GAUGES)
    assert found["champion_promoted_timestamp_seconds",] == ENDED - 90


def test_backups_that_others_may_not_look_at_leave_out_their_age_alone(project, tmp_path, monkeypatch, caplog):
    def closed(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    project.series()
    monkeypatch.setattr(archive, "whole_backups", closed)  # whom root asks, says all
    found = numbers(project, exported.Folders(tmp_path))
    assert (("backup_timestamp_seconds",) in found, found["series_duration_seconds",]) == (False, 90)
    assert "age of backups is left out: [Errno 13] Permission denied" in caplog.text


@pytest.fixture
def at(project, monkeypatch):
    monkeypatch.chdir(project.root)
    [monkeypatch.delenv(f"PATRONS_{name}", raising=False) for name in ("BACKUPS", "RELEASES")]
    project.series()
    return project


def test_the_file_appears_whole_under_its_name(at):
    target = at.root / "out" / "toy.prom"
    assert main(["metrics", "toy", "toy", "--to", str(target)]) == 0  # a name that is given twice counts once
    assert 'patrons_series_duration_seconds{series="toy"} 90.0\n' in target.read_text()
    assert [path.name for path in target.parent.iterdir()] == ["toy.prom"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (["toys"], "There are no results of a series 'toys' in data/processed: did you mean 'toy'?"),
        (["toy", "--to", "patrons.txt"], "node_exporter reads names that end in .prom alone"),
        (
            ["toy", "--backups", "none"],
            "There is no folder of backups none. Make one: .venv/bin/patrons backup --to FOLDER",
        ),
    ],
)
def test_what_cannot_be_exported_is_refused_and_leaves_the_file_of_before(at, capsys, line, error):
    target = at.root / "patrons.prom"
    target.write_text("before")
    assert main(["metrics", *([] if "--to" in line else ["--to", str(target)]), *line]) == 2
    assert error in capsys.readouterr().err
    assert target.read_text() == "before"


def test_the_variable_names_the_folder_of_backups(at, capsys, monkeypatch):
    monkeypatch.setenv("PATRONS_BACKUPS", "none")
    assert main(["metrics", "toy"]) == 2
    assert "no folder of backups none" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_no_fault_in_what_a_finished_series_exports(demo):
    text = exported.text(["demo"], demo.root)
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
