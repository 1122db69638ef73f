"""Series that are run once and looked at by many tests."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import run_all
from patrons.demo import simulate
from patrons.scoring import Scorer, release
from patrons.scoring import build as release_build

REPOSITORY = Path(__file__).parents[1]
FEW = ("--set", "05.n_trials=1", "--set", "06.n_trials=1")  # settings of each model, to save time


@dataclass(frozen=True)
class Ran:
    """A series that was run in a folder of its own."""

    root: Path
    name: str
    code: int

    @property
    def processed(self) -> Path:
        return self.root / "data" / "processed" / self.name

    @property
    def reports(self) -> Path:
        return self.root / "reports" / self.name

    @property
    def settings(self) -> tuple[str, ...]:
        """What a second run must be told to be the same."""
        return FEW

    def metrics(self, number: str) -> dict[str, float]:
        return json.loads(next(self.processed.glob(f"{number}_*/metrics.json")).read_text())


def copied(root: Path) -> Path:
    """The notebooks and params files in another folder, so that a test leaves the project's own results alone."""
    for folder in ("notebooks", "params"):
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    return root


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Ran:
    """The whole series on a reduced demo with few settings tried, sent to an MLflow file of its own."""
    root = copied(tmp_path_factory.mktemp("demo"))
    simulate.write(simulate.simulate(customers=600, seed=1), root / "data" / "raw" / "demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return Ran(root, "demo", run_all.main([*FEW], root=root))


@pytest.fixture(scope="session")
def online_retail(tmp_path_factory) -> Ran:
    """The whole series on Online Retail with few settings tried, where $PATRONS_DATA has it."""
    if not (Path(os.environ.get("PATRONS_DATA", "")) / "online_retail.parquet").is_file():
        pytest.skip("PATRONS_DATA does not name a folder with online_retail.parquet")
    root = copied(tmp_path_factory.mktemp("online_retail"))
    return Ran(root, "online_retail", run_all.main(["online_retail", "--no-track", *FEW], root=root))


def on_shared_data(name: str, source: str, folder: Path) -> Ran:
    """The whole series on a public data set, where $PATRONS_DATA has it."""
    if not (Path(os.environ.get("PATRONS_DATA", "")) / source).is_file():
        pytest.skip(f"PATRONS_DATA does not name a folder with {source}")
    return Ran(copied(folder), name, run_all.main([name, *FEW], root=folder))


@pytest.fixture(scope="session")
def telco(tmp_path_factory) -> Ran:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return on_shared_data("telco", "WA_Fn-UseC_-Telco-Customer-Churn.csv", tmp_path_factory.mktemp("telco"))


@pytest.fixture(scope="session")
def bank(tmp_path_factory) -> Ran:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return on_shared_data("bank", "Churn_Modelling.csv", tmp_path_factory.mktemp("bank"))


@pytest.fixture(scope="session")
def demo_release(demo, tmp_path_factory) -> Path:
    """A release of the demo; tests that change one copy it first."""
    return release_build.build(demo.processed, tmp_path_factory.mktemp("release") / "demo")


@pytest.fixture(scope="session")
def scorer(demo_release) -> Scorer:
    return Scorer.load(demo_release)


@pytest.fixture(scope="session")
def customers(demo) -> pd.DataFrame:
    """Features of the demo's customers."""
    return pd.read_parquet(demo.processed / "02_transformation" / "features.parquet")


def resealed(folder: Path, target: Path, **changes) -> Path:
    """A copy of a release of which the manifest says something else."""
    shutil.copytree(folder, target)
    manifest = {**release.read(target), **changes}
    (target / release.MANIFEST).unlink()
    release.seal(target, {name: value for name, value in manifest.items() if name not in ("id", "files")})
    return target
