"""The small charts of q(z) and p(z): one for each dimension, all on the same axes, as SVG."""

from __future__ import annotations

import base64

import numpy as np

from pages.distributions_figures import POSTERIOR, PRIOR, reach, widened
from vae.codes import Codes
from vae.latent.aggregate import marginal

_TALLEST = 2.0  # density, five times the prior's peak: what is higher is cut off

_STYLE = """<style>
.marginals { display: grid; gap: 14px 22px; font-variant-numeric: tabular-nums;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 260px), 1fr)); line-height: 1.35; }
.marginals > div { font-size: 0.85rem; min-width: 0; }
.marginals > div > div { display: flex; justify-content: space-between; }
.marginals img { width: 100%; display: block; aspect-ratio: 260 / 100; }
</style>"""
# An image does not know the page's colours: this grey can be read on light and on dark.
_SVG_STYLE = f"""<style>
.q {{ fill: {POSTERIOR}; fill-opacity: 0.4; stroke: {POSTERIOR}; stroke-width: 1.5 }}
.p {{ fill: none; stroke: {PRIOR}; stroke-width: 2.5; stroke-dasharray: 5 3 }}
.axis {{ stroke: #808495 }}
text {{ fill: #808495; font: 11px sans-serif; text-anchor: middle }}
.cut {{ text-anchor: start }}
</style>"""


def marginal_curves(codes: Codes) -> tuple[np.ndarray, np.ndarray]:
    """Places on the axis that all dimensions share, (k,), and q(z_j) there, (d, k)."""
    d = codes.mu.shape[1]
    r = max(4.0, reach(codes, list(range(d))))
    axis, step = np.linspace(-r, r, 201, retstep=True)
    logvar = widened(codes.logvar, step)
    return axis, np.stack([marginal(codes.mu[:, j], logvar[:, j], axis) for j in range(d)])


def marginals_html(
    axis: np.ndarray,
    curves: np.ndarray,
    order: list[int],
    captions: list[list[tuple[str, str]]],
) -> str:
    """Small multiples of q(z_j), filled, over N(0, 1), dashed; all on the same axes.

    Args:
        axis: places, (k,); with ``curves`` as :func:`marginal_curves` gives them.
        order: the dimensions, as they are to stand.
        captions: for each of them lines of words at the left and at the right, HTML.
    """
    prior = np.exp(-0.5 * axis**2) / np.sqrt(2 * np.pi)
    top = 1.06 * min(_TALLEST, max(0.5, float(curves.max())))
    charts = []
    for j, lines in zip(order, captions, strict=True):
        words = "".join(f"<div><span>{a}</span><span>{b}</span></div>" for a, b in lines)
        picture = base64.b64encode(_svg(axis, curves[j], prior, top).encode()).decode()
        source = f"data:image/svg+xml;base64,{picture}"
        alt = f"z{j + 1} over N(0, 1){cut_words(curves[j], top)}"
        charts.append(f'<div>{words}<img alt="{alt}" src="{source}"></div>')
    return f'{_STYLE}<div class="marginals">{"".join(charts)}</div>'


def cut_words(curve: np.ndarray, top: float) -> str:
    """That a curve is higher than its chart, if it is, and how high."""
    return f", cut off: peak {curve.max():.3g}" if curve.max() > top else ""


def _svg(axis: np.ndarray, curve: np.ndarray, prior: np.ndarray, top: float) -> str:
    """One of them, 260 × 100, its axis at 82; what is higher than ``top`` leaves it."""
    across = np.linspace(0, 260, len(axis))

    def line(values: np.ndarray) -> str:
        up = 82 - 80 * np.minimum(values, 2 * top) / top
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, up, strict=True))

    ticks = "".join(
        f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="82" y2="86"/>'
        f'<text x="{x:.1f}" y="98">{words}</text>'
        for value, words in ((-3, "−3"), (0, "0"), (3, "3"))
        for x in [130 + 130 * value / axis[-1]]
    )
    cut = cut_words(curve, top).removeprefix(", ")
    left = 4 if curve.argmax() > 0.55 * len(axis) else 152  # beside the peak
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 260 100">{_SVG_STYLE}'
        f'<polygon class="q" points="0,82 {line(curve)} 260,82"/>'
        f'<polyline class="p" points="{line(prior)}"/>'
        f'<line class="axis" x1="0" x2="260" y1="82" y2="82"/>{ticks}'
        f'<text class="cut" x="{left}" y="11">{cut}</text></svg>'
    )
