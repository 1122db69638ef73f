"""What the models of a release say of customers that were read: by tables as they were saved, of one customer fast."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from patrons.churn.reasons import REASONS, reasons
from patrons.evaluation import conformal
from patrons.scoring.fast import models as fast_models
from patrons.scoring.fast import pipeline as fast
from patrons.scoring.fast.reasons import explainer
from patrons.scoring.fast.spend import spend
from patrons.segments import clustering
from patrons.value.spend_model import SpendModel

DIGITS = 9  # of a probability: threads add a forest's trees up in any order, so last digits vary
SET_DIGITS = 6  # of the segment model's, as the notebook rounds them before it makes sets
MARGIN, WHY, VALUE = "margin", "reasons", "value"  # what has a fast form beside the models

Row = Mapping[str, Any]


class Answers:
    """The models with their thresholds, names and dictionary.

    Parameters
    ----------
    manifest : mapping
        `release.json`.
    models : mapping
        `clusterer`, `segment_model`, `churn`, and `value` where there is one.
    conformal : mapping
        `level` and `threshold` of the sets of segments.
    spread : mapping
        `edges` between groups of customers by expected spend, and the factors `low` and `high` of its interval.
    dictionary : DataFrame
        The features in words.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        models: Mapping[str, Any],
        conformal: Row,
        spread: Row,
        dictionary: pd.DataFrame,
    ):
        self.models, self.dictionary = dict(models), dictionary
        self.segments = {int(group): one for group, one in manifest["segments"].items()}
        self.threshold = manifest["thresholds"]["churn"]
        self.level, self.at = float(conformal["level"]), float(conformal["threshold"])
        self.edges, self.low, self.high = (np.array(spread.get(name, [])) for name in ("edges", "low", "high"))
        used = {name for name, one in manifest["fast"].items() if one["used"]}
        self.fast = {name: form if name in used else None for name, form in fast_forms(models, dictionary).items()}

    def table(self, X: pd.DataFrame) -> dict[str, Any]:
        """Columns of answers, by the models as they were saved."""
        placed = [self.segments[int(group)] for group in predicted("clusterer", self.models["clusterer"], X)]
        probability = predicted("churn", self.models["churn"], X)[:, 1].round(DIGITS)
        return {
            "segment": [one["number"] for one in placed],
            "segment_name": [one["name"] for one in placed],
            "margin": margins(self.models["clusterer"], X),
            "segment_set": self._sets(predicted("segment_model", self.models["segment_model"], X)),
            "churn_probability": probability,
            "flagged": self.flags(probability),
            **(self._spend(predicted(VALUE, self.models[VALUE], X)) if VALUE in self.models else {}),
            **{name: _present(column) for name, column in reasons(self.models["churn"], X, self.dictionary).items()},
        }

    def one(self, row: Row) -> dict[str, Any]:
        """The same of one customer, as plain values, by the fast forms where they say the same."""
        placed = self.segments[int(np.ravel(self._ask("clusterer", row))[0])]
        probability = round(float(np.ravel(self._ask("churn", row))[1]), DIGITS)
        why = np.ravel(self._ask(WHY, row)).tolist()
        spend = self._spend(np.ravel(self._ask(VALUE, row))) if VALUE in self.models else {}
        return {
            "segment": placed["number"],
            "segment_name": placed["name"],
            "margin": float(np.ravel(self._ask(MARGIN, row))[0]),
            "segment_set": self._sets(np.reshape(self._ask("segment_model", row), (1, -1)))[0],
            "churn_probability": probability,
            "flagged": bool(self.flags(np.array(probability))),
            **{name: float(one[0]) for name, one in spend.items()},
            **{name: text or None for name, text in zip(REASONS, why, strict=True)},
        }

    def flags(self, probability: np.ndarray) -> np.ndarray:
        """Who is to be contacted: a probability that reaches the threshold; nobody where nothing could be learnt."""
        return np.round(probability, DIGITS) >= (np.inf if self.threshold is None else self.threshold)

    def _spend(self, said: np.ndarray) -> dict[str, np.ndarray]:
        group = np.searchsorted(self.edges, said, side="right")
        told = {"expected_spend": said, "spend_low": said * self.low[group], "spend_high": said * self.high[group]}
        return {name: one.round(SET_DIGITS) for name, one in told.items()}

    def _sets(self, probabilities: np.ndarray) -> list[list[str]]:
        """Names of the segments that cannot be ruled out, the likeliest first."""
        said, names = np.asarray(probabilities, dtype=float).round(SET_DIGITS), self.models["segment_model"].classes_
        inside, order = conformal.sets(said, self.at, self.level), np.argsort(-said, axis=1, kind="stable")
        return [[str(names[n]) for n in by if chosen[n]] for by, chosen in zip(order, inside, strict=True)]

    def _ask(self, name: str, row: Row) -> Any:
        """The fast form's answer, or that of a table of one row."""
        return self.fast[name](row) if self.fast.get(name) else self.original(name, pd.DataFrame([row]))

    def original(self, name: str, X: pd.DataFrame) -> Any:
        """What a model, the margin or the reasons say of a table."""
        if name == MARGIN:
            return margins(self.models["clusterer"], X)
        if name == WHY:
            return reasons(self.models["churn"], X, self.dictionary).to_numpy(object)
        return predicted(name, self.models[name], X)


def predicted(name: str, model: Any, X: pd.DataFrame) -> np.ndarray:
    """What a model says of rows: groups of the clusterer, currency of the value model, probabilities of the others."""
    X = X[list(model.feature_names_in_)]
    return model.predict(X) if name in ("clusterer", VALUE) else model.predict_proba(X)


def margins(clusterer: Any, X: pd.DataFrame) -> np.ndarray:
    return np.asarray(clustering.margin(clusterer, X[list(clusterer.feature_names_in_)])).round(SET_DIGITS)


def fast_forms(models: Mapping[str, Any], dictionary: pd.DataFrame) -> dict[str, Callable[[Row], Any] | None]:
    """Every fast form that there is, by what it answers; None where there is none."""
    prepare = {name: fast.prepared(model) for name, model in models.items()}  # once for what asks about a model
    forms: dict[str, Callable | None] = {name: _form(model, prepare[name]) for name, model in models.items()}
    why = explainer(models["churn"], dictionary, prepare["churn"])
    return forms | {MARGIN: _margin(models["clusterer"], prepare["clusterer"]), WHY: why}


def _form(model: Any, prepare: Callable | None) -> Callable[[Row], Any] | None:
    return spend(model) if isinstance(model, SpendModel) else prepare and fast.compiled(model, prepare)


def _margin(clusterer: Any, prepare: Callable | None) -> Callable[[Row], float] | None:
    try:
        inside = fast_models.margin(clusterer[-1])
    except fast_models.Unsupported:
        return None
    return prepare and (lambda row: round(inside(prepare(row)), SET_DIGITS))


def _present(texts: pd.Series) -> list[str | None]:
    return [text or None for text in texts]
