"""Where MLflow keeps things: what a backup copies, found by the variables that MLflow's server reads too."""

import configparser
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from patrons.tracking.connection import SQLITE, TrackingError, local_uri

STORE, TRACKING = "MLFLOW_BACKEND_STORE_URI", "MLFLOW_TRACKING_URI"
ARTIFACTS, AUTH = "MLFLOW_ARTIFACTS_DESTINATION", "MLFLOW_AUTH_CONFIG_PATH"
USERS = "basic_auth.db"  # MLflow's own name for it, in the folder in which the server was started
MEMORY = ("data/ledger", "data/campaigns")  # of the project: no series can make them again
SIDECARS = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database


class BackupError(TrackingError):
    """What cannot be backed up, or a backup that cannot be used."""


class Database(NamedTuple):
    """A database of MLflow.

    Attributes
    ----------
    role : str
        ``mlflow`` (runs, metrics, models) or ``auth`` (users and what they may do).
    uri : str
        As SQLAlchemy takes it, ``sqlite:///`` with an absolute path or ``postgresql://``.
    """

    role: str
    uri: str

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database, None of another one."""
        return Path(self.uri.removeprefix(SQLITE)) if self.uri.startswith(SQLITE) else None

    @property
    def name(self) -> str:
        """What its copy is called."""
        return f"{self.role}.dump" if self.file is None else self.file.name


class Stores(NamedTuple):
    """What is backed up.

    Attributes
    ----------
    databases : list of Database
        In the order in which they are copied: users first. So of an experiment that is made meanwhile the copy holds
        no permission without its experiment, which another one of the same number would get after a restore.
    folders : dict
        Folder by the name that its copy gets: artifacts, and what the project remembers.
    """

    databases: list[Database]
    folders: dict[str, Path]


def stores(root: Path, environment: Mapping[str, str] = os.environ) -> Stores:
    """The databases and folders to back up.

    Parameters
    ----------
    root : Path
        The project's folder: ``mlflow.db``, ``mlruns`` and ``mlartifacts`` in it, unless the variables of MLflow's
        server name other places: MLFLOW_BACKEND_STORE_URI with MLFLOW_ARTIFACTS_DESTINATION and
        MLFLOW_AUTH_CONFIG_PATH, or MLFLOW_TRACKING_URI where it is a database.
    environment : mapping
        Those variables.

    Raises
    ------
    BackupError
        Where they name nothing that can be copied.
    """
    root = root.resolve()
    uri = environment.get(STORE) or environment.get(TRACKING) or local_uri(root)
    main = Database("mlflow", _absolute(uri, Path.cwd()))
    if main.file is not None and not main.file.is_file():
        raise BackupError(f"There is no {main.file}, so MLflow holds nothing to back up. {STORE} names another one.")
    beside = main.file.parent if main.file else Path.cwd()
    accounts = users(environment.get(AUTH, ""), beside)
    folders = _server_artifacts(environment) if environment.get(STORE) else _own_artifacts(beside)
    folders |= {name: root / name for name in MEMORY if (root / name).is_dir()}
    found = Stores([*accounts, main], folders)
    _apart(found)
    return found


def _absolute(uri: str, folder: Path) -> str:
    """A URI whose path does not depend on where the process is."""
    if uri.startswith(SQLITE):
        return f"{SQLITE}{(folder / unquote(uri.removeprefix(SQLITE).partition('?')[0])).resolve()}"
    if uri.startswith("postgresql"):
        return uri
    raise BackupError(
        f"MLflow keeps its runs at {urlsplit(uri).scheme or 'a path'}:…, which cannot be copied from here: a backup is "
        f"made where the server's database is, SQLite or PostgreSQL. Set {STORE} and {ARTIFACTS} as for the server."
    )


def users(config: str, beside: Path) -> list[Database]:
    """The database of users: as MLflow's configuration says, else the one beside."""
    if not config:
        return [Database("auth", f"{SQLITE}{beside / USERS}")] if (beside / USERS).is_file() else []
    parser = configparser.ConfigParser()
    if not parser.read(config) or not parser.has_option("mlflow", "database_uri"):
        raise BackupError(f"{AUTH} names {config}, which says no database_uri in its section mlflow. Correct it.")
    one = Database("auth", _absolute(parser["mlflow"]["database_uri"], beside))
    if one.file is not None and not one.file.is_file():
        raise BackupError(f"{config} names {one.file}, which is not there: the users would be lost. Correct it.")
    return [one]


def _server_artifacts(environment: Mapping[str, str]) -> dict[str, Path]:
    place = environment.get(ARTIFACTS, "")
    if not place:
        raise BackupError(f"{STORE} is set, {ARTIFACTS} is not: say where the server keeps its artifacts.")
    parts = urlsplit(place)
    if parts.scheme not in ("", "file"):
        raise BackupError(
            f"{ARTIFACTS} is {parts.scheme}:…, which is no folder: neither database nor artifacts alone can be "
            "restored. Use a folder, or that store's own versions together with the database's own backup."
        )
    folder = Path(unquote(parts.path) if parts.scheme else place).resolve()
    if not folder.is_dir():  # the server makes it with the first artifact
        if folder.parent.is_dir():
            return {}
        raise BackupError(f"{ARTIFACTS} names {folder}, which is not there. Correct it.")
    return {folder.name: folder}


def _own_artifacts(folder: Path) -> dict[str, Path]:
    """Those of the project's own file: `mlruns` by the series, `mlartifacts` by the server that `make ui` starts."""
    return {name: folder / name for name in ("mlruns", "mlartifacts") if (folder / name).is_dir()}


def _apart(found: Stores) -> None:
    """Refuse what lies in each other, or would get the same name."""
    places = [*(one.file for one in found.databases if one.file), *found.folders.values()]
    names = [*(one.name for one in found.databases), *found.folders]
    for place in places:
        for other in places:
            if place is not other and place.resolve().is_relative_to(other.resolve()):
                raise BackupError(f"{place} lies in {other}: keep databases and artifacts in folders of their own.")
    tops = [name.split("/")[0] for name in names if name not in MEMORY]
    if len(set(tops)) < len(tops) or {"data", "manifest.json"} & set(tops):
        raise BackupError(f"Of {', '.join(map(str, places))} two would get the same name. Rename one.")
