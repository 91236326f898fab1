"""What the Train page draws: learning curves, and rows of small images."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from pages.look import PALETTE
from pages.train_words import no_numbers
from vae.config import ObjectiveConfig
from vae.objectives import TERMS
from vae.pictures import png_url
from vae.runs import Run

TRAIN, VALIDATION = PALETTE[0], PALETTE[6]  # blue and orange: apart for every colour vision
OTHERS = (PALETTE[4], PALETTE[2], PALETTE[7], PALETTE[9])  # of runs laid over another
COLUMNS = 8
_POINTS = 1000  # more than a chart has pixels; a long run need not send them all each second
_TITLES = {
    "reconstruction": "Reconstruction",
    "kl": "KL",
    "capacity_gap": "|KL − C|",
    "index_code_mi": "I(x; z)",
    "total_correlation": "Total correlation",
    "dimension_kl": "Σ KL of each dimension",
    "mmd": "MMD",
    "importance_bound": "Bound",
    "neg_log_q": "−log q(z|x)",
    "l1": "Σ|z|",
}

_STYLE = f"""<style>
.train-tiles {{ display: grid; grid-template-columns: repeat({COLUMNS}, 1fr); gap: 3px; }}
.train-tiles > * {{ width: 100%; display: block; border-radius: 2px;
  background: var(--st-secondary-background-color, #8883); image-rendering: pixelated; }}
</style>"""


def curves(run: Run, ended: bool, others: Sequence[tuple[Run, bool]] = ()) -> dict[str, Any]:
    """What ``components/curves.js`` draws: the loss and its terms over epochs, and of the
    validation images what the code is used for. The points themselves it fetches.

    Args:
        ended: no more points will come, so the axis ends with the last one.
        others: runs to be laid over it, and whether they have ended.
    """
    objective, measured = run.config.objective, run.config.model.posterior != "point"
    charts: list[dict[str, Any]] = [
        {"term": term, "title": title, "unit": unit_of(term)}
        for term, title in charted(objective).items()
    ]
    return {
        "plotly": version("plotly"),
        "run": run.name,
        "epochs": run.config.training.epochs,
        "ended": ended,
        "colours": {"train": TRAIN, "validation": VALIDATION},
        "empty": no_numbers(ended),
        "charts": charts + (_measured(run.config.model.latent_dim) if measured else []),
        "measured": measured,
        "others": [
            {"run": other.name, "ended": done, "colour": colour}
            for (other, done), colour in zip(others, OTHERS, strict=False)
        ],
    }


def _measured(latent_dim: int) -> list[dict[str, Any]]:
    """The charts of :func:`vae.latent.usage.usage`."""
    return [
        {
            "term": "active_units",
            "title": "Active units",
            "unit": "",
            "per": f"of {latent_dim}",
            "range": [0, latent_dim * 1.05],
            "measured": True,
        },
        {
            "term": "mutual_information",
            "title": "I(x; z), estimate",
            "unit": "nats",
            "per": "nats",
            "measured": True,
        },
    ]


def charted(objective: ObjectiveConfig) -> dict[str, str]:
    """The curves of an objective and their titles; none that is another one over again."""
    titles = {"loss": "Loss"} | {term: _TITLES[term] for term in TERMS[objective.objective]}
    if objective.objective == "iwae":
        titles = {**titles, "loss": f"Loss: bound, k = {objective.samples}"}
        del titles["importance_bound"]
    if objective.objective == "autoencoder" and not objective.sparsity:
        titles = {"reconstruction": "Reconstruction = loss", "l1": titles["l1"]}
    return titles


def unit_of(term: str) -> str:
    """The unit of a term; some have none."""
    return "" if term in ("mmd", "l1") else "nats"


def layout_style(key: str, run: Run) -> str:
    """CSS that reserves the room for a run's charts, before the browser part is there."""
    count = len(charted(run.config.objective))
    columns = count if count <= 3 else 2 if count == 4 else 3
    rows = -(-count // columns)
    measured = 0 if run.config.model.posterior == "point" else 1
    return (
        f"<style>.st-key-{key} {{ --columns: {columns}; --rows: {rows}; --charts: {count}; "
        f"--measured: {measured}; --height: {260 if rows == 1 else 210}px; }}</style>"
    )


def thin(rows: list[Any], limit: int = _POINTS) -> list[Any]:
    """At most about ``limit`` of the rows, evenly spread, the last one among them."""
    step = -(-len(rows) // limit) or 1
    return rows[::-1][::step][::-1]


def nats_range(rows: list[dict[str, Any]], term: str) -> list[float]:
    """Where the axis begins and ends, so that the later, slower progress can be seen.

    The steep fall of the first epoch would press the rest of the curve flat, so it leaves the
    chart at its top. Both splits together, with a margin of 8 %.
    """
    rows = [row for row in rows if row.get(term) is not None]
    values = [row[term] for row in rows]
    if not values:
        return [0.0, 1.0]
    settled = [row[term] for row in rows if row["epoch"] >= 0.5] or values
    if rows[-1]["epoch"] > 2:
        settled = [row[term] for row in rows if row["epoch"] >= 1]
    low, high = min(values), max(settled)
    margin = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    return [max(0.0, low - margin) if low >= 0 else low - margin, high + margin]


def picture_rows(rows: Sequence[tuple[str, np.ndarray | None]], shape: tuple[int, int, int]) -> str:
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
            tiles.append(f'<img {size} alt="{words} {number}" src="{png_url(image)}">')
    return f'{_STYLE}<div class="train-tiles">{"".join(tiles)}</div>'
