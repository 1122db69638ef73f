"""Writes the params file of a new data set: guesses from the file, with the reasons in comments."""

import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from ibis import Table

from patrons.errors import SourceError
from patrons.files import whole, write_text
from patrons.intake import dates, numbers, suggest
from patrons.intake.attributes import NUMERICAL, as_text, describe
from patrons.intake.customers import read_frame
from patrons.intake.guess import Guesses, guess, prefix_of_cancellations
from patrons.intake.order_log import NUMBERS
from patrons.intake.orders import stray
from patrons.intake.reading import open_checked
from patrons.intake.roles import DECIMALS, Roles
from patrons.intake.sources import VARIABLE

NON_PRODUCTS = (
    "POST",
    "POSTAGE",
    "DOT",
    "SHIPPING",
    "FEE",
    "DISCOUNT",
    "M",
    "D",
    "BANK CHARGES",
    "AMAZONFEE",
    "VERSAND",
)
SIGNS = {"€": "EUR", "£": "GBP", "$": "USD", "eur": "EUR", "gbp": "GBP", "usd": "USD", "dollar": "USD", "chf": "CHF"}
RESERVED = ("yes", "no", "true", "false", "null", "y", "n", "on", "off")  # words that YAML reads as values
UNKNOWN = "XXX"  # ISO 4217: no currency


@dataclass(frozen=True)
class Written:
    """What was written: the params file, what the data seems to be, and the questions that the user has to settle."""

    path: Path
    description: str
    questions: tuple[str, ...]


def init(file: Path, root: Path, name: str = "", force: bool = False) -> Written:
    """Look at a file, write ``params/<name>.yaml`` for it, and put the file where the series finds it.

    Parameters
    ----------
    file : Path
        An order log or a customer table.
    root : Path
        Of the project.
    name : str
        Of the params file; from the file's name where it is empty.
    force : bool
        Whether a params file of that name may be overwritten.
    """
    if not file.is_file():
        raise SourceError(f"There is no file {file}. Give the path of an order log or a customer table.")
    name = name or re.sub(r"[^a-z0-9]+", "_", file.name.split(".")[0].lower()).strip("_") or "mine"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise SourceError(f"--name {name!r}: letters, digits, _ and - make a name, such as my_shop.")
    target = root / "params" / f"{name}.yaml"
    if target.exists() and not force:
        raise SourceError(f"params/{target.name} exists already. Give another --name, or --force to overwrite it.")
    source = open_checked(file)
    guesses, place = guess(source.table), _place(file, root)
    lines, questions = (_log if guesses.kind == "log" else _table)(source.table, guesses)
    head = _head(guesses, name, place, f"{file.name}: {source.description}")
    _bring(file, root, place)
    write_text(target, "\n".join([*head, *lines]) + "\n")
    kind = "an order log" if guesses.kind == "log" else "a customer table"
    columns = ", ".join(f"{ours} = {column.column}" for ours, column in guesses.columns.items())
    return Written(target, f"{file.name} is taken for {kind}: {guesses.why}. {columns}.", tuple(questions))


def _head(guesses: Guesses, name: str, place: str, description: str) -> list[str]:
    """The first lines of a params file: what it was written from, and where the source is."""
    log = guesses.kind == "log"
    return [
        "# yaml-language-server: $schema=schema.json",
        f"# Written by `patrons init` from {description}. Guesses, with reasons: correct them.",
        *([] if log else [f"kind: table  # {_comment(guesses.why)}"]),
        "01_eda:",
        f"  title: {_yaml(name.replace('_', ' ').capitalize())}",
        "  simulated: false",
        f"  source: {_yaml(place)}  # in data/raw, or in the folder that ${VARIABLE} names",
        *(['  customers: ""'] if log else []),
        f"  obtain: {_yaml(f'Put {Path(place).name} there.')}",
    ]


