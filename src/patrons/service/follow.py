"""Following a release: a folder, a file that names one, or the registry, every few seconds and on a signal."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from patrons.files import read_json
from patrons.scoring.release import MANIFEST
from patrons.service.champion import Champion
from patrons.service.patience import Patience
from patrons.service.slots import CandidateError, Slots

SELDOM = 300.0  # seconds until a release that cannot be used is tried again, at most


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


class Locate(Protocol):
    """Locates the release that should answer; `again` says that what failed a moment ago is to be tried too."""

    def __call__(self, again: bool = False) -> Located: ...


def named_by(source: Path) -> Locate:
    """A function that locates a release: `source` itself, or the folder whose path stands in that file."""
    return lambda again=False: Located(source.parent / source.read_text().strip() if source.is_file() else source)


def champion_of(name: str, root: Path, unpromoted: bool = True) -> Locate:
    """A function that locates a series' champion, fetched from the registry when it is a new one: see `Champion`."""
    champion = Champion(name, root, unpromoted)

    def locate(again: bool = False) -> Located:
        if again:
            champion.forget()
        answering = champion()
        return Located(answering.folder, answering.promoted)

    return locate


class Follower:
    """Keeps the slots on the wanted release.

    A release is settled when it answers, or has given wrong golden answers: it is not tried again. One that fails for
    another reason may still be being copied, or the disk be full: it is tried again, less and less often.

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
        self._failing: str | None = None  # id that could not be used, and may be later
        self._patience = Patience(poll, SELDOM)
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
            folder, promoted = await asyncio.to_thread(self.locate, forced)
            wanted = _identity(folder)
        except Exception as error:  # it is being written, or the registry is away: the next look may find it
            self._report_once("look_failed", error)
            return
        answering = self.slots.active and self.slots.active.release
        self.slots.mark(wanted, promoted)
        if wanted == answering:
            self._settled, self._last_failure = wanted, ""
            self.slots.refused = None  # it is no longer wanted
        elif wanted == self._settled and not forced:
            self._last_failure = ""
        elif forced or wanted != self._failing or self._patience.over:
            await self._take(folder, wanted, promoted)

    def _report_once(self, event: str, error: Exception, **facts: Any) -> None:
        """Report what failed, once as long as the failure lasts."""
        if (failure := f"{type(error).__name__}: {error}") != self._last_failure:
            self._last_failure = failure
            self.report(event, **facts, reason=failure)

    async def _take(self, folder: Path, wanted: str, promoted: bool | None) -> None:
        former = self.slots.active
        if wanted != self._failing:
            self._patience.reset()
        try:
            slot = await asyncio.to_thread(self.slots.take, folder, promoted)
        except CandidateError as error:
            self._settled, self._failing = wanted, None
            self._report_once("candidate_refused", error, release=wanted)
        except Exception as error:  # it is still being copied, or there is no room: it may do later
            self._failing = wanted
            self._patience.failed()
            self._report_once("candidate_refused", error, release=wanted, again_after=self._patience.seconds)
        else:
            self._settled, self._failing, self._last_failure = wanted, None, ""
            run_id = slot.scorer.manifest.get("run_id")  # of the series that it was made by
            facts = {"release": slot.release, "run_id": run_id, "former": former and former.release}
            self.report("flip", slot=slot.colour, **facts)

    def on_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """SIGHUP looks now, SIGUSR1 rolls back."""
        loop.add_signal_handler(signal.SIGHUP, self.look_now)
        loop.add_signal_handler(signal.SIGUSR1, self.roll_back)


def _identity(folder: Path) -> str:
    """The id of the release in a folder."""
    manifest = read_json(folder / MANIFEST)
    if not isinstance(manifest, dict) or "id" not in manifest:
        raise FileNotFoundError(f"{folder} holds no release: it has no {MANIFEST} with an id")
    return str(manifest["id"])
