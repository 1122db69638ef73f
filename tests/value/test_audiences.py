"""Audiences: who is in them, by which column a tool knows a customer, and the form that each tool imports."""

import json

import pandas as pd
import pytest

from patrons.cli.main import main
from patrons.value import audiences
from patrons.value.arms import LEFT_ALONE
from patrons.value.audiences import AudienceError, Key


@pytest.fixture
def processed(tmp_path):
    """Six customers: a, b and d are flagged; b is held out; d, of Loyal, is not on the list: gone long ago."""
    folder = tmp_path / "data" / "processed" / "shop"
    for stage in ("01_eda", "04_label_creation", "06_churn", "07_customer_value"):
        (folder / stage).mkdir(parents=True)
    ids = ["a", "b", "c", "d", "e", "f"]
    roster = pd.DataFrame(
        {
            "customer_id": ids,
            "country": "DE",
            "mail": [" Ann@x.org ", "b@x.org", "c@x.org", "d@x.org", None, "B@x.org"],
        }
    )
    roster.to_parquet(folder / "01_eda/customers.parquet")
    segment = ["Lost", "Lost", "Lost", "Loyal", "Lost", "Lost"]
    pd.DataFrame({"customer_id": ids, "segment": segment}).to_parquet(folder / "04_label_creation/labels.parquet")
    flagged = [True, True, False, True, False, False]
    pd.DataFrame({"customer_id": ids, "flagged": flagged}).to_parquet(folder / "06_churn/churn_scores.parquet")
    listed = {"customer_id": ["a", "b", "c", "e", "f"], "arm": ["contact", "hold out", "", "", ""]}
    actions = pd.DataFrame(listed).assign(suggested_action=["contact", LEFT_ALONE, "leave", "leave", "leave"])
    actions.to_csv(folder / "07_customer_value/actions.csv", index=False)
    (folder / "07_customer_value/value.json").write_text("{}")
    return folder


def test_members_of_a_segment_without_whom_is_held_out_or_shares_their_address(processed):
    made = audiences.of(processed, "klaviyo", "Lost")
    assert made.table.to_dict("records") == [
        {"Email": "ann@x.org", "Segment": "Lost"},
        {"Email": "c@x.org", "Segment": "Lost"},
    ]
    assert (made.members, made.held, made.without) == (5, 2, 1)  # b and f, who has b's address; e has none


def test_those_flagged_are_those_who_can_still_be_kept(processed):
    assert audiences.members(processed, flagged=True).index.tolist() == ["a", "b"]
    assert audiences.members(processed, "Loyal", flagged=True).empty  # d has been silent for too long


def test_an_earlier_list_that_is_not_over_holds_its_customers_out(processed):
    (processed / "07_customer_value/value.json").write_text(json.dumps({"from": "2025-03-01"}))
    (processed / "06_churn/churn.json").write_text(json.dumps({"horizon_days": 90}))
    campaigns = processed.parents[1] / "campaigns" / "shop"
    campaigns.mkdir(parents=True)
    row = {"customer_id": "c", "rank": 1, "stratum": 0, "arm": "hold out", "churn_probability": 0.5, "hold_out": 0.2}
    of_day = pd.DataFrame([row | {"day": "2025-02-01", "horizon_days": 90, "relative": [1.0]}])
    of_day.to_parquet(campaigns / "2025-02-01-aaaaaaaa.parquet")
    assert audiences.held_out(processed) == ({"b", "c"}, ())
    of_day.assign(day="2024-02-01").to_parquet(campaigns / "2025-02-01-aaaaaaaa.parquet")  # over since May 2024
    assert audiences.held_out(processed) == ({"b"}, ())


def test_each_tool_gets_its_columns(processed):
    roster = pd.DataFrame({"customer_id": ["a"], "Mail": [" Ann@x.org "], "External-ID": [17.0]})
    made = {form: audiences.of(processed, form, "Lost", customers=roster).table for form in audiences.FORMS}
    assert made["klaviyo"].to_dict("records") == [{"Email": "ann@x.org", "External ID": "17", "Segment": "Lost"}]
    assert list(made["mailchimp"]) == ["Email Address", "External ID", "Segment"]
    assert made["google"].to_dict("records") == [{"Email": audiences.hashed("ann@x.org")}]


