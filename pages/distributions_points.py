"""The page of q(z) and p(z) where codes are points: the codes themselves beside N(0, I)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pages.dimensions import brief
from pages.distributions_figures import DISC, HOLE, POSTERIOR, PRIOR, RADII, lay_out, rgba
from pages.point_words import NO_PRIOR
from vae.codes import Codes
from vae.latent.holes import Coverage
from vae.latent.neighbours import nearest_codes

_DRAWN = 5000  # codes of the plane; of more, a seeded sample
_STEPS = 81  # of the grid on which holes are looked for
_BINS = 50  # of a histogram


def distances(covered: Coverage, mu: np.ndarray, z: np.ndarray) -> np.ndarray:
    """How far each z (k, d) is from the nearest code of half A (see ``vae.latent.holes``): (k,).

    Points have no density. With their log-variance of -30 log q_A(z) is high where the nearest of
    them is near, so it orders places as these distances do.
    """
    return nearest_codes(mu[covered.seen])(z.astype(np.float32))[:, 0, 1].astype(np.float64)


def codes_figure(
    mu: np.ndarray, dims: tuple[int, ...], covered: Coverage | None, level: float
) -> Any:
    """A Plotly figure of codes (n, d) in two dimensions, in true scale, over circles of N(0, I).

    Args:
        dims: the two dimensions, or the only one.
        covered: what is known of holes, if they are to be drawn: of models of two dimensions.
        level: the share of codes of unseen images that may lie in holes.
    """
    import plotly.graph_objects as go

    shown = mu[:, list(dims)].astype(np.float64)
    r = float(max(3.2, 1.05 * np.quantile(np.abs(shown), 0.998)))
    some = np.random.default_rng(0).permutation(len(shown))[:_DRAWN]
    figure = go.Figure()
    flat = shown[:, 1] if len(dims) == 2 else np.zeros(len(shown))
    if covered is not None and len(dims) == 2:
        axis = np.linspace(-r, r, _STEPS)
        places = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        far = np.quantile(distances(covered, mu, covered.real), 1 - level)
        hole = distances(covered, mu, places[:, np.argsort(dims)]) > far
        hole &= (places**2).sum(axis=1) <= DISC**2
        figure.add_heatmap(
            x=axis,
            y=axis,
            z=np.where(hole, 1.0, np.nan).reshape(_STEPS, _STEPS).astype(np.float32),
            colorscale=[[0, rgba(HOLE, 0.45)], [1, rgba(HOLE, 0.45)]],
            showscale=False,
            hoverinfo="skip",
            name="hole",
        )
    names = [f"z<sub>{j + 1}</sub>" for j in dims]
    figure.add_scatter(
        x=shown[some, 0],
        y=flat[some],
        mode="markers",
        marker={"color": POSTERIOR, "size": 4, "opacity": 0.6},
        name="codes",
        hovertemplate=f"{names[0]} %{{x:.3g}}, {names[-1]} %{{y:.3g}}<extra></extra>",
    )
    turn = np.linspace(0, 2 * np.pi, 181)
    for number, radius in enumerate(RADII):
        figure.add_scatter(
            x=radius * np.cos(turn),
            y=radius * np.sin(turn),
            mode="lines",
            line={"color": PRIOR, "width": 3.5 - number, "dash": "dash"},
            name=f"N(0, I): {radius:g}σ",
            hoverinfo="skip",
        )
    lay_out(figure)
    axes = {"range": [-r, r], "constrain": "domain", "fixedrange": True, "zeroline": False}
    figure.update_xaxes(axes, title={"text": names[0]})
    figure.update_yaxes(axes, scaleanchor="x", constraintoward="top", visible=len(dims) == 2)
    if len(dims) == 2:
        figure.add_annotation(x=-r, y=0, xshift=-42, text=names[1], textangle=-90, showarrow=False)
    return figure


def histograms(codes: Codes) -> tuple[np.ndarray, np.ndarray]:
    """Places on the axis that all dimensions share, (k,), and how dense codes are there, (d, k)."""
    mu = codes.mu.astype(np.float64)
    r = max(4.0, float(np.quantile(np.abs(mu), 0.999)))
    edges = np.linspace(-r, r, _BINS + 1)
    axis = np.linspace(-r, r, 8 * _BINS, endpoint=False) + r / (8 * _BINS)
    heights = np.stack([np.histogram(column, edges)[0] for column in mu.T])
    density = heights / len(mu) / (edges[1] - edges[0])
    return axis, density[:, (np.arange(len(axis)) // 8)]


def beside_prior(codes: Codes) -> str:
    """What stands in the place of the KL: that there is none, and how unlike N(0, I) codes are."""
    mu = codes.mu.astype(np.float64)
    d = mu.shape[1]
    lengths, variances = np.linalg.norm(mu, axis=1), mu.var(axis=0)
    centre, least, most = np.linalg.norm(mu.mean(axis=0)), variances.min(), variances.max()
    return rf"""
**Codes are points: there is no KL to take apart**

This model is an autoencoder. Each image has one code, and no $q(z \mid x)$ about it. {NO_PRIOR}

| of {len(mu):,} codes | codes | $\mathcal{{N}}(0, I)$ |
|---|---|---|
| root mean square length | {brief(float(np.sqrt((lengths**2).mean())))} | {np.sqrt(d):.2f} |
| length of the mean | {brief(float(centre))} | 0.00 |
| smallest variance of a coordinate | {least:.2g} | 1.00 |
| largest | {most:.2g} | 1.00 |

Where these differ, the decoder is asked for what it never learned when codes are drawn from
$\mathcal{{N}}(0, I)$. To draw new images, take codes that are like the real ones:
*four ways*, below.
"""


def captions(j: int, variance: float, active: bool) -> list[tuple[str, str]]:
    """Lines about one dimension, left and right, in HTML."""
    name = f"<b><i>z</i><sub>{j + 1}</sub></b>"
    return [(name, "active" if active else "<b>inactive</b>"), ("variance", f"{variance:.2g}")]


def explanation(d: int) -> str:
    """What the page shows of point codes, and what it cannot say, in Markdown."""
    flat = (
        "The plane is the whole latent space, so holes are shaded in it, within the circle that "
        "holds 95 % of N(0, I)."
        if d == 2
        else "Holes have no place in a plane that is not the whole latent space."
    )
    return rf"""
All codes together are what the decoder was trained on. New images are often drawn from
$\mathcal{{N}}(0, I)$, as from a variational autoencoder; where no code is near, the decoder
is asked for what it never learned.

- **The plane** shows codes as they are; the orange circles are those of $\mathcal{{N}}(0, I)$, in
  the same scale. {flat}
- **Each dimension:** a histogram of the codes; active, where the variance is above 1 % of the
  largest.
- **Holes.** Points have no density, so nearness takes its place. A draw from $\mathcal{{N}}(0, I)$
  is in a hole if the nearest code of one half of the images is farther than for all but 1 %
  (or 5 %) of the codes of the other half. ± is one standard error, of the draws and of that
  threshold. In many dimensions unseen codes are far from all others too, so the test sees coarse
  holes only.
- **The images.** Of each kind twelve, chosen by their codes alone. A hole need not look bad, and
  what is near the codes need not look good.
"""
