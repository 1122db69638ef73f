"""The pages for stakeholders, made from a toy series of which one notebook failed (see toy_report)."""

import base64
import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from toy_report import ALT, HOSTILE, processed_fixture, reports_fixture, series  # noqa: F401

from patrons.reports import pages
from patrons.reports.markup import tidy

REGION = '<div aria-label="{}" class="scroll" role="region" tabindex="0"><table>{}</table></div>'


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def test_there_is_an_index_and_a_page_for_each_executed_notebook(reports):
    assert sorted(path.name for path in reports.iterdir()) == ["01_eda.html", "06_churn.html", "index.html"]


@pytest.mark.parametrize("name", ["index.html", "01_eda.html", "06_churn.html"])
def test_a_page_loads_nothing_and_links_only_to_its_neighbours(reports, name):
    page = soup(reports / name)
    assert not page.select("script, iframe, object, embed, link:not([rel=icon])")
    addresses = [tag[key] for tag in page.find_all(True) for key in ("src", "href") if tag.has_attr(key)]
    places = [address for address in addresses if not address.startswith(("#", "data:"))]
    assert addresses
    assert all((reports / place).exists() for place in places), places
    assert not re.search(r"@import|url\(", " ".join(style.text for style in page.find_all("style")))


@pytest.mark.parametrize("name", ["index.html", "01_eda.html", "06_churn.html"])
def test_the_browser_is_told_to_refuse_scripts_and_everything_from_elsewhere(reports, name):
    policy = soup(reports / name).find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy


@pytest.mark.parametrize("name", ["index.html", "01_eda.html", "06_churn.html"])
def test_a_page_can_be_heard_as_well_as_seen(reports, name):
    page = soup(reports / name)
    assert page.html["lang"] == "en"
    assert len(page.find_all("h1")) == len(page.find_all("main")) == 1
    assert all(image.get("alt") for image in page.find_all("img"))
    identifiers = [tag["id"] for tag in page.find_all(id=True)]
    assert len(identifiers) == len(set(identifiers))
    assert {link["href"][1:] for link in page.select('a[href^="#"]')} <= set(identifiers)


def test_code_warnings_and_bare_objects_do_not_show(reports):
    assert "MARKER_OF" not in (reports / "01_eda.html").read_text(encoding="utf-8")


def test_a_picture_keeps_its_alternative_text(reports):
    [image] = soup(reports / "01_eda.html").select("figure img")
    assert image["alt"] == ALT
    assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")


def test_what_a_notebook_reads_and_writes_is_set_apart_from_what_it_decides(reports):
    page = soup(reports / "01_eda.html")
    assert page.select_one(".declaration").get_text(" ", strip=True).startswith("Reads the source.")
    assert "Decides" not in page.select_one(".declaration").text
    assert page.main.find_all(True, recursive=False)[-1]["class"] == ["declaration"]  # at the foot
    assert "which lines count" in page.main.text


def test_a_link_to_elsewhere_is_spelled_out_and_a_picture_from_elsewhere_is_named(reports):
    text = soup(reports / "01_eda.html").main.get_text()
    assert "the paper (https://example.org/paper) and logo." in text


def test_columns_of_words_are_marked_as_text_and_columns_of_numbers_are_not(reports):
    rows = soup(reports / "01_eda.html").table.find_all("tr")
    assert [[("text" in cell.get("class", [])) for cell in row.find_all(["th", "td"])] for row in rows] == [
        [True, False, False]
    ] * 3


def test_simulated_customers_are_said_to_be_simulated_on_every_page(reports):
    for path in reports.iterdir():
        assert "These customers are simulated:" in soup(path).select_one(".simulated").text


def test_real_customers_are_not_said_to_be_simulated(processed, tmp_path):
    path = processed / "01_eda" / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"simulated": False}))
    index = pages.build("toy", processed, tmp_path / "reports")
    assert "simulated" not in soup(index).body.text


def test_the_header_names_data_period_run_and_digest(reports):
    for path in reports.iterdir():
        facts = " ".join(part.get_text(" ", strip=True) for part in soup(path).select(".facts"))
        assert "2 January 2024 to 31 December 2025" in facts
        assert "GBP" in facts
        assert "20261121-0143-1a2b3c" in facts
        assert "abababababab" in facts


def test_the_index_folds_the_findings_of_a_chapter_and_leaves_figures_to_its_page(reports):
    page = soup(reports / "index.html")
    [folded] = page.select_one(".toc").select('li[value="1"] > details')
    assert [(item["class"], item.get_text()) for item in folded.select("li")] == [
        (["finding"], "November brings 14 % of revenue."),
        (["caution"], "December is cut short."),
        (["decision"], HOSTILE),
    ]
    assert not page.select("img")
    assert (reports / "index.html").stat().st_size < 1_000_000


def test_text_from_the_data_is_escaped_on_the_index(reports):
    assert "R&amp;D &lt;b&gt;grew&lt;/b&gt; to &lt;script&gt;" in (reports / "index.html").read_text(encoding="utf-8")


def test_days_are_told_in_words_but_not_within_names_and_code():
    html = "<td>2025-12-24</td><p>On 2024-01-05, see list 2024-01-05-ab12.</p><code>2024-01-05</code><p>2024-13-77</p>"
    assert tidy(html) == (
        "<td>24 December 2025</td><p>On 5 January 2024, see list 2024-01-05-ab12.</p><code>2024-01-05</code>"
        "<p>2024-13-77</p>"
    )


