import pandas as pd
import pytest

from patrons.features import sample
from patrons.segments import movement

BEFORE = pd.Series({"a": "Loyal", "b": "Loyal", "c": "Lost", "d": "Lost"})
AFTER = pd.Series({"a": "Loyal", "b": "Lost", "c": "Lost", "d": "Loyal", "e": "Loyal"})
MOVED = movement.moves(BEFORE, AFTER)


def test_moves_are_counted_and_newcomers_have_a_row():
    counts = MOVED.set_index(["from", "to"]).customers.to_dict()
    assert counts == {
        ("Loyal", "Loyal"): 1,
        ("Loyal", "Lost"): 1,
        ("Lost", "Lost"): 1,
        ("Lost", "Loyal"): 1,
        ("not yet a customer", "Loyal"): 1,
        ("not yet a customer", "Lost"): 0,
    }


def test_half_of_those_known_then_have_moved():
    assert movement.migrated_share(MOVED) == 0.5


def test_each_row_of_the_matrix_adds_up_to_one():
    flows = movement.matrix(MOVED, ["Loyal", "Lost"])
    assert flows.sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    assert list(flows.index) == ["Loyal", "Lost", "not yet a customer"]
    assert (
        movement.steadiest(movement.matrix(movement.moves(BEFORE, BEFORE.replace("Lost", "Loyal")), ["Loyal", "Lost"]))
        == "Loyal"
    )


def test_what_a_segment_gains_and_loses_adds_up():
    table = movement.balance(MOVED)
    assert table.loc["Loyal"].to_dict() == {
        "before": 2, "stayed": 1, "joined": 1, "left": 1, "new": 1, "after": 3, "net": 1,
    }  # fmt: skip
    assert (table.after == table.before + table.joined + table.new - table.left).all()
    assert table.index[0] == "Loyal"


def test_a_customer_whose_earlier_segment_is_not_known_is_neither_new_nor_moved():
    unknown = pd.concat([BEFORE, pd.Series({"e": None, "f": None})])
    moved = movement.moves(unknown, pd.concat([AFTER, pd.Series({"f": "Lost"})]))
    assert moved.customers.sum() == 4
    assert moved[moved["from"] == movement.NEW].customers.sum() == 0


def test_the_last_day_is_the_latest_earlier_one():
    panel = pd.DataFrame(
        {"customer_id": list("aab"), "as_of": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-02-01"])}
    )
    assert movement.last_day(panel).customer_id.tolist() == ["a", "b"]


def test_of_a_log_whose_panel_is_drawn_only_those_who_were_drawn_are_followed():
    low, middle, high = sorted("abc", key=lambda name: sample.places(pd.Series([name]))[0])
    before = pd.DataFrame({"customer_id": [middle], "as_of": pd.Timestamp("2024-01-01")})
    ids = [low, middle, high]
    today = pd.DataFrame({"customer_id": ids, "as_of": pd.Timestamp("2024-01-31"), "tenure_days": [20, 40, 40]})
    assert movement.drawn(before, today).tolist() == [True, True, False]
    assert movement.drawn(before, today.assign(tenure_days=[20, 40, 20])).all()  # both came later: all are described
