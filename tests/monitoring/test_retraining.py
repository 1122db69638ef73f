"""Retraining on a toy series of which the notebooks, the registry and the contest are stood in for."""

import getpass
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from patrons.cli import main as cli
from patrons.evaluation.metrics import Interval
from patrons.files import locked
from patrons.monitoring import aside, broken, broken_columns, child, latest, retraining
from patrons.monitoring.retrainings import Retrainings
from patrons.series import stopping
from patrons.tracking import promotion
from patrons.tracking.promotion import Contest, Judgement

STEADY = {"verdict": "none", "reason": "The loss of the last days is that of the test.", "broken": []}
HARM = {"verdict": "retrain", "reason": "The loss of two days is above its limit.", "broken": []}
EVEN = Contest(0.8, 0.79, Interval(0.01, -0.02, 0.03), 400, "2025-09-25", ("2025-09-25", "2025-06-27"))
WORSE = Contest(0.6, 0.8, Interval(-0.2, -0.3, -0.1), 400, "2025-09-25", ("2025-09-25", "2025-06-27"))


class Shop:
    """A project with one series, and what registry, gates and contest say of it."""

    def __init__(self, root: Path):
        self.root, self.results = root, root / "data" / "processed" / "toy"
        self.champion, self.had, self.tags, self.why = 1, True, {}, []
        self.failed, self.match, self.broken = [], EVEN, []
        for folder in ("notebooks", "params", "data/raw"):
            (root / folder).mkdir(parents=True)
        shutil.copy(Path(__file__).with_name("toy_run_all.py"), root / "run_all.py")
        self.plan(monitoring=STEADY)

    def plan(self, **facts):
        """What the notebooks are to come to."""
        facts = {"calls": str(self.root / "calls"), "root": str(self.root), **facts}
        (self.root / "params" / "toy.yaml").write_text(json.dumps(facts))

    @property
    def calls(self):
        """Stages of each call, whether it was tracked and whether it was in the project's own folder."""
        path = self.root / "calls"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [(stages, not untracked, own) for stages, untracked, own in lines]

    @property
    def entries(self):
        return Retrainings(self.root / "data" / "ledger" / "toy").entries

    def digest(self):
        """Every file of the project and what is in it, without the lock and the note of looks."""
        others = (".lock", "calls", "looked.json")
        paths = [path for path in sorted(self.root.rglob("*")) if path.is_file() and path.name not in others]
        return {str(path.relative_to(self.root)): sha256(path.read_bytes()).hexdigest() for path in paths}

    # What the registry and the contest are asked

    def had_champion(self):
        return self.had

    def state(self):
        return SimpleNamespace(line=SimpleNamespace(champion=self.champion), releases={1: "a" * 12, 2: "b" * 12})

    def tag(self, number, name, text):
        self.tags[number] = text

    def judge(self, name, root):
        judgement = Judgement(2, "b" * 12, self.champion, [], None, "the first champion")
        if self.failed:
            return judgement._replace(failed=self.failed, why="; ".join(self.failed))
        return judgement._replace(match=self.match, why=str(self.match)) if self.champion == 1 else judgement

    def nominate(self, number):
        assert number == self.champion

    def carry_out(self, name, root, judgement, because):
        if not judgement.refused and not judgement.is_champion:
            self.champion, self.had = judgement.version, True
            self.why.append(because)
        return judgement.outcome(name)


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Shop:
    """A shop with a champion and the results of a whole series; called from its folder."""
    shop = Shop(tmp_path / "shop")
    monkeypatch.chdir(shop.root)
    monkeypatch.setattr(retraining, "Registry", lambda name, root: shop)
    monkeypatch.setattr(promotion, "judge", shop.judge)
    monkeypatch.setattr(promotion, "carry_out", shop.carry_out)
    monkeypatch.setattr(promotion, "champion", lambda name, root: shop.root / "champion")
    monkeypatch.setattr(broken, "check", lambda reference, results: shop.broken)
    monkeypatch.setattr(retraining.connection, "exists", lambda root: True)
    assert child.run(shop.root, ["params/toy.yaml"]) == 0
    (shop.root / "calls").unlink()
    return shop


def retrain(*words):
    return cli.main(["retrain", "toy", *words])


