"""What does 06 cost, cell by cell, and is its choice of a churn model as good as that of another checkout?

    PYTHONPATH=src python benchmarks/churn.py cells data/processed/demo
    PYTHONPATH=src python benchmarks/churn.py search params/*.yaml --processed data/processed --out after
    PYTHONPATH=src python benchmarks/churn.py compare before after

The notebook's own cells are run in turn in one process, on results that 01 to 04 left (`run_all.py PARAMS --only
02`). `search` stops after the choice, which validated rows make, and keeps their probabilities; nothing of the test is
scored. `compare` sets two such folders side by side, of two checkouts: customers are resampled for the intervals.
"""

import argparse
import contextlib
import io
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

HERE = Path(__file__).resolve().parent
COLUMNS = "set | kind | ROC AUC before | now | gain (95%) | log loss before | now | gain (95%)"
SEARCHED = "result = churn.search.search("  # the cell that holds this line is the last of the search


def cells(notebook: Path) -> list[str]:
    """The source of the notebook's cells of code."""
    found = json.loads(notebook.read_text())["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]


def run(folder: Path, given: dict[str, Any], notebook: Path, last: str = "", tell: bool = True) -> dict[str, Any]:
    """Run the cells in this process up to the one that holds `last`, print what each cost, and return their names."""
    os.environ["MPLBACKEND"] = "agg"
    names: dict[str, Any] = {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as output:
        os.environ["PATRONS_STAGE_OUTPUT"] = output
        for number, source in enumerate(cells(notebook)):
            wall, cpu = time.perf_counter(), time.process_time()
            with contextlib.redirect_stdout(io.StringIO()):  # tables and figures, which nobody looks at here
                exec(compile(source, f"cell {number}", "exec"), names)
            if not number:  # the parameters
                names |= {"folder": str(folder), **given}
            elif tell and time.process_time() - cpu >= 0.2:
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
                first = next(line for line in source.splitlines() if line and not line.startswith(("from", "import")))
                cost = f"{time.process_time() - cpu:.1f} | {time.perf_counter() - wall:.1f} | {peak:.1f}"
                print(f"| {number} | `{first[:70]}` | {cost} |", flush=True)
            if last and last in source:
                break
    return names


def search(params: Path, processed: Path, out: Path, notebook: Path) -> None:
    """The search of one set: validated probabilities of each kind, the choice and its CPU seconds, kept in `out`."""
    given = yaml.safe_load(params.read_text()).get("06_churn") or {}
    start = time.process_time()
    names = run(processed / params.stem, given, notebook, last=SEARCHED, tell=False)
    result = names["result"]
    spent = round(time.process_time() - start, 1)
    out.mkdir(parents=True, exist_ok=True)
    result.validation.to_parquet(out / f"{params.stem}.parquet")
    told = {"chosen": result.chosen, "members": result.members, "cpu": spent, "settings": result.settings}
    (out / f"{params.stem}.json").write_text(json.dumps(told, indent=1))
    print(params.stem, told["chosen"], *(told["members"] if result.chosen == "averaged model" else ()), spent)


def compare(before: Path, after: Path) -> None:
    """What each kind and the choice gained on validated rows, with paired intervals; rows are matched by their own."""
    print(f"| {COLUMNS} |\n|:--|:--|--:|--:|--:|--:|--:|--:|")
    for path in sorted(after.glob("*.parquet")):
        old, new = (pd.read_parquet(folder / path.name) for folder in (before, after))
        told = [json.loads((folder / path.name).with_suffix(".json").read_text()) for folder in (before, after)]
        pairs = [(name, name, name) for name in told[1]["settings"]]
        chosen = [one["chosen"] for one in told]
        for label, first, second in [*pairs, (f"**chosen: {' → '.join(dict.fromkeys(chosen))}**", *chosen)]:
            print(f"| {path.stem} | {label} | {_row(old, new, first, second)} |", flush=True)
        print(f"| {path.stem} | CPU s of the search | {told[0]['cpu']} | {told[1]['cpu']} | | | | |")


def _row(old: pd.DataFrame, new: pd.DataFrame, first: str, second: str) -> str:
    """Scores before and after and what was gained, as cells of a table."""
    from patrons.evaluation.metrics import roc_auc
    from patrons.evaluation.scores import LOSSES, RANKING, mean_difference

    folds = [(old[old.fold == n], new[new.fold == n]) for n in sorted(new.fold.unique())]
    parts = [(b.churned.to_numpy(), b[second].to_numpy(), a[first].to_numpy()) for a, b in folds]
    who = [b.customer_id.to_numpy() for _, b in folds]
    shown = []
    for metric, better in (("roc_auc", 1), ("log_loss", -1)):
        value = roc_auc if metric == "roc_auc" else lambda truth, score: LOSSES["log_loss"](truth, score).mean()
        scores = [sum(value(part[0], part[place]) for part in parts) / len(parts) for place in (2, 1)]
        gain = mean_difference(RANKING[metric], parts, who)
        ends = sorted((better * gain.low, better * gain.high))
        shown.append(
            f"{scores[0]:.4f} | {scores[1]:.4f} | {better * gain.value:+.4f} ({ends[0]:+.4f} to {ends[1]:+.4f})"
        )
    return " | ".join(shown)


def main() -> None:
    """Read the command line and do what it asks for."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("what", choices=["cells", "search", "compare"])
    ask.add_argument("paths", type=Path, nargs="+", help="a folder of results; params files; two folders")
    ask.add_argument("--processed", type=Path, default=HERE.parent / "data" / "processed", help="where results are")
    ask.add_argument("--out", type=Path, default=Path("after"), help="where `search` keeps what it found")
    ask.add_argument("--notebook", type=Path, default=HERE.parent / "notebooks" / "06_churn.ipynb")
    args = ask.parse_args()
    if args.what == "compare":
        return compare(*args.paths)
    if args.what == "search":
        for params in args.paths:
            search(params, args.processed, args.out, args.notebook)
        return None
    print("| cell | begins with | CPU s | seconds | peak GB so far |\n|--:|:--|--:|--:|--:|", flush=True)
    run(args.paths[0], {}, args.notebook)
    print(f"{time.process_time():.1f} CPU s", file=sys.stderr)
    return None


if __name__ == "__main__":
    main()
