"""How small an effect can so many contacts show, and how many would be needed? For two shares that are compared.

The usual formula of sample sizes (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 2003, chapter
4, without correction for continuity): a two-sided test of equal shares at `LEVEL`, which finds a difference with a
chance of `POWER`.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm

from patrons.value.arms import CONTACT, HOLD_OUT, Lot, counts
from patrons.value.gains import falling

LEVEL, POWER = 0.05, 0.80


class Reach(NamedTuple):
    """What a list with two arms can show.

    Attributes
    ----------
    contacted, held : int
        Customers in the arms.
    silent : float
        Mean churn probability of those who are read with the list: the share who should not order if left alone.
    least : float
        The smallest save chance that is found with a chance of `POWER`; missing where none is.
    assumed : float
        The save chance that is assumed.
    power : float
        The chance to find that one.
    needed : int
        Customers, in both arms and in the same proportion, who would find it with a chance of `POWER`; 0 where no
        number would.
    kept, kept_held : int
        Of those in the arms, how many keep the arm of an earlier list, and how many of these are held out. They are
        read with that one, so the chances above are of the others.
    """

    contacted: int
    held: int
    silent: float
    least: float
    assumed: float
    power: float
    needed: int
    kept: int = 0
    kept_held: int = 0


def power(contacted: float, held: float, silent: float, save_chance: float) -> float:
    """The chance to find an effect: two-sided, by the normal approximation.

    Parameters
    ----------
    contacted, held : float
        Customers in the arms.
    silent : float
        Share who do not order if left alone.
    save_chance : float
        Share of these that a contact makes order.
    """
    effect, spread_none, spread = _spreads(contacted, held, silent, save_chance)
    if not spread:
        return 0.0
    limit = norm.ppf(1 - LEVEL / 2) * spread_none
    return float(norm.cdf((effect - limit) / spread) + norm.cdf((-effect - limit) / spread))


def _spreads(contacted: float, held: float, silent: float, save_chance: float) -> tuple[float, float, float]:
    """The difference of the shares, and its standard error where there is none and where it is this one."""
    left = silent * (1 - save_chance)
    pooled = (contacted * left + held * silent) / (contacted + held)
    spread_none = math.sqrt(pooled * (1 - pooled) * (1 / contacted + 1 / held))
    return silent - left, spread_none, math.sqrt(left * (1 - left) / contacted + silent * (1 - silent) / held)


def least(contacted: int, held: int, silent: float) -> float:
    """The smallest save chance that is found with a chance of `POWER`; missing where not even one of 1 is."""
    if not contacted or not held or power(contacted, held, silent, 1.0) < POWER:
        return math.nan
    return float(brentq(lambda chance: power(contacted, held, silent, chance) - POWER, 0.0, 1.0))


def needed(hold_out: float, silent: float, save_chance: float) -> int:
    """How many customers, of whom a share is held out, find a save chance; 0 where no number does."""
    if not 0 < silent <= 1 or save_chance <= 0 or not 0 < hold_out < 1:
        return 0
    effect, spread_none, spread = _spreads(1 - hold_out, hold_out, silent, save_chance)  # of one customer
    root = (norm.ppf(1 - LEVEL / 2) * spread_none + norm.ppf(POWER) * spread) / effect
    return math.ceil(root**2)


def reach(listed: pd.DataFrame, save_chance: float, lot: Lot | None = None) -> Reach:
    """What the arms of a list can show.

    Parameters
    ----------
    listed : DataFrame
        `arm` and `churn_probability`.
    save_chance : float
        The one that is assumed.
    lot : Lot, optional
        How the arms were drawn; without it all are of this list.
    """
    armed = listed.arm != ""
    own = counts(listed, lot) if lot else armed
    all_arms, (contacted, held) = _sizes(listed.arm), _sizes(listed.arm[own])
    known = listed.churn_probability[(own if own.any() else armed).to_numpy()].dropna()
    silent = float(known.mean()) if len(known) else np.nan
    kept = int((armed & lot.earlier.other(listed.customer_id)).sum()) if lot else 0
    nothing = Reach(*all_arms, silent, math.nan, save_chance, 0.0, 0, kept, all_arms[1] - held)
    if not held or not 0 < silent <= 1:
        return nothing
    chance, number = power(contacted, held, silent, save_chance), needed(held / (contacted + held), silent, save_chance)
    return nothing._replace(least=least(contacted, held, silent), power=chance, needed=number)


def _sizes(arm: pd.Series) -> tuple[int, int]:
    """How many are contacted, and held out."""
    return int((arm == CONTACT).sum()), int((arm == HOLD_OUT).sum())


def relative(save_chance: Sequence[Sequence[float]], reach: Reach) -> list[float]:
    """The likely save chance of each band of silence over that of all with an arm: how it is assumed to fall.

    A campaign measures the level; this is kept with its list, so that what follows for the bands can be told.
    """
    likely = [chance for _, chance, _ in falling(save_chance)]
    return [round(chance / reach.assumed, 6) if reach.assumed else 1.0 for chance in likely]
