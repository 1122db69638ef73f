"""The REST API as a process of its own, under constant load: flips, rollbacks and broken candidates lose no request."""

import signal
import time

import pytest

pytest.importorskip("flama", reason="the serving extra is not installed: make test installs it")
import httpx
from drills import ONE, Load, Server
from toy_scorer import write_release

pytestmark = pytest.mark.drill


@pytest.fixture
def shown(tmp_path):
    for name, facts in (("a", {}), ("b", {}), ("broken", {"problems": ["golden customer 1 differs"]})):
        write_release(tmp_path / "releases" / name, name, **facts)
    pointer = tmp_path / "releases" / "champion"
    pointer.write_text("a\n")
    return pointer


@pytest.fixture
def server(shown, tmp_path):
    server = Server(shown, tmp_path)
    try:
        server.wait_for(server.answers)
        yield server
    finally:
        server.end()


def point(shown, name):
    partial = shown.with_name("partial")
    partial.write_text(name)
    partial.rename(shown)


def test_a_flip_and_a_rollback_under_load_lose_no_request(server, shown):
    with Load(server.url) as load:
        server.wait_for(load.more("a"))
        point(shown, "b")
        server.wait_for(load.more("b"))
        server.signal(signal.SIGUSR1)  # roll back
        server.wait_for(load.more("a"))
        time.sleep(0.5)  # several looks: what was rolled back from is not taken again by itself
        assert [event["release"] for event in server.events("flip")] == ["a", "b"]
        server.signal(signal.SIGHUP)  # look now
        server.wait_for(load.more("b"))
    assert set(load.got) == {(200, "a"), (200, "b")}
    assert [event["slot"] for event in server.events("flip")][:2] == ["blue", "green"]


def test_a_broken_candidate_never_takes_traffic(server, shown):
    with Load(server.url) as load:
        server.wait_for(load.more("a"))
        point(shown, "broken")
        server.wait_for(lambda: server.events("candidate_refused"))
        server.wait_for(load.more("a"))
        point(shown, "missing")
        server.wait_for(load.more("a"))
    assert set(load.got) == {(200, "a")}
    assert len(server.events("candidate_refused")) == 1  # it is not tried over and over
    card = httpx.get(f"{server.url}/model").json()
    assert "golden" in card["refused"]


def test_a_stop_answers_every_request_and_then_lets_nobody_in(server):
    with Load(server.url) as load, httpx.Client(base_url=server.url) as idle:
        assert idle.post("/predict", json=ONE).status_code == 200
        server.wait_for(load.more("a"))
        server.process.terminate()
        time.sleep(0.3)
        last = idle.post("/predict", json=ONE)  # on the connection from before
        server.process.wait(30)
    assert (last.status_code, last.headers["connection"]) == (200, "close")
    assert server.process.returncode in (0, -signal.SIGTERM)
    assert load.got[200, "a"] >= 20
    assert set(load.got) <= {(200, "a"), ("lost", "ConnectError")}  # the latter after the end


@pytest.fixture
def draining(monkeypatch):
    """Before `server`: an hour between the signal and the end."""
    monkeypatch.setenv("PATRONS_API_DRAIN", "3600")


def test_while_it_drains_it_says_that_it_is_not_ready_and_answers_as_before(draining, server):
    with Load(server.url) as load, httpx.Client(base_url=server.url) as before:
        server.wait_for(load.more("a"))
        server.process.terminate()
        server.wait_for(lambda: not server.answers())
        server.wait_for(load.more("a"))  # on new connections too, which a balancer may still open
        last = before.post("/predict", json=ONE)
        assert (last.status_code, last.headers["connection"]) == (200, "close")  # and the next may be another replica's
        refused = httpx.get(f"{server.url}/health/ready")
        assert (refused.status_code, "replica" in refused.text) == (503, True)
        assert httpx.get(f"{server.url}/health/live").status_code == 200  # or it would be killed before its time
        assert server.process.poll() is None
    assert set(load.got) == {(200, "a")}
    assert [event["seconds"] for event in server.events("drain")] == [3600]
    server.process.terminate()  # once more
    server.process.wait(15)
