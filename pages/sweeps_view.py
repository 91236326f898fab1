"""A sweep as it stands: how far it is, its best trials, all trials, Optuna's plots."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.look import plain
from pages.state import choose_model
from pages.sweeps_figures import figure
from pages.train_form import WATCHED as TRAIN_WATCHED
from pages.train_words import in_words
from vae.errors import VaeError
from vae.runs import find_run, runs_dir
from vae.status import ACTIVE
from vae.sweeps.folders import Sweep, go_on, stop_sweep
from vae.sweeps.plan import OBJECTIVES
from vae.sweeps.reading import Trial, View, not_begun, view_of
from vae.sweeps.spaces import PARAMETERS
from vae.sweeps.storage import Shared, hidden, join, open_storage

_POLL_SECONDS = 2.0
_PROBLEM = "sweeps problem"  # the session's last refused press
_SEEN = "sweeps seen live"  # the session's key of the sweep that was at work while it was watched
# One column on a phone: what is being searched comes before the form.
_LIVE_FIRST = """<style>
@media (max-width: 640px) { [data-testid="stColumn"]:has(.st-key-sweeps-watch) {
  order: -1; scroll-margin-top: 4rem;
} }
</style>"""
_BADGES = {
    "running": "blue",
    "done": "green",
    "stopped": "orange",
    "failed": "red",
    "elsewhere": "violet",
}
_WORDS = {"elsewhere": "running on another machine"}


def watch(sweep: Sweep) -> None:
    """Show a sweep; looks again every two seconds while trials are at work."""
    state = _state(sweep, _read(sweep))
    active = state in ("running", "elsewhere")
    if active:
        st.session_state[_SEEN] = sweep.plan.study
    if st.session_state.get(_SEEN) == sweep.plan.study:
        st.html(_LIVE_FIRST)  # also when it has ended: nothing jumps
    st.fragment(_watch, run_every=_POLL_SECONDS if active else None)(sweep, state)


@st.cache_resource(max_entries=32, show_spinner=False)
def _connected(url: str, study: str) -> dict[str, Shared]:
    """Room for the open study: it is kept when it is there, not while it is still being made."""
    return {}


def _read(sweep: Sweep) -> View:
    """All trials."""
    shared = _shared(sweep)
    return not_begun(sweep.plan) if shared is None else view_of(shared)


def _shared(sweep: Sweep) -> Shared | None:
    """The sweep in its storage; none before its first worker has made the study."""
    kept = _connected(sweep.url, sweep.plan.study)
    if "study" not in kept:
        if sweep.url.startswith("sqlite") and not (sweep.folder / "status.json").exists():
            return None
        found = join(open_storage(sweep.url), sweep.plan.study, wait=False)
        if found is None:
            return None
        kept["study"] = found
    return kept["study"]


def _state(sweep: Sweep, view: View) -> str:
    """running, elsewhere, done, stopped or failed."""
    status = sweep.status["state"]
    if status in ACTIVE:
        return "running"
    if view.done == view.total:
        return "done"
    if view.running and status != "failed":
        return "elsewhere"
    return "failed" if status == "failed" else "stopped"


def _watch(sweep: Sweep, known: str) -> None:
    try:
        view = _read(sweep)
        state = _state(sweep, view)
        if state != known:
            st.rerun()  # the whole page: the state decides whether to poll
        _header(sweep, state, view)
        _progress(view, state)
        trial = _table(view)
        _opening(view, trial)
        figure(_shared(sweep), view)
    except VaeError as error:
        st.error(plain(str(error)), icon=":material/error:")


def _header(sweep: Sweep, state: str, view: View) -> None:
    plan = sweep.plan
    with st.container(horizontal=True, vertical_alignment="center"):
        where = "" if sweep.url.startswith("sqlite") else f" · {plain(hidden(sweep.url))}"
        st.markdown(
            f":{_BADGES[state]}-badge[{_WORDS.get(state, state)}] {plain(plan.dataset)} · "
            f"{plain(plan.preset)} · {plan.search} · {plan.epochs} epochs each{where}",
            width="stretch",
        )
        if state == "running":
            stopping = sweep.stopping
            st.button(
                "Stopping…" if stopping else "Stop",
                icon=":material/stop:",
                disabled=stopping,
                help="The trial under way is given back and its run paused; Go on continues it.",
                on_click=_press,
                args=(stop_sweep, sweep),
                key="sweeps stop",
            )
        elif view.done < view.total:
            st.button(
                "Go on" if state != "elsewhere" else "Work here, too",
                icon=":material/resume:",
                on_click=_press,
                args=(go_on, sweep),
                key="sweeps go on",
            )
    if words := st.session_state.pop(_PROBLEM, None):
        st.error(plain(words), icon=":material/error:")
    if state == "failed":
        words = sweep.status.get("error") or "Its process failed."
        st.error(plain(words), icon=":material/error:")


def _press(action: Any, sweep: Sweep) -> None:
    try:
        action(sweep)
    except VaeError as error:
        st.session_state[_PROBLEM] = str(error)


def _progress(view: View, state: str) -> None:
    words = [f"{view.done} of {view.total} trials"]
    if view.running:
        words.append(f"{view.running} at work")
        if view.seconds_left is not None:
            words.append(f"{in_words(view.seconds_left)} left")
    elif state == "running" and not view.done:
        words.append("its process starts")
    st.progress(view.done / view.total, " · ".join(words))


def _table(view: View) -> Trial | None:
    """All trials; the one whose row is chosen, else the best, else none."""
    if view.plan.objectives != "elbo":
        st.caption(f"★ marks the Pareto front: {front_words(len(view.best))}.")
    chosen = st.dataframe(
        [row(trial, view) for trial in view.trials],
        height=320,
        hide_index=True,
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        key=f"sweeps trials {view.plan.study}",
        column_config={
            "": st.column_config.TextColumn(width=30),
            **{
                f"{head}, nats": st.column_config.NumberColumn(format="%.2f")
                for head in OBJECTIVES[view.plan.objectives]
            },
            "seconds": st.column_config.NumberColumn(format="%.1f"),
        },
    )
    rows = chosen["selection"]["rows"]
    if rows and rows[0] < len(view.trials):
        return view.trials[rows[0]]
    return next(iter(view.best), None)


def front_words(count: int) -> str:
    """How many trials stand on the Pareto front, in words."""
    if count == 1:
        return "the one trial that is not beaten in both by any other"
    return f"the {count} trials that are not beaten in both by any other"


def row(trial: Trial, view: View) -> dict[str, Any]:
    """A trial as a row of the table: worth in nats per image, time in seconds."""
    names = [space.name for space in view.plan.spaces]
    worth = [*trial.worth, None, None]
    heads = OBJECTIVES[view.plan.objectives]
    state = "preset · " if trial.number == 0 else ""
    return {
        "": "★" if trial.best else "",
        "run": trial.run,
        "state": state + trial.state,
        **{
            f"{head}, nats": None if value is None else round(value, 2)
            for head, value in zip(heads, worth, strict=False)
        },
        **{PARAMETERS[name].label: _short(trial.values.get(name)) for name in names},
        "seconds": None if trial.seconds is None else round(trial.seconds, 1),
        **({"note": trial.error} if any(one.error for one in view.trials) else {}),
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _opening(view: View, trial: Trial | None) -> None:
    """What can be done with the chosen trial, the best one until another row is chosen."""
    if trial is None:
        # As high as the line with the buttons that comes in its place.
        st.button("Open in Explore", disabled=True, key="sweeps open not yet")
        return
    here = (runs_dir() / trial.run).is_dir()
    run = find_run(trial.run) if here else None
    is_best = trial.best and view.plan.objectives == "elbo"
    with st.container(horizontal=True, vertical_alignment="center"):
        worth = ", ".join(
            f"{name} {value:.2f} nats"
            for name, value in zip(OBJECTIVES[view.plan.objectives], trial.worth, strict=False)
        )
        st.markdown(
            f"**{'Best: ' if is_best else ''}{plain(trial.run)}** {worth}".rstrip()
            + ("" if here else " · its run is on another machine"),
            width="stretch",
        )
        pages = st.session_state.get("pages", {})
        if run and st.button("Watch its training", key="sweeps train"):
            st.session_state[TRAIN_WATCHED] = run.name
            st.switch_page(pages["train"])
        ready = run is not None and run.ready
        if ready and st.button(
            "Open in Explore", type="primary", icon=":material/tune:", key="sweeps open"
        ):
            choose_model(trial.run)
            st.switch_page(pages["explore"])
