"""Parameters as notebooks declare them: typed and explained in the cell tagged `parameters`.

A declaration is one line; a range or a choice at the end of the comment binds, for each item of a list or dict too::

    k_max: int = 10  # largest number of groups [2, 30]
    linkage: str = "ward"  # rule that joins groups {ward, average}

A dict of settings names the space of `patrons.spaces` whose names and ranges bind::

    boosting: dict[str, list[float]] = {}  # settings to try in place of the usual ones {spaces.boosting}
"""

import ast
import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from patrons.errors import nearest
from patrons.series.notebooks import nbformat
from patrons.spaces import SPACES, Values

from papermill.translators import PythonTranslator  # isort: skip  # which imports nbformat in full, were it first

KINDS = ("orders", "table")  # what a series is made from: an order log, or a table with a row a customer
ELSEWHERE = ("ledger", "champion")  # what a notebook reads that no series has made: where it is
OWN = ("folder", "raw_folder", *ELSEWHERE)  # set by the runner alone
SCALARS: dict[str, type | tuple[type, ...]] = {"int": int, "float": (int, float), "str": str, "bool": bool}
RANGE = re.compile(r"\[\s*([^\[\],]+?)\s*,\s*([^\[\],]+?)\s*\]$")
CHOICE = re.compile(r"\{([^{}]+)\}$")
SPACE = re.compile(r"\{spaces\.(\w+)\}$")


