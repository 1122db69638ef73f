"""Words of the field on a page: a link from the first use of each to what it means, at the foot."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bs4 import BeautifulSoup
from bs4.element import NavigableString

from patrons.reports.glossary import TERMS

PROSE = ("p", "li", "blockquote", "td", "th", "summary", "caption", "dd", "dt", "h3")
CLOSED = ("a", "code", "h1", "h2", "style", "script", "button")  # in which no link is put


class Term(NamedTuple):
    """A word that is explained: its place at the foot, what it is called there, and what it means."""

    anchor: str
    name: str
    meaning: str


def explained(body: str, number: str) -> tuple[str, list[str]]:
    """The HTML of a page with a link from the first use of each term to its place at the foot, and their names.

    `number` is that of the page: a word has its meaning on some pages only.
    """
    soup = BeautifulSoup(body, "html.parser")
    found = [name for name in TERMS if _holds(name, number) and _link(soup, name)]
    return str(soup), found


def _holds(name: str, number: str) -> bool:
    return not TERMS[name].pages or number in list(TERMS[name].pages)


def listed(found: Sequence[str], points: Sequence[Mapping[str, Any]], number: str) -> list[Term]:
    """The terms to explain at the foot, in the order of the alphabet.

    Parameters
    ----------
    found : sequence of str
        What `explained` found.
    points : sequence of mapping
        Answers that stand above the body, with `text` and `lines`: their words are explained, too.
    number : str
        That of the page.
    """
    above = " ".join([point["text"] + " " + " ".join(point["lines"]) for point in points])
    used = [name for name, word in TERMS.items() if _holds(name, number) and re.search(word.pattern, above)]
    names = {*found, *used}
    return [Term(_anchor(name), name, TERMS[name].meaning) for name in sorted(names, key=str.lower)]


def _anchor(name: str) -> str:
    return f"word-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}"


def _link(soup: BeautifulSoup, name: str) -> bool:
    """Make the first use of a term a link; whether there is one."""
    word, meaning = re.compile(TERMS[name].pattern), TERMS[name].meaning
    for text in soup.find_all(string=word):
        if type(text) is not NavigableString or text.find_parent(CLOSED) or not text.find_parent(PROSE):
            continue
        match = word.search(text)
        assert match is not None
        link = soup.new_tag("a", attrs={"class": "term", "href": f"#{_anchor(name)}", "title": meaning})
        link.string = match[0]
        text.replace_with(text[: match.start()], link, text[match.end() :])
        return True
    return False
