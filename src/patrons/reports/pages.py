"""What stakeholders read: a page for each notebook and an index of the findings, without code, scripts or network.

A page is self-contained: pictures are inside it, and its content security policy makes the browser refuse scripts
and anything from elsewhere, whatever the data holds.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, PackageLoader, StrictUndefined
from nbconvert import HTMLExporter
from traitlets.config import Config

import patrons
from patrons.digits import day_of
from patrons.files import read_json, read_record, shown, write_text
from patrons.reports import dates, first_page, leads, terms
from patrons.reports.markup import headings, tidy

LOG = logging.getLogger(__name__)
TEMPLATES = Path(__file__).parent / "templates"
SHOWN = [
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/plain",
]  # the first that an output has
OUT_OF_DATE = "is out of date: what it was made from has changed since"
TITLE = re.compile(r"^#\s+(?:\d+\s*·\s*)?(.+?)\s*$", re.MULTILINE)
DECLARATION = re.compile(r"(?:^\*\*(?:Reads|May read|Writes)\*\*(?:.+\n?)*\n*)+", re.MULTILINE)

# stage, value, label, detail, the most important first, none that an answer says; without its metrics one is left out
NUMBERS = (
    ("01_eda", "{revenue:,.0f}", "revenue, {currency}", "{orders:,.0f} orders, {period}"),
    ("01_eda", "{churn_rate:.1%}", "of customers left", "of {customers:,.0f}, by the table"),
    ("01_eda", "{repeat_rate:.0%}", "of customers came back on another day", "of {customers:,.0f} who ordered"),
    (
        "06_churn",
        "{churn_rate_active:.0%}",
        "of recent buyers did not order in {horizon_days} days",
        "those of {test_day}, the latest day whose outcome is known",
    ),
    (
        "08_monitoring",
        "{loss_excess:+.0%}",
        "error of the latest forecasts, beside when they were tried",
        "{days_matured:.0f} months judged; below zero is better",
    ),
    ("01_eda", "{usable:.0%}", "of lines can be used", "of {lines_read:,.0f}; page 1 says why not all"),
)


def build(name: str, processed: Path, reports: Path) -> Path:
    """Write a page for every notebook that was executed, and the index of all.

    Parameters
    ----------
    name : str
        Name of the series, such as ``demo``: its title where the data set has none.
    processed : Path
        The results of the series, such as ``data/processed/demo``.
    reports : Path
        Where its pages go, such as ``reports/demo``.

    Returns
    -------
    Path
        The index page.
    """
    stages = read_stages(processed)
    header = read_header(name, processed) | {"pages": [stage for stage in stages if stage["has_page"]]}
    front = first_page.content(processed, stages, header["currency"])
    header["leads"] = front.pop("leads")
    for stage in header["pages"]:
        page(processed / stage["name"] / "notebook.ipynb", header, reports / stage["file"])
    current = {stage["file"] for stage in header["pages"]}
    for old in reports.glob("[0-9]*.html"):
        if old.name not in current:
            old.unlink()
    content = {
        "stages": stages,
        "troubles": [stage for stage in stages if stage["status"] != "succeeded" or stage["stale"]],
        "numbers": even(list(key_numbers(stages, header))),
        **front,
    }
    return write_text(reports / "index.html", _render("index.html.j2", header=header, **content))


def page(executed: Path, header: Mapping[str, Any], target: Path) -> Path:
    """Write one executed notebook as a page; `header` has the series' ``pages`` and ``leads``, too."""
    pages = list(header.get("pages", ()))
    place = next((index for index, stage in enumerate(pages) if stage["file"] == target.name), None)
    neighbours = {"previous": None, "next": None}
    if place is None:
        stage = _stage(executed.parent, {"status": "succeeded"})
    else:
        stage = pages[place]
        neighbours = {"previous": pages[place - 1] if place else None, "next": [*pages, None][place + 1]}
    lead = header.get("leads", {}).get(target.name, {"points": [], "customers": None})
    body, found, anchors = prepare(executed)
    more = {
        "headings": anchors,
        "terms": terms.listed(found, lead["points"], stage["number"]),
        **lead,
        **neighbours,
    }
    return write_text(target, _render("page.html.j2", header=header, stage=stage, body=body, **more))


Body = tuple[str, list[str], list[tuple[str, str]]]  # of a page, with the terms that it uses, and its headings


