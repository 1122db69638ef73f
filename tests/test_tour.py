"""JupyterLab and the tour of three edits: the page that Lab opens at, and what the edits show on the small demo."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

import run_all
from patrons.series.graph import read_notebooks
from tests.conftest import alone_on

ROOT = Path(__file__).parents[1]
START = "notebooks/START.ipynb"
PAGE = (ROOT / "docs" / "running.md").read_text(encoding="utf-8").partition("## Three edits to try")[2]
EDITS = re.findall(r"^\.venv/bin/python run_all\.py (demo --only .*)$", PAGE, re.MULTILINE)
FEWER = {"03": ("--set", "03.refits=5", "--set", "03.draws=3")}  # to save time
CAPTION = "Features by group"


def test_lab_opens_at_a_page_that_names_every_notebook_with_its_question():
    assert f"--LabApp.default_url=/lab/tree/{START}" in (ROOT / "Makefile").read_text(encoding="utf-8")
    text = "".join(json.loads((ROOT / START).read_text(encoding="utf-8"))["cells"][0]["source"])
    rows = re.findall(r"^\| \[(\w+)\]\((\w+\.ipynb)\) \| (.+) \|$", text, re.MULTILINE)
    series = read_notebooks(ROOT / "notebooks")
    assert rows == [(stage, f"{stage}.ipynb", series[stage].question) for stage in sorted(series)]
    links = re.findall(r"\]\(([^)#]+)(?:#([\w-]+))?\)", text)
    assert all((ROOT / "notebooks" / path).exists() for path, _ in links)
    assert [anchor for _, anchor in links if anchor] == ["three-edits-to-try"]


def test_the_start_page_is_no_notebook_of_the_series():
    assert "START" not in {one.path.stem for one in read_notebooks(ROOT / "notebooks").values()}


@pytest.fixture(scope="module")
def copy(demo, tmp_path_factory) -> Path:
    """The results of the small demo, to change."""
    root = tmp_path_factory.mktemp("tour") / "demo"
    with alone_on(demo):
        shutil.copytree(demo.root, root, ignore=shutil.ignore_patterns("mlflow*", "mlruns", "reports"))
    return root


def edited(root: Path, line: str) -> str:
    """Run a line of the tour; the number of the notebook that it runs."""
    words = shlex.split(line)
    number = words[words.index("--only") + 1]
    assert run_all.main([*words, *FEWER.get(number, ()), "--no-track"], root=root) == 0
    return number


def test_another_number_of_groups_and_other_windows_show_what_the_tour_says(demo, copy):
    assert [re.findall(r"--set \"?([\w.]+)=", line) for line in EDITS] == [["03.k"], ["02.windows"], []]
    assert "24 columns fewer, 16 of windows and 8 of trends" in PAGE
    folder = copy / "data" / "processed" / "demo"
    assert edited(copy, EDITS[0]) == "03"
    findings = json.loads((folder / "03_clustering_comparison" / "findings.json").read_text())
    decision = next(one["text"] for one in findings if one["kind"] == "decision")
    assert "6 groups, as the parameters ask. The rule would take" in decision
    assert edited(copy, EDITS[1]) == "02"
    after = json.loads((folder / "02_transformation" / "metrics.json").read_text())["features"]
    assert after == demo.metrics("02")["features"] - 24
