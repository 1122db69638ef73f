from datetime import date

import numpy as np
import pandas as pd
import pytest

from patrons import features
from patrons.intake import ages, attributes, customers, params_table
from patrons.intake.roles import Roles

WRITTEN = {  # the 2nd of March 2024, and a day that settles how it is written
    "year first": ("2024-03-02", "2024-01-31"),
    "day first": ("02/03/2024", "31/01/2024"),
    "month first": ("3/2/2024", "1/31/2024"),
    "two digits": ("02.03.24", "31.12.23"),
    "a time of day": ("2024-03-02 23:59:00", "2024-01-31 00:00"),
    "a month by name": ("2 March 2024", "31. Jan 2024"),
    "in another language": ("2 März 2024", "31 janv. 2024"),
}


def table(joined, **more):
    """Customers, half of whom left."""
    left = np.arange(len(joined)) // 2 % 2
    plan = np.where(np.arange(len(joined)) % 3, "a", "b")
    return pd.DataFrame({"Id": range(len(joined)), "Left": left, "Plan": plan, "Joined": joined, **more})


def read(raw, **roles):
    return customers.read_frame(raw, Roles("Id", "Left", "1", **roles))


@pytest.mark.parametrize("days", WRITTEN.values(), ids=WRITTEN)
def test_a_date_is_its_days_before_the_latest_of_the_column(days):
    earlier = date(2023 if days[1].endswith("23") else 2024, 12 if days[1].endswith("23") else 1, 31)
    intake = read(table(list(days) * 30))
    assert intake.numerical == ["Joined"]
    assert intake.table.Joined.tolist() == [0.0, (date(2024, 3, 2) - earlier).days] * 30
    assert intake.dates.day == "2024-03-02"
    assert intake.columns.set_index("column").reason["Joined"].startswith("days before 2024-03-02; ")


def test_all_dates_of_a_table_are_counted_back_from_its_latest_day_so_that_their_difference_is_one():
    intake = read(table(["2024-01-01", "2024-01-11"] * 30, Seen=["2024-02-01", "2024-02-20"] * 30))
    assert intake.dates.day == "2024-02-20"
    assert intake.table.Joined.head(2).tolist() == [50, 40]
    assert intake.table.Seen.head(2).tolist() == [19, 0]


def test_dates_that_nothing_settles_are_set_aside_with_what_to_do():
    intake = read(table(["01/02/2024", "03/04/2024"] * 30))
    assert intake.columns.set_index("column").reason["Joined"] == (
        "dates that can be read in more than one way, such as 01/02/2024, 03/04/2024: write them year first"
    )
    assert intake.numerical == []


def test_an_empty_date_a_word_and_a_typo_are_missing_and_move_no_other():
    days = [f"2024-01-{1 + n % 30:02d}" for n in range(296)]
    intake = read(table([*days, None, "open", "9999-12-31", "2099-01-01"]))
    assert intake.dates.day == "2024-01-30"
    assert intake.table.Joined.head(30).tolist() == list(range(29, -1, -1))
    assert intake.table.Joined.tail(4).isna().all()
    assert "open count as missing" in intake.columns.set_index("column").reason["Joined"]


def test_customers_without_an_outcome_are_counted_from_the_same_day():
    raw = table(["2024-01-01", "2024-01-11"] * 30)
    raw["Left"] = raw.Left.astype(object)
    raw.loc[0, ["Left", "Joined"]] = [None, "2024-02-01"]
    intake = read(raw)
    assert intake.dates.day == "2024-02-01"
    assert intake.undecided.Joined.tolist() == [0]
    assert intake.table.Joined.head(2).tolist() == [21, 31]


def test_a_user_may_say_that_a_date_is_a_category_or_leave_it_out():
    raw = table(["2024-01-01", "2024-01-11"] * 30)
    assert read(raw, categorical=["Joined"]).categorical == ["Plan", "Joined"]
    assert read(raw, ignore=["Joined"]).dates.formats == {}


def test_numbers_that_could_be_dates_are_numbers():
    for text in ("20240131", "45000", "1706659200"):
        assert ages.kind(pd.Series([text, str(int(text) + 1)])) == (False, "")
    assert attributes.describe(pd.DataFrame({"a": ["1.2", "3.4", "5.6"]}), {}).kind.tolist() == ["numerical"]


def test_what_is_known_of_dates_survives_a_record():
    dates = read(table(["31/01/2024", "01/02/2024"] * 30)).dates
    assert ages.Ages.of_record(dates.record()) == ages.Ages({"Joined": ["%d/%m/%Y"]}, "2024-02-01")
    assert ages.Ages.of_record({}) == ages.Ages({}, "")


def test_patrons_init_offers_numbers_to_look_for_groups_in_and_no_dates_where_there_are_any():
    raw = table(["2024-01-01", "2024-01-11"] * 30, Spend=np.arange(60) % 7 + 0.5)
    assert params_table._inputs(raw, Roles("Id", "Left", "1"))[0] == ["Spend"]
    assert params_table._inputs(raw.drop(columns="Spend"), Roles("Id", "Left", "1"))[0] == ["Joined"]


def test_the_dictionary_says_what_an_age_counts():
    raw = table(["2024-01-01", "2024-01-11"] * 30, Spend=np.arange(60) % 7 + 0.5)
    intake = read(raw)
    units = features.table.dictionary(intake.table, dates=intake.dates).set_index("feature").unit
    assert units.to_dict() == {"Joined": "days before 2024-01-11", "Spend": "as in the source", "Plan": ""}
