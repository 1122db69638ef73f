"""The runtime API of the balancer, haproxy with ``serving/haproxy.cfg``: who answers, and by which replicas.

``serving/balancer.sh`` does the same for people and containers without Python. Both keep to one rule, which the
configuration states: green answers while the server ``switch/green`` is ready, else blue.
"""

import csv
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from patrons.files import LockedError, locked, write_text

COLOURS = ("blue", "green")
SLOTS = 8  # of a colour, in serving/haproxy.cfg
RUN = "PATRONS_BALANCER_RUN"
GONE = ("MAINT", "DRAIN")  # replicas of which nothing is expected
PATIENCE = 30.0  # seconds that one waits for another to write down the state
FRONTENDS, ALL, SERVERS = 1, 6, 4  # of ``show stat``: backends (2) and servers (4) are all that a colour has


class BalancerError(RuntimeError):
    """A balancer or a replica that is not there, or does not do as it is told."""


def run_folder() -> Path:
    """The folder of the balancer's socket and state file: ``$PATRONS_BALANCER_RUN``, else as in the configuration."""
    return Path(os.environ.get(RUN) or "/run/patrons")


class Balancer:
    """Brings replicas of one colour in and out, and lets the colour answer.

    Parameters
    ----------
    run : Path
        The folder of its socket and state file.
    colour : str
        ``blue`` or ``green``; their replicas are ``blue1`` and so on.
    """

    def __init__(self, run: Path, colour: str):
        self.run, self.colour = run, colour

    def ask(self, text: str) -> str:
        """What haproxy answers to commands, which ``;`` separates.

        Raises
        ------
        BalancerError
            Where nobody answers.
        """
        try:
            with socket.socket(socket.AF_UNIX) as asking:
                asking.settimeout(5)
                asking.connect(str(self.run / "haproxy.sock"))
                asking.sendall(f"{text}\n".encode())
                return b"".join(iter(partial(asking.recv, 65536), b"")).decode()
        except OSError as error:
            step = f"Start haproxy with serving/haproxy.cfg, or let {RUN} name its folder."
            raise BalancerError(f"No balancer answers at {self.run} ({error}). {step}") from None

    def rows(self) -> dict[str, dict[str, str]]:
        """By replica, and by ``BACKEND`` for all of them, the columns of ``show stat``, such as `status` and `scur`."""
        return self._rows(self.colour, ALL, "BACKEND")

    def _rows(self, proxy: str, kinds: int, wanted: str) -> dict[str, dict[str, str]]:
        lines = self.ask(f"show stat {proxy} {kinds} -1").removeprefix("# ").splitlines()
        rows = {row["svname"]: row for row in csv.DictReader(lines) if row["svname"]}
        if wanted not in rows:
            raise BalancerError(f"The balancer at {self.run} has no {proxy}: is it serving/haproxy.cfg?")
        return rows

    def answering(self) -> str:
        """The colour that answers."""
        return COLOURS[not self._rows("switch", SERVERS, "green")["green"]["status"].startswith("MAINT")]

    def failures(self) -> int:
        """Requests that were answered with a status of 500 or more since the balancer was started or reloaded."""
        return int(self._rows("api", FRONTENDS, "FRONTEND")["FRONTEND"]["hrsp_5xx"])

    def let_answer(self) -> None:
        """Let this colour answer from now on, and no other.

        Raises
        ------
        BalancerError
            Where none of its replicas is ready: the other colour goes on.
        """
        if self.rows()["BACKEND"]["status"] != "UP":
            raise BalancerError(
                f"No replica of {self.colour} is ready, so {self.answering()} goes on answering. Start one of "
                f"{self.colour}, or see why they are not ready: serving/balancer.sh show, and their logs."
            )
        state = "ready" if self.colour == COLOURS[1] else "maint"
        with self._kept():
            if wrong := self.ask(f"set server switch/green state {state}").strip():
                raise BalancerError(f"The balancer did not let {self.colour} answer: {wrong}")

    def taken(self) -> list[str]:
        """The replicas that are up, draining ones too."""
        return [name for name, row in self.rows().items() if name != "BACKEND" and row["status"] in ("UP", "DRAIN")]

    def placed(self) -> dict[str, str]:
        """By replica that is there, or should be, where it listens: ``127.0.0.1:8001``; without draining ones."""
        rows = self.rows().items()
        return {name: row["addr"] for name, row in rows if name != "BACKEND" and not row["status"].startswith(GONE)}

    def down(self, replicas: Iterable[str]) -> list[str]:
        """Which of these replicas are not up, and what they are, such as ``green1 is DOWN``."""
        states = {name: row["status"] for name, row in self.rows().items()}
        return [f"{name} is {states.get(name)}" for name in replicas if not states.get(name, "").startswith("UP")]

    def place(self, replica: str, port: int) -> None:
        """Let a replica at a port of this machine get requests, from its first good check on."""
        self._tell(replica, f"addr 127.0.0.1 port {port}", "state ready", "health down")

    def drain(self, replica: str) -> None:
        """Let a replica finish what it has, and get nothing new."""
        self._tell(replica, "state drain")

    def remove(self, replica: str) -> None:
        """Take a replica out."""
        self._tell(replica, "state maint")

    def _tell(self, replica: str, *changes: str) -> None:
        """Change a replica."""
        with self._kept():
            answer = self.ask("; ".join(f"set server {self.colour}/{replica} {change}" for change in changes))
            if wrong := [line for line in answer.splitlines() if line and "port" not in line]:  # it tells of a new port
                raise BalancerError(f"The balancer did not change {replica}: {' '.join(wrong)}")

    @contextmanager
    def _kept(self) -> Iterator[None]:
        """Around a change: write down who answers and all replicas, which haproxy reads when started or reloaded.

        Raises
        ------
        BalancerError
            Where another command holds that file for too long; nothing is changed then.
        """
        with ExitStack() as stack:
            try:  # first, so that what stands there last is what was asked last
                stack.enter_context(locked(self.run / ".servers.lock", PATIENCE))
            except LockedError:
                raise BalancerError(
                    f"Another command has held {self.run / '.servers.lock'} for {PATIENCE:g} s, so nothing was changed "
                    f"of {self.colour}. See what it waits for, then try again."
                ) from None
            yield
            write_text(self.run / "servers", self.ask("show servers state"))
