import re
from pathlib import Path

import ibis
import pandas as pd

from patrons.evaluation import samples


def test_customers_are_drawn_only_where_there_are_more_than_asked_for():
    customers = pd.Series(list("dbca"))
    assert samples.drawn(customers, 4) is None
    some = set(samples.drawn(customers, 2))
    assert len(some) == 2
    assert some == set(samples.drawn(customers[::-1], 2))  # whatever their order
    assert some < set(samples.drawn(customers, 3))  # fewer are some of more


def test_rows_of_some_customers_are_all_their_days():
    table = pd.DataFrame(
        {"customer_id": list("abab"), "as_of": pd.to_datetime(["2024-01-01"] * 2 + ["2024-02-01"] * 2)}
    )
    whole = samples.rows(ibis.memtable(table), None)
    assert whole.customer_id.tolist() == list("abab")
    some = samples.rows(ibis.memtable(table), pd.Series(["b"]))
    assert some.customer_id.tolist() == ["b", "b"]
    assert some.as_of.is_monotonic_increasing


def test_that_some_customers_were_drawn_is_said_in_one_sentence():
    assert samples.sentence(25_000, 1_000_000) == (
        "Models learn from and are tested on 25,000 of the 1,000,000 customers, drawn at random."
    )


def test_of_rows_in_memory_those_of_the_drawn_customers_stay_in_their_order():
    rows = pd.DataFrame({"customer_id": list("dbcadbca"), "n": range(8)}, index=range(8, 0, -1))
    assert samples.few(rows, 4) is rows
    some = samples.few(rows, 2)
    assert set(some.customer_id) == set(samples.drawn(pd.Series(list("abcd")), 2))
    assert some.n.is_monotonic_increasing
    assert len(some) == 4


ROWS_CUT = re.compile(r"\w\.head\([A-Z_]{3,}\)|iloc\[:[A-Z_]|\.head\(\d[\d_]{2,}|hash_array\(")
ALLOWED = {  # what is shown, or kept as an example of its columns, stands for nobody else
    "app/contacts.py",
    "app/score.py",
    "churn/empty.py",
    "evaluation/samples.py",
    "intake/candidates.py",  # different values of a column, while columns are guessed
    "intake/guess.py",
    "intake/roles.py",
    "monitoring/moved_plots.py",
    "reports/contacts.py",
    "reports/leads.py",
    "segments/outputs.py",
    "tracking/packing.py",
    "value/workbook.py",
}


def test_the_first_rows_of_a_table_are_never_taken_for_a_sample_of_it():
    source = Path(samples.__file__).parents[1]
    found = {path.relative_to(source).as_posix() for path in source.rglob("*.py") if ROWS_CUT.search(path.read_text())}
    assert found <= ALLOWED, found - ALLOWED
