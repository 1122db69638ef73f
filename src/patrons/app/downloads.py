"""The list as files, and members of a segment, or those warned of, for tools that send mail."""

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from patrons.app import address
from patrons.app.formats import escaped
from patrons.app.results import Series
from patrons.spreadsheet import safe_csv
from patrons.value import audiences
from patrons.value.listing import ListError
from patrons.value.workbook import workbook

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EVERYONE, WARNED = "everyone", "those warned of"


def show(series: Series, rows: pd.DataFrame) -> None:
    """The customers of the page with all that 07 says of them, as CSV and for Excel; each is made on a click."""
    assumed = pd.DataFrame(
        (series.json("value.json") or {}).get("assumptions", []), columns=["assumption", "low", "likely", "high"]
    )
    stem, buttons = f"{series.name}_actions", st.container(horizontal=True)
    csv, excel = partial(safe_csv, rows), partial(workbook, rows, assumed)
    buttons.download_button("Download as CSV", csv, f"{stem}.csv", "text/csv", type="primary", on_click="ignore")
    buttons.download_button("Download for Excel", excel, f"{stem}.xlsx", EXCEL, on_click="ignore")


def for_mail(series: Series) -> None:
    """An audience: who, for which tool, and the file; nothing is read before somebody asks."""
    asked = st.expander("Send them mail: a file for Klaviyo, Mailchimp or Google", key="mail", on_change="rerun")
    if not asked.open:
        return
    with asked:
        names = [card["segment"] for card in series.json("segments.json") or []]
        columns = st.columns(3)
        address.follows("audience", EVERYONE, [EVERYONE, *names])
        segment = columns[0].selectbox("Members of", [EVERYONE, *names], key="audience")
        who = columns[1].selectbox("Of them", [WARNED, "all"] if segment != EVERYONE else [WARNED])
        form = columns[2].selectbox("For", list(audiences.FORMS), format_func=audiences.FORMS.__getitem__)
        changed = tuple((str(path), path.stat().st_mtime_ns) for path in audiences.reads(series.processed))
        try:
            found = _audience(series.processed, form, segment if segment != EVERYONE else "", who == WARNED, changed)
        except (audiences.AudienceError, ListError) as error:
            st.info(escaped(str(error)))
            return
        st.caption(escaped(" ".join([told(found), *found.notes])))
        name, file = f"{series.name}_{form}.csv", partial(audiences.content, found.table)
        st.download_button("Download the audience", file, name, "text/csv", on_click="ignore")


@st.cache_data(max_entries=8, show_spinner="Looking who can be reached…")
def _audience(processed: Path, form: str, segment: str, flagged: bool, changed: tuple[Any, ...]) -> audiences.Audience:
    return audiences.of(processed, form, segment, flagged)


def told(audience: audiences.Audience) -> str:
    """How many are in a file, and why the others are not; a sentence or two."""
    left = [
        f"{audience.held:,} are held out: leave them alone" if audience.held else "",
        f"{audience.without:,} have no address or id that can be used" if audience.without else "",
    ]
    reasons = "; ".join(filter(None, left))
    return f"{len(audience.table):,} of {audience.members:,} customers are in the file." + (
        f" {reasons[0].upper()}{reasons[1:]}." if reasons else ""
    )
