"""The page of features: what each needs of a log is read off its expression."""

import pytest

from patrons.features import Recipe
from patrons.features.reference import needs, page

RECIPE = Recipe(90, (30, 90), peak_months=(11, 12))


@pytest.mark.parametrize(
    ("feature", "needed"),
    [
        ("recency_days", ""),
        ("monetary", ""),
        ("order_lines", ""),
        ("orders_30d", ""),
        ("units_30d", "quantity or price"),
        ("order_units_std", "quantity or price"),
        ("price_paid", "quantity or price"),
        ("price_trend", "quantity or price"),
        ("products_distinct", "product"),
        ("product_top_share", "product"),
        ("order_products", "product"),
        ("hour_mean", "time of day"),
        ("evening_share", "time of day"),
        ("monday_share", ""),
        ("returns", "cancellations"),
        ("returned_value_share", "cancellations"),  # of returned_value, and of what was spent
        ("peak_share", "`peak_months`"),
        ("peak_ahead", "`peak_months`"),
        ("peak_habit", "`peak_months`"),
        ("expected_orders_90d", ""),
    ],
)
def test_a_feature_says_what_the_log_must_hold(feature, needed):
    assert needs(RECIPE)[feature] == needed


def test_every_column_of_the_dictionary_has_a_row():
    text = page(RECIPE)
    names = RECIPE.dictionary().feature
    assert all(f"| `{name}` | " in text for name in names)
    assert text.count("\n| `") == len(names)
    assert f"These are {len(names)} columns" in text
