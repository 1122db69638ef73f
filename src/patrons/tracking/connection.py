"""A client of MLflow for a while; what that sets for the whole process is put back, and whatever fails is told."""

import errno
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from patrons.errors import PassingError
from patrons.files import locked

if TYPE_CHECKING:  # mlflow takes over a second to import: only when something is sent
    from mlflow import MlflowClient

LOG = logging.getLogger(__name__)
SETTINGS = {  # unless the user has set them
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # do not wait for a server that is down (7 would be minutes)
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # seconds
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}
ARTIFACTS = "_MLFLOW_SERVER_ARTIFACT_ROOT"  # MLflow makes it; unset: mlruns where the process happens to be
TOUCHED = (*SETTINGS, ARTIFACTS, "MLFLOW_TRACKING_URI")
LOGGERS = ("alembic", "mlflow")
SQLITE = "sqlite:///"
PATIENCE = 120  # seconds that a process waits while another makes MLflow's tables
LONGEST_REASON = 400  # characters of an error

_one_at_a_time = threading.RLock()  # environment, tracking URI and loggers belong to the whole process
_prepared: set[str] = set()


class TrackingError(RuntimeError):
    """MLflow did not do it: the first line says why, the second what to do. Results stay on disk."""


def local_uri(root: Path) -> str:
    """The project's own tracking file, used unless MLFLOW_TRACKING_URI names another place."""
    return f"{SQLITE}{(root / 'mlflow.db').resolve()}"


def exists(root: Path) -> bool:
    """Whether there is an MLflow to ask: asking makes the project's own where there is none."""
    return bool(os.environ.get("MLFLOW_TRACKING_URI")) or (root / "mlflow.db").exists()


class AwayError(TrackingError, PassingError):
    """MLflow, its database or its disk did not answer as it should; the same call may do later."""


@contextmanager
def connected(root: Path, trouble: str, then: str = "") -> Iterator["MlflowClient"]:
    """A client of the user's MLflow or of the project's own; whatever goes wrong in its use is an AwayError.

    One thread at a time has one; environment, tracking URI and loggers are afterwards as they were.

    Parameters
    ----------
    root : Path
        The project's folder: without MLFLOW_TRACKING_URI, MLflow keeps things in ``mlflow.db`` and ``mlruns/`` in it.
    trouble : str
        What MLflow did not do, for the error: "did not take the series demo".
    then : str
        What to do once that is solved, the end of a sentence.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI") or local_uri(root)
    with _one_at_a_time, settings(root):
        import mlflow

        try:
            with _tracking_uri(uri):  # for log_model, which takes no client
                client = mlflow.MlflowClient(uri)
                _prepare(client, uri)
                yield client
        except TrackingError:
            raise
        except Exception as error:  # of MLflow, its database, its HTTP library, the disk or a damaged file
            raise AwayError(_message(error, uri, trouble, then)) from error


def load(root: Path) -> None:
    """Import what `connected` and those who send models need, and look at the tables of a file that is there.

    A new file is made by who has something to send: a series that fails leaves none. For a thread that has seconds to
    spare before somebody waits for it. It sets nothing for the process: who starts the thread does (`settings`).
    """
    import mlflow

    from patrons.tracking import packing, promotion  # noqa: F401

    uri = os.environ.get("MLFLOW_TRACKING_URI") or local_uri(root)
    if _file(uri).exists():
        _prepare(mlflow.MlflowClient(uri), uri)


@contextmanager
def settings(root: Path) -> Iterator[None]:
    """MLflow set up for us: quiet, and quick to give up. Not for a thread: variables belong to the whole process."""
    is_ours = os.environ.get("MLFLOW_TRACKING_URI", local_uri(root)) == local_uri(root)
    wanted = SETTINGS | ({ARTIFACTS: (root / "mlruns").resolve().as_uri()} if is_ours else {})
    before = {name: os.environ.get(name) for name in TOUCHED}
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    for name, value in wanted.items():
        os.environ.setdefault(name, value)
    for name in LOGGERS:  # the variable above has no effect if MLflow was imported before
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow's hints, which a user of a series cannot act on
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        for name in TOUCHED:
            os.environ.pop(name, None)
        os.environ.update({name: value for name, value in before.items() if value is not None})


@contextmanager
def _tracking_uri(uri: str) -> Iterator[None]:
    import mlflow

    given, before = os.environ.get("MLFLOW_TRACKING_URI"), mlflow.get_tracking_uri()
    is_set = mlflow.is_tracking_uri_set() and before != given  # type: ignore[no-untyped-call]
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before if is_set else None)  # type: ignore[arg-type]  # None unsets it


def _prepare(client: "MlflowClient", uri: str) -> None:
    """Let MLflow make its tables, which two processes at once cannot."""
    path = _file(uri)
    if not uri.startswith(SQLITE) or (uri in _prepared and path.exists()):
        return
    with locked(path.with_name(f"{path.name}.lock"), PATIENCE, nested=True):
        client.search_experiments(max_results=1)
        client.search_registered_models(max_results=1)
    _prepared.add(uri)


def _file(uri: str) -> Path:
    """The file of a SQLite URI."""
    return Path(unquote(urlsplit(uri).path[1:]))


def _message(error: Exception, uri: str, trouble: str, then: str) -> str:
    place = _without_password(uri)
    full = any(getattr(one, "errno", None) == errno.ENOSPC for one in _chain(error)) or "disk is full" in str(error)
    advice = "Free space on that disk" if full else "Solve that"
    return (
        f"MLflow at {place} {trouble}: {_reason(error).replace(uri, place)}\n"
        f"{advice}, or set MLFLOW_TRACKING_URI to another place (unset: a file of the project){then}"
    )


def _reason(error: Exception) -> str:
    """What an error says, shortened in the middle: libraries put the cause last, after what was tried."""
    text = " ".join((str(error).strip() or type(error).__name__).partition("\n[SQL")[0].split())
    causes = [one.strerror for one in _chain(error) if isinstance(one, OSError) and one.strerror]
    text += f": {causes[0]}" if causes and causes[0] not in text else ""
    half = LONGEST_REASON // 2
    return text if len(text) <= LONGEST_REASON else f"{text[:half].rstrip()} … {text[-half:].lstrip()}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.split("@")[-1])) if "@" in parts.netloc else uri


def experiment_of(client: "MlflowClient", name: str, root: Path) -> str:
    """The id of the experiment of this name, created or restored if needed."""
    from mlflow.exceptions import MlflowException

    if client.get_experiment_by_name(name) is None:
        is_ours = client.tracking_uri == local_uri(root)
        with suppress(MlflowException):  # another process was first: it is there, or the next lines say why not
            return client.create_experiment(
                name, artifact_location=(root / "mlruns").resolve().as_uri() if is_ours else None
            )
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        raise TrackingError(f"MLflow made no experiment {name}.\nMake it there by hand, or rename the params file.")
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
        LOG.warning("MLflow's experiment %s had been deleted: it is restored, with the runs that it had.", name)
    return experiment.experiment_id
