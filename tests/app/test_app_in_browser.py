"""The app in a real browser that reaches no other host, on a desktop and on a phone."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pytest

pytest.importorskip("streamlit", reason="the serving extra is not installed: make test installs it")
import httpx

from patrons.app.contacts import ROW

APP = Path(__file__).parents[2] / "serving" / "app.py"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--server.headless=true", "--server.address=127.0.0.1", "--browser.gatherUsageStats=false"]
DESKTOP, PHONE = 1400, 390  # pixels
pytestmark = [
    pytest.mark.drill,
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome is installed"),
]


@contextmanager
def served(root):
    """The app as a process of its own; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(APP), f"--server.port={port}", *FLAGS]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{root / 'mlflow.db'}"}
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 120
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/_stcore/health").raise_for_status()
                break
            except httpx.HTTPError:
                assert time.monotonic() < end
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(15)


@pytest.fixture(scope="module")
def url(demo):
    with served(demo.root) as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--disable-quic", *root])
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page as wide as a desktop, and the hosts that it asks."""
    page = browser.new_page(viewport={"width": DESKTOP, "height": 1000}, accept_downloads=True)
    page.set_default_timeout(120_000)
    page.hosts = set()
    page.on("request", lambda request: page.hosts.add(urlsplit(request.url).hostname))
    yield page
    assert page.hosts <= {"127.0.0.1", None, ""}
    page.close()


def test_a_file_is_uploaded_and_the_scored_file_comes_back(demo, url, page, tmp_path):
    features = pd.read_parquet(next(demo.processed.glob("02*/features.parquet"))).head(30)
    features.loc[3, "recency_days"] = float("nan")
    features.to_csv(tmp_path / "new.csv", index=False)
    page.goto(url)
    page.get_by_text("Score a file", exact=True).first.click()
    page.locator("input[type=file]").set_input_files(tmp_path / "new.csv")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the scored file").click()
    waiting.value.save_as(tmp_path / "scored.csv")
    scored = pd.read_csv(tmp_path / "scored.csv", dtype={"customer_id": "str"})
    assert list(scored.customer_id) == list(features.customer_id)
    assert list(scored.index[scored.error.notna()]) == [3]
    known = pd.read_parquet(next(demo.processed.glob("06*/churn_scores.parquet"))).head(30)
    difference = (scored.churn_probability - known.churn_probability).abs()
    assert difference.drop(3).max() < 1e-5


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_list_is_filtered_taken_along_and_a_row_of_it_opens_its_customer(demo, url, page, width, tmp_path):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{url}/?page=Actions&mark=to+contact&sort=customer")
    page.get_by_text("answers").first.wait_for()  # which is written last
    listed = pd.read_csv(next(demo.processed.glob("07*/actions.csv")), dtype={"customer_id": "str"})
    second = sorted(listed.customer_id[listed.arm == "contact"])[1]
    grid = page.locator("[data-testid=stDataFrame] .dvn-scroller")
    grid.click(position={"x": 40, "y": 37 + 1.5 * ROW}, delay=120)  # as long as a finger is down
    page.get_by_role("heading", name=f"Customer {second}").wait_for()
    page.wait_for_function(f"location.search.includes('customer={second}')")
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop == 0")
    assert page.get_by_role("radio", name="Actions").is_visible()  # the way back stands on the page, on a phone too
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.reload()
    page.get_by_role("heading", name=f"Customer {second}").wait_for()
    page.get_by_role("radio", name="Actions").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download for Excel").click()
    waiting.value.save_as(tmp_path / "list.xlsx")
    listed = pd.read_excel(tmp_path / "list.xlsx", dtype={"customer_id": "str"})
    assert set(listed.arm) == {"contact"}
    assert listed.customer_id.is_monotonic_increasing  # as the address of before had it


def test_the_app_is_dark_where_the_reader_prefers_it(url, browser):
    for scheme, darker in (("light", False), ("dark", True)):
        page = browser.new_page(color_scheme=scheme)
        page.goto(url)
        page.get_by_role("heading", name="Segments").wait_for(timeout=120_000)
        colour = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
        page.close()
        assert (sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(",")[:3])) < 150) == darker
