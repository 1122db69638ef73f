"""A model's card: what it is, what it was made from, how good it is, and what it must not be used for.

After Mitchell et al., Model Cards for Model Reporting, 2019. A card holds nothing that a rerun would change: its time
is that of the data, and its id follows from its content. When a series ran is in its ``series.json`` and in MLflow.
"""

import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pandas as pd

from patrons.evaluation.metrics import Interval
from patrons.files import digest
from patrons.libraries import OF_MODELS, installed

LIBRARIES = ("patrons", *sorted(OF_MODELS))
NAMESPACE = uuid5(NAMESPACE_URL, "patrons/model-card")
UNDATED = "undated: the data has no dates"


def model_card(
    model: Path,
    data: Mapping[str, Any],
    *,
    algorithm: str,
    author: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, Interval | float],
    intended_use: str,
    limits: Sequence[str],
    tested_as: str = "",
    used_as: str = "",
) -> dict[str, Any]:
    """The card of a saved model, as plain values to be written as JSON.

    Parameters
    ----------
    model : Path
        The model's file, already written (`stage.path`): its bytes are part of the card's identity.
    data : mapping
        What 01 found out about the data (``dataset.json``): `title`, `simulated`, `period`, `digest`.
    algorithm : str
        The family in words, such as ``"random forest"``.
    author : str
        Who answers for the model.
    parameters : mapping
        What the model was made with: found by the search, or set.
    metrics : mapping
        Scores by name, with their intervals where there are any, on rows that the model did not learn from.
    intended_use : str
        What the model is for, in one or two sentences.
    limits : sequence of str
        What it cannot do and must not be used for.
    tested_as, used_as : str
        What the scores are of, and what the file holds, where these are not the same model.

    Returns
    -------
    dict
        `id` (UUID of the content below: the same model of the same data has the same one), `model` (file name),
        `sha256`, `algorithm`, `time` (last day of the data), `author`, `data`, `libraries`, `parameters`, `metrics`
        (each a number, or `value`, `low` and `high`), `intended_use`, `limits`, and `tested_as` and `used_as` where
        they are given.
    """
    card = {
        "model": model.name,
        "sha256": digest(model),
        "algorithm": algorithm,
        "time": (list(data.get("period") or []) or [UNDATED])[-1],
        "author": author,
        "data": {name: data.get(name) for name in ("title", "simulated", "period", "digest")},
        "libraries": {"python": platform.python_version(), **installed(LIBRARIES)},
        "parameters": dict(parameters),
        "metrics": {name: _plain(value) for name, value in metrics.items()},
        "intended_use": intended_use,
        "limits": list(limits),
        **{name: text for name, text in (("tested_as", tested_as), ("used_as", used_as)) if text},
    }
    return {"id": str(uuid5(NAMESPACE, json.dumps(card, sort_keys=True))), **card}


def _plain(value: Interval | float) -> float | dict[str, float]:
    if isinstance(value, Interval):
        return {name: float(part) for name, part in value._asdict().items()}
    return float(value)


def as_table(card: Mapping[str, Any]) -> pd.DataFrame:
    """A card to be read: one row an entry, columns `entry` and `value`, both text."""
    entries = {
        "id": card["id"],
        "algorithm": card["algorithm"],
        "time": card["time"],
        "author": card["author"],
        "data": f"{card['data']['title']}{' (simulated)' if card['data']['simulated'] else ''}",
        "data digest": card["data"]["digest"],
        "libraries": _listed(card["libraries"]),
        "parameters": _listed(card["parameters"]),
        **{name.replace("_", " "): _score(value) for name, value in card["metrics"].items()},
        **{name.replace("_", " "): card[name] for name in ("tested_as", "used_as") if name in card},
        "intended use": card["intended_use"],
        **{("limits" if n == 0 else f"limits ({n + 1})"): limit for n, limit in enumerate(card["limits"])},
    }
    return pd.DataFrame({"entry": list(entries), "value": list(entries.values())})


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _score(value: float | Mapping[str, float]) -> str:
    return str(Interval(**value)) if isinstance(value, Mapping) else f"{value:.3f}"
