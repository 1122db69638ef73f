"""What the steps of a delivery work on: the folder of releases, the balancer, the replicas and the registry."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from patrons.errors import PATRONS, SourceError
from patrons.service.balancer import Balancer, run_folder
from patrons.service.golden import Server
from patrons.service.record import Delivery, Releases

if TYPE_CHECKING:  # MLflow takes seconds to load, and the balancer is to be told before
    from patrons.tracking.registry import Registry


class DeliveryFailedError(RuntimeError):
    """A step that did not come to its end; what it changed can be rolled back."""


@contextmanager
def changing() -> Iterator[None]:
    """Around what changes something: bad input is none from here on, but a failure of which something may be undone."""
    try:
        yield
    except SourceError as error:
        raise DeliveryFailedError(str(error)) from error


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


class Site:
    """Where a series is delivered.

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

    def unchanged(self, delivery: Delivery, colour: str, wanted: str | None) -> None:
        """Refuse to let a colour answer that was given another release meanwhile."""
        if (found := self.releases.named()[colour]) != wanted:
            raise DeliveryFailedError(
                f"The file {colour} names {found or 'nothing'}, and not {wanted or 'nothing'} as it did for this "
                f"delivery: somebody has changed it, so {colour} was not let answer. Bring back what it named, and let "
                "the replicas load it; or decide yourself, by serving/balancer.sh."
            )

    def replicas(self, colour: str) -> list[Server]:
        """The replicas of a colour that run, or should, where the balancer finds them."""
        if not (servers := self._servers(colour)):
            raise DeliveryFailedError(
                f"No replica of {colour} is there to load a release. Start one that follows the file {colour}, such as "
                f"by: {PATRONS} scale {colour} (see docs/operations.md)"
            )
        return servers

    def _servers(self, colour: str) -> list[Server]:
        places = sorted(self.balancer(colour).placed().items())
        return [Server(name, f"http://{address}", self.options.key) for name, address in places]

    def client(self) -> Server:
        """The service as clients reach it, through the balancer."""
        return Server("the balancer", self.options.balancer, self.options.key)

    def check_key(self, colour: str) -> None:
        """KeyRefusedError where the balancer's services, or a replica of a colour, want another key."""
        for one in (self.client(), *self._servers(colour)):
            one.refused()

    def balancer(self, colour: str) -> Balancer:
        return Balancer(self.run_folder, colour)

    def registry(self) -> "Registry":
        from patrons.tracking.registry import Registry

        return Registry(self.name, self.root)

    def champion(self, registry: "Registry") -> int | None:
        return registry.state().line.champion
