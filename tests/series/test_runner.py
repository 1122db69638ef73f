import asyncio
import dataclasses
import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from nbformat.v4 import new_notebook
from toy_series import PREAMBLE, notebook, params

import run_all
from patrons import stage
from patrons.events import Log
from patrons.files import write_text
from patrons.intake import sources
from patrons.series import imports, processes, runner, worker, workers
from patrons.series.processes import Ending
from patrons.series.progress import Lines, LiveTable
from patrons.series.results import Results
from patrons.series.workers import Place
from patrons.tracking import promotion

ROOT = Path(__file__).parents[2]
RUN = "import sys, run_all; from pathlib import Path; sys.exit(run_all.main(sys.argv[2:], root=Path(sys.argv[1])))"


@pytest.fixture(autouse=True)
def reports(monkeypatch):
    """Stands in for the pages and for MLflow; holds the calls."""
    calls = SimpleNamespace(built=[], sent=[])

    def build(name, processed, reports):
        calls.built.append(name)
        return reports / "index.html"

    monkeypatch.setitem(sys.modules, "patrons.reports.pages", SimpleNamespace(build=build))
    tracking = SimpleNamespace(log_series=lambda processed, *_: calls.sent.append(processed.name))
    monkeypatch.setitem(sys.modules, "patrons.tracking.runs", tracking)
    return calls


@pytest.fixture
def root(tmp_path):
    """01 writes a.txt, 02 copies it to b.txt, 03 stands alone."""
    notebook(
        tmp_path, "01_a", PREAMBLE, "(out / 'a.txt').write_text(str(k))", writes=("a.txt",), parameters="k: int = 3\n"
    )
    copy = "(out / 'b.txt').write_text((Path(folder) / '01_a' / 'a.txt').read_text())"
    notebook(tmp_path, "02_b", PREAMBLE, copy, reads=("a.txt",), writes=("b.txt",))
    facts = "[sys.executable, os.getcwd(), os.environ['PYTHONHASHSEED']]"
    facts = f"import sys, json\n(out / 'c.json').write_text(json.dumps({facts}))"
    notebook(tmp_path, "03_c", PREAMBLE, facts, writes=("c.json",))
    params(tmp_path)
    return tmp_path


@pytest.fixture
def executed(monkeypatch):
    """Stands in for kernels where only the choice of what to run matters; holds the stages that were run."""
    stages = []

    async def write(job, on_cell):
        stages.append(job.place.notebook.stem)
        for name in {"01_a": ["a.txt"], "02_b": ["b.txt"], "03_c": ["c.json"]}[job.place.notebook.stem]:
            (job.place.output / name).write_text(json.dumps(job.parameters.get("k", 0) % 10))
        nbformat.write(new_notebook(), job.executed)
        return Ending()

    monkeypatch.setattr(processes, "run", write)
    return stages


def run(root, *arguments):
    return run_all.main([str(root / "params" / "toy.yaml"), *arguments], root=root)


def record(root):
    return json.loads((root / "data" / "processed" / "toy" / "series.json").read_text())


def statuses(root):
    return {name: stage["status"] for name, stage in sorted(record(root)["stages"].items())}


def test_two_params_files_of_one_name_do_not_share_results(root, executed, capsys):
    assert run(root) == 0
    before = record(root)
    other = params(root / "elsewhere")
    assert run_all.main([str(other)], root=root) == 2
    error = capsys.readouterr().err
    assert "toy names the results of params/toy.yaml: elsewhere/params/toy.yaml has the same name" in error
    assert record(root) == before


def test_a_params_file_that_was_moved_keeps_its_results(root, executed):
    assert run(root) == 0
    moved = (root / "params" / "toy.yaml").rename(params(root / "elsewhere"))
    assert run_all.main([str(moved), "--resume"], root=root) == 0
    assert record(root)["params"] == "elsewhere/params/toy.yaml"


def from_elsewhere(root, folder):
    """What `dvc pull` or `dvc checkout` brings: the folders of results, without executed notebooks and the record."""
    for path in (folder / "data" / "processed" / "toy").glob("0*/*"):
        target = root / path.relative_to(folder)
        if path.name != "notebook.ipynb":
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def test_results_that_came_from_elsewhere_are_used_as_they_stand(root, executed, tmp_path_factory):
    elsewhere = shutil.copytree(root, tmp_path_factory.mktemp("other") / "elsewhere")
    assert run(elsewhere) == 0
    from_elsewhere(root, elsewhere)
    assert run(root, "--resume", "--only", "02") == 0  # which reads what 01 wrote elsewhere
    assert run(root, "--resume") == 0
    assert sorted(executed) == ["01_a", "02_b", "03_c"]
    assert statuses(root) == {"01_a": "succeeded", "02_b": "succeeded", "03_c": "succeeded"}
    for name, here in record(root)["stages"].items():
        there = record(elsewhere)["stages"][name]
        assert {**there["outputs"], **here["outputs"]} == there["outputs"]
        assert here["fingerprint"] == there["fingerprint"]


