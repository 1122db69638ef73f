"""Deliveries step by step, with balancer, services and registry in memory: what is refused, undone and gone on with."""

import json
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
from deliveries import FakeBalancer, FakeReplica, ToyRegistry, sealed

from patrons.cli import deploy
from patrons.cli import main as cli
from patrons.files import locked
from patrons.scoring import build, release
from patrons.scoring.release import ReleaseError
from patrons.service import balancer, record
from patrons.service.balancer import RUN
from patrons.service.golden import Server
from patrons.tracking import promotion

STEPS = ("judge", "load", "golden", "flip", "watch")


class Site:
    """Blue answers by version 1, the champion; version 2 is that of the last results. Two replicas a colour."""

    def __init__(self, folder, run, stack, capsys):
        self.folder, self.run, self.capsys = folder, run, capsys
        self.registry = ToyRegistry(sealed(folder / "one", "one"), sealed(folder / "two", "two"))
        self.releases = folder / "releases"
        self.first = self.registry.fetch(1, self.releases).name
        self.second = f"toy-{release.read(folder / 'two')['id']}"
        for name in record.NAMED:
            (self.releases / name).write_text(self.first)
        self.registry.champions.append(1)
        self.balancer, self.replicas = FakeBalancer(run), {}
        for name in ("blue1", "blue2", "green1", "green2"):
            self.replicas[name] = FakeReplica(self.reader(name[:-1]))
        self.client = FakeReplica(lambda: self.reader(self.answering)())
        for one in (self.balancer, self.client, *self.replicas.values()):
            threading.Thread(target=stack.enter_context(one.server).serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(one.server.shutdown)
        self.balancer.servers = {name: ("UP", one.address) for name, one in self.replicas.items()}

    def reader(self, file):
        return lambda: (self.releases / file).read_text().strip()

    @property
    def answering(self):
        return "green" if self.balancer.green else "blue"

    @property
    def state(self):
        """Who answers, what the files name, the champion: all that a rollback brings back."""
        return (self.answering, *record.Releases(self.releases).named().values(), self.registry.champion)

    @property
    def record(self):
        return json.loads((self.releases / "delivery.json").read_text())

    def deploy(self, *words):
        """Exit code, and what was said on stdout and stderr."""
        line = [
            "deploy",
            "toy",
            *words,
            "--releases",
            str(self.releases),
            "--balancer",
            f"http://{self.client.address}",
        ]
        code = cli.main([*line, "--timeout", "0", "--seconds", "0"])
        return code, *self.capsys.readouterr()

    def until(self, last):
        for step in STEPS[: STEPS.index(last) + 1]:
            assert self.deploy(step)[0] == 0


@pytest.fixture
def site(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(build, "finished", lambda processed: {})
    for name in ("PATRONS_API_KEY", "PATRONS_PIPELINE"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as stack:
        run = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="run-")))  # sockets have short names
        monkeypatch.setenv(RUN, str(run))
        site = Site(tmp_path, run, stack, capsys)
        site.registry.install(monkeypatch)
        yield site


def test_every_step_says_what_it_did_and_the_reason_and_the_pipeline_stand_in_the_log(site, monkeypatch):
    monkeypatch.setenv("PATRONS_PIPELINE", "dag 1, commit abc, params def")
    code, said, _ = site.deploy("judge")
    number = site.second[4:]
    assert code == 0
    assert json.loads(said.splitlines()[-1]) == {
        "decision": "deploy",
        "release": number,
        "version": 2,
        "why": "it matches the champion",
        "started": site.record["started"],
    }
    monkeypatch.delenv("PATRONS_PIPELINE")  # the flip may be another process
    said = [site.deploy(step)[1] for step in STEPS[1:]]
    why = "it matches the champion; pipeline: dag 1, commit abc, params def"
    assert said == [
        f"green1, green2 are ready with {site.second}.\n",
        "2 × 2 golden requests were answered as they must be.\n",
        f"green answers, by {site.second}.\nVersion 2 of toy is the champion: {why}.\n"
        f"The file champion names {site.second}.\n",
        f"{site.second} was watched for 0 s: 1 golden answers were right.\n",
    ]
    assert site.registry.why == [why]
    assert site.state == ("green", site.first, site.second, site.second, 2)
    assert (site.run / "servers").read_text() == "1\n"  # the state that haproxy reads when it is reloaded


