"""Guesses what a file is, an order log or a customer table, and which column is which, each with its reason."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import pandas as pd
from ibis import Table

from patrons.errors import SourceError
from patrons.intake import dates, moments, numbers
from patrons.intake.roles import YES

ROWS = 20_000  # that the guess reads; the check before a run reads all
NAMES = {  # words of column names, the more telling first
    "customer_id": "customerid customer_id customernumber custid cust client clientid kunde kundennummer kundennr "
    "memberid member userid user buyerid buyer accountid account shopper person clientnum household cliente customer",
    "ordered_at": "orderedat orderdate invoicedate purchasedate transactiondate orderdatetime timestamp datetime "
    "bestelldatum kaufdatum datum fecha createdat orderpurchasetimestamp purchasedat date day time when",
    "order_id": "orderid order_id invoiceno invoice invoiceid invoicenumber ordernumber orderno transactionid "
    "receiptid receipt basketid basket bestellnummer rechnung rechnungsnummer belegnr bon order "
    "transaction ticket factura",
    "product_id": "productid product_id stockcode sku itemid item articleid article artikel "
    "artikelnummer artikelnr "
    "productcode asin product upc ean isbn material",
    "quantity": "quantity qty units pieces menge anzahl stueck count numberofcds numberofitems itemcount cantidad",
    "unit_price": "unitprice price priceeach itemprice preis einzelpreis stueckpreis unitcost precio",
    "amount": "amount total lineamount linetotal totalamount orderamount ordertotal ordervalue revenue sales "
    "salesamount dollarvalue value spend paymentvalue umsatz betrag gesamtbetrag subtotal turnover importe netamount "
    "grossamount",
    "description": "description productname itemname productdescription bezeichnung name title",
    "country": "country land nation countrycode shipcountry shippingcountry billingcountry pais market",
}
LABELS = ("churn", "exited", "attrited", "attrition", "churned", "attritionflag", "left", "cancelled", "canceled",
          "closed", "label", "target", "outcome")  # fmt: skip


@dataclass(frozen=True)
class Guess:
    """A column, and the reason for it."""

    column: str
    reason: str


@dataclass(frozen=True)
class Guesses:
    """What a file seems to be: `kind` is "log" or "table", `why` the reason; columns by our names."""

    kind: str
    why: str
    columns: dict[str, Guess]
    positive: str = ""
    share: float = 0.0  # of the positive value


def guess(table: Table) -> Guesses:
    """What a table is and which column is which, by names and by content.

    Raises
    ------
    SourceError
        When it looks like neither a log nor a customer table.
    """
    sample = table.limit(ROWS).to_pandas()
    columns = _columns(sample)
    paid = "amount" in columns or {"quantity", "unit_price"} <= set(columns)
    label = _label(sample)
    if {"customer_id", "ordered_at"} <= set(columns) and paid and not _one_row_each(sample, columns, label):
        what = "an amount" if "amount" in columns else "a price"
        return Guesses("log", f"it has a customer, a date and {what}", columns)
    if label:
        return _customer_table(table, sample, label)
    lacking = [name for name in ("customer_id", "ordered_at") if name not in columns]
    lacking += [] if paid else ["amount (or quantity and unit_price)"]
    raise SourceError(
        f"It is neither an order log ({', '.join(lacking) or 'dates'} not found) nor a customer table (no column with "
        f"two values and a name such as churn or exited). It has: {', '.join(map(str, sample.columns[:20]))}. Name the "
        "columns after ours, or write the params file by hand (README, Your own data)."
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def _columns(sample: pd.DataFrame) -> dict[str, Guess]:
    """Our names to the columns that fit best; each column is used once."""
    guesses: dict[str, Guess] = {}
    for ours, known in NAMES.items():
        free = _unused(sample, guesses)
        scored = [(score, -n, name) for n, name in enumerate(free) if (score := _name_score(name, known.split(), ours))]
        for _score, _n, name in sorted(scored, reverse=True):
            if reason := _content(ours, sample[name]):
                guesses[ours] = Guess(name, f"its name; {reason}")
                break
    if "ordered_at" not in guesses:
        for name in _unused(sample, guesses):
            if _share(dates_read(sample[name], numbers=False)) > 0.8:
                guesses["ordered_at"] = Guess(name, "the first column of dates")
                break
    return guesses


def _unused(sample: pd.DataFrame, guesses: Mapping[str, Guess]) -> list[str]:
    used = {guess.column for guess in guesses.values()}
    return [name for name in sample.columns if name not in used]


def _name_score(name: str, known: Sequence[str], ours: str) -> float:
    """2 for a known name, less for one further down the list, up to 1 for a name that contains one, else 0."""
    plain = _plain(name)
    for place, word in enumerate(map(_plain, known)):
        if plain == word:
            return 2 - place / 100
    part = next((n for n, word in enumerate(map(_plain, known)) if len(word) > 3 and word in plain), None)
    return 0 if part is None or ours in ("description", "country") else 1 - part / 100


def _content(ours: str, values: pd.Series) -> str:
    """What in its content speaks for a column; empty when it cannot be the one."""
    filled = values.dropna()
    if not len(filled):
        return ""
    example = f"such as {str(filled.iloc[0])[:40]}"
    if ours == "ordered_at":
        share = _share(dates_read(values))
        return f"{share:.0%} of its values are dates, {example}" if share > 0.5 else ""
    if ours in ("quantity", "unit_price", "amount"):
        share = _share(numbers_read(values))
        return f"{share:.0%} of its values are numbers, {example}" if share > 0.5 else ""
    return f"{filled.nunique():,} different values in the first {ROWS:,} rows, {example}"


def _share(parsed: pd.Series) -> float:
    return float(parsed.notna().mean()) if len(parsed) else 0.0


def dates_read(values: pd.Series, numbers: bool = True) -> pd.Series:
    """The filled values that are a date in a known form, whatever its order; others missing.

    `numbers` says whether numbers count that stand for a moment: unless the name says so they may be anything.
    """
    filled = values.dropna()
    if pd.api.types.is_datetime64_any_dtype(filled):
        return filled
    if pd.api.types.is_bool_dtype(filled):
        return pd.Series([None] * len(filled))
    days = filled.astype(str).str.strip().str.replace(dates.TIME, "", regex=True)
    return days.where(days.map(lambda day: _dated(dates.family(day)[0], numbers)), None)


def _dated(form: str, numbers: bool) -> bool:
    return bool(form) and (numbers or form not in moments.MOMENTS)


def numbers_read(values: pd.Series) -> pd.Series:
    """The filled values that are a number, whatever its marks; others missing."""
    filled = values.dropna()
    if pd.api.types.is_numeric_dtype(filled):
        return filled
    texts = filled.astype(str).str.replace(numbers.SIGNS, "", regex=True)
    return texts.where(texts.str.fullmatch(r"\(?[-+]?\d[\d.,]*-?\)?([eE][-+]?\d+)?"), None)


def _one_row_each(sample: pd.DataFrame, columns: Mapping[str, Guess], label: str) -> bool:
    """Whether this is a customer table that happens to have a date: one row per customer, and a label."""
    return bool(label) and sample[columns["customer_id"].column].is_unique


def _label(sample: pd.DataFrame) -> str:
    """The column that says who left: it has two values and is named after that."""
    two = [name for name in sample.columns if sample[name].nunique() == 2]
    exact = [name for name in two if _plain(name) in LABELS]
    part = [name for name in two if any(word in _plain(name) for word in LABELS[:5])]
    return next(iter([*exact, *part]), "")


def _customer_table(table: Table, sample: pd.DataFrame, label: str) -> Guesses:
    counts = table.group_by(table[label].cast("string").name("value")).agg(rows=ibis._.count()).to_pandas().dropna()
    rows = dict(zip(counts["value"].str.strip(), counts["rows"], strict=True))
    positive = next((value for value in rows if YES.fullmatch(value)), min(rows, key=lambda value: rows[value]))
    why = "it stands for yes" if YES.fullmatch(positive) else "it is the rarer value"
    columns = {"label": Guess(label, f"two values and its name; {positive!r} is taken for leaving, as {why}")}
    ids = [
        name
        for name in sample.columns
        if re.search(r"(?i)(id|num|number|nr|no)$", str(name)) and sample[name].is_unique
    ]
    ranked = sorted(ids, key=lambda name: -_name_score(name, NAMES["customer_id"].split(), "customer_id"))
    if ranked:
        columns["id"] = Guess(ranked[0], "its name; no value occurs twice")
    why = "one row per customer and a label" if ranked else "no customer number with a date, but a label"
    return Guesses("table", why, columns, positive, rows[positive] / sum(rows.values()))


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
