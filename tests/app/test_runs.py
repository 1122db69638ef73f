"""Key numbers over runs."""

import pandas as pd
import pytest

pytest.importorskip("streamlit", reason="the serving extra is not installed: make test installs it")

from patrons.app import metrics, runs, segments


def record(run, **metrics):
    stages = {"07_customer_value": {"metrics": metrics}, "01_eda": {"metrics": {"customers": 9, "unknown": 1}}}
    return {"run_id": run, "finished": "2026-11-28T03:23:56+00:00", "data": {"period": ["a", "b"]}, "stages": stages}


def test_numbers_of_each_run_come_with_their_intervals_where_there_are_any():
    table = runs.history([record("x"), record("y", gain=5.0, gain_low=1.0, gain_high=9.0)])
    assert table[["place", "run", "number", "value"]].to_numpy().tolist() == [
        [1, "x", "01.customers", 9],
        [2, "y", "01.customers", 9],
        [2, "y", "07.gain", 5],
    ]
    assert table[["low", "high"]].iloc[2].tolist() == [1, 9]
    assert table[["low", "high"]].head(2).isna().all(axis=None)
    assert table.until.tolist() == ["b"] * 3
    assert table.finished[0] == "28 Nov 2026, 03:23"


def test_a_run_of_a_table_has_no_last_day_and_no_run_no_numbers():
    assert runs.history([record("x") | {"data": {"period": []}}]).until.tolist() == [""]
    assert runs.history([]).empty
    assert isinstance(runs.history([]), pd.DataFrame)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ("Scores are of today. It places customers of every segment well enough to be used.", ""),
        (
            "Scores are of today. It is not to be used: it recognises 62% of Loyal, under the 80% wanted.",
            "The model that places new customers in these segments is weak and not to be used: it recognises 62% of "
            "Loyal, under the 80% wanted.",
        ),
    ],
)
def test_a_weak_segment_model_is_told_where_segments_are_shown(limits, told):
    assert segments.weak({"card": {"algorithm": "XGBoost", "limits": [limits]}}) == told


def test_where_no_segment_could_be_learnt_that_is_told_and_nothing_before_05_has_run():
    card = {"algorithm": "shares of the segments", "limits": ["There are too few customers."]}
    assert segments.weak({"card": card}) == (
        "New customers cannot be placed in these segments. There are too few customers."
    )
    assert segments.weak(None) == ""


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("06.roc_auc_active_low", "Risk: ROC AUC, customers who can be kept, lower end"),
        ("05.macro_f1_held_out_high", "Segment model: macro F1, held-out customers, upper end"),
        ("06.roc_auc_active_lowest", "Risk: ROC AUC, customers who can be kept, worst day"),
        ("07.mae", "Customer value: mean absolute error"),
        ("01.lines_kept", "Data: lines kept"),
        ("09.new_number", "09: new number"),  # of a notebook that this version does not have
    ],
)
def test_numbers_of_runs_are_named_in_words(metric, name):
    assert metrics.name(metric) == name
