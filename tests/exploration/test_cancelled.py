"""How much of what was cancelled is taken off earlier orders, worked out by hand."""

import ibis
import pandas as pd
import pytest

from patrons.exploration import cancelled
from patrons.intake import cancellations

ROWS = [
    ("a", "x", "2024-01-01", 4.0, 40.0, None),
    ("a", "x", "2024-01-02", -6.0, -60.0, "cancellation"),  # of which four pieces were bought
    ("a", "y", "2024-01-02", -1.0, -7.0, "cancellation"),  # never bought
    ("a", "POST", "2024-01-02", -1.0, -13.0, "cancellation"),
    (None, "x", "2024-01-02", -1.0, -5.0, "no customer"),
]
COLUMNS = ["customer_id", "product_id", "ordered_at", "quantity", "amount", "reason"]


def counted(rows, how="net"):
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"reason": "str", "ordered_at": "datetime64[us]"})
    judged = ibis.memtable(table.assign(line=range(len(rows))))
    return cancelled.table(judged, cancellations.matched(judged, how), ["POST", "M"])


def test_what_was_cancelled_is_counted_by_what_became_of_it():
    table = counted(ROWS)
    assert table[["cancellations", "lines", "amount"]].to_numpy().tolist() == [
        ["all", 3, 80],
        ["taken off earlier orders", 1, 40],
        ["of what is no product", 1, 13],
        ["no earlier order found", 1, 27],
    ]
    assert table["share"].tolist() == pytest.approx([1, 40 / 80, 13 / 80, 27 / 80])
    assert cancelled.matched_share(table) == 0.5


def test_aside_takes_nothing_off():
    assert cancelled.matched_share(counted(ROWS, "aside")) == 0


def test_nothing_cancelled_is_an_empty_table():
    table = counted(ROWS[:1])
    assert (table.empty, cancelled.matched_share(table)) == (True, 0)
