"""Interpolate: from one image to another through the latent space."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from pages import state
from pages.components import mount
from pages.explore import SHELL, latent_data, starting_code, usual_lengths
from pages.linked import live_map, open_map, selection_to_draw
from pages.look import image_name
from pages.point_words import interpolate_words
from vae.film import gif_bytes
from vae.inference import decode_pixels
from vae.latent.paths import path
from vae.pictures import contact_sheet, enlarge, png_bytes, to_image
from vae.runs import Run

KEY = "interpolate"
STRIP_FRAMES = 11
FILM_FRAMES = 32  # from A to B; the way back adds all but the two ends
FILM_SIDE = 280  # pixels
FRAME_MS = 60


def page() -> None:
    """Two ends, what lies between them, and the film as a file."""
    run = state.current_run()
    journey = current_journey(run)
    result = mount(
        "interpolate",
        key=KEY,
        data={
            "model": run.name,
            "trained": state.trained(run),
            "shape": list(run.config.model.image_shape),
            "images": len(run.codes().mu),
            **latent_data(run, state.model_facts(run)),
            **journey,
            "explore": _end(run, *starting_code(run)),
            "map": live_map(run),
            "selected": selection_to_draw(run),
        },
        on_journey_change=lambda: _changed(run),
        on_go_change=lambda: None,
    )
    if result.go:
        _go(run, result.go)
    with st.container(horizontal=True):
        for words, make, kind in (
            ("Download film", film_gif, "gif"),
            ("Download strip", strip_png, "png"),
        ):
            st.download_button(
                f"{words} ({kind.upper()})",
                partial(make, run, journey),  # made when asked for
                f"{run.name}-{journey['kind']}.{kind}",
                f"image/{kind}",
                on_click="ignore",
                icon=":material/download:",
            )
    point = run.config.model.posterior == "point"
    with st.expander("Line or arc?" if point else "Why an arc, and not a straight line?"):
        _explain(run, journey)


def current_journey(run: Run) -> dict[str, Any]:
    """Ends ``a`` and ``b`` and ``kind`` of path, kept for the present codes of every model.

    An end is its ``z``, a ``label``, and ``index``: the row of ``run.codes()`` that it is, or
    ``None``. At first they are the code that Explore shows and the first image of another class.
    """
    known = begun_journey(run)
    if known is None:
        codes = run.codes()
        z, picked = starting_code(run)
        other = int(np.argmax(codes.labels != codes.labels[picked or 0]))
        a, b = _end(run, z, picked), _end(run, codes.mu[other], other)
        # The arc keeps to the shell that N(0, I) lies on; point codes know of no such shell.
        kind = "lerp" if run.config.model.posterior == "point" else "slerp"
        known = _keep(run, {"a": a, "b": b, "kind": kind})
    return known


def begun_journey(run: Run) -> dict[str, Any] | None:
    """The same, if there is one yet: none after the model was trained anew."""
    return st.session_state.get("journeys", {}).get(state.codes_key(run))


def _keep(run: Run, journey: dict[str, Any]) -> dict[str, Any]:
    st.session_state.setdefault("journeys", {})[state.codes_key(run)] = journey
    return journey


def decode_path(run: Run, journey: dict[str, Any], n: int) -> np.ndarray:
    """Images on the way from A to B, ends included, (n, H, W, C) uint8."""
    a, b = (np.array(journey[end]["z"], np.float32) for end in ("a", "b"))
    return decode_pixels(state.model_of(run), path(a, b, n, journey["kind"]))


def film_gif(run: Run, journey: dict[str, Any]) -> bytes:
    """An endless film from A to B and back, as GIF."""
    there = decode_path(run, journey, FILM_FRAMES)
    film = [to_image(enlarge(image, FILM_SIDE)) for image in (*there, *there[-2:0:-1])]
    return gif_bytes(film, FRAME_MS)


def strip_png(run: Run, journey: dict[str, Any]) -> bytes:
    """The filmstrip of the page, as PNG."""
    images = decode_path(run, journey, STRIP_FRAMES)
    return png_bytes(contact_sheet(images, columns=STRIP_FRAMES, side=112))


def _end(run: Run, z: np.ndarray, picked: int | None) -> dict[str, Any]:
    label = "from Explore" if picked is None else image_name(run, picked)
    return {"z": [round(float(value), 4) for value in z], "label": label, "index": picked}


def _changed(run: Run) -> None:
    """An end or the kind of path was chosen: keep it for the downloads and the next visit."""
    journey = st.session_state[KEY].journey
    if not state.is_of(run, journey):  # sent just before another model was chosen
        return
    kept: dict[str, Any] = {"kind": journey["kind"]}
    for end in ("a", "b"):
        z, label, index = (journey[end][name] for name in ("z", "label", "index"))
        # the browser knows the number of a real image, not its class
        name = label if index is None else image_name(run, index)
        kept[end] = {"z": z, "label": name, "index": index}
    _keep(run, kept)


def _go(run: Run, go: dict[str, Any]) -> None:
    """The map was pressed, or an end is to be seen there."""
    z, row = np.array(go["z"], np.float32), go["index"]
    if not state.is_of(run, go) or z.shape != (run.config.model.latent_dim,):
        return  # sent just before another model was chosen
    open_map(run, z if row is None else run.codes().mu[row], row)


def _explain(run: Run, journey: dict[str, Any]) -> None:
    a, b = (np.array(journey[end]["z"]) for end in ("a", "b"))
    d = len(a)
    half = {kind: float(np.linalg.norm(path(a, b, 3, kind)[1])) for kind in ("lerp", "slerp")}
    if codes := latent_data(run, state.model_facts(run))["codes"]:
        ends = [float(np.linalg.norm(end)) for end in (a, b)]
        st.markdown(interpolate_words(codes["lengths"], half, ends))
        return
    st.markdown(
        rf"""
