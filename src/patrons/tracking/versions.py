"""Releases as versions of a registered model of MLflow: stored, fetched whole, checked, and called by their aliases.

One release is one version of one registered model, ``patrons-<name>``, and holds clusterer, segment model, churn and
value models as one folder. So they change together.
"""

import json
import os
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from patrons.errors import PATRONS
from patrons.scoring import release, signatures
from patrons.tracking.connection import TrackingError, connected, experiment_of
from patrons.tracking.decisions import CANDIDATE, CHAMPION, State, headline
from patrons.tracking.packing import ID, log_release

SIGNATURE = "patrons.signature"  # the name of a tag
LONGEST_REASON = 2000  # characters that a tag keeps of one


class RegistryError(TrackingError):
    """A release that does not exist or may not be promoted."""


class Versions:
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
        manifest, signature = release.verify(folder), signatures.text(folder)
        if manifest["name"] != self.name:
            raise RegistryError(f"The release in {folder} is of {manifest['name']}, and not of {self.name}.")
        with self._client() as client:
            if not client.search_registered_models(f"name = '{self.model}'"):
                client.create_registered_model(self.model, description=f"Releases of the series {self.name}")
            number = self._stored(client, manifest["id"], signature) or self._store(client, folder, manifest)
            self._nominate(client, number)
        return number

    def nominate(self, number: int) -> None:
        """Make a version the candidate; one that is the champion is none, nor stays one where it was promoted."""
        with self._client() as client:
            self._nominate(client, number)

    def _nominate(self, client: Any, number: int) -> None:
        aliases = self._aliases(client)
        if aliases.get(CHAMPION) != number:
            client.set_registered_model_alias(self.model, CANDIDATE, str(number))
        elif aliases.get(CANDIDATE) == number:
            client.delete_registered_model_alias(self.model, CANDIDATE)

    def tag(self, number: int, name: str, text: str) -> None:
        """Tag a version; a tag of that name is replaced."""
        with self._client() as client:
            client.set_model_version_tag(self.model, str(number), name, text[:LONGEST_REASON])

    def _stored(self, client: Any, identity: str, signature: str) -> int | None:
        """The latest version of this release with this signature, None where there is none."""
        versions = client.search_model_versions(f"name = '{self.model}'")
        tags = {_number_of(version): (version.tags.get(ID), version.tags.get(SIGNATURE, "")) for version in versions}
        return max((number for number, kept in tags.items() if kept == (identity, signature)), default=None)

    def _store(self, client: Any, folder: Path, manifest: Mapping[str, Any]) -> int:
        """Store a release as a new version, with a run of its own."""
        experiment = experiment_of(client, self.name, self.root)
        run, model = log_release(client, experiment, folder, manifest["id"])
        tags = {ID: manifest["id"], "patrons.metrics": json.dumps(headline(manifest))}
        if signature := signatures.text(folder):
            tags[SIGNATURE] = signature
        return _number_of(client.create_model_version(self.model, f"models:/{model}", run, tags, model_id=model))

    def fetch(self, which: str | int, folder: Path) -> Path:
        """A copy of a release, its checksums verified: ``<folder>/<name>-<id>``; an intact one that exists is used.

        Parameters
        ----------
        which : str or int
            An alias or a version.
        """
        with self._client() as client:
            state = self._state(client)
        number = self._number(which, state)
        copy = folder / release.folder_name(self.name, state.releases[number])
        if copy.is_dir() and release.is_intact(copy):
            release.verify(copy)
            with suppress(OSError):  # of a folder that may only be read
                os.utime(copy)
            return copy
        with TemporaryDirectory() as scratch:
            with self._client():
                import mlflow

                model = mlflow.artifacts.download_artifacts(f"models:/{self.model}/{number}", dst_path=scratch)
            source = Path(model) / "artifacts" / "release"
            manifest = release.read(source)
            if (manifest["name"], manifest["id"]) != (self.name, state.releases[number]):
                raise RegistryError(
                    f"Version {number} of {self.model} holds release {manifest['id']} of {manifest['name']}, not "
                    f"{state.releases[number]} of {self.name}: it was changed in MLflow. Delete that version there."
                )
            return release.export(source, folder)

    def checked(self, number: int) -> dict[str, Any]:
        """The manifest of a version, once it is complete and its golden answers come out right."""
        from patrons.scoring import Scorer

        with TemporaryDirectory() as scratch:
            scorer = Scorer.load(self.fetch(number, Path(scratch)), verified=True)
            if problems := scorer.check():
                raise RegistryError(
                    f"Version {number} of {self.model} does not answer as it must: {problems[0]}. "
                    f"If Patrons has changed since it was built: {PATRONS} models build {self.name}"
                )
        return scorer.manifest

    def state(self) -> State:
        """Aliases, log and versions, as they are."""
        with self._client() as client:
            return self._state(client)

    def _state(self, client: Any) -> State:
        registered = self._registered(client)
        versions = client.search_model_versions(f"name = '{self.model}'")
        releases = {_number_of(version): version.tags.get(ID, "unknown") for version in versions}
        return State({alias: int(number) for alias, number in registered.aliases.items()}, registered.tags, releases)

    def mark(self) -> Hashable:
        """A value that is another one after every change of aliases, log or versions, for the price of one query."""
        with self._client() as client:
            models = client.search_registered_models(f"name = '{self.model}'")
        return tuple((one.last_updated_timestamp, *sorted(one.aliases.items()), *sorted(one.tags)) for one in models)

    def _number(self, which: str | int, state: State) -> int:
        """The version that is meant, of those that Patrons has stored."""
        if not str(which).isdecimal():
            if which not in state.aliases:
                raise RegistryError(self._lacking(str(which), state))
            which = state.aliases[str(which)]
        if state.releases.get(int(which), "unknown") == "unknown":
            raise RegistryError(f"{self.model} has no version {which}. See: {PATRONS} models list {self.name}")
        return int(which)

    def _lacking(self, alias: str, state: State) -> str:
        """What to do where an alias is not there."""
        logged = state.line.logged
        if alias == CHAMPION and logged is not None:
            return (
                f"{self.model} has lost its champion: by the log version {logged} answers, and MLflow holds no such "
                f"alias any more. What may answer instead: {PATRONS} models repair {self.name}"
            )
        existing = ", ".join(sorted(state.aliases)) or "none"
        return (
            f"{self.model} has no {alias}; its aliases: {existing}. Build a release: {PATRONS} models build {self.name}"
        )

    def _aliases(self, client: Any) -> dict[str, int]:
        return {alias: int(number) for alias, number in self._registered(client).aliases.items()}

    def _registered(self, client: Any) -> Any:
        if not client.search_registered_models(f"name = '{self.model}'"):
            raise RegistryError(
                f"No release of {self.name} is registered. Make one: {PATRONS} models build {self.name}"
            )
        return client.get_registered_model(self.model)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with connected(self.root, f"does not give the releases of {self.name}") as client:
            yield client


def _number_of(version: Any) -> int:
    return int(version.version)


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