def test_other_results_in_place_of_those_made_here_count_by_what_they_were_made_from(root, executed, tmp_path_factory):
    elsewhere = shutil.copytree(root, tmp_path_factory.mktemp("other") / "elsewhere")
    assert run(elsewhere) == 0
    assert run(root, "--set", "01.k=7") == 0
    from_elsewhere(root, elsewhere)
    executed.clear()
    assert run(root, "--resume") == 0
    assert executed == []
    assert record(root)["stages"]["01_a"]["parameters"] == record(elsewhere)["stages"]["01_a"]["parameters"]
    assert not list((root / "data" / "processed" / "toy").glob("01_a/notebook.ipynb"))  # it showed the other results
    assert run(root, "--resume", "--set", "01.k=7") == 0
    assert executed[0] == "01_a"


def test_results_from_elsewhere_that_were_altered_on_the_way_are_made_again(root, executed, tmp_path_factory):
    elsewhere = shutil.copytree(root, tmp_path_factory.mktemp("other") / "elsewhere")
    assert run(elsewhere) == 0
    from_elsewhere(root, elsewhere)
    (root / "data" / "processed" / "toy" / "02_b" / "b.txt").write_text("altered")
    executed.clear()
    assert run(root, "--resume") == 0
    assert executed == ["02_b"]


def test_a_failure_is_not_forgotten_because_former_results_are_still_there(root, executed, monkeypatch):
    assert run(root) == 0

    async def fails(job, on_cell):
        return Ending("it failed")

    monkeypatch.setattr(processes, "run", fails)
    assert run(root, "--set", "01.k=7") == 1
    assert run(root, "--list") == 0
    assert run(root, "--only", "02") == 2
    assert statuses(root)["01_a"] == "failed"


def test_what_a_folder_says_of_itself_is_the_same_when_it_is_made_again(root, executed):
    assert run(root) == 0
    paths = sorted((root / "data" / "processed" / "toy").glob("*/origin.json"))
    before = [path.read_bytes() for path in paths]
    assert run(root) == 0
    assert len(paths) == 3
    assert [path.read_bytes() for path in paths] == before


# With real kernels


