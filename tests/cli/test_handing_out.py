"""What follows the notebooks is begun while they run: it changes nothing but how long one waits."""

import os
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest

from patrons.cli.handing_out import Ahead
from patrons.reports import pages


def notebook(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"# Title\n\n{text}")]), path)


def test_a_page_is_made_ahead_and_made_again_where_the_notebook_has_changed(tmp_path):
    executed = tmp_path / "01_eda" / "notebook.ipynb"
    notebook(executed, "Who buys?")
    before = pages._body.cache_info().misses
    with Ahead(SimpleNamespace(folder=tmp_path), tmp_path, None) as ahead:
        ahead.page("01_eda")
        ahead.pool.submit(int).result()  # after what was due before
    assert pages._body.cache_info().misses == before + 1
    assert "Who buys?" in pages.prepare(executed)[0]
    assert pages._body.cache_info().misses == before + 1

    notebook(executed, "Who leaves, and when?")
    assert "Who leaves, and when?" in pages.prepare(executed)[0]


def test_what_fails_ahead_is_left_to_its_place(tmp_path):
    (tmp_path / "01_eda").mkdir()
    (tmp_path / "01_eda" / "notebook.ipynb").write_text("half of a note")
    with Ahead(SimpleNamespace(folder=tmp_path), tmp_path, None) as ahead:
        ahead.page("01_eda")
        ahead.page("02_transformation")  # there is no such file
        ahead.pool.submit(int).result()
    with pytest.raises(FileNotFoundError):
        pages.prepare(tmp_path / "02_transformation" / "notebook.ipynb")


IMPORTED = """
import os, sys
from pathlib import Path
from types import SimpleNamespace
from patrons.cli.handing_out import Ahead
from patrons.tracking.connection import TOUCHED
settings = lambda: [os.environ.get(name) for name in TOUCHED]  # libraries leave some of their own
before = settings()
root = Path(sys.argv[1])
packed = root if sys.argv[2] == "tracked" else None
with Ahead(SimpleNamespace(folder=Path("nowhere")), root, packed) as ahead:
    ahead.page("01_eda")
    ahead.pool.submit(int).result()
print("mlflow" in sys.modules, settings() == before, (root / "mlflow.db").exists())
"""


def test_mlflow_is_imported_ahead_only_where_it_is_used_and_leaves_no_setting_behind(tmp_path):
    own = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    for tracked, imported in (("alone", "False"), ("tracked", "True")):
        command = [sys.executable, "-c", IMPORTED, str(tmp_path), tracked]
        ran = subprocess.run(command, capture_output=True, text=True, check=True, env=own)
        assert ran.stdout.split() == [imported, "True", "False"]  # a file is made by who has something to send
