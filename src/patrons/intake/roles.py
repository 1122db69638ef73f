"""What a user says of the columns of a customer table, and everything that is wrong with it at once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import pandas as pd

from patrons.errors import SourceError, nearest
from patrons.intake.attributes import CATEGORICAL, MISSING, NUMERICAL, as_numbers, as_text, snake, unreadable
from patrons.intake.settings import Settings

OWN = ("customer_id", "churned", "group")  # columns that Patrons adds
DECIMALS = {"point": ".", "comma": ","}
MOST_ANSWERS = 12  # different values of a label column
NAMED_LABEL = re.compile(r"churn|attrit|exit|left|leav|cancel|lost|closed|status|target|label")
YES = re.compile(  # values of a label that mean churned
    r"yes|y|true|t|1(\.0)?|ja|oui|si|churn(ed)?|.*attrited.*|exited|left|lost|gone|closed|cancel.*", re.IGNORECASE
)


class CustomersError(SourceError):
    """A customer table that cannot be used; it says everything that is wrong with it."""


@dataclass(frozen=True)
class Roles(Settings):
    """What the user says of a table's columns, by the source's own names.

    Parameters
    ----------
    id : str
        Column that tells customers apart; empty where there is none.
    label : str
        Column that says who churned.
    positive : str
        Its value that means churned; every other value means stayed.
    undecided : sequence of str
        Values of the label that say nothing yet.
    numerical, categorical, ignore : sequence of str
        Columns whose kind is not to be inferred, or that are to be left out.
    confirmed : sequence of str
        Columns that may stay although they tell alone who churned.
    missing : sequence of str
        What stands for a missing value, in any case; blanks around it do not count.
    decimal, thousands : str
        What separates the fraction from the whole in numbers, and groups of three digits.
    """

    id: str = ""
    label: str = ""
    positive: str = ""
    numerical: Sequence[str] = ()
    categorical: Sequence[str] = ()
    ignore: Sequence[str] = ()
    confirmed: Sequence[str] = ()
    missing: Sequence[str] = MISSING
    decimal: str = "."
    thousands: str = ""
    undecided: Sequence[str] = ()

    def numbers(self, text: pd.Series) -> pd.Series:
        """Text as numbers, missing where it is none."""
        return as_numbers(text, self.decimal, self.thousands)

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Self:
        """What the parameters of a table's first notebook say; they spell the decimal mark out."""
        return super().of({**parameters, "decimal": DECIMALS[parameters.get("decimal", "point")]})


def candidates(raw: pd.DataFrame) -> pd.DataFrame:
    """Columns that may say who churned, the likeliest first.

    Returns
    -------
    DataFrame
        `column`; `positive`: the value that probably means churned; `share`: of the rows with a value; `values`: each
        value with its share, for a sentence.
    """
    rows = []
    for name in map(str, raw):
        shares = as_text(raw[name]).value_counts(normalize=True)
        named = bool(NAMED_LABEL.search(snake(name)))
        if len(shares) == 2 or (named and 2 < len(shares) <= 5):
            positive = next((value for value in shares.index if YES.fullmatch(value)), shares.index[-1])
            rows.append((not named, name, positive, shares[positive], _listed(shares)))
    table = pd.DataFrame(rows, columns=["unnamed", "column", "positive", "share", "values"])
    return table.sort_values("unnamed", kind="stable", ignore_index=True).drop(columns="unnamed")


def _listed(shares: pd.Series) -> str:
    return ", ".join(f"{value} {share:.1%}" for value, share in shares.head(MOST_ANSWERS).items())


def given(roles: Roles) -> list[str]:
    return [name for name in (roles.id, roles.label) if name]


def overruled(roles: Roles) -> dict[str, str]:
    return dict.fromkeys(roles.numerical, NUMERICAL) | dict.fromkeys(roles.categorical, CATEGORICAL)


def refuse(problems: Sequence[str]) -> None:
    if problems:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        raise CustomersError(f"The customer table cannot be used as it is:{listed}")


def shape_problems(text: pd.DataFrame) -> list[str]:
    counts = text.columns.value_counts()
    problems = [f"{name!r} occurs {n} times among its columns" for name, n in counts.items() if n > 1]
    problems += ["a column has no name"] if any(not str(name).strip() for name in text) else []
    return problems + (["it has no rows"] if not len(text) else [])


