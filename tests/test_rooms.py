"""The house: which room may import which, what rooms hand out, and that each says what is in it."""

import ast
import json
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "patrons"
LAYERS = [
    ["ground"],
    ["evaluation", "btyd", "series", "demo"],
    ["intake"],
    ["features"],
    ["exploration"],
    ["segments", "churn"],
    ["value"],
    ["scoring"],
    ["reports"],
    ["tracking"],
    ["monitoring"],
    ["service"],
    ["cli", "app"],
]
FLOOR = {room: floor for floor, rooms in enumerate(LAYERS) for room in rooms}
ROOMS = sorted(set(FLOOR) - {"ground"})
ALONE = {"series": {"tracking", "cli"}, "demo": {"cli"}}  # apart from the stack: who may import them
NOTEBOOKS = {  # its rooms; the ground and `evaluation` are open to all
    "01": {"intake", "exploration"},
    "02": {"features"},
    "03": {"segments"},
    "04": {"segments"},
    "05": {"segments"},
    "06": {"churn"},
    "07": {"value"},
    "08": {"monitoring"},
}


def code_of(path: Path) -> str:
    if path.suffix == ".py":
        return path.read_text()
    cells = json.loads(path.read_text())["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


@cache
def imported(path: Path) -> list[tuple[str, str]]:
    """Room and name of everything of this package that a file imports or reaches through a room; ground is a room."""
    pairs, doors = [], {}
    tree = ast.parse(code_of(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            pairs += [tuple(f"{alias.name}..".split(".")[1:3]) for alias in node.names if alias.name[:7] == "patrons"]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "patrons":
            for alias in node.names:
                parts = [*node.module.split(".")[1:], alias.name]
                if len(parts) == 1 and parts[0] in ROOMS:
                    doors[alias.asname or alias.name] = parts[0]
                pairs.append((parts[0], parts[1]) if parts[0] in ROOMS and len(parts) > 1 else (parts[0], ""))
    reached = [
        (doors[node.value.id], node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in doors
    ]
    return [(room if room in ROOMS else "ground", name) for room, name in pairs + reached]


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first if first in ROOMS else "ground"


MODULES = sorted(PACKAGE.rglob("*.py"))
BOOKS = [path for path in sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb")) if path.parent.name[0] != "."]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_rooms_before_it_and_never_after_it(path):
    room = room_of(path)
    for other in {other for other, _ in imported(path)} - {room}:
        assert FLOOR[other] < FLOOR[room], f"{room} must not import {other}"
        assert room in ALONE.get(other, {room}), f"{other} is not for {room}"
        assert room not in ALONE or other == "ground", f"{room} imports the ground alone"


def test_every_room_has_its_place_in_the_order():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders == set(ROOMS)


def test_the_ground_has_thirteen_modules_at_most():
    assert len([path for path in PACKAGE.glob("*.py") if path.stem != "__init__"]) <= 13


def outside(room: str) -> list[Path]:
    """Every file of the project that lies in another room, tests excepted: they may look into all."""
    others = [
        path for folder in ("notebooks", "serving", "benchmarks") for path in (ROOT / folder).rglob("*.[pi][yp]*")
    ]
    others = [path for path in others if path.suffix in (".py", ".ipynb") and ".ipynb_checkpoints" not in path.parts]
    return [*(path for path in MODULES if room_of(path) != room), ROOT / "run_all.py", *others]


def test_a_room_hands_out_what_others_use_and_nothing_else():
    used = defaultdict(set)
    for room in ROOMS:
        for path in outside(room):
            used[room] |= {name for other, name in imported(path) if other == room and name}
    for room in ROOMS:
        tree = ast.parse((PACKAGE / room / "__init__.py").read_text())
        names = next((n.value for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "__all__"), None)
        assert used[room] == set(ast.literal_eval(names) if names else []), room


@pytest.mark.parametrize("room", [*ROOMS, "scoring/fast"])
def test_a_room_opens_with_a_line_for_each_of_its_files(room):
    folder = PACKAGE / room
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    listed = re.findall(r"^(\w+) {2,}\S", text, re.MULTILINE)
    files = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    assert sorted(listed) == sorted(files | {path.parent.name for path in folder.glob("*/__init__.py")})


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_notebook_opens_its_room_the_ground_and_evaluation(path):
    rooms = {room for room, _ in imported(path)}
    assert rooms <= {"ground", "evaluation", *NOTEBOOKS[path.stem[:2]]}