def test_without_a_step_all_of_them_are_done(site):
    code, said, _ = site.deploy()
    assert (code, len(said.splitlines())) == (0, 7)
    assert site.state == ("green", site.first, site.second, site.second, 2)
    code, said, _ = site.deploy()
    assert (code, said) == (0, f"{site.second}, version 2, is kept from answering: it is the champion already.\n")


def test_a_refused_release_is_kept_from_answering_and_there_is_nothing_to_load_or_to_undo(site):
    before, site.registry.failed = site.state, ["recall is 0.5, at least 0.8"]
    code, said, _ = site.deploy("judge")
    assert (code, json.loads(said.splitlines()[-1])["decision"]) == (0, "keep")
    code, _, told = site.deploy("load")
    assert (code, told) == (
        2,
        f"patrons deploy: load is not the next step: the delivery of {site.second} is kept. "
        "Go on with: .venv/bin/patrons deploy toy judge\n",
    )
    assert site.deploy("rollback")[:2] == (
        0,
        f"There is nothing to roll back: the delivery of {site.second} is kept.\n",
    )
    assert site.deploy()[0] == 0
    assert site.state == before


def test_a_champion_that_does_not_answer_yet_is_delivered_and_stays_the_champion_after_a_rollback(site):
    site.registry.champions.append(2)  # promoted by a retraining, say
    assert site.deploy()[0] == 0
    assert (site.state, site.registry.why) == (("green", site.first, site.second, site.second, 2), [])
    assert site.deploy("rollback")[0] == 0
    assert site.state == ("blue", site.first, site.first, site.first, 2)


@pytest.mark.parametrize(
    ("done", "step", "following"),
    [("judge", "golden", "load"), ("load", "flip", "golden"), ("golden", "watch", "flip"), ("flip", "load", "watch")],
)
def test_a_step_out_of_order_is_refused_with_the_next_one(site, done, step, following):
    site.until(done)
    before = site.state
    code, _, told = site.deploy(step)
    assert (code, site.state) == (2, before)
    assert f"Go on with: .venv/bin/patrons deploy toy {following}" in told


def test_each_step_can_be_repeated(site):
    for step in STEPS:
        assert [site.deploy(step)[0] for _ in range(2)] == [0, 0]
    assert (site.balancer.changes, site.registry.champions) == (["green"], [1, 2])


def test_what_lacks_is_refused_before_anything_is_changed(site, tmp_path, monkeypatch):
    site.deploy("judge")
    before = site.state

    def refused(step="load", code=2):
        found, _, told = site.deploy(step)
        assert (found, site.state) == (code, before)
        return told

    site.replicas["green2"].key = "secret"
    assert f"green2 (http://{site.replicas['green2'].address}) wants an API key and got no key" in refused()
    assert "--key-file" in refused()
    monkeypatch.setenv("PATRONS_API_KEY", "secret")
    assert site.deploy("load")[0] == 0
    assert site.deploy("rollback")[0] == 0
    (tmp_path / "key").write_text("secret\n")
    monkeypatch.setenv("PATRONS_API_KEY", "another")
    assert site.deploy("judge", "--key-file", str(tmp_path / "key"))[0] == 0
    assert site.deploy("load", "--key-file", str(tmp_path / "key"))[0] == 0
    assert site.deploy("rollback")[0] == 0
    assert "none cannot be read" in site.deploy("judge", "--key-file", "none")[2]

    monkeypatch.delenv("PATRONS_API_KEY")
    site.replicas["green2"].key = ""
    assert site.deploy("judge")[0] == 0
    servers, site.balancer.servers = site.balancer.servers, {"green1": ("MAINT", "127.0.0.1:1")}
    assert "No replica of green is there to load a release" in refused(code=1)
    site.balancer.servers = servers
    monkeypatch.setenv(RUN, str(tmp_path))
    assert "No balancer answers" in refused(code=1)


