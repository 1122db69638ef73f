"""A few customers who come after the end of the demo's log, and their orders: something to score."""

from pathlib import Path

import pandas as pd

from patrons.demo.simulate import START, Shop, simulate
from patrons.files import whole

FILES = ("new_orders.csv", "new_customers.csv")
YEARS = 2  # of the demo's log, after which they come
UNTIL = START + pd.DateOffset(years=YEARS, months=2)
MADE = 400  # customers of the shop that they are taken from
NUMBER = 10_000_000  # added to their ids: more than a shop that is made up has customers
ORDERS = 500_000_000  # added to the numbers of their orders


def newcomers(seed: int = 7) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Customers who sign up in the two months after the demo's log, of another shop of the same kind.

    Parameters
    ----------
    seed : int
        That of the demo.

    Returns
    -------
    DataFrame, DataFrame
        Their order lines and their attributes, in the columns of the demo's `orders.parquet` and `customers.csv`.
    """
    shop = simulate(customers=MADE, years=YEARS + 1, seed=seed + 1)
    signup = pd.to_datetime(shop.customers["signup_date"])
    people = shop.customers[(signup >= START + pd.DateOffset(years=YEARS)) & (signup < UNTIL)]
    theirs = shop.orders["customer_id"].isin(people["customer_id"]) & (shop.orders["ordered_at"] < UNTIL)
    return _renumbered(Shop(shop.orders[theirs], people, shop.truth))


def _renumbered(shop: Shop) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders and customers with numbers that no shop which is made up uses."""
    customer = (shop.orders["customer_id"].astype(int) + NUMBER).astype(str)
    cancelled = shop.orders["order_id"].str.extract(r"^(C?)(\d+)$")
    order = cancelled[0] + (cancelled[1].astype(int) + ORDERS).astype(str)
    people = shop.customers.assign(customer_id=(shop.customers["customer_id"].astype(int) + NUMBER).astype(str))
    return shop.orders.assign(customer_id=customer, order_id=order).reset_index(drop=True), people.reset_index(
        drop=True
    )


def write(folder: Path, seed: int = 7) -> dict[Path, int]:
    """Write both files, each whole; their paths with the number of rows."""
    written = {}
    for name, table in zip(FILES, newcomers(seed), strict=True):
        with whole(folder / name) as partial:
            table.to_csv(partial, index=False, lineterminator="\n")
        written[folder / name] = len(table)
    return written
