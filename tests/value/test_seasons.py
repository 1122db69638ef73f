"""Whether a change of spend is that of the season, worked out on a few days."""

from datetime import date

import numpy as np
import pandas as pd

from patrons.value import seasons

END = date(2025, 12, 24)


def history(**days):
    """A customer a day: what was spent before it and after."""
    rows = [(pd.Timestamp(day.replace("_", "-")[1:]), before, after) for day, (before, after) in days.items()]
    return pd.DataFrame(rows, columns=["as_of", "spend_180d", "spent"])


KNOWN = history(
    d2024_11_29=(100.0, 70.0), d2024_12_29=(100.0, 65.0), d2025_06_27=(100.0, 120.0), d2025_12_24=(200.0, np.nan)
)


def test_the_day_nearest_in_season_is_of_an_earlier_year():
    # 2024-12-29 lies 360 days before the end, 5 from a year; 2024-11-29 25 from one; 2025-06-27 is of the same year
    assert seasons.nearest(KNOWN, END, 180) == (date(2024, 12, 29), 1, 0.65)
    assert seasons.nearest(KNOWN[KNOWN.as_of > pd.Timestamp("2025-01-01")], END, 180) is None


def test_what_is_expected_stands_beside_what_was_spent_and_an_earlier_year():
    assert seasons.beside(KNOWN, END, 180, 123.0, 200.0) == {
        "spent_before": 200.0,
        "ratio": 0.615,
        "season": "A year earlier it was much the same: in the 180 days from 2024-12-29 on, customers spent 35% less "
        "than in the 180 days before.",
    }
    some = seasons.beside(KNOWN, END, 180, 123.0, 200.0, drawn=True)["season"]
    assert some.endswith("customers spent about 35% less than in the 180 days before.")
    assert "it was different: " in seasons.beside(KNOWN, END, 180, 250.0, 200.0)["season"]
    assert seasons.beside(KNOWN, END, 180, 190.0, 200.0)["season"] == ""  # 5% less needs no reason
    assert seasons.beside(KNOWN, END, 180, 1.0, 0.0) == {}


def test_where_no_earlier_year_is_known_that_is_said():
    assert seasons.sentence(0.6, None, 180) == "No earlier year tells whether that is the season."
    older = seasons.Earlier(date(2023, 12, 20), 2, 0.97)
    assert seasons.sentence(0.6, older, 180).startswith("2 years earlier it was different: ")


def test_a_day_with_less_log_before_it_than_the_horizon_is_not_compared():
    # 100 a day since 2024-01-01: 90 days before the first day, 180 before the second
    days = pd.to_datetime(["2024-03-31", "2024-06-29"])
    history = pd.DataFrame({"as_of": days, "tenure_days": [90.0, 180.0], "spent": 18_000.0})
    history["spend_180d"] = [9_000.0, 18_000.0]
    table = seasons.by_day(history, 180)
    assert table.index.tolist() == [days[1]]
    assert (table.spent / table.before).tolist() == [1.0]
