"""The app: its pages, without a browser."""

import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("streamlit", reason="the serving extra is not installed: make test installs it")
import streamlit as st
from conftest import resealed
from streamlit.testing.v1 import AppTest

from patrons.app import actions, segments
from patrons.app.assumptions import readable
from patrons.app.customer import churn, likely_later, listed, verdict
from patrons.app.downloads import told
from patrons.app.reports import linked
from patrons.app.results import lacking
from patrons.app.score import progress
from patrons.digits import day_of
from patrons.spreadsheet import safe_csv
from patrons.value import list_narrative
from patrons.value.audiences import Audience

APP = Path(__file__).parents[2] / "serving" / "app.py"


def test_likely_later_segments_come_with_how_often_such_held():
    later = {"days": 90, "origins": [{"value": 0.864}]}
    sentence = "In 90 days likely “Loyal” or “Lost”: such held the right segment for 86% of customers when last tested"
    assert likely_later(["Loyal", "Lost"], later) == f"{sentence}."
    later["origins"] += [{"value": 0.794}, {"value": 0.912}]
    assert likely_later(["Loyal", "Lost"], later) == f"{sentence} (3 days: 86% on average, 79% on the worst)."


def test_the_segments_page_says_what_borders_explain_and_whether_later_segments_are_given():
    in_time = pd.DataFrame({"days": [180, 90], "otherwise": [0.3, 0.08]})
    assert segments.borders(in_time).startswith(". Groups made 90 days ago would place 8% of the customers of then")
    assert segments.borders(in_time.head(0)) == segments.borders(None) == ""
    tested = {"used": True, "days": 90, "origins": [{"value": 0.864}, {"value": 0.794}]}
    assert segments.later(tested) == (
        "For each customer the segments likely in 90 days are given: such held the right one for 86% of customers when "
        "last tested (2 days: 83% on average, 79% on the worst)."
    )


def test_whose_movement_is_shown_is_said_where_it_is_not_everyones():
    cards = [{"customers": 60_000, "drawn": 33_532}, {"customers": 40_000, "drawn": 33_532}]
    assert segments.whose(cards) == ", of 33,532 of 100,000 customers, drawn at random"
    assert segments.whose([{"customers": 5}]) == segments.whose([{"customers": 5, "drawn": None}]) == ""


def test_why_later_segments_are_not_given_is_what_05_found_and_nothing_of_a_table():
    lead = "Which segments are likely later is not said of a customer: "
    assert segments.later({"used": False, "reason": "it cannot be measured"}) == f"{lead}it cannot be measured."
    assert segments.later({"used": False, "reason": ""}) == segments.later(None) == ""


def test_churn_is_no_order_in_the_horizon_of_a_log_and_what_a_table_calls_so():
    log = {"kind": "orders", "parameters": {"02_transformation": {"horizon_days": 60}}}
    assert churn(log) == "no order in 60 days"
    assert churn({"kind": "table", "parameters": {}}) == "leaving"
    card = {"churn_rate": 0.31}
    assert segments.churned(card, "churned") == "31% of them churned"
    assert segments.churned({**card, "earlier_customers": 9}, "did not order in 60 days") == (
        "31% of those who were in it before did not order in 60 days"
    )
    assert segments.churned({}, "churned") == segments.churned(card, "") == ""  # 06 has not run yet


PAGES = ("Segments", "Actions", "A customer", "Score a file", "Runs", "Reports")


@pytest.fixture
def start(demo, monkeypatch):
    """Starts the app in a folder, that of the demo series unless another is given, with arguments and a query."""

    def start(*line, root=demo.root, tracking=f"sqlite:///{demo.root / 'mlflow.db'}", **query):
        monkeypatch.chdir(root)
        monkeypatch.setattr(sys, "argv", [str(APP), *map(str, line)])
        monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking)
        st.cache_data.clear()
        app = AppTest.from_file(str(APP), default_timeout=120)
        app.query_params.update(query)
        return app.run()

    return start


@pytest.fixture
def app(start):
    """The app on the results of the demo series."""
    return start()


