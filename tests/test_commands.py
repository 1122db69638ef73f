"""Commands in messages, help, notebooks and docs: each is told as it is typed where no environment is active."""

import argparse
import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import run_all
from patrons.cli import main as cli

ROOT = Path(__file__).parents[1]
COMMANDS = sorted(next(a for a in cli.parser()._actions if isinstance(a, argparse._SubParsersAction)).choices)
RUNNER = r"(?<!bin/python )(?<!{PYTHON} )run_all\.py (?=-|params/|[A-Z])"
BARE = re.compile(rf"(?<![\w/}}.-])(?:patrons (?:{'|'.join(COMMANDS)})(?![\w:])|{RUNNER})")
PYTHON = [*sorted((ROOT / "src").rglob("*.py")), ROOT / "run_all.py", ROOT / "serving" / "api.py"]
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data/raw/README.md", "benchmarks/README.md")),
    *sorted((ROOT / "orchestration").rglob("*.md")),
    *sorted((ROOT / "params").glob("*.yaml")),
    *sorted((ROOT / "serving" / "prometheus").glob("*.yml")),
    ROOT / "serving" / "env.example",
]
NAMED = {"such as another patrons scale", "ended_by: another patrons scale"}  # a process, which nobody is to type


def texts(path: Path) -> Iterator[str]:
    """The strings of a module without its docstrings; f-strings as they are written."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    other = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    other |= {id(part) for node in joined for part in ast.walk(node)}
    for node in joined:
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}"
            for part in node.values
        )
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in other:
            yield node.value


def bare(text: str) -> list[str]:
    """What is told bare in a text."""
    return [match[0] for match in BARE.finditer(re.sub("|".join(NAMED), "", text))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Build one: patrons models build demo", ["patrons models"]),
        ("Run it: python run_all.py --resume", ["run_all.py "]),
        ("run_all.py NAME --only 01", ["run_all.py "]),
        (".venv/bin/patrons models build demo", []),
        (".venv/bin/python run_all.py --list", []),
        ("patrons deploy: green1 is not ready.", []),  # who speaks
        ("what run_all.py could not", []),
    ],
)
def test_what_is_bare(text, found):
    assert bare(text) == found


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_tells_a_command_that_needs_an_active_environment(path):
    assert [found for text in texts(path) for found in bare(text)] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_tells_one(path):
    assert bare(path.read_text(encoding="utf-8")) == []


def test_no_notebook_tells_one():
    for path in (ROOT / "notebooks").rglob("[0-9]*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert [found for cell in cells for found in bare("".join(cell["source"]))] == [], path.name


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_no_help_tells_one(command, capsys):
    with pytest.raises(SystemExit):
        cli.main([*filter(None, [command]), "--help"])
    assert bare(capsys.readouterr().out) == []


def test_the_help_of_the_runner_tells_none(capsys):
    with pytest.raises(SystemExit):
        run_all.parser().parse_args(["--help"])
    said = capsys.readouterr().out
    assert bare(said) == []
    assert "usage: .venv/bin/python run_all.py" in said
