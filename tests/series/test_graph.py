import gzip
import io
from pathlib import Path

import pandas as pd
import pytest
from toy_series import notebook

from patrons.events import Log
from patrons.intake.order_log import check_columns
from patrons.intake.reading import column_names
from patrons.intake.sources import SourceError, check, check_attributes, digest_of, find_source
from patrons.series import graph, imports
from patrons.series.graph import SeriesError, code_digest, fingerprint, needs, read_notebooks, select
from patrons.series.imports import helper_files
from patrons.series.progress import Lines
from patrons.series.results import SUCCEEDED, Results
from patrons.series.runner import Plan, _Run, check_inputs

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def three(tmp_path):
    notebook(tmp_path, "01_last", reads=("b.txt",), writes=("c.txt",))
    notebook(tmp_path, "02_first", writes=("a.txt",), parameters="k: int = 3  # groups\n")
    notebook(tmp_path, "03_middle", reads=("a.txt",), writes=("b.txt", "b.json"))
    return tmp_path


def test_the_order_follows_what_is_read_not_the_numbers(three):
    series = read_notebooks(three / "notebooks")
    assert list(series) == ["02_first", "03_middle", "01_last"]
    assert needs(series) == {"02_first": set(), "03_middle": {"02_first"}, "01_last": {"03_middle"}}


def test_what_a_notebook_can_do_without_comes_before_it_but_need_not_be_there(three):
    notebook(three, "04_more", reads=("c.txt",), may_read=("a.txt", "b.json"), writes=("d.txt",))
    series = read_notebooks(three / "notebooks")
    assert series["04_more"].reads == ("c.txt", "a.txt", "b.json")
    assert series["04_more"].optional == {"a.txt", "b.json"}
    assert needs(series)["04_more"] == {"01_last", "02_first", "03_middle"}
    parameters = {stage: {} for stage in series}
    results = Results(three / "data" / "processed" / "toy")
    check_inputs(Plan(series, parameters, {"02_first", "03_middle", "01_last", "04_more"}, None, three), results)
    for file in ("a.txt", "c.txt"):  # as --only 02,01 left them
        stage = "02_first" if file == "a.txt" else "01_last"
        (results.folder / stage).mkdir(parents=True)
        (results.folder / stage / file).write_text(file)
        results.record["stages"][stage] = {"status": SUCCEEDED}
    plan = Plan(series, parameters, {"04_more"}, None, three)
    check_inputs(plan, results)  # 03 has not run, and is not needed
    assert set(_Run(plan, results, Lines([], io.StringIO()), Log(None)).inputs(series["04_more"])) == {"c.txt", "a.txt"}
    with pytest.raises(SeriesError, match=r"01_last reads b\.txt of 03_middle"):
        check_inputs(Plan(series, parameters, {"01_last"}, None, three), results)


def test_the_churn_model_needs_no_segments_and_that_of_a_table_no_rates_by_day():
    log, table = (read_notebooks(REPOSITORY / "notebooks", kind)["06_churn"] for kind in ("orders", "table"))
    assert table.optional == {"labels.parquet", "clusterer.skops"}
    assert log.optional == {*table.optional, "churn_rates.parquet"}
    assert set(log.reads) - set(table.reads) == {"churn_rates.parquet"}


def test_a_notebook_says_what_it_asks_reads_and_writes(three):
    one = read_notebooks(three / "notebooks")["03_middle"]
    assert (one.title, one.question) == ("3 · What is middle?", "What is middle?")
    assert (one.reads, one.writes) == (("a.txt",), ("b.txt", "b.json"))


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ({"reads": ("c.txt",), "writes": ("a2.txt",)}, "wait for each other"),
        ({"writes": ("b.txt", "a.txt")}, "is written by both"),
        ({"reads": ("b.tx",), "writes": ("a.txt",)}, "which no notebook writes; did you mean 'b.txt'"),
        ({"writes": ("../a.txt",)}, "not a plain file name"),
    ],
)
def test_declarations_that_make_no_series_are_refused(three, declaration, message):
    notebook(three, "02_first", **declaration)
    if "wait" in message:
        notebook(three, "03_middle", reads=("a2.txt",), writes=("b.txt",))
    with pytest.raises(SeriesError, match=message):
        read_notebooks(three / "notebooks")


def test_a_notebook_without_declaration_is_named(three):
    path = three / "notebooks" / "02_first.ipynb"
    path.write_text(path.read_text().replace("**Writes**", "Writes"))
    with pytest.raises(SeriesError, match=r"02_first\.ipynb: its first markdown cell has no line .*Writes"):
        read_notebooks(three / "notebooks")
    path.write_text("{")
    with pytest.raises(SeriesError, match=r"02_first\.ipynb is not a notebook"):
        read_notebooks(three / "notebooks")


def test_notebooks_are_chosen_by_number_by_name_or_from_a_number_on(three):
    series = read_notebooks(three / "notebooks")
    assert select(series) == {"01_last", "02_first", "03_middle"}
    assert select(series, ["3", "last"]) == {"03_middle", "01_last"}
    assert select(series, start="02") == {"02_first", "03_middle"}
    with pytest.raises(SeriesError, match=r"no notebook 'midle'; did you mean '03_middle'"):
        select(series, ["midle"])


