"""A registry that was changed past Patrons: what answers then, and the way back."""

import asyncio
import os
import shutil

import pytest
from conftest import resealed

from patrons.cli import main as cli
from patrons.evaluation.metrics import Interval
from patrons.scoring import Scorer, release
from patrons.service.follow import Follower, champion_of
from patrons.service.slots import Slots
from patrons.tracking import promotion
from patrons.tracking.registry import Registry
from patrons.tracking.repair import NOTHING, repair
from patrons.tracking.versions import RegistryError

PASSED = [{"gate": "recall", "value": 0.9, "limit": "at least 0.8", "verdict": "passed"}]
FAILED = [{"gate": "recall", "value": 0.5, "limit": "at least 0.8", "verdict": "failed"}]


@pytest.fixture(scope="module")
def stored(tmp_path_factory, demo_release):
    """Four versions, of which the third failed its gates; 1 and then 2 were promoted."""
    root = tmp_path_factory.mktemp("stored")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        registry = Registry("demo", root)
        for name, gates in (("one", PASSED), ("two", PASSED), ("three", FAILED), ("four", PASSED)):
            registry.register(
                resealed(demo_release, root / name, run_id=name, gates=gates, metrics={"06.roc_auc": 0.8})
            )
        registry.promote(1)
        registry.promote(2)
    return root


