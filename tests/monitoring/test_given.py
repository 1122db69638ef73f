"""`patrons outcomes`: outcomes of a customer table from a file, what is kept, and a customer forgotten."""

import json
from datetime import date

import pandas as pd
import pytest

from patrons.cli.main import main
from patrons.monitoring.given import GivenError, from_file
from patrons.monitoring.ledger import Ledger

INTAKE = {"id": "customerID", "label": "Churn", "positive": "Yes", "decimal": "point"}
ATTRITED = {**INTAKE, "label": "Flag", "positive": "Attrited Customer"}
TODAY = date(2026, 5, 1)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A customer table of which a, b and c were scored on two days."""
    (tmp_path / "notebooks").mkdir()
    processed = tmp_path / "data" / "processed" / "telco"
    processed.mkdir(parents=True)
    record = {"stages": {"01_eda": {"parameters": INTAKE}}}
    (processed / "series.json").write_text(json.dumps(record))
    for day in ("2026-03-01", "2026-04-01"):
        rows = {"customer_id": ["a", "b", "c"], "day": pd.Timestamp(day), "release": "a1", "probability": 0.3}
        ledger_of(tmp_path).keep(pd.DataFrame(rows).assign(flagged=False, source="series"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ledger_of(root):
    return Ledger(root / "data" / "ledger" / "telco")


def given(project, text, intake=INTAKE):
    (project / "left.csv").write_text(text)
    return from_file(project / "left.csv", intake, ledger_of(project), TODAY)


def outcomes(*words):
    return main(["outcomes", "telco", *words])


def test_what_was_scored_on_a_day_takes_its_outcome_and_the_others_are_counted(project, capsys):
    (project / "left.csv").write_text(
        "customerID,day,Churn\na,2026-03-01,Yes\nb,2026-03-01,No\nc,2026-03-01,\nx,2026-03-01,No\na,2026-03-02,No\n"
    )
    assert outcomes("--input", "left.csv") == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[:5] == [
        "Read 5 outcomes, 2 of customers who were scored on that day: 1 churned.",
        "Left aside, as the outcome is still open: 1.",
        "Left aside, as they were never scored: 1 customers, such as x.",
        "Left aside, as the customer was not scored on that day: 1.",
        "Added 2, corrected 0, known before 0.",
    ]
    assert printed[7].split() == ["2026-03-01", "3", "yes", "2", "1"]
    assert printed[8].split() == ["2026-04-01", "3", "not", "yet", "-", "0"]
    assert ledger_of(project).outcomes().set_index("customer_id").churned.to_dict() == {"a": 1, "b": 0}


def test_the_same_file_again_adds_nothing_and_a_corrected_one_says_how_many(project, capsys):
    (project / "left.csv").write_text("customer_id,as_of,churned\na,1/3/2026,0\nb,1/3/2026,0\nb,31/3/2026,1\n")
    assert [outcomes("--input", "left.csv") for _ in range(2)] == [0, 0]
    assert "Added 0, corrected 0, known before 2." in capsys.readouterr().out
    (project / "left.csv").write_text("customer_id,as_of,churned\na,2026-03-01,1\n")
    assert outcomes("--input", "left.csv") == 0
    printed = capsys.readouterr().out
    assert "Added 0, corrected 1, known before 0." in printed
    assert "Outcomes corrected so far: 1." in printed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Customer_ID,day,churned\na,2026-03-01,true\nb,2026-03-01,no\n", [1, 0]),
        ("customerID,day,churned,Churn\na,2026-03-01,0,Yes\nb,2026-03-01,0,Yes\n", [0, 0]),  # ours goes first
    ],
)
def test_names_are_ours_or_those_of_the_table(project, text, expected):
    assert given(project, text).outcomes.churned.tolist() == expected


def test_the_label_of_the_table_means_what_it_means_there(project):
    rows = "customerID,day,Flag\na,2026-03-01,Attrited Customer\nb,2026-03-01,Existing Customer\n"
    assert given(project, rows, ATTRITED).outcomes.churned.tolist() == [1, 0]
    rows = "customerID,day,Stayed\na,2026-03-01,No\nb,2026-03-01,Yes\n"
    assert given(project, rows, {**INTAKE, "label": "Stayed", "positive": "No"}).outcomes.churned.tolist() == [1, 0]


def test_spend_is_taken_where_it_is_said(project):
    rows = given(project, "customer_id,day,churned,spend\na,2026-03-01,0,12.50\nb,2026-03-01,1,\n").outcomes
    assert rows.spend.fillna(-1).tolist() == [12.5, -1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kunde,day,churned\na,2026-03-01,1\n", "left.csv has no column customer_id or customerID"),
        ("customerID,churned\na,1\n", "left.csv has no column day or as_of"),
        ("customerID,day\na,2026-03-01\n", "left.csv has no column churned or Churn"),
        ("customerID,day,churned\na,2026-03-01,maybe\n", "churned holds 'maybe', of which it is not known"),
        ("customerID,day,Churn\na,2026-03-01,Yes\nb,2026-03-01,Yess\n", "Churn holds 'Yess', of which it is not known"),
        ("customerID,day,churned\na,3/4/2026,1\n", "Write the days as year-month-day"),
        ("customerID,day,churned\na,2026-03-01,1\nb,soon,1\n", "day holds 'soon', which is no day"),
        ("customerID,day,churned\na,2026-06-01,1\n", "outcomes of 2026-06-01, which is still to come"),
        ("customerID,day,churned\n,2026-03-01,1\n", "1 rows without an id"),
        ("customerID,day,churned\na,2026-03-01,1\na,2026-03-01,0\n", "different things of customer a on 2026-03-01"),
        ("customerID,day,churned,spend\na,2026-03-01,0,-3\n", "spend holds '-3'. It takes amounts"),
        (
            "customerID,day,churned\na,2026-03-01,1\nb,2026-03-01,1\n",
            "All outcomes of 2026-03-01 are of customers who churned, and 1 others .* have none. Give those who stayed",
        ),
        (
            "customerID,day,churned\na,2026-02-01,1\n",
            "Nobody in left.csv, such as a on 2026-02-01, was scored .* days in the ledger: 2026-03-01, 2026-04-01",
        ),
    ],
)
def test_nonsense_is_refused_before_anything_is_written(project, text, message):
    before = ledger_of(project).digest()
    with pytest.raises(GivenError, match=message):
        given(project, text)
    assert outcomes("--input", "left.csv") == 2
    assert ledger_of(project).digest() == before


def test_a_log_is_told_that_it_says_so_itself(project, capsys):
    folder = project / "data" / "processed" / "telco"
    for file in ("01_eda/orders.parquet", "02_transformation/features.parquet"):
        (folder / file).parent.mkdir()
        pd.DataFrame({"customer_id": ["a"], "as_of": [pd.Timestamp("2026-04-01")]}).to_parquet(folder / file)
    assert outcomes("--input", "left.csv") == 2
    assert "telco is an order log, which says by itself who ordered again" in capsys.readouterr().err


def test_an_empty_ledger_says_when_there_will_be_something(project, capsys):
    assert main(["outcomes", "other"]) == 0
    assert (
        "Nothing is kept in data/ledger/other yet: a series keeps its scores when it ends." in capsys.readouterr().out
    )


def test_a_customer_is_forgotten_by_a_command(project, capsys):
    assert outcomes("--forget", "a") == 0
    assert "2 rows of customer a were taken out of data/ledger/telco." in capsys.readouterr().out
    assert set(ledger_of(project).scores().customer_id) == {"b", "c"}
    assert outcomes("--forget", "a", "--input", "left.csv") == 2


def test_the_command_forgets_nobody_while_a_file_is_set_aside(project, capsys):
    (project / "data" / "ledger" / "telco" / "scores" / "2026-01").mkdir()
    (project / "data" / "ledger" / "telco" / "scores" / "2026-01" / "f00d.parquet.aside").write_bytes(b"")
    assert outcomes("--forget", "a") == 2
    assert "data/ledger/telco/scores/2026-01/f00d.parquet.aside may hold customer a" in capsys.readouterr().err
    assert "a" in set(ledger_of(project).scores().customer_id)
