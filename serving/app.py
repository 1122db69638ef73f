"""The app: segments, a customer, a file, actions, reports, for people who open no notebook.

Run it: ``make app``. The pages are in ``src/patrons/app``. It scores with the champion, else with the last results, or
with a release that is given: ``streamlit run serving/app.py -- --release FOLDER``, which needs no MLflow.
"""

import argparse
import sys
from pathlib import Path
from types import ModuleType

import streamlit as st

from patrons.app import actions, customer, reports, score, segments
from patrons.app.results import Series, with_results
from patrons.errors import is_expected
from patrons.files import root_folder

PAGES = {
    "Segments": segments,
    "A customer": customer,
    "Score a file": score,
    "Actions": actions,
    "Reports": reports,
}


def main() -> None:
    """Show the page that was chosen."""
    st.set_page_config("Patrons", layout="wide")
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--release", type=Path, help="a release folder, or a file that names one")
    arguments, unknown = parser.parse_known_args(sys.argv[1:])
    if unknown:
        st.error(f"The app was started with arguments that it does not know: {' '.join(unknown)}. It takes --release.")
        return
    names = with_results(root_folder())
    st.sidebar.title("Patrons")
    if not names:
        st.info("There are no results yet. Run a series first: make run")
        return
    name = st.sidebar.selectbox("Data", names, index=place_of(names, "data", "demo"))
    page = st.sidebar.radio("Page", list(PAGES), index=place_of(list(PAGES), "page", "Segments"))
    show(PAGES[page], Series(root_folder(), name, arguments.release))


def place_of(options: list[str], parameter: str, otherwise: str) -> int:
    """The place in a list of what a link to the app asks for."""
    linked_to = st.query_params.get(parameter)
    wanted = linked_to if linked_to in options else otherwise
    return options.index(wanted) if wanted in options else 0


def show(page: ModuleType, series: Series) -> None:
    """Show a page; what is wrong with the results, or with the page, is said in a sentence."""
    if series.simulated:
        st.sidebar.caption("These customers are simulated: a computer made them up.")
    if trouble := series.trouble():
        st.warning(trouble)
    try:
        page.show(series)
    except Exception as error:
        if not is_expected(error):
            raise
        st.error(
            "This page has no answer now. Try again in a minute; if that does not help, tell whoever runs the app:"
        )
        st.code(str(error), language=None, wrap_lines=True)


main()
