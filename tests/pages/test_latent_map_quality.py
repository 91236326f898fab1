"""How far to believe a map: measured at once, or in the background while the map is there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from threading import Event
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages import background, latent_map_quality, state
from pages.latent_map_quality import WAITING, quality_terms
from pages.latent_map_words import explanation
from tests.pages.opening import run_page
from vae.files import load_npz, save_npz
from vae.map_quality import quality
from vae.maps import load_map
from vae.runs import Run, find_run

open_page = partial(run_page, "latent_map")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[int], Event]]:
    """Measuring takes until the event is set; each time that it begins is counted."""
    begun, go = [], Event()

    def measure(*of: Any, **options: Any) -> dict[str, Any]:
        begun.append(1)
        assert go.wait(30)
        return quality(*of, **options)

    monkeypatch.setattr(latent_map_quality, "QUICK", 0)
    monkeypatch.setattr(latent_map_quality, "quality", measure)
    yield begun, go
    go.set()
    for key in list(background._jobs):
        background.forget(key)


def terms_of(app: AppTest) -> dict[str, str]:
    assert not app.exception
    (component,) = app.get("bidi_component")
    return {name: value for name, value, _ in json.loads(component.proto.json)["quality"]}


def pca_of(app: AppTest) -> AppTest:
    return app.button_group[0].set_value("pca").run()


def test_the_map_waits_for_no_measurement_and_a_class_needs_one(
    tiny_run: Run, slow: tuple[list[int], Event]
) -> None:
    begun, go = slow
    apps = [pca_of(open_page(model="tiny")) for _ in range(3)]  # three people
    for app in apps:
        terms = terms_of(app)
        measured = [name for name, value in terms.items() if value == WAITING]
        assert len(measured) == 4
        assert terms["points drawn"] == "all 300"
    go.set()
    until = time.monotonic() + 30
    while WAITING in terms_of(apps[0]).values() and time.monotonic() < until:
        time.sleep(0.05)
        apps[0].run()
    codes = tiny_run.codes()
    expected = quality(codes.mu, load_map(tiny_run, "pca").coords, codes.labels, queries=1000)
    for app in apps:
        terms = terms_of(app.run())
        assert list(terms)[:4] == measured  # the rows were there before: nothing jumps
        assert terms["kNN recall"] == f"{100 * expected['knn_recall']:.1f} %"
    assert len(begun) == 2  # of the plane, at which the page opens, and of PCA


def test_what_is_measured_arrives_by_itself(
    tiny_run: Run, slow: tuple[list[int], Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = load_map(tiny_run, "pca")
    again: list[float | None] = []
    monkeypatch.setattr(st, "rerun", lambda: again.append(None))

    def fragment(look: Any, run_every: float) -> Any:
        again.append(run_every)
        return look

    monkeypatch.setattr(st, "fragment", fragment)
    sent = quality_terms(tiny_run, found)
    latent_map_quality.await_quality(tiny_run, found, sent)
    assert again == [0.5]  # it will look again
    slow[1].set()
    until = time.monotonic() + 30
    while WAITING in [value for _, value, _ in quality_terms(tiny_run, found)]:
        assert time.monotonic() < until
        time.sleep(0.05)
    latent_map_quality.await_quality(tiny_run, found, sent)  # it came after the page had looked
    assert again == [0.5, 0.5, None]
    latent_map_quality.await_quality(tiny_run, found, quality_terms(tiny_run, found))
    assert again == [0.5, 0.5, None]


def test_few_codes_are_measured_at_once(tiny_run: Run) -> None:
    assert WAITING not in terms_of(open_page(model="tiny")).values()


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ("test", "held-out images"),
        ("train", "training images"),
        ("validation", "validation images"),
        ("all", "all images"),
    ],
)
def test_images_are_called_what_they_are(tiny_run: Run, split: str, words: str) -> None:
    arrays = load_npz(tiny_run.path / "codes.npz") | {"split": split}
    save_npz(tiny_run.path / "codes.npz", **arrays)
    run = find_run("tiny")
    assert state.images_of(run) == words
    about = {name: why for name, _, why in quality_terms(run, load_map(run, "raw"))}
    assert about["points drawn"] == f"Codes of {words}, a point for each"
    for page in ("explore", "draw"):
        app = run_page(page, model="tiny")
        text = "\n".join(markdown.value for markdown in app.markdown)
        assert f"over {words}" in text
        assert ("held-out" in text.lower()) == (split == "test")


def test_the_words_below_a_map_are_about_its_method() -> None:
    texts = {method: explanation(16, method) for method in ("raw", "pca", "tsne", "umap")}
    for method, text in texts.items():
        assert ("van der Maaten" in text) == (method == "tsne")
        assert ("McInnes" in text) == (method == "umap")
        assert ("1σ (solid)" in text) == (method in ("raw", "pca"))
        assert ("40 draws" in text and "approximate" in text) == (method in ("tsne", "umap"))
    assert "that is approximate" in texts["umap"].replace("\n  ", " ")
