"""nbformat without most of its import: jsonschema compiles a grammar of IRIs for a second, which no notebook needs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _without(module: str) -> Iterator[None]:
    """A module that is not to be imported here counts as not installed."""
    absent = module not in sys.modules
    if absent:
        sys.modules[module] = None  # type: ignore[assignment]  # as Python's own documentation has it
    try:
        yield
    finally:
        if absent:
            del sys.modules[module]


with _without("rfc3987_syntax"):
    import nbformat

__all__ = ["nbformat"]
