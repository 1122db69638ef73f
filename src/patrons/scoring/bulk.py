"""Files in, scored files out: customers are scored in chunks; DuckDB reduces an order log to customers first."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from patrons.files import shown, whole
from patrons.intake.numbers import NumbersError, decide
from patrons.intake.order_log import mapped
from patrons.intake.reading import Format, NoRowsError, column_names, open_checked
from patrons.intake.rules import Rules
from patrons.scoring.columns import match
from patrons.scoring.drift import Watch
from patrons.scoring.rows import MOST_LISTED, ORDERS, Reader
from patrons.scoring.scorer import COLUMNS, Scorer, ScoringError
from patrons.spreadsheet import safe_csv

CUSTOMER = "customer_id"
AS_OF = "as_of"  # the column of the day that customers are described on, as 02 writes it
Also = Callable[[pd.DataFrame], object]
CHUNK = 8_000  # customers that are read and scored at a time
WORKERS = min(2, os.cpu_count() or 1)  # parts that are computed side by side
ARROW = {"str": pa.string(), "Int64": pa.int64(), "float64": pa.float64(), "boolean": pa.bool_()}
SCHEMA = pa.schema(
    [
        *((name, ARROW.get(kind, pa.list_(pa.string()))) for name, kind in COLUMNS.items()),
        ("release", pa.string()),  # the id of the release that answered
        ("as_of", pa.date32()),  # the day that the customer is described on
    ]
)


class Scored(NamedTuple):
    """The outcome for a file."""

    customers: int
    errors: int
    seconds: float
    orders: bool  # whether the file held raw orders
    as_of: date | None  # the day that customers are described on; the first one where the file names several
    warnings: list[str]  # what is unlike the training, by feature
    unlike: int  # customers with a warning of their own
    unused: list[str]  # columns that are no feature


class Incoming(NamedTuple):
    """The customers of a file: how many, and their answers in parts."""

    total: int
    answers: Iterator[pd.DataFrame]
    warnings: list[str]
    unused: list[str]


def nothing(answers: pd.DataFrame) -> None:
    """What else is done with a part of the answers, unless something is."""


def score_file(
    scorer: Scorer,
    source: Path,
    target: Path,
    as_of: date | None = None,
    customers: Path | None = None,
    report: Callable[[int, int | None], object] = lambda done, total: None,
    strict: bool = False,
    also: Also = nothing,
) -> Scored:
    """Score every customer of a file and write the answers, completely or not at all.

    Parameters
    ----------
    scorer : Scorer
    source : Path
        Customer rows or raw order lines: CSV, other delimited text, XLSX or Parquet. Its columns say which.
    target : Path
        ``.parquet`` or ``.csv``.
    as_of : date, optional
        The day to describe the customers of an order log on; the day after its last order unless given.
    customers : Path, optional
        Attributes of the customers of an order log.
    report : callable
        Called with the number of customers done and of all (None while an order log is reduced to customers).
    strict : bool
        Whether customers unlike those of the training are refused rather than scored with a warning.
    also : callable
        Called with each part of the answers as it is written; the file is complete when this function returns.

    Raises
    ------
    ScoringError
        Where the output has no place of its own, the file holds nobody to score, or `strict` refuses it: then nothing
        is written.
    """
    start = time.monotonic()
    refuse_output(target, source, customers)
    is_log, watch = holds_orders(scorer, source), Watch(scorer.learnt)
    if is_log:
        report(0, None)
    incoming = _orders(scorer, source, as_of, customers, watch) if is_log else _rows(scorer, source, as_of, watch)
    report(0, incoming.total)
    with whole(target) as partial:
        counts = _write(incoming, partial, target.suffix, scorer.manifest["id"], report, also)
        warnings = [*incoming.warnings, *(warned.text for warned in watch.warnings())]
        if strict and warnings:
            raise ScoringError(f"{source.name} is unlike the training, nothing was written: {'; '.join(warnings)}.")
    return Scored(**counts, seconds=time.monotonic() - start, orders=is_log, warnings=warnings, unused=incoming.unused)


def _write(
    incoming: Incoming,
    path: Path,
    suffix: str,
    release: str,
    report: Callable[[int, int | None], object],
    also: Also,
) -> dict[str, Any]:
    """Write the answers, and return what was counted of them."""
    done = errors = unlike = 0
    day = None
    with _writer(path, suffix) as write:
        for answers in incoming.answers:
            answers = answers.assign(release=release)
            write(answers)
            also(answers)
            done, errors = done + len(answers), errors + int(answers.error.notna().sum())
            unlike += int(answers.warnings.notna().sum())
            day = day or next(iter(answers.as_of.dropna()), None)
            report(done, incoming.total)
    return {"customers": done, "errors": errors, "unlike": unlike, "as_of": day}


def refuse_output(target: Path, source: Path, customers: Path | None = None) -> None:
    """Refuse an output that is no such file, lies in no folder, or is what is read.

    Links and other spellings of a path are followed.
    """
    if target.suffix not in (".parquet", ".csv"):
        raise ScoringError(f"{target.name}: the output is a .parquet or .csv file.")
    if target.is_dir():
        raise ScoringError(f"{shown(target)} is a folder: name a file in it for the output.")
    if not target.parent.is_dir():
        raise ScoringError(f"There is no folder {shown(target.parent)} for the output: make it, or correct its name.")
    for path, what in ((source, "input"), (customers, "file of customers")):
        if path is not None and _same(target, path):
            raise ScoringError(f"{shown(target)} is the {what} itself, which would be lost: name another output.")


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))


def holds_orders(scorer: Scorer, source: Path) -> bool:
    """Whether a file holds order lines rather than customers, judged by its columns."""
    intake, name = scorer.manifest["parameters"]["01_eda"], scorer.manifest["name"]
    names = column_names(source, Format.of(intake))
    absent = {feature.name for feature in match(names, scorer.features).absent}
    if not absent & set(map(str, scorer.models["clusterer"].feature_names_in_)):
        return False
    if scorer.manifest["kind"] == ORDERS and intake["columns"].get("ordered_at", "ordered_at") in names:
        return True
    if len(absent) == len(scorer.features) or scorer.manifest["kind"] == ORDERS:
        raise ScoringError(
            f"{source.name} holds neither customers nor orders such as {name} was trained on: it lacks {len(absent)} "
            f"of {len(scorer.features)} features, such as {', '.join(sorted(absent)[:5])}. "
            f"It has: {', '.join(sorted(names)[:12])}."
        )
    return False


def _orders(scorer: Scorer, source: Path, as_of: date | None, customers: Path | None, watch: Watch) -> Incoming:
    """The customers of an order log; those without features come last."""
    table, left_over = scorer.described(source, as_of, customers)
    parts = [(start, left_over.head(0)) for start in range(0, len(table), CHUNK)] + [(len(table), left_over)]
    day = as_of or (table.as_of.iloc[0].date() if len(table) else None)
    answers = (scorer.score_described(table[start : start + CHUNK], refused, watch) for start, refused in parts)
    total = len(table) + len(left_over)
    absent = match(table.columns, scorer.features).warnings if len(table) else []  # attributes that did not come
    return Incoming(total, (part.assign(as_of=day) for part in answers), absent, _unused(scorer, source))


def _unused(scorer: Scorer, source: Path) -> list[str]:
    """The columns of an order log that are neither ours nor named by a rule."""
    intake = scorer.manifest["parameters"]["01_eda"]
    names = column_names(source, Format.of(intake))
    used = {*mapped(names, intake["columns"]).values(), *Rules.of(intake).columns.values()}
    return [name for name in names if name not in used]


def _rows(scorer: Scorer, source: Path, as_of: date | None, watch: Watch) -> Incoming:
    """The customers of a file."""
    how = Format.of(scorer.manifest["parameters"]["01_eda"])
    table = _whole(source, how)
    total = int(table.count().execute())
    columns = match(table.columns, scorer.features, [CUSTOMER, scorer.id_column, AS_OF])
    if columns.lacking:
        listed = "; ".join(columns.lacking[:MOST_LISTED])
        raise ScoringError(
            f"{source.name} lacks columns without which no customer is scored: {listed}. "
            f"Bring or rename them. It has: {', '.join(table.columns[:12])}."
        )
    table = table.rename(columns.renamed)
    day = as_of or datetime.now().astimezone().date()
    answers = _scored(scorer, table, day, watch, scorer.reader.with_decimal(_decimal(table, scorer)))
    return Incoming(total, answers, columns.warnings, columns.unused)


def _whole(source: Path, how: Format) -> ibis.Table:
    """The table of a file of which every line is a customer."""
    try:
        opened = open_checked(source, how)
    except NoRowsError:
        raise ScoringError(f"{source.name} has column names but no rows: there is nobody to score.") from None
    if len(opened.malformed):
        lines = ", ".join(map(str, opened.malformed.line[:3]))
        raise ScoringError(
            f"{source.name} has {len(opened.malformed):,} lines with another number of cells than its names, such as "
            f"line {lines}: fix or remove them, so that no customer is missing from the answers."
        )
    return opened.table


def _decimal(table: ibis.Table, scorer: Scorer) -> str | None:
    """The decimal mark of a file's numbers, decided by all of them; None where they do not settle it."""
    names = [name for name in scorer.reader.numeric if name in table.columns]
    try:
        return decide(table, names).decimal if any(table[name].type().is_string() for name in names) else None
    except NumbersError:
        return None


