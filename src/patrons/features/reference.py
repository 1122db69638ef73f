"""The page of all features of an order log, `docs/features.md`, made from the data dictionary and the catalogue."""

from collections.abc import Iterable, Mapping
from functools import cache

import ibis
import ibis.expr.operations as ops
import pandas as pd
from ibis import Table

from patrons.btyd import lifetime
from patrons.features import season
from patrons.features.catalogue import CUSTOMER, ORDERS, RETURNS, Feature
from patrons.features.panel import declared
from patrons.features.recipe import Recipe
from patrons.features.stages import lazily, orders_of, returns_of

HEAD = """# Features

What describes a customer of an order log on a day. Nothing at or after that day is seen. These are {count} columns,
with the windows and the horizon of the defaults and `peak_months: {months}`; those that `attributes` names come on top.
`dictionary.csv` of 02 has the same table for your series. `leave_out` of 02 takes groups, by the names of the sections.

*Needs* says what a log must hold beside customer, date and amount. Where it does not, the column tells nothing of its
own: without quantity or price a line counts as one unit, without product all lines are of the same one, without time of
day every order is of midnight. Without cancellations there are no columns of them. `make schema` writes this page.
"""
QUANTITY = "quantity or price"
NEEDS = {  # by column of an order: what of the log it is made from, beside customer, date and amount
    **dict.fromkeys(("products", "fresh", "second", "times", "surprise", "squares"), "product"),
    **dict.fromkeys(("units", "units_off", "units_squares", "units_rest"), QUANTITY),
    **dict.fromkeys(("price_log", "price_squares", "price_rest", "price_min", "price_max"), QUANTITY),
    "hour": "time of day",
}
PEAK = "`peak_months`"
LINES = {"customer_id": "str", "order_id": "str", "product_id": "str", "ordered_at": "timestamp", "quantity": "float",
         "amount": "float", "unmatched": "float"}  # fmt: skip


def page(recipe: Recipe) -> str:
    """The page as Markdown, of the features that a recipe makes."""
    table = recipe.dictionary()
    table["needs"] = table.feature.map(needs(recipe))
    months = list(recipe.peak_months)
    head = HEAD.format(count=len(table), months=months)
    return head + "".join(_section(str(name), group) for name, group in table.groupby("group", sort=False))


def needs(recipe: Recipe) -> dict[str, str]:
    """By feature what a log must hold for it, beside customer, date and amount: empty for most.

    It is read off the expressions in the catalogue, so that it cannot differ from what is computed.
    """
    chosen = declared(recipe.windows, recipe.leave_out, recipe.interactions, recipe.peak_months)
    found: dict[str, set[str]] = {}
    for feature in chosen:
        found[feature.name] = _needs(feature, found)
    found |= {name: set() for name, _, _ in lifetime.columns(recipe.expected_days)}
    of_season = [name for name, *_ in season.columns(recipe.horizon_days, recipe.peak_months)]
    found |= {name: {PEAK} for name in (season.SHARE, *of_season)}
    return {name: ", ".join(sorted(several)) for name, several in found.items()}


def _needs(feature: Feature, before: Mapping[str, set[str]]) -> set[str]:
    """What one feature needs, given what the features declared before it do."""
    used = _columns(feature, before)
    if feature.over == CUSTOMER:
        return set[str]().union(*(before[name] for name in used))
    of_orders = {NEEDS[name] for name in used if name in NEEDS}
    return of_orders | ({"cancellations"} if feature.over == RETURNS else set())


def _columns(feature: Feature, before: Iterable[str]) -> set[str]:
    """The columns that the expression of a feature names."""
    tables = {
        ORDERS: lambda: _stages()[0],
        RETURNS: lambda: _stages()[1],
        CUSTOMER: lambda: ibis.table(dict.fromkeys(before, "float"), name="customer"),
    }
    table = tables[feature.over]()
    return {field.name for field in feature.expression.resolve(table).op().find(ops.Field)}


@cache
def _stages() -> tuple[Table, Table]:
    """Empty tables with the columns of orders and of returns as a day sees them."""
    lines = ibis.table(LINES, name="lines")
    of_a_day = {"days_ago": "int64", "latest": "boolean"}
    orders, returns = (
        ibis.table({**dict(stage.schema().items()), **of_a_day}, name=name)
        for name, stage in (("orders", next(orders_of(lines, lazily))), ("returns", returns_of(lines)))
    )
    return orders, returns


def _section(name: str, group: pd.DataFrame) -> str:
    lines = [
        f"| `{row.feature}` | {row.label} | {row.meaning} | {row.unit} | {row.needs} |\n" for row in group.itertuples()
    ]
    return f"\n## {name}\n\n| feature | label | meaning | unit | needs |\n|---|---|---|---|---|\n{''.join(lines)}"
