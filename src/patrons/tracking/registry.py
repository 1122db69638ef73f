"""Which release answers, and who decided so: MLflow's model registry with the aliases candidate, champion, previous.

One release is one version of one registered model, ``patrons-<name>``, and holds clusterer, segment model, churn and
value models as one folder. So they change together: moving the alias `champion` is a single write, and whoever reads it
gets a complete release, the old one or the new one. Every change stands in a log, kept as tags of the registered model
that are only ever added; an entry is written before its change, so that no change goes unrecorded.
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
HEADLINE = ("06.roc_auc", "06.pr_auc", "06.brier", "06.recall", "06.precision", "05.accuracy", "03.silhouette")
REQUIRED = ("mlflow", *OF_MODELS, "pyarrow")


class RegistryError(TrackingError):
    """A release that does not exist or may not be promoted."""


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
            versions = sorted(client.search_model_versions(f"name = '{self.model}'"), key=_number_of, reverse=True)
            return [
                {
                    "version": _number_of(version),
                    "release": version.tags.get(ID, "unknown"),
                    "created": _moment(version.creation_timestamp),
                    "aliases": sorted(alias for alias, number in aliases.items() if number == _number_of(version)),
                    "metrics": json.loads(version.tags.get("patrons.metrics", "{}")),
                }
                for version in versions
            ]

    def aliases(self) -> dict[str, int]:
        """Version by alias, such as ``{"champion": 3, "previous": 2}``."""
        with self._client() as client:
            return self._aliases(client)

    def register(self, folder: Path) -> int:
        """Make a release the candidate, and return its version; one that is registered already is not stored again."""
        folder = folder.resolve()
        manifest = release.verify(folder)
        with self._client() as client:
            if not client.search_registered_models(f"name = '{self.model}'"):
                client.create_registered_model(self.model, description=f"Releases of the series {self.name}")
        stored = [version["version"] for version in self.versions() if version["release"] == manifest["id"]]
        with self._client() as client:
            number = stored[0] if stored else self._store(client, folder, manifest)
            client.set_registered_model_alias(self.model, CANDIDATE, str(number))
        return number

    def fetch(self, which: str | int, folder: Path) -> Path:
        """A copy of a release, its checksums verified: ``<folder>/<name>-<id>``; an existing one is used.

        Parameters
        ----------
        which : str or int
            An alias or a version.
        """
        number = self._number(which)
        identity = next(version["release"] for version in self.versions() if version["version"] == number)
        copy = folder / f"{self.name}-{identity}"
        if copy.is_dir():
            release.verify(copy)
            return copy
        with TemporaryDirectory() as scratch:
            with self._client():
                import mlflow

                model = mlflow.artifacts.download_artifacts(f"models:/{self.model}/{number}", dst_path=scratch)
            return release.export(Path(model) / "artifacts" / "release", folder)

    def promote(self, which: str | int = CANDIDATE, why: str = "", override: str = "") -> dict[str, Any]:
        """Make a release the champion, and return the entry of the log.

        Parameters
        ----------
        which : str or int
            An alias or a version.
        why : str
            For the log.
        override : str
            The reason to promote despite failed gates; it is recorded.

        Raises
        ------
        RegistryError
            When gates have failed, or the golden answers of the release do not come out right.
        """
        number = self._number(which)
        manifest = self._checked(number)
        failed = failed_gates(manifest)
        if failed and not override:
            listed = "".join(f"\n  - {gate}" for gate in failed)
            raise RegistryError(
                f"Version {number} of {self.model} is not promoted:{listed}\n"
                'Improve the model, or state why it is to be promoted all the same: --override "reason"'
            )
        facts = {"why": why or override, "override": bool(failed), "failed": failed, "metrics": headline(manifest)}
        return self._move("promote", number, self._champions(), facts)

    def rollback(self, why: str = "") -> dict[str, Any]:
        """Make the former champion the champion again, and return the entry of the log."""
        champions = self._champions()
        if len(champions) < 2:
            raise RegistryError(f"{self.model} had no champion before this one: there is nothing to go back to.")
        facts = {"why": why, "override": False, "failed": [], "metrics": headline(self._checked(champions[-2]))}
        return self._move("rollback", champions[-2], champions[:-2], facts)

    def history(self) -> list[dict[str, Any]]:
        """The log, the oldest entry first."""
        with self._client() as client:
            tags = self._registered(client).tags
        return [json.loads(text) for name, text in sorted(tags.items()) if name.startswith(LOG)]

    def _champions(self) -> list[int]:
        """The champions up to the present one, which is last, without those that were rolled back."""
        line: list[int] = []
        for entry in self.history():
            if entry["action"] == "promote":
                line = [*(number for number in line if number != entry["to"]), entry["to"]]
            elif entry["action"] == "rollback":
                line = line[: line.index(entry["to"]) + 1]
            else:  # the change before this entry failed
                line = entry["champions"]
        return line

    def _move(self, action: str, to: int, below: list[int], facts: Mapping[str, Any]) -> dict[str, Any]:
        """Write the log, then move the aliases: `previous` first, so that `champion` is the one write that counts."""
        champions = self._champions()
        entry = {"action": action, "from": champions[-1] if champions else None, "to": to, **facts}
        below = [number for number in below if number != to]
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
        stamped = {"at": now, "who": getpass.getuser(), **entry}
        client.set_registered_model_tag(
            self.model, f"{LOG}{now[:26]}.{token_hex(3)}", json.dumps(stamped, ensure_ascii=False)
        )
        return stamped

    def _checked(self, number: int) -> dict[str, Any]:
        """The manifest of a version, once it is complete and its golden answers come out right."""
        from patrons.scoring import Scorer

        with TemporaryDirectory() as scratch:
            scorer = Scorer.load(self.fetch(number, Path(scratch)), verified=True)
            if problems := scorer.check():
                raise RegistryError(
                    f"Version {number} of {self.model} does not answer as it must: {problems[0]}. "
                    f"If Patrons has changed since it was built: patrons models build {self.name}"
                )
        return scorer.manifest

    def _store(self, client: Any, folder: Path, manifest: Mapping[str, Any]) -> int:
        """Store a release as a new version, with a run of its own."""
        import mlflow

        experiment = experiment_of(client, self.name, self.root)
        name = f"release {manifest['id']}"
        run = client.create_run(experiment, run_name=name, tags={ID: manifest["id"]}).info.run_id
        logged = client.create_logged_model(experiment, name="release", source_run_id=run)
        with TemporaryDirectory() as scratch:
            copy = shutil.copytree(folder, Path(scratch) / "release")  # its name among the artifacts
            mlflow.pyfunc.log_model(
                name="release",
                model_id=logged.model_id,
                python_model=str(Path(__file__).with_name("pyfunc.py")),
                artifacts={"release": str(copy)},
                code_paths=[str(copied_code(["patrons.scoring.scorer"], Path(scratch)))],
                pip_requirements=requirements(REQUIRED),
                metadata={"patrons": patrons.__version__, ID: manifest["id"]},
            )
        client.set_terminated(run)
        tags = {ID: manifest["id"], "patrons.metrics": json.dumps(headline(manifest))}
        uri, model = f"models:/{logged.model_id}", logged.model_id
        return _number_of(client.create_model_version(self.model, uri, run, tags, model_id=model))

    def _number(self, which: str | int) -> int:
        if str(which).isdecimal():
            if int(which) not in [version["version"] for version in self.versions()]:
                raise RegistryError(f"{self.model} has no version {which}. See: patrons models list {self.name}")
            return int(which)
        aliases = self.aliases()
        if which not in aliases:
            existing = ", ".join(sorted(aliases)) or "none"
            raise RegistryError(
                f"{self.model} has no {which}; its aliases: {existing}. Make one: patrons models build {self.name}"
            )
        return aliases[str(which)]

    def _aliases(self, client: Any) -> dict[str, int]:
        return {alias: int(number) for alias, number in self._registered(client).aliases.items()}

    def _registered(self, client: Any) -> Any:
        if not client.search_registered_models(f"name = '{self.model}'"):
            raise RegistryError(f"No release of {self.name} is registered. Make one: patrons models build {self.name}")
        return client.get_registered_model(self.model)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with connected(self.root, f"does not give the releases of {self.name}") as client:
            yield client


def _number_of(version: Any) -> int:
    return int(version.version)


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")


def failed_gates(manifest: Mapping[str, Any]) -> list[str]:
    """What speaks against a promotion, a phrase for each; empty where nothing does."""
    gates, counted = manifest["gates"], manifest["metrics"].get("06.gates_failed")
    if not gates and counted is None:
        return ["its churn model was not tested by any gate"]
    failed = [f"{gate['gate']} is {gate['value']}, {gate['limit']}" for gate in gates if gate["verdict"] != "passed"]
    return failed or ([f"{counted:g} gates have failed"] if counted else [])


def headline(manifest: Mapping[str, Any]) -> dict[str, float]:
    """The few metrics of a release that lists and the log show."""
    return {name: round(manifest["metrics"][name], 4) for name in HEADLINE if name in manifest["metrics"]}
