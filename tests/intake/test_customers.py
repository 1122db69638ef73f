"""The intake of a customer table, on tables small enough to read, and on the two public ones."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from patrons.errors import SourceError
from patrons.intake import customers
from patrons.intake.customers import Roles
from patrons.intake.roles import CustomersError, candidates

N = 40
RAW = pd.DataFrame(
    {
        "Client": [f"c{n:02d}" for n in range(N)],
        "Plan": ["basic", "plus", "", "pro", "basic"] * 8,
        "Spend": [str(n % 7 + 0.5) for n in range(N)],
        "Senior": [0, 1] * 20,
        "Firm": ["ours"] * N,
        "Status": ["Attrited Customer" if n % 4 == 0 else "Existing Customer" for n in range(N)],
    }
)
ONE_VALUE = ": there is nothing to learn from. Bring customers of both outcomes, or name another column"
ROLES = Roles(id="Client", label="Status", positive="Attrited Customer")


def problems(raw, roles):
    with pytest.raises(CustomersError) as caught:
        customers.read_frame(raw, roles)
    first, *listed = str(caught.value).splitlines()
    assert first == "The customer table cannot be used as it is:"
    return [line.removeprefix("  - ") for line in listed]


def test_the_clean_table_has_an_id_an_outcome_a_group_and_the_attributes():
    intake = customers.read_frame(RAW, ROLES)
    assert list(intake.table) == ["customer_id", "churned", "group", "Spend", "Plan", "Senior"]
    assert list(intake.table.customer_id[:2]) == ["c00", "c01"]
    assert list(intake.table.churned[:5]) == [1, 0, 0, 0, 1]
    assert (intake.numerical, intake.categorical) == (["Spend"], ["Plan", "Senior"])


def test_the_positive_value_is_shown_with_its_share():
    answers = customers.read_frame(RAW, ROLES).answers.set_index("value")
    assert answers.loc["Attrited Customer"].to_dict() == {"customers": 10, "share": 0.25, "churned": True}
    assert not answers.churned["Existing Customer"]


def test_without_an_id_the_row_number_is_it():
    intake = customers.read_frame(RAW.drop(columns="Client"), Roles(label="Status", positive="Attrited Customer"))
    assert list(intake.table.customer_id[[0, 39]]) == ["1", "40"]


def test_columns_that_models_do_not_see_are_listed_with_the_reason():
    assert dict(customers.read_frame(RAW, ROLES).aside.to_numpy()) == {
        "Client": "identifier: it is our customer_id",
        "Firm": "constant: ours in every row",
    }


def test_inferred_kinds_can_be_overruled():
    intake = customers.read_frame(RAW, Roles("Client", "Status", "Attrited Customer", ["Senior"], ["Spend"], ["Plan"]))
    assert (intake.numerical, intake.categorical) == (["Senior"], ["Spend"])
    assert ["Plan", "left out by the parameters"] in intake.aside.to_numpy().tolist()


@pytest.mark.parametrize("blank", ["", " ", "?", "NA", "n/a", None, float("nan")])
def test_what_stands_for_missing_is_missing(blank):
    spend = RAW.Spend.astype(object).where(RAW.index != 3, blank)
    intake = customers.read_frame(RAW.assign(Spend=spend), ROLES)
    assert intake.numerical == ["Spend"]
    assert list(intake.table.index[intake.table.Spend.isna()]) == [3]


def test_other_signs_for_missing_and_a_decimal_comma_can_be_told():
    spend = ["none" if n == 3 else f"{n % 7},5" for n in range(N)]
    roles = Roles("Client", "Status", "Attrited Customer", missing=["none"], decimal=",")
    intake = customers.read_frame(RAW.assign(Spend=spend), roles)
    assert list(intake.table.Spend[1:3]) == [1.5, 2.5]
    assert intake.table.Spend.isna().sum() == 1


@pytest.mark.parametrize(
    ("churned", "stayed", "positive"),
    [
        ("1", "0", "1"),
        (1, 0, "1"),
        (1.0, 0.0, "1"),
        (True, False, "True"),
        ("Yes", "No", "yes"),
        (" Y ", "N", "Y"),
    ],
)
def test_outcomes_come_in_many_forms(churned, stayed, positive):
    intake = customers.read_frame(
        RAW.assign(Status=[churned, stayed, stayed, stayed] * 10), Roles("Client", "Status", positive)
    )
    assert list(intake.table.churned[:4]) == [1, 0, 0, 0]


def test_a_label_of_three_values_is_the_positive_one_against_the_others():
    raw = RAW.assign(Status=["Churned", "Stayed", "Joined", "Stayed"] * 10)
    intake = customers.read_frame(raw, Roles("Client", "Status", "Churned"))
    assert list(intake.table.churned[:4]) == [1, 0, 0, 0]
    assert intake.answers.churned.sum() == 1


def test_a_missing_label_is_asked_for_with_the_candidates():
    [problem] = problems(RAW, Roles(id="Client"))
    assert problem == (
        "label is not given: which column says who churned? Candidates: Status (Existing Customer 75.0%, Attrited "
        "Customer 25.0%); Senior (0 50.0%, 1 50.0%)"
    )


def test_candidates_for_the_label_come_with_the_value_that_probably_means_churned():
    labels = candidates(RAW)
    assert list(labels.column) == ["Status", "Senior"]
    assert list(labels.positive) == ["Attrited Customer", "1"]
    assert list(labels.share) == [0.25, 0.5]


def test_a_missing_positive_value_is_asked_for_with_the_shares():
    [problem] = problems(RAW, Roles("Client", "Status"))
    assert problem == (
        "positive is not given: which value of Status means churned? "
        "It holds Existing Customer 75.0%, Attrited Customer 25.0%"
    )


def test_every_problem_is_listed_at_once():
    raw = RAW.assign(Client=["same"] * 2 + list(RAW.Client[2:]), group=1, Age=[*["30", "41", "52"] * 13, "old"])
    listed = problems(raw, Roles("Client", "Status", "Gone", ["Plan", "Spnd"], ["Senior"], ["Senior"], ["Plam"]))
    assert listed == [
        "numerical names 'Spnd', which it does not have; did you mean 'Spend'?",
        "confirmed names 'Plam', which it does not have; did you mean 'Plan'?",
        "'Senior' has two uses: give it one",
        "'group' is a name that Patrons uses itself: rename this column",
        "positive: Status never holds 'Gone'; it holds Existing Customer 75.0%, Attrited Customer 25.0%",
        "id: 1 values of Client occur in several, different rows, such as same: name another column, or none",
        "Age holds numbers but for old: add these to `missing`, or list it in `categorical` or `ignore`",
        "numerical: Plan holds 'basic', 'plus', 'pro', no numbers; add these to `missing`, or leave it out of the list",
    ]


def test_a_label_with_a_value_for_each_row_is_refused():
    listed = problems(RAW.assign(Number=range(N)), Roles("Client", "Number", "1"))
    assert listed == ["label: Number holds 40 different values; a column that says who churned holds two"]


def test_a_label_that_is_always_the_same_is_refused():
    listed = problems(RAW, Roles("Client", "Firm", "ours"))
    assert [problem.partition(":")[2] for problem in listed] == [f" Firm holds one value only, ours{ONE_VALUE}"]


def test_a_table_without_rows_and_one_with_a_column_twice_are_refused():
    assert problems(RAW.head(0), ROLES) == ["it has no rows"]
    twice = RAW.set_axis(["Client", "Plan", "Plan", "Senior", "", "Status"], axis="columns")
    assert problems(twice, ROLES) == ["'Plan' occurs 2 times among its columns", "a column has no name"]


def test_a_table_with_nothing_to_learn_from_is_refused():
    [problem] = problems(RAW[["Client", "Firm", "Status"]], ROLES)
    assert problem.startswith("no column is left to learn from: Client: identifier")


def test_rows_without_customer_or_outcome_are_set_aside_and_counted():
    raw = pd.concat([RAW, RAW.iloc[[5]]], ignore_index=True)
    raw.loc[1, "Status"], raw.loc[2, "Client"] = "?", ""
    intake = customers.read_frame(raw, ROLES)
    assert dict(zip(intake.quarantine.row, intake.quarantine.reason, strict=True)) == {
        2: "no outcome",
        3: "no customer",
        41: "exact duplicate, id included",
    }
    loss = customers.row_loss(intake)
    assert loss["count"].iloc[[0, -1]].tolist() == [41, 38]
    assert loss["count"].iloc[1:].sum() == 41


def test_customers_who_differ_in_nothing_but_the_id_share_a_group():
    raw = RAW.assign(Spend=[str(n) for n in range(N)], Plan="basic", Senior=["0", "1"] * 20)
    raw.loc[4, ["Spend", "Plan", "Senior", "Status"]] = raw.loc[0, ["Spend", "Plan", "Senior", "Status"]]
    intake = customers.read_frame(raw, Roles("Client", "Status", "Attrited Customer", numerical=["Spend"]))
    assert intake.duplicates == 1
    assert intake.table.group[4] == intake.table.group[0]
    assert intake.table.group.nunique() == N - 1


def test_identifiers_do_not_hide_duplicates():
    raw = RAW.assign(RowNumber=range(N), Plan="basic", Spend="1.5", Senior=["0"] * 20 + ["1"] * 20)
    intake = customers.read_frame(raw, ROLES)
    assert intake.table.group.nunique() == 4  # two outcomes, two values of Senior


def test_columns_left_out_do_not_hide_duplicates():
    raw = RAW.assign(Batch=[n // 3 for n in range(N)], Plan="basic", Spend="1.5", Senior=["0"] * 20 + ["1"] * 20)
    intake = customers.read_frame(raw, Roles("Client", "Status", "Attrited Customer", ignore=["Batch"]))
    assert intake.table.group.nunique() == 4


def test_outcomes_of_rows_without_a_customer_do_not_count():
    raw = RAW.assign(Client=RAW.Client.where(RAW.Status == "Existing Customer", ""))
    assert problems(raw, ROLES) == [f"label: Status holds one value only, Existing Customer{ONE_VALUE}"]


def test_a_column_that_tells_alone_who_churned_is_left_out_unless_confirmed():
    raw = RAW.assign(Reason=["price" if n % 8 == 0 else "service" if n % 4 == 0 else "" for n in range(N)])
    intake = customers.read_frame(raw, ROLES)
    assert "Reason" not in intake.table
    assert dict(intake.aside.to_numpy())["Reason"] == "suspected leak: alone it tells who churned, AUC 1.000"
    kept = customers.read_frame(raw, Roles(**{**vars(ROLES), "confirmed": ["Reason"]}))
    assert "Reason" in kept.categorical
    assert kept.columns.set_index("column").reason["Reason"].endswith("AUC 1.000; kept, as confirmed")


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "tsv", "xlsx", "parquet"])
def test_each_kind_of_file_gives_the_same_table(tmp_path, ending):
    path = tmp_path / f"table.{ending}"
    if ending == "parquet":
        RAW.to_parquet(path)
    elif ending == "xlsx":
        RAW.to_excel(path, index=False)
    else:
        RAW.to_csv(path, index=False, sep="\t" if ending == "tsv" else ",")
    pd.testing.assert_frame_equal(customers.read_table(path, ROLES).table, customers.read_frame(RAW, ROLES).table)


def test_a_line_of_another_width_is_set_aside_and_counted(tmp_path):
    rows = [f"{n},{n % 7},{'Yes' if n % 3 else 'No'}" for n in range(300)]
    (tmp_path / "table.csv").write_text("\n".join(["id,x,churn", *rows[:200], "301,4", *rows[200:]]) + "\n")
    intake = customers.read_table(tmp_path / "table.csv", Roles("id", "churn", "Yes"))
    assert len(intake.table) == 300
    assert intake.quarantine.to_dict("records") == [
        {"id": "301,4", "row": 201, "reason": "another number of cells than the first line"}
        | dict.fromkeys(["x", "churn"], pytest.approx(float("nan"), nan_ok=True))
    ]


def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path):
    (tmp_path / "table.xlsx").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match=r"table\.xlsx is named as XLSX"):
        customers.read_table(tmp_path / "table.xlsx", ROLES)
    with pytest.raises(SourceError, match="of no kind that can be read"):
        customers.read_table(tmp_path / "table.doc", ROLES)


def test_the_contract_names_every_breach():
    table = customers.read_frame(RAW, ROLES).table.assign(churned=2, group=-1)
    with pytest.raises(CustomersError) as caught:
        customers._validated(table, ["Spend"], ["Plan", "Senior"])
    assert str(caught.value).count("40 values break") == 2


def test_what_is_read_is_not_changed():
    before = RAW.copy()
    customers.read_frame(RAW, ROLES)
    pd.testing.assert_frame_equal(RAW, before)


def published(name):
    path = Path(os.environ.get("PATRONS_DATA", "")) / name
    return path if path.is_file() else pytest.skip(f"PATRONS_DATA does not name a folder with {name}")


@pytest.fixture(scope="module")
def telco():
    path = published("WA_Fn-UseC_-Telco-Customer-Churn.csv")
    return customers.read_table(path, Roles(id="customerID", label="Churn", positive="Yes"))


@pytest.fixture(scope="module")
def bank():
    return customers.read_table(published("Churn_Modelling.csv"), Roles(label="Exited", positive="1"))


def test_telco_is_read_as_it_is_known(telco):
    assert len(telco.table) == 7043
    assert telco.table.churned.sum() == 1869
    assert telco.numerical == ["tenure", "MonthlyCharges", "TotalCharges"]
    assert len(telco.categorical) == 16
    assert "SeniorCitizen" in telco.categorical
    assert list(telco.aside.column) == ["customerID"]


def test_blank_charges_of_telco_are_missing(telco):
    blank = telco.table[telco.table.TotalCharges.isna()]
    assert len(blank) == 11
    assert set(blank.tenure) == {0}


def test_telco_has_22_rows_that_repeat_another_in_all_but_the_id(telco):
    assert telco.duplicates == 22


def test_the_id_of_telco_is_an_identifier_even_if_nobody_says_so():
    path = published("WA_Fn-UseC_-Telco-Customer-Churn.csv")
    intake = customers.read_table(path, Roles(label="Churn", positive="Yes"))
    assert intake.aside.to_numpy().tolist() == [["customerID", "identifier: a text of its own in every row"]]


def test_bank_is_read_as_it_is_known(bank):
    assert len(bank.table) == 10000
    assert bank.table.churned.mean() == pytest.approx(0.2037)
    assert dict(bank.aside.to_numpy()) == {
        "RowNumber": "identifier: a number of its own in every row",
        "CustomerId": "identifier: a number of its own in every row",
        "Surname": "free text: 2,932 different values, 3.4 rows each on average",
    }
    assert bank.numerical == ["CreditScore", "Age", "Tenure", "Balance", "NumOfProducts", "EstimatedSalary"]
    assert bank.duplicates == 0


def test_no_column_of_the_public_tables_is_taken_for_a_leak(telco, bank):
    assert telco.columns.auc.max() < 0.75
    assert bank.columns.auc.max() < 0.75
    assert np.isfinite(bank.columns.set_index("column").auc[bank.numerical]).all()


def labelled():
    """100 customers without an outcome, and a fifth of them that churned."""
    churned = pd.Series([n % 5 == 0 for n in range(100)])
    return churned, pd.DataFrame({"Id": [f"c{n}" for n in range(100)], "Age": [str(20 + n % 50) for n in range(100)]})


def test_a_column_filled_for_churners_only_is_set_aside_with_the_reason():
    churned, table = labelled()
    why = ["price" if n % 10 == 0 else "" for n in range(100)]  # for half of those who churned
    table = table.assign(Why=why, Left=churned.map({True: "yes", False: "no"}))
    intake = customers.read_frame(table, Roles("Id", "Left", "yes"))
    assert dict(intake.aside.to_numpy())["Why"] == "suspected leak: filled for those who churned only"
    assert "Why" in customers.read_frame(table, Roles("Id", "Left", "yes", confirmed=["Why"])).table


def test_a_score_made_of_the_answer_is_set_aside():
    churned, table = labelled()
    score = churned.map({True: 60, False: 30}) + pd.Series(range(100)) % 37  # 60 to 96, and 30 to 66
    table = table.assign(Score=score.astype(str), Left=churned.map({True: "yes", False: "no"}))
    intake = customers.read_frame(table, Roles("Id", "Left", "yes"))
    assert dict(intake.aside.to_numpy())["Score"].startswith("suspected leak: alone it tells who churned, AUC 0.9")


@pytest.mark.parametrize("name", ["Zip Code", "PLZ", "postcode", "Latitude", "lng"])
def test_a_code_that_looks_like_a_number_is_no_quantity(name):
    _, table = labelled()
    table = table.assign(**{name: [str(10_000 + 37 * n) for n in range(100)]}, Left=["yes", "no"] * 50)
    assert name not in customers.read_frame(table, Roles("Id", "Left", "yes")).numerical


def test_a_code_of_few_values_is_a_category():
    _, table = labelled()
    table = table.assign(Region_Code=[str(n % 7) for n in range(100)], Left=["yes", "no"] * 50)
    assert "Region_Code" in customers.read_frame(table, Roles("Id", "Left", "yes")).categorical


def test_an_id_with_one_repeated_row_is_still_an_identifier():
    _, table = labelled()
    table = table.assign(CustomerId=[str(15_000 + 31 * n) for n in range(100)], Left=["yes", "no"] * 50).drop(
        columns="Id"
    )
    table = pd.concat([table, table.iloc[[3]]], ignore_index=True)
    intake = customers.read_frame(table, Roles(label="Left", positive="yes"))
    assert dict(intake.aside.to_numpy())["CustomerId"].startswith("identifier")


def test_customers_without_an_outcome_are_kept_apart_to_be_scored():
    _, table = labelled()
    table = table.assign(Age=[str(n % 7) for n in range(100)], State=["Churned", "Stayed", "Joined", "?"] * 25)
    intake = customers.read_frame(table, Roles("Id", "State", "Churned", undecided=["joined"]))
    assert len(intake.table) == 50
    assert intake.answers["value"].tolist() == ["Churned", "Stayed"]
    assert intake.undecided.columns.tolist() == ["customer_id", "Age"]
    assert intake.undecided.customer_id.tolist()[:3] == ["c2", "c3", "c6"]
    assert intake.quarantine.reason.tolist() == ["no outcome"] * 50
