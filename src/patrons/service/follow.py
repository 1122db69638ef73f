"""Following a release: a folder, a file that names one, or the registry, every few seconds and on a signal."""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

from patrons.files import read_json
from patrons.scoring.release import MANIFEST
from patrons.service.slots import Slots

Told = Callable[..., None]
Where = Callable[[], Path]


def shown_by(source: Path) -> Where:
    """What tells the folder that is meant: `source` itself, or the one whose path stands in the file `source`."""
    return lambda: source.parent / source.read_text().strip() if source.is_file() else source


def champion_of(name: str, root: Path) -> Where:
    """What tells the folder of a series' champion, fetched from the registry when it is a new one."""

    def where() -> Path:
        from patrons.tracking.promotion import serving  # needs MLflow, which a service of a folder does without

        return serving(name, root)[0]

    return where


class Follower:
    """Keeps the slots on the release that is shown.

    Parameters
    ----------
    slots : Slots
    where : callable
        Gives the folder of that release: see `shown_by` and `champion_of`.
    poll : float
        Seconds between looks.
    told : callable
        Takes an event's name and what it concerns, such as ``told("flip", release=...)``.
    """

    def __init__(self, slots: Slots, where: Where, poll: float, told: Told):
        self.slots, self.where, self.poll, self.told = slots, where, poll, told
        self._settled: str | None = None  # id that was taken, refused or rolled back from: not tried again by itself
        self._wake, self._forced, self._unseen = asyncio.Event(), False, ""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self.poll)
            self._wake.clear()

    def look_now(self) -> None:
        """Look at once, and try again what was refused or rolled back from."""
        self._forced = True
        self._wake.set()

    def roll_back(self) -> None:
        """Let the release before answer; what is shown now is not taken again unless told to by `look_now`."""
        before, now = self.slots.active, self.slots.roll_back()
        if now is None:
            self.told("rollback_refused", reason="there is no release before this one")
        else:
            self.told("rollback", release=now.release, former=before.release)

    async def look(self) -> None:
        """Take the release that is shown, where it is another than the one that was settled."""
        forced, self._forced = self._forced, False
        try:
            folder = await asyncio.to_thread(self.where)
            shown = (read_json(folder / MANIFEST) or {}).get("id")
        except Exception as error:  # it is being written, or the registry is away: the next look may see it
            self._blind(error)
            return
        self._unseen = ""
        answering = self.slots.active and self.slots.active.release
        if shown is None or (shown == self._settled and not (forced and shown != answering)):
            return
        self._settled = shown
        await self._take(folder, shown)

    def _blind(self, error: Exception) -> None:
        """Tell an error of a look, once as long as it lasts."""
        if (said := f"{type(error).__name__}: {error}") != self._unseen:
            self._unseen = said
            self.told("look_failed", reason=said)

    async def _take(self, folder: Path, shown: str) -> None:
        former = self.slots.active
        try:
            slot = await asyncio.to_thread(self.slots.take, folder)
        except Exception as error:
            self.told("candidate_refused", release=shown, reason=f"{type(error).__name__}: {error}")
        else:
            self.told("flip", release=slot.release, slot=slot.colour, former=former and former.release)

    def on_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """SIGHUP looks now, SIGUSR1 rolls back."""
        loop.add_signal_handler(signal.SIGHUP, self.look_now)
        loop.add_signal_handler(signal.SIGUSR1, self.roll_back)
