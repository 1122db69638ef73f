"""Builds a release from the results of a series: the files, fast forms compared with their models, golden answers."""

import getpass
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from patrons.errors import RUN_ALL
from patrons.files import digest, locked, now, read_record, write_json
from patrons.libraries import versions
from patrons.scoring.answers import Row, fast_forms
from patrons.scoring.content import CHECKED_ROWS, GOLDEN_ROWS, LATER, NEEDED, OPTIONAL, Content, load_models
from patrons.scoring.plain import CLOSE, plain
from patrons.scoring.release import FORMAT, GOLDEN, TEST, ReleaseError, is_intact, read, seal, set_aside
from patrons.scoring.rows import records
from patrons.scoring.scorer import Scorer

Decision = Callable[[np.ndarray], np.ndarray]
LONGEST_BUILD = 600.0  # seconds that a build waits for another one


def build(processed: Path, folder: Path | None = None) -> Path:
    """Build a release from the results of a series.

    Parameters
    ----------
    processed : Path
        The results of a finished series, such as ``data/processed/demo``.
    folder : Path, optional
        Where the release goes (``<processed>/release``); an existing one is replaced once the new one is complete.

    Returns
    -------
    Path
        The folder.
    """
    finished(processed)  # says what is missing before anything is made
    folder = folder or processed / "release"
    with _alone(processed):
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in folder.parent.glob(f".{folder.name}.partial.*"):  # by a build that was killed
            shutil.rmtree(left, ignore_errors=True)
        with TemporaryDirectory(prefix=f".{folder.name}.partial.", dir=folder.parent) as scratch:
            fresh = Path(scratch) / "fresh"
            fresh.mkdir()
            _fill(fresh, Content(processed, finished(processed)))
            set_aside(folder, fresh.with_name("former"))
            fresh.rename(folder)
    return folder


@contextmanager
def _alone(processed: Path) -> Iterator[None]:
    """Hold the results, which no series may change meanwhile; other builds of them wait their turn."""
    with locked(processed / ".release.lock", LONGEST_BUILD, nested=True), locked(processed / ".lock", nested=True):
        yield


def _fill(fresh: Path, content: Content) -> None:
    _copy(content, fresh)
    models = load_models(fresh)
    manifest = _manifest(content, models)
    content.test_rows([feature["name"] for feature in manifest["features"]]).to_parquet(fresh / TEST, index=False)
    manifest["fast"] = _fast_forms(content, fresh, manifest, models)
    _write_golden(content, fresh, manifest, models)
    seal(fresh, manifest)


def current(processed: Path) -> Path:
    """The release of the present results, built if there is none yet or its golden answers no longer come out right.

    They do not when the code has changed. Where other libraries change them, that is an error. A series in which only
    what watches releases was run again leaves the release as it is.
    """
    if _is_current(processed):
        return processed / "release"
    with locked(processed / ".release.lock", LONGEST_BUILD):  # someone else may be building it
        return processed / "release" if _is_current(processed) else build(processed)


def _is_current(processed: Path) -> bool:
    folder, series = processed / "release", finished(processed)
    if not is_intact(folder):
        return False
    manifest = read(folder)
    same = manifest["run_id"] == series["run_id"] or _is_made_of(manifest, Content(processed, series))
    return same and not Scorer.load(folder).check()


def _is_made_of(manifest: Mapping[str, Any], content: Content) -> bool:
    """Whether a release has the files, parameters, data and metrics of these results, whichever run left them."""
    paths = {name: content.path(name) for name in (*NEEDED, *OPTIONAL)}
    files = {name: digest(path) for name, path in paths.items() if path is not None}
    if files != {name: checksum for name, checksum in manifest["files"].items() if name in paths}:
        return False
    facts = json.loads(json.dumps({name: value for name, value in content.facts().items() if name != "lifetime"}))
    return all(manifest.get(name) == value for name, value in facts.items())


