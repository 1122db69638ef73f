"""Between Flama and our errors: bodies are read strictly, and Flama's own errors take our shape."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flama import Flama, http, types
from flama.injection import Component, Injector
from flama.injection.resolver import Parameter
from flama.routing import BaseRoute
from flama.schemas.components import CompositeParamComponent

from patrons.events import Log, log_failure
from patrons.scoring.rows import Feature
from patrons.service.limits import Gate, in_thread
from patrons.service.problems import Problem, broken, error, unread
from patrons.service.requests import read

SMALL = 50_000  # bytes: a larger body is worth a thread, so that others are answered meanwhile
Features = Mapping[str, Feature]


class App(Flama):
    """Flama that looks at its components once: it would sort all of them anew for each request."""

    _sorted: Sequence[Component] | None = None

    @property
    def injector(self) -> Injector[Any]:
        """What gives handlers what they ask for."""
        if self._sorted != self.components:
            self._sorted, self._kept = self.components, super().injector
        return self._kept


class JSONBody(Component):
    """Reads a body as the request that it must be. Flama's own reader takes forms, NaN and lists as well.

    Parameters
    ----------
    gate, pool : Gate, ThreadPoolExecutor
        For large bodies.
    features : callable
        Gives the features of the release that answers, by name.
    """

    cacheable = False  # Flama would keep the last 1,024 requests, bodies and all

    def __init__(self, gate: Gate, pool: ThreadPoolExecutor, features: Callable[[], Features]):
        self.gate, self.pool, self.features = gate, pool, features

    async def resolve(self, request: http.Request) -> types.RequestData:
        _check_kind(request.headers.get("content-type", ""))
        body = await request.body()
        if len(body) <= SMALL:
            return types.RequestData(read(body, self.features()))
        return types.RequestData(await in_thread(self.gate, self.pool, read, body, self.features()))


class Checked(CompositeParamComponent):
    """Hands on what `JSONBody` has checked already, and keeps nothing of it."""

    cacheable = False

    def resolve(
        self, parameter: Parameter, request: http.Request, route: BaseRoute, data: types.RequestData
    ) -> Any:  # Flama finds the body of a route by these parameters
        return data.data


def _check_kind(header: str) -> None:
    """Refuse a body that is not sent as JSON in UTF-8."""
    kind, _, rest = (part.strip().lower() for part in header.partition(";"))
    charset = rest.partition("charset=")[2].strip('" ')
    if kind != "application/json" or charset not in ("", "utf-8", "utf8"):
        step = "Send the header Content-Type: application/json, and the body in UTF-8."
        raise Problem(415, error("Content-Type", header or "none", "application/json", step))


def handle_errors(app: Flama, log: Log) -> None:
    """Answer errors inside Flama our way; its own way logs a whole request, with its key."""

    def on_failure(scope: Any, receive: Any, send: Any, failure: Exception) -> http.Response:
        log_failure(log, request_id(scope), failure)
        return response(scope, broken())

    app.add_exception_handler(Problem, lambda scope, receive, send, problem: response(scope, problem))
    app.add_exception_handler(400, lambda scope, receive, send, failure: response(scope, unread()))
    app.add_exception_handler(Exception, on_failure)


def request_id(scope: Any) -> str:
    """The id that the guard gave to a request."""
    return scope["state"]["request_id"]


def response(scope: Any, problem: Problem) -> http.Response:
    """A problem as Flama answers it."""
    body = problem.body(request_id(scope))
    return http.PlainTextResponse(
        body, status_code=problem.status, headers=problem.headers, media_type="application/json"
    )
