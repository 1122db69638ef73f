"""A customer table: one row per customer, with a column that says who churned.

The clean table has one row per customer:

===========  =======  ===========================================================================
customer_id  string   the source's id, or the row number from 1 where it has none
churned      int64    1 or 0
group        int64    customers who differ in nothing but identifiers share it: keep them together
(others)     float64  numerical attributes, and dates as their age in days (see `ages`); missing ones NaN
(others)     string   categorical attributes, missing ones NaN
===========  =======  ===========================================================================
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from patrons.intake import ages
from patrons.intake.ages import Ages
from patrons.intake.attributes import (
    CATEGORICAL,
    DATED,
    LEAK,
    NUMERICAL,
    alone,
    as_text,
    describe,
    filled_for_one_outcome,
)
from patrons.intake.orders import MALFORMED, loss_table
from patrons.intake.reading import Format, open_checked
from patrons.intake.roles import (
    OWN,
    Roles,
    decided,
    given,
    known,
    label_problems,
    name_problems,
    overruled,
    refuse,
    says_churned,
    shape_problems,
    value_problems,
)

FEWEST = 20  # customers of either outcome
NO_OUTCOME = "no outcome"


@dataclass(frozen=True)
class Intake:
    """A customer table as the series uses it, and what was decided on the way.

    Attributes
    ----------
    table : DataFrame
        The clean table.
    numerical, categorical : list of str
        Its attributes; dates are numerical.
    columns : DataFrame
        Every column of the source but the label: `column`, `kind` (empty where set aside), `reason`, `values` (how
        many different ones), `missing` (share of rows), `auc` (of the column alone; missing where set aside before).
    answers : DataFrame
        Values of the label: `value`, `customers`, `share`, `churned`: whether it counts as churned.
    quarantine : DataFrame
        Rows set aside, as text in the source's columns, with `row` (from 1) and `reason`.
    undecided : DataFrame
        Of these the customers without an outcome, as in the clean table but for `churned` and `group`: nothing can be
        learnt from them, and they are scored.
    dates : Ages
        How the dates among its attributes are read, and the day that they are counted back from.
    notes : tuple of str
        Sentences on what of the file was not read.
    """

    table: pd.DataFrame
    numerical: list[str]
    categorical: list[str]
    columns: pd.DataFrame
    answers: pd.DataFrame
    quarantine: pd.DataFrame
    undecided: pd.DataFrame
    dates: Ages
    notes: tuple[str, ...] = ()

    @property
    def aside(self) -> pd.DataFrame:
        """The columns that models do not see: `column`, `reason`."""
        return self.columns.loc[self.columns.kind == "", ["column", "reason"]].reset_index(drop=True)

    @property
    def duplicates(self) -> int:
        """Rows that repeat an earlier one in everything but the id."""
        return int(self.table.group.duplicated().sum())


def read_table(path: Path, roles: Roles, how: Format | None = None) -> Intake:
    """Read a customer table and decide what each column is; an error lists every problem at once."""
    source = open_checked(path, how)
    intake = read_frame(source.table.to_pandas(), roles, source.malformed)
    return replace(intake, notes=source.notes)


def check(path: Path, parameters: Mapping[str, Any], inputs: Sequence[str] | None = None, money: str = "") -> None:
    """Refuse a table that the series cannot use, before anything runs; the error lists every problem at once.

    Parameters
    ----------
    path : Path
    parameters : dict
        Those of the notebook that reads it.
    inputs : sequence of str, optional
        Attributes to look for groups in: at least one, all numerical. None where no groups are looked for.
    money : str
        Attribute that says what a customer has spent, numerical too; empty where none does.
    """
    intake = read_table(path, Roles.of(parameters), Format.of(parameters))
    limits = {name: parameters[name] for name in ("max_quarantined", "min_customers") if name in parameters}
    uses = {"03_clustering_comparison.inputs": inputs or [], "04_label_creation.money": [money] if money else []}
    none = ["03_clustering_comparison.inputs: no attribute is named to look for groups in"] if inputs == [] else []
    refuse([*breaches(intake, **limits), *none, *_use_problems(intake, uses)])


def breaches(intake: Intake, max_quarantined: float = 1.0, min_customers: int = 1) -> list[str]:
    """What the table breaks of the quality contract."""
    aside, kept = len(intake.quarantine), len(intake.table)
    share = aside / (aside + kept)
    fewest = int(intake.table.churned.value_counts().reindex([0, 1], fill_value=0).min())
    broken = []
    if share > max_quarantined:
        broken.append(f"{share:.1%} of the rows are set aside; max_quarantined allows {max_quarantined:.1%}")
    if kept < min_customers:
        broken.append(f"{kept:,} customers are left; min_customers asks for {min_customers:,}")
    if fewest < FEWEST:
        broken.append(
            f"one outcome has {fewest} customers: a forecast needs {FEWEST} of either to learn from and test on"
        )
    return broken


def _use_problems(intake: Intake, uses: Mapping[str, Sequence[str]]) -> list[str]:
    kinds = dict(zip(intake.columns.column, intake.columns.kind, strict=True))
    reasons = dict(zip(intake.columns.column, intake.columns.reason, strict=True))
    available = f"numerical attributes: {', '.join(intake.numerical) or 'none'}"
    return [
        f"{use}: {name!r} is "
        + (kinds[name] or reasons[name] if name in kinds else "not among its columns")
        + f"; {available}"
        for use, names in uses.items()
        for name in names
        if name not in intake.numerical
    ]


def read_frame(raw: pd.DataFrame, roles: Roles, malformed: pd.DataFrame | None = None) -> Intake:
    """`read_table`, of a table in memory, with the lines of its file that are no rows."""
    text = raw.reset_index(drop=True).set_axis([str(name) for name in raw], axis="columns")
    refuse(shape_problems(text))
    text, given, roles = text.apply(as_text, missing=roles.missing), roles, known(roles, text)
    text = text.assign(**{roles.label: decided(text[roles.label], roles)}) if roles.label else text
    reason = _row_reasons(text, roles)
    kept = text[reason.isna()]
    columns = describe(kept.drop(columns=[roles.label] if roles.label else []), overruled(roles), roles.numbers)
    columns.loc[columns.column.isin(roles.ignore), ["kind", "reason"]] = ["", "left out by the parameters"]
    columns.loc[columns.column == roles.id, ["kind", "reason"]] = ["", "identifier: it is our customer_id"]
    refuse([*name_problems(text, given), *label_problems(kept, roles), *value_problems(kept, columns, roles)])
    dates = ages.of(text, kept, [*columns.column[columns.kind == DATED]])
    clean = ages.without_strays(text, dates.formats)
    table = _assembled(clean.loc[kept.index], columns, roles, dates)
    columns = _without_leaks(_with_unit(columns, dates), table, kept, roles)
    numerical, categorical = ([*columns.column[columns.kind.isin(own)]] for own in ((NUMERICAL, DATED), (CATEGORICAL,)))
    if not numerical + categorical:
        refuse(["no column is left to learn from: " + "; ".join(columns.column + ": " + columns.reason)])
    return Intake(
        table=_validated(table[[*OWN, *numerical, *categorical]], numerical, categorical),
        numerical=numerical,
        categorical=categorical,
        columns=columns,
        answers=_answers(kept[roles.label], roles),
        quarantine=_with_malformed(text.assign(row=range(1, len(text) + 1), reason=reason)[reason.notna()], malformed),
        undecided=_undecided(clean[reason == NO_OUTCOME], kept, columns, roles, dates),
        dates=dates.only(numerical),
    )


def _with_malformed(aside: pd.DataFrame, malformed: pd.DataFrame | None) -> pd.DataFrame:
    """Rows set aside, with lines that could not be split into cells: their text stands in the first column."""
    if malformed is None or malformed.empty:
        return aside.reset_index(drop=True)
    lines = pd.DataFrame({aside.columns[0]: malformed.text, "row": malformed.line - 1, "reason": MALFORMED})
    return pd.concat([aside, lines], ignore_index=True).reindex(columns=aside.columns)


def row_loss(intake: Intake) -> pd.DataFrame:
    """`loss_table` of the rows of a table."""
    return loss_table(intake.quarantine.reason.value_counts(), len(intake.table))


def _row_reasons(text: pd.DataFrame, roles: Roles) -> pd.Series:
    """Why a row is set aside, missing where it is kept; the first reason that fits counts."""
    reason = pd.Series(None, text.index, dtype="str")
    if roles.label:
        reason[text[roles.label].isna()] = NO_OUTCOME
    if roles.id:
        reason[text.duplicated()] = "exact duplicate, id included"
        reason[text[roles.id].isna()] = "no customer"
    return reason


def _with_unit(columns: pd.DataFrame, dates: Ages) -> pd.DataFrame:
    """The columns, of dates with what their ages count."""
    counted = dates.unit + "; " + columns.reason
    return columns.assign(reason=counted.where(columns.kind == DATED, columns.reason))


def _assembled(kept: pd.DataFrame, columns: pd.DataFrame, roles: Roles, dates: Ages) -> pd.DataFrame:
    """The clean table with every attribute, suspected leaks too."""
    compared = kept.drop(columns=columns.column[columns.reason.str.startswith(("identifier", "left out"))])
    row = pd.Series(kept.index + 1, kept.index).astype("str")
    own = {
        "customer_id": kept[roles.id] if roles.id else row,
        "churned": says_churned(kept[roles.label], roles).astype("int64"),
        "group": compared.groupby(list(compared), sort=False, dropna=False).ngroup().astype("int64"),
    }
    return pd.DataFrame(own | _attributes(kept, columns, roles, dates)).reset_index(drop=True)


def _attributes(text: pd.DataFrame, columns: pd.DataFrame, roles: Roles, dates: Ages) -> dict[str, pd.Series]:
    """The attributes of some rows, each as its kind has it."""
    used = columns[columns.kind != ""].itertuples()
    return {str(row.column): _attribute(text[row.column], str(row.kind), roles, dates) for row in used}


def _attribute(text: pd.Series, kind: str, roles: Roles, dates: Ages) -> pd.Series:
    if kind == DATED:
        return dates.ages(str(text.name), text)
    return roles.numbers(text) if kind == NUMERICAL else text


def _undecided(
    rows: pd.DataFrame, kept: pd.DataFrame, columns: pd.DataFrame, roles: Roles, dates: Ages
) -> pd.DataFrame:
    """Customers without an outcome, each once, with an id that no other customer has."""
    if roles.id:
        known = rows[roles.id].isin(kept[roles.id]) | rows[roles.id].duplicated()
        rows = rows[rows[roles.id].notna() & ~known]
    ids = rows[roles.id] if roles.id else pd.Series(rows.index + 1, rows.index).astype("str")
    return pd.DataFrame({"customer_id": ids, **_attributes(rows, columns, roles, dates)}).reset_index(drop=True)


def _without_leaks(columns: pd.DataFrame, table: pd.DataFrame, kept: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """Add `auc`, and set aside what tells alone who churned, unless the user has confirmed it."""
    columns = columns.assign(auc=columns.column.map(alone(table.drop(columns=[*OWN]), table.churned)))
    suspected = columns.auc > LEAK
    confirmed = columns.column.isin(roles.confirmed)
    columns.loc[suspected & ~confirmed, "kind"] = ""
    leak = "suspected leak: alone it tells who churned, AUC " + columns.auc.map("{:.3f}".format)
    columns.loc[suspected, "reason"] = leak + confirmed.map({True: "; kept, as confirmed", False: ""})
    others = kept.drop(columns=[*given(roles), *roles.ignore, *roles.confirmed], errors="ignore")
    one = filled_for_one_outcome(others, pd.Series(table.churned.to_numpy(), kept.index))
    for name, outcome in one.items():
        whom = "those who churned" if outcome else "those who stayed"
        here = (columns.column == name) & ~suspected
        columns.loc[here, ["kind", "reason"]] = ["", f"suspected leak: filled for {whom} only"]
    return columns


def _answers(label: pd.Series, roles: Roles) -> pd.DataFrame:
    counts = label.value_counts().rename_axis("value").reset_index(name="customers")
    return counts.assign(share=counts.customers / counts.customers.sum(), churned=says_churned(counts.value, roles))


def contract(numerical: Sequence[str], categorical: Sequence[str]) -> pa.DataFrameSchema:
    """What the clean table must be."""
    return pa.DataFrameSchema(
        {
            "customer_id": pa.Column(str, unique=True),
            "churned": pa.Column("int64", pa.Check.isin([0, 1])),
            "group": pa.Column("int64", pa.Check.ge(0)),
            **{name: pa.Column(float, nullable=True) for name in numerical},
            **{name: pa.Column(str, nullable=True) for name in categorical},
        },
        strict=True,
    )


def _validated(table: pd.DataFrame, numerical: Sequence[str], categorical: Sequence[str]) -> pd.DataFrame:
    try:
        return contract(numerical, categorical).validate(table, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases.groupby(["column", "check"]).failure_case.agg(["size", "first"])
        refuse([f"{name}: {n} values break {check}, such as {first}" for (name, check), n, first in cases.itertuples()])
        raise
