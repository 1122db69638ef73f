"""`patrons fetch` against a server that the test starts: a small log with facts of its own, zipped as UCI does."""

import io
import os
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import yaml
from conftest import REPOSITORY

from patrons.cli import main as cli
from patrons.intake import fetch
from patrons.intake.order_log import check_columns

YEARS = {
    "Year 1": pd.DataFrame(
        {
            "InvoiceNo": [536365, "C536379", 536380],
            "StockCode": [22752, "85123A", "D"],
            "Description": ["SET 7 BABUSHKA ", 20713, None],
            "Quantity": [2, -1, 10],
            "InvoiceDate": pd.to_datetime(["2010-12-01 08:26", "2010-12-01 09:41", "2010-12-01 09:41"]),
            "UnitPrice": [7.65, 27.5, 0.0],
            "CustomerID": [17850, 14527, None],
            "Country": ["United Kingdom", "EIRE", "United Kingdom"],
        }
    ),
    "Year 2": pd.DataFrame(
        {
            "InvoiceNo": [581587],
            "StockCode": ["POST"],
            "Description": ["POSTAGE"],
            "Quantity": [1],
            "InvoiceDate": pd.to_datetime(["2011-12-09 12:50"]),
            "UnitPrice": [18.0],
            "CustomerID": [17850],
            "Country": ["France"],
        }
    ),
}
# 2 x 7.65 - 27.5 + 0 + 18 = 5.8
FACTS = fetch.Facts(4, 2, 1, 1, 5.8, "2010-12-01 08:26:00", "2011-12-09 12:50:00")


def archive(sheets=YEARS):
    workbook, packed = io.BytesIO(), io.BytesIO()
    with pd.ExcelWriter(workbook) as writer:
        for name, sheet in sheets.items():
            sheet.to_excel(writer, sheet_name=name, index=False)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("Online Retail.xlsx", workbook.getvalue())
    return packed.getvalue()


