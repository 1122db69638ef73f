"""The part of the `patrons` command that starts and drains replicas of the API behind haproxy, by load."""

import argparse
import math
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patrons.cli.parts import command, natural
from patrons.events import configured
from patrons.service.balancer import COLOURS, SLOTS, Balancer, BalancerError, run_folder

if TYPE_CHECKING:  # the images, which back up by this command, do without
    import psutil

TARGETS = {"cores": 0.7, "requests": 2.0}  # a replica: processors in use, and requests that are scored or wait
TOLERANCE = 0.1  # of a target: it moves nothing
SAMPLES, PAUSE, AGAIN = 10, 0.1, 10.0  # samples a decision; seconds between them, and until a start is tried again
EXAMPLE = "blue --most 4 -- .venv/bin/python serving/api.py --release ~/releases/blue --port {port}"


def wanted(replicas: int, loads: Mapping[str, float]) -> int:
    """How many replicas `loads` ask for, totals by name in `TARGETS`, as in ``orchestration/kubernetes/base/hpa.yaml``.

    For each ceil(load / target), and of these the most (kubernetes.io, Horizontal Pod Autoscaling, algorithm details).
    """
    asked = [load / TARGETS[name] for name, load in loads.items()]
    return max(replicas if abs(one / replicas - 1) <= TOLERANCE else math.ceil(round(one, 9)) for one in asked)


@dataclass
class Replica:
    """A process at a port; whether it has been ready, and whether it is to end."""

    name: str
    port: int
    process: "psutil.Popen"
    was_ready: bool = False
    leaving: bool = False


class Scaler:
    """Keeps as many replicas as the load asks for; `options` are those of the command."""

    def __init__(self, balancer: Balancer, options: argparse.Namespace):
        self.balancer, self.options, self.log = balancer, options, configured(sys.stdout)
        self.replicas: list[Replica] = []
        self.asked: list[tuple[float, int]] = []  # when, and for how many replicas
        self.patient = 0.0  # until then, by the monotonic clock, none is started

    def step(self) -> None:
        """See to each replica, measure for a second, then start some or begin to drain some."""
        rows = self.balancer.rows()
        for replica in list(self.replicas):
            self._see_to(replica, rows[replica.name])
        staying = [replica for replica in self.replicas if not replica.leaving]
        ready = [replica for replica in staying if rows[replica.name]["status"] == "UP"]
        target = self._target(ready)
        if target > len(staying) and time.monotonic() >= self.patient:
            self._start(target - len(staying))
        elif target < len(staying) == len(ready):
            for replica in staying[target:]:
                replica.leaving = True
                self.balancer.drain(replica.name)

    def _see_to(self, replica: Replica, row: Mapping[str, str]) -> None:
        if replica.process.poll() is not None:
            self._ended(replica)
        elif replica.leaving and row["scur"] == "0" and not row["status"].startswith("MAINT"):
            self.balancer.remove(replica.name)
            replica.process.terminate()
        elif not replica.leaving and row["status"].startswith("MAINT"):
            self.balancer.place(replica.name, replica.port)
        elif row["status"] == "UP" and not replica.was_ready:
            replica.was_ready = True
            self.log("replica_ready", replica=replica.name, port=replica.port)

    def _ended(self, replica: Replica) -> None:
        self.log("replica_ended", replica=replica.name, asked_to=replica.leaving, code=replica.process.returncode)
        self.balancer.remove(replica.name)
        self.replicas.remove(replica)
        if not replica.was_ready and not replica.leaving:
            self.patient = time.monotonic() + AGAIN
            if not any(one.was_ready for one in self.replicas):
                raise ChildProcessError("The first replica ended before it was ready; what it said is above.")

    def _target(self, ready: list[Replica]) -> int:
        """How many there should be: more at once, fewer when nothing within `calm` seconds asked for more."""
        loads = {"requests": 0.0, "cores": sum(replica.process.cpu_percent() for replica in ready) / 100}
        for _ in range(SAMPLES):
            time.sleep(PAUSE)
            loads["requests"] += int(self.balancer.rows()["BACKEND"]["scur"]) / SAMPLES
        asked, now = wanted(len(ready), loads) if ready else 0, time.monotonic()
        self.asked.append((now, min(max(asked, self.options.least), self.options.most)))
        self.asked = [one for one in self.asked if one[0] >= now - self.options.calm]
        return max(number for _, number in self.asked)

    def _start(self, number: int) -> None:
        from psutil import Popen

        slots = {f"{self.balancer.colour}{slot + 1}": self.options.port + slot for slot in range(SLOTS)}
        for name in sorted(slots.keys() - {replica.name for replica in self.replicas})[:number]:
            line = [part.replace("{port}", str(slots[name])) for part in self.options.command]
            self.replicas.append(Replica(name, slots[name], Popen(line, start_new_session=True)))

    def end(self) -> None:
        """End all replicas, each when it has finished what it does."""
        for replica in self.replicas:
            with suppress(Exception):  # it, or the balancer, has ended before
                replica.process.terminate()
                self.balancer.remove(replica.name)
        for replica in self.replicas:
            replica.process.wait()


def add(commands: Any) -> None:
    """Add ``scale``."""
    add = command(commands, "scale", run, "start and drain replicas of the API behind haproxy, by load", EXAMPLE)
    add("colour", choices=COLOURS, help="whose replicas")
    add("command", metavar="COMMAND", nargs="+", help="after --: starts a replica at {port}")
    add("--least", metavar="N", type=natural, default=1, help="replicas (1)")
    add("--most", metavar="N", type=natural, default=4, help=f"replicas (4), up to {SLOTS}")
    add("--port", metavar="N", type=natural, default=8001, help="of the first replica (8001); the others follow")
    add("--calm", metavar="SECONDS", type=natural, default=300, help="of less load until replicas end (300)")


def run(arguments: argparse.Namespace) -> None:
    """``patrons scale``."""
    if not 1 <= arguments.least <= arguments.most <= SLOTS:
        raise BalancerError(f"--least {arguments.least} --most {arguments.most}: 1 to {SLOTS}, in this order.")
    if "{port}" not in " ".join(arguments.command):
        raise BalancerError("The command has no {port}, so all replicas would listen at one. Add: --port {port}")
    scaler = Scaler(Balancer(run_folder(), arguments.colour), arguments)
    if taken := ", ".join(scaler.balancer.taken()):
        raise BalancerError(f"{taken} answer already. End what started them, such as another patrons scale.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            try:
                scaler.step()
            except BalancerError as error:  # it may come back, and the replicas are needed then
                scaler.log("balancer_failed", reason=str(error))
                time.sleep(SAMPLES * PAUSE)
    except KeyboardInterrupt:
        return
    finally:
        scaler.end()
