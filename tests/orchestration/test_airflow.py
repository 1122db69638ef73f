"""The pipeline for Airflow: what is committed follows from the notebooks, and is read without the project."""

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest
import yaml
from toy_series import notebook, params

from patrons.cli import dag, deploy
from patrons.cli.main import main
from patrons.monitoring import exported
from patrons.series.graph import needs, read_notebooks
from patrons.service import record

ROOT = Path(__file__).parents[2]
AIRFLOW = ROOT / "orchestration" / "airflow"
DEMO = AIRFLOW / "dags" / "demo.py"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
OURS = [*AIRFLOW.glob("dags/*.py"), *AIRFLOW.glob("plugins/*.py")]


def notebooks_of(text: str) -> dict[str, tuple[str, str, str, str]]:
    """The table of notebooks in the file of a DAG."""
    [table] = [node.value for node in ast.parse(text).body if ast.unparse(node).startswith("NOTEBOOKS = ")]
    return ast.literal_eval(table)


def test_the_committed_pipeline_is_what_the_notebooks_declare():
    assert DEMO.read_text(encoding="utf-8") == dag.rendered("demo", ROOT), "run: patrons dag demo --write"


def test_each_notebook_is_a_step_after_those_that_write_what_it_reads():
    series, table = read_notebooks(ROOT / "notebooks"), notebooks_of(DEMO.read_text(encoding="utf-8"))
    assert sorted(table) == sorted(series)
    order = list(table)
    for stage, before in needs(series).items():
        assert all(order.index(one) < order.index(stage) for one in before), stage
        number, question, reads, writes = table[stage]
        assert (number, question) == (stage[:2], series[stage].question)
        assert reads == (", ".join(series[stage].reads) or "the source")
        assert writes == ", ".join(series[stage].writes)


def test_the_order_is_that_of_reads_and_writes_and_else_of_numbers(tmp_path):
    notebook(tmp_path, "01_last", reads=("b.txt",), writes=("c.txt",))
    notebook(tmp_path, "02_first", writes=("a.txt",))
    notebook(tmp_path, "03_middle", reads=("a.txt",), writes=("b.txt",))
    notebook(tmp_path, "04_alone", writes=("d.txt",))
    assert dag.ordered(read_notebooks(tmp_path / "notebooks")) == ["02_first", "03_middle", "01_last", "04_alone"]


def test_a_pipeline_is_printed_and_written_only_where_that_is_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    notebook(tmp_path, "01_eda", writes=("a.txt",))
    params(tmp_path)
    assert main(["dag", "toy"]) == 0
    printed, written = capsys.readouterr().out, tmp_path / "orchestration" / "airflow" / "dags" / "toy.py"
    assert list(notebooks_of(printed)) == ["01_eda"]
    assert not written.exists()
    assert main(["dag", "toy", "--write"]) == 0
    assert written.read_text() == printed


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("shop", "Params files in .*: toy"), ("my shop", "cannot name a DAG. Rename the params file")],
)
def test_a_series_that_is_not_there_or_cannot_name_a_dag_is_refused(name, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    notebook(tmp_path, "01_eda", writes=("a.txt",))
    params(tmp_path)
    assert main(["dag", name]) == 2
    assert re.search(sentence, capsys.readouterr().err)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_airflow_parses_a_file_by_importing_little_and_doing_nothing_else(path):
    """Airflow parses each file every half minute: what costs time waits for a task or a message."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    at_once = list(parsed(tree))
    names = {name for node in at_once for name in imported(node)}
    foreign = {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}
    beside = {file.stem for file in AIRFLOW.glob("plugins/*.py")}
    operators = {f"airflow.providers.standard.operators.{name}" for name in ("empty", "python", "trigger_dagrun")}
    assert foreign - beside - operators <= {"airflow.sdk", "airflow.sdk.exceptions"}
    assert "patrons" not in {name.split(".")[0] for node in ast.walk(tree) for name in imported(node)}
    called = {ast.unparse(node.func) for node in at_once if isinstance(node, ast.Call)}
    cheap = {"Path", "Path(__file__).resolve", "str", "timedelta", "datetime", "logging.getLogger", "os.environ.get"}
    made = {"DAG", "Step", "Rollback", "chain", "NOTEBOOKS.items", "in_time"}
    named = {"DeadlineAlert", "SyncCallback"} | {name for name in called if re.match(r"\{.*\}\.items$", name)}
    assert {name for name in called if not name.endswith("Operator")} <= cheap | made | named


def parsed(node):
    """The nodes of a file that run when it is parsed: those of no function, but for what makes deadlines."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.Lambda) or getattr(child, "name", "") == "in_time":
            yield child
            yield from parsed(child)


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def test_a_run_is_never_ended_and_its_tasks_are():
    """Airflow skips what is left of a run that it ends: a flip half way, no rollback, no message."""
    for path in OURS:
        text = path.read_text(encoding="utf-8")
        assert "dagrun_timeout" not in text
        assert ("execution_timeout" in text) is (path.parent.name == "dags")


def test_training_is_not_asked_of_a_pipeline_that_is_switched_off():
    """A run of a paused DAG would wait, unseen: the task fails in its place."""
    tree = ast.parse(DEMO.read_text(encoding="utf-8"))
    [call] = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and "TriggerDag" in ast.unparse(node.func)]
    assert "fail_when_dag_is_paused=True" in ast.unparse(call)


