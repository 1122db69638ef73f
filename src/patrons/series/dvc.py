"""A series as DVC sees it: ``dvc.yaml`` with a stage a notebook, from the declarations that the runner uses.

A stage depends on what `graph.fingerprint` is made of: the notebook, the modules that it uses, the lock of libraries,
its section of the params file, and the files that it reads. Its out is its folder of results; ``.dvcignore`` leaves out
the executed notebook, in which times stand. The folder persists while a stage runs, because the runner replaces it as a
whole, and reads the former results (`stage.previous`).
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from patrons.errors import PATRONS, nearest
from patrons.files import shown, write_text
from patrons.series import imports
from patrons.series.declarations import ParamsError
from patrons.series.graph import Notebook, Series, read_notebooks
from patrons.series.params import load, read_kind

FOLDER = Path("orchestration", "dvc")  # in it a folder a series, from which all paths are
PYTHON = ".venv/bin/python"
LOCK = "requirements.lock"
GUARD = "declarations"  # the stage that looks whether the notebooks still declare what dvc.yaml says
METRICS, FIGURES = ("metrics.json", r"\bstage\.record\("), ("figures", r"\bstage\.figure\(")
HEAD = (
    f"# Written by `{PATRONS} dvc {{name}} --write` from what the notebooks declare: write it anew, do not edit it.\n"
)


def write(name: str, root: Path) -> Path:
    """Write ``orchestration/dvc/<name>/dvc.yaml``, and name in the params file each section that DVC is to watch.

    ParamsError where there is no ``params/<name>.yaml``, or it cannot be used or added to.
    """
    path = _params_file(name, root)
    series, text = _series(path, root), _text(path, root)
    _name_sections(path, series)
    return write_text(_target(name, root), text)


def check(name: str, root: Path) -> Path:
    """The ``dvc.yaml`` of a series; ParamsError where the notebooks declare something else by now."""
    path, target = _params_file(name, root), _target(name, root)
    unnamed = _unnamed(path, _series(path, root))
    if unnamed or not target.is_file() or target.read_text(encoding="utf-8") != _text(path, root):
        reason = f"{shown(path)} does not name {', '.join(unnamed)}" if unnamed else "the notebooks declare otherwise"
        reason = reason if target.is_file() else "there is none"
        raise ParamsError(f"{shown(target)} is not up to date: {reason}. Write it: {PATRONS} dvc {name} --write")
    return target


def _params_file(name: str, root: Path) -> Path:
    path = root / "params" / f"{name}.yaml"
    if not path.is_file():
        names = sorted(file.stem for file in path.parent.glob("*.yaml"))
        raise ParamsError(f"There is no {shown(path)}; {nearest(name, names)}")
    return path


def _series(path: Path, root: Path) -> Series:
    return read_notebooks(root / "notebooks", read_kind(path))


def _target(name: str, root: Path) -> Path:
    return root / FOLDER / name / "dvc.yaml"


def _text(path: Path, root: Path) -> str:
    content = pipeline(path.stem, root, _series(path, root), load(path, root / "notebooks"))
    return HEAD.format(name=path.stem) + yaml.safe_dump(content, sort_keys=False, width=1000)


def pipeline(name: str, root: Path, series: Series, parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What ``dvc.yaml`` holds: ``stages``, and the ``metrics`` and ``plots`` among their outs.

    `parameters` are those of each stage, complete; the package that runs must be that of the project, `root`.
    """
    results, up = Path("data", "processed", name), Path(os.path.relpath(root, _target(name, root).parent))
    package = str(_inside(imports.PACKAGE, root))
    guard = {"cmd": f"{PYTHON} -m patrons.cli.main dvc {name}", "wdir": str(up), "deps": ["notebooks", package]}
    stages: dict[str, Any] = {GUARD: guard}
    writers = {file: results / stage / file for stage, notebook in series.items() for file in notebook.writes}
    for stage, notebook in sorted(series.items()):
        inputs = [*_raw(parameters[stage]), *(str(writers[file]) for file in notebook.reads)]
        stages[stage] = {
            "cmd": f"{PYTHON} run_all.py params/{name}.yaml --only {stage.split('_')[0]} --resume --no-track",
            "wdir": str(up),
            "deps": [*inputs, str(_inside(notebook.path, root)), *_modules(notebook, root), LOCK],
            "params": [{f"params/{name}.yaml": [stage]}],
            "outs": [{str(results / stage): {"persist": True}}],
        }
    found = {
        kind: [str(up / results / stage / kind) for stage in sorted(series) if _calls(series[stage], call)]
        for kind, call in (METRICS, FIGURES)
    }
    return {"stages": stages, "metrics": found["metrics.json"], "plots": found["figures"]}


def _inside(path: Path, root: Path) -> Path:
    """A path from the project's folder on; ParamsError for what lies outside, which DVC could not version."""
    try:
        return path.resolve().relative_to(root.resolve())
    except ValueError:
        raise ParamsError(
            f"{path} is not in {root}: call the command from the project that it was set up in."
        ) from None


def _raw(parameters: Mapping[str, Any]) -> list[str]:
    names = [parameters.get("source"), parameters.get("customers")] if "source" in parameters else []
    return [f"data/raw/{file}" for file in names if file]


def _modules(notebook: Notebook, root: Path) -> list[str]:
    return [str(_inside(path, root)) for path in imports.helper_files("\n".join(notebook.code))]


def _calls(notebook: Notebook, call: str) -> bool:
    return any(re.search(call, code) for code in notebook.code)


def _unnamed(path: Path, series: Series) -> list[str]:
    """Notebooks without a section in a params file: DVC would not notice when they get one."""
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return [stage for stage in sorted(series) if stage not in content]


def _name_sections(path: Path, series: Series) -> None:
    """Add an empty section, which means the defaults, for each notebook that a params file does not name."""
    text = path.read_text(encoding="utf-8")
    empty: dict[str, dict[str, Any]] = {stage: {} for stage in _unnamed(path, series)}
    added = f"{text.rstrip()}\n" + "".join(f"{stage}: {{}}\n" for stage in empty)
    try:
        same = yaml.safe_load(added) == {**(yaml.safe_load(text) or {}), **empty}
    except yaml.YAMLError:
        same = False
    if not same:
        raise ParamsError(
            f"{shown(path)} does not name {', '.join(empty)}: give each a line such as `{min(empty)}: {{}}`."
        )
    if empty:
        write_text(path, added)
