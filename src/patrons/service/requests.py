"""From the bytes of a request to its customers, or to errors that name each field by its path."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from patrons.scoring.rows import LARGEST, Feature
from patrons.service.messages import LONGEST_TEXT, MOST_FIELDS, Customer, PredictRequest
from patrons.service.problems import Problem, error, of_validation
from patrons.service.strict import parsed

CUSTOMER = TypeAdapter(Customer)
MOST_WRONG = 1000  # errors after which no more are looked for


def read(body: bytes, features: Mapping[str, Feature]) -> dict[str, Any]:
    """The request in a body: `customers`, each a mapping of names to values.

    Parameters
    ----------
    body : bytes
    features : mapping
        Those of the release that answers, by name; errors tell by them what may be missing.

    Raises
    ------
    Problem
        400 for what is no JSON, 422 for what is no such request.
    """
    content = parsed(body)
    if not isinstance(content, dict):
        raise Problem(422, error("body", content, "an object with a list `customers`", "See the example at /docs/."))
    customers = content.get("customers")
    listed = customers if isinstance(customers, list) else []
    _check_names(listed)
    try:
        PredictRequest.model_validate({**content, **({"customers": [{}] * len(listed)} if listed else {})})
    except ValidationError as failure:
        raise of_validation(failure.errors(include_url=False), features) from None
    return {"customers": _checked(listed, features)}


def _checked(customers: list[Any], features: Mapping[str, Feature]) -> list[dict[str, Any]]:
    """The customers, each with values that may be sent; of very many wrong ones not all are looked for."""
    checked: list[dict[str, Any]] = []
    wrong: list[ErrorDetails] = []
    for number, customer in enumerate(customers):
        try:
            checked.append(customer if _is_plain(customer) else CUSTOMER.validate_python(customer))
        except ValidationError as failure:
            for one in failure.errors(include_url=False):
                wrong.append({**one, "loc": ("customers", number, *one["loc"])})
            if len(wrong) >= MOST_WRONG:
                break
    if wrong:
        raise of_validation(wrong, features)
    return checked


def _is_plain(customer: Any) -> bool:
    """Whether a customer has short names and usual values only: `CUSTOMER` would let each of them pass as it is."""
    return (
        type(customer) is dict
        and len(customer) <= MOST_FIELDS
        and all(len(name) <= LONGEST_TEXT and name.isascii() for name in customer)
        and all(
            (type(value) is float and -LARGEST < value < LARGEST)
            or value is None
            or (type(value) is str and len(value) <= LONGEST_TEXT and value.isascii())
            or (type(value) is int and -LARGEST < value < LARGEST)
            for value in customer.values()
        )
    )


def _check_names(customers: list[Any]) -> None:
    """Refuse more different names than a release can have before each of them costs anything."""
    names: set[str] = set()
    for customer in customers:
        names.update(customer if isinstance(customer, dict) else ())
        if len(names) > MOST_FIELDS:
            found = f"more than {MOST_FIELDS:,} different names of fields"
            step = "Send the features that GET /model lists, and nothing else."
            raise Problem(422, {**error("customers", "", f"at most {MOST_FIELDS:,}", step), "found": found})
