"""The source of a series: where it is, whether it can be used as the parameters say, and its digest."""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from patrons.engine import Engine
from patrons.errors import SourceError, nearest
from patrons.files import digest
from patrons.intake.folders import files_of

VARIABLE = "PATRONS_DATA"
DEMO = "demo/orders.parquet"  # the one source that the project makes up itself


def find_source(source: str, raw_folder: str | Path, obtain: str = "", folders: bool = False) -> Path:
    """The file, or with `folders` the folder, looked for in `raw_folder` (``data/raw``) and then in $PATRONS_DATA.

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
        if (Path(folder) / source).is_file() or (folders and (Path(folder) / source).is_dir()):
            return Path(folder).resolve() / source  # by its name here, though it may be a link to another
    places = f"in {VARIABLE} ({elsewhere})" if elsewhere else f"under ${VARIABLE} (not set)"
    raise SourceError(
        f"The source {source} is neither in data/raw nor {places}. "
        f"{obtain.strip().rstrip('.') or 'Obtain it'}. It belongs at data/raw/{source}."
    )


def check_attributes(tables: Sequence[Path], attributes: Iterable[str], country: bool = True) -> None:
    """Refuse a customer table without `customer_id`, and attributes that neither it nor the log has.

    Parameters
    ----------
    tables : sequence of Path
        The customer table, where there is one.
    attributes : iterable of str
        What models may know of a customer.
    country : bool
        Whether the log has one.
    """
    from patrons.intake.roster import read_attributes  # as the notebook reads it

    columns = [str(name) for path in tables for name in read_attributes(path)]
    known = ["country"] * country + [name for name in columns if name not in ("country", "customer_id")]
    known += ["country"] * ("country" in columns and not country)
    unknown = [name for name in attributes if name not in known]
    if unknown:
        listed = "".join(f"\n  - {name!r}; {nearest(name, known)}" for name in unknown)
        raise SourceError(f"`attributes` names what is not known of customers:{listed}\nCorrect it, or set it to [].")


def check_table(path: Path, named: Mapping[str, Any], parameters: Sequence[Mapping[str, Any]]) -> str:
    """Refuse a customer table that cannot be used as the parameters say, and return its digest."""
    from patrons.intake import customers  # slow to import, and needed by such tables only

    uses = {name: stated[name] for name in ("inputs", "money") for stated in parameters if name in stated}
    customers.check(path, named, **uses)
    return digest_of([path])


def check_log(
    path: Path, named: Mapping[str, Any], needed_days: int = 0, folder: Path | None = None
) -> tuple[str, ...]:
    """Read a log as 01_eda will, enforce the limits, and return what is absent from it.

    Parameters
    ----------
    path : Path
    named : dict
        The parameters of 01_eda.
    needed_days : int
        Days of log that later notebooks need.
    folder : Path, optional
        Where judged lines are left for 01_eda (see `judging`).
    """
    from patrons.intake import folders, judging, order_log, quality, reading
    from patrons.intake.rules import Rules

    engine = Engine.of(named)
    if engine.spreads:  # reading it takes a cluster: 01 does, before it writes anything
        engine.check()
        names = folders.column_names(path, reading.Format.of(named))
        columns = named.get("columns", {})
        order_log.check_columns(path.name, names, columns, Rules.of(named))
        return order_log.absent(order_log.mapped(names, columns))
    how = judging.How.of(named)
    log, cancelled = judging.leave(path, how, folder) if folder else judging.judge(path, how)
    quality.enforce(log.lines, quality.Limits.of(named), needed_days, cancelled)
    return log.absent


def digest_of(files: Iterable[Path]) -> str:
    """SHA-256 of a file; of several, that of their digests one after the other.

    Of a folder, which may be too large to read for it, that of its files' names, sizes and times of change.
    """
    digests = [digest(file) if file.is_file() else _listed(file) for file in files]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _listed(folder: Path) -> str:
    """SHA-256 of what a folder's files are called, how large they are and when they were changed."""
    files = [(file.relative_to(folder).as_posix(), file.stat()) for file in files_of(folder)]
    return hashlib.sha256(repr([(name, at.st_size, at.st_mtime_ns) for name, at in files]).encode()).hexdigest()


def check(parameters: Sequence[Mapping[str, Any]], raw_folder: Path, folder: Path | None = None) -> str | None:
    """Find and check the source that one of the notebooks' parameters names, and return its digest.

    None when none of them reads a source. SourceError lists every problem.

    Parameters
    ----------
    parameters : sequence of dict
    raw_folder : Path
    folder : Path, optional
        Where the judged lines of a log are left for the notebook that reads it.
    """
    named, files = _found(parameters, raw_folder)
    if not files:
        return None
    if "label" in named:
        return check_table(files[0], named, parameters)
    _check_files(files, named, parameters, folder)
    return digest_of(files)


def identify(parameters: Sequence[Mapping[str, Any]], raw_folder: Path) -> str | None:
    """The digest that `check` would return, without looking into the files."""
    _, files = _found(parameters, raw_folder)
    return digest_of(files) if files else None


def _found(parameters: Sequence[Mapping[str, Any]], raw_folder: Path) -> tuple[Mapping[str, Any], list[Path]]:
    """The parameters that name a source, and its files: one, and the table of customers where a log has one."""
    named = next((stated for stated in parameters if "source" in stated), {})
    names = [named["source"]] if named else []
    names += [named["customers"]] if "label" not in named and named.get("customers") else []
    folders = Engine.of(named).spreads
    return named, [find_source(name, raw_folder, named.get("obtain", ""), folders) for name in names]


def _check_files(
    files: Sequence[Path],
    named: Mapping[str, Any],
    parameters: Sequence[Mapping[str, Any]],
    folder: Path | None,
) -> None:
    attributes: Sequence[str] = next((stated["attributes"] for stated in parameters if "attributes" in stated), [])
    forecast = next((stated for stated in parameters if {"horizon_days", "min_history_days"} <= set(stated)), {})
    needed = forecast.get("horizon_days", 0) + forecast.get("min_history_days", 0)
    problems: list[str] = []
    absent: tuple[str, ...] = ()
    try:
        absent = check_log(files[0], named, needed, folder)
    except SourceError as error:
        problems.append(str(error))
    try:
        check_attributes(files[1:], attributes, "country" not in absent)
    except SourceError as error:
        problems.append(str(error))
    if problems:
        raise SourceError("\n".join(problems))
