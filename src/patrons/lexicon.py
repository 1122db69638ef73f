"""Words for readers: what a column is called, by the data dictionary that a notebook has said holds here."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_LABELS: dict[str, str] = {}  # of this process, as matplotlib's settings are


def use(dictionary: "pd.DataFrame") -> None:
    """Call features from now on as the data dictionary labels them, in figures and sentences."""
    _LABELS.clear()
    if "label" in dictionary:
        _LABELS.update(zip(dictionary.feature, dictionary.label, strict=True))


def word(name: Any) -> str:
    """What a reader calls a column: its label, else its name with blanks."""
    return _LABELS.get(str(name), str(name).replace("_", " "))


def words(names: Iterable[Any]) -> list[str]:
    """What a reader calls columns."""
    return [word(name) for name in names]


def capital(text: str) -> str:
    """A text that begins a sentence: with a capital letter, the rest as it is."""
    return text[:1].upper() + text[1:]
