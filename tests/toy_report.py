"""A toy series of three notebooks, one of which failed, and the pages made from it."""

import base64
import io
import json
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from patrons.reports import pages as report

ALT = 'Revenue by month, in "GBP" <thousands>'
HOSTILE = "Sales of R&D <b>grew</b> to <script>alert(1)</script> 12 %"


def picture() -> str:
    """A small PNG, in base64 with line ends as Jupyter keeps it."""
    figure, ax = plt.subplots(figsize=(6, 3.2))
    ax.bar(range(12), [3, 4, 3, 5, 4, 4, 5, 5, 6, 7, 9, 8], color="#0072B2")
    ax.set(title="Revenue peaks in November", xlabel="month", ylabel="revenue, thousand GBP")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, bbox_inches="tight")
    plt.close(figure)
    return base64.encodebytes(file.getvalue()).decode()


def shown(data: dict, metadata: dict | None = None) -> dict:
    return new_output("display_data", data=data, metadata=metadata or {})


def eda(image: str) -> list:
    table = pd.DataFrame({"country": ["UK", "France"], "customers": [3921, 87], "share": ["97.8 %", "2.2 %"]})
    return [
        new_markdown_cell(
            "# 1 · Can this data be trusted?\n\n**Reads** the source.\n\n**Writes** `orders.parquet`.\n\n"
            "**Decides** which lines count."
        ),
        new_code_cell("MARKER_OF_CODE = 1", outputs=[new_output("stream", name="stderr", text="MARKER_OF_WARNING")]),
        new_markdown_cell(
            "## When do customers buy?\nSee [the paper](https://example.org/paper) and ![logo](https://example.org/x.png)."
        ),
        new_code_cell("plot()", outputs=[shown({"image/png": image, "text/plain": ALT}, {"image/png": {"alt": ALT}})]),
        new_code_cell(
            "say()", outputs=[shown({"text/html": '<blockquote class="callout finding">Growth &lt; 5 %</blockquote>'})]
        ),
        new_markdown_cell("## Where are they?"),
        new_code_cell(
            "table",
            outputs=[new_output("execute_result", data={"text/html": table.to_html(index=False), "text/plain": "x"})],
        ),
        new_code_cell("ax", outputs=[new_output("execute_result", data={"text/plain": "<Axes: MARKER_OF_REPR>"})]),
        new_markdown_cell("## What was decided?\nLines without customer are set aside."),
    ]


def keep(folder: Path, cells: list, findings: list | None = None, metrics: dict | None = None, image: str = "") -> None:
    (folder / "figures").mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells), folder / "notebook.ipynb")
    (folder / "figures" / "months.png").write_bytes(base64.b64decode(image))
    (folder / "findings.json").write_text(json.dumps(findings or []))
    (folder / "metrics.json").write_text(json.dumps(metrics or {}))


@pytest.fixture(name="processed")
def processed_fixture(tmp_path) -> Path:
    folder, image = tmp_path / "processed", picture()
    findings = [
        {"kind": "finding", "text": "November brings 14 % of revenue.", "figure": "figures/months.png", "alt": ALT},
        {"kind": "caution", "text": "December is cut short.", "figure": "figures/months.png", "alt": ALT},
        {"kind": "decision", "text": HOSTILE, "figure": None, "alt": None},
    ]
    numbers = {"lines_read": 200000, "lines_kept": 190000, "customers": 4008, "orders": 25000, "revenue": 1234567.8}
    keep(folder / "01_eda", eda(image), findings, numbers, image)
    (folder / "01_eda" / "dataset.json").write_text(
        json.dumps(
            {
                "title": "Toy & Sons",
                "simulated": True,
                "source": "demo/orders.parquet",
                "currency": "GBP",
                "lines": 200000,
            }
            | {"period": ["2024-01-02", "2025-12-31"], "digest": "ab" * 32}
        )
    )
    forecast = {"kind": "finding", "text": "The forecast beats the baseline.", "figure": None, "alt": None}
    keep(
        folder / "06_churn",
        [new_markdown_cell("# 6 · Who will not come back?\n**Reads** `panel.parquet`.")],
        [forecast],
        {"roc_auc": 0.7849, "roc_auc_low": 0.7612, "roc_auc_high": 0.8051},
        image,
    )
    return folder


def series(processed: Path, **stages: dict) -> None:
    record = {
        "name": "toy",
        "run_id": "20261121-0143-1a2b3c",
        "started": "2026-11-21T01:43:00+00:00",
        "finished": None,
        "stages": stages,
    }
    (processed / "series.json").write_text(json.dumps(record))


@pytest.fixture(name="reports")
def reports_fixture(processed, tmp_path) -> Path:
    """The pages of a series whose third notebook failed, so that the fourth was not run."""
    done = {"status": "succeeded", "error": None}
    failed = {"status": "failed", "error": "ValueError: no <cluster>"}
    series(
        processed,
        **{
            "01_eda": done,
            "03_clustering_comparison": failed,
            "04_label_creation": {"status": "not run"},
            "06_churn": done,
        },
    )
    report.build("toy", processed, tmp_path / "reports")
    return tmp_path / "reports"
