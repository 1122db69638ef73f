import os
from pathlib import Path

from patrons import engine


def settings(con, *names):
    return con.con.execute("select " + ", ".join(f"current_setting('{name}')" for name in names)).fetchone()


def test_the_database_takes_no_more_memory_than_it_is_allowed():
    memory, folder = settings(engine.connect(), "memory_limit", "temp_directory")
    number, unit = memory.split()
    assert unit in ("GiB", "MiB")
    assert float(number) * (2**30 if unit == "GiB" else 2**20) <= engine.MOST
    assert folder.endswith(str(os.getpid()))


def test_what_does_not_fit_in_memory_goes_to_disk_and_is_gone_afterwards(monkeypatch):
    monkeypatch.setattr(engine, "MOST", 60_000_000)
    con = engine.connect()
    con.con.execute("create temp table t as select i, hash(i) h from range(8_000_000) r(i)")  # 128 MB
    assert con.con.execute("select sum(temporary_storage_bytes) from duckdb_memory()").fetchone()[0] > 0
    folder = Path(*settings(con, "temp_directory"))
    assert any(folder.iterdir())
    con.disconnect()
    assert not folder.exists() or not any(folder.iterdir())
