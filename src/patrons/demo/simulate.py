"""A small shop that the project makes up: an order log with flaws, a customer table, the hidden truth.

Customers of several kinds buy at their own pace (gamma distributed) until they leave for good (after an exponentially
distributed time). Every report made from it says that the data is simulated. Products and attributes are invented.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from patrons.demo.catalogue import HOME, products, shelf
from patrons.demo.flaws import till_log, with_flaws
from patrons.files import whole

START = pd.Timestamp("2024-01-01")
FIRST_ID = 10_000  # the lowest number of a customer
HOME_SHARE = 0.87
ABROAD = ("Belgium", "Germany", "France", "Denmark", "Austria", "Ireland", "Sweden", "Switzerland", "Spain", "Norway")


class ShopError(ValueError):
    """A shop that cannot be made up as asked."""


class Kind(NamedTuple):
    """What customers of one kind have in common; each customer scatters around it."""

    share: float  # of all customers
    orders: float  # mean orders a year of a customer who stays
    shape: float  # of the gamma distribution of that rate: the smaller, the heavier its tail
    years: float  # mean time until leaving for good
    lines: float  # median lines per order
    pieces: float  # median pieces per line at a typical price
    thrift: float  # how strongly cheap products are preferred
    discount: float  # off the list price
    returns: float  # share of orders that are cancelled later, in whole or in part
    months: tuple[float, ...]  # how eagerly they buy, January to December
    channels: tuple[float, ...]  # weights in the order of CHANNELS
    plans: tuple[float, ...]  # weights in the order of PLANS
    ages: tuple[float, ...]  # weights in the order of AGES


CHANNELS = ("search", "social", "referral", "marketplace", "fair")
PLANS = ("none", "club", "business")
AGES = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
EVEN = (0.8, 0.8, 0.9, 0.9, 0.9, 0.8, 0.7, 0.8, 1.0, 1.4, 2.0, 1.7)
SHOPS = (0.7, 0.8, 0.9, 0.9, 1.0, 0.9, 0.8, 1.0, 1.4, 1.6, 1.5, 0.6)  # trade buys before its own customers do
GIFTS = (0.1, 0.2, 0.2, 0.3, 0.4, 0.2, 0.2, 0.2, 0.5, 1.8, 4.2, 3.8)
SALES = (2.4, 1.1, 0.5, 0.6, 0.6, 1.0, 2.2, 1.2, 0.5, 0.7, 1.5, 0.9)
YOUNG, MIXED, SETTLED, OLDER = (4, 5, 3, 2, 1, 1), (3, 4, 3, 3, 2, 2), (1, 3, 4, 4, 3, 1), (1, 2, 3, 4, 5, 4)
# fmt: off
KINDS = {
    "regular":    Kind(0.32, 6.0, 1.8, 4.0,  7,  1.8, 0.0, 0.00, 0.020, EVEN,  (4, 2, 3, 1, 1), (5, 4, 1), SETTLED),
    "trade":      Kind(0.09, 8.0, 0.9, 5.0, 10,  6.0, 0.1, 0.15, 0.030, SHOPS, (2, 1, 2, 1, 5), (3, 1, 6), SETTLED),
    "gifter":     Kind(0.19, 2.6, 1.6, 3.5,  6,  1.6, 0.0, 0.00, 0.015, GIFTS, (4, 3, 2, 2, 1), (8, 2, 0), OLDER),
    "bargain":    Kind(0.18, 4.0, 1.2, 2.5,  5,  2.6, 0.6, 0.10, 0.040, SALES, (2, 5, 1, 5, 1), (8, 2, 0), YOUNG),
    "enthusiast": Kind(0.11, 14., 1.5, 0.4,  7,  2.0, 0.0, 0.00, 0.025, EVEN,  (2, 6, 2, 2, 1), (5, 5, 0), YOUNG),
    "one-timer":  Kind(0.11, 0.0, 1.0, 0.0,  4,  1.5, 0.2, 0.00, 0.020, EVEN,  (4, 4, 1, 5, 1), (9, 1, 0), MIXED),
}
# fmt: on
NAMES = tuple(KINDS)

GUEST_SHARE = 0.08  # of orders, without a customer
ATTRIBUTES = ("customer_id", "signup_date", "country", "age_band", "channel", "support_contacts", "plan")
MISSING = {"age_band": 0.08, "channel": 0.02}  # share of customers of whom it is not known
FILES = ("orders.parquet", "customers.csv", "truth.parquet")
CHANGED_SHARE, CHANGED_RATE = 0.6, 0.4  # of customers, and what is left of their rate; see `_changed`


class Shop(NamedTuple):
    """A simulated shop: its raw order log, its customer table, and what no notebook may read."""

    orders: pd.DataFrame
    customers: pd.DataFrame
    truth: pd.DataFrame


def simulate(customers: int = 4000, years: int = 2, seed: int = 7, change: date | None = None) -> Shop:
    """Make up a shop; the same arguments give the same tables.

    Parameters
    ----------
    customers : int
        How many sign up; those who do not order within the years have no line in the log.
    years : int
        Length of the log from 2024-01-01.
    seed : int
    change : date, optional
        From this day on most customers order less than they used to (`_changed`), so that a churn model which learnt
        before it has about a fifth more log loss. Until then customers order on the same days as without a change.

    Returns
    -------
    Shop
        ``orders``: one row per line (order_id, product_id, description, quantity, ordered_at, unit_price in euro,
        customer_id or missing, country), flaws included. ``customers``: one row per customer (customer_id, signup_date,
        country, age_band, channel, support_contacts, plan). ``truth``: one row per customer (customer_id, kind, rate in
        orders a year, death_date or missing if the customer outlives the log, trouble; with a change also changed).

    Raises
    ------
    ShopError
        Where the change lies outside the log.
    """
    shop = unsorted(customers, years, seed, change)
    return shop._replace(orders=till_log(shop.orders))


def unsorted(
    customers: int,
    years: int,
    seed: int,
    change: date | None = None,
    goods: pd.DataFrame | None = None,
    first: int = FIRST_ID,
) -> Shop:
    """A shop as `simulate` makes it, whose lines have no order number and are in no order yet.

    Parameters
    ----------
    customers, years, seed, change
        As of `simulate`.
    goods : DataFrame, optional
        What it sells (`catalogue.products`); an assortment of its own unless given.
    first : int
        The lowest number of a customer.
    """
    rng = np.random.default_rng(seed)
    calendar = _calendar(years)
    people = _people(customers, calendar, rng, first)
    if change is not None:
        people["changed"] = _those_who_change(len(people), change, calendar, seed)
    sold = products(rng) if goods is None else goods
    orders = _orders(people, calendar, rng, change)
    lines = with_flaws(_lines(orders, sold, rng), orders, sold, calendar, rng)
    return Shop(lines, _attributes(people, rng), _truth(people, calendar))


def write(shop: Shop, folder: Path) -> list[Path]:
    """Write the shop's three files, each whole, and return their paths."""
    return write_tables(folder, dict(zip(FILES, shop, strict=True)))


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write tables by the names of their files, each whole, and return their paths."""
    targets = [folder / file for file in tables]
    for target, table in zip(targets, tables.values(), strict=True):
        with whole(target) as partial:
            if target.suffix == ".csv":
                table.to_csv(partial, index=False, lineterminator="\n")
            else:
                table.to_parquet(partial, index=False)
    return targets


def _calendar(years: int) -> pd.DataFrame:
    """One row per day: whether the shop is open, and by kind how much was bought before it (365 a year)."""
    days = pd.date_range(START, START + pd.DateOffset(years=years), inclusive="left")
    closed = ((days.month == 12) & (days.day >= 24)) | ((days.month == 1) & (days.day <= 3))
    table = pd.DataFrame({"day": days, "open": (days.day_of_week != 5) & ~closed})
    for name, kind in KINDS.items():
        eagerness = np.array(kind.months)[days.month - 1] * table["open"]
        table[name] = (eagerness / eagerness.mean()).cumsum().shift(fill_value=0.0)
    return table


def _people(n: int, calendar: pd.DataFrame, rng: np.random.Generator, first: int) -> pd.DataFrame:
    """One row per customer: kind, rate, and the days from the start of sign-up, first purchase and death.

    Half were customers before the start. Time to death has no memory, so theirs is drawn in the same way.
    """
    kinds = rng.choice(len(KINDS), n, p=[kind.share for kind in KINDS.values()])
    of_kind = pd.DataFrame(KINDS.values()).iloc[kinds].reset_index(drop=True)
    old = (rng.random(n) < 0.5) & (of_kind["years"] > 0)
    opened = _days(rng.random(n), calendar["regular"].to_numpy())
    begin = np.where(old, 0, opened)
    trouble = rng.gamma(0.8, 1 / 0.8, n)  # mean 1: makes customers call, and leave
    life = rng.exponential(1, n) * of_kind["years"] * 365 / (0.25 + 0.75 * trouble)
    return of_kind.assign(
        customer_id=(first + rng.permutation(n)).astype(str),
        kind=np.array(NAMES)[kinds],
        rate=rng.gamma(of_kind["shape"], of_kind["orders"] / of_kind["shape"]),
        country=_countries(n, rng),
        trouble=trouble,
        old=old,
        begin=begin,
        signup=np.where(old, -1 - rng.exponential(300, n).astype(int), opened),
        death=begin + 1 + np.ceil(life).astype(int),
    )


def _days(share: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The day by which this share of everything has been bought: always one on which the shop is open."""
    return np.searchsorted(before, share * before[-1], side="right") - 1


