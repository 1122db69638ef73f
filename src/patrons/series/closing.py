"""Have pages, MLflow and the ledger had these very results? Then a series with nothing to run has nothing to do.

Compared are contents: the record of the results, this package, the libraries, the pages and what the ledger holds.
Whether a server of MLflow still has what it was sent is not asked; `patrons log` sends what it lacks.
"""

import hashlib
import json
import os
from importlib.metadata import distributions
from pathlib import Path

from patrons.files import digest, read_json, write_json
from patrons.series.imports import PACKAGE
from patrons.series.results import Results

CLOSED = ".closed.json"  # in the folder of the results


def is_closed(results: Results, root: Path, tracked: bool) -> bool:
    """Whether nothing has changed since `close`, and MLflow's own file is there if these were sent to it."""
    before = read_json(results.folder / CLOSED, None)
    there = not tracked or bool(os.environ.get("MLFLOW_TRACKING_URI")) or (root / "mlflow.db").exists()
    return there and before is not None and before == _state(results, root, tracked)


def close(results: Results, root: Path, tracked: bool) -> None:
    """Note that pages, MLflow (where `tracked`) and the ledger have had these results."""
    write_json(results.folder / CLOSED, _state(results, root, tracked))


def _state(results: Results, root: Path, tracked: bool) -> dict[str, str]:
    name = results.folder.name
    record = {**results.record, "stages": {}}
    for stage, outcome in results.record["stages"].items():
        record["stages"][stage] = {key: value for key, value in outcome.items() if key != "reused"}
    sent = _place(root) if tracked else None
    installed = sorted(f"{one.name}=={one.version}" for one in distributions())
    return {
        "record": _sha256([record, sent, installed]),
        "package": _contents(PACKAGE),
        "pages": _contents(root / "reports" / name),
        "ledger": _contents(root / "data" / "ledger" / name),
    }


def _place(root: Path) -> list[object]:
    """Where MLflow is: a server, or a file, which a new one of that name is not."""
    store = (root / "mlflow.db").resolve()
    return [os.environ.get("MLFLOW_TRACKING_URI") or [str(store), store.stat().st_ino if store.exists() else 0]]


def _contents(folder: Path) -> str:
    """A digest of all files in a folder but hidden ones, which are locks, and Python's caches."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return _sha256([[str(path.relative_to(folder)), digest(path)] for path in files if path.name[0] != "."])


def _sha256(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
