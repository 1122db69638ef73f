"""What each cancellation takes back of which line, worked out by hand; and a stack in plain Python beside it."""

import ibis
import numpy as np
import pandas as pd
import pytest

from patrons.errors import OrdersError
from patrons.intake import cancellations, order_log, orders, quality

COLUMNS = ["customer_id", "product_id", "ordered_at", "quantity", "amount"]


def judged(*rows):
    """Lines as (customer, product, day of January 2024 with an hour, quantity, amount); below 0 is a cancellation."""
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["ordered_at"] = pd.to_datetime("2024-01-" + table.ordered_at, format="%Y-%m-%d %H").astype("datetime64[us]")
    table["reason"] = pd.Series(np.where(table.amount < 0, "cancellation", None), dtype="str")
    return ibis.memtable(table.assign(line=range(len(table))))


def taken(*rows, **settings):
    """(line bought, line that cancels, quantity, amount, whether nothing is left) of each part."""
    table = cancellations.matched(judged(*rows), **settings).to_pandas()
    return list(zip(table.line, table.cancelled_by, table.quantity, table.amount, table.gone, strict=True))


def test_a_line_is_cancelled_whole():
    assert taken(("a", "x", "01 09", 3, 30), ("a", "x", "02 09", -3, -30)) == [(0, 1, 3, 30, True)]


def test_a_part_of_a_line_is_cancelled_at_the_price_that_was_paid():
    rows = [("a", "x", "01 09", 4, 40), ("a", "x", "02 09", -1, -8)]
    assert taken(*rows) == [(0, 1, 1, 10, False)]
    assert cancellations.matched(judged(*rows)).to_pandas().paid_back.tolist() == [8]


def test_several_cancellations_take_parts_of_one_line_until_nothing_is_left():
    rows = [("a", "x", "01 09", 4, 40), ("a", "x", "02 09", -1, -10), ("a", "x", "05 09", -3, -30)]
    assert taken(*rows) == [(0, 1, 1, 10, False), (0, 2, 3, 30, True)]


def test_a_cancellation_takes_the_latest_lines_first_and_then_earlier_ones():
    rows = [("a", "x", "01 09", 10, 100), ("a", "x", "03 09", 2, 30), ("a", "x", "04 09", -5, -60)]
    assert taken(*rows) == [(0, 2, 3, 30, False), (1, 2, 2, 30, True)]


def test_what_was_taken_back_is_not_taken_back_again_by_later_cancellations():
    rows = [("a", "x", "01 09", 1, 10), ("a", "x", "02 09", 1, 20), ("a", "x", "03 09", -1, -20)]
    rows += [("a", "x", "04 09", 1, 30), ("a", "x", "05 09", -2, -40)]
    assert taken(*rows) == [(1, 2, 1, 20, True), (0, 4, 1, 10, True), (3, 4, 1, 30, True)]


def test_a_cancellation_before_the_purchase_takes_nothing_then_or_later():
    assert taken(("a", "x", "01 09", -3, -30), ("a", "x", "02 09", 3, 30)) == []


def test_what_no_earlier_line_covers_stays_unmatched():
    rows = [("a", "x", "01 09", 2, 20), ("a", "x", "02 09", -5, -50), ("a", "x", "03 09", 4, 40)]
    assert taken(*rows) == [(0, 1, 2, 20, True)]
    table = cancellations.matched(judged(*rows)).to_pandas()
    assert table.paid_back.tolist() == [20]  # two of the five pieces, for which 50 were paid back


def test_a_rebate_takes_no_line_back_and_what_is_left_is_not_gone():
    rows = [("a", "x", "01 09", 10, 100), ("a", "x", "02 09", -4, -19), ("a", "x", "03 09", -6, -30)]
    assert taken(*rows) == [(0, 2, 6, 60, False)]  # 4.75 apiece is less than half of 10, 5 is half


def test_a_rebate_leaves_what_it_was_given_for_to_later_returns():
    rows = [("a", "x", "01 09", 10, 100), ("a", "x", "02 09", -10, -10), ("a", "x", "03 09", -5, -5)]
    assert taken(*rows, ("a", "x", "04 09", -10, -100)) == [(0, 3, 10, 100, True)]
    cheap = [("a", "x", "01 09", 10, 10), ("a", "x", "02 09", 2, 20), ("a", "x", "03 09", -12, -12)]
    assert taken(*cheap) == [(0, 2, 10, 10, True)]  # at 1 apiece the earlier ones come back, the dearer two do not


def test_other_customers_and_other_products_are_not_touched():
    rows = [("b", "x", "01 09", 1, 10), ("a", "y", "01 09", 1, 10), ("a", "x", "02 09", -1, -10)]
    assert taken(*rows) == []


def test_at_one_moment_the_purchase_comes_first_and_the_line_that_stands_later_is_the_later_one():
    rows = [("a", "x", "02 09", -1, -10), ("a", "x", "02 09", 1, 10), ("a", "x", "02 09", 1, 10)]
    assert taken(*rows) == [(2, 0, 1, 10, True)]


