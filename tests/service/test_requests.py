"""Bodies of requests: what is read, and errors by which an integrator finds the place."""

import json
import tracemalloc

import pytest
from toy_scorer import FEATURES

from patrons.service.problems import Problem
from patrons.service.requests import read

BY_NAME = {feature.name: feature for feature in FEATURES}  # recency_days is required, channel is not
NULL = "Send null, or leave the field out, where there is no value."
REQUIRED = "Send a value: this feature is required (GET /model). A customer without one cannot be scored."


def refused(body):
    with pytest.raises(Problem) as caught:
        read(body if isinstance(body, bytes) else body.encode(), BY_NAME)
    return caught.value


SEVERAL = "several values of this name"


def customers(*texts):
    return '{"customers": [' + ", ".join(texts) + "]}"


@pytest.mark.parametrize(
    ("body", "field", "found"),
    [
        (customers('{"recency_days": 1}', '{"recency_days": -Infinity}'), "customers.1.recency_days", "-Infinity"),
        (customers('{"recency_days": ' + "9" * 5000 + "}"), "customers.0.recency_days", "a huge number"),
        (customers('{"channel": "' + "x" * 300 + '"}'), "customers.0.channel", f"'{'x' * 20}'... (300 characters)"),
        (
            customers('{"recency_days": 1, "recency_days": 2}'),
            "customers.0.recency_days",
            "several values of this name",
        ),
        ('{"customers": [], "customers": []}', "customers", SEVERAL),
        (customers('{"' + "n" * 300 + '": 1}'), f"customers.0.{'n' * 77}...", f"'{'n' * 20}'... (300 characters)"),
        (customers('{"a": {"b": 1}}'), "customers.0.a", "an object of 1 fields"),
    ],
)
def test_a_wrong_value_is_told_by_its_path(body, field, found):
    problem = refused(body)
    assert problem.status == 422
    assert (problem.errors[0]["field"], problem.errors[0]["found"]) == (field, found)


def test_null_is_proposed_only_where_it_is_allowed():
    assert refused(customers('{"recency_days": NaN}')).errors[0]["next"] == REQUIRED
    assert refused(customers('{"channel": NaN}')).errors[0]["next"] == NULL
    assert refused(customers('{"customer_id": NaN}')).errors[0]["next"] == NULL
    assert "null" not in refused("{").errors[0]["next"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'\xef\xbb\xbf{"customers": []}', "a byte order mark of UTF-8"),
        ("{}".encode("utf-16"), "a byte order mark of UTF-16"),
        ("{}".encode("utf-32"), "a byte order mark of UTF-32"),
        ("{}".encode("utf-16-le"), "text in UTF-16"),
        ("{}".encode("utf-32-be"), "text in UTF-32"),
        ('{"name": "Zoë"}'.encode("latin-1"), "byte 0xeb at position 12, which is no UTF-8"),
        (b'{\n"a": 1,\n:}', "character 10 (line 3)"),
        (b"", "character 0 (line 1)"),
    ],
)
def test_an_encoding_and_the_place_of_a_fault_are_named(body, found):
    problem = refused(body)
    assert problem.status == 400
    assert problem.errors[0]["found"] == found


def test_names_of_fields_are_capped_for_the_whole_request():
    rows = [{f"{row}.{name}": 1 for name in range(501)} for row in range(2)]
    problem = refused(json.dumps({"customers": rows}))
    assert problem.errors[0]["found"] == "more than 1,000 different names of fields"
    assert len(read(json.dumps({"customers": [rows[0]] * 2}).encode(), BY_NAME)["customers"]) == 2


def test_very_many_errors_cost_no_more_than_the_first_thousand():
    body = json.dumps({"customers": [{f"f{name}": [] for name in range(100)}] * 1000}).encode()
    tracemalloc.start()
    problem = refused(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(problem.errors) == 1000
    assert peak < 20 * len(body)


def test_a_good_request_is_read_as_it_is():
    row = {"customer_id": "7", "recency_days": 1.5, "channel": None, "new": True, "text": "ü"}
    assert read(json.dumps({"customers": [row]}).encode(), BY_NAME) == {"customers": [row]}