def test_an_address_is_hashed_without_spaces_and_in_lower_case():
    assert audiences.hashed(" Test@Example.com ") == "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"


def test_an_address_or_id_that_a_spreadsheet_would_compute_is_left_out(processed):
    roster = pd.DataFrame({"customer_id": ["a", "c"], "mail": ["=1@x.org", "c@x.org"]})
    made = audiences.of(processed, "mailchimp", "Lost", customers=roster)
    assert made.table["Email Address"].tolist() == ["c@x.org"]
    assert audiences.content(made.table) == b"Email Address,Segment\nc@x.org,Lost\n"


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"contact": ["a@x.org", "b@x.org"]}, Key("contact")),  # by its values
        ({"email": ["yes", "no"], "contact": ["a@x.org", "b@x.org"]}, Key("contact")),  # a name alone is not enough
        ({"E-Mail": ["a@x.org", None], "friend": ["b@x.org", "c@x.org"]}, Key("E-Mail")),  # of two, the named one
        ({"external_id": [1, 2]}, Key("", "external_id")),
        ({"email": ["a@x.org", "b@x.org"], "CRM id": ["x", "y"]}, Key("email", "CRM id")),
        ({"email": ["a@x.org", "b@x.org"], "external_id": ["x", "x"]}, Key("email")),  # no id of their own
    ],
)
def test_which_column_counts(columns, key):
    assert audiences.key(pd.DataFrame({"customer_id": ["1", "2"], **columns})) == key


def test_an_address_that_is_the_customers_id_counts():
    assert audiences.key(pd.DataFrame({"customer_id": ["a@x.org", "b@x.org"]})) == Key("customer_id")


@pytest.mark.parametrize(
    ("columns", "column", "says"),
    [
        ({"plan": ["x", "y"]}, "", "no column of e-mail addresses and none named external_id, only customer_id, plan"),
        ({"a": ["a@x.org", "b@x.org"], "b": ["c@x.org", "d@x.org"]}, "", "Several columns hold e-mail addresses: a, b"),
        ({"plan": ["x", "x"]}, "plan", "'plan' holds neither e-mail addresses nor an id"),
        ({"plan": ["x", "y"]}, "plam", "no column 'plam'; did you mean 'plan'"),
    ],
)
def test_where_no_column_counts_it_says_so(columns, column, says):
    with pytest.raises(AudienceError, match=says):
        audiences.key(pd.DataFrame({"customer_id": ["1", "2"], **columns}), column)


@pytest.mark.parametrize(
    ("form", "whom", "says"),
    [
        ("klavio", {"segment": "Loyal"}, "no form 'klavio'; did you mean 'klaviyo'"),
        ("klaviyo", {}, "Name a segment, or ask for those warned of"),
        ("klaviyo", {"segment": "Loyl"}, "no segment 'Loyl'; did you mean 'Loyal'"),
        ("google", {"segment": "Loyal", "column": "external_id"}, "Google Customer Match asks for e-mail addresses"),
    ],
)
def test_a_wrong_wish_says_what_there_is(processed, form, whom, says):
    roster = pd.DataFrame({"customer_id": ["a", "b"], "external_id": [1, 2]})
    with pytest.raises(AudienceError, match=says):
        audiences.of(processed, form, customers=roster, **whom)


def test_without_a_list_nobody_knows_who_is_held_out(processed):
    (processed / "07_customer_value/actions.csv").unlink()
    with pytest.raises(AudienceError, match=r"shop has no actions.csv: run the series first"):
        audiences.of(processed, "klaviyo", "Lost")


def test_the_command_writes_the_file_and_says_who_is_left_out(processed, tmp_path, monkeypatch, capsys):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path)
    called = ["audience", "shop", "--segment", "Lost", "--form", "mailchimp", "--output", "lost.csv"]
    assert main(called) == 0
    assert (tmp_path / "lost.csv").read_text() == "Email Address,Segment\nann@x.org,Lost\nc@x.org,Lost\n"
    said = capsys.readouterr().out
    assert said == (
        "lost.csv: 2 of 5 customers, for Mailchimp. Left out: 2 held out, 1 without an address or id of their own.\n"
    )
    assert main([*called[:3], "Loyl", *called[4:]]) == 2
