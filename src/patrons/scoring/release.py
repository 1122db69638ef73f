"""A release: every file that scoring needs, in one folder that can be checked, copied and served without MLflow.

::

    release.json           what it is: data, library versions, features, metrics, gates, and the SHA-256 of each file
    clusterer.skops        raw feature columns to a segment
    churn.skops            raw feature columns to a probability of churn
    value.skops            raw feature columns to expected spend, of an order log (value.json: its intervals)
    segment_later.skops    raw feature columns to probabilities of the segments a horizon later, where that is forecast
    segments.json          the segments' cards
    segment_later.json     from which probability on a later segment is likely, and how often that held
    churn.json             the threshold, the gates, the model's card
    dictionary.parquet     what each feature means
    golden.json            customers with the answers that they must get
    churn_tested.skops     the churn model that was tested; the one in use has learnt from these rows too
    test.parquet           rows that it was tested on, for comparison with another release
    tried.parquet          what the procedure forecast where it had not seen the outcome, and what happened
    release.sig            a signature, where an operator has signed it (see `signatures`)

A folder that comes from elsewhere is judged before anything in it is used: these files and no others, none of them a
link, a name and an id that are no paths. Who can make a release can still make its models answer what they like: it
must come from someone you trust (docs/security.md).
"""

import json
import re
import shutil
import time
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from patrons.errors import PATRONS
from patrons.files import digest, read_json, write_json
from patrons.libraries import differences
from patrons.scoring import signatures
from patrons.scoring.content import NEEDED, OPTIONAL

MANIFEST, GOLDEN, TEST = "release.json", "golden.json", "test.parquet"
ALWAYS = frozenset({*NEEDED, GOLDEN, TEST})  # beside the manifest
KNOWN = ALWAYS | {*OPTIONAL}
FORMAT = 3  # of 1 the models name classes of modules that have moved since; 2 has sets of today's segments
REMEDY = "install that version, or run the series again"
UNSEALED = ("id", "created", "author")  # what the same results need not have in common
ID = re.compile(r"[0-9a-f]{12}")
NAME = re.compile(r"\w[\w .+-]{0,99}")  # of a series: a folder's name, and never a path
SHAPES = {
    **dict.fromkeys(("name", "id"), str),
    **dict.fromkeys(("versions", "files", "parameters", "segments", "fast", "metrics"), dict),
    **dict.fromkeys(("features", "gates"), list),
}
KEPT = 5  # copies of earlier champions
ABANDONED = 3600.0  # seconds after which a scratch folder belongs to nobody any more


class ReleaseError(ValueError):
    """A release that is incomplete, was changed, or cannot be used here."""


