"""CSV files that people open: no text in them is computed, and umlauts stay."""

import io

import pandas as pd
import pytest

from patrons.spreadsheet import guarded, safe_csv
from patrons.stage import Stage


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ('=HYPERLINK("http://x","a")', '\'=HYPERLINK("http://x","a")'),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1+1", "'  =1+1"),
        ("\t=1+1", "'\t'=1+1"),
        ("\rx", "'\rx"),
        ("a;=1+1", "a;'=1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),  # = in full width
        ("a\n=1+1", "a\n'=1+1"),
        ("-5", "-5"),
        ("+49.5", "+49.5"),
        ("17850", "17850"),
        ("Müller; Söhne = gut", "Müller; Söhne = gut"),
        (None, None),
        (["=a", "b"], "'=a | b"),
    ],
)
def test_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(text, safe):
    assert guarded(pd.DataFrame({"x": pd.Series([text], dtype=object)})).x[0] == safe


def test_numbers_stay_numbers_names_of_columns_are_guarded_and_nothing_is_guarded_twice():
    table = pd.DataFrame({"=1+1": ["=2", "b"], "gain": [-1.5, 2.0]})
    safe = guarded(table)
    assert list(safe) == ["'=1+1", "gain"]
    assert safe.gain.tolist() == [-1.5, 2.0]
    pd.testing.assert_frame_equal(guarded(safe), safe)
    assert list(table) == ["=1+1", "gain"]


def test_only_the_first_part_of_a_file_has_a_mark_and_a_header():
    table = pd.DataFrame({"name": ["Zoë"]})
    assert safe_csv(table) + safe_csv(table, first=False) == "\ufeffname\nZoë\nZoë\n".encode()


def test_what_a_notebook_writes_for_people_is_safe_and_reads_back(tmp_path):
    stage = Stage("07_customer_value", tmp_path)
    stage.write("actions.csv", pd.DataFrame({"customer_id": ["=1+1", "Zoë"], "rank": [1, 2]}))
    content = stage.path("actions.csv").read_bytes()
    assert content == "\ufeffcustomer_id,rank\n'=1+1,1\nZoë,2\n".encode()
    assert pd.read_csv(io.BytesIO(content)).columns.tolist() == ["customer_id", "rank"]
    stage.write("values.parquet", pd.DataFrame({"customer_id": ["=1+1"]}))
    assert stage.read("values.parquet").customer_id[0] == "=1+1"
