"""Releases in MLflow: who may become champion, what the log says, and the way back."""

import asyncio
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import resealed

from patrons.cli import main as cli
from patrons.evaluation.metrics import Interval
from patrons.scoring import Scorer, release
from patrons.service.follow import Follower, champion_of
from patrons.service.slots import Slots
from patrons.tracking import promotion
from patrons.tracking.decisions import failed_gates
from patrons.tracking.registry import Registry
from patrons.tracking.versions import RegistryError

PASSED = [{"gate": "recall", "value": 0.9, "limit": "at least 0.8", "verdict": "passed"}]
FAILED = [{"gate": "recall", "value": 0.5, "limit": "at least 0.8", "verdict": "failed"}]


@pytest.fixture(scope="module")
def project(tmp_path_factory, demo_release):
    """A project with three releases registered: two that passed their gates, and a third that did not."""
    root = tmp_path_factory.mktemp("registry")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        registry = Registry("demo", root)
        for name, gates in (("one", PASSED), ("two", PASSED), ("three", FAILED)):
            registry.register(
                resealed(demo_release, root / name, run_id=name, gates=gates, metrics={"06.roc_auc": 0.8})
            )
        yield root


@pytest.fixture
def registry(project, tmp_path, monkeypatch) -> Registry:
    """The same in a copy that a test may change."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Registry("demo", project)


def test_the_drill_promote_override_and_roll_back_with_every_step_in_the_log(registry, project, tmp_path, monkeypatch):
    monkeypatch.setenv("PATRONS_LOG", str(tmp_path / "events"))
    assert registry.aliases() == {"candidate": 3}
    registry.promote(1, why="first")
    assert registry.aliases() == {"candidate": 3, "champion": 1}
    with pytest.raises(RegistryError, match="nothing to go back to"):
        registry.rollback()
    registry.withdraw(why="not yet")
    assert (registry.aliases(), registry.had_champion()) == ({"candidate": 3}, False)
    registry.promote(1, why="first")

    registry.promote(2, why="better")
    assert registry.aliases() == {"candidate": 3, "champion": 2, "previous": 1}

    with pytest.raises(RegistryError, match=r"recall is 0\.5, at least 0\.8"):
        registry.promote()
    assert registry.aliases()["champion"] == 2
    registry.promote(override="the board wants it")
    assert registry.aliases() == {"champion": 3, "previous": 2}

    registry.rollback(why="it was wrong")
    assert registry.aliases() == {"champion": 2, "previous": 1}
    with pytest.raises(RegistryError, match="Only the first champion"):
        registry.withdraw()
    former = Scorer.load(registry.fetch("champion", tmp_path))
    assert former.manifest["run_id"] == "two"
    assert former.check() == []
    registry.rollback(why="further back")
    assert registry.aliases() == {"champion": 1}

    log = registry.history()
    assert [(one["action"], one["from"], one["to"]) for one in log[:2]] == [("promote", None, 1), ("rollback", 1, None)]
    log = log[2:]
    assert [(one["action"], one["from"], one["to"]) for one in log] == [
        ("promote", None, 1),
        ("promote", 1, 2),
        ("promote", 2, 3),
        ("rollback", 3, 2),
        ("rollback", 2, 1),
    ]
    assert [one["override"] for one in log] == [False, False, True, False, False]
    assert log[2]["why"] == "the board wants it"
    assert log[2]["failed"] == ["recall is 0.5, at least 0.8"]
    assert all(one["who"] and one["at"] and one["metrics"] == {"06.roc_auc": 0.8} for one in log)
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()][2:]
    assert [(one["event"], one["version"]) for one in events] == [("champion_changed", one["to"]) for one in log]
    assert events[4]["release"] == release.read(project / "one")["id"]


def test_a_release_is_registered_once(registry, project):
    before = len(registry.versions())
    assert registry.register(project / "one") == 1
    assert len(registry.versions()) == before


def test_a_release_whose_answers_are_wrong_never_becomes_champion(registry, demo_release, tmp_path):
    limits = release.read(demo_release)["thresholds"] | {"churn": 0.0}
    broken = resealed(demo_release, tmp_path / "broken", thresholds=limits, gates=PASSED)
    number, champion = registry.register(broken), registry.aliases().get("champion")
    with pytest.raises(RegistryError, match="does not answer as it must: golden customer"):
        registry.promote(number, override="even so")
    assert registry.aliases().get("champion") == champion


def test_a_change_that_fails_is_told_in_the_log(registry, monkeypatch):
    from mlflow import MlflowClient

    champion, move = registry.aliases().get("champion"), MlflowClient.set_registered_model_alias

    def away(self, name, alias, version):
        if alias == "champion":
            raise ConnectionError("the server is away")
        return move(self, name, alias, version)

    monkeypatch.setattr(MlflowClient, "set_registered_model_alias", away)
    with pytest.raises(RegistryError.__mro__[1], match="the server is away"):
        registry.promote(2)
    assert registry.history()[-1]["action"] == "failed"
    assert registry.aliases().get("champion") == champion


def test_without_gates_nothing_is_promoted():
    assert failed_gates({"gates": [], "metrics": {}}) == ["its churn model was not tested by any gate"]
    assert failed_gates({"gates": [], "metrics": {"06.gates_failed": 2}}) == ["2 gates have failed"]
    assert failed_gates({"gates": PASSED, "metrics": {}}) == []


def test_an_unknown_version_an_unknown_alias_and_an_unknown_series_are_said(registry, project):
    with pytest.raises(RegistryError, match="has no version 99"):
        registry.promote(99)
    with pytest.raises(RegistryError, match="has no winner; its aliases: "):
        registry.promote("winner")
    with pytest.raises(RegistryError, match="No release of nobody is registered"):
        Registry("nobody", project).history()


def test_mlflow_loads_a_release_without_a_pickle_and_says_the_same(registry, project, demo, demo_release):
    import mlflow

    rows = pd.read_parquet(demo.processed / "02_transformation" / "features.parquet").head(5)
    mlflow.set_tracking_uri(f"sqlite:///{project / 'mlflow.db'}")
    try:
        answers = mlflow.pyfunc.load_model("models:/patrons-demo/1").predict(rows)
    finally:
        mlflow.set_tracking_uri(None)
    pd.testing.assert_frame_equal(answers, Scorer.load(demo_release).score_rows(rows))
    kept = [path for path in (project / "mlruns").rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]
    assert kept == []


def test_a_candidate_that_is_worse_on_the_same_rows_is_not_promoted(demo, demo_release, tmp_path, monkeypatch):
    level = promotion.contest(demo_release, demo_release)
    assert level.holds
    assert level.difference.value == 0
    assert level.candidate == pytest.approx(demo.metrics("06")["roc_auc_active"], abs=1e-6)  # as tested
    tested = json.loads((demo_release / "churn.json").read_text())["test_day"]
    assert (level.day, level.learnt, level.left_out) == (tested, (tested, tested), 0)
    rows = pd.read_parquet(demo_release / release.TEST)
    assert level.rows == (rows.recency_days <= 90).sum() < len(rows)  # those who could be kept
    assert f"matches the champion on the same {level.rows:,} customers of {tested}: ROC AUC" in str(level)
    assert str(level).endswith(
        f"; the candidate had learnt outcomes up to {tested}, the champion outcomes up to {tested}"
    )

    score = Scorer.score_rows

    def guess(self, table):
        return score(self, table).assign(
            churn_probability=0.5 if self.folder.name == "worse" else score(self, table).churn_probability
        )

    monkeypatch.setattr(Scorer, "score_rows", guess)
    worse = shutil.copytree(demo_release, tmp_path / "worse")
    lost = promotion.contest(worse, demo_release)
    assert not lost.holds
    assert "is worse than the champion" in str(lost)


def test_a_candidate_that_ranks_as_well_and_whose_probabilities_are_further_off_does_not_hold():
    even, off, chance = Interval(0.01, -0.02, 0.03), Interval(0.018, 0.01, 0.03), Interval(0.018, -0.01, 0.03)
    lost = promotion.Contest(0.8, 0.79, even, 400, brier=off)
    assert not lost.holds
    assert "is worse than the champion" in str(lost)
    assert "its probabilities are further off, Brier score 0.018" in str(lost)
    assert promotion.Contest(0.8, 0.79, even, 400, brier=chance).holds


def test_a_contest_says_what_each_may_have_learnt_whom_it_leaves_out_and_where_it_is_none():
    interval = Interval(0.01, -0.02, 0.03)
    table = promotion.Contest(0.8, 0.79, interval, 1409)
    assert "the same 1,409 customers who were held out" in str(table)
    assert str(table).endswith("; the champion may have learnt from some of them")
    later = promotion.Contest(0.8, 0.79, interval, 400, "2025-09-25", ("2025-09-25", "2025-12-24"), 3)
    assert "the champion outcomes up to 2025-12-24, and so may know theirs, 3 are left out" in str(later)
    none = promotion.Contest(np.nan, np.nan, Interval(-1.0, -1.0, -1.0), 2, "2025-09-25", ("", ""), 398)
    assert not none.holds
    assert str(none) == (
        "it cannot be compared with the champion: the 2 customers of 2025-09-25 that both can score do not have both "
        "outcomes, 398 are left out as one of the two cannot score them"
    )


def test_results_are_promoted_if_their_gates_pass_and_the_champion_is_no_better(
    registry, project, tmp_path, monkeypatch
):
    def promoted(name, root=project):
        monkeypatch.setattr(promotion, "current", lambda processed: project / name)
        return promotion.promote_results("demo", root)

    assert promoted("one", tmp_path) == "Promoted: version 1 of demo is the champion; the first champion."
    registry.promote(1)
    assert promoted("one") == "Version 1 of demo is the champion already."
    assert registry.aliases().get("candidate") != 1
    assert promoted("two").startswith("Promoted: version 2 of demo is the champion; the candidate matches the champion")
    assert registry.aliases()["champion"] == 2
    assert "remains the candidate, as recall is 0.5, at least 0.8" in promoted("three")
    worse = promotion.Contest(0.6, 0.8, Interval(-0.2, -0.3, -0.1), 500)
    monkeypatch.setattr(promotion, "contest", lambda candidate, champion: worse)
    assert "remains the candidate, as the candidate is worse than the champion" in promoted("one")
    assert registry.aliases()["champion"] == 2


def test_a_service_follows_the_champion_forth_and_back_and_refuses_a_broken_one(
    registry, project, demo_release, tmp_path
):
    from mlflow import MlflowClient

    events, slots = [], Slots(Scorer.load)
    follower = Follower(slots, champion_of("demo", project), 60, lambda event, **facts: events.append(event))

    def answering():
        asyncio.run(follower.look())
        return slots.active.scorer.manifest["run_id"]

    registry.promote(1)
    assert answering() == "one"
    registry.promote(2)
    assert answering() == "two"
    registry.rollback()
    assert answering() == "one"
    assert events == ["flip", "flip", "flip"]

    limits = release.read(demo_release)["thresholds"] | {"churn": 0.0}
    number = registry.register(resealed(demo_release, tmp_path / "broken", run_id="broken", thresholds=limits))
    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    client.set_registered_model_alias(registry.model, "champion", str(number))  # past our own checks
    assert answering() == "one"
    assert events[-1] == "candidate_refused"
    assert "golden" in slots.refused
    client.set_registered_model_alias(registry.model, "champion", "1")


def test_the_app_follows_the_champion_forth_and_back(registry, project, monkeypatch):
    from mlflow import MlflowClient

    st, results = pytest.importorskip("streamlit"), pytest.importorskip("patrons.app.results")
    monkeypatch.setattr(results, "_scorer", lambda folder, made: release.read(folder)["run_id"])
    record = project / "data" / "processed" / "demo" / "series.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text("{}")
    client, seen = MlflowClient(f"sqlite:///{project / 'mlflow.db'}"), []
    for version in ("1", "2", "1"):
        client.set_registered_model_alias(registry.model, "champion", version)
        st.cache_data.clear()  # as half a minute does
        seen.append(results.Series(project, "demo").scorer())
    assert seen == ["one", "two", "one"]


def test_the_command_exports_imports_and_lists(registry, project, tmp_path, monkeypatch, capsys):
    (project / "notebooks").mkdir(exist_ok=True)
    monkeypatch.chdir(project)
    assert cli.main(["models", "export", "demo", "--version", "1", "--to", str(tmp_path)]) == 0
    exported = next(tmp_path.glob("demo-*"))
    assert release.verify(exported)["run_id"] == "one"
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "notebooks").mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    assert cli.main(["models", "import", str(exported)]) == 0
    assert cli.main(["models", "promote", "demo", "--why", "moved here"]) == 0
    assert cli.main(["models", "list", "demo"]) == 0
    assert cli.main(["models", "history", "demo"]) == 0
    out = capsys.readouterr().out
    assert "is version 1 of demo, the candidate" in out
    assert "champion" in out
    assert "promote: nothing -> version 1: moved here" in out
    assert cli.main(["models", "rollback", "demo"]) == 2
    assert "nothing to go back to" in capsys.readouterr().err
