"""The ledger as a store: batches whole and once, bounded, under two processes, after kills, and with damaged files."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from patrons.files import DamagedError
from patrons.monitoring import batches
from patrons.monitoring.columns import OUTCOMES, SCORES, LedgerError
from patrons.monitoring.ledger import Ledger, digest

FILES = "scores/*/*.parquet"


def said(*customers, day="2026-03-01", release="a1", probability=0.4, **more):
    rows = {"customer_id": list(customers), "day": pd.Timestamp(day), "release": release, "probability": probability}
    return pd.DataFrame(rows).assign(flagged=False, source="series", **more)


def became(*customers, day="2026-03-01", churned=1, **more):
    return pd.DataFrame({"customer_id": list(customers), "day": pd.Timestamp(day), "churned": churned}).assign(
        source="outcomes.csv", **more
    )


def on(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger" / "shop")


def test_an_empty_ledger_reads_as_typed_frames_and_makes_no_folder(ledger):
    scores, outcomes = ledger.scores(), ledger.outcomes()
    assert (list(scores), len(scores)) == (SCORES.names, 0)
    assert (list(outcomes), len(outcomes)) == (OUTCOMES.names, 0)
    assert str(scores.day.dtype) == "datetime64[us]"
    assert str(scores.probability.dtype) == "float64"
    assert (len(ledger.days()), ledger.corrections(), ledger.digest(), ledger.forget("x")) == (0, 0, "", 0)
    assert not ledger.folder.exists()


def test_the_same_batch_again_adds_nothing_in_any_order_and_in_any_later_month(ledger):
    assert ledger.keep(said("a", "b"), at=on("2026-03-02")).rows == 2
    assert ledger.keep(said("b", "a"), at=on("2026-03-03")).rows == 0
    assert ledger.keep(said("c"), at=on("2026-05-02")).rows == 1  # closes March
    assert ledger.keep(said("a", "b"), at=on("2026-05-03")).rows == 0
    assert sorted(ledger.scores().customer_id) == ["a", "b", "c"]


def test_an_address_that_is_given_says_which_batches_are_the_same(ledger):
    ledger.keep(said("a", day="2026-03-01"), address="f00d")
    assert ledger.keep(said("a", day="2026-03-02"), address="f00d").rows == 0


def test_what_was_kept_last_of_a_customer_day_and_release_holds(ledger):
    ledger.keep(said("a", probability=0.4), at=on("2026-03-02"))
    ledger.keep(said("a", probability=0.6), at=on("2026-03-03"))
    ledger.keep(said("a", probability=0.9, release="b2"), at=on("2026-03-01"))
    assert ledger.scores(["release", "probability"]).values.tolist() == [["b2", 0.9], ["a1", 0.6]]


def test_only_the_days_and_the_share_of_customers_that_are_asked_for_are_read(ledger):
    ledger.keep(said(*map(str, range(1000)), day="2026-03-01"))
    ledger.keep(said(*map(str, range(1000)), day="2026-04-01"))
    assert ledger.days().to_dict() == {date(2026, 3, 1): 1000, date(2026, 4, 1): 1000}
    assert set(ledger.scores(["day"], [date(2026, 4, 1)]).day) == {pd.Timestamp("2026-04-01")}
    some = ledger.scores(["customer_id", "day"], share=0.2)
    assert 150 < some.customer_id.nunique() < 250
    assert (some.groupby("customer_id").size() == 2).all()  # the same customers on both days


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (said("a", probability=1.2), "Customer a has the probability 1.2"),
        (said("a", probability=float("nan")), "1 rows have no probability"),
        (said("a", None), "1 rows have no customer_id"),
        (said("a", release=""), "1 rows have no release"),
    ],
)
def test_rows_that_say_nothing_or_the_impossible_are_refused_before_anything_is_written(ledger, rows, message):
    with pytest.raises(LedgerError, match=message):
        ledger.keep(rows)
    assert not ledger.folder.exists()


def test_months_that_are_over_become_one_file_and_the_open_one_stays_small(ledger, monkeypatch):
    monkeypatch.setattr(batches, "MOST_FILES", 3)
    for number in range(3):
        ledger.keep(said(f"m{number}"), at=on("2026-03-02"))
    assert len(list(ledger.folder.glob("scores/2026-03/*.parquet"))) == 3
    before = ledger.digest()
    for number in range(4):
        ledger.keep(said(f"a{number}"), at=on("2026-04-02"))
    assert {path.parent.name: 1 for path in ledger.folder.glob(FILES)} == {"2026-03": 1, "2026-04": 1}
    assert len(list(ledger.folder.glob(FILES))) == 2
    assert len(ledger.scores()) == 7
    assert ledger.digest() != before


def test_putting_files_together_leaves_the_digest_as_it_was(ledger):
    for name in ("a", "b"):
        ledger.keep(said(name), at=on("2026-03-02"))
    before = digest(ledger.folder)
    assert ledger.keep(said("a"), at=on("2026-04-02")).rows == 0
    assert (len(list(ledger.folder.glob(FILES))), digest(ledger.folder)) == (1, before)


def test_files_left_beside_the_one_they_were_put_into_count_once_and_go_with_the_next_batch(ledger, tmp_path):
    for name in ("a", "b"):
        ledger.keep(said(name), at=on("2026-03-02"))
    shutil.copytree(ledger.folder / "scores", tmp_path / "before")
    ledger.keep(said("c"), at=on("2026-04-02"))
    shutil.copytree(tmp_path / "before", ledger.folder / "scores", dirs_exist_ok=True)  # as if killed in between
    assert sorted(ledger.scores().customer_id) == ["a", "b", "c"]
    ledger.keep(said("d"), at=on("2026-04-03"))
    assert len(list(ledger.folder.glob("scores/2026-03/*.parquet"))) == 1


def test_months_that_are_too_old_are_deleted_on_adding_and_named(tmp_path):
    ledger = Ledger(tmp_path / "shop", months=3)
    for month in ("01", "02", "03"):
        assert ledger.keep(said(month), at=on(f"2026-{month}-15")).deleted == []
    assert sorted(Ledger(tmp_path / "shop", months=1).scores().customer_id) == ["01", "02", "03"]  # reading keeps all
    assert ledger.keep(said("04"), at=on("2026-04-15")).deleted == ["scores/2026-01"]
    assert sorted(ledger.scores().customer_id) == ["02", "03", "04"]


def test_old_results_do_not_bring_back_a_month_that_was_deleted_nor_who_was_forgotten_in_it(tmp_path):
    ledger, old = Ledger(tmp_path / "shop", months=3), said("a", "b")
    ledger.keep(old, address="f00d", at=on("2026-01-15"))
    assert ledger.forget("a") == 1
    assert ledger.keep(said("c"), at=on("2026-04-15")).deleted == ["scores/2026-01"]
    for moment in ("2026-04-16", "2026-09-01"):
        assert ledger.keep(old, address="f00d", at=on(moment)).rows == 0
    assert len(ledger.scores()) == 0  # c was written in April: from July on it is too old, too
    assert ledger.keep(said("c"), at=on("2026-09-02")).rows == 0


def test_a_ledger_that_has_noted_nothing_yet_does_so_before_it_deletes(tmp_path):
    ledger = Ledger(tmp_path / "shop", months=3)
    ledger.keep(said("a"), address="f00d", at=on("2026-01-15"))
    ledger.keep(said("b"), address="beef", at=on("2026-01-16"))
    (ledger.folder / "scores" / "known.json").unlink()  # as of an older version, or killed before it was written
    assert ledger.keep(said("a"), address="f00d", at=on("2026-04-15")) == (0, ["scores/2026-01"])
    assert ledger.keep(said("b"), address="beef", at=on("2026-04-15")).rows == 0


def test_who_was_forgotten_does_not_come_back_when_the_file_is_set_aside_and_deleted(ledger):
    ledger.keep(said("a", "b"), address="f00d")
    assert ledger.forget("a") == 1
    next(ledger.folder.glob(FILES)).unlink()
    assert ledger.keep(said("a", "b"), address="f00d").rows == 0


def test_batches_are_noted_for_ten_years_and_answers_of_the_api_which_come_once_are_not(tmp_path):
    ledger = Ledger(tmp_path / "shop", months=1)
    ledger.keep(said("a"), address="f00d", at=on("2026-01-15"))
    ledger.keep(said("b").assign(source="api"), at=on("2026-01-16"))
    assert ledger.keep(said("b").assign(source="api"), at=on("2026-01-17")).rows == 0
    for moment, expected in (("2036-01-15", {"f00d", "beef"}), ("2036-02-01", {"beef"})):
        ledger.keep(said("c"), address="beef", at=on(moment))
        assert set(json.loads((ledger.folder / "scores" / "known.json").read_text())) == expected


def test_how_many_months_are_kept_is_an_environment_variable(tmp_path, monkeypatch):
    assert Ledger(tmp_path).months == 24
    monkeypatch.setenv("PATRONS_LEDGER_MONTHS", "6")
    assert Ledger(tmp_path).months == 6
    monkeypatch.setenv("PATRONS_LEDGER_MONTHS", "0")
    with pytest.raises(LedgerError, match="PATRONS_LEDGER_MONTHS is '0', and must be a whole number of months"):
        Ledger(tmp_path)


@pytest.mark.parametrize("harm", ["cut off", "a bit flipped", "no Parquet"])
def test_a_damaged_file_is_named_and_can_be_set_aside(ledger, harm):
    ledger.keep(said(*map(str, range(300)), probability=[n / 300 for n in range(300)]), at=on("2026-03-02"))
    ledger.keep(said("b"), at=on("2026-04-02"))
    path = next(ledger.folder.glob("scores/2026-03/*.parquet"))
    content = bytearray(path.read_bytes())
    content[700] ^= 1
    path.write_bytes({"cut off": content[:-9], "a bit flipped": content, "no Parquet": b"orders"}[harm])
    with pytest.raises(DamagedError, match=rf"{path.name} is damaged or was cut off .*by renaming it to .*\.aside"):
        ledger.scores()
    path.rename(path.with_name(f"{path.name}.aside"))
    assert list(ledger.scores().customer_id) == ["b"]
    assert [one.name for one in ledger.aside()] == [f"{path.name}.aside"]


WRITER = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from patrons.monitoring.ledger import Ledger
from test_ledger import said
who, count, kill = sys.argv[2], int(sys.argv[3]), sys.argv[4:] == ["kill"]
if kill:
    Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # written, not yet in place
for number in range(count):
    Ledger(sys.argv[1]).keep(said(f"{{who}}{{number}}"))
"""


