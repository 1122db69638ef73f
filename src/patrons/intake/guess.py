"""Guesses what a file is, an order log or a customer table, and which column is which, each with its reason."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ibis
import pandas as pd
from ibis import Table

from patrons.errors import SourceError
from patrons.intake import candidates, numbers, roles
from patrons.intake.attributes import as_text
from patrons.intake.candidates import Candidate
from patrons.intake.roles import YES
from patrons.intake.vocabulary import NAMES, name_score, words

ROWS = 20_000  # that the guess reads; the check before a run reads all
LABELS = ("churn", "exited", "attrited", "attrition", "churned", "attritionflag", "left", "cancelled", "canceled",
          "closed", "label", "target", "outcome")  # fmt: skip
PAID = {"quantity", "unit_price"}
REPEATED = 0.9  # share of orders of several lines with one amount: then it is that of the order
MOST_SHOWN = 8


@dataclass(frozen=True)
class Guess:
    """A column, and the reason for it."""

    column: str
    reason: str


@dataclass(frozen=True)
class Guesses:
    """What a file seems to be: `kind` is "log" or "table", `why` the reason; columns by our names.

    Parameters
    ----------
    kind, why : str
    columns : dict
        Our name to the guess.
    missing : dict
        Our name of what is needed and was not found, to the columns that it may be, the likeliest first.
    positive : str
        The value of the label that stands for churned.
    share : float
        Of the rows that have it.
    """

    kind: str
    why: str
    columns: dict[str, Guess]
    missing: dict[str, list[Candidate]] = field(default_factory=dict)
    positive: str = ""
    share: float = 0.0


def guess(table: Table) -> Guesses:
    """What a table is and which column is which, by names and by content.

    Raises
    ------
    SourceError
        When it looks like neither a log nor a customer table; it says what was found, and why the rest was not.
    """
    sample = table.limit(ROWS).to_pandas()
    sample = sample.set_axis([str(name) for name in sample], axis="columns")
    columns = columns_of(sample)
    lacking = _lacking(columns)
    label = _label(sample)
    if not lacking and not _one_row_each(sample, columns, label):
        what = "an amount" if "amount" in columns else "a price"
        return Guesses("log", f"it has a customer, a date and {what}", columns)
    if label:
        return _customer_table(table, sample, label)
    free = sample[_unused(sample, columns)]
    missing = {ours: candidates.by_content(ours, free)[:MOST_SHOWN] for ours in lacking}
    if len(lacking) == 1 and all(missing.values()):
        return Guesses("log", f"it has all of an order log but {lacking[0]}", columns, missing)
    answers = roles.candidates(sample)
    if "ordered_at" not in columns and len(answers) and _id(sample):
        return _unlabelled(sample, answers)
    raise SourceError(_refusal(sample, columns, lacking))


def labelled(table: Table, label: str) -> Guesses:
    """A customer table of which the user has named the label."""
    sample = table.limit(ROWS).to_pandas()
    return _customer_table(table, sample.set_axis([str(name) for name in sample], axis="columns"), label)


def columns_of(sample: pd.DataFrame) -> dict[str, Guess]:
    """Our names to the columns that fit best, each used once; the reason says how sure that is and what came second."""
    guesses: dict[str, Guess] = {}
    for ours in NAMES:
        ranked = candidates.rank(ours, sample[_unused(sample, guesses)])
        if not ranked and ours == "ordered_at":
            free = sample[_unused(sample, guesses)]
            ranked = [one for one in candidates.by_content(ours, free) if one.score > 0.8]
            ranked = [Candidate(one.column, 0, one.reason) for one in ranked]
        if ranked:
            second = f"; second: {ranked[1].column}" if len(ranked) > 1 else ""
            guesses[ours] = Guess(ranked[0].column, f"{ranked[0].sure}: {ranked[0].reason}{second}")
    if "amount" in guesses and set(guesses) >= PAID and _of_the_order(sample, guesses):
        del guesses["amount"]
    return guesses


def essential(sample: pd.DataFrame) -> list[str]:
    """The columns that a line cannot do without; all where the table is no order log."""
    columns = columns_of(sample)
    if _lacking(columns):
        return [str(name) for name in sample]
    needed = ["customer_id", "ordered_at", *(["amount"] if "amount" in columns else sorted(PAID))]
    return [columns[ours].column for ours in needed]


def _lacking(columns: Mapping[str, Guess]) -> list[str]:
    lacking = [ours for ours in ("customer_id", "ordered_at") if ours not in columns]
    return lacking + ["amount"] * (not ("amount" in columns or set(columns) >= PAID))


def _of_the_order(sample: pd.DataFrame, guesses: Mapping[str, Guess]) -> bool:
    """Whether an amount is the total of an order: on its first line only, or the same on each of its lines."""
    amount = sample[guesses["amount"].column]
    if amount.notna().mean() < REPEATED:
        return True
    if "order_id" not in guesses:
        return False
    orders = amount.groupby(sample[guesses["order_id"].column]).agg(["size", "nunique"])
    several = orders[orders["size"] > 1]
    return len(several) > 0 and bool((several["nunique"] == 1).mean() > REPEATED)


def _unused(sample: pd.DataFrame, guesses: Mapping[str, Guess]) -> list[str]:
    used = {guess.column for guess in guesses.values()}
    return [name for name in sample.columns if name not in used]


def _refusal(sample: pd.DataFrame, columns: Mapping[str, Guess], lacking: Sequence[str]) -> str:
    """What was found, why each other column is not what lacks, and what to do."""
    found = ", ".join(f"{ours} = {one.column}" for ours, one in columns.items()) or "nothing"
    lines = []
    for ours in lacking:
        reasons = [
            f"{name}: {candidates.objection(ours, name, sample[name], False) or 'neither its name nor its content'}"
            for name in _unused(sample, columns)[:MOST_SHOWN]
        ]
        lines.append(f"\n  - {ours} not found. Looked at: {'; '.join(reasons) or 'no other column is left'}")
    single = [name for name in map(str, sample) if _joined(name) in LABELS and as_text(sample[name]).nunique() == 1]
    alone = f" {single[0]} has one value, {sample[single[0]].dropna().iloc[0]}: nobody differs." if single else ""
    return (
        f"It is neither an order log nor a customer table (no column with two values and a name such as churn or "
        f"exited).{alone} Found: {found}.{''.join(lines)}\nIt has: {', '.join(sample.columns[:20])}. Name the columns "
        "after ours, or write the params file by hand (README, Your own data)."
    )


def _joined(name: str) -> str:
    return "".join(words(name))


def _one_row_each(sample: pd.DataFrame, columns: Mapping[str, Guess], label: str) -> bool:
    """Whether this is a customer table that happens to have a date: one row per customer, and a label."""
    return bool(label) and sample[columns["customer_id"].column].is_unique


def _label(sample: pd.DataFrame) -> str:
    """The column that says who left: it has two values and is named after that."""
    two = [name for name in sample.columns if as_text(sample[name]).nunique() == 2]
    exact = [name for name in two if _joined(name) in LABELS]
    part = [name for name in two if set(words(name)) & set(LABELS[:5])]
    return next(iter([*exact, *part]), "")


def _id(sample: pd.DataFrame) -> str:
    """The column whose values tell customers of a table apart, by name; exact repeats of a row do not count."""
    distinct = sample.drop_duplicates()
    ids = [
        name
        for name in sample.columns
        if distinct[name].is_unique
        and (name_score(name, "customer_id") or re.search(r"(?i)(id|num|number|nr|no)$", name))
    ]
    return max(ids, key=lambda name: name_score(name, "customer_id"), default="")


def _unlabelled(sample: pd.DataFrame, answers: pd.DataFrame) -> Guesses:
    """A customer table whose label the user has to name."""
    named = [
        Candidate(str(row.column), 0, f"{row.values}; {row.positive!r} may stand for churned")
        for row in answers.head(MOST_SHOWN).itertuples()
    ]
    columns = {"id": Guess(_id(sample), "its name; no value occurs twice")}
    return Guesses("table", "one row per customer, and columns that may say who churned", columns, {"label": named})


def _customer_table(table: Table, sample: pd.DataFrame, label: str) -> Guesses:
    counts = table.group_by(table[label].cast("string").name("value")).agg(rows=ibis._.count()).to_pandas()
    counts = counts.assign(value=as_text(counts["value"])).dropna().groupby("value", as_index=False).sum()
    rows = dict(zip(counts["value"], counts["rows"], strict=True))
    positive = next((value for value in rows if YES.fullmatch(value)), min(rows, key=lambda value: rows[value]))
    why = "it stands for yes" if YES.fullmatch(positive) else "it is the rarer value"
    columns = {"label": Guess(label, f"two values and its name; {positive!r} is taken for leaving, as {why}")}
    number = _id(sample)
    if number:
        columns["id"] = Guess(number, "its name; no value occurs twice")
    why = "one row per customer and a label" if number else "no customer number with a date, but a label"
    return Guesses("table", why, columns, {}, positive, rows[positive] / sum(rows.values()))


def prefix_of_cancellations(table: Table, order: str, quantity: str) -> str:
    """The letter that order numbers begin with where quantities are negative, and only there; empty if none does."""
    number = numbers.Numbers().read(table[quantity])
    letter = table[order].cast("string").substr(0, 1).upper()
    counts = (
        table.select(letter=letter, below=number < 0)
        .group_by("letter")
        .agg(below=ibis._.below.sum(), rows=ibis._.count())
    )
    letters = counts.filter((counts.below > 0.9 * counts.rows) & counts.letter.re_search("^[A-Z]$")).to_pandas()
    return str(letters.sort_values("rows").letter.iloc[-1]) if len(letters) else ""
