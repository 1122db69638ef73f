"""The report in a real browser that can reach nothing: headless Chromium, with every host name refused."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from toy_report import keep, picture, processed_fixture, reports_fixture, series  # noqa: F401

from patrons.reports import pages as report

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome is installed"),
]
# an iframe is as narrow as a phone; a window cannot be
PHONE = """<iframe srcdoc="{page}" style="width: 390px; height: 800px; border: 0"></iframe><p id="width"></p><script>
addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument.documentElement;
  document.getElementById("width").textContent = `${{page.scrollWidth}} of ${{page.clientWidth}}`;
}});
</script>"""


@pytest.fixture
def browse(tmp_path):
    """Open a page without a network; gives back what the browser printed."""

    def run(page: Path, *options: str) -> str:
        quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
        alone = ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'browser'}"]
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [
            BROWSER,
            "--headless",
            "--disable-gpu",
            "--disable-quic",
            *quiet,
            *alone,
            *root,
            *options,
            page.as_uri(),
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    return run


def test_the_index_renders_with_its_pictures(processed, browse, tmp_path):
    keep(processed / "04_label_creation", [], image=picture())
    cards = [{"segment": name, "customers": 5, "share": 0.5, "revenue_share": 0.5, "action": "x"} for name in "AB"]
    (processed / "04_label_creation" / "segments.json").write_text(json.dumps(cards))
    series(processed, **{"04_label_creation": {"status": "succeeded"}})
    browse(
        report.build("toy", processed, tmp_path / "reports"),
        "--window-size=1280,1600",
        f"--screenshot={tmp_path / 'index.png'}",
    )
    pixels = matplotlib.image.imread(tmp_path / "index.png")[:, :, :3]
    blue = np.isclose(pixels, np.array([0x8C, 0xC0, 0xE0]) / 255, atol=0.02).all(axis=2)
    assert pixels.shape[:2] == (1600, 1280)
    assert blue.sum() > 1_000  # the bars of the segments, pixels


def test_the_index_is_dark_where_the_reader_prefers_it(reports, browse, tmp_path):
    dark = "--blink-settings=preferredColorScheme=0"
    browse(reports / "index.html", dark, "--window-size=800,600", f"--screenshot={tmp_path / 'dark.png'}")
    assert matplotlib.image.imread(tmp_path / "dark.png")[:, :, :3].mean() < 0.3


def test_the_index_of_a_series_prints_on_two_sheets(demo, browse, tmp_path):
    browse(demo.reports / "index.html", "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'index.pdf'}")
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "index.pdf").read_bytes())) <= 2


def asked(log: Path) -> set[str]:
    """Addresses that pages, not the browser for itself, asked the network for."""
    events = (event.get("params", {}) for event in json.loads(log.read_text())["events"])
    return {
        event["url"]
        for event in events
        if "url" in event and event.get("initiator", "not an origin") != "not an origin"
    }


@pytest.mark.parametrize("name", ["index.html", "01_eda.html"])
def test_opening_a_page_asks_the_network_for_nothing(reports, browse, tmp_path, name):
    browse(reports / name, "--dump-dom", f"--log-net-log={tmp_path / 'net.json'}")
    assert asked(tmp_path / "net.json") == set()


def test_a_page_that_did_ask_would_be_noticed(browse, tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<img src="http://pictures.invalid/a.png">')
    browse(page, "--dump-dom", f"--log-net-log={tmp_path / 'net.json'}")
    assert asked(tmp_path / "net.json") == {"http://pictures.invalid/a.png"}


@pytest.mark.parametrize("name", ["index.html", "01_eda.html"])
def test_a_page_is_no_wider_than_a_phone(reports, browse, name):
    frame = reports / "phone.htm"
    frame.write_text(PHONE.format(page=html.escape((reports / name).read_text(encoding="utf-8"))))
    dom = browse(frame, "--dump-dom", "--hide-scrollbars", "--virtual-time-budget=5000")
    assert '<p id="width">390 of 390</p>' in dom


def test_the_browser_runs_no_script_that_the_data_smuggled_in(processed, browse, tmp_path):
    path = processed / "01_eda" / "dataset.json"
    hostile = "<img src=x onerror=\"document.title='run'\"><script>document.title = 'run'</script>"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"title": hostile}))
    dom = browse(report.build("toy", processed, tmp_path / "reports"), "--dump-dom")
    assert "<title>run</title>" not in dom
    assert "&lt;script&gt;" in dom
