"""The latest data looked at in a copy of the results, which stay those of the last whole series.

01, 02 and 08 alone would leave features of today beside segments and forecasts of an earlier day, and bad data would
replace good ones. So they run in a folder with links to the project's notebooks, data and MLflow, and with copies of
results and ledger: what bad data tell of customers stays out of the ledger, and a look is no run to compare with. The
copies are hard links where the file system has them: nothing in these folders is ever changed, only replaced, so they
cost no space and no time.
"""

import os
import shutil
from pathlib import Path

from patrons.files import locked, read_record, write_json

LEDGER = Path("data", "ledger")
LINKED = ("notebooks", "data/raw", "mlruns", "mlflow.db")
PASSING = shutil.ignore_patterns(".*lock", ".running", ".*.partial*")  # of whoever is at work
PATIENCE = 60.0  # seconds for a series whose starter was killed to end its kernels


def prepare(root: Path, params: Path, place: Path, tracked: bool = True) -> Path:
    """A folder like the project's, with results and ledger of one series in it; the params file there.

    Parameters
    ----------
    root : Path
        The project's folder.
    params : Path
        The params file of the series.
    place : Path
        The folder, made anew.
    tracked : bool
        Whether MLflow may be made, where there is none yet.

    Raises
    ------
    LockedError
        Where a series runs on these results, or still runs in that folder.
    """
    name = params.stem
    former, results = place / "data" / "processed" / name, root / "data" / "processed" / name
    if place.exists():
        with locked(former / ".lock", PATIENCE):
            shutil.rmtree(place)
    for folder in ("params", "data/processed"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    for link in LINKED:
        if (root / link).exists() or (link.startswith("ml") and tracked):
            (place / link).symlink_to((root / link).resolve())
    if (ledger := root / LEDGER / name).is_dir():
        shutil.copytree(ledger, place / LEDGER / name, ignore=PASSING, copy_function=_linked)
    if results.is_dir():
        with locked(results / ".lock", PATIENCE):
            shutil.copytree(results, former, symlinks=True, ignore=PASSING, copy_function=_linked)
        _claimed(former, f"params/{params.name}")
    return Path(shutil.copy(params, place / "params" / params.name))


def forget(place: Path) -> None:
    """Delete the copy of the ledger: who is taken out of the ledger must not stay in it."""
    shutil.rmtree(place / LEDGER, ignore_errors=True)


def _claimed(results: Path, params: str) -> None:
    """Let copied results be of the copied params file, wherever the original is."""
    if record := read_record(results):
        write_json(results / "series.json", {**record, "params": params})


def _linked(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
    return target