def test_a_folder_that_is_not_there_another_series_and_a_record_that_is_none_are_refused(site, tmp_path):
    line = ["deploy", "toy", "judge", "--releases", str(tmp_path / "none")]
    assert cli.main(line) == 2
    assert "There is no folder" in site.capsys.readouterr().err
    assert "nothing was delivered. Begin with: .venv/bin/patrons deploy toy judge" in site.deploy("rollback")[2]
    site.until("load")
    (site.releases / "delivery.json").write_text(json.dumps({**site.record, "name": "other"}))
    assert "the last delivery was of other" in site.deploy("golden")[2]
    assert ".venv/bin/patrons deploy other golden; or: .venv/bin/patrons deploy other rollback" in site.deploy()[2]
    for text in ("{}", "{"):
        (site.releases / "delivery.json").write_text(text)
        code, _, told = site.deploy("judge")
        assert (code, "delivery.json is no record of a delivery. Restore it, or move it away." in told) == (2, True)
    (site.releases / "delivery.json").unlink()
    (site.releases / "green").unlink()
    (site.releases / "green").mkdir()
    site.deploy("judge")
    code, _, told = site.deploy("load")
    assert (code, "green is a folder. It must be a file" in told) == (2, True)


def test_two_deliveries_at_once_are_refused(site):
    with locked(site.releases / record.LOCK):
        code, _, told = site.deploy()
    assert (code, "Another delivery is under way" in told) == (1, True)  # which may be tried again
    assert not (site.releases / "delivery.json").exists()


def test_a_file_of_the_balancer_that_another_command_holds_changes_nothing_and_may_be_tried_again(site, monkeypatch):
    monkeypatch.setattr(balancer, "PATIENCE", 0)
    site.until("golden")
    before = site.state
    with locked(site.run / ".servers.lock"):
        code, _, told = site.deploy("flip")
    assert (code, "so nothing was changed of green" in told) == (1, True)
    assert (site.state, site.balancer.changes) == (before, [])
    assert site.deploy("flip")[0] == 0
    with locked(site.run / ".servers.lock"):
        assert site.deploy("rollback")[0] == 1
    assert site.deploy("rollback")[0] == 0


@pytest.mark.parametrize(("done", "asked"), [("load", "green2"), ("golden", "client"), ("flip", "client")])
def test_going_on_without_the_key_undoes_nothing(site, monkeypatch, done, asked):
    site.until(done)
    before = (site.state, site.record)
    (site.client if asked == "client" else site.replicas[asked]).key = "secret"
    code, _, told = site.deploy()
    assert (code, "wants an API key and got no key" in told) == (2, True)
    assert (site.state, site.record) == before
    monkeypatch.setenv("PATRONS_API_KEY", "secret")
    assert site.deploy()[0] == 0


def test_what_has_changed_something_never_ends_as_bad_input(site, monkeypatch):
    def refuse(*facts, **more):
        raise record.DeliveryError("refused")

    before = site.state
    for call in ("fetch", "promote"):
        with monkeypatch.context() as patched:
            patched.setattr(site.registry, call, refuse)
            assert (site.deploy()[0], site.state) == (1, before)
    with monkeypatch.context() as patched:
        patched.setattr(Server, "unlike", refuse)
        assert site.deploy("judge")[0] == site.deploy("load")[0] == 0
        assert site.deploy("golden")[0] == 2  # which changes nothing
        assert (site.deploy()[0], site.state) == (1, before)
    site.until("flip")
    (site.releases / "blue").unlink()
    (site.releases / "blue").mkdir()
    assert site.deploy("rollback")[0] == 1


