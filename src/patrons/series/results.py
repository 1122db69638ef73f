"""The results of a series on disk: one series at a time, folders that appear complete, a record of their origin."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from patrons import __version__
from patrons.files import digest, locked, put, put_back, read_json, read_record, write_json
from patrons.series.declarations import ParamsError
from patrons.series.graph import Notebook

EXECUTED = "notebook.ipynb"
ORIGIN = "origin.json"  # beside the files: where they come from, to the byte the same when they are made again
LASTING = ("fingerprint", "code", "parameters", "inputs", "stopped")  # what it says, with the files' digests
SUCCEEDED, FAILED, NOT_RUN = "succeeded", "failed", "not run"
CALLER = "PATRONS_PIPELINE_RUN"  # the variable that names the run of a pipeline, which calls for a notebook at a time


class Results:
    """``data/processed/<name>``: a folder for each notebook, and ``series.json``, which says where they come from."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.params = ""
        self.fresh = folder / ".running"
        self.record: dict[str, Any] = {}
        self.load()

    def load(self) -> None:
        """Read the record that the last series left, and adopt folders that came from elsewhere since."""
        self.before = {"name": self.folder.name, "stages": {}} | read_record(self.folder)
        self.record = {**self.before, "stages": {**self.before["stages"]}}
        for path in self.folder.glob(f"[0-9]*/{ORIGIN}"):
            self._adopt(path.parent.name, read_json(path))

    def _adopt(self, stage: str, origin: Mapping[str, Any]) -> None:
        """Take for the record what a folder says of itself, where that tells of other results, or none were made here.

        The executed notebook, in which times stand, does not come along (see ``.dvcignore``): one beside other results
        is not theirs, and one that no record knows is what a damaged record left, which counts as none.
        """
        known, executed = self.stage(stage), self.folder / stage / EXECUTED
        if known["status"] == SUCCEEDED:
            other = _origin(known) != origin
        else:
            other = known == new_stage() and not executed.exists()
        if other:
            self.record["stages"][stage] = {**new_stage(), "status": SUCCEEDED, **origin}

    def claim(self, params: Path, root: Path) -> None:
        """Name the params file that these are the results of; ParamsError where another file of that name has them.

        Parameters
        ----------
        params, root : Path
            The params file, and the folder of the project, from which its path is kept.
        """
        self.params = os.path.relpath(params.resolve(), root.resolve())
        other = self.record.get("params") or self.params
        if other != self.params and (root / other).is_file():
            raise ParamsError(
                f"{self.folder.name} names the results of {other}: {self.params} has the same name and would replace "
                "them. Rename one of the two params files."
            )

    def stage(self, stage: str) -> dict[str, Any]:
        """The record of a stage."""
        return {**new_stage(), **self.record["stages"].get(stage, {})}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder; LockedError says which process holds it."""
        with locked(self.folder / ".lock"):
            self.load()
            try:
                yield
            finally:
                shutil.rmtree(self.fresh, ignore_errors=True)

    def begin(self, stages: Iterable[str], data: str | None, root: Path) -> None:
        """Start a new record: earlier results count as reused until they are replaced.

        Calls for one run of a pipeline (see `CALLER`) go on with one record, as if one call had been for all.
        """
        put_back(self.folder)  # what a runner that was killed between two renames left aside
        shutil.rmtree(self.fresh, ignore_errors=True)
        for half in self.folder.glob(".*.partial"):  # of a process that was killed while it wrote
            half.unlink(missing_ok=True)
        before, caller = self.before["stages"], os.environ.get(CALLER, "")
        for removed in set(before) - set(stages):
            shutil.rmtree(self.folder / removed, ignore_errors=True)
        goes_on = self._goes_on(caller)
        kept = {stage: self.stage(stage) for stage in stages if self._has_results(stage)}
        for stage, record in kept.items():
            record["reused"] = record["reused"] or not goes_on
            if EXECUTED not in record["outputs"]:
                (self.folder / stage / EXECUTED).unlink(missing_ok=True)
        self.record = {
            "name": self.folder.name,
            "params": self.params,
            "run_id": self.before["run_id"] if goes_on else f"{datetime.now():%Y%m%d-%H%M}-{secrets.token_hex(3)}",
            "started": self.before["started"] if goes_on else now(),
            "finished": None,
            "patrons": __version__,
            "git_commit": git_commit(root),
            "digest": data or self.record.get("digest", ""),
            "stages": {stage: kept.get(stage, new_stage()) for stage in stages},
            **({"caller": caller} if caller else {}),
        }
        self.save()

    def _goes_on(self, caller: str) -> bool:
        """Whether the last record is of the same caller, and some of it is still to be made."""
        stages = [{**new_stage(), **record} for record in self.before["stages"].values()]
        ready = all(record["status"] == SUCCEEDED and not record["stale"] for record in stages)
        return caller != "" and self.before.get("caller") == caller and not ready

    def _has_results(self, stage: str) -> bool:
        return self.stage(stage)["status"] == SUCCEEDED and (self.folder / stage).is_dir()

    def mark_stale(self, series: Mapping[str, Notebook]) -> None:
        """Mark results made from tables that have changed since, as after ``--only``."""
        written = {file: (stage, digest) for stage in series for file, digest in self.stage(stage)["outputs"].items()}
        for stage in series:  # in an order in which each comes after what it reads
            record = self.stage(stage)
            read = {file: written[file] for file in record["inputs"] if file in written}
            changed = [
                digest != record["inputs"][file] or self.stage(writer)["stale"]
                for file, (writer, digest) in read.items()
            ]
            self.record["stages"][stage] = {**record, "stale": record["status"] == SUCCEEDED and any(changed)}

    def finish(self) -> None:
        """Close the record; a series with nothing to run remains the earlier one, so that it is sent only once."""
        stages = self.record["stages"].values()
        if self.before.get("finished") and all(stage["reused"] for stage in stages):
            self.record = {**self.before, "params": self.params, "stages": self.record["stages"]}
        else:
            self.record["finished"] = now()
        self.save()

    def save(self) -> None:
        write_json(self.folder / "series.json", self.record)

    def is_current(self, notebook: Notebook, fingerprint: str) -> bool:
        """Whether a stage's results are those that a run would give, and unchanged."""
        record = self.stage(notebook.stage)
        same = record["status"] == SUCCEEDED and record["fingerprint"] == fingerprint
        return same and set(notebook.writes) <= set(record["outputs"]) and not self.changed(notebook.stage)

    def changed(self, stage: str) -> list[str]:
        """Files of a stage that are missing or have changed since they were written."""
        outputs = self.stage(stage)["outputs"].items()
        paths = ((self.folder / stage / file, checksum) for file, checksum in outputs)
        return [path.name for path, checksum in paths if not path.exists() or digest(path) != checksum]

    def prepare(self, stage: str) -> Path:
        """An empty folder for a notebook to write to."""
        folder = self.fresh / stage
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def keep(self, stage: str, **record: Any) -> None:
        """Replace earlier results by those that a notebook wrote (see `files.put`)."""
        record |= {"outputs": digests(self.fresh / stage)}
        write_json(self.fresh / stage / ORIGIN, _origin(record))
        put(self.fresh / stage, self.folder / stage)
        self.failed_notebook(stage).unlink(missing_ok=True)
        self.set(stage, status=SUCCEEDED, **record)

    def refuse(self, stage: str, **record: Any) -> None:
        """Keep the executed notebook of a failure; earlier results stay on disk, but no longer count."""
        executed = self.fresh / stage / EXECUTED
        if executed.exists():
            executed.replace(self.failed_notebook(stage))
        shutil.rmtree(self.fresh / stage, ignore_errors=True)
        self.set(stage, status=FAILED, **record)

    def set(self, stage: str, **record: Any) -> None:
        self.record["stages"][stage] = {**new_stage(), **record}
        self.save()

    def failed_notebook(self, stage: str) -> Path:
        """Where the executed notebook of a failure is kept."""
        return self.folder / f"{stage}.failed.ipynb"


