"""Members of a segment, or those warned of, as a file for a marketing tool. Who is held out is never among them.

The columns are those that the tools publish:

==========  ============================================================================================
klaviyo     `Email`, `External ID`, and `Segment`, a property of one's own
mailchimp   `Email Address`, and `External ID` and `Segment` as further fields
google      `Email`: SHA-256 of the address without spaces around it, in lower case (Customer Match)
==========  ============================================================================================
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from patrons.errors import nearest
from patrons.files import read_json, result_file
from patrons.intake.identities import EMAIL
from patrons.spreadsheet import FORMULA, PLAIN, guarded
from patrons.value import listing
from patrons.value.arms import HOLD_OUT, LEFT_ALONE, Lot
from patrons.value.arms import folder as lists_of_before
from patrons.value.earlier import with_earlier

FORMS = {"klaviyo": "Klaviyo", "mailchimp": "Mailchimp", "google": "Google Customer Match"}
MOSTLY = 0.9  # of a column's values, from which it holds e-mail addresses
NAMED_EMAIL = {"email", "mail", "emailaddress", "mailaddress", "customeremail"}
NAMED_ID = {"externalid", "externalcustomerid", "crmid"}

READS = (
    "customers.parquet",
    "labels.parquet",
    "churn_scores.parquet",
    "values.parquet",
    listing.NAME,
    "value.json",
    "churn.json",
    "dataset.json",
)


class AudienceError(ValueError):
    """An audience that cannot be made of these results."""


class Key(NamedTuple):
    """How a tool knows a customer: the columns of addresses and of external ids; empty where there is none."""

    email: str = ""
    external: str = ""


class Audience(NamedTuple):
    """A file for a marketing tool.

    Attributes
    ----------
    table : DataFrame
        In the tool's columns, one row per customer.
    members : int
        Customers of the segment, or those flagged.
    held : int
        Of them, left out because they are held out, or share the address of one who is.
    without : int
        Of the rest, left out because they have no address or id that can be used, or another's.
    notes : tuple of str
        Sentences on earlier lists that could not be read.
    """

    table: pd.DataFrame
    members: int
    held: int
    without: int
    notes: tuple[str, ...] = ()


def of(
    processed: Path,
    form: str,
    segment: str = "",
    flagged: bool = False,
    column: str = "",
    customers: pd.DataFrame | None = None,
) -> Audience:
    """The audience of a series.

    Parameters
    ----------
    processed : Path
        The folder of its results, such as ``data/processed/demo``.
    form : str
        One of `FORMS`.
    segment : str
        Whose members; empty for all customers.
    flagged : bool
        Only those whom 06 flags among those who can still be kept: the customers of the list of 07.
    column : str
        Which column holds addresses or ids; empty where names and values say it.
    customers : DataFrame, optional
        `customer_id` and what else is known of customers, instead of ``customers.parquet`` of 01.

    Raises
    ------
    AudienceError
        Says what is missing, what was found and what to do.
    """
    if form not in FORMS:
        raise AudienceError(f"There is no form {form!r}; {nearest(form, FORMS)}.")
    chosen = members(processed, segment, flagged)
    table = _table(processed, "customers.parquet") if customers is None else customers
    found = key(table, column)
    if form != "klaviyo" and not found.email:
        raise AudienceError(
            f"{FORMS[form]} asks for e-mail addresses, and {found.external!r} holds ids. Name a column of addresses, "
            "or another file of customers that has one."
        )
    held, notes = held_out(processed)
    return _audience(form, table, found, chosen, held)._replace(notes=notes)


def reads(processed: Path) -> list[Path]:
    """The files that an audience is made from, those that there are: where none has changed, it is the same."""
    files = [path for name in READS if (path := result_file(processed, name)) is not None]
    return [*files, *sorted(lists_of_before(processed).glob("*.parquet"))]


def members(processed: Path, segment: str = "", flagged: bool = False) -> pd.Series:
    """The segment of each customer who is chosen; the index is the customer."""
    if not segment and not flagged:
        raise AudienceError("Whom? Name a segment, or ask for those warned of, or both.")
    labels = _table(processed, "labels.parquet").set_index("customer_id").segment.astype(str)
    if segment and segment not in set(labels):
        raise AudienceError(f"There is no segment {segment!r}; {nearest(segment, sorted(set(labels)))}.")
    chosen = labels[labels == segment] if segment else labels
    if flagged:
        scores = _table(processed, "churn_scores.parquet")
        likely = set(scores.customer_id[scores.flagged].astype(str)) & set(_list(processed).customer_id)
        chosen = chosen[chosen.index.astype(str).isin(likely)]
    return chosen.rename(index=str)


def held_out(processed: Path) -> tuple[set[str], tuple[str, ...]]:
    """Who is held out, by the list of these results or by an earlier one, and notes on lists that cannot be read."""
    value, churn = (_record(processed, name) for name in ("value.json", "churn.json"))
    day = date.fromisoformat(value["from"]) if value.get("from") else None
    drawn_for = str(day) if day else str(_record(processed, "dataset.json").get("digest", ""))
    earlier = with_earlier(Lot(0.0, 0, drawn_for), processed, day, churn.get("horizon_days")).earlier
    held = {customer for customer, arm in earlier.arm.items() if arm == HOLD_OUT}
    listed = _list(processed)
    held |= set(listed.customer_id[(listed.arm == HOLD_OUT) | (listed.suggested_action == LEFT_ALONE)])
    return held, earlier.notes


def key(customers: pd.DataFrame, column: str = "") -> Key:
    """Which columns hold addresses and ids.

    Addresses are in a column most of whose values are such, whatever its name; where several are, the name decides. Ids
    are in a column that is named so, such as ``external_id``, and has each value once.

    Parameters
    ----------
    customers : DataFrame
        `customer_id` and what else is known of customers.
    column : str
        The column to take; empty where names and values are to say it.
    """
    if column and column not in customers:
        raise AudienceError(f"The customers have no column {column!r}; {nearest(column, map(str, customers))}.")
    if column:
        if _mostly_addresses(customers[column]):
            return Key(column, _external(customers))
        if customers[column].dropna().duplicated().any() or not customers[column].notna().any():
            raise AudienceError(f"{column!r} holds neither e-mail addresses nor an id of its own for each customer.")
        return Key("", column)
    found = Key(_email(customers), _external(customers))
    if not any(found):
        raise AudienceError(
            "The customers have no column of e-mail addresses and none named external_id, only "
            f"{', '.join(map(str, customers))}. Name a column, or a file of customers that has one."
        )
    return found


def content(table: pd.DataFrame) -> bytes:
    """An audience as a CSV file: UTF-8 without a mark, as tools that look for a column's exact name ask for."""
    return guarded(table).to_csv(index=False, lineterminator="\n").encode()


