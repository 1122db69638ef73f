"""What 08 watches, where the runner finds it, and what is recorded of it."""

import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from patrons.files import read_json
from patrons.monitoring import (
    estimate,
    matured,
    moved,
    narrative,
    outcomes,
    places,
    record,
    tables,
    verdict,
    verdict_rules,
    watched,
    watched_narrative,
)
from patrons.monitoring.broken import Broken
from patrons.scoring import build, release
from patrons.tracking import promotion


def of_demo(demo, champion=""):
    """What 08 reads, and what it watches."""
    folders = {path.name[:2]: path for path in demo.processed.glob("0*")}
    table = {name: pd.read_parquet(folders["02"] / f"{name}.parquet") for name in ("panel", "features", "dictionary")}
    last = watched.Results(
        read_json(folders["06"] / "churn.json"),
        pd.read_parquet(folders["06"] / "tried.parquet"),
        pd.read_parquet(folders["06"] / "churn_scores.parquet"),
        read_json(folders["07"] / "value.json"),
    )
    where = watched.Places(demo.processed, str(demo.root / "data" / "ledger" / "demo"), champion)
    return watched.watched(last, *table.values(), outcomes.log_of(demo.processed), where)


def test_without_a_champion_the_last_results_are_watched_by_the_days_on_which_they_were_tried(demo):
    what = of_demo(demo)
    assert not what.promoted
    assert what.scored.origin.unique().tolist() == ["tried"]  # today's scores are kept, and have not matured
    assert what.waiting.day.unique().tolist() == [what.today]
    assert (what.waiting.customer_id.nunique(), what.known) == (len(what.waiting), what.trained)
    said = watched_narrative.watched(what)
    assert said.startswith("No model has been put into use yet, so the last forecast is watched. It has")
    failed = [gate for gate in what.record["gates"] if gate["verdict"] != "passed"]
    assert (f"had failed {len(failed)} of its" in said) == bool(failed)
    assert "on which the forecast was tried" in watched_narrative.days(what)


