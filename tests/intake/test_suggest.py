"""What `patrons init` writes of days and of columns that nothing is made of."""

from datetime import date, timedelta

import pandas as pd
import pytest
import yaml

from patrons.churn.splitter import SnapshotSplit
from patrons.features.panel import snapshot_days
from patrons.intake import suggest
from patrons.intake.init import init

FIRST = date(2024, 1, 1)


def settings(days):
    read = yaml.safe_load("\n".join(suggest.of_days(days))) or {}
    return {"horizon_days": 90, "snapshot_days": 30, "min_history_days": 90} | read


def validation_days(days, horizon_days, snapshot_days_, min_history_days):
    """As 02 and 06 choose them."""
    end = FIRST + timedelta(days=days)
    known = snapshot_days(FIRST, end, horizon_days, snapshot_days_, min_history_days)
    train = [day for day in known if day + timedelta(days=horizon_days) <= known[-1]]
    return len(SnapshotSplit(3, horizon_days).origins(pd.DatetimeIndex(train))) if train else 0


def test_every_length_of_log_has_a_test_and_two_days_to_validate_on():
    for days in range(35, 420):
        chosen = settings(days)
        found = validation_days(days, chosen["horizon_days"], chosen["snapshot_days"], chosen["min_history_days"])
        assert found >= 2, (days, chosen)


def test_a_log_that_allows_the_usual_horizon_keeps_it():
    assert suggest.of_days(390) == []
    assert settings(360) == {"horizon_days": 90, "snapshot_days": 30, "min_history_days": 60}


def test_what_the_length_does_not_allow_is_said():
    assert "a longer silence than 14 days cannot be tested" in suggest.of_days(60)[0]
    assert "too few to test any forecast" in suggest.of_days(30)[0]


@pytest.mark.parametrize(("days", "count"), [(389, 1), (390, 2), (420, 3), (100, 0)])
def test_days_to_validate_on_are_counted_as_06_chooses_them(days, count):
    assert suggest.validated(days, 90, 30, 90) == count


def log(folder, **columns):
    days = pd.date_range("2023-01-01", periods=400).strftime("%Y-%m-%d")
    table = {"customer_id": [f"c{n % 40}" for n in range(400)], "order_date": days, "amount": ["10.50"] * 400}
    for name, values in columns.items():
        table[name] = [values[n % len(values)] for n in range(400)]
    pd.DataFrame(table).to_csv(folder / "log.csv", index=False)
    written = init(folder / "log.csv", folder)
    return yaml.safe_load(written.path.read_text())["01_eda"], written


def test_a_status_becomes_a_rule_on_what_counts(tmp_path):
    eda, _ = log(tmp_path, status=["paid", "paid", "failed", "partially_refunded", "refunded"])
    assert eda["keep"] == {"status": ["paid", "partially_refunded"]}


def test_refunded_lines_stay_where_a_column_says_how_much_came_back(tmp_path):
    eda, _ = log(tmp_path, status=["paid", "refunded", "voided"], refunded=["0.00", "10.50", "0.00"])
    assert (eda["keep"], eda["refunds"]) == ({"status": ["paid", "refunded"]}, "refunded")


def test_a_flag_becomes_a_rule(tmp_path):
    eda, _ = log(tmp_path, is_cancel=["0", "0", "1"])
    assert eda["keep"] == {"is_cancel": ["0"]}


def test_payouts_and_fees_are_no_purchases(tmp_path):
    eda, _ = log(tmp_path, Type=["charge", "payout", "fee"])
    assert eda["keep"] == {"Type": ["charge"]}


def test_one_currency_is_taken_from_its_column(tmp_path):
    assert log(tmp_path, Currency=["usd"])[0]["currency"] == "USD"


def test_of_several_currencies_one_is_taken_and_the_others_are_a_question(tmp_path):
    eda, written = log(tmp_path, Currency=["usd", "usd", "eur"])
    assert (eda["currency"], eda["currency_column"]) == ("USD", "Currency")
    assert "one currency at a time" in written.advice[0]


def test_every_column_that_is_not_used_is_listed(tmp_path):
    _, written = log(tmp_path, shop=["web", "web", "web", "kiosk"])
    assert "  # not used: shop (web (75.0%), kiosk (25.0%))\n" in written.path.read_text()


def test_ratios_of_numbers_that_belong_together_are_offered_as_a_comment():
    assert suggest.of_pairs(["SeniorCitizen", "tenure", "MonthlyCharges", "TotalCharges"])[2] == (
        '#  interactions: ["TotalCharges / tenure"]'
    )
    assert suggest.of_pairs(["Balance", "NumOfProducts"])[2] == '#  interactions: ["Balance / NumOfProducts"]'
    assert suggest.of_pairs(["age", "height"]) == []


def test_the_offer_is_yaml_once_the_comment_is_taken_away():
    offered = suggest.of_pairs(["Balance", "NumOfProducts"])[1:]
    assert yaml.safe_load("\n".join(line.removeprefix("#") for line in offered)) == {
        "02_transformation": {"interactions": ["Balance / NumOfProducts"]}
    }
