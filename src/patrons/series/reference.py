"""The page of all parameters, `docs/parameters.md`, made from the notebooks' declarations."""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from patrons.series.declarations import KINDS, OWN, Parameter
from patrons.series.graph import Notebook, read_notebooks
from patrons.spaces import SPACES

HEAD = """# Parameters

What a params file may say, by notebook. `params/schema.json` has the same for editors; this page is written with it, by
`make schema`.

```yaml
03_clustering_comparison:
  k_max: 10
```

A name or value that stands neither here nor in a notebook is refused before anything runs. For one run,
`.venv/bin/python run_all.py params/demo.yaml --set 03.k_max=10` does the same.
"""
COLUMNS = ("parameter", "type", "default", "meaning", "allowed")
SETTINGS = ("setting", "tried unless said otherwise", "meaning", "allowed")
SPACES_HEAD = """
## Settings of models

What `logistic`, `forest`, `boosting` and `network` of 06 may name, with the values to try: `boosting: {depth: [3, 4]}`.
"""


def page(notebooks: Path) -> str:
    """The page as Markdown.

    Parameters
    ----------
    notebooks : Path
        The folder of the notebooks.
    """
    sections = []
    for kind in KINDS:
        series = read_notebooks(notebooks, kind)
        own = [one for stage, one in sorted(series.items()) if kind == KINDS[0] or one.path.parent.name == kind]
        sections += [_section(one, "" if kind == KINDS[0] else f" (`kind: {kind}`)") for one in own]
    return "".join([HEAD, *sections, SPACES_HEAD, *map(_space, SPACES)])


def rows(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    head = [columns, ["---"] * len(columns)]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in [*head, *lines])


def _section(notebook: Notebook, kind: str) -> str:
    parameters = [parameter for name, parameter in notebook.parameters.items() if name not in OWN]
    table = rows(COLUMNS, map(_row, parameters)) if parameters else "It has no parameters.\n"
    return f"\n## {notebook.stage}{kind}\n\n{notebook.question}\n\n{table}"


def _row(parameter: Parameter) -> tuple[str, ...]:
    default = json.dumps(parameter.default, ensure_ascii=False)
    return f"`{parameter.name}`", f"`{parameter.type}`", f"`{default}`", _meaning(parameter), _allowed(parameter)


def _meaning(parameter: Parameter) -> str:
    meaning = parameter.help.partition("{spaces.")[0] if parameter.space else parameter.meaning
    return meaning.strip()


def _allowed(parameter: Parameter) -> str:
    """What a value may be, or each of a list; empty for anything."""
    if parameter.space:
        return f"[its settings](#{parameter.space})"
    if parameter.choices:
        return ", ".join(f"`{choice}`" for choice in parameter.choices)
    return "" if parameter.low is None or parameter.high is None else _between(parameter.low, parameter.high)


def _between(low: float, high: float) -> str:
    if math.isinf(high):
        return f"at least {low:g}"
    return f"{low:g} to {high:,.15g}"


def _space(name: str) -> str:
    lines = [
        (f"`{setting}`", f"`{list(values.values)}`", values.meaning, _between(values.low, values.high))
        for setting, values in SPACES[name].items()
    ]
    return f"\n### {name}\n\n{rows(SETTINGS, lines)}"
