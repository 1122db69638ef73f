"""Between Flama and our errors: bodies are read strictly, and Flama's own errors take our shape."""

import json
from typing import Any

from flama import Flama, http, types
from flama.injection import Component
from flama.schemas.components import CompositeParamComponent

from patrons.service.logs import Log, log_failure
from patrons.service.problems import Problem, broken, error, of_validation


class JSONBody(Component):
    """Reads a body as one JSON object. Flama's own reader takes forms, NaN and lists as well."""

    cacheable = False  # Flama would keep the last 1,024 requests, bodies and all

    async def resolve(self, request: http.Request) -> types.RequestData:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            step = "Send the header Content-Type: application/json."
            raise Problem(415, error("Content-Type", kind or "none", "application/json", step))
        return types.RequestData(_parsed(await request.body()))


class Checked(CompositeParamComponent):
    """Checks a body against its schema, as Flama does, and keeps nothing of it."""

    cacheable = False


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as failure:
        found = f"character {failure.pos}" if isinstance(failure, json.JSONDecodeError) else "text that is not JSON"
        step = "Use null for a missing value."
        raise Problem(400, error("body", found, "JSON in UTF-8, without NaN and Infinity", step)) from None
    if not isinstance(parsed, dict):
        raise Problem(422, error("body", parsed, "an object with a list `customers`", "See the example at /docs/."))
    return parsed


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def handle_errors(app: Flama, log: Log) -> None:
    """Answer errors inside Flama our way; its own way logs a whole request, with its key."""

    def on_failure(scope: Any, receive: Any, send: Any, failure: Exception) -> http.Response:
        log_failure(log, request_id(scope), failure)
        return response(scope, broken())

    app.add_exception_handler(Problem, lambda scope, receive, send, problem: response(scope, problem))
    app.add_exception_handler(400, lambda scope, receive, send, failure: response(scope, of_validation(failure.detail)))
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
