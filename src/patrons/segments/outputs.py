"""What 03 and 05 write, also where there is nothing to find or to learn: later notebooks and the scorer then go on."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from patrons.evaluation.metrics import Interval
from patrons.evaluation.model_card import model_card
from patrons.features.preparation import as_inputs
from patrons.segments import in_time, later
from patrons.segments.classification import fit
from patrons.segments.leaderboard import NONE
from patrons.segments.placement import Task
from patrons.stage import Stage

SAMPLE = 100  # rows of a model's inputs that are kept beside it
USE = "Placing customers of this shop in today's segments when what the segments were made from is not at hand."


def one_group(stage: Stage, described: pd.DataFrame) -> None:
    """Write the outputs of 03 where there are no groups: a clusterer that places everyone in one.

    Parameters
    ----------
    stage : Stage
    described : DataFrame
        The columns that customers were to be grouped by.
    """
    steps = SimpleImputer(strategy="median", keep_empty_features=True), KNeighborsClassifier(1)
    stage.write("clusterer.skops", make_pipeline(*steps).fit(described.head(1), [0]))
    stage.write("clusterer.sample.parquet", described.head(SAMPLE))
    stage.write("leaderboard.parquet", NONE)
    stage.write("in_time.parquet", in_time.NONE)
    stage.record(k=1)


def shares_only(
    stage: Stage,
    task: Task,
    labels: pd.DataFrame,
    dataset: Mapping[str, Any],
    author: str,
    reason: str,
) -> None:
    """Write the outputs of 05 where there is nothing to learn: a model that gives each segment its share of customers.

    Parameters
    ----------
    stage : Stage
    task : Task
        Of which fewer than two segments can be learnt.
    labels : DataFrame
        As 04 wrote them.
    dataset : mapping
        What 01 found out about the data.
    author : str
        Who answers for the model.
    reason : str
        Why there is nothing to learn.
    """
    X, y = as_inputs(task.everyone[task.seen]), task.everyone.segment.to_numpy(object)
    model = fit(task.prepare, DummyClassifier(strategy="prior"), X, y)
    stage.write("segment_model.skops", model)
    stage.write("segment_model.sample.parquet", X.head(SAMPLE))
    card = segment_card(stage, dataset, "shares of the segments", author, {}, {}, reason)
    stage.write("segment_model.json", record(list(model.classes_), labels, card))
    stage.write("segment_later.json", later.without(task.everyone, later.FEW))


def segment_card(
    stage: Stage,
    dataset: Mapping[str, Any],
    family: str,
    author: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, Interval | float],
    limits: str,
) -> dict[str, Any]:
    """The card of the segment model that the stage has just written (see `evaluation.model_card`)."""
    return model_card(
        stage.path("segment_model.skops"),
        dataset,
        algorithm=family,
        author=author,
        parameters=parameters,
        metrics=metrics,
        intended_use=USE,
        limits=[limits],
    )


def record(names: list[str], labels: pd.DataFrame, card: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept beside the model: its segments, their numbers, and the card."""
    return {
        "labels": names,
        "groups": dict(zip(labels.segment, map(int, labels.group), strict=True)),
        "card": card,
    }


def likely_later(
    stage: Stage, procedure: later.Procedure, forecast: later.Forecast, origins: pd.DataFrame
) -> Mapping[str, Any]:
    """Write what `later.record` gives, and the model of today beside it where that is to be used; return the record."""
    kept = later.record(procedure, forecast, origins)
    stage.write("segment_later.json", kept)
    if kept["used"]:
        stage.write("segment_later.skops", procedure.fitted[procedure.pairs.today])
    return kept
