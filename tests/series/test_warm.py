"""Kernels forked from a warm process: what holds for plainly started ones holds for them."""

import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from toy_series import PREAMBLE, notebook

from patrons.series import imports, processes
from patrons.series.declarations import KINDS
from patrons.series.graph import helpers, read_notebooks
from patrons.series.results import Results
from patrons.series.runner import place_of
from patrons.series.workers import THREADS, Place, Workers, environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there is forking safe")

FACTS = """import sys, threading
lineage = open('/proc/self/stat').read().rsplit(')', 1)[1].split()[1:4]
facts = {"env": dict(os.environ), "cwd": os.getcwd(), "argv": sys.argv[1:2], "path": sys.path, "pid": os.getpid(),
    "lineage": [int(n) for n in lineage], "modules": sorted(sys.modules), "stdin": os.readlink('/proc/self/fd/0')}
os.environ["LEFT_BEHIND"] = "yes"
(out / "facts.json").write_text(__import__("json").dumps(facts))"""


def job(root, stage, *code, workers=None, modules=(), timeout=60, **parameters):
    path = notebook(root, stage, PREAMBLE, *code)
    output = root / "output" / stage
    output.mkdir(parents=True, exist_ok=True)
    parameters = {"folder": str(root), **parameters}
    place = Place(path, output, tuple(modules))
    return processes.Job(place, output / "notebook.ipynb", parameters, timeout, workers)