@pytest.fixture
def registry(stored, tmp_path, monkeypatch) -> Registry:
    """The same in a database of its own."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(stored / "mlflow.db", tmp_path / "mlflow.db")
    return Registry("demo", tmp_path)


@pytest.fixture
def client(registry):
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{registry.root / 'mlflow.db'}")


class Followed:
    """A service of the champion: `answering` looks, and names the run of the release that answers."""

    def __init__(self, registry, unpromoted=True):
        self.events, self.slots = [], Slots(Scorer.load)
        self.follower = Follower(self.slots, champion_of("demo", registry.root, unpromoted), 60, self.report)

    def report(self, event, **facts):
        self.events.append((event, facts.get("reason", "")))

    def answering(self):
        asyncio.run(self.follower.look())
        return self.slots.active and self.slots.active.scorer.manifest["run_id"]


def with_results(registry, stored, monkeypatch):
    """The last results are those of the third version, which failed its gates."""
    monkeypatch.setattr(promotion, "current", lambda processed: stored / "three")


def test_deleting_the_champion_in_mlflow_puts_nothing_else_in_its_place(registry, client, stored, monkeypatch):
    with_results(registry, stored, monkeypatch)
    service = Followed(registry)
    assert service.answering() == "two"
    assert service.slots.active.promoted is True
    client.delete_model_version("patrons-demo", "2")
    assert service.answering() == "two"
    assert [event for event, _ in service.events] == ["flip", "look_failed"]
    assert "by the log version 2 answers" in service.events[-1][1]
    assert "patrons models repair demo" in service.events[-1][1]
    assert Followed(registry).answering() is None  # nor does a service that is started now take the last results

    client.delete_registered_model("patrons-demo")
    assert service.answering() == "two"
    restarted = Followed(registry)
    assert restarted.answering() is None
    assert "has had a champion (data/processed/demo/releases has copies)" in restarted.events[-1][1]
    shutil.rmtree(registry.root / "data")
    assert service.answering() == "two"
    assert "unless this service has had a champion" in service.events[-1][1]


def test_a_registry_that_is_away_is_not_one_without_a_champion(registry, stored, monkeypatch):
    with_results(registry, stored, monkeypatch)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    service = Followed(registry)
    assert service.answering() is None
    assert service.events[0][0] == "look_failed"


def test_results_that_nobody_promoted_answer_only_where_that_is_allowed(stored, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    registry = Registry("demo", tmp_path)
    with_results(registry, stored, monkeypatch)
    refused = Followed(registry, unpromoted=False)
    assert refused.answering() is None
    assert "(--allow-unpromoted lets them" in refused.events[0][1]
    service = Followed(registry)
    assert service.answering() == "three"
    assert service.slots.active.promoted is False
    registry.register(stored / "three")
    registry.promote(override="it will do")  # the same release: nothing flips, and it is promoted now
    assert service.answering() == "three"
    assert service.slots.active.promoted is True
    assert [event for event, _ in service.events] == ["flip"]


def test_after_the_champion_was_deleted_promote_and_rollback_work(registry, client):
    client.delete_model_version("patrons-demo", "2")
    assert registry.rollback(why="gone")["to"] == 1
    assert registry.aliases() == {"candidate": 4, "champion": 1}
    registry.promote(4)
    assert registry.aliases() == {"champion": 4, "previous": 1}
    client.delete_model_version("patrons-demo", "4")
    entry = registry.promote(1)
    assert (entry["from"], entry["to"]) == (4, 1)
    assert registry.aliases() == {"champion": 1}
    assert repair(registry) == [NOTHING]


def test_results_are_compared_with_the_champion_before_a_deleted_one(registry, client, stored, monkeypatch):
    monkeypatch.setattr(promotion, "current", lambda processed: stored / "four")
    compared = []

    def lost(candidate, champion):
        compared.append(release.read(champion)["run_id"])
        return promotion.Contest(0.6, 0.8, Interval(-0.2, -0.3, -0.1), 500)

    monkeypatch.setattr(promotion, "contest", lost)
    client.delete_model_version("patrons-demo", "2")
    assert "is worse than the champion" in promotion.promote_results("demo", registry.root)
    assert compared == ["one"]
    client.delete_model_version("patrons-demo", "1")
    told = promotion.promote_results("demo", registry.root)
    assert told == "Promoted: version 4 of demo is the champion; no earlier champion is left."


def test_repair_lets_the_champion_before_a_deleted_one_answer(registry, client, monkeypatch, capsys):
    client.delete_model_version("patrons-demo", "2")
    (registry.root / "notebooks").mkdir()
    monkeypatch.chdir(registry.root)
    assert cli.main(["models", "repair", "demo"]) == 0
    told = "By the log version 2 is the champion, and it was deleted in MLflow.\n"
    told += "Now version 1 answers again.\n"
    assert capsys.readouterr().out == told
    assert registry.aliases() == {"candidate": 4, "champion": 1}
    assert [(one["action"], one["from"], one["to"]) for one in registry.history()][-1] == ("repair", 2, 1)
    assert repair(registry) == [NOTHING]
    with pytest.raises(RegistryError, match="nothing to go back to"):
        registry.rollback()


def test_repair_says_what_to_do_where_no_champion_is_left(registry, client):
    for number in ("1", "2"):
        client.delete_model_version("patrons-demo", number)
    assert repair(registry)[1] == "No earlier champion is left. Promote a version: .venv/bin/patrons models list demo"
    registry.promote(4)
    assert registry.aliases() == {"champion": 4}


def test_repair_gives_a_removed_alias_back(registry, client):
    client.delete_registered_model_alias("patrons-demo", "champion")
    assert repair(registry) == [
        "By the log version 2 is the champion, and the alias is gone.",
        "Now version 2 answers again.",
    ]
    assert registry.aliases() == {"candidate": 4, "champion": 2, "previous": 1}


def test_repair_takes_an_alias_back_from_a_version_that_failed_its_gates(registry, client):
    client.set_registered_model_alias("patrons-demo", "champion", "3")
    found, done = repair(registry)
    assert "The alias champion is on version 3, and by the log version 2 is the champion." in found
    assert "Version 3 may not answer: recall is 0.5, at least 0.8." in found
    assert done == "Now version 2 answers again."
    assert registry.aliases() == {"candidate": 4, "champion": 2, "previous": 1}


def test_repair_passes_over_a_former_champion_that_cannot_answer(registry, client, monkeypatch):
    registry.promote(4)
    client.delete_model_version("patrons-demo", "4")
    checked = Registry.checked

    def broken(self, number):
        if number == 2:
            raise release.ReleaseError("churn.skops is missing")
        return checked(self, number)

    monkeypatch.setattr(Registry, "checked", broken)
    assert repair(registry)[1:] == ["Version 2 cannot answer: churn.skops is missing", "Now version 1 answers again."]
    assert registry.aliases() == {"champion": 1}


def test_repair_accepts_an_alias_on_a_version_that_passed_its_gates_or_was_champion(registry, client):
    client.set_registered_model_alias("patrons-demo", "champion", "4")
    assert repair(registry)[1] == "Version 4 stays the champion, and the log says so now."
    assert registry.aliases() == {"champion": 4, "previous": 2}
    client.set_registered_model_alias("patrons-demo", "champion", "1")
    assert repair(registry)[1] == "Version 1 stays the champion, and the log says so now."
    assert registry.aliases() == {"champion": 1}
    assert repair(registry) == [NOTHING]


def test_repair_names_entries_that_cannot_be_read_and_mends_the_alias_previous(registry, client):
    client.set_registered_model_tag("patrons-demo", "patrons.log.000001.aaaaaa", "{")
    client.set_registered_model_alias("patrons-demo", "previous", "3")
    assert repair(registry) == [
        "Entry patrons.log.000001.aaaaaa of the log cannot be read; it is left out.",
        "The alias previous was on version 3, and is on version 1 now.",
    ]


def test_a_machine_whose_clock_is_behind_does_not_disturb_the_log(registry, monkeypatch):
    from datetime import UTC, datetime

    from patrons.tracking import registry as module

    class Behind(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime(2001, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(module, "datetime", Behind)
    registry.promote(4)
    registry.rollback()
    assert [one["to"] for one in registry.history()] == [1, 2, 4, 2]
    registry.rollback()
    assert registry.aliases()["champion"] == 1


def test_the_copies_of_champions_of_long_ago_go(registry):
    copies = registry.root / "data" / "processed" / "demo" / "releases"
    for number in range(8):
        (copies / f"demo-{number:012}").mkdir(parents=True)
        (copies / f"demo-{number:012}" / release.MANIFEST).write_text("{}")
        os.utime(copies / f"demo-{number:012}", (1e9 + number, 1e9 + number))
    champion = promotion.serving("demo", registry.root).folder
    kept = {path.name for path in copies.iterdir()}
    assert kept == {champion.name, *(f"demo-{number:012}" for number in range(3, 8))}


def test_a_damaged_copy_is_fetched_again(registry, tmp_path):
    folder = registry.fetch(1, tmp_path / "copies")
    (folder / "churn.skops").write_text("cut off")
    (folder / release.MANIFEST).write_text("{")
    assert registry.fetch(1, tmp_path / "copies") == folder
    assert release.verify(folder)["run_id"] == "one"


def test_a_version_that_was_changed_in_mlflow_is_not_fetched(registry, client, tmp_path):
    client.set_model_version_tag("patrons-demo", "1", "patrons.release", "../../../x")
    with pytest.raises(release.ReleaseError, match="cannot be the id of a release"):
        registry.fetch(1, tmp_path / "copies")
    client.set_model_version_tag("patrons-demo", "1", "patrons.release", "0123456789ab")
    with pytest.raises(RegistryError, match="was changed in MLflow"):
        registry.fetch(1, tmp_path / "copies")
    assert not (tmp_path / "copies").exists()


def test_a_release_of_another_series_is_not_registered(registry, demo_release, tmp_path):
    other = resealed(demo_release, tmp_path / "other", name="shop")
    with pytest.raises(RegistryError, match="is of shop, and not of demo"):
        registry.register(other)


def test_a_release_that_was_signed_since_is_stored_with_its_signature(registry, stored, tmp_path, monkeypatch):
    from patrons.scoring import signatures

    copy = shutil.copytree(stored / "one", tmp_path / "one")
    assert registry.register(copy) == 1
    monkeypatch.setenv(signatures.VARIABLE, str(tmp_path / "key"))
    monkeypatch.chdir(tmp_path)
    assert cli.main(["keys", "sign", str(copy)]) == 0
    with pytest.raises(release.ReleaseError, match="it is not signed"):
        registry.fetch(1, tmp_path / "copies")
    assert registry.register(copy) == 5
    assert release.verify(registry.fetch(5, tmp_path / "copies"))
    assert registry.register(copy) == 5