def new_stage() -> dict[str, Any]:
    """The record of a stage that has not been run."""
    return {
        "status": NOT_RUN,
        "reused": False,
        "seconds": 0.0,
        "parameters": {},
        "fingerprint": "",
        "code": "",
        "inputs": {},
        "outputs": {},
        "stale": False,
        "error": None,
        "stopped": None,
    }


def _origin(record: Mapping[str, Any]) -> dict[str, Any]:
    """What lasts of a stage's record, with the digests of all that is the same when it is run again."""
    outputs = {file: digest for file, digest in record["outputs"].items() if file != EXECUTED}
    return {**{name: record[name] for name in LASTING}, "outputs": outputs}


def digests(folder: Path) -> dict[str, str]:
    """Every file under a folder and its SHA-256; a table that Spark wrote is a folder, and counts as one."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = dict.fromkeys(_whole(path.relative_to(folder)) for path in found)
    return {str(name): digest(folder / name) for name in names}


def _whole(path: Path) -> Path:
    return next((part for part in reversed(path.parents) if part.suffix == ".parquet"), path)


def now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def git_commit(root: Path) -> str | None:
    """The commit of the folder, with ``-dirty`` when files differ from it; None outside a repository."""
    commit = _git(root, "rev-parse", "HEAD")
    return commit and commit + ("-dirty" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")


def _git(root: Path, *arguments: str) -> str | None:
    try:
        ended = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.strip() if ended.returncode == 0 else None
