from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from patrons.segments import clustering, in_time, movement
from patrons.segments.inputs import in_order, preparation
from patrons.segments.microclusters import Customers

TODAY = datetime(2024, 6, 1)
KMEANS = next(family for family in clustering.FAMILIES if family.name == "K-Means")


def shop(days_ago, borders, customers=120):
    """Customers of two kinds on a day: spend around the two numbers of `borders`, recency says nothing."""
    rng = np.random.default_rng(days_ago)
    kind = np.arange(customers) % 2
    spend = np.where(kind == 0, *borders) * rng.lognormal(0, 0.02, customers)
    names = [f"c{number}" for number in range(customers)]
    day = TODAY - timedelta(days=days_ago)
    return pd.DataFrame({"customer_id": names, "as_of": pd.Timestamp(day), "spend": spend})


@pytest.fixture(scope="module")
def chosen():
    today = shop(0, (10.0, 1000.0))
    rows, prepare = in_order(today, ["spend"]), preparation()
    candidate = clustering.fitted(KMEANS, {"k": 2}, Customers(prepare.fit_transform(rows), 0))
    return today, clustering.as_pipeline(prepare.fit(rows), candidate), candidate


def test_a_recipe_that_finds_the_same_groups_on_each_day_agrees_wholly(chosen):
    panel = pd.concat([shop(90, (10.0, 1000.0)), shop(180, (10.0, 1000.0)), shop(400, (10.0, 1000.0))])
    refits = in_time.refits(panel, *chosen, 0, 0)
    assert refits.days.tolist() == [180, 90]  # the third is over a year ago
    assert refits.agreement.tolist() == [1, 1]
    assert refits.otherwise.tolist() == [0, 0]
    assert refits.customers.tolist() == [120, 120]


def test_groups_of_a_day_on_which_everyone_was_in_one_of_todays_agree_by_chance_only(chosen):
    # on that day all spent so much that today's grouping sees one group; a grouping made then sees two halves
    refits = in_time.refits(shop(90, (800.0, 1200.0)), *chosen, 0, 0)
    assert refits.agreement.tolist() == pytest.approx([0])
    assert refits.otherwise.tolist() == pytest.approx([0.5])


def test_customers_of_one_day_only_and_days_with_few_do_not_count(chosen):
    strangers = shop(90, (10.0, 1000.0)).assign(customer_id=lambda table: table.customer_id + "x")
    few = shop(120, (10.0, 1000.0), customers=19)  # under ten a group
    assert in_time.refits(pd.concat([strangers, few]), *chosen, 0, 0).empty


def test_a_table_without_days_has_nothing_to_compare(chosen):
    nothing = in_time.refits(chosen[0].drop(columns="as_of"), *chosen, 0, 0)
    pd.testing.assert_frame_equal(nothing, in_time.NONE)


def test_groups_are_paired_before_those_placed_otherwise_are_counted():
    # 1 is paired with 5 (three alike), 2 with 4 (two): one of six lies elsewhere
    assert in_time.otherwise(np.array([1, 1, 1, 1, 2, 2]), np.array([5, 5, 5, 4, 4, 4])) == pytest.approx(1 / 6)


def moved(share):
    left = round(1000 * share)
    return pd.DataFrame(
        {"from": ["A", "A", movement.NEW], "to": ["A", "B", "A"], "customers": [1000 - left, left, 5000]}
    )


@pytest.mark.parametrize(("share", "real"), [(0.3, True), (0.13, False), (0.1, False), (0.05, False)])
def test_movement_is_real_only_beyond_what_another_days_grouping_explains(share, real):
    # .1 of 1,000: 8.3% to 12.0%; 13% of 1,000: from 11.1% on, so it overlaps
    day = pd.Timestamp(TODAY)
    refits = pd.DataFrame({"as_of": [day], "days": [90], "customers": [1000], "agreement": [0.8], "otherwise": [0.1]})
    alone = movement.otherwise(refits, day)
    assert tuple(alone) == pytest.approx((0.1, 0.083, 0.120), abs=5e-4)
    assert movement.is_real(moved(share), alone) == real
    assert movement.otherwise(refits, day - pd.Timedelta(days=1)) is None
    assert not movement.is_real(moved(share), None)