def opened(app, page):
    app.button_group(key="page").set_value(page).run()
    assert [error.value for error in app.exception] == []
    return app


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def test_the_segments_page_has_a_card_a_segment(app, demo):
    cards = pd.read_json(next(demo.processed.glob("04*/segments.json")))
    texts = [markdown.value for markdown in opened(app, "Segments").markdown]
    assert [f"#### {name}" for name in cards.segment] == [text for text in texts[1:] if text.startswith("####")]
    assert sum(text.endswith("did not order in 90 days") for text in texts) == len(cards)


def test_a_customer_is_looked_up_and_changed(app, demo):
    scores = pd.read_parquet(next(demo.processed.glob("06*/churn_scores.parquet"))).iloc[0]
    opened(app, "A customer").text_input[0].set_value(scores.customer_id).run()
    assert metrics(app)["Risk of no order in 90 days"] == f"{scores.churn_probability:.0%}"
    recency = next(slider for slider in app.slider if slider.label.startswith("days since the last order"))
    recency.set_value(recency.max).run()
    assert [element.value for element in app.caption].count("Segment") == 2  # as they are, and what if
    assert app.warning[-1].value.startswith("No customer can be like this: ")
    assert "What if they order nothing for longer?" in [element.value for element in app.subheader]
    app.text_input[0].set_value("nobody").run()
    assert "no customer nobody" in app.warning[-1].value
    app.text_input[0].set_value("").run()
    assert [element.value for element in app.subheader] == []  # nobody is looked up, so nobody is shown
    app.radio[0].set_value("Enter values").run()
    assert [element.value for element in app.subheader] == ["A typical customer", "Try other values"]


def test_each_page_says_data_set_day_and_the_release_that_answers(app, demo):
    until = json.loads(next(demo.processed.glob("01*/dataset.json")).read_text())["period"][1]
    release = json.loads((demo.processed / "release" / "release.json").read_text())["id"]
    for page in PAGES:
        status = opened(app, page).caption[0].value
        assert status == (
            f"**Demo shop** · simulated: a computer made these customers up · orders up to {day_of(until)} · "
            f"release {release} answers"
        )


def test_an_address_restores_page_customer_and_filters_and_follows_them(start, demo):
    listed = pd.read_csv(next(demo.processed.glob("07*/actions.csv")), dtype={"customer_id": "str"})
    one = listed[listed.arm == "contact"].iloc[-1]
    app = start(page="Actions", segment=one.segment, mark="to contact", sort="customer")
    app.text_input(key="search").set_value(one.customer_id).run()
    shown = app.dataframe[0].value
    assert app.header[0].value == "Actions"
    assert one.customer_id in set(shown.customer)
    assert set(shown.segment) == {one.segment}
    assert "search" not in app.query_params  # where a name or an e-mail may be typed
    opened(opened(app, "Segments"), "Actions")
    assert app.text_input(key="search").value == one.customer_id
    app.selectbox(key="sort").set_value("rank").run()  # which is what an address without it means
    assert app.query_params["segment"] == one.segment
    assert "sort" not in app.query_params
    app = start(page="A customer", customer=one.customer_id)
    assert f"Customer {one.customer_id}" in [element.value for element in app.subheader]


def test_an_address_that_names_what_is_not_there_is_as_if_it_did_not(start):
    app = start(page="Nowhere", data="nothing", segment="Nobody", budget="much", margin="nan")
    assert app.header[0].value == "Segments"
    opened(app, "Actions")
    assert app.multiselect(key="segment").value == []
    assert not {"budget", "margin", "segment", "page"} & {name for name, value in app.query_params.items() if not value}


def test_what_if_makes_plan_and_list_anew_and_says_so(app, demo):
    value = json.loads(next(demo.processed.glob("07*/value.json")).read_text())
    before = metrics(opened(app, "Actions"))
    assert before["Customers to contact"] == f"{value['plan']['contacts']:,}"
    app.number_input(key="cost").set_value(4.0).run()  # twice as dear
    assert any("trying other assumptions" in info.value for info in app.info)
    assert int(metrics(app)["Customers to contact"].replace(",", "")) == value["plan"]["contacts"] // 2
    assert app.query_params["cost"] == "4"
    assert "contact_cost: [2.0, 4.0, 8.0]" in app.code[0].value
    app.number_input(key="cost").set_value(2.0).run()
    assert metrics(app) == before


