"""Who of the list is contacted and who is held out, drawn by lot, and the lists of before with their arms.

What a contact does can be seen only beside customers like those contacted who were left alone (a randomised trial). The
lot is drawn within blocks of customers who follow each other on the list, so that both arms are alike in rank.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from patrons.errors import nearest
from patrons.files import shown, whole

CONTACT, HOLD_OUT = "contact", "hold out"
LEFT_ALONE = "hold out: do not contact before the trial is read"  # what to do with such a customer
FEWEST = 20  # customers to contact, below which nobody is held out: it could show nothing
STRATA, IN_STRATUM = 5, 10  # strata by rank at most, and hold-outs in each at least
FOLDER = "campaigns"
COLUMNS = ["customer_id", "rank", "stratum", "arm", "churn_probability"]


class CampaignError(ValueError):
    """A campaign that is not there, or cannot be read."""


class Earlier(NamedTuple):
    """Arms that other lists have drawn and that hold on.

    Attributes
    ----------
    arm : mapping of str
        The arm of each such customer.
    elsewhere : mapping of str
        Of these customers, the name of the list that drew them, with which they are read; without those who were drawn
        for the same data at the same share, who are read with the new list as well.
    notes : tuple of str
        Sentences on lists that could not be read.
    """

    arm: Mapping[str, str] = {}
    elsewhere: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()

    def of(self, customer_id: pd.Series) -> pd.Series:
        """The arm of each customer, empty where none is open."""
        return pd.Series([self.arm.get(str(one), "") for one in customer_id], customer_id.index, dtype="str")

    def other(self, customer_id: pd.Series) -> pd.Series:
        """Whether the arm of each customer is of a list of other data, or of another share."""
        return customer_id.astype(str).isin(list(self.elsewhere))


class Lot(NamedTuple):
    """How arms are drawn.

    Attributes
    ----------
    hold_out : float
        Share of the list that is held out, at most 0.5.
    seed : int
    drawn_for : str
        What tells the list from others, such as its day.
    earlier : Earlier
        Customers who have an arm already, and keep it.
    """

    hold_out: float
    seed: int
    drawn_for: str
    earlier: Earlier = Earlier()


class Kept(NamedTuple):
    """A list as it was drawn.

    Attributes
    ----------
    name : str
        Its `occasion`, and the first digits of a digest of what it holds.
    day : Timestamp or None
        The first day after the list was made; None for a list from a customer table.
    horizon_days : int
        How long a customer may stay silent before counting as gone, days; 0 where the list has no day.
    customers : DataFrame
        Those drawn for it: `customer_id`, `rank`, `stratum` (by rank, from 0), `arm`, `churn_probability`.
    relative : list of float
        The save chance that was assumed in each band of silence, over that of all these customers.
    hold_out : float
        The share that was to be held out; missing for lists of before this was kept.
    """

    name: str
    day: pd.Timestamp | None
    horizon_days: int
    customers: pd.DataFrame
    relative: list[float]
    hold_out: float = math.nan


def within(pays: int, affordable: int, hold_out: float, has: pd.Series | None = None, other: Any = False) -> int:
    """How many of the list have an arm: those for whom a contact pays, until the budget is used up by those contacted.

    Parameters
    ----------
    pays, affordable : int
        For how many a contact pays, and how many contacts the budget does.
    hold_out : float
        Share of them that is held out, below 1.
    has : Series of str, optional
        The arm that each customer has already, in the order of the list; empty where there is none.
    other : Series of bool, optional
        Who has it from a list of other data. The rest counts as if it were drawn now, so that a run again on the same
        data contacts as many.
    """
    arm = np.full(pays, "") if has is None else has.to_numpy(str)[:pays]
    theirs = np.broadcast_to(np.asarray(other, bool), len(arm) if has is None else len(has))[:pays]
    anew = ((arm == CONTACT) & theirs).cumsum() + _contacts((~theirs).cumsum(), hold_out)
    as_drawn = (arm == CONTACT).cumsum() + _contacts((arm == "").cumsum(), hold_out)
    beyond = np.maximum(anew, as_drawn) > affordable + 1e-9
    return int(beyond.argmax()) if beyond.any() else pays


def _contacts(customers: np.ndarray, hold_out: float) -> np.ndarray:
    """How many of so many customers the lot has contacted, at most."""
    return customers * np.where(customers <= FEWEST, 1, 1 - hold_out)


def drawn(customer_id: pd.Series, lot: Lot) -> pd.Series:
    """Draw the arms of customers in the order of the list; the share held out is rounded up.

    As many blocks of consecutive ranks as there are hold-outs give one each: the customer of whom a hash of seed, list
    and id is the least. So the arms do not depend on the machine, and another day is another lot. Who has an arm of an
    earlier list keeps it; the lot is of the others.

    Parameters
    ----------
    customer_id : Series of str
        In the order of the list.
    lot : Lot
    """
    has = lot.earlier.of(customer_id)
    new = _lot(customer_id[(has == "").to_numpy()], lot)
    return has.mask(has == "", new.reindex(has.index))


def _lot(customer_id: pd.Series, lot: Lot) -> pd.Series:
    """The arms of customers who have none yet."""
    held = int(np.ceil(lot.hold_out * len(customer_id) - 1e-9)) if len(customer_id) >= FEWEST else 0
    lots = [hashlib.sha256(f"{lot.seed}\n{lot.drawn_for}\n{one}".encode()).hexdigest() for one in customer_id]
    table = pd.DataFrame({"block": _blocks(len(lots), held), "lot": lots}, index=customer_id.index)
    least = table.lot == table.groupby("block").lot.transform("min")
    return pd.Series(np.where(least & (held > 0), HOLD_OUT, CONTACT), table.index)


def _blocks(count: int, parts: int) -> np.ndarray:
    """The numbers 0 to `parts` - 1 over so many rows, in order and as evenly as can be."""
    return np.arange(count) * parts // max(count, 1)


def _strata(count: int, held: int) -> np.ndarray:
    """The stratum of each of so many customers by rank; blocks of which one is held out stay whole."""
    return _blocks(count, held) * int(np.clip(held // IN_STRATUM, 1, STRATA)) // held


def with_arms(listed: pd.DataFrame, contacts: int, lot: Lot) -> pd.DataFrame:
    """The list with `arm`, empty beyond the first so many, and another action for those who are held out."""
    arm = drawn(listed.customer_id.astype(str).head(contacts), lot)
    arm = arm.reindex(listed.index).fillna("")
    held = (arm == HOLD_OUT) | (lot.earlier.of(listed.customer_id) == HOLD_OUT)  # also beyond the plan
    action = listed.suggested_action.mask(held, LEFT_ALONE)
    table = listed.assign(suggested_action=action)
    table.insert(list(table).index("suggested_action"), "arm", arm)
    return table


def counts(listed: pd.DataFrame, lot: Lot) -> pd.Series:
    """Who of a list is read with it, a mask: those with an arm of this lot, of which some were held out.

    Who keeps the arm of an earlier list is read with that one alone: contacts have changed who is still on the list, so
    that of those the arms are no longer alike.
    """
    customer_id = listed.customer_id.astype(str)
    own = (listed.arm != "") & ~lot.earlier.other(customer_id)
    new = own & (lot.earlier.of(customer_id) == "")
    return own if (listed.arm[new] == HOLD_OUT).any() else own & ~new


def keep(
    results: Path,
    listed: pd.DataFrame,
    lot: Lot,
    day: object,
    horizon_days: int | None,
    relative: Sequence[float] = (1.0,),
) -> str:
    """Keep the arms that were drawn for a list beside all those before, and return its name.

    Results are made anew by every run; these are not, since a campaign goes on while other lists are made. The same
    list is kept once. Where all who are held out keep the arm of an earlier list, that one's name is returned, the last
    where there are several; nothing where nobody is held out.

    Parameters
    ----------
    results : Path
        The folder of the series, such as ``data/processed/demo``; the list goes to ``data/campaigns/demo``.
    listed : DataFrame
        What `with_arms` gives.
    lot : Lot
        How they were drawn.
    day : date or None
        The first day after the list's data; None for a customer table.
    horizon_days : int or None
        Silence that counts as churn, days.
    relative : sequence of float
        The save chance that is assumed in each band of silence, over that of all with an arm.
    """
    armed = listed[counts(listed, lot).to_numpy()]
    if not (armed.arm == HOLD_OUT).any():
        held = listed.customer_id[(listed.arm == HOLD_OUT).to_numpy()].astype(str)
        return max((lot.earlier.elsewhere[one] for one in held), default="")
    stratum = _strata(len(armed), int((armed.arm == HOLD_OUT).sum()))
    table = armed.assign(customer_id=armed.customer_id.astype(str), stratum=stratum)[COLUMNS]
    table = table.assign(day=str(day or ""), horizon_days=horizon_days or 0, hold_out=lot.hold_out)
    table["relative"] = [list(relative)] * len(table)
    digits = hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()[:8]
    name = f"{occasion_of(day, lot)}-{digits}"
    path = folder(results) / f"{name}.parquet"
    if not path.exists():
        with whole(path) as partial:
            table.to_parquet(partial, index=False)
    return name


def occasion(name: str) -> str:
    """What lists that were made of the same data share: the day, or of a table the first digits of its digest."""
    return name.rpartition("-")[0]


def occasion_of(day: object, lot: Lot) -> str:
    """The `occasion` of a list that is about to be made."""
    return str(day) if day else f"table-{lot.drawn_for[:8]}"


def folder(results: Path) -> Path:
    """Where the lists of a series are kept, for the folder of its results."""
    return results.parents[1] / FOLDER / results.name


def names(results: Path) -> list[str]:
    """The lists that are kept, the oldest day first."""
    return sorted(path.stem for path in folder(results).glob("*.parquet"))


def kept(results: Path, name: str) -> Kept:
    """A list that was kept.

    Raises
    ------
    CampaignError
        Where there is none of that name, or it is damaged.
    """
    path = folder(results) / f"{Path(name).name.removesuffix('.parquet')}.parquet"
    if not path.is_file():
        raise CampaignError(f"{shown(path.parent)} has no list {path.stem!r}; {nearest(path.stem, names(results))}.")
    try:
        table = pd.read_parquet(path)
        first, customers = table.iloc[0], table[COLUMNS]
        day = pd.Timestamp(first.day) if first.day else None
        relative, share = [float(level) for level in first.relative], float(first.get("hold_out", math.nan))
        return Kept(path.stem, day, int(first.horizon_days), customers, relative, share)
    except (OSError, ValueError, LookupError, AttributeError):
        raise CampaignError(f"{shown(path)} is damaged: restore a copy, or remove it.") from None
