"""Retrains a toy series, killed at one moment after the other, and prints how each ended once it was started again.

One process, which imports once and forks for each retraining. Registry, log and results are real; what takes long and
is not killed here is stood in for: notebooks, the models in a release, and the contest.

    python kill_retraining.py FOLDER MOMENT...

A moment such as ``alias#2`` is just before the second call of what `WATCHED` names so; ``none`` kills nothing.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import traceback
from functools import partial
from pathlib import Path

import mlflow.store.model_registry.sqlalchemy_store  # noqa: F401  # before forking, once
from mlflow import MlflowClient

from patrons.evaluation.metrics import Interval
from patrons.monitoring import broken, retraining
from patrons.monitoring.retrainings import Retrainings
from patrons.scoring import release
from patrons.tracking import promotion, registry
from patrons.tracking.registry import Registry

WATCHED = {
    "wait": (subprocess.Popen, "wait"),  # the child is at work
    "copy": (shutil, "copytree"),
    "begin": (Retrainings, "begin"),
    "note": (Retrainings, "note"),
    "close": (Retrainings, "close"),
    "version": (MlflowClient, "create_model_version"),
    "log": (Registry, "_log"),
    "alias": (MlflowClient, "set_registered_model_alias"),
    "unalias": (MlflowClient, "delete_registered_model_alias"),
    "tag": (Registry, "tag"),
}
HARM = {"verdict": "retrain", "reason": "The loss of two days is above its limit.", "broken": []}
PASSED = [{"gate": "recall", "value": 0.9, "limit": "at least 0.8", "verdict": "passed"}]


def stand_in() -> None:
    """Replace what takes long."""
    even = promotion.Contest(0.8, 0.79, Interval(0.01, -0.02, 0.03), 400, "2025-09-25", ("2025-09-25", "2025-06-27"))
    promotion.contest = lambda candidate, champion: even
    promotion.champion = lambda name, root: root
    broken.check = lambda reference, results: []
    promotion._fetched = lambda registry, which, copies: copies
    promotion.current = lambda processed: processed / "release"
    Registry.checked = lambda self, number: release.read(self.root / "releases" / self.state().releases[number])
    registry.log_release = stored


def stored(client: MlflowClient, experiment: str, folder: Path, identity: str) -> tuple[str, str]:
    run = client.create_run(experiment).info.run_id
    model = client.create_logged_model(experiment, name="release", source_run_id=run)
    return run, model.model_id


def made(root: Path, run_id: str) -> Path:
    """A sealed release with nothing in it, in a folder of its id."""
    folder = root / "releases" / run_id
    folder.mkdir(parents=True)
    for name in release.ALWAYS:
        (folder / name).write_text(name)
    shapes = {"versions": {}, "parameters": {}, "segments": {}, "fast": {}, "features": []}
    facts = {"format": release.FORMAT, "name": "toy", "run_id": run_id, "metrics": {"06.roc_auc": 0.8}}
    sealed = release.seal(folder, {**facts, **shapes, "gates": PASSED})
    return folder.rename(folder.with_name(sealed["id"]))


def prepared(root: Path) -> None:
    """A project with a champion, and results of which 08 says that they are to be made anew."""
    first, second = made(root, "one"), made(root, "two")
    facts = {"calls": str(root / "calls"), "root": str(root), "release": str(second), "run_id": "two", "seconds": 0.3}
    for folder in ("notebooks", "params", "data/raw", "data/processed/toy"):
        (root / folder).mkdir(parents=True)
    (root / "params" / "toy.yaml").write_text(json.dumps({**facts, "monitoring": HARM}))
    shutil.copy(Path(__file__).with_name("toy_run_all.py"), root / "run_all.py")
    champion = Registry("toy", root)
    champion.promote(champion.register(first), why="the first champion")


def retrain(root: Path, moment: str) -> int:
    name, _, nth = moment.partition("#")
    if name != "none":
        owner, method = WATCHED[name]
        original, calls = getattr(owner, method), []

        def watched(*words, **named):
            calls.append(method)
            if len(calls) == int(nth):
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*words, **named)

        setattr(owner, method, watched)
    return retraining.retrain("toy", root, if_needed=True)


def state(root: Path) -> dict:
    """All that a retraining leaves, without times."""
    toy = Registry("toy", root)
    entries = Retrainings(root / "data" / "ledger" / "toy").entries
    timeless = [{name: value for name, value in one.items() if name not in ("started", "finished")} for one in entries]
    return {
        "aliases": toy.aliases(),
        "versions": len(toy.versions()),
        "log": [[one["action"], one["from"], one["to"]] for one in toy.history()],
        "entries": timeless,
        "unfinished": [one["started"] for one in entries if one["finished"] is None],
    }


def forked(work, told: Path) -> int:
    """The exit code of `work` in a copy of this process, or minus its signal; what it prints goes to a file."""
    child = os.fork()
    if child == 0:
        with told.open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        try:
            code = work()
        except BaseException:
            traceback.print_exc()
            code = 99
        sys.stdout.flush()
        os._exit(code or 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def put_back(root: Path, base: Path) -> None:
    for folder in ("data/ledger", "data/processed"):
        shutil.rmtree(root / folder, ignore_errors=True)
        if (base / folder).exists():
            shutil.copytree(base / folder, root / folder)
    shutil.copy(base / "mlflow.db", root / "mlflow.db")


def main() -> None:
    folder, *moments = sys.argv[1:]
    root, base, told = (Path(folder) / name for name in ("shop", "base", "told"))
    root.mkdir()
    stand_in()
    if forked(lambda: prepared(root), told):
        sys.exit(told.read_text())
    shutil.copytree(root / "data", base / "data")
    shutil.copy(root / "mlflow.db", base)
    for moment in moments:
        put_back(root, base)
        print(json.dumps({"moment": moment, **disturbed(root, moment, told)}), flush=True)


def disturbed(root: Path, moment: str, told: Path) -> dict:
    """How a retraining ended that was killed at a moment and started again."""
    codes, text = [], ""
    for one in (moment, "none"):
        codes.append(forked(partial(retrain, root, one), told))
        text += told.read_text()
    forked(lambda: print(json.dumps(state(root))), told)
    return {"codes": codes, "told": text, **json.loads(told.read_text())}


if __name__ == "__main__":
    main()
