"""What the page of q(z) and p(z) draws: the plane of two dimensions, and the KL as a bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pages.look import PALETTE
from vae.codes import Codes
from vae.latent.aggregate import marginal, plane

POSTERIOR, PRIOR, HOLE = PALETTE[0], PALETTE[6], PALETTE[2]  # blue, orange, red
PARTS = (PALETTE[0], PALETTE[8], PALETTE[4])  # blue, yellow, purple: information, TC, marginals
RADII = (1.0, 2.0)  # standard deviations of the prior's circles
DISC = 2.4477  # holds 95 % of N(0, I) in the plane: sqrt(-2 log 0.05)
_STEPS = 161
_HEIGHT = 590  # pixels
_CLEAR = "rgba(0,0,0,0)"


def rgba(colour: str, alpha: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


# Opacity grows as the root of the density: what is thin must be seen as well.
_SCALE = [[t, rgba(POSTERIOR, 0.95 * t**0.5)] for t in np.linspace(0, 1, 12).tolist()]


@dataclass(frozen=True)
class Region:
    """Holes as the plane of a model of one or two dimensions shows them.

    Attributes:
        mu: posterior means of the images that make q_A, (n, d).
        logvar: their log-variances.
        threshold: log q_A(z) below which z is in a hole, in nats.
        shown: the codes whose images the page shows, (k, d).
    """

    mu: np.ndarray
    logvar: np.ndarray
    threshold: float
    shown: np.ndarray


def reach(codes: Codes, dims: list[int]) -> float:
    """How far the axes go from 0: both of the prior's circles fit, and nearly all of q(z)."""
    mu, sigma = codes.mu[:, dims], np.exp(0.5 * codes.logvar[:, dims])
    return float(max(3.2, np.quantile(np.abs(mu) + 2 * sigma, 0.998)))


def widened(logvar: np.ndarray, step: float) -> np.ndarray:
    """Log-variances with a drawing's step as the least width: what is narrower is drawn so wide."""
    return np.maximum(logvar, 2 * np.log(step))


def levels(density: np.ndarray, cell: float, shares: list[float]) -> list[float]:
    """Densities whose contours enclose these shares of the mass; 0 where the grid has less."""
    ordered = np.sort(density, axis=None)[::-1]
    mass = np.cumsum(ordered) * cell
    places = np.searchsorted(mass, shares)
    return [float(ordered[i]) if i < len(ordered) else 0.0 for i in places]