def test_the_export_is_left_to_cron():
    """Once a day would be too rare for the alert on its silence, and a second file would hold the same series."""
    assert '"metrics"' not in DEMO.read_text(encoding="utf-8")


def test_the_docs_have_a_section_for_this_version_of_the_pipeline():
    assert f"VERSION = {dag.VERSION} " in DEMO.read_text(encoding="utf-8")
    told = OPERATIONS.partition("### Pipeline versions\n")[2].partition("\n### ")[0].partition("\n## ")[0]
    numbers = [int(number) for number in re.findall(r"^\*\*Version (\d+)\*\*", told, re.MULTILINE)]
    assert numbers == list(range(dag.VERSION, 0, -1))


@pytest.fixture(scope="module")
def steps():
    """The module of steps, with stand-ins for Airflow, which is not in this environment."""

    class Operator:
        def __init__(self, task_id):
            self.task_id, self.log = task_id, types.SimpleNamespace(info=lambda *words: None)

    kinds = {name: type(name, (Exception,), {}) for name in ("AirflowException", "AirflowSkipException")}
    kinds["AirflowFailException"] = type("AirflowFailException", (kinds["AirflowException"],), {})
    modules = {
        "airflow": {},
        "airflow.sdk": {"BaseOperator": Operator},
        "airflow.sdk.exceptions": kinds,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(AIRFLOW / "plugins"))
        for name, content in modules.items():
            patch.setitem(sys.modules, name, types.SimpleNamespace(**content))
        spec = importlib.util.spec_from_file_location("pipeline_steps", AIRFLOW / "plugins" / "pipeline_steps.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


def test_the_watcher_leaves_for_the_export_which_run_failed_and_fails(steps, tmp_path):
    given = {"root": str(tmp_path), "params_file": "params/toy.yaml"}
    with pytest.raises(steps.AirflowFailException, match="A task has failed"):
        steps.watcher(types.SimpleNamespace(dag_id="toy_monitoring", default_args=given), "monday")
    folder = tmp_path / "data" / "ledger" / "toy"
    left = json.loads((folder / "failed_toy_monitoring.json").read_text())
    assert [path.name for path in folder.iterdir()] == ["failed_toy_monitoring.json"]
    assert (left["dag"], left["run"]) == ("toy_monitoring", "monday")
    assert abs(time.time() - exported.seconds(left["at"])) < 60
    [number] = exported._of_dags(folder)
    assert (number.gauge, number.labels) == ("dag_failed_timestamp_seconds", ("toy_monitoring",))


@pytest.fixture
def step(steps, tmp_path):
    """Makes a step that runs a line of Python in a project of its own."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    run = types.SimpleNamespace(dag_id="toy", run_id="monday")

    def execute(*words, kind="Step", ti=None):
        made = getattr(steps, kind)(task_id="one", words=words, root=str(tmp_path), params_file="toy.yaml", version=3)
        return made.execute({"dag_run": run, "ti": ti})

    return execute


def test_a_step_hands_on_the_last_lines_that_its_command_printed(step):
    assert step("-c", "print('first'); print(); print('last'); print()") == "first\nlast"
    assert step("-c", "for number in range(50): print(number)").split() == [str(number) for number in range(30, 50)]


@pytest.mark.parametrize(("code", "again"), [(1, True), (2, False), (143, True)])
def test_a_command_that_fails_fails_its_step_and_bad_input_is_not_tried_again(code, again, step, steps):
    line = f"import sys; print('run_all: No such column.'); print('See the docs.'); sys.exit({code})"
    with pytest.raises(Exception, match=rf"^run_all: No such column\. \(exit code {code}\)$") as error:
        step("-c", line)
    assert isinstance(error.value, steps.AirflowFailException) is not again


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["FAILED 03_c, cell 4: ValueError: no", "    open 03_c.failed.ipynb", "Report: x"], "FAILED 03_c, cell 4: "),
        (["patrons: MLflow is away."], "patrons: MLflow is away."),
        (["patrons deploy: green1 is not ready.", ""], "patrons deploy: green1 is not ready."),
        (["run_all: It lacks:", "  - a", "  - b", "It has: c"], "run_all: It lacks: - a - b"),
        (["Traceback", "KeyError: 'x'"], "KeyError: 'x'"),
        ([], "It said nothing"),
    ],
)
def test_the_sentence_of_an_error_is_the_line_that_names_it(lines, sentence, steps):
    assert steps.said([line for line in lines if line]).startswith(sentence)


def test_a_command_knows_its_pipeline_and_nothing_of_airflows_settings(step, monkeypatch, tmp_path):
    (tmp_path / "toy.yaml").write_text("")  # the SHA-256 of nothing begins with e3b0c44298fc
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", "smtp://user:secret@mail")
    monkeypatch.setenv("_AIRFLOW_X", "1")
    line = (
        "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if 'AIRFLOW' in k or 'PIPELINE' in k}))"
    )
    assert json.loads(step("-c", line)) == {
        "PATRONS_PIPELINE": "dag 3, commit none, params e3b0c44298fc",
        "PATRONS_PIPELINE_RUN": "toy monday",
    }


def test_a_variable_that_is_not_set_fails_a_step(step, steps, monkeypatch):
    monkeypatch.delenv("PATRONS_BACKUPS", raising=False)
    with pytest.raises(steps.AirflowFailException, match="PATRONS_BACKUPS is not set in Airflow's environment"):
        step("-c", "$PATRONS_BACKUPS")
    monkeypatch.setenv("PATRONS_BACKUPS", "print('$set')")
    assert step("-c", "$PATRONS_BACKUPS") == "$set"


VERDICT = {"release": "demo-1", "version": 2, "why": "it is", "started": "2026-01-31T04:00:00Z"}
WARNED = "\n/usr/lib/python3.11/multiprocessing/resource_tracker.py:254: UserWarning: leaked\n  warnings.warn("


def judging(lines, state="success"):
    """A task's view of a run in which `evaluate` has printed lines and is in a state."""

    def states(dag_id, task_ids, run_ids):
        assert (dag_id, task_ids, run_ids) == ("toy", ["evaluate"], ["monday"])
        return {"monday": {"evaluate": state}}

    pull = {"evaluate": lines}.get
    return types.SimpleNamespace(
        dag_id="toy", run_id="monday", get_task_states=states, xcom_pull=lambda task_ids: pull(task_ids)
    )


def printed(decision):
    return "demo-1, version 2, is to answer: it is.\n" + json.dumps(VERDICT | {"decision": decision})


@pytest.mark.parametrize("after", ["", WARNED])
def test_the_gate_goes_where_the_verdict_says(after, steps):
    assert steps.gate(judging(printed("deploy") + after)) == "load"
    assert steps.gate(judging(printed("keep") + after)) == "keep"
    assert steps.gate(judging(None)) is None


@pytest.mark.parametrize("state", ["failed", "upstream_failed", "skipped", None])
def test_the_gate_does_not_act_on_the_verdict_of_an_earlier_try(state, steps):
    """Cleared with its upstream, which fails this time, evaluate does not start, and keeps what it had handed on."""
    assert steps.gate(judging(printed("deploy"), state)) is None


@pytest.mark.parametrize("lines", ["", "It is.", '"deploy"', "{}", '{"decision": "perhaps"}'])
def test_the_gate_fails_where_there_is_no_verdict_in_what_was_judged(lines, steps):
    with pytest.raises(steps.AirflowFailException, match=r"without a verdict: see its log\. Nothing was"):
        steps.gate(judging(lines))


def test_that_a_champion_stays_is_told_with_the_reason(steps, monkeypatch):
    sent = []
    monkeypatch.setattr(steps.pipeline_messages, "send", lambda *words: sent.append(words))
    assert steps.keep(judging(printed("keep") + WARNED)) == "it is"
    facts = {"dag": "toy", "run": "monday", "release": "demo-1", "why": "it is"}
    assert sent == [("toy: not deployed, the champion stays", facts)]


def test_a_rollback_names_the_delivery_of_its_own_run(step):
    said = step("-c", "import sys; print(sys.argv[1:])", kind="Rollback", ti=judging(printed("deploy") + WARNED))
    assert said == "['--of', '2026-01-31T04:00:00Z']"


@pytest.mark.parametrize(("state", "way"), [(record.JUDGED, "load"), (record.KEPT, "keep")])
def test_what_judge_prints_is_a_verdict_that_names_its_delivery(state, way, steps):
    delivery = record.Delivery("toy", state, "2026-01-31T04:00:00+00:00", "1", "toy-1", 1, why="it matches")
    lines = "\n".join(deploy._judged(delivery))
    assert steps.gate(judging(lines)) == way
    assert steps.verdict(lines)["started"] == delivery.started


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        (None, "success"),
        (None, "upstream_failed"),
        (printed("deploy"), "upstream_failed"),
        (printed("deploy"), "failed"),
        (printed("keep"), "success"),
        ("It is.", "success"),
    ],
)
def test_nothing_is_rolled_back_where_the_run_has_judged_no_release_that_was_to_answer(lines, state, step, steps):
    with pytest.raises(steps.AirflowSkipException, match="nothing is rolled back"):
        step("-c", "raise SystemExit('rolled back')", kind="Rollback", ti=judging(lines, state))


