"""The warm process: ``python -m patrons.series.forks``, started by `warm`, imports once and forks a worker a notebook.

A request is one message on the socket whose number is its argument: a list of modules as JSON, with three open files:
what is to be the worker's standard input and output, its log, and where its fate is written (the process id, and the
exit code once it has ended). Only a process of one thread may be forked, so it refuses, by a fate without a process id,
when a library has started another. When the socket closes, the runner has ended, and so does this process.

A worker forks its kernel before it starts a thread itself, so that one is warm too.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys

# What every worker and every kernel needs
COMMON = ("patrons.series.worker", "ipykernel.ipkernel", "ipykernel.kernelapp", "ipykernel_launcher")
MESSAGE = 65_536  # bytes, more than all modules of the package take


class Forks:
    """Imports and forks until the runner has ended.

    Parameters
    ----------
    control : socket
        Of messages, on which the runner asks.
    """

    def __init__(self, control: socket.socket):
        self.control = control
        self.fates: dict[int, int] = {}  # by process id the file for the exit code

    def serve(self) -> None:
        """Come back in a forked worker only."""
        signal.signal(signal.SIGCHLD, self.collect)
        while True:
            message, files, _, _ = socket.recv_fds(self.control, MESSAGE, 3)
            if not message:
                os._exit(0)
            for module in json.loads(message):
                load(module)
            if self.fork(*files):
                return

    def fork(self, talk: int, log: int, fate: int) -> bool:
        """Whether this is the worker."""
        close_connections()
        if threads() != 1:
            for file in (talk, log, fate):
                os.close(file)
            return False
        gc.freeze()  # what is imported lives as long as the process: looking through it would only copy memory
        worker = os.fork()
        if worker:
            os.close(talk)
            os.close(log)
            write(fate, worker)
            self.fates[worker] = fate
            self.collect()
            return False
        self.leave(talk, log, fate)
        return True

    def leave(self, talk: int, log: int, fate: int) -> None:
        """Keep nothing of the warm process but its modules."""
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, file in enumerate((talk, talk, log)):
            os.dup2(file, number)
        self.control.close()
        for file in (talk, log, fate, *self.fates.values()):
            os.close(file)
        gc.enable()

    def collect(self, *_: object) -> None:
        """Say of the workers that have ended how they did."""
        for worker in list(self.fates):
            ended, status = os.waitpid(worker, os.WNOHANG)
            if ended:
                fate = self.fates.pop(worker)
                write(fate, os.waitstatus_to_exitcode(status))
                os.close(fate)


def load(module: str) -> None:
    """Import a module; one that cannot be is left to the notebook, which says why."""
    with contextlib.suppress(Exception):
        importlib.import_module(module)


def close_connections() -> None:
    """Close the database that DuckDB opens when it is imported, and with it its threads; where used, it opens anew."""
    if "duckdb" in sys.modules:
        sys.modules["duckdb"].default_connection().close()


def threads() -> int:
    """The threads of this process, those of C libraries too."""
    return len(os.listdir("/proc/self/task"))


def write(file: int, number: int) -> None:
    """Write a number on a line of its own, for a runner that may have ended."""
    with contextlib.suppress(BrokenPipeError):
        os.write(file, b"%d\n" % number)


def main() -> None:
    gc.disable()  # until there is work: imports leave little garbage
    if os.path.realpath(sys.path[0] or ".") == os.path.realpath("."):
        del sys.path[0]  # a kernel finds its own folder first, not the runner's
    for module in COMMON:
        importlib.import_module(module)
    from patrons.series import kernels, worker  # not before the path is right

    Forks(socket.socket(fileno=int(sys.argv[1]))).serve()
    kernel = kernels.fork()
    if kernel is None:
        kernels.become()
    else:
        worker.main(kernel)


if __name__ == "__main__":
    main()
