"""The source of a series: where it is, whether it has the columns that the parameters name, and its digest."""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet
from openpyxl import load_workbook

from patrons.files import digest
from patrons.params import nearest

VARIABLE = "PATRONS_DATA"
REQUIRED = ("customer_id", "order_id", "product_id", "ordered_at", "quantity", "unit_price")
OPTIONAL = ("description", "country")


class SourceError(ValueError):
    """A source that is not there or is not as the parameters say."""


def find_source(source: str, raw_folder: str | Path, obtain: str = "") -> Path:
    """The file, looked for in `raw_folder` (``data/raw``) and then in the folder that $PATRONS_DATA names.

    Parameters
    ----------
    source : str
        File name, or path inside those folders.
    raw_folder : str or Path
    obtain : str
        What to download or run when it is missing; part of the error.
    """
    if not source or Path(source).is_absolute() or ".." in Path(source).parts:
        raise SourceError(f"source: {source!r} is not a file name. Put the file into data/raw and name it from there.")
    elsewhere = os.environ.get(VARIABLE)
    for folder in (raw_folder, *([elsewhere] if elsewhere else [])):
        if (Path(folder) / source).is_file():
            return (Path(folder) / source).resolve()
    places = f"in {VARIABLE} ({elsewhere})" if elsewhere else f"under ${VARIABLE} (not set)"
    raise SourceError(
        f"The source {source} is neither in data/raw nor {places}. "
        f"{obtain.strip().rstrip('.') or 'Obtain it'}. It belongs at data/raw/{source}."
    )


def column_names(path: Path) -> list[str]:
    """The columns of a Parquet, CSV (gzip too) or XLSX file, without reading its rows."""
    kind = next((ending for ending in (".parquet", ".xlsx", ".csv", ".csv.gz") if path.name.endswith(ending)), None)
    if kind is None:
        raise SourceError(f"{path.name} is of no kind that is read: .parquet, .csv, .csv.gz or .xlsx.")
    try:
        if kind == ".parquet":
            return pyarrow.parquet.read_schema(path).names
        return _xlsx_header(path) if kind == ".xlsx" else duckdb.read_csv(path, all_varchar=True).columns
    except Exception as error:  # each library has its own
        raise SourceError(f"{path.name} cannot be read as {kind}: {error}") from None


def _xlsx_header(path: Path) -> list[str]:
    rows = load_workbook(path, read_only=True).worksheets[0].iter_rows(max_row=1, values_only=True)
    return [str(name) for name in next(rows, ())]


def check_columns(path: Path, columns: Mapping[str, str]) -> None:
    """Refuse a source without one of the columns that are needed or that `columns` names, or an unknown name of ours.

    Parameters
    ----------
    path : Path
    columns : dict
        Our names to the source's; one of ours that is not in it has the same name in the source.
    """
    there = column_names(path)
    wanted = {**dict(zip(REQUIRED, REQUIRED, strict=True)), **columns}
    problems = [f"{ours!r} is no name of ours; {nearest(ours, REQUIRED + OPTIONAL)}" for ours in _unknown(columns)]
    problems += [
        f"our {ours} is {theirs!r}, which {path.name} does not have; {nearest(theirs, there)}"
        for ours, theirs in wanted.items()
        if theirs not in there
    ]
    if problems:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        raise SourceError(
            f"{path.name} does not have the columns that are needed:{listed}\n"
            f"It has: {', '.join(there)}. Say in `columns` of the params file which is which, our name: its name."
        )


def _unknown(columns: Mapping[str, str]) -> list[str]:
    return [ours for ours in columns if ours not in REQUIRED + OPTIONAL]


def check_attributes(tables: Sequence[Path], attributes: Iterable[str]) -> None:
    """Refuse a customer table without `customer_id`, and attributes that neither it nor the log has."""
    there = [name for path in tables for name in column_names(path)]
    if tables and "customer_id" not in there:
        raise SourceError(
            f"{tables[0].name} has no column customer_id, only {', '.join(there)}. Rename the one that is."
        )
    known = ["country", *(name for name in there if name not in ("country", "customer_id"))]
    unknown = [name for name in attributes if name not in known]
    if unknown:
        listed = "".join(f"\n  - {name!r}; {nearest(name, known)}" for name in unknown)
        raise SourceError(f"`attributes` names what is not known of customers:{listed}\nCorrect it, or set it to [].")


def check_table(path: Path, named: Mapping[str, Any], parameters: Sequence[Mapping[str, Any]]) -> str:
    """Refuse a customer table that cannot be used as the parameters say, and return its digest."""
    from patrons import customers  # slow to import, and needed by such tables only

    try:
        uses = {name: one[name] for name in ("inputs", "money") for one in parameters if name in one}
        customers.check(path, named, **uses)
    except customers.CustomersError as error:
        raise SourceError(f"{path.name}: {error}") from None
    return digest_of([path])


def digest_of(files: Iterable[Path]) -> str:
    """SHA-256 of a file; of several, that of their digests one after the other."""
    digests = [digest(file) for file in files]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def check(parameters: Sequence[Mapping[str, Any]], raw_folder: Path) -> str | None:
    """Find the source that one of the notebooks' parameters names, check its columns, and return its digest.

    None when none of them reads a source.
    """
    named = next((one for one in parameters if "source" in one), None)
    if named is None:
        return None
    files = [find_source(named["source"], raw_folder, named.get("obtain", ""))]
    if "label" in named:
        return check_table(files[0], named, parameters)
    if named.get("customers"):
        files.append(find_source(named["customers"], raw_folder, named.get("obtain", "")))
    check_columns(files[0], named.get("columns", {}))
    check_attributes(files[1:], next((one["attributes"] for one in parameters if "attributes" in one), []))
    return digest_of(files)
