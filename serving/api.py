"""The REST API: scores of customers by the models of a release, over HTTP.

Run it: ``python serving/api.py --help``. The parts are in ``src/patrons/service``; here they are put together.
"""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import socket
from typing import Annotated, Any

from flama import Flama, http, types
from flama.injection import Component

from patrons import __version__, events
from patrons.errors import PATRONS, is_expected
from patrons.files import root_folder
from patrons.scoring import Scorer
from patrons.scoring.release import NAME
from patrons.service import bodies, cards, keys, pages
from patrons.service.follow import Follower, champion_of, named_by
from patrons.service.guard import Guard
from patrons.service.keeper import Keeper
from patrons.service.limits import Gate
from patrons.service.messages import Health, ModelCard, PredictRequest, PredictResponse
from patrons.service.metrics import CONTENT_TYPE, Metrics
from patrons.service.predict import not_ready, predicted
from patrons.service.server import Server, listen
from patrons.service.settings import Settings, SettingsError, from_environment
from patrons.service.slots import Slots

OPENAPI = {
    "info": {
        "title": "Patrons",
        "version": __version__,
        "description": "Segment, churn and value of customers. Every error names the field, what was found, what is "
        "expected and what to do next.",
    },
    "servers": [{"url": "/"}],
}


class Service:
    """All that the handlers share."""

    def __init__(self, settings: Settings, load: Callable = Scorer.load, log: events.Log | None = None):
        self.settings, self.log, self.metrics = settings, log or events.configured(sys.stdout), Metrics()
        self.slots, self.gate = Slots(load), Gate(settings.running, settings.waiting, settings.per_key, settings.body)
        self.follower = Follower(self.slots, settings.release, settings.poll, self.report)
        self.pool = ThreadPoolExecutor(settings.running, "score")
        folder = Path(settings.ledger)
        self.keeper = Keeper(folder, settings.ledger_share, self.log, self.metrics) if settings.ledger else None

    def keep(self, answer: dict[str, Any]) -> None:
        """Keep an answer for monitoring, where that is wished."""
        if self.keeper and (slot := self.slots.of(answer["release"])):
            self.keeper.offer(answer["answers"], slot.scorer.manifest)

    def report(self, event: str, **facts: Any) -> None:
        """Log and count an event of a release."""
        self.log(event, **facts)
        active = self.slots.active
        self.metrics.happened(event, active and active.release, active and active.colour)


class ServiceComponent(Component):
    """Hands the service to the handlers that ask for it."""

    cacheable = False  # a look into Flama's cache takes longer

    def __init__(self, service: Service):
        self.service = service

    def resolve(self) -> Service:
        return self.service


async def predict(
    request: http.Request,
    service: Service,
    data: Annotated[types.Schema, types.SchemaMetadata(PredictRequest)],
) -> Annotated[types.Schema, types.SchemaMetadata(PredictResponse)]:
    answer = await predicted(service.slots, service.gate, service.pool, data["customers"])
    outcome = {name: answer[name] for name in ("scored", "refused")}
    for name, count in outcome.items():
        service.metrics.customers.labels(name).inc(count)
    request.scope["state"]["facts"].update(outcome, release=answer["release"])
    service.keep(answer)
    return http.JSONResponse(answer)


def model(service: Service) -> Annotated[types.Schema, types.SchemaMetadata(ModelCard)]:
    slot = service.slots.active
    if slot is None:
        raise not_ready(service.slots.refused)
    return http.JSONResponse(cards.model_card(slot, service.slots))


def live() -> Annotated[types.Schema, types.SchemaMetadata(Health)]:
    return http.JSONResponse({"status": "alive", "release": None})


def ready(service: Service) -> Annotated[types.Schema, types.SchemaMetadata(Health)]:
    if service.slots.active is None:
        raise not_ready()  # whoever asks needs no key
    return http.JSONResponse({"status": "ready", "release": service.slots.active.release})


def metrics(service: Service) -> http.Response:
    service.metrics.busy.set(service.gate.busy)
    service.metrics.refused.set(service.slots.refused is not None)
    return http.PlainTextResponse(service.metrics.text(), headers={"content-type": CONTENT_TYPE})


def create_app(service: Service) -> Guard:
    """The application behind its guard."""
    app = bodies.App(openapi=OPENAPI, docs=None, schema=None, schema_library="pydantic", lifespan=_lifespan(service))
    app.add_component(ServiceComponent(service))
    app.add_component(bodies.JSONBody(service.gate, service.pool, service.slots.features))
    app.add_component(bodies.Checked())
    bodies.handle_errors(app, service.log)
    app.add_route("/predict", predict, methods=["POST"])
    for path, handler in (("/model", model), ("/health/live", live), ("/health/ready", ready), ("/metrics", metrics)):
        app.add_route(path, handler, methods=["GET"])
    pages.add_pages(app, Path(__file__).parent / "static", service.settings.keys is not None)
    routes = {route.path.path: set(route.methods) for route in app.routes}
    return Guard(app, routes, service.settings, service.gate, service.log, service.metrics)


def _lifespan(service: Service) -> Callable:
    @contextlib.asynccontextmanager
    async def lifespan(_: Flama | None) -> AsyncIterator[None]:
        await service.follower.look()
        following = asyncio.create_task(service.follower.run())
        yield
        following.cancel()
        service.pool.shutdown(wait=False)
        if service.keeper:
            await asyncio.to_thread(service.keeper.close)

    return lifespan


def arguments(line: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--release", type=Path, help="a release folder, or a file that names one; it is followed")
    source.add_argument("--name", help="a series, such as demo: its champion; without keys, else its last results")
    parser.add_argument(
        "--allow-unpromoted",
        action="store_true",
        help="with --name, let the last results answer others too as long as nothing was promoted",
    )
    parser.add_argument("--no-keys", action="store_true", help="need no key; only for this machine (127.0.0.1)")
    parser.add_argument("--host", help="where to listen (127.0.0.1)")
    parser.add_argument("--port", type=int, help="(8000)")
    return parser.parse_args(line)


def main(line: Sequence[str] | None = None) -> int:
    """Serve until stopped; the exit code is 2, with a sentence on stderr, where settings are wrong."""
    options = arguments(line)
    try:
        settings = configured(options)
        service, listening = Service(settings), listen(settings)
    except Exception as error:
        if not is_expected(error):
            raise
        print(f"api: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    with listening:
        asyncio.run(serve(service, listening))
    return 0


def configured(options: argparse.Namespace) -> Settings:
    """The settings of the command line and the environment, checked."""
    unpromoted = options.no_keys or options.allow_unpromoted  # without keys this machine alone is answered
    if options.release and not options.release.exists():
        raise SettingsError(
            f"--release: there is nothing at {options.release}. {PATRONS} models export makes a release."
        )
    if options.name and not NAME.fullmatch(options.name):
        raise SettingsError(f"--name: {options.name!r} cannot be the name of a series, such as demo.")
    release = named_by(options.release) if options.release else champion_of(options.name, root_folder(), unpromoted)
    settings = from_environment(release, options.no_keys, host=options.host, port=options.port)
    if settings.keys:
        keys.check(settings.keys)
    return settings


async def serve(service: Service, listening: socket) -> None:
    """Serve until a signal ends it; requests in progress are answered first."""
    settings, server = service.settings, Server(create_app(service), service.settings)
    service.follower.on_signals(asyncio.get_running_loop())
    service.log("start", host=settings.host, port=settings.port, keys=settings.keys is not None)
    await server.serve([listening])


if __name__ == "__main__":
    sys.exit(main())
