"""The film of a training: a GIF with every snapshot, whose map and pictures change."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from vae.errors import VaeError
from vae.film import BETWEEN, LAST_MS, gif_bytes, training_film
from vae.runs import Run, find_run
from vae.timeline import moments


def test_the_film_goes_through_every_snapshot(tiny_run: Run) -> None:
    film = Image.open(io.BytesIO(training_film(tiny_run, ["#ff0000", "#00aa00"])))
    assert film.format == "GIF"
    assert film.n_frames == BETWEEN * (len(moments(tiny_run)) - 1) + 1
    frames = []
    for number in (0, film.n_frames // 2, film.n_frames - 1):
        film.seek(number)
        frames.append(np.asarray(film.convert("RGB")).astype(int))
    assert film.info["duration"] == LAST_MS
    red = [((frame - [255, 0, 0]) ** 2).sum(axis=-1) < 3000 for frame in frames]
    assert all(mask.sum() > 100 for mask in red)  # the codes of a class
    assert (red[0] != red[2]).sum() > 100  # and they move
    assert np.abs(frames[0] - frames[1]).mean() > 1


def test_frames_become_an_endless_gif() -> None:
    frames = [Image.new("L", (8, 8), grey) for grey in (0, 128, 255)]
    film = Image.open(io.BytesIO(gif_bytes(frames, 60)))
    assert (film.n_frames, film.info["loop"], film.info["duration"]) == (3, 0, 60)


def test_without_snapshots_there_is_no_film(runs_folder) -> None:
    with pytest.raises(VaeError, match="has no snapshots"):
        training_film(find_run("digits-2d"), ["#000000"])
