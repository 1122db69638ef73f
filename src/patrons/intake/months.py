"""Dates with the name of a month, in the languages of shops: how they are recognised, and read as year-month-day."""

import re
import unicodedata

import ibis
from ibis.expr.types import StringValue

NAMES = (  # en, de, fr, es, it, nl, pt and the Nordic ones, in lower case, without accents and points
    "january jan januar janner jaenner jan janvier janv enero ene gennaio gen januari janeiro",
    "february feb februar feber fevrier fevr fev febrero febbraio februari fevereiro",
    "march mar marz maerz mrz mars marzo maart mrt marco marts",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag mei maio maj",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug aout aou agosto ago augustus augusti",
    "september sep sept septembre septiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez decembre diciembre dic dicembre dezembro desember des",
)
MONTHS = {word: number for number, words in enumerate(NAMES, 1) for word in words.split()}
WORD = "([a-z]+)"
REST = r"((?:[t ,].*)?)$"  # of text in lower case
WEEKDAY = r"^(?:[a-z]+[.]?,? +)?"
SMALL = r"(?:(?:de|del|of|den|the) )?"
YEAR = r"'?(\d{4}|\d{2})"
DAY_FIRST = rf"{WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th|er|[.ºª])?[ ./-]*{SMALL}{WORD}[.]?(?:[ ,./-]+{SMALL})?{YEAR}{REST}"
MONTH_FIRST = rf"{WEEKDAY}{WORD}[.]?[ -]+(\d{{1,2}})(?:st|nd|rd|th)?,?[ -]+{YEAR}{REST}"
YEAR_FIRST = rf"^(\d{{4}})[ ./-]{WORD}[.]?[ ./-](\d{{1,2}}){REST}"
FORMS = {DAY_FIRST: (1, 2, 3), MONTH_FIRST: (2, 1, 3), YEAR_FIRST: (3, 2, 1)}  # places of day, month and year
CENTURY = 69  # two-digit years from 69 on are of the 1900s, as in strptime


@ibis.udf.scalar.builtin(name="strip_accents", signature=(("string",), "string"))
def strip_accents(text: StringValue) -> StringValue:
    """The text without accents: a function of DuckDB."""


def plain(text: str) -> str:
    """The text in lower case without accents, as `strip_accents` makes it."""
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def known(day: str) -> bool:
    """Whether a day without its time has the name of a month that is known."""
    return bool(_month(day) in MONTHS)


def worded(day: str) -> bool:
    """Whether a day without its time has a word where the name of a month would stand."""
    return len(_month(day)) > 2


def _month(day: str) -> str:
    matches = ((re.match(form, plain(day)), places) for form, places in FORMS.items())
    words = [match[places[1]] for match, places in matches if match]
    return next((word for word in words if word in MONTHS), words[0] if words else "")


def iso(day: str) -> str:
    """A day with the name of a month as year-month-day, as `as_iso` makes it; empty where there is no such name."""
    for form, places in FORMS.items():
        if (match := re.match(form, plain(day))) and match[places[1]] in MONTHS:
            number, month, year = (match[place] for place in places)
            century = "" if len(year) == 4 else "19" if int(year) >= CENTURY else "20"
            return f"{century}{year}-{MONTHS[month]:02d}-{number:>02}"
    return ""


def as_iso(column: StringValue) -> StringValue:
    """Text that begins with year-month-day where the name of a month stood, with the time behind it; else no date.

    Each step names the one before it once, because DuckDB compiles a regular expression wherever it stands in a query.
    """
    text = strip_accents(column.lower())
    for form, (day, month, year) in FORMS.items():  # "=" begins what is read, and stands between its parts
        text = text.re_replace(form.replace(WORD, f"({'|'.join(MONTHS)})"), rf"=\{year}=\{month}=\{day}=\4")
    for number, words in enumerate(NAMES, 1):
        text = text.re_replace(rf"^=(\d+)=(?:{'|'.join(words.split())})=", rf"=\1={number:02d}=")
    text = text.re_replace(rf"^=({'|'.join(map(str, range(CENTURY, 100)))})=", r"=19\1=")
    text = text.re_replace(r"^=(\d\d)=", r"=20\1=")
    text = text.re_replace(r"^=(\d{4})=(\d\d)=(\d\d?)=", r"=\1-\2-\3")
    return text.re_extract("^=(.*)$", 1).upper()
