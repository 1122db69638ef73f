"""The errors of data that cannot be used, which errors need no traceback, and the word that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


class SourceError(ValueError):
    """A source that is not there or is not as the parameters say."""


class OrdersError(SourceError):
    """An order log that cannot be used."""


class ClusteringError(ValueError):
    """Data or parameters from which no grouping can be chosen."""


def is_expected(error: Exception) -> bool:
    """Whether an error says all that a user needs: those of this package and of the file system do."""
    return type(error).__module__.startswith("patrons.") or isinstance(error, OSError)


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence's end: the known word that was probably meant, or else all of them."""
    known = list(known)
    close = get_close_matches(str(word).lower(), {name.lower(): name for name in known}, n=1, cutoff=0.55)
    by_lower = {name.lower(): name for name in known}
    return f"did you mean {by_lower[close[0]]!r}?" if close else f"there is: {', '.join(known) or 'nothing'}"
