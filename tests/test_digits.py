from pathlib import Path

import pytest

from patrons import digits
from patrons.digits import about, compared, day_of, held


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (1_219_243.27, "1.22 million"),
        (999_950, "1 million"),
        (3.2e9, "3.2 billion"),
        (56_478, "56,500"),
        (998.4, "998"),
        (46.54, "46.5"),
        (9.31, "9.3"),
        (0, "0"),
        (3e-07, "0"),
        (-5577, "-5,580"),
        (float("nan"), "unknown"),
    ],
)
def test_amounts_in_sentences_have_three_digits(amount, text):
    assert about(amount) == text


@pytest.mark.parametrize(
    ("value", "base", "text"),
    [
        (112, 100, "12% more than"),
        (60, 100, "40% less than"),
        (100.4, 100, "as much as"),
        (0.1, 100, "over 99% less than"),
        (320, 100, "3.2 times as much as"),
        (5e9, 1, "many times as much as"),
        (5, 0, "many times as much as"),
        (0, 5, "nothing instead of"),
        (0, 0, "as much as"),
        (float("nan"), 5, "an unknown amount beside"),
    ],
)
def test_amounts_are_compared_plausibly(value, base, text):
    assert " ".join(compared(value, base)) == text


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Cancelled lines of nan XXX (nan% of revenue)", "Cancelled lines of unknown (unknown of revenue)"),
        ("1.2 million XXX, and 5 XXX; size XXX", "1.2 million, and 5; size XXX"),
        ("between -inf and +inf", "between unknown and unknown"),
        ("32400153564% more; -1,234,567% less", "over 1,000% more; below -1,000% less"),
        ("1.24e+09 beside 3e-07", "1.24 billion beside 0"),
        ("0.123456789 of it", "0.123 of it"),
        ("95% interval 12.5% to 1,000%", "95% interval 12.5% to 1,000%"),
        ("Nancy's financial information", "Nancy's financial information"),
        ("on 31 January 2024 at 10:15, version 1.2.345678", "on 31 January 2024 at 10:15, version 1.2.345678"),
        ("On 2024-12-29 (2025-06-27), until 2025-07-01.", "On 29 December 2024 (27 June 2025), until 1 July 2025."),
        ("list 2025-12-24-49c10e86 and 2025-13-45", "list 2025-12-24-49c10e86 and 2025-13-45"),  # no days
    ],
)
def test_every_number_in_a_sentence_is_finite_plausible_and_rounded(sentence, shown):
    assert held(sentence) == shown


def test_the_day_of_a_moment_is_said_in_words_and_what_is_none_stays():
    assert day_of("2025-12-24") == day_of("2025-12-24T23:30:00+01:00") == "24 December 2025"
    assert day_of("some day") == "some day"


def test_days_get_their_words_in_one_place():
    modules = Path(digits.__file__).parent.rglob("*.py")
    assert [path.name for path in modules if "day:%B %Y}" in path.read_text()] == ["digits.py"]