def test_a_series_leaves_whole_results_a_record_and_one_line_a_step(root, reports, capsys, monkeypatch):
    spec = root / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text('{"argv": ["false"], "display_name": "other", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(root / "jupyter"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")

    assert run(root, "--set", "01.k=7") == 0

    results = root / "data" / "processed" / "toy"
    assert (results / "02_b" / "b.txt").read_text() == "7"
    executable, cwd, seed = json.loads((results / "03_c" / "c.json").read_text())
    assert (executable, cwd, seed) == (sys.executable, str(root / "notebooks"), "0")
    assert nbformat.read(results / "02_b" / "notebook.ipynb", 4).cells[-1].outputs[0].data["text/plain"] == "1"

    assert statuses(root) == {"01_a": "succeeded", "02_b": "succeeded", "03_c": "succeeded"}
    first = record(root)["stages"]["01_a"]
    assert first["parameters"] == {"k": 7}
    assert set(first["outputs"]) == {"a.txt", "notebook.ipynb"}
    assert record(root)["finished"] >= record(root)["started"]
    assert not (results / ".running").exists()

    out = capsys.readouterr().out
    assert "01_a: started\n" in out
    assert "02_b: succeeded in" in out
    assert "4/4 cells" in out  # the injected parameters are one
    assert "toy: 3 notebooks run, 0 reused" in out
    assert "reports/toy/index.html" in out
    assert (reports.built, reports.sent) == (["toy"], ["toy"])


def test_failures_stop_what_depends_on_them_and_nothing_else(root, reports, capsys):
    notebook(root, "01_a", PREAMBLE, "# why\nraise ValueError('no customers')", writes=("a.txt",))
    notebook(root, "04_dies", PREAMBLE, "os.kill(os.getpid(), 9)", writes=("d.txt",))
    notebook(root, "05_forgets", PREAMBLE + "\n(out / 'e.txt').write_text('')", writes=("e.txt", "f.txt"))

    assert run(root) == 1

    assert statuses(root) == {
        "01_a": "failed",
        "02_b": "not run",
        "03_c": "succeeded",
        "04_dies": "failed",
        "05_forgets": "failed",
    }
    out = capsys.readouterr().out
    assert "FAILED 01_a, cell 4: ValueError: no customers (in `raise ValueError('no customers')`)" in out
    assert "FAILED 04_dies, cell 4: the kernel died." in out
    assert "FAILED 05_forgets, it ended without writing f.txt" in out
    assert "NOT RUN 02_b: needs the results of 01_a" in out
    results = root / "data" / "processed" / "toy"
    assert sorted(path.name for path in results.glob("[0-9]*")) == [
        "01_a.failed.ipynb",
        "03_c",
        "04_dies.failed.ipynb",
        "05_forgets.failed.ipynb",
    ]
    cells = nbformat.read(results / "01_a.failed.ipynb", 4).cells
    assert [o.ename for cell in cells if cell.cell_type == "code" for o in cell.outputs] == ["ValueError"]
    assert reports.built == ["toy"]  # what succeeded has its page


STOP = """from patrons.stage import Stage
stage = Stage("01_a", folder)
(out / "a.txt").write_text("0")
stage.stop("Ten customers are too few to learn from: everyone gets the mean.")
never = 1"""


def test_a_notebook_that_stops_itself_succeeds_with_its_reason_and_without_its_rest(root, reports, capsys):
    notebook(root, "01_a", PREAMBLE, STOP, "(out / 'late.txt').write_text('')", writes=("a.txt",))
    assert run(root) == 0
    assert statuses(root) == {"01_a": "succeeded", "02_b": "succeeded", "03_c": "succeeded"}
    stopped = record(root)["stages"]["01_a"]
    reason = "Ten customers are too few to learn from: everyone gets the mean."
    assert (stopped["stopped"], stopped["error"]) == (reason, None)
    assert record(root)["stages"]["02_b"]["stopped"] is None
    assert set(stopped["outputs"]) == {"a.txt", "findings.json", "notebook.ipynb"}
    assert f"ENDED EARLY 01_a: {reason}" in capsys.readouterr().out
    executed = nbformat.read(root / "data" / "processed" / "toy" / "01_a" / "notebook.ipynb", 4)
    nbformat.validate(executed)
    assert "stage.stop" in executed.cells[-1].source
    outputs = [out for cell in executed.cells for out in cell.get("outputs", [])]
    assert [out.output_type for out in outputs if "caution" in str(out)] == ["display_data"]
    assert not any(out.output_type == "error" for out in outputs)
    assert "papermill-error" not in str(executed)
    assert run(root, "--resume") == 0
    assert record(root)["stages"]["01_a"]["stopped"] == reason  # reused, and still stated


def test_a_notebook_that_stops_itself_before_its_outputs_stand_has_failed(root, capsys, monkeypatch):
    async def stop(job, on_cell):
        return Ending(stopped="Nobody churned.")

    monkeypatch.setattr(processes, "run", stop)
    assert run(root, "--only", "01") == 1
    assert "it ended without writing a.txt" in capsys.readouterr().out


def test_a_notebook_that_takes_too_long_is_ended_and_kept_as_far_as_it_came(root):
    path = notebook(root, "01_a", "'reached'", "import time\ntime.sleep(600)", writes=("a.txt",))
    output = root / "output"
    output.mkdir()
    job = processes.Job(Place(path, output), output / "notebook.ipynb", {"folder": str(root)}, timeout=12)
    ending = asyncio.run(processes.run(job, lambda cell, cells: None))
    assert ending.error == "cell 4: not done after 12 s. Allow more with --timeout."
    cells = [cell for cell in nbformat.read(job.executed, 4).cells if cell.cell_type == "code"]
    assert cells[2].outputs[0].data["text/plain"] == "'reached'"


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_stopped_series_leaves_no_process_behind(root, how, code):
    sleep = "import time\n(Path(folder).parents[2] / 'began').write_text('')\ntime.sleep(600)"
    notebook(root, "01_a", PREAMBLE, sleep, writes=("a.txt",))
    runner = subprocess.Popen(
        [sys.executable, "-c", RUN, str(root), str(root / "params" / "toy.yaml"), "--only", "01,02", "--no-track"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    )
    try:
        wait_for(lambda: (root / "began").exists(), runner)
        children = lambda: psutil.Process(runner.pid).children(recursive=True)  # noqa: E731
        # the warm process, the worker and its kernel, and the early ones of 02
        wait_for(lambda: len(children()) >= (5 if sys.platform == "linux" else 2), runner)
        started = children()
        runner.send_signal(how)
        _, message = runner.communicate(timeout=30)
    finally:
        runner.kill()
    assert runner.returncode == code
    wait_for(lambda: not any(alive(process) for process in started))
    if how != signal.SIGKILL:
        assert f"Stopped by {how.name}" in message
        assert "Traceback" not in message
        assert not (root / "data" / "processed" / "toy" / ".running").exists()


def wait_for(condition, process=None):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited for a minute"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)


def alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_worker_that_cannot_start_is_a_failure_with_its_last_words(root, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    job = processes.Job(Place(root / "notebooks" / "01_a.ipynb", root), root / "x.ipynb", {})
    ending = asyncio.run(processes.run(job, lambda cell, cells: None))
    assert ending.error == "its process ended with code 1 before the notebook did."


def test_the_runner_and_the_notebooks_mean_the_same_variable():
    assert workers.OUTPUT_VARIABLE == stage.OUTPUT_VARIABLE
    assert stage.NotebookStopped.__name__ == worker.STOPPED


# Bad input: exit 2, one message, nothing written


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("01_a: {kk: 1}", [], "01_a has no parameter 'kk'; did you mean 'k'?"),
        ("", ["--set", "01.k=three"], "01_a.k: 'three' is not int"),
        ("", ["--only", "09"], "There is no notebook '09'"),
        ("", ["--only", "02"], "02_b reads a.txt of 01_a, which has not succeeded. Run that first: --only 01"),
        ("", ["--from", "2"], "02_b reads a.txt of 01_a"),
    ],
)
def test_bad_input_ends_with_2_one_message_and_nothing_written(root, capsys, text, arguments, message):
    params(root, text)
    before = sorted(root.rglob("*"))
    assert run(root, *arguments) == 2
    answer = capsys.readouterr()
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""
    assert sorted(root.rglob("*")) == before


def test_a_source_without_a_column_or_not_there_is_bad_input(root, capsys, monkeypatch):
    monkeypatch.delenv("PATRONS_DATA", raising=False)
    cell = 'source: str = "log.csv"\nobtain: str = "Make one"\ncolumns: dict[str, str] = {"order_id": "Invoice"}\n'
    notebook(root, "01_a", writes=("a.txt",), parameters=cell)
    assert run(root) == 2
    assert "The source log.csv is neither in data/raw nor" in capsys.readouterr().err
    (root / "data" / "raw").mkdir(parents=True)
    (root / "data" / "raw" / "log.csv").write_text("InvoiceNo,Quantity\n1,2\n")
    assert run(root) == 2
    assert "our order_id is 'Invoice', which log.csv does not have; did you mean 'InvoiceNo'" in capsys.readouterr().err
    assert not (root / "data" / "processed").exists()


def test_an_unknown_params_file_lists_those_that_are_there(root, capsys):
    assert run_all.main(["shop"], root=root) == 2
    assert capsys.readouterr().err == "run_all: There is no params file shop. In params/ there are: toy.\n"


def test_a_second_series_on_the_same_params_file_is_refused(root, capsys, executed):
    with Results(root / "data" / "processed" / "toy").lock():
        assert run(root) == 2
    assert f"Another command is running on toy: process {os.getpid()}, since 20" in capsys.readouterr().err
    assert executed == []
    assert run(root) == 0


# What is run again (no kernels)


def test_resume_runs_nothing_when_nothing_changed(root, executed, reports, capsys):
    run(root)
    first = record(root)
    executed.clear()
    assert run(root, "--resume") == 0
    assert executed == []
    assert record(root)["run_id"] == first["run_id"]  # so MLflow takes it only once
    assert all(stage["reused"] for stage in record(root)["stages"].values())
    assert "toy: 0 notebooks run, 3 reused" in capsys.readouterr().out


def test_results_that_report_and_mlflow_have_had_are_not_handed_out_again(root, executed, reports, capsys, monkeypatch):
    page, store = root / "reports" / "toy" / "index.html", root / "mlflow.db"
    write_text(page, "page")
    store.touch()

    def handed_out(*arguments) -> tuple[int, int]:
        reports.built.clear()
        reports.sent.clear()
        assert run(root, *arguments) == 0
        assert "MLflow: experiment toy" in capsys.readouterr().out
        return len(reports.built), len(reports.sent)

    assert handed_out() == (1, 1)
    assert handed_out("--resume") == (0, 0)
    write_text(page, "another")
    assert handed_out("--resume") == (1, 1)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:1")  # has had nothing
    assert handed_out("--resume") == (1, 1)
    assert handed_out("--resume") == (0, 0)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert handed_out("--resume") == (1, 1)
    store.unlink()
    assert handed_out("--resume") == (1, 1)
    assert handed_out("--resume") == (1, 1)  # as long as there is none
    (root / "other.db").touch()
    (root / "other.db").rename(store)
    assert handed_out("--resume") == (1, 1)  # which is another one
    assert handed_out("--resume") == (0, 0)
    assert handed_out("--resume", "--set", "01.k=4") == (1, 1)


def test_what_could_not_be_sent_is_sent_by_the_next_resume(root, executed, reports, capsys, monkeypatch):
    (root / "mlflow.db").touch()
    send = sys.modules["patrons.tracking.runs"].log_series
    monkeypatch.setattr(sys.modules["patrons.tracking.runs"], "log_series", lambda *_: 1 / 0)
    assert run(root) == 0
    assert "MLflow took nothing (ZeroDivisionError" in capsys.readouterr().out
    monkeypatch.setattr(sys.modules["patrons.tracking.runs"], "log_series", send)
    assert run(root, "--resume") == 0
    assert reports.sent == ["toy"]


def test_a_source_is_checked_again_only_where_something_is_run(root, executed, monkeypatch):
    checked = []
    monkeypatch.setattr(sources, "check", lambda *_: checked.append(1))
    run(root)
    assert len(checked) == 1
    run(root, "--resume")
    assert len(checked) == 1
    run(root, "--resume", "--set", "01.k=4")
    assert len(checked) == 2


def edit_cell(root, monkeypatch):
    path = root / "notebooks" / "03_c.ipynb"
    path.write_text(path.read_text().replace("import sys, json", "import json, sys"))


def edit_prose(root, monkeypatch):
    path = root / "notebooks" / "03_c.ipynb"
    path.write_text(path.read_text().replace("What is c?", "Who is c?"))


def edit_parameter(root, monkeypatch):
    params(root, "01_a:\n  k: 4\n")


def edit_parameter_to_no_effect(root, monkeypatch):
    params(root, "01_a:\n  k: 13\n")  # the stand-in writes k modulo 10


def edit_output(root, monkeypatch):
    (root / "data" / "processed" / "toy" / "02_b" / "b.txt").write_text("mine")


def remove_output(root, monkeypatch):
    (root / "data" / "processed" / "toy" / "03_c" / "c.json").unlink()


def edit_helper(root, monkeypatch):
    (imports.PACKAGE / "toys.py").write_text("B = 2\n")


@pytest.mark.parametrize(
    ("change", "rerun"),
    [
        (edit_cell, ["03_c"]),
        (edit_prose, ["03_c"]),  # its page changes
        (edit_parameter, ["01_a", "02_b"]),
        (edit_parameter_to_no_effect, ["01_a"]),  # a.txt came out the same: 02 need not run
        (edit_output, ["02_b"]),
        (remove_output, ["03_c"]),
        (edit_helper, ["01_a"]),
    ],
)
def test_resume_runs_what_a_change_touches(root, executed, monkeypatch, change, rerun):
    monkeypatch.setattr(imports, "PACKAGE", root)
    (root / "toys.py").write_text("B = 1\n")
    cells = [PREAMBLE, "from patrons import toys"]
    notebook(root, "01_a", *cells, writes=("a.txt",), parameters="k: int = 3\n")
    run(root)
    executed.clear()
    change(root, monkeypatch)
    assert run(root, "--resume") == 0
    assert sorted(executed) == rerun
    assert {name for name, stage in record(root)["stages"].items() if not stage["reused"]} == set(rerun)


def test_a_helper_that_is_edited_after_a_kernel_has_it_makes_the_next_resume_run_it_again(root, executed, monkeypatch):
    monkeypatch.setattr(imports, "PACKAGE", root)
    (root / "toys.py").write_text("B = 1\n")
    notebook(root, "02_b", PREAMBLE, "from patrons import toys", reads=("a.txt",), writes=("b.txt",))
    read = runner._Run.read

    def edited(self, notebook):
        found = read(self, notebook)
        if notebook.stage == "02_b":
            edit_helper(root, monkeypatch)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(runner._Run, "read", edited)
        assert run(root) == 0
    executed.clear()
    assert run(root, "--resume") == 0
    assert executed == ["02_b"]


def test_what_fails_beside_a_notebook_ends_it_before_its_stage_is_left(root, monkeypatch):
    order, stage, read = [], runner._Run.stage, runner._Run.read

    async def slow(job, on_cell):
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.1)  # as ending all processes takes a while
            order.append(f"{job.place.notebook.stem} ended")

    async def noted(self, name):
        try:
            return await stage(self, name)
        finally:
            order.append(f"{name} left")

    def fails(self, notebook):
        if notebook.stage == "02_b":  # read while 01 runs
            raise OSError("no such file")
        return read(self, notebook)

    monkeypatch.setattr(processes, "run", slow)
    monkeypatch.setattr(runner._Run, "stage", noted)
    monkeypatch.setattr(runner._Run, "read", fails)
    with pytest.raises(ExceptionGroup):
        run(root)
    assert order.index("01_a ended") < order.index("01_a left")


