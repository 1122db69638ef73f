"""What an operator may set of the service; each value has an environment variable of the same name."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from patrons.errors import PATRONS
from patrons.service.follow import Locate
from patrons.service.keys import default_file

PREFIX = "PATRONS_API_"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class SettingsError(ValueError):
    """Settings with which the service would not be safe."""


@dataclass(frozen=True)
class Settings:
    """Settings of the service.

    Attributes
    ----------
    release : callable
        Locates the release to serve: see `follow`.
    keys : Path or None
        File of API keys; without one no key is needed, and the service answers this machine only.
    host, port : str, int
        Where it listens.
    body : int
        Largest request, bytes; 1,000 customers with every feature of an order log take 3.4 million.
    timeout : float
        Longest that a body may take to come, and then an answer, seconds.
    connections : int
        Connections at once; further ones are answered 503, and from twice as many on ended.
    running, waiting, per_key : int
        Requests that are scored at once, that may wait, and that one key may have of both.
    poll : float
        Seconds between looks at `release`.
    drain : float
        Seconds between the signal to end and the end, in which a balancer may find out; see `server.Server`.
    ledger : str
        Folder in which answers are kept for monitoring, such as ``data/ledger/demo``; empty: nowhere.
    ledger_share : float
        Share of the customers whose answers are kept there, always the same ones.
    """

    release: Locate
    keys: Path | None
    host: str = "127.0.0.1"
    port: int = 8000
    body: int = 4_000_000
    timeout: float = 10.0
    connections: int = 256
    running: int = 2
    waiting: int = 64
    per_key: int = 48
    poll: float = 2.0
    drain: float = 0.0
    ledger: str = ""
    ledger_share: float = 1.0

    def __post_init__(self) -> None:
        if self.keys is None and self.host not in LOOPBACK:
            raise SettingsError(
                f"Without keys the service may listen on this machine only, and {self.host} is more than that. "
                f"Leave --host out, or make a key: {PATRONS} keys add NAME"
            )
        for name in ("body", "timeout", "connections", "running", "per_key", "poll"):
            self._check(name, getattr(self, name) > 0, "above 0")
        for name in ("waiting", "drain"):
            self._check(name, getattr(self, name) >= 0, "0 or more")
        self._check("ledger_share", 0 < self.ledger_share <= 1, "above 0 and at most 1")
        self._check("port", 0 <= self.port <= 65535, "from 0 to 65535")

    def _check(self, name: str, is_right: bool, wanted: str) -> None:
        value = getattr(self, name)
        if not is_right or not math.isfinite(value):
            raise SettingsError(f"{name} is {value}, and must be {wanted} ({PREFIX}{name.upper()} or an option).")


def from_environment(
    release: Locate, no_keys: bool, environment: Mapping[str, str] = os.environ, **given: Any
) -> Settings:
    """Settings of ``PATRONS_API_…`` variables, such as ``PATRONS_API_TIMEOUT=5``, after those `given` and not None."""
    kinds = {field.name: field.type for field in fields(Settings) if isinstance(field.type, type)}  # int, float, str
    texts = {name: environment[PREFIX + name.upper()] for name in kinds if PREFIX + name.upper() in environment}
    read = {name: _read(name, text, kinds[name]) for name, text in texts.items()}
    return Settings(
        release=release,
        keys=None if no_keys else default_file(),
        **read | {name: value for name, value in given.items() if value is not None},
    )


def _read(name: str, text: str, kind: type) -> Any:
    try:
        return kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise SettingsError(f"{PREFIX}{name.upper()} is {text!r}, and must be {wanted}.") from None