def test_the_fingerprint_changes_with_code_parameters_and_inputs_and_prose(three):
    def mark(parameters=None, inputs=None):
        one = read_notebooks(three / "notebooks")["02_first"]
        return fingerprint(one, parameters or {"k": 3}, inputs or {})

    path = three / "notebooks" / "02_first.ipynb"
    first = mark()
    path.write_text(path.read_text().replace("What is first?", "Who is first?"))
    assert mark() != first
    first = mark()
    assert mark({"k": 4}) != first
    assert mark(inputs={"a.txt": "0"}) != first
    notebook(three, "02_first", "x = 1", writes=("a.txt",), parameters="k: int = 3  # groups\n")
    assert mark() != first


def test_helper_code_is_what_a_notebook_imports_and_what_that_imports(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "PACKAGE", tmp_path)
    (tmp_path / "plots.py").write_text("import numpy\nfrom patrons.colours import RED\n")
    (tmp_path / "colours.py").write_text("def red():\n    from patrons import plots\n")
    (tmp_path / "churn.py").write_text("")
    files = helper_files("%matplotlib inline\nimport patrons.plots as p\nimport pandas.core\n")
    assert [path.name for path in files] == ["colours.py", "plots.py"]
    assert [path.name for path in helper_files("from patrons import churn, nothing")] == ["churn.py"]
    assert helper_files("import pandas") == []


def test_what_a_room_hands_out_counts_only_where_it_is_used_for(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "PACKAGE", tmp_path)
    for room in ("near", "far"):
        (tmp_path / room).mkdir()
    (tmp_path / "near" / "__init__.py").write_text("from patrons.near.named import Name\n")
    (tmp_path / "near" / "used.py").write_text("from patrons.far import deep\n")
    (tmp_path / "near" / "other.py").write_text("")
    (tmp_path / "near" / "named.py").write_text("class Name: pass\n")
    (tmp_path / "far" / "deep.py").write_text("")

    def files(code):
        return [str(path.relative_to(tmp_path)) for path in helper_files(code)]

    assert files("from patrons import near\nnear.used.run()") == ["far/deep.py", "near/__init__.py", "near/used.py"]
    assert files("from patrons.near import other") == ["near/__init__.py", "near/other.py"]
    assert files("from patrons.near import Name") == ["near/__init__.py", "near/named.py"]


def test_a_helper_two_rooms_away_reruns_those_that_depend_on_it_and_no_other(three, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "PACKAGE", tmp_path)
    for room in ("far", "middle", "near"):
        (tmp_path / room).mkdir()
    (tmp_path / "near" / "sums.py").write_text("from patrons.middle import parts\n")
    (tmp_path / "middle" / "parts.py").write_text("from patrons.far import grains\n")
    (tmp_path / "far" / "grains.py").write_text("SIZE = 1\n")
    (tmp_path / "far" / "stones.py").write_text("SIZE = 9\n")
    code = "from patrons import near\nnear.sums.add()"
    notebook(three, "01_last", code, reads=("b.txt",), writes=("c.txt",))
    notebook(three, "02_first", "from patrons.far import stones", writes=("a.txt",))

    def marks():
        return {stage: fingerprint(one, {}, {}) for stage, one in read_notebooks(three / "notebooks").items()}

    before = marks()
    (tmp_path / "far" / "grains.py").write_text("SIZE = 2\n")
    after = marks()
    assert {stage for stage in before if before[stage] != after[stage]} == {"01_last"}


def test_the_fingerprint_changes_with_helper_code(three, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "PACKAGE", tmp_path)
    notebook(three, "02_first", "from patrons import plots", writes=("a.txt",))
    one = read_notebooks(three / "notebooks")["02_first"]
    (tmp_path / "plots.py").write_text("RED = 1\n")
    before = fingerprint(one, {}, {})
    (tmp_path / "plots.py").write_text("RED = 2\n")
    assert fingerprint(one, {}, {}) != before


def test_the_digest_of_the_code_changes_with_cells_and_helpers_alone(three, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "PACKAGE", tmp_path)
    (tmp_path / "plots.py").write_text("RED = 1\n")
    notebook(three, "02_first", "from patrons import plots", writes=("a.txt",))

    def mark():
        return code_digest(read_notebooks(three / "notebooks")["02_first"])

    first = mark()
    monkeypatch.setattr(graph, "installed", lambda names: dict.fromkeys(names, "99"))
    assert mark() == first
    (tmp_path / "plots.py").write_text("RED = 2\n")
    second = mark()
    notebook(three, "02_first", "from patrons import plots\nx = 1", writes=("a.txt",))
    assert len({first, second, mark()}) == 3


