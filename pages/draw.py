"""Draw: a drawing of one's own, encoded and reconstructed while it is made."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import streamlit as st

from pages import state
from pages.components import mount
from pages.dimensions import is_point
from pages.draw_picture import choose_picture
from pages.draw_words import DRAWS, centring_words, explanation, map_words, prompt, recipe_of
from pages.explore import latent_data, usual_distance
from pages.interpolate import current_journey
from pages.linked import default_map
from pages.look import class_list
from vae.originals import has_originals
from vae.runs import Run

KEY = "draw"
LABEL = "your drawing"
# Where there is room, the pictures' button stands beside the model's name: the pad begins higher.
_STYLE = """<style>
@media (min-width: 1180px) { .st-key-draw-head { margin-top: -3.5rem } }
</style>"""
GREYS = ("#ffffff", "#aaaaaa", "#555555")
COLOURS = (
    *("#ffffff", "#8c8c8c", "#d62828", "#f0862b", "#f7d93d"),
    *("#2fa84f", "#2b6cd4", "#7a4a21", "#f1c9a5"),
)


def page() -> None:
    """The pad at the left, what the encoder says of it in the middle, the decode at the right."""
    run = state.current_run()
    st.html(_STYLE)
    with st.container(horizontal=True, horizontal_alignment="right", key="draw-head"):
        picture = choose_picture()
    result = mount(
        "draw",
        key=KEY,
        data=component_data(run) | {"picture": picture},
        on_go_change=lambda: None,
    )
    if result.go:
        _go(run, result.go)
    with st.expander("What happens to your drawing"):
        dataset, model = run.config.training.dataset, run.config.model
        recipe = recipe_of(dataset, model.image_shape)
        kl = state.model_facts(run)["kl"]
        images = state.images_of(run)
        st.markdown(explanation(dataset, recipe, model.latent_dim, kl and sum(kl), images))


def component_data(run: Run) -> dict[str, Any]:
    """All that the browser needs beside the map's places, which it fetches itself."""
    known = state.model_facts(run)
    codes, dataset = run.codes(), run.config.training.dataset
    shape = run.config.model.image_shape
    recipe = recipe_of(dataset, shape)
    map_id = default_map(run)
    return {
        "model": run.name,
        "trained": state.trained(run),
        "shape": list(shape),
        "dims": known["latent_dim"],
        **latent_data(run, known),
        "usual": usual_distance(known),
        "map": map_id,
        "labels": base64.b64encode(codes.labels.astype("<u2").tobytes()).decode(),
        "classes": class_list(run),
        "originals": has_originals(run),
        "recipe": {"box": recipe.box, "centre": recipe.centre, "stretch": recipe.stretch},
        "centred": recipe.usual,
        "brush": recipe.brush,
        "palette": COLOURS if shape[2] == 3 else GREYS[:1] if recipe.usual else GREYS,
        "draws": 0 if is_point(known) else DRAWS,
        "words": {
            "prompt": prompt(dataset),
            **centring_words(recipe),
            **map_words(map_id, known["latent_dim"], is_point(known)),
        },
    }


def _go(run: Run, go: dict[str, Any]) -> None:
    """A button was pressed: the drawing's code goes to another page."""
    z = np.array(go["z"], np.float32)
    if go["model"] != run.name or z.shape != (run.config.model.latent_dim,):
        return  # sent just before another model was chosen
    if go["where"] == "explore":
        state.set_z(run, z)
        state.set_picked(run, None)
        st.switch_page(st.session_state["pages"]["explore"])
    end = {"z": [round(float(v), 4) for v in z], "label": LABEL, "index": None}
    current_journey(run)[go["where"]] = end
    name = go["where"].upper()
    st.toast(f"End {name} of the interpolation: {LABEL}.", icon=":material/check:")
