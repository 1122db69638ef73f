"""The champion of a series, asked for again only when the registry or the results have changed."""

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from patrons.scoring.release import MANIFEST
from patrons.service.patience import Patience

if TYPE_CHECKING:  # they need MLflow, which a service of a folder does without
    from patrons.tracking.promotion import Serving
    from patrons.tracking.registry import Registry

T = TypeVar("T")
SOON, SELDOM = 2.0, 30.0  # seconds until a registry that is away is asked again: the first time, and at most


class Champion:
    """Says which release answers for a series.

    A look at a registry where nothing has changed is one query; what follows from it, an error too, is remembered. Once
    there was a champion, nothing else is taken in its place, whatever becomes of the registry.

    Parameters
    ----------
    name : str
        The series.
    root : Path
        The project's folder.
    unpromoted : bool
        Whether the last results may answer as long as nothing was ever promoted.
    """

    def __init__(self, name: str, root: Path, unpromoted: bool = True):
        self.name, self.root, self.unpromoted = name, root, unpromoted
        self._registry: Registry | None = None
        self._mark: Hashable = None
        self._answer: Serving | None = None
        self._failure: Exception | None = None
        self._away, self._again = Patience(SOON, SELDOM), Patience(SOON, SELDOM)
        self._seen = False  # a champion

    def __call__(self) -> "Serving":
        """The release that answers; raises where there is none, as `promotion.serving` does."""
        if self._failure and not self._away.over:
            raise self._failure.with_traceback(None)
        mark = self._kept(self._read_mark, self._away)
        if mark == self._mark and self._answer:
            return self._answer
        if mark == self._mark and self._failure and not self._again.over:
            raise self._failure.with_traceback(None)
        self._mark, self._answer = mark, None
        self._answer = self._kept(self._ask, self._again)
        self._seen = self._seen or self._answer.promoted
        return self._answer

    def forget(self) -> None:
        """Ask for everything again at the next call, also where that failed a moment ago."""
        self._mark = self._answer = self._failure = None

    def _kept(self, ask: Callable[[], T], patience: Patience) -> T:
        """What a call returns; a failure is kept, with when to try again."""
        try:
            answer = ask()
        except Exception as error:
            self._failure = error
            patience.failed()
            raise
        patience.reset()
        return answer

    def _ask(self) -> "Serving":
        from patrons.tracking.promotion import serving

        return serving(self.name, self.root, self.unpromoted and not self._seen)

    def _read_mark(self) -> Hashable:
        """What changes with the registry, the last results and the copies of champions."""
        from patrons.tracking.registry import Registry

        self._registry = self._registry or Registry(self.name, self.root)
        processed = self.root / "data" / "processed" / self.name
        files = (processed / "series.json", processed / "release" / MANIFEST, processed / "releases")
        return self._registry.mark(), tuple(_stamp(path) for path in files)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return state.st_mtime_ns, state.st_ino
