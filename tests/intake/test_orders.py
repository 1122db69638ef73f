import gzip

import ibis
import pandas as pd
import pandera.errors
import pytest

from patrons.errors import SourceError
from patrons.intake import order_log, orders

RAW = pd.DataFrame(
    {
        "InvoiceNo": ["1", "1", "1", "C2", "3", "4", "5", "6", "7"],
        "StockCode": ["A", "B", "A", "A", "A", "POST", "B", "B", "B"],
        "Quantity": [2, 1, 2, -2, -1, 1, 3, 3, 1],
        "InvoiceDate": pd.to_datetime(["2024-01-02 10:00"] * 9),
        "UnitPrice": [1.5, 4.0, 1.5, 1.5, 1.0, 9.0, 0.0, 2.0, 2.0],
        "CustomerID": [7.0, 7.0, 7.0, 7.0, 7.0, 7.0, 8.0, None, 8.0],
    }
)
COLUMNS = {
    "order_id": "InvoiceNo",
    "product_id": "StockCode",
    "quantity": "Quantity",
    "ordered_at": "InvoiceDate",
    "unit_price": "UnitPrice",
    "customer_id": "CustomerID",
}
REASONS = {
    2: "exact duplicate",
    3: "cancellation",
    4: "quantity not positive",
    5: "non-product code",
    6: "price not positive",
    7: "no customer",
}


@pytest.fixture
def source(tmp_path):
    RAW.to_parquet(tmp_path / "log.parquet")
    return tmp_path / "log.parquet"


def judged(path, duplicates="quarantine"):
    return orders.judge(order_log.read_log(path, COLUMNS).lines, "C", ["POST", "gift_.*"], duplicates)


def test_each_line_is_kept_or_set_aside_with_its_reason(source):
    table = judged(source).order_by("line").to_pandas()
    assert {line: reason for line, reason in zip(table.line, table.reason, strict=True) if pd.notna(reason)} == REASONS


def test_without_a_letter_negative_lines_are_returns(source):
    table = orders.judge(order_log.read_log(source, COLUMNS).lines, "", [], "keep").to_pandas().set_index("line").reason
    assert (table[3], table[4]) == ("cancellation", "cancellation")  # C2 and the corrected line
    assert table[6] == "price not positive"  # nothing was paid, and nothing paid back


def test_kept_and_quarantined_lines_add_up_to_those_read(source):
    table = judged(source)
    assert orders.kept(table).count().execute() == 3
    assert orders.quarantined(table).count().execute() == 6
    loss = orders.row_loss(table).set_index("lines")["count"]
    assert (loss["read"], loss["kept"]) == (9, 3)


def test_repeats_of_a_line_are_kept_when_the_parameters_say_so(source):
    assert orders.kept(judged(source, duplicates="keep")).count().execute() == 4


def test_a_customer_number_that_a_spreadsheet_made_a_float_is_read_as_the_integer(source):
    assert set(orders.kept(judged(source)).to_pandas().customer_id) == {"7", "8"}


def test_amount_is_quantity_times_price(source):
    assert sorted(orders.kept(judged(source)).to_pandas().amount) == [2.0, 3.0, 4.0]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "xlsx"])
def test_other_formats_give_the_same_table_as_parquet(source, ending):
    other = source.with_name(f"log.{ending}")
    RAW.to_excel(other, index=False) if ending == "xlsx" else RAW.to_csv(other, index=False)
    expected, kept = (orders.kept(judged(path)).to_pandas() for path in (source, other))
    pd.testing.assert_frame_equal(kept, expected)


def test_leading_zeros_of_an_identifier_survive_a_csv(tmp_path):
    text = RAW.assign(InvoiceNo=[f"00{n}" for n in range(9)]).to_csv(index=False)
    with gzip.open(tmp_path / "log.csv.gz", "wt") as file:
        file.write(text)
    lines = order_log.read_log(tmp_path / "log.csv.gz", COLUMNS).lines.order_by("line").to_pandas()
    assert lines.order_id[0] == "000"


def test_a_date_that_cannot_be_read_is_set_aside_not_shifted(tmp_path):
    RAW.assign(InvoiceDate=["soon", *["2024-01-02 10:00"] * 8]).to_csv(tmp_path / "log.csv", index=False)
    table = judged(tmp_path / "log.csv").order_by("line").to_pandas()
    assert table.reason[0] == "date missing or unreadable"


def test_a_log_without_a_line_to_keep_is_an_error_that_says_why(tmp_path):
    RAW.assign(CustomerID=None).to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(orders.OrdersError, match="no customer"):
        orders.kept(judged(tmp_path / "log.csv"))


def test_an_unknown_kind_of_file_is_refused(tmp_path):
    with pytest.raises(SourceError, match="of no kind that can be read"):
        order_log.read_log(tmp_path / "log.doc", COLUMNS)


def test_the_contract_refuses_a_negative_quantity(source):
    clean = orders.kept(judged(source))
    with pytest.raises(pandera.errors.SchemaError, match="quantity"):
        orders.CONTRACT.validate(clean.mutate(quantity=-clean.quantity))


def test_the_contract_refuses_a_missing_customer(source):
    clean = orders.kept(judged(source))
    with pytest.raises(pandera.errors.SchemaError, match="customer_id"):
        orders.CONTRACT.validate(clean.mutate(customer_id=ibis.null("string")))


def test_a_line_of_another_width_is_quarantined_with_its_text_and_no_other_is_shifted(tmp_path):
    sound = "".join(f"{100 + n},c{n % 7},p,2,1.5,2024-01-{n % 28 + 1:02d}\n" for n in range(300))
    names = "order_id,customer_id,product_id,quantity,unit_price,ordered_at\n"
    (tmp_path / "log.csv").write_text(names + sound + "7,c1,p\n" + sound)
    judged = orders.judge(order_log.read_log(tmp_path / "log.csv", {}).lines, "", [], "keep").cache()
    loss = orders.row_loss(judged).set_index("lines")["count"]
    assert loss["read"] == 601
    assert loss["set aside: another number of cells than the first line"] == 1
    assert loss["kept"] == 600
    aside = orders.quarantined(judged).to_pandas()
    assert aside.description.tolist() == ["7,c1,p"]
    assert aside.line.tolist() == [300]
    assert orders.kept(judged).amount.sum().execute() == 600 * 3.0


def dated(*days):
    line = {"customer_id": "a", "order_id": "o", "product_id": "p", "quantity": 1.0, "unit_price": 1.0, "amount": 1.0}
    when = pd.to_datetime(pd.Series(days)).astype("datetime64[us]")
    table = pd.DataFrame(line, index=range(len(days))).assign(ordered_at=when, copy=0, malformed=False)
    judged = orders.judge(ibis.memtable(table.assign(line=range(len(days)))), "", [], "keep")
    return judged.order_by("line").reason.to_pandas()


def test_a_date_far_from_all_others_is_quarantined():
    usual = [f"2024-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 29)]  # 336 lines
    reasons = dated(*usual, "2099-01-01", "1900-01-01", "2025-11-01")
    assert reasons[336:338].tolist() == ["date far from all others"] * 2
    assert reasons.drop([336, 337]).isna().all()


def test_two_halves_of_a_log_far_apart_are_no_slip():
    assert dated(*["2010-03-04"] * 100, *["2024-03-04"] * 100).isna().all()
