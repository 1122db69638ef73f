"""Files as they come: every way to write a table that is read, and the nasty ones, made here, that are refused."""

import gzip
import time

import pandas as pd
import pytest

from patrons.errors import SourceError
from patrons.intake import header, reading
from patrons.intake.customers import read_table
from patrons.intake.order_log import read_log
from patrons.intake.reading import Format, check_cells, open_source
from patrons.intake.roles import Roles

TABLE = pd.DataFrame(
    {"client": ["Ångström", "Müller"], "when": ["2024-01-02", "2024-01-03"], "total": ["1,50", "2,25"]}
)


def read(path, **how):
    source = open_source(path, Format(**how))
    check_cells(path, source.table)
    return source.table.to_pandas()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
def test_any_delimiter_and_encoding_gives_the_same_table(tmp_path, delimiter, encoding):
    TABLE.to_csv(tmp_path / "log.csv", sep=delimiter, encoding=encoding, index=False)
    pd.testing.assert_frame_equal(read(tmp_path / "log.csv"), TABLE, check_dtype=False)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_gzipped_file_is_read_like_the_plain_one(tmp_path, encoding):
    (tmp_path / "log.tsv.gz").write_bytes(gzip.compress(TABLE.to_csv(sep="\t", index=False).encode(encoding)))
    pd.testing.assert_frame_equal(read(tmp_path / "log.tsv.gz"), TABLE, check_dtype=False)


def test_the_euro_sign_of_a_windows_file_is_read(tmp_path):
    (tmp_path / "log.csv").write_bytes("a;b\n1;5 €\n".encode("cp1252"))
    assert read(tmp_path / "log.csv").b[0] == "5 €"


def test_columns_between_runs_of_blanks_are_read(tmp_path):
    (tmp_path / "log.txt").write_text(" id  date amount\r\n 00001 19970101  1.5\r\n 2     19970102 10.0\r\n")
    assert read(tmp_path / "log.txt").to_numpy().tolist() == [["00001", "19970101", "1.5"], ["2", "19970102", "10.0"]]


def test_a_quoted_cell_may_hold_the_delimiter_a_quote_and_a_line_break(tmp_path):
    (tmp_path / "log.csv").write_text('a,b\n1,"x, ""y""\nz"\n2,w\n')
    assert read(tmp_path / "log.csv").b.tolist() == ['x, "y"\nz', "w"]


def test_lines_above_the_names_are_skipped(tmp_path):
    (tmp_path / "log.csv").write_text("Export of May\n\na;b;c\n1;2;3\n4;5;6\n7;8;9\n")
    table = read(tmp_path / "log.csv")
    assert list(table.columns) == ["a", "b", "c"]
    assert table.a.tolist() == ["1", "4", "7"]


def test_what_the_parameters_say_is_not_found_out(tmp_path):
    (tmp_path / "log.csv").write_bytes(b"a,b;c\n1,2;\xd0\n")
    assert read(tmp_path / "log.csv", delimiter=";", encoding="iso-8859-5").to_dict("list") == {
        "a,b": ["1,2"],
        "c": ["а"],
    }


def test_the_sheet_that_holds_the_data_is_picked(tmp_path):
    with pd.ExcelWriter(tmp_path / "log.xlsx") as book:
        pd.DataFrame({"Notes": ["made in May"]}).to_excel(book, sheet_name="About", index=False)
        TABLE.to_excel(book, sheet_name="Orders", index=False, startrow=2)
    source = open_source(tmp_path / "log.xlsx")
    assert source.description == "XLSX, sheet Orders; sheets not read: About (other columns: Notes)"
    pd.testing.assert_frame_equal(source.table.to_pandas(), TABLE, check_dtype=False)
    assert list(read(tmp_path / "log.xlsx", sheet="About").columns) == ["Notes"]
    with pytest.raises(SourceError, match=r"no sheet 'Order'; it has: About, Orders"):
        read(tmp_path / "log.xlsx", sheet="Order")


