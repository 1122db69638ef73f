"""Delivering a release: judged, loaded by the idle colour, asked, let answer, watched; or all of it undone.

Each step is a call of its own that reads what the one before has written down (`record`), so a delivery that was killed
goes on from there, or is rolled back. What is written down comes before the change that it announces. A step compares
what is with what is to be, so that it can be repeated.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from patrons.files import read_json
from patrons.service import record
from patrons.service.balancer import COLOURS, Balancer, run_folder
from patrons.service.golden import Pair, Server
from patrons.service.record import Delivery, DeliveryError, Releases, now

if TYPE_CHECKING:  # MLflow takes seconds to load, and the balancer is to be told before
    from patrons.tracking.registry import Registry

PIPELINE = "PATRONS_PIPELINE"  # what runs the delivery, such as "dag 1, commit abc, params def"
PAUSE = 0.1  # seconds between looks


class DeliveryFailedError(RuntimeError):
    """A step that did not come to its end; what it changed can be rolled back."""


@dataclass(frozen=True)
class Options:
    """How to deliver.

    Attributes
    ----------
    releases : Path
        The folder of releases.
    balancer : str
        Where clients ask, such as ``http://127.0.0.1:8080``.
    key : str
        The API key of services that want one.
    timeout : float
        Seconds in which all replicas are to have loaded a release.
    seconds : float
        How long a release is watched.
    """

    releases: Path
    balancer: str
    key: str = ""
    timeout: float = 120.0
    seconds: float = 60.0


class Delivering:
    """The steps of a delivery.

    Parameters
    ----------
    name : str
        The series, such as ``demo``.
    root : Path
        The project's folder.
    options : Options
    """

    def __init__(self, name: str, root: Path, options: Options):
        self.name, self.root, self.options = name, root, options
        self.releases, self.run_folder = Releases(options.releases), run_folder()

    def judge(self) -> Delivery:
        """Hold the release of the last results against its gates and the champion; the record says what came of it."""
        from patrons.scoring import build, release
        from patrons.tracking import promotion

        last = self.releases.last()
        if last and last.under_way:
            raise DeliveryError(
                f"The delivery of {last.folder} that began at {last.started} is {last.state}, and neither done nor "
                f"undone. Go on: patrons deploy {last.name} {record.NEXT[last.state]}; or: patrons deploy {last.name} "
                "rollback"
            )
        try:
            build.finished(self.root / "data" / "processed" / self.name)
        except release.ReleaseError as error:
            raise DeliveryError(str(error)) from None
        # the delivery before is over with this, so that a judgement that fails rolls nothing back
        begun = self.releases.note(Delivery(self.name, record.JUDGING, now()))
        judged = promotion.judge(self.name, self.root)
        folder = release.folder_name(self.name, judged.release)
        answers = judged.is_champion and self.releases.named()["champion"] == folder
        keep = judged.refused or answers
        return self.releases.note(
            begun,
            state=record.KEPT if keep else record.JUDGED,
            release=judged.release,
            folder=folder,
            version=judged.version,
            champion=judged.champion,
            why=judged.why if answers or not judged.is_champion else "it is the champion, and does not answer yet",
            pipeline=os.environ.get(PIPELINE, ""),
        )

    def load(self) -> str:
        """Let the idle colour load the release; all of its replicas must be ready with it in time."""
        delivery = self.releases.ready_for(self.name, "load")
        delivery = self._prepared(delivery)
        self._registry().fetch(delivery.version or 0, self.options.releases)
        self.releases.name(delivery.colour, delivery.folder)
        replicas, until = self._replicas(delivery.colour), time.monotonic() + self.options.timeout
        while lacking := self._lacking(delivery, replicas):
            if time.monotonic() > until:
                refused = next(filter(None, (one.refused() for one in replicas)), "")
                raise DeliveryFailedError(
                    f"{delivery.colour} is not ready with release {delivery.release} within "
                    f"{self.options.timeout:g} s: {lacking}{refused and f'; it refused {refused}'}."
                )
            time.sleep(PAUSE)
            replicas = self._replicas(delivery.colour)
        names = [one.name for one in replicas]
        self.releases.note(delivery, state=record.LOADED, replicas=names)
        return f"{', '.join(names)} {'are' if len(names) > 1 else 'is'} ready with {delivery.folder}."

    def _lacking(self, delivery: Delivery, replicas: Sequence[Server]) -> str:
        """Why a replica is not ready with the release, or not for the balancer yet; empty where all are."""
        said = next(filter(None, (one.lacking(delivery.release) for one in replicas)), "")
        return said or ", ".join(self._of(delivery.colour).down(one.name for one in replicas))

    def _prepared(self, delivery: Delivery) -> Delivery:
        """The delivery with its colour, once nothing speaks against loading it; what there was before is written down.

        Raises
        ------
        DeliveryError, KeyRefusedError, DeliveryFailedError
            Before anything is changed.
        """
        former = self._of(COLOURS[0]).answering()
        colour = next(one for one in COLOURS if one != former)
        if delivery.former and delivery.former != former:
            raise DeliveryFailedError(
                f"{former} answers by now, and {delivery.former} did when the delivery of {delivery.folder} began. "
                f"Begin anew: patrons deploy {self.name} rollback, then judge."
            )
        for one in self._replicas(colour):
            one.refused()  # where it wants a key, it must be the right one
        if delivery.former:
            return delivery
        files = self.releases.named()
        return self.releases.note(delivery, state=record.LOADING, colour=colour, former=former, files=files)

    def golden(self) -> str:
        """Ask each replica of the idle colour for the golden answers, one by one and all at once."""
        delivery = self.releases.ready_for(self.name, "golden")
        pairs = self._pairs(delivery)
        replicas = self._replicas(delivery.colour)
        for replica in replicas:
            for asked in (*([pair] for pair in pairs), pairs):
                if unlike := replica.unlike(delivery.release, asked):
                    raise DeliveryFailedError(f"{unlike}. The release was not let answer.")
        self.releases.note(delivery, state=record.CHECKED, replicas=[one.name for one in replicas])
        return f"{len(replicas)} × {len(pairs)} golden requests were answered as they must be."

    def flip(self) -> Iterator[str]:
        """Let the colour answer, then promote the release; yields what was done, a sentence each."""
        delivery = self.releases.ready_for(self.name, "flip")
        registry, balancer = self._registry(), self._of(delivery.colour)
        champion = self._champion(registry)
        if champion not in (delivery.champion, delivery.version):
            raise DeliveryFailedError(
                f"Version {champion} is the champion by now: version {delivery.version} was held against "
                f"{delivery.champion or 'none'}. Undo and judge it again: patrons deploy {self.name} rollback"
            )
        if balancer.answering() != delivery.colour:
            self._unchanged(delivery, delivery.colour, delivery.folder)
            if lost := balancer.down(delivery.replicas):
                raise DeliveryFailedError(
                    f"{', '.join(lost)}, and was up before: {delivery.colour} was not let answer. See the log of that "
                    f"replica, and load it again: patrons deploy {self.name} load"
                )
            delivery = self.releases.note(delivery, state=record.FLIPPING, failures=balancer.failures())
            balancer.let_answer()
        yield f"{delivery.colour} answers, by {delivery.folder}."
        if champion != delivery.version:
            delivery = self.releases.note(delivery, promoted=True)
            pipeline = delivery.pipeline or os.environ.get(PIPELINE, "")
            why = "; ".join(filter(None, [delivery.why, pipeline and f"pipeline: {pipeline}"]))
            registry.promote(str(delivery.version), why=why)
            yield f"Version {delivery.version} of {self.name} is the champion: {why}."
        self.releases.name("champion", delivery.folder)
        self.releases.note(delivery, state=record.FLIPPED)
        yield f"The file champion names {delivery.folder}."

    def watch(self) -> str:
        """Ask for golden answers through the balancer, and look at its counters, for as long as it is to be watched."""
        delivery = self.releases.ready_for(self.name, "watch")
        client = Server("the balancer", self.options.balancer, self.options.key)
        until, asked = time.monotonic() + self.options.seconds, 0
        for pair in cycle(self._pairs(delivery)):
            self._look(delivery)
            if unlike := client.unlike(delivery.release, [pair]):
                self._look(delivery)  # which may say why
                raise DeliveryFailedError(f"{unlike}.")
            asked += 1
            if time.monotonic() >= until:
                break
            time.sleep(PAUSE)
        self.releases.note(delivery, state=record.WATCHED)
        return f"{delivery.folder} was watched for {self.options.seconds:g} s: {asked} golden answers were right."

    def _look(self, delivery: Delivery) -> None:
        """Whether the colour answers, all its replicas are up and no request has failed since the flip."""
        balancer = self._of(delivery.colour)
        if (answering := balancer.answering()) != delivery.colour:
            raise DeliveryFailedError(f"{answering} answers, and not {delivery.colour}: someone has told the balancer.")
        if lost := balancer.down(delivery.replicas):
            raise DeliveryFailedError(f"A replica was lost: {', '.join(lost)}.")
        count = balancer.failures()
        if failed := count - delivery.failures if count >= delivery.failures else count:  # a reload begins at 0
            raise DeliveryFailedError(f"{failed} requests since the flip were answered with a status of 500 or more.")

    def rollback(self) -> Iterator[str]:
        """Bring back the colour and the champion of before; yields what was done, a sentence each."""
        delivery = self.releases.of(self.name)
        if delivery.state not in record.CHANGED:
            yield f"There is nothing to roll back: the delivery of {delivery.folder or self.name} is {delivery.state}."
            return
        balancer = self._of(delivery.former)
        if delivery.state in record.ANSWERS and balancer.answering() != delivery.former:
            self._unchanged(delivery, delivery.former, delivery.files[delivery.former])
            balancer.let_answer()
            yield f"{delivery.former} answers again, by {delivery.files[delivery.former] or 'the release that it has'}."
        for file in ("champion", delivery.colour):
            yield from self._renamed(delivery, file)
        if delivery.promoted:
            yield self._demoted(delivery)
        self.releases.note(delivery, state=record.ROLLED_BACK)
        yield f"The delivery of {delivery.folder} is rolled back."

    def _renamed(self, delivery: Delivery, file: str) -> Iterator[str]:
        """Let a file name what it named before this delivery; what was done, a sentence."""
        before, found = delivery.files[file], self.releases.named()[file]
        if found == delivery.folder != before:
            self.releases.name(file, before)
            again = "is gone" if before is None else f"names {before or 'nothing'}"
            yield f"The file {file} {again} again."
        elif found != before:
            yield f"The file {file} stays as it is: it names {found or 'nothing'}, which is not of this delivery."

    def _demoted(self, delivery: Delivery) -> str:
        """Take back the promotion of this delivery; what was done, a sentence."""
        registry = self._registry()
        champion = self._champion(registry)
        if champion != delivery.version:
            return f"The champion in MLflow stays as it is: version {champion}, not that of this delivery."
        why = f"the delivery of {delivery.folder} was rolled back"
        if delivery.champion is None:
            registry.withdraw(why)
            return "No version is the champion in MLflow, as before."
        entry = registry.rollback(why)
        return f"Version {entry['to']} is the champion in MLflow again."

    def _unchanged(self, delivery: Delivery, colour: str, wanted: str | None) -> None:
        """Refuse to let a colour answer that was given another release meanwhile."""
        if (found := self.releases.named()[colour]) != wanted:
            raise DeliveryFailedError(
                f"The file {colour} names {found or 'nothing'}, and not {wanted or 'nothing'} as it did for this "
                f"delivery: somebody has changed it, so {colour} was not let answer. Bring back what it named, and let "
                "the replicas load it; or decide yourself, by serving/balancer.sh."
            )

    def _pairs(self, delivery: Delivery) -> Sequence[Pair]:
        pairs: Sequence[Pair] = read_json(self.options.releases / delivery.folder / "golden.json", [])
        if not pairs:
            raise DeliveryFailedError(f"{delivery.folder} has no golden requests. Load it again: --releases FOLDER")
        return pairs

    def _replicas(self, colour: str) -> list[Server]:
        """The replicas of a colour that run, or should, where the balancer finds them."""
        if not (placed := self._of(colour).placed()):
            raise DeliveryFailedError(
                f"No replica of {colour} is there to load a release. Start one that follows the file {colour}, such as "
                f"by: patrons scale {colour} (see docs/operations.md)"
            )
        return [Server(name, f"http://{address}", self.options.key) for name, address in sorted(placed.items())]

    def _of(self, colour: str) -> Balancer:
        return Balancer(self.run_folder, colour)

    def _registry(self) -> "Registry":
        from patrons.tracking.registry import Registry

        return Registry(self.name, self.root)

    def _champion(self, registry: "Registry") -> int | None:
        return registry.state().line.champion
