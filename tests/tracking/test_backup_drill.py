"""A real MLflow server with users, backed up while runs are written; server and disk gone; restored elsewhere."""

import importlib.metadata
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest
import requests
from drill_table import LONG, report
from drills import free_port, wait_for
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException

from patrons.cli import main as cli
from patrons.cli.backup import counted
from patrons.scoring import Scorer
from patrons.tracking import archive
from patrons.tracking.decisions import PROMOTE
from patrons.tracking.registry import Registry

pytestmark = [
    pytest.mark.drill(seconds=65),
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),
]
SERVING = Path(__file__).parents[2] / "serving"
USERS = ("admin", "training", "reading")
BACKUPS = 20 if LONG else 2  # while runs are written
BETWEEN = 2.0 if LONG else 0.5  # seconds of writing before each, and after the last


class Server:
    """The tracking server as its image starts it, in a folder of its own instead of /data."""

    def __init__(self, folder: Path, log: Path, extra: Path, password: str = ""):
        self.folder, self.port, self.log = folder, free_port(), log
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        text = (SERVING / "tracking.Dockerfile").read_text().partition('\nCMD ["mlflow", ')[2].replace("\\\n", "")
        command = json.loads(f"[{text.replace('/data', str(folder)).replace('0.0.0.0', '127.0.0.1')}")
        command[command.index("--port") + 1] = str(self.port)
        command[command.index("--workers") + 1] = "1"  # of several, those that a busy machine starts late are ended
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")},
            "MLFLOW_AUTH_CONFIG_PATH": str(SERVING / "tracking.ini"),
            "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_urlsafe(16),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "PYTHONPATH": str(extra),
            **({"MLFLOW_AUTH_ADMIN_PASSWORD": password} if password else {}),
        }
        with log.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", *command],
                cwd=folder,
                env=environment,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        with suppress(requests.ConnectionError):
            return requests.get(f"{self.url}/health", timeout=5).status_code == 200
        return False

    def kill(self) -> None:
        """The process and its workers, without a chance to finish anything."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(15)


@contextmanager
def as_user(monkeypatch, server: Server, name: str, password: str):
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", server.url)
        patch.setenv("MLFLOW_TRACKING_USERNAME", name)
        patch.setenv("MLFLOW_TRACKING_PASSWORD", password)
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # a writer is to notice that the server is gone
        patch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
        yield MlflowClient(server.url)


class Users:
    """What an administrator does by MLflow's REST API, as docs/operations.md shows with curl."""

    def __init__(self, server: Server, name: str, password: str):
        self.url, self.login = server.url, (name, password)

    def _ask(self, path: str, **facts):
        answer = requests.post(f"{self.url}/api/{path}", json=facts, auth=self.login, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def create(self, name: str, password: str) -> None:
        self._ask("2.0/mlflow/users/create", username=name, password=password)

    def let_read(self, name: str) -> None:
        role = self._ask("3.0/mlflow/roles/create", workspace="default", name="reading")["role"]["id"]
        for kind in ("experiment", "registered_model"):
            facts = {"role_id": role, "resource_type": kind, "resource_pattern": "*", "permission": "READ"}
            self._ask("3.0/mlflow/roles/permissions/add", **facts)
        self._ask("3.0/mlflow/roles/assign", role_id=role, username=name)

    def names(self) -> set[str]:
        answer = requests.get(f"{self.url}/api/2.0/mlflow/users/list", auth=self.login, timeout=20)
        answer.raise_for_status()
        return {one["username"] for one in answer.json()["users"]}


class Writer:
    """Runs of one metric in three steps and one artifact, written until the server is gone; those that it confirmed."""

    def __init__(self, client: MlflowClient, experiment: str):
        self.client, self.experiment = client, experiment
        self.finished: dict[str, float] = {}
        self.thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        with suppress(MlflowException):
            while True:
                number = len(self.finished)
                run = self.client.create_run(self.experiment).info.run_id
                self.client.log_batch(run, metrics=[Metric("number", number + step, 0, step) for step in range(3)])
                self.client.log_text(run, f"artifact {number}", "note.txt")
                self.client.set_terminated(run)
                self.finished[run] = time.time()

    def one_more(self):
        """Whether another run has been written since now."""
        before = len(self.finished)
        return lambda: len(self.finished) > before

    def seen_by(self, client: MlflowClient, run: str) -> bool:
        """Whether a run is there, whole, with its artifact."""
        number = list(self.finished).index(run)
        steps = [metric.value for metric in client.get_metric_history(run, "number")]
        return (
            client.get_run(run).info.status == "FINISHED"
            and steps == [number, number + 1, number + 2]
            and [one.file_size for one in client.list_artifacts(run)] == [len(f"artifact {number}")]
        )


def may_not(call, *arguments) -> None:
    with pytest.raises((MlflowException, requests.HTTPError), match=r"403|[Pp]ermission"):
        call(*arguments)


def golden(folder: Path) -> bytes:
    """The answers of a release to its golden requests, as bytes."""
    scorer = Scorer.load(folder)
    requested = [one["request"] for one in json.loads((folder / "golden.json").read_text())]
    assert scorer.check() == []
    return json.dumps([scorer.score_one(one) for one in requested], default=str).encode()


@pytest.fixture(scope="module")
def extra(tmp_path_factory) -> Path:
    """What MLflow's passwords need beyond this environment, from the lock of the server's image."""
    folder = tmp_path_factory.mktemp("extra")
    lock = (SERVING / "tracking.lock").read_text()
    present = {one.name.lower().replace("_", "-") for one in importlib.metadata.distributions()}
    pins = re.findall(r"^(?:flask-wtf|wtforms)==(?:.*\\\n)*.*\n", lock, re.MULTILINE)
    if {"flask-wtf", "wtforms"} <= present:
        return folder
    (folder / "pins.txt").write_text("".join(pins))
    command = [Path(sys.executable).with_name("uv"), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--python", sys.executable, "--target", folder, "-r", folder / "pins.txt"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"what MLflow's passwords need cannot be installed: {done.stderr[-300:]}")
    return folder


@pytest.fixture
def servers(tmp_path, extra):
    started = []

    def start(name: str, password: str = "") -> Server:
        started.append(Server(tmp_path / name / "data", tmp_path / f"{name}.log", extra, password))
        wait_for(started[-1].answers, name, 120)
        return started[-1]

    yield start
    for server in started:
        server.kill()


def test_server_and_disk_are_gone_and_everything_before_the_backup_is_back(
    servers, demo_release, tmp_path, monkeypatch, capsys
):
    started, passwords = time.time(), {name: secrets.token_urlsafe(16) for name in USERS}
    kept, first = tmp_path / "backups", servers("first", passwords["admin"])
    assert requests.get(f"{first.url}/api/2.0/mlflow/experiments/search?max_results=1", timeout=10).status_code == 401
    users = Users(first, "admin", passwords["admin"])
    users.create("training", passwords["training"])
    users.create("reading", passwords["reading"])
    users.let_read("reading")
    with as_user(monkeypatch, first, "training", passwords["training"]) as client:
        may_not(Users(first, "training", passwords["training"]).create, "another", "password-0000")
        registry = Registry("demo", tmp_path)
        registry.register(demo_release)
        registry.move(PROMOTE, 1, [], {"why": "a drill", "metrics": {}})  # its golden answers are asked for below
        aliases, log = registry.aliases(), registry.history()
        experiment = client.create_experiment("written")
        writer = Writer(client, experiment)
        writer.thread.start()
        monkeypatch.setenv("MLFLOW_BACKEND_STORE_URI", f"sqlite:///{first.folder}/mlflow.db")
        monkeypatch.setenv("MLFLOW_ARTIFACTS_DESTINATION", f"{first.folder}/artifacts")
        monkeypatch.chdir(tmp_path)
        for _ in range(BACKUPS):
            time.sleep(BETWEEN)
            wait_for(writer.one_more(), "runs before a backup")
            assert cli.main(["backup", "--to", str(kept), "--keep", "2"]) == 0
        time.sleep(BETWEEN)
        wait_for(writer.one_more(), "runs after the last backup")
        gone = time.time()
        first.kill()
        writer.thread.join()
        shutil.rmtree(first.folder)

    assert cli.main(["restore", str(kept), "--to", str(tmp_path / "second" / "data")]) == 0
    second = servers("second")  # no password is given: the users are those of the backup
    assert second.port != first.port
    with as_user(monkeypatch, second, "reading", passwords["reading"]) as client:
        fetched = Registry("demo", tmp_path).fetch("champion", tmp_path / "fetched")
        assert golden(fetched) == golden(demo_release)
        answering = time.time()
        may_not(client.create_run, experiment)
        assert {one.artifact_location.partition("/")[0] for one in client.search_experiments()} == {"mlflow-artifacts:"}
    newest = archive.whole_backups(kept)[-1]
    moment = datetime.fromisoformat(archive.manifest_of(newest)["made"]).timestamp()
    before = [run for run, end in writer.finished.items() if end < moment]
    with as_user(monkeypatch, second, "training", passwords["training"]) as client:
        assert all(writer.seen_by(client, run) for run in before)
        assert before
        again = Registry("demo", tmp_path)
        assert (again.aliases(), again.history()) == (aliases, log)
        restored = {run.info.run_id for run in client.search_runs([experiment], max_results=50_000)}
        client.create_run(experiment)  # and it can go on
    assert Users(second, "admin", passwords["admin"]).names() == set(USERS)
    lost = [run for run in writer.finished if run not in restored]
    assert not set(before) & set(lost)
    refused(newest, tmp_path, capsys)
    with capsys.disabled():
        report(
            "MLflow's server and disk gone",
            f"{BACKUPS} backups while {len(writer.finished)} runs were written; restored at another port and folder",
            f"{counted(len(lost), 'run')}, of {gone - moment:.1f} s (RPO); back after {answering - gone:.1f} s (RTO)",
            time.time() - started,
        )


def refused(backup: Path, tmp_path: Path, capsys) -> None:
    """A torn and an altered copy of a backup are refused, with words, and nothing is written."""
    name = next(one for one in archive.manifest_of(backup)["files"] if one.endswith("golden.json"))
    for harm, words in (
        (lambda path: path.unlink(), "is torn"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b" "), "was altered"),
    ):
        copy = tmp_path / "harmed"
        shutil.copytree(backup, copy)
        (copy / name).chmod(0o600)
        harm(copy / name)
        assert cli.main(["restore", str(copy), "--to", str(tmp_path / "third")]) == 2
        assert words in capsys.readouterr().err
        assert not (tmp_path / "third").exists()
        shutil.rmtree(copy)
