"""Lines of a log that the check before a series has judged, and that 01 takes over."""

import os

import ibis
import pandas as pd
import pytest

from patrons.engine import Engine
from patrons.errors import SourceError
from patrons.intake import judging, order_log, sources

LOG = pd.DataFrame(
    {
        "order_id": ["1", "1", "1", "C2", "3", "4"],
        "customer_id": ["a", "a", "a", "a", "b", None],
        "product_id": ["x", "y", "y", "x", "x", "x"],
        "ordered_at": ["2024-01-01", "2024-01-01", "2024-01-01", "2024-01-05", "2024-02-01", "2024-02-02"],
        "quantity": ["2", "1", "1", "-1", "3", "1"],
        "unit_price": ["1.50", "2.00", "2.00", "1.50", "1.50", "1.50"],
        "channel": ["web", "web", "web", "web", "shop", "shop"],
    }
)
REASONS = ["kept", "kept", "exact duplicate", "cancellation", "kept", "no customer"]
NAMED = {"cancellation_prefix": "C", "non_products": ["POST"], "duplicates": "quarantine", "cancellations": "net"}

ANSWER = order_log.Log(ibis.memtable(LOG), (), "text", ()), ibis.memtable(LOG)  # of a judge that is not looked at


def written(folder, kind="csv"):
    """The log as a file, and 01's parameters for it."""
    path = folder / f"log.{kind}"
    writers = {"csv": LOG.to_csv, "parquet": LOG.to_parquet, "xlsx": LOG.to_excel}
    writers[kind](path, index=False)
    return path


@pytest.fixture
def readings(monkeypatch):
    """Each time that a log is read, its name."""
    names, read = [], order_log.read_log

    def counted(path, *rest):
        names.append(path.name)
        return read(path, *rest)

    monkeypatch.setattr(order_log, "read_log", counted)
    return names


@pytest.fixture
def folder(tmp_path, monkeypatch):
    place = tmp_path / "handed on"
    place.mkdir()
    monkeypatch.setenv(judging.VARIABLE, str(place))
    return place


def judged(path, **changed):
    return judging.judged(path, judging.How.of({**NAMED, **changed}), Engine())


def reasons(log):
    return log.lines.order_by("line").to_pandas().reason.fillna("kept").tolist()


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_01_takes_what_the_check_has_judged_and_it_is_what_it_would_judge_itself(tmp_path, folder, readings, kind):
    path = written(tmp_path, kind)
    sources.check([{"source": path.name, **NAMED}], tmp_path, folder)
    log, cancelled = judged(path)
    assert readings == [path.name], "once, by the check"
    itself, takes_back = judging.judge(path, judging.How.of(NAMED))
    assert reasons(log) == REASONS
    for one, other in ((log.lines, itself.lines), (cancelled, takes_back)):
        assert one.schema() == other.schema()
        pd.testing.assert_frame_equal(one.order_by("line").to_pandas(), other.order_by("line").to_pandas())
    assert cancelled.to_pandas()[["line", "cancelled_by", "quantity"]].values.tolist() == [[0, 3, 1.0]]
    assert (log.absent, log.description, log.mixed) == (itself.absent, itself.description, itself.mixed)
    assert log.notes == itself.notes
    pd.testing.assert_frame_equal(log.unused, itself.unused)
    assert log.unused["values"].tolist() == [{"web": 4 / 6, "shop": 2 / 6}]


def test_a_log_of_which_every_column_is_used_has_nothing_unused_for_01_either(tmp_path, folder):
    path = tmp_path / "log.csv"
    LOG.drop(columns="channel").to_csv(path, index=False)
    sources.check([{"source": "log.csv", **NAMED}], tmp_path, folder)
    pd.testing.assert_frame_equal(judged(path)[0].unused, judging.judge(path, judging.How.of(NAMED))[0].unused)


def test_a_notebook_that_is_run_alone_judges_the_log_itself(tmp_path, monkeypatch, readings):
    monkeypatch.delenv(judging.VARIABLE, raising=False)
    log, _ = judged(written(tmp_path))
    assert reasons(log) == REASONS
    assert readings == ["log.csv"]


def test_a_file_that_was_changed_after_the_check_is_judged_again_even_with_its_old_size_and_time(
    tmp_path, folder, readings
):
    path = written(tmp_path)
    sources.check([{"source": "log.csv", **NAMED}], tmp_path, folder)
    before = path.stat()
    path.write_text(path.read_text().replace("3,b,x", "3,,xx"))  # of the same length
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    log, _ = judged(path)
    assert reasons(log) == [*REASONS[:4], "no customer", "no customer"]
    assert readings == ["log.csv"] * 2


@pytest.mark.parametrize(
    "changed",
    [
        {"columns": {"country": "channel"}},
        {"decimal": "point"},
        {"keep": {"channel": ["web"]}},
        {"cancellation_prefix": ""},
        {"non_products": ["x"]},
        {"duplicates": "keep"},
        {"cancellations": "aside"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_with_other_parameters_the_log_is_judged_again(tmp_path, folder, monkeypatch, changed):
    path, asked = written(tmp_path), []
    monkeypatch.setattr(judging, "judge", lambda _, how, *rest, **more: asked.append(how) or ANSWER)
    judging.leave(path, judging.How.of(NAMED), folder)
    judged(path, **changed)
    assert asked == [judging.How.of(NAMED), judging.How.of({**NAMED, **changed})]


def test_parameters_that_judge_no_line_change_nothing(tmp_path, folder, readings):
    path = written(tmp_path)
    sources.check([{"source": "log.csv", **NAMED, "min_days": 2, "title": "One"}], tmp_path, folder)
    judged(path, min_days=3, title="Another")
    assert readings == ["log.csv"]


def test_with_other_code_the_log_is_judged_again(tmp_path, folder, readings, monkeypatch):
    path = written(tmp_path)
    sources.check([{"source": "log.csv", **NAMED}], tmp_path, folder)
    room = tmp_path / "intake"
    room.mkdir()
    (room / "orders.py").write_text("changed")
    monkeypatch.setattr(judging, "__file__", str(room / "judging.py"))
    judged(path)
    assert readings == ["log.csv"] * 2


def test_a_check_that_broke_off_between_its_tables_leaves_nothing_to_take(tmp_path, folder, readings, monkeypatch):
    path = written(tmp_path)

    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(judging.cancellations, "matched", stopped)
        with pytest.raises(KeyboardInterrupt):
            sources.check([{"source": "log.csv", **NAMED}], tmp_path, folder)
    assert [one.name for one in folder.iterdir()] == [judging.LINES]
    assert reasons(judged(path)[0]) == REASONS
    assert readings == ["log.csv"] * 2


def test_a_log_that_breaks_a_limit_is_refused_by_the_check_as_before(tmp_path, folder):
    written(tmp_path)
    with pytest.raises(SourceError, match=r"min_customers: 2 customers are kept, needed are 3"):
        sources.check([{"source": "log.csv", **NAMED, "min_customers": 3}], tmp_path, folder)


def test_spark_takes_nothing_over(tmp_path, folder, monkeypatch):
    path = written(tmp_path)
    sources.check([{"source": "log.csv", **NAMED}], tmp_path, folder)
    asked = []
    monkeypatch.setattr(judging, "judge", lambda path, how, works: asked.append(works.engine) or ANSWER)
    judging.judged(path, judging.How.of(NAMED), Engine("spark"))
    assert asked == ["spark"]
