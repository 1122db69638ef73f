import numpy as np
import pandas as pd
import pytest

from patrons.btyd import lifetime, mbgnbd

TRUTH = mbgnbd.Fitted(r=0.8, alpha=4.0, a=0.6, b=2.5)


def simulated(customers=20_000, weeks=60.0, ahead=12.0, seed=0):
    """Repeats, time of the last, age, and what happened ahead, of customers who follow the model."""
    rng = np.random.default_rng(seed)
    pace, leaves = rng.gamma(TRUTH.r, 1 / TRUTH.alpha, customers), rng.beta(TRUTH.a, TRUTH.b, customers)
    age = rng.uniform(10, weeks, customers)
    rows = []
    for own, chance, length in zip(pace, leaves, age, strict=True):
        time, repeats, last, later = 0.0, 0, 0.0, 0
        while rng.random() >= chance:
            time += rng.exponential(1 / own)
            if time > length + ahead:
                break
            repeats, last, later = (repeats + 1, time, later) if time <= length else (repeats, last, later + 1)
        rows.append((repeats, last, length, later))
    return np.array(rows).T


@pytest.fixture(scope="module")
def world():
    return simulated(seed=1)


def test_the_parameters_of_a_simulated_world_are_found(world):
    fitted, _ = mbgnbd.fit(*world[:3])
    assert fitted.r == pytest.approx(TRUTH.r, rel=0.1)
    assert fitted.alpha == pytest.approx(TRUTH.alpha, rel=0.15)
    assert fitted.a / (fitted.a + fitted.b) == pytest.approx(TRUTH.a / (TRUTH.a + TRUTH.b), rel=0.15)


def test_as_many_orders_are_expected_as_come(world):
    *history, later = world
    expected = mbgnbd.expected(mbgnbd.fit(*history)[0], *history, 12.0)
    assert expected.sum() == pytest.approx(later.sum(), rel=0.05)
    for many in (history[0] == 0, history[0] > 5):
        assert expected[many].sum() == pytest.approx(later[many].sum(), rel=0.1)


def test_silence_lowers_what_is_expected_of_those_who_ordered_once_too():
    table = pd.DataFrame(
        {
            "as_of": pd.Timestamp("2024-06-01"),
            "recency_days": [5, 100, 50, 30, 190] * 20,
            "tenure_days": [200, 200, 50, 150, 190] * 20,
            "active_days": [8, 8, 1, 3, 1] * 20,
            "frequency": [8, 8, 1, 3, 1] * 20,
            "monetary": [80, 80, 10, 30, 10] * 20,
        }
    )
    expectations = lifetime.with_expectations(table, 90)
    assert expectations.expected_orders_90d[0] > expectations.expected_orders_90d[1]
    assert 1 > expectations.chance_active[2] > expectations.chance_active[4]
    assert expectations.expected_spend_90d[0] == pytest.approx(10 * expectations.expected_orders_90d[0], abs=1e-4)
    assert [name for name, _, _ in lifetime.columns(90)] == list(
        expectations.columns.difference(table.columns, sort=False)
    )
    assert lifetime.with_expectations(table, 0) is table


def test_a_day_is_told_nothing_of_other_days():
    rng = np.random.default_rng(1)
    days = [
        pd.DataFrame(
            {
                "as_of": pd.Timestamp(day),
                "recency_days": rng.integers(1, 50, 200),
                "tenure_days": rng.integers(50, 200, 200),
                "active_days": rng.integers(1, 9, 200),
                "frequency": 2,
                "monetary": 20.0,
            }
        )
        for day in ("2024-06-01", "2024-07-01")
    ]
    both = lifetime.with_expectations(pd.concat(days, ignore_index=True), 30)
    pd.testing.assert_frame_equal(both.iloc[:200], lifetime.with_expectations(days[0], 30))


def test_who_is_silent_beyond_nine_in_ten_own_gaps_is_late():
    """With r = alpha = 1: after one order 10 - 1 = 9 weeks, after two that are 2 weeks apart 3 x (10^(1/2) - 1)."""
    rows = pd.DataFrame({"recency_days": [63, 28, 91], "tenure_days": [63, 42, 105], "frequency": [1, 2, 2]})
    fitted = mbgnbd.Fitted(r=1.0, alpha=1.0, a=1.0, b=1.0)
    assert lifetime.lateness(rows, fitted) == pytest.approx([1.0, 4 / 6.486833, 13 / 6.486833])
    assert (lifetime.lateness(rows, fitted) > 1).tolist() == [False, False, True]


def test_nobody_is_late_where_orders_are_not_known_to_come_again():
    rows = pd.DataFrame({"recency_days": [5000], "tenure_days": [5000], "frequency": [1]})
    assert lifetime.lateness(rows, mbgnbd.Fitted(r=0.001, alpha=1000.0, a=1.0, b=1.0)) == pytest.approx([0.0])
