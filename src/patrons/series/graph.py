"""A series: what each notebook declares to read and write, the order that follows, and what its results depend on.

The first markdown cell declares, on lines of their own, with file names in backticks::

    # 3 · How many segments can marketing act on?
    **Reads** `features.parquet`.
    **Writes** `clusterer.skops`, `leaderboard.parquet`.

What a notebook can do without stands on a third line, that begins with **May read**; what no notebook of the kind of
data writes is not waited for.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from patrons.errors import nearest
from patrons.libraries import OF_MODELS, by_library, installed
from patrons.series import imports
from patrons.series.declarations import KINDS, Parameter, declared, notebook_paths
from patrons.series.notebooks import nbformat
from patrons.series.params import find_stage

LIBRARIES = (*OF_MODELS, "duckdb", "ibis-framework", "matplotlib")  # that results and figures come from


class SeriesError(ValueError):
    """Notebooks that do not form a series, or a selection of them that cannot be run."""


@dataclass(frozen=True)
class Notebook:
    """What a notebook declares; `code` is the source of its code cells, `text` that of all its cells.

    `optional` are those of `reads` that it can do without.
    """

    path: Path
    title: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    parameters: dict[str, Parameter]
    code: tuple[str, ...]
    text: str = ""
    optional: frozenset[str] = frozenset()

    @property
    def stage(self) -> str:
        """The notebook's name in the series, such as ``01_eda``."""
        return self.path.stem

    @property
    def question(self) -> str:
        """The title without its number."""
        return self.title.split("·", 1)[-1].strip()


Series = dict[str, Notebook]
Code = dict[str, str]  # the text of each file


def read_notebooks(folder: Path, kind: str = KINDS[0]) -> Series:
    """The notebooks of a folder by stage, in an order in which each comes after what it reads.

    `kind` is that of the params file (`params.read_kind`): some notebooks depend on it.
    """
    paths = notebook_paths(folder, kind)
    if not paths:
        raise SeriesError(f"{folder} holds no notebooks: their names look like 01_eda.ipynb.")
    series = {path.stem: _read(path) for path in paths}
    written = {file for notebook in series.values() for file in notebook.writes}
    series = {stage: _without(notebook, notebook.optional - written) for stage, notebook in series.items()}
    try:
        return {stage: series[stage] for stage in TopologicalSorter(needs(series)).static_order()}
    except CycleError as error:
        raise SeriesError(f"Notebooks wait for each other: {' -> '.join(error.args[1])}. Correct **Reads**.") from None


def _read(path: Path) -> Notebook:
    try:
        cells = nbformat.read(path, as_version=4).cells
    except Exception as error:  # JSON, validation and file errors alike
        raise SeriesError(f"{path.name} is not a notebook that can be read: {error}") from None
    first = next((cell.source for cell in cells if cell.cell_type == "markdown"), "")
    title = re.search(r"^# (.+)$", first, re.MULTILINE)
    optional = _files(path, first, "May read") if re.search(r"^\*\*May read\*\*", first, re.MULTILINE) else ()
    return Notebook(
        path=path,
        title=title[1].strip() if title else path.stem,
        reads=(*_files(path, first, "Reads"), *optional),
        writes=_files(path, first, "Writes"),
        parameters=declared(path),
        code=tuple(cell.source for cell in cells if cell.cell_type == "code" and cell.source.strip()),
        text="\n\n".join(f"{cell.cell_type}: {cell.source}" for cell in cells),
        optional=frozenset(optional),
    )


def _without(notebook: Notebook, missing: frozenset[str]) -> Notebook:
    """A notebook that does without some files: those that only the other kind of data has."""
    reads = tuple(file for file in notebook.reads if file not in missing)
    return replace(notebook, reads=reads, optional=notebook.optional - missing)


def _files(path: Path, text: str, word: str) -> tuple[str, ...]:
    line = re.search(rf"^\*\*{word}\*\*(.*)$", text, re.MULTILINE)
    if line is None:
        raise SeriesError(f"{path.name}: its first markdown cell has no line that begins with **{word}**.")
    names = tuple(re.findall(r"`([^`]+)`", line[1]))
    for name in names:
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise SeriesError(f"{path.name}: **{word}** names {name!r}, which is not a plain file name.")
    return names


def needs(series: Series) -> dict[str, set[str]]:
    """For each stage those that write what it reads."""
    writers: dict[str, str] = {}
    for stage, notebook in series.items():
        for file in notebook.writes:
            if file in writers:
                raise SeriesError(f"{file} is written by both {writers[file]} and {stage}: one of them must not.")
            writers[file] = stage
    return {stage: {_writer(stage, file, writers) for file in notebook.reads} for stage, notebook in series.items()}


def _writer(stage: str, file: str, writers: Mapping[str, str]) -> str:
    if file not in writers:
        raise SeriesError(f"{stage} reads {file}, which no notebook writes; {nearest(file, writers)}")
    return writers[file]


def select(series: Series, only: Iterable[str] = (), start: str | None = None) -> set[str]:
    """The stages of ``--only`` (by number or name), or those of ``--from`` (it and all that follow it), or all."""
    if start is not None:
        first = _chosen(start, series)
        return {stage for stage in series if stage >= first}
    return {_chosen(text, series) for text in only} or set(series)


def _chosen(text: str, series: Series) -> str:
    stage = find_stage(text.strip(), series)
    if stage is None:
        raise SeriesError(f"There is no notebook {text.strip()!r}; {nearest(text, sorted(series))}")
    return stage


def fingerprint(
    notebook: Notebook, parameters: Mapping[str, Any], inputs: Mapping[str, str], code: Code | None = None
) -> str:
    """SHA-256 of all that results and page depend on: cells, parameters, inputs' digests, helper code, libraries.

    The code is that on disk now, or what `helpers` read before.
    """
    libraries = by_library(installed(LIBRARIES))
    code = helpers(notebook) if code is None else code
    return _sha256([notebook.text, dict(parameters), dict(inputs), code, libraries])


def code_digest(notebook: Notebook, code: Code | None = None) -> str:
    """SHA-256 of a notebook's cells and of the helper code that they depend on, by which two runs know theirs apart."""
    return _sha256([notebook.text, helpers(notebook) if code is None else code])


def helpers(notebook: Notebook) -> Code:
    """The helper code that a notebook depends on, by file."""
    files = imports.helper_files("\n".join(notebook.code))
    return {str(path.relative_to(imports.PACKAGE)): path.read_text(encoding="utf-8") for path in files}


def _sha256(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