def seal(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest with every other file's checksum, and an id that follows from all of it.

    Where this machine has a signing key, the release is signed: it was made here.
    """
    (folder / signatures.FILE).unlink(missing_ok=True)
    files = {path.name: digest(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    sealed = json.loads(json.dumps({**manifest, "files": files}))
    write_json(folder / MANIFEST, {"id": identity(sealed), **sealed})
    if signatures.key_file():
        signatures.sign(folder / MANIFEST)
    return read(folder)


def identity(manifest: Mapping[str, Any]) -> str:
    """The id that a manifest must have: the same results give the same one."""
    content = {name: value for name, value in manifest.items() if name not in UNSEALED}
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def folder_name(name: str, number: str) -> str:
    """The folder of a release, such as ``demo-1a2b3c4d5e6f``; an error where either could lead elsewhere."""
    if not NAME.fullmatch(name):
        raise ReleaseError(
            f"{name!r} cannot be the name of a series: letters, digits, blanks, points and dashes, up to 100."
        )
    if not ID.fullmatch(number):
        raise ReleaseError(f"{number!r} cannot be the id of a release: it has twelve digits of 0-9 and a-f.")
    return f"{name}-{number}"


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a release folder, in the form that the rest of this package relies on; no checksum is computed.

    Raises
    ------
    ReleaseError
        Where there is none, or it names files, an id or a series that no release has.
    """
    try:
        manifest = read_json(folder / MANIFEST)
    except (ValueError, RecursionError) as error:
        raise ReleaseError(f"{folder / MANIFEST} cannot be read ({error}): it is damaged. Copy it again.") from None
    if manifest is None:
        raise ReleaseError(f"{folder} is no release: it has no {MANIFEST}. Build one: {PATRONS} models build NAME")
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        raise ReleaseError(
            f"{folder} is a release of format {found}, and this Patrons reads {FORMAT}: "
            "run the series again, and build a release from that."
        )
    if problems := _malformed(manifest):
        raise _unusable(folder, problems)
    return manifest


def verify(folder: Path) -> dict[str, Any]:
    """The manifest, once every file is as it was sealed and no library is of another major version.

    Where a signing key is configured, the release must be signed with it. A release that is not refused here may still
    be by `Scorer.load`: see `patrons.libraries` for the rule.

    Raises
    ------
    ReleaseError
        Lists all that is wrong at once.
    """
    manifest = read(folder)
    others = [other for other in differences(manifest["versions"]) if other.is_major]
    problems = [*_changed(folder, manifest), *(f"it was {other}: {REMEDY}" for other in others)]
    if unsigned := signatures.problem(folder / MANIFEST):
        problems.append(unsigned)
    if problems:
        raise _unusable(folder, problems)
    return manifest


def sign(folder: Path) -> str:
    """Sign a release with the key of this machine, once everything but its signature is right; its id."""
    manifest = read(folder)
    if problems := _changed(folder, manifest):
        raise _unusable(folder, problems)
    signatures.sign(folder / MANIFEST)
    return str(manifest["id"])


def _unusable(folder: Path, problems: Collection[str]) -> ReleaseError:
    listed = "".join(f"\n  - {problem}" for problem in problems)
    return ReleaseError(f"The release in {folder} cannot be used:{listed}")


def _malformed(manifest: Mapping[str, Any]) -> list[str]:
    """What is wrong with the form of a manifest: names that lead out of the folder, files that no release has."""
    problems = [
        f"{MANIFEST} has no {name} as a release has it"
        for name, kind in SHAPES.items()
        if not isinstance(manifest.get(name), kind)
    ]
    try:
        folder_name(str(manifest.get("name")), str(manifest.get("id")))
    except ReleaseError as error:
        problems.append(str(error))
    files = manifest["files"] if isinstance(manifest.get("files"), dict) else ALWAYS
    problems += [f"{MANIFEST} lists {name!r}, and no release has such a file" for name in sorted({*files} - KNOWN)]
    problems += [f"{MANIFEST} does not list {name}" for name in sorted(ALWAYS - {*files})]
    return problems


def _changed(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    problems = [f"{MANIFEST} is not as it was released"] * (identity(manifest) != manifest["id"])
    present = {path.name: path for path in folder.iterdir()}
    for name, path in sorted(present.items()):
        if name not in {*manifest["files"], MANIFEST, signatures.FILE}:
            problems.append(f"{name} is no part of it: take it out of the folder")
        elif path.is_symlink():
            problems.append(f"{name} is a link, and not a file of its own: copy the release with its files")
    for name, checksum in manifest["files"].items():
        if name not in present or not present[name].is_file():
            problems.append(f"{name} is missing")
        elif digest(present[name]) != checksum:
            problems.append(f"{name} is not as it was released: its checksum differs")
    return problems


def is_intact(folder: Path) -> bool:
    """Whether a release is as it was sealed, and signed where that is demanded, whatever libraries are here."""
    try:
        return not _changed(folder, read(folder)) and not signatures.problem(folder / MANIFEST)
    except ReleaseError:
        return False


def is_complete(folder: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether a folder holds this release, and all of it as it was sealed."""
    try:
        return verify(folder)["id"] == manifest["id"]
    except (ReleaseError, OSError):
        return False


def export(folder: Path, target: Path) -> Path:
    """Copy a release to another place, such as ``demo-1a2b3c4d5e6f`` in `target`, and check the copy; its folder.

    A complete copy that is there is used, a damaged one is replaced. Several processes may export at the same time.
    """
    manifest = verify(folder)
    copy = target / folder_name(manifest["name"], manifest["id"])
    if is_complete(copy, manifest):
        return copy
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=_scratch(copy), dir=target, ignore_cleanup_errors=True) as scratch:
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        for name in (*manifest["files"], MANIFEST, signatures.FILE):
            if name != signatures.FILE or (folder / name).exists():
                shutil.copyfile(folder / name, fresh / name)
        verify(fresh)
        _put(fresh, copy, manifest)
    return copy


def _scratch(copy: Path) -> str:
    return f".{copy.name}.partial."


def _put(fresh: Path, place: Path, manifest: Mapping[str, Any]) -> None:
    """Move a complete release to its place; that someone else was first is as good."""
    for attempt in range(10):
        try:
            fresh.rename(place)
            return
        except OSError:
            if is_complete(place, manifest):
                return
            set_aside(place, fresh.with_name(f"damaged{attempt}"))
    fresh.rename(place)  # raises what stands in the way


def set_aside(place: Path, scratch: Path) -> None:
    """Move what lies at a place into a scratch folder, which takes it away with it; nothing may lie there."""
    try:
        place.rename(scratch)
    except FileNotFoundError:  # someone else has moved it
        return


def copies(folder: Path) -> list[Path]:
    """The copies of releases in a folder."""
    found = folder.glob("[!.]*")
    return [path for path in found if path.is_dir() and not path.is_symlink() and (path / MANIFEST).is_file()]


def prune(folder: Path, spared: Collection[Path] = (), most: int = KEPT) -> None:
    """Keep the copies of releases in `folder` that were fetched last; also take away what a killed process left there.

    Parameters
    ----------
    folder : Path
    spared : collection of Path
        Copies that stay whatever their age.
    most : int
        How many stay beside those.
    """
    old = sorted((path for path in copies(folder) if path not in spared), key=_fetched, reverse=True)[most:]
    limit = time.time() - ABANDONED
    left = [path for path in folder.glob(".*.partial*") if path.is_dir() and _fetched(path) < limit]
    for path in (*old, *left):
        shutil.rmtree(path, ignore_errors=True)


def _fetched(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process takes them away too
        return 0.0
