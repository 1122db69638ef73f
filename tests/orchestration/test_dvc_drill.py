"""Data, params and results versioned by DVC: the commands of README word for word, a clone elsewhere, a change.

Three toy notebooks stand in for the series; the long drill runs the real one on a demo of 600 customers.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from drill_table import LONG, report
from toy_series import PREAMBLE, notebook, params

from patrons.demo import simulate

REPOSITORY = Path(__file__).parents[2]
ENVIRONMENT = REPOSITORY / ".venv-dvc"
pytestmark = [
    pytest.mark.timeout(7200 if LONG else 900),
    pytest.mark.drill(seconds=60),
    pytest.mark.skipif(not (ENVIRONMENT / ".ready").exists(), reason="DVC is not set up here: make dvc"),
]
PROJECT = ("run_all.py", "requirements.lock", ".gitignore", ".dvcignore", ".dvc", "src", "notebooks", "params")
PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # of a pixel
)
STAGES = "--recursive orchestration/dvc/demo"
FEW = {"05_classification: {}": "05_classification: {n_trials: 1}", "06_churn: {}": "06_churn: {n_trials: 1}"}
WHAT = "a demo of 600 customers" if LONG else "three toy notebooks"
# a value changed in the params file, the stages that depend on it, and what differs on every run
CHANGE, CHANGED, OWN = (
    (("06_churn: {n_trials: 1}", "06_churn: {n_trials: 1, min_recall: 0.7}"), ["06", "07", "08"], {"08_monitoring"})
    if LONG
    else (("02_churn: {}", "02_churn: {rate: 0.25}"), ["02", "03"], set())
)


class Project:
    """A folder in which commands are called as README has them."""

    def __init__(self, root: Path):
        self.root, self.results = root, root / "data" / "processed" / "demo"

    def __call__(self, command: str) -> str:
        """What a command printed; it must succeed."""
        author = {
            f"GIT_{who}_{what}": "drill@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        own = {"PYTHONPATH": str(self.root / "src"), "DVC_SITE_CACHE_DIR": str(self.root.parent / "site")}
        outside = {
            name: value for name, value in os.environ.items() if name not in ("PATRONS_DATA", "MLFLOW_TRACKING_URI")
        }
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.root, env={**outside, **author, **own}, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def dvc(self, arguments: str) -> str:
        return self(f".venv-dvc/bin/dvc {arguments}")

    def ran(self) -> list[str]:
        """The notebooks that `dvc repro` has run, by number."""
        return re.findall(r"--only (\d\d)", self.dvc(f"repro {STAGES}"))

    def resumed(self) -> str:
        return self(".venv/bin/python run_all.py demo --resume --no-track")

    def current(self) -> bool:
        return self.dvc("status") == "Data and pipelines are up to date.\n"

    def files(self) -> dict[str, str]:
        """By name the digests of the results that are the same on every run."""
        paths = (path for path in self.results.glob("[0-9]*/**/*") if path.is_file() and path.name != "notebook.ipynb")
        return {str(path.relative_to(self.results)): md5(path) for path in paths}


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def commands() -> list[str]:
    """Those of README's section, in order."""
    section = (REPOSITORY / "README.md").read_text(encoding="utf-8").partition("## Versions of data and results\n")[2]
    return section.partition("```sh\n")[2].partition("```")[0].splitlines()


def toy(root: Path) -> None:
    """01 looks at the source, 02 has a parameter, a metric and a figure, 03 reads what 02 wrote."""
    shutil.rmtree(root / "notebooks")
    shutil.rmtree(root / "params")
    source = 'raw_folder: str = ""  # set by the runner\nsource: str = ""  # log\ncustomers: str = ""  # table'
    size = f"{PREAMBLE}\n(out / 'size.txt').write_text(str(Path(raw_folder, source).stat().st_size))"
    notebook(root, "01_eda", size, writes=("size.txt",), parameters=source)
    churn = f"""{PREAMBLE}
import base64, json, types
picture = base64.b64decode("{PICTURE}") + str(rate).encode()
(out / "figures").mkdir()
picture_file = out / "figures" / "rate.png"
stage = types.SimpleNamespace(record=(out / "metrics.json").write_text, figure=picture_file.write_bytes)
stage.record(json.dumps(dict(rate=rate)))
stage.figure(picture)
(out / "churn.txt").write_text(Path(folder, "01_eda", "size.txt").read_text() + str(rate))"""
    rate = "rate: float = 0.5  # share that churns [0, 1]"
    notebook(root, "02_churn", churn, reads=("size.txt",), writes=("churn.txt",), parameters=rate)
    value = f"{PREAMBLE}\n(out / 'value.txt').write_text(Path(folder, '02_churn', 'churn.txt').read_text())"
    notebook(root, "03_value", value, reads=("churn.txt",), writes=("value.txt",))
    params(root, "01_eda:\n  source: demo/orders.parquet\n  customers: demo/customers.csv\n", "demo")


