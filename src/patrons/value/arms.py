"""Who of the list is contacted and who is held out, drawn by lot, and the lists of before with their arms.

What a contact does can be seen only beside customers like those contacted who were left alone (a randomised trial). The
lot is drawn within blocks of customers who follow each other on the list, so that both arms are alike in rank.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

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
    """A campaign that is not there."""


class Lot(NamedTuple):
    """How arms are drawn.

    Attributes
    ----------
    hold_out : float
        Share of the list that is held out, at most 0.5.
    seed : int
    drawn_for : str
        What tells the list from others, such as its day.
    """

    hold_out: float
    seed: int
    drawn_for: str


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
        Those with an arm: `customer_id`, `rank`, `stratum` (by rank, from 0), `arm`, `churn_probability`.
    relative : list of float
        The save chance that was assumed in each band of silence, over that of all these customers.
    """

    name: str
    day: pd.Timestamp | None
    horizon_days: int
    customers: pd.DataFrame
    relative: list[float]


def within(pays: int, affordable: int, hold_out: float) -> int:
    """How many of the list have an arm: those for whom a contact pays, until the budget is used up by those contacted.

    Parameters
    ----------
    pays, affordable : int
        For how many a contact pays, and how many contacts the budget does.
    hold_out : float
        Share of them that is held out, below 1.
    """
    if min(pays, affordable) < FEWEST:
        return min(pays, affordable)
    return min(pays, int(affordable / (1 - hold_out) + 1e-9))


def drawn(customer_id: pd.Series, lot: Lot) -> pd.Series:
    """Draw the arms of customers in the order of the list; the share held out is rounded up.

    As many blocks of consecutive ranks as there are hold-outs give one each: the customer of whom a hash of seed, list
    and id is the least. So the arms do not depend on the machine, and another day is another lot.

    Parameters
    ----------
    customer_id : Series of str
        In the order of the list.
    hold_out : float
        Share that is held out, at most 0.5; rounded up.
    seed : int
    drawn_for : str
        What tells the list from others, such as its day.

    """
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
    action = listed.suggested_action.mask(arm == HOLD_OUT, LEFT_ALONE)
    table = listed.assign(suggested_action=action)
    table.insert(list(table).index("suggested_action"), "arm", arm)
    return table


def keep(
    results: Path,
    listed: pd.DataFrame,
    lot: Lot,
    day: object,
    horizon_days: int | None,
    relative: Sequence[float] = (1.0,),
) -> str:
    """Keep the arms of a list beside all those before, and return its name; empty where nobody is held out.

    Results are made anew by every run; these are not, since a campaign goes on while other lists are made. The same
    list is kept once.

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
    if not (listed.arm == HOLD_OUT).any():
        return ""
    armed = listed[listed.arm != ""]
    stratum = _strata(len(armed), int((armed.arm == HOLD_OUT).sum()))
    table = armed.assign(customer_id=armed.customer_id.astype(str), stratum=stratum)[COLUMNS]
    table = table.assign(day=str(day or ""), horizon_days=horizon_days or 0)
    table["relative"] = [list(relative)] * len(table)
    digits = hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()[:8]
    name = f"{day}-{digits}" if day else f"table-{lot.drawn_for[:8]}-{digits}"
    path = folder(results) / f"{name}.parquet"
    if not path.exists():
        with whole(path) as partial:
            table.to_parquet(partial, index=False)
    return name


def occasion(name: str) -> str:
    """What lists that were made of the same data share: the day, or of a table the first digits of its digest."""
    return name.rpartition("-")[0]


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
        Where there is none of that name.
    """
    path = folder(results) / f"{Path(name).name.removesuffix('.parquet')}.parquet"
    if not path.is_file():
        raise CampaignError(f"{shown(path.parent)} has no list {path.stem!r}; {nearest(path.stem, names(results))}.")
    table = pd.read_parquet(path)
    first = table.iloc[0]
    day = pd.Timestamp(first.day) if first.day else None
    return Kept(path.stem, day, int(first.horizon_days), table[COLUMNS], [float(level) for level in first.relative])