def test_the_index_shows_only_numbers_that_were_recorded(reports):
    numbers = soup(reports / "index.html").select_one(".numbers")
    assert [value.text for value in numbers.select(".value")] == ["1,234,568", "95%"]
    details = [detail.text for detail in numbers.select(".detail")]
    assert details == ["25,000 orders, 2 January 2024 to 31 December 2025", "of 200,000; page 1 says why not all"]


def test_an_incomplete_series_says_so_on_top_and_at_the_notebook(reports):
    page = soup(reports / "index.html")
    notice = page.select_one("main > .notice").get_text(" ", strip=True)
    assert "This report is incomplete." in notice
    assert "Clustering comparison: failed (ValueError: no <cluster>)" in notice
    assert "Label creation: was not run" in notice
    assert page.select_one('.toc li[value="3"] .status').text == "failed"


def test_a_complete_series_shows_no_notice(processed, tmp_path):
    index = pages.build("toy", processed, tmp_path / "reports")
    assert not soup(index).select(".notice")


def test_what_is_left_of_an_earlier_run_is_not_shown_as_this_one(processed, tmp_path):
    series(processed, **{"01_eda": {"status": "succeeded"}, "06_churn": {"status": "failed", "error": "killed"}})
    index = pages.build("toy", processed, tmp_path / "reports")
    assert "beats the baseline" not in index.read_text(encoding="utf-8")
    assert "ROC AUC" not in index.read_text(encoding="utf-8")
    assert not (index.parent / "06_churn.html").exists()


def test_a_failed_notebook_is_named_by_its_question(processed, tmp_path):
    (processed / "06_churn" / "notebook.ipynb").rename(processed / "06_churn.failed.ipynb")
    series(processed, **{"06_churn": {"status": "failed", "error": "killed"}})
    index = pages.build("toy", processed, tmp_path / "reports")
    assert "6 · Who will not come back?: failed (killed)" in soup(index).select_one(".notice").get_text(" ", strip=True)


def test_half_an_executed_notebook_is_left_out_and_told(processed, tmp_path, caplog):
    series(processed, **{"01_eda": {"status": "succeeded"}, "03_x": {"status": "failed", "error": "disk full"}})
    (processed / "03_x.failed.ipynb").write_text('{"cells": [{"cell_ty')
    index = pages.build("toy", processed, tmp_path / "reports")
    assert "3 · X" in soup(index).get_text()
    assert "03_x.failed.ipynb was cut off while it was written, and is left out." in caplog.text


def test_a_page_lists_its_questions_to_jump_to(reports):
    page = soup(reports / "01_eda.html")
    assert [link.text for link in page.select(".contents a")] == [
        "When do customers buy?",
        "Where are they?",
        "What was decided?",
    ]
    assert [link["href"] for link in page.select(".contents a")] == [
        f"#{heading['id']}" for heading in page.main.find_all("h2")
    ]


def test_pages_link_to_the_one_before_the_one_after_and_the_index(reports):
    first, last = soup(reports / "01_eda.html"), soup(reports / "06_churn.html")
    assert [link["href"] for link in first.header.nav.find_all("a")] == ["index.html", "06_churn.html"]
    assert [link["href"] for link in last.header.nav.find_all("a")] == ["01_eda.html", "index.html"]


def test_the_page_of_a_notebook_that_is_gone_goes_too(processed, reports):
    (processed / "06_churn" / "notebook.ipynb").unlink()
    pages.build("toy", processed, reports)
    assert not (reports / "06_churn.html").exists()


def test_the_same_results_make_the_same_pages(processed, reports):
    before = {path.name: path.read_bytes() for path in reports.iterdir()}
    pages.build("toy", processed, reports)
    assert {path.name: path.read_bytes() for path in reports.iterdir()} == before


def test_the_style_is_small(reports):
    assert len(soup(reports / "index.html").style.text) < 15_000


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<p>a<script>b</script></p>", "<p>a</p>"),
        ('<p onclick="b()">a</p>', "<p>a</p>"),
        ('<a href="javascript:b()">a</a>', "<span>a</span>"),
        ('<a href="02_transformation.ipynb">a</a>', '<a href="02_transformation.html">a</a>'),
        ('<p style="background: url(http://b)">a</p>', "<p>a</p>"),
        ("<style>@import 'b';</style><p>a</p>", "<p>a</p>"),
        ("<style>.simulated{display:none}</style><p>a</p>", "<p>a</p>"),
        ("<style>#T_1 ~ p, #T_1 td{color:red}</style><p>a</p>", "<p>a</p>"),
        ("<style>#T_1 td{position:fixed}</style><p>a</p>", "<p>a</p>"),
        ("<style>#T_1 td {color:red}</style><p>a</p>", "<style>#T_1 td {color:red}</style><p>a</p>"),
        (
            "<style>#T_1_row0_col0, #T_1_row1_col0 { background: blue; }</style>",
            "<style>#T_1_row0_col0, #T_1_row1_col0 { background: blue; }</style>",
        ),
        ('<img alt="a" src="//b/c.png"/>', "a"),
        ("<table><caption>a</caption></table>", REGION.format("a", "<caption><span>a</span></caption>")),
        (
            "<table><thead><tr><th>a_b</th></tr></thead></table>",
            REGION.format("Table", "<thead><tr><th>a b</th></tr></thead>"),
        ),
        ("<h1>a</h1><h1>B & c?</h1>", '<h2 id="b-c">B &amp; c?</h2>'),
        ("<h2>a</h2><h2>a</h2>", '<h2 id="a">a</h2><h2 id="a-2">a</h2>'),
    ],
)
def test_what_a_notebook_made_is_disarmed_and_mended(html, clean):
    assert tidy(html) == clean
