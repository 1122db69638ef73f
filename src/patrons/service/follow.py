"""Following a release: a folder, a file that names one, or the registry, every few seconds and on a signal."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from patrons.files import read_json
from patrons.scoring.release import MANIFEST
from patrons.service.slots import Slots


class Located(NamedTuple):
    """The release that should answer.

    Attributes
    ----------
    folder : Path
    promoted : bool or None
        Whether it is the champion of a registry; None where a folder or a file names it.
    """

    folder: Path
    promoted: bool | None = None


Report = Callable[..., None]
Locate = Callable[[], Located]


def named_by(source: Path) -> Locate:
    """A function that locates a release: `source` itself, or the folder whose path stands in that file."""
    return lambda: Located(source.parent / source.read_text().strip() if source.is_file() else source)


def champion_of(name: str, root: Path, unpromoted: bool = True) -> Locate:
    """A function that locates a series' champion, fetched from the registry when it is a new one.

    Once there was a champion, nothing else is taken in its place, whatever becomes of the registry.

    Parameters
    ----------
    name : str
        The series.
    root : Path
        The project's folder.
    unpromoted : bool
        Whether the last results may answer as long as nothing was ever promoted.
    """
    seen = False

    def locate() -> Located:
        from patrons.tracking.promotion import serving  # needs MLflow, which a service of a folder does without

        nonlocal seen
        answering = serving(name, root, unpromoted and not seen)
        seen = seen or answering.promoted
        return Located(answering.folder, answering.promoted)

    return locate


class Follower:
    """Keeps the slots on the wanted release.

    Parameters
    ----------
    slots : Slots
    locate : callable
        Locates that release: see `named_by` and `champion_of`.
    poll : float
        Seconds between looks.
    report : callable
        Takes an event's name and its facts, such as ``report("flip", release=...)``.
    """

    def __init__(self, slots: Slots, locate: Locate, poll: float, report: Report):
        self.slots, self.locate, self.poll, self.report = slots, locate, poll, report
        self._settled: str | None = None  # id that was taken, refused or rolled back from: not tried again unasked
        self._wake, self._forced, self._last_failure = asyncio.Event(), False, ""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self.poll)
            self._wake.clear()

    def look_now(self) -> None:
        """Look at once, and try again a release that was refused or rolled back from."""
        self._forced = True
        self._wake.set()

    def roll_back(self) -> None:
        """Let the release before answer; the wanted one is not taken again until `look_now`."""
        former, active = self.slots.active, self.slots.roll_back()
        if former is None or active is None:
            self.report("rollback_refused", reason="there is no release before this one")
        else:
            self.report("rollback", release=active.release, former=former.release)

    async def look(self) -> None:
        """Take the wanted release, unless it is the one that was settled."""
        forced, self._forced = self._forced, False
        try:
            folder, promoted = await asyncio.to_thread(self.locate)
            wanted = (read_json(folder / MANIFEST) or {}).get("id")
        except Exception as error:  # it is being written, or the registry is away: the next look may find it
            self._report_failure(error)
            return
        self._last_failure = ""
        answering = self.slots.active and self.slots.active.release
        if wanted is not None:
            self.slots.mark(wanted, promoted)
        if wanted is None or (wanted == self._settled and not (forced and wanted != answering)):
            return
        self._settled = wanted
        await self._take(folder, wanted, promoted)

    def _report_failure(self, error: Exception) -> None:
        """Report a look that failed, once as long as the failure lasts."""
        if (failure := f"{type(error).__name__}: {error}") != self._last_failure:
            self._last_failure = failure
            self.report("look_failed", reason=failure)

    async def _take(self, folder: Path, wanted: str, promoted: bool | None) -> None:
        former = self.slots.active
        try:
            slot = await asyncio.to_thread(self.slots.take, folder, promoted)
        except Exception as error:
            self.report("candidate_refused", release=wanted, reason=f"{type(error).__name__}: {error}")
        else:
            self.report("flip", release=slot.release, slot=slot.colour, former=former and former.release)

    def on_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """SIGHUP looks now, SIGUSR1 rolls back."""
        loop.add_signal_handler(signal.SIGHUP, self.look_now)
        loop.add_signal_handler(signal.SIGUSR1, self.roll_back)
