"""The app: segments, a customer, a file, actions, reports, for people who open no notebook.

Run it: ``make app``. The pages are in ``src/patrons/app``. It scores with the champion, else with the last results, or
with a release that is given: ``streamlit run serving/app.py -- --release FOLDER``, which needs no MLflow.
"""

import argparse
import sys
from pathlib import Path
from types import ModuleType

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from patrons.app import actions, address, customer, reports, runs, score, segments
from patrons.app.formats import escaped
from patrons.app.results import EarlierError, Series, with_results
from patrons.errors import is_expected
from patrons.files import root_folder

PAGES = {
    "Segments": segments,
    "Actions": actions,
    "A customer": customer,
    "Score a file": score,
    "Runs": runs,
    "Reports": reports,
}
TO_THE_TOP = (
    "<script>/* {} */ document.querySelector('[data-testid=stMain]').scrollTo(0, 0)</script>"  # runs if changed
)
STYLE = (
    "<style>.stMainBlockContainer {padding-top: 4.5rem} h1 {padding: 0} .stHeading h2 {padding-top: 0}"
    "[class*=st-key-card] {min-height: 6.75rem}"
    "[class*=st-key-card] [data-testid=stCaptionContainer] {opacity: 1}"
    "[class*=st-key-card] h3 {font-size: 2.25rem; font-weight: 400; padding: 0; line-height: 1.25}</style>"
)  # cards look like metrics


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
    st.html(STYLE)
    if not names:
        st.title("Patrons")
        st.info("There are no results yet. Run a series first: make run")
        return
    top = st.container(horizontal=True, vertical_alignment="bottom")
    top.markdown("#### Patrons", width="content")
    series = Series(root_folder(), data_set(top, names), arguments.release)
    page = address.follows("page", "Segments", PAGES)
    st.pills("Page", list(PAGES), required=True, key="page", label_visibility="collapsed")
    st.html(TO_THE_TOP.format(page), unsafe_allow_javascript=True)  # a row far down may have opened it
    status = st.caption(series.about())
    show(PAGES[page], series)
    status.caption(f"{series.about()} · {series.answering()}")


def data_set(top: DeltaGenerator, names: list[str]) -> str:
    """The series that was chosen, by its title; the address has its name."""
    titles = {name: Series(root_folder(), name).title for name in names}
    alike = [title for title in titles.values() if list(titles.values()).count(title) > 1]
    shown = {name: f"{title} ({name})" if title in alike else title for name, title in titles.items()}
    name: str = address.follows("data", "demo" if "demo" in names else names[0], names)
    top.selectbox("Data", names, format_func=shown.__getitem__, key="data", label_visibility="collapsed", width=300)
    return name


def show(page: ModuleType, series: Series) -> None:
    """Show a page; what is wrong with the results, or with the page, is said in a sentence."""
    if trouble := series.trouble():
        st.warning(trouble)
    try:
        page.show(series)
    except EarlierError as error:
        st.info(escaped(str(error)))
    except Exception as error:
        if not is_expected(error):
            raise
        st.error(
            "This page has no answer now. Try again in a minute; if that does not help, tell whoever runs the app:"
        )
        st.code(str(error), language=None, wrap_lines=True)


main()
