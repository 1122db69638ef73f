"""The models' answers for customers that were read: a table by the models as saved, one customer by fast forms."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from patrons.churn.reasons import REASONS, Explainer, prepared
from patrons.churn.wording import Wording
from patrons.evaluation import conformal
from patrons.scoring.content import LATER
from patrons.scoring.fast.models import Unsupported, margin
from patrons.scoring.fast.pipeline import compiled
from patrons.scoring.fast.pipeline import prepared as prepared_row
from patrons.scoring.fast.reasons import reasons_of_row
from patrons.scoring.fast.spend import spend
from patrons.segments import clustering
from patrons.value.spend_model import SpendModel

DIGITS = 9  # of a probability: threads add a forest's trees up in any order, so last digits vary
SET_DIGITS = 6  # of the later segments', which the notebook rounds before it forms sets
MARGIN, WHY, VALUE = "margin", "reasons", "value"  # what has a fast form besides the models

Row = Mapping[str, Any]
Form = Callable[[Row], Any]
Prepare = Callable[[Row], np.ndarray]


class Answers:
    """Asks the models, and says it with the thresholds, segment names and dictionary of the release.

    Parameters
    ----------
    manifest : mapping
        `release.json`.
    models : mapping
        `clusterer`, `churn`, and `value` and `segment_later` where there is one.
    later : mapping
        `level` and `threshold` of the likely later segments, where there is such a model.
    spread : mapping
        `edges` between groups of customers by expected spend, and the factors `low` and `high` of its interval.
    dictionary : DataFrame
        The data dictionary: what each feature means.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        models: Mapping[str, Any],
        later: Row,
        spread: Row,
        dictionary: pd.DataFrame,
    ):
        self.models, self.dictionary = dict(models), dictionary
        self.explainer = Explainer(models["churn"])
        self.wording = Wording(self.explainer.features, dictionary)
        self.segments = {int(group): segment for group, segment in manifest["segments"].items()}
        self.threshold = manifest["thresholds"]["churn"]
        self.level, self.likely_from = float(later.get("level", 0)), float(later.get("threshold", 0))
        self.edges, self.low, self.high = (np.array(spread.get(name, [])) for name in ("edges", "low", "high"))
        used = {name for name, comparison in manifest["fast"].items() if comparison["used"]}
        self.fast = {
            name: form if name in used else None
            for name, form in fast_forms(models, dictionary, self.explainer).items()
        }

    def table(self, X: pd.DataFrame) -> dict[str, Any]:
        """Columns of answers, by the models as they were saved."""
        segments = [self.segments[int(group)] for group in predicted("clusterer", self.models["clusterer"], X)]
        chances, texts = self._churn(X)
        probability = chances[:, 1].round(DIGITS)
        texts[texts == ""] = None
        return {
            "segment": [segment["number"] for segment in segments],
            "segment_name": [segment["name"] for segment in segments],
            "margin": margins(self.models["clusterer"], X),
            "segments_later": self._later(predicted(LATER, self.models[LATER], X)) if LATER in self.models else None,
            "churn_probability": probability,
            "flagged": self.flags(probability),
            **(self._spend(predicted(VALUE, self.models[VALUE], X)) if VALUE in self.models else {}),
            **dict(zip(REASONS, texts.T, strict=True)),
        }

    def _churn(self, X: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities of churn and the texts of reasons; the rows are prepared once for both."""
        model = self.models["churn"]
        if not self.explainer.features:
            return predicted("churn", model, X), self._reasons(X, np.zeros((len(X), 0)))
        Z = prepared(model, X[list(model.feature_names_in_)])
        return model[-1].predict_proba(Z), self._reasons(X, Z)

    def _reasons(self, X: pd.DataFrame, Z: np.ndarray) -> np.ndarray:
        return self.wording.texts(self.explainer.contributions(Z), X)

    def one(self, row: Row) -> dict[str, Any]:
        """The same for one customer, as plain values, by the fast forms that agree with their models."""
        segment = self.segments[int(np.ravel(self._ask("clusterer", row))[0])]
        probability = round(float(np.ravel(self._ask("churn", row))[1]), DIGITS)
        texts = np.ravel(self._ask(WHY, row)).tolist()
        spend = self._spend(np.ravel(self._ask(VALUE, row))) if VALUE in self.models else {}
        later = self._later(np.reshape(self._ask(LATER, row), (1, -1)))[0] if LATER in self.models else None
        return {
            "segment": segment["number"],
            "segment_name": segment["name"],
            "margin": float(np.ravel(self._ask(MARGIN, row))[0]),
            "segments_later": later,
            "churn_probability": probability,
            "flagged": bool(self.flags(np.array(probability))),
            **{name: float(amount[0]) for name, amount in spend.items()},
            **{name: text or None for name, text in zip(REASONS, texts, strict=True)},
        }

    def flags(self, probability: np.ndarray) -> np.ndarray:
        """Whose probability reaches the threshold; nobody where no model could be learnt."""
        return np.round(probability, DIGITS) >= (np.inf if self.threshold is None else self.threshold)

    def _spend(self, expected: np.ndarray) -> dict[str, np.ndarray]:
        group = np.searchsorted(self.edges, expected, side="right")
        low, high = expected * self.low[group], expected * self.high[group]
        amounts = {"expected_spend": expected, "spend_low": low, "spend_high": high}
        return {name: amount.round(SET_DIGITS) for name, amount in amounts.items()}

    def likely(self, probabilities: np.ndarray) -> np.ndarray:
        """Which segments are likely later, shape (n, segments) of bool; `probabilities` as the model gives them."""
        rounded = np.asarray(probabilities, dtype=float).round(SET_DIGITS)
        return conformal.sets(rounded, self.likely_from, self.level)

    def _later(self, probabilities: np.ndarray) -> list[list[str]]:
        """Names of the segments that are likely later, the likeliest first."""
        inside, names = self.likely(probabilities), self.models[LATER].classes_
        likeliest_first = np.argsort(-np.asarray(probabilities, dtype=float).round(SET_DIGITS), axis=1, kind="stable")
        return [
            [str(names[n]) for n in order if chosen[n]] for order, chosen in zip(likeliest_first, inside, strict=True)
        ]

    def _ask(self, name: str, row: Row) -> Any:
        """The fast form's answer, or that of a table of one row."""
        form = self.fast.get(name)
        return form(row) if form else self.original(name, pd.DataFrame([row]))

    def original(self, name: str, X: pd.DataFrame) -> Any:
        """A model's predictions for a table, the margins or the reasons."""
        if name == MARGIN:
            return margins(self.models["clusterer"], X)
        if name == WHY:
            return self._churn(X)[1]
        return predicted(name, self.models[name], X)


def predicted(name: str, model: Any, X: pd.DataFrame) -> np.ndarray:
    """Predictions: groups of the clusterer, amounts of the value model, probabilities of the others."""
    X = X[list(model.feature_names_in_)]
    return model.predict(X) if name in ("clusterer", VALUE) else model.predict_proba(X)


def margins(clusterer: Any, X: pd.DataFrame) -> np.ndarray:
    """How clearly customers belong to their groups, rounded."""
    return np.asarray(clustering.margin(clusterer, X[list(clusterer.feature_names_in_)])).round(SET_DIGITS)


def fast_forms(models: Mapping[str, Any], dictionary: pd.DataFrame, explainer: Explainer) -> dict[str, Form | None]:
    """The fast form of each model, of the margin and of the reasons; None where there is none."""
    prepare = {name: prepared_row(model) for name, model in models.items()}  # once, as several forms share it
    forms: dict[str, Form | None] = {name: _form(model, prepare[name]) for name, model in models.items()}
    why = reasons_of_row(models["churn"], explainer, dictionary, prepare["churn"])
    return forms | {MARGIN: _margin(models["clusterer"], prepare["clusterer"]), WHY: why}


def _form(model: Any, prepare: Prepare | None) -> Form | None:
    if isinstance(model, SpendModel):
        return spend(model)
    return compiled(model, prepare) if prepare else None


def _margin(clusterer: Any, prepare: Prepare | None) -> Form | None:
    try:
        of_prepared = margin(clusterer[-1])
    except Unsupported:
        return None
    return (lambda row: round(of_prepared(prepare(row)), SET_DIGITS)) if prepare else None
