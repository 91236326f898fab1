"""New maps: the form, the progress of a fit in the background, and its end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import get_args

import streamlit as st

from pages.latent_map_names import METHODS, map_name, map_names
from vae.jobs import cancel_map, start_map, start_perplexities
from vae.map_jobs import GRID, Fit, fits
from vae.map_params import MAX_POINTS, MapParams, Method, Metric, map_id, usual
from vae.maps import stored_maps
from vae.runs import Run
from vae.umap_projection import HOW_TO_GET, umap_available

DEFAULT = MapParams()
METRICS = {
    "euclidean": "Euclidean",
    "cosine": "cosine (of angles)",
    "manhattan": "Manhattan",
}


def offer_fit(run: Run) -> None:
    """The button that opens the form of a new map."""
    # Another key is another popover, and a new one is closed: so it closes when a fit starts.
    key = f"new map {st.session_state.get('fits started', 0)}"
    with st.popover("New map", icon=":material/add:", key=key):
        method: Method = DEFAULT.method
        if umap_available():
            # Outside the form: which fields it has depends on it.
            method = st.segmented_control(
                "Method",
                get_args(Method),
                default=method,
                format_func=METHODS.__getitem__,
                key="new map's method",
                required=True,
                label_visibility="collapsed",
            )
        with st.form("new map", border=False):
            params = _fields(method, len(run.codes().mu), _free_seed(run, method))
            with st.container(horizontal=True, vertical_alignment="center"):
                if st.form_submit_button("Fit", type="primary"):
                    _start(run, MapParams(method=method, **params))
        if not umap_available():
            st.caption(f"UMAP maps need one more package: `{HOW_TO_GET}`.")


def _free_seed(run: Run, method: Method) -> int:
    """The first seed with which the form's other defaults make a map that is not there yet."""
    taken = {*stored_maps(run), *_at_work(run)}
    return next(s for s in count() if map_id(MapParams(method=method, seed=s)) not in taken)


def _at_work(run: Run) -> set[str]:
    return {fit.map_id for fit in fits(run) if fit.state == "running"}


def _fields(method: Method, available: int, seed: int) -> dict:
    """The parameters of a new map."""
    most = min(available, MAX_POINTS)
    found: dict = {
        "points": int(
            st.number_input(
                f"Points, of {available:,} codes",
                min_value=min(3, available),
                max_value=most,
                value=min(DEFAULT.points, most),
                step=1000,
                help="The first so many; all maps of one model begin with the same ones.",
            )
        )
    }
    left, right = st.columns(2)
    with left:
        if method == "umap":
            about = "How many nearest codes each point holds."
            found["neighbours"] = _number("Neighbours", 2, 500, DEFAULT.neighbours, 5, about)
        else:
            about = "About how many neighbours each point looks at; 5 to 50 is usual."
            found["perplexity"] = _number("Perplexity", 2.0, 1000.0, DEFAULT.perplexity, 5.0, about)
        found["metric"] = st.selectbox(
            "Distance of codes",
            get_args(Metric),
            format_func=METRICS.__getitem__,
            help="What “near” means: a straight line (Euclidean), the angle at z = 0 (cosine), or "
            "the sum over coordinates (Manhattan).",
        )
    with right:
        if method == "umap":
            about = "How close points may come: 0 makes tight clumps, 1 an even spread."
            found["min_dist"] = _number("Minimal distance", 0.0, 1.0, DEFAULT.min_dist, 0.1, about)
        else:
            about = "How much harder neighbours pull in the first 250 of 750 iterations."
            found["early_exaggeration"] = _number(
                "Early exaggeration", 1.0, 100.0, DEFAULT.early_exaggeration, 1.0, about
            )
        about = "Of the random numbers: the same seed gives the same map."
        found["seed"] = _number("Seed", 0, 2**31 - 1, seed, 1, about)
    if method == "tsne" and available >= DEFAULT.points:
        st.caption(
            "On two idle cores 5,000 points took 14 s (measured); more points, larger "
            "perplexities and a busy machine take longer. The bar shows the time left."
        )
    return found


def _number(label: str, low: float, high: float, value: float, step: float, about: str) -> float:
    form = "%d" if isinstance(value, int) else "%g"
    return st.number_input(label, low, high, value, step=step, format=form, help=about)


def start_grid(run: Run, grid: Sequence[MapParams]) -> None:
    """Fit maps that differ in perplexity, as one job, and watch it."""
    start_perplexities(run, grid)
    own_fits(run).add(GRID)
    st.rerun()


def show_fits(run: Run) -> None:
    """Progress of all fits at work, with Cancel; select a map of this session's when it is done."""
    at_work = _at_work(run)
    if at_work or own_fits(run):
        _progress(run, at_work)
    for sentence in st.session_state.pop("fit errors", []):
        st.error(sentence, icon=":material/error:")


def own_fits(run: Run) -> set[str]:
    """Ids of this model's maps that this session had fitted and whose end it waits for.

    Another's fit is a bar only: in a class it must not change what everyone looks at.
    """
    return st.session_state.setdefault("fits", {}).setdefault(run.name, set())


def _start(run: Run, params: MapParams) -> None:
    params = usual(params, len(run.codes().mu))
    name = map_id(params)
    there = "There already" if name in stored_maps(run) else "Being fitted already"
    if name in {*stored_maps(run), *_at_work(run)}:
        words = map_names([*stored_maps(run), name], len(run.codes().mu))[name]
        st.caption(f"{there}: {words}. Another seed makes another map.")
        return
    start_map(run, params)
    own_fits(run).add(name)
    st.session_state["fits started"] = st.session_state.get("fits started", 0) + 1
    st.rerun()


@st.fragment(run_every=0.7)
def _progress(run: Run, shown: set[str]) -> None:
    """The bars; ``shown`` are those of the last time."""
    own, found = own_fits(run), fits(run)
    at_work = {fit.map_id for fit in found if fit.state == "running"}
    ended = not shown <= at_work  # whoever had it fitted: the page has a map more
    shown |= at_work
    for fit in found:
        if fit.state == "running":
            _bar(fit, f"New {_title(run, fit)}")
            continue
        if fit.map_id not in own:
            continue
        ended = True
        own.discard(fit.map_id)
        if fit.state == "done":
            if fit.map_id in stored_maps(run):  # a script may have called it by another name
                st.session_state["maps"][run.name] = fit.map_id
        elif fit.state != "cancelled":
            why = fit.error or f"see {fit.folder / 'log.txt'}"
            sentences = st.session_state.setdefault("fit errors", [])
            sentences.append(f"The {_title(run, fit)} could not be fitted: {why}")
    if ended:
        st.rerun()


def _title(run: Run, fit: Fit) -> str:
    if fit.map_id == GRID:
        return "maps of several perplexities"
    return f"map “{map_name(fit.map_id, len(run.codes().mu))}”"


def _bar(fit: Fit, title: str) -> None:
    if fit.cancelling:
        words = "cancelling …"
    elif fit.seconds_left is None:
        words = fit.stage
    elif fit.seconds_left < 1:
        words = "finishing …"
    else:
        words = f"{fit.stage}, about {fit.seconds_left:.0f} s left"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, fit.progress), f"{title}: {words}")
        st.button(
            "Cancel",
            key=f"cancel {fit.folder}",
            on_click=cancel_map,
            args=(fit.folder,),
            icon=":material/close:",
            disabled=fit.cancelling or fit.progress >= 1,  # all that is left is to store it
        )