def write(folder, who, count, *more):
    code = WRITER.format(tests=str(Path(__file__).parent))
    return subprocess.Popen([sys.executable, "-c", code, str(folder), who, str(count), *more])


def test_two_processes_at_once_lose_nothing_and_a_killed_one_leaves_nothing_half_written(ledger):
    both = [write(ledger.folder, who, 8) for who in "ab"]
    assert [process.wait(60) for process in both] == [0, 0]
    assert write(ledger.folder, "k", 1, "kill").wait(60) == -9
    assert len(list(ledger.folder.glob("scores/*/.*.partial"))) == 1
    expected = sorted(f"{who}{number}" for who in "ab" for number in range(8))
    assert sorted(ledger.scores().customer_id) == expected
    assert ledger.keep(said("k0")).rows == 1
    assert list(ledger.folder.glob("scores/*/.*.partial")) == []
    assert sorted(ledger.scores().customer_id) == sorted([*expected, "k0"])


def test_corrected_outcomes_replace_earlier_ones_and_leave_a_trace(ledger):
    assert ledger.receive(became("a", "b", churned=0), at=on("2026-06-01")) == (2, 0, 0, 0)
    assert ledger.receive(became("a", "b", churned=[1, 0]), at=on("2026-07-01")) == (0, 1, 0, 1)
    assert ledger.receive(became("a", churned=0), at=on("2026-08-01")) == (0, 1, 0, 0)  # and back
    assert ledger.outcomes().set_index("customer_id").churned.to_dict() == {"a": 0, "b": 0}
    assert ledger.outcomes(trace=True).customer_id.tolist() == ["a", "b", "a", "a"]
    assert ledger.corrections() == 2
    assert ledger.receive(became("a", churned=0), at=on("2026-09-01")) == (0, 0, 0, 1)


