"""The steps of a series in Airflow: commands of the project, run by its own Python. They import nothing of it."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import pipeline_messages
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

BAD_INPUT = 2  # the exit code of data and parameters that cannot be used
REMEMBERED = 200  # lines of a command's output
SPEAKERS = ("FAILED ", "run_all: ", "patrons: ", "patrons ")  # how lines that name an error begin
ENDING = 60  # seconds in which a command that was told to end must have ended its kernels
CORRECT = "Correct what it names, then clear the task. It was not tried again: the answer would be the same."


class BadInputError(AirflowFailException):
    """Data or parameters that cannot be used: trying again would not help."""

    advice = CORRECT


class Step(BaseOperator):
    """Runs a command of the project; the last line of its output is the XCom.

    Parameters
    ----------
    words : sequence of str
        What follows the Python, such as ``["run_all.py", "params/demo.yaml"]``. A word that begins with ``$`` is a
        variable of the environment.
    root, params_file : str
        The project's folder, and the params file in it.
    version : int
        Of the DAG.
    advice : str
        What to do where it fails, for the message.
    optional : bool
        Whether it is skipped, and does not fail, where a variable is not set.
    """

    def __init__(
        self,
        *,
        words: Sequence[str],
        root: str,
        params_file: str,
        version: int,
        advice: str = "",
        optional: bool = False,
        **more: Any,
    ):
        super().__init__(**more)
        self.words, self.root, self.params_file, self.version = words, root, params_file, version
        self.advice, self.optional = advice, optional
        self.process: subprocess.Popen[str] | None = None
        self.pipeline = ""

    def execute(self, context: Mapping[str, Any]) -> str:
        self.pipeline = (
            f"dag {self.version}, commit {commit(self.root)}, params {params_digest(self.root, self.params_file)}"
        )
        self.log.info("Pipeline: %s", self.pipeline)
        run = f"{context['dag_run'].dag_id} {context['dag_run'].run_id}"
        code, lines = self.run_command(self.command(), environment(self.pipeline, run))
        if code == 0:
            return lines[-1] if lines else ""
        error = BadInputError if code == BAD_INPUT else AirflowException
        raise error(f"{said(lines)} (exit code {code})")

    def command(self) -> list[str]:
        """The command with variables filled in; it is told to end where this process dies."""
        missing = [word for word in self.words if word[0] == "$" and not os.environ.get(word[1:])]
        if missing:
            error = AirflowSkipException if self.optional else BadInputError
            raise error(f"{missing[0][1:]} is not set in Airflow's environment: see docs/operations.md, Airflow.")
        words = [os.environ[word[1:]] if word[0] == "$" else word for word in self.words]
        dying = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []  # of util-linux
        return [*dying, str(Path(self.root, ".venv", "bin", "python")), *words]

    def run_command(self, command: Sequence[str], variables: Mapping[str, str]) -> tuple[int, list[str]]:
        """Exit code and last lines of a command, whose output goes to the log as it comes."""
        self.log.info("%s", " ".join(command))
        self.process = subprocess.Popen(
            command,
            cwd=self.root,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
            start_new_session=True,
        )
        lines: deque[str] = deque(maxlen=REMEMBERED)
        assert self.process.stdout is not None  # as it was started with a pipe
        for line in self.process.stdout:
            lines.append(line.rstrip())
            self.log.info("%s", line.rstrip())
        self.process.stdout.close()
        code = self.process.wait()
        return (code if code >= 0 else 128 - code), [line for line in lines if line]

    def on_kill(self) -> None:
        """End the command as Ctrl-C would, which ends its kernels."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(ENDING)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


def said(lines: Sequence[str]) -> str:
    """The sentence of an error in the output of a command: its own line of it with what it lists, else the last."""
    places = [place for place, line in enumerate(lines) if line.startswith(SPEAKERS)]
    if not places:
        return lines[-1].strip() if lines else "It said nothing"
    listed = takewhile(lambda line: line.startswith("  - "), lines[places[-1] + 1 :])
    return " ".join([lines[places[-1]].strip(), *(line.strip() for line in listed)])


def environment(pipeline: str, run: str) -> dict[str, str]:
    """The environment of a command: that of Airflow without its settings, which hold passwords."""
    kept = {name: value for name, value in os.environ.items() if not name.lstrip("_").startswith("AIRFLOW")}
    return {**kept, "PATRONS_PIPELINE": pipeline, "PATRONS_PIPELINE_RUN": run, "PYTHONUNBUFFERED": "1"}


def commit(root: str) -> str:
    """The commit of a project, with ``-dirty`` where files differ from it; "none" where there is no git."""
    words = ["git", "-C", root, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return "none"
    return done.stdout.strip()


def params_digest(root: str, params: str) -> str:
    """The beginning of the SHA-256 of a params file; "none" where it is not there."""
    path = Path(root, params)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "none"


def gate(ti: Any) -> str | None:
    """Which way to go after the release was judged: to `load` it, to `keep` the champion, or none where it was not."""
    verdict = ti.xcom_pull(task_ids="evaluate")
    if verdict is None:
        print("Nothing was judged: nothing is deployed.")
        return None
    return "load" if json.loads(verdict)["decision"] == "deploy" else "keep"


def keep(ti: Any) -> str:
    """Say why the champion stays; nobody has done anything wrong, so the run is green."""
    verdict = json.loads(ti.xcom_pull(task_ids="evaluate"))
    facts = {"dag": ti.dag_id, "run": ti.run_id, "release": verdict["release"], "why": verdict["why"]}
    pipeline_messages.send(f"{ti.dag_id}: not deployed, the champion stays", facts)
    return str(verdict["why"])


def needed(ti: Any) -> str | None:
    """Whether to `train`, as the last line of a look says (`patrons retrain --if-needed --dry-run`)."""
    return "train" if asks(ti.xcom_pull(task_ids="look") or "") else None


def asks(last: str) -> bool:
    """Whether a look at the latest data ended with what training would do, and not with why there is no need."""
    return last.startswith("Nothing was changed")


def watcher() -> None:
    """Fail: it runs only where a task has failed, and a run is as its last tasks are, a rollback among them."""
    raise AirflowFailException("A task has failed, and so has the run.")