def test_a_loss_above_its_limit_leads_to_a_new_champion_and_log_and_registry_say_why(shop, capfd):
    shop.plan(monitoring=HARM)
    assert retrain("--if-needed") == 0
    assert shop.calls == [("01,02,08", True, False), ("01,02,06,08", True, True)]  # beside the results, then in them
    assert shop.champion == 2
    (entry,) = shop.entries
    assert entry.pop("started") <= entry.pop("finished")
    assert entry.pop("who") == getpass.getuser()
    outcome = f"Promoted: version 2 of toy is the champion; {EVEN}."
    assert entry == {
        "verdict": "retrain",
        "reason": HARM["reason"],
        "run_id": "of this series",
        "candidate": {"version": 2, "release": "b" * 12},
        "champion_before": {"version": 1, "release": "a" * 12},
        "champion_after": {"version": 2, "release": "b" * 12},
        "contest": {
            "candidate": 0.8,
            "champion": 0.79,
            "difference": [0.01, -0.02, 0.03],
            "rows": 400,
            "day": "2025-09-25",
            "learnt": ["2025-09-25", "2025-06-27"],
            "left_out": 0,
            "brier": [0.0, 0.0, 0.0],
        },
        "outcome": outcome,
        "exit_code": 0,
    }
    assert shop.why[0].endswith("The loss of two days is above its limit")
    assert HARM["reason"] in shop.tags[2]
    assert outcome in shop.tags[2]
    assert capfd.readouterr().out.splitlines()[-1].endswith(f" retrain toy: exit 0: {outcome}")


@pytest.mark.parametrize("verdict", ["none", "watch"])
def test_where_monitoring_sees_no_need_nothing_is_trained(shop, verdict, capfd):
    shop.plan(monitoring={**STEADY, "verdict": verdict}, data="of today")
    before = shop.digest()
    assert retrain("--if-needed") == 0
    assert shop.calls == [("01,02,08", True, False)]
    after = {path: mark for path, mark in shop.digest().items() if not path.startswith("data/processed/.latest")}
    assert {path: mark for path, mark in after.items() if "ledger" not in path} == before  # today's are beside them
    assert shop.entries == []
    assert f"No need: monitoring says {verdict}. {STEADY['reason']}" in capfd.readouterr().out


def test_who_asks_for_it_gets_a_retraining_whatever_monitoring_says(shop):
    assert retrain() == 0
    assert shop.champion == 2
    assert shop.entries[0]["reason"] == f"It was asked for; monitoring says none: {STEADY['reason']}"
    assert shop.entries[0]["verdict"] == "none"


def test_without_a_champion_the_first_one_is_trained_whether_or_not_it_is_needed(shop, capfd):
    shop.champion, shop.had = None, False
    assert retrain("--if-needed") == 0
    assert shop.champion == 2
    assert "Training: Nothing has been promoted yet: this is to be the first champion." in capfd.readouterr().out
    assert shop.entries[0]["champion_before"] is None


def test_before_the_first_series_there_is_nothing_for_08_to_watch(shop):
    shop.champion, shop.had = None, False
    shutil.rmtree(shop.results)
    assert retrain("--if-needed") == 0
    assert shop.calls[0] == ("01,02", False, False)


def test_where_the_champion_is_gone_the_next_one_is_trained(shop):
    shop.champion = None
    assert retrain("--if-needed") == 0
    assert shop.entries[0]["reason"] == "The champion that there was is gone: this is to be the next champion."


@pytest.mark.parametrize(
    ("failed", "match", "why"),
    [(["recall is 0.5, at least 0.8"], EVEN, "recall is 0.5, at least 0.8"), ([], WORSE, "is worse than the champion")],
)
def test_one_that_fails_a_gate_or_is_worse_is_refused_with_10_and_the_champion_goes_on_answering(
    shop, failed, match, why, capfd
):
    shop.plan(monitoring=HARM)
    shop.failed, shop.match = failed, match
    assert retrain("--if-needed") == 10
    assert shop.champion == 1
    assert why in capfd.readouterr().out.splitlines()[-1]
    assert (shop.entries[0]["exit_code"], shop.entries[0]["champion_after"]["version"]) == (10, 1)
    assert "Not promoted" in shop.tags[2]


