"""What tests of deliveries share: releases of the toy scorer that can be exported, and a registry in memory."""

import json
from pathlib import Path
from types import SimpleNamespace

from patrons.scoring import release
from patrons.scoring.scorer import COLUMNS
from patrons.tracking import promotion, registry
from patrons.tracking.promotion import Judgement


def sealed(folder: Path, mark: str, churn: float = 0.2, **facts) -> Path:
    """A release in the form of real ones, for the toy scorer; `churn` is the golden answer to 20 days (.2 is right)."""
    folder.mkdir(parents=True)
    for name in release.ALWAYS - {release.GOLDEN}:
        (folder / name).write_text(mark)
    answer = dict.fromkeys(COLUMNS) | {"segment": 1, "segment_name": "Champions", "flagged": False}
    pair = {"request": {"recency_days": 20}, "answer": {**answer, "churn_probability": churn}}
    (folder / release.GOLDEN).write_text(json.dumps([pair, pair]))
    common = {"format": release.FORMAT, "name": "toy", "kind": "orders", "created": "2026-01-01", "versions": {}}
    empty = {"fast": {}, "metrics": {}, "features": [], "gates": [], "thresholds": {"churn": 0.5}}
    known = {"segments": {"0": {"number": 1, "name": "Champions"}}, "parameters": {"01_eda": {}}}
    release.seal(folder, {**common, **empty, **known, **facts})
    return folder


class ToyRegistry:
    """Versions in memory: `stored` has their folders, the first of which is version 1; `champions` the line of them."""

    def __init__(self, *stored: Path):
        self.stored, self.champions, self.why = list(stored), [], []

    def install(self, monkeypatch) -> "ToyRegistry":
        """Let deliveries find it in place of MLflow, and judge by it."""
        monkeypatch.setattr(registry, "Registry", lambda name, root: self)
        monkeypatch.setattr(promotion, "judge", self.judge)
        return self

    def judge(self, name, root):
        """The last one that was stored is that of the last results."""
        number = release.read(self.stored[-1])["id"]
        return Judgement(len(self.stored), number, self.champion, [], None, "it matches the champion")

    @property
    def champion(self) -> int | None:
        return self.champions[-1] if self.champions else None

    def state(self):
        return SimpleNamespace(line=SimpleNamespace(champion=self.champion))

    def fetch(self, version, folder):
        return release.export(self.stored[version - 1], folder)

    def promote(self, version, why):
        self.champions.append(int(version))
        self.why.append(why)

    def rollback(self, why):
        self.why.append(why)
        self.champions.pop()
        return {"to": self.champion}

    def withdraw(self, why):
        self.why.append(why)
        self.champions.clear()
