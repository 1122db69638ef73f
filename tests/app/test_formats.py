import pandas as pd
import pytest

from patrons.app.formats import escaped, money, number, percent, styled, with_unit


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (1_234_567.0, "1.23 million EUR"),
        (5_583.0, "5,580 EUR"),
        (46.54, "46.5 EUR"),
        (-310.2, "-310 EUR"),
        (0.0, "0 EUR"),
        (0.4567, "0.46 EUR"),
        (0.00045, "under 0.01 EUR"),
        (-0.00045, "0 EUR"),
        (None, "not known"),
        (float("nan"), "not known"),
    ],
)
def test_money_is_worded_as_in_the_reports_with_its_currency(amount, text):
    assert money(amount, "EUR") == text


def test_money_of_an_unknown_currency_is_the_amount_alone():
    assert money(46.54, "") == "46.5"


def test_shares_and_numbers_are_short_and_missing_ones_are_said_to_be_so():
    assert [percent(0.214), percent(None), percent(float("nan"))] == ["21%", "not known", "not known"]
    assert [number(12_345.6), number(7.0), number(0.12345), number(None)] == ["12,346", "7", "0.123", "–"]
    assert [with_unit("gain", "EUR"), with_unit("gain", "")] == ["gain (EUR)", "gain"]


def test_a_table_has_headings_in_words_and_chances_in_percent():
    table = pd.DataFrame({"customer_id": ["7"], "churn_probability": [0.214], "spend_low": [1234.6], "my_own": [1]})
    shown = styled(table)
    assert list(shown.columns) == ["customer", "risk", "spend, low", "my own"]
    assert "21%" in shown.to_html()
    assert "1,235" in shown.to_html()


def test_a_table_that_is_shown_can_be_downloaded_without_a_formula():
    table = pd.DataFrame({"customer_id": ["=1+1", "b"], "segments_later": [["A", "B"], ["A"]], "value": [-1.5, 2.0]})
    shown = styled(table).data
    assert shown["customer"].tolist() == ["'=1+1", "b"]
    assert shown["likely segments later"].tolist() == ["A | B", "A"]
    assert shown["expected spend"].tolist() == [-1.5, 2.0]


def test_warnings_show_text_from_data_as_it_is():
    assert escaped("a_b *c* [d](e) $f$") == r"a\_b \*c\* \[d\]\(e\) \$f\$"