class ParamsError(ValueError):
    """Parameters that cannot be used; the message lists every problem."""


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: `low` and `high` are a closed range, `choices` all that is allowed (empty: anything).

    `space` names an entry of `patrons.spaces`, whose names and ranges bind.
    """

    name: str
    type: str
    default: Any
    help: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] = ()
    space: str = ""

    @property
    def meaning(self) -> str:
        """The comment without the range or choice, or the type where there is none."""
        return CHOICE.sub("", RANGE.sub("", self.help)).strip() or self.type

    def convert(self, value: Any) -> Any:
        """The value as the notebook gets it; ValueError says what is wrong with it."""
        converted = _convert(self, self.type, value)
        for name, values in converted.items() if self.space else ():
            _within_space(SPACES[self.space], name, values)
        return converted


def _convert(parameter: Parameter, kind: str, value: Any) -> Any:
    outer, inner = split_type(kind)
    if outer == "list":
        return [_convert(parameter, inner, item) for item in _expect(value, list, kind)]
    if outer == "dict":
        pairs = _expect(value, dict, kind).items()
        return {_expect(key, str, "str as a key"): _convert(parameter, inner, item) for key, item in pairs}
    return _within(parameter, _scalar(value, kind))


def split_type(kind: str) -> tuple[str, str]:
    """``dict[str, float]`` -> ``("dict", "float")``; a plain type is its own outer one."""
    nested = re.fullmatch(r"(list)\[(.+)\]|(dict)\[\s*str\s*,\s*(.+)\]", kind)
    if nested is None:
        return kind, kind
    outer, inner = (part.strip() for part in nested.groups() if part)
    return outer, inner


def _expect(value: Any, kind: type | tuple[type, ...], name: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{value!r} is not {name}")
    return value


def _scalar(value: Any, kind: str) -> Any:
    if kind == "str" and isinstance(value, datetime.date):
        return value.isoformat()
    if kind == "float" and isinstance(value, str) and re.fullmatch(r"[-+]?\d+[eE][-+]?\d+", value):
        value = float(value)  # YAML 1.1 takes 1e-3 for text
    hint = " (quote it to make it text)" if kind == "str" and isinstance(value, bool | int | float) else ""
    value = _expect(value, SCALARS[kind], kind + hint)
    return float(value) if kind == "float" else value


def _within(parameter: Parameter, value: Any) -> Any:
    if parameter.choices and value not in parameter.choices:
        raise ValueError(f"{value!r} is not one of {', '.join(map(str, parameter.choices))}")
    if parameter.low is not None and parameter.high is not None and not parameter.low <= value <= parameter.high:
        raise ValueError(f"{value!r} is outside [{parameter.low:g}, {parameter.high:g}]")
    return value


def _within_space(space: Mapping[str, Values], name: str, values: list[float]) -> None:
    if name not in space:
        raise ValueError(f"no setting {name!r}; {nearest(name, space)}")
    if not values:
        raise ValueError(f"{name} needs at least one value")
    low, high = space[name].low, space[name].high
    for value in values:
        if not low <= value <= high:
            raise ValueError(f"{name}: {value:g} is outside [{low:g}, {high:g}]")


def declared(notebook: Path) -> dict[str, Parameter]:
    """The parameters of a notebook in the order of its cell; ParamsError names a line that cannot be understood."""
    cells = nbformat.read(notebook, as_version=4).cells
    cell = next((cell for cell in cells if "parameters" in cell.metadata.get("tags", [])), None)
    if cell is None:
        return {}
    parameters = {line.name: _parameter(notebook, line) for line in PythonTranslator.inspect(cell)}
    for name in _assigned(cell.source):
        if name not in parameters:
            raise ParamsError(
                f"{notebook.name}: papermill cannot read the declaration of {name!r}. "
                "Write it on one line as `name: type = default  # meaning`, with no other = and no other #."
            )
    return parameters


def _assigned(source: str) -> list[str]:
    """The names that a cell assigns to, with or without a type."""
    nodes = ast.parse(source).body
    targets: list[ast.expr] = [node.target for node in nodes if isinstance(node, ast.AnnAssign)]
    targets += [target for node in nodes if isinstance(node, ast.Assign) for target in node.targets]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _parameter(notebook: Path, line: Any) -> Parameter:
    try:
        kind = re.sub(r"\s*,\s*", ", ", line.inferred_type_name)
        base = _base(kind)
        low, high = _range(base, line.help)
        default = ast.literal_eval(line.default)
        space = SPACE.search(line.help)
        choices = () if space else _choices(base, line.help)
        parameter = Parameter(line.name, kind, default, line.help, low, high, choices, space[1] if space else "")
        return Parameter(**{**vars(parameter), "default": parameter.convert(default)})
    except (ValueError, SyntaxError) as error:
        raise ParamsError(
            f"{notebook.name} declares {line.name}: {line.inferred_type_name} = {line.default}: {error}. "
            "Types are int, float, str, bool, list[...] and dict[str, ...]; see CONTRIBUTING.md."
        ) from None


def _base(kind: str) -> str:
    outer, inner = split_type(kind)
    if outer != inner:
        return _base(inner)
    if kind not in SCALARS:
        raise ValueError(f"{kind} is not a type that a parameter can have")
    return kind


def _range(base: str, meaning: str) -> tuple[float | None, float | None]:
    limits = RANGE.search(meaning) if base in ("int", "float") else None
    return (float(limits[1]), float(limits[2])) if limits else (None, None)


def _choices(base: str, meaning: str) -> tuple[Any, ...]:
    choices = CHOICE.search(meaning)
    texts = [text.strip() for text in choices[1].split(",")] if choices else []
    return tuple(texts if base == "str" else (_scalar(yaml.safe_load(text), base) for text in texts))


def notebook_paths(folder: Path, kind: str = KINDS[0]) -> list[Path]:
    """The notebooks of a series, in the order of their numbers.

    Those in a subfolder named after another kind of source, such as ``table``, stand in for those of the same name.
    """
    paths = {path.name: path for path in _in(folder)}
    if kind != KINDS[0]:
        paths |= {path.name: path for path in _in(folder / kind)}
    return [paths[name] for name in sorted(paths)]


def overlays(folder: Path) -> dict[str, list[Path]]:
    """By kind of source the notebooks of its own, where it has any."""
    return {kind: paths for kind in KINDS[1:] if (paths := sorted(_in(folder / kind)))}


def _in(folder: Path) -> Iterator[Path]:
    return folder.glob("[0-9]*_*.ipynb")
