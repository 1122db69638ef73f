"""JSON read strictly: in UTF-8, no name twice in an object; what JSON does not know is kept, to be told by its path."""

import codecs
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from patrons.service.problems import LONGEST, TWICE, Problem, error

MARKS = {  # the longer first: that of UTF-32 begins like that of UTF-16
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF8: "UTF-8",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
HUGE = 10 ** (LONGEST + 1)  # stands for a number of more digits than Python reads
EXPECTED = "JSON in UTF-8"


def parsed(body: bytes) -> Any:
    """The value of a body; NaN and Infinity are floats, and what stands twice is `TWICE`.

    Raises
    ------
    Problem
        400, with the encoding or the place where it is no JSON.
    """
    text = _text(body)
    try:
        return _loads(text)
    except json.JSONDecodeError as failure:
        step = "Fix it there, or let a library write it: json.dumps, JSON.stringify."
        raise _refused(f"character {failure.pos} (line {failure.lineno})", step) from None
    except RecursionError:
        raise _refused("lists or objects nested too deeply", "See the example at /docs/.") from None


def _loads(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number of thousands of digits
        return json.loads(text, object_pairs_hook=_object, parse_int=_whole)


def _text(body: bytes) -> str:
    for mark, encoding in MARKS.items():
        if body.startswith(mark):
            step = "Send UTF-8 without a byte order mark: in Python encoding='utf-8', not 'utf-8-sig'."
            raise _refused(f"a byte order mark of {encoding}", step)
    if (encoding := json.detect_encoding(body)) != "utf-8":
        raise _refused(f"text in {encoding[:6].upper()}", "Encode the body as UTF-8.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as failure:
        found = f"byte 0x{body[failure.start]:02x} at position {failure.start}, which is no UTF-8"
        raise _refused(found, "Encode the body as UTF-8: this may be Latin-1 or Windows-1252.") from None


def _refused(found: str, step: str) -> Problem:
    return Problem(400, {**error("body", "", EXPECTED, step), "found": found})


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        found |= {name: TWICE for name, times in Counter(name for name, _ in pairs).items() if times > 1}
    return found


def _whole(digits: str) -> int:
    return int(digits) if len(digits) <= LONGEST else HUGE
