"""A project folder with what `patrons metrics` reads of one series, as a person could write it."""

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd

from patrons.files import write_json
from patrons.monitoring.columns import SERIES
from patrons.monitoring.exported import Folders
from patrons.monitoring.ledger import Ledger
from patrons.tracking import archive
from patrons.tracking.decisions import State
from patrons.tracking.registry import Registry

STARTED, FINISHED = "2026-04-01T10:00:00+00:00", "2026-04-01T10:01:30+00:00"
ENDED = 1775037690  # 2026-04-01T10:01:30Z: 20,544 days and 10 h 1 min 30 s after 1970
NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
STAGES = ("01_eda", "06_churn", "08_monitoring")
GOOD = {"status": "succeeded", "stale": False, "seconds": 7.5}
SAID = {"verdict": "watch", "features": 139, "drifted_features": 12, "broken": []}


class Project:
    """The folder; each method writes one file."""

    def __init__(self, root: Path):
        self.root, self.results = root, root / "data" / "processed" / "toy"
        self.ledger = root / "data" / "ledger" / "toy"
        (root / "notebooks").mkdir(parents=True)

    def series(self, folder=None, finished=FINISHED, **stages):
        stages = {stage: {**GOOD, **stages.get(stage[3:], {})} for stage in STAGES}
        record = {"name": "toy", "run_id": "1", "started": STARTED, "finished": finished, "stages": stages}
        write_json((folder or self.results) / "series.json", record)

    def said(self, folder=None, at=ENDED, **facts):
        path = (folder or self.results) / "08_monitoring" / "monitoring.json"
        write_json(path, {**SAID, **facts})
        os.utime(path, (at, at))

    def gates(self, failed):
        write_json(self.results / "06_churn" / "metrics.json", {"roc_auc": 0.8, "gates_failed": failed})

    def looked(self, at, code=0, **facts):
        """What the last look has found."""
        found = {"verdict": "retrain", "features": 139, "drifted_features": 20, "broken": 0, **facts}
        write_json(self.ledger / "looked.json", {"at": at, "code": code, **found})

    def delivered(self, state, name="toy"):
        write_json(self.root / "releases" / "delivery.json", {"name": name, "state": state, "started": STARTED})

    def failed(self, dag, at=FINISHED):
        """What the watcher of a DAG leaves when a run has failed."""
        write_json(self.ledger / f"failed_{dag}.json", {"dag": dag, "run": "scheduled", "at": at})

    @property
    def folders(self):
        return Folders(self.root / "backups", self.root / "releases")

    def retrainings(self, *entries):
        write_json(self.ledger / "retrain.json", [{"started": STARTED, **entry} for entry in entries])


def everything(root: Path, patch) -> Project:
    """A project of which every number is known, of the champion by a registry that is stood in for."""
    project = Project(root)
    project.series()
    project.said()
    project.gates(1)
    project.retrainings({"finished": FINISHED, "exit_code": 0}, {"finished": None, "exit_code": None})
    Ledger(project.ledger).keep(scores(date(2026, 1, 1)))
    backup(root / "backups", "20260401T100130.000Z", FINISHED)
    project.looked(STARTED)
    project.delivered("watched")
    project.failed("toy")
    state = State({"champion": 1}, log(("promote", 1, STARTED)), {1: "a"})
    patch.setattr(Registry, "had_champion", lambda registry: True)
    patch.setattr(Registry, "state", lambda registry: state)
    (root / "mlflow.db").touch()
    return project


def scores(day, horizon_days=90, source=SERIES, customers="abcde"):
    """Five customers who were scored on a day."""
    facts = {"release": "r", "probability": 0.5, "flagged": False, "horizon_days": horizon_days, "source": source}
    return pd.DataFrame({"customer_id": list(customers), "day": day, **facts})


def outcomes(day, customers):
    """Some of them, who left."""
    return pd.DataFrame({"customer_id": list(customers), "day": day, "churned": 1, "source": "log"})


def log(*entries):
    """The log of a registry: action, version and moment of each entry."""
    return {
        f"patrons.log.{number:06}.abc": json.dumps({"action": action, "from": None, "to": to, "at": at})
        for number, (action, to, at) in enumerate(entries, 1)
    }


def backup(folder, name, made):
    """A finished backup of nothing."""
    archive.seal(folder / name, {"format": archive.FORMAT, "made": made, "files": {}})
