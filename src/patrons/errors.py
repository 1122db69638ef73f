"""The errors of bad data and of what may pass, which need no traceback, and what messages tell to type."""

from collections.abc import Iterable
from difflib import get_close_matches

# how a command is typed in the project's folder once `make run` has set up .venv, which nobody has to activate
PATRONS, RUN_ALL = ".venv/bin/patrons", ".venv/bin/python run_all.py"


class SourceError(ValueError):
    """A source that is not there or is not as the parameters say."""


class OrdersError(SourceError):
    """An order log that cannot be used."""


class FeaturesError(ValueError):
    """Data too short for the settings of features, or a setting that fits no feature."""


class ClusteringError(ValueError):
    """Data or parameters from which no grouping can be chosen."""


class PassingError(RuntimeError):
    """What can pass by itself, such as a server that is away or a folder that another command holds: try it again."""


def is_expected(error: Exception) -> bool:
    """Whether an error says all that a user needs: those of this package and of the file system do."""
    return type(error).__module__.startswith("patrons.") or isinstance(error, OSError)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, in any case; None where none is like it."""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(str(word).lower().strip(), by_lower, n=1, cutoff=0.55)
    return by_lower[close[0]] if close else None


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence's end: the known word that was probably meant, or else all of them."""
    known = list(known)
    close = closest(word, known)
    return f"did you mean {close!r}?" if close is not None else f"there is: {', '.join(known) or 'nothing'}"
