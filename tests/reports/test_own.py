"""What the pages of 01, 02, 03, 05 and 08 open with, from toy results."""

import pytest

from patrons.files import write_json
from patrons.reports import first_page, pages

EMPTY = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
CLEAR = "The groups are only slightly clearer than chance{}."


def lead(folder, stage, metrics, findings=(), data=None):
    """The points that a page opens with, and those of the first page."""
    write_json(folder / stage / "notebook.ipynb", EMPTY)
    write_json(folder / stage / "metrics.json", metrics)
    rows = [{"kind": "finding", "figure": None, "alt": None, "text": text} for text in findings]
    write_json(folder / stage / "findings.json", rows)
    write_json(folder / "01_eda" / "dataset.json", data or {})
    write_json(folder / "series.json", {})
    content = first_page.content(folder, pages.read_stages(folder), "EUR")
    leads = content["leads"].get(f"{stage}.html", {"points": []})
    return [(point["text"], point["lines"]) for point in leads["points"]], content["points"]


LOG = {"lines_read": 1000, "lines_kept": 899, "orders": 250, "customers": 40}


def test_page_1_says_whether_the_data_can_be_trusted(tmp_path):
    why = "The most frequent reason to set one aside: no customer."
    [told], first = lead(tmp_path, "01_eda", LOG, [f"89.9% of 1,000 lines can be used. {why}", "Other."])
    assert told == (
        "Yes, as far as checks can tell: 89.9% of its 1,000 lines can be used. It holds 250 orders of 40 customers.",
        [why],
    )
    assert first == []
    doubts = {"doubts": {"dates": ["Dates may be wrong."], "customers": []}}
    [(text, lines)], _ = lead(tmp_path, "01_eda", LOG, data=doubts)
    assert text.startswith("Only with caution: 89.9%")
    assert lines == ["Dates may be wrong."]
    [(text, _)], _ = lead(tmp_path, "01_eda", LOG | {"lines_kept": 210})
    assert text.startswith("In part: 21.0%")
    [(text, _)], _ = lead(tmp_path, "01_eda", {"lines_read": 10, "lines_kept": 10, "customers": 10})
    assert text.endswith("100.0% of its 10 rows can be used. It holds 10 customers.")


def test_page_2_says_how_a_customer_is_described(tmp_path):
    days = {"features": 142, "snapshots": 19, "panel_rows": 43795}
    [(text, _)], _ = lead(tmp_path, "02_transformation", days)
    assert text == (
        "By 142 facts on what they had done by the day in question. Models learn from 43,795 rows: customers as they "
        "were on 19 earlier days."
    )
    [(text, _)], _ = lead(tmp_path, "02_transformation", {"features": 19, "panel_rows": 7043})
    assert text == "By 19 facts from the table. Models learn from 7,043 rows."


def test_page_3_says_how_many_groups_there_are_and_how_clear(tmp_path):
    [told], _ = lead(
        tmp_path,
        "03_clustering_comparison",
        {"k": 4, "stability_in_time": 0.75},
        ["Other.", CLEAR.format(" (silhouette 0.448)")],
    )
    assert told == (
        "Into 4 groups. " + CLEAR.format(""),
        ["Made on earlier days, groups agree with these by 0.75 on average; 1 would be the same groups."],
    )


@pytest.mark.parametrize("stage", ["01_eda", "02_transformation", "03_clustering_comparison", "05_classification"])
def test_a_page_whose_notebook_recorded_nothing_opens_without_an_answer(tmp_path, stage):
    assert lead(tmp_path, stage, {}) == ([], [])
