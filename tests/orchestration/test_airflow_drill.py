"""The pipeline in Airflow, run for real: what it does where data, notebooks, releases, replicas or processes fail."""

import fcntl
import os
import signal
import time

import psutil
import pytest
from airflows import INSTALLED, Inbox, Project, migrated
from drill_table import report
from drills import wait_for
from toy_series import PREAMBLE, notebook, params

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(not INSTALLED, reason="Airflow is not installed: make drills installs it"),
]
UNTESTED = "validate|track|evaluate"  # of a toy series, of which no release can be made
COUNT = """
import os, time
from pathlib import Path
place = Path({place!r})
if (place / "bad").exists():
    from patrons.errors import OrdersError
    raise OrdersError("The source has no column order_id.")
with (place / "ran").open("a") as ran:
    ran.write(os.environ["PATRONS_STAGE_OUTPUT"].split("/")[-1] + "\\n")
"""
FAIL_ONCE = """
if (place / "fault").exists():
    (place / "fault").unlink()
    raise RuntimeError("a passing fault")
while (place / "slow").exists():
    (place / "kernel").write_text(str(os.getpid()))
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def database(common):
    folder = common / "airflow"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return migrated(folder)


@pytest.fixture
def inbox():
    inbox = Inbox()
    yield inbox
    inbox.end()


@pytest.fixture
def toy(tmp_path, database, inbox):
    """A project of two notebooks, which write their names to the file `ran`."""
    count = COUNT.format(place=str(tmp_path))
    notebook(tmp_path, "01_eda", PREAMBLE, count, "(out / 'a.txt').write_text('a')", writes=("a.txt",))
    last = "(out / 'b.txt').write_text('b')"
    notebook(tmp_path, "02_transformation", PREAMBLE, count + FAIL_ONCE, last, reads=("a.txt",), writes=("b.txt",))
    params(tmp_path)
    return Project(tmp_path, "toy", database, inbox.variables)


def ran(project):
    path = project.root / "ran"
    return path.read_text().split() if path.exists() else []


def test_a_fault_that_passes_is_tried_again(toy, inbox):
    start = time.monotonic()
    (toy.root / "fault").touch()
    done = toy.run("--mark-success-pattern", UNTESTED)
    assert (done.code, done.state) == (0, "success"), (inbox.took(), done.output[-3000:])
    assert (done.tries["01_eda"], done.tries["02_transformation"]) == (1, 2)
    assert ran(toy) == ["01_eda", "02_transformation", "02_transformation"]
    assert (done.states["watcher"], done.states["rollback"], done.states["load"]) == ("skipped",) * 3
    assert inbox.took() == []
    report(
        "a passing fault in the pipeline", "a notebook failed once, and was tried again", "0", time.monotonic() - start
    )


def test_a_killed_task_leaves_no_kernel_and_a_second_run_beside_it_is_refused(toy, inbox):
    start = time.monotonic()
    (toy.root / "slow").touch()
    first = toy.start("--mark-success-pattern", UNTESTED)
    wait_for((toy.root / "kernel").exists, "the second notebook", 200)

    second = toy.run("--mark-success-pattern", UNTESTED, home="other")
    assert (second.code, second.state) == (1, "failed")
    assert (second.states["01_eda"], second.tries["01_eda"]) == ("failed", 1)
    assert second.states["02_transformation"] == "upstream_failed"
    [message] = inbox.took()
    assert message["subject"] == "toy: 01_eda failed"
    assert "Another command is running on toy: process" in message["error"]
    assert "was not tried again" in message["to_do"]
    report(
        "two runs of the pipeline at once",
        "the second was refused by the lock of the results",
        "0",
        time.monotonic() - start,
    )

    start, kernel = time.monotonic(), int((toy.root / "kernel").read_text())
    assert psutil.pid_exists(kernel)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    took = wait_for(lambda: not psutil.pid_exists(kernel), "the end of the kernel", 30)
    for name in ("slow", "kernel"):
        (toy.root / name).unlink()
    again = toy.run("--mark-success-pattern", UNTESTED)
    assert (again.code, again.state) == (0, "success"), again.output[-3000:]
    assert ran(toy) == ["01_eda", "02_transformation", "02_transformation"]
    assert inbox.took() == []
    said = f"its kernel was gone after {took:.1f} s, and the next run repeated that notebook alone"
    report("SIGKILL to the pipeline in a notebook", said, "0", time.monotonic() - start)
