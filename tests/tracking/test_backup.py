"""Backups: whole or refused, in use or not, and put back elsewhere."""

import json
import shutil
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from patrons.cli import backup as sentences
from patrons.cli import main as cli
from patrons.files import LockedError, locked
from patrons.scoring import Scorer
from patrons.tracking import archive, backup, databases
from patrons.tracking.connection import connected
from patrons.tracking.registry import Registry
from patrons.tracking.restore import restore
from patrons.tracking.stores import AUTH, BackupError, stores

RUN = "mlruns/1/run/artifacts/model.skops"
TABLES = """
CREATE TABLE alembic_version (version_num VARCHAR(32));
INSERT INTO alembic_version VALUES ('a1');
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, artifact_location VARCHAR(256));
CREATE TABLE metrics (key VARCHAR(250), value FLOAT);
INSERT INTO metrics VALUES ('roc_auc', 0.8);
"""
USERS = """
CREATE TABLE alembic_version_auth (version_num VARCHAR(32));
INSERT INTO alembic_version_auth VALUES ('u1');
CREATE TABLE users (username VARCHAR(255));
INSERT INTO users VALUES ('admin'), ('training');
"""


def database(path: Path, script: str, *locations: str) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(script)
        for one in locations:
            connection.execute("INSERT INTO experiments (artifact_location) VALUES (?)", (one,))
    return path


def rows(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def project(tmp_path) -> Path:
    """A project with one experiment, two artifacts, users, a ledger and a campaign."""
    root = tmp_path / "shop one"  # a blank, which a URI writes as %20
    write(root / RUN, "a model")
    write(root / "mlruns/1/run/artifacts/report/index.html", "a report")
    write(root / "data/ledger/demo/0001.parquet", "what was said")
    write(root / "data/campaigns/demo/2026-11-01.csv", "a list")
    write(root / "data/raw/orders.csv", "customers' own")
    database(root / "mlflow.db", TABLES, (root / "mlruns" / "1").as_uri())
    database(root / "basic_auth.db", USERS)
    return root


@pytest.fixture
def kept(tmp_path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def settled(monkeypatch):
    """Files that were written just now count as those of yesterday do."""
    monkeypatch.setattr(backup, "SETTLED", 0.0)


def made(project: Path, kept: Path, keep: int | None = None) -> backup.Made:
    return backup.backup(stores(project, {}), kept, keep)


def altered(path: Path, text: str) -> None:
    path.chmod(0o600)
    path.write_text(text)


def test_what_was_backed_up_comes_back_elsewhere(project, kept, tmp_path):
    made(project, kept)
    shutil.rmtree(project)
    elsewhere = tmp_path / "other" / "machine"
    restored = restore(kept, elsewhere, environment={})
    assert (elsewhere / RUN).read_text() == "a model"
    assert (elsewhere / "data/ledger/demo/0001.parquet").read_text() == "what was said"
    assert (elsewhere / "data/campaigns/demo/2026-11-01.csv").read_text() == "a list"
    assert rows(elsewhere / "mlflow.db", "SELECT * FROM metrics") == [("roc_auc", 0.8)]
    assert rows(elsewhere / "basic_auth.db", "SELECT * FROM users") == [("admin",), ("training",)]
    assert restored.replaced is None
    assert sorted(one.name for one in elsewhere.iterdir()) == ["basic_auth.db", "data", "mlflow.db", "mlruns"]
    assert not (elsewhere / "data" / "raw").exists()  # the customers' own files are no part of a backup


def test_the_manifest_says_versions_and_where_everything_was(project, kept):
    manifest = archive.verify(made(project, kept).folder)
    assert manifest["databases"]["mlflow.db"] == {"role": "mlflow", "kind": "sqlite", "tables": "a1"}
    assert manifest["databases"]["basic_auth.db"]["tables"] == "u1"
    assert list(manifest["databases"]) == ["basic_auth.db", "mlflow.db"]  # users first
    assert manifest["folders"]["mlruns"] == str(project / "mlruns")
    assert {"python", "sqlite", "mlflow"} <= manifest["versions"].keys()
    assert manifest["named"] == [(project / "mlruns" / "1").as_uri()]


def test_a_second_backup_stores_what_is_new_and_links_the_rest(project, kept, settled):
    first = made(project, kept)
    write(project / "mlruns/1/new.json", "new")
    write(project / RUN, "a better model")
    second = made(project, kept)
    assert (first.copied, first.linked) == (6, 0)
    assert (second.copied, second.linked) == (4, 3)  # two databases, what is new, what changed
    report = "mlruns/1/run/artifacts/report/index.html"
    assert (first.folder / report).samefile(second.folder / report)
    assert (first.folder / RUN).read_text() == "a model"
    assert (second.folder / RUN).read_text() == "a better model"
    archive.remove(first.folder)
    archive.verify(second.folder)


def test_a_change_within_the_same_tick_of_the_clock_is_not_missed(project, kept):
    first = made(project, kept)
    assert {entry["state"] for entry in first.manifest["files"].values()} == {None}  # written just now: read again
    assert made(project, kept).linked == 0


def test_damage_in_one_backup_does_not_pass_on_to_the_next(project, kept, settled):
    first = made(project, kept)
    altered(first.folder / RUN, "a_model")
    second = made(project, kept)
    assert archive.verify(second.folder)
    assert (second.folder / RUN).read_text() == "a model"


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda one: altered(one / RUN, "a_model"), "was altered: mlruns.*model.skops is not as written"),
        (lambda one: altered(one / RUN, "a mod"), "was altered"),
        (lambda one: (one / RUN).unlink(), "is torn: it lacks mlruns"),
        (lambda one: write(one / "mlruns/2/x", "foreign"), "was altered: mlruns/2/x came later"),
        (lambda one: (one / archive.MANIFEST).unlink(), "is torn: it has no manifest"),
        (lambda one: altered(one / archive.MANIFEST, "{"), "is torn"),
        (
            lambda one: altered(one / "manifest.json", (one / "manifest.json").read_text().replace("a1", "a2")),
            "its manifest.json is not as written",
        ),
        (lambda one: altered(one / "mlflow.db", ""), "mlflow.db is not as written"),
    ],
)
def test_a_torn_or_altered_backup_is_refused_and_nothing_is_written(project, kept, tmp_path, harm, words):
    one = made(project, kept).folder
    harm(one)
    for place in (one, kept):
        with pytest.raises(BackupError, match=words):
            restore(place, tmp_path / "new", environment={})
    assert not (tmp_path / "new").exists()