def test_runs_are_shown_and_two_of_them_compared(app, demo, start):
    opened(app, "Runs")
    ids = sorted(path.name for path in (demo.root / "data" / "ledger" / "demo" / "runs").glob("[!.]*"))
    assert ("The one run" if len(ids) == 1 else f"The last {len(ids)} runs") in app.caption[1].value
    if len(ids) == 1:
        assert "Only one run is kept" in app.info[0].value
        return
    assert set(app.selectbox(key="before").options) == set(app.selectbox(key="after").options)
    app.selectbox(key="before").set_value(app.selectbox(key="after").value).run()
    assert "Both are the same run" in app.info[0].value


def test_results_of_before_say_that_other_assumptions_need_a_new_run(demo, start, tmp_path):
    (tmp_path / "notebooks").mkdir()
    results = next(demo.processed.glob("07*"))
    folder = shutil.copytree(results, tmp_path / "data" / "processed" / "demo" / results.name)
    shutil.copy(demo.processed / "series.json", folder.parent)
    (folder / "at_stake.parquet").unlink()
    app = opened(start(root=tmp_path), "Actions")
    assert "run the series again" in app.info[0].value
    assert not app.number_input


@pytest.mark.parametrize(
    ("page", "stage", "file", "name"),
    [("Actions", "07", "actions.csv", "arm"), ("Segments", "04", "segments.json", "share")],
)
def test_results_of_an_earlier_version_are_said_to_be_so(demo, start, tmp_path, page, stage, file, name):
    (tmp_path / "notebooks").mkdir()
    folder = tmp_path / "data" / "processed" / "demo"
    for results in (next(demo.processed.glob(f"{number}*")) for number in ("01", "04", "07")):
        shutil.copytree(results, folder / results.name)
    shutil.copy(demo.processed / "series.json", folder)
    path = next(folder.glob(f"{stage}*/{file}"))
    if file.endswith(".csv"):
        path.write_bytes(safe_csv(pd.read_csv(path, encoding="utf-8-sig").drop(columns=name)))
    else:
        path.write_text(
            json.dumps([{key: one[key] for key in one if key != name} for one in json.loads(path.read_text())])
        )
    app = opened(start(root=tmp_path), page)
    assert app.info[0].value.replace("\\", "") == (
        f"These results were made by an earlier version: {file} does not say {name!r}. "
        "Run the series again: .venv/bin/python run_all.py demo"
    )


def test_what_results_lack_is_found_in_tables_records_and_lists_of_records():
    assert lacking("profit.parquet", pd.DataFrame(columns=["contacted", "cost", "gain", "low"])) == "high"
    assert lacking("segment_model.json", {}) == "card"
    assert lacking("segments.json", []) == lacking("other.json", {}) == ""
    assert lacking("segment_later.json", {"used": False, "reason": "x"}) == ""
    assert lacking("segment_later.json", {"used": True, "coverage": 0.9}) == "days"


def test_an_audience_is_made_where_somebody_asks_and_again_when_a_file_changes(demo, start):
    app = opened(start(), "Actions")
    assert not [box for box in app.selectbox if box.key == "audience"]
    app.session_state["mail"] = True
    assert app.run().selectbox(key="audience").value == "everyone"


def test_who_is_in_an_audience_and_who_is_not_is_told():
    table = pd.DataFrame({"Email": ["a@x.org", "b@x.org"]})
    assert told(Audience(table, 5, 2, 1)) == (
        "2 of 5 customers are in the file. 2 are held out: leave them alone; 1 have no address or id that can be used."
    )
    assert told(Audience(table, 2, 0, 0)) == "2 of 2 customers are in the file."


def test_the_budget_slider_says_whom_to_contact(app):
    opened(app, "Actions")
    if not app.slider:
        pytest.skip("the series has no notebook on customer value")
    app.slider[0].set_value(app.slider[0].max).run()
    most = int(metrics(app)["Customers to contact"].replace(",", ""))
    app.slider[0].set_value(0.0).run()
    assert metrics(app)["Customers to contact"] == "0"
    assert most > 0


