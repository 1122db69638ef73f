import pytest

from patrons.digits import about


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
        (-5577, "-5,580"),
        (float("nan"), "unknown"),
    ],
)
def test_amounts_in_sentences_have_three_digits(amount, text):
    assert about(amount) == text