def test_a_backup_that_ended_midway_is_none_and_leaves_the_earlier_ones(project, kept, monkeypatch):
    first = made(project, kept)
    write(project / "mlruns/1/b", "b")

    def killed(*_):
        shutil.copytree(next(kept.glob(".*.partial")), kept / ".20261127T000000.000Z.partial")  # as SIGKILL leaves it
        raise OSError("the machine goes")

    with monkeypatch.context() as patch:
        patch.setattr(archive, "seal", killed)
        with pytest.raises(OSError, match="the machine goes"):
            made(project, kept)
    torn = kept / ".20261127T000000.000Z.partial"
    assert archive.whole_backups(kept) == [first.folder]
    assert archive.chosen(kept) == first.folder
    with pytest.raises(BackupError, match="never finished"):
        archive.chosen(torn)
    made(project, kept)
    assert not torn.exists()


def test_the_last_ones_are_kept_and_the_oldest_go(project, kept):
    folders = [made(project, kept).folder for _ in range(3)]
    last = made(project, kept, keep=2)
    assert archive.whole_backups(kept) == [folders[2], last.folder]
    assert last.removed == folders[:2]
    assert sorted(one.name for one in kept.iterdir()) == [backup.LOCK, folders[2].name, last.folder.name]


def test_a_backup_is_never_deleted_by_its_own_retention(project, kept):
    later = kept / "20991231T000000.000Z"  # by a clock that was put back
    shutil.copytree(made(project, kept).folder, later)
    last = made(project, kept, keep=1)
    assert archive.whole_backups(kept) == [last.folder]


