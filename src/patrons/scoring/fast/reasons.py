"""The reasons of one customer without pandas: what `patrons.churn.reasons` computes, from one prepared row."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from patrons.churn.attribution import Explain
from patrons.churn.ensemble import BaseRate, Calibrated, MeanOf
from patrons.churn.reasons import Explainer
from patrons.churn.wording import Wording
from patrons.features.preparation import sources
from patrons.scoring.fast.trees import forest

Row = Mapping[str, Any]


def reasons_of_row(
    model: Pipeline, shared: Explainer, dictionary: pd.DataFrame, prepare: Callable[[Row], np.ndarray] | None
) -> Callable[[Row], list[str]] | None:
    """A function from a row to its three reasons, empty text where there are fewer; None where there is no fast form.

    Parameters
    ----------
    model : Pipeline
        What 06 saves.
    shared : Explainer
        Of that model, whose tables of Shapley values are large: the one that explains tables.
    dictionary : DataFrame
        The data dictionary.
    prepare : callable or None
        What `pipeline.prepared` returned for the model.
    """
    last = model[-1]
    mean = last.classifier if isinstance(last, Calibrated) else last
    if isinstance(last, BaseRate):
        return lambda row: ["", "", ""]
    if prepare is None or not isinstance(mean, MeanOf):
        return None
    members = [
        (view, forest(member).steps if isinstance(member, RandomForestClassifier) else _of_one(explain))
        for (view, explain), member in zip(shared.members, mean.members_, strict=True)
    ]
    place = np.array([shared.features.index(name) for name in sources(model["prepare"])])
    wording = Wording(shared.features, dictionary)

    def explain(row: Row) -> list[str]:
        x = prepare(row)
        added = np.zeros(len(x))
        for view, member in members:
            added[view] += member(x[view])
        return wording.of_one(np.bincount(place, added / len(members)), row)

    return explain


def _of_one(explain: Explain) -> Explain:
    return lambda x: explain(x[None])[0]