def test_a_source_is_looked_for_in_data_raw_and_then_in_the_users_folder(tmp_path, monkeypatch):
    raw, elsewhere = tmp_path / "raw", tmp_path / "elsewhere"
    raw.mkdir()
    elsewhere.mkdir()
    monkeypatch.setenv("PATRONS_DATA", str(elsewhere))
    (elsewhere / "log.csv").write_text("a,b\n1,2\n")
    assert find_source("log.csv", raw) == elsewhere / "log.csv"
    (raw / "log.csv").write_text("a,b\n1,2\n")
    assert find_source("log.csv", raw) == raw / "log.csv"
    for outside in ("", "../log.csv", "/log.csv"):
        with pytest.raises(SourceError, match="is not a file name"):
            find_source(outside, raw)


def test_a_source_that_is_a_link_has_the_name_that_it_has_here(tmp_path):
    (tmp_path / "f8dd7f68").write_text("a,b\n1,2\n")  # as a cache names its files
    (tmp_path / "log.csv").symlink_to(tmp_path / "f8dd7f68")
    assert find_source("log.csv", tmp_path).name == "log.csv"


def test_a_missing_source_says_what_to_get_and_where_to_put_it(tmp_path, monkeypatch):
    monkeypatch.delenv("PATRONS_DATA", raising=False)
    with pytest.raises(
        SourceError, match=r"(?s)shop\.csv is neither .*\(not set\)\. Download X\. .*data/raw/shop\.csv"
    ):
        find_source("shop.csv", tmp_path, "Download X.")


HEADER = "InvoiceNo,customer_id,product_id,ordered_at,quantity,unit_price\n"


@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz", "log.parquet", "log.xlsx"])
def test_a_missing_column_is_named_with_the_nearest_one(tmp_path, name):
    table, path = pd.read_csv(io.StringIO(HEADER)), tmp_path / name
    if name.endswith("gz"):
        path.write_bytes(gzip.compress(table.to_csv(index=False).encode()))
    else:
        {".csv": table.to_csv, ".parquet": table.to_parquet, ".xlsx": table.to_excel}[path.suffix](path, index=False)
    check_columns(path.name, column_names(path), {"order_id": "InvoiceNo"})
    with pytest.raises(SourceError, match=r"our order_id is 'Invoice', which log.* not have; did you mean 'InvoiceNo'"):
        check_columns(path.name, column_names(path), {"order_id": "Invoice"})


def test_a_needed_column_that_is_not_mapped_has_our_name(tmp_path):
    (tmp_path / "log.csv").write_text(HEADER.replace("customer_id", "client"))
    with pytest.raises(SourceError, match=r"our customer_id is .customer_id., which log\.csv does not have"):
        check_columns("log.csv", column_names(tmp_path / "log.csv"), {})


def test_a_mapping_of_a_name_that_is_not_ours_is_refused(tmp_path):
    (tmp_path / "log.csv").write_text(HEADER)
    with pytest.raises(SourceError, match="'orderid' is not one of our names; did you mean 'order_id'"):
        check_columns("log.csv", column_names(tmp_path / "log.csv"), {"order_id": "InvoiceNo", "orderid": "InvoiceNo"})


@pytest.mark.parametrize(("name", "message"), [("log.parquet", "named as Parquet, but"), ("log.sas", "of no kind")])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path, name, message):
    (tmp_path / name).write_text("nothing")
    with pytest.raises(SourceError, match=message):
        column_names(tmp_path / name)


def test_the_check_covers_the_customer_file_and_gives_the_digest_of_both(tmp_path, monkeypatch):
    monkeypatch.delenv("PATRONS_DATA", raising=False)
    (tmp_path / "log.csv").write_text(HEADER + "1,a,x,2024-01-31,2,1.50\n")
    named = {"source": "log.csv", "columns": {"order_id": "InvoiceNo"}, "customers": "who.csv"}
    with pytest.raises(SourceError, match=r"who\.csv is neither"):
        check([{}, named], tmp_path)
    (tmp_path / "who.csv").write_text("customer_id\na\n")
    assert check([{}, named], tmp_path) == digest_of([tmp_path / "log.csv", tmp_path / "who.csv"])
    assert check([{}, {**named, "customers": ""}], tmp_path) == digest_of([tmp_path / "log.csv"])
    assert check([{"k": 1}], tmp_path) is None


def test_an_attribute_that_no_table_has_is_refused_with_the_nearest(tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id,age_band,plan\n1,a,b\n")
    check_attributes([tmp_path / "customers.csv"], ["plan", "country"])
    with pytest.raises(SourceError, match="'age_bnad'; did you mean 'age_band'"):
        check_attributes([tmp_path / "customers.csv"], ["age_bnad"])


def test_a_customer_table_without_customer_id_is_refused(tmp_path):
    (tmp_path / "customers.csv").write_text("client,plan\n1,b\n")
    with pytest.raises(SourceError, match="has no column customer_id, only client, plan"):
        check_attributes([tmp_path / "customers.csv"], [])


def test_a_csv_with_semicolons_has_the_columns_that_the_intake_will_see(tmp_path):
    (tmp_path / "log.csv").write_text("order_id;customer_id\n1;2\n")
    assert column_names(tmp_path / "log.csv") == ["order_id", "customer_id"]
