"""Phrases that readers stumbled over stay away: none is in what users are shown."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
STUMBLED = (  # each a kind, as a regular expression, in any case
    r"in \d+ sentences",
    r"\bflags (?:caught|found|were)\b",
    r"of flags (?:be|were) right",
    r"rank high by orders",
    r"placed as the clustering placed",
    r"how it was read",
    r"still are$",
    r"of the way from there to 1",
    r"reached the same parameters from every start",
    r"no map made it truer",
    r"where nothing was chosen",
    r"a little kind\b",
    r"it goes by\b",
    r"be called a candidate",
    r"bring about the next order",
    r"what speaks against it",
    r"is silence since the last",
    r"what if a value were another",
    r"\bsure gain\b",
    r"\bthe own rhythm\b",
    r"picks nobody",
    r"is no farewell",
    r"decides the churn model",
    r"happened to \{",
    r"takes it that",
    r"as it was spent",
    r"must it be trained anew",
    r"of new customers land in",
    r"says how likely no order",
    r"take what follows with care",
    r"the threshold, probability from which",
    r"doubtful ground",
    r"\bchance of churn\b",
    r"\bthose flagged\b",
    r"\bshare flagged\b",
)
PATTERN = re.compile("|".join(STUMBLED), re.IGNORECASE)


def shown() -> Iterator[tuple[str, str]]:
    """Texts that users may be shown: of the package without docstrings, of notebooks, and of templates."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        docs = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and node.body
                and isinstance(node.body[0], ast.Expr)}  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                yield str(path.relative_to(ROOT)), node.value
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        for cell in nbformat.read(path, 4).cells:
            yield str(path.relative_to(ROOT)), cell.source
    for path in sorted((ROOT / "src").rglob("*.j2")):
        yield str(path.relative_to(ROOT)), path.read_text("utf-8")


OTHERWISE = re.compile(r"\b(?:flag(?:s|ged)?|churn(?:ed|ers)?|doubtful|sure)\b", re.IGNORECASE)  # said in the report


def said_by_the_app() -> Iterator[tuple[str, str]]:
    """Texts of the app; a name in lower case, such as that of a column, is none."""
    package = str(Path("src/patrons/app"))
    yield from (one for one in shown() if one[0].startswith(package) and not re.fullmatch(r"[a-z_0-9.%]*", one[1]))


def test_the_app_says_warning_and_risk_as_the_report_does():
    assert [f"{path}: {text!r}" for path, text in said_by_the_app() if OTHERWISE.search(text)] == []


def test_labels_of_the_app_say_so_too():
    pytest.importorskip("streamlit", reason="the serving extra is not installed: make test installs it")
    from patrons.app import contacts, formats, metrics, runs

    labels = [*formats.HEADINGS.values(), *contacts.MARKS, *contacts.SORTS, *metrics.OF.values()]
    labels += [*metrics.NAMES.values(), *runs.NAMES.values()]
    assert len(labels) > 60
    assert [label for label in labels if OTHERWISE.search(label)] == []


def test_no_phrase_that_readers_stumbled_over_is_shown():
    found = [f"{path}: {match[0]!r}" for path, text in shown() for match in PATTERN.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    "phrase", ["Late by the own rhythm", "44% of flags were right", "a sure gain", "rests on doubtful ground"]
)
def test_such_a_phrase_would_be_found(phrase):
    assert PATTERN.search(phrase)
