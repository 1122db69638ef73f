"""Files in, scored files out: customers are scored in chunks; DuckDB reduces an order log to customers first."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from patrons.files import whole
from patrons.intake.reading import Format, column_names, open_source
from patrons.scoring.scorer import COLUMNS, ORDERS, Scorer, ScoringError

CHUNK = 5_000  # customers whose answers are in memory at a time
SEPARATOR = " | "  # between the names of a set in a CSV file
ARROW = {"str": pa.string(), "Int64": pa.int64(), "float64": pa.float64(), "boolean": pa.bool_()}
SCHEMA = pa.schema([(name, ARROW.get(kind, pa.list_(pa.string()))) for name, kind in COLUMNS.items()])


class Scored(NamedTuple):
    """The outcome for a file."""

    customers: int
    errors: int
    seconds: float
    orders: bool  # whether the file held raw orders


def score_file(
    scorer: Scorer,
    source: Path,
    target: Path,
    as_of: date | None = None,
    customers: Path | None = None,
    report: Callable[[int, int | None], object] = lambda done, total: None,
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
    """
    start = time.monotonic()
    if target.suffix not in (".parquet", ".csv"):
        raise ScoringError(f"{target.name}: the output is a .parquet or .csv file.")
    is_log = holds_orders(scorer, source)
    done = errors = 0
    if is_log:
        report(0, None)
    total, parts = _orders(scorer, source, as_of, customers) if is_log else _rows(scorer, source)
    report(0, total)
    with whole(target) as partial, _writer(partial, target.suffix) as write:
        for answers in parts:
            write(answers)
            done, errors = done + len(answers), errors + int(answers.error.notna().sum())
            report(done, total)
    return Scored(done, errors, time.monotonic() - start, is_log)


def holds_orders(scorer: Scorer, source: Path) -> bool:
    """Whether a file holds order lines rather than customers, judged by its columns."""
    intake, name = scorer.manifest["parameters"]["01_eda"], scorer.manifest["name"]
    columns = set(column_names(source, Format.of(intake)))
    if set(map(str, scorer.models["clusterer"].feature_names_in_)) <= columns:
        return False
    if scorer.manifest["kind"] == ORDERS and intake["columns"].get("ordered_at", "ordered_at") in columns:
        return True
    features = sorted({feature.name for feature in scorer.features})
    missing = [name for name in features if name not in columns]
    if len(missing) == len(features) or scorer.manifest["kind"] == ORDERS:
        raise ScoringError(
            f"{source.name} holds neither customers nor orders such as {name} was trained on: it lacks {len(missing)} "
            f"of {len(features)} features, such as {', '.join(missing[:5])}. It has: {', '.join(sorted(columns)[:12])}."
        )
    return False


def _orders(
    scorer: Scorer, source: Path, as_of: date | None, customers: Path | None
) -> tuple[int, Iterator[pd.DataFrame]]:
    """The number of customers in an order log, and their answers; those without features come last."""
    table, left_over = scorer.described(source, as_of, customers)
    parts = [(start, left_over.head(0)) for start in range(0, len(table), CHUNK)] + [(len(table), left_over)]
    answers = (scorer.score_described(table[start : start + CHUNK], refused) for start, refused in parts)
    return len(table) + len(left_over), answers


def _rows(scorer: Scorer, source: Path) -> tuple[int, Iterator[pd.DataFrame]]:
    """The number of customers in a file, and their answers."""
    table = open_source(source, Format.of(scorer.manifest["parameters"]["01_eda"])).table
    return int(table.count().execute()), _scored(scorer, table)


def _scored(scorer: Scorer, table: ibis.Table) -> Iterator[pd.DataFrame]:
    # not table.to_pyarrow_batches: ibis 12 calls for it what DuckDB has deprecated
    batches = table.get_backend().raw_sql(ibis.to_sql(table, dialect="duckdb")).to_arrow_reader(CHUNK)
    first = 0
    for batch in batches:
        rows = batch.to_pandas()
        yield scorer.score_rows(rows.set_axis(range(first, first + len(rows))))
        first += len(rows)


@contextmanager
def _writer(path: Path, suffix: str) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Writes tables of answers one after the other into one file."""
    if suffix == ".parquet":
        with pyarrow.parquet.ParquetWriter(path, SCHEMA) as file:
            yield lambda answers: file.write_table(pa.Table.from_pandas(answers, SCHEMA, preserve_index=False))
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield lambda answers: _with_text_sets(answers).to_csv(file, index=False, header=not file.tell())


def _with_text_sets(answers: pd.DataFrame) -> pd.DataFrame:
    """Answers whose sets of segments are text."""
    sets = answers.segment_set.map(lambda names: SEPARATOR.join(names) if isinstance(names, list) else None)
    return answers.assign(segment_set=sets)