LISTED = pd.DataFrame(  # three are bought and cancelled again, each listed twice, after five that stay
    {
        "order_id": ["1", "2", "2", "C3", "C3"],
        "product_id": "x",
        "quantity": [5, 3, 3, -3, -3],
        "ordered_at": pd.to_datetime(["2024-01-01", *["2024-01-02"] * 2, *["2024-01-03"] * 2]),
        "unit_price": 2.0,
        "customer_id": "a",
    }
)


@pytest.mark.parametrize(
    ("duplicates", "parts", "returns"),
    [("quarantine", [(1, 3, 3, True)], [3]), ("keep", [(2, 3, 3, True), (1, 4, 3, True)], [3, 4])],
)
def test_a_cancellation_that_is_listed_twice_counts_as_often_as_what_it_cancels(tmp_path, duplicates, parts, returns):
    LISTED.to_parquet(tmp_path / "log.parquet")
    lines = order_log.read_log(tmp_path / "log.parquet", {name: name for name in LISTED}).lines
    judged = orders.judge(lines, "C", [], duplicates).cache()
    table = cancellations.matched(judged).to_pandas()
    assert list(zip(table.line, table.cancelled_by, table.quantity, table.gone, strict=True)) == parts
    aside = orders.quarantined(judged).to_pandas()
    assert aside.line[aside.reason == "cancellation"].tolist() == returns  # what the features of returns count
    assert aside.line[aside.reason == "exact duplicate"].tolist() == [2, 4] * (duplicates == "quarantine")
    assert orders.row_loss(judged)["count"].iloc[0] == len(LISTED)  # or it raises: the sums close


def test_lines_that_are_set_aside_are_not_taken_back():
    lines = judged(("a", "x", "01 09", 1, 10), ("a", "x", "02 09", -1, -10))
    fee = lines.mutate(reason=ibis.ifelse(lines.line == 0, "non-product code", lines.reason))
    assert cancellations.matched(fee).to_pandas().empty


def test_without_a_quantity_amounts_are_matched():
    rows = [("a", "", "01 09", 1, 100), ("a", "", "02 09", 1, -30)]
    assert taken(*rows, absent=["quantity"]) == [(0, 1, 0.3, 30, False)]


def test_aside_takes_nothing_back():
    rows = [("a", "x", "01 09", 3, 30), ("a", "x", "02 09", -3, -30)]
    assert taken(*rows, how="aside") == []


def test_net_lines_are_less_what_was_cancelled():
    lines = judged(
        ("a", "x", "01 09", 3, 30), ("a", "y", "01 09", 4, 8), ("a", "x", "02 09", -3, -30), ("a", "y", "02 09", -1, -2)
    )
    kept = lines.filter(lines.reason.isnull())
    net = cancellations.net(kept, cancellations.matched(lines)).to_pandas()
    assert net[["line", "quantity", "amount"]].to_numpy().tolist() == [[1, 3, 6]]


def test_whose_every_order_was_cancelled_is_no_customer_of_the_contract():
    lines = judged(("a", "x", "01 09", 3, 30), ("b", "x", "01 09", 3, 30), ("a", "x", "02 09", -3, -30))
    limits, cancelled = quality.Limits(min_customers=2), cancellations.matched(lines)
    assert quality.enforce(lines, limits).customers == 2
    with pytest.raises(OrdersError, match="min_customers: 1 customers are kept, needed are 2"):
        quality.enforce(lines, limits, cancelled=cancelled)


def a_log(seed, rows=400):
    """A log of few customers and products in which a third of the lines cancel something, some of them nothing."""
    rng = np.random.default_rng(seed)
    back = rng.random(rows) < 0.33
    quantity = rng.integers(1, 6, rows) / 2
    return pd.DataFrame(
        {
            "customer_id": rng.choice(["a", "b", "c"], rows),
            "product_id": rng.choice(["x", "y"], rows),
            "ordered_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 60, rows), "D"),
            "quantity": np.where(back, -quantity, quantity),
            "amount": np.where(back, -quantity, quantity),
            "reason": pd.Series(np.where(back, "cancellation", None), dtype="str"),
            "line": rng.permutation(rows),
        }
    ).astype({"ordered_at": "datetime64[us]"})


def stacked(log):
    """The same by a stack for each customer and product, line by line."""
    found = {}
    table = log.assign(back=log.amount < 0).sort_values(["ordered_at", "back", "line"])
    for _, lines in table.groupby(["customer_id", "product_id"]):
        stack = []
        for row in lines.itertuples():
            if not row.back:
                stack.append([row.line, row.quantity])
                continue
            wanted = -row.quantity
            while wanted and stack:
                part = min(wanted, stack[-1][1])
                found[stack[-1][0], row.line] = part
                wanted, stack[-1][1] = wanted - part, stack[-1][1] - part
                if not stack[-1][1]:
                    stack.pop()
    return found


@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_a_stack_of_lines_gives(seed):
    log = a_log(seed)
    table = cancellations.matched(ibis.memtable(log)).to_pandas()
    assert dict(zip(zip(table.line, table.cancelled_by, strict=True), table.quantity, strict=True)) == pytest.approx(
        stacked(log)
    )
