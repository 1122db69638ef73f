"""Errors of the API, the same shape for all: which field, what was found, what is expected, what to do next."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from patrons.scoring.rows import Feature

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MOST, LONGEST, SHOWN = 10, 80, 20  # errors in one answer; characters of what was found, and of a long text


class Problem(Exception):
    """An answer other than the one asked for.

    Parameters
    ----------
    status : int
        HTTP status.
    errors : dict or sequence of dict
        `field`, `found`, `expected`, `next`: see `error`.
    headers : dict, optional
        HTTP headers of the answer, such as ``Retry-After``.
    """

    def __init__(
        self,
        status: int,
        errors: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        headers: Mapping[str, str] | None = None,
    ):
        listed = [errors] if isinstance(errors, Mapping) else list(errors)
        super().__init__(f"{status}: {len(listed)} errors")  # without what was found, which may be personal
        self.status, self.errors, self.headers = status, listed, dict(headers or {})

    def body(self, request_id: str) -> str:
        """The answer as JSON."""
        content = {"status": self.status, "errors": self.errors[:MOST], "request_id": request_id}
        if len(self.errors) > MOST:
            content["more"] = len(self.errors) - MOST
        return json.dumps(content)


class Twice:
    """Stands for the values of a name that an object has twice, which JSON does not forbid."""


TWICE = Twice()


def error(field: str, found: Any, expected: str, next_step: str) -> dict[str, Any]:
    """One error: the field's path, such as ``customers.0.age``, what was found, what is expected, what to do next."""
    return {"field": field, "found": shown(found), "expected": expected, "next": next_step}


def shown_path(path: Sequence[str | int]) -> str:
    """The path of a field, such as ``customers.0.age``, in plain characters: a client may send any name."""
    parts = [str(part) for part in path if part != "[key]"]  # which pydantic adds where a name itself is wrong
    return ".".join(part if part.isprintable() and part.isascii() else ascii(part)[1:-1] for part in map(_cut, parts))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def shown(value: Any) -> str:
    """A value in a few plain characters, whatever the client sent."""
    if isinstance(value, Mapping):
        return f"an object of {len(value):,} fields"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value):,}"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int) and abs(value) >= 10**LONGEST:
        return "a huge number"
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)  # NaN, Infinity, as the client wrote it
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:SHOWN]!a}... ({len(value):,} characters)"
    text = ascii(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def broken() -> Problem:
    """The problem that the service itself has failed."""
    step = "Tell the operator the request_id: the log says where it failed."
    return Problem(500, error("service", "an error of its own", "an answer", step))


def unread() -> Problem:
    """The problem that the framework cannot read a request, for a reason that is not told."""
    return Problem(422, error("request", "one that cannot be read", "a request as /docs/ describes it", SEE_DOCS))


def of_validation(errors: Iterable["ErrorDetails"], features: Mapping[str, Feature]) -> Problem:
    """What pydantic found wrong in a request as our errors; `features` say by name what may be missing."""
    return Problem(422, [_of_pydantic(wrong, features) for wrong in errors])


def _of_pydantic(wrong: "ErrorDetails", features: Mapping[str, Feature]) -> dict[str, Any]:
    kind, path = wrong["type"], wrong["loc"]
    if wrong["input"] is TWICE:
        step = "Send each name once in an object."
        return {**error(shown_path(path), "", "one value", step), "found": "several values of this name"}
    step = _missing(str(path[-1]), features) if kind in VALUES else NEXT.get(kind, SEE_DOCS)
    return error(shown_path(path), wrong["input"], EXPECTED.get(kind, wrong["msg"]), step)


def _missing(name: str, features: Mapping[str, Feature]) -> str:
    """What to send where there is no value."""
    if name in features and features[name].required:
        return "Send a value: this feature is required (GET /model). A customer without one cannot be scored."
    return "Send null, or leave the field out, where there is no value."


VALUES = ("value_number", "value_half", "value_kind")
SEE_DOCS = "See the example at /docs/."
EXPECTED = {
    "missing": "this field",
    "extra_forbidden": "no field of this name",
    "list_type": "a list",
    "dict_type": "an object of feature names and values",
    "too_long": "no more than 1,000",
    "too_short": "at least one",
    "name_long": "a name of up to 200 characters",
    "name_half": "a name of whole characters",
}
NEXT = {
    "too_long": "Send several requests.",
    "extra_forbidden": "Leave it out: features belong inside a customer.",
    "value_long": "Shorten it.",
    "name_long": "Send the features that GET /model lists.",
    "name_half": "Send the features that GET /model lists.",
}
