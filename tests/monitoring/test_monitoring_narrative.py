import pandas as pd
import pytest
from scored_days import DAY, LATER, scored

from patrons.monitoring import estimate, matured, narrative, plots, spending
from patrons.plots import axes

TRIED = [scored([0.9, 0.2, 0.4], [1, 0, 1], DAY + pd.Timedelta(days=30 * n), origin="tried") for n in (-3, -2, -1)]
BOTH = pd.concat([*TRIED, scored([0.9, 0.2, 0.3, 0.6], [0, 1, 0, None], LATER)])


@pytest.fixture
def days():
    return matured.days(BOTH)


def test_the_title_names_the_latest_day_and_its_place(days):
    assert narrative.title(days, matured.band(days)) == "ROC AUC 0.00 on 2024-04-01, below the range of days tried"
    assert narrative.title(days[days.origin == "tried"], matured.band(days)).endswith("has matured yet")


def test_what_matured_is_counted(days):
    assert narrative.matured(days) == "1 day after the training has matured."
    assert narrative.matured(days[days.origin == "tried"]).startswith("No day after the training has matured yet")
    assert narrative.without_outcome(days).startswith("1 of 4 answers of these days have no outcome")


def test_forecast_and_outcome_stand_beside_each_other(days):
    told = "Of customers who could be kept on 2024-04-01, 47% were forecast to churn and 33% did."
    assert narrative.calibration(days) == told
    assert not narrative.one_sided(days)  # one day says little
    later = days.iloc[[-1, -1, -1]].assign(
        origin="kept", day=pd.to_datetime(["2024-05-01", "2024-06-01", "2024-07-01"]), observed=[0.5, 0.6, 0.5],
        forecast_minus_observed=[-0.1, -0.2, -0.05],
    )  # fmt: skip
    assert narrative.calibration(later) == (
        "On 3 of 3 days after the training more left than was forecast. Of customers who could be kept on "
        "2024-06-01, 40% were forecast to churn and 60% did: the widest gap."
    )
    assert narrative.one_sided(later)
    assert not narrative.one_sided(later.assign(forecast_minus_observed=[-0.1, 0.2, -0.05]))
    assert narrative.matured(days[:0]).startswith("No day after the training")  # as of a release without tried days


def test_an_estimate_is_told_with_its_error_and_hidden_where_that_is_large():
    erred = estimate.errors(estimate.back_test(BOTH))
    assert narrative.estimate(erred).endswith("more than the change it should show, so it is not shown.")
    assert narrative.hidden(erred).startswith("Not shown, because estimates were too far off on earlier days: ROC AUC,")
    assert narrative.estimate_title(erred, "observed") == (
        "Share who left: estimates were typically off by 0.16, over 4 days"
    )
    few = estimate.errors(estimate.back_test(TRIED[0]))
    assert "told by 3 matured days or more" in narrative.estimate(few)


def test_spend_is_told_by_its_total_and_its_groups():
    rows = scored([0.5] * 20, [0] * 20).assign(expected_spend=12.0, spend=10.0)
    table = spending.of_days(rows, {"edges": [], "low": [0.5], "high": [2.0]})
    assert narrative.spending(table, "EUR") == (
        "From 2024-03-01 on, 20% more was expected than the 200 EUR that customers spent."
    )
    assert narrative.coverage(table).startswith("The mean spend of 1 of 1 groups of customers lay within")


def test_figures_draw_days_by_origin_and_a_table_without_days(days):
    ax = plots.over_days(days, matured.band(days), "roc_auc", "title", "ROC AUC", axes())
    assert [text.get_text() for text in ax.get_xticklabels()][-1] == "2024-04-01"
    assert "kept when scored" in [text.get_text() for text in ax.get_legend().get_texts()]
    table = matured.days(scored([0.9, 0.2, 0.4], [1, 0, 1], pd.NaT, active=None, origin="tried"))
    ax = plots.over_days(table, matured.band(table), "brier", "title", "Brier score", axes())
    assert [text.get_text() for text in ax.get_xticklabels()] == ["the table"]
    plots.estimates(estimate.back_test(BOTH), "brier", "title", "Brier score", axes())
