"""What numbers written as text mean: decimal comma or point, thousands marks, currency signs; decided from all rows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import ibis
from ibis import Table
from ibis.expr.types import FloatingValue, StringValue

from patrons.errors import SourceError
from patrons.intake.clock import BLANK

ODD = 0.01  # share of the deciding numbers that may speak for the other mark; they are set aside
SIGNS = rf"[\s'’€$£¥]|{BLANK}|EUR|USD|GBP|CHF"  # beside a number
MARKS = {"point": (".", ","), "comma": (",", ".")}
DECIDING = {  # a mark that is not followed by three digits, or that comes after the other, is the decimal one
    "point": r"^[-+]?(\d*\.(\d{1,2}|\d{4,})|0\.\d+|\d[\d,]*,\d{3}\.\d*)$",
    "comma": r"^[-+]?(\d*,(\d{1,2}|\d{4,})|0,\d+|\d[\d.]*\.\d{3},\d*)$",
}
BRACKETS = re.compile(r"^\((.*)\)$")
OPEN = r"^[-+]?[1-9]\d{0,2}[.,]\d{3}$"  # 1,234: one thousand or one


class NumbersError(SourceError):
    """Numbers whose meaning cannot be decided; the message asks for `decimal`."""


@dataclass(frozen=True)
class Numbers:
    """How a file's numbers are written: `decimal` is "point" or "comma"; `plain` where each is as Python writes it."""

    decimal: str = "point"
    plain: bool = True

    def read(self, column: ibis.Value) -> FloatingValue:
        """The column as numbers; what does not fit is missing."""
        if column.type().is_numeric():
            return _finite(column.cast("float64"))
        if self.plain:
            return _finite(column.strip().try_cast("float64"))
        mark, thousands = MARKS[self.decimal]
        bare = bare_text(column)
        grouped = rf"^[-+]?\d{{1,3}}(\{thousands}\d{{3}})+(\{mark}\d*)?$"
        simple = rf"^[-+]?(\d+(\{mark}\d*)?|\{mark}\d+)([eE][-+]?\d+)?$"
        fits = bare.re_search(grouped) | bare.re_search(simple)
        number = bare.replace(thousands, "").replace(mark, ".").try_cast("float64")
        return _finite(ibis.ifelse(fits, number, ibis.null("float64")))


def _finite(number: FloatingValue) -> FloatingValue:
    return ibis.ifelse(number.isinf() | number.isnan(), ibis.null("float64"), number)


def bare_text(column: StringValue) -> StringValue:
    """A number's text without currency signs and blanks; a minus behind it, or brackets, become a minus in front."""
    bare = column.re_replace(SIGNS, "")
    return bare.re_replace(r"^\((.*)\)$", r"-\1").re_replace(r"^(\d.*)-$", r"-\1")


def decide(table: Table, columns: Iterable[str], decimal: str = "auto") -> Numbers:
    """How the numbers of some columns of one file are written, all of them alike.

    Raises
    ------
    NumbersError
        When numbers such as 1,234 can be read in two ways and nothing settles which, or numbers contradict each other.
    """
    texts = [name for name in columns if table[name].type().is_string()]
    if not texts:
        return Numbers()
    counts = [_counts(table, name) for name in texts]
    total = {key: sum(count[key] for count in counts) for key in ("point", "comma", "open", "plain", "filled")}
    if decimal != "auto":
        return Numbers(decimal, decimal == "point" and total["plain"] == total["filled"])
    best = max(MARKS, key=lambda mark: total[mark])
    other = total["comma" if best == "point" else "point"]
    if total["open"] and not total[best]:
        raise NumbersError(_ask(table, texts, "no number settles which", OPEN))
    if other > ODD * (total[best] + other):
        raise NumbersError(_ask(table, texts, "numbers contradict each other", DECIDING["comma"]))
    return Numbers(best, best == "point" and total["plain"] == total["filled"])


def mark_of(texts: Iterable[str]) -> str | None:
    """The decimal mark that texts of one file speak for, "point" or "comma"; None where they do for none, or for both.

    As `decide` does it for tables, but for a few texts in memory.
    """
    bare = [BRACKETS.sub(r"-\1", re.sub(SIGNS, "", text)) for text in texts]
    speaks = {mark: sum(bool(re.search(pattern, text)) for text in bare) for mark, pattern in DECIDING.items()}
    best = max(speaks, key=lambda mark: speaks[mark])
    return best if speaks[best] and sum(speaks.values()) - speaks[best] <= ODD * sum(speaks.values()) else None


def _counts(table: Table, name: str) -> dict[str, int]:
    # equal texts are counted first: there are few of them, and regular expressions are slow
    texts = table.select(text=table[name].fill_null("").strip()).group_by("text").agg(rows=ibis._.count())
    bare, rows = bare_text(texts.text), texts.rows
    row = texts.agg(
        point=rows.sum(where=bare.re_search(DECIDING["point"])),
        comma=rows.sum(where=bare.re_search(DECIDING["comma"])),
        open=rows.sum(where=bare.re_search(OPEN)),
        plain=rows.sum(where=texts.text.try_cast("float64").notnull()),
        filled=rows.sum(where=texts.text != ""),
    )
    return {key: int(value or 0) for key, value in row.to_pandas().iloc[0].fillna(0).items()}


def _ask(table: Table, names: Iterable[str], why: str, pattern: str) -> str:
    shown: list[str] = []
    for name in names:
        examples = table.filter(bare_text(table[name]).re_search(pattern)).limit(3).select(name).to_pandas()[name]
        shown += [f"{name} {re.sub(BLANK, ' ', value)}" for value in examples]
    return (
        f"Numbers can be read with a decimal point or a decimal comma and {why}, such as {'; '.join(shown[:3])}. "
        'Say which it is in `decimal` of 01_eda: "point" or "comma".'
    )
