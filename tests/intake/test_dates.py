"""Dates are never guessed silently and never shifted."""

import ibis
import pandas as pd
import pytest

from patrons.intake import dates, months


def column(values):
    table = ibis.duckdb.connect().create_table("log", pd.DataFrame({"when": pd.Series(values, dtype="str")}))
    return table.when


def read(values, date_format=""):
    text = column(values)
    decided = dates.decide(text, date_format)
    times = text.as_table().select(read=decided.read(text)).to_pandas().read
    return ["" if pd.isna(time) else f"{time:%Y-%m-%d %H:%M}" for time in times]


def test_a_row_that_settles_it_makes_every_row_day_first():
    assert read(["01/02/2024", "31/12/2024"]) == ["2024-02-01 00:00", "2024-12-31 00:00"]


def test_a_row_that_settles_it_makes_every_row_month_first():
    assert read(["01/02/2024", "12/31/2024"]) == ["2024-01-02 00:00", "2024-12-31 00:00"]


def test_the_row_that_settles_it_may_be_the_last_of_many():
    assert read(["01/02/2024"] * 5000 + ["13/02/2024"])[0] == "2024-02-01 00:00"


def test_without_a_row_that_settles_it_the_user_is_asked_with_three_examples():
    with pytest.raises(dates.DatesError, match=r"no row settles which, such as 01/02/2024, 03/04/2024, 05/06/2024\."):
        read(["01/02/2024", "03/04/2024", "05/06/2024"])


def test_the_question_shows_both_answers():
    with pytest.raises(
        dates.DatesError, match=r'date_format.*"%d\.%m\.%y" \(day first\) or "%m\.%d\.%y" \(month first\)'
    ):
        read(["01.02.24", "03.04.24", "05.06.25"])


def test_the_answer_of_the_user_is_used_and_a_time_may_follow():
    assert read(["01/02/2024", "03/04/2024 9:30"], "%m/%d/%Y") == ["2024-01-02 00:00", "2024-03-04 09:30"]


def test_what_does_not_fit_the_answer_is_unread_not_shifted():
    assert read(["31/12/2024", "01/02/2024", "2024-01-05"], "%m/%d/%Y") == ["", "2024-01-02 00:00", ""]


def test_rows_that_contradict_each_other_are_asked_about():
    with pytest.raises(dates.DatesError, match="rows contradict each other, such as 31/12/2024, 12/31/2024"):
        read(["31/12/2024", "12/31/2024"])


def test_one_odd_row_among_hundreds_is_unread_not_shifted():
    times = read([f"{day}/06/2024" for day in range(13, 31)] * 10 + ["12/31/2024", "01/02/2024"])
    assert times[-2:] == ["", "2024-02-01 00:00"]


def test_mixed_forms_are_found_and_each_is_read_by_its_own_rule():
    text = column(["2024-01-02", "31.12.2024 10:05", "Jan 31, 2024", "soon"])
    decided = dates.decide(text)
    assert decided.mixed == ("2024-01-02", "31.12.2024", "Jan 31, 2024")
    assert read(["2024-01-02", "31.12.2024 10:05", "Jan 31, 2024", "soon"]) == [
        "2024-01-02 00:00", "2024-12-31 10:05", "2024-01-31 00:00", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-01-31T10:00:00Z", "2024-01-31 10:00"),
        ("2024/1/31 3:04", "2024-01-31 03:04"),
        ("2024.01.31 10:00:05", "2024-01-31 10:00"),
        ("20240131", "2024-01-31 00:00"),
        ("20240131 10:00", "2024-01-31 10:00"),
        ("20240131103000", "2024-01-31 10:30"),
        ("31-Jan-24", "2024-01-31 00:00"),
        ("31 January 2024 10:00", "2024-01-31 10:00"),
        ("1/31/2024 3:04 PM", "2024-01-31 15:04"),
        ("31/1/24 03:04:05.250", "2024-01-31 03:04"),
    ],
)
def test_the_usual_forms_are_read(written, meant):
    assert read([written]) == [meant]


