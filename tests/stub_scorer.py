"""A scorer of a customer table without models: it reads, judges and answers files as any other, in no time."""

from types import SimpleNamespace

import pandas as pd

from patrons.scoring.drift import Learnt
from patrons.scoring.rows import describe, reader_of
from patrons.scoring.scorer import Scorer


class StubAnswers:
    """Churn is tenure in months / 100 + fee / 1,000, whatever else is known."""

    def table(self, X: pd.DataFrame) -> dict:
        return {
            "segment": [1] * len(X),
            "segment_name": ["All"] * len(X),
            "margin": [0.5] * len(X),
            "segments_later": [["All"]] * len(X),
            "churn_probability": (X.tenure_months / 100 + X.monthly_fee / 1000).round(9),
            "flagged": [False] * len(X),
        }

    def one(self, row: dict) -> dict:
        return {name: next(iter(values)) for name, values in self.table(pd.DataFrame([row])).items()}


class StubScorer(Scorer):
    """Knows of each column of `training` what a release does, and reads as `intake` (parameters of 01) says."""

    def __init__(self, training: pd.DataFrame, id: str = "customer_no", **intake):
        names = [name for name in training if name != id]
        self.manifest = {"id": "0123456789ab", "name": "toy", "kind": "table", "parameters": {"01_eda": {"id": id}}}
        self.manifest["parameters"]["01_eda"] |= intake
        self.features = describe(training, names, pd.DataFrame({"feature": []}))
        self.models = {"clusterer": SimpleNamespace(feature_names_in_=names)}
        self.manifest["features"] = [feature._asdict() for feature in self.features]
        self.reader, self.learnt = reader_of(self.manifest), Learnt(self.features)
        self.answers = StubAnswers()
        self.segments = []
