"""The notebooks as they are committed: stories without code of their own."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from patrons.series.declarations import KINDS, declared
from patrons.series.graph import read_notebooks

FOLDER = Path(__file__).parents[1] / "notebooks"
# every notebook by its place, such as 03_clustering_comparison or table/01_eda
SERIES = {
    str(one.path.relative_to(FOLDER).with_suffix("")): one
    for kind in reversed(KINDS)  # what both kinds share is that of a log, which reads more
    for one in read_notebooks(FOLDER, kind).values()
}
NOTEBOOKS = [pytest.param(nbformat.read(one.path, 4), id=stage) for stage, one in sorted(SERIES.items())]


def code(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.parametrize("stage", [stage for stage, one in SERIES.items() if "simulated" in one.parameters])
def test_data_is_simulated_only_where_a_params_file_says_so(stage):
    assert SERIES[stage].parameters["simulated"].default is False


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_defines_no_function_and_no_class(notebook):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert not [node for node in ast.walk(ast.parse(code(notebook))) if isinstance(node, kinds)]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_holds_no_output(notebook):
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_has_at_most_38_cells_of_a_few_lines(notebook):
    assert len(notebook.cells) <= 38
    parameters = next(n for n, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
    rest = [cell.source for cell in notebook.cells[parameters + 2 :] if cell.cell_type == "code"]  # after the imports
    assert max(len(source.splitlines()) for source in rest) <= 8


def test_what_a_notebook_may_read_is_written_by_one_of_some_kind():
    written = {file for one in SERIES.values() for file in one.writes}
    for notebook in NOTEBOOKS:
        line = re.search(r"^\*\*May read\*\*(.*)$", notebook.values[0].cells[0].source, re.MULTILINE)
        assert set(re.findall(r"`([^`]+)`", line[1] if line else "")) <= written


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_cell_shows_at_most_one_figure(notebook):
    assert max(cell.source.count("stage.figure(") for cell in notebook.cells) == 1


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_opens_with_what_it_decides_and_ends_with_what_was_done(notebook):
    assert "**Decides**" in notebook.cells[0].source
    assert notebook.cells[-1].source.startswith("In this notebook we have")


@pytest.mark.parametrize("stage", SERIES)
def test_a_notebook_reads_and_writes_exactly_what_it_declares(stage):
    text = "\n".join(SERIES[stage].code)
    written = set(re.findall(r'stage\.write\(\s*"([^"]+)"', text))
    read = set(re.findall(r'stage\.(?:read|scan|path|has)\(\s*"([^"]+)"', text)) - written
    assert (read, written) == (set(SERIES[stage].reads), set(SERIES[stage].writes))


@pytest.mark.parametrize("stage", SERIES)
def test_every_parameter_says_what_it_means(stage):
    for parameter in declared(SERIES[stage].path).values():
        assert len(parameter.meaning.split()) >= 2, parameter.name


@pytest.mark.parametrize("stage", [stage for stage, one in SERIES.items() if "seed" in one.parameters])
def test_a_seed_says_what_it_is_of_and_claims_no_customers_that_are_drawn_without_it(stage):
    meaning, cells = SERIES[stage].parameters["seed"].meaning, "\n".join(SERIES[stage].code)
    assert "every" not in meaning
    draws = re.search(r"samples\.drawn\(|drawn\.drawn\(|forecast\.drawn\(|most_customers\b", cells)
    assert ("which customers are drawn does not depend on it" in meaning) == bool(draws)


@pytest.mark.parametrize("stage", SERIES)
def test_every_parameter_is_used(stage):
    cells = SERIES[stage].code
    for name in declared(SERIES[stage].path):
        assert re.search(rf"\b{name}\b", "\n".join(cells[1:])), name


def test_a_notebook_for_tables_stands_in_for_one_of_the_same_name():
    table = read_notebooks(FOLDER, "table")
    assert set(table) == set(read_notebooks(FOLDER))
    stand_ins = {stage for stage, one in table.items() if one.path.parent.name == "table"}
    assert stand_ins == {"01_eda", "02_transformation", "04_label_creation", "07_customer_value"}


@pytest.mark.parametrize("stage", SERIES)
def test_a_notebook_opened_by_hand_finds_the_projects_folders(stage):
    for name in ("folder", "raw_folder"):
        parameter = SERIES[stage].parameters.get(name)
        assert parameter is None or (SERIES[stage].path.parent / parameter.default).resolve().is_relative_to(
            FOLDER.parent / "data"
        )
