"""What a real order log holds besides good lines: cancellations, typos, corrections, fees, copies."""

import numpy as np
import pandas as pd

from patrons.demo.catalogue import HOME

DUPLICATES = 0.005  # of lines, exact copies
FREE = 0.0008  # of lines, price 0
ABSURD = (74_215, 12_960, 8_400)  # pieces, cancelled minutes later
CORRECTIONS = 0.0007  # of lines, own orders: stock written off at price 0
POSTAGE = 0.35  # of orders from abroad have a line POST
OTHER_CODES = {"M": ("Manual", 25.0), "D": ("Discount", 12.5), "BANK CHARGES": ("Bank charges", 15.0)}
OTHER_CODE_SHARE = 0.004  # of orders
FIRST_ORDER = 100_001
LOG = {  # the raw log's columns and their types
    "order_id": "str",
    "product_id": "str",
    "description": "str",
    "quantity": "int64",
    "ordered_at": "datetime64[us]",
    "unit_price": "float64",
    "customer_id": "str",
    "country": "str",
}


def with_flaws(
    lines: pd.DataFrame, orders: pd.DataFrame, goods: pd.DataFrame, calendar: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """The lines, followed by the flawed ones; flaws that are orders of their own get keys of their own."""
    free = rng.random(len(lines)) < FREE
    lines = lines.assign(unit_price=lines["unit_price"].mask(free, 0.0))
    typos = _absurd(orders, goods, rng)
    undone = typos.assign(
        order="C" + typos["order"],
        quantity=-typos["quantity"],
        ordered_at=typos["ordered_at"] + pd.Timedelta("9min"),
    )
    copies = lines.sample(frac=DUPLICATES, random_state=rng)
    flaws = [_returns(lines, calendar, rng), typos, undone, _corrections(lines, rng), _codes(orders, rng), copies]
    return pd.concat([lines, *flaws], ignore_index=True)


def _returns(lines: pd.DataFrame, calendar: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Cancellations: some lines of an earlier order, in whole or in part, on a trading day soon after."""
    orders = lines.drop_duplicates("order").set_index("order")
    returned = orders[rng.random(len(orders)) < orders["returns"]]
    wait = pd.Series(1 + rng.exponential(7, len(returned)).astype(int), returned.index)
    lines = lines[lines["order"].isin(returned.index) & (rng.random(len(lines)) < 0.4)]
    open_days = calendar.loc[calendar["open"], "day"].to_numpy()
    due = np.searchsorted(open_days, lines["day"] + pd.to_timedelta(lines["order"].map(wait), unit="D"))
    lines, due = lines[due < len(open_days)], due[due < len(open_days)]
    return lines.assign(
        order="C" + lines["order"].astype(str),
        quantity=-np.ceil(lines["quantity"] * rng.choice([0.5, 1.0], len(lines))).astype(int),
        ordered_at=open_days[due] + (lines["ordered_at"] - lines["day"]),
    )


def _absurd(orders: pd.DataFrame, goods: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Typing errors in the quantity of a cheap product, a minute after an order."""
    cheap = goods.nsmallest(100, "price").sample(len(ABSURD), random_state=rng)
    hosts = orders[orders["kind"] == "regular"].sample(len(ABSURD), random_state=rng)
    return hosts.assign(
        order="absurd" + hosts["order"].astype(str),
        ordered_at=hosts["ordered_at"] + pd.Timedelta("1min"),
        quantity=ABSURD,
        unit_price=cheap["price"].to_numpy(),
        product_id=cheap["product_id"].to_numpy(),
        description=cheap["description"].to_numpy(),
    )


def _corrections(lines: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Stock written off: an order without customer, at price 0, with a negative quantity, often without description."""
    lost = lines.sample(frac=CORRECTIONS, random_state=rng)
    return lost.assign(
        order="stock" + lost.index.astype(str),
        quantity=-rng.integers(1, 300, len(lost)),
        unit_price=0.0,
        customer_id=None,
        description=rng.choice(np.array(["damaged", "lost", "counted again", None], dtype=object), len(lost)),
        country=HOME,
    )


def _codes(orders: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Lines that are not products: postage abroad, and now and then a fee or a discount."""
    post = orders[(orders["country"] != HOME) & (rng.random(len(orders)) < POSTAGE)]
    post = post.assign(product_id="POST", description="Postage", unit_price=18.0, quantity=1)
    others = orders.sample(frac=OTHER_CODE_SHARE, random_state=rng)
    code = rng.choice(np.array(list(OTHER_CODES), dtype=object), len(others))
    others = others.assign(
        product_id=code,
        description=[OTHER_CODES[c][0] for c in code],
        unit_price=np.round([OTHER_CODES[c][1] for c in code] * rng.lognormal(0, 0.5, len(others)), 2),
        quantity=np.where(code == "D", -1, 1),
    )
    return pd.concat([post, others])


def till_log(lines: pd.DataFrame) -> pd.DataFrame:
    """The log as the shop's till exports it: sorted by time, orders numbered as they come, cancellations with a C."""
    lines = in_sequence(lines)
    lines["order_id"] = order_ids(lines["number"], lines["cancels"])
    return lines[list(LOG)].reset_index(drop=True).astype(LOG)


def in_sequence(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines sorted by time, those of an order together, with its `number` from 0 and whether it `cancels` another."""
    lines = lines.assign(key=lines["order"].astype(str)).sort_values(["ordered_at", "key"], kind="stable")
    return lines.assign(number=pd.factorize(lines["key"])[0], cancels=lines["key"].str.startswith("C"))


def order_ids(number: pd.Series, cancels: pd.Series) -> pd.Series:
    """What stands on the till's receipts for orders that are numbered from 0."""
    receipt = (FIRST_ORDER + number).astype(str)
    return receipt.mask(cancels, "C" + receipt)
