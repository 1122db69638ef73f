"""Why a customer of a log has no answer."""

from datetime import date

import ibis
import pandas as pd

from patrons.scoring.incoming import _left_over


def test_a_customer_without_features_is_told_why():
    rows = [
        ("late", "2024-03-01", None),
        ("gone", "2024-01-01", None),  # kept, and yet without features: every order was cancelled
        ("fees", "2024-01-01", "non-product code"),
        ("here", "2024-01-01", None),
    ]
    judged = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "reason"])
    judged = judged.astype({"ordered_at": "datetime64[us]", "reason": "str"})
    table = _left_over(ibis.memtable(judged), {"here"}, date(2024, 2, 1)).set_index("customer_id").error
    assert table.to_dict() == {
        "fees": "no order line can be used: non-product code (1 lines)",
        "gone": "no order line can be used: order cancelled (1 lines)",
        "late": "no order line can be used: no order before 2024-02-01 (1 lines)",
    }
