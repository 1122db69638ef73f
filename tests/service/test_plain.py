"""What the API lets pass without pydantic is what pydantic lets pass, with the same values."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from patrons.scoring.rows import LARGEST
from patrons.service import requests
from patrons.service.messages import LONGEST_TEXT, MOST_FIELDS
from patrons.service.requests import CUSTOMER

EDGES = [-LARGEST, LARGEST, 10**15, 10**15 - 1, 1 - 10**15, 0.0, -0.0, float("nan"), float("inf"), True, None]
lengths = st.sampled_from([0, 1, LONGEST_TEXT - 1, LONGEST_TEXT, LONGEST_TEXT + 1])
texts = st.builds(lambda letter, n: letter * n, st.sampled_from(["a", "é", "\ud800", "\U0001f600", "\x00"]), lengths)
values = st.sampled_from(EDGES) | st.integers() | st.floats() | texts | st.lists(st.none(), max_size=1)
fields = st.dictionaries(texts | st.text(max_size=3), values, max_size=4)
others = values | st.dictionaries(st.text(max_size=1), fields, max_size=1)


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(fields | others)
def test_whatever_is_let_pass_as_plain_pydantic_lets_pass_with_the_same_values(customer):
    if requests._is_plain(customer):
        checked = CUSTOMER.validate_python(customer)
        assert [*checked.items()] == [*customer.items()]
        assert [type(value) for value in checked.values()] == [type(value) for value in customer.values()]


def refused(customer) -> bool:
    try:
        CUSTOMER.validate_python(customer)
    except ValidationError:
        return True
    return False


def test_the_ends_of_what_is_plain_are_those_of_pydantic():
    many = {str(n): n for n in range(MOST_FIELDS)}
    inside = [many, {"a" * 200: "b" * 200}, {"x": 10**15 - 1}, {"x": 999999999999999.9}, {"x": None}]
    beyond = [
        many | {"one more": 0},
        {"a" * 201: 1},
        {"x": "b" * 201},
        {"x": 10**15},
        {"x": -1e15},
        {"x": float("nan")},
    ]
    assert [requests._is_plain(one) for one in inside + beyond] == [True] * 5 + [False] * 6
    assert [refused(one) for one in inside + beyond] == [False] * 5 + [True] * 6
