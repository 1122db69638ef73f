"""In which segment will a customer be later? Features on a day, the segment a horizon after it, both by one clusterer.

The clusterer is today's: it says what the segments are. What is learnt lies before what is tested: a row is learnt
from only if its later segment was known on the day on which test customers are described.
"""

from typing import NamedTuple

import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from patrons.evaluation import multiclass
from patrons.evaluation.metrics import Interval
from patrons.features.panel import feature_names
from patrons.features.preparation import as_inputs, only
from patrons.features.season import COLUMNS
from patrons.segments.classification import fit, likeliest, probabilities
from patrons.segments.names import place

DAYS = 6  # the latest days to learn from
LATER, NOW = "segment_later", "segment_now"


class Pairs(NamedTuple):
    """Customers on a day, with the segment they were in then and the one they were in a horizon later."""

    train: pd.DataFrame
    test: pd.DataFrame
    days: int  # between the two segments
    features: list[str]


def names_of(clusterer: Pipeline, labelled: pd.DataFrame) -> dict[int, str]:
    """The clusterer's number of each segment, and its name, taken from customers that have both."""
    numbers = clusterer.predict(labelled[list(clusterer.feature_names_in_)])
    return dict(zip(map(int, numbers), labelled.segment, strict=True))


def pairs(panel: pd.DataFrame, today: pd.DataFrame, clusterer: Pipeline, names: dict[int, str]) -> Pairs | None:
    """Rows to learn from and rows to test on, or None where the data has no earlier days or too few of them.

    Parameters
    ----------
    panel, today : DataFrame
        Features of earlier days (`as_of`) and of today, as 02 wrote them.
    clusterer : Pipeline
    names : dict
        The clusterer's number of each segment, and its name.

    Returns
    -------
    Pairs or None
        `test` are the customers of the last earlier day, whose later segment is today's; `train` those of the latest
        `DAYS` days whose later segment was known by then.
    """
    if "as_of" not in panel:
        return None
    tested = panel.as_of.max()
    horizon = today.as_of.max() - tested
    every = pd.concat([panel, today], ignore_index=True)
    every = every.assign(**{NOW: place(clusterer, every, names)}).dropna(subset=[NOW])
    later = every[["customer_id", "as_of", NOW]].assign(as_of=every.as_of - horizon).rename(columns={NOW: LATER})
    both = every.merge(later, on=["customer_id", "as_of"])
    train, test = both[both.as_of + horizon <= tested], both[both.as_of == tested]
    train = train[train.as_of.isin(sorted(train.as_of.unique())[-DAYS:])]
    train = train[train.groupby(LATER)[LATER].transform("size") > 1]  # what happened only once cannot be learnt
    if train[LATER].nunique() < 2 or test.empty:
        return None
    seen = feature_names(panel, [NOW, LATER, *COLUMNS])
    return Pairs(train.reset_index(drop=True), test.reset_index(drop=True), horizon.days, seen)


class Forecast(NamedTuple):
    """How well later segments are forecast, beside persistence: everyone stays in the segment they are in."""

    days: int
    scores: dict[str, Interval]
    persistence: dict[str, Interval]
    gain: dict[str, Interval]  # scores less those of persistence

    @property
    def beats_persistence(self) -> bool:
        """Whether accuracy and macro-F1 are both better beyond their intervals."""
        return min(self.gain["accuracy"].low, self.gain["macro_f1"].low) > 0


def forecast(pairs: Pairs, prepare: ColumnTransformer, model: ClassifierMixin) -> Forecast:
    """Fit the model to the earlier days and score it on the last one."""
    train, later = as_inputs(pairs.train[pairs.features]), pairs.train[LATER].to_numpy(object)
    fitted = fit(only(prepare, pairs.features), model, train, later)
    given = probabilities(fitted, as_inputs(pairs.test[pairs.features]))
    predictions = likeliest(given, fitted.classes_)
    truth, stays = (pairs.test[name].to_numpy(object) for name in (LATER, NOW))
    scores, persistence = multiclass.scores(truth, predictions), multiclass.scores(truth, stays)
    return Forecast(pairs.days, scores, persistence, multiclass.differences(truth, predictions, stays))
