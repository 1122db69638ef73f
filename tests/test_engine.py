import os
import subprocess
import sys
import tempfile
from pathlib import Path

from patrons import engine, files
from patrons.series import workers


def settings(con, *names):
    return con.con.execute("select " + ", ".join(f"current_setting('{name}')" for name in names)).fetchone()


def test_the_database_takes_no_more_memory_than_it_is_allowed():
    memory, folder = settings(engine.connect(), "memory_limit", "temp_directory")
    number, unit = memory.split()
    assert unit in ("GiB", "MiB")
    assert float(number) * (2**30 if unit == "GiB" else 2**20) <= engine.MOST
    assert Path(folder).parent.stat().st_mode & 0o777 == 0o700


def test_what_does_not_fit_in_memory_goes_to_disk_and_is_gone_afterwards(monkeypatch):
    monkeypatch.setattr(engine, "MOST", 60_000_000)
    con = engine.connect()
    con.con.execute("create temp table t as select i, hash(i) h from range(8_000_000) r(i)")  # 128 MB
    assert con.con.execute("select sum(temporary_storage_bytes) from duckdb_memory()").fetchone()[0] > 0
    folder = Path(*settings(con, "temp_directory"))
    assert any(folder.iterdir())
    con.disconnect()
    assert not folder.exists() or not any(folder.iterdir())


KILLED = """
import os, signal, sys
from patrons import engine, files
from patrons.series import workers
engine.MOST = 60_000_000
con = engine.connect()
con.con.execute("create temp table t as select i, hash(i) h from range(8_000_000) r(i)")
print(con.con.execute("select current_setting('temp_directory')").fetchone()[0], flush=True)
os.kill(os.getpid(), getattr(signal, sys.argv[1]))
"""


def test_what_a_killed_process_left_on_disk_goes_when_the_next_one_begins(tmp_path, monkeypatch):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    environment.pop(engine.SCRATCH_VARIABLE, None)
    done = subprocess.run([sys.executable, "-c", KILLED, "SIGKILL"], env=environment, capture_output=True, text=True)
    left = Path(done.stdout.strip())
    assert any(left.iterdir()), done.stderr
    os.utime(left.parent / files.HELD, (1e9, 1e9))  # not just made
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with files.scratch() as mine:
        assert list(tmp_path.iterdir()) == [mine]
        os.utime(mine / files.HELD, (1e9, 1e9))
        with files.scratch():
            assert mine.exists(), "it is in use"
    assert list(tmp_path.iterdir()) == []


def test_in_a_worker_it_lies_in_the_folder_that_goes_with_the_worker(tmp_path, monkeypatch):
    monkeypatch.setenv(engine.SCRATCH_VARIABLE, str(tmp_path))
    engine._scratch.cache_clear()
    try:
        assert settings(engine.connect(), "temp_directory") == (str(tmp_path / "spill"),)
    finally:
        engine._scratch.cache_clear()
    assert workers.SCRATCH_VARIABLE == engine.SCRATCH_VARIABLE
