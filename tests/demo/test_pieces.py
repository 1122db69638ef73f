"""Large shops: the same whatever the number of processes, sorted and numbered as a till would."""

import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from patrons.demo import pieces
from patrons.demo.simulate import FILES, simulate

YEARS, SEED = 1, 3
SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="module", autouse=True)
def as_a_command_starts():
    """New processes look for modules where this one does, and run its main module: what other tests have left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(SOURCE), *sys.path])
        patch.setitem(sys.modules, "__main__", ModuleType("__main__"))
        yield


def made(folder: Path, processes: int) -> dict[str, bytes]:
    """The files of a shop of 150 customers in pieces of 60, and so of 60, 60 and 30."""
    parts = folder / "parts"
    parts.mkdir(parents=True)
    asked = pieces.Asked(150, YEARS, SEED, None, 60, parts)
    pieces.in_pieces(asked, folder, processes)
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    made(folder, 1)
    return folder


@pytest.fixture(scope="module")
def log(shop) -> pd.DataFrame:
    return pd.read_parquet(shop / "orders.parquet")


def test_one_and_two_processes_make_up_the_same_shop(shop, tmp_path):
    assert made(tmp_path, 2) == {name: (shop / name).read_bytes() for name in FILES}


def test_pieces_are_of_different_customers_who_are_all_there(shop, log):
    customers = pd.read_csv(shop / "customers.csv", dtype={"customer_id": str}).customer_id
    assert sorted(map(int, customers)) == list(range(10_000, 10_150))
    assert set(log.customer_id.dropna()) <= set(customers)
    assert list(pd.read_parquet(shop / "truth.parquet").customer_id) == list(customers)


def test_lines_are_in_the_order_of_time_and_orders_are_numbered_as_they_come(log):
    assert log.ordered_at.is_monotonic_increasing
    numbers = log.order_id.str.removeprefix("C").astype(int)
    assert numbers.drop_duplicates().tolist() == list(range(100_001, 100_001 + numbers.nunique()))
    assert log.groupby("order_id").ordered_at.nunique().max() == 1
    assert (log.quantity[log.order_id.str.startswith("C")] < 0).all()


def test_pieces_sell_the_same_products(log):
    assert log.groupby("product_id").description.nunique().max() <= 4  # one, and what corrections of stock write
    goods = log[log.product_id.str.isdecimal() & (log.unit_price > 0)]
    assert goods.groupby("product_id").description.nunique().max() == 1


def test_a_shop_that_fits_is_that_of_simulate(tmp_path):
    rows = pieces.make(tmp_path, 60, YEARS, SEED)
    shop = simulate(60, YEARS, SEED)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "orders.parquet"), shop.orders)
    assert list(rows.values()) == [len(table) for table in shop]


def test_a_larger_one_is_made_up_in_pieces_and_leaves_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "IN_ONE", 50)
    rows = pieces.make(tmp_path, 60, YEARS, SEED, processes=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    assert rows[tmp_path / "customers.csv"] == 60
    assert rows[tmp_path / "orders.parquet"] == len(pd.read_parquet(tmp_path / "orders.parquet"))
