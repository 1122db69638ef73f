"""A release: every file that scoring needs, in one folder that can be checked, copied and served without MLflow.

::

    release.json           what it is: data, library versions, features, metrics, gates, and the SHA-256 of each file
    clusterer.skops        raw feature columns to a segment
    segment_model.skops    raw feature columns to probabilities of the segments
    churn.skops            raw feature columns to a probability of churn
    value.skops            raw feature columns to expected spend, of an order log (value.json: its intervals)
    segments.json          the segments' cards
    segment_model.json     when a segment belongs to a customer's set
    churn.json             the threshold, the gates, the model's card
    dictionary.parquet     what each feature means
    golden.json            customers with the answers that they must get
    test.parquet           rows that the churn model was tested on, for comparison with another release
"""

import json
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from patrons.files import digest, read_json, write_json
from patrons.libraries import differences

MANIFEST, GOLDEN, TEST = "release.json", "golden.json", "test.parquet"
FORMAT = 2  # of 1 the models name classes of modules that have moved into rooms since
REMEDY = "install that version, or run the series again"
UNSEALED = ("id", "created", "author")  # what the same results need not have in common


class ReleaseError(ValueError):
    """A release that is incomplete, was changed, or cannot be used here."""


def seal(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest with the checksums of all other files, and an id that follows from its content."""
    files = {path.name: digest(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    sealed = json.loads(json.dumps({**manifest, "files": files}))
    write_json(folder / MANIFEST, {"id": identity(sealed), **sealed})
    return read(folder)


def identity(manifest: Mapping[str, Any]) -> str:
    """The id that a manifest must have: the same results give the same one."""
    content = {name: value for name, value in manifest.items() if name not in UNSEALED}
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a release."""
    manifest = read_json(folder / MANIFEST)
    if manifest is None:
        raise ReleaseError(f"{folder} is no release: it has no {MANIFEST}. Build one: patrons models build NAME")
    if manifest.get("format") != FORMAT:
        raise ReleaseError(
            f"{folder} is a release of format {manifest.get('format')}, and this Patrons reads {FORMAT}: "
            "run the series again, and build a release from that."
        )
    return manifest


def verify(folder: Path) -> dict[str, Any]:
    """The manifest, once every file is as it was sealed and no library is of another major version.

    A release that is not refused here may still be by `Scorer.load`: see `patrons.libraries` for the rule.

    Raises
    ------
    ReleaseError
        Lists all that is wrong at once.
    """
    manifest = read(folder)
    others = [other for other in differences(manifest["versions"]) if other.is_major]
    problems = [*_changed(folder, manifest), *(f"it was {other}: {REMEDY}" for other in others)]
    if problems:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        raise ReleaseError(f"The release in {folder} cannot be used:{listed}")
    return manifest


def _changed(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    problems = [f"{MANIFEST} is not as it was released"] * (identity(manifest) != manifest["id"])
    for name, checksum in manifest["files"].items():
        if not (folder / name).is_file():
            problems.append(f"{name} is missing")
        elif digest(folder / name) != checksum:
            problems.append(f"{name} is not as it was released: its checksum differs")
    return problems


def export(folder: Path, target: Path) -> Path:
    """Copy a release to a folder in `target`, such as ``demo-1a2b3c4d5e6f``, check the copy, and return its folder."""
    manifest = verify(folder)
    copy = target / f"{manifest['name']}-{manifest['id']}"
    if copy.exists():
        verify(copy)
        return copy
    partial = target / f".{copy.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in (*manifest["files"], MANIFEST):
        shutil.copyfile(folder / name, partial / name)
    verify(partial)
    partial.rename(copy)
    return copy
