"""Whether the models of orders fit: order values beside their number, and repeat orders week by week."""

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from patrons.btyd import mbgnbd
from patrons.evaluation import samples
from patrons.evaluation.metrics import Interval
from patrons.plots import axes
from patrons.value import checks, narrative, plots
from patrons.value.forecast import Days


def customers(days, value):
    rows = pd.DataFrame({"active_days": days, "frequency": days})
    return rows.assign(monetary=rows.active_days * np.asarray(value, float))


def test_order_values_that_rise_with_their_number_are_told():
    """Ten who came back, ranks alike but for two neighbours: 1 - 6 x 2 / (10 x 99); who ordered once does not count."""
    days, value = [1, *range(2, 12)], [999.0, 20, 10, *range(30, 110, 10)]
    found = checks.dependence(customers(days, value))
    assert found.value == pytest.approx(1 - 12 / 990)
    middle, error = np.arctanh(1 - 12 / 990), 1.959964 * np.sqrt((1 + (1 - 12 / 990) ** 2 / 2) / 7)
    assert found[1:] == pytest.approx((np.tanh(middle - error), np.tanh(middle + error)))


def test_where_few_came_back_or_all_are_alike_nothing_is_told():
    assert checks.dependence(customers([1, 1, 2, 3], [1, 2, 3, 4])) is None
    assert checks.dependence(customers([2] * 20, range(20))) is None
    assert narrative.depends(None) == ""


@pytest.mark.parametrize(
    ("rank", "says"),
    [
        (0.05, "Here they hardly are (rank correlation +0.05,"),
        (0.2, "Here they are a little: those who order more often spend more at a time (rank"),
        (
            -0.5,
            "Here they are: those who order more often spend less at a time (rank correlation -0.50,",
        ),
    ],
)
def test_what_is_taken_for_granted_is_said_with_what_was_found(rank, says):
    sentence = narrative.depends(Interval(rank, rank - 0.03, rank + 0.03))
    assert says in sentence
    assert sentence.endswith("of those who came back).")


def test_repeat_orders_are_counted_by_week_of_those_who_are_known_on_the_cutoff():
    """a and b begin in the first week, c after the cutoff; two lines of a day are one order, a first is no repeat."""
    orders = [
        ("a", "2024-01-01"), ("a", "2024-01-03"), ("a", "2024-01-03"), ("a", "2024-01-10"), ("a", "2024-01-20"),
        ("b", "2024-01-02"), ("b", "2024-01-16"), ("c", "2024-01-15"), ("c", "2024-01-17"),
    ]  # fmt: skip
    log = pd.DataFrame(orders, columns=["customer_id", "ordered_at"]).assign(amount=1.0)
    log["ordered_at"] = pd.to_datetime(log.ordered_at) + pd.Timedelta(hours=9)
    rows = pd.DataFrame({"customer_id": ["a", "b"], "as_of": pd.Timestamp("2024-01-12"), "tenure_days": [11.0, 10.0]})
    rows = rows.assign(recency_days=[2.0, 10.0], active_days=[3, 1], frequency=[4, 1])
    when = Days([], date(2024, 1, 12), date(2024, 1, 24))
    weekly = checks.tracking(ibis.memtable(log), rows, when)
    assert weekly.week.tolist() == list(pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-15"]))
    assert weekly.observed.tolist() == [1.0, 1.0, 2.0]
    assert narrative.tracked(weekly, date(2024, 1, 12)) == "From 2024-01-12 on 2 repeat orders came. " + (
        f"MBG/NBD alone expected {narrative.about(weekly.expected.iloc[2])}"
    )
    among = samples.among(pd.Series(["a", "b"]))
    assert narrative.tracked(weekly, date(2024, 1, 12), among).startswith(
        "From 2024-01-12 on 2 repeat orders of the 2 customers drawn came. "
    )
    ax = plots.tracking(weekly, when.cutoff, among, "title", axes(9, 4))
    assert (ax.get_ylim()[0], ax.get_ylabel()) == (0, "repeat orders of the 2 customers drawn a week")


def test_in_a_simulated_world_as_many_repeat_orders_come_as_are_expected():
    """Of 4,000 customers who begin within 200 days, by MBG/NBD fitted on day 300, in each hundred days of 400."""
    truth, rng, n = mbgnbd.Fitted(0.8, 4.0, 0.6, 2.5), np.random.default_rng(0), 4000
    pace, leaves, first = rng.gamma(truth.r, 1 / truth.alpha, n), rng.beta(truth.a, truth.b, n), rng.integers(0, 200, n)
    rows, time, here = [(who, day) for who, day in enumerate(first)], first.astype(float), rng.random(n) >= leaves
    while here.any():
        time = time + 7 * rng.exponential(1 / pace)
        here &= time < 400
        rows += [(who, int(time[who])) for who in np.flatnonzero(here)]
        here &= rng.random(n) >= leaves
    log = pd.DataFrame(rows, columns=["customer_id", "day"]).drop_duplicates()
    log = log.assign(ordered_at=pd.Timestamp("2024-01-01") + pd.to_timedelta(log.day, unit="D"), amount=1.0)
    each = log[log.day < 300].groupby("customer_id").day.agg(["min", "max", "count"])
    known = pd.DataFrame({"customer_id": each.index, "as_of": pd.Timestamp("2024-10-27")})
    known = known.assign(tenure_days=300 - each["min"].to_numpy(), recency_days=300 - each["max"].to_numpy())
    known = known.assign(active_days=each["count"].to_numpy(), frequency=each["count"].to_numpy())
    weekly = checks.tracking(ibis.memtable(log), known, Days([], date(2024, 10, 27), date(2025, 2, 4)))
    parts = weekly.groupby(weekly.index // 14)[["expected", "observed"]].sum().iloc[:4]
    assert parts.expected.to_numpy() == pytest.approx(parts.observed.to_numpy(), rel=0.08)