def test_what_is_there_is_not_replaced_unless_told_and_then_moved_aside(project, kept, tmp_path):
    made(project, kept)
    target = tmp_path / "there"
    write(target / "mlflow.db", "another")
    write(target / "mlflow.db-wal", "what SQLite would apply to the restored one")
    (target / "mlruns").mkdir()  # empty: not in the way
    with pytest.raises(BackupError, match=r"mlflow\.db, .*mlflow\.db-wal would be replaced") as error:
        restore(kept, target, environment={})
    assert "mlruns" not in str(error.value)
    assert (target / "mlflow.db").read_text() == "another"
    restored = restore(kept, target, force=True, environment={})
    assert (restored.replaced / "mlflow.db").read_text() == "another"
    assert sorted(one.name for one in restored.replaced.iterdir()) == ["mlflow.db", "mlflow.db-wal"]
    assert rows(target / "mlflow.db", "SELECT key FROM metrics") == [("roc_auc",)]
    assert not (target / "mlflow.db-wal").exists()


def test_a_restore_that_fails_midway_leaves_everything_as_it_was(project, kept, tmp_path, monkeypatch):
    made(project, kept)
    target = tmp_path / "there"
    write(target / "mlflow.db", "another")
    rename = Path.rename

    def refused(self, goal):
        if Path(goal).name == "mlruns":
            raise OSError("device or resource busy")
        return rename(self, goal)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(OSError, match="busy"):
        restore(kept, target, force=True, environment={})
    assert [one.name for one in target.iterdir()] == ["mlflow.db"]
    assert (target / "mlflow.db").read_text() == "another"


def test_a_copy_is_whole_while_others_write(project, kept):
    """Each writer's transaction adds two rows, so a copy taken at one moment holds an odd number: 1 and pairs."""
    going = threading.Event()

    def add():
        with closing(sqlite3.connect(project / "mlflow.db", timeout=60)) as connection:
            while not going.is_set():
                with connection:
                    connection.execute("INSERT INTO metrics VALUES ('a', 1)")
                    connection.execute("INSERT INTO metrics VALUES ('b', 1)")

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        counts = []
        for _ in range(3):
            time.sleep(0.1)
            copied = made(project, kept).folder / "mlflow.db"
            counts += rows(copied, "SELECT count(*), sum(key = 'a') - sum(key = 'b') FROM metrics")
    finally:
        going.set()
        for thread in threads:
            thread.join()
    assert [(count % 2, gap) for count, gap in counts] == [(1, 0)] * 3
    assert counts[0][0] < counts[2][0]


def test_an_artifact_that_is_being_written_is_left_to_the_next_backup_and_named(project, kept, monkeypatch, tmp_path):
    monkeypatch.setattr(backup, "PAUSE", 0)
    written = backup.written

    def growing(source, target):
        if source.name == "model.skops":
            with source.open("a") as file:
                file.write("more")
        return written(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(backup, "written", growing)
        one = made(project, kept)
    assert one.manifest["skipped"] == [RUN]
    assert RUN not in one.manifest["files"]
    assert archive.verify(one.folder)
    assert f"Not in it, as it was being written: {RUN}. The next backup takes it." in sentences.made_sentences(one)
    assert made(project, kept).manifest["skipped"] == []


def test_two_backups_at_once_are_refused(project, kept):
    made(project, kept)
    with locked(kept / backup.LOCK), pytest.raises(LockedError):
        made(project, kept)


def test_a_damaged_database_is_refused_and_not_backed_up(project, kept):
    altered(project / "mlflow.db", "no database at all, but long enough to look at" * 40)
    with pytest.raises(BackupError, match=r"mlflow\.db cannot be copied: file is not a database"):
        made(project, kept)
    assert archive.whole_backups(kept) == []


def test_a_database_of_something_else_is_refused(project, kept):
    (project / "mlflow.db").unlink()
    database(project / "mlflow.db", "CREATE TABLE orders (a TEXT);")
    with pytest.raises(BackupError, match="is no database of MLflow"):
        made(project, kept)


def test_a_link_among_the_artifacts_is_refused(project, kept):
    (project / "mlruns" / "far").symlink_to(project / "data")
    with pytest.raises(BackupError, match="mlruns/far is no plain file but a link"):
        made(project, kept)


def test_backups_within_what_is_backed_up_are_refused(project):
    with pytest.raises(BackupError, match=r"lies in .*mlruns, which is backed up"):
        made(project, project / "mlruns" / "backups")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000"}, "a backup is made where the server's database is"),
        ({"MLFLOW_BACKEND_STORE_URI": "mysql://server/mlflow"}, "SQLite or PostgreSQL"),
        ({"MLFLOW_BACKEND_STORE_URI": "sqlite:////nowhere/mlflow.db"}, "There is no /nowhere/mlflow.db"),
        ({"MLFLOW_BACKEND_STORE_URI": "sqlite:///{root}/mlflow.db"}, "MLFLOW_ARTIFACTS_DESTINATION is not"),
        (
            {
                "MLFLOW_BACKEND_STORE_URI": "sqlite:///{root}/mlflow.db",
                "MLFLOW_ARTIFACTS_DESTINATION": "s3://bucket/mlflow",
            },
            "MLFLOW_ARTIFACTS_DESTINATION is s3:…, which is no folder",
        ),
        (
            {"MLFLOW_BACKEND_STORE_URI": "sqlite:///{root}/mlflow.db", "MLFLOW_ARTIFACTS_DESTINATION": "{root}"},
            "lies in",
        ),
    ],
)
def test_what_cannot_be_copied_is_refused_before_anything_is_done(project, environment, words):
    with pytest.raises(BackupError, match=words):
        stores(project, {name: value.format(root=project) for name, value in environment.items()})


