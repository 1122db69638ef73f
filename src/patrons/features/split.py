"""What models learn from and what they are tested on: rows of the panel, and the columns that may be seen."""

import pandas as pd

from patrons.evaluation.splits import hold_out
from patrons.features.panel import KNOWN, OUTCOME, feature_names
from patrons.features.preparation import as_inputs

GROUP = "group"  # customers of a table who differ in nothing but the id have the same
HELD_OUT = 0.2  # of a table: share of customers to test on


def split(panel: pd.DataFrame, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows.

    With days (`as_of`, `known_on`), the test is the last day, training each day whose outcome was known by then.
    Without, a fifth of the customers with the same share of churners is held out; those of one `group` stay together.
    """
    train, test = _by_day(panel) if KNOWN in panel else _held_out(panel, seed)
    return train.reset_index(drop=True), test.reset_index(drop=True)


def _by_day(panel: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    test_day = panel.as_of.max()
    return panel[panel[KNOWN] <= test_day], panel[panel.as_of == test_day]


def _held_out(panel: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    held = hold_out(panel[GROUP].to_numpy(), panel[OUTCOME].to_numpy(), HELD_OUT, seed)
    return panel[~held], panel[held]


def inputs(panel: pd.DataFrame) -> pd.DataFrame:
    """The columns that a model may see."""
    return as_inputs(panel[feature_names(panel, [] if "as_of" in panel else [GROUP])])
