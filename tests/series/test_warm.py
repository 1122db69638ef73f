"""Kernels forked from a warm process: what holds for plainly started ones holds for them."""

import asyncio
import json
import os
import sys
import tempfile
import time

import nbformat
import psutil
import pytest
from toy_series import PREAMBLE, notebook

from patrons.series import imports, processes
from patrons.series.declarations import KINDS
from patrons.series.graph import read_notebooks
from patrons.series.warm import THREADS, Warm, environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there is forking safe")

FACTS = """import sys, threading
lineage = open('/proc/self/stat').read().rsplit(')', 1)[1].split()[1:4]
facts = {"env": dict(os.environ), "cwd": os.getcwd(), "argv": sys.argv[1:2], "path": sys.path, "pid": os.getpid(),
    "lineage": [int(n) for n in lineage], "modules": sorted(sys.modules), "stdin": os.readlink('/proc/self/fd/0')}
os.environ["LEFT_BEHIND"] = "yes"
(out / "facts.json").write_text(__import__("json").dumps(facts))"""


def job(root, stage, *code, warm=None, modules=(), timeout=60, **parameters):
    path = notebook(root, stage, PREAMBLE, *code)
    output = root / "output" / stage
    output.mkdir(parents=True, exist_ok=True)
    parameters = {"folder": str(root), **parameters}
    return processes.Job(path, output / "notebook.ipynb", output, parameters, timeout, warm, tuple(modules))


@pytest.fixture(autouse=True, scope="module")
def figures_are_shown():
    """Streamlit, once a test has imported it, tells every process that matplotlib is to show nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MPLBACKEND", raising=False)
        yield


@pytest.fixture(scope="module")
def warm():
    with Warm() as process:
        yield process
        assert process.is_usable  # no test of this file was run plainly
    assert not psutil.pid_exists(process.process.pid)


async def run(*jobs):
    return await asyncio.gather(*(processes.run(one, lambda cell, cells: None) for one in jobs))


def facts(root, stage):
    return json.loads((root / "output" / stage / "facts.json").read_text())


def test_two_at_once_and_one_after_them_have_environments_and_sessions_of_their_own(tmp_path, warm):
    asyncio.run(run(*(job(tmp_path, stage, FACTS, warm=warm, modules=["xml.dom"]) for stage in ("01_a", "02_b"))))
    asyncio.run(run(job(tmp_path, "03_c", FACTS, warm=warm)))
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
duckdb.sql("select i % 7 as k, sum(sqrt(i)) as s from range(9999) t(i) group by k").df().to_csv(out / "sums.csv")
len({hash(name) for name in "abc"}), hash("abc"), sorted({"b", "a", "c"}, key=hash)"""
FIGURE = "import matplotlib.pyplot as plt\nplt.plot(x[:, 0]);"


def test_results_and_outputs_are_those_of_a_plain_start_to_the_byte(tmp_path, warm):
    """Plainly started, the notebook imports all of it itself."""
    modules = ("numpy", "pandas", "duckdb", "sklearn.decomposition", "xgboost", "matplotlib.pyplot")
    forked = job(tmp_path / "warm", "01_a", CALCULATION, FIGURE, warm=warm, modules=modules)
    plain = job(tmp_path / "plain", "01_a", CALCULATION, FIGURE)
    assert [ending.error for ending in asyncio.run(run(forked, plain))] == [None, None]
    cells = [nbformat.read(one.executed, 4).cells for one in (forked, plain)]
    assert any("image/png" in output.get("data", {}) for output in cells[0][-1].outputs)
    assert [cell.get("outputs") for cell in cells[0]] == [cell.get("outputs") for cell in cells[1]]
    files = ("pca.parquet", "fit.npy", "sums.csv")
    assert [(forked.output / name).read_bytes() for name in files] == [
        (plain.output / name).read_bytes() for name in files
    ]


def test_kernels_do_not_draw_the_same_unseeded_numbers(tmp_path, warm):
    draw = "import json, random, uuid, numpy as np\n"
    draw += "(out / 'facts.json').write_text(json.dumps([random.random(), np.random.random(), str(uuid.uuid4())]))"
    jobs = (job(tmp_path, stage, draw, warm=warm, modules=["numpy"]) for stage in ("01_a", "02_b"))
    asyncio.run(run(*jobs))
    assert not set(facts(tmp_path, "01_a")) & set(facts(tmp_path, "02_b"))


def test_one_that_takes_too_long_is_ended_and_kept_as_far_as_it_came(tmp_path, warm):
    late = job(tmp_path, "01_a", "'reached'", "import time\ntime.sleep(600)", warm=warm, timeout=6)
    ending, fine = asyncio.run(run(late, job(tmp_path, "02_b", "1", warm=warm)))
    assert ending.error == "cell 5: not done after 6 s. Allow more with --timeout."
    assert fine.error is None
    outputs = [out for cell in nbformat.read(late.executed, 4).cells for out in cell.get("outputs", [])]
    assert [out.data["text/plain"] for out in outputs] == ["'reached'"]


def test_when_the_warm_process_is_killed_what_runs_goes_on_and_what_follows_starts_plainly(tmp_path):
    worker = "__import__('psutil').Process(os.getppid())"
    kill = f"os.kill({worker}.ppid(), 9)\nimport time\ntime.sleep(0.5)"
    with Warm() as warm:
        killing = job(tmp_path, "01_a", kill, FACTS, warm=warm)
        assert asyncio.run(run(killing))[0].error is None
        assert warm.process is not None
        assert warm.process.wait() == -9
        following = job(tmp_path, "02_b", f"{FACTS}", "os.getppid()", warm=warm)
        assert asyncio.run(run(following))[0].error is None
        assert not warm.is_usable


@pytest.mark.parametrize(
    ("who", "error"), [("pid", "cell 4: the kernel died."), ("ppid", "its process ended with code -9")]
)
def test_a_kernel_or_a_worker_that_is_killed_is_a_failure_and_leaves_nothing(tmp_path, who, error, warm):
    write = "(out / 'facts.json').write_text(str(os.getpid()))"
    dies = job(tmp_path, "01_a", f"{write}\nos.kill(os.get{who}(), 9)\nimport time\ntime.sleep(600)", warm=warm)
    ending = asyncio.run(run(dies))[0]
    assert ending.error is not None
    assert error in ending.error
    deadline = time.monotonic() + 30
    while is_running(facts(tmp_path, "01_a")):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def is_running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def forked(variables, *modules):
    """The threads of a process that has forked a worker, None where it has not."""

    async def ask():
        with tempfile.TemporaryFile() as log, Warm(variables) as warm:
            worker = await warm.fork(modules, log)
            if worker is None:
                return None
            worker.close()
            await worker.wait()
            assert warm.process is not None
            return len(os.listdir(f"/proc/{warm.process.pid}/task"))

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
    modules = imports.helper_modules(*(one.code for kind in KINDS for one in read_notebooks(folder, kind).values()))
    assert "patrons.stage" in modules
    assert forked(environment(), *sorted(modules)) == 1


def test_where_forking_is_not_safe_it_is_not_done(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert forked(environment()) is None


def test_a_module_that_cannot_be_imported_is_left_to_the_notebook(tmp_path, warm):
    broken = job(tmp_path, "01_a", "import no_such_module", warm=warm, modules=["no_such_module"])
    ending = asyncio.run(run(broken))[0]
    assert ending.error is not None
    assert "ModuleNotFoundError: No module named 'no_such_module'" in ending.error
