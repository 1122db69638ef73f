"""Which release answers, and who decided so: MLflow's model registry with the aliases candidate, champion, previous.

One release is one version of one registered model, ``patrons-<name>``, and holds clusterer, segment model, churn and
value models as one folder. So they change together: moving the alias `champion` is a single write, and whoever reads it
gets a whole release, the old one or the new one. Every change is told in a log, kept as tags of the registered model
that are only ever added; an entry is written before the change that it tells of, so that no change goes without one.
"""

import getpass
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

import patrons
from patrons.libraries import OF_MODELS, requirements
from patrons.scoring import release
from patrons.tracking.packing import copied_code
from patrons.tracking.runs import TrackingError, connected, experiment_of

CANDIDATE, CHAMPION, PREVIOUS = "candidate", "champion", "previous"
LOG, ID = "patrons.log.", "patrons.release"  # names of tags
TOLD = ("06.roc_auc", "06.pr_auc", "06.brier", "06.recall", "06.precision", "05.accuracy", "03.silhouette")
REQUIRED = ("mlflow", *OF_MODELS, "pyarrow")


class RegistryError(TrackingError):
    """A release that is not there or may not be promoted."""


class Registry:
    """The releases of one series.

    Parameters
    ----------
    name : str
        The series, such as ``demo``.
    root : Path
        The project's folder (see `tracking.connected`).
    """

    def __init__(self, name: str, root: Path):
        self.name, self.root, self.model = name, root.resolve(), f"patrons-{name}"

    def versions(self) -> list[dict[str, Any]]:
        """Every version, the newest first: `version`, `release`, `created`, `aliases`, `metrics`."""
        with self._client() as client:
            aliases = self._aliases(client)
            found = client.search_model_versions(f"name = '{self.model}'")
            return [
                {
                    "version": int(one.version),
                    "release": one.tags.get(ID, "unknown"),
                    "created": datetime.fromtimestamp(one.creation_timestamp / 1000, UTC).isoformat(timespec="seconds"),
                    "aliases": sorted(alias for alias, number in aliases.items() if number == int(one.version)),
                    "metrics": json.loads(one.tags.get("patrons.metrics", "{}")),
                }
                for one in sorted(found, key=lambda one: -int(one.version))
            ]

    def aliases(self) -> dict[str, int]:
        """Version by alias, such as ``{"champion": 3, "previous": 2}``."""
        with self._client() as client:
            return self._aliases(client)

    def register(self, folder: Path) -> int:
        """Make a release the candidate; its version. A release that is registered already is not stored again."""
        folder = folder.resolve()
        manifest = release.verify(folder)
        with self._client() as client:
            if not client.search_registered_models(f"name = '{self.model}'"):
                client.create_registered_model(self.model, description=f"Releases of the series {self.name}")
        known = [one["version"] for one in self.versions() if one["release"] == manifest["id"]]
        with self._client() as client:
            number = known[0] if known else self._store(client, folder, manifest)
            client.set_registered_model_alias(self.model, CANDIDATE, str(number))
        return number

    def fetch(self, which: str | int, folder: Path) -> Path:
        """A copy of a release, its checksums verified: ``<folder>/<name>-<id>``; one that is there is taken.

        Parameters
        ----------
        which : str or int
            An alias or a version.
        """
        number = self._number(which)
        known = next(one["release"] for one in self.versions() if one["version"] == number)
        there = folder / f"{self.name}-{known}"
        if there.is_dir():
            release.verify(there)
            return there
        with TemporaryDirectory() as scratch:
            with self._client():
                import mlflow

                got = mlflow.artifacts.download_artifacts(f"models:/{self.model}/{number}", dst_path=scratch)
            return release.export(Path(got) / "artifacts" / "release", folder)

    def promote(self, which: str | int = CANDIDATE, why: str = "", override: str = "") -> dict[str, Any]:
        """Make a release the champion; what the log says of it.

        Parameters
        ----------
        which : str or int
            An alias or a version.
        why : str
            For the log.
        override : str
            The reason to promote although gates have failed; recorded.

        Raises
        ------
        RegistryError
            When gates have failed, or the release does not answer its golden requests as it must.
        """
        number = self._number(which)
        manifest = self._checked(number)
        failed = failed_gates(manifest)
        if failed and not override:
            listed = "".join(f"\n  - {one}" for one in failed)
            raise RegistryError(
                f"Version {number} of {self.model} is not promoted:{listed}\n"
                'Mend the model, or say why it is to be promoted all the same: --override "reason"'
            )
        told = {"why": why or override, "override": bool(failed), "failed": failed, "metrics": headline(manifest)}
        return self._move("promote", number, self._champions(), told)

    def rollback(self, why: str = "") -> dict[str, Any]:
        """Make the former champion the champion again; what the log says of it."""
        champions = self._champions()
        if len(champions) < 2:
            raise RegistryError(f"{self.model} has had no champion before this one: there is nothing to go back to.")
        told = {"why": why, "override": False, "failed": [], "metrics": headline(self._checked(champions[-2]))}
        return self._move("rollback", champions[-2], champions[:-2], told)

    def history(self) -> list[dict[str, Any]]:
        """The log, the oldest entry first."""
        with self._client() as client:
            tags = self._registered(client).tags
        return [json.loads(text) for name, text in sorted(tags.items()) if name.startswith(LOG)]

    def _champions(self) -> list[int]:
        """The champions that led to the present one, itself last; those that were rolled back are out."""
        line: list[int] = []
        for entry in self.history():
            if entry["action"] == "promote":
                line = [*(one for one in line if one != entry["to"]), entry["to"]]
            elif entry["action"] == "rollback":
                line = line[: line.index(entry["to"]) + 1]
            else:  # the change before did not happen
                line = entry["champions"]
        return line

    def _move(self, action: str, to: int, below: list[int], told: Mapping[str, Any]) -> dict[str, Any]:
        """Write the log, then move the aliases: `previous` first, so that `champion` is the one write that counts."""
        champions = self._champions()
        entry = {"action": action, "from": champions[-1] if champions else None, "to": to, **told}
        below = [one for one in below if one != to]
        with self._client() as client:
            entry = self._log(client, entry)
            try:
                if below:
                    client.set_registered_model_alias(self.model, PREVIOUS, str(below[-1]))
                elif PREVIOUS in self._aliases(client):
                    client.delete_registered_model_alias(self.model, PREVIOUS)
                client.set_registered_model_alias(self.model, CHAMPION, str(to))
            except Exception:
                self._log(client, {"action": "failed", "from": to, "to": entry["from"], "champions": champions})
                raise
            if self._aliases(client).get(CANDIDATE) == to:
                client.delete_registered_model_alias(self.model, CANDIDATE)
        return entry

    def _log(self, client: Any, entry: Mapping[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        whole = {"at": now, "who": getpass.getuser(), **entry}
        client.set_registered_model_tag(
            self.model, f"{LOG}{now[:26]}.{token_hex(3)}", json.dumps(whole, ensure_ascii=False)
        )
        return whole

    def _checked(self, number: int) -> dict[str, Any]:
        """The manifest of a version that is whole and answers as it must."""
        from patrons.scoring import Scorer

        with TemporaryDirectory() as scratch:
            scorer = Scorer.load(self.fetch(number, Path(scratch)), verified=True)
            if problems := scorer.check():
                raise RegistryError(
                    f"Version {number} of {self.model} does not answer as it must: {problems[0]}. "
                    f"If Patrons has changed since it was made: patrons models build {self.name}"
                )
        return scorer.manifest

    def _store(self, client: Any, folder: Path, manifest: Mapping[str, Any]) -> int:
        """Keep a release as a new version, with a run that it belongs to."""
        import mlflow

        experiment = experiment_of(client, self.name, self.root)
        name = f"release {manifest['id']}"
        run = client.create_run(experiment, run_name=name, tags={ID: manifest["id"]}).info.run_id
        logged = client.create_logged_model(experiment, name="release", source_run_id=run)
        with TemporaryDirectory() as scratch:
            kept = shutil.copytree(folder, Path(scratch) / "release")  # the name that it has among the artifacts
            mlflow.pyfunc.log_model(
                name="release",
                model_id=logged.model_id,
                python_model=str(Path(__file__).with_name("pyfunc.py")),
                artifacts={"release": str(kept)},
                code_paths=[str(copied_code(["patrons.scoring.scorer"], Path(scratch)))],
                pip_requirements=requirements(REQUIRED),
                metadata={"patrons": patrons.__version__, ID: manifest["id"]},
            )
        client.set_terminated(run)
        tags = {ID: manifest["id"], "patrons.metrics": json.dumps(headline(manifest))}
        uri, tied = f"models:/{logged.model_id}", logged.model_id
        made = client.create_model_version(self.model, uri, run, tags, model_id=tied)
        return int(made.version)

    def _number(self, which: str | int) -> int:
        if str(which).isdecimal():
            if int(which) not in [one["version"] for one in self.versions()]:
                raise RegistryError(f"{self.model} has no version {which}. See: patrons models list {self.name}")
            return int(which)
        aliases = self.aliases()
        if which not in aliases:
            there = ", ".join(sorted(aliases)) or "none"
            raise RegistryError(f"{self.model} has no {which}; its aliases: {there}. patrons models build {self.name}")
        return aliases[which]

    def _aliases(self, client: Any) -> dict[str, int]:
        return {alias: int(number) for alias, number in self._registered(client).aliases.items()}

    def _registered(self, client: Any) -> Any:
        found = client.search_registered_models(f"name = '{self.model}'")
        if not found:
            raise RegistryError(f"No release of {self.name} is registered. Make one: patrons models build {self.name}")
        return client.get_registered_model(self.model)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with connected(self.root, f"does not give the releases of {self.name}") as client:
            yield client


def failed_gates(manifest: Mapping[str, Any]) -> list[str]:
    """What speaks against a promotion, in words; empty where nothing does."""
    gates, counted = manifest["gates"], manifest["metrics"].get("06.gates_failed")
    if not gates and counted is None:
        return ["its churn model was held against no gates"]
    failed = [f"{gate['gate']} is {gate['value']}, {gate['limit']}" for gate in gates if gate["verdict"] != "passed"]
    return failed or ([f"{counted:g} gates have failed"] if counted else [])


def headline(manifest: Mapping[str, Any]) -> dict[str, float]:
    """The few numbers of a release that its log shows."""
    return {name: round(manifest["metrics"][name], 4) for name in TOLD if name in manifest["metrics"]}
