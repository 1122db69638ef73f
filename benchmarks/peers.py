"""Ours against the best that others offer, on the same outer splits: the protocol is stated before anything runs.

    python run_all.py params/demo.yaml --only 01,02     (and online_retail_ii, online_retail, cdnow)
    uv venv /tmp/peers --python 3.12
    uv pip install --python /tmp/peers "flaml[automl]==2.7.0" catboost==1.2.10 scikit-learn==1.9.1 pandas==3.1.1 pyarrow
    uv venv /tmp/btyd --python 3.12 && uv pip install --python /tmp/btyd pymc-marketing==1.3.0 pyarrow
    PYTHONPATH=src:. python benchmarks/peers.py run --python /tmp/peers/bin/python --btyd /tmp/btyd/bin/python
    PYTHONPATH=src:. python benchmarks/peers.py table

Protocol. *Logs* (Online Retail II, Online Retail, CDNOW, the demo): the last `--origins` days; models learn from rows
whose outcome was known on the day, `--rows` of them drawn at random for everyone alike (0: all). *Tables* (Telco, bank,
Iranian, and three drawn from scikit-learn's generators, whose true probabilities give a ceiling): `--repeats` times
`--folds` random folds, copies of a row on one side. *Ours* is the whole procedure of 06 with its default parameters,
on the training rows of each outer split alone: rules, columns, search, choice, calibration, final fit. *Peers* get the
raw features: histogram boosting, XGBoost, random forest (300) and CatBoost with their defaults; FLAML for a number of
CPU seconds, validated on the very folds of ours; BG/NBD (MAP) on logs. On logs those with defaults also run without the
columns of BTYD and of the peak season. What is measured, and how a tie is called: `benchmarks/peers_table.py`. The full
protocol is `--origins 6 --folds 5 --repeats 5 --rows 0 --seeds 42 43 44 --flaml 60 300 --bare-automl --autogluon ...`;
the defaults are the reduced one.

A cell (set, split, model, seed) is a line of `cells.jsonl` and a file of probabilities. What is there is not run again;
a failure is there too, and counted: delete its line to try again.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import peers_table
from benchmarks.peers_sets import DEFAULTS, LOGS, SETS, SPECIAL, Split, load
from patrons import churn
from patrons.btyd.lifetime import history
from patrons.btyd.mbgnbd import WEEK
from patrons.churn.customers import horizon
from patrons.features.panel import OUTCOME

OURS, BARE, BTYD = "ours", ", without BTYD and peak", "BG/NBD"
AS_THEY_COME = ("histogram boosting", "XGBoost", "random forest", "CatBoost")
FIT = Path(__file__).with_name("peers_fit.py")


def ours(split: Split, seed: int) -> tuple[np.ndarray, str]:
    """The procedure of 06: the chosen model's probabilities of the test rows, and its name."""
    train, prepare, p = split.train, churn.preprocessing.for_panel(split.prepare, split.train), DEFAULTS
    folds = churn.split.folds(train, p["origins"], p["cv_folds"], seed)
    prepare, _ = churn.imputation.compare(train, folds, prepare, p["imputations"], p["search_rows"], seed)
    rules = churn.rules.baselines(prepare, train, seed)
    seen = churn.rules.seen(rules, train, folds, p["search_rows"], seed)
    spaces = churn.kinds.spaces(*(p[name] for name in ("logistic", "forest", "boosting", "network")))
    first, rows = churn.kinds.first(spaces[churn.kinds.BOOSTING], seen), p["search_rows"]
    columns, matrices = churn.columns.compare(train, folds, prepare, p["n_features"], first, rows, seed)
    result = churn.search.search(train, matrices, spaces, seen, p["n_trials"], rows, seed)
    method = churn.calibration.best(churn.calibration.compare(result.validation, result.chosen))
    top = int(columns.top.iloc[0])
    models = churn.final.fit_kinds(result, churn.final.needed(result), train, prepare, top, rows, seed)
    final = churn.final.finished(result, method, models)
    note = f"{result.chosen}: {', '.join(result.kinds(result.chosen))}; calibration: {method}"
    return churn.split.probability(final.model, churn.split.inputs(split.test)), note


def hand_over(split: Split, folder: Path, seed: int) -> None:
    """Write what the peers' interpreter reads: features, folds, and what BG/NBD takes."""
    train, test = (churn.split.inputs(rows) for rows in (split.train, split.test))
    train.assign(**{OUTCOME: split.train[OUTCOME]}).to_parquet(folder / "train.parquet")
    test.to_parquet(folder / "test.parquet")
    pairs = churn.split.folds(split.train, DEFAULTS["origins"], DEFAULTS["cv_folds"], seed)
    rows = {f"{part}{n}": pair[k] for n, pair in enumerate(pairs) for k, part in enumerate(("fit", "val"))}
    np.savez(folder / "folds.npz", **rows)
    special = [name for name in map(str, test) if name.startswith(SPECIAL)]
    weeks = horizon(split.test) / WEEK if "as_of" in split.test else 0
    task = {"special": special, "horizon": weeks, "bought": purchases(split.test) if weeks else {}}
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")


def purchases(rows: pd.DataFrame) -> dict[str, list[float]]:
    """Of each customer what BG/NBD takes, in weeks: further days with an order, age at the last, and now."""
    again, last, age = history(rows)
    columns = {"customer_id": range(len(rows)), "frequency": again, "recency": last, "T": age}
    return {name: [float(value) for value in values] for name, values in columns.items()}


