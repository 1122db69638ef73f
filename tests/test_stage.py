import errno
import os

import ibis
import numpy as np
import pandas as pd
import pytest

from patrons import plots
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
