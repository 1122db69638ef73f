"""In which segments may a customer be later? Features on a day, the segment a horizon after it, both by one clusterer.

The clusterer is today's: it says what the segments are. The forecast is a procedure that runs as of any day, on what
was known then: a model learns from customers whose later segment was known, and a threshold on its probabilities,
above which a segment is a likely one, is set on the latest of them, with a model that had not seen them. So the
procedure is tested on days whose outcome played no part in it, and used with everything that is known today.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from patrons.evaluation import conformal, multiclass
from patrons.evaluation.metrics import Interval
from patrons.evaluation.threads import side_by_side
from patrons.features.panel import feature_names
from patrons.features.preparation import as_inputs, only
from patrons.features.season import COLUMNS
from patrons.segments.classification import fit, likeliest, probabilities
from patrons.segments.names import place

DAYS = 6  # the latest days to learn from
LEARNT = 20_000  # rows to learn from at most, drawn at random
ORIGINS = 3  # days on which the procedure is tested at most, a horizon apart
LATER, NOW = "segment_later", "segment_now"

# why likely later segments are not given
FEW = "fewer than two segments are large enough to be learnt"
SHORT = "too few earlier days tell where customers went"
NO_BETTER = "no model does better than that they stay"
UNMEASURED = "how often such would hold the right one cannot be measured, as that takes days of three horizons in a row"


@dataclass(frozen=True)
class Pairs:
    """Customers on a day, with the segment they were in then (`NOW`) and the one a horizon later (`LATER`).

    Attributes
    ----------
    rows : DataFrame
        Features, `as_of`, `NOW` and `LATER`: every customer and day of whom both segments are known.
    today : Timestamp
    horizon : Timedelta
    features : list of str
        What a model sees.
    """

    rows: pd.DataFrame
    today: pd.Timestamp
    horizon: pd.Timedelta
    features: list[str]

    @property
    def days(self) -> int:
        """Between the two segments."""
        return int(self.horizon.days)

    def known(self, day: pd.Timestamp) -> pd.DataFrame:
        """What can be learnt from on a day: the latest `DAYS` days whose later segment was known by then."""
        known = self.rows[self.rows.as_of + self.horizon <= day]
        known = known[known.as_of.isin(sorted(known.as_of.unique())[-DAYS:])]
        # what happened only once cannot be learnt
        return known[known.groupby(LATER)[LATER].transform("size") > 1].reset_index(drop=True)

    def latest(self, day: pd.Timestamp) -> pd.Timestamp | None:
        """The latest day whose later segment was known on a day."""
        latest = self.rows.as_of[self.rows.as_of + self.horizon <= day].max()
        return None if pd.isna(latest) else latest

    def on(self, day: pd.Timestamp) -> pd.DataFrame:
        return self.rows[self.rows.as_of == day].reset_index(drop=True)

    @cached_property
    def chain(self) -> list[pd.Timestamp]:
        """Today, the latest day whose later segment is known today, the latest whose was known on that day, ..."""
        days = [self.today]
        while len(days) < ORIGINS + 2 and (earlier := self.latest(days[-1])) is not None:
            days.append(earlier)
        return list(takewhile(lambda day: self.known(day)[LATER].nunique() > 1, days))


def names_of(clusterer: Pipeline, labelled: pd.DataFrame) -> dict[int, str]:
    """The clusterer's number of each segment, and its name, taken from customers that have both."""
    numbers = clusterer.predict(labelled[list(clusterer.feature_names_in_)])
    return dict(zip(map(int, numbers), labelled.segment, strict=True))


def pairs(panel: pd.DataFrame, today: pd.DataFrame, clusterer: Pipeline, names: dict[int, str]) -> Pairs | None:
    """Customers with both segments, or None where the data has no earlier days or too few to learn and to test.

    Parameters
    ----------
    panel, today : DataFrame
        Features of earlier days (`as_of`) and of today, as 02 wrote them.
    clusterer : Pipeline
    names : dict
        The clusterer's number of each segment, and its name.
    """
    if "as_of" not in panel:
        return None
    horizon = today.as_of.max() - panel.as_of.max()
    every = pd.concat([panel, today], ignore_index=True)
    every = every.assign(**{NOW: place(clusterer, every, names)}).dropna(subset=[NOW])
    later = every[["customer_id", "as_of", NOW]].assign(as_of=every.as_of - horizon).rename(columns={NOW: LATER})
    both = every.merge(later, on=["customer_id", "as_of"])
    found = Pairs(both, today.as_of.max(), horizon, feature_names(panel, [NOW, LATER, *COLUMNS]))
    return found if len(found.chain) > 1 else None


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