def test_a_sheet_in_which_a_needed_column_has_another_name_is_refused_with_both(tmp_path):
    table = pd.DataFrame({"customer_id": ["a", "b"], "order_date": ["2024-01-02"] * 2, "amount": [1, 2]})
    with pd.ExcelWriter(tmp_path / "log.xlsx") as book:
        for name in ("Jan", "Feb", "Mar"):
            table.to_excel(book, sheet_name=name, index=False)
        table.rename(columns={"amount": "Betrag"}).to_excel(book, sheet_name="Apr", index=False)
    with pytest.raises(SourceError, match=r"most sheets have the columns of Jan; sheet Apr has no amount, but Betrag"):
        read(tmp_path / "log.xlsx")


def test_sheets_that_were_not_read_are_told_with_the_log(tmp_path):
    table = pd.DataFrame({"customer_id": ["a", "b"], "ordered_at": ["2024-01-02"] * 2, "amount": [1, 2]})
    with pd.ExcelWriter(tmp_path / "log.xlsx") as book:
        table.to_excel(book, sheet_name="Jan", index=False)
        pd.DataFrame({"Notes": ["made in May"]}).to_excel(book, sheet_name="About", index=False)
    told = "Sheets of the workbook that were not read: About (other columns: Notes). They are not in what follows."
    assert read_log(tmp_path / "log.xlsx", {}).notes == (told,)
    with pd.ExcelWriter(tmp_path / "table.xlsx") as book:
        pd.DataFrame({"id": range(60), "x": [1, 2, 2] * 20, "left": ["yes", "no"] * 30}).to_excel(book, index=False)
        pd.DataFrame({"Notes": ["made in May"]}).to_excel(book, sheet_name="About", index=False)
    assert read_table(tmp_path / "table.xlsx", Roles("id", "left", "yes")).notes == (told,)


def test_preamble_above_and_totals_below_are_no_lines_of_a_text_file(tmp_path):
    rows = "".join(f"K{n};2024-01-{n % 28 + 1:02d};{n}\n" for n in range(300))
    text = f"Export of Mai & Co.\nMade on;2024-05-01\n\nKunde;Datum;Betrag\n{rows}Total;44850\n"
    (tmp_path / "log.csv").write_text(text)
    source = reading.open_checked(tmp_path / "log.csv")
    assert list(source.table.columns) == ["Kunde", "Datum", "Betrag"]
    assert source.table.count().execute() == 300
    assert source.malformed.text.tolist() == ["Total;44850"]


@pytest.mark.parametrize("quote", ["", '"'])
def test_lines_that_end_in_different_ways_are_all_read(tmp_path, quote):
    cells = f"{quote}a{quote};{quote}1{quote}"
    (tmp_path / "log.csv").write_bytes(f"x;y\r\n{cells}\n{cells}\r\n{cells}\n".encode())
    source = reading.open_checked(tmp_path / "log.csv")
    assert source.table.count().execute() == 3
    assert "lines that end in different ways" in source.description


def test_a_file_is_gzipped_by_its_content_whatever_its_name(tmp_path):
    (tmp_path / "plain.csv.gz").write_text("a,b\n1,2\n")
    (tmp_path / "packed.csv").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    for name in ("plain.csv.gz", "packed.csv"):
        assert read(tmp_path / name).to_dict("list") == {"a": ["1"], "b": ["2"]}


def test_sheets_with_the_same_columns_are_one_log(tmp_path):
    with pd.ExcelWriter(tmp_path / "log.xlsx") as book:
        for name in ("2023", "2024"):
            TABLE.to_excel(book, sheet_name=name, index=False)
    assert len(read(tmp_path / "log.xlsx")) == 4


def parquet_bytes(tmp_path):
    TABLE.to_parquet(tmp_path / "whole.parquet")
    return (tmp_path / "whole.parquet").read_bytes()


