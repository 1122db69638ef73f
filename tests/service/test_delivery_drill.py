"""Deliveries behind a real balancer, under load: what is good answers, what is not never does, and nothing is lost."""

import signal
import threading
from contextlib import ExitStack

import pytest

pytest.importorskip("flama", reason="the serving extra is not installed: make test installs it")
from balancers import LACKING, haproxy
from deliveries import ToyRegistry, sealed
from drills import Load, Server, Steps, wait_for

from patrons.cli import main as cli
from patrons.scoring import build, release
from patrons.service.balancer import RUN, Balancer

pytestmark = [pytest.mark.drill, pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}")]
REPLICAS = ("blue1", "blue2", "green1", "green2")
PAUSE = 0.02  # seconds between the requests of a client
QUICKLY = 2.0  # seconds within which a rollback is to be answered


class Site:
    """A folder of releases, two replicas a colour that follow it, and a balancer."""

    def __init__(self, folder, balancer, registry):
        self.releases, self.balancer, self.registry = folder / "releases", balancer, registry
        first = registry.fetch(1, self.releases)
        for name in ("blue", "green", "champion"):
            (self.releases / name).write_text(first.name)
        registry.promote(1, "the first")
        self.servers = {name: Server(self.releases / name[:-1], folder, f"{name}.log") for name in REPLICAS}

    def place(self):
        for name, server in self.servers.items():
            server.wait_for(server.answers)
            Balancer(self.balancer.run, name[:-1]).place(name, server.port)
        for name in REPLICAS:
            wait_for(lambda name=name: self.status(name) == "UP", name)

    def status(self, name):
        return Balancer(self.balancer.run, name[:-1]).rows()[name]["status"]

    def named(self):
        return {name: (self.releases / name).read_text().strip()[4:] for name in ("blue", "green", "champion")}

    def deploy(self, *words):
        """The exit code of the command."""
        command = ["deploy", "toy", *words, "--releases", str(self.releases), "--balancer", self.balancer.url]
        return cli.main([*command, "--timeout", "20"])

    def store(self, folder, **facts):
        """Another version, that of the last results; its release's id."""
        self.registry.stored.append(sealed(folder, folder.name, **facts))
        return release.read(folder)["id"]


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(build, "finished", lambda processed: {})
    monkeypatch.delenv("PATRONS_API_KEY", raising=False)
    registry = ToyRegistry(sealed(tmp_path / "one", "one")).install(monkeypatch)
    with ExitStack() as stack:
        balancer = stack.enter_context(haproxy())
        monkeypatch.setenv(RUN, str(balancer.run))
        site = Site(tmp_path, balancer, registry)
        for server in site.servers.values():
            stack.callback(server.end)
        site.place()
        yield site


def test_only_a_good_release_answers_and_a_lost_replica_brings_the_former_one_back(site, capsys, tmp_path):
    first = release.read(site.registry.stored[0])["id"]
    with Load(site.balancer.url, pause=PAUSE, fresh=True) as load:
        wait_for(load.more(first), "answers of the first release")
        step, second = Steps(load), site.store(tmp_path / "two")
        assert site.deploy("--seconds", "1") == 0
        wait_for(load.more(second), "answers of the second release")
        after = {"blue": first, "green": second, "champion": second}
        assert (site.named(), site.registry.champions) == (after, [1, 2])
        assert site.balancer.tell("show").startswith("green answers.")
        workers = site.balancer.workers()
        site.balancer.process.send_signal(signal.SIGUSR2)  # a reload, which reads what the delivery has written down
        wait_for(lambda: not workers & site.balancer.workers(), "the new worker")
        wait_for(load.more(second), "its answers")
        assert Balancer(site.balancer.run, "blue").answering() == "green"
        for colour in ("blue", "green"):  # by the script, and so says the command
            site.balancer.tell(colour)
            assert Balancer(site.balancer.run, "blue").answering() == colour
        wait_for(load.more(second), "its answers, and no others")
        step.over("a delivery", "loaded by 2 replicas, asked, let answer, watched for 1 s")

        before, _ = load.got.copy(), site.store(tmp_path / "three", churn=0.3)
        assert site.deploy("--seconds", "1") == 1
        assert "gives a wrong answer to a golden request: churn_probability is 0.2, not 0.3" in capsys.readouterr().err
        assert {what for what, count in (load.got - before).items()} == {(200, second)}
        assert site.named() == after
        step.over("a wrong golden answer", "the release was not let answer: the former one did throughout")

        fourth, codes = site.store(tmp_path / "four"), []
        delivery = threading.Thread(target=lambda: codes.append(site.deploy("--seconds", "60")))
        delivery.start()
        wait_for(load.more(fourth), "answers of the fourth release")
        wait_for(lambda: site.registry.champion == 4, "its promotion")
        site.servers["blue1"].end()
        wait_for(lambda: site.status("blue1") == "DOWN", "its end")
        took = wait_for(load.more(second, 1), "answers of the second release")
        delivery.join()
        assert (codes, site.named(), site.registry.champions) == ([1], after, [1, 2])
        assert "A replica was lost: blue1 is DOWN" in capsys.readouterr().err
        assert took < QUICKLY
        step.over(
            "SIGKILL of a replica that is watched",
            f"the former release answered {took:.2f} s after the balancer had found it down",
        )
    assert [site.deploy("rollback") for _ in range(2)] == [0, 0]
    assert capsys.readouterr().out.count("There is nothing to roll back") == 2
    assert site.named() == after