def test_a_judgement_that_fails_rolls_nothing_back_by_itself(site, monkeypatch):
    before = site.state

    def away(name, root):
        raise ReleaseError("MLflow is away")

    monkeypatch.setattr(promotion, "judge", away)
    assert site.deploy("judge")[0] == 1
    assert site.deploy()[0] == 1
    assert site.deploy("rollback")[:2] == (0, "There is nothing to roll back: the delivery of toy is judging.\n")
    assert site.state == before
    monkeypatch.setattr(build, "finished", lambda processed: away(None, None))
    assert site.deploy("judge")[0] == 2  # nothing to judge


def away(*facts):
    raise ReleaseError("MLflow is away")


@pytest.mark.parametrize("judgement", ["kept", "refused", "failed", "not loaded"])
def test_a_judgement_leaves_the_way_back_from_the_delivery_before_it(site, monkeypatch, judgement):
    before = site.state
    assert site.deploy()[0] == 0
    done = site.state
    if judgement == "refused":
        site.registry.failed = ["recall is 0.5, at least 0.8"]
    elif judgement == "failed":
        monkeypatch.setattr(promotion, "judge", away)
    elif judgement == "not loaded":
        site.registry.stored.append(sealed(site.folder / "three", "three"))
    for _ in range(2):
        assert site.deploy("judge")[0] == (judgement == "failed")
    assert site.state == done
    started = site.record["started"]
    assert "There is nothing to roll back" in site.deploy("rollback", "--of", started)[1]
    assert site.state == done
    code, said, _ = site.deploy("rollback")
    assert (code, site.state) == (0, before)
    assert f"The delivery of {site.second} is rolled back." in said
    assert "There is nothing to roll back" in site.deploy("rollback")[1]
    assert site.state == before


def test_a_delivery_that_fails_before_it_is_loaded_undoes_no_other(site):
    assert site.deploy()[0] == 0
    done = site.state
    site.registry.stored.append(sealed(site.folder / "three", "three"))
    site.replicas["blue1"].key = "secret"
    assert (site.deploy()[0], site.state) == (2, done)


def test_replicas_that_do_not_load_it_in_time_are_named_with_what_they_say_and_it_is_undone(site):
    before, green2 = site.state, site.replicas["green2"]
    green2.stuck, green2.refused = "abc", "toy-two: 3 golden answers differ"
    code, _, told = site.deploy()
    assert (code, site.state) == (1, before)
    assert (
        f"green is not ready with release {site.second[4:]} within 0 s: green2 answers by release abc; "
        "it refused toy-two: 3 golden answers differ."
    ) in told
    green2.stuck, green2.refused = "", None
    site.balancer.servers["green2"] = ("DOWN", "127.0.0.1:1")
    code, _, told = site.deploy()
    assert (code, site.state) == (1, before)
    assert "green2 (http://127.0.0.1:1) does not answer: nothing listens there" in told
    site.balancer.servers["green2"] = ("DOWN", green2.address)  # it is ready, and the balancer does not know yet
    code, _, told = site.deploy()
    assert (code, site.state) == (1, before)
    assert f"green is not ready with release {site.second[4:]} within 0 s: green2 is DOWN." in told


def test_a_wrong_golden_answer_of_one_replica_ends_it_before_it_answers(site):
    before, site.replicas["green2"].churn = site.state, 0.2001
    code, said, told = site.deploy()
    assert (code, site.state, site.balancer.changes) == (1, before, [])
    assert "green2 gives a wrong answer to a golden request: churn_probability is 0.2001, not 0.2" in told
    assert said.splitlines()[-2:] == [
        f"The file green names {site.first} again.",
        f"The delivery of {site.second} is rolled back.",
    ]


