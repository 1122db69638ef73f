"""Tiny series for the tests: notebooks of a cell or two that write plain files."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PREAMBLE = "import os\nfrom pathlib import Path\nout = Path(os.environ['PATRONS_STAGE_OUTPUT'])"


def notebook(
    root: Path,
    stage: str,
    *code: str,
    reads: tuple = (),
    writes: tuple = (),
    parameters: str = "",
    may_read: tuple = (),
) -> Path:
    """Write ``notebooks/<stage>.ipynb`` with its declaration, a parameters cell, and the cells given."""
    declared = {"Reads": reads, "Writes": writes} | ({"May read": may_read} if may_read else {})
    listed = {word: ", ".join(f"`{name}`" for name in names) for word, names in declared.items()}
    first = f"# {stage[:2].lstrip('0')} · What is {stage[3:]}?\n" + "\n".join(
        f"**{k}** {v}." for k, v in listed.items()
    )
    cell = new_code_cell('folder: str = "../data/processed/toy"  # set by the runner\n' + parameters)
    cell.metadata["tags"] = ["parameters"]
    cells = [new_markdown_cell(first), cell, *map(new_code_cell, code)]
    for number, one in enumerate(cells):
        one.id = f"cell-{number}"  # the same file from the same cells
    path = root / "notebooks" / f"{stage}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)
    return path


def params(root: Path, text: str = "", name: str = "toy") -> Path:
    """Write ``params/<name>.yaml``."""
    path = root / "params" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
