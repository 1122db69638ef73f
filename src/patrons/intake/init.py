"""Writes the params file of a new data set: guesses from the file, with the reasons in comments."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from ibis import Table

from patrons.errors import PATRONS, SourceError
from patrons.files import write_text
from patrons.intake import dates, numbers, raw, suggest
from patrons.intake.attributes import NUMERICAL, as_text, describe
from patrons.intake.customers import read_frame
from patrons.intake.guess import Guess, Guesses, guess, labelled, prefix_of_cancellations
from patrons.intake.order_log import NUMBERS
from patrons.intake.orders import stray
from patrons.intake.questions import Ask, Question
from patrons.intake.reading import open_checked
from patrons.intake.roles import DECIMALS, Roles
from patrons.intake.sources import VARIABLE
from patrons.intake.vocabulary import ascii_text

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
LOOKED_AT = 20_000  # customers whose numbers tell the decimal mark, at most
MEANINGS = {
    "customer_id": "the customer",
    "ordered_at": "the day of the order",
    "amount": "the amount of a line",
    "label": "the one that says who churned",
}


@dataclass(frozen=True)
class Written:
    """What was written: the params file, what the data seems to be, questions without whose answer the series cannot
    run, and advice: what was decided that the user may know better.
    """

    path: Path
    description: str
    questions: tuple[str, ...]
    advice: tuple[str, ...] = ()


class ExistsError(SourceError):
    """A params file of that name is there already: `path`."""

    def __init__(self, message: str, path: Path):
        super().__init__(message)
        self.path = path


def init(file: Path, root: Path, name: str = "", force: bool = False, ask: Ask | None = None) -> Written:
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
    ask : callable, optional
        Puts a question to the user and returns the choice, empty for none; without it the params file has a line
        ``TO SETTLE`` for each question.
    """
    if not file.is_file():
        raise SourceError(f"There is no file {file}. Give the path of an order log or a customer table.")
    title = name.replace("_", " ").capitalize() if name else raw.title_of(file)
    name = ascii_text(name) or raw.name_of(file)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise SourceError(f"--name {name!r}: letters, digits, _ and - make a name, such as my_shop.")
    target = root / "params" / f"{name}.yaml"
    if target.exists() and not force:
        raise ExistsError(
            f"params/{target.name} exists already. Give another --name, or --force to overwrite it.", target
        )
    source = open_checked(file)
    guesses, place = _settled(source.table, guess(source.table), ask), raw.place_of(file, root)
    lines, questions, advice = (_log if guesses.kind == "log" else _table)(source.table, guesses, ask)
    head = _head(guesses, title, place, f"{file.name}: {source.description}")
    raw.bring(file, root, place)
    write_text(target, "\n".join([*head, *lines]) + "\n")
    kind = "an order log" if guesses.kind == "log" else "a customer table"
    columns = ", ".join(f"{ours} = {column.column}" for ours, column in guesses.columns.items())
    read = f" Sheets not read: {', '.join(source.left_out)}." if source.left_out else ""
    taken = f"{file.name} is taken for {kind}: {guesses.why}. {columns}.{read}"
    return Written(target, taken, tuple(questions), tuple(advice))


def bring(file: Path, root: Path) -> None:
    """Put a file where the series finds it, as `init` does."""
    raw.bring(file, root, raw.place_of(file, root))


def _settled(table: Table, guesses: Guesses, ask: Ask | None) -> Guesses:
    """The guesses with what the user says to what is missing."""
    if ask is None:
        return guesses
    for ours, some in guesses.missing.items():
        answer = ask(Question(_which(ours), {one.column: one.reason for one in some}))
        if answer and ours == "label":
            return labelled(table, answer)
        if answer:
            missing = {other: rest for other, rest in guesses.missing.items() if other != ours}
            guesses = replace(guesses, columns={**guesses.columns, ours: Guess(answer, "as you say")}, missing=missing)
    return guesses


def _which(ours: str) -> str:
    return f"Which column is {MEANINGS[ours]}?"


