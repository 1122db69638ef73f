"""Page: the HTML reports of a series."""

import re
from collections.abc import Collection
from urllib.parse import urlencode

import streamlit as st

from patrons.app import address
from patrons.app.results import Series

HEIGHT = 1200  # pixels; longer pages scroll
LINK = re.compile(r'(<a [^>]*?)href="([^":]*)"')


def show(series: Series) -> None:
    """Draw the page."""
    st.header("Reports")
    pages = sorted(series.reports.glob("*.html"), key=lambda page: (page.stem != "index", page.stem))
    if not pages:
        st.info(f"There are no reports on {series.name}: run the series, then they are in reports/{series.name}.")
        return
    names = [page.stem for page in pages]
    name = address.follows("report", names[0], names)
    st.selectbox("Page", names, key="report", format_func=lambda n: "overview" if n == "index" else n.replace("_", " "))
    page = pages[names.index(name)]
    content = page.read_text(encoding="utf-8")
    st.download_button("Download the page", content, page.name, "text/html")
    st.iframe(linked(content, series.name, names), height=HEIGHT)


def linked(content: str, data: str, names: Collection[str]) -> str:
    """A report whose links work inside a frame: to other reports in a new tab, to places in it in the frame itself.

    Parameters
    ----------
    content : str
    data : str
        The series.
    names : collection of str
        The reports of the series, such as ``06_churn``.
    """

    def fixed(link: re.Match[str]) -> str:
        start, target = link.groups()
        if target.startswith("#"):
            return f'{start}href="about:srcdoc{target}"'
        name = target.removesuffix(".html")
        if name not in names:
            return link[0]
        query = urlencode({"data": data, "page": "Reports", "report": name}).replace("&", "&amp;")
        return f'{start}href="?{query}" target="_blank" rel="noopener"'

    return LINK.sub(fixed, content)
