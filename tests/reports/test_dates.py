"""The days that a page forecasts, and whether they are over when the page is made."""

from datetime import date

import pytest

from patrons.reports import dates

SHOP = {"period": ["2024-01-04", "2025-12-23"], "simulated": False}


def test_a_forecast_begins_on_the_day_after_the_newest_order():
    span = dates.ahead(SHOP, 90)  # 8 days of December, 31, 28 and 23
    assert span == (date(2025, 12, 24), date(2026, 3, 23))
    assert str(span) == "between 24 December 2025 and 23 March 2026"
    assert dates.before(span) == (date(2025, 9, 25), date(2025, 12, 23))


@pytest.mark.parametrize(("data", "days"), [({}, 90), ({"period": []}, 90), ({"period": ["a", "b"]}, 90), (SHOP, None)])
def test_without_a_period_or_a_horizon_no_days_are_named(data, days):
    assert dates.ahead(data, days) is None


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("2025-12-24", ""),
        ("2026-01-14T23:00:00+00:00", ""),  # 22 of 90 days: less than a quarter
        (
            "2026-01-15T01:00:00+00:00",
            "The newest order is from 23 December 2025, 23 days before this page was made. Of the 90 days that are "
            "forecast, 23 are over. Run it with newer orders.",
        ),
        (
            "2026-11-28",
            "The newest order is from 23 December 2025, 340 days before this page was made. The forecast of who "
            "will order ended on 23 March 2026. Run it with newer orders.",
        ),
    ],
)
def test_old_orders_are_told_once_a_quarter_of_the_shortest_horizon_has_passed(made, told):
    assert dates.age(SHOP, made, [90, 180]) == told


def test_time_stands_still_in_a_simulated_shop():
    assert dates.age(SHOP | {"simulated": True}, "2026-11-28", [90]) == (
        "Time stands still in this shop: its newest order is from 23 December 2025, and forecasts begin then."
    )


@pytest.mark.parametrize(
    ("data", "made", "horizons"), [({}, "2026-11-28", [90]), (SHOP, "", [90]), (SHOP, "2026-11-28", [None])]
)
def test_nothing_is_old_where_no_day_is_known_or_nothing_is_forecast(data, made, horizons):
    assert dates.age(data, made, horizons) == ""
