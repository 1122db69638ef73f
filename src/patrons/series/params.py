"""Params files: YAML that overrides what the notebooks declare, checked completely before anything runs."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from patrons.errors import nearest
from patrons.series.declarations import KINDS, OWN, Parameter, ParamsError, declared, notebook_paths, overlays

KIND = "kind"  # the one name in a params file that is not a notebook's


Declared = Mapping[str, Parameter]  # the parameters of a notebook by name
Section = dict[str, Any]  # their values


def load(path: Path, notebooks: Path, overrides: Iterable[str] = ()) -> dict[str, dict[str, Any]]:
    """Every notebook's parameters: its defaults, overridden by the file's values, overridden by those of ``--set``.

    Parameters
    ----------
    path : Path
        A YAML file with a section a notebook, such as ``params/demo.yaml``.
    notebooks : Path
        The folder with the notebooks that declare the parameters.
    overrides : iterable of str
        ``section.name=value``; the section by number, by name or by both.

    Raises
    ------
    ParamsError
        Lists every unknown section or name, wrong type and value out of range at once.
    """
    problems: list[str] = []
    content = _read_yaml(path)
    kind = _kind(content, problems)
    declarations = {notebook.stem: declared(notebook) for notebook in notebook_paths(notebooks, kind)}
    sections = _sections(content, declarations, problems)
    for override in overrides:
        _override(override, declarations, sections, problems)
    values = {
        stage: _values(stage, parameters, sections.get(stage, {}), problems)
        for stage, parameters in declarations.items()
    }
    if problems:
        problems = [*problems, *_other_kind(notebooks, kind, sections, declarations)]
        listed = "".join(f"\n  - {problem}" for problem in problems)
        raise ParamsError(
            f"{path} cannot be used as it is:{listed}\nEvery parameter, with its meaning: .venv/bin/patrons params"
        )
    return values


def read_kind(path: Path) -> str:
    """The kind of source that a params file states: ``orders`` or ``table``; anything else is an error."""
    problems: list[str] = []
    kind = _kind(_read_yaml(path), problems)
    if problems:
        raise ParamsError(f"{path} cannot be used as it is:\n  - {problems[0]}")
    return kind


def _kind(content: Mapping[Any, Any], problems: list[str]) -> str:
    kind = content.get(KIND, KINDS[0])
    if kind in KINDS:
        return kind
    problems.append(f"{KIND}: {kind!r} is not one of {', '.join(KINDS)}")
    return KINDS[0]


def _other_kind(
    notebooks: Path, kind: str, sections: Mapping[str, Section], declarations: Mapping[str, Declared]
) -> list[str]:
    """A hint where a file was meant for another kind of source: it names parameters that only that kind has."""
    for other in KINDS:
        paths = notebook_paths(notebooks, other) if other != kind and overlays(notebooks) else []
        only = {path.stem: set(declared(path)) - set(declarations.get(path.stem, ())) for path in paths}
        theirs = [
            f"{stage}.{name}" for stage, names in only.items() for name in sections.get(stage, ()) if name in names
        ]
        if theirs:
            return [f"with `kind: {other}` on a line of its own there would be {', '.join(theirs)}"]
    return []


def find_stage(text: str, stages: Iterable[str]) -> str | None:
    """The notebook meant by its number (``03`` or ``3``), its name or both."""
    for stage in stages:
        number, name = stage.split("_", 1)
        if text in (stage, name, number, number.lstrip("0")):
            return stage
    return None


def _sections(
    content: Mapping[Any, Any], declarations: Mapping[str, Declared], problems: list[str]
) -> dict[str, Section]:
    sections: dict[str, Section] = {}
    for name, values in content.items():
        if name == KIND:
            continue
        if name not in declarations:
            stage = find_stage(str(name), declarations)
            problems.append(
                f"no notebook {name!r}; " + (f"did you mean {stage!r}?" if stage else nearest(name, declarations))
            )
        elif not isinstance(values or {}, dict):
            problems.append(f"{name} holds {values!r} where `name: value` lines belong")
        else:
            sections[name] = dict(values or {})
    return sections


def _read_yaml(path: Path) -> dict[Any, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)
    except FileNotFoundError:
        names = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml"))) or "none"
        raise ParamsError(f"There is no {path}. Params files in {path.parent}: {names}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ParamsError(f"{path} is not valid YAML{place}: {getattr(error, 'problem', None) or error}.") from None
    if not isinstance(content or {}, dict):
        raise ParamsError(
            f"{path} holds {type(content).__name__}, not a section for each notebook (`01_eda:` and so on)."
        )
    return content or {}


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a name may stand only once: plain YAML would silently take the last one."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _override(
    text: str, declarations: Mapping[str, Declared], sections: dict[str, Section], problems: list[str]
) -> None:
    match = re.fullmatch(r"([^.=]+)\.([^=]+)=(.*)", text, re.DOTALL)
    stage = find_stage(match[1].strip(), declarations) if match else None
    if match is None:
        problems.append(f"--set {text}: not of the form section.name=value, such as 03.k_max=12")
    elif stage is None:
        problems.append(f"--set {text}: no notebook {match[1]!r}; {nearest(match[1], declarations)}")
    else:
        try:
            sections.setdefault(stage, {})[match[2].strip()] = yaml.load(match[3], _UniqueKeys)
        except yaml.YAMLError as error:
            problems.append(f"--set {text}: the value is not valid YAML ({getattr(error, 'problem', error)})")


def _values(stage: str, parameters: Declared, given: Section, problems: list[str]) -> Section:
    allowed = {name: parameter for name, parameter in parameters.items() if name not in OWN}
    values = {name: parameter.default for name, parameter in allowed.items()}
    for name, value in given.items():
        if name in OWN:
            problems.append(f"{stage}.{name} is set by the runner: remove it")
        elif name not in allowed:
            problems.append(f"{stage} has no parameter {name!r}; {nearest(name, allowed)}")
        else:
            try:
                values[name] = allowed[name].convert(value)
            except ValueError as error:
                problems.append(f"{stage}.{name}: {error} ({allowed[name].meaning})")
    return values
