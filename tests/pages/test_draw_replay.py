"""Real MNIST digits drawn on the page's pad by its own pen: the model takes them for what they are.

Each of 100 test images becomes strokes, which are drawn elsewhere on the pad and in another size,
centred as the page does it, encoded and reconstructed. The label of the nearest held-out code must
be what it is for the original.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pages import state
from pages.draw_words import recipe_of
from tests.conftest import needs_data
from tests.strokes import strokes_of
from vae.inference import decode_pixels, encode_pixels
from vae.originals import originals
from vae.runs import Run, find_run

REPLAY = Path(__file__).parent.parent / "js" / "draw_replay.mjs"
EACH = 10  # images of each digit
MARGIN = 0.08  # of the pad, that stays free
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not on the PATH")


def chosen_rows(run: Run) -> np.ndarray:
    rng = np.random.default_rng(0)
    labels = run.codes().labels
    return np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:EACH] for c in range(10)])


def on_the_pad(image: np.ndarray, rng: np.random.Generator, width: float) -> list[dict]:
    """The strokes of an image (28, 28), 45 to 85 % of the pad high or wide, somewhere on it."""
    strokes = strokes_of(image)
    points = np.array([point for stroke in strokes for point in stroke])
    low, size = points.min(0), np.ptp(points, axis=0)
    scale = rng.uniform(0.45, 0.85) / size.max()
    offset = rng.uniform(MARGIN, np.maximum(MARGIN, 1 - MARGIN - scale * size))
    return [
        {
            "width": width,
            "points": [
                [*((np.array(point) - low) * scale + offset).tolist(), 1] for point in stroke
            ],
        }
        for stroke in strokes
    ]


def replay(drawings: list[list[dict]], recipe: dict | None) -> np.ndarray:
    """What the page's encoder would get, (n, 28, 28, 1) uint8."""
    question = {"shape": [28, 28, 1], "recipe": recipe, "drawings": drawings}
    done = subprocess.run(
        ["node", str(REPLAY)], input=json.dumps(question).encode(), capture_output=True, check=True
    )
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, 28, 28, 1)


def nearest_labels(run: Run, z: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The label of the held-out code nearest to each z; an image's own code does not count."""
    codes = run.codes()
    squared = ((codes.mu[None] - z[:, None]) ** 2).sum(2)
    squared[np.arange(len(own)), own] = np.inf
    return codes.labels[squared.argmin(1)]


@needs_data
@needs_node
def test_drawn_digits_are_reconstructed_as_what_they_are() -> None:
    run = find_run("mnist-conv-16")
    model, rows = state.model_of(run), chosen_rows(run)
    images = originals(run)[rows]
    recipe, rng = recipe_of("mnist", (28, 28, 1)), np.random.default_rng(0)
    drawings = [on_the_pad(image[..., 0], rng, recipe.brush) for image in images]
    truth = nearest_labels(run, encode_pixels(model, images)[0], rows)

    def agreeing(drawn: np.ndarray) -> tuple[int, int]:
        """How many have the original's label: by the drawing's code, by its reconstruction's."""
        z = encode_pixels(model, drawn)[0]
        again = encode_pixels(model, decode_pixels(model, z))[0]
        labels = (nearest_labels(run, codes, rows) for codes in (z, again))
        coded, rebuilt = (int((found == truth).sum()) for found in labels)
        return coded, rebuilt

    centred = agreeing(replay(drawings, {"box": recipe.box, "centre": recipe.centre}))
    shrunk = agreeing(replay(drawings, None))
    print(f"nearest label kept: centred {centred}, only shrunk {shrunk}, of {len(rows)}")
    assert min(centred) >= 90
    assert max(shrunk) <= 60  # the control: centring is what does it
