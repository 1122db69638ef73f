"""How a signal stops a series: Ctrl-C, an end that the system asks for, a terminal that closes."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(BaseException):
    """A signal stopped the series; no `except Exception` catches it. `code` is the exit code for the signal."""

    def __init__(self, number: int):
        super().__init__(f"Stopped by {signal.Signals(number).name}.")
        self.code = 128 + number


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Put signal handlers back: an event loop that handled signals leaves the system's defaults behind."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn the signals that stop a series into StoppedError, where the runner itself does not handle them."""

    def stop(number: int, _: FrameType | None) -> None:
        raise StoppedError(number)

    with handlers_kept():
        for number in heeded():
            signal.signal(number, stop)
        yield


def heeded() -> list[signal.Signals]:
    """The signals that stop a series: those of SIGNALS that its caller does not ignore, as `nohup` and `&` do."""
    return [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