def test_the_variables_of_the_server_name_what_is_copied(project, tmp_path):
    config = write(tmp_path / "auth.ini", "[mlflow]\ndatabase_uri = sqlite:///users.db\n")
    (project / "basic_auth.db").rename(project / "users.db")
    (project / "mlruns").rename(project / "artifacts")
    found = stores(
        tmp_path,
        {
            "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{project}/mlflow.db",
            "MLFLOW_ARTIFACTS_DESTINATION": (project / "artifacts").as_uri(),
            AUTH: str(config),
        },
    )
    assert [one.file for one in found.databases] == [project / "users.db", project / "mlflow.db"]
    assert found.folders == {"artifacts": project / "artifacts"}


def test_artifacts_that_lie_elsewhere_are_named_and_folders_that_were_never_made_are_not(project, kept, tmp_path):
    write(tmp_path / "shared" / "x", "elsewhere")
    with closing(sqlite3.connect(project / "mlflow.db")) as connection, connection:
        for place in ("s3://bucket/2", (tmp_path / "shared").as_uri(), "file:///never/made", "mlflow-artifacts:/3"):
            connection.execute("INSERT INTO experiments (artifact_location) VALUES (?)", (place,))
    one = made(project, kept)
    assert one.manifest["elsewhere"] == ["s3://bucket/2", (tmp_path / "shared").as_uri()]
    assert "Not in it: artifacts at s3://bucket/2." in sentences.made_sentences(one)


def test_locations_move_as_whole_folders_in_uris_paths_and_json(tmp_path):
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE a (id INTEGER, place VARCHAR(200), note TEXT, source JSON, size FLOAT)")
        values = [
            ("file:///old%20shop/mlruns/1", "/old shop/mlruns", '{"uri": "file:///old%20shop/mlruns"}'),
            ("/old shop/mlruns/1/x", "see /old shop/mlruns/1", '["file:///old shop/mlruns/a", 1]'),
            ("file:///old%20shop/mlruns2/1", "/old shop/mlruns2", "mlflow-artifacts:/1"),
            (None, "", "models:/m-1"),
        ]
        connection.executemany("INSERT INTO a VALUES (7, ?, ?, ?, 1.5)", values)
    changed = databases.relocate(path, [(Path("/old shop/mlruns"), Path("/new/mlruns"))])
    assert rows(path, "SELECT place, note, source FROM a") == [
        ("file:///new/mlruns/1", "/new/mlruns", '{"uri": "file:///new/mlruns"}'),
        ("/new/mlruns/1/x", "see /old shop/mlruns/1", '["file:///new/mlruns/a", 1]'),  # prose is not a location
        ("file:///old%20shop/mlruns2/1", "/old shop/mlruns2", "mlflow-artifacts:/1"),
        (None, "", "models:/m-1"),
    ]
    assert changed == {"a.place": 2, "a.note": 1, "a.source": 2}


