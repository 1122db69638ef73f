"""The word that was probably meant, for errors of any module."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence's end: the known word that was probably meant, or else all of them."""
    known = list(known)
    close = get_close_matches(str(word).lower(), {name.lower(): name for name in known}, n=1, cutoff=0.55)
    by_lower = {name.lower(): name for name in known}
    return f"did you mean {by_lower[close[0]]!r}?" if close else f"there is: {', '.join(known) or 'nothing'}"
