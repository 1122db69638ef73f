"""Two slots, blue and green: a candidate is loaded and checked in the idle one, then answers; the other is kept."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from patrons.scoring.rows import Feature

COLOURS = ("blue", "green")
QUICK = 0.005  # seconds: a customer who is scored in less is not worth a thread


class Scores(Protocol):
    """What a slot needs of a scorer."""

    manifest: dict[str, Any]

    def check(self) -> list[str]: ...


class CandidateError(ValueError):
    """A release that does not answer its golden requests as it should."""


@dataclass(frozen=True)
class Slot:
    """A release that can answer.

    Attributes
    ----------
    colour : str
    release : str
        Its id.
    scorer : Scorer
    quick : bool
        Whether one customer is scored in less than `QUICK`.
    promoted : bool or None
        Whether it was promoted in a registry; None where none was asked.
    """

    colour: str
    release: str
    scorer: Any
    quick: bool
    promoted: bool | None = None

    @cached_property
    def names(self) -> list[str]:
        """The names of fields that it can use: any other one costs nothing but its mention."""
        identifier = self.scorer.manifest["parameters"]["01_eda"].get("id")  # the source's name for customer_id
        names = ["customer_id", identifier, *(feature.name for feature in self.scorer.features)]
        return [name for name in dict.fromkeys(names) if name]


class Slots:
    """The slot that answers and the one that is idle.

    A request reads `active` once and keeps it, so a flip in the middle changes nothing for it.

    Parameters
    ----------
    load : callable
        From a release folder to its scorer, such as `Scorer.load`.
    """

    def __init__(self, load: Callable[[Path], Scores]):
        self._load, self._lock = load, threading.Lock()
        self._pair: tuple[Slot | None, Slot | None] = (None, None)  # replaced as a whole
        self.refused: str | None = None

    @property
    def active(self) -> Slot | None:
        return self._pair[0]

    @property
    def idle(self) -> Slot | None:
        return self._pair[1]

    def of(self, release: str) -> Slot | None:
        """The slot that holds a release; None where it was replaced meanwhile."""
        return next((slot for slot in self._pair if slot and slot.release == release), None)

    def features(self) -> dict[str, Feature]:
        """The features of the release that answers, by name."""
        return {feature.name: feature for feature in self.active.scorer.features} if self.active else {}

    def take(self, folder: Path, promoted: bool | None = None) -> Slot:
        """Load the release of a folder, check it, and let it answer from now on.

        Raises
        ------
        Exception
            Whatever is wrong with the release; the slot that answers is left as it is.
        """
        with self._lock:
            try:
                fresh = replace(self._checked(folder), promoted=promoted)
            except Exception as error:
                self.refused = f"{folder.name}: {error}"
                raise
            self._pair, self.refused = (fresh, self._pair[0]), None
            return fresh

    def mark(self, release: str, promoted: bool | None) -> None:
        """Note whether a release is promoted, which may change while it answers."""
        with self._lock:
            first, second = (
                replace(slot, promoted=promoted) if slot and slot.release == release else slot for slot in self._pair
            )
            self._pair = (first, second)

    def roll_back(self) -> Slot | None:
        """Let the other slot answer again; None where it holds nothing."""
        with self._lock:
            if self.idle is not None:
                self._pair = self._pair[::-1]
                return self.active
        return None

    def _checked(self, folder: Path) -> Slot:
        scorer = self._load(folder)
        problems = scorer.check()
        if problems:
            raise CandidateError(f"{len(problems)} golden answers differ: {'; '.join(problems[:3])}")
        colour = COLOURS[self.active is not None and self.active.colour == COLOURS[0]]
        return Slot(colour, scorer.manifest["id"], scorer, _seconds(scorer) < QUICK)


def _seconds(scorer: Any) -> float:
    """How long one customer takes, the median of several tries."""
    row = {feature.name: feature.example for feature in scorer.features}
    times = []
    for _ in range(5):
        start = time.perf_counter()
        scorer.score_one(row)
        times.append(time.perf_counter() - start)
    return median(times)
