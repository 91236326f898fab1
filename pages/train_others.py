"""Other runs whose curves are laid over those of the one that is watched."""

from __future__ import annotations

import streamlit as st

from pages.train_figures import OTHERS
from vae.runs import Run, list_runs
from vae.status import ACTIVE

_KEPT = "train laid over"  # the session's choice, kept while other pages are visited


def laid_over(run: Run) -> list[tuple[Run, bool]]:
    """The choice of at most four other runs; each with whether it has ended."""
    found = {other.name: other for other in list_runs()[0] if other.name != run.name}
    kept = [name for name in st.session_state.get(_KEPT, []) if name in found]
    key = f"train others {run.name}"
    st.session_state.setdefault(key, kept)
    st.session_state[key] = [name for name in st.session_state[key] if name in found]
    chosen = st.multiselect(
        "Lay other runs over the curves",
        list(found),
        key=key,
        max_selections=len(OTHERS),
        placeholder="none",
        help="Their validation images, where they have the same terms.",
    )
    st.session_state[_KEPT] = chosen
    return [(found[name], found[name].status["state"] not in ACTIVE) for name in chosen]
