"""Optuna's own plots of a sweep: history, importances, slices, parallel coordinates, the front."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import streamlit as st

from pages.components import mount
from pages.look import PALETTE
from vae.sweeps.plan import OBJECTIVES
from vae.sweeps.reading import View
from vae.sweeps.storage import Shared, in_words

_KINDS = {
    "history": "History",
    "front": "Pareto front",
    "importances": "Importances",
    "slice": "Slices",
    "parallel": "Parallel coordinates",
}
_WORDS = {
    "history": "Each trial in its order, and the best so far.",
    "front": "Rate against distortion: what a code costs, and what it leaves out. Red are the "
    "trials of the front; darker came later.",
    "importances": "How much each setting decides, estimated by PED-ANOVA from all trials so far.",
    "slice": "Every trial over each of its settings; darker came later.",
    "parallel": "A line for each trial through its settings: blue the best, orange the worst. "
    "Point at a line for its values.",
}
_LEAST = {"history": 1, "front": 1, "slice": 1, "parallel": 2, "importances": 4}  # ended trials

_WORTH = [[0.0, PALETTE[0]], [1.0, PALETTE[6]]]  # seen on a light and a dark ground


def figure(shared: Shared | None, view: View) -> None:
    """The plot that is chosen; drawn again in its place when a trial has ended."""
    two = view.plan.objectives != "elbo"
    kinds = [kind for kind in _KINDS if two or kind != "front"]
    kind = st.segmented_control(
        "Plot",
        kinds,
        default=kinds[0] if not two else "front",
        format_func=_KINDS.__getitem__,
        label_visibility="collapsed",
        key=f"sweeps plot {two}",
    )
    if kind is None:
        return
    heads = OBJECTIVES[view.plan.objectives]
    which = 0
    if two and kind != "front":
        name = st.segmented_control("Of", heads, default=heads[0], key="sweeps plot of")
        which = heads.index(name or heads[0])
    st.caption(_WORDS[kind])
    ended = sum(trial.state == "done" for trial in view.trials)
    drawn = None
    if shared is not None and ended >= _LEAST[kind]:
        drawn = _drawn(shared, view.plan.study, kind, which, view.done)
    more = words_before(_LEAST[kind])
    mount(
        "figure",
        key="sweeps figure",
        data={
            "figure": drawn,
            "title": f"{_KINDS[kind]}: {_WORDS[kind]}",
            "words": "" if drawn else more,
            "plotly": version("plotly"),
        },
    )


def words_before(least: int) -> str:
    """What stands in a plot's place until so many trials are done."""
    if least == 1:
        return "This plot comes with the first trial that is done."
    return f"This plot comes with {least} trials that are done."


@st.cache_data(max_entries=64, show_spinner=False)
def _drawn(_shared: Shared, study: str, kind: str, which: int, done: int) -> dict[str, Any] | None:
    """Optuna's figure as JSON; one for each state of a sweep."""
    return draw(_shared, kind, which)


def draw(shared: Shared, kind: str, which: int) -> dict[str, Any] | None:
    """One of Optuna's figures of a study as JSON that Plotly's script takes.

    Args:
        which: of two objectives.

    Returns:
        None where Optuna finds nothing that could be drawn, as for importances where all trials
        are equally good.
    """
    from optuna import visualization

    study, heads = shared.study, OBJECTIVES[shared.plan.objectives]
    names = [f"{head}, nats" for head in heads]
    single: dict[str, Any] = {"target_name": names[which]}
    if len(heads) > 1:
        single["target"] = lambda trial: trial.values[which]
    with in_words(shared.storage):
        try:
            if kind == "front":
                made = visualization.plot_pareto_front(study, target_names=names)
            elif kind == "history":
                made = visualization.plot_optimization_history(study, **single)
            elif kind == "importances":
                made = visualization.plot_param_importances(study, **single)
            elif kind == "slice":
                made = visualization.plot_slice(study, **single)
            else:
                made = visualization.plot_parallel_coordinate(study, **single)
        except (ValueError, RuntimeError):  # how Optuna says that there is too little to draw
            return None
    if not made.data:
        return None
    # Optuna's scales begin at white: an outline, or the first trials are lost on a white page.
    outlined = {"size": 9, "line": {"width": 1, "color": "#808080"}}
    made.update_traces(marker=outlined, selector={"mode": "markers"})
    if kind == "parallel":
        _recolour(made)
    made.update_layout(template="none", width=None, height=None, margin={"t": 40, "r": 20, "b": 60})
    return json.loads(made.to_json())


def _recolour(made: Any) -> None:
    """Lines from blue to orange by their worth: Optuna's scale ends in white and in dark blue, of
    which one is lost on a light page, the other on a dark one."""
    from plotly.colors import sample_colorscale

    for trace in made.data:
        if trace.mode == "lines" and trace.y:
            # A line begins at the axis of its worth, from 0, the best, to 1.
            (colour,) = sample_colorscale(_WORTH, [min(1.0, max(0.0, trace.y[0]))])
            trace.update(line={"color": colour, "width": 1.6}, opacity=0.8)
        elif trace.mode == "markers":
            trace.marker.update(colorscale=_WORTH, reversescale=False)
