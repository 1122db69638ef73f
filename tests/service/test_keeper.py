"""Answers kept for monitoring behind the requests: sampled, bounded, written at the end, and never in the way."""

import io
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("prometheus_client", reason="the serving extra is not installed: make test installs it")
from patrons.events import Log
from patrons.monitoring.ledger import Ledger
from patrons.service import keeper
from patrons.service.keeper import Keeper
from patrons.service.metrics import Metrics
from patrons.service.settings import SettingsError, from_environment

ROOT = Path(__file__).parents[2]
MANIFEST = {
    "id": "aaa",
    "parameters": {"02_transformation": {"horizon_days": 90}, "07_customer_value": {"value_horizon_days": 180}},
}


def answers(*customers, **more):
    given = {"segment": 1, "segment_name": "Loyal", "churn_probability": 0.2, "flagged": False, "expected_spend": None}
    return [{"customer_id": one, **given, "reason_1": "silence: 20 days", "error": None, **more} for one in customers]


class Kept:
    """A keeper with what it logs, counts and writes."""

    def __init__(self, folder, share=1.0):
        self.stream, self.metrics, self.folder = io.StringIO(), Metrics(), folder
        self.keeper = Keeper(folder, share, Log(self.stream), self.metrics)

    def count(self, outcome):
        return self.metrics.ledger.labels(outcome)._value.get()

    @property
    def log(self):
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    @property
    def scores(self):
        return Ledger(self.folder).scores()


@pytest.fixture
def kept(tmp_path):
    one = Kept(tmp_path / "ledger" / "shop")
    yield one
    one.keeper.close()


def test_answers_are_written_at_the_end_with_their_release_and_horizons_and_without_features(kept):
    kept.keeper.offer(answers("a", "b"), MANIFEST)
    kept.keeper.offer(answers(None), MANIFEST)
    kept.keeper.offer(answers("c", error="recency_days is missing", churn_probability=None), MANIFEST)
    assert len(kept.scores) == 0
    kept.keeper.close()
    rows = kept.scores
    assert rows.customer_id.tolist() == ["a", "b"]
    assert (
        rows[["release", "source", "horizon_days", "value_horizon_days"]].values.tolist()
        == [["aaa", "api", 90, 180]] * 2
    )
    assert (kept.count("kept"), kept.count("dropped")) == (2, 0)


def test_a_share_of_the_customers_is_kept_and_always_the_same_ones(tmp_path):
    ids = [str(number) for number in range(1000)]
    for folder in ("one", "other"):
        kept = Kept(tmp_path / folder, share=0.1)
        kept.keeper.offer(answers(*ids), MANIFEST)
        kept.keeper.close()
    one, other = (set(Ledger(tmp_path / folder).scores().customer_id) for folder in ("one", "other"))
    assert one == other
    assert 60 < len(one) < 140


def test_what_finds_no_place_is_dropped_and_counted_and_nobody_waits(kept, monkeypatch):
    monkeypatch.setattr(keeper, "MOST", 4)
    written, slow = threading.Event(), Ledger.keep
    monkeypatch.setattr(Ledger, "keep", lambda *given: written.wait(10) and slow(*given))
    kept.keeper.offer(
        answers("a", "b", "c"), MANIFEST
    )  # more than half of what may wait: the thread takes it, and hangs
    while kept.keeper._count:
        time.sleep(0.001)
    start = time.monotonic()
    kept.keeper.offer(answers("d", "e", "f"), MANIFEST)
    kept.keeper.offer(answers("g", "h"), MANIFEST)
    assert time.monotonic() - start < 0.5
    assert kept.count("dropped") == 2
    written.set()
    kept.keeper.close()
    assert sorted(kept.scores.customer_id) == ["a", "b", "c", "d", "e", "f"]
    kept.keeper.offer(answers("i"), MANIFEST)  # after the end
    assert kept.count("dropped") == 3


def test_a_disk_that_fails_is_logged_without_a_customer_and_the_next_answers_are_kept(kept, monkeypatch):
    def full(*given):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "keep", full)
        kept.keeper.offer(answers("Jane Doe"), MANIFEST)
        kept.keeper.write()
    assert kept.count("dropped") == 1
    assert [(line["event"], line["error"], line["answers"]) for line in kept.log] == [("ledger_failed", "OSError", 1)]
    assert "No space left" in kept.log[0]["reason"]
    assert "Jane" not in kept.stream.getvalue()
    kept.keeper.offer(answers("b"), MANIFEST)
    kept.keeper.close()
    assert kept.scores.customer_id.tolist() == ["b"]


def test_a_folder_that_cannot_be_written_to_is_refused_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(PermissionError, match="PATRONS_API_LEDGER must name a folder that can"):
        Kept(tmp_path / "ledger")


@pytest.mark.parametrize("share", ["0", "1.5", "nan"])
def test_a_share_that_is_none_is_refused(tmp_path, share):
    with pytest.raises(SettingsError, match=r"ledger_share is .* and must be above 0 and at most 1"):
        from_environment(tmp_path, True, {"PATRONS_API_LEDGER_SHARE": share})


def test_the_folder_and_the_share_are_environment_variables(tmp_path):
    given = {"PATRONS_API_LEDGER": "data/ledger/demo", "PATRONS_API_LEDGER_SHARE": "0.1"}
    settings = from_environment(tmp_path, True, given)
    assert (settings.ledger, settings.ledger_share) == ("data/ledger/demo", 0.1)
    assert from_environment(tmp_path, True, {}).ledger == ""


def test_the_service_does_without_what_its_image_lacks():
    code = "import sys; sys.modules.update(dict.fromkeys(('psutil', 'papermill', 'nbconvert'))); import serving.api"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
