"""What follows a person from page to page: the model, the code z, the picked image. Also the URL.

The URL is read once, when a session starts, and written whenever something changes.
"""

from __future__ import annotations

import contextlib
import math
import re
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from pages.dimensions import decimals, is_point
from pages.look import plain
from vae.errors import VaeError
from vae.latent.statistics import facts
from vae.model import VAE
from vae.runs import Run, find_run, list_runs, load_model

DEFAULT_MODEL = "mnist-conv-16"
WHOSE = {"train": "training", "validation": "validation", "test": "held-out", "all": "all"}
_URL_LIMIT = 128  # latent dimensions; more would make a URL that some proxies refuse


def current_run() -> Run:
    """The chosen model, with the picker that changes it.

    Raises:
        VaeError: if there is no model at all.
    """
    read_url()
    runs = {run.name: run for run in list_runs()[0] if run.ready}
    names = list(runs)
    if not names:
        raise VaeError("There is no model yet: train one on the Train page.")
    wanted = st.session_state.get("model", DEFAULT_MODEL)
    if wanted not in names:
        shown = DEFAULT_MODEL if DEFAULT_MODEL in names else names[0]
        if "model" in st.session_state:
            _tell(f"There is no model {wanted!r} to open; this is {shown!r}.")
        wanted = shown
    st.session_state["model"] = st.session_state["model picker"] = wanted
    with st.container(horizontal=True, vertical_alignment="center"):
        st.selectbox(
            "Model",
            names,
            key="model picker",
            on_change=_take_picked_model,
            label_visibility="collapsed",
            width=320,
        )
        run = runs[wanted]
        known = model_facts(run)
        cost = (
            "codes are points" if is_point(known) else f"KL {sum(known['kl']):.1f} nats per image"
        )
        st.caption(
            f"{known['dataset']} · {known['latent_dim']} latent dimensions, "
            f"{sum(known['active'])} active · {cost}{_whose(run)}",
            width="content",
        )
    sync_url(run)
    return run


def _whose(run: Run) -> str:
    """Whose codes they are, where they are not those of test images."""
    return "" if run.codes().split == "test" else f" · codes of {images_of(run)}"


def images_of(run: Run) -> str:
    """The images that the codes are of: "held-out images", "training images", "all images"."""
    return f"{WHOSE[run.codes().split]} images"


def choose_model(name: str) -> None:
    """Make ``name`` the chosen model on every page."""
    st.session_state["model"] = name


def get_z(run: Run) -> np.ndarray | None:
    """The code (d,) that was set last for this model, if any."""
    return st.session_state.get("z", {}).get(codes_key(run))


def set_z(run: Run, z: np.ndarray) -> None:
    """Remember the code (d,) for this model, on every page and in the URL."""
    st.session_state.setdefault("z", {})[codes_key(run)] = np.asarray(z, np.float32)
    sync_url(run)


def get_picked(run: Run) -> int | None:
    """The row of ``run.codes()`` that was picked last, if any."""
    return st.session_state.get("picked", {}).get(codes_key(run))


def set_picked(run: Run, row: int | None) -> None:
    """Remember a picked row of ``run.codes()``."""
    st.session_state.setdefault("picked", {})[codes_key(run)] = row
    sync_url(run)


def get_selected(run: Run) -> np.ndarray:
    """The rows of ``run.codes()`` that are selected, ascending, (k,) int64; mostly none."""
    return st.session_state.get("selected", {}).get(codes_key(run), np.zeros(0, np.int64))


def set_selected(run: Run, rows: np.ndarray) -> None:
    """Remember selected rows of ``run.codes()``, on every page; none to forget them."""
    st.session_state.setdefault("selected", {})[codes_key(run)] = np.unique(rows).astype(np.int64)


def sync_url(run: Run) -> None:
    """Write the model, z and the picked image into the URL."""
    z, picked = get_z(run), get_picked(run)
    text = None
    if z is not None and len(z) <= _URL_LIMIT:
        text = ",".join(f"{v:.{decimals(model_facts(run))}f}" for v in z)
    wanted = {
        "model": run.name,
        "z": text,
        "image": None if picked is None else str(picked),
    }
    for key, value in wanted.items():
        if value is None:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != value:
            st.query_params[key] = value


def keep_url() -> None:
    """Keep them in the URL of a page that has no picker, so that a reload there loses nothing."""
    if name := st.session_state.get("model"):
        with contextlib.suppress(VaeError):  # deleted meanwhile: the page has said so
            sync_url(find_run(name))


def trained(run: Run) -> str:
    """Differs when a model was trained anew under the same name: its codes are others then."""
    try:
        return str((run.path / "codes.npz").stat().st_mtime_ns)
    except OSError:
        return "not yet"


def codes_key(run: Run) -> tuple[str, str]:
    """Under which a session keeps what it remembers of a model's present codes."""
    return run.name, trained(run)


def is_of(run: Run, sent: dict[str, Any]) -> bool:
    """Whether what a browser sent is about these codes, not those of a model or a training that
    was on the page just before."""
    return sent.get("model") == run.name and sent.get("trained") == trained(run)


def model_facts(run: Run) -> dict:
    """What is known of a model, cached until its codes change."""
    return _facts(run, (run.path / "codes.npz").stat().st_mtime_ns)


def model_of(run: Run) -> VAE:
    """The loaded model, shared by all sessions; it is only ever read."""
    return _model(run, (run.path / "weights.safetensors").stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _facts(run: Run, _changed: int) -> dict:
    return facts(run)


@lru_cache(maxsize=8)
def _model(run: Run, _changed: int) -> VAE:
    return load_model(run)


def _take_picked_model() -> None:
    st.session_state["model"] = st.session_state["model picker"]


def read_url() -> None:
    """Take model, z and image from the URL of a session's first page."""
    if st.session_state.get("url read"):
        return
    st.session_state["url read"] = True
    if not {"model", "z", "image"} & set(st.query_params):
        return
    name = st.query_params.get("model", DEFAULT_MODEL)
    st.session_state["model"] = name
    try:
        run = find_run(name)
        codes = run.codes().mu
    except VaeError:
        return  # current_run() says so on screen
    if (text := st.query_params.get("z")) is not None:
        z = parse_z(text, codes.shape[1])
        if z is None:
            _tell(f"The z of this link is not {codes.shape[1]} numbers with commas between.")
        else:
            st.session_state.setdefault("z", {})[codes_key(run)] = z
    if (image := st.query_params.get("image")) is not None:
        if re.fullmatch(r"[0-9]{1,9}", image) and int(image) < len(codes):
            st.session_state.setdefault("picked", {})[codes_key(run)] = int(image)
        else:
            _tell(f"The image of this link is not a number from 0 to {len(codes) - 1}.")


def _tell(sentence: str) -> None:
    """Say it above the page, where it moves nothing."""
    st.toast(plain(sentence), icon=":material/error:", duration="long")


def parse_z(text: str, latent_dim: int) -> np.ndarray | None:
    """A code (d,) from ``"0.12,-1.30,…"``, or ``None`` if it is not one of this size."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    if len(values) != latent_dim or not all(map(math.isfinite, values)):
        return None
    return np.clip(np.asarray(values, np.float32), -1e3, 1e3)
