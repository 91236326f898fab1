"""What is chosen on the Reconstruct page: whose images, which class, and what spoils them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages import state
from pages.reconstruct_rows import Noise, Pool, members
from vae.config import Corruption
from vae.datasets import DATASETS, is_available
from vae.runs import Run

# What may be chosen beside a class. (Not None: a select box takes that for its default.)
EVERY, SELECTED = "all classes", "selection"
_NOISES: dict[Corruption, str] = {
    "none": "none",
    "gaussian": "Gaussian",
    "masking": "masked pixels",
    "salt-and-pepper": "salt & pepper",
}
_LEVELS: dict[Corruption, tuple[str, str]] = {
    "gaussian": (
        "Standard deviation",
        "Of what is added to each pixel value from 0 to 1; the sum is cut to 0–1.",
    ),
    "masking": ("Share of pixels", "So many pixels are black, whatever they were."),
    "salt-and-pepper": ("Share of pixels", "So many pixels are black or white, half of them each."),
}


def choose_dataset(run: Run) -> str:
    """The model's own data set, or another one at hand whose images have the same size."""
    own, shape = run.config.training.dataset, run.config.model.image_shape
    others = [
        info.name
        for info in DATASETS.values()
        if info.name != own and info.image_shape == shape and is_available(info.name)
    ]
    if not others:
        return own
    return st.selectbox(
        "Images of",
        [own, *others],
        key=f"reconstruct images of {run.name}",
        help="Images of another kind show what the model can and cannot draw.",
    )


def choose_class(run: Run, pool: Pool) -> np.ndarray:
    """Rows of the pool: of one class, of all, or those selected on the map, if there are any."""
    present = np.unique(pool.labels).tolist()
    selected = state.get_selected(run) if pool.own else np.zeros(0, np.int64)
    options = [*([SELECTED] if len(selected) else []), EVERY, *present]

    def name(option: int | str) -> str:
        if isinstance(option, int):
            return pool.class_name(option)
        return f"{SELECTED} ({len(selected):,})" if option == SELECTED else option

    key = f"reconstruct class of {run.name}{'' if pool.own else ', foreign'}"
    wanted = st.selectbox("Class", options, format_func=name, key=key)
    if wanted == SELECTED:
        st.caption("Showing your selection of the Latent map.")
        st.button("Show all", on_click=st.session_state.update, args=({key: EVERY},))
        return selected
    return members(pool.labels, wanted if isinstance(wanted, int) else None)


def choose_noise(run: Run, pool: Pool) -> Noise:
    """What spoils the images before the encoder sees them: at first what did so in training."""
    if pool.images is None:  # nothing to spoil
        return Noise("none", 0.0, 0)
    training = run.config.training
    kinds = list(_NOISES)
    kind = st.selectbox(
        "Noise",
        kinds,
        index=kinds.index(training.noise),
        format_func=_NOISES.__getitem__,
        key=f"reconstruct noise of {run.name}",
        help="The encoder sees the image spoiled; what comes out is compared with the clean one. "
        f"In training: {_NOISES[training.noise]}.",
    )
    if kind == "none":
        return Noise(kind, 0.0, 0)
    words, meaning = _LEVELS[kind]
    own = kind == training.noise
    level = st.slider(
        words,
        0.0,
        1.0,
        training.noise_level if own else 0.3,
        0.05,
        key=f"reconstruct {kind} level of {run.name}",
        help=meaning,
    )
    draw = st.session_state.setdefault("reconstruct noise draw", 0)
    if st.button("Another draw", icon=":material/casino:", help="The same noise, other numbers."):
        draw = st.session_state["reconstruct noise draw"] = draw + 1
    return Noise(kind, level, draw)