def hashed(address: str) -> str:
    """SHA-256 of an address without spaces around it, in lower case, in hexadecimal."""
    return hashlib.sha256(address.strip().lower().encode()).hexdigest()


def _audience(form: str, customers: pd.DataFrame, found: Key, chosen: pd.Series, held: Iterable[str]) -> Audience:
    known = customers.assign(customer_id=customers.customer_id.astype(str)).drop_duplicates("customer_id")
    known = known.set_index("customer_id")
    known = known.assign(customer_id=known.index)  # which may be the address
    reach = _usable(known[found.email], True) if found.email else _usable(known[found.external], False)
    of_held = set(reach.reindex(list(held)).dropna())
    ours = reach.reindex(chosen.index)
    out = chosen.index.isin(list(held)) | ours.isin(of_held)
    kept = ours[~out].dropna().drop_duplicates()
    ids = _usable(known[found.external], False).reindex(kept.index) if found.external else None
    table = _in_form(form, kept, ids, chosen.reindex(kept.index), bool(found.email))
    return Audience(table, len(chosen), int(out.sum()), int((~out).sum()) - len(kept))


def _in_form(form: str, reach: pd.Series, ids: pd.Series | None, segment: pd.Series, email: bool) -> pd.DataFrame:
    """The columns of a tool."""
    if form == "google":
        return pd.DataFrame({"Email": reach.map(hashed)}).reset_index(drop=True)
    first = {"Email" if form == "klaviyo" else "Email Address": reach} if email else {}
    external = {} if ids is None else {"External ID": ids}
    return pd.DataFrame(first | external | {"Segment": segment}).reset_index(drop=True)


def _usable(values: pd.Series, email: bool) -> pd.Series:
    """Addresses in lower case, or ids, as text; missing where there is none, or a spreadsheet would compute it."""
    known = values.notna()
    texts = [_text(one) if there else "" for one, there in zip(values.tolist(), known, strict=True)]
    if email:
        texts = [one.lower() if re.search(EMAIL, one) else "" for one in texts]
    safe = [one if PLAIN.fullmatch(one) or not FORMULA.search(one) else "" for one in texts]
    return pd.Series(safe, values.index, dtype="object").replace("", None)


def _text(value: object) -> str:
    """A value as text; a number that a spreadsheet has made 17850.0 of is 17850."""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()


def _mostly_addresses(values: pd.Series) -> bool:
    texts = values.dropna().astype(str).str.strip()
    return len(texts) > 0 and bool(texts.str.contains(EMAIL).mean() >= MOSTLY)


def _email(customers: pd.DataFrame) -> str:
    columns = [str(name) for name in customers if _mostly_addresses(customers[name])]
    named = [name for name in columns if _plain(name) in NAMED_EMAIL]
    several = named or columns
    if len(several) > 1:
        raise AudienceError(f"Several columns hold e-mail addresses: {', '.join(several)}. Name the one to take.")
    return several[0] if several else ""


def _external(customers: pd.DataFrame) -> str:
    named = [str(name) for name in customers if _plain(name) in NAMED_ID and customers[name].notna().any()]
    return next((name for name in named if not customers[name].dropna().duplicated().any()), "")


def _plain(name: object) -> str:
    return re.sub(r"[^a-z]", "", str(name).lower())


def _list(processed: Path) -> pd.DataFrame:
    """The list of 07, without which nobody knows who is held out."""
    listed = listing.read(processed)
    if listed is None:
        raise _missing(processed, listing.NAME)
    if "arm" not in listed:
        raise AudienceError(listing.outdated(processed))
    return listed


def _table(processed: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(_path(processed, name))


def _path(processed: Path, name: str) -> Path:
    path = result_file(processed, name)
    if path is None:
        raise _missing(processed, name)
    return path


def _missing(processed: Path, name: str) -> AudienceError:
    return AudienceError(
        f"{processed.name} has no {name}: run the series first (make run PARAMS=params/{processed.name}.yaml)."
    )


def _record(processed: Path, name: str) -> dict[str, Any]:
    path = result_file(processed, name)
    return {} if path is None else read_json(path, {})
