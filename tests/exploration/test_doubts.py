"""What cannot be in a log is told first: a period that holds too much, and one customer who stands for all."""

import ibis
import pandas as pd
import pytest

from patrons.exploration import doubts


def log(days, customers=None, amounts=1.0):
    """One order a day given, each of a customer of its own unless said."""
    at = pd.to_datetime(pd.Series(days))
    number = pd.Series(range(len(at))).astype(str)
    rows = {"customer_id": number if customers is None else customers, "order_id": number, "ordered_at": at}
    return ibis.memtable(pd.DataFrame(rows).assign(amount=amounts))


DAILY = [f"2023-{month:02d}-{day:02d} {8 + day % 12:02d}:00" for month in range(1, 13) for day in range(1, 29)]  # 336


@pytest.mark.parametrize(
    ("crowd", "count", "told"),
    [
        ("2023-06-05 {:02d}:15", 100, "23% of all orders (101 of 436) stand on one day, 5 June 2023."),
        ("2023-06-05 13:{:02d}", 50, "13% of all orders (51 of 386) stand on one day, 5 June 2023."),
    ],
)
def test_a_day_that_holds_an_import_is_told(crowd, count, told):
    extra = [crowd.format(n % 24) for n in range(count)]
    [doubt] = doubts.of_log(log(DAILY + extra))["dates"]
    assert doubt.startswith(told)
    assert "probably the date of an import" in doubt


def test_an_hour_that_holds_an_import_is_told_where_the_day_is_no_more_than_others():
    busy = [f"2023-06-{day:02d} {hour:02d}:30" for day in range(1, 11) for hour in range(24) for _ in range(5)]
    imported = ["2023-06-05 13:00"] * 140  # the day holds 260 of 1,340 orders, others 120: no day of its own kind
    [doubt] = doubts.of_log(log(busy + imported))["dates"]
    assert doubt.startswith("11% of all orders (145 of 1,340) stand on one hour, 5 June 2023, 13 o'clock.")


def test_a_month_that_holds_an_import_is_told_where_no_day_does():
    few = [f"2023-{month:02d}-01" for month in range(1, 11)]
    imported = [f"2023-11-{day:02d}" for day in range(1, 29)]
    [doubt] = doubts.of_log(log(few + imported))["dates"]
    assert doubt.startswith("74% of all orders (28 of 38) stand on one month, November 2023.")


def test_an_ordinary_log_is_not_doubted():
    assert doubts.of_log(log(DAILY)) == {"dates": [], "customers": []}
    sale = ["2023-11-24 10:00"] * 15  # a good day of a shop: fewer than a tenth of all
    assert doubts.of_log(log(DAILY + sale))["dates"] == []


def test_a_customer_with_over_a_fifth_of_the_lines_or_the_revenue_is_told():
    customers = ["17"] * 100 + [str(n) for n in range(1000, 1236)]
    [doubt] = doubts.of_log(log(DAILY, customers))["customers"]
    assert doubt.startswith("One customer, 17, has 30% of the lines and 30% of the revenue.")
    amounts = [1000.0] + [1.0] * 335
    [doubt] = doubts.of_log(log(DAILY, None, amounts))["customers"]
    assert doubt.startswith("One customer, 0, has 0% of the lines and 75% of the revenue.")
    assert doubts.of_log(log(DAILY, ["17"] * 60 + [str(n) for n in range(1000, 1276)]))["customers"] == []
