"""The address in the browser follows what is chosen on a page; whoever opens it finds the same chosen."""

from collections.abc import Collection
from typing import Any

import streamlit as st


def follows(
    key: str,
    otherwise: Any,
    options: Collection[str] | None = None,
    ends: tuple[float, float] | None = None,
) -> Any:
    """Tie a widget that comes next to the address, by its key; call it before the widget, which gets no value itself.

    What the address says is taken once, where nothing was chosen yet. What is chosen is in the address from then on,
    unless it is what would be chosen otherwise.

    Parameters
    ----------
    key : str
        Of the widget, and of the parameter in the address.
    otherwise : str, list of str, float or bool
        What is chosen where the address says nothing, or what cannot be; its type is that of the widget's value.
    options : collection of str, optional
        What can be chosen.
    ends : tuple of float, optional
        The least and the greatest number.

    Returns
    -------
    Any
        What is chosen.
    """
    known = key in st.session_state
    wanted = st.session_state[key] if known else _read(st.query_params.get_all(key), otherwise)
    value = _possible(wanted, otherwise, options, ends)
    if not known or value != wanted:
        st.session_state[key] = value
    written = [] if value == otherwise else _written(value)
    if st.query_params.get_all(key) != written:
        if written:
            st.query_params[key] = written
        else:
            st.query_params.pop(key, None)
    return value


def remembers(key: str, otherwise: Any) -> Any:
    """What is chosen by a widget that comes next, also after another page was shown; it stays out of the address.

    For free text, which may name a person: addresses are kept by browsers and by servers on the way.
    """
    value = st.session_state.setdefault(key, st.session_state.get(f"{key} of before", otherwise))
    st.session_state[f"{key} of before"] = value
    return value


def _read(texts: list[str], otherwise: Any) -> Any:
    if not texts or isinstance(otherwise, list):
        return texts or otherwise
    if isinstance(otherwise, bool):
        return texts[0] == "yes"
    try:
        return type(otherwise)(texts[0])
    except ValueError:
        return otherwise


def _written(value: Any) -> list[str]:
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return value if isinstance(value, list) else [value if isinstance(value, str) else f"{value:.10g}"]


def _possible(value: Any, otherwise: Any, options: Collection[str] | None, ends: tuple[float, float] | None) -> Any:
    if ends is not None:
        return min(max(value, ends[0]), ends[1]) if value == value else otherwise  # a number that is none is not itself
    if options is None:
        return value
    if isinstance(otherwise, list):
        return [one for one in value if one in options]
    return value if value in options else otherwise
