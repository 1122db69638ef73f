"""What 08 reads that no series has made, the ledger and the champion: where they are, and a digest of each."""

import os
import sys
from pathlib import Path

from patrons.files import digest, read_json, write_json
from patrons.monitoring.keeping import keep_results
from patrons.monitoring.ledger import Ledger
from patrons.tracking import connection

NONE = ("", "none")
ANSWER = ".champion.json"  # in the folder of the results: what the project's own MLflow said when it was last asked


def elsewhere(name: str, root: Path) -> dict[str, tuple[str, str]]:
    """By parameter of 08 its value and a digest of what is there, for the runner.

    The scores of this very series are kept first, so that the digest is the same when it is run again.

    Parameters
    ----------
    name : str
        The series.
    root : Path
        The project's folder.

    Returns
    -------
    dict
        `ledger`: its folder. `champion`: the folder of the champion's release; empty where none was ever promoted, or
        where it cannot be had just now, which is said on standard error.
    """
    return {"ledger": _ledger(name, root), "champion": _champion(name, root)}


def _ledger(name: str, root: Path) -> tuple[str, str]:
    folder = root / "data" / "ledger" / name
    try:
        keep_results(root / "data" / "processed" / name, folder)
        return str(folder), Ledger(folder).digest()
    except Exception as error:
        _say(f"The ledger of {name} cannot be used", error)
        return NONE


def _champion(name: str, root: Path) -> tuple[str, str]:
    if not connection.exists(root):
        return NONE  # nothing was ever sent, let alone promoted
    kept = root / "data" / "processed" / name / ANSWER
    before = _store(root)
    known = read_json(kept, {}) if before else {}
    if known and known["store"] == before and (not known["folder"] or Path(known["folder"]).is_dir()):
        return known["folder"], known["champion"]
    from patrons.tracking import promotion  # slow to import

    try:
        folder = promotion.champion(name, root)
    except Exception as error:
        _say(f"The champion of {name} cannot be had, and the last results are watched in its place", error)
        return NONE
    answer = NONE if folder is None else (str(folder), folder.name)
    if kept.parent.is_dir() and before and _store(root) == before:  # nobody has written to it meanwhile
        write_json(kept, {"store": before, "folder": answer[0], "champion": answer[1]})
    return answer


def _store(root: Path) -> list[str] | None:
    """Where the project's own MLflow is, and digests of all that is in it; None where MLflow is elsewhere."""
    if os.environ.get("MLFLOW_TRACKING_URI"):
        return None
    return [str(root.resolve()), *(digest(path) for path in sorted(root.glob("mlflow.db*")) if path.suffix != ".lock")]


def _say(what: str, error: Exception) -> None:
    reason = (" ".join(str(error).split()) or type(error).__name__).rstrip(".")
    print(f"\n{what} ({reason}).", file=sys.stderr)
