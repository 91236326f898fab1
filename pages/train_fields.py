"""Fields of the Train page's form: each has a default until somebody changes it, and is kept then.

What was changed is kept by its key for the whole session, also while its field is not on screen. So
another preset or objective brings its own defaults, and going back finds what was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from vae.options import HELP

_KEPT = "train kept"  # the session's changed fields, by key

# How each number is called, and what one press of + adds.
NUMBERS: dict[str, tuple[str, float]] = {
    "latent_dim": ("Latent size", 1),
    "epochs": ("Epochs", 1),
    "lr": ("Learning rate", 0.0005),
    "batch_size": ("Batch size", 32),
    "beta": ("β", 0.5),
    "beta_warmup": ("β warm-up, epochs", 1.0),
    "gamma": ("γ", 1.0),
    "capacity": ("C at its end, nats", 1.0),
    "capacity_epochs": ("C grows for, epochs", 1.0),
    "alpha": ("α", 0.1),
    "mmd_weight": ("λ", 1.0),
    "samples": ("k", 1),
    "sparsity": ("λ", 0.05),
    "lr_patience": ("Patience", 1),
    "weight_decay": ("Weight decay", 0.001),
    "clip_norm": ("Clip at", 1.0),
    "rotate": ("Turn, ± °", 5.0),
    "scale": ("Scale, ±", 0.05),
    "noise_level": ("Noise level", 0.1),
    "seed": ("Seed", 1),
}


def key_of(field: str, scope: str = "") -> str:
    """A field's key: other scopes, such as presets, have other values of it."""
    return f"train {field} {scope}".rstrip()


def value_of(field: str, default: Any, scope: str = "") -> Any:
    """What the field holds, wherever on the page it comes."""
    return st.session_state.get(_KEPT, {}).get(key_of(field, scope), default)


def number(field: str, default: float, scope: str, disabled: bool = False, more: str = "") -> Any:
    """A number of :data:`NUMBERS`; a whole one where the default is. Its bounds are checked where
    the configuration is made.

    Args:
        more: further words for its help.
    """
    label, step = NUMBERS[field]
    whole = isinstance(default, int)
    return st.number_input(
        label,
        step=step,
        format=None if whole else "%g",
        help=f"{HELP[field]} {more}".rstrip(),
        disabled=disabled,
        **_keeping(key_of(field, scope), value_of(field, default, scope)),
    )


def choice(
    field: str,
    label: str,
    options: Sequence[str],
    default: str,
    scope: str = "",
    words: Callable[[str], str] = str,
    **more: Any,
) -> str:
    """One of the options; the default again where what was chosen is none of them any more.

    Args:
        words: how an option is called on screen.
        more: of ``st.selectbox``.
    """
    kept = value_of(field, default, scope)
    key, value = key_of(field, scope), kept if kept in options else default
    put_named(key, value, words(value))
    keeping = _keeping(key, value)
    return st.selectbox(label, options, format_func=words, **more, **keeping)


def switch(field: str, label: str, default: bool, scope: str) -> bool:
    """Yes or no."""
    return st.toggle(
        label, help=HELP[field], **_keeping(key_of(field, scope), value_of(field, default, scope))
    )


def _keeping(key: str, value: Any) -> dict[str, Any]:
    """A widget's key and callback, for it to hold ``value``. Streamlit itself forgets what was
    typed when the widget is not drawn, and knows only the first default.
    """
    put(key, value)
    return {"key": key, "on_change": _keep, "args": (key,)}


def put(key: str, value: Any) -> None:
    """Give a widget its value, where it has another: each time that a value is given, the browser
    drops what a person is just typing.
    """
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def put_named(key: str, value: str, words: str) -> None:
    """Give a selectbox its value also where only its words are others: the browser would go on
    showing the old ones.
    """
    if st.session_state.get(f"{key} words") != words:
        st.session_state[f"{key} words"] = words
        st.session_state[key] = value
    put(key, value)


def _keep(key: str) -> None:
    st.session_state.setdefault(_KEPT, {})[key] = st.session_state[key]
