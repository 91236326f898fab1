"""Choosing a map by its kind, and the form of a new one: every parameter arrives at the fit."""

from __future__ import annotations

import inspect
from functools import partial
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from pages import map_fits
from pages.latent_map_names import map_name, map_names
from tests.pages.opening import run_page
from vae.map_fitting import fit_map
from vae.map_jobs import Fit
from vae.map_params import MapParams
from vae.runs import Run

open_page = partial(run_page, "latent_map")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[MapParams]:
    """What is fitted, instead of a process."""
    params: list[MapParams] = []
    monkeypatch.setattr(map_fits, "start_map", lambda run, wanted: params.append(wanted))
    return params


def _field(app: AppTest, label: str):
    (found,) = [one for one in [*app.number_input, *app.selectbox] if one.label == label]
    return found


def _fit(app: AppTest) -> None:
    app.button(key="FormSubmitter:new map-Fit").click().run()
    assert not app.exception


def test_every_parameter_of_tsne_is_in_the_form(tiny_run: Run, started: list[MapParams]) -> None:
    app = open_page(model="tiny")
    _field(app, "Points, of 300 codes").set_value(200)
    _field(app, "Perplexity").set_value(12.5)
    _field(app, "Early exaggeration").set_value(4.0)
    _field(app, "Distance of codes").set_value("cosine")
    _field(app, "Seed").set_value(7)
    _fit(app)
    assert started == [MapParams(200, 12.5, 7, 4.0, "cosine")]


def test_no_more_points_are_offered_than_a_map_may_have(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _field(open_page(model="tiny"), "Points, of 300 codes").max == 300
    monkeypatch.setattr(map_fits, "MAX_POINTS", 120)
    field = _field(open_page(model="tiny"), "Points, of 300 codes")
    assert (field.value, field.max) == (120, 120)


def test_when_anothers_fit_ends_the_page_is_drawn_once_more(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_run.maps_dir / ".job-tsne"
    at_work = [Fit("tsne", folder, "running")]
    drawn: list[str] = []
    monkeypatch.setattr(map_fits, "fits", lambda run: at_work)
    monkeypatch.setattr(map_fits, "_bar", lambda fit, title: drawn.append("bar"))
    session = SimpleNamespace(setdefault=lambda name, made: made)
    monkeypatch.setattr(
        map_fits, "st", SimpleNamespace(session_state=session, rerun=lambda: drawn.append("page"))
    )
    look, shown = inspect.unwrap(map_fits._progress), {"tsne"}
    look(tiny_run, shown)
    at_work.append(Fit("umap", folder, "running"))  # begun since
    look(tiny_run, shown)
    at_work[1] = Fit("umap", folder, "done")
    look(tiny_run, shown)
    assert drawn == ["bar", "bar", "bar", "bar", "page"]


def test_a_map_that_is_there_is_not_asked_for_by_default(
    tiny_run: Run, started: list[MapParams]
) -> None:
    for seed in (0, 1):
        fit_map(tiny_run, MapParams(seed=seed))
    app = open_page(model="tiny")
    assert _field(app, "Seed").value == 2
    _field(app, "Seed").set_value(1)
    _fit(app)
    assert started == []
    said = [caption.value for caption in app.caption if "There already" in caption.value]
    assert said == ["There already: t-SNE · seed 1. Another seed makes another map."]
    _field(app, "Seed").set_value(2)
    _fit(app)
    assert started == [MapParams(seed=2)]


def test_umap_is_offered_with_its_own_parameters(tiny_run: Run, started: list[MapParams]) -> None:
    pytest.importorskip("umap")
    app = open_page(model="tiny")
    app.button_group(key="new map's method").set_value("umap").run()
    _field(app, "Neighbours").set_value(30)
    _field(app, "Minimal distance").set_value(0.5)
    assert not [one for one in app.number_input if one.label == "Perplexity"]
    _fit(app)
    assert started == [MapParams(method="umap", neighbours=30, min_dist=0.5)]


def test_where_umap_is_missing_one_line_says_how_to_get_it(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_fits, "umap_available", lambda: False)
    app = open_page(model="tiny")
    assert any("pip install umap-learn" in caption.value for caption in app.caption)
    assert _field(app, "Perplexity").value == 30


def test_the_choice_of_kinds_does_not_grow_with_the_maps(tiny_run: Run) -> None:
    for perplexity in (5, 6):
        fit_map(tiny_run, MapParams(points=60, perplexity=perplexity))
    app = open_page(model="tiny")
    kinds = app.button_group[0]
    assert kinds.options == ["Latent plane", "t-SNE", "PCA", "Perplexities"]
    kinds.set_value("fitted").run()
    which = _field(app, "Which map")
    assert which.options == ["t-SNE · perplexity 5 · 60 points", "t-SNE · perplexity 6 · 60 points"]
    which.set_value("tsne-p6-n60").run()
    assert app.session_state["maps"]["tiny"] == "tsne-p6-n60"
    app.button_group[0].set_value("pca").run()
    assert app.session_state["maps"]["tiny"] == "pca"
    app.button_group[0].set_value("fitted").run()
    assert app.session_state["maps"]["tiny"] == "tsne-p6-n60"  # the one that was looked at


def test_umap_maps_are_named_by_their_own_parameters() -> None:
    names = map_names(["tsne", "umap", "umap-k30-d0.5-s2"], 10_000)
    assert names == {
        "tsne": "t-SNE",
        "umap": "UMAP · 15 neighbours · distance 0.1 · seed 0",
        "umap-k30-d0.5-s2": "UMAP · 30 neighbours · distance 0.5 · seed 2",
    }
    assert map_name("umap-k30-cosine", 300) == "UMAP · 30 neighbours · cosine"
    assert map_name("tsne-e4", 300) == "t-SNE · exaggeration 4"
