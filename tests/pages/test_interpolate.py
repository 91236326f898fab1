"""The Interpolate page: its ends, and the files it makes."""

from __future__ import annotations

import io
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from PIL import Image, ImageSequence
from streamlit.testing.v1 import AppTest

from pages import interpolate, state
from vae.inference import decode_pixels
from vae.latent.paths import path
from vae.runs import Run, list_runs

SCRIPT = "from pages.interpolate import page; page()"


@pytest.fixture
def journey(tiny_run: Run) -> dict:
    mu = tiny_run.codes().mu
    a, b = ({"z": mu[i].tolist(), "label": f"image {i}", "index": i} for i in (0, 5))
    return {"a": a, "b": b, "kind": "slerp"}


def decoded(run: Run, z: list[float]) -> np.ndarray:
    return decode_pixels(state.model_of(run), np.array([z], np.float32))[0, ..., 0]


def test_every_model_opens(tiny_run: Run) -> None:
    for run in [run for run in list_runs()[0] if run.ready]:
        app = AppTest.from_string(SCRIPT, default_timeout=30)
        app.query_params["model"] = run.name
        app.run()
        assert not app.exception
        (component,) = app.get("bidi_component")
        data = json.loads(component.proto.json)
        assert data["model"] == run.name
        assert data["a"]["label"] != data["b"]["label"]
        assert len(data["a"]["z"]) == len(data["b"]["z"]) == run.config.model.latent_dim
        assert [data[end]["index"] for end in ("a", "b", "explore")] == [0, data["b"]["index"], 0]
        np.testing.assert_allclose(run.codes().mu[data["b"]["index"]], data["b"]["z"], atol=1e-4)
        assert data["images"] == len(run.codes().mu)
        assert data["selected"] == {"rows": [], "total": 0}
        assert data["map"]["id"]
        assert len(app.get("download_button")) == 2


def test_the_film_goes_there_and_back(tiny_run: Run, journey: dict) -> None:
    film = Image.open(io.BytesIO(interpolate.film_gif(tiny_run, journey)))
    assert film.format == "GIF"
    assert film.size == (280, 280)
    assert film.info["loop"] == 0
    frames = [np.array(frame.convert("L")) for frame in ImageSequence.Iterator(film)]
    duration = sum(frame.info["duration"] for frame in ImageSequence.Iterator(film))
    # Pillow joins equal neighbours into one longer frame: the time is kept, not the count
    assert duration == (2 * interpolate.FILM_FRAMES - 2) * interpolate.FRAME_MS
    whole = frames[0][::35, ::35].astype(int)
    assert abs(whole - decoded(tiny_run, journey["a"]["z"])).max() <= 2  # GIF has 256 colours
    turn = decoded(tiny_run, journey["b"]["z"]).astype(int)
    assert min(abs(frame[::35, ::35] - turn).max() for frame in frames) <= 2


@pytest.mark.parametrize("kind", ["lerp", "slerp"])
def test_the_strip_holds_the_path_with_both_ends(tiny_run: Run, journey: dict, kind: str) -> None:
    picture = Image.open(io.BytesIO(interpolate.strip_png(tiny_run, journey | {"kind": kind})))
    assert picture.format == "PNG"
    side, gap, n = 112, 2, interpolate.STRIP_FRAMES
    assert picture.size == (n * (side + gap) + gap, side + 2 * gap)
    pixels = np.array(picture)
    ends = [np.array(journey[end]["z"], np.float32) for end in ("a", "b")]
    expected = decode_pixels(state.model_of(tiny_run), path(*ends, n, kind))[..., 0]
    for i in range(n):
        left = gap + i * (side + gap)
        tile = pixels[gap : gap + side, left : left + side]
        np.testing.assert_array_equal(tile[7::14, 7::14], expected[i])
    np.testing.assert_array_equal(expected[0], decoded(tiny_run, journey["a"]["z"]))
    np.testing.assert_array_equal(expected[-1], decoded(tiny_run, journey["b"]["z"]))


def test_what_the_browser_sends_is_kept_with_the_class_of_real_images(
    tiny_run: Run, journey: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {"model": "tiny", "trained": state.trained(tiny_run)}
    sent = SimpleNamespace(journey={**named, **journey})
    sent.journey["b"] = {"z": [0.5, 0.5], "label": "random", "index": None}
    session: dict = {interpolate.KEY: sent}
    monkeypatch.setattr(st, "session_state", session)
    interpolate._changed(tiny_run)
    kept = interpolate.current_journey(tiny_run)
    assert kept["a"]["label"] == f"image 0: {tiny_run.codes().labels[0]}"
    assert (kept["a"]["index"], kept["b"]["index"]) == (0, None)
    assert kept["b"] == {"z": [0.5, 0.5], "label": "random", "index": None}
    assert kept["kind"] == "slerp"

    for other in ({"model": "another"}, {"trained": "before"}):
        sent.journey = {**named, **journey, **other}
        interpolate._changed(tiny_run)
        assert interpolate.current_journey(tiny_run) == kept


def test_a_model_trained_anew_begins_anew(
    tiny_run: Run, journey: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(state, "sync_url", lambda run: None)
    interpolate.current_journey(tiny_run)["a"] = journey["b"]
    assert interpolate.begun_journey(tiny_run)
    os.utime(tiny_run.path / "codes.npz", ns=(1, 1))
    assert interpolate.begun_journey(tiny_run) is None
    assert interpolate.current_journey(tiny_run)["a"]["index"] == 0


@pytest.mark.parametrize("row", [None, 5])
def test_an_end_or_a_step_of_the_path_is_shown_on_the_map(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch, row: int | None
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(st, "session_state", {"pages": {"latent_map": "the map"}})
    monkeypatch.setattr(st, "switch_page", opened.append)
    monkeypatch.setattr(state, "sync_url", lambda run: None)
    go = {"model": "tiny", "trained": state.trained(tiny_run), "z": [0.25, 0.5], "index": row}
    for other in ({"model": "another"}, {"trained": "before"}):
        interpolate._go(tiny_run, go | other)
        assert not opened
    interpolate._go(tiny_run, go)
    assert opened == ["the map"]
    expected = [0.25, 0.5] if row is None else tiny_run.codes().mu[row]
    assert np.array_equal(state.get_z(tiny_run), expected)
    assert state.get_picked(tiny_run) == row


def test_the_shell_speaks_for_the_arc_only_in_many_dimensions() -> None:
    assert "The arc stays on the shell" in interpolate._why(16)
    assert "just as good" in interpolate._why(2)
    assert "The arc stays on the shell" not in interpolate._why(2)
