"""The OpenAPI description at /schema/ and the Swagger UI at /docs/, which asks no other host for anything."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from flama import Flama, http

from patrons.errors import PATRONS
from patrons.service.messages import ErrorResponse
from patrons.service.problems import Problem, error

KINDS = {".css": "text/css", ".js": "text/javascript", ".html": "text/html"}
START = "docs.html"
SHARED = ("swagger-ui.css", "swagger-ui-bundle.js", "start.js")
SUMMARIES = {
    "/predict": "Score customers, 1 to 1,000 of them",
    "/model": "The release that answers, and the features it takes",
    "/health/live": "Whether the process is alive",
    "/health/ready": "Whether there is a release that answers",
    "/metrics": "Numbers for Prometheus",
}
ERRORS = {  # by status, what is wrong
    400: "The body is not JSON",
    401: "No key, or one that is not valid",
    408: "The body took too long to come",
    413: "The body is too large",
    415: "The body is not sent as application/json",
    421: "The header Host names another machine",
    422: "The request is not as described, or none of its customers can be scored",
    429: "This key has too many requests in progress",
    503: "No release yet, too many requests in progress, or it took too long",
}
ERRORS_OF = {
    "/predict": tuple(status for status in ERRORS if status != 421),
    "/model": (401, 503),
    "/health/live": (),
    "/health/ready": (503,),
    "/metrics": (401,),
}
WITHOUT_KEYS = 421  # any path's, where the service answers its own machine only
OPEN = ("/health/live", "/health/ready")


def description(app: Flama, keys: bool) -> dict[str, Any]:
    """What Flama derives from the handlers, with the errors, keys and summaries that it does not know."""
    schema = app.schema.schema
    parts = schema["components"]
    shape = ErrorResponse.model_json_schema(ref_template="#/components/schemas/{model}")
    parts["schemas"] |= {**shape.pop("$defs"), "ErrorResponse": shape}
    if keys:
        parts["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": f"{PATRONS} keys add NAME"}
        }
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            if "responses" in operation:
                _complete(path, operation, keys)
    return schema


def _complete(path: str, operation: dict[str, Any], keys: bool) -> None:
    statuses = ERRORS_OF[path] if keys else (*ERRORS_OF[path], WITHOUT_KEYS)
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}
    errors = {str(status): {"description": ERRORS[status], "content": content} for status in statuses}
    good = operation["responses"].get("200", {}) | {"description": "The answer"}
    if path == "/metrics":
        good["content"] = {"text/plain": {"schema": {"type": "string"}}}
    operation |= {"summary": SUMMARIES[path], "tags": ["patrons"], "responses": {"200": good, **errors}}
    if keys and path not in OPEN:
        operation["security"] = [{"key": []}]


def add_pages(app: Flama, folder: Path, keys: bool) -> None:
    """Serve the description and the page, whose files are in `folder`."""

    @cache
    def described() -> dict[str, Any]:
        return description(app, keys)

    def schema() -> http.Response:
        return http.JSONResponse(described())

    app.add_route("/schema/", schema, methods=["GET"], include_in_schema=False)
    for name in (START, *SHARED):
        path = "/docs/" if name == START else f"/docs/{name}"
        app.add_route(path, _file(folder / name), methods=["GET"], include_in_schema=False, name=name)


def _file(path: Path) -> Callable[[], http.Response]:
    def page() -> http.Response:
        if not path.is_file():
            raise Problem(404, error("path", "a file that is not installed", path.name, "See serving/static."))
        return http.PlainTextResponse(path.read_text(), media_type=KINDS[path.suffix])

    return page