def xlsx_bytes(tmp_path):
    TABLE.to_excel(tmp_path / "whole.xlsx", index=False)
    return (tmp_path / "whole.xlsx").read_bytes()


LONG = b"a,b\n" + b"1,2\n" * 50_000
NASTY = {
    "empty": ("log.csv", lambda _: b"", "is empty: it has 0 bytes"),
    "blank": ("log.csv", lambda _: b" \n \n", "nothing but blanks"),
    "names alone": ("log.csv", lambda _: b"a,b\n", "no rows"),
    "one column": ("log.csv", lambda _: b"a, b\n1\n2\n3\n", "cannot be split into columns"),
    "old Excel called CSV": (
        "log.csv",
        lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        r"old Excel workbook \(.xls\)",
    ),
    "XLSX called CSV": ("log.csv", xlsx_bytes, "by its content it is XLSX. Rename it to log.xlsx"),
    "Parquet called CSV": ("log.csv", parquet_bytes, "by its content it is Parquet"),
    "text called XLSX": ("log.xlsx", lambda _: LONG, "named as XLSX"),
    "web page called CSV": ("log.csv", lambda _: b"\n<!DOCTYPE html><html></html>", "a web page"),
    "binary": ("log.csv", lambda _: b"a,b\n1,2\n" + bytes(range(256)) * 10, "it is binary"),
    "truncated gzip": ("log.csv.gz", lambda _: gzip.compress(LONG)[:-20], "damaged or cut off"),
    "broken gzip": ("log.csv.gz", lambda _: gzip.compress(LONG)[:40] + b"\xff" * 60, "damaged"),
    "truncated Parquet": ("log.parquet", lambda folder: parquet_bytes(folder)[:-30], "damaged or cut off"),
    "truncated XLSX": ("log.xlsx", lambda folder: xlsx_bytes(folder)[:-200], "damaged or cut off"),
    "truncated text": ("log.csv", lambda _: LONG + b"1", "Line 50002 has 1 cells where the first line has 2"),
    "cut in a character": ("log.csv", lambda _: LONG + "1,é".encode()[:-1], "ends in the middle of a character"),
    "a line too wide": ("log.csv", lambda _: LONG + b"1,2,3\n" + LONG, "has 3 cells where the first line has 2"),
    "same names": ("log.csv", lambda _: b"a,b,a,b\n1,2,3,4\n", "'a', 'b' occurs more than once"),
    "no name": ("log.csv", lambda _: b",b,\n0,2,3\n", "column 1, 3 has no name"),
    "no name and same names": (
        "log.csv",
        lambda _: b",b,b\n0,2,3\n",
        "column 1 has no name; 'b' occurs more than once",
    ),
    "no line of names": ("log.csv", lambda _: b"17,2024-01-02,1.5\n18,2024-01-02,2.5\n", "its first line holds values"),
    "a million columns": (
        "log.csv",
        lambda _: b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n",
        "more than 10,000 columns",
    ),
    "a cell of 10 MB": ("log.csv", lambda _: LONG + b'1,"' + b"x" * 10_000_000 + b'"\n', "cell or line of more than"),
    "a first cell of 10 MB": (
        "log.csv",
        lambda _: b'a,b\n1,"' + b"x" * 10_000_000 + b'"\n',
        "cell or line of more than",
    ),
    "an open quote": ("log.csv", lambda _: b'a,b\n1,"2\n' + b"1,2\n" * 1_000_000, "more than|cut off"),
    "unknown kind": ("log.sas7bdat", lambda _: b"x", "is of no kind that can be read"),
}


@pytest.mark.parametrize(("name", "content", "message"), NASTY.values(), ids=NASTY)
def test_a_nasty_file_is_refused_in_seconds_with_what_is_wrong(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content(tmp_path))
    begun = time.monotonic()
    with pytest.raises(SourceError, match=message) as refused:
        read(tmp_path / name)
    assert time.monotonic() - begun < 10
    assert str(tmp_path) not in str(refused.value)
    assert len(str(refused.value)) < 1500


