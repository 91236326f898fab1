"""Optuna's own plots of a sweep: history, importances, slices, parallel coordinates, the front."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import streamlit as st

from pages.components import mount
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
    "front": "Rate against distortion: what a code costs, and what it leaves out.",
    "importances": "How much each setting decides, estimated by PED-ANOVA from all trials so far.",
    "slice": "Every trial over each of its settings; darker came later.",
    "parallel": "A line for each trial through its settings; drag along an axis to filter.",
}
_LEAST = {"history": 1, "front": 1, "slice": 1, "parallel": 2, "importances": 4}  # ended trials


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
    more = f"This plot comes with {_LEAST[kind]} trials or more that are done."
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
    made.update_layout(template="none", width=None, height=None, margin={"t": 40, "r": 20, "b": 60})
    return json.loads(made.to_json())
