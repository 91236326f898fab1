"""Frames of a map forming: true to the fit, whole for every reader, gone with what was not done."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from vae.errors import VaeError
from vae.files import load_npz, read_json, save_npz
from vae.jobs import start_map
from vae.map_fitting import fit_map
from vae.map_frames import (
    FRAMES_FILE,
    append_frame,
    begin_frames,
    load_frames,
    parse_frames,
    read_frames,
    record_type,
)
from vae.map_params import MapParams
from vae.map_worker import job_folder, run_grid, run_map
from vae.maps import load_map, stored_frames, stored_maps
from vae.projection import Step, pca
from vae.runs import Run
from vae.status import read_status

PARAMS = MapParams(points=60, perplexity=5)


def _step(iteration: int, coords: np.ndarray) -> Step:
    return Step(iteration, 750, 0.5, coords)


@pytest.fixture
def places() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32) * [30, 0.1]


def test_a_frame_holds_places_to_a_65535th_of_its_box(tmp_path: Path, places: np.ndarray) -> None:
    path = tmp_path / FRAMES_FILE
    begin_frames(path, 7, 750)
    append_frame(path, _step(0, np.zeros((7, 2))))  # all in one place
    append_frame(path, _step(25, places))
    frames = read_frames(path)
    assert (len(frames), frames.total) == (2, 750)
    assert (frames.places(0) == 0).all()
    steps = np.ptp(places, axis=0) / 65_535
    assert (np.abs(frames.places(1) - places) <= 0.51 * steps + 1e-6).all()
    assert frames.coords[1].min() == 0
    assert frames.coords[1].max() == 65_535


def test_half_a_frame_is_not_there_yet(tmp_path: Path, places: np.ndarray) -> None:
    path = tmp_path / FRAMES_FILE
    begin_frames(path, 7, 750)
    for iteration in (0, 25, 50):
        append_frame(path, _step(iteration, places))
    whole = path.read_bytes()
    size = record_type(7).itemsize
    assert size == 24 + 4 * 7
    for cut in (1, size - 1):
        path.write_bytes(whole[:-cut])
        assert read_frames(path).iterations.tolist() == [0, 25]
    path.write_bytes(whole)
    assert read_frames(path, first=1, most=1).iterations.tolist() == [25]
    assert len(read_frames(path, first=9)) == 0


def test_the_first_frame_is_the_start_and_the_last_is_the_map(tiny_run: Run) -> None:
    found = run_map(tiny_run, PARAMS)
    assert found is not None
    frames = stored_frames(tiny_run, found.id)
    assert frames.iterations.tolist() == list(range(0, 751, 25))
    mu = tiny_run.codes().mu[:60]
    start, expected = frames.places(0).astype(float), pca(mu)(mu)
    for axis in (0, 1):
        assert np.corrcoef(start[:, axis], expected[:, axis])[0, 1] > 0.99
    span = np.ptp(found.coords, axis=0)
    assert (np.abs(frames.places(-1) - found.coords) <= span / 60_000).all()
    assert np.isnan(frames.kl[0])
    assert frames.kl[-1] < frames.kl[1]  # the fit minimises it
    assert not (job_folder(tiny_run, PARAMS) / FRAMES_FILE).exists()


def test_identical_codes_are_together_in_every_frame(tiny_run: Run) -> None:
    codes = load_npz(tiny_run.path / "codes.npz")
    codes["mu"][30:60] = codes["mu"][:30]
    save_npz(tiny_run.path / "codes.npz", **codes)
    run_map(tiny_run, PARAMS)
    coords = stored_frames(tiny_run, "tsne-p5-n60").coords
    np.testing.assert_array_equal(coords[:, :30], coords[:, 30:])


def test_frames_do_not_appear_as_maps(tiny_run: Run) -> None:
    run_map(tiny_run, PARAMS)
    assert stored_maps(tiny_run) == ["tsne-p5-n60"]
    with pytest.raises(VaeError, match="has no map"):
        load_map(tiny_run, "tsne-p5-n60.frames")


def test_few_codes_are_drawn_at_once_and_have_no_frames(tiny_run: Run) -> None:
    folder = job_folder(tiny_run, MapParams(points=3))
    folder.mkdir(parents=True)
    begin_frames(folder / FRAMES_FILE, 3, 750)  # of a fit that was killed
    assert run_map(tiny_run, MapParams(points=3)) is not None
    with pytest.raises(VaeError, match="stored without its frames"):
        stored_frames(tiny_run, "tsne-n3")


def test_a_map_fitted_again_without_frames_does_not_keep_the_old_ones(tiny_run: Run) -> None:
    run_map(tiny_run, PARAMS)
    fit_map(tiny_run, PARAMS)
    with pytest.raises(VaeError, match="stored without its frames"):
        stored_frames(tiny_run, "tsne-p5-n60")


def test_frames_of_another_map_are_not_shown(tiny_run: Run) -> None:
    found = run_map(tiny_run, PARAMS)
    assert found is not None
    path = tiny_run.maps_dir / "tsne-p5-n60.frames.npz"
    with pytest.raises(VaeError, match="frames of another map"):
        load_frames(path, found.coords + 1)


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        ({"kl": None}, "it lacks 'kl'"),
        ({"coords": np.zeros((2, 5, 2), np.uint16)}, "1 to 64 frames of 7 places"),
        ({"coords": np.zeros((2, 7, 2), np.float32)}, "1 to 64 frames of 7 places"),
        ({"iterations": np.zeros((2, 1), np.int32)}, "1 to 64 frames of 7 places"),
        ({"iterations": np.array([25, 25], np.int32)}, "that no fit has"),
        ({"boxes": np.full((2, 4), np.nan, np.float32)}, "that no fit has"),
    ],
)
def test_damaged_frames_are_a_sentence(spoilt: dict, sentence: str) -> None:
    good = {
        "iterations": np.array([0, 25], np.int32),
        "kl": np.array([np.nan, 1], np.float32),
        "boxes": np.zeros((2, 4), np.float32),
        "coords": np.zeros((2, 7, 2), np.uint16),
    }
    assert parse_frames(good, 7, "it").total == 25
    arrays = {name: array for name, array in (good | spoilt).items() if array is not None}
    with pytest.raises(VaeError, match=sentence):
        parse_frames(arrays, 7, "it")


def test_a_cancelled_fit_leaves_neither_map_nor_frames(tiny_run: Run) -> None:
    folder = job_folder(tiny_run, PARAMS)

    def cancel(step: Step) -> None:
        assert read_frames(folder / FRAMES_FILE).iterations[-1] == step.iteration
        if step.iteration == 300:
            (folder / "cancel").touch()

    assert run_map(tiny_run, PARAMS, cancel) is None
    assert [path.name for path in tiny_run.maps_dir.iterdir()] == [folder.name]
    assert not (folder / FRAMES_FILE).exists()


def test_a_killed_fit_leaves_neither_map_nor_frames_and_can_be_fitted_again(tiny_run: Run) -> None:
    params = MapParams(points=280, perplexity=20)
    folder = start_map(tiny_run, params)
    path = folder / FRAMES_FILE
    deadline = time.monotonic() + 90
    while not path.is_file() or len(read_frames(path)) < 3:
        assert time.monotonic() < deadline, (folder / "log.txt").read_text()
        time.sleep(0.002)
    os.kill(read_json(folder / "status.json")["pid"], getattr(signal, "SIGKILL", signal.SIGTERM))
    while read_status(folder)["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert read_status(folder)["state"] == "failed"
    assert [path.name for path in tiny_run.maps_dir.iterdir()] == [folder.name]
    assert stored_maps(tiny_run) == []
    assert run_map(tiny_run, params) is not None
    assert stored_frames(tiny_run, "tsne-p20-n280").iterations[0] == 0


def test_a_grid_keeps_no_frames(tiny_run: Run) -> None:
    grid = [MapParams(points=60, perplexity=p) for p in (5, 10)]
    assert run_grid(tiny_run, grid) is not None
    names = {path.name for path in tiny_run.maps_dir.glob("tsne*")}
    assert names == {f"tsne-p{p}-n60.{end}" for p in (5, 10) for end in ("npz", "json")}