def _yaml(text: str) -> str:
    """A text as YAML writes it, in quotes where it needs them."""
    simple = re.fullmatch(r"[A-Za-z][\w ./-]*[\w.]|[A-Za-z]", text) and text.lower() not in RESERVED
    return text if simple else json.dumps(text, ensure_ascii=False)


def _place(file: Path, root: Path) -> str:
    """How the series will name the file: from data/raw or the user's folder where it is in one, else its own name."""
    folders = [root / "data" / "raw", *([Path(os.environ[VARIABLE])] if os.environ.get(VARIABLE) else [])]
    for folder in folders:
        if file.resolve().is_relative_to(folder.resolve()):
            return file.resolve().relative_to(folder.resolve()).as_posix()
    return file.name


def _bring(file: Path, root: Path, place: str) -> None:
    """Copy a file that lies elsewhere into data/raw; one of that name with other content stays."""
    target, folder = root / "data" / "raw" / place, os.environ.get(VARIABLE)
    if target.exists():
        if target.samefile(file) or _same_content(target, file):
            return
        raise SourceError(f"data/raw/{place} exists already, with other content. Rename one of the two.")
    if folder and (Path(folder) / place).exists():
        return
    with whole(target) as partial, file.open("rb") as read, partial.open("wb") as written:
        while chunk := read.read(1 << 22):
            written.write(chunk)


