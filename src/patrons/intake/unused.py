"""The columns of an order log that nothing is made of: what they hold, and whether that changes what a line means."""

import re
from collections.abc import Collection, Iterable

import ibis
import pandas as pd
from ibis import Table

from patrons.errors import OrdersError
from patrons.intake.attributes import snake

FEW = 12  # different values up to which a column is listed with them
SHOWN = 6  # of them in a sentence
CURRENCY, STATUS, CANCELLED, REFUNDS, TYPE = "currency", "status", "cancelled", "refunds", "type"
NAMES = {  # words of column names, in the languages of shops
    CURRENCY: "currency currencies waehrung währung devise moneda valuta moeda munt",
    STATUS: "status zustand statut estado stato situacao",
    CANCELLED: "cancel canceled cancelled cancellation cancelado cancelada annule annulé annulee annullato storno "
    "storniert voided void deleted geannuleerd",
    REFUNDS: "refund refunds refunded erstattung erstattet rueckerstattung rückerstattung rembourse remboursé "
    "remboursement reembolso reembolsado rimborso rimborsato terugbetaald terugbetaling chargeback",
    TYPE: "type kind typ art tipo soort",
}
BAD = (  # beginnings of words that say that no money came, or not for good
    *("fail", "declin", "cancel", "void", "expir", "abandon", "draft", "trash", "reject", "chargeback", "blocked"),
    *("unpaid", "uncaptured", "denied", "error", "fehlgeschlagen", "abgelehnt", "abgebrochen", "storn", "annul"),
    *(
        "échou",
        "echou",
        "refus",
        "fallid",
        "rechazad",
        "falli",
        "rifiutat",
        "geannuleerd",
        "mislukt",
        "geweigerd",
        "recusad",
    ),
)
BACK = ("refund", "erstatt", "rückerstatt", "rembours", "reembols", "rimbors", "terugbetaa", "returned", "retour")
MOVEMENTS = ("payout", "fee", "transfer", "adjustment", "topup", "reserve", "auszahlung", "gebühr", "virement")
NO = ("0", "false", "no", "n", "nein", "non", "f", "")
FLAGS = (*NO, "1", "true", "yes", "y", "ja", "oui", "si", "sí", "t")
ISO = frozenset(
    (
        *("AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP"),
        *("HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES", "KRW", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD"),
        *("PEN", "PHP", "PKR", "PLN", "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD"),
        *("UYU", "VND", "ZAR"),
    )
)
COLUMNS = ("column", "filled", "different", "values", "meaning")


def none() -> pd.DataFrame:
    """The table of `describe` for a log of which every column is used."""
    return pd.DataFrame({name: pd.Series(dtype="object") for name in COLUMNS})


def describe(table: Table, used: Iterable[str]) -> pd.DataFrame:
    """What the columns hold that are not used.

    Returns
    -------
    DataFrame
        `column`; `filled`: share of lines with a value; `different`: about how many values; `values`: where these are
        few each with its share, the most frequent first, as a dict; `meaning`: currency, status, cancelled, refunds,
        type where names or values say that the column changes what a line means, else empty.
    """
    names = [name for name in table.columns if name not in set(used)]
    if not names:
        return none()
    texts = {name: table[name].cast("string").strip().nullif("") for name in names}
    facts = {f"n{n}": texts[name].approx_nunique() for n, name in enumerate(names)}
    facts |= {f"f{n}": texts[name].count() for n, name in enumerate(names)}
    row = table.agg(rows=table.count(), **facts).to_pandas().iloc[0]
    rows = []
    for n, name in enumerate(names):
        few = row[f"n{n}"] <= FEW + 2  # the count is not exact
        shares = _shares(table, texts[name], int(row.rows)) if few else {}
        shares = shares if len(shares) <= FEW + 1 else {}
        meaning = _meaning(table, name, shares)
        rows.append((name, row[f"f{n}"] / row.rows, int(row[f"n{n}"]), shares, meaning))
    return pd.DataFrame(rows, columns=[*COLUMNS])


def _shares(table: Table, text: ibis.Value, rows: int) -> dict[str, float]:
    counts = table.select(value=text.fill_null("")).group_by("value").agg(lines=ibis._.count())
    counts = counts.order_by(ibis.desc("lines"), "value").limit(FEW + 2).to_pandas()
    return {str(value): lines / rows for value, lines in zip(counts["value"], counts.lines, strict=True)}


def _meaning(table: Table, name: str, shares: dict[str, float]) -> str:
    """What a column says of its line, by whole words of its name, and by its values."""
    words = set(snake_words(name))
    values = [value for value in shares if value]
    if values and (words & set(NAMES[CURRENCY].split()) or len(values) > 1) and all(v.upper() in ISO for v in values):
        return CURRENCY
    if words & set(NAMES[REFUNDS].split()):
        return REFUNDS if _pays_back(table, name) else ""
    if words & set(NAMES[CANCELLED].split()) and (len(values) > 1 or "" in shares or not shares):
        return CANCELLED
    if any(starts(value, BAD) for value in values) and all(len(value.split()) <= 3 for value in values):
        return STATUS
    if words & set(NAMES[TYPE].split()) and any(starts(value, [*MOVEMENTS, *BACK]) for value in values):
        return TYPE
    return STATUS if words & set(NAMES[STATUS].split()) and len(values) > 1 else ""


def snake_words(name: str) -> list[str]:
    """The words of a column's name, in lower case; letters beyond ASCII stay."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name)).lower()
    return [*re.split(r"[\W_]+", split), *snake(name).split("_")]


def starts(value: str, beginnings: Collection[str]) -> bool:
    """Whether a word of a value begins with one of these."""
    words = re.split(r"[\W_]+", value.lower())
    return any(word.startswith(tuple(beginnings)) for word in words)


def _pays_back(table: Table, name: str) -> bool:
    digits = table[name].cast("string").re_search("[1-9]") & ~table[name].cast("string").re_search("[A-Za-z]{4,}")
    return bool(table.agg(some=digits.any()).to_pandas().some.fillna(False).iloc[0])


def listed(values: dict[str, float]) -> str:
    """Values with their shares, for a sentence."""
    shown = [f"{value or 'empty'} ({share:.1%})" for value, share in list(values.items())[:SHOWN]]
    return ", ".join(shown) + (f" and {len(values) - SHOWN} more" if len(values) > SHOWN else "")


def questions(left: pd.DataFrame) -> list[str]:
    """A sentence for each column that changes what a line means and that no rule names."""
    ways = {
        CURRENCY: "name it in `currency_column`, and the one currency in `currency`",
        REFUNDS: "name it in `refunds`, and what was paid back is taken from the amounts",
    }
    keep = "name the values of lines that count under `keep`"
    return [
        f"{row.column} is not used, and may change what a line means"
        + (f": it holds {listed(row['values'])}" if row["values"] else "")
        + f". If so, {ways.get(row.meaning, keep)}."
        for _, row in left[left.meaning.ne("")].iterrows()
        if row.meaning != CURRENCY or len(row["values"]) > 1
    ]


def refuse_currencies(file: str, left: pd.DataFrame) -> None:
    """Refuse a log in several currencies of which none was chosen: their amounts have no sum."""
    for _, row in left[left.meaning == CURRENCY].iterrows():
        values = {value: share for value, share in row["values"].items() if value}
        if len({value.upper() for value in values}) > 1:
            raise OrdersError(
                f"{file}: {row.column} holds several currencies, {listed(values)}. Their amounts cannot be added up: "
                f"one currency at a time. Say in 01_eda `currency_column: {row.column}`, and in `currency` which one. "
                "If all amounts are in one currency in spite of it, list its values: "
                f"`keep: {{{row.column}: [{', '.join(values)}]}}`."
            )