def test_a_parquet_cell_of_10_mb_is_refused(tmp_path):
    pd.DataFrame({"a": ["x", "y" * 10_000_000]}).to_parquet(tmp_path / "log.parquet")
    with pytest.raises(SourceError, match="more than 1,000,000 characters in a"):
        read(tmp_path / "log.parquet")


def test_a_file_that_may_not_be_opened_is_an_error_that_says_so(tmp_path, monkeypatch):
    (tmp_path / "log.csv").write_text("a,b\n1,2\n")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)  # root may open everything
    with pytest.raises(SourceError, match=r"log\.csv cannot be opened: Permission denied"):
        read(tmp_path / "log.csv")


def test_the_copy_of_a_file_that_is_read_in_another_form_goes_away(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "log.txt").write_text("a b\n1 2\n")
    assert len(read(tmp_path / "log.txt")) == 1
    assert not list((tmp_path / "temporary").rglob("source.csv"))


def test_a_file_of_one_column_is_read(tmp_path):
    (tmp_path / "log.csv").write_text("customer_id\n1\n2\n")
    assert read(tmp_path / "log.csv").customer_id.tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("name", "value"), [("12", True), ("2024-01-02 10:00", True), ("1.5", True), ("q1", False), ("date", False)]
)
def test_a_value_is_told_from_a_name(name, value):
    assert header.is_value(name) == value


def test_names_of_columns_are_read_without_the_rows(tmp_path):
    TABLE.to_parquet(tmp_path / "log.parquet")
    assert reading.column_names(tmp_path / "log.parquet") == ["client", "when", "total"]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
@pytest.mark.parametrize("name", ["shop[1]", "sh*p1", "shop?", "year=2024/shop1", "Käufer März", "[!a]shop"])
def test_a_name_is_a_name_and_no_pattern_or_column(tmp_path, name, ending):
    other, mine = tmp_path / f"shop1.{ending}", tmp_path / f"{name}.{ending}"
    mine.parent.mkdir(exist_ok=True)
    for path, table in ((other, TABLE.assign(client="other")), (mine, TABLE)):
        table.to_parquet(path, index=False) if ending == "parquet" else table.to_csv(path, index=False)
    pd.testing.assert_frame_equal(read(mine), TABLE, check_dtype=False)


GOOD = "".join(f"{n};2024-01-02;x\n" for n in range(500))


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_single_lines_of_another_width_are_left_out_and_told_of(tmp_path, encoding):
    (tmp_path / "log.csv").write_text("a;b;c\n" + GOOD + "é;1\n" + GOOD + "1;2;3;4\n9;9;9\n", encoding=encoding)
    source = reading.open_checked(tmp_path / "log.csv")
    assert source.malformed.text.tolist() == ["é;1", "1;2;3;4"]
    assert source.malformed.line.tolist() == [502, 1003]
    assert source.description.endswith("2 lines with another number of cells are set aside")
    rows = source.table.to_pandas()
    assert len(rows) == 1001
    assert rows.c.isin(["x", "9"]).all()  # nothing was shifted


def test_a_sound_file_has_no_torn_lines(tmp_path):
    (tmp_path / "log.csv").write_text("a;b;c\n" + GOOD)
    assert reading.open_checked(tmp_path / "log.csv").malformed.empty


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ("1;2\n" * 6, "There are 6 such lines, and 500 others"),
        ("1;2", "cut off"),
        ('1;"2;3\n4;5;6\n', "unterminated|another width|cut off"),
    ],
)
def test_a_file_that_is_torn_in_earnest_is_refused(tmp_path, ending, message):
    (tmp_path / "log.csv").write_text("a;b;c\n" + GOOD + ending)
    with pytest.raises(SourceError, match=message):
        reading.open_checked(tmp_path / "log.csv")
