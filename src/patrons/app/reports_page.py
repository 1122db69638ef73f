"""Page: the HTML reports of a series."""

import streamlit as st

from patrons.app.results import Series

TALL = 1200  # pixels; longer pages scroll


def show(series: Series) -> None:
    """Draw the page."""
    st.header("Reports")
    pages = sorted(series.reports.glob("*.html"), key=lambda page: (page.stem != "index", page.stem))
    if not pages:
        st.info(f"There are no reports on {series.name}: run the series, then they are in reports/{series.name}.")
        return
    page = st.selectbox("Page", pages, format_func=lambda one: one.stem.replace("_", " "))
    content = page.read_text(encoding="utf-8")
    st.download_button("Download the page", content, page.name, "text/html")
    st.iframe(content, height=TALL)
