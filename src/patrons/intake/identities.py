"""Who a customer of a log is: ids that stand for nobody, and e-mail addresses that differ in case only."""

import re
from typing import NamedTuple

import ibis
from ibis import Table
from ibis.expr.types import BooleanValue, StringValue

AS_INTEGER = (r"^(\d+)\.0$", r"\1")  # what a spreadsheet made of a number, and the number
BLANK = ("", "null", "nan", "na", "n/a", "#n/a", "none", "?", "-")  # in lower case, no customer number at all
GUESTS = (
    *("guest", "guest customer", "guest checkout", "guests", "gast", "gastbestellung", "invité", "invite"),
    *("invitado", "ospite", "convidado", "anonymous", "anonym", "anonyme", "unknown", "unbekannt", "walk-in"),
)
NOBODY = (*BLANK, *GUESTS)
STAND_IN = r"^(-1|0+|9{4,})$"  # numbers that shops write where they know no customer, and that may be one
MANY = 10  # times the lines of a usual customer from which such a number is nobody
MOST, FEW = 0.5, 10  # of the lines, above which an id is asked about; fewer ids than these are no shop's
LEAST = 0.01  # of the lines, below which it does no harm
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


class Identities(NamedTuple):
    """Lines whose customers are told apart, and sentences on what was decided."""

    lines: Table
    notes: tuple[str, ...]


def identifier(column: StringValue) -> StringValue:
    """An identifier that a spreadsheet turned into a number (17850.0) is the integer that it was."""
    return ibis.ifelse(column.endswith(".0"), column.re_replace(*AS_INTEGER), column)


def customer(column: StringValue) -> StringValue:
    """A customer's id as the series knows it: missing where it is nobody, e-mail addresses in lower case."""
    known = ibis.ifelse(column.lower().isin(NOBODY), ibis.null("string"), identifier(column))
    address = ibis.ifelse(known.contains("@"), known.re_search(EMAIL), ibis.literal(False))  # few are looked at closely
    return ibis.ifelse(address, known.lower(), known)


def told_apart(lines: Table) -> Identities:
    """The lines with `customer_id` as `customer` makes it, and without numbers that stand for nobody.

    Parameters
    ----------
    lines : Table
        With `customer_id` as the source has it.
    """
    ids = lines.group_by("customer_id").agg(lines=ibis._.count()).cache()  # few, however long the log is
    raw = ids.customer_id
    seen = ids.agg(emails=raw.re_search(EMAIL).sum(), stand_ins=identifier(raw).re_search(STAND_IN).sum())
    counts = seen.to_pandas().iloc[0].fillna(0)
    notes = _alike(ids) if counts.emails else []
    known = lines.mutate(customer_id=customer(lines.customer_id))
    nobody = _stand_ins(ids.mutate(customer_id=customer(raw))) if counts.stand_ins else {}
    for number, count in nobody.items():
        notes.append(f"“{number}” stands on {count:,} lines and is taken for no customer, but for a lack of one.")
    if nobody:
        known = known.mutate(customer_id=ibis.ifelse(_is(known, list(nobody)), ibis.null("string"), known.customer_id))
    return Identities(known, tuple(notes))


def on_most_lines(column: StringValue) -> tuple[str, float]:
    """The id that stands on more than half of all lines, and its share of them; empty where there is none.

    Nothing is asked of a log with hardly any customers.
    """
    texts = column.as_table().select(id=customer_text(column))
    counts = texts.group_by("id").agg(lines=ibis._.count()).to_pandas()
    shares = (counts.set_index("id").lines / counts.lines.sum()).drop(list(BLANK), errors="ignore")
    if len(shares) < FEW or shares.max() <= MOST:
        return "", 0.0
    return str(shares.idxmax()), float(shares.max())


def customer_text(column: ibis.Value) -> StringValue:
    """An id as it stands in the file, empty where it is missing; e-mail addresses in lower case."""
    text = identifier(column.cast("string").strip().fill_null(""))
    return ibis.ifelse(text.re_search(EMAIL), text.lower(), text)


def is_nobody(text: str) -> bool:
    """Whether shops write this id where they know no customer."""
    return text.lower() in NOBODY or re.fullmatch(STAND_IN, text) is not None


def _is(lines: Table, ids: list[str]) -> BooleanValue:
    return lines.customer_id.isin(ids)


def _alike(ids: Table) -> list[str]:
    """How many e-mail addresses differ from another one only in case."""
    emails = ids.filter(ids.customer_id.re_search(EMAIL)).customer_id
    counts = emails.as_table().agg(written=emails.nunique(), different=emails.lower().nunique()).to_pandas().iloc[0]
    more = int(counts.written - counts.different)
    if not more:
        return []
    return [f"{more:,} e-mail addresses differ from another one only in case: they are one customer with it."]


def _stand_ins(ids: Table) -> dict[str, int]:
    """Numbers such as 0 that hold far more lines than a customer does, and how many."""
    known = ids.filter(ids.customer_id.notnull())
    counts = known.group_by("customer_id").agg(lines=ibis._.lines.sum())
    stand_in = counts.customer_id.re_search(STAND_IN)
    others = counts.agg(lines=counts.lines.sum(where=~stand_in), customers=(~stand_in).sum(), all=counts.lines.sum())
    row = others.to_pandas().iloc[0].fillna(0)
    if not row.customers:
        return {}
    least = max(MANY * row.lines / row.customers, LEAST * row["all"])
    found = counts.filter(stand_in & (counts.lines > least)).order_by("customer_id").to_pandas()
    return dict(zip(found.customer_id, map(int, found.lines), strict=True))
