"""One series, two kinds of input: which notebooks run on a table, and what is refused before anything runs."""

import json

import pandas as pd
import pytest
from conftest import copied
from toy_series import PREAMBLE, notebook, params

import run_all
from patrons.cli import main as cli
from patrons.intake.init import init
from patrons.intake.sources import SourceError, check
from patrons.series.declarations import ParamsError
from patrons.series.graph import fingerprint, read_notebooks
from patrons.series.params import load, read_kind
from patrons.series.schema import schema


@pytest.fixture
def root(tmp_path):
    write = [PREAMBLE, "(out / 'a.txt').write_text('log')"]
    notebook(tmp_path, "01_first", *write, writes=("a.txt",), parameters="k: int = 3  # groups\n")
    notebook(tmp_path, "02_second", PREAMBLE, "(out / 'b.txt').touch()", reads=("a.txt",), writes=("b.txt",))
    write = [PREAMBLE, "(out / 'a.txt').write_text(label)"]
    parameters = 'k: int = 4  # groups\nlabel: str = ""  # who churned\n'
    notebook(tmp_path / "other", "01_first", *write, writes=("a.txt",), parameters=parameters)
    (tmp_path / "other" / "notebooks").rename(tmp_path / "notebooks" / "table")
    return tmp_path


def test_notebooks_of_the_kind_stand_in_for_those_of_the_same_name(root):
    logs, table = read_notebooks(root / "notebooks"), read_notebooks(root / "notebooks", "table")
    assert list(logs) == list(table) == ["01_first", "02_second"]
    assert logs["02_second"] == table["02_second"]
    assert table["01_first"].path.parent.name == "table"
    assert fingerprint(logs["01_first"], {}, {}) != fingerprint(table["01_first"], {}, {})


def test_a_file_says_its_kind_and_gets_that_kinds_parameters(root):
    path = params(root, "kind: table\n01_first:\n  label: left\n")
    assert read_kind(path) == "table"
    assert load(path, root / "notebooks")["01_first"] == {"k": 4, "label": "left"}
    assert read_kind(params(root)) == "orders"
    assert load(params(root), root / "notebooks")["01_first"] == {"k": 3}


@pytest.mark.parametrize("kind", ["tabel", "3", "[table]", ""])
def test_a_kind_that_there_is_not_is_refused(root, kind):
    path = params(root, f"kind: {kind}\n")
    for refused in (read_kind, lambda path: load(path, root / "notebooks")):
        with pytest.raises(ParamsError, match=r"kind: .* is not one of orders, table"):
            refused(path)


def test_a_file_that_forgot_its_kind_is_told(root):
    with pytest.raises(ParamsError, match=r"no parameter 'label'(?s:.*)with `kind: table` .* would be 01_first\.label"):
        load(params(root, "01_first:\n  label: left\n"), root / "notebooks")


def test_another_name_at_the_top_is_an_error_still(root):
    with pytest.raises(ParamsError, match="no notebook 'kinds'"):
        load(params(root, "kinds: table\n"), root / "notebooks")


def test_the_schema_allows_the_kind_and_what_any_kind_declares(root):
    sections = schema(root / "notebooks")["properties"]
    assert list(sections) == ["kind", "01_first", "02_second"]
    assert sections["kind"]["enum"] == ["orders", "table"]
    assert set(sections["01_first"]["properties"]) == {"k", "label"}


