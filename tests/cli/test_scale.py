"""`patrons scale`: how many replicas a load asks for, when fewer are kept, and what is refused at once."""

import argparse

import pytest

from patrons.cli import main, scale
from patrons.cli.scale import Replica, Scaler, wanted


@pytest.mark.parametrize(
    ("replicas", "cores", "requests", "result"),
    [
        (1, 0.1, 6.0, 3),  # 6 requests, 2 a replica
        (1, 0.1, 6.1, 4),
        (2, 1.5, 0.0, 2),  # 1.5 / .7 = 2.14, which is 7% more than 2
        (2, 1.6, 0.0, 3),  # 14% more
        (3, 0.3, 2.1, 2),  # the measure that asks for the most: 2.1 / 2, where .3 / .7 asks for one
        (3, 2.1, 6.6, 3),  # 3.3 requests' worth is 10% more
        (4, 0.0, 0.0, 0),
    ],
)
def test_a_load_asks_for_as_many_replicas_as_bring_each_to_its_targets(replicas, cores, requests, result):
    assert wanted(replicas, {"cores": cores, "requests": requests}) == result


class StubBalancer:
    colour, scur = "blue", 0

    def rows(self):
        return {"BACKEND": {"scur": str(self.scur)}}


class StubProcess:
    def cpu_percent(self):
        return 0.0


def test_more_replicas_come_at_once_and_fewer_only_when_the_load_was_calm_for_long(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(scale.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(scale.time, "monotonic", lambda: now[0])
    options = argparse.Namespace(least=1, most=4, calm=300)
    scaler, one = Scaler(StubBalancer(), options), Replica("blue1", 8001, StubProcess())
    targets = []
    for now[0], scur in [(0.0, 0), (10.0, 5), (20.0, 40), (319.0, 0), (321.0, 0)]:
        scaler.balancer.scur = scur
        targets.append(scaler._target([one]))
    assert targets == [1, 3, 4, 4, 1]  # ceil(5 / 2); at most 4; within 300 s of that; after them


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (["--least", "3", "--most", "2", "--", "api", "{port}"], "--least 3 --most 2"),
        (["--most", "9", "--", "api", "{port}"], "1 to 8"),
        (["--", "api"], "Add: --port {port}"),
        (["--", "api", "{port}"], "let PATRONS_BALANCER_RUN name its folder"),
    ],
)
def test_what_cannot_be_scaled_is_refused_before_anything_is_started(line, says, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATRONS_BALANCER_RUN", str(tmp_path))
    assert main.main(["scale", "blue", *line]) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