def test_a_flip_is_refused_where_something_has_changed_since_it_was_judged(site):
    site.until("golden")
    site.registry.champions.append(7)
    assert "Version 7 is the champion by now: version 2 was held against 1" in site.deploy("flip")[2]
    site.registry.champions.pop()
    (site.releases / "green").write_text("toy-other")
    assert f"The file green names toy-other, and not {site.second}" in site.deploy("flip")[2]
    (site.releases / "green").write_text(site.second)
    up = dict(site.balancer.servers)
    site.balancer.servers["green2"] = ("DOWN", up["green2"][1])
    code, _, told = site.deploy("flip")
    assert (code, "green2 is DOWN, and was up before: green was not let answer." in told) == (1, True)
    assert (site.balancer.changes, site.registry.champion) == ([], 1)
    site.balancer.servers = up
    assert site.deploy("flip")[0] == 0


def lose(site):
    site.balancer.servers["green1"] = ("DOWN", "127.0.0.1:1")


def fail(site):
    site.balancer.failed += 2


def err(site):
    site.client.churn = 0.5


def break_down(site):
    site.client.broken = True


def go_back(site):
    site.balancer.green = False


@pytest.mark.parametrize(
    ("happens", "says"),
    [
        (lose, "A replica was lost: green1 is DOWN."),
        (fail, "2 requests since the flip were answered with a status of 500 or more."),
        (err, "the balancer gives a wrong answer to a golden request: churn_probability is 0.5, not 0.2."),
        (break_down, "the balancer answers a golden request with status 503."),
        (go_back, "blue answers, and not green: someone has told the balancer."),
    ],
)
def test_what_goes_wrong_while_it_is_watched_ends_it_and_a_rollback_brings_all_back(site, happens, says):
    before, site.balancer.failed = site.state, 5  # of before the flip
    site.until("flip")
    happens(site)
    code, _, told = site.deploy("watch")
    assert (code, told) == (1, f"patrons deploy: {says}\n")
    assert site.deploy("rollback")[0] == 0
    assert site.state == before
    assert site.registry.why[-1] == f"the delivery of {site.second} was rolled back"
    assert "There is nothing to roll back" in site.deploy("rollback")[1]
    assert site.state == before


def test_counters_that_begin_anew_with_a_reload_are_no_failures(site):
    site.balancer.failed = 5
    site.until("flip")
    site.balancer.failed = 0
    assert site.deploy("watch")[0] == 0


def test_a_rollback_waits_until_the_former_colour_can_answer_and_is_repeated(site, monkeypatch):
    before = site.state
    site.until("flip")
    up = dict(site.balancer.servers)
    site.balancer.servers |= {name: ("DOWN", up[name][1]) for name in ("blue1", "blue2")}
    lose(site)
    code, _, told = site.deploy()  # goes on with the watch
    assert (code, "A replica was lost" in told) == (1, True)
    assert "No replica of blue is ready, so green goes on answering" in told
    assert "The rollback is not complete. Repeat it: .venv/bin/patrons deploy toy rollback" in told
    assert site.state == ("green", site.first, site.second, site.second, 2)
    site.balancer.servers = up
    (site.releases / "blue").write_text("toy-other")
    code, _, told = site.deploy("rollback")
    assert (code, f"The file blue names toy-other, and not {site.first}" in told) == (1, True)
    (site.releases / "blue").write_text(site.first)
    assert site.deploy("rollback")[0] == 0
    assert site.state == before


def test_a_rollback_of_one_delivery_leaves_those_of_others_and_finished_ones_alone(site):
    assert (site.deploy("rollback", "--of", "2026-01-01")[0], site.deploy("rollback")[0]) == (0, 2)
    before = site.state
    site.until("load")
    former = site.record["started"]
    assert site.deploy("rollback", "--of", former)[0] == 0
    assert (site.state, site.record["state"]) == (before, "rolled back")
    assert site.deploy()[0] == 0  # somebody has mended it by hand
    (site.releases / "delivery.json").write_text(json.dumps({**site.record, "started": "2026-01-02"}))
    done = site.state
    for of, says in [
        (former, f"the last delivery is not the one of toy that began at {former}"),
        ("", "the last delivery is not the one of toy that began at "),
        ("2026-01-02", f"the delivery of {site.second} is watched"),
    ]:
        assert site.deploy("rollback", "--of", of)[:2] == (0, f"There is nothing to roll back: {says}.\n")
        assert site.state == done
    fail(site)
    assert site.deploy("watch")[0] == 1  # looked at once more, it is not done until that ends well
    assert site.deploy("rollback", "--of", "2026-01-02")[0] == 0
    assert site.state == before
    for words in (["--of", "2026-01-02"], ["judge", "--of", "2026-01-02"]):
        assert "--of goes with the step rollback" in site.deploy(*words)[2]


