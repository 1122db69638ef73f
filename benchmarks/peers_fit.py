"""The peers of `benchmarks/peers.py`: runs in an interpreter of their own, and imports nothing of Patrons.

    python peers_fit.py FOLDER PEER [PEER ...] --seed 42

FOLDER holds `train.parquet`, `test.parquet` (features, and in training `churned`), `task.json` and, for those that
search, `folds.npz`: the rows that ours is validated on, too. Of each peer one JSON line is printed, and its
probabilities are written to FOLDER.
"""

import argparse
import importlib
import json
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np
import pandas as pd

OUTCOME = "churned"


class Task:
    """The rows of one outer split."""

    def __init__(self, folder: Path, bare: bool, seed: int):
        settings = json.loads((folder / "task.json").read_text())
        train, test = (pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "test"))
        self.y, self.seed = train.pop(OUTCOME).to_numpy(), seed
        left_out = [*settings["special"]] if bare else []
        empty = [name for name in train if train[name].isna().all()]
        train, test = (rows.drop(columns=[*left_out, *empty], errors="ignore") for rows in (train, test))
        self.categories = [name for name in train if not pd.api.types.is_numeric_dtype(train[name])]
        for name in self.categories:
            kinds = pd.CategoricalDtype(sorted(train[name].dropna().astype(str).unique()))
            train[name], test[name] = (rows[name].astype(object).astype(kinds) for rows in (train, test))
        self.X, self.X_test = train, test
        self.bought, self.horizon, self.folder = settings["bought"], settings["horizon"], folder

    def folds(self) -> list[tuple[np.ndarray, np.ndarray]]:
        saved = np.load(self.folder / "folds.npz")
        return [(saved[f"fit{n}"], saved[f"val{n}"]) for n in range(len(saved.files) // 2)]

    def ranked(self, model) -> np.ndarray:
        return model.predict_proba(self.X_test)[:, 1]


class Folds:
    """Given pairs of rows as a splitter."""

    def __init__(self, pairs):
        self.pairs = pairs

    def split(self, X, y=None, groups=None):
        return iter(self.pairs)

    def get_n_splits(self, *_, **__):
        return len(self.pairs)


def histogram_boosting(task: Task) -> np.ndarray:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return task.ranked(HistGradientBoostingClassifier(random_state=task.seed).fit(task.X, task.y))


def xgboost(task: Task) -> np.ndarray:
    from xgboost import XGBClassifier

    return task.ranked(XGBClassifier(enable_categorical=True, random_state=task.seed, n_jobs=1).fit(task.X, task.y))


def random_forest(task: Task) -> np.ndarray:
    from sklearn.ensemble import RandomForestClassifier

    X, X_test = (pd.get_dummies(rows, columns=task.categories, dtype=float) for rows in (task.X, task.X_test))
    return RandomForestClassifier(300, random_state=task.seed, n_jobs=1).fit(X, task.y).predict_proba(X_test)[:, 1]


def catboost(task: Task) -> np.ndarray:
    from catboost import CatBoostClassifier

    X, X_test = (
        rows.assign(**{name: rows[name].astype(object).fillna("missing") for name in task.categories})
        for rows in (task.X, task.X_test)
    )
    settings = {"random_seed": task.seed, "thread_count": 1, "verbose": False, "allow_writing_files": False}
    return CatBoostClassifier(**settings).fit(X, task.y, cat_features=task.categories).predict_proba(X_test)[:, 1]


def count_cpu_seconds() -> None:
    """Let Python's clock tell CPU seconds, so that an AutoML's budget is the same however busy the machine is."""
    start, used = time.time(), time.process_time()
    time.time = lambda: start + time.process_time() - used


def flaml(task: Task, budget: float) -> tuple[np.ndarray, str]:
    from flaml import AutoML

    model = AutoML()
    settings = {"task": "classification", "metric": "roc_auc", "time_budget": budget, "n_jobs": 1, "verbose": 0}
    settings |= {"eval_method": "cv", "split_type": Folds(task.folds()), "seed": task.seed}
    model.fit(X_train=task.X, y_train=task.y, **settings)
    return task.ranked(model), str(model.best_estimator)


def autogluon(task: Task, budget: float) -> tuple[np.ndarray, str]:
    from autogluon.tabular import TabularPredictor

    with tempfile.TemporaryDirectory() as folder:
        model = TabularPredictor(OUTCOME, eval_metric="roc_auc", path=folder, verbosity=0)
        model.fit(task.X.assign(**{OUTCOME: task.y}), time_limit=budget, num_cpus=1, num_gpus=0)
        return model.predict_proba(task.X_test)[1].to_numpy(), str(model.model_best)


def bgnbd(task: Task) -> np.ndarray:
    """1 minus the chance of an order within the horizon, by BG/NBD fitted (MAP) to the customers of the test day."""
    from pymc_marketing.clv import BetaGeoModel

    bought = pd.DataFrame(task.bought)
    model = BetaGeoModel()
    model.fit(bought, method="map", progressbar=False)
    r, alpha, a, b = (float(model.fit_result[name].mean()) for name in ("r", "alpha", "a", "b"))
    x, last, age = (bought[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    odds_left = np.where(x > 0, a / (b + np.maximum(x, 1) - 1), 0.0) * ((alpha + age) / (alpha + last)) ** (r + x)
    silent = ((alpha + age) / (alpha + age + task.horizon)) ** (r + x)
    return (odds_left + silent) / (1 + odds_left)


def fitted(name: str, folder: Path, seed: int) -> dict:
    """One peer's record; a failure is one too. Names are such as "FLAML 60 s" and "XGBoost, without BTYD"."""
    plain, _, bare = name.partition(", ")
    task = Task(folder, bool(bare), seed)
    tool, _, budget = plain.partition(" ") if plain.endswith(" s") else (plain, "", "")
    given = [float(budget.split()[0])] if budget else []
    function, module = PEERS[tool]
    try:
        importlib.import_module(module)
        if given:
            count_cpu_seconds()
        began, clock = time.process_time(), time.perf_counter()
        result = function(task, *given)
    except Exception:
        return {"peer": name, "failed": traceback.format_exc(limit=-1).strip().splitlines()[-1][:300]}
    probabilities, note = result if isinstance(result, tuple) else (result, "")
    seconds = {"cpu": round(time.process_time() - began, 2), "wall": round(time.perf_counter() - clock, 2)}
    if not np.isfinite(probabilities).all():
        return {"peer": name, "failed": "probabilities that are no numbers"}
    np.save(folder / f"{name.replace('/', '-')}.npy", np.asarray(probabilities, float).round(9))
    return {"peer": name, **seconds, "note": note}


PEERS = {
    "FLAML": (flaml, "flaml"),
    "AutoGluon": (autogluon, "autogluon.tabular"),
    "histogram boosting": (histogram_boosting, "sklearn.ensemble"),
    "XGBoost": (xgboost, "xgboost"),
    "random forest": (random_forest, "sklearn.ensemble"),
    "CatBoost": (catboost, "catboost"),
    "BG/NBD": (bgnbd, "pymc_marketing.clv"),
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("peers", nargs="+")
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    for peer in options.peers:
        print("\n" + json.dumps(fitted(peer, options.folder, options.seed)), flush=True)