def _countries(n: int, rng: np.random.Generator) -> np.ndarray:
    fall = 1 / np.arange(1, len(ABROAD) + 1)
    shares = [HOME_SHARE, *(1 - HOME_SHARE) * fall / fall.sum()]
    return rng.choice(np.array([HOME, *ABROAD], dtype=object), n, p=shares)


def _those_who_change(n: int, change: date, calendar: pd.DataFrame, seed: int) -> np.ndarray:
    """By lot, so that nothing about a customer gives it away."""
    first, last = calendar["day"].iloc[0].date(), calendar["day"].iloc[-1].date()
    if not first < change <= last:
        raise ShopError(f"The change is on {change}, outside of the log. Give a day after {first}, up to {last}.")
    return np.random.default_rng([seed, 1]).random(n) < CHANGED_SHARE


def _changed(orders: pd.DataFrame, people: pd.DataFrame, day: int) -> pd.DataFrame:
    """Orders without those that are no longer made: of changed customers from the day on, all but `CHANGED_RATE`.

    Leaving out orders at random is what a lower rate comes to (thinning of a Poisson process). A newcomer's first order
    stays.
    """
    draw = np.random.default_rng(day).random(len(orders))
    later = orders["customer"].map(people["changed"]) & (orders["day"] >= day)
    return orders[~later | (draw < CHANGED_RATE)]