def test_a_look_asks_for_training_where_it_ends_with_what_training_would_do(steps):
    """Its last lines are those of `_rehearse` in src/patrons/monitoring/retraining.py."""
    source = (ROOT / "src" / "patrons" / "monitoring" / "retraining.py").read_text(encoding="utf-8")
    rehearsal = source.partition("def _rehearse(")[2].partition("\ndef ")[0]
    [last] = re.findall(r'"(Nothing was changed.*)"$', rehearsal, re.MULTILINE)
    [none] = re.findall(r'f"(2\. Nothing would be trained: .*)"\)$', rehearsal, re.MULTILINE)
    for after in ("", WARNED):
        assert steps.asks(f"1. The latest data are looked at.\n5. It would.\n{last}{after}")
        assert not steps.asks(f"1. The latest data are looked at.\n{none}{after}")


@pytest.mark.parametrize("lines", ["", "Done.", "2. Nothing would be trained: x\nNothing was changed but y"])
def test_a_look_that_nobody_understands_fails_instead_of_training_nothing_for_ever(lines, steps):
    with pytest.raises(steps.AirflowFailException, match="has not said whether there is need to train"):
        steps.asks(lines)


@pytest.fixture
def sent(monkeypatch):
    """The module of messages, and what its webhook has got."""
    monkeypatch.syspath_prepend(str(AIRFLOW / "plugins"))
    messages, got = importlib.import_module("pipeline_messages"), []
    monkeypatch.setenv("PATRONS_WEBHOOK", "http://people")
    monkeypatch.delenv("PATRONS_MAIL_TO", raising=False)
    monkeypatch.setattr(messages, "_post", lambda address, content: got.append(content))
    return messages, got


