"""What `benchmarks/peers.py` measured, as tables.

ROC AUC, Brier score, and calibration in the large (mean probability minus the share that churned) of every outer split;
of logs also among the active, who ordered within the horizon before the day. The *best peer* of a set is the one with
the best mean in the tests themselves, which is kind to the peers. What ours gains over it is given with a paired 95 %
interval, of 500 resamples of customers: all rows of a customer, and copies of a row, go together, over all splits of a
set. Where the interval holds 0 it is a tie. A set counts the splits that all its models have; a model that failed on
one of them is left out of the set, and the failure is counted.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.peers_sets import LOGS, Split, load
from patrons.churn.customers import active
from patrons.evaluation.metrics import Interval, brier, roc_auc
from patrons.evaluation.scores import RANKING
from patrons.features.panel import OUTCOME

OURS, RESAMPLES, AT_ONCE = "ours", 500, 50
NAMES = {
    "online_retail_ii": "Online Retail II",
    "online_retail": "Online Retail",
    "cdnow": "CDNOW",
    "demo": "the demo",
    "telco": "Telco",
    "bank": "bank",
    "iranian": "Iranian",
}
METRICS = {"roc_auc": roc_auc, "brier": brier}


class Part(NamedTuple):
    """One outer split with one seed: outcomes, customers (numbers), and every model's probabilities."""

    name: str
    truth: np.ndarray
    customer: np.ndarray
    models: Mapping[str, np.ndarray]
    chance: np.ndarray | None


def cells(results: Path) -> list[dict]:
    """The records that are there."""
    path = results / "cells.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def file(results: Path, name: str, split: str, peer: str, seed: int) -> Path:
    """Where the probabilities of a cell are kept."""
    plain = "".join(letter if letter.isalnum() else "-" for letter in f"{name} {split} {peer} {seed}")
    return results / "probabilities" / f"{plain}.npy"


def parts_of(name: str, splits: Sequence[Split], results: Path, records: Sequence[dict]) -> list[Part]:
    """The splits of a set that every model has (but for those that failed anywhere), with all their probabilities."""
    own = [one for one in records if one["set"] == name]
    failed = {one["peer"] for one in own if "failed" in one}
    models = list(dict.fromkeys(one["peer"] for one in own if one["peer"] not in failed))
    if OURS not in models or len(models) < 2:
        return []
    there = {(one["split"], one["seed"], one["peer"]) for one in own}
    result = []
    for seed in sorted({one["seed"] for one in own}):
        for split in splits:
            if all((split.name, seed, model) in there for model in models):
                scores = {model: np.load(file(results, name, split.name, model, seed)) for model in models}
                result.append(Part(split.name, split.test[OUTCOME].to_numpy(), customers(split), scores, split.chance))
    return result


def customers(split: Split) -> np.ndarray:
    """A number for each test row, the same in every split of a set: of a log the customer, of a table the copies."""
    ids = split.test.customer_id if "as_of" in split.test else split.test.group
    return pd.util.hash_pandas_object(ids, index=False).to_numpy()


def among(part: Part, rows: np.ndarray) -> Part:
    """The same of some rows alone."""
    models = {name: score[rows] for name, score in part.models.items()}
    return part._replace(truth=part.truth[rows], customer=part.customer[rows], models=models)


def mean(metric: str, parts: Sequence[Part], model: str) -> float:
    """The mean over splits of a model's metric."""
    return float(np.mean([METRICS[metric](part.truth, part.models[model]) for part in parts]))


