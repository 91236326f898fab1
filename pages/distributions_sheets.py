"""Sheets of decodes on the page of q(z) and p(z); each image opens its code in Explore."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from pages import state
from pages.components import mount
from vae.pictures import png_url
from vae.runs import Run

SHOWN = 12  # images of each sheet


@dataclass(frozen=True)
class Sheet:
    """Images of one kind, and what is said of them.

    Attributes:
        title: above them.
        images: (k, H, W, C) uint8; ``None`` while they are to come: their place is kept.
        notes: a few words on each, k of them.
        facts: names and values below them.
        words: a sentence below those.
    """

    title: str
    images: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    words: str = ""


def show_sheets(run: Run, key: str, sheets: list[Sheet], stamp: str) -> dict[str, Any] | None:
    """Sheets side by side; what was clicked last: ``{"stamp", "sheet", "place"}``.

    Args:
        stamp: differs when anything on the sheets does; comes back with a click, so that one on
            sheets of before is known.
    """
    return mount(
        "samples",
        key=key,
        data={
            "stamp": stamp,
            "blank": SHOWN,
            "shape": list(run.config.model.image_shape),
            "sheets": [
                {
                    "title": sheet.title,
                    "images": None if sheet.images is None else [*map(png_url, sheet.images)],
                    "notes": sheet.notes,
                    "facts": sheet.facts,
                    "words": sheet.words,
                }
                for sheet in sheets
            ],
        },
        on_pick_change=lambda: None,
    ).pick


def open_code(run: Run, z: np.ndarray) -> None:
    """Go to Explore with a code (d,)."""
    state.set_z(run, z)
    state.set_picked(run, None)
    st.switch_page(st.session_state["pages"]["explore"])
