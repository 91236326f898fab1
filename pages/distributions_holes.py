"""Holes on the page of q(z) and p(z): their share, their place, decodes of what lies in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from pages import state
from pages.background import Job, instead, job
from pages.dimensions import brief
from pages.distributions_figures import Region
from pages.distributions_points import distances
from pages.distributions_sheets import SHOWN, Sheet, open_code, show_sheets
from pages.distributions_words import calibration, percent, share_words
from vae.inference import decode_pixels
from vae.latent.aggregate import Report
from vae.latent.holes import Coverage, Holes, coverage, holes, lower_share, varied
from vae.runs import Run

KEY, SHARE = "distributions samples", "distributions-share"
LEVELS = (0.01, 0.05)
_LEVEL = "distributions level"
_TITLES = (
    "Prior draws in holes",
    "Prior draws not in holes",
    "Draws of unseen images' q(z∣x)",
)
_OF_POINTS = ("N(0, I) draws in holes", "N(0, I) draws not in holes", "Codes of unseen images")


@dataclass(frozen=True)
class Found:
    """What is known of a model's holes at the chosen level.

    Attributes:
        z: the codes that are shown, sheet by sheet, (k, d) each.
        log_q: their log q_A(z) in nats, (k,) each.
    """

    covered: Coverage
    hole: Holes
    z: list[np.ndarray]
    log_q: list[np.ndarray]


def find_holes(run: Run) -> Found | None:
    """The model's holes, or ``None`` while they are not known; the first to ask starts the work."""
    covered: Coverage | None = _job(run).result
    if covered is None:
        return None
    hole = holes(covered, st.session_state.get(_LEVEL) or LEVELS[0])
    prior, real = (covered.prior, covered.prior_log_q), (covered.real, covered.real_log_q)
    rows = [
        varied(*prior, np.flatnonzero(hole.inside), SHOWN),
        varied(*prior, np.flatnonzero(~hole.inside), SHOWN),
        varied(*real, np.arange(len(covered.real)), SHOWN),
    ]
    sources = (prior, prior, real)
    return Found(
        covered,
        hole,
        [z[some] for (z, _), some in zip(sources, rows, strict=True)],
        [log_q[some] for (_, log_q), some in zip(sources, rows, strict=True)],
    )


def region(run: Run, found: Found | None) -> Region | None:
    """The holes as they can be drawn in a plane: only where that is the whole latent space."""
    if found is None or run.config.model.latent_dim > 2:
        return None
    codes, seen = run.codes(), found.covered.seen
    return Region(codes.mu[seen], codes.logvar[seen], found.hole.threshold, found.z[0])


def show_holes(run: Run, found: Found | None) -> None:
    """The share of the prior in holes, and sheets of decodes; a click opens one in Explore."""
    point = run.config.model.posterior == "point"
    title = "the prior has mass, $q(z)$ has almost none"
    if point:
        title = r"$\mathcal{N}(0, I)$ has mass, and no code is near"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"#### Holes: {title}", width="content")
        st.segmented_control(
            "Below all but … of unseen images' codes",
            LEVELS,
            default=LEVELS[0],
            format_func=lambda level: f"{percent(level)} false alarms",
            key=_LEVEL,
            required=True,
            label_visibility="collapsed",
            help="How many codes of unseen images may lie in holes.",
        )
    with st.container(key=SHARE):
        if found is None:
            instead(_job(run), _name(run), "Measuring holes")
        else:
            st.markdown(share_words(found.hole, r"$\mathcal{N}(0, I)$" if point else "the prior"))
    if too_few(run):
        return
    stamp = f"{run.name} {state.trained(run)} {found.hole.level}" if found else ""
    pick = show_sheets(run, KEY, _decoded(run, found), stamp)
    first = "the farthest from a code" if point else "the lowest log q(z)"
    st.caption(f"Chosen to be unlike one another, {first} first. A click opens one in Explore.")
    # a stamp of another kind was sent just before another model or level was chosen
    if found and pick and pick["stamp"] == stamp:
        open_code(run, found.z[pick["sheet"]][pick["place"]])


def too_few(run: Run) -> bool:
    """Whether there are too few codes to tell where holes are."""
    return _job(run).problem is not None


def calibrated(found: Found | None) -> str:
    """What the share of holes is to be compared with, in Markdown; empty before it is known."""
    return calibration(found.hole, lower_share(found.covered)) if found else ""


def _decoded(run: Run, found: Found | None) -> list[Sheet]:
    point = run.config.model.posterior == "point"
    titles = _OF_POINTS if point else _TITLES
    if found is None:
        return [Sheet(title) for title in titles]
    model, codes = state.model_of(run), run.codes().mu
    if point:
        away = [distances(found.covered, codes, z) for z in found.z]
        notes = [[f"nearest code {brief(float(d))} away" for d in sheet] for sheet in away]
    else:
        notes = [[f"log q(z) = {value:.1f} nats" for value in log_q] for log_q in found.log_q]
    return [
        Sheet(title, decode_pixels(model, z), words)
        for title, z, words in zip(titles, found.z, notes, strict=True)
    ]


def _name(run: Run) -> tuple[str, str, str]:
    return "holes", str(run.path), state.trained(run)


def _job(run: Run) -> Job:
    return job(_name(run), partial(_cover, run))


def _cover(run: Run, report: Report) -> Coverage | None:
    codes = run.codes()
    return coverage(codes.mu, codes.logvar, report=report)
