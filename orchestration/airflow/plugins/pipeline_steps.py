"""The steps of a series in Airflow: commands of the project, run by its own Python. They import nothing of it."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

import pipeline_messages
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

BAD_INPUT = 2  # the exit code of data and parameters that cannot be used
REMEMBERED = 200  # lines of a command's output
HANDED_ON = 20  # of them: the last ones, as a warning may follow the line that is meant
SPEAKERS = ("FAILED ", "run_all: ", "patrons: ", "patrons ")  # how lines that name an error begin
WOULD_TRAIN, NO_NEED = "Nothing was changed but", "2. Nothing would be trained:"  # how the answers of a look begin
ENDING = 60  # seconds in which a command that was told to end must have ended its kernels
CORRECT = "Correct what it names, then clear the task. It was not tried again: the answer would be the same."


class BadInputError(AirflowFailException):
    """Data or parameters that cannot be used: trying again would not help."""

    advice = CORRECT


class Step(BaseOperator):
    """Runs a command of the project; the last lines of its output are the XCom.

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
    """

    def __init__(
        self,
        *,
        words: Sequence[str],
        root: str,
        params_file: str,
        version: int,
        advice: str = "",
        **more: Any,
    ):
        super().__init__(**more)
        self.words, self.root, self.params_file, self.version = words, root, params_file, version
        self.advice, self.pipeline = advice, ""
        self.process: subprocess.Popen[str] | None = None

    def execute(self, context: Mapping[str, Any]) -> str:
        self.pipeline = (
            f"dag {self.version}, commit {commit(self.root)}, params {params_digest(self.root, self.params_file)}"
        )
        self.log.info("Pipeline: %s", self.pipeline)
        run = f"{context['dag_run'].dag_id} {context['dag_run'].run_id}"
        code, lines = self.run_command(self.command(context), environment(self.pipeline, run))
        if code == 0:
            return "\n".join(lines[-HANDED_ON:])
        error = BadInputError if code == BAD_INPUT else AirflowException
        raise error(f"{said(lines)} (exit code {code})")

    def command(self, context: Mapping[str, Any]) -> list[str]:
        """The command with variables filled in; it is told to end where this process dies."""
        missing = [word for word in self.words if word[0] == "$" and not os.environ.get(word[1:])]
        if missing:
            name = missing[0][1:]
            raise BadInputError(f"{name} is not set in Airflow's environment: see docs/operations.md, Airflow.")
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


class Rollback(Step):
    """Undoes the delivery that `evaluate` began in this run, and no other; skipped where it has begun none."""

    def command(self, context: Mapping[str, Any]) -> list[str]:
        found = verdict(judged(context["ti"]) or "")
        if found is None or found["decision"] != "deploy":
            raise AirflowSkipException("This run has judged no release that was to answer: nothing is rolled back.")
        return [*super().command(context), "--of", found["started"]]


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


def judged(ti: Any) -> str | None:
    """What `evaluate` printed last; None where it has not succeeded since the run, or it alone, was started again.

    Airflow drops an XCom when its task starts, not when the task is cleared: one whose upstream fails keeps an old one.
    """
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=["evaluate"], run_ids=[ti.run_id])
    if states.get(ti.run_id, {}).get("evaluate") != "success":
        return None
    lines: str | None = ti.xcom_pull(task_ids="evaluate")
    return lines


def verdict(lines: str) -> dict[str, Any] | None:
    """The last verdict in what `patrons deploy NAME judge` printed; None where there is none."""
    for line in reversed(lines.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and found.get("decision") in ("deploy", "keep"):
            return found
    return None


def gate(ti: Any) -> str | None:
    """Which way to go after the release was judged: to `load` it, to `keep` the champion, or none where it was not."""
    lines = judged(ti)
    if lines is None:
        print("Nothing was judged: nothing is deployed.")
        return None
    if (found := verdict(lines)) is None:
        raise AirflowFailException("evaluate has ended without a verdict: see its log. Nothing was deployed.")
    return "load" if found["decision"] == "deploy" else "keep"


def keep(ti: Any) -> str:
    """Say why the champion stays; nobody has done anything wrong, so the run is green."""
    found = verdict(ti.xcom_pull(task_ids="evaluate")) or {}  # the gate has seen that there is one
    facts = {"dag": ti.dag_id, "run": ti.run_id, "release": found["release"], "why": found["why"]}
    pipeline_messages.send(f"{ti.dag_id}: not deployed, the champion stays", facts)
    return str(found["why"])


def needed(ti: Any) -> str | None:
    """Whether to `train`, as a look says (`patrons retrain --if-needed --dry-run`)."""
    return "train" if asks(ti.xcom_pull(task_ids="look") or "") else None


def asks(lines: str) -> bool:
    """Whether a look at the latest data ended with what training would do, or with why there is no need.

    Raises
    ------
    AirflowFailException
        It has said neither: nobody would learn of a model that must be trained.
    """
    said_so = {start for start in (WOULD_TRAIN, NO_NEED) for line in lines.splitlines() if line.startswith(start)}
    if len(said_so) != 1:
        raise AirflowFailException("The look has not said whether there is need to train: see the log of look.")
    return WOULD_TRAIN in said_so


def watcher(dag: Any, run_id: str) -> None:
    """Fail: it runs only where a task has failed, and a run is as its last tasks are, a rollback among them.

    That it did stands in the ledger of the series, for `patrons metrics`.
    """
    given = dag.default_args
    folder = Path(given["root"], "data", "ledger", Path(given["params_file"]).stem)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".failed_{dag.dag_id}.partial"
    at = datetime.now(UTC).isoformat(timespec="seconds")
    partial.write_text(json.dumps({"dag": dag.dag_id, "run": run_id, "at": at}), encoding="utf-8")
    partial.replace(folder / f"failed_{dag.dag_id}.json")
    raise AirflowFailException("A task has failed, and so has the run.")