def context(error, **more):
    ti = types.SimpleNamespace(dag_id="toy", task_id="01_eda", run_id="monday", try_number=2, log_url="http://log")
    return {"ti": ti, "task": types.SimpleNamespace(**more), "exception": error}


def test_a_message_names_the_task_its_error_and_what_to_do(sent):
    messages, got = sent
    messages.failed(context(ValueError("It is\n wrong."), advice="Mend it.", pipeline="dag 1"))
    [content] = got
    text = content.pop("text").splitlines()
    assert content == {
        **{"subject": "toy: 01_eda failed", "dag": "toy", "run": "monday", "task": "01_eda", "tries": 2},
        **{"error": "It is wrong.", "to_do": "Mend it.", "pipeline": "dag 1", "log": "http://log"},
    }
    assert text[0] == "toy: 01_eda failed"
    assert text[-4:] == ["error: It is wrong.", "to do: Mend it.", "pipeline: dag 1", "log: http://log"]


@pytest.mark.parametrize(
    ("name", "advice", "told"),
    [("BadInputError", "Correct it.", "Correct it."), ("AirflowTaskTimeout", "", "It took longer than it may")],
)
def test_what_to_do_follows_from_the_error_before_the_task(sent, name, advice, told):
    messages, got = sent
    messages.failed(context(type(name, (Exception,), {"advice": advice})(), advice="Mend the task."))
    assert got[0]["to_do"].startswith(told)
    assert got[0]["error"] == name  # which says nothing itself


