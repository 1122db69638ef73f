"""Every command of README and docs is run as it stands, is named with the test that runs it, or with what forbids it.

`tests/page_commands.py` has the tables. What has a parser of ours is parsed in any case, so that no page tells an
option that does not exist.
"""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from page_commands import LEFT, ROOT, RUN, SHOWN, commands, handled

import run_all
from patrons.cli import main as cli
from tests.conftest import alone_on

COMMANDS = commands()
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
AFTER = re.compile(r" \| | > | && |\)| &$|; ")


def test_no_entry_stands_for_nothing():
    used = {id(handled(command)) for command in COMMANDS}
    assert [one for one in [*(one for one, _ in RUN), *SHOWN, *LEFT] if id(one) not in used] == []


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: f"{shown.page} {shown.begin}")
def test_the_test_that_an_entry_names_is_there_and_speaks_of_the_command(shown):
    path, _, name = shown.test.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    functions = {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    assert name in functions
    assert [word for word in shown.words if word not in text] == []


def words(text: str, command: str) -> list[str]:
    """The arguments of a command in a line of shell, up to what follows it."""
    return shlex.split(AFTER.split(text.partition(command)[2])[0])


def served(arguments: list[str]) -> None:
    pytest.importorskip("flama", reason="the serving extra is not installed: make test installs it")
    from serving import api

    api.arguments([word.replace("{port}", "8001") for word in arguments])


PARSERS: dict[str, Callable[[list[str]], object]] = {
    ".venv/bin/patrons ": lambda arguments: cli.parser().parse_args(arguments),
    "-m patrons.cli.main ": lambda arguments: cli.parser().parse_args(arguments),
    "run_all.py ": lambda arguments: run_all.parser().parse_args([one for one in arguments if one != "--help"]),
    "serving/api.py ": served,
}


@pytest.mark.parametrize("program", PARSERS)
def test_each_option_that_a_page_tells_exists(program):
    told = [command.text for command in COMMANDS if program in command.text]
    assert told
    for text in told:
        PARSERS[program](words(text, program))


def test_each_target_and_variable_of_make_that_a_page_tells_exists():
    told = [part for one in COMMANDS for part in one.text.split(" && ") if part.startswith("make ")]
    assert told
    for text in told:
        for word in shlex.split(text)[1:]:
            name, _, value = word.partition("=")
            wanted = rf"^{name} \?=" if value else rf"^({re.escape(name)}|[A-Z]+ := {re.escape(name)}$)"
            assert re.search(wanted, MAKEFILE, re.MULTILINE), word


@pytest.fixture(scope="module")
def project(demo, tmp_path_factory) -> Path:
    """The project with the results of the small demo and no runs in MLflow yet, where a reader types."""
    root = tmp_path_factory.mktemp("typed") / "patrons"
    with alone_on(demo):
        shutil.copytree(demo.root, root, ignore=shutil.ignore_patterns("mlflow*", "mlruns", "reports"))
    (root / ".venv" / "bin").mkdir(parents=True)
    python = root / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (root / "run_all.py").symlink_to(ROOT / "run_all.py")
    return root


def typed(text: str) -> int:
    """The exit code of a command: of `patrons` in this process, which has its libraries already, else by a shell."""
    program = ".venv/bin/patrons "
    if text.startswith(program) and not AFTER.search(text):
        return cli.main([os.path.expanduser(word) for word in shlex.split(text.removeprefix(program))])
    return subprocess.run(["bash", "-e", "-c", text], timeout=60, stdout=subprocess.DEVNULL, check=False).returncode


def test_what_pages_tell_runs_as_it_is_typed(project, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(project)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    codes = {id(one): code for one, code in RUN}
    chosen = {one.text: codes[id(entry)] for one in COMMANDS if (id(entry := handled(one))) in codes}
    assert cli.main(["simulate"]) == 0  # which adds the customers to score that the fixture does without
    for text, code in chosen.items():
        assert typed(text) == code, f"{text}\n{capsys.readouterr().err}"
    assert "A rollback needs two champions" in capsys.readouterr().err
    assert len((project / "scored.csv").read_text(encoding="utf-8-sig").splitlines()) > 5
    assert len(list((tmp_path / "releases").glob("demo-*/release.json"))) == 1
    assert '"customers"' in (project / "customers.json").read_text(encoding="utf-8")