def _same_content(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()


def _log(table: Table, guesses: Guesses) -> tuple[list[str], list[str]]:
    """The lines of a log's params file, and the questions that are left."""
    columns = {ours: guess.column for ours, guess in guesses.columns.items()}
    lines = ["  columns:  # our name: yours"]
    lines += [
        f"    {ours}: {_yaml(str(one.column))}  # {_comment(one.reason)}" for ours, one in guesses.columns.items()
    ]
    meaning, questions = _meaning(table, columns)
    suggested = suggest.of_columns(table, columns)
    absent = [name for name in ("order_id", "product_id", "country") if name not in columns]
    if absent:
        meaning.append(f"  # not found: {', '.join(absent)}; what depends on that is skipped")
    known = "[country]" if "country" in columns else "[]"
    return [
        *lines,
        *meaning,
        *(suggested.currency or _currency(table, columns)),
        *_codes(table, columns),
        *suggested.lines,
        "02_transformation:",
        f"  attributes: {known}  # what models may know of a customer",
        *_days(table, columns),
    ], [*questions, *suggested.questions]


def _comment(reason: str) -> str:
    return " ".join(reason.split())


def _meaning(table: Table, columns: dict[str, str]) -> tuple[list[str], list[str]]:
    """Lines on dates and decimals: what was decided, or what the user has to say."""
    lines, questions = [], []
    try:
        decided = dates.decide(table[columns["ordered_at"]])
        lines.append(f'  date_format: ""  # {_comment(decided.description)}')
    except SourceError as error:
        lines.append(f'  date_format: ""  # TO SETTLE: {_comment(str(error))}')
        questions.append(str(error))
    try:
        written = numbers.decide(table, [columns[name] for name in NUMBERS if name in columns])
        lines.append(f"  decimal: auto  # {written.decimal}, as the numbers of all rows tell")
    except SourceError as error:
        lines.append(f"  decimal: auto  # TO SETTLE: {_comment(str(error))}")
        questions.append(str(error))
    return lines, questions


def _currency(table: Table, columns: dict[str, str]) -> list[str]:
    money = [columns[name] for name in ("amount", "unit_price") if name in columns]
    texts = [str(value) for name in money for value in [name, *table[name].as_table().limit(50).to_pandas()[name]]]
    sign = next((sign for sign in SIGNS if any(sign in text.lower() for text in texts)), "")
    reason = f"{sign} is written in it" if sign else "not known: write the ISO code of yours"
    return [f"  currency: {SIGNS.get(sign, UNKNOWN)}  # {reason}"]


def _codes(table: Table, columns: dict[str, str]) -> list[str]:
    prefix = ""
    if {"order_id", "quantity"} <= set(columns):
        prefix = prefix_of_cancellations(table, columns["order_id"], columns["quantity"])
    reason = "orders that begin with it have negative quantities" if prefix else "no letter marks cancellations"
    codes = []
    if "product_id" in columns:
        product = table[columns["product_id"]].cast("string")
        sold = set(table.filter(product.isin(NON_PRODUCTS)).select(p=product).distinct().to_pandas().p)
        codes = [code for code in NON_PRODUCTS if code in sold]
    return [
        f"  cancellation_prefix: {json.dumps(prefix)}  # {reason}",
        f"  non_products: {json.dumps(codes)}  # product codes of postage and fees: add yours",
        f"  duplicates: {'quarantine' if 'order_id' in columns else 'keep'}  # of exactly equal lines"
        + ("" if "order_id" in columns else "; without an order number they may be two purchases"),
    ]


def _days(table: Table, columns: dict[str, str]) -> list[str]:
    """A horizon that the log is long enough to test; typing errors such as the year 2099 do not count."""
    when = table[columns["ordered_at"]]
    try:
        times = dates.decide(when).read(when)
    except SourceError:
        return []
    dated = table.select(ordered_at=times)
    usual = dated.filter(~stray(dated)).ordered_at
    ends = usual.as_table().agg(first=usual.min(), last=usual.max()).to_pandas().iloc[0]
    if ends.isna().any():
        return []
    return suggest.of_days((ends["last"].date() - ends["first"].date()).days + 1)


def _table(table: Table, guesses: Guesses) -> tuple[list[str], list[str]]:
    """The lines of a customer table's params file, and the questions that are left."""
    label = guesses.columns["label"]
    number = guesses.columns.get("id")
    column, why = (_yaml(str(number.column)), number.reason) if number else ('""', "none was found")
    frame = table.to_pandas()
    decimal, thousands = _marks(frame)
    roles = Roles(str(number.column) if number else "", str(label.column), str(guesses.positive))
    roles = replace(roles, decimal=DECIMALS[decimal], thousands=thousands)
    inputs, questions = _inputs(frame, roles)
    return [
        f"  id: {column}  # {why}",
        f"  label: {_yaml(str(label.column))}  # {_comment(label.reason)}",
        f"  positive: {json.dumps(guesses.positive)}  # {guesses.share:.1%} of rows have it",
        f"  decimal: {decimal}  # more columns are numbers with it" if decimal != "point" else "  decimal: point",
        f"  thousands: {json.dumps(thousands)}",
        "03_clustering_comparison:",
        f"  inputs: {json.dumps(inputs, ensure_ascii=False)}  # to look for groups in: keep what marketing acts on",
    ], questions


def _inputs(frame: pd.DataFrame, roles: Roles) -> tuple[list[str], list[str]]:
    """The numerical attributes, and what has to be settled: columns that look as if made after the fact."""
    try:
        read = read_frame(frame, roles)
    except SourceError as error:
        return [], [str(error)]
    leaks = read.columns[read.columns.reason.str.startswith("suspected leak")]
    return read.numerical, [
        f"{row.column} is left out ({row.reason}). If it was known before customers left, list it in `confirmed`."
        for row in leaks.itertuples()
    ]


def _marks(frame: pd.DataFrame) -> tuple[str, str]:
    """The decimal mark and thousands sign with which most columns are numbers; the plain ones if none is better."""
    text = frame.head(20_000).apply(as_text)
    ways = (("point", ""), ("comma", ""), ("comma", "."), ("point", ","))
    counts = {
        (decimal, thousands): int(
            describe(text, {}, Roles(decimal=DECIMALS[decimal], thousands=thousands).numbers).kind.eq(NUMERICAL).sum()
        )
        for decimal, thousands in ways
    }
    return max(counts, key=lambda way: counts[way])
