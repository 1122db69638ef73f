"""Why a customer got their probability: what each feature adds to it, and the three that weigh most, in plain words.

What features add sums to the probability. It is computed for each member of the model (`churn.attribution`); terms of
log odds are scaled to the change of the probability that they cause together. These are reasons of the model, not
causes of the churn.
"""

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from patrons.churn.attribution import of_member
from patrons.churn.ensemble import BaseRate, Calibrated
from patrons.churn.wording import Wording
from patrons.features.preparation import sources

REASONS = ("reason_1", "reason_2", "reason_3")
RAISING = "raising"  # what raises the risk most, also of customers whose reasons lower it: why to contact them


class Explainer:
    """Explains the probabilities of a model; made once, for any number of tables.

    Parameters
    ----------
    model : Pipeline
        What 06 saves: a preparation, and a `MeanOf`, a `Calibrated` one or a `BaseRate`.

    Attributes
    ----------
    features : list of str
        The raw features that the model uses; none of a `BaseRate`.
    members : list of (slice, function)
        For each member of the model its columns, and what gives what these add (`attribution.of_member`).
    """

    def __init__(self, model: Pipeline):
        last, self.members = model[-1], []
        mean = last.classifier if isinstance(last, Calibrated) else last
        names = [] if isinstance(last, BaseRate) else sources(model["prepare"])
        self.features = list(dict.fromkeys(names))
        self._source = np.array([[name == feature for feature in self.features] for name in names], dtype=float)
        if names:
            views = [slice(*view) for view in mean.views_]
            pairs = zip(views, mean.members_, strict=True)
            self.members = [(view, of_member(member, mean.centre_[view])) for view, member in pairs]

    def contributions(self, Z: np.ndarray) -> np.ndarray:
        """What each feature adds to the probability of prepared rows (before calibration), against the model's mean.

        Returns
        -------
        array of shape (n_customers, n_features)
        """
        if not self.members:
            return np.zeros((len(Z), 0))
        added = np.zeros(np.shape(Z))
        for view, explain in self.members:
            added[:, view] += explain(Z[:, view])
        return added / len(self.members) @ self._source


def reasons(model: Pipeline, rows: pd.DataFrame, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Three reasons a customer, each from another group of features, the weightiest first.

    Reasons explain the side on which the customer is: what raises the probability where it is above the model's mean,
    what lowers it otherwise. How much of a peak season lies ahead is the same for everyone, so it is never a reason.
    One row has the reasons that it has among many.

    Parameters
    ----------
    model : Pipeline
        As an `Explainer` takes it.
    rows : DataFrame
        Raw feature columns.
    dictionary : DataFrame
        `feature`, `group`, `unit`, `meaning`, as 02 writes it.

    Returns
    -------
    DataFrame
        `reason_1`, `reason_2`, `reason_3` on the index of `rows`; empty text where nothing (more) explains that side.
    """
    added = contributions(model, rows)
    texts = Wording(list(added.columns), dictionary).texts(added.to_numpy(), rows)
    return pd.DataFrame(texts, rows.index, REASONS, dtype="str")


def contributions(model: Pipeline, rows: pd.DataFrame) -> pd.DataFrame:
    """What each raw feature adds to the probability of churn (before calibration), against the model's mean.

    Returns
    -------
    DataFrame
        A row a customer, a column for each feature that the model uses; no column for a `BaseRate`.
    """
    explainer = Explainer(model)
    Z = prepared(model, rows) if explainer.features else np.zeros((len(rows), 0))
    return pd.DataFrame(explainer.contributions(Z), rows.index, explainer.features)


def prepared(model: Pipeline, rows: pd.DataFrame) -> np.ndarray:
    """Rows as the model's last step takes them."""
    return np.asarray(model[:-1].transform(rows), dtype=float)