def test_without_resume_everything_is_run_again_under_a_new_run_id(root, executed):
    run(root)
    first = record(root)["run_id"]
    run(root)
    assert sorted(executed) == ["01_a", "01_a", "02_b", "02_b", "03_c", "03_c"]
    assert record(root)["run_id"] != first


def test_calls_for_one_run_of_a_pipeline_are_one_series(root, executed, monkeypatch):
    monkeypatch.setenv("PATRONS_PIPELINE_RUN", "toy monday")
    ids = []
    for number in ("01", "02", "03"):
        assert run(root, "--only", number, "--resume") == 0
        ids.append(record(root)["run_id"])
    assert len(set(ids)) == 1
    assert {name: stage["reused"] for name, stage in record(root)["stages"].items()} == dict.fromkeys(
        ("01_a", "02_b", "03_c"), False
    )
    run(root, "--only", "03")  # whole by then, and perhaps sent: what comes now is another one
    assert record(root)["run_id"] != ids[0]
    assert [name for name, stage in record(root)["stages"].items() if not stage["reused"]] == ["03_c"]


def test_another_run_of_a_pipeline_is_another_series(root, executed, monkeypatch):
    ids = []
    for caller in ("toy monday", "toy tuesday"):
        monkeypatch.setenv("PATRONS_PIPELINE_RUN", caller)
        run(root, "--only", "01")
        ids.append(record(root)["run_id"])
    assert ids[0] != ids[1]