def test_the_listing_of_parameters_shows_both(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    assert cli.main(["params", "01"]) == 0
    shown = capsys.readouterr().out
    assert "01_first (kind: table)\n" in shown
    assert shown.count("groups") == 2


def test_a_series_runs_the_notebooks_of_its_kind_and_a_change_of_kind_runs_them_anew(root, capsys):
    params(root, "kind: table\n01_first:\n  label: left\n")
    written = root / "data/processed/toy/01_first/a.txt"
    assert run_all.main(["toy", "--no-track"], root=root) == 0
    assert written.read_text() == "left"
    assert run_all.main(["toy", "--no-track", "--resume"], root=root) == 0
    assert "0 notebooks run, 2 reused" in capsys.readouterr().out
    params(root, "kind: orders\n")
    assert run_all.main(["toy", "--no-track", "--resume"], root=root) == 0
    assert written.read_text() == "log"


def test_the_list_is_that_of_the_kind(root, capsys):
    params(root, "kind: table\n")
    assert run_all.main(["toy", "--list"], root=root) == 0
    assert "parameters: 2;" in capsys.readouterr().out


N = 60
TABLE = pd.DataFrame({"client": range(N), "age": [20 + n % 40 for n in range(N)], "left": ["yes", "no", "no"] * 20})
NAMED = {"source": "table.csv", "id": "client", "label": "left", "positive": "yes"}


@pytest.fixture
def raw(tmp_path, monkeypatch):
    monkeypatch.delenv("PATRONS_DATA", raising=False)
    TABLE.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path


def test_a_table_that_can_be_used_needs_no_column_of_a_log(raw):
    assert len(check([NAMED, {"inputs": ["age"]}], raw)) == 64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"label": ""},
            r"label is not given: which column says who churned\? Candidates: left \(no 66\.7%, yes 33\.3%",
        ),
        ({"label": "lefd"}, "label names 'lefd', which it does not have; did you mean 'left'"),
        ({"positive": ""}, "positive is not given"),
        ({"positive": "maybe"}, "left never holds 'maybe'; it holds no 66.7%, yes 33.3%"),
        ({"id": "client_no"}, "id names 'client_no', which it does not have; did you mean 'client'"),
        ({"min_customers": 100}, "60 customers are left; min_customers asks for 100"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_before_anything_runs(raw, change, message):
    with pytest.raises(SourceError, match=message):
        check([NAMED | change, {"inputs": ["age"]}], raw)


def test_inputs_of_the_grouping_must_be_numbers_of_the_table(raw):
    with pytest.raises(
        SourceError, match=r"inputs: 'recency_days' is not among its columns; numerical attributes: age"
    ):
        check([NAMED, {"inputs": ["recency_days", "age"]}], raw)
    with pytest.raises(SourceError, match=r"inputs: 'client' is identifier"):
        check([NAMED, {"inputs": ["client"]}], raw)
    with pytest.raises(SourceError, match="no attribute is named to look for groups in"):
        check([NAMED, {"inputs": []}], raw)


def test_money_must_be_a_number_of_the_table(raw):
    with pytest.raises(SourceError, match=r"money: 'spend' is not among its columns"):
        check([NAMED, {"inputs": ["age"]}, {"money": "spend"}], raw)


def test_too_few_churners_are_refused(raw):
    TABLE.assign(left=["yes"] * 5 + ["no"] * 55).to_csv(raw / "table.csv", index=False)
    with pytest.raises(SourceError, match="one outcome has 5 customers: a forecast needs 20 of either"):
        check([NAMED, {"inputs": ["age"]}], raw)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_params_file_that_init_wrote_passes_the_check(raw, encoding):
    table = TABLE.assign(town=["Köln", "Bonn"] * 30, fee=[f"1.00{n % 7},5" for n in range(N)])
    table.to_csv(raw / "people.csv", index=False, sep=";", encoding=encoding)
    root = copied(raw / "project")
    written = init(raw / "people.csv", root).path
    values = load(written, root / "notebooks", ["01.min_customers=10"])
    assert read_kind(written) == "table"
    assert values["03_clustering_comparison"]["inputs"] == ["age", "fee"]
    assert check([values["01_eda"], {"inputs": ["age", "fee"]}], root / "data" / "raw")


def test_a_table_that_cannot_be_used_ends_with_2_and_leaves_nothing(raw, tmp_path, capsys):
    root = copied(tmp_path / "project")
    (root / "data" / "raw").mkdir(parents=True)
    (raw / "table.csv").rename(root / "data" / "raw" / "table.csv")
    text = {"01_eda": {"source": "table.csv"}, "03_clustering_comparison": {"inputs": ["age"]}}
    params(root, "kind: table\n" + "\n".join(f"{name}: {json.dumps(value)}" for name, value in text.items()), "mine")
    assert run_all.main(["mine", "--no-track"], root=root) == 2
    assert "label is not given" in capsys.readouterr().err
    assert not (root / "data" / "processed").exists()