def _scored(scorer: Scorer, table: ibis.Table, day: date, watch: Watch, reader: Reader) -> Iterator[pd.DataFrame]:
    """Answers in chunks, as of the days that the file itself names, else of `day`."""
    # not table.to_pyarrow_batches: ibis 12 calls for it what DuckDB has deprecated
    batches = table.get_backend().raw_sql(ibis.to_sql(table, dialect="duckdb")).to_arrow_reader(CHUNK)
    with ThreadPoolExecutor(WORKERS) as pool:
        yield from _in_order(pool, _parts(scorer, batches, day, watch, reader))


def _parts(
    scorer: Scorer, batches: Iterable[pa.RecordBatch], day: date, watch: Watch, reader: Reader
) -> Iterator[Callable[[], pd.DataFrame]]:
    """What is left to do for each part of a table once its rows are read, which happens in their order."""
    first = 0
    for batch in batches:
        rows = batch.to_pandas()
        rows = rows.set_axis(range(first, first + len(rows)))
        read = scorer.read(rows, watch, reader)
        yield partial(_answered, scorer, rows, read, _days(rows, day))
        first += len(rows)


def _answered(
    scorer: Scorer, rows: pd.DataFrame, read: tuple[pd.DataFrame, pd.Series], days: pd.Series
) -> pd.DataFrame:
    return scorer.answered(rows, *read).assign(as_of=days.to_numpy())


