"""What drills of the pipeline share: projects that Airflow runs, and where messages arrive."""

import contextlib
import http.server
import json
import os
import shutil
import socketserver
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

from drills import ROOT, environment

from patrons.cli import dag

INSTALLED = (ROOT / ".venv-airflow" / ".ready").exists()


class Inbox:
    """A mail server and a webhook of this machine; `posted` and `mailed` are what has come."""

    def __init__(self):
        self.posted, self.mailed = [], []
        inbox = self

        class Webhook(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                inbox.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *words):
                pass

        class Mail(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"220 here\r\n")
                for line in self.rfile:
                    word = line.strip().upper()
                    self.wfile.write(b"354 go on\r\n" if word == b"DATA" else b"250 ok\r\n")
                    if word == b"DATA":
                        read = iter(self.rfile.readline, b".\r\n")
                        inbox.mailed.append(b"".join(read).decode())
                        self.wfile.write(b"250 taken\r\n")
                    if word == b"QUIT":
                        return

        servers = [
            http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook),
            socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail),
        ]
        for server in servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        self.servers, (webhook, mail) = servers, (server.server_address[1] for server in servers)
        smtp = {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": mail,
            "extra": {"disable_ssl": True, "disable_tls": True},
        }
        self.variables = {
            "PATRONS_WEBHOOK": f"http://127.0.0.1:{webhook}/",
            "PATRONS_MAIL_TO": "people@localhost",
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(smtp),
        }

    def took(self):
        """What has come since the last call, by the webhook; as many mails have."""
        posted, mailed = self.posted[:], self.mailed[:]
        self.posted.clear()
        self.mailed.clear()
        assert [one["subject"] for one in posted] == [
            next(line[9:] for line in mail.splitlines() if line.startswith("Subject: ")) for mail in mailed
        ]
        return posted

    def end(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()


class Ran(NamedTuple):
    """A run of a DAG: exit code, its state, by task its state and how often it was tried, and the output."""

    code: int
    state: str
    states: dict[str, str]
    tries: dict[str, int]
    output: str


class Project:
    """A project with the pipeline of a series, which waits for a second where the real one waits for a minute."""

    def __init__(self, root: Path, name: str, database: Path, variables: dict[str, str]):
        self.root, self.name, self.database = root, name, database
        place = root / "orchestration" / "airflow"
        shutil.copytree(ROOT / "orchestration" / "airflow" / "plugins", place / "plugins")
        shutil.copy(ROOT / "orchestration" / "airflow" / "airflow.sh", place)
        shutil.copy(ROOT / "run_all.py", root)
        text = dag.rendered(name, root).replace("timedelta(minutes=1)", "timedelta(seconds=1)")
        (place / "dags").mkdir()
        (place / "dags" / f"{name}.py").write_text(text.replace('"--seconds", "60"', '"--seconds", "1"'))
        (root / ".venv").symlink_to(sys.prefix)
        (root / ".venv-airflow").symlink_to(ROOT / ".venv-airflow")
        self.variables = environment(**variables)
        self.variables.pop("MLFLOW_TRACKING_URI", None)

    def start(self, *words: str, home: str = "home") -> subprocess.Popen:
        """Start a run; tasks whose names match a pattern after ``--mark-success-pattern`` are not run."""
        if not (folder := self.root / home).exists():
            folder.mkdir()
            shutil.copy(self.database, folder / "airflow.db")
        script = self.root / "orchestration" / "airflow" / "airflow.sh"
        return subprocess.Popen(
            [script, "dags", "test", self.name, *words],
            env={**self.variables, "AIRFLOW_HOME": str(folder), "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"},
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ended(self, process: subprocess.Popen, home: str = "home") -> Ran:
        output, _ = process.communicate(timeout=400)
        with contextlib.closing(sqlite3.connect(self.root / home / "airflow.db")) as database:
            run, state = database.execute("select run_id, state from dag_run order by id desc limit 1").fetchone()
            asked = "select task_id, state, try_number from task_instance where run_id = ?"
            rows = database.execute(asked, [run]).fetchall()
        states, tries = {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}
        return Ran(process.returncode, state, states, tries, output)

    def run(self, *words: str, home: str = "home") -> Ran:
        return self.ended(self.start(*words, home=home), home)


def migrated(folder: Path) -> Path:
    """An empty database of Airflow, made once."""
    target = folder / "airflow.db"
    if not target.exists():
        variables = {**os.environ, "AIRFLOW_HOME": str(folder), "AIRFLOW__CORE__LOAD_EXAMPLES": "false"}
        command = [ROOT / ".venv-airflow" / "bin" / "airflow", "db", "migrate"]
        subprocess.run(command, env=variables, check=True, capture_output=True)
    return target