def test_a_task_whose_process_was_killed_says_so(sent):
    messages, got = sent
    messages.failed(context(None, advice="Mend it."))
    assert (got[0]["error"], got[0]["to_do"]) == ("It was killed or lost; see its log.", "Mend it.")


def test_a_run_that_is_late_is_told_from_the_record_that_airflow_hands_over(sent):
    messages, got = sent
    messages.late({"dag_run": {"dag_id": "toy", "dag_run_id": "monday"}, "deadline": {}}, 6.0)
    assert (got[0]["subject"], got[0]["run"]) == ("toy: late", "monday")
    assert got[0]["error"] == "It has not ended within 6 hours."


def test_a_message_that_cannot_be_sent_is_told_in_the_log_and_stops_nothing(sent, monkeypatch, caplog):
    messages, _ = sent
    monkeypatch.setattr(messages, "_post", lambda address, content: 1 / 0)
    messages.send("toy: late", {"dag": "toy"})
    assert "No message was sent by PATRONS_WEBHOOK: ZeroDivisionError" in caplog.text


def test_compose_has_a_database_on_this_machine_only_with_a_password_that_must_be_set():
    [(name, service)] = yaml.safe_load((AIRFLOW / "compose.yaml").read_text(encoding="utf-8"))["services"].items()
    assert (name, service["ports"]) == ("database", ["127.0.0.1:5433:5432"])
    assert service["environment"]["POSTGRES_PASSWORD"].startswith("${PATRONS_AIRFLOW_DATABASE_PASSWORD:?")


def test_the_start_says_what_is_missing_where_airflow_is_not_installed(tmp_path):
    script = tmp_path / "orchestration" / "airflow" / "airflow.sh"
    script.parent.mkdir(parents=True)
    script.write_bytes((AIRFLOW / "airflow.sh").read_bytes())
    done = subprocess.run(["bash", script, "start"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "Airflow is not installed: make airflow installs and starts it.\n")
    assert not (script.parent / "state").exists()


def test_the_password_is_yours_alone_and_what_tasks_write_has_the_rights_of_your_umask(tmp_path):
    """Replicas in containers and node_exporter, other users, read what tasks write."""
    script, airflow = tmp_path / "orchestration" / "airflow" / "airflow.sh", tmp_path / ".venv-airflow" / "bin"
    script.parent.mkdir(parents=True)
    script.write_bytes((AIRFLOW / "airflow.sh").read_bytes())
    airflow.mkdir(parents=True)
    (airflow / "python").symlink_to(sys.executable)
    (airflow / "airflow").write_text('#!/bin/sh\necho "$*"\numask\n')
    (airflow / "airflow").chmod(0o755)
    words = ["sh", "-c", 'umask 022; exec bash "$0" dags test toy', str(script)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split("\n")[:2] == ["dags test toy", "0022"]
    state = script.parent / "state"
    assert [oct(path.stat().st_mode & 0o777) for path in (state, state / "passwords.json")] == ["0o700", "0o600"]