def test_the_list_for_a_budget_counts_contacts_and_keeps_those_held_out_in_it():
    listed = pd.DataFrame({"rank": range(1, 7), "arm": ["contact", "hold out", "contact", None, None, None]})
    assert actions._first(listed, 0).empty
    assert actions._first(listed, 1)["rank"].tolist() == [1]
    assert actions._first(listed, 2)["rank"].tolist() == [1, 2, 3]
    assert actions._first(listed, 5)["rank"].tolist() == [1, 2, 3, 4, 5, 6]


def test_what_speaks_against_the_actions_stands_above_them(demo, start, tmp_path):
    (tmp_path / "notebooks").mkdir()
    results = next(demo.processed.glob("07*"))
    folder = shutil.copytree(results, tmp_path / "data" / "processed" / "demo" / results.name)
    shutil.copy(demo.processed / "series.json", folder.parent)
    value = json.loads((folder / "value.json").read_text())
    doubts = {"churn": ["The churn model failed 1 of 11 gates: recall."], "value": ["The log is too short."]}
    (folder / "value.json").write_text(json.dumps(value | {"doubts": doubts}))
    pd.read_parquet(folder / "profit.parquet").assign(gain=-1.0).to_parquet(folder / "profit.parquet")
    app = opened(start(root=tmp_path), "Actions")
    assert app.warning[0].value.endswith(
        "The model behind the warnings failed 1 of 11 gates: recall. The log is too short."
    )
    assert "no contact brings more than it costs" in app.info[0].value
    assert [row["assumption"] for row in value["assumptions"]] == list(app.table[0].value.index)


def test_the_reports_are_listed_with_the_overview_first(app):
    assert opened(app, "Reports").selectbox(key="report").options[0] == "overview"


def test_a_link_to_the_app_opens_the_report_that_it_names(start):
    app = start(page="Reports", report="06_churn")
    assert app.header[0].value == "Reports"
    assert app.selectbox(key="report").value == "06_churn"


def test_links_in_a_report_lead_to_other_reports_and_places():
    text = '<a class="home" href="index.html">x</a><a href="#who">y</a><a href="a.html">z</a><a href="data:,">n</a>'
    assert linked(text, "my shop", ["index", "06_churn"]) == (
        '<a class="home" href="?data=my+shop&amp;page=Reports&amp;report=index" target="_blank" rel="noopener">x</a>'
        '<a href="about:srcdoc#who">y</a><a href="a.html">z</a><a href="data:,">n</a>'
    )


def test_a_registry_that_is_away_is_named_on_the_pages_that_score(start):
    app = start(tracking="http://127.0.0.1:9")
    assert not opened(app, "Segments").error
    for page in ("A customer", "Score a file"):
        assert "no answer now" in opened(app, page).error[0].value
        assert "MLflow at http://127.0.0.1:9" in app.code[0].value


@pytest.mark.parametrize(("status", "warning"), [("failed", "failed in 06 churn"), ("not run", "is incomplete")])
def test_a_series_that_failed_or_was_stopped_is_said_to_be_so_on_every_page(demo, start, tmp_path, status, warning):
    series = json.loads((demo.processed / "series.json").read_text())
    series["stages"]["06_churn"]["status"] = status
    (tmp_path / "notebooks").mkdir()  # which marks the folder of a project
    folder = tmp_path / "data" / "processed" / "demo"
    folder.mkdir(parents=True)
    (folder / "series.json").write_text(json.dumps({**series, "finished": None}))
    app = start(root=tmp_path, tracking=f"sqlite:///{tmp_path / 'mlflow.db'}")
    for page in PAGES:
        assert warning in opened(app, page).warning[0].value
        assert [*app.info, *app.error]


def test_a_release_that_is_given_scores_without_mlflow_or_a_write(demo, demo_release, start, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "patrons.tracking.promotion", None)  # importing it fails now, as in the image
    (tmp_path / "champion").write_text(str(demo_release))
    app = opened(start("--release", tmp_path / "champion", start="Enter values"), "A customer")
    assert "Risk of no order in 90 days" in metrics(app)
    assert not app.error


def test_a_release_of_another_run_is_said_to_be_so(demo_release, start, tmp_path):
    given = resealed(demo_release, tmp_path / "given", run_id="20250101-0000-abcdef")
    status = opened(start("--release", given), "A customer").caption[0].value
    assert status.endswith("answers, which is of another run than these results: numbers may differ")


