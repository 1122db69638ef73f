"""Every family of the churn notebook on one matrix, with seconds; and a public AutoML on the same matrix beside it.

    PYTHONPATH=src python benchmarks/churn.py data/processed/online_retail_ii --automl /path/to/other/venv/bin/python

Needs the results of 02 for that data set. The other interpreter has FLAML (`pip install "flaml[automl]"`). Times are
CPU seconds.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from patrons.churn import search as churn_search
from patrons.churn import split as churn
from patrons.evaluation.metrics import brier, roc_auc
from patrons.evaluation.scores import RANKING, difference
from patrons.features.preparation import only
from patrons.models import load_model
from patrons.series.params import declared

SEED = 42
NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "06_churn.ipynb"
PREFIXES = ("logistic", "forest", "boosting", "network")
AUTOML = """
import json, sys, time
import numpy as np, flaml
from flaml import AutoML
data = np.load(sys.argv[1])
began, model = time.process_time(), AutoML()
model.fit(data["X"], data["y"], task="classification", metric="roc_auc", time_budget=float(sys.argv[2]), n_jobs=1,
          seed=42, verbose=0, eval_method="cv", n_splits=3, split_type="group", groups=data["groups"])
np.save(sys.argv[3], model.predict_proba(data["Z"])[:, 1])
told = {"version": flaml.__version__, "cpu": time.process_time() - began, "best": model.best_estimator}
print(json.dumps(told))
"""


def spaces() -> dict[str, dict[str, list]]:
    """The search spaces of the notebook's defaults."""
    values = {name: one.default for name, one in declared(NOTEBOOK).items()}
    return {
        kind: {name.removeprefix(f"{prefix}_"): v for name, v in values.items() if name.startswith(f"{prefix}_")}
        for kind, prefix in zip(churn_search.KINDS, PREFIXES, strict=True)
    }


def main() -> None:
    """Print a table of models: ROC AUC, Brier score and CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("processed", type=Path, help="results of a series, such as data/processed/online_retail_ii")
    parser.add_argument("--automl", help="interpreter of a venv with FLAML")
    parser.add_argument("--budget", type=float, default=120, help="seconds that the AutoML may take")
    options = parser.parse_args()
    folder = options.processed / "02_transformation"
    prepare = load_model(folder / "preparation.skops")
    left_out, rows, tried = (declared(NOTEBOOK)[name].default for name in ("leave_out", "search_rows", "n_trials"))
    panel = pd.read_parquet(folder / "panel.parquet").drop(columns=left_out, errors="ignore")
    prepare = only(prepare, list(churn.inputs(panel)))
    train, test = churn.split(panel, SEED)
    began = time.process_time()
    folds = churn.folds(train, 3, 5, SEED)
    parts = churn_search.prepared(train, folds, churn_search.front(prepare, 0, SEED), rows, SEED)
    found = churn_search.search(train, parts, spaces(), tried, rows, SEED)
    X, y, truth = churn.inputs(train), train.churned.to_numpy(), test.churned.to_numpy()
    ready = churn_search.fit_front(churn_search.front(prepare, 0, SEED), X, y, rows, SEED)
    Z, Z_test = ready.transform(X), ready.transform(churn.inputs(test))
    fitted = churn_search.final(found, ready, Z, y, SEED)
    seconds = time.process_time() - began
    said = {name: model.predict_proba(Z_test)[:, 1] for name, model in fitted.items()}
    of_search = found.tried.groupby("model").seconds.sum()
    print("| model | validated | ROC AUC | Brier | CPU s |\n|:--|--:|--:|--:|--:|")
    for name, score in said.items():
        spent = of_search.get(name, seconds)
        row = found.cv_roc_auc(name), roc_auc(truth, score), brier(truth, score)
        print(f"| {name} | {' | '.join(f'{value:.4f}' for value in row)} | {spent:.0f} |")
    if options.automl:
        against(options, Z, y, train.customer_id, Z_test, truth, said[churn_search.MEAN], seconds)


def against(
    options: argparse.Namespace, Z: np.ndarray, y: np.ndarray, customers, Z_test: np.ndarray, truth, ours, seconds
) -> None:
    """Print the AutoML's row, and how it compares with the mean. It validates on customers that it has not seen."""
    with tempfile.TemporaryDirectory() as folder:
        matrix, told, script = (Path(folder) / name for name in ("matrix.npz", "said.npy", "automl.py"))
        np.savez(matrix, X=Z, y=y, Z=Z_test, groups=pd.factorize(customers)[0])
        script.write_text(AUTOML, encoding="utf-8")
        command = [options.automl, script, matrix, str(options.budget), told]
        record = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        theirs = np.load(told)
    gain = difference(RANKING["roc_auc"], truth, ours, theirs)
    score = f"{roc_auc(truth, theirs):.4f} | {brier(truth, theirs):.4f} | {record['cpu']:.0f}"
    print(f"| FLAML {record['version']} ({record['best']}) | | {score} |")
    print(f"\nMean of three minus FLAML: {gain}; it took {seconds / record['cpu']:.2f} of its CPU time.")


if __name__ == "__main__":
    main()
