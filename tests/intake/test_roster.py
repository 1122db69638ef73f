import ibis
import numpy as np
import pandas as pd
import pytest

from patrons.errors import SourceError
from patrons.intake import roster, sources

LOG = ibis.memtable(
    pd.DataFrame(
        {
            "customer_id": ["17", "17", "003"],
            "country": ["France", "Spain", "Italy"],
            "ordered_at": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-01-01"]),
            "line": [0, 1, 2],
        }
    )
)


def csv(tmp_path, text):
    (tmp_path / "customers.csv").write_text(text)
    return tmp_path / "customers.csv"


def test_the_country_is_that_of_the_first_order():
    table = roster.customer_table(LOG)
    assert dict(zip(table.customer_id, table.country, strict=True)) == {"17": "France", "003": "Italy"}


def test_attributes_are_joined_and_missing_where_a_customer_has_none(tmp_path):
    table = roster.customer_table(LOG, csv(tmp_path, "customer_id,plan\n17,gold\nz,free\n")).set_index("customer_id")
    assert sorted(table.index) == ["003", "17"]
    assert table.plan["17"] == "gold"
    assert pd.isna(table.plan["003"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_the_check_before_a_run_reads_customers_as_the_notebook_does(tmp_path, encoding):
    path = tmp_path / "Käufer[1].csv"
    path.write_bytes("customer_id;größe\n17;groß\n003;\n".encode(encoding))
    sources.check_attributes([path], ["größe"])
    with pytest.raises(SourceError, match="'grösse'; did you mean 'größe'"):
        sources.check_attributes([path], ["grösse"])
    table = roster.customer_table(LOG, path).set_index("customer_id")
    assert table["größe"]["17"] == "groß"
    assert pd.isna(table["größe"]["003"])


def test_leading_zeros_of_a_customer_survive(tmp_path):
    table = roster.customer_table(LOG, csv(tmp_path, "customer_id;plan\n003;gold\n")).set_index("customer_id")
    assert table.plan["003"] == "gold"


def test_customers_that_a_spreadsheet_made_floats_are_joined(tmp_path):
    pd.DataFrame({"customer_id": [17.0, np.nan], "plan": ["gold", "free"]}).to_parquet(tmp_path / "c.parquet")
    assert roster.customer_table(LOG, tmp_path / "c.parquet").set_index("customer_id").plan["17"] == "gold"


def test_truth_values_become_yes_and_no(tmp_path):
    table = roster.read_attributes(csv(tmp_path, "customer_id,vip\n17,True\n18,\n19,False\n"))
    assert table.vip.tolist()[::2] == ["yes", "no"]
    assert pd.isna(table.vip[1])


def test_a_file_in_which_no_customer_of_the_log_stands_is_refused_with_examples(tmp_path):
    with pytest.raises(roster.RosterError, match="such as 003, 17, the file x9"):
        roster.customer_table(LOG, csv(tmp_path, "customer_id,plan\nx9,gold\n"))


def test_two_rows_for_one_customer_are_refused(tmp_path):
    with pytest.raises(roster.RosterError, match="more than one row for customers such as 17"):
        roster.read_attributes(csv(tmp_path, "customer_id,plan\n17,gold\n17,free\n"))


def test_a_file_without_customers_or_of_another_kind_is_refused(tmp_path):
    with pytest.raises(roster.RosterError, match="no column customer_id, only client"):
        roster.read_attributes(csv(tmp_path, "client,plan\n1,gold\n"))
    with pytest.raises(SourceError, match="of no kind that can be read"):
        roster.read_attributes(tmp_path / "customers.doc")


def test_customers_whose_id_reads_like_a_missing_value_are_kept(tmp_path):
    table = roster.read_attributes(csv(tmp_path, "customer_id,plan\nNA,gold\nnull,free\n007,NA\n,free\n"))
    assert table.customer_id.tolist() == ["NA", "null", "007"]
    assert table.plan.fillna("").tolist() == ["gold", "free", ""]
