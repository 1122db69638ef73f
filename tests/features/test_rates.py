import ibis
import numpy as np
import pandas as pd

from patrons.features import narrative, rates

DAYS = pd.to_datetime(["2024-01-01", "2024-03-31"])
ORDERS = {  # of each customer, the days with an order
    "a": ["2023-12-20", "2024-01-05", "2024-04-05"],  # stays
    "b": ["2023-12-20", "2024-05-01"],  # no order in 90 days, then one in the next 90
    "c": ["2023-12-31", "2024-06-29"],  # no order until the day after these
    "d": ["2023-01-01", "2024-04-02"],  # had been silent for a year: not active
}
LINES = pd.DataFrame([(who, pd.Timestamp(day)) for who, days in ORDERS.items() for day in days])
LINES.columns = ["customer_id", "ordered_at"]
LINES["amount"] = 10.0


def panel():
    rows = []
    for day in DAYS:
        for who, days in ORDERS.items():
            dates = pd.to_datetime(days)
            after = dates[(dates >= day) & (dates < day + pd.Timedelta(days=90))]
            rows.append(
                (who, day, day + pd.Timedelta(days=90), (day - dates[dates < day].max()).days, int(after.empty))
            )
    return pd.DataFrame(rows, columns=["customer_id", "as_of", "known_on", "recency_days", "churned"])


def test_churn_of_the_active_and_who_ordered_in_the_horizon_after():
    table = rates.by_day(panel(), ibis.memtable(LINES), 90)
    first, second = table.to_dict("records")
    assert (first["customers"], first["churned"], first["active"], first["active_churned"]) == (4, 0.75, 3, 2 / 3)
    assert first["came_back"] == 0.5  # b within 2024-03-31 to 2024-06-28, c a day too late
    assert (second["active"], second["active_churned"]) == (1, 0.0)
    assert np.isnan(second["came_back"])  # the log is known until 2024-06-29: the next horizon is not over
    assert rates.metrics(table) == {"churn_rate_active": 0.0, "came_back_rate": 0.5}


def test_what_is_said_of_churn_by_day():
    table = pd.DataFrame(
        {"as_of": DAYS, "churned": [0.4, 0.6], "active_churned": [0.3, 0.25], "came_back": [0.47, np.nan]}
    )
    latest = (
        "25% of recent buyers, who had ordered in the 90 days before 2024-03-31, did not order in the 90 days after"
    )
    back = (
        "No order in 90 days does not mean goodbye. Of recent buyers who placed none in the 90 days from 2024-01-01 "
        "on, 47% came back in the 90 days after."
    )
    everyone = (
        "Of everyone who ever ordered, 60% did not. That share grows as a log gets older, because those long silent "
        "are never taken off it."
    )
    assert narrative.latest_churn(table, 90) == latest
    assert narrative.churn(table, 90) == (
        f"{latest}. Over all 2 days that were looked at, it was 25% to 30%. {back} {everyone}"
    )
    alone = table.tail(1).assign(came_back=np.nan)
    assert narrative.churn(alone, 90) == f"{latest}. {everyone}"
    assert narrative.latest_churn(alone.assign(active_churned=np.nan), 90) == (
        "On no day that was looked at had anyone ordered in the 90 days before"
    )
