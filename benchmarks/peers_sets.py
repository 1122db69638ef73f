"""The data sets of `benchmarks/peers.py`, each parted into what models learn from and what they are tested on."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_friedman1, make_friedman2, make_regression

from patrons.churn import preprocessing
from patrons.evaluation import splits as parts
from patrons.features.panel import KNOWN, OUTCOME
from patrons.features.preparation import preparation, split_kinds
from patrons.features.split import GROUP, inputs
from patrons.intake.customers import read_table
from patrons.intake.roles import Roles
from patrons.models import load_model
from patrons.series.params import declared

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
DEFAULTS, OF_TABLE = (
    {name: one.default for name, one in declared(NOTEBOOKS / path).items()}
    for path in ("06_churn.ipynb", "table/02_transformation.ipynb")
)
LOGS = ("online_retail_ii", "online_retail", "cdnow", "demo")
TABLES = {
    "telco": ("WA_Fn-UseC_-Telco-Customer-Churn.csv", Roles(id="customerID", label="Churn", positive="Yes")),
    "bank": ("Churn_Modelling.csv", Roles(id="CustomerId", label="Exited", positive="1")),
    "iranian": ("iranian_churn.csv", Roles(label="Churn", positive="1")),
}
DRAWN_ROWS = 3_000
CHANCE = "true_probability"
SPECIAL = (
    "chance_active",
    "expected_orders_",
    "expected_spend_",
    "lateness",
    "peak_",
)  # columns of BTYD and of the peak season


class Split(NamedTuple):
    """Training and test rows of one outer split; `chance` is the true probability of the test rows, where known."""

    name: str
    train: pd.DataFrame
    test: pd.DataFrame
    prepare: ColumnTransformer
    chance: np.ndarray | None = None


def _friedman1() -> tuple[np.ndarray, np.ndarray]:
    return make_friedman1(DRAWN_ROWS, n_features=12, noise=0.0, random_state=1)


def _friedman2() -> tuple[np.ndarray, np.ndarray]:
    return make_friedman2(DRAWN_ROWS, noise=0.0, random_state=2)


def _wide() -> tuple[np.ndarray, np.ndarray]:
    return make_regression(DRAWN_ROWS, n_features=60, n_informative=8, noise=0.0, random_state=3)


DRAWN: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "drawn: curved": _friedman1,
    "drawn: products": _friedman2,
    "drawn: wide, linear": _wide,
}
SETS = (*LOGS, *TABLES, *DRAWN)


def drawn(name: str) -> pd.DataFrame:
    """A table whose true probability of churn is known (`CHANCE`): a logistic curve over what a generator gives."""
    X, signal = DRAWN[name]()
    chance = expit(2.5 * (signal - signal.mean()) / signal.std() - 1.5)
    churned = np.random.default_rng(len(name)).binomial(1, chance)
    table = pd.DataFrame(X, columns=[f"x{n + 1}" for n in range(X.shape[1])]).round(6)
    own = {"customer_id": [f"c{n}" for n in range(len(X))], OUTCOME: churned, GROUP: parts.copies(table)}
    return table.assign(**own, **{CHANCE: chance})


def of_table(table: pd.DataFrame, folds: int, repeats: int, seed: int) -> list[Split]:
    """Random folds, each outcome in its share in all of them, copies of a row in one."""
    chance = table[CHANCE].to_numpy() if CHANCE in table else None
    table, result = table.drop(columns=CHANCE, errors="ignore"), []
    for repeat in range(repeats):
        pairs = parts.random_folds(table[GROUP].to_numpy(), table[OUTCOME].to_numpy(), folds, seed + repeat)
        for n, (fit, test) in enumerate(pairs):
            train = table.iloc[fit].reset_index(drop=True)
            limits = OF_TABLE["iqr_factor"], OF_TABLE["max_correlation"]
            prepare = preparation(*split_kinds(inputs(train)), *limits)
            known = None if chance is None else chance[test]
            result.append(
                Split(f"{repeat + 1}.{n + 1}", train, table.iloc[test].reset_index(drop=True), prepare, known)
            )
    return result


def of_log(panel: pd.DataFrame, prepare: ColumnTransformer, origins: int, rows: int, seed: int) -> list[Split]:
    """The last days, each forecast from days whose outcome was known on it; at most `rows` of theirs (0: all)."""
    result = []
    for day in sorted(panel.as_of.unique())[-origins:]:
        known, test = panel[panel[KNOWN] <= day].reset_index(drop=True), panel[panel.as_of == day]
        drawn_rows = preprocessing.sample(len(known), rows or len(known), seed)
        train = known.iloc[drawn_rows].reset_index(drop=True)
        if train[OUTCOME].nunique() == 2:
            result.append(Split(f"{day:%Y-%m-%d}", train, test.reset_index(drop=True), prepare))
    return result


def load(name: str, options: argparse.Namespace) -> list[Split]:
    """The outer splits of a data set, the latest day or the first fold first."""
    if name in LOGS:
        folder = options.processed / name / "02_transformation"
        panel = pd.read_parquet(folder / "panel.parquet").drop(columns=DEFAULTS["leave_out"], errors="ignore")
        prepare = preprocessing.for_panel(load_model(folder / "preparation.skops"), panel)
        return of_log(panel, prepare, options.origins, options.rows, DEFAULTS["seed"])[::-1]
    file, roles = TABLES.get(name, ("", Roles()))
    table = read_table(options.raw / file, roles).table if file else drawn(name)
    return of_table(table, options.folds, options.repeats, DEFAULTS["seed"])
