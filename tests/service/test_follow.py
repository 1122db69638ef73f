"""Following a release: what is tried again, what is settled, and how often a registry is asked."""

import asyncio
import json

import pytest
from toy_scorer import ToyScorer, write_release

from patrons.service import follow
from patrons.service import patience as patience_module
from patrons.service.champion import Champion
from patrons.service.follow import Follower, champion_of, named_by
from patrons.service.patience import Patience
from patrons.service.slots import Slots
from patrons.tracking import promotion
from patrons.tracking.promotion import Serving
from patrons.tracking.runs import TrackingError


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(patience_module, "time", clock := Clock())
    return clock


class Followed:
    """A follower of a file that names a toy release; `look` gives the release that answers."""

    def __init__(self, folder, load=ToyScorer):
        self.pointer, self.events = folder / "champion", []
        self.slots = Slots(load)
        self.follower = Follower(self.slots, named_by(self.pointer), 2.0, self.report)

    def report(self, event, **facts):
        self.events.append((event, facts))

    def look(self, name=None):
        if name:
            self.pointer.write_text(name)
        asyncio.run(self.follower.look())
        return self.slots.active and self.slots.active.release


def test_a_release_that_is_still_being_copied_is_tried_again_and_answers_once_it_is_there(tmp_path, clock):
    loaded = []

    def load(folder):
        loaded.append(clock.now)
        if not (folder / "churn.skops").exists():
            raise FileNotFoundError("churn.skops is missing")
        return ToyScorer(folder)

    write_release(tmp_path / "a", "aaa")
    followed = Followed(tmp_path, load)
    for clock.now in range(0, 40, 2):  # a look every 2 seconds
        assert followed.look("a") is None
    assert loaded == [0, 2, 6, 14, 30]
    (tmp_path / "a" / "churn.skops").touch()
    clock.now = 62
    assert followed.look() == "aaa"
    assert [event for event, _ in followed.events] == ["candidate_refused", "flip"]  # told once
    assert followed.events[0][1]["again_after"] == 2.0


def test_wrong_golden_answers_are_settled(tmp_path, clock):
    write_release(tmp_path / "a", "aaa")
    write_release(tmp_path / "bad", "bad", problems=["golden customer 1 differs"])
    followed = Followed(tmp_path)
    assert followed.look("a") == "aaa"
    tried = followed.slots.take
    followed.slots.take = lambda *given: pytest.fail("tried again") if clock.now else tried(*given)
    assert followed.look("bad") == "aaa"
    clock.now = 9999
    assert followed.look("bad") == "aaa"
    assert followed.slots.refused == "bad: 1 golden answers differ: golden customer 1 differs"
    assert followed.look("a") == "aaa"  # nor is what answers loaded a second time
    assert followed.slots.refused is None  # it is no longer wanted
    assert [event for event, _ in followed.events] == ["flip", "candidate_refused"]


def test_after_a_failure_a_signal_tries_at_once(tmp_path, clock):
    write_release(tmp_path / "a", "aaa")
    failing = [True]
    followed = Followed(tmp_path, lambda folder: ToyScorer(folder / "none" if failing else folder))
    assert [followed.look("a"), followed.look()] == [None, None]
    failing.clear()
    assert followed.look() is None
    followed.follower.look_now()
    assert followed.look() == "aaa"


def test_a_name_that_leads_nowhere_is_told_once_and_changes_nothing(tmp_path, clock):
    write_release(tmp_path / "a", "aaa")
    followed = Followed(tmp_path)
    followed.look("a")
    assert [followed.look("typo"), followed.look()] == ["aaa", "aaa"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "release.json").write_text(json.dumps([1]))
    assert followed.look("empty") == "aaa"
    told = [(event, facts["reason"].rpartition("/")[2]) for event, facts in followed.events[1:]]
    assert told == [
        ("look_failed", "typo holds no release: it has no release.json with an id"),
        ("look_failed", "empty holds no release: it has no release.json with an id"),
    ]


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """A champion, and its own registry: with the mark `marked` unless it is `away`; `times` counts full answers."""

    class Asked(Champion):
        marked, times, failure, away = 1, 0, None, None

        def mark(self):
            return self.away() if self.away else self.marked

    def serving(name, root, unpromoted):
        asked.times += 1
        if asked.failure:
            raise asked.failure
        return Serving(tmp_path, True, "")

    monkeypatch.setattr(promotion, "serving", serving)
    asked = Asked("demo", tmp_path)
    asked._registry = asked
    return asked


def test_a_registry_without_a_change_is_asked_for_its_mark_only(asked, clock):
    for clock.now in range(0, 600, 2):
        assert asked().promoted
    assert asked.times == 1
    asked.marked = 2
    assert asked().promoted
    assert asked.times == 2


def test_results_that_change_are_noticed_without_a_champion(asked, clock, tmp_path):
    asked()
    record = tmp_path / "data" / "processed" / "demo" / "series.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    asked()
    asked()
    assert asked.times == 2


def test_the_same_refusal_is_not_worked_out_at_every_look_and_a_promotion_ends_it_at_once(asked, clock):
    asked.failure = TrackingError("nothing is promoted")
    for clock.now in range(0, 60, 2):
        with pytest.raises(TrackingError, match="nothing is promoted"):
            asked()
    assert asked.times == 5  # at 0, 2, 6, 14 and 30 seconds
    asked.failure, asked.marked = None, 2
    assert asked().promoted


def test_a_registry_that_is_away_is_asked_less_and_less_often(asked, clock):
    asked()
    tries = []

    def away():
        tries.append(clock.now)
        raise TrackingError("away")

    asked.away = away
    for clock.now in range(10, 130, 2):
        with pytest.raises(TrackingError, match="away"):
            asked()
    assert tries == [10, 12, 16, 24, 40, 70, 100]
    asked.away = None
    clock.now = 130
    assert asked().promoted
    assert asked.times == 1  # what was known before is still right


def test_a_signal_asks_a_registry_that_was_away_at_once(asked, clock, monkeypatch):
    def away():
        raise TrackingError("away")

    monkeypatch.setattr(follow, "Champion", lambda *given: asked)
    follower = Follower(Slots(ToyScorer), champion_of("demo", asked.root), 2.0, lambda *_, **__: None)
    asked.away = away
    asyncio.run(follower.look())
    asked.away = None
    asyncio.run(follower.look())
    assert asked.times == 0  # it is too early
    follower.look_now()
    asyncio.run(follower.look())
    assert asked.times == 1


def test_patience_doubles_up_to_its_most_and_starts_anew(clock):
    patience, waits = Patience(1.0, 5.0), []
    for _ in range(4):
        patience.failed()
        waits.append(patience.seconds)
    assert waits == [1.0, 2.0, 4.0, 5.0]
    assert not patience.over
    clock.now = 5.0
    assert patience.over
    patience.reset()
    patience.failed()
    assert patience.seconds == 1.0
