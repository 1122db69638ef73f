"""Customers in the forecast: who can still be kept, which segment each was in, and the scores of today."""

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.pipeline import Pipeline

from patrons.churn.reasons import RAISING, REASONS, Explainer, prepared
from patrons.churn.wording import Wording
from patrons.evaluation import samples
from patrons.evaluation.threads import side_by_side
from patrons.features.panel import KNOWN, OUTCOME
from patrons.features.split import inputs

FEWEST_DAYS = 2  # apart, from which on it is known how far the forecasts of a day are off
AT_ONCE = 10_000  # customers scored at a time: what their reasons need is in memory only so long


def horizon(test: pd.DataFrame) -> int:
    """Length of the label window, days."""
    return int((test[KNOWN] - test.as_of).dt.days.iloc[0])


def active(test: pd.DataFrame) -> pd.Series:
    """Which test rows could still be kept: of a log those who ordered within one horizon before, of a table all."""
    return test.recency_days <= horizon(test) if KNOWN in test else pd.Series(True, test.index)


def can_be_kept(today: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame) -> pd.Series:
    """Which of today's customers can still be kept: of a log the active ones, of a table those who have not churned.

    `train` and `test` are rows with their outcomes; a table's customers that stand in neither are taken for lost.
    """
    if KNOWN in test:
        return today.recency_days <= horizon(test)
    known = pd.concat([train[["customer_id", OUTCOME]], test[["customer_id", OUTCOME]]])
    churned = known.drop_duplicates("customer_id").set_index("customer_id")[OUTCOME]
    return today.customer_id.map(churned) == 0


def expected(scored: pd.DataFrame) -> int:
    """How many of some customers are expected to churn: the sum of their probabilities."""
    return round(float(scored.churn_probability.sum()))


def expected_range(scored: pd.DataFrame, error: float, days: int) -> tuple[int, int] | None:
    """How few and how many of them it may be (95%); None where it is not known how far the forecasts of a day are off.

    Parameters
    ----------
    scored : DataFrame
        `churn_probability` of some customers.
    error : float
        By how much the log odds of all forecasts of a day are off together (`origins.Tried.error`); 0 if not known.
    days : int
        So many days that share no outcome tell it (`origins.Tried.apart`).

    Returns
    -------
    tuple of int or None
        The sums of their probabilities with the log odds of all of them moved down and up by that error, times the
        97.5% quantile of Student's t with as many degrees of freedom as days.
    """
    known = scored.churn_probability.dropna()
    if not error or days < FEWEST_DAYS or known.empty:
        return None
    odds = logit(known.clip(1e-9, 1 - 1e-9).to_numpy())
    far = float(t.ppf(0.975, days)) * error
    low, high = (round(float(expit(odds + shift).sum())) for shift in (-far, far))
    return low, high


def scores(
    model: Pipeline,
    today: pd.DataFrame,
    dictionary: pd.DataFrame,
    threshold: float | None = None,
    left_out: pd.Series | None = None,
    can_be_kept: pd.Series | None = None,
) -> pd.DataFrame:
    """Today's customers with their probability of churn, whether they are flagged, and three reasons.

    Parameters
    ----------
    model : Pipeline
        The saved model.
    today : DataFrame
        `customer_id` and the features of today.
    dictionary : DataFrame
        The data dictionary of 02.
    threshold : float, optional
        The probability from which a customer is flagged; without it nobody is.
    left_out : Series, optional
        Probabilities by customer that replace those of the model (see `final.used`).
    can_be_kept : Series of bool, optional
        Which rows `raising` compares a customer with, as many of them as are scored at a time; without it, with what
        the model takes for the mean.

    Returns
    -------
    DataFrame
        `customer_id`, `churn_probability`, `flagged`, `reason_1`, `reason_2`, `reason_3`, and `raising`: what raises
        the risk most beside that of those who can be kept, whatever side the customer is on.
    """
    X, others = inputs(today), None
    if can_be_kept is not None:
        others = inputs(samples.few(today[can_be_kept.to_numpy()], AT_ONCE))
    predicted = explained(model, X, dictionary, others)
    risk = pd.Series(np.concatenate([own for own, _ in predicted]), today.customer_id)
    if left_out is not None:
        risk = left_out.reindex(risk.index).fillna(risk)
    score = risk.to_numpy()
    flagged = np.zeros(len(score), bool) if threshold is None else score >= threshold
    scored = today[["customer_id"]].assign(churn_probability=score, flagged=flagged)
    texts = np.concatenate([why for _, why in predicted])
    return scored.join(pd.DataFrame(texts, today.index, [*REASONS, RAISING], dtype="str"))


def explained(
    model: Pipeline, X: pd.DataFrame, dictionary: pd.DataFrame, others: pd.DataFrame | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Probabilities of churn, and the texts of three reasons and of what raises it, `AT_ONCE` customers at a time.

    What raises it does so beside the mean of `others`.
    """
    explainer = Explainer(model)
    wording = Wording(explainer.features, dictionary)
    usual = 0.0
    if others is not None and len(others):
        usual = explainer.contributions(prepared(model, others)).mean(axis=0)

    def of(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        Z = prepared(model, rows)
        own = model[-1].predict_proba(Z)[:, 1].round(9)
        added = explainer.contributions(Z)
        return own, np.column_stack([wording.texts(added, rows), wording.raising(added - usual, rows)])

    return side_by_side(of, [(X.iloc[n : n + AT_ONCE],) for n in range(0, len(X), AT_ONCE)])


def segments(clusterer: Pipeline, labels: pd.DataFrame, today: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Segment of each row on its own day: the group the clusterer assigns, by the name most of it have today."""
    columns = list(clusterer.feature_names_in_)
    named = today[["customer_id"]].merge(labels[["customer_id", "segment"]], on="customer_id", how="left").segment
    commonest = named.groupby(clusterer.predict(today[columns])).agg(_commonest)
    return pd.Series(clusterer.predict(rows[columns])).map(commonest).fillna("none").to_numpy(str)


def _commonest(names: pd.Series) -> str:
    return str(names.mode().iloc[0])
