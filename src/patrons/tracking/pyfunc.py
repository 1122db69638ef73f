"""A release as an MLflow model: ``mlflow.pyfunc.load_model`` and ``spark_udf`` score through the same `Scorer`.

MLflow keeps this file as text and runs it when the model is loaded: nothing is pickled.
"""

from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from patrons.scoring import Scorer


class Release(PythonModel):
    """Customer rows in, answers in the columns of `scoring.scorer.COLUMNS` out."""

    def load_context(self, context: Any) -> None:
        self.scorer = Scorer.load(context.artifacts["release"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        return self.scorer.score_rows(model_input)


mlflow.models.set_model(Release())
