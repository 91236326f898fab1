"""What the page of steps draws: a batch on its way through the model, and bars of its gradients."""

from __future__ import annotations

import base64
from html import escape

import numpy as np

from pages.look import PALETTE
from pages.reconstruct_figures import cividis
from vae.pictures import png_url
from vae.stepping import WalkedStep

_UP, _DOWN = PALETTE[0], PALETTE[6]  # apart for every colour vision
_SPAN = 3.0  # a bar's full height: of N(0, I), 99.7 % lie within
_STYLE = (
    """<style>
.walk { display: grid; grid-template-columns: 6.2rem repeat(8, minmax(0, 1fr)); gap: 5px 8px;
  align-items: center; font-variant-numeric: tabular-nums; line-height: 1.2; }
.walk > .label { font-size: 1rem; }
.walk i, .bars i { font-family: KaTeX_Math, Georgia, serif; }
.walk img { width: 100%; max-width: 84px; display: block; margin: auto; border-radius: 3px;
  image-rendering: pixelated; outline: 1px solid #8886; }
.walk img.vector { background: var(--st-secondary-background-color, #8882); height: 30px; }
.walk .blank { max-width: 84px; width: 100%; margin: auto; border-radius: 3px;
  background: var(--st-secondary-background-color, #8882); opacity: 0.6; }
.walk .number { text-align: center; font-size: 0.95rem; }
.walk .new { font-weight: 700; }
.bars { display: grid; grid-template-columns: minmax(0, auto) 1fr auto; gap: 4px 10px;
  align-items: center; font-size: 0.95rem; font-variant-numeric: tabular-nums; min-height: 13rem;
  align-content: start; }
.bars .bar { height: 14px; border-radius: 2px; min-width: 2px; background: """
    + _UP
    + """; }
@media (max-width: 640px) {
  .walk { grid-template-columns: 4.2rem repeat(4, minmax(0, 1fr)); }
  .walk > .far { display: none; }
}
</style>"""
)

# What is there from which stage on: the label, and the words for a screen reader.
_ROWS = (
    ("<i>x</i>", "image", 0),
    ("<i>μ</i>", "mean", 0),
    ("<i>σ</i>", "standard deviation", 0),
    ("<i>ε</i>", "draw", 1),
    ("<i>z</i>", "code", 1),
    ("<i>x̂</i>", "decode", 2),
    ("cost", "cost of each pixel", 3),
    ("−log <i>p</i>", "reconstruction in nats", 3),
    ("KL", "KL in nats", 3),
)


def batch_html(step: WalkedStep, stage: int) -> str:
    """The first images of the batch, one a column, from x down to its cost: as far as ``stage``.

    What is still to come keeps its room.
    """
    costs = step.pixel_nll / max(1e-9, float(step.pixel_nll.max()))
    cells = {
        "image": [_picture(image, "image") for image in step.images],
        "mean": [_vector(row, "mean") for row in step.mu],
        "standard deviation": [_vector(row, "standard deviation") for row in step.sigma],
        "draw": [_vector(row, "draw") for row in step.eps],
        "code": [_vector(row, "code") for row in step.z],
        "decode": [_picture(image, "decode") for image in step.decodes],
        "cost of each pixel": [
            _picture(cividis(np.clip(cost, 0.0, 1.0)), "cost of each pixel") for cost in costs
        ],
        "reconstruction in nats": [_number(cost.sum()) for cost in step.pixel_nll],
        "KL in nats": [_number(row.sum()) for row in step.kl_dims],
    }
    height, width, _ = step.images.shape[1:]
    body = []
    for label, words, since in _ROWS:
        body.append(f'<div class="label{" new" if since == stage else ""}">{label}</div>')
        for place, cell in enumerate(cells[words]):
            far = " far" if place > 3 else ""
            shown = cell if stage >= since else _blank(words, width, height)
            body.append(f'<div class="cell{far}">{shown}</div>')
    return f'{_STYLE}<div class="walk">{"".join(body)}</div>'


def bars_html(values: dict[str, float], unit: str) -> str:
    """A bar for each parameter of the model, in the order of the data's way, with its number."""
    most = max(values.values(), default=0.0) or 1.0
    rows = "".join(
        f"<div>{escape(_parameter(name))}</div>"
        f'<div><div class="bar" style="width:{100 * value / most:.1f}%"></div></div>'
        f"<div>{value:.2g}{unit}</div>"
        for name, value in values.items()
    )
    return f'{_STYLE}<div class="bars">{rows}</div>'


def _parameter(name: str) -> str:
    """``encoder.1.weight`` as a student reads it: ``encoder 1 weight``."""
    return name.replace(".", " ")


def _picture(image: np.ndarray, words: str) -> str:
    return f'<img alt="{words}" src="{png_url(image)}">'


def _vector(values: np.ndarray, words: str) -> str:
    """A vector as bars up and down from a line, on a scale of ± 3; longer ones are cut there."""
    width, bars = 100 / len(values), []
    for place, value in enumerate(values):
        height = min(1.0, abs(float(value)) / _SPAN) * 15
        y, colour = (15 - height, _UP) if value >= 0 else (15, _DOWN)
        bars.append(
            f'<rect x="{place * width + 0.1 * width:.2f}" y="{y:.2f}" width="{0.8 * width:.2f}" '
            f'height="{height:.2f}" fill="{colour}"/>'
        )
    numbers = ", ".join(f"{value:.2f}" for value in values[:4]) + ("…" if len(values) > 4 else "")
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 30" preserveAspectRatio="none">'
        f"{''.join(bars)}"
        '<line x1="0" x2="100" y1="15" y2="15" stroke="#888" stroke-width="0.8"/></svg>'
    )
    data = base64.b64encode(svg.encode()).decode()  # Streamlit lets no svg element through
    said = f"{words}: {numbers}"
    return (
        f'<img class="vector" alt="{said}" title="{said}" src="data:image/svg+xml;base64,{data}">'
    )


def _number(value: float) -> str:
    return f'<div class="number">{float(value):.1f}</div>'


def _blank(words: str, width: int, height: int) -> str:
    """The room of what is still to come."""
    if words.endswith("in nats"):
        return '<div class="number">–</div>'
    if words in ("decode", "cost of each pixel"):
        return f'<div class="blank" style="aspect-ratio:{width}/{height}"></div>'
    return '<div class="blank" style="height:30px"></div>'