class Procedure:
    """The model of later segments as of each day of `Pairs.chain`, fitted on what was known then.

    Parameters
    ----------
    pairs : Pairs
    prepare : ColumnTransformer
    model : classifier
        Unfitted; chosen without a look at later segments.
    level : float
        Share of customers whose likely segments are to hold the one they are in a horizon later.
    """

    def __init__(self, pairs: Pairs, prepare: ColumnTransformer, model: ClassifierMixin, level: float):
        self.pairs, self.level = pairs, level
        self.prepare, self.model = only(prepare, pairs.features), model
        days = pairs.chain
        self.fitted = dict(zip(days, side_by_side(self._fit, [(day,) for day in days]), strict=True))
        self.given = {day: self._given(day) for day in days[1:]}  # to customers of that day, who were not learnt from

    def _fit(self, day: pd.Timestamp) -> Pipeline:
        known = self.pairs.known(day)
        known = known.sample(min(len(known), LEARNT), random_state=0).sort_index()
        return fit(self.prepare, self.model, as_inputs(known[self.pairs.features]), known[LATER].to_numpy(object))

    def _given(self, day: pd.Timestamp) -> np.ndarray:
        return probabilities(self.fitted[day], as_inputs(self.pairs.on(day)[self.pairs.features]))

    def forecast(self) -> Forecast:
        """How well it does on the latest day whose later segment is known: that is today's."""
        tested = self.pairs.chain[1]
        rows, model = self.pairs.on(tested), self.fitted[tested]
        predictions = likeliest(self.given[tested], model.classes_)
        truth, stays = (rows[name].to_numpy(object) for name in (LATER, NOW))
        scores, persistence = multiclass.scores(truth, predictions), multiclass.scores(truth, stays)
        return Forecast(self.pairs.days, scores, persistence, multiclass.differences(truth, predictions, stays))

    def threshold(self, day: pd.Timestamp) -> float:
        """From which probability on a segment is likely, as of a day: set on the customers of the next day of `chain`.

        Their later segments were known by then, and the model that is asked of them had not seen these.
        """
        earlier = self.pairs.chain[self.pairs.chain.index(day) + 1]
        truth, classes = self.pairs.on(earlier)[LATER].to_numpy(object), self.fitted[earlier].classes_
        return conformal.threshold(truth, self.given[earlier], classes, self.level)

    def origins(self) -> pd.DataFrame:
        """How often the likely segments held the right one, on days whose outcome set neither model nor threshold.

        Returns
        -------
        DataFrame
            One row a day, the latest first: `as_of`, `customers`, `value` (coverage) with its 95% interval `low` and
            `high` (Wilson), `segments`: how many are likely on average. Empty where the data is too short.
        """
        rows = [{"as_of": day, **self._covered(day)} for day in self.pairs.chain[1:-1]]
        return pd.DataFrame(rows, columns=["as_of", "customers", "value", "low", "high", "segments"])

    def _covered(self, day: pd.Timestamp) -> dict[str, float]:
        chosen = conformal.sets(self.given[day], self.threshold(day), self.level)
        truth = self.pairs.on(day)[LATER].to_numpy(object)
        coverage = conformal.coverage(truth, chosen, self.fitted[day].classes_)
        return {"customers": len(truth), **coverage._asdict(), "segments": float(chosen.sum(axis=1).mean())}


def record(procedure: Procedure, forecast: Forecast, origins: pd.DataFrame) -> Mapping[str, Any]:
    """What is kept beside the model of today: `used` says whether it is, which its tests decide.

    Used is what beats persistence and of which it was measured how often its likely segments hold the right one; `gain`
    over persistence is kept in any case.
    """
    gain = {"gain": {name: forecast.gain[name]._asdict() for name in ("accuracy", "macro_f1")}}
    if not forecast.beats_persistence or origins.empty:
        return {"used": False, "reason": UNMEASURED if forecast.beats_persistence else NO_BETTER, **gain}
    latest = origins.iloc[0]
    return {
        "used": True,
        **gain,
        "days": forecast.days,
        "level": procedure.level,
        "threshold": procedure.threshold(procedure.pairs.today),
        "coverage": {name: float(latest[name]) for name in ("value", "low", "high")},
        "origins": origins.assign(as_of=origins.as_of.dt.strftime("%Y-%m-%d")).to_dict("records"),
        "accuracy": {"model": forecast.scores["accuracy"].value, "persistence": forecast.persistence["accuracy"].value},
    }


def without(customers: pd.DataFrame, reason: str) -> Mapping[str, Any]:
    """What is kept where there is no forecast; a table, whose `customers` have no day, gives no reason to miss one."""
    return {"used": False, "reason": reason if "as_of" in customers else ""}
