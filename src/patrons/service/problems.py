"""Errors of the API, the same shape for all: which field, what was found, what is expected, what to do next."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

MOST, LONGEST = 10, 80  # errors in one answer; characters of what was found


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


def error(field: str, found: Any, expected: str, next_step: str) -> dict[str, Any]:
    """One error: the field's path, such as ``customers.0.age``, what was found, what is expected, what to do next."""
    return {"field": field, "found": shown(found), "expected": expected, "next": next_step}


def shown_name(field: str) -> str:
    """The path of a field in plain characters: a client may send any name."""
    return field if field.isprintable() and field.isascii() and len(field) <= LONGEST else shown(field)


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
    text = ascii(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def broken() -> Problem:
    """The problem that the service itself has failed."""
    step = "Tell the operator the request_id: the log says where it failed."
    return Problem(500, error("service", "an error of its own", "an answer", step))


def of_validation(errors: Mapping[str, Mapping[str, Any]]) -> Problem:
    """What pydantic found wrong in a request, by field, as our errors."""
    listed = [
        error(shown_name(field), wrong["input"], EXPECTED.get(kind, wrong["msg"]), NEXT.get(kind, SEE_DOCS))
        for field, wrong in errors.items()
        for kind in [wrong["type"]]
    ]
    return Problem(422, listed)


SEE_DOCS = "See the example at /docs/."
EXPECTED = {
    "missing": "this field",
    "extra_forbidden": "no field of this name",
    "list_type": "a list",
    "dict_type": "an object of feature names and values",
    "too_long": "no more than 1,000",
    "too_short": "at least one",
}
NEXT = {
    "too_long": "Send several requests.",
    "extra_forbidden": "Leave it out: features belong inside a customer.",
}
