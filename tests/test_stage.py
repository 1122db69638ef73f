import errno
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlparse

import ibis
import numpy as np
import pandas as pd
import pytest

from patrons import plots
from patrons.engine import write_spread
from patrons.files import DamagedError, DiskFullError, read_json, whole, write_text
from patrons.stage import OUTPUT_VARIABLE, NotebookStopped, Stage, StageError

TABLE = pd.DataFrame({"a": [1, 2], "b": ["x", None]})


@pytest.fixture
def stage(tmp_path):
    return Stage("01_eda", tmp_path)


def test_a_table_written_by_one_notebook_is_read_by_the_next(stage):
    stage.write("t.parquet", TABLE)
    later = Stage("02_transformation", stage.folder)
    assert later.read("t.parquet").a.tolist() == [1, 2]
    assert later.scan("t.parquet").count().execute() == 2


def test_an_ibis_table_is_written_like_a_frame(stage):
    stage.write("t.parquet", ibis.memtable(TABLE))
    assert stage.read("t.parquet").a.tolist() == [1, 2]


def test_a_file_that_nobody_wrote_is_an_error_with_the_next_step(stage):
    with pytest.raises(StageError, match=r"t\.parquet is not in .* run_all\.py --list"):
        stage.read("t.parquet")


def test_a_notebook_asks_for_what_it_can_do_without(stage):
    stage.write("t.parquet", TABLE)
    later = Stage("02_transformation", stage.folder)
    assert later.has("t.parquet")
    assert not later.has("t.parquet", "u.parquet")


def test_no_sentence_or_title_is_shown_with_a_number_that_cannot_be(stage):
    ax = plots.axes()
    ax.set(title="nan% of it", xlabel="month", ylabel="revenue, EUR")
    stage.figure("sales", ax)
    stage.callout("It is 32400153564% more, or nan.", "sales")
    [finding] = read_json(stage.output / "findings.json")
    assert finding["text"] == "It is over 1,000% more, or unknown."
    assert finding["alt"].startswith("unknown of it.")


def test_records_are_flat_numbers(stage):
    stage.record(k=np.int64(5))
    stage.record(silhouette=np.float64(0.5))
    assert read_json(stage.output / "metrics.json") == {"k": 5, "silhouette": 0.5}


def test_a_number_that_is_not_finite_is_refused_by_name(stage):
    with pytest.raises(StageError, match="'auc'"):
        stage.record(auc=float("nan"))


def test_a_sentence_is_kept_with_its_figure_and_the_words_for_it(stage):
    ax = plots.axes()
    ax.set(title="Sales fell", xlabel="month", ylabel="revenue, EUR")
    stage.figure("sales", ax)
    stage.callout("Sales fell by 3%.", "sales", "caution")
    assert read_json(stage.output / "findings.json") == [
        {
            "kind": "caution",
            "text": "Sales fell by 3%.",
            "figure": "figures/sales.png",
            "alt": "Sales fell. across: month; up: revenue, EUR.",
        }
    ]
    assert (stage.output / "figures/sales.png").read_bytes().startswith(b"\x89PNG")


def test_a_sentence_about_a_figure_that_was_not_shown_is_refused(stage):
    with pytest.raises(StageError, match="No figure 'sales'"):
        stage.callout("Sales fell.", "sales")


def test_the_same_figure_gives_the_same_bytes(stage):
    pictures = []
    for _ in range(2):
        stage.figure("line", plots.shares(pd.Series([0.5, 0.2]), "t", "w", plots.axes()))
        pictures.append((stage.output / "figures/line.png").read_bytes())
    assert pictures[0] == pictures[1]


def test_the_runner_can_send_a_notebook_to_another_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(OUTPUT_VARIABLE, str(tmp_path / "fresh"))
    Stage("01_eda", tmp_path / "demo").write("t.parquet", TABLE)
    assert (tmp_path / "fresh/t.parquet").exists()
    assert not (tmp_path / "demo").exists()


