"""The list of 07 read back: its ids are those of the other results, whatever a spreadsheet would make of them."""

import pandas as pd
import pytest

from patrons.monitoring import keeping
from patrons.reports import contacts
from patrons.spreadsheet import safe_csv
from patrons.stage import Stage
from patrons.value import arms, audiences, gains, listing, spread, what_if

IDS = ["@kim", "=1+1", "NA", "null", "-A12", "007", "ok1"]
ARMS = ["hold out", "contact", "hold out", "contact", "hold out", "contact", ""]


@pytest.fixture
def processed(tmp_path):
    """Seven customers, all flagged and listed; "@kim", "NA" and "-A12" are held out."""
    folder = tmp_path / "data" / "processed" / "shop"
    customers = pd.DataFrame({"customer_id": IDS})
    roster = customers.assign(mail=[f"c{place}@x.org" for place in range(7)])
    Stage("01_eda", folder).write("customers.parquet", roster)
    Stage("04_label_creation", folder).write("labels.parquet", customers.assign(segment="Loyal"))
    scores = customers.assign(churn_probability=0.5, flagged=True)
    Stage("06_churn", folder).write("churn_scores.parquet", scores)
    action = ["hold out: do not contact before the trial is read" if arm == "hold out" else "contact" for arm in ARMS]
    listed = pd.DataFrame({"rank": range(1, 8), "customer_id": IDS, "segment": "Loyal", "churn_probability": 0.5})
    listed = listed.assign(value=9.0, expected_gain=[2.0, 1, 1, 1, 1, 1, None], gain_low=0.5, gain_high=3, certain=True)
    listed = listed.assign(reason_1="raises the risk: x", reason_2=None, reason_3=None, arm=ARMS)
    Stage("07_customer_value", folder).write("actions.csv", listed.assign(suggested_action=action))
    Stage("07_customer_value", folder).write("value.json", {})
    return folder


def test_ids_are_those_of_the_other_results_and_what_is_empty_is_missing(processed):
    listed = listing.read(processed)
    assert "'@kim" in next(processed.glob("07*/actions.csv")).read_text()  # as a spreadsheet is given it
    assert listed.customer_id.tolist() == IDS
    assert listed.arm.fillna("").tolist() == ARMS
    assert listed.expected_gain.isna().tolist() == [False] * 6 + [True]
    assert listed.reason_2.isna().all()
    assert listing.read(processed.parent / "other") is None


def test_an_id_that_begins_with_an_apostrophe_keeps_it(processed):
    labels = pd.DataFrame({"customer_id": ["'=b", "O'Hara"], "segment": "Loyal"})
    for name in ("06_churn/churn_scores.parquet", "04_label_creation/labels.parquet"):
        labels.to_parquet(processed / name)
    path = processed / "07_customer_value" / "actions.csv"
    path.write_bytes(safe_csv(labels[["customer_id"]]))
    assert listing.read(processed).customer_id.tolist() == ["'=b", "O'Hara"]


def test_two_customers_whose_ids_are_the_same_in_the_file_are_refused(processed):
    labels = pd.DataFrame({"customer_id": [*IDS, "'@kim"], "segment": "Loyal"})
    labels.to_parquet(processed / "04_label_creation" / "labels.parquet")
    with pytest.raises(listing.ListError, match="cannot tell customer @kim from customer '@kim"):
        listing.read(processed)


def test_who_is_held_out_is_in_no_audience_and_nobody_flagged_is_lost(processed):
    made = audiences.of(processed, "klaviyo", flagged=True)
    assert made.table.Email.tolist() == ["c1@x.org", "c3@x.org", "c5@x.org", "c6@x.org"]
    assert (made.members, made.held, made.without) == (7, 3, 0)
    assert audiences.held_out(processed)[0] == {"@kim", "NA", "-A12"}


def test_a_list_of_before_there_were_arms_makes_no_audience(processed):
    path = processed / "07_customer_value" / "actions.csv"
    path.write_bytes(safe_csv(listing.read(processed).drop(columns="arm")))
    with pytest.raises(
        audiences.AudienceError, match=r"does not say whom to leave alone. Run the series again: .* shop"
    ):
        audiences.of(processed, "klaviyo", "Loyal")


def test_the_ledger_keeps_the_arm_of_each(processed):
    scores = pd.DataFrame({"customer_id": IDS})
    arms_of = keeping._with_arms(scores, listing.read(processed)).arm
    assert arms_of.fillna("").tolist() == ARMS
    assert keeping._with_arms(scores, None).arm.isna().all()


def test_the_first_page_names_customers_as_the_shop_does(processed):
    first = contacts.first(contacts.listed(processed), "EUR", 180, "")
    assert [row[0] for row in first["rows"]] == ["=1+1", "null", "007"]
    assert (first["all"], first["held"]) == (3, 3)


def test_under_other_assumptions_each_keeps_the_arm(processed):
    customers = pd.DataFrame(
        {"customer_id": IDS, "segment": "Loyal", "churn_probability": 0.5, "band": 0, "ratio": 1.0}
    )
    stakes = {"value": 100.0, "value_if_kept": 100.0, "value_if_lost": 0.0}
    kept = what_if.kept(
        customers.assign(**stakes, reason_1="", reason_2="", reason_3=""), spread.exact(), arms.Lot(0, 1, "")
    )
    assumed = gains.assumed([0.5], [[0.2]], [2.0], [100.0])
    tried = what_if.tried(kept, listing.read(processed), assumed, {}).listed.set_index("customer_id").arm
    assert tried[IDS[:6]].tolist() == ARMS[:6]
