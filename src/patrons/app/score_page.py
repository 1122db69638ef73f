"""Page: score a file."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import streamlit as st

from patrons.app.results import Series
from patrons.app.words import headed, share
from patrons.errors import is_expected
from patrons.scoring import bulk

SHOWN = 200  # rows on the page; the download has all
OWN = ["error", "segment", "margin"]  # for other programs: only the download has them
KINDS = ["csv", "parquet", "xlsx", "tsv", "gz"]


def show(series: Series) -> None:
    """Draw the page."""
    st.header("Score a file")
    scorer = series.scorer()
    if told := series.doubt():
        st.warning(told)
    orders = " or raw orders in the columns of the training log" if scorer.manifest["kind"] == "orders" else ""
    st.markdown(f"A row a customer with the features of the model{orders}. Every row comes back; none is dropped.")
    given = st.file_uploader("File", KINDS)
    if given is None:
        return
    scored = _scored(series, given.name, given.getvalue())
    if scored is not None:
        _shown(*scored, Path(given.name).stem)


def _scored(series: Series, name: str, content: bytes) -> tuple[pd.DataFrame, bool] | None:
    """The answers to a file, and whether it held orders; scored once, however often the page is drawn."""
    scorer = series.scorer()
    key = (series.name, scorer.manifest["id"], name, hash(content))
    if st.session_state.get("scored_key") == key:
        return st.session_state["scored"]
    bar = st.progress(0.0, "Reading the file…")
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / Path(name).name, Path(folder) / "scored.parquet"
        source.write_bytes(content)
        try:
            told = bulk.score_file(
                scorer, source, target, tell=lambda done, total: bar.progress(*progress(done, total))
            )
        except Exception as error:
            bar.empty()
            if not is_expected(error):
                raise
            st.error(str(error).replace(f"{folder}/", ""))
            return None
        scored = pd.read_parquet(target), told.orders
    bar.empty()
    st.session_state.update(scored_key=key, scored=scored)
    return scored


def progress(done: int, total: int | None) -> tuple[float, str]:
    """How far a bar is, and what it says."""
    if total is None:
        return 0.0, "Reducing the orders to customers…"
    part = min(done / total, 1.0) if total else 1.0
    return part, f"{done:,} of {total:,} customers scored ({part:.0%})"


def _shown(scored: pd.DataFrame, orders: bool, stem: str) -> None:
    good, wrong = scored[scored.error.isna()], scored[scored.error.notna()]
    columns = st.columns(3)
    columns[0].metric("Customers scored", f"{len(good):,}")
    columns[1].metric("Flagged", share(good.flagged.mean()) if len(good) else "–")
    columns[2].metric("Not scored", f"{len(wrong):,}")
    st.download_button("Download the scored file", _csv(scored), f"{stem}_scored.csv", "text/csv", type="primary")
    if len(wrong):
        st.warning("These cannot be scored. Mend them in the file and upload it again.")
        listed = wrong.reset_index(names="row").assign(row=lambda table: table.row + 1)
        told = ["customer_id", "error"] if orders else ["row", "customer_id", "error"]
        st.dataframe(headed(listed[told].head(SHOWN)), hide_index=True)
    st.dataframe(headed(good.drop(columns=OWN).dropna(axis=1, how="all").head(SHOWN)), hide_index=True)


def _csv(scored: pd.DataFrame) -> bytes:
    """Text that a spreadsheet takes for text: what starts as a formula is quoted."""
    safe = scored.copy()
    for name in safe.select_dtypes(["object", "str"]):
        text = safe[name].map(lambda value: "; ".join(value) if isinstance(value, list | tuple) else value)
        safe[name] = text.map(lambda value: f"'{value}" if str(value)[:1] in "=+-@\t\r" and str(value) else value)
    return safe.to_csv(index=False).encode("utf-8-sig")