def test_one_that_nobody_can_compare_is_refused_and_the_log_is_plain_json(shop):
    nan, lost = float("nan"), Interval(-1.0, -1.0, -1.0)
    shop.match = Contest(nan, nan, lost, 2, "2025-09-25", ("2025-09-25", "2025-06-27"), 398)
    assert retrain() == 10
    assert "NaN" not in (shop.root / "data" / "ledger" / "toy" / "retrain.json").read_text()
    assert (shop.entries[0]["contest"]["candidate"], shop.entries[0]["contest"]["left_out"]) == (None, 398)


def test_one_that_was_refused_and_then_promoted_by_hand_is_no_promotion_of_this_command(shop, monkeypatch):
    shop.match = WORSE
    with monkeypatch.context() as patch:
        patch.setattr(Retrainings, "close", lambda log, **facts: (_ for _ in ()).throw(Ended))
        with pytest.raises(Ended):
            retrain()
    shop.champion = 2
    assert retrain("--if-needed") == 0
    assert shop.entries[0]["outcome"] == "Version 2 was refused, and has been promoted by someone since."


def test_the_same_candidate_that_is_refused_again_is_no_second_entry(shop):
    shop.plan(monitoring=HARM)
    shop.match = WORSE
    assert (retrain(), retrain()) == (10, 10)
    assert len(shop.entries) == 1


def test_a_second_retraining_of_unchanged_data_finds_its_champion_and_adds_no_entry(shop, capfd):
    assert (retrain(), retrain()) == (0, 0)
    assert len(shop.entries) == 1
    assert "Nothing new: the series has led to version 2, the champion." in capfd.readouterr().out


BROKEN = ["The column `price` is gone.", "Amounts are 100 times what they were."]


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"errors": {"01_eda": "cell 4: OrdersError: too few lines (in `judge`)"}}, "01_eda refuses the data: cell 4"),
        ({"errors": {"02_transformation": "cell 2: FeaturesError: too short"}}, "02_transformation refuses the data"),
        ({"monitoring": {**STEADY, "broken": BROKEN}}, " ".join(BROKEN)),
        ({"code": 2}, "the parameters or the source are not as they must be"),
    ],
)
def test_bad_data_end_it_with_2_before_anything_is_trained_and_leave_champion_and_results_alone(
    shop, plan, told, capfd
):
    before = shop.digest()
    shop.plan(**{"monitoring": HARM, "data": "spoilt", **plan})
    before["params/toy.yaml"] = shop.digest()["params/toy.yaml"]
    assert retrain() == 2
    assert told in capfd.readouterr().out.splitlines()[-1]
    assert len(shop.calls) == 1
    after = {path: mark for path, mark in shop.digest().items() if not path.startswith("data/processed/.latest")}
    assert {path: mark for path, mark in after.items() if not path.endswith(".retrain.lock")} == before
    assert (shop.champion, shop.entries) == (1, [])


@pytest.mark.parametrize("whole", [True, False])
def test_broken_data_are_found_whether_or_not_08_could_be_run(shop, whole, capfd):
    shop.plan(monitoring=HARM, **({"errors": {"08_monitoring": "cell 3: KeyError: 'price'"}} if whole else {}))
    if not whole:
        shutil.rmtree(shop.results)
    shop.broken = [broken_columns.Broken("gone", BROKEN[0])]
    assert retrain() == 2
    assert f"Nothing was trained: {BROKEN[0]}" in capfd.readouterr().out
    assert (shop.champion, shop.entries) == (1, [])


def test_where_no_whole_series_has_left_results_the_champion_cannot_be_watched_and_one_is_run(shop):
    shutil.rmtree(shop.results)
    assert retrain("--if-needed") == 0
    assert [stages for stages, *_ in shop.calls] == ["01,02", "01,02,06,08"]
    told = "There are no results of a whole series, without which the champion cannot be watched."
    assert shop.entries[0]["reason"] == told


@pytest.mark.parametrize("stage", ["01_eda", "08_monitoring"])
def test_a_notebook_that_fails_for_another_reason_is_1(shop, stage, capfd):
    shop.plan(monitoring=HARM, errors={stage: "cell 3: KeyError: 'x'"})
    assert retrain() == 1
    assert f"Nothing was trained: {stage} failed: cell 3: KeyError" in capfd.readouterr().out


