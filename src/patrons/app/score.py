"""Page: score a file."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import streamlit as st

from patrons.app.formats import NONE, escaped, percent, styled
from patrons.app.results import Series
from patrons.errors import is_expected
from patrons.scoring import bulk
from patrons.scoring.rows import ORDERS
from patrons.spreadsheet import safe_csv

SHOWN = 200  # rows on the page; the download has all
MOST_WARNINGS = 10
HIDDEN = ["error", "segment", "margin", "release", "as_of"]  # for other programs: only the download has them
KINDS = ["csv", "parquet", "xlsx", "tsv", "gz"]


def show(series: Series) -> None:
    """Draw the page."""
    st.header("Score a file")
    scorer = series.scorer()
    if doubts := series.doubts():
        st.warning(doubts)
    orders = " or raw orders in the columns of the training log" if scorer.manifest["kind"] == ORDERS else ""
    st.markdown(f"One row a customer, with the features of the model{orders}. Every row comes back; none is dropped.")
    file = st.file_uploader("File", KINDS)
    if file is None:
        return
    scored = _scored(series, file.name, file.getvalue())
    if scored is not None:
        _show_answers(*scored, Path(file.name).stem)


def _scored(series: Series, name: str, content: bytes) -> tuple[pd.DataFrame, bulk.Scored] | None:
    """The answers to a file, and what is to be said of them; scored once, however often the page is drawn."""
    scorer = series.scorer()
    key = (series.name, scorer.manifest["id"], name, hash(content))
    if st.session_state.get("scored_key") == key:
        return st.session_state["scored"]
    bar = st.progress(0.0, "Reading the file…")
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / Path(name).name, Path(folder) / "scored.parquet"
        source.write_bytes(content)
        try:
            result = bulk.score_file(scorer, source, target, report=lambda *counts: bar.progress(*progress(*counts)))
        except Exception as error:
            bar.empty()
            if not is_expected(error):
                raise
            st.error(str(error).replace(f"{folder}/", ""))
            return None
        scored = pd.read_parquet(target), result
    bar.empty()
    st.session_state.update(scored_key=key, scored=scored)
    return scored


def progress(done: int, total: int | None) -> tuple[float, str]:
    """The length of the progress bar and its text."""
    if total is None:
        return 0.0, "Reducing the orders to customers…"
    share = min(done / total, 1.0) if total else 1.0
    return share, f"{done:,} of {total:,} customers scored ({share:.0%})"


def _show_answers(scored: pd.DataFrame, result: bulk.Scored, stem: str) -> None:
    good, refused = scored[scored.error.isna()], scored[scored.error.notna()]
    columns = st.columns(3)
    columns[0].metric("Customers scored", f"{len(good):,}")
    columns[1].metric("Warned of", percent(good.flagged.mean()) if len(good) else NONE)
    columns[2].metric("Not scored", f"{len(refused):,}")
    if result.warnings:
        listed = "\n".join(f"- {escaped(warning)}" for warning in result.warnings[:MOST_WARNINGS])
        more = len(result.warnings) - MOST_WARNINGS
        st.warning(f"These customers are unlike those of the training:\n{listed}" + (f"\n- {more} more" * (more > 0)))
    if result.unused:
        st.caption(escaped(f"Columns that nothing is made of: {', '.join(result.unused[:MOST_WARNINGS])}"))
    st.download_button("Download the scored file", safe_csv(scored), f"{stem}_scored.csv", "text/csv", type="primary")
    if len(refused):
        st.warning("These cannot be scored. Correct them in the file and upload it again.")
        numbered = refused.reset_index(names="row").assign(row=lambda table: table.row + 1)
        columns_shown = ["customer_id", "error"] if result.orders else ["row", "customer_id", "error"]
        st.dataframe(styled(numbered[columns_shown].head(SHOWN)), hide_index=True, placeholder=NONE)
    st.dataframe(
        styled(good.drop(columns=HIDDEN).dropna(axis=1, how="all").head(SHOWN)), hide_index=True, placeholder=NONE
    )
