"""Backups where MLflow keeps its runs and users in PostgreSQL, on a server of its own."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from drills import free_port

from patrons.tracking import archive, backup
from patrons.tracking.restore import restore
from patrons.tracking.stores import AUTH, STORE, BackupError, stores

PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"))), None)
pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(PROGRAMS is None, reason="PostgreSQL is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="root alone can start a server as another user"),
]
RUNS = """
CREATE TABLE alembic_version (version_num VARCHAR(32)); INSERT INTO alembic_version VALUES ('a1');
CREATE TABLE experiments (experiment_id INT, artifact_location VARCHAR(256));
INSERT INTO experiments VALUES (1, '{place}');
CREATE TABLE metrics (key VARCHAR(250), value FLOAT); INSERT INTO metrics VALUES ('roc_auc', 0.8);
"""
USERS = """
CREATE TABLE alembic_version_auth (version_num VARCHAR(32)); INSERT INTO alembic_version_auth VALUES ('u1');
CREATE TABLE users (username VARCHAR(255)); INSERT INTO users VALUES ('admin');
"""


class Postgres:
    """A server that runs as nobody, with what it keeps in `folder`."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        shutil.chown(folder, "nobody")
        self.run("initdb", "-U", "shop", "-A", "trust", "-D", folder / "data")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self.run("pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start")

    def run(self, program: str, *arguments) -> str:
        command = [PROGRAMS / program, *arguments]
        done = subprocess.run(command, user="nobody", cwd=self.folder, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout

    def uri(self, name: str) -> str:
        return f"postgresql+psycopg2://shop:secret@127.0.0.1:{self.port}/{name}"

    def sql(self, name: str, text: str) -> str:
        return self.run("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "shop", "-At", "-c", text, name).strip()

    def make(self, name: str, text: str = "SELECT 1") -> None:
        self.sql("postgres", f"CREATE DATABASE {name}")
        self.sql(name, text)


@pytest.fixture
def server():
    folder = Path(tempfile.mkdtemp())  # which nobody may enter, unlike pytest's
    server = Postgres(folder)
    yield server
    server.run("pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    shutil.rmtree(folder)


def variables(server: Postgres, tmp_path: Path, runs: str, users: str) -> dict[str, str]:
    config = tmp_path / f"{users}.ini"
    config.write_text(f"[mlflow]\ndatabase_uri = {server.uri(users)}\n")
    artifacts = str(tmp_path / "artifacts")
    return {STORE: server.uri(runs), AUTH: str(config), "MLFLOW_ARTIFACTS_DESTINATION": artifacts}


def test_runs_and_users_in_postgresql_come_back_in_new_databases(server, tmp_path):
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "a").write_text("artifact")
    server.make("runs", RUNS.format(place="mlflow-artifacts:/1"))
    server.make("users", USERS)
    given, kept = variables(server, tmp_path, "runs", "users"), tmp_path / "backups"
    made = backup.backup(stores(tmp_path, given), kept)
    assert made.manifest["databases"] == {
        "auth.dump": {"role": "auth", "kind": "postgresql", "tables": "u1"},
        "mlflow.dump": {"role": "mlflow", "kind": "postgresql", "tables": "a1"},
    }
    with pytest.raises(BackupError, match="which database to fill by MLFLOW_AUTH_CONFIG_PATH"):
        restore(kept, tmp_path / "new", environment={})
    with pytest.raises(BackupError, match="is not empty"):
        restore(kept, tmp_path / "new", environment=given)
    server.make("runs2")
    server.make("users2")
    restore(kept, tmp_path / "new", environment=variables(server, tmp_path, "runs2", "users2"))
    assert server.sql("runs2", "SELECT * FROM metrics") == "roc_auc|0.8"
    assert server.sql("users2", "SELECT * FROM users") == "admin"
    assert (tmp_path / "new" / "artifacts" / "a").read_text() == "artifact"
    assert not (tmp_path / "new" / "mlflow.dump").exists()

    server.sql("runs2", "DELETE FROM metrics")
    again = variables(server, tmp_path, "runs2", "users2")
    restore(kept, tmp_path / "newer", force=True, environment=again)
    assert server.sql("runs2", "SELECT * FROM metrics") == "roc_auc|0.8"


def test_locations_that_postgresql_would_keep_are_refused_elsewhere(server, tmp_path):
    (tmp_path / "artifacts").mkdir()
    server.make("runs", RUNS.format(place=(tmp_path / "artifacts" / "1").as_uri()))
    server.make("users", USERS)
    server.make("runs2")
    server.make("users2")
    backup.backup(stores(tmp_path, variables(server, tmp_path, "runs", "users")), tmp_path / "backups")
    with pytest.raises(BackupError, match=f"is not rewritten. Restore to {tmp_path}, or let the server"):
        restore(tmp_path / "backups", tmp_path / "new", environment=variables(server, tmp_path, "runs2", "users2"))
    assert server.sql("runs2", "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'") == "0"
    assert archive.whole_backups(tmp_path / "backups")
