"""What `benchmarks/scale.py` says of how the series grows."""

import pytest

from benchmarks import scale

CELLS = [{"cell": "a = 1", "cpu": 1.0}, {"cell": "b = 2", "cpu": 2.0}, {"cell": "c = 3", "cpu": 0.1}]
MORE = [{"cell": "a = 1", "cpu": 10.0}, {"cell": "b = 2", "cpu": 200.0}, {"cell": "c = 3", "cpu": 0.9}]


def measured(cells):
    return {"seconds": 3.0, "cpu": sum(cell["cpu"] for cell in cells), "gb": 0.5, "cells": cells}


def test_what_grows_tenfold_with_the_size_has_exponent_one():
    assert scale.exponent(2.0, 20.0, (4_000, 40_000)) == pytest.approx(1)
    assert scale.exponent(2.0, 200.0, (4_000, 40_000)) == pytest.approx(2)


def test_the_cell_that_grows_fastest_is_named_if_it_costs_something():
    told = scale.fastest(measured(CELLS), measured(MORE), (4_000, 40_000))
    assert told == "`b = 2` 2.0 → 200.0 (2.00)"


def test_the_table_has_a_row_a_notebook_and_a_dash_where_nothing_was_measured():
    found = {
        4_000: {"01_eda": measured(CELLS), "02_transformation": measured(CELLS)},
        40_000: {"01_eda": measured(MORE)},
    }
    rows = scale.table(found).splitlines()
    assert rows[2] == ("| 01_eda | 3 s, 3 CPU s, 0.5 GB | 3 s, 211 CPU s, 0.5 GB | 1.83 | `b = 2` 2.0 → 200.0 (2.00) |")
    assert rows[3] == "| 02_transformation | 3 s, 3 CPU s, 0.5 GB | – | – |  |"
    assert rows[4].startswith("| together | 6 s, 6 CPU s, 0.5 GB | 3 s, 211 CPU s, 0.5 GB |")
