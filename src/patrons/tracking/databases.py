"""Databases of MLflow copied while they are written to, put back, and asked where artifacts lie."""

import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from patrons.tracking.stores import BackupError, Database

PATIENCE = 120  # seconds to wait for whoever writes to a SQLite database
GLANCE = 0.001  # seconds between two looks: SQLite's own waits grow to 0.1 s, in which busy writers leave no gap
LOCATIONS = "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location IS NOT NULL"
VERSIONS = {"mlflow": "SELECT version_num FROM alembic_version", "auth": "SELECT version_num FROM alembic_version_auth"}
TEXTS = ("CHAR", "TEXT", "JSON")  # in the types of columns that can hold a location
TABLES = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()"


def copy(database: Database, target: Path) -> None:
    """Copy a database as it is at one moment, whoever writes to it meanwhile.

    SQLite's own backup does it in one step, for which writers wait; PostgreSQL's ``pg_dump`` in one transaction.

    Raises
    ------
    BackupError
        Where the database is damaged, is not MLflow's, or cannot be reached.
    """
    if database.file is None:
        _command("pg_dump", database.uri, "--format=custom", "--no-owner", f"--file={target}")
        return
    try:
        with closing(_opened(database.file)) as origin, closing(sqlite3.connect(target)) as written:
            origin.backup(written, progress=_patience(database.file), sleep=GLANCE)
            problems = [text for (text,) in written.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        raise BackupError(f"{database.file} cannot be copied: {error}. Is it MLflow's database, and whole?") from error
    if problems != ["ok"]:
        raise BackupError(f"{database.file} is damaged ({problems[0]}): restore an earlier backup. None was made now.")


def _patience(path: Path) -> Callable[[int, int, int], None]:
    """What gives up when writers have left no gap for too long."""
    deadline = time.monotonic() + PATIENCE

    def look(*_: int) -> None:
        if time.monotonic() > deadline:
            raise BackupError(
                f"{path} was being written to for {PATIENCE} s without a gap. Try again at a quieter time."
            )

    return look


def facts(database: Database, copied: Path) -> tuple[str, list[str]]:
    """The version of a copy's tables, and where experiments keep their artifacts (of the database of users, nowhere).

    Of PostgreSQL the database itself is asked.
    """
    try:
        version = "".join(_rows(database, copied, VERSIONS[database.role]))
        return version, _rows(database, copied, LOCATIONS) if database.role == "mlflow" else []
    except sqlite3.Error as error:
        raise BackupError(f"{database.file} is no database of MLflow ({error}). Correct the variables.") from error


def _rows(database: Database, copied: Path, query: str) -> list[str]:
    if database.file is None:
        return _command("psql", database.uri, "-At", "-c", query).split("\n")
    with closing(_opened(copied)) as connection:
        return [str(value) for (value,) in connection.execute(query)]


def _opened(path: Path) -> sqlite3.Connection:
    """A database for reading alone, also where nothing may be written beside it."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=0)


def is_empty(uri: str) -> bool:
    """Whether a PostgreSQL database has no table."""
    return _command("psql", uri, "-At", "-c", TABLES).strip() == "0"


def load(dump: Path, uri: str) -> None:
    """Fill a PostgreSQL database from a dump, in one transaction; what it held goes."""
    _command("pg_restore", uri, "--single-transaction", "--exit-on-error", "--no-owner", "--clean", "--if-exists", dump)


def _command(program: str, uri: str, *arguments: str | Path) -> str:
    """Run a program of PostgreSQL; the password goes by a variable, because others see a process's arguments."""
    if shutil.which(program) is None:
        raise BackupError(f"There is no {program} here, which copies PostgreSQL. Debian has it in postgresql-client.")
    parts = urlsplit(uri)
    bare = parts._replace(scheme="postgresql", netloc=f"{parts.username or ''}@{parts.netloc.rpartition('@')[2]}")
    secret = {"PGPASSWORD": parts.password} if parts.password else {}
    command = [program, f"--dbname={urlunsplit(bare).replace('//@', '//')}", *map(str, arguments)]
    done = subprocess.run(command, env=os.environ | secret, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"{program} failed: {' '.join(done.stderr.split())[-400:]}")
    return done.stdout.rstrip("\n")


def relocate(path: Path, moves: Iterable[tuple[Path, Path]]) -> dict[str, int]:
    """Rewrite where artifacts lie in a SQLite database of MLflow, in every column of text of every table.

    MLflow stores a location with each experiment, run, logged model and version, as ``file:///folder/…`` or
    ``/folder/…``, and within text such as the tags of traces. A URI is rewritten wherever it stands, a plain path where
    a value begins with it, and both as whole folders: ``/a/mlruns`` leaves ``/a/mlruns2`` alone.

    Parameters
    ----------
    path : Path
        The database, which nobody else uses.
    moves : iterable of (Path, Path)
        Former and present folder.

    Returns
    -------
    dict
        Rewritten values by ``table.column``, without columns that held none.
    """
    changed = {}
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.create_function("moved", 1, _mover(list(moves)), deterministic=True)
        for table, column in _text_columns(connection):
            sql = f'UPDATE "{table}" SET "{column}" = moved("{column}") WHERE moved("{column}") IS NOT "{column}"'
            if rows := connection.execute(sql).rowcount:
                changed[f"{table}.{column}"] = rows
    return changed


def _text_columns(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Table and column of everything that can hold a text."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    columns = [
        (table, name, kind.upper())
        for (table,) in tables.fetchall()
        for _, name, kind, *_ in connection.execute(f'PRAGMA table_info("{table}")')
    ]
    return [(table, name) for table, name, kind in columns if any(word in kind for word in TEXTS)]


def _mover(moves: Iterable[tuple[Path, Path]]) -> Callable[[Any], Any]:
    """What a value becomes when folders move; a folder ends at a slash, a quotation mark (in JSON) or the end."""
    patterns: list[tuple[re.Pattern[str], str]] = []
    for former, present in moves:
        uris = "|".join(map(re.escape, (former.as_uri(), f"file://{former}")))
        patterns.append((re.compile(rf'(?:{uris})(?=["/]|\Z)'), present.as_uri()))  # has no backslash
        patterns.append((re.compile(rf"\A{re.escape(str(former))}(?=/|\Z)"), str(present).replace("\\", r"\\")))

    def moved(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        for pattern, text in patterns:
            value = pattern.sub(text, value)
        return value

    return moved