def test_two_digit_years_come_first_where_they_vary_less():
    assert read(["24-12-31", "24-02-01"]) == ["2024-12-31 00:00", "2024-02-01 00:00"]
    assert read(["31-12-24", "01-02-24"]) == ["2024-12-31 00:00", "2024-02-01 00:00"]


def test_two_and_four_digit_years_beside_each_other_are_not_the_year_24():
    assert read(["31/12/24", "30/12/2024"]) == ["2024-12-31 00:00", "2024-12-30 00:00"]


def test_days_that_do_not_exist_and_impossible_years_are_unread():
    assert read(["2024-02-30", "0024-01-01", "2924-01-01", "2024-01-01"]) == ["", "", "", "2024-01-01 00:00"]


def test_days_that_read_the_same_both_ways_need_no_answer():
    assert read(["05/05/2024", "06/06/2024"]) == ["2024-05-05 00:00", "2024-06-06 00:00"]


def test_a_column_without_dates_is_an_error_with_examples():
    with pytest.raises(dates.DatesError, match=r"when holds no dates in a known form, but 'soon'"):
        read(["soon"])


@pytest.mark.parametrize("wrong", ["dd/mm/yyyy", "day"])
def test_a_date_format_that_names_no_part_is_refused(wrong):
    with pytest.raises(dates.DatesError, match="names no part of a date"):
        read(["01/02/2024"], wrong)


@pytest.mark.parametrize(
    ("written", "meant", "description"),
    [
        ("45322", "2024-01-31 00:00", "serial numbers of Excel"),
        ("45322.4375", "2024-01-31 10:30", "serial numbers of Excel"),
        ("1706697000", "2024-01-31 10:30", "seconds since 1970"),
        ("1706697000000", "2024-01-31 10:30", "milliseconds since 1970"),
    ],
)
def test_numbers_that_stand_for_a_moment_are_read_and_described(written, meant, description):
    assert read([written]) == [meant]
    assert description in dates.decide(column([written])).description


def test_numbers_that_may_be_seconds_or_a_packed_date_are_asked_about():
    with pytest.raises(dates.DatesError, match=r'seconds since 1970 or year.*2401311030.*"epoch" or "%y%m%d%H%M"'):
        read(["2401311030", "2402011030"])
    assert read(["2401311030"], "%y%m%d%H%M") == ["2024-01-31 10:30"]
    assert read(["2401311030"], "epoch")[0].startswith("2046")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("31 Dezember 2024", "2024-12-31 00:00"),
        ("03. Mär 2022", "2022-03-03 00:00"),
        ("3. Jänner 2022 um 14:30 Uhr", "2022-01-03 14:30"),
        ("3 mars 2024", "2024-03-03 00:00"),
        ("1er août 2022 à 20:21", "2022-08-01 20:21"),
        ("3 juil. 2022 à 9h05", "2022-07-03 09:05"),
        ("3 sept. 2022 à 20:21", "2022-09-03 20:21"),
        ("15 de enero de 2024", "2024-01-15 00:00"),
        ("3 giu 2023 alle 9:05", "2023-06-03 09:05"),
        ("3 mei 2023", "2023-05-03 00:00"),
        ("3 de março de 2023 às 18:00", "2023-03-03 18:00"),
        ("mån 3 maj 2023", "2023-05-03 00:00"),
        ("Monday, January 3, 2022 9:00 PM", "2022-01-03 21:00"),
        ("Mon, 03 Jan 2022 09:00:00 GMT", "2022-01-03 09:00"),
        ("Sept 3rd, 2022", "2022-09-03 00:00"),
        ("03JAN22", "2022-01-03 00:00"),
        ("2022-Jan-03 10:00", "2022-01-03 10:00"),
    ],
)
def test_months_by_name_are_read_in_the_languages_of_shops(written, meant):
    assert read([written]) == [meant]


def test_every_month_of_a_language_is_its_own():
    german = ["Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"]
    french = ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]
    for names in (german, french):
        assert read([f"3 {name} 2022" for name in names]) == [f"2022-{n:02d}-03 00:00" for n in range(1, 13)]


def test_a_word_that_only_begins_like_a_month_is_none():
    assert read(["3 august 2022"] * 200 + ["3 augustde 2022"])[-1] == ""


