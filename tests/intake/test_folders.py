import pandas as pd
import pytest

from patrons.errors import SourceError
from patrons.intake import folders, sources
from patrons.intake.reading import Format

LINES = pd.DataFrame({"customer_id": ["a"], "ordered_at": ["2024-01-01"], "amount": [1.0]})


@pytest.fixture
def log(tmp_path):
    for name in ("2024/b.parquet", "2023/a.parquet"):
        (tmp_path / "log" / name).parent.mkdir(parents=True)
        LINES.to_parquet(tmp_path / "log" / name)
    (tmp_path / "log" / "_SUCCESS").touch()
    (tmp_path / "log" / ".hidden.parquet").touch()
    return tmp_path / "log"


def test_the_files_of_a_folder_come_in_the_order_of_their_names(log):
    assert [file.name for file in folders.files_of(log)] == ["a.parquet", "b.parquet"]
    assert folders.column_names(log, Format()) == list(LINES)


def test_files_with_other_columns_are_refused(log):
    LINES.rename(columns={"amount": "total"}).to_parquet(log / "2024" / "b.parquet")
    with pytest.raises(SourceError, match=r"b\.parquet has other columns, or of other types, than a\.parquet"):
        folders.column_names(log, Format())


def test_files_of_several_kinds_are_refused(log):
    LINES.to_csv(log / "more.csv", index=False)
    with pytest.raises(SourceError, match=r"files of several kinds: .*more\.csv"):
        folders.files_of(log)


def test_a_folder_without_files_and_a_workbook_are_refused(tmp_path):
    with pytest.raises(SourceError, match="holds no files"):
        folders.files_of(tmp_path)
    LINES.to_excel(tmp_path / "log.xlsx", index=False)
    with pytest.raises(SourceError, match="Spark reads Parquet and text"):
        folders.files_of(tmp_path / "log.xlsx")


def test_text_without_names_in_its_first_line_is_refused(tmp_path):
    (tmp_path / "log.csv").write_text(
        "Export of May\n\ncustomer_id,ordered_at,amount\na,2024-01-01,1\nb,2024-01-02,2\n"
    )
    with pytest.raises(SourceError, match="names of columns in the first line"):
        folders.column_names(tmp_path / "log.csv", Format())


def test_a_folder_is_a_source_for_spark_alone(log):
    with pytest.raises(SourceError, match="neither in data/raw"):
        sources.find_source("log", log.parent)
    assert sources.find_source("log", log.parent, folders=True) == log


def test_what_a_folder_holds_changes_its_digest(log):
    before = sources.digest_of([log])
    assert sources.digest_of([log]) == before
    LINES.to_parquet(log / "2025.parquet")
    assert sources.digest_of([log]) != before


def test_the_check_before_a_run_looks_at_the_columns_without_a_cluster(log, monkeypatch):
    monkeypatch.setattr("patrons.engine.Engine.check", lambda engine: None)
    stated = {"engine": "spark", "source": "log"}
    assert sources.check([stated], log.parent)
    with pytest.raises(SourceError, match="our order_id is 'invoice', which log does not have"):
        sources.check([{**stated, "columns": {"order_id": "invoice"}}], log.parent)
