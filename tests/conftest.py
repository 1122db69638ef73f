"""Series that are run once and looked at by many tests."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from toy_series import params

import run_all
from patrons.demo import simulate
from patrons.scoring import Scorer, release
from patrons.scoring import build as release_build

REPOSITORY = Path(__file__).parents[1]
FEW = ("--set", "05.n_trials=1", "--set", "06.n_trials=1")  # settings of each model, to save time
FEWER = (*FEW, "--set", "03.refits=5", "--set", "03.draws=3")  # where no test looks at how stable groups are
SERIES = ("demo", "online_retail", "telco", "bank", "ten_customers")


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


def series_of(item: pytest.Item) -> str | None:
    """The series that a test looks at: the first one where it looks at two."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    asked = [*item.fixturenames, *(value for value in parameters if isinstance(value, str))]
    return next((name for name in SERIES if name in asked), None)


def seconds(item: pytest.Item) -> float:
    """How long a drill takes, where its marker says so: ``@pytest.mark.drill(seconds=60)``."""
    marker = item.get_closest_marker("drill")
    return marker.kwargs.get("seconds", 0) if marker else 0


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the tests of a series; where workers share the tests, half of the series come first and half in the middle.

    Each of two workers begins with a half of the tests, then takes from the other's end. So each begins with series of
    its own, and what is short comes last. (pytest-xdist's groups, which would say it, do not work with pytest 9.2.)
    Drills that say how long they take come before, the longest at the beginning of one half.
    """
    for item in items:
        if series_of(item):
            item.add_marker(pytest.mark.series)
    yield
    if "PYTEST_XDIST_WORKER" in os.environ:
        drills = sorted(filter(seconds, items), key=seconds, reverse=True)
        rest = [item for item in items if not seconds(item)]
        first, middle = (
            [item for name in names for item in rest if series_of(item) == name] for names in (SERIES[:2], SERIES[2:])
        )
        others = [item for item in rest if not series_of(item)]
        half = max(0, len(items) // 2 - len(first) - len(drills[::2]))
        items[:] = [*drills[::2], *first, *others[:half], *drills[1::2], *middle, *others[half:]]


@pytest.fixture(scope="session")
def common(tmp_path_factory) -> Path:
    """A folder that all workers of a parallel run see, and the next run too where $PATRONS_SERIES names it."""
    if kept := os.environ.get("PATRONS_SERIES"):
        return Path(kept)
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


def once(root: Path, run: Callable[[], int]) -> int:
    """What `run` returned to the first worker that came here; the others wait for it."""
    result = root.with_suffix(".code")
    with root.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            copied(root)
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("MLFLOW_TRACKING_URI", raising=False)
                result.write_text(str(run()))
        return int(result.read_text())


@pytest.fixture(scope="session")
def demo(common) -> Ran:
    """The whole series on a reduced demo with few settings tried, sent to an MLflow file of its own."""
    root = common / "demo"

    def run() -> int:
        simulate.write(simulate.simulate(customers=600, seed=1), root / "data" / "raw" / "demo")
        return run_all.main([*FEW], root=root)

    return Ran(root, "demo", once(root, run))


def on_shared_data(name: str, source: str, common: Path, *options: str) -> Ran:
    """The whole series on a public data set with few settings tried, where $PATRONS_DATA has it."""
    if not (Path(os.environ.get("PATRONS_DATA", "")) / source).is_file():
        pytest.skip(f"PATRONS_DATA does not name a folder with {source}")
    root = common / name
    return Ran(root, name, once(root, lambda: run_all.main([name, *options, *FEWER], root=root)))


@pytest.fixture(scope="session")
def online_retail(common) -> Ran:
    return on_shared_data("online_retail", "online_retail.parquet", common, "--no-track")


@pytest.fixture(scope="session")
def telco(common) -> Ran:
    return on_shared_data("telco", "WA_Fn-UseC_-Telco-Customer-Churn.csv", common)


@pytest.fixture(scope="session")
def bank(common) -> Ran:
    return on_shared_data("bank", "Churn_Modelling.csv", common)


@pytest.fixture(scope="session")
def ten_customers(common) -> Ran:
    """The whole series on a log of ten customers, of whom neither segments nor churn can be learnt."""
    root = common / "ten_customers"

    def run() -> int:
        rng = np.random.default_rng(0)
        days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 600, 70), unit="D")
        columns = {"customer_id": np.repeat([f"c{n}" for n in range(10)], 7), "order_id": np.arange(70).astype(str)}
        columns |= {"ordered_at": days, "quantity": 1, "unit_price": rng.uniform(2, 20, 70).round(2)}
        (root / "data/raw").mkdir(parents=True)
        pd.DataFrame(columns).to_csv(root / "data/raw/log.csv", index=False)
        intake = {"source": "log.csv", "customers": "", "columns": {name: name for name in columns}, "min_customers": 5}
        params(root, json.dumps({"01_eda": intake, "02_transformation": {"attributes": [], "peak_months": []}}))
        return run_all.main(["toy", "--no-track"], root=root)

    return Ran(root, "toy", once(root, run))


@contextmanager
def alone_on(ran: Ran) -> Iterator[None]:
    """Until no other worker runs a command on these results: the second of two would be refused."""
    with ran.root.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def demo_release(demo, tmp_path_factory) -> Path:
    """A release of the demo; tests that change one copy it first."""
    with alone_on(demo):
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