def test_resume_runs_what_failed(root, executed, monkeypatch):
    succeed = processes.run

    async def fail(job, on_cell):
        return Ending("cell 2: broken") if job.place.notebook.stem == "01_a" else await succeed(job, on_cell)

    run(root)
    with monkeypatch.context() as patch:
        patch.setattr(processes, "run", fail)
        assert run(root) == 1
    # earlier results are not lost, but must not pass for those of this series
    assert (root / "data" / "processed" / "toy" / "01_a").exists()
    assert run(root, "--only", "02") == 2
    executed.clear()
    assert run(root, "--resume") == 0
    assert sorted(executed) == ["01_a", "02_b"]


def test_only_runs_one_notebook_and_from_it_and_those_that_follow(root, executed):
    run(root)
    executed.clear()
    assert run(root, "--only", "02") == 0
    assert executed == ["02_b"]
    assert {name: stage["reused"] for name, stage in record(root)["stages"].items()} == {
        "01_a": True,
        "02_b": False,
        "03_c": True,
    }
    executed.clear()
    assert run(root, "--from", "2") == 0
    assert sorted(executed) == ["02_b", "03_c"]
    executed.clear()
    assert run(root, "--only", "1,c") == 0
    assert sorted(executed) == ["01_a", "03_c"]


def test_an_output_left_by_an_earlier_run_does_not_count(root, executed, capsys, monkeypatch):
    run(root)

    async def write_nothing(job, on_cell):
        return Ending()

    monkeypatch.setattr(processes, "run", write_nothing)
    assert run(root, "--only", "03") == 1
    assert "without writing c.json, which it declares under **Writes** (c.json exists from an earlier" in (
        capsys.readouterr().out
    )


