"""The lines of a log, read and judged once in a series: the check before it leaves them to 01.

The check keeps its judged lines in a folder of the run, private and gone once 01 has ended, with a mark of what they
were made from: the file as it was (size, times of change, number on its disk), the settings, and the code of this room.
01 takes them where its own mark is the same, and judges the log itself where anything differs or nothing was left:
started by hand, on Spark, or after the file was changed.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

import ibis
import pandas as pd
from ibis import Table

from patrons import engine
from patrons.engine import Engine, connect, held, reopened
from patrons.files import read_json, write_json
from patrons.intake import cancellations, order_log, orders, unused
from patrons.intake.order_log import Log
from patrons.intake.reading import Format
from patrons.intake.rules import Rules
from patrons.intake.settings import Settings

VARIABLE = "PATRONS_JUDGED"  # names the folder to a notebook; as in patrons.series.workers
RECORD, LINES, CANCELLED = "judged.json", "lines.parquet", "cancelled.parquet"
TEXTS = ("absent", "mixed", "notes")  # of a log


@dataclass(frozen=True)
class How(Settings):
    """All of 01's parameters on which it depends what becomes of a line.

    Parameters
    ----------
    columns : dict
        Our names to the source's, where they differ.
    format, rules
        How the file is written, and what the user says of its columns.
    cancellation_prefix, non_products, duplicates
        As `orders.judge` takes them.
    cancellations : {"net", "aside"}
        Whether cancellations take earlier lines back.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    format: Format = field(default_factory=Format)
    rules: Rules = field(default_factory=Rules)
    cancellation_prefix: str = ""
    non_products: Sequence[str] = ()
    duplicates: str = "quarantine"
    cancellations: str = cancellations.NET

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Self:
        """The settings that 01's parameters state."""
        plain = {one.name: parameters[one.name] for one in fields(cls) if one.name in parameters}
        return cls(**plain | {"format": Format.of(parameters), "rules": Rules.of(parameters)})


def judge(path: Path, how: How, works: Engine | None = None, folder: Path | None = None) -> tuple[Log, Table]:
    """Read a log, keep each line or set it aside, and find what its cancellations take back.

    Parameters
    ----------
    path : Path
    how : How
    works : Engine, optional
        What works on the lines; DuckDB unless given.
    folder : Path, optional
        Where the tables are to be kept; until the process ends unless given.

    Returns
    -------
    log : Log
        Its `lines` have their `reason`, as `orders.judge` gives it.
    cancelled : Table
        What `cancellations.matched` returns.
    """
    log = order_log.read_log(path, how.columns, how.format, how.rules, works)
    lines = orders.judge(log.lines, how.cancellation_prefix, how.non_products, how.duplicates)
    log = replace(log, lines=held(lines, folder and folder / LINES))
    cancelled = cancellations.matched(log.lines, how.cancellations, log.absent)
    return log, held(cancelled, folder and folder / CANCELLED)


def leave(path: Path, how: How, folder: Path) -> tuple[Log, Table]:
    """`judge` on DuckDB, and leave the result in a folder for `judged`; its mark, taken before, is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = _mark(path, how)
    log, cancelled = judge(path, how, folder=folder)
    record: dict[str, Any] = {
        "mark": mark,
        "description": log.description,
        **{name: getattr(log, name) for name in TEXTS},
    }
    record |= {"unused": log.unused.to_dict("records")}
    record |= {name: _types(table) for name, table in ((LINES, log.lines), (CANCELLED, cancelled))}
    write_json(folder / RECORD, record)
    return log, cancelled


def judged(path: Path, how: How, works: Engine) -> tuple[Log, Table]:
    """What `judge` returns: taken from what the check before the series has left, where that is of this very log."""
    folder = os.environ.get(VARIABLE)
    left = _left(path, how, Path(folder)) if folder and not works.spreads else None
    return left or judge(path, how, works)


def _left(path: Path, how: How, folder: Path) -> tuple[Log, Table] | None:
    record = read_json(folder / RECORD, {})
    if record.get("mark") != _mark(path, how):
        return None
    con = connect()
    lines, cancelled = (reopened(con, folder / name, ibis.schema(record[name])) for name in (LINES, CANCELLED))
    left = pd.DataFrame(record["unused"], columns=[*unused.COLUMNS])
    texts = {name: tuple(record[name]) for name in TEXTS}
    return Log(lines, description=record["description"], unused=left, **texts), cancelled


def _types(table: Table) -> dict[str, str]:
    return {name: str(kind) for name, kind in table.schema().items()}


def _mark(path: Path, how: How) -> str:
    """SHA-256 of what judged lines depend on: file, settings and code."""
    at = path.stat()
    file = (str(path), at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns)
    code = [(one.name, one.read_bytes()) for one in sorted(Path(__file__).parent.glob("*.py"))]
    code.append(("engine.py", Path(engine.__file__).read_bytes()))
    return hashlib.sha256(repr((file, asdict(how), code)).encode()).hexdigest()
