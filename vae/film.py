"""A training as a film: codes that drift and pictures that sharpen, as an animated GIF."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from vae.latent.alignment import aligned_planes
from vae.pictures import contact_sheet, to_image
from vae.runs import Run
from vae.timeline import moments, read_moment, read_shown

BETWEEN = 2  # frames from one snapshot to the next
FRAME_MS, LAST_MS = 80, 2000
MAP_SIDE, SHEET_SIDE, LINE = 360, 36, 24  # pixels
_PAPER, _INK = (255, 255, 255), (30, 30, 30)


def gif_bytes(frames: Sequence[Image.Image], durations: int | list[int]) -> bytes:
    """Frames as an endless GIF, each shown for so many milliseconds."""
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0
    )
    return buffer.getvalue()


def training_film(run: Run, colours: Sequence[str]) -> bytes:
    """All snapshots of a run as GIF: the aligned map, reconstructions and samples, the epoch.

    Args:
        colours: of the classes by number, as ``#rrggbb``; they repeat.

    Raises:
        VaeError: if the run has no snapshots, or one is damaged.
    """
    shown, times = read_shown(run), moments(run)
    found = [read_moment(run, images) for images in times]
    film = aligned_planes([moment.codes for moment in found])
    low, high = film.min(axis=(0, 1)), film.max(axis=(0, 1))
    # The same scale along both axes, the whole film within.
    scale = 0.94 * MAP_SIDE / max(float((high - low).max()), 1e-9)
    pixels = (film - (low + high) / 2) * scale * [1, -1] + MAP_SIDE / 2
    frames = []
    for i, moment in enumerate(found):
        sheets = [
            to_image(contact_sheet(images, 4, SHEET_SIDE, background=255)).convert("RGB")
            for images in (moment.reconstructions, moment.samples)
        ]
        epoch = times[i] / shown.count
        words = f"epoch {epoch:.3g} of {run.config.training.epochs}, {times[i]:,} images seen"
        following = pixels[min(i + 1, len(found) - 1)]
        for step in range(BETWEEN if i + 1 < len(found) else 1):
            share = step / BETWEEN
            places = (1 - share) * pixels[i] + share * following
            frames.append(_frame(places, shown.labels, colours, sheets, words))
    return gif_bytes(frames, [FRAME_MS] * (len(frames) - 1) + [LAST_MS])


def _frame(
    places: np.ndarray,
    labels: np.ndarray,
    colours: Sequence[str],
    sheets: list[Image.Image],
    words: str,
) -> Image.Image:
    """One frame: the map at the left, reconstructions above samples at the right, words below."""
    width = MAP_SIDE + LINE + max(sheet.width for sheet in sheets)
    height = max(MAP_SIDE, sum(sheet.height for sheet in sheets) + 2 * LINE) + LINE
    image = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(image)
    for (x, y), label in zip(places, labels, strict=True):
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colours[label % len(colours)])
    top = 0
    for name, sheet in zip(("reconstructions", "samples"), sheets, strict=True):
        draw.text((MAP_SIDE + LINE, top + 6), name, _INK)
        image.paste(sheet, (MAP_SIDE + LINE, top + LINE))
        top += LINE + sheet.height
    draw.text((4, height - LINE + 6), words, _INK)
    return image
