"""What a model of today's segments learns from: which customers and columns it sees, and on whom it is tested."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from patrons.evaluation.splits import copies, hold_out, random_folds
from patrons.features.panel import feature_names
from patrons.features.preparation import as_inputs, calendar, only
from patrons.segments.classification import Folds

LEAST = 10  # customers of a segment that a model may be asked to learn
NEAR_COPY = 0.95  # absolute rank correlation above which a feature says again what another says


@dataclass(frozen=True)
class Task:
    """Customers with their segments, in two parts: those to learn from and those held out.

    Attributes
    ----------
    everyone, customers : DataFrame
        Features and `segment` of all customers, and of those whose segments are large enough to be learnt.
    few : dict
        Segments that are too small, and how many customers they have.
    hidden : list of str
        Features that the segments were made from; the model does not see them.
    seen : list of str
        Features that it sees: all others, but neither keys nor the calendar's.
    prepare : ColumnTransformer
        Preparation of `seen`, unfitted.
    copies : array of int
        A number for each row, the same for customers who are alike in everything.
    test_share, seed
        Of the hold-out.
    """

    everyone: pd.DataFrame
    customers: pd.DataFrame
    few: dict[str, int]
    hidden: list[str]
    seen: list[str]
    prepare: ColumnTransformer
    copies: np.ndarray
    test_share: float
    seed: int

    @property
    def names(self) -> list[str]:
        """The segments to be learnt, sorted."""
        return sorted(set(self.customers.segment))

    @property
    def can_be_learnt(self) -> bool:
        """Whether there are two segments to tell apart."""
        return len(self.names) > 1

    @cached_property
    def held(self) -> np.ndarray:
        """Which rows are held out; customers who are alike in everything stay together."""
        return hold_out(self.copies, self._segment, self.test_share, self.seed)

    @cached_property
    def X(self) -> pd.DataFrame:
        """What the model sees of the customers to learn from."""
        return as_inputs(self.customers[self.seen])[~self.held]

    @property
    def y(self) -> np.ndarray:
        return self._segment[~self.held]

    @cached_property
    def X_test(self) -> pd.DataFrame:
        return as_inputs(self.customers[self.seen])[self.held]

    @property
    def y_test(self) -> np.ndarray:
        return self._segment[self.held]

    @property
    def X_hidden(self) -> pd.DataFrame:
        """What the model does not see, of the customers to learn from."""
        return as_inputs(self.customers.loc[~self.held, self.hidden])

    @property
    def _segment(self) -> np.ndarray:
        return self.customers.segment.to_numpy(object)

    def sample(self, rows: int) -> np.ndarray:
        """Row numbers of at most about so many of the customers to learn from (see `sample`)."""
        return sample(self.copies[~self.held], self.y, rows, self.seed)

    def folds(self, folds: int, rows: np.ndarray | slice = slice(None)) -> Folds:
        """Stratified folds of the customers to learn from, or of some rows of them; copies stay in one."""
        return random_folds(self.copies[~self.held][rows], self.y[rows], folds, self.seed)


def task(
    features: pd.DataFrame,
    labels: pd.DataFrame,
    clusterer: Pipeline,
    prepare: ColumnTransformer,
    folds: int,
    test_share: float,
    seed: int,
) -> Task:
    """What there is to learn.

    Parameters
    ----------
    features, labels : DataFrame
        As 02 and 04 wrote them.
    clusterer : Pipeline
        What 03 keeps; it says which features are hidden.
    prepare : ColumnTransformer
        The preparation that 02 keeps.
    folds : int
        Of the cross-validation that is to judge the models.
    test_share : float
    seed : int
    """
    everyone = features.merge(labels, on="customer_id", validate="one_to_one")
    hidden = list(clusterer.feature_names_in_)
    seen = feature_names(everyone, [*hidden, *labels, *calendar(prepare)])
    few = too_few(everyone.segment, folds)
    customers = everyone[~everyone.segment.isin(list(few))].reset_index(drop=True)
    alike = copies(customers.drop(columns=list(labels)))
    return Task(everyone, customers, few, hidden, seen, only(prepare, seen), alike, test_share, seed)


def too_few(segments: pd.Series, folds: int) -> dict[str, int]:
    """Segments with fewer customers than a model needs to learn them and `folds` to judge it, and how many they have.

    Half of them may be held out, and of the rest each fold needs one.
    """
    counts = segments.value_counts()
    return {str(name): int(n) for name, n in counts.items() if n < max(LEAST, 2 * folds)}


def sample(groups: np.ndarray, y: np.ndarray, rows: int, seed: int) -> np.ndarray:
    """Row numbers of at most about `rows` rows, taken by whole groups of copies; of a small class all are kept."""
    if len(groups) <= rows:
        return np.arange(len(groups))
    every, share = np.unique(groups), rows / len(groups)
    chosen = np.random.default_rng(seed).choice(every, max(1, round(share * len(every))), replace=False)
    taken = np.isin(groups, chosen)
    counts = pd.Series(taken).groupby(y).transform("sum").to_numpy()
    return np.flatnonzero(taken | (counts < LEAST))


def near_copies(table: pd.DataFrame, hidden: Sequence[str], seen: Sequence[str]) -> list[str]:
    """Columns of `seen` that say nearly the same as one of `hidden`: absolute rank correlation above `NEAR_COPY`."""
    numeric = [name for name in seen if pd.api.types.is_numeric_dtype(table[name])]
    ranks = table[[*hidden, *numeric]].rank()
    return [name for name in numeric if ranks[list(hidden)].corrwith(ranks[name]).abs().max() > NEAR_COPY]
