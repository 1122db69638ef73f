"""The pipeline in Airflow, run for real: what it does where data, notebooks, releases, replicas or processes fail."""

import fcntl
import os
import shlex
import signal
import sys
import time
from contextlib import ExitStack

import psutil
import pytest

pytest.importorskip("flama", reason="the serving extra is not installed: make test installs it")
from airflows import INSTALLED, Inbox, Project, migrated
from balancers import LACKING, haproxy
from deliveries import sealed
from drill_table import report
from drills import ROOT, Load, Server, Steps, wait_for
from toy_patrons import FileRegistry
from toy_series import PREAMBLE, notebook, params

from patrons.cli import dag
from patrons.scoring import release
from patrons.service.balancer import Balancer

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(not INSTALLED, reason="Airflow is not installed: make drills installs it"),
]
UNTESTED = "validate|track|evaluate"  # of a toy series, of which no release can be made
COUNT = """
import os, time
from pathlib import Path
place = Path({place!r})
with (place / "ran").open("a") as ran:
    ran.write(os.environ["PATRONS_STAGE_OUTPUT"].split("/")[-1] + "\\n")
"""
GOOD, BAD = "customer_id,ordered_at,amount\na,2024-01-01,1\n", "ordered_at,amount\n2024-01-01,1\n"
FAIL_ONCE = """
if (place / "fault").exists():
    (place / "fault").unlink()
    raise RuntimeError("a passing fault")
if (place / "slow").exists():
    (place / "kernel.part").write_text(str(os.getpid()))
    (place / "kernel.part").replace(place / "kernel")  # whole at once: who waits for it reads it
    while (place / "slow").exists():
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


def two_notebooks(root):
    """A series whose notebooks write their names to the file `ran`, the first of its source."""
    count = COUNT.format(place=str(root))
    taken = 'source: str = "log.csv"  # orders\nraw_folder: str = ""  # set by the runner\n'
    notebook(root, "01_eda", PREAMBLE, count, "(out / 'a.txt').write_text('a')", writes=("a.txt",), parameters=taken)
    (root / "data" / "raw").mkdir(parents=True)
    (root / "data" / "raw" / "log.csv").write_text(GOOD)
    last = "(out / 'b.txt').write_text('b')"
    notebook(root, "02_transformation", PREAMBLE, count + FAIL_ONCE, last, reads=("a.txt",), writes=("b.txt",))
    params(root)


@pytest.fixture
def toy(tmp_path, database, inbox):
    two_notebooks(tmp_path)
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
    assert (toy.root / "data" / "ledger" / "toy" / "failed_toy.json").exists()  # for `patrons metrics`
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


class Site:
    """A toy project, a folder of releases that a replica a colour follows, and a balancer; blue answers."""

    def __init__(self, project, balancer):
        self.project, self.balancer, self.releases = project, balancer, project.root / "releases"
        self.registry = project.root / "registry.json"
        self.store("one")
        first = FileRegistry(self.registry)
        shown = first.fetch(1, self.releases)
        for name in ("blue", "green", "champion"):
            (self.releases / name).write_text(shown.name)
        first.promote(1, "the first")
        self.servers = {
            name: Server(self.releases / name[:-1], project.root, f"{name}.log") for name in ("blue1", "green1")
        }
        self._command()
        project.variables |= {
            "PATRONS_RELEASES": str(self.releases),
            "PATRONS_BALANCER_RUN": str(balancer.run),
            "PATRONS_BALANCER_BIND": f"127.0.0.1:{balancer.port}",
            "TOY_REGISTRY": str(self.registry),
        }

    def _command(self):
        """Let the project's Python run `patrons` with the registry of the file."""
        (self.project.root / ".venv").unlink()
        python = self.project.root / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        real, toy = shlex.quote(sys.executable), shlex.quote(str(ROOT / "tests" / "toy_patrons.py"))
        python.write_text(
            f'#!/bin/sh\nif [ "$2" = patrons.cli.main ]; then shift 2; exec {real} {toy} "$@"; fi\nexec {real} "$@"\n'
        )
        python.chmod(0o755)

    def store(self, mark, failed=(), **facts):
        """Let a release be that of the last results; its id."""
        folder = sealed(self.project.root / "stored" / mark, mark, **facts)
        registry = FileRegistry(self.registry)
        registry.stored.append(folder)
        registry.failed = list(failed)
        registry.save()
        return release.read(folder)["id"]

    def place(self):
        for name, server in self.servers.items():
            server.wait_for(server.answers)
            Balancer(self.balancer.run, name[:-1]).place(name, server.port)
            wait_for(lambda name=name: self.status(name) == "UP", name)

    def status(self, name):
        return Balancer(self.balancer.run, name[:-1]).rows()[name]["status"]