def prepare(executed: Path) -> Body:
    """What a page says of its notebook; kept until the notebook changes: others may still run then."""
    state = executed.stat()
    return _body(executed, state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(16)
def _body(executed: Path, *_: int) -> Body:
    body, found = terms.explained(tidy(_convert(executed)), _number(executed.parent))
    return body, found, headings(body)


def read_header(name: str, processed: Path) -> dict[str, Any]:
    """What every page says at the top: the data set, its period and digest, and the run."""
    data = read_json(processed / "01_eda" / "dataset.json", {})
    series, value = read_record(processed), read_json(processed / "07_customer_value" / "value.json", {})
    churn = read_json(processed / "06_churn" / "churn.json", {})
    digest = data.get("digest") or series.get("digest") or ""
    moment = series.get("finished") or series.get("started")
    facts = [
        ("Source", data.get("source"), ""),
        ("Period", " to ".join(day_of(day) for day in data.get("period") or ()), ""),
        ("Currency", data.get("currency"), ""),
        ("Forecasts from", day_of(end) if (end := value.get("from")) else "", ""),
        ("Made on", moment and day_of(moment), ""),
    ]
    horizons = [churn.get("horizon_days"), value.get("horizon_days")]
    origin = [("Run", series.get("run_id"), ""), ("Data digest", digest[:12], f"SHA-256 {digest}")]
    return {
        "title": data.get("title") or name,
        "simulated": bool(data.get("simulated")),
        "age": dates.age(data, moment or "", horizons),
        "currency": data.get("currency") or "",
        "run_id": series.get("run_id", ""),
        "version": patrons.__version__,
        "facts": [fact for fact in facts if fact[1]],
        "tested": {
            "horizon_days": churn.get("horizon_days"),
            "test_day": day_of(day) if (day := churn.get("test_day")) else "",
        },
        "origin": [fact for fact in origin if fact[1]],
    }


def read_stages(processed: Path) -> list[dict[str, Any]]:
    """Every notebook of the series, in order: its question, its status, its findings."""
    records = read_record(processed).get("stages", {})
    executed = (path.parent.name for path in processed.glob("[0-9]*/notebook.ipynb"))
    return [
        _stage(processed / name, records.get(name, {"status": "succeeded"})) for name in sorted({*records, *executed})
    ]


def _stage(folder: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    number = _number(folder)
    title = leads.title(folder.name, folder.parent) or _title(folder)
    succeeded = record["status"] == "succeeded"  # else the folder may hold results of an earlier run
    return {
        "name": folder.name,
        "file": f"{folder.name}.html",
        "number": number,
        "title": title,
        "label": f"{number} · {title}" if number else title,
        "status": record["status"],
        "condition": OUT_OF_DATE if succeeded else {"not run": "was not run"}.get(record["status"], record["status"]),
        "stale": bool(record.get("stale")),
        "error": record.get("error"),
        "has_page": succeeded and (folder / "notebook.ipynb").exists(),
        "findings": read_json(folder / "findings.json", []) if succeeded else [],
        "metrics": read_json(folder / "metrics.json", {}) if succeeded else {},
    }


def _number(folder: Path) -> str:
    """The number of a notebook by the folder of its results, such as 6; empty where it has none."""
    number = folder.name.partition("_")[0].lstrip("0")
    return number if number.isdecimal() else ""


def _title(folder: Path) -> str:
    """The question that the notebook opens with, or else its name."""
    places = (folder / "notebook.ipynb", folder.with_name(f"{folder.name}.failed.ipynb"))
    cells = (cell for path in places for cell in _cells(path))
    texts = (cell.source for cell in cells if cell.cell_type == "markdown")
    match = next(filter(None, map(TITLE.search, texts)), None)
    name = folder.name.partition("_")[2].replace("_", " ") or folder.name
    return re.sub(r"[`*]", "", match[1]) if match else name.capitalize()


def _cells(executed: Path) -> list[Any]:
    """The cells of an executed notebook; none where there is none, or only half of one."""
    if not executed.exists():
        return []
    try:
        return list(nbformat.read(executed, as_version=4).cells)
    except (ValueError, nbformat.ValidationError, AttributeError):
        LOG.warning("%s was cut off while it was written, and is left out.", shown(executed))
        return []


def key_numbers(stages: list[dict[str, Any]], header: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The numbers at the top of the index: those that the notebooks recorded, and the data set's period."""
    period = {name: text for name, text, _ in header["facts"]}.get("Period")
    told = {"currency": header["currency"], "period": period, **header["tested"]}
    metrics = {stage["name"]: stage["metrics"] | told | _usable(stage["metrics"]) for stage in stages}
    for stage, value, label, detail in NUMBERS:
        text = _filled(value, metrics.get(stage, {}))
        if text:
            yield {
                "value": text,
                "label": _filled(label, metrics[stage]).rstrip(", "),
                "detail": _filled(detail, metrics[stage]),
            }


def _usable(metrics: Mapping[str, float]) -> dict[str, float]:
    """The share of lines that can be used, where lines were counted."""
    return {"usable": metrics["lines_kept"] / metrics["lines_read"]} if metrics.get("lines_read") else {}


def even(numbers: list[dict[str, str]]) -> list[dict[str, str]]:
    """So many of them, the first ones, that they fill a grid of two columns and one of four or three: 2, 4, 6 or 8."""
    return numbers[: min(len(numbers) // 2 * 2, 8)] or numbers


def _filled(template: str, values: Mapping[str, Any]) -> str:
    try:
        return template.format_map(values).strip()
    except KeyError:
        return ""


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("patrons.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


@cache
def _exporter() -> HTMLExporter:
    settings = Config({"NbConvertBase": {"display_data_priority": SHOWN}})
    return HTMLExporter(
        config=settings,
        template_name="patrons",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input=True,
        exclude_anchor_links=True,
    )


def _convert(executed: Path) -> str:
    """The notebook's prose and outputs as HTML; what its first cell reads and writes is set apart, for analysts."""
    notebook = nbformat.read(executed, as_version=4)
    prose = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    for cell in prose[:1]:
        cell.source = DECLARATION.sub(
            lambda lines: f'\n<div class="declaration">\n\n{lines[0]}\n</div>\n\n', cell.source
        )
    return _exporter().from_notebook_node(notebook)[0]