def test_a_series_that_fails_is_1_with_an_entry_and_the_champion_stays(shop, monkeypatch):
    run = child.run
    monkeypatch.setattr(child, "run", lambda root, words, place=None: run(root, words, place) if place else 1)
    assert retrain() == 1
    assert shop.champion == 1
    assert shop.entries[0]["outcome"] == "The series failed: the champion is as it was."
    assert (shop.entries[0]["exit_code"], shop.entries[0]["candidate"]) == (1, None)


def test_a_monitoring_without_a_verdict_is_1_and_says_what_to_do(shop, capsys):
    shop.plan(monitoring={"verdict": "maybe"})
    assert retrain() == 1
    assert "08_monitoring has left no monitoring.json with a verdict (none, watch, retrain)" in capsys.readouterr().err


def test_mlflow_away_is_1_and_the_next_retraining_goes_on(shop, monkeypatch, capfd):
    def away(name, root):
        raise promotion.RegistryError("MLflow is away")

    with monkeypatch.context() as patch:
        patch.setattr(promotion, "judge", away)
        assert retrain() == 1
    assert shop.entries[0]["finished"] is None
    assert retrain("--if-needed") == 0
    assert "was not finished: it goes on" in capfd.readouterr().out
    assert len(shop.entries) == 1
    assert shop.champion == 2


class Ended(BaseException):
    """What no `except Exception` catches, as a signal."""


@pytest.mark.parametrize(
    ("owner", "step"),
    [
        (Retrainings, "begin"),
        (promotion, "judge"),
        (Retrainings, "note"),
        (promotion, "carry_out"),
        (Shop, "tag"),
        (Retrainings, "close"),
    ],
)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_ended_before_or_after_any_step_the_next_one_comes_to_the_same(shop, monkeypatch, owner, step, after):
    shop.plan(monitoring=HARM)
    work = getattr(owner, step)

    def ended(*words, **named):
        if after:
            work(*words, **named)
        raise Ended

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, ended)
        with pytest.raises(Ended):
            retrain("--if-needed")
    assert retrain("--if-needed") == 0
    (entry,) = shop.entries
    assert (entry["champion_before"]["version"], entry["champion_after"]["version"]) == (1, 2)
    assert entry["finished"]
    assert (shop.champion, len(shop.why), entry["exit_code"]) == (2, 1, 0)
    assert entry["outcome"].startswith("Promoted: version 2 of toy is the champion; the candidate matches")


def test_one_retraining_at_a_time_and_the_second_hears_who_holds_it(shop, capsys):
    with locked(shop.root / "data" / "ledger" / "toy" / ".retrain.lock"):
        assert retrain() == 2
    told = capsys.readouterr().err
    assert f"toy is being retrained by process {os.getpid()}, since 20" in told
    assert shop.calls == []


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(shop, capfd):
    shop.plan(monitoring=HARM, data="of today")
    before = shop.digest()
    assert retrain("--dry-run", "--if-needed") == 0
    noted = shop.root / "data" / "ledger" / "toy" / "looked.json"
    assert json.loads(noted.read_text())["verdict"] == "retrain"
    assert shop.digest() == before
    assert shop.calls == [("01,02,08", False, False)]
    told = capfd.readouterr().out
    assert "2. The whole series would be run in data/processed/toy, and keep what would come out the same." in told
    assert HARM["reason"] in told
    assert "4. It would be held against version 1 on the same customers of the latest day" in told
    assert told.endswith("Nothing was changed but the note of this look.\n")


def test_a_dry_run_without_need_and_one_on_bad_data_say_so(shop, capfd):
    assert retrain("--dry-run", "--if-needed") == 0
    assert "2. Nothing would be trained: monitoring says none." in capfd.readouterr().out
    shop.plan(monitoring=STEADY, errors={"01_eda": "cell 4: OrdersError: no"})
    assert retrain("--dry-run") == 2
    assert "with exit code 2: 01_eda refuses the data" in capfd.readouterr().out