def finished(processed: Path) -> dict[str, Any]:
    """The record of a series that has finished and of which every stage succeeded."""
    series = read_record(processed)
    failed = [stage for stage, record in series.get("stages", {}).items() if record["status"] != "succeeded"]
    if not series.get("finished") or failed:
        reason = f"{', '.join(failed)} did not succeed" if failed else "there is none that has finished"
        raise ReleaseError(
            f"A release needs a complete series in {processed}: {reason}. Run it: {RUN_ALL} {processed.name} --resume"
        )
    return series


def _copy(content: Content, fresh: Path) -> None:
    for name in (*NEEDED, *OPTIONAL):
        path = content.path(name)
        if path is None and name in NEEDED:
            raise ReleaseError(f"No notebook has written {name}: run the whole series ({RUN_ALL} NAME --resume).")
        if path is not None:
            shutil.copy(path, fresh / name)


def _manifest(content: Content, models: Mapping[str, Any]) -> dict[str, Any]:
    made = content.made(models)
    return {
        "format": FORMAT,
        "name": content.series["name"],
        "run_id": content.series["run_id"],
        "created": now(),
        "author": getpass.getuser(),
        "git_commit": content.series.get("git_commit"),
        "versions": versions(),
        **content.facts(),
        "segments": content.segments(models["clusterer"]),
        "features": [feature._asdict() for feature in content.features(models, made)],
        "made": [list(term) for term in made],
        "fast": {},
    }


def _fast_forms(
    content: Content, fresh: Path, manifest: Mapping[str, Any], models: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """For each model whether it has a fast form that agrees with it on customers of the series."""
    scorer = Scorer(fresh, manifest, models)
    inputs, error = scorer.reader.table(content.customers(CHECKED_ROWS))
    inputs, answers = inputs[error.isna()], scorer.answers
    forms = fast_forms(models, answers.dictionary, answers.explainer)
    decisions: dict[str, Decision] = {
        "churn": lambda probabilities: answers.flags(probabilities[:, 1]),
        LATER: answers.likely,
    }
    return {
        name: compare(form, inputs, answers.original(name, inputs), decisions.get(name)) for name, form in forms.items()
    }


def compare(
    fast: Callable[[Row], Any] | None, inputs: pd.DataFrame, wanted: Any, decision: Decision | None = None
) -> dict[str, Any]:
    """Compare a fast form with its model, and say whether it is to be used.

    Parameters
    ----------
    fast : callable or None
        Takes a row as a mapping.
    inputs : DataFrame
    wanted : array-like
        What the model answers for `inputs`.
    decision : callable, optional
        Turns answers into decisions, which must be the same.

    Returns
    -------
    dict
        `used`: whether there is one and it gives the same answer for every row, numbers within `CLOSE`; `rows`
        compared; `largest_difference` of numbers, for those above 1 as a share.
    """
    if fast is None:
        return {"used": False, "rows": 0, "largest_difference": None}
    answers = [np.ravel(fast(row)) for row in records(inputs)]
    comparison = {"rows": len(inputs), "largest_difference": None}
    wanted = np.asarray(wanted)
    if wanted.dtype == object:
        return {"used": [list(texts) for texts in answers] == wanted.tolist(), **comparison}
    wanted, numbers = wanted.astype(float).reshape(len(inputs), -1), np.array(answers, dtype=float)
    if numbers.shape != wanted.shape:
        return {"used": False, **comparison}
    largest = float((np.abs(numbers - wanted) / np.maximum(1.0, np.abs(wanted))).max())
    same = largest <= CLOSE and (decision is None or bool((decision(numbers) == decision(wanted)).all()))
    return {"used": same, **comparison, "largest_difference": largest}


def _write_golden(content: Content, fresh: Path, manifest: Mapping[str, Any], models: Mapping[str, Any]) -> None:
    """Some customers with the answers that the models give now."""
    scorer = Scorer(fresh, manifest, models)
    chosen = content.customers(GOLDEN_ROWS)[["customer_id", *(feature.name for feature in scorer.features)]]
    pairs = zip(records(chosen), records(scorer.score_rows(chosen)), strict=True)
    write_json(fresh / GOLDEN, [{"request": plain(request), "answer": plain(answer)} for request, answer in pairs])
