"""Which files of this package does a piece of code depend on? Read from its imports; nothing is run."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def helper_files(code: str) -> list[Path]:
    """The files of this package that a notebook's code imports, and those that they import in turn.

    A room's ``__init__.py`` counts, but what it hands out counts only where it is used: code that uses ``churn.gates``
    does not depend on ``churn.search``.
    """
    files: set[Path] = set()
    waiting = _imported(code)
    while waiting:
        path = waiting.pop()
        if path not in files:
            files.add(path)
            if path.name != "__init__.py":
                waiting |= _imported(path.read_text(encoding="utf-8"))
    return sorted(files)


def module(file: str) -> str:
    """The dotted name of a file of this package, which is named from the package on."""
    parts = (PACKAGE.name, *Path(file).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(code: str) -> set[Path]:
    names = _names(code)
    if names is None:
        return set(PACKAGE.rglob("*.py"))  # the notebook will say what is wrong; until then it depends on everything
    return {path for name in names for path in _files(name)}


@cache
def _names(code: str) -> frozenset[str] | None:
    """Dotted names that the code imports, or reaches through a room that it imports; None where it is not Python."""
    python = re.sub(r"^\s*[%!].*$", "", code, flags=re.MULTILINE)  # without IPython's magic
    try:
        nodes = list(ast.walk(ast.parse(python)))
    except SyntaxError:
        return None
    names: set[str] = set()
    rooms: dict[str, str] = {}  # by the name that the code has for them
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
            rooms |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in rooms:
            names.add(f"{rooms[node.value.id]}.{node.attr}")
    return frozenset(names)


def _files(name: str) -> Iterator[Path]:
    """The module that a dotted name leads to, and the ``__init__.py`` of each package on the way."""
    first, *parts = name.split(".")
    if first != "patrons":
        return
    place = PACKAGE
    yield from _if_exists(place / "__init__.py")
    for part in parts:
        if (place / part).is_dir():
            place /= part
            yield from _if_exists(place / "__init__.py")
        elif (place / f"{part}.py").exists():
            yield place / f"{part}.py"
            return
        else:
            yield from _handed_out(place / "__init__.py", part)
            return


def _if_exists(path: Path) -> Iterator[Path]:
    if path.exists():
        yield path


def _handed_out(door: Path, name: str) -> Iterator[Path]:
    """The module of a class or function that a room hands out itself."""
    tree = ast.parse(door.read_text(encoding="utf-8") if door.exists() else "")
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and name in {alias.asname or alias.name for alias in node.names}
        ):
            yield from _files(node.module)
