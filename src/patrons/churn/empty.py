"""The outputs of 06 where nothing can be learnt: everyone gets the share that churned, and nobody is flagged."""

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from patrons.churn import customers, gates, narrative
from patrons.churn.ensemble import BaseRate
from patrons.churn.final import as_pipeline
from patrons.churn.origins import Tried
from patrons.churn.record import record, rows_tried
from patrons.evaluation.model_card import model_card
from patrons.features.panel import OUTCOME
from patrons.features.preparation import two_views
from patrons.features.split import inputs
from patrons.stage import Stage

ALGORITHM = "share that churned"
CONSEQUENCE = "Everyone gets the share who left as a risk, nobody gets a warning, and the rest is skipped."
GATE = gates.Gate("enough to learn from", 0.0, "both outcomes, an earlier day", False)


def write(
    stage: Stage,
    problem: str,
    train: pd.DataFrame,
    test: pd.DataFrame,
    prepare: ColumnTransformer,
    flag_by: str,
    author: str,
) -> None:
    """Write every file that 06 declares, and record that the one gate failed.

    Parameters
    ----------
    stage : Stage
        Of 06, in which the inputs of 06 can be read.
    problem : str
        Why nothing can be learnt, a sentence (`split.problem`).
    train, test : DataFrame
        The rows there are.
    prepare : ColumnTransformer
        The preparation, unfitted.
    flag_by, author : str
        As the notebook's parameters.
    """
    model, verdicts = base_rate(train if len(train) else test, prepare), gates.table([GATE])
    scored = customers.scores(model, stage.read("features.parquet"), stage.read("dictionary.parquet"))
    stage.write("churn.skops", model)
    stage.write("churn_tested.skops", model)
    stage.write("churn.sample.parquet", inputs(test).head(100))
    stage.write("churn_scores.parquet", scored)
    stage.write("tried.parquet", rows_tried(Tried([], None), test[["customer_id", OUTCOME]].assign(score=0.0)[:0], 0.0))
    phrases = narrative.phrases(train, test)
    card = model_card(
        stage.path("churn.skops"),
        stage.read("dataset.json"),
        algorithm=ALGORITHM,
        author=author,
        parameters={},
        metrics={},
        intended_use=narrative.INTENDED,
        limits=narrative.limits(phrases, problem, [GATE.gate]),
    )
    stage.write("churn.json", record({}, flag_by, verdicts, card, phrases, test, problem))
    stage.record(test_churn_rate=test[OUTCOME].mean(), gates_failed=1)


def base_rate(rows: pd.DataFrame, prepare: ColumnTransformer) -> Pipeline:
    """A pipeline that gives everyone the share that churned of these rows."""
    ready = Pipeline([("prepare", two_views(prepare).fit(inputs(rows)))])
    return as_pipeline(ready, BaseRate().fit(None, rows[OUTCOME]))