def _orders(
    people: pd.DataFrame, calendar: pd.DataFrame, rng: np.random.Generator, change: date | None = None
) -> pd.DataFrame:
    """One row per order: each newcomer's first, those that follow until death, and those of guests."""
    parts: list[pd.DataFrame] = []
    for name, group in people.groupby("kind"):
        before = np.append(calendar[name], 2 * calendar[name].iloc[-1] - calendar[name].iloc[-2])
        since = before[group["begin"]]
        until = before[np.minimum(group["death"], len(calendar))]
        buyers = group.index.repeat(rng.poisson(group["rate"] / 365 * (until - since)))
        spans = pd.Series(until - since, group.index)[buyers]
        at = pd.Series(since, group.index)[buyers] + rng.random(len(buyers)) * spans
        parts.append(pd.DataFrame({"customer": buyers, "day": np.searchsorted(before, at, side="right") - 1}))
    if change is not None:
        day = (change - START.date()).days
        parts = [_changed(part, people, day) for part in parts]
    new = people.index[~people["old"]]
    first = pd.DataFrame({"customer": new, "day": people.loc[new, "begin"]})
    columns = ["customer_id", "kind", "country", "lines", "pieces", "thrift", "discount", "returns"]
    orders = pd.concat([first, *parts], ignore_index=True).join(people[columns], on="customer")
    guests = orders.sample(int(len(orders) * GUEST_SHARE / (1 - GUEST_SHARE)), random_state=rng)
    guests = guests.assign(customer_id=None, country=_countries(len(guests), rng), kind="guest")
    orders = pd.concat([orders, guests], ignore_index=True)
    minute = (480 + 585 * rng.beta(2.2, 2.4, len(orders))).astype(int)  # 8:00 to 17:45
    orders["day"] = calendar["day"].to_numpy()[orders["day"]]
    return orders.assign(ordered_at=orders["day"] + pd.to_timedelta(minute, unit="min"), order=orders.index)