def test_each_look_is_noted_with_what_it_found(shop):
    told = {**STEADY, "features": 9, "drifted_features": 2, "broken": []}
    shop.plan(monitoring=told)
    assert retrain("--if-needed") == 0
    path = shop.root / "data" / "ledger" / "toy" / "looked.json"
    found = json.loads(path.read_text())
    assert found.pop("at") <= datetime.now(UTC).isoformat()
    assert found == {"code": 0, "verdict": "none", "features": 9, "drifted_features": 2, "broken": 0}
    shop.plan(monitoring=told, errors={"01_eda": "cell 4: OrdersError: no"})
    assert retrain() == 2
    found = json.loads(path.read_text())
    assert found | {"at": ""} == {
        "at": "",
        "code": 2,
        **dict.fromkeys(("verdict", "features", "drifted_features", "broken")),
    }


def test_a_look_has_a_copy_of_the_ledger_of_which_nothing_stays(shop):
    scores = shop.root / "data" / "ledger" / "toy" / "scores" / "2026-11.parquet"
    scores.parent.mkdir(parents=True)
    scores.write_text("what was said of customers")
    copied = aside.prepare(shop.root, shop.root / "params" / "toy.yaml", shop.root / "look").parents[1]
    assert (copied / "data" / "ledger" / "toy" / "scores" / scores.name).read_text() == scores.read_text()
    assert retrain("--if-needed") == 0
    place = shop.root / "data" / "processed" / ".latest" / "toy"
    assert not (place / "data" / "ledger").exists()
    assert (place / "data" / "processed" / "toy" / "08_monitoring" / "monitoring.json").exists()
    assert scores.read_text() == "what was said of customers"


def test_a_project_without_run_all_and_an_unknown_series_are_said(shop, capsys):
    assert cli.main(["retrain", "nobody"]) == 2
    assert "There is no params file for 'nobody'. In params/ there are: toy." in capsys.readouterr().err
    (shop.root / "run_all.py").unlink()
    assert retrain() == 2
    assert "has no run_all.py, which runs the series" in capsys.readouterr().err


def test_a_file_of_parameters_elsewhere_is_that_of_its_results(shop):
    (shop.root / "mine").mkdir()
    (shop.root / "params" / "toy.yaml").rename(shop.root / "mine" / "toy.yaml")
    record = json.loads((shop.results / "series.json").read_text())
    (shop.results / "series.json").write_text(json.dumps(record | {"params": "mine/toy.yaml"}))
    assert retrain("--if-needed") == 0
    assert shop.calls == [("01,02,08", True, False)]


def test_every_error_with_which_01_and_02_refuse_data_is_known():
    import importlib
    import pkgutil

    from patrons import features, intake
    from patrons.errors import FeaturesError, SourceError

    for room in (intake, features):
        for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            importlib.import_module(module.name)

    def derived(kind):
        return {kind, *(one for child in kind.__subclasses__() for one in derived(child))}

    rooms = ("patrons.intake", "patrons.features", "patrons.errors")
    raised = {one for kind in (SourceError, FeaturesError) for one in derived(kind)}
    assert {one.__name__ for one in raised if one.__module__.startswith(rooms)} <= latest.REFUSALS


STOPPED = """import signal
import sys
from pathlib import Path
from patrons.monitoring import child
from patrons.series import stopping
signal.signal(signal.SIGINT, signal.SIG_DFL)  # a job in the background ignores it
try:
    with stopping.stoppable():
        child.run(Path(sys.argv[1]), ["params/toy.yaml"])
except stopping.StoppedError as stopped:
    sys.exit(stopped.code)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_what_stops_a_retraining_stops_the_series_that_it_has_started(shop, number, code):
    shop.plan(monitoring=HARM, seconds=60)
    process = subprocess.Popen([sys.executable, "-c", STOPPED, str(shop.root)], cwd=shop.root)
    _until(lambda: shop.calls)
    (series,) = psutil.Process(process.pid).children()
    process.send_signal(number)
    assert process.wait(180) == code
    _until(lambda: not series.is_running() or series.status() == psutil.STATUS_ZOMBIE)


def test_a_signal_gives_its_code_and_says_how_it_goes_on(shop, monkeypatch, capsys):
    def stopped(*_):
        raise stopping.StoppedError(signal.SIGTERM)

    monkeypatch.setattr(retraining, "retrain", stopped)
    assert retrain() == 143
    assert "Stopped by SIGTERM. The next retraining goes on from here." in capsys.readouterr().err


def _until(condition):
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()