def test_a_rollback_leaves_what_others_have_changed_since(site):
    assert site.deploy()[0] == 0
    site.registry.champions.append(3)
    (site.releases / "champion").write_text("toy-third")
    code, said, _ = site.deploy("rollback")
    assert code == 0
    assert "The file champion stays as it is: it names toy-third, which is not of this delivery." in said
    assert "The champion in MLflow stays as it is: version 3, not that of this delivery." in said
    assert site.state == ("blue", site.first, site.first, "toy-third", 3)


def test_the_first_champion_is_withdrawn_and_files_that_were_not_there_go(site):
    site.registry.champions.clear()
    (site.releases / "champion").unlink()
    (site.releases / "green").write_text("")
    before = site.state
    assert site.deploy()[0] == 0
    code, said, _ = site.deploy("rollback")
    assert (code, site.state) == (0, before)
    assert said.splitlines() == [
        f"blue answers again, by {site.first}.",
        "The file champion is gone again.",
        "The file green names nothing again.",
        "No version is the champion in MLflow, as before.",
        f"The delivery of {site.second} is rolled back.",
    ]


class Killed(BaseException):
    """Ends a process at a certain place."""


PLACES = [
    ("fetch", True),  # the file of green does not name it yet
    ("promote", False),  # green answers, the champion is still the former one
    ("promote", True),  # it is the champion, and nobody has written that down
]


@pytest.mark.parametrize("way", ["on", "back"])
@pytest.mark.parametrize(("call", "done"), PLACES)
def test_a_delivery_that_was_killed_goes_on_or_back(site, monkeypatch, call, done, way):
    before, original = site.state, getattr(site.registry, call)

    def kill(*facts, **more):
        if done:
            original(*facts, **more)
        raise Killed

    monkeypatch.setattr(site.registry, call, kill)
    with pytest.raises(Killed):
        site.deploy()
    monkeypatch.setattr(site.registry, call, original)
    code, _, told = site.deploy("judge")
    assert (code, "neither done nor undone" in told) == (2, True)
    code, said, _ = site.deploy(*(["rollback"] if way == "back" else []))
    assert code == 0
    assert site.state == (before if way == "back" else ("green", site.first, site.second, site.second, 2))
    assert site.registry.champions == ([1] if way == "back" else [1, 2])
    assert way == "back" or said.startswith(f"Going on with the delivery of {site.second}, which began at ")


def test_someone_who_stops_it_is_told_how_to_go_on(site, monkeypatch):
    def stop(*facts, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(site.registry, "promote", stop)
    code, _, told = site.deploy()
    assert (code, "Stopped. Go on with the same command, or: .venv/bin/patrons deploy toy rollback" in told) == (
        130,
        True,
    )
    assert site.answering == "green"


def test_where_clients_ask_follows_from_the_variables_of_the_balancer(monkeypatch):
    for name in ("PATRONS_BALANCER_BIND", "PATRONS_BALANCER_TLS"):
        monkeypatch.delenv(name, raising=False)
    assert deploy._balancer() == "http://127.0.0.1:8080"
    monkeypatch.setenv("PATRONS_BALANCER_BIND", "127.0.0.1:9000")
    monkeypatch.setenv("PATRONS_BALANCER_TLS", "own.pem")
    assert deploy._balancer() == "https://127.0.0.1:9000"
