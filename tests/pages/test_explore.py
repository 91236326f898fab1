"""The Explore page: what it hands to the browser, and what comes back."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages import explore, state
from vae.latent.statistics import facts
from vae.runs import Run, find_run, list_runs

SCRIPT = "from pages.explore import page; page()"


def open_page(script: str, **query: str) -> AppTest:
    app = AppTest.from_string(script, default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def sent_to_browser(app: AppTest) -> dict:
    (component,) = app.get("bidi_component")
    return json.loads(component.proto.json)


def test_every_model_opens(tiny_run: Run) -> None:
    for name in [run.name for run in list_runs()[0] if run.ready]:
        app = open_page(SCRIPT, model=name)
        assert not app.exception
        data = sent_to_browser(app)
        assert data["model"] == name
        known = facts(find_run(name))
        assert data["says"]["values"] == known["kl"]
        assert np.array(data["quantiles"]).shape == (known["latent_dim"], 7)
        assert (np.diff(data["quantiles"], axis=1) >= 0).all()


def test_it_begins_at_a_real_image_and_names_its_class(tiny_run: Run) -> None:
    data = sent_to_browser(open_page(SCRIPT, model="tiny"))
    codes = tiny_run.codes()
    np.testing.assert_allclose(data["z"], codes.mu[0], atol=1e-4)
    assert data["origin"] == {"index": 0, "label": str(codes.labels[0])}


def test_a_code_in_the_address_is_shown(tiny_run: Run) -> None:
    data = sent_to_browser(open_page(SCRIPT, model="tiny", z="0.25,-1.50"))
    assert data["z"] == [0.25, -1.5]
    assert data["origin"] is None


@pytest.mark.parametrize(("model", "kept"), [("tiny", True), ("another", False)])
def test_a_point_is_kept_only_for_its_own_model(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch, model: str, kept: bool
) -> None:
    sent = SimpleNamespace(point={"model": model, "z": [1.0, 2.0], "index": 3})
    monkeypatch.setattr(st, "session_state", {explore.KEY: sent})
    monkeypatch.setattr(state, "sync_url", lambda run: None)
    explore._moved(tiny_run)
    assert (state.get_z(tiny_run) is not None) == kept
    assert state.get_picked(tiny_run) == (3 if kept else None)


def test_lengths_of_prior_draws_are_those_of_the_chi_distribution() -> None:
    # In two dimensions (Rayleigh) the quantile of order p is sqrt(-2 ln(1 - p)).
    expected = [np.sqrt(-2 * np.log(1 - p)) for p in (0.05, 0.95)]
    np.testing.assert_allclose(explore.usual_lengths(2), expected, atol=0.02)


def test_only_in_many_dimensions_lengths_are_said_to_be_near_root_d() -> None:
    assert "about $" in explore._lengths(16)
    assert "lengths from 0.3 to 2.4" in explore._lengths(2)
    assert "about $" not in explore._lengths(2)


def test_the_usual_distance_is_the_95_percent_quantile(tiny_run: Run) -> None:
    known = facts(tiny_run)
    data = sent_to_browser(open_page(SCRIPT, model="tiny"))
    assert data["usual"] == known["neighbour_distances"][5]
    assert data["images"] == len(tiny_run.codes().mu)
    assert f"within {data['usual']:.2f}" in explore._nearness(known, "all images")
    assert explore.usual_distance(known | {"neighbour_distances": []}) is None
    assert "not known" in explore._nearness(known | {"neighbour_distances": []}, "all images")


def test_a_link_gives_every_digit_of_its_code(tiny_run: Run) -> None:
    z = np.array([0.34936523, -1.0664063], np.float32)
    data = sent_to_browser(open_page(SCRIPT, model="tiny", z="0.34936523,-1.0664063"))
    assert np.array_equal(np.array(data["z"], np.float32), z)


def test_the_map_and_the_selected_images_come_along(tiny_run: Run) -> None:
    app = AppTest.from_string(SCRIPT, default_timeout=30)
    app.query_params["model"] = "tiny"
    app.session_state["selected"] = {("tiny", state.trained(tiny_run)): np.array([2, 7])}
    data = sent_to_browser(app.run())
    assert data["selected"] == {"rows": [2, 7], "total": 2}
    assert (data["map"]["id"], data["map"]["exact"]) == ("raw", True)
    labels = [entry["label"] for entry in data["map"]["classes"]]
    assert labels == np.unique(tiny_run.codes().labels).tolist()
