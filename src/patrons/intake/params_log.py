"""The lines of an order log's params file: guesses, with reasons."""

import json
from dataclasses import replace

from ibis import Table

from patrons.errors import SourceError
from patrons.intake import dates, numbers, suggest
from patrons.intake.guess import Guess, Guesses, prefix_of_cancellations
from patrons.intake.order_log import NUMBERS
from patrons.intake.orders import stray
from patrons.intake.params_text import comment, to_settle, yaml
from patrons.intake.questions import Ask, Question

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
UNKNOWN = "XXX"  # ISO 4217: no currency


def lines(table: Table, guesses: Guesses, ask: Ask | None) -> tuple[list[str], list[str], list[str]]:
    """The lines of a log's params file, the questions that are left, and advice."""
    guesses, crowded = _of_customers(table, guesses, ask)
    columns = {ours: guess.column for ours, guess in guesses.columns.items()}
    named = ["  columns:  # our name: yours"]
    named += [f"    {ours}: {yaml(str(one.column))}  # {comment(one.reason)}" for ours, one in guesses.columns.items()]
    unsettled, questions = to_settle(guesses, "    ")
    named += [*(f"    # TO SETTLE: {comment(question)}" for question in crowded), *unsettled]
    meaning, more = _meaning(table, columns, ask)
    suggested = suggest.of_columns(table, columns)
    absent = [name for name in ("order_id", "product_id", "country") if name not in columns]
    if absent:
        meaning.append(f"  # not found: {', '.join(absent)}; what depends on that is skipped")
    known = "[country]" if "country" in columns else "[]"
    return (
        [
            *named,
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


def _meaning(table: Table, columns: dict[str, str], ask: Ask | None) -> tuple[list[str], list[str]]:
    """Lines on dates and decimals: what was decided, or what the user has to say."""
    written, decimal, questions = "", "auto", []
    try:
        why = comment(dates.decide(table[columns["ordered_at"]]).description) if "ordered_at" in columns else ""
    except dates.DatesError as error:
        written = ask(Question(str(error), error.choices)) if ask and error.choices else ""
        why = "as you say" if written else f"TO SETTLE: {comment(str(error))}"
        questions += [] if written else [str(error)]
    try:
        marks = numbers.decide(table, [columns[name] for name in NUMBERS if name in columns])
        mark_why = f"{marks.decimal}, as the numbers of all rows tell"
    except SourceError as error:
        answer = ask(Question(str(error), {"point": "1,234.50", "comma": "1.234,50"})) if ask else ""
        decimal, mark_why = answer or "auto", "as you say" if answer else f"TO SETTLE: {comment(str(error))}"
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
