"""The JSON Schema of params files, made from the notebooks' declarations, so that editors complete and check them."""

import math
from pathlib import Path
from typing import Any

from patrons.files import write_json
from patrons.series.declarations import KINDS, OWN, Parameter, declared, notebook_paths, overlays, split_type
from patrons.spaces import SPACES, Values

KIND = {"type": "string", "enum": list(KINDS), "description": "what the source is", "default": KINDS[0]}
NAMES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean"}


def schema(notebooks: Path) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a params file for the notebooks in a folder.

    A section allows what any kind of source has a notebook for; `patrons.series.params.load` knows which kind it is.
    """
    sections = {notebook.stem: _section(notebook) for notebook in notebook_paths(notebooks)}
    for notebook in (path for paths in overlays(notebooks).values() for path in paths):
        section = sections.setdefault(notebook.stem, _section(notebook))
        section["properties"] = _section(notebook)["properties"] | section["properties"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Parameters of a series of notebooks",
        "type": "object",
        "additionalProperties": False,
        "properties": {"kind": KIND, **dict(sorted(sections.items()))},
    }


def write_schema(notebooks: Path, target: Path) -> Path:
    """Write the schema to a file, such as ``params/schema.json``."""
    return write_json(target, schema(notebooks))


def _section(notebook: Path) -> dict[str, Any]:
    parameters = {name: parameter for name, parameter in declared(notebook).items() if name not in OWN}
    return {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {name: _property(parameter) for name, parameter in parameters.items()},
    }


def _property(parameter: Parameter) -> dict[str, Any]:
    described = {"description": parameter.help, "default": parameter.default}
    if parameter.space:
        names = {name: _values(values) for name, values in SPACES[parameter.space].items()}
        return {"type": "object", "additionalProperties": False, "properties": names, **described}
    return {**_type(parameter, parameter.type), **described}


def _values(values: Values) -> dict[str, Any]:
    """The list of one setting of a space."""
    items = {"type": "number", "minimum": values.low, "maximum": values.high}
    return {
        "type": "array", "minItems": 1, "items": items, "description": values.meaning, "default": list(values.values)
    }  # fmt: skip


def _type(parameter: Parameter, kind: str) -> dict[str, Any]:
    outer, inner = split_type(kind)
    if outer == "list":
        return {"type": "array", "items": _type(parameter, inner)}
    if outer == "dict":
        return {"type": "object", "additionalProperties": _type(parameter, inner)}
    limits = {"minimum": parameter.low, "maximum": parameter.high}
    limits = {name: limit for name, limit in limits.items() if limit is not None and math.isfinite(limit)}
    return {"type": NAMES[kind], **limits, **({"enum": list(parameter.choices)} if parameter.choices else {})}