@pytest.fixture(autouse=True, scope="module")
def figures_are_shown():
    """Streamlit, once a test has imported it, tells every process that matplotlib is to show nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MPLBACKEND", raising=False)
        yield


@pytest.fixture(scope="module")
def workers():
    with Workers() as several:
        yield several
        assert several.warm.is_usable  # no test of this file was run plainly
    assert not psutil.pid_exists(several.warm.process.pid)


async def run(*jobs):
    return await asyncio.gather(*(processes.run(one, lambda cell, cells: None) for one in jobs))


def facts(root, stage):
    return json.loads((root / "output" / stage / "facts.json").read_text())


def test_two_at_once_and_one_after_them_have_environments_and_sessions_of_their_own(tmp_path, workers):
    asyncio.run(run(*(job(tmp_path, stage, FACTS, workers=workers, modules=["xml.dom"]) for stage in ("01_a", "02_b"))))
    asyncio.run(run(job(tmp_path, "03_c", FACTS, workers=workers)))
    one, two, three = (facts(tmp_path, stage) for stage in ("01_a", "02_b", "03_c"))
    for stage, own in (("01_a", one), ("02_b", two), ("03_c", three)):
        assert own["env"]["PATRONS_STAGE_OUTPUT"] == str(tmp_path / "output" / stage)
        assert own["env"]["PYTHONHASHSEED"] == "0"
        assert {own["env"][name] for name in THREADS} == {"1"}
        assert own["env"]["JPY_PARENT_PID"] == str(own["lineage"][0])
        assert "LEFT_BEHIND" not in own["env"]
        assert "JE_ARROW_MALLOC_CONF" not in own["env"]
        assert own["lineage"][1:] == [own["pid"]] * 2  # its process group and its session are its own
        assert "xml.dom" in own["modules"]  # imported by the warm process
    assert len({own["env"]["PATRONS_SCRATCH"] for own in (one, two, three)}) == 3


CALCULATION = """import numpy as np, pandas as pd, duckdb
from sklearn.decomposition import PCA
from xgboost import XGBClassifier
x = np.random.default_rng(0).normal(size=(300, 12))
y = x[:, 0] + x[:, 1] > 0
pd.DataFrame(PCA(5).fit_transform(x @ x.T)).to_parquet(out / "pca.parquet")
np.save(out / "fit.npy", XGBClassifier(n_estimators=20, max_depth=3).fit(x, y).predict_proba(x))
duckdb.sql("select i % 7 k, sum(sqrt(i)) s from range(9999) t(i) group by 1 order by 1").df().to_csv(out / "sums.csv")
len({hash(name) for name in "abc"}), hash("abc"), sorted({"b", "a", "c"}, key=hash)"""
FIGURE = "import matplotlib.pyplot as plt\nplt.plot(x[:, 0]);"


def test_results_and_outputs_are_those_of_a_plain_start_to_the_byte(tmp_path, workers):
    """Plainly started, the notebook imports all of it itself."""
    modules = ("numpy", "pandas", "duckdb", "sklearn.decomposition", "xgboost", "matplotlib.pyplot")
    forked = job(tmp_path / "warm", "01_a", CALCULATION, FIGURE, workers=workers, modules=modules)
    plain = job(tmp_path / "plain", "01_a", CALCULATION, FIGURE)
    assert [ending.error for ending in asyncio.run(run(forked, plain))] == [None, None]
    cells = [nbformat.read(one.executed, 4).cells for one in (forked, plain)]
    assert any("image/png" in output.get("data", {}) for output in cells[0][-1].outputs)
    assert [cell.get("outputs") for cell in cells[0]] == [cell.get("outputs") for cell in cells[1]]
    files = ("pca.parquet", "fit.npy", "sums.csv")
    assert [(forked.place.output / name).read_bytes() for name in files] == [
        (plain.place.output / name).read_bytes() for name in files
    ]


def test_kernels_do_not_draw_the_same_unseeded_numbers(tmp_path, workers):
    draw = "import json, random, uuid, numpy as np\n"
    draw += "(out / 'facts.json').write_text(json.dumps([random.random(), np.random.random(), str(uuid.uuid4())]))"
    jobs = (job(tmp_path, stage, draw, workers=workers, modules=["numpy"]) for stage in ("01_a", "02_b"))
    asyncio.run(run(*jobs))
    assert not set(facts(tmp_path, "01_a")) & set(facts(tmp_path, "02_b"))


def test_one_that_takes_too_long_is_ended_and_kept_as_far_as_it_came(tmp_path, workers):
    late = job(tmp_path, "01_a", "'reached'", "import time\ntime.sleep(600)", workers=workers, timeout=6)
    ending, fine = asyncio.run(run(late, job(tmp_path, "02_b", "1", workers=workers)))
    assert ending.error == "cell 5: not done after 6 s. Allow more with --timeout."
    assert fine.error is None
    outputs = [out for cell in nbformat.read(late.executed, 4).cells for out in cell.get("outputs", [])]
    assert [out.data["text/plain"] for out in outputs] == ["'reached'"]


def test_when_the_warm_process_is_killed_what_runs_goes_on_and_what_follows_starts_plainly(tmp_path):
    worker = "__import__('psutil').Process(os.getppid())"
    kill = f"os.kill({worker}.ppid(), 9)\nimport time\ntime.sleep(0.5)"
    with Workers() as workers:
        killing = job(tmp_path, "01_a", kill, FACTS, workers=workers)
        assert asyncio.run(run(killing))[0].error is None
        assert workers.warm.process is not None
        assert workers.warm.process.wait() == -9
        following = job(tmp_path, "02_b", f"{FACTS}", "os.getppid()", workers=workers)
        assert asyncio.run(run(following))[0].error is None
        assert not workers.warm.is_usable


@pytest.mark.parametrize(
    ("who", "error"), [("pid", "cell 4: the kernel died."), ("ppid", "its process ended with code -9")]
)
def test_a_kernel_or_a_worker_that_is_killed_is_a_failure_and_leaves_nothing(tmp_path, who, error, workers):
    write = "(out / 'facts.json').write_text(str(os.getpid()))"
    dies = job(tmp_path, "01_a", f"{write}\nos.kill(os.get{who}(), 9)\nimport time\ntime.sleep(600)", workers=workers)
    ending = asyncio.run(run(dies))[0]
    assert ending.error is not None
    assert error in ending.error
    wait_for(lambda: not is_running(facts(tmp_path, "01_a")))


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def forked(variables, *modules):
    """The threads of a process that has forked a worker, None where it has not."""

    async def ask():
        with tempfile.TemporaryFile() as log, Workers(variables) as workers:
            asked = workers.warm.ask(modules, log)
            worker = asked and await workers.warm.answer(asked)
            if worker is None:
                return None
            worker.close()
            await worker.wait()
            return len(os.listdir(f"/proc/{workers.warm.process.pid}/task"))

    return asyncio.run(ask())


def test_a_process_in_which_a_library_has_started_a_thread_is_not_forked(tmp_path):
    (tmp_path / "starts_one.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(9,)).start()"
    )
    variables = environment()
    variables["PYTHONPATH"] += os.pathsep + str(tmp_path)
    assert forked(variables, "starts_one") is None


def test_what_the_notebooks_import_starts_no_thread():
    folder = imports.PACKAGE.parents[1] / "notebooks"
    notebooks = [one for kind in KINDS for one in read_notebooks(folder, kind).values()]
    modules = {module for one in notebooks for module in place_of(one, helpers(one), Results(folder), None).modules}
    assert {"patrons.stage", "skops.io"} <= modules
    assert forked(environment(), *sorted(modules)) == 1


def test_the_first_kernel_waits_for_no_library_that_its_notebook_does_not_use():
    folder = imports.PACKAGE.parents[1] / "notebooks"
    first = read_notebooks(folder)["01_eda"]
    modules = place_of(first, helpers(first), Results(folder), None).modules
    slow = ("rfc3987_syntax", "skops", "sklearn", "xgboost")
    told = (
        "import sys\nfrom patrons.series import forks\n"
        f"for module in (*forks.COMMON, *{modules}):\n    forks.load(module)\n"
        f"print(*[name for name in ('patrons.stage', 'patrons.series.worker', *{slow}) if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, env=environment(), check=True)
    assert ended.stdout.split() == ["patrons.stage", "patrons.series.worker"]


def test_where_forking_is_not_safe_it_is_not_done(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert forked(environment()) is None


def test_a_module_that_cannot_be_imported_is_left_to_the_notebook(tmp_path, workers):
    broken = job(tmp_path, "01_a", "import no_such_module", workers=workers, modules=["no_such_module"])
    ending = asyncio.run(run(broken))[0]
    assert ending.error is not None
    assert "ModuleNotFoundError: No module named 'no_such_module'" in ending.error


def early(workers, one):
    """A job whose worker has been asked for early, and the process of that worker."""
    workers.prepare(one.place)
    line = workers.early[one.place.notebook].asked.fate.recv(64, socket.MSG_PEEK)
    return psutil.Process(int(line))


def test_a_kernel_that_was_started_early_stands_ready_for_its_notebook(tmp_path, workers):
    one = job(tmp_path, "01_a", FACTS, workers=workers)
    worker = early(workers, one)
    wait_for(lambda: list((Path(workers.early[one.place.notebook].variables["PATRONS_SCRATCH"])).glob("kernel*")))
    assert asyncio.run(run(one))[0].error is None
    assert facts(tmp_path, "01_a")["lineage"][0] == worker.pid
    assert not workers.early
    assert not is_running(worker.pid)


def test_early_workers_that_get_no_notebook_end_and_leave_nothing(tmp_path):
    with Workers() as workers:
        one = job(tmp_path, "01_a", FACTS, workers=workers)
        worker = early(workers, one)
        wait_for(lambda: worker.children())
        started = [worker, *worker.children()]
        folder = Path(workers.early[one.place.notebook].variables["PATRONS_SCRATCH"])
    wait_for(lambda: not any(is_running(process.pid) for process in started))
    assert not folder.exists()


def test_where_an_early_worker_was_killed_while_it_waited_another_starts_plainly(tmp_path, workers):
    one = job(tmp_path, "01_a", FACTS, workers=workers)
    worker = early(workers, one)
    worker.kill()
    wait_for(lambda: not is_running(worker.pid))
    assert asyncio.run(run(one))[0].error is None
    assert facts(tmp_path, "01_a")["lineage"][0] != worker.pid


def test_where_an_early_kernel_was_killed_while_it_waited_another_starts_plainly(tmp_path, workers):
    one = job(tmp_path, "01_a", FACTS, workers=workers)
    worker = early(workers, one)
    wait_for(lambda: list((Path(workers.early[one.place.notebook].variables["PATRONS_SCRATCH"])).glob("kernel*")))
    [kernel] = worker.children()
    kernel.kill()
    wait_for(lambda: not is_running(kernel.pid))
    assert asyncio.run(run(one))[0].error is None
    assert facts(tmp_path, "01_a")["lineage"][0] != worker.pid
    assert not is_running(worker.pid)


def test_a_cell_that_kills_its_kernel_fails_a_notebook_that_was_started_early(tmp_path, workers):
    one = job(tmp_path, "01_a", "a = 1", "import os; os.kill(os.getpid(), 9)", workers=workers)
    early(workers, one)
    ending = asyncio.run(run(one))[0]
    assert ending.error is not None
    assert "the kernel died" in ending.error


def test_the_early_worker_of_a_notebook_that_will_not_run_ends_at_once(tmp_path, workers):
    one = job(tmp_path, "01_a", FACTS, workers=workers)
    worker = early(workers, one)
    workers.drop(one.place.notebook)
    workers.drop(one.place.notebook)  # nothing is there any more
    wait_for(lambda: not is_running(worker.pid))
    assert not workers.early


@pytest.mark.parametrize("is_early", [True, False])
def test_what_a_notebook_is_told_is_what_stood_before_another_thread_set_variables(tmp_path, monkeypatch, is_early):
    """A thread that imports MLflow does while notebooks run: whoever reads them all may then find one gone."""
    with Workers() as workers:
        one = job(tmp_path, "01_a", FACTS, workers=workers)
        if is_early:
            workers.prepare(one.place)
        else:
            workers.warm.is_usable = False
        with monkeypatch.context() as patch:
            patch.setattr(type(os.environ), "__iter__", lambda _: iter(["GONE"]))
            assert asyncio.run(run(one))[0].error is None
    assert facts(tmp_path, "01_a")["env"]["PATH"] == os.environ["PATH"]


def test_the_notebook_is_saved_before_each_cell_with_all_that_was_shown_so_far(tmp_path, workers):
    kept = "(out / 'facts.json').write_text((out / 'notebook.ipynb').read_text())"
    one = job(tmp_path, "01_a", "'reached'", kept, workers=workers)
    assert asyncio.run(run(one))[0].error is None
    cells = [cell for cell in facts(tmp_path, "01_a")["cells"] if cell["cell_type"] == "code"]
    assert cells[-2]["outputs"][0]["data"]["text/plain"] == ["'reached'"]
    assert cells[-1]["metadata"]["papermill"]["status"] == "running"


@pytest.mark.parametrize("forks", [True, False])
def test_what_a_kernel_takes_counts_as_the_runners(tmp_path, forks):
    """So that `time run_all.py` says what a series costs."""
    before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    burn = "import time\nwhile time.process_time() < 5: pass"
    with Workers() as workers:
        workers.warm.is_usable = forks
        assert asyncio.run(run(job(tmp_path, "01_a", burn, workers=workers)))[0].error is None
    assert sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) > before + 5
