"""Latent map: the codes of held-out images as points, the place under the hand decoded live."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages import state
from pages.components import mount
from pages.download import download_widget
from pages.explore import starting_code
from pages.interpolate import current_journey
from pages.latent_map_data import can_fetch, component_data
from pages.latent_map_names import map_names
from pages.look import image_name
from pages.map_fits import offer_fit, show_fits
from vae.maps import load_map, stored_maps
from vae.runs import Run

KEY = "latent map"


def page() -> None:
    """The map at the left, what the chosen point stands for at the right."""
    run = state.current_run()
    with st.container(horizontal=True, vertical_alignment="center"):
        map_id = choose_map(run)
        offer_fit(run)
        _offer_data(run)
    show_fits(run)
    data = component_data(run, load_map(run, map_id))
    result = mount(
        "scatter",
        key=KEY,
        data=data,
        default={"point": None},
        on_point_change=lambda: _chosen(run),
        on_go_change=lambda: None,
    )
    if result.go:
        _go(run, result.go)
    with st.expander("What this map shows, and what it cannot"):
        _explain(run)


def choose_map(run: Run) -> str:
    """The map to draw, chosen by kind; raw maps of more than two dimensions by their axes too."""
    d = run.config.model.latent_dim
    options = (["raw"] if d <= 2 else []) + ["tsne", "pca"] + (["raw"] if d > 2 else [])
    stored = stored_maps(run)
    options = [name for part in options for name in (stored if part == "tsne" else [part])]
    names = map_names(options, len(run.codes().mu))
    if d <= 2:
        names["raw"] = "Latent plane" if d == 2 else "Latent line"
    chosen = st.session_state.setdefault("maps", {})
    if chosen.get(run.name) not in options:
        chosen[run.name] = options[0]
    # A widget's own state is dropped when its page is left: ours is the one that is kept.
    key = f"map of {run.name}"
    st.session_state[key] = chosen[run.name]

    def keep() -> None:
        # A click on the chosen option would leave none.
        chosen[run.name] = st.session_state[key] or chosen[run.name]

    st.segmented_control(
        "Map",
        options,
        format_func=lambda name: names[name],
        key=key,
        on_change=keep,
        required=True,
        label_visibility="collapsed",
    )
    if chosen[run.name] == "raw" and d > 2:
        return _choose_axes(run)
    return chosen[run.name]


def _choose_axes(run: Run) -> str:
    """The id of a raw map: at first of the two dimensions that say most about the image."""
    kl = np.array(state.model_facts(run)["kl"])
    dims = np.argsort(-kl).tolist()
    axes = []
    for place, name in enumerate(("across", "up")):
        free = [dim for dim in dims if dim not in axes]
        axes.append(
            st.selectbox(
                name.capitalize(),
                free,
                format_func=lambda j: f"z{j + 1} ({kl[j]:.2f} nats)",
                key=f"{place} axis of {run.name}",
                width=150,
                label_visibility="collapsed",
            )
        )
    return f"raw-{axes[0]}-{axes[1]}"


def _chosen(run: Run) -> None:
    """A point was picked, or a place of the plane: every page has its code from now on."""
    point = st.session_state[KEY].point
    if point["model"] != run.name:  # sent just before another model was chosen
        return
    row = point["index"]
    state.set_z(run, run.codes().mu[row] if row is not None else np.array(point["z"], np.float32))
    state.set_picked(run, row)


def _go(run: Run, where: str) -> None:
    if where == "explore":
        st.switch_page(st.session_state["pages"]["explore"])
    z, row = starting_code(run)
    label = "from the map"
    if row is not None:
        label = image_name(run, row)
    end = {"z": [round(float(v), 4) for v in z], "label": label}
    current_journey(run)[where] = end
    st.toast(f"End {where.upper()} of the interpolation: {label}.", icon=":material/check:")


def _offer_data(run: Run) -> None:
    """Where the original images are not at hand, which the panel says, offer to fetch them."""
    if can_fetch(run):
        with st.container(width=320):  # room for a progress bar
            download_widget(run.config.training.dataset)


def _explain(run: Run) -> None:
    d = run.config.model.latent_dim
    st.markdown(
        rf"""
Every point is the posterior mean $\mu(x) \in \mathbb{{R}}^{{{d}}}$ of one image that the training
never saw; its colour is the image's class, which the model was never told.

- **The lens** decodes the place under the pointer (or the finger) as you move. That needs a way
  back from the plane to a code: a place of *two dimensions* is two coordinates of $z$, and a place
  $(x, y)$ of the PCA plane is $z = \bar\mu + x\,v_1 + y\,v_2$. Where $d > 2$ it is one of many:
  **PCA** keeps the other directions at the codes' mean, **two dimensions** keep the other
  coordinates of the chosen code. Then a point is only where its code is projected to, and the image
  decoded at its place is not the decode of its own code.
- **The manifold** among the points is the same thing at many places at once: each tile is decoded
  from the code at its middle. It is drawn coarse first and refines while you wait. *Off the data*
  says that the nearest real code is farther than 1.5 times the distance within which 95 % of real
  codes have another one: training has taught the decoder little about such places.
- **t-SNE** (van der Maaten & Hinton, 2008) moves points until neighbours in the codes are
  neighbours on the map: it minimises $\mathrm{{KL}}(P \,\|\, Q)$ between two distributions over
  pairs. The *perplexity* is about how many neighbours each point looks at; another one, or another
  seed, gives another picture. Axes have no unit.
- **A code that is no image's** has no place on a t-SNE map by itself. Its diamond stands at the
  weighted mean of its {min(200, len(run.codes().mu))} nearest codes; the dashed circle is how far
  those are spread. Draws from the prior often lie between clusters: there the circle is large.
- **Trustworthiness** (Venna & Kaski, 2001) falls where points are near on the map that are far
  apart in the codes. **The nearest point's label** tells how well classes are kept apart; in the
  codes themselves it is seldom worse.

Keys on the map: the arrows go from image to image; with Shift they move a free code in small steps,
where places have codes; + and − zoom, 0 shows the whole map, Enter opens what is chosen in Explore.
With a mouse: drag to move the map, scroll to zoom. With fingers: one is the lens, and what it shows
when it lifts is kept; two move and zoom the map.
"""
    )
