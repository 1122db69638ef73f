"""Simulated shops for `monitoring.py`: customers' orders a day, a cheap churn model, and what it forecast of each day.

A customer arrives, orders at a rate of their own (gamma), and leaves for good after an exponential time. The model
learns at the end of two years; monthly days after it are monitored. Everything is an array, so a shop takes about a
second.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

HORIZON, STEP, TRAINED = 90, 30, 730  # days
WINDOWS = 12  # monitored days of a shop-year
LENGTH = TRAINED + (WINDOWS - 1) * STEP + HORIZON
FIRST = 100  # the first day of the panel
SEASON_AFTER = 270  # days of panel from which the season is learnt
KINDS = ("stable", "growing", "seasonal", "promotion", "harmless", "harm")
YEAR = 365
HARMS = ("slower", "leaving", "reshuffled")  # what changes: shop by shop in turn
WORSE = 1.2  # loss after the change over what it would have been
ABROAD, ABROAD_LATER, DEARER, STRONGER = 0.13, 0.5, 1.1, 3.0


@dataclass(frozen=True)
class World:
    """What a shop is like.

    Attributes
    ----------
    customers : int
        Who arrive until the model is trained, a quarter of them before the log begins.
    orders, shape : float
        Mean orders a year of a customer who stays, and the shape of the gamma distribution around it.
    years : float
        Mean time until leaving.
    growth : float
        Arrivals a day at the end of a year over those at its beginning.
    season : ndarray, shape (365,)
        How eagerly they buy by day of the year, 1 on average.
    promotions : tuple of int
        Days on which a week begins in which orders and arrivals are `STRONGER` times as many.
    harmless, harm : int or None
        From which day prices and countries change, and behaviour does.
    how : str
        One of `HARMS`.
    strength : float
        Of the harm; see `_changed`.
    """

    customers: int
    orders: float
    shape: float
    years: float
    growth: float = 1.0
    season: np.ndarray | None = None
    promotions: tuple[int, ...] = ()
    harmless: int | None = None
    harm: int | None = None
    how: str = ""
    strength: float = 0.0


def world(kind: str, seed: int) -> World:
    """A shop of a kind, drawn by its seed."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    base = World(
        customers=int(rng.integers(1200, 2000)),
        orders=rng.uniform(6, 14),
        shape=rng.uniform(0.8, 2.0),
        years=rng.uniform(1, 4),
    )
    of = kind if kind != "harm" else ("stable", "growing", "seasonal")[seed % 3]
    if of == "growing":
        base = replace(base, growth=rng.uniform(1.3, 2.5))
    if of == "seasonal":
        base = replace(base, season=_season(rng))
    if of == "promotion":
        before = (int(rng.integers(200, 600)),) if rng.random() < 0.5 else ()
        base = replace(base, promotions=(*before, int(rng.integers(TRAINED - 60, LENGTH - 60))))
    changed = int(rng.integers(TRAINED, TRAINED + 150))
    if of == "harmless":
        base = replace(base, harmless=changed)
    if kind == "harm":
        base = replace(base, harm=changed, how=HARMS[(seed // 3) % len(HARMS)])
    return base


def _season(rng: np.random.Generator) -> np.ndarray:
    """A peak of one to three months, twice to four times as busy as the rest of the year."""
    day = np.arange(YEAR)
    apart = np.abs((day - rng.integers(YEAR) + YEAR / 2) % YEAR - YEAR / 2)
    season = 1 + rng.uniform(1, 3) * np.exp(-0.5 * (apart / rng.uniform(15, 40)) ** 2)
    return season / season.mean()


@dataclass(frozen=True)
class Shop:
    """Orders of a shop: a row a customer, a column a day.

    Attributes
    ----------
    counts, spend : ndarray, shape (customers, LENGTH)
        Orders of the day and what was paid for them.
    abroad : ndarray of bool, shape (customers,)
    """

    counts: np.ndarray
    spend: np.ndarray
    abroad: np.ndarray


def simulate(world: World, seed: int) -> Shop:
    """Draw a shop. The first `TRAINED` days are the same whatever changes later."""
    people = np.random.default_rng([seed, 1])
    rate, begin, end = _people(world, people)
    n, day = len(rate), np.arange(LENGTH)
    expected = intensity(world, seed, rate, begin, end)
    parts = enumerate(np.split(expected, [TRAINED], axis=1))
    counts = np.hstack([np.random.default_rng([seed, 3 + n]).poisson(part) for n, part in parts]).astype(np.int16)
    arrived = np.flatnonzero((begin >= 0) & (begin < LENGTH))
    counts[arrived, begin[arrived]] += 1
    pays = people.lognormal(3.5, 0.5, n)
    noise = np.random.default_rng([seed, 5]).lognormal(0, 0.5, (n, 64))
    prices = np.ones(LENGTH) if world.harmless is None else np.where(day >= world.harmless, DEARER, 1.0)
    spend = counts * pays[:, None] * noise[:, day % 64] * prices
    share = np.full(n, ABROAD) if world.harmless is None else np.where(begin >= world.harmless, ABROAD_LATER, ABROAD)
    return Shop(counts, spend.astype(np.float32), people.random(n) < share)


def intensity(world: World, seed: int, rate: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Orders expected of each customer (row) on each day (column)."""
    day = np.arange(LENGTH)
    busy = np.ones(LENGTH) if world.season is None else world.season[day % YEAR]
    for start in world.promotions:
        busy = np.where((day >= start) & (day < start + 7), busy * STRONGER, busy)
    there = (day >= begin[:, None]) & (day < end[:, None])
    expected = (rate / YEAR)[:, None] * there * busy
    if world.harm is None:
        return expected
    return _changed(world, expected, rate, begin, seed)


def _people(world: World, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rate (orders a year), first day and last day of each customer; who was there before the log begins at -1."""
    day = np.arange(LENGTH)
    arrivals = world.growth ** (day / YEAR)
    if world.season is not None:
        arrivals = arrivals * world.season[day % YEAR] ** 0.5
    for start in world.promotions:
        arrivals = np.where((day >= start) & (day < start + 7), arrivals * STRONGER, arrivals)
    arrivals = arrivals / arrivals[:TRAINED].sum() * 0.75 * world.customers
    old = int(0.25 * world.customers)
    begin = np.concatenate([np.full(old, -1), np.repeat(day, rng.poisson(arrivals))])
    life = rng.exponential(world.years * YEAR, len(begin))
    rate = rng.gamma(world.shape, world.orders / world.shape, len(begin))
    return rate, begin, (begin + 1 + np.ceil(life)).astype(int)


def _changed(world: World, intensity: np.ndarray, rate: np.ndarray, begin: np.ndarray, seed: int) -> np.ndarray:
    """The intensity with what changes on the day of harm, by a strength from 0 to 1.

    slower: two of three customers order at (1 - strength) times their rate. leaving: the busier half leaves, on average
    after 45 days at full strength. reshuffled: this share of customers exchanges rates, so that the past says little of
    them, and all slow down by half of it.
    """
    assert world.harm is not None
    n, day, strength, rng = len(rate), np.arange(LENGTH), world.strength, np.random.default_rng([seed, 2])
    later = day >= world.harm
    if world.how == "slower":
        factor = np.where(rng.random(n) < 2 / 3, 1 - strength, 1.0)
    elif world.how == "leaving":
        gone = np.maximum(begin, world.harm) + rng.exponential(HORIZON / 2, n) / max(strength, 1e-9)
        busier = rate > np.median(rate)
        return intensity * ~(later & busier[:, None] & (day >= gone[:, None]))
    else:
        order = rng.permutation(n)
        moved = order[: int(strength * n)]
        other = rate.copy()
        other[moved] = rate[rng.permutation(moved)]
        factor = other / np.maximum(rate, 1e-9) * (1 - strength / 2)
    return np.where(later, intensity * factor[:, None], intensity)


NAMES = (
    "recency", "orders_30", "orders_90", "orders_180", "orders_365", "orders", "tenure", "gap", "spend_order",
    "spend_90", "abroad",
)  # fmt: skip


def described(shop: Shop) -> dict[int, pd.DataFrame]:
    """Customers who can be kept on each day: features from before the day, and whether they did not order after it."""
    n = len(shop.counts)
    orders = np.hstack([np.zeros((n, 1)), shop.counts.cumsum(axis=1)])
    spend = np.hstack([np.zeros((n, 1)), shop.spend.cumsum(axis=1)])
    day = np.arange(LENGTH)
    last = np.maximum.accumulate(np.where(shop.counts > 0, day, -1), axis=1)
    first = np.where(shop.counts.any(axis=1), (shop.counts > 0).argmax(axis=1), LENGTH)
    found = {}
    for as_of in [*range(FIRST, TRAINED - HORIZON + 1, STEP), *range(TRAINED, LENGTH - HORIZON + 1, STEP)]:
        recency = as_of - last[:, as_of - 1]
        who = np.flatnonzero((last[:, as_of - 1] >= 0) & (recency <= HORIZON))
        recent, total, since = recency[who], orders[who, as_of], as_of - first[who]
        in_days = [total - orders[who, max(as_of - days, 0)] for days in (30, 90, 180, 365)]
        columns = [np.log1p(recent), *(np.log1p(c) for c in in_days), np.log1p(total), np.log1p(since)]
        columns += [np.log1p(recent * total / since), np.log1p(spend[who, as_of] / total)]
        columns += [np.log1p(spend[who, as_of] - spend[who, as_of - HORIZON]), shop.abroad[who]]
        ahead = orders[who, as_of + HORIZON] - total
        table = pd.DataFrame(dict(zip(NAMES, columns, strict=True)), dtype=float)
        found[as_of] = table.assign(customer_id=who, churned=(ahead == 0).astype(int))
    return found


@dataclass(frozen=True)
class Champion:
    """A model as it was trained, with the days on which its procedure was tried (`scored` rows)."""

    model: Pipeline
    calibrator: LogisticRegression
    tried: pd.DataFrame

    def scores(self, table: pd.DataFrame, day: int) -> np.ndarray:
        """Probabilities of customers described on a day."""
        return _calibrated(self.calibrator, self.model.decision_function(_inputs(table, day, True)))


def _inputs(table: pd.DataFrame, day: int, season: bool) -> np.ndarray:
    angle = 2 * np.pi * day / YEAR
    ahead = np.tile([np.sin(angle), np.cos(angle)], (len(table), 1)) * season
    return np.hstack([table[list(NAMES)].to_numpy(), ahead])


def _fit(days: dict[int, pd.DataFrame], known: int) -> Pipeline:
    """Learn from days whose outcomes were known by then; what the season changes once most of a year can tell."""
    used = [day for day in days if day + HORIZON <= known]
    season = max(used) - min(used) >= SEASON_AFTER
    X = np.vstack([_inputs(days[day], day, season) for day in used])
    y = np.concatenate([days[day].churned for day in used])
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200)).fit(X, y)


def _calibrated(calibrator: LogisticRegression, raw: np.ndarray) -> np.ndarray:
    return calibrator.predict_proba(raw[:, None])[:, 1]


def _calibrator(before: pd.DataFrame) -> LogisticRegression:
    return LogisticRegression(C=1e3).fit(before[["raw"]].to_numpy(), before.churned)


def champion(days: dict[int, pd.DataFrame]) -> Champion:
    """Train at `TRAINED`; try the procedure on days a horizon apart before it, as `patrons.churn.origins` does."""
    test = max(day for day in days if day <= TRAINED - HORIZON)
    origins = [day for day in range(test, FIRST + HORIZON - 1, -HORIZON) if day in days][::-1]
    rows: list[pd.DataFrame] = []
    for day in origins:
        raw = _fit(days, day).decision_function(_inputs(days[day], day, True))
        now = days[day][["customer_id", "churned"]].assign(day=day, raw=raw)
        before = [part for part in rows if part.day.iloc[0] + HORIZON <= day]
        score = _calibrated(_calibrator(pd.concat(before)), raw) if before else 1 / (1 + np.exp(-raw))
        rows.append(now.assign(probability=score))
    tried = pd.concat(rows)
    return Champion(_fit(days, TRAINED), _calibrator(tried), tried)


def monitored(champion: Champion, days: dict[int, pd.DataFrame]) -> pd.DataFrame:
    """What the champion forecast of days after its training and what happened: `scored` rows."""
    later = {day: champion.scores(table, day) for day, table in days.items() if day >= TRAINED}
    happened = (days[day][["customer_id", "churned"]].assign(day=day, probability=p) for day, p in later.items())
    return pd.concat(happened)


def harmed(world: World, seed: int, champion: Champion, days: dict[int, pd.DataFrame]) -> World:
    """The world with the harm so strong that the first wholly changed day is expected to lose `WORSE` times as much.

    Where its kind of harm cannot reach that, another does. The days are those of the same shop without the change.
    """
    day = min(day for day in days if day >= max(world.harm or 0, TRAINED))
    table = days[day]
    p = np.clip(champion.scores(table, day), 1e-6, 1 - 1e-6)
    who = table.customer_id.to_numpy()
    people = _people(world, np.random.default_rng([seed, 1]))

    def expected(way: str, strength: float) -> float:
        changed = replace(world, how=way, strength=strength)
        silent = np.exp(-intensity(changed, seed, *people)[who, day : day + HORIZON].sum(axis=1))
        return float(-(silent * np.log(p) + (1 - silent) * np.log(1 - p)).mean())

    aim = WORSE * expected(world.how, 0.0)
    ways = [world.how, *(way for way in HARMS if way != world.how)]
    way = next((way for way in ways if expected(way, 1.0) >= aim), world.how)
    low, high = 0.0, 1.0
    for _ in range(7):
        middle = (low + high) / 2
        low, high = (middle, high) if expected(way, middle) < aim else (low, middle)
    return replace(world, how=way, strength=(low + high) / 2)