def plane_density(codes: Codes, dims: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Places along an axis, (k,), and q(z) there: (k, k) for two dimensions, (k,) for one."""
    chosen = list(dims)
    r = reach(codes, chosen)
    axis, step = np.linspace(-r, r, _STEPS if len(dims) == 2 else 5 * _STEPS, retstep=True)
    return axis, _density(codes.mu[:, chosen], codes.logvar[:, chosen], axis, step)


def _density(mu: np.ndarray, logvar: np.ndarray, axis: np.ndarray, step: float) -> np.ndarray:
    logvar = widened(logvar, step)
    if mu.shape[1] == 1:
        return marginal(mu[:, 0], logvar[:, 0], axis)
    return plane(mu, logvar, axis, axis)


def plane_figure(
    axis: np.ndarray, q: np.ndarray, dims: tuple[int, ...], region: Region | None
) -> Any:
    """A Plotly figure of q(z_a, z_b), in true scale, over the circles of the prior.

    Args:
        axis: places of both axes, (k,); with ``q`` as :func:`plane_density` gives them.
        dims: the two dimensions, or the only one.
        region: holes, where the model has no further dimensions and they are known.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    if len(dims) == 1:
        return _line_figure(figure, axis, q, region)
    r, step = axis[-1], axis[1] - axis[0]
    log_p = -0.5 * (axis[None] ** 2 + axis[:, None] ** 2) - np.log(2 * np.pi)
    ratio = np.log(np.maximum(q, np.finfo(float).tiny)) - log_p
    a, b = (f"z<sub>{j + 1}</sub>" for j in dims)
    figure.add_heatmap(
        x=axis,
        y=axis,
        z=q.astype(np.float32),
        customdata=ratio.round(1).astype(np.float32),
        zmin=0,
        zmax=float(np.quantile(q[q > q.max() / 1000], 0.995)),
        colorscale=_SCALE,
        showscale=False,
        hovertemplate=f"{a} %{{x:.2f}}, {b} %{{y:.2f}}<br>q = %{{z:.4f}}<br>"
        "log q/p = %{customdata:.1f} nats<extra></extra>",
    )
    if region is not None:
        _add_holes(figure, region, axis)
    shares = [1 - float(np.exp(-(radius**2) / 2)) for radius in RADII]
    for number, (level, share) in enumerate(zip(levels(q, step**2, shares), shares, strict=True)):
        figure.add_contour(
            x=axis,
            y=axis,
            z=q.astype(np.float32),
            contours={"start": level, "end": level, "coloring": "none"},
            line={"color": POSTERIOR, "width": 3 - number, "smoothing": 0},
            name=f"{share:.0%} of q".replace("%", "\u202f%"),
            showlegend=True,
            hoverinfo="skip",
        )
    turn = np.linspace(0, 2 * np.pi, 181)
    for number, (radius, share) in enumerate(zip(RADII, shares, strict=True)):
        figure.add_scatter(
            x=radius * np.cos(turn),
            y=radius * np.sin(turn),
            mode="lines",
            line={"color": PRIOR, "width": 3.5 - number, "dash": "dash"},
            name=f"{share:.0%} of p: {radius:g}σ".replace("%", "\u202f%"),
            hoverinfo="skip",
        )
    axes = {"range": [-r, r], "constrain": "domain", "fixedrange": True, "zeroline": False}
    lay_out(figure)
    figure.update_xaxes(axes, title={"text": a})
    figure.update_yaxes(axes, scaleanchor="x", constraintoward="top")
    # the axis's own title stays behind where the axes are narrowed to be equal
    figure.add_annotation(x=-r, y=0, xshift=-42, text=b, textangle=-90, showarrow=False)
    return figure


def _add_holes(figure: Any, region: Region, axis: np.ndarray) -> None:
    """The holes within the disc that holds 95 % of the prior, and the codes that are shown."""
    q = _density(region.mu, region.logvar, axis, axis[1] - axis[0])
    within = axis[None] ** 2 + axis[:, None] ** 2 <= DISC**2
    hole = within & (q < np.exp(region.threshold))
    figure.add_heatmap(
        x=axis,
        y=axis,
        z=np.where(hole, 1.0, np.nan).astype(np.float32),
        colorscale=[[0, rgba(HOLE, 0.55)], [1, rgba(HOLE, 0.55)]],
        showscale=False,
        hoverinfo="skip",
        name="hole",
    )
    figure.add_scatter(
        x=region.shown[:, 0],
        y=region.shown[:, 1],
        mode="markers",
        marker={"symbol": "x-thin", "size": 9, "line": {"width": 2.5, "color": HOLE}},
        name="in holes",
        legendrank=2000,
        hovertemplate="in a hole: %{x:.2f}, %{y:.2f}<extra></extra>",
    )


def _line_figure(figure: Any, axis: np.ndarray, q: np.ndarray, region: Region | None) -> Any:
    """A model of one dimension: its q(z) over the prior, holes as stretches of the axis."""
    figure.add_scatter(
        x=axis, y=q, name="q(z)", fill="tozeroy", line={"color": POSTERIOR, "width": 2}
    )
    p = np.exp(-0.5 * axis**2) / np.sqrt(2 * np.pi)
    figure.add_scatter(x=axis, y=p, name="p(z)", line={"color": PRIOR, "width": 3, "dash": "dash"})
    if region is not None:
        seen = _density(region.mu, region.logvar, axis, axis[1] - axis[0])
        hole = (seen < np.exp(region.threshold)) & (np.abs(axis) <= 1.96)
        edges = np.flatnonzero(np.diff(np.r_[False, hole, False].astype(int)))
        for start, end in edges.reshape(-1, 2):
            figure.add_vrect(axis[start], axis[end - 1], fillcolor=rgba(HOLE, 0.4), line_width=0)
    lay_out(figure)
    figure.update_xaxes(range=[axis[0], axis[-1]], title={"text": "z"}, fixedrange=True)
    figure.update_yaxes(title={"text": "density"}, rangemode="tozero", fixedrange=True)
    return figure


def lay_out(figure: Any) -> None:
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 48, "r": 8, "t": 36, "b": 48},
        font={"size": 14},
        dragmode=False,
        legend={"orientation": "h", "x": 0.5, "xanchor": "center", "y": 1.01, "yanchor": "bottom"},
        plot_bgcolor=_CLEAR,
    )


def bar_figure(parts: list[float], names: list[str], total: float) -> Any:
    """A Plotly figure: the parts of the KL end to end, in nats; blank before they are known."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for value, name, colour in zip(parts, names, PARTS, strict=False):
        figure.add_bar(
            x=[value],
            y=[""],
            orientation="h",
            name=name,
            marker={"color": colour},
            hovertemplate=f"{name}: %{{x:.2f}} nats<extra></extra>",
        )
    figure.update_layout(
        barmode="relative",
        height=78,
        margin={"l": 8, "r": 12, "t": 2, "b": 28},
        font={"size": 14},
        showlegend=False,
        dragmode=False,
    )
    below = min(0.0, *(value for value in [0.0, *parts]))
    figure.update_xaxes(range=[below, 1.02 * total or 1.0], fixedrange=True, visible=len(parts) > 0)
    figure.update_yaxes(visible=False, fixedrange=True)
    return figure
