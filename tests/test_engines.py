import shutil

import ibis
import pandas as pd
import pytest

from patrons import engine
from patrons.engine import ClusterError, Engine, spread
from patrons.errors import SourceError
from patrons.files import digest
from patrons.series.results import digests
from patrons.stage import Stage

TABLE = pd.DataFrame({"a": [1, 2, 3]})


def java(folder, version):
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    program.chmod(0o755)
    return folder


@pytest.fixture
def installed(monkeypatch):
    monkeypatch.setattr(engine.importlib.util, "find_spec", lambda name: name == "pyspark")


def test_without_java_spark_is_refused_before_any_work(monkeypatch, installed):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(engine.shutil, "which", lambda name: None)
    with pytest.raises(SourceError, match=r"there is no Java, java is not on the path. Spark needs Java 17 or later"):
        Engine("spark").connect()


def test_a_java_that_is_too_old_is_named(monkeypatch, installed, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path, "11.0.2")))
    with pytest.raises(ClusterError, match=r"bin/java is of version 11\. Spark needs Java 17"):
        Engine("spark").check()


def test_all_that_is_missing_is_said_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path, "1.8.0_402")))
    monkeypatch.setattr(engine.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ClusterError) as refused:
        Engine("spark", memory="8 GB").check()
    assert len(str(refused.value).splitlines()) == 4
    assert "make spark" in str(refused.value)


def test_a_java_that_is_new_enough_will_do(monkeypatch, installed, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path, "21.0.1")))
    Engine("spark", memory="512m").check()


def test_duckdb_needs_no_java(monkeypatch):
    monkeypatch.setattr(engine.shutil, "which", lambda name: None)
    Engine().check()
    table = Engine.of({"engine": "duckdb", "source": "x"}).connect().create_table("t", TABLE)
    assert not spread(table)


@pytest.fixture
def folder(tmp_path):
    """A table as Spark leaves it: a folder of parts."""
    path = tmp_path / "01_eda" / "orders.parquet"
    path.mkdir(parents=True)
    TABLE[:2].to_parquet(path / "part-00000.parquet")
    TABLE[2:].to_parquet(path / "part-00001.parquet")
    return path


def test_a_table_in_a_folder_is_read_as_one(folder):
    stage = Stage("02_transformation", folder.parents[1])
    assert stage.read("orders.parquet").a.tolist() == [1, 2, 3]
    assert stage.scan("orders.parquet").a.sum().execute() == 6


def test_tables_of_a_stage_can_be_joined(folder):
    stage = Stage("02_transformation", folder.parents[1])
    stage.write("more.parquet", TABLE.assign(b=1))
    joined = stage.scan("orders.parquet").inner_join(stage.scan("more.parquet"), "a")
    assert joined.b.sum().execute() == 3


def test_a_table_in_a_folder_counts_as_one_output_and_is_known_to_have_changed(folder):
    (outputs,) = [digests(folder.parent)]
    assert list(outputs) == ["orders.parquet"]
    assert outputs["orders.parquet"] == digest(folder)
    shutil.move(folder / "part-00001.parquet", folder / "part-00002.parquet")
    assert digest(folder) != outputs["orders.parquet"]


def test_an_expression_of_rows_in_memory_is_not_spread():
    assert not spread(ibis.memtable(TABLE))