def test_a_spend_that_comes_later_completes_an_outcome_and_is_not_taken_back(ledger):
    ledger.receive(became("a", churned=0), at=on("2026-06-01"))
    assert ledger.receive(became("a", churned=0, spend=12.5), at=on("2026-09-01")) == (0, 0, 1, 0)
    assert ledger.receive(became("a", churned=0), at=on("2026-10-01")) == (0, 0, 0, 1)
    assert (ledger.outcomes().spend.tolist(), ledger.corrections()) == ([12.5], 0)
    assert ledger.receive(became("a", churned=0, spend=10.0), at=on("2026-11-01")) == (0, 1, 0, 0)
    assert ledger.corrections() == 1


def test_two_outcomes_of_one_customer_and_day_are_refused(ledger):
    with pytest.raises(LedgerError, match="Customer a has two outcomes of 2026-03-01: which is it"):
        ledger.receive(became("a", "a", churned=[0, 1]))


def test_a_customer_can_be_forgotten_in_every_table_and_is_not_added_again(ledger):
    ledger.keep(said("a", "b"))
    ledger.receive(became("a", "b"))
    run = ledger.folder / "runs" / "20260301" / "tested.parquet"
    run.parent.mkdir(parents=True)
    pd.DataFrame({"customer_id": ["a", "b"], "score": [0.1, 0.2]}).to_parquet(run)
    before = ledger.digest()
    assert ledger.forget("a") == 3
    assert list(ledger.scores().customer_id) == list(ledger.outcomes().customer_id) == ["b"]
    assert pd.read_parquet(run).customer_id.tolist() == ["b"]
    assert ledger.keep(said("a", "b")).rows == 0
    assert ledger.digest() != before
    assert "personal data" in (ledger.folder / "README.md").read_text()


