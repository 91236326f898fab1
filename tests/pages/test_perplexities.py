"""Maps side by side: what the browser is handed, fitting them as one job, the control of noise."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages import map_fits, perplexities
from tests.pages.opening import run_page
from vae.jobs import cancel_map, start_perplexities
from vae.map_jobs import GRID, Fit, fits, folder_of
from vae.map_noise import DIMENSIONS, noise, noise_maps
from vae.map_params import MapParams, map_id, perplexity_grid
from vae.map_quality import quality
from vae.map_worker import run_grid
from vae.maps import load_map, stored_maps
from vae.runs import Run, find_run

open_page = partial(run_page, "latent_map")


def _open_grid(model: str) -> AppTest:
    return open_page(model=model).button_group[0].set_value("perplexities").run()


def _sent(app: AppTest) -> dict:
    assert not app.exception
    (component,) = app.get("bidi_component")
    return json.loads(component.proto.json)


def test_the_bundled_grid_works_at_once() -> None:
    app = _open_grid("mnist-conv-16")
    data = _sent(app)
    assert [tile["title"] for tile in data["tiles"]] == [
        f"perplexity {p}" for p in (5, 15, 30, 50, 100)
    ]
    assert not [button for button in app.button if button.label.startswith("Fit these")]
    run = find_run("mnist-conv-16")
    for tile in data["tiles"]:
        found = load_map(run, tile["map"])
        assert found.coords.shape == (2000, 2)
        measured = found.facts["quality"]
        shown = {name: value for name, value, _ in tile["terms"]}
        assert shown["trustworthiness"] == f"{measured['trustworthiness']:.3f}"
        assert shown["nearest point has the same label"] == f"{100 * measured['accuracy']:.1f} %"
        assert measured["accuracy"] > 0.9  # a map of codes that tell digits apart
    words = " ".join(text.value for text in app.markdown)
    assert "Sizes of clusters mean little" in words
    assert "clumps out of nothing" in words


def test_what_is_not_fitted_yet_is_fitted_by_one_button(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list = []
    monkeypatch.setattr(map_fits, "start_perplexities", lambda run, grid: started.append(grid))
    app = _open_grid("tiny")
    assert _sent(app)["tiles"] == []
    (button,) = [one for one in app.button if one.label == "Fit these five maps"]
    button.click().run()
    assert [params.perplexity for params in started[0]] == [5, 15, 30, 50, 100]
    at_work = [Fit(GRID, folder_of(tiny_run, GRID), "running", 0.4, 9.0, "map 2 of 5, arranging")]
    monkeypatch.setattr(map_fits, "fits", lambda run: at_work)
    monkeypatch.setattr(perplexities, "fits", lambda run: at_work)
    app.run()
    words = "New maps of several perplexities: map 2 of 5, arranging, about 9 s left"
    assert app.get("progress")[0].proto.text == words
    for fit, told, able in (
        (replace(at_work[0], cancelling=True), "cancelling …", False),
        (replace(at_work[0], seconds_left=0.4), "finishing …", True),
        (replace(at_work[0], progress=1.0, seconds_left=0.0), "finishing …", False),
    ):
        at_work[0] = fit
        app.run()
        assert app.get("progress")[0].proto.text == f"New maps of several perplexities: {told}"
        (cancel,) = [one for one in app.button if one.label == "Cancel"]
        assert cancel.disabled != able
    assert not [one for one in app.button if one.label.startswith("Fit ")][1:]  # the form's only


def test_a_perplexity_that_few_codes_do_not_allow_is_told(tiny_run: Run) -> None:
    found = run_grid(tiny_run, perplexity_grid(300)[-1:])
    assert found is not None
    tile = perplexities._tile(found[0])
    assert tile["title"] == "perplexity 100"
    assert tile["cut"] == "100 lowered to 99.7: only 300 points"


def test_the_control_of_noise_has_nothing_to_find() -> None:
    app = _open_grid("mnist-conv-16")
    app.toggle[0].set_value(True).run()
    tiles = _sent(app)["tiles"]
    codes = noise()
    assert codes.shape == (2000, DIMENSIONS)
    for tile, kept in zip(tiles, noise_maps(), strict=True):
        coords = np.frombuffer(base64.b64decode(tile["coords"]), "<f4").reshape(-1, 2)
        np.testing.assert_array_equal(coords, kept.coords)
        assert [name for name, *_ in tile["terms"]] == ["trustworthiness", "kNN recall"]
        assert kept.trustworthiness < 0.9  # of codes it is above 0.94
    measured = quality(codes, noise_maps()[2].coords)
    assert measured["trustworthiness"] == pytest.approx(noise_maps()[2].trustworthiness, abs=2e-3)


def test_a_grid_is_one_job_whose_maps_are_ordinary_ones(tiny_run: Run) -> None:
    grid = perplexity_grid(300, (20.0, 5.0), MapParams(points=100))
    assert [map_id(params) for params in grid] == ["tsne-p5-n100", "tsne-p20-n100"]
    folder = start_perplexities(tiny_run, grid)
    assert fits(tiny_run)[0].map_id == GRID
    deadline = time.monotonic() + 90
    while fits(tiny_run)[0].state == "running":
        assert time.monotonic() < deadline, (folder / "log.txt").read_text()
        time.sleep(0.05)
    assert fits(tiny_run)[0].state == "done", (folder / "log.txt").read_text()
    assert stored_maps(tiny_run) == ["tsne-p5-n100", "tsne-p20-n100"]
    np.testing.assert_array_equal(
        load_map(tiny_run, "tsne-p5-n100").facts["perplexity"], grid[0].perplexity
    )


def test_a_grid_tells_its_progress_as_one_and_keeps_what_was_done_when_cancelled(
    tiny_run: Run,
) -> None:
    grid = perplexity_grid(300, (5.0, 6.0, 7.0), MapParams(points=60))
    shares = []

    def cancel_in_the_second(step) -> None:
        shares.append(step.iteration / step.total)
        if shares[-1] > 0.5:
            cancel_map(folder_of(tiny_run, GRID))

    assert run_grid(tiny_run, grid, cancel_in_the_second) is None
    assert shares == sorted(shares)
    assert (fits(tiny_run)[0].state, stored_maps(tiny_run)) == ("cancelled", ["tsne-p5-n60"])
    before = load_map(tiny_run, "tsne-p5-n60").facts["date"]
    found = run_grid(tiny_run, grid)
    assert found is not None
    assert [one.id for one in found] == ["tsne-p5-n60", "tsne-p6-n60", "tsne-p7-n60"]
    assert found[0].facts["date"] == before  # it stayed
