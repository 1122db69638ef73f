"""Numbers in sentences: finite, plausible, and with as many digits as a reader can keep in mind."""

import math
import re
from datetime import date, datetime

DIGITS = 3
LARGE = ((1e9, " billion"), (1e6, " million"))
SMALLEST = 1e-4  # what is less is nothing to a reader
UNKNOWN = "unknown"
TIMES, MOST_TIMES = 2.0, 1000.0  # from where an increase is told as a factor, and the largest factor that is told
SAME = 0.005  # a difference that rounds to nothing
MOST_PERCENT = 1000
NO_NUMBER = re.compile(r"(?<![\w.-])[+-]?(?:nan|inf)\b%?")
PERCENT = re.compile(r"(?<![\w.,])[+-]?(\d[\d,]*)(\.\d+)?%")
NO_CURRENCY = re.compile(r"(\d|million|billion|unknown) XXX\b")  # the ISO code of none
POWER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?e[+-]\d+\b")
DAY = re.compile(r"(?<![\w./-])\d{4}-\d\d-\d\d(?![\w/-])")
LONG = re.compile(r"(?<![\w.,:/-])-?\d+\.\d{5,}(?![\w.,:/-]*\w)")


def about(amount: float) -> str:
    """An amount to three digits, in millions where it has some: 1.22 million, 5,580, 46.5.

    Whole from a hundred on; two digits below ten.
    """
    size = abs(amount)
    if not math.isfinite(size):
        return UNKNOWN
    if size < SMALLEST:
        return "0"
    if size < 10:
        return f"{float(f'{amount:.2g}'):g}"
    rounded = float(f"{amount:.{DIGITS}g}")
    for unit, name in LARGE:
        if abs(rounded) >= unit:
            return f"{rounded / unit:.{DIGITS}g}{name}"
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"


def compared(value: float, base: float) -> tuple[str, str]:
    """How an amount compares with another one, and the word before that: ("12% more", "than"), ("as much", "as").

    What rounds to nothing is as much, twice and beyond are told as a factor, and a small rest is not 100% less.
    """
    if not (math.isfinite(value) and math.isfinite(base)) or value < 0 or base < 0:
        return "an unknown amount", "beside"
    if value == base:
        return "as much", "as"
    if value == 0:
        return "nothing", "instead of"
    ratio = value / base if base else math.inf
    if ratio > MOST_TIMES:
        return "many times as much", "as"
    if abs(ratio - 1) < SAME:
        return "as much", "as"
    if ratio > TIMES:
        return f"{about(ratio)} times as much", "as"
    if ratio > 1:
        return f"{ratio - 1:.0%} more", "than"
    return (f"{1 - ratio:.0%} less" if ratio >= SAME else "over 99% less"), "than"


def off_by(error: float) -> str:
    """By which share something was put too high, or where that is below zero too low: "5% too high", or "right"."""
    return f"{abs(error):.0%} too {'high' if error > 0 else 'low'}" if abs(error) >= SAME else "right"


def held(sentence: str) -> str:
    """A sentence with every number in it finite, plausible and rounded: the last look before it is shown.

    What is not a number is "unknown", a share beyond 1,000% is "over 1,000%" or "below -1,000%", 1.2e+09 is 1.2
    billion, long decimals have three digits, a day such as 2025-12-24 is 24 December 2025; a currency that is not known
    (XXX) is left out.
    """
    text = NO_NUMBER.sub(UNKNOWN, sentence)
    text = NO_CURRENCY.sub(r"\1", text)
    text = POWER.sub(lambda match: about(float(match[0])), text)
    text = PERCENT.sub(_plausible, text)
    text = with_days(text)
    return LONG.sub(lambda match: f"{float(match[0]):.{DIGITS}g}", text)


def with_days(text: str) -> str:
    """A text with its days in words instead of digits and dashes; what is no day stays."""
    return DAY.sub(lambda match: day_of(match[0]), text)


def spoken(day: date) -> str:
    """A day in words: 23 December 2025."""
    return f"{day.day} {day:%B %Y}"


def day_of(moment: str) -> str:
    """The day of a moment of the records, in words; as it stands where it is none."""
    try:
        return spoken(datetime.fromisoformat(moment))
    except ValueError:
        return moment


def _plausible(match: re.Match[str]) -> str:
    if float(match[1].replace(",", "")) <= MOST_PERCENT:
        return match[0]
    return f"below -{MOST_PERCENT:,}%" if match[0].startswith("-") else f"over {MOST_PERCENT:,}%"