def groups(name: str, options: argparse.Namespace) -> list[tuple[list[str], list[str]]]:
    """The models of a set that share a process: how it is started (ours: not at all), and their names."""
    kinds, special = list(AS_THEY_COME), [f"{one}{BARE}" for one in AS_THEY_COME] if name in LOGS else []
    everything = [([], [OURS]), ([options.python], kinds + special)]
    for seconds in options.flaml:
        everything.append(([options.python], [f"FLAML {seconds} s"]))
        if name in LOGS and options.bare_automl:
            everything.append(([options.python], [f"FLAML {seconds} s{BARE}"]))
        everything.append(([options.autogluon], [f"AutoGluon {seconds} s"]))
    if name in LOGS:
        everything.append(([options.btyd], [BTYD]))
    available = [(command, own) for command, own in everything if all(command[-1:])]
    return [(command, [one for one in own if one in (options.models or own)]) for command, own in available]


def of_ours(split: Split, folder: Path, seed: int) -> dict:
    """The record of ours, its probabilities in `folder`; a failure is counted like a peer's."""
    began, clock = time.process_time(), time.perf_counter()
    try:
        probabilities, note = ours(split, seed)
    except Exception as error:
        return {"peer": OURS, "failed": f"{type(error).__name__}: {error}"[:300]}
    np.save(folder / f"{OURS}.npy", probabilities)
    seconds = {"cpu": round(time.process_time() - began, 2), "wall": round(time.perf_counter() - clock, 2)}
    return {"peer": OURS, **seconds, "note": note}


def of_peers(split: Split, command: list[str], models: Sequence[str], folder: Path, seed: int) -> Iterator[dict]:
    """The records of peers, as they come from a process of their own, their probabilities in `folder`."""
    hand_over(split, folder, seed)
    call = [*command, str(FIT), str(folder), *models, "--seed", str(seed)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | threads
    with subprocess.Popen(
        call, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        seen = set()
        for line in process.stdout or ():
            if line.startswith('{"peer": '):
                record = json.loads(line)
                seen.add(record["peer"])
                yield record
    yield from ({"peer": one, "failed": f"ended with {process.returncode}"} for one in models if one not in seen)


def run(options: argparse.Namespace) -> None:
    """Measure every cell that is not there yet: the first split of every set, then the second, and so on."""
    (options.results / "probabilities").mkdir(parents=True, exist_ok=True)
    sets = {name: load(name, options) for name in options.sets}
    most = max(map(len, sets.values()))
    jobs = [
        (seed, name, splits[n])
        for seed in options.seeds
        for n in range(most)
        for name, splits in sets.items()
        if n < len(splits)
    ]
    for seed, name, split in jobs:
        for command, own in groups(name, options):
            there = {key(record) for record in peers_table.cells(options.results)}
            missing = [one for one in own if (name, split.name, one, seed) not in there]
            if missing:
                one_group(options.results, name, split, command, missing, seed)


def key(record: dict) -> tuple[str, str, str, int]:
    """What tells a cell apart."""
    return record["set"], record["split"], record["peer"], record["seed"]


def one_group(results: Path, name: str, split: Split, command: list[str], models: list[str], seed: int) -> None:
    """Measure the models of a process on a split, and keep each record as soon as it is there."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        records = of_peers(split, command, models, at, seed) if command else [of_ours(split, at, seed)]
        for record in records:
            record = {"set": name, "split": split.name, "seed": seed, **record}
            if "failed" not in record:
                shutil.copy(at / f"{record['peer'].replace('/', '-')}.npy", peers_table.file(results, *key(record)))
            with (results / "cells.jsonl").open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(record) + "\n")
            print(json.dumps(record), flush=True)


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["run", "table"])
    parser.add_argument("--results", type=Path, default=Path("data/peers"))
    parser.add_argument("--processed", type=Path, default=Path("data/processed"), help="results of 02 of the logs")
    parser.add_argument("--raw", type=Path, default=Path(os.environ.get("PATRONS_DATA", "data/raw")), help="tables")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--models", nargs="+", help="these alone, such as: ours XGBoost 'FLAML 60 s'")
    parser.add_argument("--python", default="", help="interpreter of FLAML, CatBoost, XGBoost and scikit-learn")
    parser.add_argument("--btyd", default="", help="interpreter of pymc-marketing")
    parser.add_argument("--autogluon", default="", help="interpreter of AutoGluon; empty: left out")
    parser.add_argument("--flaml", nargs="*", type=int, default=[60], help="seconds that an AutoML may take")
    parser.add_argument("--bare-automl", action="store_true", help="FLAML without BTYD and peak as well")
    parser.add_argument("--seeds", nargs="+", type=int, default=[DEFAULTS["seed"]])
    parser.add_argument("--origins", type=int, default=2, help="last days of a log")
    parser.add_argument("--folds", type=int, default=3, help="of a table")
    parser.add_argument("--repeats", type=int, default=1, help="of a table's folds, each anew")
    parser.add_argument("--rows", type=int, default=20_000, help="of a log, to learn from, at most; 0: all")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, or print the tables."""
    options = parsed(arguments)
    if options.what == "run":
        run(options)
    else:
        print(peers_table.tables(options))


if __name__ == "__main__":
    main()
