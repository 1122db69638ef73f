"""Every kind of model of the churn notebook on one matrix, with seconds; and a public AutoML on the same matrix.

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

from patrons.churn import final, kinds, preprocessing, rules, search, split
from patrons.evaluation.metrics import brier, roc_auc
from patrons.evaluation.scores import RANKING, difference
from patrons.models import load_model
from patrons.series.params import declared

SEED = 42
NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "06_churn.ipynb"
AUTOML = """
import json, sys, time
import numpy as np, flaml
from flaml import AutoML
data = np.load(sys.argv[1])
began, model = time.process_time(), AutoML()
model.fit(data["X"], data["y"], task="classification", metric="roc_auc", time_budget=float(sys.argv[2]), n_jobs=1,
          seed=42, verbose=0, eval_method="cv", n_splits=3, split_type="group", groups=data["groups"])
np.save(sys.argv[3], model.predict_proba(data["Z"])[:, 1])
record = {"version": flaml.__version__, "cpu": time.process_time() - began, "best": model.best_estimator}
print(json.dumps(record))
"""


def main() -> None:
    """Print a table of models: ROC AUC, Brier score and CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("processed", type=Path, help="results of a series, such as data/processed/online_retail_ii")
    parser.add_argument("--automl", help="interpreter of a venv with FLAML")
    parser.add_argument("--budget", type=float, default=120, help="seconds that the AutoML may take")
    options = parser.parse_args()
    folder = options.processed / "02_transformation"
    left_out, rows, tried = (declared(NOTEBOOK)[name].default for name in ("leave_out", "search_rows", "n_trials"))
    panel = pd.read_parquet(folder / "panel.parquet").drop(columns=left_out, errors="ignore")
    prepare = preprocessing.for_panel(load_model(folder / "preparation.skops"), panel)
    train, test = split.split(panel, SEED)
    began = time.process_time()
    pairs, spaces = split.folds(train, 3, 5, SEED), kinds.spaces({}, {}, {}, {})
    probabilities = rules.validated(rules.baselines(prepare, train, SEED), train, pairs)
    folds = preprocessing.as_matrices(train, pairs, prepare, 0, rows, SEED)
    result = search.search(train, folds, spaces, rules.seen(train, pairs, probabilities), tried, rows, SEED)
    fitted = final.fit(result, "none", train, prepare, 0, rows, SEED)
    seconds = time.process_time() - began
    X_test, truth = split.inputs(test), test.churned.to_numpy()
    scores = {name: split.probability(model, X_test) for name, model in fitted.models.items()}
    print(f"{seconds:.0f} CPU s\n\n| model | validated | ROC AUC | Brier |\n|:--|--:|--:|--:|")
    for name, score in scores.items():
        values = result.cv_roc_auc(name), roc_auc(truth, score), brier(truth, score)
        numbers = " | ".join(f"{value:.4f}" for value in values)
        print(f"| {name} | {numbers} |")
    if options.automl:
        ready = fitted.model[:-1]
        _, last = preprocessing.views(ready, [kinds.FOREST])[0]
        Z, Z_test = (ready.transform(rows)[:, :last] for rows in (split.inputs(train), X_test))  # as trees see them
        groups = pd.factorize(train.customer_id)[0]
        arrays = {"X": Z, "y": train.churned.to_numpy(), "Z": Z_test, "groups": groups}
        against(options, arrays, truth, result.chosen, scores[result.chosen], seconds)


def against(
    options: argparse.Namespace,
    arrays: dict[str, np.ndarray],
    truth: np.ndarray,
    chosen: str,
    ours: np.ndarray,
    seconds: float,
) -> None:
    """Print the AutoML's row, and how the chosen model compares. It validates on customers that it has not seen."""
    with tempfile.TemporaryDirectory() as folder:
        matrix, output, script = (Path(folder) / name for name in ("matrix.npz", "probabilities.npy", "automl.py"))
        np.savez(matrix, **arrays)
        script.write_text(AUTOML, encoding="utf-8")
        command = [options.automl, script, matrix, str(options.budget), output]
        record = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        theirs = np.load(output)
    gain = difference(RANKING["roc_auc"], truth, ours, theirs)
    score = f"{roc_auc(truth, theirs):.4f} | {brier(truth, theirs):.4f} | {record['cpu']:.0f}"
    print(f"| FLAML {record['version']} ({record['best']}) | | {score} |")
    print(f"\n{chosen} minus FLAML: {gain}; it took {seconds / record['cpu']:.2f} of its CPU time.")


if __name__ == "__main__":
    main()
