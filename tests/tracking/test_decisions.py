"""The log of a registry, read together with what MLflow holds: worked out by hand, without MLflow."""

import json

from patrons.tracking.decisions import Line, announced, entries, line, next_name, unreadable


def entry(action, to, **facts):
    return {"action": action, "from": None, "to": to, **facts}


def tags(**by_name):
    return {f"patrons.log.{name}": json.dumps(one) for name, one in by_name.items()}


def test_entries_come_in_the_order_of_their_numbers_whatever_the_clocks_say():
    log = {
        "patrons.log.000010.aaaaaa": json.dumps(entry("promote", 3, at="2020-01-01")),
        "patrons.log.000009.bbbbbb": json.dumps(entry("promote", 2, at="2030-01-01")),
        "patrons.log.2026-11-27T10:00:00.000000.cccccc": json.dumps(entry("promote", 1, at="2026-11-27")),  # of before
        "patrons.release": "something else",
    }
    assert [one["to"] for one in entries(log)] == [1, 2, 3]
    assert next_name(log).startswith("patrons.log.000011.")
    assert next_name({}).startswith("patrons.log.000001.")


def test_two_machines_that_take_the_same_number_lose_no_entry():
    log = {"patrons.log.000001.aaaaaa": json.dumps(entry("promote", 1))}
    both = {next_name(log): json.dumps(entry("promote", number)) for number in (2, 3)}
    assert sorted(one["to"] for one in entries({**log, **both})) == [1, 2, 3]


def test_an_entry_of_which_the_change_never_came_about_announces_it_and_no_other():
    log = tags(**{"000001.a": entry("promote", 1, at="2026-11-27", who="ana", why="better")})
    (kept,) = entries(log)
    assert announced(log, entry("promote", 1, who="ana", why="better")) == kept
    assert announced(log, entry("promote", 1, who="ana", why="asked for")) is None
    assert announced(log, entry("promote", 2, who="ana", why="better")) is None
    assert announced({}, entry("promote", 1)) is None
    later = log | tags(**{"000002.b": entry("failed", None)})
    assert announced(later, entry("promote", 1, who="ana", why="better")) is None


def test_an_entry_that_cannot_be_read_is_left_out_and_named():
    log = {
        "patrons.log.000001.a": "{",
        "patrons.log.000002.b": "[1]",
        "patrons.log.000003.c": json.dumps(entry("promote", 1)),
    }
    assert [one["to"] for one in entries(log)] == [1]
    assert unreadable(log) == ["patrons.log.000001.a", "patrons.log.000002.b"]


def test_the_alias_says_who_answers_and_the_log_who_did_before():
    log = [entry("promote", 1), entry("promote", 2), entry("promote", 3)]
    assert line(log, 3, {1, 2, 3}) == Line(3, [1, 2], 3)
    assert line([*log, entry("rollback", 2)], 2, {1, 2, 3}) == Line(2, [1], 2)
    assert line(log, 2, {1, 2, 3}) == Line(2, [1], 3)  # the process ended between the entry and the change
    assert line(log, 4, {1, 2, 3, 4}) == Line(4, [1, 2, 3], 3)  # moved by hand
    assert line([*log[:1], entry("rollback", None)], None, {1}) == Line(None, [], None)  # as before the first one
    assert line([*log[:1], entry("rollback", None), entry("promote", 1)], 1, {1}) == Line(1, [], 1)
    assert line(log, None, {1, 2}) == Line(None, [1, 2], 3)  # the champion was deleted
    assert line(log, 3, {1, 3}) == Line(3, [1], 3)  # one before it was
    assert line([], None, {1}) == Line(None, [], None)


def test_a_rollback_to_a_version_that_the_log_does_not_know_is_tolerated():
    """A machine whose clock was behind wrote the entry of a rollback before that of the promotion."""
    log = [entry("rollback", 1), entry("promote", 1), entry("promote", 2)]
    assert line(log, 1, {1, 2}) == Line(1, [], 2)


def test_a_change_that_failed_and_a_repair_state_what_holds():
    log = [entry("promote", 1), entry("promote", 2), entry("failed", 1, champions=[1])]
    assert line(log, 1, {1, 2}) == Line(1, [], 1)
    log = [entry("promote", 1), entry("promote", 2), entry("repair", 3, champions=[1, 3])]
    assert line(log, 3, {1, 2, 3}) == Line(3, [1], 3)