def _in_order(pool: ThreadPoolExecutor, parts: Iterable[Callable[[], pd.DataFrame]]) -> Iterator[pd.DataFrame]:
    """The answers of parts that are computed side by side, a few at a time, in the order of the parts."""
    waiting: deque[Future[pd.DataFrame]] = deque()
    for part in parts:
        waiting.append(pool.submit(part))
        if len(waiting) > WORKERS:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _days(rows: pd.DataFrame, day: date) -> pd.Series:
    """The day that each customer is described on."""
    if AS_OF not in rows:
        return pd.Series(day, rows.index, dtype=object)
    days = pd.to_datetime(rows[AS_OF], errors="coerce", format="ISO8601")
    return days.dt.date.astype(object).where(days.notna(), None)


@contextmanager
def _writer(path: Path, suffix: str) -> Iterator[Callable[[pd.DataFrame], object]]:
    """Writes tables of answers one after the other into one file."""
    if suffix == ".parquet":
        with pyarrow.parquet.ParquetWriter(path, SCHEMA) as file:
            yield lambda answers: file.write_table(pa.Table.from_pandas(answers, SCHEMA, preserve_index=False))
    else:
        with path.open("wb") as file:
            yield lambda answers: file.write(safe_csv(answers[SCHEMA.names], first=not file.tell()))
