"""Late by the own rhythm: who is, beside a fixed silence, worked out by hand."""

import pandas as pd

from patrons.btyd import mbgnbd
from patrons.value import narrative, rhythm
from patrons.value.spend_model import Fits

FITS = Fits(mbgnbd.Fitted(r=1.0, alpha=1.0, a=1.0, b=1.0), None, None, None)
# late from: once 9 weeks = 63 days; twice, 2 weeks apart, 45.4; 10 times in 9 weeks 7 x 10 x .2589 = 18.1
TODAY = pd.DataFrame(
    {
        "customer_id": ["once", "twice", "often", "gone"],
        "recency_days": [95.0, 40.0, 30.0, 200.0],
        "tenure_days": [95.0, 54.0, 93.0, 263.0],
        "active_days": [1, 2, 10, 10],
        "frequency": [1, 2, 10, 10],
    }
)


def test_who_orders_often_is_late_before_a_fixed_silence_ends():
    late = rhythm.late(FITS, TODAY)
    assert late.to_dict() == {"once": True, "twice": False, "often": True, "gone": True}


def test_both_rules_stand_side_by_side():
    late = rhythm.late(
        FITS, TODAY.assign(recency_days=[60.0, 40.0, 30.0, 200.0], tenure_days=[60.0, 54.0, 93.0, 263.0])
    )
    table = rhythm.beside(late, TODAY, 90)
    assert table.to_dict("records") == [
        {
            "late by their own rhythm": own,
            "silent for over 90 days": fixed,
            "customers": 1,
            "median days with an order": n,
            "median days of silence": s,
        }
        for own, fixed, n, s in (
            ("yes", "yes", 10, 200),
            ("yes", "no", 10, 30),
            ("no", "yes", 1, 95),
            ("no", "no", 2, 40),
        )
    ]
    assert narrative.rhythm(late, TODAY.recency_days, 90) == (
        "2 customers are late by their own rhythm: silent for longer than nine in ten of the gaps between orders that "
        "can be expected of them. 2 have been silent for more than 90 days. 1 is late by their own rhythm alone: those "
        "who order often, whom a limit of 90 days would notice later. 1 is late by that limit alone: those who order "
        "seldom or ordered once, so that their silence says little."
    )


def test_the_list_says_who_is_late():
    listed = pd.DataFrame({"rank": [1, 2], "customer_id": ["often", "twice"], "churn_probability": 0.5, "value": 1.0})
    marked = rhythm.with_late(listed, rhythm.late(FITS, TODAY))
    assert list(marked) == ["rank", "customer_id", "churn_probability", "late", "value"]
    assert marked.late.tolist() == [True, False]
