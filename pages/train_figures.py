"""What the Train page draws: learning curves, and rows of small images."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from pages.look import PALETTE, png_bytes

TRAIN, VALIDATION = PALETTE[0], PALETTE[6]  # blue and orange: apart for every colour vision
CURVE_HEIGHT = 260  # pixels
COLUMNS = 8
_POINTS = 1000  # more than a chart has pixels; a long run need not send them all each second
_TITLES = {"loss": "Loss", "reconstruction": "Reconstruction", "kl": "KL"}

_STYLE = f"""<style>
.train-tiles {{ display: grid; grid-template-columns: repeat({COLUMNS}, 1fr); gap: 3px; }}
.train-tiles > * {{ width: 100%; display: block; border-radius: 2px;
  background: var(--st-secondary-background-color, #8883); image-rendering: pixelated; }}
</style>"""


def curve(rows: list[dict[str, Any]], term: str, epochs: int) -> Any:
    """A Plotly figure of ``term`` over epochs: training as a line, validation with markers.

    Args:
        rows: points as in ``metrics.jsonl``.
        term: ``"loss"``, ``"reconstruction"`` or ``"kl"``, in nats per image.
        epochs: how many the run will have; the axis is that long from the start.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for split, colour, mode in (
        ("train", TRAIN, "lines"),
        ("validation", VALIDATION, "lines+markers"),
    ):
        points = thin([row for row in rows if row["split"] == split])
        figure.add_scatter(
            x=[row["epoch"] for row in points],
            y=[row[term] for row in points],
            name=split,
            mode=mode,
            line={"color": colour, "width": 2.5},
            marker={"size": 6 if epochs <= 40 else 3},
            hovertemplate="epoch %{x:.1f}: %{y:.2f} nats<extra>" + split + "</extra>",
        )
    rising = term == "kl"
    figure.update_layout(
        title={"text": _TITLES[term], "x": 0, "font": {"size": 18}},
        height=CURVE_HEIGHT,
        margin={"l": 62, "r": 8, "t": 36, "b": 50},  # fixed, so that no chart moves
        font={"size": 14},
        uirevision="keep",  # a zoom survives the next point
        legend={"x": 1, "xanchor": "right", "y": 0.02 if rising else 0.98}
        | {"yanchor": "bottom" if rising else "top", "bgcolor": "rgba(0,0,0,0)"},
        xaxis={"title": {"text": "epoch"}, "range": [0, epochs], "automargin": False},
        yaxis={"title": {"text": "nats per image"}, "automargin": False}
        | {"range": nats_range(rows, term), "showticklabels": bool(rows)},
    )
    return figure


def thin(rows: list[Any], limit: int = _POINTS) -> list[Any]:
    """At most about ``limit`` of the rows, evenly spread, the last one among them."""
    step = -(-len(rows) // limit) or 1
    return rows[::-1][::step][::-1]


def nats_range(rows: list[dict[str, Any]], term: str) -> list[float]:
    """Where the axis begins and ends, so that the later, slower progress can be seen.

    The steep fall of the first epoch would press the rest of the curve flat, so it leaves the
    chart at its top. Both splits together, with a margin of 8 %.
    """
    values = [row[term] for row in rows]
    if not values:
        return [0.0, 1.0]
    settled = [row[term] for row in rows if row["epoch"] >= 0.5] or values
    if rows[-1]["epoch"] > 2:
        settled = [row[term] for row in rows if row["epoch"] >= 1]
    low, high = min(settled), max(settled)
    margin = 0.08 * (high - low) or 1.0
    return [max(0.0, low - margin) if low >= 0 else low - margin, high + margin]


def picture_rows(rows: list[tuple[str, np.ndarray | None]], shape: tuple[int, int, int]) -> str:
    """HTML of rows of ``COLUMNS`` small images, enlarged crisply by the browser.

    Args:
        rows: what a row shows, in words, and its images (n, H, W, C) uint8; ``None`` keeps the
            place of images that are still to come.
        shape: (H, W, C) of the images.
    """
    height, width, _ = shape
    size = f'style="aspect-ratio:{width}/{height}"'
    tiles = []
    for words, images in rows:
        if images is None:
            tiles += [f"<div {size}></div>"] * COLUMNS
            continue
        for number, image in enumerate(images[:COLUMNS], start=1):
            data = base64.b64encode(png_bytes(image)).decode()
            tiles.append(f'<img {size} alt="{words} {number}" src="data:image/png;base64,{data}">')
    return f'{_STYLE}<div class="train-tiles">{"".join(tiles)}</div>'
