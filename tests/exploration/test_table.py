import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from patrons import plots
from patrons.exploration import table as table_eda
from patrons.exploration import table_plots

TABLE = pd.DataFrame(
    {
        "customer_id": [str(n) for n in range(8)],
        "churned": [1, 1, 0, 0, 1, 0, 0, 0],
        "group": range(8),
        "products": [1.0, 1, 1, 2, 2, 3, 3, np.nan],
        "plan": ["a", "a", "a", "a", "b", "b", None, "c"],
    }
)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_churn_by_a_number_with_few_values():
    rates = table_eda.churn_rates(TABLE, ["products"]).set_index("value")
    assert list(rates.index) == ["1", "2", "3", "missing"]
    assert rates.customers.tolist() == [3, 2, 2, 1]
    assert rates.rate.tolist() == [2 / 3, 0.5, 0, 0]


def test_churn_by_category_falls_and_missing_is_last():
    rates = table_eda.churn_rates(TABLE, ["plan"]).set_index("value")
    assert list(rates.index) == ["a", "b", "c", "missing"]
    assert rates.churned.tolist() == [2, 1, 0, 0]


def test_rare_categories_are_one():
    rates = table_eda.churn_rates(TABLE, ["plan"], most=1).set_index("value")
    assert rates.customers.to_dict() == {"a": 4, "other": 3, "missing": 1}


def test_a_number_of_many_values_is_cut_into_parts_of_equal_size():
    table = pd.DataFrame({"churned": [0] * 50 + [1] * 50, "spend": np.arange(1.0, 101)})
    rates = table_eda.churn_rates(table, ["spend"], bins=4)
    assert rates.customers.tolist() == [25] * 4
    assert rates.rate.tolist() == [0, 0, 1, 1]
    assert rates["value"].iloc[0].startswith("1 to ")


def test_a_lowest_value_that_many_share_is_a_part_of_its_own():
    table = pd.DataFrame({"churned": [0, 1] * 50, "balance": [0.0] * 40 + list(range(100, 160))})
    rates = table_eda.churn_rates(table, ["balance"], bins=4)
    assert rates["value"].iloc[0] == "0"
    assert rates.customers.tolist() == [40, 20, 20, 20]


def test_parts_have_different_names_however_close_they_are():
    table = pd.DataFrame({"churned": [0, 1] * 20, "rate": 1 + np.arange(40) / 1e6})
    assert table_eda.churn_rates(table, ["rate"])["value"].is_unique


def test_each_outcome_s_distribution_adds_up_to_one():
    table = TABLE.assign(spend=np.arange(8.0)).iloc[np.tile(np.arange(8), 4)].reset_index(drop=True)
    table["spend"] = np.arange(32.0)
    spread = table_eda.distributions(table, ["spend", "products", "plan"])
    assert spread.groupby("attribute")[["stayed", "churned"]].sum().to_numpy() == pytest.approx(1)


def test_a_distribution_over_categories_has_the_most_frequent_first():
    spread = table_eda.distributions(TABLE, ["plan"]).set_index("value")
    assert spread.index[0] == "a"
    assert spread.churned.to_dict() == {"a": 2 / 3, "b": 1 / 3, "c": 0}
    assert spread.stayed.to_dict() == {"a": 0.5, "b": 0.25, "c": 0.25}


def test_far_values_do_not_flatten_a_distribution():
    table = pd.DataFrame({"churned": [0, 1] * 500, "spend": [*np.arange(999.0), 1e9]})
    spread = table_eda.distributions(table, ["spend"])
    assert spread.right.max() < 1000
    assert spread.stayed.sum() == pytest.approx(1)


def test_the_overview_has_a_row_an_attribute():
    rows = table_eda.overview(TABLE).set_index("attribute")
    assert list(rows.index) == ["products", "plan"]
    assert rows.missing.tolist() == [1 / 8, 1 / 8]
    assert rows.middle["products"] == 2
    assert rows["most frequent"]["plan"] == "a (57%)"


def test_the_figure_of_churn_rates_names_each_value_with_its_customers():
    ax = plots.axes()
    rates = table_eda.churn_rates(TABLE, ["products", "plan"])
    assert table_plots.churn_rates(rates, 3 / 8, "Who leaves", ax) is ax
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[:2] == ["products · 1 (3)", "2 (2)"]
    assert labels[4] == "plan · a (4)"
    assert ax.get_title(loc="left") + ax.get_title() == "Who leaves"


def test_the_figure_of_distributions_has_a_small_one_an_attribute():
    ax = plots.axes()
    table = TABLE.assign(spend=np.arange(8.0)).iloc[np.tile(np.arange(8), 4)].reset_index(drop=True)
    table["spend"] = np.arange(32.0)
    spread = table_eda.distributions(table, ["spend", "products", "plan"])
    assert table_plots.distributions(spread, "What they have", ax) is ax
    titles = [small.get_title() or small.get_title(loc="left") for small in ax.child_axes]
    assert titles == ["spend", "products", "plan"]
    ax.figure.canvas.draw()