@pytest.fixture
def site(tmp_path, database, inbox):
    two_notebooks(tmp_path)
    verdict = "(out / 'monitoring.json').write_text('{}')"  # which a look at good data would read
    notebook(tmp_path, "08_monitoring", PREAMBLE, verdict, reads=("b.txt",), writes=("monitoring.json",))
    with ExitStack() as stack:
        balancer = stack.enter_context(haproxy())
        site = Site(Project(tmp_path, "toy", database, inbox.variables), balancer)
        for server in site.servers.values():
            stack.callback(server.end)
        site.place()
        yield site


@pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}")
def test_a_good_release_is_deployed_and_whatever_fails_leaves_the_champion_answering(site, inbox):
    run, root = site.project.run, site.project.root
    first = FileRegistry(site.registry)
    delivered = ("--mark-success-pattern", "validate|0.*|track")  # the notebooks are as they were
    with Load(site.balancer.url, clients=2, pause=0.05) as load:
        step, second = Steps(load), site.store("two")
        done = run("--mark-success-pattern", "track")
        assert (done.code, done.state) == (0, "success"), (inbox.took(), done.output[-3000:])
        assert {task for task, state in done.states.items() if state != "success"} == {"keep", "rollback", "watcher"}
        wait_for(load.more(second, 3), "answers of the second release")
        kept = FileRegistry(site.registry)
        assert (kept.champions, len(kept.why)) == ([1, 2], len(first.why) + 1)
        assert f"dag {dag.VERSION}, commit none, params e3b0c44298fc" in kept.why[-1]
        assert inbox.took() == []
        step.over("a good run of the pipeline", "validated, three notebooks, judged, deployed, watched")

        def left_alone(before):
            """Whether the second release alone has answered since, and is the champion."""
            wait_for(load.more(second, 3), "answers of the second release")
            assert {what for what, count in (load.got - before).items() if count} == {(200, second)}
            assert FileRegistry(site.registry).champions == [1, 2]

        before = load.got.copy()
        (root / "data" / "raw" / "log.csv").write_text(BAD)
        done = run()
        (root / "data" / "raw" / "log.csv").write_text(GOOD)
        assert (done.code, done.state) == (1, "failed")
        assert (done.states["validate"], done.tries["validate"], done.states["01_eda"]) == (
            "failed",
            1,
            "upstream_failed",
        )
        assert (done.states["rollback"], done.states["watcher"]) == ("skipped", "failed")
        [message] = inbox.took()
        assert message["subject"] == "toy: validate failed"
        assert "our customer_id is 'customer_id', which log.csv does not have" in message["error"]
        assert message["error"].endswith("(exit code 2)")
        assert message["to_do"].startswith("Correct what it names")
        left_alone(before)
        step.over("bad data", "red, not tried again")

        before = load.got.copy()
        site.store("worse", failed=["calibration error is 0.2, at most 0.05"])
        done = run(*delivered)
        assert (done.code, done.state) == (0, "success"), (inbox.took(), done.output[-3000:])
        assert (done.states["keep"], done.states["load"], done.states["done"]) == ("success", "skipped", "success")
        [message] = inbox.took()
        assert message["subject"] == "toy: not deployed, the champion stays"
        assert message["why"] == "calibration error is 0.2, at most 0.05"
        left_alone(before)
        step.over("a gate that fails", "nothing was deployed; green, and a message says why")

        before = load.got.copy()
        site.store("wrong", churn=0.3)
        done = run(*delivered)
        assert (done.code, done.state) == (1, "failed")
        assert [done.states[task] for task in ("load", "golden", "flip", "rollback")] == [
            *("success", "failed", "upstream_failed", "success")
        ]
        assert (done.tries["golden"], done.states["watcher"]) == (1, "failed")
        [message] = inbox.took()
        assert "churn_probability is 0.2, not 0.3" in message["error"]
        assert message["to_do"].startswith("The champion of before answers")
        assert message["pipeline"].startswith(f"dag {dag.VERSION}, commit ")
        left_alone(before)
        step.over("golden requests that fail", "rolled back, red: the former release answered throughout")

        before = load.got.copy()
        site.store("four")
        site.servers["blue1"].end()  # the colour that stands by
        Balancer(site.balancer.run, "blue").remove("blue1")
        done = run(*delivered)
        assert (done.code, done.state) == (1, "failed")
        assert (done.states["load"], done.states["golden"]) == ("failed", "upstream_failed")
        assert (done.states["rollback"], done.states["watcher"]) == ("success", "failed")
        assert {message["task"] for message in inbox.took()} == {"load"}
        left_alone(before)
        step.over("a deployment that fails", "no replica took the release: rolled back, red")