def _named(roles: Roles) -> dict[str, list[str]]:
    """The columns that the user names, by role."""
    single = {role: [name] for role, name in (("id", roles.id), ("label", roles.label)) if name}
    return single | {role: list(getattr(roles, role)) for role in ("numerical", "categorical", "ignore", "confirmed")}


def known(roles: Roles, text: pd.DataFrame) -> Roles:
    """The roles of columns that the table has, so that its values can be examined in spite of a wrong name."""
    lists = {role: [name for name in names if name in text] for role, names in _named(roles).items()}
    single = {role: "".join(lists.pop(role, [])) for role in ("id", "label")}
    changes: dict[str, Any] = {**single, **lists}
    return replace(roles, **changes)


def name_problems(text: pd.DataFrame, roles: Roles) -> list[str]:
    """What is wrong with the names that the user gave, and with those of the table."""
    named = _named(roles)
    problems = [
        f"{role} names {name!r}, which it does not have; {nearest(name, map(str, text))}"
        for role, names in named.items()
        for name in names
        if name not in text
    ]
    if not roles.label:
        labels = candidates(text.drop(columns=[name for name in [roles.id] if name in text]))
        listed = "; ".join(labels.column + " (" + labels["values"] + ")") or "none: no column has two values"
        problems.append(f"label is not given: which column says who churned? Candidates: {listed}")
    uses = [name for role, names in named.items() if role != "confirmed" for name in names]
    problems += [f"{name!r} has two uses: give it one" for name in dict.fromkeys(uses) if uses.count(name) > 1]
    taken = [name for name in text if name in OWN and name not in given(roles)]
    return problems + [f"{name!r} is a name that Patrons uses itself: rename this column" for name in taken]


def decided(answers: pd.Series, roles: Roles) -> pd.Series:
    """The answers, missing where they say nothing yet."""
    open_ones = {str(value).strip().lower() for value in roles.undecided}
    return answers.mask(answers.str.lower().isin(open_ones)) if open_ones else answers


def label_problems(text: pd.DataFrame, roles: Roles) -> list[str]:
    if not roles.label:
        return []
    shares = text[roles.label].value_counts(normalize=True)
    if len(shares) == 1:
        return [
            f"label: {roles.label} holds one value only, {shares.index[0]}: there is nothing to learn from. Bring "
            "customers of both outcomes, or name another column"
        ]
    if not 2 <= len(shares) <= MOST_ANSWERS:
        return [
            f"label: {roles.label} holds {len(shares):,} different values; a column that says who churned holds two"
        ]
    if not roles.positive:
        return [f"positive is not given: which value of {roles.label} means churned? It holds {_listed(shares)}"]
    if not says_churned(text[roles.label], roles).any():
        return [f"positive: {roles.label} never holds {roles.positive!r}; it holds {_listed(shares)}"]
    return []


def says_churned(answers: pd.Series, roles: Roles) -> pd.Series:
    """Which answers mean churned; upper and lower case matter only where the table itself tells them apart."""
    wanted = as_text(pd.Series([str(roles.positive)]), ())[0]
    exact = answers == wanted
    return exact if exact.any() else answers.str.lower() == wanted.lower()


def value_problems(kept: pd.DataFrame, columns: pd.DataFrame, roles: Roles) -> list[str]:
    """What is wrong with the values: ids that repeat, numbers that are not."""
    problems = []
    if roles.id and (repeated := kept[roles.id][kept[roles.id].duplicated()].unique()).size:
        problems.append(
            f"id: {len(repeated):,} values of {roles.id} occur in several, different rows, such as "
            f"{', '.join(repeated[:3])}: name another column, or none"
        )
    unclear = columns[columns.reason.str.startswith("unclear")].set_index("column").reason
    problems += [
        f"{name} holds {reason}: add these to `missing`, or list it in `categorical` or `ignore`"
        for name, reason in unclear.str.removeprefix("unclear: ").items()
    ]
    forced = [name for name in roles.numerical if name in kept and unreadable(kept[name], roles.numbers)]
    problems += [
        f"numerical: {name} holds {', '.join(map(repr, unreadable(kept[name], roles.numbers)[:3]))}, no numbers; "
        "add these to `missing`, or leave it out of the list"
        for name in forced
    ]
    return problems
