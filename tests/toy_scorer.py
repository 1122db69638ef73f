"""A scorer of two features whose answers can be worked out by heart, and release folders that hold one."""

import json
import math
import time
from pathlib import Path

import pandas as pd

from patrons.scoring.drift import Learnt, Watch
from patrons.scoring.rows import Feature
from patrons.scoring.scorer import COLUMNS

FEATURES = [
    Feature("recency_days", "number", True, "days", "days since the last order", 30.0, low=0.0, high=90.0),
    Feature("channel", "category", False, "", "where they signed up", "web", ["web", "shop"]),
]


class ToyScorer:
    """Churn is recency / 100; 666 breaks it; `slow` seconds a customer."""

    def __init__(self, folder: Path):
        self.manifest = json.loads((folder / "release.json").read_text())
        self.later = self.manifest.get("later", {})
        self.features, self.learnt, self.slow = FEATURES, Learnt(FEATURES), self.manifest.get("slow", 0)

    def check(self) -> list[str]:
        return self.manifest.get("problems", [])

    def score_one(self, row: dict) -> dict:
        if self.slow:
            time.sleep(self.slow)
        answer = dict.fromkeys(COLUMNS) | {"customer_id": row.get("customer_id")}
        if row.get("recency_days") is None:
            return answer | {"error": "recency_days is missing"}
        if row["recency_days"] == 666:
            raise RuntimeError(f"secret {row}")
        values = {one.name: math.nan if (value := row.get(one.name)) is None else value for one in FEATURES}
        answer["warnings"] = self.learnt.one(values)
        churn = float(row["recency_days"]) / 100
        return answer | {"segment": 1, "segment_name": "Champions", "churn_probability": churn, "flagged": churn >= 0.5}

    def score_rows(self, table: pd.DataFrame, watch: Watch | None = None) -> pd.DataFrame:
        if watch:
            watch.add(table.reindex(columns=[feature.name for feature in FEATURES]))
        rows = [self.score_one(row) for row in table.astype(object).where(table.notna(), None).to_dict("records")]
        return pd.DataFrame(rows, columns=list(COLUMNS))


def write_release(folder: Path, number: str, **facts) -> Path:
    """A release folder that `ToyScorer` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    common = {"name": "toy", "kind": "orders", "created": "2026-01-01", "versions": {}, "thresholds": {"churn": 0.5}}
    manifest = {
        "id": number,
        **common,
        "segments": {"0": {"number": 1, "name": "Champions"}},
        "parameters": {"01_eda": {}},
        **facts,
    }
    partial = folder / "release.json.partial"
    partial.write_text(json.dumps(manifest))
    partial.rename(folder / "release.json")
    return folder
