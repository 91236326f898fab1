"""What pages share with the Latent map: the map of a moving code, and the selected images."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import streamlit as st

from pages import linked, state
from tests.pages.opening import run_page, run_with, script_of
from vae.maps import load_map
from vae.runs import Run, find_run, list_runs


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    made: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", made)
    monkeypatch.setattr(state, "sync_url", lambda run: None)
    return made


def places_by(formula: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """As the browser computes them: axes · (z - origin)."""
    return (codes - np.array(formula["origin"])) @ np.array(formula["axes"]).T


@pytest.mark.parametrize("chosen", ["raw", "pca", "raw-3-5"])
def test_the_formula_of_a_linear_map_gives_its_very_places(
    session: dict[str, Any], chosen: str
) -> None:
    run = find_run("mnist-2d" if chosen == "raw" else "mnist-conv-16")
    session["maps"] = {run.name: chosen}
    data = linked.live_map(run)
    assert (data["id"], data["exact"]) == (chosen, True)
    expected = load_map(run, chosen).coords
    np.testing.assert_allclose(places_by(data["formula"], run.codes().mu), expected, atol=1e-4)


def test_every_model_has_a_map_and_the_classes_of_its_images(
    tiny_run: Run, session: dict[str, Any]
) -> None:
    for run in [run for run in list_runs()[0] if run.ready]:
        data = linked.live_map(run)
        assert load_map(run, data["id"]).coords.shape[1] == 2
        labels = [entry["label"] for entry in data["classes"]]
        assert labels == np.unique(run.codes().labels).tolist()
        assert all(entry["name"] and entry["colour"] for entry in data["classes"])
        assert (data["formula"] is None) == data["id"].startswith("tsne")


def test_the_map_that_was_chosen_is_shown_and_one_that_is_no_more_is_not(
    session: dict[str, Any],
) -> None:
    run = find_run("mnist-conv-16")
    assert linked.chosen_map(run) == "tsne"
    for chosen, shown in {"pca": "pca", "tsne-p9": "tsne", "raw-0-99": "tsne"}.items():
        session["maps"] = {run.name: chosen}
        assert linked.chosen_map(run) == shown
    session["maps"] = {run.name: "raw"}  # two dimensions: at first those that say most
    kl = np.array(state.model_facts(run)["kl"])
    across, up = (int(part) for part in linked.chosen_map(run).split("-")[1:])
    assert kl[across] == kl.max()
    assert kl[up] == np.sort(kl)[-2]
    assert linked.live_map(run)["name"] == f"z{across + 1} and z{up + 1}"


def test_the_two_dimensions_chosen_on_the_map_are_shown_everywhere_and_kept() -> None:
    run = find_run("mnist-conv-16")
    app = run_page("latent_map", model=run.name)
    app.button_group[0].set_value("raw").run()
    across, up = (box for box in app.selectbox if box.label in ("Across", "Up"))
    first = (across.value, up.value)
    chosen = (first[1], next(j for j in range(16) if j not in first))
    across.set_value(chosen[0]).run()  # what up was: up becomes another
    (up,) = [box for box in app.selectbox if box.label == "Up"]
    assert up.value == first[0]
    up.set_value(chosen[1]).run()
    assert not app.exception
    session = app.session_state
    for page in ("explore", "latent_map"):  # another page, and back again
        app = script_of(page)
        app.session_state["maps"], app.session_state["axes"] = session["maps"], session["axes"]
        (component,) = run_with(app, model=run.name).get("bidi_component")
        data = json.loads(component.proto.json)
        shown = data["map"]["id"] if page == "explore" else data["map"]
        assert shown == f"raw-{chosen[0]}-{chosen[1]}"


def test_of_a_large_selection_evenly_spread_rows_are_sent(
    tiny_run: Run, session: dict[str, Any]
) -> None:
    assert linked.selection_to_draw(tiny_run) == {"rows": [], "total": 0}
    state.set_selected(tiny_run, np.array([5, 3]))
    assert linked.selection_to_draw(tiny_run) == {"rows": [3, 5], "total": 2}
    state.set_selected(tiny_run, np.arange(10_000))
    sent = linked.selection_to_draw(tiny_run)
    assert sent["total"] == 10_000
    assert (sent["rows"][0], sent["rows"][-1]) == (0, 9999)
    assert len(set(sent["rows"])) == linked.MOST_SENT


def test_the_map_opens_with_the_code_that_is_sent_along(
    tiny_run: Run, session: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    session["pages"] = {"latent_map": "the map"}
    opened: list[str] = []
    monkeypatch.setattr(st, "switch_page", opened.append)
    linked.open_map(tiny_run)
    assert state.get_z(tiny_run) is None
    linked.open_map(tiny_run, np.array([1.0, 2.0], np.float32), 4)
    np.testing.assert_array_equal(state.get_z(tiny_run), [1, 2])
    assert state.get_picked(tiny_run) == 4
    assert opened == ["the map", "the map"]
