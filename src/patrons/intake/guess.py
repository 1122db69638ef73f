"""Guesses what a file is, an order log or a customer table, and which of its columns is which; each with its reason."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import pandas as pd
from ibis import Table

from patrons.errors import SourceError
from patrons.intake import dates, moments, numbers

ROWS = 20_000  # that the guess looks at; the check before a run looks at all
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
YES = re.compile(
    r"(?i)^(yes|y|1|1\.0|true|t|churn(ed)?|left|exited|cancel+ed|closed|lost|attrited.*|.*attrited.*|ja|si)$"
)


@dataclass(frozen=True)
class Guess:
    """One column and why it was taken."""

    column: str
    reason: str


@dataclass(frozen=True)
class Guesses:
    """What a file is taken for: `kind` is "log" or "table", `why` the reason; columns by our names."""

    kind: str
    why: str
    columns: dict[str, Guess]
    positive: str = ""
    share: float = 0.0  # of the positive value


def guess(table: Table, log: bool | None = None) -> Guesses:
    """What a table is and which column is which, by their names and by what is in them.

    Raises
    ------
    SourceError
        When neither a log nor a customer table can be seen in it.
    """
    sample = table.limit(ROWS).to_pandas()
    columns = _columns(sample)
    paid = "amount" in columns or {"quantity", "unit_price"} <= set(columns)
    label = _label(sample)
    if {"customer_id", "ordered_at"} <= set(columns) and paid and not _one_row_each(sample, columns, label):
        what = "amount" if "amount" in columns else "price"
        return Guesses(
            "log", f"it has a customer, a date and {'an amount' if what == 'amount' else 'a price'}", columns
        )
    if label:
        return _customer_table(table, sample, label)
    names = ", ".join(map(str, sample.columns[:20]))
    lacking = [name for name in ("customer_id", "ordered_at") if name not in columns]
    lacking += [] if paid else ["amount (or quantity and unit_price)"]
    raise SourceError(
        f"It is neither an order log ({', '.join(lacking) or 'dates'} not found) nor a customer table (no column with "
        f"two values and a name such as churn or exited). It has: {names}. Name the columns after ours, or write the "
        "params file by hand (README, Your own data)."
    )


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def _columns(sample: pd.DataFrame) -> dict[str, Guess]:
    """Our names to the columns that fit best; each column is taken once."""
    found: dict[str, Guess] = {}
    for ours, words in NAMES.items():
        free = [name for name in sample.columns if name not in {one.column for one in found.values()}]
        scored = [(score, -n, name) for n, name in enumerate(free) if (score := _name_score(name, words.split(), ours))]
        for _score, _n, name in sorted(scored, reverse=True):
            reason = _content(ours, sample[name])
            if reason:
                found[ours] = Guess(name, f"its name; {reason}")
                break
    if "ordered_at" not in found:
        taken = {one.column for one in found.values()}
        dated = next(
            (
                name
                for name in sample.columns
                if name not in taken and _share(dates_read(sample[name], numbers=False)) > 0.8
            ),
            None,
        )
        found |= {"ordered_at": Guess(dated, "the first column of dates")} if dated else {}
    return found


def _name_score(name: str, words: Sequence[str], ours: str) -> float:
    """1 for a known word, less for one further down the list, half for a name that holds one."""
    plain = _plain(name)
    for place, word in enumerate(map(_plain, words)):
        if plain == word:
            return 2 - place / 100
    holds = next((n for n, word in enumerate(map(_plain, words)) if len(word) > 3 and word in plain), None)
    return 0 if holds is None or ours in ("description", "country") else 1 - holds / 100


def _content(ours: str, values: pd.Series) -> str:
    """What speaks in the content for a column being ours; empty when it cannot be."""
    filled = values.dropna()
    example = f"such as {str(filled.iloc[0])[:40]}" if len(filled) else "empty"
    if not len(filled):
        return ""
    if ours == "ordered_at":
        share = _share(dates_read(values))
        return f"{share:.0%} of its values are dates, {example}" if share > 0.5 else ""
    if ours in ("quantity", "unit_price", "amount"):
        share = _share(numbers_read(values))
        return f"{share:.0%} of its values are numbers, {example}" if share > 0.5 else ""
    return f"{filled.nunique():,} different values in the first {ROWS:,} rows, {example}"


def _share(read: pd.Series) -> float:
    return float(read.notna().mean()) if len(read) else 0.0


def dates_read(values: pd.Series, numbers: bool = True) -> pd.Series:
    """The filled values that are a date in a form that is known, whatever its order; others missing.

    `numbers` says whether those count that stand for a moment: without a telling name they may be anything.
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
    texts = filled.astype(str).str.replace(r"[\s'’€$£¥]|EUR|USD|GBP|CHF", "", regex=True)
    return texts.where(texts.str.fullmatch(r"\(?[-+]?\d[\d.,]*-?\)?([eE][-+]?\d+)?"), None)


def _one_row_each(sample: pd.DataFrame, columns: Mapping[str, Guess], label: str) -> bool:
    """Whether this is a customer table that happens to have a date: one row a customer, and a label."""
    return bool(label) and sample[columns["customer_id"].column].is_unique


def _label(sample: pd.DataFrame) -> str:
    """The column that says who left: two values and a telling name."""
    two = [name for name in sample.columns if 1 < sample[name].dropna().nunique() <= 2]
    exact = [name for name in two if _plain(name) in LABELS]
    part = [name for name in two if any(word in _plain(name) for word in LABELS[:5])]
    return next(iter([*exact, *part]), "")


def _customer_table(table: Table, sample: pd.DataFrame, label: str) -> Guesses:
    counts = table.group_by(table[label].cast("string").name("value")).agg(rows=ibis._.count()).to_pandas().dropna()
    rows = dict(zip(counts["value"].str.strip(), counts["rows"], strict=True))
    yes = next((value for value in rows if YES.match(value)), min(rows, key=rows.get))
    why = "it stands for yes" if YES.match(yes) else "it is the rarer value"
    columns = {"label": Guess(label, f"two values and its name; {yes!r} is taken for leaving, as {why}")}
    ids = [
        name
        for name in sample.columns
        if re.search(r"(?i)(id|num|number|nr|no)$", str(name)) and sample[name].is_unique
    ]
    ranked = sorted(ids, key=lambda name: -_name_score(name, NAMES["customer_id"].split(), "customer_id"))
    if ranked:
        columns["id"] = Guess(ranked[0], "its name; no value stands twice")
    dated = "one row a customer and a label" if ranked else "no customer number with a date, but a label"
    return Guesses("table", dated, columns, yes, rows[yes] / sum(rows.values()))


def prefix_of_cancellations(table: Table, order: str, quantity: str) -> str:
    """The letter with which order numbers begin where quantities are below 0, and only there; empty where none does."""
    number = numbers.Numbers().read(table[quantity])
    letter = table[order].cast("string").substr(0, 1).upper()
    counts = (
        table.select(letter=letter, below=number < 0)
        .group_by("letter")
        .agg(below=ibis._.below.sum(), rows=ibis._.count())
    )
    found = counts.filter((counts.below > 0.9 * counts.rows) & counts.letter.re_search("^[A-Z]$")).to_pandas()
    return str(found.sort_values("rows").letter.iloc[-1]) if len(found) else ""
