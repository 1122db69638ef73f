import json

import pytest

from patrons.evaluation import model_card
from patrons.evaluation.metrics import Interval

DATA = {"title": "A shop", "simulated": True, "period": ["2024-01-01", "2024-06-30"], "digest": "abc", "lines": 7}
TOLD = {
    "algorithm": "logistic regression",
    "author": "the analysts",
    "parameters": {"C": 1.0},
    "metrics": {"accuracy": Interval(0.9, 0.85, 0.95), "coverage": 0.9},
    "intended_use": "To place new customers.",
    "limits": ["Not for credit."],
}


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "m.skops"
    path.write_bytes(b"a model")
    return path


def test_a_card_says_where_the_model_is_from_and_how_good_it_is(model):
    card = model_card.model_card(model, DATA, **TOLD)
    assert (card["time"], card["author"], card["data"]["digest"]) == ("2024-06-30", "the analysts", "abc")
    assert card["metrics"] == {"accuracy": {"value": 0.9, "low": 0.85, "high": 0.95}, "coverage": 0.9}
    assert {"python", "scikit-learn", "xgboost-cpu"} <= set(card["libraries"])
    assert json.loads(json.dumps(card)) == card


def test_the_same_model_has_the_same_id_and_another_has_another(model):
    first = model_card.model_card(model, DATA, **TOLD)
    assert model_card.model_card(model, DATA, **TOLD) == first
    assert model_card.model_card(model, {**DATA, "digest": "abd"}, **TOLD)["id"] != first["id"]
    model.write_bytes(b"another model")
    assert model_card.model_card(model, DATA, **TOLD)["id"] != first["id"]


def test_a_table_without_dates_is_said_to_have_none(model):
    assert model_card.model_card(model, {**DATA, "period": []}, **TOLD)["time"] == model_card.UNDATED


def test_a_card_is_shown_in_words(model):
    table = model_card.as_table(model_card.model_card(model, DATA, **TOLD)).set_index("entry").value
    assert table["accuracy"] == "0.900 [0.850, 0.950]"
    assert table["data"] == "A shop (simulated)"
    assert table["limits"] == "Not for credit."