@pytest.fixture
def shop(tmp_path):
    """A project under git, with raw data and the pipeline of its notebooks, before DVC is used."""
    root = tmp_path / "shop"
    copied(root)
    if not LONG:
        toy(root)
    simulate.write(simulate.simulate(customers=600 if LONG else 60, seed=1), root / "data" / "raw" / "demo")
    project = Project(root)
    project(".venv/bin/python -m patrons.cli.main dvc demo --write")
    path = root / "params" / "demo.yaml"
    for old, new in FEW.items():
        path.write_text(path.read_text().replace(old, new))
    project("git init --quiet && git add --all && git commit --quiet --message first")
    return project


def copied(root: Path) -> None:
    """This project without data and results, and without a remote of its own."""
    root.mkdir()
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", "tmp", "cache", "config.local")
    for path in (REPOSITORY / name for name in PROJECT):
        if path.is_dir():
            shutil.copytree(path, root / path.name, ignore=unwanted)
        else:
            shutil.copy(path, root)
    config = root / ".dvc" / "config"
    config.write_text(re.sub(r"(?m)^ *remote = .*\n|^\['remote[^[]*", "", config.read_text()))
    for name, place in ((".venv", Path(sys.prefix)), (".venv-dvc", ENVIRONMENT)):
        (root / name).symlink_to(place)


def test_a_clone_has_the_same_results_and_one_parameter_runs_what_depends_on_it(shop):
    add_remote, add, run, push, pull = commands()
    start = time.monotonic()
    for command in (add_remote, add, run, push):
        shop(command)
    files, clone = shop.files(), Project(shop.root.parent / "clone")
    shop(f"git clone --quiet . {clone.root}")
    clone.dvc("config --local cache.type symlink")  # read-only links to its cache
    clone(pull)
    nothing_to_do(clone, files)
    done = f"README's commands on {WHAT}; in a clone {len(files)} files are the same, and nothing is run"
    report("results versioned by DVC", done, "0", time.monotonic() - start)

    start = time.monotonic()
    one_parameter_changed(clone)
    clone("git reset --quiet --hard && .venv-dvc/bin/dvc checkout")
    assert clone.files() == files
    assert clone.current()
    done = f"exactly {', '.join(CHANGED)} ran, on read-only links; the former version came back without a run"
    report("one parameter changed", done, "0", time.monotonic() - start)

    shop(".venv/bin/python run_all.py demo --no-track --from 02")
    assert {name.split("/")[0] for name, digest in shop.files().items() if digest != files[name]} == OWN
    assert OWN or shop.current()


def nothing_to_do(project: Project, files: dict[str, str]) -> None:
    """For DVC all is up to date, and for the runner, after which it still is for DVC."""
    assert project.files() == files
    assert project.ran() == []
    assert "0 notebooks run" in project.resumed()
    assert project.current()


def one_parameter_changed(project: Project) -> None:
    """Exactly what depends on it is run, the runner agrees, and DVC shows what it did."""
    path = project.root / "params" / "demo.yaml"
    assert CHANGE[0] in path.read_text()
    path.write_text(path.read_text().replace(*CHANGE))
    stages = [line.partition("yaml:")[2] for line in project.dvc("status").splitlines() if "dvc.yaml:" in line]
    assert [stage[:2] for stage in stages] == CHANGED[:1]
    assert project.ran() == CHANGED
    assert "0 notebooks run" in project.resumed()
    assert project.current()

    moved = {Path(name).parent.name[:2] for name in json.loads(project.dvc("metrics diff --json"))}
    assert set(CHANGED[:1]) <= moved <= set(CHANGED)
    project.dvc("plots diff --out plots")
    pictures = {path.name.partition("_")[0] for path in (project.root / "plots" / "static").glob("*.png")}
    assert pictures == {"HEAD", "workspace"}
    for path in (path for path in (project.root / ".dvc" / "cache" / "files").rglob("*") if path.is_file()):
        assert md5(path) == (path.parent.name + path.name).removesuffix(".dir")  # nothing wrote through a link
