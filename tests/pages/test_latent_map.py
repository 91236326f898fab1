"""The Latent map page: what it hands to the browser, what comes back, and new fits."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages import interpolate, latent_map, latent_map_data, map_fits, state
from pages.latent_map_names import map_name, map_names
from pages.row_masks import pack_rows, unpack_rows
from tests.pages.opening import run_page, run_with, script_of
from vae.errors import VaeError
from vae.files import read_json, write_json
from vae.latent.statistics import facts
from vae.map_fitting import fit_map
from vae.map_jobs import Fit
from vae.map_params import MapParams
from vae.maps import load_map
from vae.originals import OriginalsMissing
from vae.runs import Run, find_run, list_runs

open_page = partial(run_page, "latent_map")
SMALL = MapParams(points=60, perplexity=5)


def sent_to_browser(app: AppTest) -> dict:
    assert not app.exception
    (component,) = app.get("bidi_component")
    return json.loads(component.proto.json)


def test_every_model_opens(tiny_run: Run) -> None:
    for name in [run.name for run in list_runs()[0] if run.ready]:
        assert sent_to_browser(open_page(model=name))["model"] == name


def test_a_plane_of_two_dimensions_is_drawn_as_it_is(tiny_run: Run) -> None:
    data = sent_to_browser(open_page(model="tiny"))
    assert (data["map"], data["exact"], data["whole"]) == ("raw", True, True)
    assert data["lift"] == {"origin": [0, 0], "axes": [[1, 0], [0, 1]]}
    assert data["n"] == len(tiny_run.codes().mu)
    assert [entry["name"] for entry in data["classes"]] == list("0123456789")
    assert len({entry["colour"] for entry in data["classes"]}) == 10


def test_points_can_be_coloured_by_every_number_that_images_have(tiny_run: Run) -> None:
    data = sent_to_browser(open_page(model="tiny"))
    by = [one["by"] for one in data["colourings"]]
    assert {"kl", "reconstruction", "length", "z:0", "z:1"} == set(by)
    assert data["colourings"][0]["unit"] == "nats"


def test_what_is_sent_does_not_grow_with_the_images(tiny_run: Run) -> None:
    for name in ("tiny", "mnist-2d"):  # 300 images, 10,000 images
        assert len(json.dumps(sent_to_browser(open_page(model=name)))) < 8000


def test_a_selection_goes_to_the_browser_and_comes_back(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.array([0, 7, 8, 299])
    mask = pack_rows(rows, 300)
    np.testing.assert_array_equal(unpack_rows(mask, 300), rows)
    assert pack_rows(rows[:0], 300) is None
    assert len(unpack_rows(None, 300)) == 0
    for broken in ("AAAA", "no base64!", "A" * 10_000):
        with pytest.raises(VaeError, match="38 are allowed"):
            unpack_rows(broken, 300)
    selected = {"model": "tiny", "trained": state.trained(tiny_run), "mask": mask}
    session: dict = {latent_map.KEY: SimpleNamespace(selected=selected)}
    monkeypatch.setattr(st, "session_state", session)
    latent_map._selected(tiny_run)
    np.testing.assert_array_equal(state.get_selected(tiny_run), rows)
    for refused in ({"mask": "AAAA"}, {"trained": "before", "mask": pack_rows(rows[:1], 300)}):
        session[latent_map.KEY].selected = selected | refused
        latent_map._selected(tiny_run)
        np.testing.assert_array_equal(state.get_selected(tiny_run), rows)
    app = script_of("latent_map")
    app.session_state["selected"] = session["selected"]
    assert sent_to_browser(run_with(app, model="tiny"))["selected"] == mask


def test_the_ends_of_an_interpolation_are_marked(tiny_run: Run) -> None:
    app = script_of("latent_map")
    ends = {"z": [0.5, -1.0], "label": "here"}
    journey = {"a": {**ends, "index": 4}, "b": ends, "kind": "lerp"}
    app.session_state["journeys"] = {state.codes_key(tiny_run): journey}
    data = sent_to_browser(run_with(app, model="tiny"))
    assert data["ends"] == [
        {"index": 4, "z": [0.5, -1.0]},
        {"index": None, "z": [0.5, -1.0]},
    ]
    assert sent_to_browser(open_page(model="tiny"))["ends"] == []


def test_of_very_many_points_only_the_box_is_sent(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sent_to_browser(open_page(model="tiny"))["far"] is None
    monkeypatch.setattr(latent_map_data, "FAR_POINTS", 100)
    coords = load_map(tiny_run, "raw").coords
    far = sent_to_browser(open_page(model="tiny"))["far"]
    assert far["x"] == pytest.approx([coords[:, 0].min(), coords[:, 0].max()])


def test_a_picked_image_comes_with_its_terms(tiny_run: Run) -> None:
    picked = sent_to_browser(open_page(model="tiny", image="7"))["picked"]
    codes = tiny_run.codes()
    mu, logvar = codes.mu[7].astype(float), codes.logvar[7].astype(float)
    assert picked["kl"] == pytest.approx(0.5 * (mu**2 + np.exp(logvar) - 1 - logvar).sum())
    assert picked["reconstruction"] > 0


def test_without_the_data_set_the_original_is_left_out(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(run: Run) -> np.ndarray:
        raise OriginalsMissing("They are not here.")

    monkeypatch.setattr(latent_map_data, "originals", missing)
    monkeypatch.setattr(latent_map_data, "check_originals", missing)
    monkeypatch.setattr(latent_map_data, "is_available", lambda name: False)
    data = sent_to_browser(open_page(model="tiny", image="7"))
    assert "not on the server" in data["absence"]
    assert data["picked"]["reconstruction"] is None
    assert data["picked"]["kl"] > 0


def test_a_model_of_images_that_nobody_here_knows_has_a_map(tiny_run: Run) -> None:
    settings = read_json(tiny_run.path / "config.json")
    settings["training"]["dataset"] = "my-faces"
    write_json(tiny_run.path / "config.json", settings)
    data = sent_to_browser(open_page(model="tiny", image="7"))
    assert "not known here" in data["absence"]
    assert data["picked"]["reconstruction"] is None


def test_a_code_from_explore_is_handed_on(tiny_run: Run) -> None:
    data = sent_to_browser(open_page(model="tiny", z="0.25,-1.50"))
    assert data["z"] == [0.25, -1.5]
    assert data["picked"] is None


def test_a_stored_map_can_be_chosen_and_says_how_good_it_is(tiny_run: Run) -> None:
    fitted = fit_map(tiny_run, SMALL)
    assert fitted is not None
    app = open_page(model="tiny")
    app.button_group[0].set_value("fitted").run()
    data = sent_to_browser(app)
    assert (data["map"], data["exact"], data["axes"]) == ("tsne-p5-n60", False, [])
    shown = {name: value for name, value, _ in data["quality"]}
    measured = fitted.facts["quality"]
    assert shown["trustworthiness"] == f"{measured['trustworthiness']:.3f} (1 is best)"
    assert shown["… in the codes themselves"] == f"{100 * measured['accuracy_codes']:.1f} %"
    assert shown["points drawn"] == f"60 of {len(tiny_run.codes().mu)} codes"
    assert "measured on" not in shown
    assert "no inverse" in data["note"]


def test_pca_names_the_variance_of_its_axes(tiny_run: Run) -> None:
    app = open_page(model="tiny")
    app.button_group[0].set_value("pca").run()
    data = sent_to_browser(app)
    share = load_map(tiny_run, "pca").facts["explained"][0]
    assert data["axes"][0] == f"PC 1 ({share:.0%} of the variance)"


def test_the_plane_of_pca_goes_through_the_mean_and_the_slice_of_two_dimensions_does_not() -> None:
    codes = find_run("mnist-conv-16").codes().mu
    app = open_page(model="mnist-conv-16", image="7")
    assert sent_to_browser(app)["lift"] is None
    app.button_group[0].set_value("pca").run()
    data = sent_to_browser(app)
    np.testing.assert_allclose(data["lift"]["origin"], codes.mean(axis=0), atol=1e-4)
    assert "14 others at their mean" in data["note"]
    axes = np.array(data["lift"]["axes"])
    np.testing.assert_allclose(axes @ axes.T, np.eye(2), atol=1e-6)
    app.button_group[0].set_value("raw").run()
    data = sent_to_browser(app)
    drawn = [int(part) for part in data["map"].split("-")[1:]]
    others = np.delete(np.arange(16), drawn)
    np.testing.assert_allclose(
        np.array(data["lift"]["origin"])[others], codes[7][others], atol=1e-5
    )
    np.testing.assert_array_equal(np.array(data["lift"]["origin"])[drawn], 0)
    assert "stay those of the picked image, 7" in data["note"]
    assert data["usual"] == pytest.approx(
        facts(find_run("mnist-conv-16"))["neighbour_distances"][5]
    )


def test_maps_are_named_by_what_differs() -> None:
    assert map_names(["raw", "tsne", "pca"], 10_000) == {
        "raw": "Two dimensions",
        "tsne": "t-SNE",
        "pca": "PCA",
    }
    assert list(map_names(["tsne", "tsne-p50"], 10_000).values()) == [
        "t-SNE · perplexity 30",
        "t-SNE · perplexity 50",
    ]
    assert list(map_names(["tsne", "tsne-n10000-s1"], 10_000).values()) == [
        "t-SNE · 5,000 points · seed 0",
        "t-SNE · 10,000 points · seed 1",
    ]
    assert map_name("tsne-p12.5-cosine", 300) == "t-SNE · perplexity 12.5 · cosine"
    assert map_name("tsne-n300", 300) == map_name("tsne", 300) == "t-SNE"


def test_a_map_of_all_points_is_the_default_one(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr(map_fits, "start_map", lambda run, params: started.append(params))
    app = open_page(model="tiny")
    app.button(key="FormSubmitter:new map-Fit").click().run()
    assert started == [MapParams()]
    assert not any("idle cores" in caption.value for caption in app.caption)


def test_the_originals_can_be_fetched_where_they_are_not(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VAE_DATA", str(tmp_path / "none"))
    app = open_page(model="mnist-2d")
    assert not app.exception
    assert any("Download MNIST" in button.label for button in app.button)
    assert "button above" in sent_to_browser(app)["absence"]
    app = open_page(model="digits-2d")
    assert sent_to_browser(app)["absence"] is None
    assert not any("Download" in button.label for button in app.button)


@pytest.mark.parametrize(
    ("other", "kept"), [({}, True), ({"model": "another"}, False), ({"trained": "before"}, False)]
)
def test_a_point_is_kept_only_for_its_own_model_and_training(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch, other: dict, kept: bool
) -> None:
    point = {"model": "tiny", "trained": state.trained(tiny_run), "index": 3, "z": None, **other}
    session: dict = {latent_map.KEY: SimpleNamespace(point=point)}
    monkeypatch.setattr(st, "session_state", session)
    monkeypatch.setattr(state, "sync_url", lambda run: None)
    latent_map._chosen(tiny_run)
    assert state.get_picked(tiny_run) == (3 if kept else None)
    if kept:
        np.testing.assert_array_equal(state.get_z(tiny_run), tiny_run.codes().mu[3])


def test_a_picked_point_becomes_an_end_of_the_interpolation(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    mu = tiny_run.codes().mu[3]
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(state, "sync_url", lambda run: None)
    said: list[str] = []
    monkeypatch.setattr(st, "toast", lambda words, **options: said.append(words))
    state.set_z(tiny_run, mu)
    state.set_picked(tiny_run, 3)
    point = {"model": "tiny", "trained": state.trained(tiny_run), "index": 3, "z": None}
    latent_map._go(tiny_run, "b", point | {"trained": "before"})
    assert "trained anew" in said.pop()
    assert interpolate.begun_journey(tiny_run) is None
    latent_map._go(tiny_run, "b", point)
    end = interpolate.current_journey(tiny_run)["b"]
    np.testing.assert_allclose(end["z"], mu, atol=1e-4)
    assert end["label"].startswith("image 3: ")


def _open_with(fit: Fit, monkeypatch: pytest.MonkeyPatch, *, own: bool) -> tuple[AppTest, list]:
    """The page while a map is fitted, for this session or for another; the fits it goes by."""
    at_work = [fit]
    for module in (map_fits, latent_map_data):
        monkeypatch.setattr(module, "fits", lambda run: at_work)
    app = script_of("latent_map")
    if own:
        app.session_state["fits"] = {"tiny": {fit.map_id}}
    return run_with(app, model="tiny"), at_work


@pytest.mark.parametrize("own", [True, False])
def test_every_fit_is_a_bar_but_only_ones_own_changes_the_map(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    folder = tiny_run.maps_dir / ".job-tsne-p5-n60"
    fit = Fit("tsne-p5-n60", folder, "running", 0.4, 12.0, "arranging")
    app, at_work = _open_with(fit, monkeypatch, own=own)
    assert sent_to_browser(app)["forming"] == ("tsne-p5-n60" if own else None)
    words = "New map “t-SNE · perplexity 5 · 60 points”: arranging, about 12 s left"
    assert app.get("progress")[0].proto.text == words
    assert [button.label for button in app.button if button.label == "Cancel"]
    fit_map(tiny_run, SMALL)
    at_work[0] = Fit("tsne-p5-n60", folder, "done", 1.0)
    app.run()
    data = sent_to_browser(app)
    assert (data["map"], data["forming"]) == ("tsne-p5-n60" if own else "raw", None)
    assert "t-SNE" in app.button_group[0].options
    assert not app.get("progress")


def test_a_fit_that_failed_says_why(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_run.maps_dir / ".job-tsne"
    app, at_work = _open_with(Fit("tsne", folder, "running"), monkeypatch, own=True)
    at_work[0] = Fit("tsne", folder, "failed", error="The disk is full.")
    app.run()
    assert "The disk is full." in app.error[0].value