def gain(metric: str, parts: Sequence[Part], other: str, seed: int = 0) -> Interval:
    """Ours minus the other, the mean over splits, with the interval of resampled customers."""
    everyone = np.unique(np.concatenate([part.customer for part in parts]))
    places = [np.searchsorted(everyone, part.customer) for part in parts]
    rng, values = np.random.default_rng(seed), []
    for size in [0, *[AT_ONCE] * (RESAMPLES // AT_ONCE)]:
        drawn = rng.integers(0, len(everyone), (size, len(everyone)))
        times = (
            np.stack([np.bincount(row, minlength=len(everyone)) for row in drawn])
            if size
            else np.ones((1, len(everyone)))
        )
        gains = [
            _gain(metric, part, other, times[:, place].astype(float)) for part, place in zip(parts, places, strict=True)
        ]
        values.append(np.mean(gains, axis=0))
    low, high = np.nanquantile(np.concatenate(values[1:]), [0.025, 0.975])
    return Interval(float(values[0][0]), float(low), float(high))


def _gain(metric: str, part: Part, other: str, weights: np.ndarray) -> np.ndarray:
    own, theirs = (RANKING[metric](part.truth, part.models[name], weights) for name in (OURS, other))
    return own - theirs


def verdict(metric: str, found: Interval) -> str:
    """Whether ours is ahead or behind: beyond the interval, or a tie."""
    better = -1 if metric == "brier" else 1
    signs = {np.sign(found.low * better), np.sign(found.high * better)}
    return "ahead" if signs == {1.0} else "behind" if signs == {-1.0} else "tie"


def best_peer(metric: str, parts: Sequence[Part]) -> str:
    """The peer with the best mean in the tests."""
    peers = [name for name in parts[0].models if name != OURS]
    return (min if metric == "brier" else max)(peers, key=lambda name: mean(metric, parts, name))


def all_parts(options: argparse.Namespace) -> dict[str, list[Part]]:
    """The parts of every set that has any, of logs also those of the active."""
    records, result = cells(options.results), {}
    for name in options.sets:
        title = NAMES.get(name, name)
        splits = load(name, options) if any(one["set"] == name for one in records) else []
        if parts := parts_of(name, splits, options.results, records):
            result[title] = parts
        if parts and name in LOGS:
            kept = {split.name: active(split.test).to_numpy() for split in splits}
            result[f"{title}, the active"] = [among(part, kept[part.name]) for part in parts]
    return result


def against_best(metric: str, sets: Mapping[str, Sequence[Part]], digits: int = 4) -> str:
    """Ours and the best peer of every set, with the paired interval and each split's own."""
    rows = []
    for name, parts in sets.items():
        peer = best_peer(metric, parts)
        pooled, ceiling = gain(metric, parts, peer), ""
        if parts[0].chance is not None:
            ceiling = f"{np.mean([METRICS[metric](part.truth, part.chance) for part in parts]):.{digits}f}"
        splits = "; ".join(f"{part.name}: {_signed(gain(metric, [part], peer))}" for part in parts)
        own, theirs = (f"{mean(metric, parts, model):.{digits}f}" for model in (OURS, peer))
        rows.append(
            (
                name,
                f"{sum(len(part.truth) for part in parts):,}",
                own,
                f"{theirs} ({peer})",
                ceiling,
                _signed(pooled),
                verdict(metric, pooled),
                splits,
            )
        )
    head = ["set", "test rows", "ours", "best peer", "ceiling", "ours minus best", "", "each split"]
    return markdown(head, rows)


def _signed(found: Interval) -> str:
    return f"{found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"


def every_model(metric: str, sets: Mapping[str, Sequence[Part]]) -> str:
    """The mean of every model on every set; the mean rank is among the models that every set has, of all customers."""
    models = list(dict.fromkeys(model for parts in sets.values() for model in parts[0].models))
    values = pd.DataFrame(
        {name: {model: mean(metric, parts, model) for model in parts[0].models} for name, parts in sets.items()}
    ).reindex(models)
    whole = values[[name for name in values if not name.endswith("the active")]].dropna()
    ranks = whole.rank(ascending=metric == "brier").mean(axis=1).reindex(models)
    shown = values.map(lambda value: "" if np.isnan(value) else f"{value:.4f}")
    rows = [(model, *shown.loc[model], "" if np.isnan(ranks[model]) else f"{ranks[model]:.2f}") for model in models]
    return markdown(["model", *values, "mean rank"], rows)


def in_the_large(sets: Mapping[str, Sequence[Part]]) -> str:
    """Mean probability minus the share that churned: ours, and the best peer by its Brier score."""
    rows = []
    for name, parts in sets.items():
        peer = best_peer("brier", parts)
        gaps = [np.mean([part.models[model].mean() - part.truth.mean() for part in parts]) for model in (OURS, peer)]
        rows.append(
            (
                name,
                f"{np.mean([part.truth.mean() for part in parts]):.1%}",
                f"{gaps[0]:+.1%}",
                f"{gaps[1]:+.1%} ({peer})",
            )
        )
    return markdown(["set", "churned", "ours", "best peer by Brier"], rows)


def costs(records: Sequence[dict]) -> str:
    """Mean CPU seconds of a split by set, and the failures of every model."""
    table = pd.DataFrame(records)
    failures = (
        table.assign(failed=table.get("failed", pd.Series(None, table.index, dtype=object)).notna())
        .groupby("peer", sort=False)
        .failed.sum()
    )
    seconds = table.assign(set=table["set"].replace(NAMES)).pivot_table("cpu", "peer", "set", sort=False)
    seconds = seconds.assign(mean=seconds.mean(axis=1)).reindex(failures.index)
    shown = seconds.map(lambda value: "" if np.isnan(value) else f"{value:.0f}")
    rows = [(peer, *shown.loc[peer], failures[peer]) for peer in failures.index]
    return markdown(["CPU s", *seconds, "failures"], rows)


def markdown(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, [":--", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def tables(options: argparse.Namespace) -> str:
    """Everything, as Markdown."""
    records, sets = cells(options.results), all_parts(options)
    titles = {
        "ROC AUC against the best peer": against_best("roc_auc", sets),
        "Brier score against the best peer (lower is better)": against_best("brier", sets),
        "ROC AUC of every model": every_model("roc_auc", sets),
        "Brier score of every model": every_model("brier", sets),
        "Calibration in the large": in_the_large(sets),
        "CPU seconds of a split, and failures": costs(records),
    }
    return "\n\n".join(f"**{title}**\n\n{table}" for title, table in titles.items())
