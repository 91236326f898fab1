"""q(z) vs p(z): the aggregated posterior against the prior, the KL taken apart, holes."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache, partial

import numpy as np
import streamlit as st

from pages import state
from pages.background import Job, instead, job
from pages.dimensions import in_order, is_point, option
from pages.distributions_figures import bar_figure, plane_density, plane_figure
from pages.distributions_holes import SHARE, calibrated, find_holes, region, show_holes
from pages.distributions_marginals import marginal_curves, marginals_html
from pages.distributions_points import beside_prior, codes_figure, histograms
from pages.distributions_points import captions as point_captions
from pages.distributions_points import explanation as explain_points
from pages.distributions_ways import SHEETS, STATE, noisy, show_ways
from pages.distributions_ways import explanation as explain_ways
from pages.distributions_words import (
    NAMES,
    adding_up,
    captions,
    caution,
    enclosed,
    explanation,
    formula,
    legend,
    measured,
    three,
)
from vae.latent.aggregate import Report
from vae.latent.kl_parts import KlParts, kl_parts
from vae.runs import Run

_FIRST = 32  # dimensions that are drawn at once, the others on demand
_PLANE, _FORMULA = "distributions-plane", "distributions-formula"
_LIMITS, _WAITING = "distributions-limits", "distributions-waiting"
_TOP = "distributions-top"
# Words that take a while to come have their room before: how far they are stands where they will.
# A phone is too narrow for the plane's height: what stays empty below it is cut off.
_STYLE = f"""<style>
.st-key-{_FORMULA} {{ position: relative; gap: 0; }}
.st-key-{_WAITING} {{ position: absolute; inset: 0.4rem 0 auto; }}
.st-key-{SHARE} {{ min-height: 4rem; }}
.st-key-{STATE} {{ min-height: 4rem; }}
.st-key-{SHEETS} {{ min-height: 25rem; }}
@media (max-width: 640px) {{
  .st-key-{_PLANE} {{ max-height: calc(100vw + 42px); overflow: hidden; }}
  .st-key-{_PLANE}-holes {{ max-height: calc(100vw + 61px); overflow: hidden; }}
  .st-key-{_FORMULA} .katex {{ font-size: 1em; }}
  .st-key-{_LIMITS} {{ min-height: 21.5rem; }}
  .st-key-{SHARE} {{ min-height: 5.5rem; }}
  .st-key-{STATE} {{ min-height: 5.5rem; }}
  .st-key-{SHEETS} {{ min-height: 106rem; }}
  .st-key-{_TOP} > .stHorizontalBlock, .st-key-{_TOP} > * > .stHorizontalBlock {{ gap: 1rem; }}
}}</style>"""
_CHART = {"displayModeBar": False, "scrollZoom": False}


def page() -> None:
    """The plane at the left, the KL taken apart at the right; below, dimensions and decodes."""
    run = state.current_run()
    point = is_point(state.model_facts(run))
    found = find_holes(run)
    st.html(_STYLE)
    with st.container(key=_TOP):
        left, right = st.columns([6, 5], gap="large")
    with left:
        dims = _choose_dims(run)
        whole = run.config.model.latent_dim <= 2  # a legend with holes is a line higher
        if point:
            covered, level = (found.covered, found.hole.level) if found and whole else (None, 0.01)
            figure = codes_figure(run.codes().mu, dims, covered, level)
        else:
            axis, q = _plane(run, state.trained(run), dims)
            figure = plane_figure(axis, q, dims, region(run, found))
        st.plotly_chart(figure, key=f"{_PLANE}-holes" if whole else _PLANE, config=_CHART)
        if len(dims) == 2 and not point:
            st.caption(enclosed())
    parts: KlParts | None = None
    with right:
        if point:
            st.markdown(beside_prior(run.codes()))
        else:
            key = ("parts", str(run.path), state.trained(run))
            slow = job(key, partial(_compute, run))
            parts = slow.result
            _show_parts(run, parts, slow, key)
    _show_dimensions(run, parts)
    show_holes(run, found)
    show_ways(run, found)
    with st.expander("What this shows, and what it cannot"):
        d = run.config.model.latent_dim
        words = explain_points(d) if point else explanation(d, calibrated(found))
        st.markdown(words + explain_ways(noisy(run)))


def _compute(run: Run, report: Report) -> KlParts | None:
    codes = run.codes()
    return kl_parts(codes.mu, codes.logvar, report=report)


@lru_cache(maxsize=64)
def _plane(run: Run, _trained: str, dims: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    return plane_density(run.codes(), dims)


@lru_cache(maxsize=32)
def _curves(run: Run, _trained: str) -> tuple[np.ndarray, np.ndarray]:
    point = run.config.model.posterior == "point"
    return histograms(run.codes()) if point else marginal_curves(run.codes())


def _choose_dims(run: Run) -> tuple[int, ...]:
    """The dimensions of the plane: at first the two that say most about the image."""
    known = state.model_facts(run)
    dims = in_order(known)
    what = r"**Codes over $\mathcal{N}(0, I)$**" if is_point(known) else "**$q(z)$ over the prior**"
    if len(dims) <= 2:
        st.markdown(f"{what}: the whole latent space, in true scale")
        return tuple(sorted(dims))
    chosen: list[int] = []
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{what}, in true scale:", width="content")
        for place in ("across", "up"):
            chosen.append(
                st.selectbox(
                    place.capitalize(),
                    [dim for dim in dims if dim not in chosen],
                    format_func=partial(option, known),
                    key=f"distributions {place} of {run.name}",
                    width=180 if is_point(known) else 150,
                    label_visibility="collapsed",
                )
            )
    return tuple(chosen)


def _show_parts(run: Run, parts: KlParts | None, slow: Job, key: Hashable) -> None:
    st.markdown("**The KL of the posteriors, taken apart**")
    total = sum(state.model_facts(run)["kl"])
    with st.container(key=_FORMULA):
        st.latex(formula(parts, total))
        if parts is None:
            with st.container(key=_WAITING):
                instead(slow, key, "Measuring the three parts")
    values = [] if parts is None else adding_up(three(parts))
    figure = bar_figure(values, list(NAMES), total)
    st.plotly_chart(figure, key="distributions bar", config=_CHART)
    st.markdown(legend())
    with st.container(key=_LIMITS):
        if parts is not None:
            st.markdown(caution(parts))
            st.caption(measured(parts, state.images_of(run)))


def _show_dimensions(run: Run, parts: KlParts | None) -> None:
    """Small charts, those of the dimensions that say most first."""
    known = state.model_facts(run)
    variances, active, order = known["variances"], known["active"], in_order(known)
    what = "codes" if is_point(known) else "$q(z_j)$"
    st.markdown(f"#### Each dimension: {what}, filled, and $\\mathcal{{N}}(0, 1)$, dashed")
    rest = order[_FIRST:]
    if rest and st.toggle(f"All {len(order)} dimensions, not only the first {_FIRST}"):
        rest = []
    shown = order[: len(order) - len(rest)]
    lines = [
        point_captions(j, variances[j], active[j])
        if known["kl"] is None
        else captions(j, known["kl"][j], variances[j], parts)
        for j in shown
    ]
    st.html(marginals_html(*_curves(run, state.trained(run)), shown, lines))
