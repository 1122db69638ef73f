"""A customer who orders nothing for longer is scored as on that later day."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pandas as pd
import pytest

from patrons.scoring import silence
from patrons.scoring.rows import NUMBER, Feature


@pytest.fixture(scope="module")
def ahead(scorer, demo, customers):
    """The features of the customer who ordered last, and the answers for today and for 90 days on."""
    known = customers.sort_values(["recency_days", "frequency"]).iloc[0]
    own = [("customer_id", "==", known.customer_id)]
    lines = pd.read_parquet(next(demo.processed.glob("01*/orders.parquet")), filters=own)
    aside = pd.read_parquet(next(demo.processed.glob("01*/quarantine.parquet")), filters=own)
    returns = aside[aside.reason == "cancellation"]
    off = pd.read_parquet(next(demo.processed.glob("01*/cancelled.parquet")), filters=own)
    return known, silence.if_silent(scorer, lines, returns, known, known.as_of.date(), (0, 90), off)


def test_silence_moves_every_feature_as_the_same_orders_seen_later_do(ahead, scorer, demo):
    known, answers = ahead
    raw = demo.root / "data" / "raw" / "demo"
    orders = pd.read_parquet(raw / "orders.parquet", filters=[("customer_id", "==", known.customer_id)])
    day = known.as_of.date() + timedelta(days=90)
    later = scorer.score_orders(orders, day, raw / "customers.csv").iloc[0]
    assert list(answers.days) == [0, 90]
    assert answers.churn_probability[0] == pytest.approx(scorer.score_one(known)["churn_probability"], abs=1e-5)
    assert answers.churn_probability[1] == pytest.approx(later.churn_probability, abs=1e-5)
    assert answers.expected_spend[1] == pytest.approx(later.expected_spend, rel=1e-5)
    assert answers.expected_spend[1] < answers.expected_spend[0]


def test_several_may_ask_at_once(scorer, demo, customers):
    few = customers[customers.frequency.between(2, 5)].head(4)
    own = [("customer_id", "in", list(few.customer_id))]
    lines = pd.read_parquet(next(demo.processed.glob("01*/orders.parquet")), filters=own)

    def ahead_of(known):
        orders = lines[lines.customer_id == known.customer_id]
        return silence.if_silent(
            scorer, orders, orders.head(0), known, known.as_of.date(), (0, 30)
        ).churn_probability.tolist()

    rows = [known for _, known in few.iterrows()]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ahead_of, rows)) == [ahead_of(known) for known in rows]


@pytest.mark.parametrize(
    ("row", "problems"),
    [
        ({"recency_days": 20, "frequency": 3, "tenure_days": 90, "orders_30d": 2}, []),
        ({"recency_days": 30, "frequency": 3, "tenure_days": 90, "orders_30d": 2}, []),
        (
            {"recency_days": 31, "frequency": 3, "tenure_days": 90, "orders_30d": 2},
            ["no order for 31 days, yet 2 in the last 30"],
        ),
        (
            {"recency_days": 91, "frequency": 3, "tenure_days": 90, "orders_30d": 0},
            ["the last order was 91 days ago, the first only 90"],
        ),
        (
            {"recency_days": 2, "frequency": 1, "tenure_days": 90, "orders_30d": 2},
            ["2 orders in the last 30 days, and 1 in all"],
        ),
        (
            {"recency_days": 2, "frequency": 3, "tenure_days": 90, "orders_30d": 0},
            ["the last order was 2 days ago, yet none in the last 30"],
        ),
        ({"recency_days": 2, "frequency": 3, "tenure_days": 90, "orders_30d": 0, "lines_30d": 4}, []),
        (
            {"recency_days": 2, "frequency": 5, "tenure_days": 90, "orders_30d": 4, "orders_90d": 1},
            ["4 orders in the last 30 days, yet 1 in the last 90"],
        ),
        ({"tenure": 3}, []),
    ],
)
def test_values_that_no_customer_can_have_together_are_named(row, problems):
    assert silence.contradictions(row, [Feature(name, NUMBER, False) for name in (*row, "orders_of_old")]) == problems