def _to_settle(guesses: Guesses, indent: str) -> tuple[list[str], list[str]]:
    """Lines for what is missing, and the questions."""
    lines, questions = [], []
    for ours, some in guesses.missing.items():
        listed = "; ".join(f"{one.column} ({one.reason})" for one in some)
        lines.append(f'{indent}{ours}: ""  # TO SETTLE: {_comment(_which(ours))} Candidates: {_comment(listed)}')
        questions.append(f"{_which(ours)} Write it behind {ours}. Candidates: {listed}.")
    return lines, questions


def _head(guesses: Guesses, title: str, place: str, description: str) -> list[str]:
    """The first lines of a params file: what it was written from, and where the source is."""
    log = guesses.kind == "log"
    return [
        "# yaml-language-server: $schema=schema.json",
        f"# Written by `{PATRONS} init` from {description}. Guesses, with reasons: correct them.",
        *([] if log else [f"kind: table  # {_comment(guesses.why)}"]),
        "01_eda:",
        f"  title: {_yaml(title)}",
        "  simulated: false",
        f"  source: {_yaml(place)}  # in data/raw, or in the folder that ${VARIABLE} names",
        *(['  customers: ""'] if log else []),
        f"  obtain: {_yaml(f'Put {Path(place).name} there.')}",
    ]


def _yaml(text: str) -> str:
    """A text as YAML writes it, in quotes where it needs them."""
    simple = re.fullmatch(r"[A-Za-z][\w ./-]*[\w.]|[A-Za-z]", text) and text.lower() not in RESERVED
    return text if simple else json.dumps(text, ensure_ascii=False)


def _log(table: Table, guesses: Guesses, ask: Ask | None) -> tuple[list[str], list[str], list[str]]:
    """The lines of a log's params file, the questions that are left, and advice."""
    guesses, crowded = _of_customers(table, guesses, ask)
    columns = {ours: guess.column for ours, guess in guesses.columns.items()}
    lines = ["  columns:  # our name: yours"]
    lines += [
        f"    {ours}: {_yaml(str(one.column))}  # {_comment(one.reason)}" for ours, one in guesses.columns.items()
    ]
    unsettled, questions = _to_settle(guesses, "    ")
    lines += [*(f"    # TO SETTLE: {_comment(question)}" for question in crowded), *unsettled]
    meaning, more = _meaning(table, columns, ask)
    suggested = suggest.of_columns(table, columns)
    absent = [name for name in ("order_id", "product_id", "country") if name not in columns]
    if absent:
        meaning.append(f"  # not found: {', '.join(absent)}; what depends on that is skipped")
    known = "[country]" if "country" in columns else "[]"
    return (
        [
            *lines,
            *meaning,
            *(suggested.currency or _currency(table, columns)),
            *_codes(table, columns),
            *suggested.lines,
            "02_transformation:",
            f"  attributes: {known}  # what models may know of a customer",
            *_days(table, columns),
        ],
        [*crowded, *questions, *more],
        suggested.questions,
    )


def _of_customers(table: Table, guesses: Guesses, ask: Ask | None) -> tuple[Guesses, list[str]]:
    """The guesses with what the user says where one id stands on most lines, and that question where it is left."""
    question = suggest.of_customers(table, guesses)
    if question is None:
        return guesses, []
    answer = ask(question) if ask else ""
    if not answer:
        return guesses, [question.text]
    return replace(guesses, columns={**guesses.columns, "customer_id": Guess(answer, "as you say")}), []


def _comment(reason: str) -> str:
    return " ".join(reason.split())