def test_a_release_of_other_data_scores_none_of_these(demo_release, start, tmp_path):
    other = resealed(demo_release, tmp_path / "other", name="shop")
    app = opened(start("--release", other), "A customer")
    assert "models of shop" in app.code[0].value


def test_failed_gates_are_named_where_customers_are_scored(demo_release, start, tmp_path):
    gates = [{"gate": "ROC AUC, lower end", "value": 0.5, "limit": "at least 0.6", "verdict": "failed"}]
    sentence = (
        "The model behind the warnings failed 1 of 1 checks: it may rank little better than chance "
        "(its ROC AUC may be as low as 0.5, required: at least 0.6). Do not rely on it."
    )
    app = start("--release", resealed(demo_release, tmp_path / "weak", gates=gates))
    for page in ("A customer", "Score a file"):
        assert opened(app, page).warning[0].value.startswith(sentence)


@pytest.mark.parametrize(("lacks", "sentence"), [("profit.parquet", "has not run"), ("gain", "cannot be estimated")])
def test_actions_without_values_or_spend_are_explained(demo, start, tmp_path, lacks, sentence):
    (tmp_path / "notebooks").mkdir()
    folder, results = tmp_path / "data" / "processed" / "demo", next(demo.processed.glob("07*"))
    (folder / results.name).mkdir(parents=True)
    shutil.copy(demo.processed / "series.json", folder)
    shutil.copy(results / "actions.csv", folder / results.name)
    if lacks == "gain":
        pd.read_parquet(results / "profit.parquet").assign(gain=float("nan")).to_parquet(
            folder / results.name / "profit.parquet"
        )
    app = opened(start(root=tmp_path), "Actions")
    assert sentence in app.info[0].value
    assert len(app.dataframe) == (lacks == "gain")


def test_an_argument_that_the_app_does_not_know_is_named(start):
    assert "--relase" in start("--relase", "x").error[0].value


def test_the_bar_of_a_file_shows_how_much_of_it_is_done():
    assert progress(20_000, 80_000) == (0.25, "20,000 of 80,000 customers scored (25%)")
    assert progress(0, None) == (0.0, "Reducing the orders to customers…")
    assert progress(0, 0)[0] == 1.0


def test_the_gain_is_told_as_on_the_first_page_with_and_without_the_error_of_the_test():
    assert actions.gained(450.0, 100.0, None, "EUR") == "450 EUR"
    assert actions.gained(450.0, 100.0, 1.0, "EUR") == "175 to 450 EUR"  # (450 + 100) / 2 - 100
    assert actions.gained(450.0, 100.0, -0.5, "EUR") == "450 to 1,000 EUR"
    told = list_narrative.corrected_for(-0.5)
    assert told.startswith("The higher amount is corrected for the test. There, what a contact could")


def test_who_has_gone_quiet_gets_no_warning_whatever_the_risk():
    assert verdict(True, 0.29, gone=False) == "**Warning**: the risk is at or above the threshold of the model, 29%."
    assert verdict(False, 0.29, gone=False).startswith("No warning: the risk is below")
    assert verdict(True, 0.29, gone=True).startswith("No warning: they are no recent buyer")


def test_what_the_list_says_of_a_customer_stands_on_their_page():
    table = pd.DataFrame(
        {"rank": [1], "customer_id": ["7"], "expected_gain": [58.9], "reason_1": ["raises the risk: x"]}
    )
    table["suggested_action"] = "contact: call"
    assert listed(table, "7", "EUR") == (
        "Number 1 of the list, expected gain 58.9 EUR. What to do: contact: call. First reason: raises the risk: x."
    )
    assert listed(table, "8", "EUR") == ""
    assert listed(None, "7", "EUR") is None


def test_rates_that_are_assumed_are_read_in_percent():
    names = ["margin rate", "chance that a contact saves, after 0 to 30 days", "budget"]
    table = readable(pd.DataFrame({"assumption": names, "low": [0.3571, 0.05, 500.0]}))
    assert table.low.tolist() == ["35.7%", "5%", "500"]
