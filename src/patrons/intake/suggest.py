"""What `patrons init` writes of columns that nothing is made of, and of days: rules, questions, a horizon."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import ibis
import pandas as pd
from ibis import Table

from patrons.errors import OrdersError
from patrons.intake import candidates, identities, rules, unused
from patrons.intake.attributes import snake
from patrons.intake.guess import ROWS, Guesses
from patrons.intake.questions import Question

ENOUGH = 3  # columns that are none of a purchase and vary, from which equal lines are one line twice
HORIZON, STEP, HISTORY = 90, 30, 90  # the notebooks' defaults, days
SHORTER = (90, 75, 60, 50, 45, 40, 35, 30, 28, 25, 21, 18, 14, 10, 7)  # horizons, days
SHORTEST = 7  # of each of the three, days
VALIDATED = 2  # days on which models are validated, at least


AMOUNTS = frozenset(  # words of what adds up with the time or the number of something
    ("total", "charges", "charge", "spend", "spent", "amount", "revenue", "balance", "minutes", "seconds", "calls")
)
RATES = frozenset(("monthly", "daily", "yearly", "annual", "average", "avg", "mean", "per"))  # no longer add up
COUNTS = frozenset(("tenure", "months", "years", "length", "products", "orders", "visits", "contracts", "accounts"))
MOST_PAIRS = 3


class Suggested(NamedTuple):
    """Lines of a params file, those of them on the currency, and questions that the user has to settle."""

    lines: list[str]
    currency: list[str]
    questions: list[str]


def of_columns(table: Table, columns: Mapping[str, str]) -> Suggested:
    """Rules for columns that change what a line means, and a comment for each that nothing is made of.

    Parameters
    ----------
    table : Table
        The source.
    columns : dict
        Our names to the source's.
    """
    left = unused.describe(table, columns.values())
    keep, questions = _keep(left)
    refunds = left.column[left.meaning == unused.REFUNDS]
    currency, more = _currency(left)
    lines = [f"  keep: {json.dumps(keep, ensure_ascii=False)}  # values with which a line counts"] if keep else []
    lines += [f"  refunds: {json.dumps(name, ensure_ascii=False)}  # taken from the amounts" for name in refunds[:1]]
    lines += _continued(table, columns)
    named = {*keep, *refunds[:1], *(left.column[left.meaning == unused.CURRENCY] if currency else [])}
    rows = zip(left.column, left["values"], left.different, strict=True)
    lines += [f"  # not used: {name} ({_held(few, different)})" for name, few, different in rows if name not in named]
    return Suggested(lines, currency, questions + more)


def of_customers(table: Table, guesses: Guesses) -> Question | None:
    """What to ask where one id stands on most lines; None where none does.

    Parameters
    ----------
    table : Table
    guesses : Guesses
        Of an order log.
    """
    if "customer_id" not in guesses.columns:
        return None
    column = guesses.columns["customer_id"].column
    number, share = identities.on_most_lines(table[column])
    if not number:
        return None
    sample = table.limit(ROWS).to_pandas().set_axis([str(name) for name in table.columns], axis="columns")
    taken = [one.column for one in guesses.columns.values()]
    others = {one.column: one.reason for one in candidates.rank("customer_id", sample.drop(columns=taken))}
    told = "It is taken for a lack of a customer" if identities.is_nobody(number) else "It is taken for one customer"
    text = (
        f"“{number}” stands on {share:.0%} of the lines as {column}. {told}: is that right, or is another column the "
        f"customer? {'Others that may be: ' + ', '.join(others) if others else 'No other column may be'}."
    )
    return Question(text, {column: "it stays", **others})


def _held(values: Mapping[str, float], different: int) -> str:
    return " ".join(unused.listed(dict(values)).split()) if values else f"{different:,} different"


def _keep(left: pd.DataFrame) -> tuple[dict[str, list[str]], list[str]]:
    """The values to keep by column, and questions on columns of which no value is known."""
    refunds = left.meaning.eq(unused.REFUNDS).any()
    keep: dict[str, list[str]] = {}
    questions = []
    for _, row in left[left.meaning.isin([unused.STATUS, unused.CANCELLED, unused.TYPE])].iterrows():
        counting = _counting(row.meaning, dict(row["values"]), bool(refunds))
        if counting and set(counting) != set(row["values"]):
            keep[row.column] = counting
        else:
            questions += unused.questions(left[left.column == row.column])
    return keep, questions


def _counting(meaning: str, values: dict[str, float], refunds: bool) -> list[str]:
    """The values with which a line counts; "" alone where any value says that it was taken back."""
    if meaning == unused.CANCELLED:
        flags = bool(values) and all(value.lower() in unused.FLAGS for value in values)
        return [value for value in values if value.lower() in unused.NO] if flags else [""]
    bad = unused.BAD if meaning == unused.STATUS else (*unused.BAD, *unused.MOVEMENTS, *unused.BACK)
    back = () if refunds else ("refund", *unused.BACK)
    counting = [value for value in values if not unused.starts(value, bad)]
    return [value for value in counting if "part" in value.lower() or not (back and unused.starts(value, back))]


def _currency(left: pd.DataFrame) -> tuple[list[str], list[str]]:
    for _, row in left[left.meaning == unused.CURRENCY].iterrows():
        counts = pd.Series({value.upper(): 0.0 for value in row["values"] if value})
        for value, share in row["values"].items():
            if value:
                counts[value.upper()] += share
        most = str(counts.idxmax())
        if len(counts) == 1:
            return [f"  currency: {most}  # {row.column} says so in every line"], []
        question = (
            f"{row.column} holds several currencies, {unused.listed(row['values'])}, and they cannot be added up: "
            f"one currency at a time. {most} is taken; for another one copy the params file and change `currency`."
        )
        column = json.dumps(row.column, ensure_ascii=False)
        return [
            f"  # TO SETTLE: {question}",
            f"  currency_column: {column}",
            f"  currency: {most}  # lines in others are set aside",
        ], [question]
    return [], []


def _continued(table: Table, columns: Mapping[str, str]) -> list[str]:
    if not {"customer_id", "ordered_at"} <= set(columns):
        return []
    try:
        rules.continued(table.mutate(line=ibis.row_number()), columns, rules.ASK)
    except OrdersError as error:
        return [f"  continued: {rules.JOIN}  # {' '.join(str(error).partition('. Say so')[0].split())}"]
    return []


def of_repeats(table: Table, columns: Mapping[str, str]) -> str:
    """What to do with exactly equal lines, with the reason.

    Without an order number they may be two purchases, unless more columns than those of a purchase agree too.
    """
    if "order_id" in columns:
        return "quarantine  # of exactly equal lines"
    others = [name for name in table.columns if name not in columns.values()]
    varied = sum(table[name].nunique().execute() > 1 for name in others)
    if varied >= ENOUGH:
        repeats = int(table.count().execute()) - int(table.distinct().count().execute())
        return f"quarantine  # {repeats:,} lines are equal to another one in all columns, {varied} of no purchase too"
    return "keep  # of exactly equal lines; without an order number they may be two purchases"


def validated(days: int, horizon: int, step: int, history: int) -> int:
    """On how many days a churn model of a log of so many days can be validated, the test apart.

    Parameters
    ----------
    days : int
        From the first to the last order.
    horizon, step, history : int
        `horizon_days`, `snapshot_days` and `min_history_days` of 02.
    """
    reach = (days - horizon - history) // step * step  # from the first day to learn from to that of the test
    return max(0, (reach - horizon) // step + (-horizon // step) + 1)


def of_days(days: int) -> list[str]:
    """The longest horizon that a log can test, with two days to validate on; nothing where it is the usual one."""
    if validated(days, HORIZON, STEP, HISTORY) >= VALIDATED:
        return []
    for horizon in SHORTER:
        for history in (horizon, 2 * horizon // 3, horizon // 2, SHORTEST):
            for step in (horizon // 3, SHORTEST):
                if min(history, step) >= SHORTEST and validated(days, horizon, step, history) >= VALIDATED:
                    return _chosen(days, horizon, history, step)
    return [f"  # the log covers {days} days: too few to test any forecast of churn, which needs 35 at least"]


def _chosen(days: int, horizon: int, history: int, step: int) -> list[str]:
    why = f"the log covers {days} days"
    if horizon < HORIZON:
        why += f": a longer silence than {horizon} days cannot be tested on it with {VALIDATED} days to validate on"
    return [
        f"  horizon_days: {horizon}  # {why}",
        f"  min_history_days: {history}",
        f"  snapshot_days: {step}",
    ]


def of_pairs(numbers: Sequence[str]) -> list[str]:
    """Ratios of a customer table's numbers that may belong together, as a comment: per month of tenure, per product."""
    words = {name: set(snake(name).split("_")) for name in numbers}
    pairs = [
        f"{amount} / {count}"
        for count in numbers
        for amount in numbers
        if words[count] & COUNTS and words[amount] & AMOUNTS and not words[amount] & (COUNTS | RATES)
    ]
    if not pairs:
        return []
    offered = json.dumps(pairs[:MOST_PAIRS], ensure_ascii=False)
    return [
        "# Models may look at ratios of numbers that belong together; take the # away where they make sense:",
        "#02_transformation:",
        f"#  interactions: {offered}",
    ]
