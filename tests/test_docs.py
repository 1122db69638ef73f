"""The docs that name files of the project name files that are there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from drill_table import HEAD, with_row
from page_commands import commands, handled

from patrons.cli import params

ROOT = Path(__file__).parents[1]
PATH = re.compile(r"`([\w.][\w./-]*(?:\.(?:py|ipynb|yaml|md|toml|lock|sh)|/))`")
PLACES = (ROOT, ROOT / "src" / "patrons")


@pytest.mark.parametrize(
    "page", [*sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")), "CONTRIBUTING.md", "README.md"]
)
def test_every_file_that_a_page_names_is_there(page):
    names = set(PATH.findall((ROOT / page).read_text()))
    theirs = {"shop.csv", "data/processed/", "data/raw/", "params/shop.yaml", "params/mine.yaml"}
    missing = {name for name in names - theirs if not any((place / name).exists() for place in PLACES)}
    assert not missing


NEW = '        ("orders_squared", "orders", "square of the number of orders", whole(N) * whole(N)),'
USE = """
import sys
from datetime import date
import ibis, pandas as pd
from patrons.features import Recipe
lines, recipe = ibis.memtable(pd.read_parquet(sys.argv[1])), Recipe()
for outcome in (False, True):  # today's table, and the panel
    print(recipe.describe(lines, [date(2024, 2, 10)], outcome=outcome).orders_squared.tolist())
print(recipe.dictionary().set_index("feature").loc["orders_squared"].tolist())
"""


def test_the_pages_of_parameters_features_and_errors_are_current():
    pages = params.pages(ROOT)
    assert set(pages) == {"parameters.md", "features.md", "troubleshooting.md"}
    for name, text in pages.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, "Run `make schema`."


def test_every_command_of_a_page_is_run_by_a_test_or_left_with_a_reason():
    """`tests/page_commands.py` has the tables."""
    assert [command for command in commands() if handled(command) is None] == []


def test_readme_is_short_enough_to_be_read_to_the_end():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_a_feature_takes_the_files_that_the_docs_list_for_it(tmp_path):
    """In a scratch copy: the one line that the docs ask for, and the feature is in table, panel and dictionary."""
    section = (ROOT / "CONTRIBUTING.md").read_text().split("### A feature\n")[1].split("###")[0]
    touched = re.findall(r"^- `([^`]+)`", section, re.MULTILINE)
    assert touched == [
        "src/patrons/features/catalogue.py",
        "src/patrons/features/labels.py",
        "tests/features/test_catalogue.py",
        "docs/features.md",
    ]
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    catalogue = tmp_path / touched[0]
    text = catalogue.read_text()
    catalogue.write_text(text.replace('    "rfm": [\n', f'    "rfm": [\n{NEW}\n', 1))
    assert catalogue.read_text() != text
    assert NEW.strip() in (ROOT / "docs" / "running.md").read_text()  # the tour adds the same line
    log = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b"],
            "order_id": ["1", "2", "3", "4"],
            "product_id": "x",
            "ordered_at": pd.to_datetime(["2024-01-01", "2024-01-05", "2024-01-09", "2024-01-20"]),
            "quantity": 1.0,
            "amount": 2.0,
        }
    )
    log.to_parquet(tmp_path / "log.parquet")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "src")}
    command = [sys.executable, "-W", "ignore", "-c", USE, str(tmp_path / "log.parquet")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    described = ["[9, 1]", "[9, 1]", "['rfm', 'orders', 'square of the number of orders', 'orders squared']"]
    assert done.stdout.splitlines() == described, done.stderr


def test_a_drill_replaces_its_own_row_of_the_table_and_leaves_the_rest():
    page = f"Before.\n\n{HEAD}| flips | 4 | 0 | 1.0 |\n| death | 1 | 0 | 2.0 |\n\nAfter.\n"
    changed = with_row(page, "flips", "| flips | 20 | 0 | 3.0 |\n")
    assert changed == f"Before.\n\n{HEAD}| flips | 20 | 0 | 3.0 |\n| death | 1 | 0 | 2.0 |\n\nAfter.\n"
    assert with_row(HEAD, "flips", "| flips | 20 | 0 | 3.0 |\n") == f"{HEAD}| flips | 20 | 0 | 3.0 |\n"
    with pytest.raises(AssertionError, match="no table"):
        with_row("Nothing.", "flips", "| flips | 20 | 0 | 3.0 |\n")