@pytest.fixture(scope="module")
def earlier(demo, tmp_path_factory):
    """The demo's release as if it had been made when half of its days were known; the models are today's."""
    folder = build.build(demo.processed, tmp_path_factory.mktemp("champion") / "release")
    tried = pd.read_parquet(folder / "tried.parquet")
    middle = sorted(tried.known_on.unique())[len(tried.known_on.unique()) // 2 - 1]
    tried[tried.known_on <= middle].to_parquet(folder / "tried.parquet")
    about = read_json(folder / "churn.json") | {"learnt_until": str(middle.date())}
    (folder / "churn.json").write_text(json.dumps(about))
    manifest = {name: value for name, value in release.read(folder).items() if name not in ("id", "files")}
    release.seal(folder, manifest)
    return folder


def test_a_champion_is_asked_about_the_days_after_it_was_trained_and_judged_by_them(demo, earlier):
    what = of_demo(demo, str(earlier))
    assert what.promoted
    assert what.release == release.read(earlier)["id"]
    replayed = what.own[what.own.origin == "replayed"]
    assert replayed.day.min() >= what.trained > what.own[what.own.origin == "tried"].day.max()
    assert set(replayed.release) == {what.release}
    assert replayed.spend.notna().any()  # of days whose value horizon has passed
    days = matured.days(what.own)
    found = verdict.judge(
        days[days.origin == "tried"],
        days[days.origin != "tried"],
        verdict_rules.Limits(),
        what.horizon_days,
        what.trained,
        what.today,
    )
    assert found.days_matured > 0
    off = estimate.errors(estimate.back_test(what.own), 0.1)
    about = record.record(
        what, found, off, moved.table(pd.DataFrame(), pd.DataFrame()), [Broken("gone", "It is gone.")]
    )
    assert (about["champion"], about["promoted"], about["broken"]) == (what.release, True, ["It is gone."])
    assert (about["trained"], about["day"]) == (str(what.trained.date()), str(what.today.date()))
    metrics = record.metrics(about)
    assert {"retrain", "days_matured", "loss_excess", "drifted_features", "broken", "cbpe_error"} == set(metrics)
    assert metrics["broken"] == 1
    json.dumps(about, allow_nan=False)


def test_a_part_of_the_customers_that_someone_asked_about_is_not_judged_of_a_log(demo, earlier):
    what = of_demo(demo, str(earlier))
    asked = what.own[what.own.origin == "replayed"].head(1).assign(origin="kept", source="api")
    of_series, of_another = asked.assign(source="series"), asked.assign(source="series", release="another")
    both = replace(what, scored=pd.concat([what.scored, asked, of_series, of_another], ignore_index=True))
    assert both.own[both.own.origin == "kept"].source.tolist() == ["series"]
    days, all_days = matured.days(both.own), matured.days(both.scored)
    assert narrative.others(days, days) == ""
    assert narrative.others(days.head(2), days.head(3)).startswith("1 more day, of another release")
    assert narrative.others(days.head(1), all_days).endswith("They count for nothing here.")


def test_a_table_is_not_compared_with_the_customers_that_its_champion_was_made_from(earlier):
    data = release.read(earlier)["data"]
    assert watched.tested_on(str(earlier), {"digest": data["digest"]}).empty
    assert len(watched.tested_on(str(earlier), {"digest": "another"})) > 0


def test_means_over_days_stand_beside_those_of_the_days_tried():
    rows = [("tried", "roc_auc", 6, 0.81, 0.8, 0.82), ("replayed", "roc_auc", 1, 0.7, 0.6, 0.8)]
    means = pd.DataFrame(rows, columns=["origin", "metric", "days", "value", "low", "high"])
    assert narrative.over_days(means) == (
        "Mean ROC AUC, with customers resampled: over 1 day replayed afterwards 0.700 (95% interval 0.600 to 0.800); "
        "over 6 days tried before 0.810 (95% interval 0.800 to 0.820)."
    )
    assert narrative.over_days(means.head(1)) == ""


def test_a_champion_of_an_earlier_version_has_nothing_to_be_compared_with_and_08_says_so(demo, earlier, tmp_path):
    folder = shutil.copytree(earlier, tmp_path / "old")
    (folder / "tried.parquet").unlink()
    release.seal(folder, {name: value for name, value in release.read(folder).items() if name not in ("id", "files")})
    what = of_demo(demo, str(folder))
    assert what.notes == [watched.UNTRIED]
    days = matured.days(what.own)
    found = verdict.judge(
        days[days.origin == "tried"], days[days.origin != "tried"], verdict_rules.Limits(), what.horizon_days
    )
    assert (found.verdict, found.days_matured) == ("none", 0)


def test_the_own_mlflow_is_asked_for_the_champion_only_where_something_was_written_to_it(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "data" / "processed" / "shop").mkdir(parents=True)
    (tmp_path / "mlflow.db").write_text("one run")
    answers = [None, tmp_path / "shop-55ad8a49a61f", tmp_path / "shop-55ad8a49a61f"]
    monkeypatch.setattr(promotion, "champion", lambda name, root: answers.pop(0))

    def champion():
        return places.elsewhere("shop", tmp_path)["champion"][1]

    assert [champion(), champion(), len(answers)] == ["none", "none", 2]
    (tmp_path / "mlflow.db").write_text("a run and a champion")
    (tmp_path / "shop-55ad8a49a61f").mkdir()
    assert [champion(), champion(), len(answers)] == ["shop-55ad8a49a61f", "shop-55ad8a49a61f", 1]
    (tmp_path / "shop-55ad8a49a61f").rmdir()  # the copy of it
    assert [champion(), len(answers)] == ["shop-55ad8a49a61f", 0]


def test_of_a_table_nothing_has_moved_before_another_one_comes_and_outcomes_are_brought():
    assert moved.table(pd.DataFrame(), pd.DataFrame({"age": [1]})).reason == moved.SAME
    days = matured.days(
        pd.DataFrame(
            {"customer_id": ["a", "b"], "day": pd.NaT, "probability": [0.2, 0.8], "flagged": [False, True],
             "active": True, "churned": [0.0, 1.0], "origin": "tried"}
        )
    )  # fmt: skip
    assert ".venv/bin/patrons outcomes" in narrative.matured(days)
    assert tables.days(days).day.tolist() == ["the table"]
    assert tables.by_day(days) == []  # MLflow has no step for it


def test_mlflow_is_told_of_each_day_what_was_kept_before_what_was_replayed_or_tried():
    rows = [("2025-03-01", "tried", 0.6), ("2025-04-01", "replayed", 0.7), ("2025-04-01", "kept", 0.8)]
    columns = {name: float("nan") for name in [*matured.METRICS, *(f"{name}_all" for name in matured.METRICS)]}
    days = pd.DataFrame([{**columns, "day": pd.Timestamp(day), "origin": o, "roc_auc": auc} for day, o, auc in rows])
    assert tables.by_day(days) == [
        {"day": "2025-03-01", "metrics": {"roc_auc": 0.6}},
        {"day": "2025-04-01", "metrics": {"roc_auc": 0.8}},
    ]


def test_the_runner_is_told_where_ledger_and_champion_are(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "data" / "processed" / "shop").mkdir(parents=True)
    ledger = str(tmp_path / "data" / "ledger" / "shop")
    assert places.elsewhere("shop", tmp_path) == {"ledger": (ledger, ""), "champion": ("", "none")}


def test_a_champion_that_cannot_be_had_is_said_and_the_last_results_stand_in(tmp_path, monkeypatch, capsys):
    def down(name, root):
        raise ConnectionError("MLflow does not answer")

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setattr(promotion, "champion", down)
    assert places.elsewhere("shop", tmp_path)["champion"] == ("", "none")
    assert "last results are watched in its place (MLflow does not answer)" in capsys.readouterr().err
    monkeypatch.setattr(promotion, "champion", lambda name, root: tmp_path / "demo-55ad8a49a61f")
    assert places.elsewhere("shop", tmp_path)["champion"] == (str(tmp_path / "demo-55ad8a49a61f"), "demo-55ad8a49a61f")
