"""A model as MLflow keeps it: with signature, example, exact requirements, and the code of our transformers in it."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mlflow.sklearn
import pandas as pd
import skops.io
from mlflow import MlflowClient
from mlflow.models import Model, ModelSignature, infer_signature

import patrons
from patrons.files import digest
from patrons.libraries import OF_MODELS, requirements
from patrons.models import TRUSTED, load_model
from patrons.series.imports import PACKAGE, helper_files

LIBRARIES = ("mlflow", *OF_MODELS)  # that a model needs, with exact versions
EXAMPLE_ROWS = 5
IDS = ("artifact_path", "run_id", "model_uuid", "model_id")  # of a model that is sent
ID = "patrons.release"  # the tag that names a release


def pack(path: Path, folder: Path) -> Path:
    """Make MLflow's model, but for its ids, of the one at `path`, with ``<model>.sample.parquet`` beside it as input.

    It takes most of the time of sending one and can be done before there is a run to send it to: one of the same
    content that is in `folder` already is taken as it stands.
    """
    sample_path = path.with_suffix(".sample.parquet")
    packed = folder / f"{digest(path)}-{digest(sample_path)}"
    if not packed.exists():
        folder.mkdir(parents=True, exist_ok=True)
        model, sample = load_model(path), pd.read_parquet(sample_path)
        with tempfile.TemporaryDirectory(dir=folder) as own:
            mlflow.sklearn.save_model(
                model,
                Path(own) / "model",
                serialization_format="skops",
                skops_trusted_types=list(TRUSTED),
                signature=signature(model, sample),
                input_example=sample.head(EXAMPLE_ROWS),
                pip_requirements=requirements(LIBRARIES),
                code_paths=own_code(path, Path(own)),
                metadata={"patrons": patrons.__version__},
            )
            (Path(own) / "model").rename(packed)
    return packed


class _Packed:
    """What `pack` has made, as a flavor of MLflow, which gives it its ids."""

    def __init__(self, folder: Path):
        self.folder = folder

    def save_model(self, path: str, mlflow_model: Model, **_: Any) -> None:
        shutil.copytree(self.folder, path)
        ids = {name: getattr(mlflow_model, name) for name in IDS}
        mlflow_model.__dict__ |= Model.load(path).__dict__ | ids
        mlflow_model.save(str(Path(path) / "MLmodel"))


def log_model(client: MlflowClient, experiment: str, run: str, path: Path, folder: Path) -> str:
    """Log the model at `path` to a run, packed in a folder (see `pack`); its MLflow URI.

    The tracking URI must be set: MLflow's ``log_model`` takes no client.
    """
    packed = pack(path, folder)
    logged = client.create_logged_model(experiment, name=path.stem, source_run_id=run)
    return Model.log(
        None,
        _Packed(packed),
        name=path.stem,
        model_id=logged.model_id,
        run_id=run,
        validate_serving_input=False,  # what it finds would be a warning, and MLflow is told to be quiet
    ).model_uri


def log_release(client: MlflowClient, experiment: str, folder: Path, identity: str) -> tuple[str, str]:
    """Log a release as a model with a run of its own; the ids of both. The tracking URI must be set."""
    run = client.create_run(experiment, run_name=f"release {identity}", tags={ID: identity}).info.run_id
    logged = client.create_logged_model(experiment, name="release", source_run_id=run)
    with tempfile.TemporaryDirectory() as scratch:
        copy = shutil.copytree(folder, Path(scratch) / "release")  # its name among the artifacts
        mlflow.pyfunc.log_model(
            name="release",
            model_id=logged.model_id,
            python_model=str(Path(__file__).with_name("pyfunc.py")),
            artifacts={"release": str(copy)},
            code_paths=[str(copied_code(["patrons.scoring.scorer"], Path(scratch)))],
            pip_requirements=requirements((*LIBRARIES, "pyarrow")),
            metadata={"patrons": patrons.__version__, ID: identity},
        )
    client.set_terminated(run)
    return run, logged.model_id


def signature(model: Any, sample: pd.DataFrame) -> ModelSignature:
    """The columns that a model takes and those that it predicts; some clusterers cannot predict."""
    return infer_signature(sample, model.predict(sample) if hasattr(model, "predict") else None)


def own_code(path: Path, folder: Path) -> list[str] | None:
    """A copy of the modules of this package that a model needs, so that it loads where Patrons is not installed."""
    types = [name for name in skops.io.get_untrusted_types(file=path) if name.startswith("patrons.")]
    return [str(copied_code(types, folder))] if types else None


def copied_code(names: Iterable[str], folder: Path) -> Path:
    """A copy of this package in `folder` that holds only what the dotted names need."""
    for module in helper_files("\n".join(f"import {name}" for name in names)):
        copy = folder / "patrons" / module.relative_to(PACKAGE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(module, copy)
    return folder / "patrons"