def _lines(orders: pd.DataFrame, goods: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One row per product in an order."""
    size = np.ceil(orders["lines"] * rng.lognormal(-0.1, 0.7, len(orders))).astype(int)
    lines = orders.loc[orders.index.repeat(size)].reset_index(drop=True)
    chosen = np.empty(len(lines), dtype=int)
    groups: Mapping[Any, Any] = lines.groupby([lines["ordered_at"].dt.month, "thrift"]).indices
    for (month, thrift), rows in groups.items():
        chosen[rows] = _days(rng.random(len(rows)), shelf(goods, month, thrift))
    lines["product"] = chosen
    lines = lines.drop_duplicates(["order", "product"], ignore_index=True)
    price = goods["price"].to_numpy()[lines["product"]]
    pieces = lines["pieces"] * (price / 7) ** -0.4 * rng.lognormal(-0.1, 0.7, len(lines))
    dearer = 1.03 ** (lines["ordered_at"].dt.year - START.year)
    return lines.assign(
        quantity=np.ceil(pieces).astype(int),
        unit_price=np.round(price * dearer * (1 - lines["discount"]), 2),
        product_id=goods["product_id"].to_numpy()[lines["product"]],
        description=goods["description"].to_numpy()[lines["product"]],
    )


def _attributes(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The customer table: attributes that depend on kind and trouble, but only loosely."""
    table = pd.DataFrame({"customer_id": people["customer_id"]})
    table["signup_date"] = (START + pd.to_timedelta(people["signup"], unit="D")).dt.date
    table["country"] = people["country"]
    table["age_band"] = _by_weight(AGES, people["ages"], rng)
    table["channel"] = _by_weight(CHANNELS, people["channels"], rng)
    table["plan"] = _by_weight(PLANS, people["plans"], rng)
    for column, share in MISSING.items():
        table[column] = table[column].mask(rng.random(len(table)) < share)
    table["support_contacts"] = rng.poisson(0.1 + 1.5 * people["trouble"])
    return table[list(ATTRIBUTES)].sort_values("customer_id", ignore_index=True)


def _by_weight(names: tuple[str, ...], weights: Any, rng: np.random.Generator) -> np.ndarray:
    bounds = np.cumsum(np.vstack(list(weights)), axis=1)
    return np.array(names, dtype=object)[(rng.random((len(bounds), 1)) * bounds[:, -1:] >= bounds).sum(axis=1)]


def _truth(people: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    death = (START + pd.to_timedelta(people["death"], unit="D")).mask(people["death"] >= len(calendar))
    known = ["customer_id", "kind", "rate", "trouble", *(name for name in ["changed"] if name in people)]
    truth = people[known].assign(death_date=death)
    return truth.sort_values("customer_id", ignore_index=True)