@pytest.fixture
def server():
    """A server whose answer a test may set: status, body, and whether the body's true length is announced."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            one = self.server.answer
            self.send_response(one["status"])
            self.send_header("Content-Length", str(one.get("length", len(one["body"]))))
            self.end_headers()
            self.wfile.write(one["body"])

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as running:
        running.answer = {"status": 200, "body": archive()}
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def project(tmp_path, monkeypatch, server):
    """A project in which `toy` can be fetched, from that server."""
    toy = fetch.PublicLog("Toy (1)", f"http://127.0.0.1:{server.server_port}/toy.zip", fetch.COLUMNS, FACTS)
    monkeypatch.setitem(fetch.LOGS, "toy", toy)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(project, capsys):
    """What the command says on stderr when it gives up; it must leave nothing behind."""
    assert cli.main(["fetch", "toy"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("patrons: ")
    assert error.count("\n") == 1
    assert list(project.glob("data/raw/*")) == []
    return error


def test_a_log_is_downloaded_and_kept_as_parquet(project, capsys):
    assert cli.main(["fetch", "toy"]) == 0
    assert "data/raw/toy.parquet: 4 lines" in capsys.readouterr().out
    table = pd.read_parquet(project / "data" / "raw" / "toy.parquet")
    assert list(table.InvoiceNo) == ["536365", "C536379", "536380", "581587"]
    assert list(table.StockCode) == ["22752", "85123A", "D", "POST"]
    assert list(table.Description[:2]) == ["SET 7 BABUSHKA ", "20713"]
    assert pd.isna(table.Description[2])
    assert list(table.CustomerID.fillna(0)) == [17850, 14527, 0, 17850]


def test_the_kept_file_has_the_types_of_the_published_one(project):
    cli.main(["fetch", "toy"])
    schema = pa.parquet.read_schema(project / "data" / "raw" / "toy.parquet")
    assert {field.name: str(field.type) for field in schema} == {
        "InvoiceNo": "string",
        "StockCode": "string",
        "Description": "string",
        "Quantity": "int64",
        "InvoiceDate": "timestamp[ms]",
        "UnitPrice": "double",
        "CustomerID": "double",
        "Country": "string",
    }


def test_the_kept_file_is_what_the_params_file_reads(project):
    cli.main(["fetch", "params/toy.yaml"])
    wanted = yaml.safe_load((REPOSITORY / "params" / "online_retail.yaml").read_text())["01_eda"]
    assert wanted["source"] == "online_retail.parquet"
    target = project / "data" / "raw" / "toy.parquet"
    check_columns(target.name, pd.read_parquet(target).columns, wanted["columns"])


def test_what_is_there_is_fetched_again_only_by_force(project, capsys, server):
    target = project / "data" / "raw" / "toy.parquet"
    target.parent.mkdir(parents=True)
    target.write_text("mine")
    assert cli.main(["fetch", "toy"]) == 0
    assert capsys.readouterr().out == "data/raw/toy.parquet exists already; --force downloads it again.\n"
    assert target.read_text() == "mine"
    assert cli.main(["fetch", "toy", "--force"]) == 0
    assert len(pd.read_parquet(target)) == 4


def test_a_failed_download_leaves_the_file_that_was_there(project, server):
    cli.main(["fetch", "toy"])
    before = (project / "data" / "raw" / "toy.parquet").read_bytes()
    server.answer = {"status": 200, "body": b"<html>"}
    assert cli.main(["fetch", "toy", "--force"]) == 2
    assert [path.read_bytes() for path in project.glob("data/raw/*")] == [before]


def test_a_transfer_that_breaks_off_is_refused(project, capsys, server):
    server.answer = {"status": 200, "body": archive()[:2000], "length": len(archive())}
    assert "broke off (ChunkedEncodingError). Try again. Nothing was written." in refused(project, capsys)


def test_an_archive_cut_short_by_the_server_is_refused(project, capsys, server):
    server.answer = {"status": 200, "body": archive()[:2000]}
    assert "(2,000 bytes) is no zip with one readable workbook" in refused(project, capsys)


def test_a_page_where_the_archive_was_is_refused(project, capsys, server):
    server.answer = {"status": 200, "body": b"<html>We have moved</html>"}
    assert "is no zip with one readable workbook" in refused(project, capsys)


def test_a_zip_without_a_workbook_is_refused(project, capsys, server):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("readme.txt", "nothing here")
    server.answer = {"status": 200, "body": packed.getvalue()}
    assert "is no zip with one readable workbook" in refused(project, capsys)


def test_a_damaged_workbook_is_refused(project, capsys, server):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("Online Retail.xlsx", b"PK no workbook")
    server.answer = {"status": 200, "body": packed.getvalue()}
    assert "is no zip with one readable workbook" in refused(project, capsys)


def test_another_data_set_is_refused_with_every_difference(project, capsys, server):
    server.answer = {"status": 200, "body": archive({"Year 1": YEARS["Year 1"]})}
    error = refused(project, capsys)
    assert "lines: 4 expected, 3 received" in error
    assert "revenue: 5.8 expected, -12.2 received" in error
    assert "last: 2011-12-09 12:50:00 expected, 2010-12-01 09:41:00 received" in error
    assert "customers" not in error


def test_other_columns_are_refused(project, capsys, server):
    server.answer = {"status": 200, "body": archive({"Year 1": pd.DataFrame({"a": [1]})})}
    assert "The workbook has the columns a; Toy (1) has InvoiceNo" in refused(project, capsys)


def test_a_word_where_a_number_belongs_is_refused(project, capsys, server):
    wrong = YEARS["Year 1"].assign(Quantity=["two", -1, 10])
    server.answer = {"status": 200, "body": archive({"Year 1": wrong})}
    assert "not of its type" in refused(project, capsys)


def test_an_address_that_is_gone_is_said(project, capsys, server):
    server.answer = {"status": 404, "body": b""}
    assert "answers 404 Not Found for http://127.0.0.1" in refused(project, capsys)


def test_no_server_is_said_plainly(project, capsys, server, monkeypatch):
    closed = replace(fetch.LOGS["toy"], url="http://127.0.0.1:1/toy.zip")
    monkeypatch.setitem(fetch.LOGS, "toy", closed)
    assert "127.0.0.1:1 cannot be reached: there is no network here, or the server is down" in refused(project, capsys)


def test_no_name_service_is_said_plainly(project, capsys, monkeypatch):
    monkeypatch.setitem(fetch.LOGS, "toy", replace(fetch.LOGS["toy"], url="http://nowhere.invalid/toy.zip"))
    assert "nowhere.invalid cannot be reached" in refused(project, capsys)


def test_a_server_that_does_not_answer_is_given_up(project, capsys, server, monkeypatch):
    monkeypatch.setattr(fetch, "TIMEOUT", 0.2)
    silent = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # listens, and never serves
    url = f"http://127.0.0.1:{silent.server_port}/toy.zip"
    monkeypatch.setitem(fetch.LOGS, "toy", replace(fetch.LOGS["toy"], url=url))
    assert "did not answer within 0.2 seconds" in refused(project, capsys)
    silent.server_close()


def test_an_unknown_name_is_answered_with_the_nearest(project, capsys):
    assert cli.main(["fetch", "online_retial"]) == 2
    assert "did you mean 'online_retail'?" in capsys.readouterr().err


def test_help_has_an_example(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["fetch", "--help"])
    assert "example: .venv/bin/patrons fetch online_retail" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["online_retail", "online_retail_ii"])
def test_the_known_facts_are_those_of_the_published_data(name):
    table = pd.read_parquet(published(name))
    fetch.check(table, fetch.LOGS[name])
    types = fetch._typed(table, fetch.LOGS[name]).dtypes
    assert dict(types) == dict(table.dtypes)


def published(name):
    path = Path(os.environ.get("PATRONS_DATA", "")) / f"{name}.parquet"
    return path if path.is_file() else pytest.skip(f"PATRONS_DATA does not name a folder with {path.name}")