def test_no_more_notebooks_run_at_a_time_than_jobs(root, monkeypatch):
    for number in range(4, 8):
        notebook(root, f"0{number}_x", writes=(f"{number}.txt",))
    running, most = set(), []

    async def watch(job, on_cell):
        running.add(job.place.notebook)
        most.append(len(running))
        await asyncio.sleep(0.01)
        running.remove(job.place.notebook)
        return Ending()

    monkeypatch.setattr(processes, "run", watch)
    run(root, "--jobs", "3")
    assert max(most) == 3
    most.clear()
    run(root, "--jobs", "1")
    assert max(most) == 1


# Around the series


def test_a_signal_that_the_caller_ignores_stops_nothing(root, monkeypatch):
    """As under nohup, when the terminal closes, and of Ctrl-C in a job in the background."""

    async def signalled(job, on_cell):
        for number in (signal.SIGHUP, signal.SIGINT):
            os.kill(os.getpid(), number)
        await asyncio.sleep(0.05)
        for name in {"01_a": ["a.txt"], "02_b": ["b.txt"], "03_c": ["c.json"]}[job.place.notebook.stem]:
            (job.place.output / name).write_text("1")
        return Ending()

    monkeypatch.setattr(processes, "run", signalled)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGHUP, signal.SIGINT)}
    try:
        assert run(root) == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert run_all.stopping.heeded() == [signal.SIGTERM]
        for number in before:
            signal.signal(number, signal.SIG_DFL)
        assert run_all.stopping.heeded() == [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_half_a_record_of_a_series_counts_as_none(root, executed, caplog):
    assert run(root) == 0
    processed = root / "data" / "processed" / "toy"
    (processed / "series.json").write_text('{"name": "toy", "sta')
    (processed / ".series.json.1.partial").write_text("left by a process that was killed")
    assert run(root, "--list") == 0
    assert run(root, "--resume") == 0
    assert "series.json is damaged or was cut off" in caplog.text
    assert "It counts as absent: the series is to be run again" in caplog.text
    assert sorted(executed) == ["01_a", "01_a", "02_b", "02_b", "03_c", "03_c"]
    assert not list(processed.glob(".*.partial"))


def test_results_stay_where_new_ones_cannot_take_their_place(root, executed, monkeypatch):
    assert run(root) == 0
    rename = Path.rename

    def refuse(self, target):
        if self.parent.name == ".running" and target.name == "01_a":
            raise PermissionError("not now")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(ExceptionGroup):
        run(root, "--set", "01.k=4")
    assert (root / "data/processed/toy/01_a/a.txt").read_text() == "3"


@pytest.mark.parametrize(("renamed", "left"), [(0, "3"), (1, "3"), (2, "4")])
def test_a_runner_that_was_killed_while_it_replaced_results_has_the_old_or_the_new_ones(root, executed, renamed, left):
    assert run(root) == 0
    results = Results(root / "data" / "processed" / "toy")
    (results.prepare("01_a") / "a.txt").write_text("4")
    script = KILLED_AT.format(folder=results.folder, renames=renamed)
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    assert run(root, "--only", "03") == 0
    assert (results.folder / "01_a" / "a.txt").read_text() == left
    assert not list(results.folder.glob(".01_a*"))


KILLED_AT = """
import os, signal
from pathlib import Path
from patrons.series.results import Results
rename, left = Path.rename, {renames}
def stop(self, target):
    global left
    left -= 1
    return rename(self, target) if left >= 0 else os.kill(os.getpid(), signal.SIGKILL)
results = Results(Path("{folder}"))
Path.rename = stop
results.set = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
results.keep("01_a", fingerprint="", code="", parameters={{}}, inputs={{}}, stopped=None)
"""


def test_a_full_disk_is_told_with_the_file_and_what_to_free(root, executed, capsys, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("patrons.files.sync", full)
    assert run(root) == 1
    error = capsys.readouterr().err
    assert "series.json could not be written: the disk is full" in error
    assert "Free some, such as results in data/processed" in error


@pytest.mark.parametrize("text", ["OSError: [Errno 28] No space left on device: 'x'", "OperationalError: disk is full"])
def test_a_notebook_that_fails_on_a_full_disk_says_what_to_free(text):
    sentence = processes._sentence({"status": "error", "cell": 3, "error": text, "source": "stage.write(1)"})
    assert sentence.startswith(f"cell 3: {text} (in `stage.write(1)`) A disk is full: free some space")
    assert processes._sentence({"status": "broken", "error": text}).startswith(f"{text} A disk is full")


def test_a_tracking_server_that_is_away_does_not_undo_the_series(root, executed, capsys, monkeypatch):
    def away(*_):
        raise ConnectionError(f"{'tried' * 40} refused\nat length")

    monkeypatch.setitem(sys.modules, "patrons.tracking.runs", SimpleNamespace(log_series=away))
    assert run(root) == 0
    assert (
        f"MLflow took nothing (ConnectionError: {'tried' * 40} refused). The results are kept; "
        "`.venv/bin/patrons log toy` sends them later." in capsys.readouterr().out
    )


def test_models_are_promoted_when_asked_to_after_the_series_and_what_came_of_it_is_said(
    root, executed, capsys, monkeypatch
):
    calls = []

    def promote_results(name, where):
        calls.append((name, where, record(root)["finished"] is not None))
        return "Promoted: version 1 of toy is the champion; the first champion."

    monkeypatch.setattr(promotion, "promote_results", promote_results)
    assert run(root) == 0
    assert calls == []
    assert run(root, "--promote") == 0
    assert calls == [("toy", root, True)]
    assert capsys.readouterr().out.endswith("Promoted: version 1 of toy is the champion; the first champion.\n")


def test_a_series_that_failed_or_made_no_models_promotes_nothing_and_says_why(root, executed, capsys, monkeypatch):
    assert run(root, "--promote") == 0
    assert "Not promoted: No notebook has written clusterer.skops" in capsys.readouterr().out

    async def fail(job, on_cell):
        return Ending("out of luck")

    monkeypatch.setattr(processes, "run", fail)
    assert run(root, "--promote") == 1
    assert "Not promoted: A release needs a complete series" in capsys.readouterr().out
    assert not (root / "mlflow.db").exists()


def test_no_track_sends_nothing(root, executed, reports):
    assert run(root, "--no-track") == 0
    assert (reports.built, reports.sent) == (["toy"], [])


def test_a_report_that_cannot_be_built_is_a_failure_that_keeps_results(root, executed, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "patrons.reports.pages", SimpleNamespace(build=None))
    assert run(root) == 1
    assert "The report could not be built: TypeError" in capsys.readouterr().out
    assert set(statuses(root).values()) == {"succeeded"}


def test_list_shows_the_notebooks_and_writes_nothing(root, executed, capsys):
    assert run(root, "--list") == 0
    assert "01_a: What is a?\n    reads   nothing\n    writes  a.txt\n    parameters: 1; not run\n" in (
        capsys.readouterr().out
    )
    assert not (root / "data").exists()
    run(root, "--only", "01")
    run(root, "--list")
    assert "parameters: 1; succeeded in" in capsys.readouterr().out


def test_plain_progress_speaks_after_ten_seconds_of_silence(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    lines = Lines(["01_a", "02_b"], io.StringIO())
    lines.started("01_a")
    lines.cell("01_a", 3, 5)
    clock[0] += 9
    lines.tick()
    assert lines.out.getvalue() == "01_a: started\n"
    clock[0] += 1
    lines.tick()
    lines.ended("01_a", "succeeded", 12.04)
    assert lines.out.getvalue() == (
        "01_a: started\n01_a: running, 10.0 s, 2/5 cells\n01_a: succeeded in 12.0 s, 5/5 cells\n"
    )


def test_a_terminal_shows_a_row_a_notebook():
    out = io.StringIO()
    with LiveTable(["01_a", "02_b"], out) as table:
        table.started("01_a")
        table.cell("01_a", 2, 5)
        table.ended("01_a", "failed", 3.21)
    rows = [line.split() for line in out.getvalue().splitlines()]
    assert ["01_a", "failed", "1/5", "3.2", "s"] in rows
    assert ["02_b", "waiting"] in rows


def test_results_made_from_what_has_changed_since_are_called_stale(root, executed, capsys):
    run(root)
    assert not any(stage["stale"] for stage in record(root)["stages"].values())
    assert run(root, "--only", "01", "--set", "01.k=7") == 0
    assert {name for name, stage in record(root)["stages"].items() if stage["stale"]} == {"02_b"}
    assert "STALE 02_b" in capsys.readouterr().out
    assert run(root, "--only", "02") == 0
    assert not any(stage["stale"] for stage in record(root)["stages"].values())


def started_without(module: str, platform: str) -> str:
    """What run_all.py says where a module is not to be had."""
    script = f"import sys; sys.modules[{module!r}] = None; sys.platform = {platform!r}; import run_all"
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    return ended.stderr.strip()


def test_on_windows_it_says_where_patrons_runs():
    assert started_without("fcntl", "win32") == (
        "Patrons runs on Linux and macOS, and on Windows inside WSL (see README.md), not on Windows itself."
    )


def test_elsewhere_a_module_that_lacks_is_named_with_what_to_do():
    message = started_without("nbformat", "linux")
    assert message.startswith(f"nbformat is not installed for {sys.executable}. Use `make run`")


def test_what_no_series_has_made_reaches_the_notebook_that_asks_for_it_and_counts_for_resume(root):
    code = "(out / 'd.txt').write_text(ledger)"
    notebook(root, "04_d", PREAMBLE, code, writes=("d.txt",), parameters='ledger: str = ""  # set by the runner\n')
    path = root / "params" / "toy.yaml"

    def run(digest: str, resume: bool) -> str:
        asked = []
        results = Results(root / "data" / "processed" / "toy")
        arguments = run_all.parser().parse_args([str(path), *(["--resume"] if resume else [])])
        plan = run_all.checked(arguments, path, results, root)
        places = lambda: asked.append(1) or {"ledger": ("there", digest), "champion": ("", "none")}  # noqa: E731
        plan = dataclasses.replace(plan, elsewhere=places)
        with results.lock():
            runner.run(plan, results, Lines(sorted(plan.selected), io.StringIO()), root, Log(None))
        assert asked == [1]  # once, however many notebooks ask
        return "".join("r" if results.stage(stage)["reused"] else "n" for stage in sorted(plan.series))

    assert run("one", resume=False) == "nnnn"
    assert (root / "data/processed/toy/04_d/d.txt").read_text() == "there"
    assert run("one", resume=True) == "rrrr"
    assert run("two", resume=True) == "rrrn"


TAKES = """
from patrons.engine import Engine
from patrons.intake import judging, order_log
order_log.read_log = None  # whoever reads the log a second time fails
log, _ = judging.judged(Path(raw_folder) / source, judging.How.of({"non_products": non_products}), Engine())
(out / "a.txt").write_text(str(log.lines.count().execute()))
"""


def reader(root, last="pass"):
    """A series whose only notebook takes the judged lines of a log of three, and then runs a last cell."""
    stated = (
        'raw_folder: str = "../data/raw"  # set by the runner\nsource: str = "log.csv"\nnon_products: list[str] = []\n'
    )
    notebook(root, "01_a", PREAMBLE, TAKES, last, writes=("a.txt",), parameters=f"{stated}min_customers: int = 1\n")
    log = root / "data" / "raw" / "log.csv"
    log.parent.mkdir(parents=True)
    lines = (f"a,2024-01-0{day},{day}.00\n" for day in (1, 2, 3))
    log.write_text("customer_id,ordered_at,amount\n" + "".join(lines))
    params(root)
    return log


@pytest.mark.parametrize("forks", [True, False])
def test_a_log_is_read_once_in_a_series_and_not_at_all_where_nothing_is_due(tmp_path, monkeypatch, forks):
    log = reader(tmp_path)
    if not forks:
        monkeypatch.setattr(sys, "platform", "darwin")
    assert run_all.main([str(tmp_path / "params" / "toy.yaml"), "--no-track"], root=tmp_path) == 0
    assert (tmp_path / "data/processed/toy/01_a/a.txt").read_text() == "3"
    monkeypatch.setattr("patrons.intake.order_log.read_log", None)
    again = [str(tmp_path / "params" / "toy.yaml"), "--resume", "--no-track"]
    assert run_all.main(again, root=tmp_path) == 0
    log.write_text(log.read_text() + "a,2024-01-04,4.00\n")
    with pytest.raises(TypeError, match="not callable"):
        run_all.main(again, root=tmp_path)


LEFT = """
import json, os
left = Path(os.environ["PATRONS_JUDGED"])
(out / "b.txt").write_text(f"{sorted(os.listdir(left)) if left.is_dir() else None}{k}")
"""


@pytest.mark.parametrize("cell", ["pass", "1 / 0", "import signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_judged_lines_are_gone_once_the_notebook_that_reads_the_log_has_ended_however_it_did(tmp_path, cell):
    reader(tmp_path, cell)
    notebook(tmp_path, "02_b", PREAMBLE, LEFT, writes=("b.txt",), parameters="k: int = 3\n")
    asked = [str(tmp_path / "params" / "toy.yaml"), "--no-track", "--jobs", "1"]
    assert run_all.main(asked, root=tmp_path) == int(cell != "pass")
    assert (tmp_path / "data/processed/toy/02_b/b.txt").read_text() == "None3"


def test_judged_lines_are_gone_where_the_results_of_the_notebook_that_reads_the_log_are_kept(tmp_path):
    reader(tmp_path)
    notebook(tmp_path, "02_b", PREAMBLE, LEFT, writes=("b.txt",), parameters="k: int = 3\n")
    asked = [str(tmp_path / "params" / "toy.yaml"), "--no-track", "--jobs", "1"]
    assert run_all.main(asked, root=tmp_path) == 0
    assert run_all.main([*asked, "--resume", "--set", "02.k=4"], root=tmp_path) == 0
    assert statuses(tmp_path) == {"01_a": "succeeded", "02_b": "succeeded"}
    assert record(tmp_path)["stages"]["01_a"]["reused"]
    assert (tmp_path / "data/processed/toy/02_b/b.txt").read_text() == "None4"


def test_a_log_that_breaks_a_limit_ends_with_2_before_anything_is_written(tmp_path, capsys):
    reader(tmp_path)
    asked = [str(tmp_path / "params" / "toy.yaml"), "--set", "01.min_customers=2"]
    assert run_all.main(asked, root=tmp_path) == 2
    assert "min_customers: 1 customers are kept, needed are 2" in capsys.readouterr().err
    assert not (tmp_path / "data" / "processed").exists()
