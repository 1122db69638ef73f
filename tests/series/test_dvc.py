"""dvc.yaml says what the runner does: each stage depends on all that `--resume` looks at, and on nothing else."""

from pathlib import Path

import pytest
import yaml
from toy_series import notebook, params

from patrons.cli import main as cli
from patrons.series import dvc, graph, imports
from patrons.series.declarations import ParamsError

ROOT = Path(__file__).parents[2]
DEMO = yaml.safe_load((ROOT / "orchestration" / "dvc" / "demo" / "dvc.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def root(tmp_path, monkeypatch):
    """01 reads the source, 02 what 01 wrote; the package has a module that 02 uses, and one that nobody does."""
    source = 'source: str = ""  # log\ncustomers: str = ""  # table'
    notebook(tmp_path, "01_a", "1", writes=("a.txt",), parameters=source)
    code = "from patrons import used\nstage.record(k=k)\nstage.figure('one', used.draw())"
    notebook(tmp_path, "02_b", code, reads=("a.txt",), writes=("b.txt",), parameters="k: int = 3  # groups")
    package = tmp_path / "src" / "patrons"
    package.mkdir(parents=True)
    for name in ("__init__", "used", "unused"):
        (package / f"{name}.py").write_text("")
    monkeypatch.setattr(imports, "PACKAGE", package)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(root: Path, name: str) -> dict:
    return yaml.safe_load(dvc.write(name, root).read_text(encoding="utf-8"))


def test_the_demos_pipeline_is_what_its_notebooks_declare():
    """After a change of imports or declarations: `patrons dvc demo --write`."""
    assert dvc.check("demo", ROOT) == ROOT / "orchestration" / "dvc" / "demo" / "dvc.yaml"


def test_a_stage_depends_on_all_that_its_digest_is_made_of(root):
    params(root, "01_a:\n  source: shop/orders.csv\n  customers: shop/people.csv\n02_b:\n  k: 5\n", "shop")
    pipeline = written(root, "shop")
    command = ".venv/bin/python run_all.py params/shop.yaml --only"
    assert pipeline["stages"]["01_a"] == {
        "cmd": f"{command} 01 --resume --no-track",
        "wdir": "../../..",
        "deps": [
            "data/raw/shop/orders.csv",
            "data/raw/shop/people.csv",
            "notebooks/01_a.ipynb",
            "requirements.lock",
        ],
        "params": [{"params/shop.yaml": ["01_a"]}],
        "outs": [{"data/processed/shop/01_a": {"persist": True}}],
    }
    assert pipeline["stages"]["02_b"] == {
        "cmd": f"{command} 02 --resume --no-track",
        "wdir": "../../..",
        "deps": [
            "data/processed/shop/01_a/a.txt",
            "notebooks/02_b.ipynb",
            "src/patrons/__init__.py",
            "src/patrons/used.py",
            "requirements.lock",
        ],
        "params": [{"params/shop.yaml": ["02_b"]}],
        "outs": [{"data/processed/shop/02_b": {"persist": True}}],
    }
    assert pipeline["metrics"] == ["../../../data/processed/shop/02_b/metrics.json"]
    assert pipeline["plots"] == ["../../../data/processed/shop/02_b/figures"]


@pytest.mark.parametrize("stage", [stage for stage in DEMO["stages"] if stage != dvc.GUARD])
def test_the_demos_stages_name_the_modules_and_files_that_resume_looks_at(stage):
    one = graph.read_notebooks(ROOT / "notebooks")[stage]
    deps = DEMO["stages"][stage]["deps"]
    used = imports.helper_files("\n".join(one.code))
    assert {dep for dep in deps if dep.endswith(".py")} == {str(path.relative_to(ROOT)) for path in used}
    assert {Path(dep).name for dep in deps if dep.startswith("data/processed/")} == set(one.reads)


def test_sections_that_a_params_file_does_not_name_are_added_so_that_dvc_watches_them(root):
    path = params(root, "# mine\n01_a:\n  source: orders.csv  # a log\n", "mine")
    written(root, "mine")
    assert path.read_text() == "# mine\n01_a:\n  source: orders.csv  # a log\n02_b: {}\n"
    written(root, "mine")
    assert path.read_text().count("02_b") == 1


def test_a_params_file_that_no_line_can_be_added_to_is_left_alone(root):
    path = params(root, "{01_a: {source: orders.csv}}\n", "mine")
    with pytest.raises(ParamsError, match=r"does not name 02_b: give each a line such as `02_b: \{\}`"):
        dvc.write("mine", root)
    assert path.read_text() == "{01_a: {source: orders.csv}}\n"
    assert not (root / "orchestration").exists()


def test_a_pipeline_that_is_no_longer_what_the_notebooks_declare_is_refused(root, capsys):
    params(root, "01_a: {source: orders.csv}\n", "mine")
    assert cli.main(["dvc", "mine"]) == 2
    assert "there is none. Write it: .venv/bin/patrons dvc mine --write" in capsys.readouterr().err
    assert cli.main(["dvc", "mine", "--write"]) == 0
    assert cli.main(["dvc", "mine"]) == 0
    notebook(root, "03_c", "from patrons import unused", reads=("b.txt",), writes=("c.txt",))
    capsys.readouterr()
    assert cli.main(["dvc", "mine"]) == 2
    assert "is not up to date: params/mine.yaml does not name 03_c." in capsys.readouterr().err
    assert cli.main(["dvc", "mine", "--write"]) == 0
    notebook(root, "03_c", "from patrons import used", reads=("b.txt",), writes=("c.txt",))
    assert cli.main(["dvc", "mine"]) == 2
    assert "is not up to date: the notebooks declare otherwise." in capsys.readouterr().err


def test_a_series_that_there_is_not_and_a_package_elsewhere_are_refused(root, capsys, monkeypatch):
    params(root, "", "mine")
    assert cli.main(["dvc", "mime", "--write"]) == 2
    assert "There is no params/mime.yaml; did you mean 'mine'?" in capsys.readouterr().err
    monkeypatch.setattr(imports, "PACKAGE", ROOT / "src" / "patrons")
    assert cli.main(["dvc", "mine", "--write"]) == 2
    assert "call the command from the project that it was set up in" in capsys.readouterr().err


def test_dvc_tells_nobody_that_it_is_used():
    config = (ROOT / ".dvc" / "config").read_text(encoding="utf-8")
    assert "analytics = false" in config
    assert "check_update = false" in config
