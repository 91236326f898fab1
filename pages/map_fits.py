"""New t-SNE maps: the form, the progress of a fit in the background, and its end."""

from __future__ import annotations

import streamlit as st

from pages.latent_map_names import map_name
from vae.jobs import cancel_map, start_map
from vae.map_jobs import Fit, fits
from vae.maps import MapParams, map_id, stored_maps, usual
from vae.runs import Run

# Measured on fashion-conv-16, two idle cores: 13.6 s.
TIMED_POINTS, TIMED_SECONDS = 5000, 14


def offer_fit(run: Run) -> None:
    """The button that opens the form of a new map."""
    # Another key is another popover, and a new one is closed: so it closes when a fit starts.
    key = f"new map {st.session_state.get('fits started', 0)}"
    with (
        st.popover("New t-SNE map", icon=":material/add:", key=key),
        st.form("new map", border=False),
    ):
        available = len(run.codes().mu)
        points = st.number_input(
            f"Points, of {available:,} codes",
            min_value=min(3, available),
            max_value=available,
            value=min(5000, available),
            step=1000,
        )
        perplexity = st.number_input(
            "Perplexity",
            2.0,
            1000.0,
            30.0,
            step=5.0,
            format="%g",
            help="About how many neighbours each point looks at; 5 to 50 is usual.",
        )
        seed = st.number_input("Seed", 0, 2**31 - 1, 0)
        if available >= TIMED_POINTS:
            st.caption(
                f"About {TIMED_SECONDS} s for {TIMED_POINTS:,} points on two idle cores; "
                "more points take longer."
            )
        if st.form_submit_button("Fit", type="primary"):
            _start(run, MapParams(int(points), float(perplexity), int(seed)))


def show_fits(run: Run) -> None:
    """Progress of the fits at work, with Cancel; select each map when it is done."""
    watched = _watched(run)
    watched |= {fit.map_id for fit in fits(run) if fit.state == "running"}
    if watched:
        _progress(run)
    for sentence in st.session_state.pop("fit errors", []):
        st.error(sentence, icon=":material/error:")


def _watched(run: Run) -> set[str]:
    """Ids of this model's maps whose end this session waits for."""
    return st.session_state.setdefault("fits", {}).setdefault(run.name, set())


def _start(run: Run, params: MapParams) -> None:
    params = usual(params, len(run.codes().mu))
    name = map_id(params)
    if name in stored_maps(run):
        st.session_state["maps"][run.name] = name
        st.toast("This map is there already.")
    else:
        start_map(run, params)
        _watched(run).add(name)
    st.session_state["fits started"] = st.session_state.get("fits started", 0) + 1
    st.rerun()


@st.fragment(run_every=0.7)
def _progress(run: Run) -> None:
    watched = _watched(run)
    ended = False
    for fit in fits(run):
        if fit.map_id not in watched:
            continue
        if fit.state == "running":
            _bar(fit, _title(run, fit))
            continue
        ended = True
        watched.discard(fit.map_id)
        if fit.state == "done":
            if fit.map_id in stored_maps(run):  # a script may have called it by another name
                st.session_state["maps"][run.name] = fit.map_id
        elif fit.state != "cancelled":
            why = fit.error or f"its process is gone; see {fit.folder / 'log.txt'}"
            sentences = st.session_state.setdefault("fit errors", [])
            sentences.append(f"The map {_title(run, fit)} was not fitted: {why}")
    if ended:
        st.rerun()


def _title(run: Run, fit: Fit) -> str:
    return f"“{map_name(fit.map_id, len(run.codes().mu))}”"


def _bar(fit: Fit, title: str) -> None:
    left = "" if fit.seconds_left is None else f", about {fit.seconds_left:.0f} s left"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, fit.progress), f"New map {title}: {fit.stage}{left}")
        st.button(
            "Cancel",
            key=f"cancel {fit.folder}",
            on_click=cancel_map,
            args=(fit.folder,),
            icon=":material/close:",
        )
