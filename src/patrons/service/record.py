"""What a delivery has done so far: ``delivery.json`` in the folder of releases, from which the next step goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from patrons import events
from patrons.errors import PATRONS, SourceError
from patrons.files import DamagedError, LockedError, locked, read_json, write_json, write_text
from patrons.service.balancer import COLOURS

STEPS = ("judge", "load", "golden", "flip", "watch", "rollback")
KEY = "PATRONS_API_KEY"  # the environment variable with the key of a client
FILE, LOCK = "delivery.json", ".delivery.lock"
NAMED = (*COLOURS, "champion")  # files that name a release each
JUDGING, JUDGED, KEPT = "judging", "judged", "kept"
LOADING, LOADED, CHECKED = "loading", "loaded", "checked"
FLIPPING, FLIPPED, WATCHED, ROLLED_BACK = "flipping", "flipped", "watched", "rolled back"
AFTER = {  # a step may follow these, its own among them: it can be repeated
    "load": (JUDGED, LOADING, LOADED, CHECKED),
    "golden": (LOADED, CHECKED),
    "flip": (CHECKED, FLIPPING, FLIPPED),
    "watch": (FLIPPED, WATCHED),
}
NEXT = {JUDGED: "load", LOADING: "load", LOADED: "golden", CHECKED: "flip", FLIPPING: "flip", FLIPPED: "watch"}
UNDER_WAY = (LOADING, LOADED, CHECKED, FLIPPING, FLIPPED)  # something was changed, and may have to be undone
ANSWERS = (FLIPPING, FLIPPED, WATCHED)  # the new colour may answer


class DeliveryError(SourceError):
    """A delivery that cannot begin, or a step that is not the next one; nothing was changed."""


@dataclass(frozen=True)
class Delivery:
    """The state of a delivery.

    Attributes
    ----------
    name : str
        The series.
    state : str
        The last that was done or begun: see `AFTER`.
    started : str
        When it was judged.
    release, folder : str
        Id of the release, and the name of its folder, such as ``demo-1a2b3c4d5e6f``.
    version : int or None
        Its version in MLflow; `champion` is the one that was champion before.
    why, pipeline : str
        For the log of promotions: the reason, and what has built it (PATRONS_PIPELINE).
    colour, former : str
        The colour that it is loaded by, and the one that answered before.
    files : dict
        What ``blue``, ``green`` and ``champion`` named before; None where there was no such file.
    replicas : list of str
        Those that are to be up while it is watched.
    failures : int
        The balancer's count of failures before the flip.
    promoted : bool
        Whether this delivery has made it the champion.
    before : dict or None
        Until it is loaded, the record of the last finished delivery, which can still be rolled back.
    """

    name: str
    state: str
    started: str
    release: str = ""
    folder: str = ""
    version: int | None = None
    champion: int | None = None
    why: str = ""
    pipeline: str = ""
    colour: str = ""
    former: str = ""
    files: dict[str, str | None] = field(default_factory=dict)
    replicas: list[str] = field(default_factory=list)
    failures: int = 0
    promoted: bool = False
    before: dict[str, Any] | None = None

    @property
    def under_way(self) -> bool:
        """Whether it has changed something and is neither done nor undone."""
        return self.state in UNDER_WAY

    @property
    def finished(self) -> dict[str, Any] | None:
        """The record of the last finished delivery: this one, or else the one before, if this one changed nothing."""
        return {**asdict(self), "before": None} if self.state == WATCHED else self.before


REQUIRED = {one.name for one in fields(Delivery)} - {"before"}
KNOWN = REQUIRED | {"before"}


class Releases:
    """The folder of releases that services follow, with the record of the last delivery.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path):
        self.folder = folder

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder; DeliveryError where it is not there, LockedError where another delivery holds it."""
        if not self.folder.is_dir():
            raise DeliveryError(
                f"There is no folder {self.folder}. --releases names the one in which the services find the files blue "
                "and green; make it and start them first."
            )
        try:
            with locked(self.folder / LOCK):
                yield
        except LockedError as error:
            raise LockedError(
                f"Another delivery is under way in {self.folder}: process {error.holder['pid']}, since "
                f"{error.holder['since']}. Wait for it, or stop it.",
                error.holder,
            ) from None

    def last(self) -> Delivery | None:
        """The last delivery, None where there was none."""
        try:
            facts = read_json(self.folder / FILE)
        except DamagedError:
            facts = "damaged"
        if facts is None:
            return None
        if not isinstance(facts, dict) or not REQUIRED <= facts.keys() <= KNOWN:
            raise DeliveryError(f"{self.folder / FILE} is no record of a delivery. Restore it, or move it away.")
        return Delivery(**facts)

    def of(self, name: str) -> Delivery:
        """The last delivery, which must be of this series."""
        last = self.last()
        if last is None or last.name != name:
            found = "nothing was delivered" if last is None else f"the last delivery was of {last.name}"
            raise DeliveryError(f"In {self.folder} {found}. Begin with: {PATRONS} deploy {name} judge")
        return last

    def ready_for(self, name: str, step: str) -> Delivery:
        """The delivery whose next step this may be.

        Raises
        ------
        DeliveryError
            Says which step is the next one.
        """
        last = self.of(name)
        if last.state in AFTER[step]:
            return last
        following = NEXT.get(last.state, "judge")
        raise DeliveryError(
            f"{step} is not the next step: the delivery of {last.folder or name} is {last.state}. "
            f"Go on with: {PATRONS} deploy {name} {following}"
        )

    def note(self, delivery: Delivery, **facts: Any) -> Delivery:
        """Write the record, changed by these facts."""
        changed = replace(delivery, **facts)
        write_json(self.folder / FILE, asdict(changed))
        known: dict[str, Any] = {name: getattr(changed, name) or None for name in ("release", "version", "colour")}
        events.tell("delivery", series=changed.name, state=changed.state, **known)
        return changed

    def named(self) -> dict[str, str | None]:
        """What each of the files names, None where there is none."""
        return {name: self._read(self.folder / name) for name in NAMED}

    def _read(self, file: Path) -> str | None:
        if file.is_dir():
            raise DeliveryError(
                f"{file} is a folder. It must be a file that names a release beside it, such as demo-1a2b3c4d5e6f."
            )
        return file.read_text(encoding="utf-8").strip() if file.exists() else None

    def name(self, file: str, release: str | None) -> None:
        """Let a file name a release; without one the file goes."""
        if release is None:
            (self.folder / file).unlink(missing_ok=True)
        else:
            write_text(self.folder / file, f"{release}\n")