def test_nobody_is_forgotten_while_a_file_that_was_set_aside_may_hold_them(ledger):
    ledger.keep(said("a"), at=on("2026-03-02"))
    ledger.keep(said("a", day="2026-04-01"), at=on("2026-04-02"))
    path = next(ledger.folder.glob("scores/2026-03/*.parquet"))
    aside = path.rename(path.with_name(f"{path.name}.aside"))
    before = ledger.digest()
    with pytest.raises(
        LedgerError, match=rf"Nothing was taken out: .*{aside.name} may hold customer a, .* only delete"
    ):
        ledger.forget("a")
    assert (ledger.digest(), len(ledger.scores())) == (before, 1)
    aside.unlink()
    assert ledger.forget("a") == 1


def test_forgetting_reaches_what_a_killed_process_left(ledger, tmp_path):
    for name in ("a", "b"):
        ledger.keep(said(name), at=on("2026-03-02"))
    shutil.copytree(ledger.folder / "scores", tmp_path / "before")
    ledger.keep(said("c"), at=on("2026-04-02"))
    shutil.copytree(tmp_path / "before", ledger.folder / "scores", dirs_exist_ok=True)  # as if killed in between
    (ledger.folder / "scores" / "2026-04" / ".f00d.parquet.1.2.partial").write_bytes(b"a")
    assert ledger.forget("a") == 1
    left = [path for path in ledger.folder.rglob("*") if path.is_file() and ".p" in path.name]
    assert sorted(pd.concat(map(pd.read_parquet, left)).customer_id) == ["b", "c"]


def test_the_readme_says_how_it_is_now(ledger):
    ledger.keep(said("a"))
    (ledger.folder / "README.md").write_text("of an older version")
    ledger.keep(said("b"))
    assert "`known.json` notes" in (ledger.folder / "README.md").read_text()
