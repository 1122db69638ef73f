"""The app: segments, a customer, a file, actions, reports, for people who open no notebook.

Run it: ``make app``. The pages are in ``src/patrons/app``.
"""

import streamlit as st

from patrons.app import actions_page, customer_page, reports_page, score_page, segments_page
from patrons.app.results import Series, finished
from patrons.cli_parts import root_folder

PAGES = {
    "Segments": segments_page,
    "A customer": customer_page,
    "Score a file": score_page,
    "Actions": actions_page,
    "Reports": reports_page,
}


def main() -> None:
    """Draw the page that was chosen."""
    st.set_page_config("Patrons", layout="wide")
    names = finished(root_folder())
    st.sidebar.title("Patrons")
    if not names:
        st.info("There are no results yet. Run a series first: make run")
        return
    name = st.sidebar.selectbox("Data", names, index=names.index("demo") if "demo" in names else 0)
    page = st.sidebar.radio("Page", list(PAGES))
    PAGES[page].show(Series(root_folder(), name))


main()