def test_the_command_says_what_is_in_it_what_is_lost_and_what_moved(project, kept, tmp_path, monkeypatch, capsys):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_BACKEND_STORE_URI"):
        monkeypatch.delenv(name, raising=False)
    (project / "notebooks").mkdir()
    monkeypatch.chdir(project)
    assert cli.main(["backup", "--to", str(kept), "--keep", "3"]) == 0
    out = capsys.readouterr().out
    assert "Backed up basic_auth.db, mlflow.db, mlruns, data/ledger, data/campaigns to" in out
    assert "MB in 6 files.\nAll of it was copied.\n" in out
    assert "RPO: what is written after" in out
    assert cli.main(["restore", str(kept), "--to", str(tmp_path / "new")]) == 0
    out = capsys.readouterr().out
    assert "Rewritten: experiments.artifact_location (1)." in out
    assert "ago, is lost." in out
    assert "RPO: what was written after" in out
    assert "RTO: the files were back after" in out
    assert cli.main(["restore", str(kept), "--to", str(tmp_path / "new")]) == 2
    assert "would be replaced" in capsys.readouterr().err
    altered(archive.chosen(kept) / RUN, "a_model")
    assert cli.main(["restore", str(kept), "--to", str(tmp_path / "newer")]) == 2
    assert "was altered" in capsys.readouterr().err


def test_a_server_that_hands_out_artifacts_needs_no_rewriting(tmp_path, kept):
    write(tmp_path / "data" / "artifacts" / "1" / "a", "artifact")
    database(tmp_path / "data" / "mlflow.db", TABLES, "mlflow-artifacts:/1")
    environment = {
        "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{tmp_path}/data/mlflow.db",
        "MLFLOW_ARTIFACTS_DESTINATION": f"{tmp_path}/data/artifacts",
    }
    one = backup.backup(stores(tmp_path / "project", environment), kept)
    restored = restore(kept, tmp_path / "new", environment={})
    assert restored.relocated == {}
    assert "No location of artifacts had to be rewritten." in sentences.restored_sentences(restored)
    assert "asks for no password" in " ".join(sentences.made_sentences(one))
    assert rows(tmp_path / "new" / "mlflow.db", "SELECT artifact_location FROM experiments") == [
        ("mlflow-artifacts:/1",)
    ]


def test_a_manifest_of_a_later_form_names_the_version_to_use(project, kept):
    one = made(project, kept).folder
    manifest = json.loads((one / archive.MANIFEST).read_text()) | {"format": 2, "patrons": "9.9"}
    manifest.pop("checksum")
    (one / archive.MANIFEST).unlink()
    archive.seal(one, manifest)
    with pytest.raises(BackupError, match=r"form 2, .* made with Patrons 9\.9"):
        archive.verify(one)


def test_a_length_of_time_is_said_in_its_largest_unit():
    assert [sentences.duration(one) for one in (1, 5, 119, 120, 7200, 3 * 86400)] == [
        "1 second",
        "5 seconds",
        "119 seconds",
        "2 minutes",
        "2 hours",
        "3 days",
    ]


def test_a_project_that_moved_has_its_runs_models_and_champion(demo, demo_release, kept, tmp_path, monkeypatch):
    """On MLflow's own tables: what the series wrote, and a champion, in a folder that is gone afterwards."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    former, present = tmp_path / "former", tmp_path / "present"
    backup.backup(stores(demo.root, {}), kept)
    restore(kept, former, environment={})
    registry = Registry("demo", former)
    registry.register(demo_release)
    registry.promote(override="a drill")
    backup.backup(stores(former, {}), kept)
    with closing(sqlite3.connect(former / "mlflow.db")) as connection:
        before = sum(str(former) in line for line in connection.iterdump())
    shutil.rmtree(former)
    restored = restore(kept, present, environment={})

    with closing(sqlite3.connect(present / "mlflow.db")) as connection:
        assert not [line for line in connection.iterdump() if str(former) in line]
    assert before >= 5
    assert {
        "experiments.artifact_location",
        "runs.artifact_uri",
        "logged_models.artifact_location",
        "model_versions.storage_location",
    } <= restored.relocated.keys()
    champion = Registry("demo", present)
    assert Scorer.load(champion.fetch("champion", tmp_path / "fetched")).check() == []
    assert [one["action"] for one in champion.history()] == ["promote"]
    with connected(present, "is asked") as client:
        runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
        listed = [client.list_artifacts(run.info.run_id) for run in runs]
    assert sum(map(len, listed)) >= 5
