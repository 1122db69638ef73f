"""Delivering a release: judged, loaded by the idle colour, asked, let answer, watched; or all of it undone.

Each step is a call of its own that reads what the one before has written down (`record`), so a delivery that was killed
goes on from there, or is rolled back. What is written down comes before the change that it announces. A step compares
what is with what is to be, so that it can be repeated.
"""

import os
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

from patrons.errors import PATRONS
from patrons.files import now, read_json
from patrons.service import record, undo
from patrons.service.balancer import COLOURS, Balancer
from patrons.service.golden import Pair, Server
from patrons.service.record import Delivery, DeliveryError
from patrons.service.site import DeliveryFailedError, Site, changing

if TYPE_CHECKING:
    from patrons.tracking.registry import Registry

PIPELINE = "PATRONS_PIPELINE"  # what runs the delivery, such as "dag 1, commit abc, params def"
PAUSE = 0.1  # seconds between looks


class Delivering(Site):
    """The steps of a delivery; see `Site` for what it takes."""

    def judge(self) -> Delivery:
        """Hold the release of the last results against its gates and the champion; the record says what came of it."""
        from patrons.scoring import build, release
        from patrons.tracking import promotion

        last = self.releases.last()
        if last and last.under_way:
            raise DeliveryError(
                f"The delivery of {last.folder} that began at {last.started} is {last.state}, and neither done nor "
                f"undone. Go on: {PATRONS} deploy {last.name} {record.NEXT[last.state]}; or: "
                f"{PATRONS} deploy {last.name} rollback"
            )
        try:
            build.finished(self.root / "data" / "processed" / self.name)
        except release.ReleaseError as error:
            raise DeliveryError(str(error)) from None
        # what was delivered before can be rolled back until this one is loaded
        begun = self.releases.note(Delivery(self.name, record.JUDGING, now(), before=last.finished if last else None))
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
        with changing():
            names = self._loaded(delivery)
        self.releases.note(delivery, state=record.LOADED, replicas=names)
        return f"{', '.join(names)} {'are' if len(names) > 1 else 'is'} ready with {delivery.folder}."

    def _loaded(self, delivery: Delivery) -> list[str]:
        """Let the colour load it, and wait; the names of the replicas that are ready with it."""
        self.registry().fetch(delivery.version or 0, self.options.releases)
        self.releases.name(delivery.colour, delivery.folder)
        replicas, until = self.replicas(delivery.colour), time.monotonic() + self.options.timeout
        while lacking := self._lacking(delivery, replicas):
            if time.monotonic() > until:
                refused = next(filter(None, (one.refused() for one in replicas)), "")
                raise DeliveryFailedError(
                    f"{delivery.colour} is not ready with release {delivery.release} within "
                    f"{self.options.timeout:g} s: {lacking}{refused and f'; it refused {refused}'}."
                )
            time.sleep(PAUSE)
            replicas = self.replicas(delivery.colour)
        return [one.name for one in replicas]

    def _lacking(self, delivery: Delivery, replicas: Sequence[Server]) -> str:
        """Why a replica is not ready with the release, or not for the balancer yet; empty where all are."""
        said = next(filter(None, (one.lacking(delivery.release) for one in replicas)), "")
        return said or ", ".join(self.balancer(delivery.colour).down(one.name for one in replicas))

    def _prepared(self, delivery: Delivery) -> Delivery:
        """The delivery with its colour, once nothing speaks against loading it; what there was before is written down.

        Raises
        ------
        DeliveryError, KeyRefusedError, DeliveryFailedError
            Before anything is changed.
        """
        former = self.balancer(COLOURS[0]).answering()
        colour = next(one for one in COLOURS if one != former)
        if delivery.former and delivery.former != former:
            raise DeliveryFailedError(
                f"{former} answers by now, and {delivery.former} did when the delivery of {delivery.folder} began. "
                f"Begin anew: {PATRONS} deploy {self.name} rollback, then judge."
            )
        self.replicas(colour)  # there must be some
        self.check_key(colour)
        if delivery.former:
            return delivery
        files = self.releases.named()
        return self.releases.note(
            delivery, state=record.LOADING, colour=colour, former=former, files=files, before=None
        )

    def golden(self) -> str:
        """Ask each replica of the idle colour for the golden answers, one by one and all at once."""
        delivery = self.releases.ready_for(self.name, "golden")
        pairs = self._pairs(delivery)
        replicas = self.replicas(delivery.colour)
        for replica in replicas:
            for asked in (*([pair] for pair in pairs), pairs):
                if unlike := replica.unlike(delivery.release, asked):
                    raise DeliveryFailedError(f"{unlike}. The release was not let answer.")
        self.releases.note(delivery, state=record.CHECKED, replicas=[one.name for one in replicas])
        return f"{len(replicas)} × {len(pairs)} golden requests were answered as they must be."

    def flip(self) -> Iterator[str]:
        """Let the colour answer, then promote the release; yields what was done, a sentence each."""
        delivery = self.releases.ready_for(self.name, "flip")
        registry, balancer = self.registry(), self.balancer(delivery.colour)
        champion = self.champion(registry)
        if champion not in (delivery.champion, delivery.version):
            raise DeliveryFailedError(
                f"Version {champion} is the champion by now: version {delivery.version} was held against "
                f"{delivery.champion or 'none'}. Undo and judge it again: {PATRONS} deploy {self.name} rollback"
            )
        with changing():
            yield from self._flipped(delivery, registry, balancer, champion)

    def _flipped(
        self, delivery: Delivery, registry: "Registry", balancer: Balancer, champion: int | None
    ) -> Iterator[str]:
        """Do it, from where it stands: the balancer first, then MLflow, then the file."""
        if balancer.answering() != delivery.colour:
            self.unchanged(delivery, delivery.colour, delivery.folder)
            if lost := balancer.down(delivery.replicas):
                raise DeliveryFailedError(
                    f"{', '.join(lost)}, and was up before: {delivery.colour} was not let answer. See the log of that "
                    f"replica, and load it again: {PATRONS} deploy {self.name} load"
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
        if delivery.state == record.WATCHED:  # once more, and not at its end until then
            delivery = self.releases.note(delivery, state=record.FLIPPED)
        client = self.client()
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
        balancer = self.balancer(delivery.colour)
        if (answering := balancer.answering()) != delivery.colour:
            raise DeliveryFailedError(f"{answering} answers, and not {delivery.colour}: someone has told the balancer.")
        if lost := balancer.down(delivery.replicas):
            raise DeliveryFailedError(f"A replica was lost: {', '.join(lost)}.")
        count = balancer.failures()
        if failed := count - delivery.failures if count >= delivery.failures else count:  # a reload begins at 0
            raise DeliveryFailedError(f"{failed} requests since the flip were answered with a status of 500 or more.")

    def rollback(self, of: str | None = None) -> Iterator[str]:
        """Bring back the colour and the champion of before; yields what was done, a sentence each.

        Parameters
        ----------
        of : str, optional
            The `started` of a delivery: only this one is rolled back, and only before it is watched to its end.
        """
        return undo.rollback(self, of)

    def _pairs(self, delivery: Delivery) -> Sequence[Pair]:
        pairs: Sequence[Pair] = read_json(self.options.releases / delivery.folder / "golden.json", [])
        if not pairs:
            raise DeliveryFailedError(f"{delivery.folder} has no golden requests. Load it again: --releases FOLDER")
        return pairs
