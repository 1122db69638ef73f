"""The lines of a customer table's params file: guesses, with reasons."""

import json
from dataclasses import replace

import pandas as pd
from ibis import Table

from patrons.errors import SourceError
from patrons.intake import suggest
from patrons.intake.attributes import NUMERICAL, as_text, describe
from patrons.intake.customers import read_frame
from patrons.intake.guess import Guesses
from patrons.intake.params_text import comment, to_settle, yaml
from patrons.intake.questions import Ask
from patrons.intake.roles import DECIMALS, Roles

LOOKED_AT = 20_000  # customers whose numbers tell the decimal mark, at most


def lines(table: Table, guesses: Guesses, ask: Ask | None) -> tuple[list[str], list[str], list[str]]:
    """The lines of a customer table's params file, the questions that are left, and advice."""
    number = guesses.columns.get("id")
    if guesses.missing:
        unsettled, questions = to_settle(guesses, "  ")
        column = yaml(number.column) if number else '""'
        return [f"  id: {column}", *unsettled, '  positive: ""  # its value that means churned'], questions, []
    label = guesses.columns["label"]
    column, why = (yaml(str(number.column)), number.reason) if number else ('""', "none was found")
    frame = table.to_pandas()
    decimal, thousands = _marks(frame)
    roles = Roles(str(number.column) if number else "", str(label.column), str(guesses.positive))
    roles = replace(roles, decimal=DECIMALS[decimal], thousands=thousands)
    inputs, questions, advice = _inputs(frame, roles)
    return (
        [
            f"  id: {column}  # {why}",
            f"  label: {yaml(str(label.column))}  # {comment(label.reason)}",
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
