"""Made-up files: whatever a shop exports is read with every line counted, or refused with a sentence."""

import csv
import gzip
import io
import tempfile
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patrons.errors import SourceError
from patrons.intake import orders
from patrons.intake.init import init
from patrons.intake.order_log import read_log
from patrons.intake.reading import Format, open_checked

QUICK: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,  # the same files on every machine
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow],
}
NAMES = ["customer_id", "order_date", "amount", "note"]
MARKS = [",", ";", "\t", "|"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp1252"]
CELLS = st.text(alphabet="ab19 .,;|\t\"'\n\r-/€äß\u00a0\u2009#=+%", max_size=8)
ROWS = st.lists(st.lists(CELLS, min_size=len(NAMES), max_size=len(NAMES)), min_size=1, max_size=8)


def written(rows, mark, quoted=False, ends=("\n",)):
    """A file of these rows; its lines end in turn as `ends` say."""

    def cell(text):
        need = quoted or any(sign in text for sign in f'{mark}"\r\n')
        return '"' + text.replace('"', '""') + '"' if need else text

    lines = zip([NAMES, *rows], cycle(ends), strict=False)
    return "".join(mark.join(map(cell, row)) + end for row, end in lines)


def sentence(error, folder):
    """None, once it is sure that a person can use the message."""
    assert len(str(error)) > 20
    assert folder not in str(error)


def opened(content, name="log.csv", how=None):
    """How many lines a file has by the intake, each in the table or set aside; None where it is refused in words."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            source = open_checked(path, how)
        except SourceError as error:
            return sentence(error, folder)
        return int(source.table.count().execute()) + len(source.malformed)


@settings(max_examples=50, **QUICK)
@given(
    rows=ROWS,
    mark=st.sampled_from(MARKS),
    encoding=st.sampled_from(ENCODINGS),
    quoted=st.booleans(),
    ends=st.sampled_from(["\n", ["\r\n"], ["\r"], ["\r\n", "\n"]]),
    zipped=st.booleans(),
)
def test_every_line_of_a_well_formed_file_is_counted(rows, mark, encoding, quoted, ends, zipped):
    content = written(rows, mark, quoted, ends).encode(encoding, "replace")
    name = "log.csv.gz" if zipped else "log.csv"
    assert opened(gzip.compress(content) if zipped else content, name, Format(delimiter=mark)) == len(rows)


@settings(max_examples=50, **QUICK)
@given(rows=ROWS, mark=st.sampled_from(MARKS), encoding=st.sampled_from(ENCODINGS), data=st.data())
def test_a_cut_file_is_refused_or_its_lines_are_counted(rows, mark, encoding, data):
    content = written(rows, mark).encode(encoding, "replace")
    content = content[: data.draw(st.integers(0, len(content)))]
    count = opened(content, how=Format(delimiter=mark))
    left = list(csv.reader(io.StringIO(content.decode(encoding, "ignore"), newline=""), delimiter=mark))
    assert count in (None, len([row for row in left if row]) - 1)


@settings(max_examples=120, **QUICK)
@given(content=st.text(alphabet='ab1;,"\n\r\t \x00é', max_size=60), encoding=st.sampled_from(ENCODINGS))
def test_any_text_at_all_is_a_table_or_a_sentence(content, encoding):
    opened(content.encode(encoding, "replace"))


@settings(max_examples=60, **QUICK)
@given(
    content=st.binary(max_size=80),
    name=st.sampled_from(["log.csv", "log.csv.gz", "log.xlsx", "log.parquet", "log.tsv"]),
)
def test_any_bytes_at_all_are_a_table_or_a_sentence(content, name):
    opened(content, name)


VALUES = {
    "customer": st.sampled_from(["17", "18", "19", "", "0", "guest", "=1+1", "a;b", "Müller", " 17 "]),
    "day": st.sampled_from(
        ["2024-01-05", "05.01.2024", "1/5/24", "5 janv. 2024", "2024-02-30", "", "soon", "45000", "1704412800"]
    ),
    "amount": st.sampled_from(
        ["1.50", "1,50", "1.234,5", "-3", "0", "", "1 234,50 €", "n/a", "NaN", "inf", "1e400", "abc"]
    ),
    "note": CELLS,
}


@contextmanager
def log_of(rows, mark):
    """The rows as a file in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        path.write_text(written(rows, mark), encoding="utf-8")
        yield path


LOG = st.lists(st.tuples(*VALUES.values()), min_size=1, max_size=12)


@settings(max_examples=12, **QUICK)
@given(rows=LOG, mark=st.sampled_from(MARKS))
def test_every_line_of_a_log_is_kept_or_set_aside_with_a_reason(rows, mark):
    with log_of(rows, mark) as path:
        columns = {"ordered_at": "order_date", "amount": "amount"}
        try:
            judged = orders.judge(read_log(path, columns, Format(delimiter=mark)).lines, "", [], "quarantine").cache()
        except SourceError:
            return
        table = orders.row_loss(judged)
        assert table["count"].iloc[0] == len(rows)


@settings(max_examples=5, **QUICK)
@given(rows=LOG, mark=st.sampled_from(MARKS))
def test_init_writes_a_params_file_or_says_why_not(rows, mark):
    with log_of(rows, mark) as path:
        try:
            assert init(path, path.parent).path.is_file()
        except SourceError as error:
            sentence(error, str(path.parent))