def write_half(path, error=None):
    with whole(path) as partial:
        partial.write_text("half")
        raise error or OSError("disk full")


def test_a_file_whose_writing_fails_does_not_appear(tmp_path):
    with pytest.raises(OSError, match="disk full"):
        write_half(tmp_path / "t.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_file_whose_rewriting_fails_stays_as_it_was(tmp_path):
    (tmp_path / "t.txt").write_text("old")
    with pytest.raises(OSError, match="disk full"):
        write_half(tmp_path / "t.txt")
    assert (tmp_path / "t.txt").read_text() == "old"


def test_a_file_is_on_the_disk_before_it_appears_under_its_name(tmp_path, monkeypatch):
    seen, sync = [], os.fsync

    def watched(number):
        seen.append((os.path.basename(os.readlink(f"/proc/self/fd/{number}")), (tmp_path / "t.txt").exists()))
        sync(number)

    monkeypatch.setattr(os, "fsync", watched)
    write_text(tmp_path / "t.txt", "text")
    (first, existed), folder = seen
    assert first.endswith(".partial")
    assert not existed
    assert folder == (tmp_path.name, True)


def test_a_full_disk_names_the_file_and_leaves_what_was_there(tmp_path):
    (tmp_path / "t.txt").write_text("old")
    with pytest.raises(DiskFullError, match=r"t\.txt could not be written: the disk is full \(.* MB are free there\)"):
        write_half(tmp_path / "t.txt", OSError(errno.ENOSPC, "No space left on device"))
    assert [path.name for path in tmp_path.iterdir()] == ["t.txt"]
    assert (tmp_path / "t.txt").read_text() == "old"


@pytest.mark.parametrize("content", [b"", b'{"a": [1,', b"\xff\xfe\x00"])
def test_half_a_record_is_an_error_that_names_the_file(tmp_path, content):
    (tmp_path / "value.json").write_bytes(content)
    with pytest.raises(DamagedError, match=r"value\.json is damaged or was cut off.*Make it again"):
        read_json(tmp_path / "value.json")


HIDE = "<style>.simulated{display:none}</style>"


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("index", [[HIDE, "b"], None])
def test_headings_row_labels_and_captions_are_text_like_cells(stage, monkeypatch, index, folded):
    shown = []
    monkeypatch.setattr("patrons.stage.display", lambda html: shown.append(html.data))
    columns = pd.Index([HIDE, "n"], name=HIDE)
    table = pd.DataFrame([[HIDE, 1], ["x", 2]], columns=columns, index=index).rename_axis(HIDE)
    stage.table(table, HIDE, folded=folded)
    [page] = shown
    assert page.count("&lt;style&gt;.simulated") == (6 if index else 3) + folded
    assert "<style>" not in page


def test_a_notebook_that_stops_keeps_the_reason_and_shows_a_sentence_instead_of_a_traceback(stage):
    with pytest.raises(NotebookStopped, match="Nobody churned") as stopped:
        stage.stop("Nobody churned.")
    assert read_json(stage.output / "findings.json")[-1] == {
        "kind": "caution",
        "text": "Nobody churned.",
        "figure": None,
        "alt": None,
    }
    assert stopped.value._render_traceback_() == ["The notebook ends here: Nobody churned."]


def test_text_in_a_table_stands_at_the_left_and_numbers_do_not(stage, monkeypatch):
    shown = []
    monkeypatch.setattr("patrons.stage.display", lambda html: shown.append(html.data))
    table = pd.DataFrame({"segment": ["Loyal"], "share": [0.5], "advice": ["thank them"], "large": [True]})
    stage.table(table, "What to do")
    left = [rule.split("{")[0].split()[1:] for rule in shown[0].split("#T_")[1:] if "text-align: left" in rule]
    assert left == [["caption"], ["th.row_heading"], [".col0"], [".col2"]]


class OnSpark:
    """A table of Spark, as far as `engine.write_spread` asks it: two rows in one part."""

    def __init__(self, fails: bool = False):
        self.fails = fails

    def get_backend(self):
        return self

    def frame(self, _):
        return SimpleNamespace(write=self)

    def parquet(self, uri):
        folder = Path(unquote(urlparse(uri).path))
        folder.mkdir()
        TABLE.to_parquet(folder / "part-0.parquet", index=False)
        if self.fails:
            raise RuntimeError("the cluster went away")


def test_a_table_of_spark_takes_the_place_of_duckdbs_file_and_the_other_way_round(stage):
    stage.write("t.parquet", TABLE.assign(a=0))
    write_spread(OnSpark(), stage.output / "t.parquet")
    assert (stage.output / "t.parquet").is_dir()
    assert stage.read("t.parquet").a.tolist() == stage.scan("t.parquet").to_pandas().a.tolist() == [1, 2]
    write_spread(OnSpark(), stage.output / "t.parquet")
    for table, first in ((TABLE.assign(a=7), 7), (ibis.memtable(TABLE.assign(a=8)), 8)):
        stage.write("t.parquet", table)
        assert (stage.output / "t.parquet").is_file()
        assert stage.read("t.parquet").a.tolist() == [first, first]
        write_spread(OnSpark(), stage.output / "t.parquet")
    assert [path.name for path in stage.output.iterdir()] == ["t.parquet"], "nothing is left beside it"


@pytest.mark.parametrize("engine", ["spark", "duckdb"])
def test_what_stood_there_stays_where_the_new_table_is_not_written_or_cannot_take_its_name(stage, monkeypatch, engine):
    stage.write("t.parquet", TABLE)
    with pytest.raises(RuntimeError, match="went away"):
        write_spread(OnSpark(fails=True), stage.output / "t.parquet")
    assert stage.read("t.parquet").a.tolist() == [1, 2]
    if engine == "duckdb":  # whose file is to take the place of a folder
        write_spread(OnSpark(), stage.output / "t.parquet")
    rename = Path.rename

    def refuse(self, target):
        if self.name.endswith(".partial"):
            raise PermissionError("not now")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    writers = {
        "duckdb": lambda path: stage.write(path.name, TABLE.assign(a=9)),
        "spark": partial(write_spread, OnSpark()),
    }
    with pytest.raises(PermissionError, match="not now"):
        writers[engine](stage.output / "t.parquet")
    assert stage.read("t.parquet").a.tolist() == [1, 2]
    assert [path.name for path in stage.output.iterdir()] == ["t.parquet"]


KILLED = """
import os, signal, sys
from pathlib import Path
from patrons.files import put
rename, count = Path.rename, int(sys.argv[3])
def stop(self, target):
    global count
    count -= 1
    return rename(self, target) if count >= 0 else os.kill(os.getpid(), signal.SIGKILL)
Path.rename = stop
import patrons.files
def end(path):
    if path.exists():  # the new one is there, and the old one aside
        os.kill(os.getpid(), signal.SIGKILL)
patrons.files._remove = end
put(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize(("renamed", "left"), [(0, "old"), (1, "old"), (2, "new")])
@pytest.mark.parametrize("old_is_file", [True, False])
def test_a_notebook_that_was_killed_while_it_replaced_a_table_has_the_old_or_the_new_one(
    stage, tmp_path, renamed, left, old_is_file
):
    stage.output.mkdir()
    old, new = stage.output / "t.parquet", stage.output / ".t.parquet.1.partial"
    for path, text in ((old, "old"), (new, "new")):
        if (path == old) == old_is_file:
            path.write_text(text)
        else:
            path.mkdir()
            (path / "part").write_text(text)
    script = [sys.executable, "-c", KILLED, str(new), str(old), str(renamed)]
    assert subprocess.run(script, check=False).returncode == -signal.SIGKILL
    again = Stage("01_eda", stage.folder)  # the notebook is started once more
    found = again.path("t.parquet")
    assert (found if found.is_file() else found / "part").read_text() == left
    assert not [path for path in again.output.iterdir() if path.name.endswith(".aside")]