def test_text_of_which_months_are_read_stands_in_the_query_once():
    """DuckDB compiles each regular expression of a query: a thousand took three seconds, for one row too."""
    query = str(ibis.to_sql(months.as_iso(column(["3 Jan 2022"]))))
    assert query.count('"when"') == 1


def test_months_in_an_unknown_language_are_asked_about_even_if_most_rows_can_be_read():
    rows = ["3 Jan 2022"] * 90 + ["3 tammikuuta 2022"] * 10
    with pytest.raises(dates.DatesError, match=r"10\.0% of the values .*look like dates.*tammikuuta.*date_format"):
        read(rows)


def test_zones_of_several_places_become_utc_and_it_is_said():
    values = ["2024-01-31T01:30:00+02:00", "2024-01-31T10:00:00Z"]
    assert read(values) == ["2024-01-30 23:30", "2024-01-31 10:00"]
    assert "times with a zone are read as UTC" in dates.decide(column(values)).description
    assert "UTC" not in dates.decide(column(["2024-01-31T01:30:00"])).description


@pytest.mark.parametrize(
    ("winter", "summer", "zone"),
    [
        ("2022-01-03 09:00:00 -0500", "2022-07-03 23:30:00 -0400", "-0400, -0500"),
        ("2022-01-03 09:00:00 -05:00", "2022-07-03 23:30:00 -04:00", "-04:00, -05:00"),
        ("2022-01-03T09:00:00-05", "2022-07-03T23:30:00-04", "-04, -05"),
        ("Jan 3, 2022 9:00:00 AM PST", "Jul 3, 2022 11:30:00 PM PDT", "PDT, PST"),
        ("03.01.2022 09:00 MEZ", "13.07.2022 23:30 MESZ", "MESZ, MEZ"),
    ],
)
def test_times_of_one_shop_stay_its_own_and_it_is_said(winter, summer, zone):
    times = read([winter, summer])
    assert [time[-5:] for time in times] == ["09:00", "23:30"]
    assert (
        f"the shop's own, as written: the zone ({zone}) is left out"
        in dates.decide(column([winter, summer])).description
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2022-01-03 9:00 PM", "2022-01-03 21:00"),
        ("2022-01-03 09:00 a.m.", "2022-01-03 09:00"),
        ("2022-01-03 09:00:00,123456", "2022-01-03 09:00"),
        ("2022-01-03 09:00:00.123456789", "2022-01-03 09:00"),
        ("2022-01-03\u202f09:00", "2022-01-03 09:00"),
        ("3/1/2022, 9:00:00\u202fPM", None),
        ("20220103T090000Z", "2022-01-03 09:00"),
        ("1641200400000000", "2022-01-03 09:00"),
        ("2022-Jan-03T09:00", "2022-01-03 09:00"),
        ("2022-Mär-03T09:00:00", "2022-03-03 09:00"),
        ("03.01.2022 um 9.05 Uhr", None),
    ],
)
def test_what_looks_like_a_date_is_read_or_asked_about(written, meant):
    """The check of `init` and the run have one reader: none says 100% are dates and then reads none."""
    if meant:
        assert read([written]) == [meant]
    else:
        with pytest.raises(dates.DatesError):
            read([written])


def test_a_format_with_a_zone_keeps_the_time_as_written():
    assert read(["03/01/2022 09:00 -0400"], "%d/%m/%Y %H:%M %z") == ["2022-01-03 09:00"]


def test_german_months_are_read_by_a_format_that_names_them():
    assert read(["03. Okt 2022", "03. Jan 2022"], "%d. %b %Y") == ["2022-10-03 00:00", "2022-01-03 00:00"]


def test_two_digit_years_mean_the_same_whatever_year_it_is(monkeypatch):
    class Later(dates.date):
        @classmethod
        def today(cls):
            return cls(2045, 1, 1)

    rows = ["31-12-24", "01-02-24"]
    now = read(rows)
    monkeypatch.setattr(dates, "date", Later)
    assert read(rows) == now == ["2024-12-31 00:00", "2024-02-01 00:00"]
