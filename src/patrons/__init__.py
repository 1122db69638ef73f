"""Patrons: customer segmentation, churn and customer value as a series of notebooks."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def door(
    room: str, modules: Sequence[str], names: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a room: what it hands out, imported when it is first asked for.

    So ``from patrons import churn`` and ``churn.search.search(...)`` do, and the service, which needs a few modules of
    many rooms, does not load those that draw.

    Parameters
    ----------
    room : str
        The package's name.
    modules : sequence of str
        Modules of the room.
    names : mapping of str to str, optional
        Classes and functions, each with its module.
    """
    places = names or {}

    def opened(name: str) -> Any:
        if name in places:
            return getattr(import_module(f"{room}.{places[name]}"), name)
        if name in modules:
            return import_module(f"{room}.{name}")
        raise AttributeError(f"{room} has no {name!r}; it hands out {', '.join([*places, *modules])}.")

    return opened, lambda: sorted({*places, *modules})