def _meaning(table: Table, columns: dict[str, str], ask: Ask | None) -> tuple[list[str], list[str]]:
    """Lines on dates and decimals: what was decided, or what the user has to say."""
    written, decimal, questions = "", "auto", []
    try:
        why = _comment(dates.decide(table[columns["ordered_at"]]).description) if "ordered_at" in columns else ""
    except dates.DatesError as error:
        written = ask(Question(str(error), error.choices)) if ask and error.choices else ""
        why = "as you say" if written else f"TO SETTLE: {_comment(str(error))}"
        questions += [] if written else [str(error)]
    try:
        marks = numbers.decide(table, [columns[name] for name in NUMBERS if name in columns])
        mark_why = f"{marks.decimal}, as the numbers of all rows tell"
    except SourceError as error:
        answer = ask(Question(str(error), {"point": "1,234.50", "comma": "1.234,50"})) if ask else ""
        decimal, mark_why = answer or "auto", "as you say" if answer else f"TO SETTLE: {_comment(str(error))}"
        questions += [] if answer else [str(error)]
    return [f"  date_format: {json.dumps(written)}  # {why}", f"  decimal: {decimal}  # {mark_why}"], questions


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
    reason = (
        "orders that begin with it have negative quantities"
        if prefix
        else "no letter marks them: negative lines are returns"
    )
    codes = []
    if "product_id" in columns:
        product = table[columns["product_id"]].cast("string")
        sold = set(table.filter(product.isin(NON_PRODUCTS)).select(p=product).distinct().to_pandas().p)
        codes = [code for code in NON_PRODUCTS if code in sold]
    return [
        f"  cancellation_prefix: {json.dumps(prefix)}  # {reason}",
        f"  non_products: {json.dumps(codes)}  # product codes of postage and fees: add yours",
        f"  duplicates: {suggest.of_repeats(table, columns)}",
    ]


def _days(table: Table, columns: dict[str, str]) -> list[str]:
    """A horizon that the log is long enough to test; typing errors such as the year 2099 do not count."""
    if "ordered_at" not in columns:
        return []
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


def _table(table: Table, guesses: Guesses, ask: Ask | None) -> tuple[list[str], list[str], list[str]]:
    """The lines of a customer table's params file, the questions that are left, and advice."""
    number = guesses.columns.get("id")
    if guesses.missing:
        lines, questions = _to_settle(guesses, "  ")
        column = _yaml(number.column) if number else '""'
        return [f"  id: {column}", *lines, '  positive: ""  # its value that means churned'], questions, []
    label = guesses.columns["label"]
    column, why = (_yaml(str(number.column)), number.reason) if number else ('""', "none was found")
    frame = table.to_pandas()
    decimal, thousands = _marks(frame)
    roles = Roles(str(number.column) if number else "", str(label.column), str(guesses.positive))
    roles = replace(roles, decimal=DECIMALS[decimal], thousands=thousands)
    inputs, questions, advice = _inputs(frame, roles)
    return (
        [
            f"  id: {column}  # {why}",
            f"  label: {_yaml(str(label.column))}  # {_comment(label.reason)}",
            f"  positive: {json.dumps(guesses.positive)}  # {guesses.share:.1%} of rows have it",
            f"  decimal: {decimal}  # more columns are numbers with it" if decimal != "point" else "  decimal: point",
            f"  thousands: {json.dumps(thousands)}",
            *suggest.of_pairs(inputs),
            "03_clustering_comparison:",
            f"  inputs: {json.dumps(inputs, ensure_ascii=False)}  # to look for groups in: keep what marketing acts on",
        ],
        questions,
        advice,
    )


def _inputs(frame: pd.DataFrame, roles: Roles) -> tuple[list[str], list[str], list[str]]:
    """The numbers, without dates where there are others; what has to be settled; and what looks made after the fact."""
    try:
        read = read_frame(frame, roles)
    except SourceError as error:
        return [], [str(error)], []
    leaks = read.columns[read.columns.reason.str.startswith("suspected leak")]
    numbers = [name for name in read.numerical if name not in read.dates.formats]
    advice = [
        f"{row.column} is left out ({row.reason}). If it was known before customers left, list it in `confirmed`."
        for row in leaks.itertuples()
    ]
    return numbers or read.numerical, [], advice


def _marks(frame: pd.DataFrame) -> tuple[str, str]:
    """The decimal mark and thousands sign with which most columns are numbers; the plain ones if none is better."""
    some = frame if len(frame) <= LOOKED_AT else frame.sample(LOOKED_AT, random_state=0)
    text = some.apply(as_text)
    ways = (("point", ""), ("comma", ""), ("comma", "."), ("point", ","))
    counts = {
        (decimal, thousands): int(
            describe(text, {}, Roles(decimal=DECIMALS[decimal], thousands=thousands).numbers).kind.eq(NUMERICAL).sum()
        )
        for decimal, thousands in ways
    }
    return max(counts, key=lambda way: counts[way])
