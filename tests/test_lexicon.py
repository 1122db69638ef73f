"""What features are called: each has a label, and what 06 shows uses it."""

import pandas as pd
import pytest

from patrons import lexicon
from patrons.features.labels import label
from patrons.features.recipe import Recipe


@pytest.fixture(autouse=True)
def forgotten():
    yield
    lexicon.use(pd.DataFrame())


def test_every_feature_has_a_label_of_its_own_without_its_raw_name():
    dictionary = Recipe(peak_months=[11]).dictionary(["age_band", "frequency_of_visits"])
    own = dictionary.group != "attributes"
    assert not dictionary.label.duplicated().any()
    assert not dictionary.label.str.contains("_").any()
    raw = own & (dictionary.label == dictionary.feature.str.replace("_", " "))
    assert dictionary.feature[raw].tolist() == []
    assert dictionary.label[~own].tolist() == ["age band", "frequency of visits"]


@pytest.mark.parametrize(
    ("feature", "called"),
    [
        ("orders_30d", "orders in 30 days"),
        ("spend_trend_7_14d", "spend: last 7 of 14 days"),
        ("expected_orders_90d", "order days expected in 90 days"),
        ("wednesday_share", "orders on Wednesdays"),
        ("winter_share", "orders: winter"),
        ("gap_max", "longest gap"),
        ("of_nobody", "of nobody"),
    ],
)
def test_a_label_says_the_days_of_a_window(feature, called):
    assert label(feature) == called


def test_a_column_of_a_table_that_is_named_as_a_feature_keeps_its_own_name():
    table = pd.DataFrame({"feature": ["monetary", "Contract_type"], "label": ["monetary", "Contract type"]})
    lexicon.use(table)
    assert lexicon.words(["monetary", "Contract_type", "other_one"]) == ["monetary", "Contract type", "other one"]
    lexicon.use(table.drop(columns="label"))  # one of an earlier version
    assert lexicon.word("gap_max") == "gap max"
