"""The page of the REST API, `docs/api.md`: written from the OpenAPI document, with answers that the API itself gave.

``PATRONS_WRITE_DOCS=1 python -m pytest tests/service/test_api_page.py`` writes it anew.
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

KEY = "pk_1234abcd_..."  # stands on the page for the key that a test makes
CUSTOMER = {"customer_id": "10482", "recency_days": 35, "channel": "shop"}
MASKED = {"request_id": "0f8fad5bd9cb469fa165"}  # of the answers' fields those that differ from call to call
HEAD = """# REST API

How another system asks for scores. `make api` serves it on this machine, with this description at `/docs/` to try it
and as OpenAPI at `/schema/`. [Serving](serving.md) says how to serve others, [security](security.md) what is held off.

This page is written from the OpenAPI document. The API gave its answers, and a test asks for each of them again. They
are those of a release with two features that was made up for this page: yours lists its own at `GET /model`.

Every path but `/health/live` and `/health/ready` wants a key in the header `Authorization: Bearer KEY`, where the
service was started with keys. Each answer has the header `X-Request-ID`, by which the service's log names the request;
send your own if you have one.
"""
ERRORS_HEAD = """
## Errors

Every answer other than 200 is JSON: for each thing that is wrong the field, what was found, what is expected and what
to do next. With 429 and 503, ask again after the seconds that the header `Retry-After` names.
"""
OPEN: dict[str, str] = {}
KEYED = {"Authorization": f"Bearer {KEY}"}
JSON = {**KEYED, "Content-Type": "application/json"}


class Example(NamedTuple):
    """A request that stands on the page; `body` is sent as it is, where it is text, else as JSON."""

    title: str
    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = MappingProxyType(KEYED)


TWO = {"customers": [{"customer_id": "10483"}, {"customer_id": "10484", "recency_days": 80, "chanel": "web"}]}
EXAMPLES = {
    "/predict": [
        Example("One customer", "POST", "/predict", {"customers": [CUSTOMER]}, JSON),
        Example("Two: one cannot be scored, one has an unknown name", "POST", "/predict", TWO, JSON),
    ],
    "/model": [Example("Which release answers, and what it takes", "GET", "/model")],
    "/health/live": [Example("Is the process alive?", "GET", "/health/live", headers=OPEN)],
    "/health/ready": [Example("May it get requests?", "GET", "/health/ready", headers=OPEN)],
    "/metrics": [],
}
WRONG = [
    Example("No key", "GET", "/model", headers=OPEN),
    Example("No JSON", "POST", "/predict", '{"customers": [', JSON),
    Example("Sent as something else", "POST", "/predict", "{}", {**JSON, "Content-Type": "text/plain"}),
    Example("A field that belongs inside a customer", "POST", "/predict", {"customers": [CUSTOMER], "day": 1}, JSON),
    Example("Nobody can be scored", "POST", "/predict", {"customers": [{"customer_id": "10483"}]}, JSON),
    Example("A path that is not there", "GET", "/score"),
]


def requested(example: Example) -> str:
    """A request as it stands on the page."""
    lines = [
        f"{example.method} {example.path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in example.headers.items()),
    ]
    body = example.body if isinstance(example.body, str) else json.dumps(example.body)
    return "\n".join([*lines, *(["", body] if example.body is not None else [])])


def sent(text: str) -> tuple[str, str, dict[str, str], str]:
    """Method, path, headers and body of a request on the page."""
    head, _, body = text.partition("\n\n")
    first, *lines = head.splitlines()
    method, path, _ = first.split()
    return method, path, dict(line.split(": ", 1) for line in lines), body


def answered(status: int, text: str) -> str:
    """An answer as it stands on the page: without what differs from call to call."""
    content = json.loads(text)
    masked = {name: value for name, value in MASKED.items() if name in content}
    return f"HTTP {status}\n\n{json.dumps({**content, **masked}, indent=1)}"


def on_page(page: str) -> list[tuple[str, str]]:
    """Each request on the page with its answer."""
    return re.findall(r"```http\n(.*?)\n```\n\n```\n(.*?)\n```\n", page, re.DOTALL)


def page(schema: dict[str, Any], answers: dict[str, str]) -> str:
    """The page; `answers` by request."""
    parts = [HEAD]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            parts.append(f"\n## `{method.upper()} {path}`\n\n{operation['summary']}.\n")
            parts += [_of_operation(schema, operation), *(_example(one, answers) for one in EXAMPLES[path])]
    parts += [ERRORS_HEAD, _statuses(schema), _fields(schema, {"$ref": "ErrorResponse"})]
    return "".join([*parts, *(_example(one, answers) for one in WRONG)])


def _example(example: Example, answers: dict[str, str]) -> str:
    text = requested(example)
    return f"\n**{example.title}**\n\n```http\n{text}\n```\n\n```\n{answers[text]}\n```\n"


def _of_operation(schema: dict[str, Any], operation: dict[str, Any]) -> str:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answer = operation["responses"]["200"]["content"]
    kind = answer.get("application/json", {}).get("schema")
    parts = [_fields(schema, body, "**Sent.** ")] if body else []
    parts.append(_fields(schema, kind, "**Answer.** ") if kind else "\n**Answer.** Text, in Prometheus' format.\n")
    statuses = ", ".join(status for status in sorted(operation["responses"]) if status != "200")
    return "".join([*parts, f"\nOther statuses: {statuses}.\n" if statuses else ""])


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """What a reference names; a part without one as it is."""
    name = part.get("$ref", "").split("/")[-1]
    return schema["components"]["schemas"][name] if name else part


def _fields(schema: dict[str, Any], part: dict[str, Any], before: str = "") -> str:
    """A table of the fields of an object, and below it those of the objects in it."""
    whole = _resolved(schema, part)
    said = f"\n{before}{whole.get('description') or whole['title']}\n"
    rows = ["| field | type | meaning |", "|---|---|---|"]
    inner = []
    for name, field in whole["properties"].items():
        kind, nested = _kind(schema, field)
        always = "" if name in whole.get("required", []) or kind.endswith("null") else " (may be left out)"
        rows.append(f"| `{name}` | {kind} | {field.get('description', '')}{always} |")
        inner += nested
    tables = "".join(_fields(schema, one, f"`{_resolved(schema, one)['title']}`: ") for one in inner)
    return f"{said}\n" + "\n".join(rows) + f"\n{tables}"


def _kind(schema: dict[str, Any], field: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The type of a field in words, and the objects in it whose fields have names."""
    if "anyOf" in field:
        pairs = [_kind(schema, one) for one in field["anyOf"]]
        return " or ".join(dict.fromkeys(kind for kind, _ in pairs)), [one for _, inner in pairs for one in inner]
    if "$ref" in field:
        return f"`{_resolved(schema, field)['title']}`", [field]
    if field.get("type") == "array":
        kind, inner = _kind(schema, field["items"])
        limits = f", {field['minItems']:,} to {field['maxItems']:,}" if "maxItems" in field else ""
        return f"list of {kind}{limits}", inner
    if field.get("type") == "object":
        kind, inner = _kind(schema, field["additionalProperties"])
        return f"object of {kind}", inner
    return str(field["type"]), []


def _statuses(schema: dict[str, Any]) -> str:
    """What each status other than 200 means."""
    operations = [operation for several in schema["paths"].values() for operation in several.values()]
    answers = [pair for operation in operations for pair in operation["responses"].items()]
    meanings = {status: answer["description"] for status, answer in answers if status != "200"}
    rows = "".join(f"| {status} | {meanings[status]} |\n" for status in sorted(meanings))
    return f"\n| status | when |\n|---|---|\n{rows}"
