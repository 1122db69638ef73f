"""Is the recipe that 06 chose once, tried on earlier days, kinder than a procedure that chooses anew on each of them?

    python run_all.py params/demo.yaml
    PYTHONPATH=src python benchmarks/origins.py data/processed/demo

06 tries one recipe, chosen on validated days, on origins that are partly the same days. Here the whole search runs on
each origin with nothing but what was known on it. Scores are of those who had ordered within one horizon before.
"""

import argparse
from pathlib import Path

import pandas as pd

from patrons.churn import columns, final, kinds, preprocessing, procedure, rules, search, split
from patrons.churn.customers import active
from patrons.evaluation.metrics import brier, roc_auc
from patrons.features.panel import KNOWN, OUTCOME
from patrons.models import load_model
from patrons.series.params import declared

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "06_churn.ipynb"
DEFAULT = {name: parameter.default for name, parameter in declared(NOTEBOOK).items()}
ROWS, SEED = DEFAULT["search_rows"], DEFAULT["seed"]


def chosen(train: pd.DataFrame, prepare: object) -> tuple[search.SearchResult, int]:
    """What 06 chooses from these rows: a model with its settings, and how many columns it keeps."""
    folds = split.folds(train, DEFAULT["origins"], 0, SEED)
    seen = rules.seen(rules.baselines(prepare, train, SEED), train, folds, ROWS, SEED)
    spaces = kinds.spaces({}, {}, {}, {})
    first = kinds.first(spaces[kinds.BOOSTING], seen)
    kept, matrices = columns.compare(train, folds, prepare, DEFAULT["n_features"], first, ROWS, SEED)
    result = search.search(train, matrices, spaces, seen, DEFAULT["n_trials"], ROWS, SEED)
    return result, int(kept.top.iloc[0])


def scores(recipe: tuple[search.SearchResult, int], known: pd.DataFrame, day: pd.DataFrame, prepare: object) -> tuple:
    """The model's kind, and its ROC AUC and Brier score on a day, fitted on what was known."""
    result, top = recipe
    judged = day[active(day)]
    model = final.fit_chosen(result, known, prepare, top, ROWS, SEED)
    score, truth = split.probability(model, split.inputs(judged)), judged[OUTCOME].to_numpy()
    return result.chosen, roc_auc(truth, score), brier(truth, score)


def main() -> None:
    """Print a table of origins."""
    line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("processed", type=Path, help="results of a series, such as data/processed/demo")
    folder = line.parse_args().processed / "02_transformation"
    panel = pd.read_parquet(folder / "panel.parquet").drop(columns=DEFAULT["leave_out"], errors="ignore")
    prepare = preprocessing.for_panel(load_model(folder / "preparation.skops"), panel)
    once = chosen(split.split(panel)[0], prepare)
    print("| day | chosen anew | ROC AUC: anew | once | Brier: anew | once |\n|:--|:--|--:|--:|--:|--:|")
    table = []
    for day in procedure.days(panel):
        known, rows = panel[panel[KNOWN] <= day], panel[panel.as_of == day]
        if not split.folds(known, DEFAULT["origins"], 0, SEED):
            print(f"| {day:%Y-%m-%d} | no day to validate on | | | | |")
            continue
        (kind, auc, loss), (_, auc_once, loss_once) = (
            scores(recipe, known, rows, prepare) for recipe in (chosen(known, prepare), once)
        )
        table.append((auc, auc_once, loss, loss_once))
        print(f"| {day:%Y-%m-%d} | {kind} | {auc:.4f} | {auc_once:.4f} | {loss:.4f} | {loss_once:.4f} |", flush=True)
    print("| mean | | " + " | ".join(f"{value:.4f}" for value in pd.DataFrame(table).mean()) + " |")


if __name__ == "__main__":
    main()