The straight line is $\;z(t) = (1-t)\,a + t\,b$. The arc, spherical interpolation, is

$$
z(t) = \frac{{\sin((1-t)\,\omega)}}{{\sin\omega}}\,a + \frac{{\sin(t\,\omega)}}{{\sin\omega}}\,b,
$$

with $\omega$ the angle between $a$ and $b$:

$$
\cos\omega = \frac{{a \cdot b}}{{\lVert a \rVert \, \lVert b \rVert}}.
$$

{_why(d)}

Between these two ends: $\lVert a \rVert = {np.linalg.norm(a):.2f}$,
$\lVert b \rVert = {np.linalg.norm(b):.2f}$, and half-way **{half["lerp"]:.2f}** on the line,
**{half["slerp"]:.2f}** on the arc. Where the ends point in the same or in opposite directions no
arc is defined and both are the line.
"""
    )


def _why(d: int) -> str:
    """What speaks for the arc in ``d`` dimensions, in Markdown: little, where they are few."""
    if d >= SHELL:
        return rf"""
Draws from $\mathcal{{N}}(0, I)$ in $d$ dimensions lie near a shell of radius $\sqrt{{d}}$; here
$\sqrt{{{d}}} = {np.sqrt(d):.2f}$. Two such draws are nearly at right angles, so the middle of the
straight line is shorter by about $\sqrt{{2}}$: it cuts through a region where the prior has hardly
any mass and which the decoder has seldom seen. The arc stays on the shell (White, 2016, *Sampling
Generative Networks*)."""
    low, high = usual_lengths(d)
    return rf"""
In many dimensions draws from $\mathcal{{N}}(0, I)$ lie near a shell, which the line leaves and the
arc follows (White, 2016, *Sampling Generative Networks*). **Not here:** in $d = {d}$
{"dimension" if d == 1 else "dimensions"} nine in ten draws have lengths from {low:.1f} to
{high:.1f}, and the prior is densest in the middle, at $z = 0$. The straight line crosses no region
that the prior leaves empty, so it is just as good. The arc only keeps the length of $z$ where
both ends are equally long."""
