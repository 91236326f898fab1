"""The Reconstruct page: true pictures and numbers, with the data set and without it."""

from __future__ import annotations

import base64
import io
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages import reconstruct, state
from pages.reconstruct_figures import Row, added, error_image, figure, rows_html
from pages.reconstruct_rows import choose, members, own_images
from tests.pages.opening import run_page, run_with, script_of
from vae.config import Config, ModelConfig, TrainingConfig
from vae.datasets import load
from vae.elbo_forms import expected_log_prior, posterior_entropy
from vae.inference import decode_pixels, encode_pixels, image_terms
from vae.latent.statistics import kl_per_dimension
from vae.learning import finish
from vae.model import VAE
from vae.recoding import recode
from vae.runs import Run, find_run, list_runs, load_model
from vae.worker import prepare

open_page = partial(run_page, "reconstruct")


def grid(app: AppTest) -> str:
    (html,) = [element.proto.body for element in app.get("html") if "rec-row" in element.proto.body]
    return html


def pictures(html: str) -> dict[str, np.ndarray]:
    """The images of the page by their words."""
    found = re.findall(r'alt="([^"]+)" src="data:image/png;base64,([^"]+)"', html)
    return {words: np.array(Image.open(io.BytesIO(base64.b64decode(raw)))) for words, raw in found}


def shown_rows(app: AppTest) -> set[int]:
    names = [words for words in pictures(grid(app)) if words[0].isdigit()]
    return {int(words.split("image ")[1]) for words in names}


def untrained(name: str, shape: tuple[int, int, int], dataset: str) -> Run:
    """A model with random weights, for data that are not on this machine."""
    config = Config("conv-16", ModelConfig("conv", (4,), 3, shape), TrainingConfig(dataset))
    images = np.random.default_rng(0).integers(0, 256, (20, *shape), dtype=np.uint8)
    finish(prepare(name, config), config, VAE(config.model), images, np.arange(20) % 3)
    return find_run(name)


def test_pictures_and_numbers_are_the_models(tiny_run: Run) -> None:
    app = open_page(model="tiny", image="7")
    assert not app.exception
    html = grid(app)
    model, test, codes = load_model(tiny_run), load("digits", "test"), tiny_run.codes()
    name = f"{test.labels[7]} · image 7"
    shown = pictures(html)
    assert next(iter(shown)) == name  # what was picked on another page comes first
    original = test.images[7]
    np.testing.assert_array_equal(shown[name], original[..., 0])
    expected = decode_pixels(model, encode_pixels(model, original[None])[0])[0]
    # The page encodes a batch: sums in another order, a pixel value may round to its neighbour.
    difference = shown[f"reconstruction of {name}"].astype(int) - expected[..., 0]
    assert np.abs(difference).max() <= 1
    assert len([words for words in shown if words.startswith("posterior sample")]) == 5 * 4
    rows = [int(words.split("image ")[1]) for words in shown if words[0].isdigit()]
    terms = image_terms(model, test.images[codes.indices[rows[:1]]], 0)
    assert f"<span>{terms['kl'][0]:.1f}</span>" in html
    formula = next(element.value for element in app.latex if "ELBO" in element.value)
    nll, kl, total = (float(value) for value in re.findall(r"\d+\.\d", formula))
    assert total == pytest.approx(nll + kl, abs=1e-9)  # as printed
    first, second = [element.value for element in app.latex if "underbrace" in element.value]
    assert [float(value) for value in re.findall(r"\d+\.\d", first)] == [nll, kl, total]
    # the other form: joint = reconstruction + price of z, less the entropy, makes the same
    same, price, joint, entropy, sum_ = map(float, re.findall(r"-?\d+\.\d", second))
    assert (same, sum_) == (nll, total)
    assert joint == pytest.approx(nll + price, abs=1e-9)
    assert joint - entropy == pytest.approx(total, abs=1e-9)
    encoded = encode_pixels(model, test.images[codes.indices[rows]])
    mu, logvar = (torch.tensor(part) for part in encoded)
    assert price == pytest.approx(-float(expected_log_prior(mu, logvar).mean()), abs=0.06)
    assert entropy == pytest.approx(float(posterior_entropy(logvar).mean()), abs=0.16)


def test_another_set_is_another_and_a_class_is_a_class(tiny_run: Run) -> None:
    app = open_page(model="tiny")
    before = pictures(grid(app))
    next(button for button in app.button if button.label == "Another set").click().run()
    assert pictures(grid(app)).keys() != before.keys()
    next(box for box in app.selectbox if box.label == "Class").set_value(4).run()
    names = [words for words in pictures(grid(app)) if words[0].isdigit()]
    assert len(names) == 5
    assert all(name.startswith("4 · ") for name in names)


def test_what_is_selected_on_the_map_is_shown_at_first(tiny_run: Run) -> None:
    app = script_of("reconstruct")
    app.session_state["selected"] = {("tiny", state.trained(tiny_run)): np.array([3, 11, 12])}
    run_with(app, model="tiny")
    (box,) = [box for box in app.selectbox if box.label == "Class"]
    assert box.options[:2] == ["selection (3)", "all classes"]
    assert box.index == 0
    assert any("Showing your selection" in caption.value for caption in app.caption)
    assert shown_rows(app) == {3, 11, 12}
    next(button for button in app.button if button.label == "Show all").click().run()
    assert not app.exception
    assert len(shown_rows(app)) == 5
    assert not [button for button in app.button if button.label == "Show all"]


def test_a_copys_images_are_told_apart_from_those_that_were_measured(tiny_run: Run) -> None:
    def sets(model: str) -> str:
        captions = [caption.value for caption in open_page(model=model).caption]
        return next(words for words in captions if "test images: " in words)

    recode(tiny_run, "copy", "train", limit=20)
    assert "these 5 images. All " in sets("tiny")
    assert "these 5 images (drawn from training images). All " in sets("copy")


def test_what_is_shown_can_be_selected_on_the_map(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(reconstruct, "open_map", opened.append)
    app = open_page(model="tiny")
    shown = shown_rows(app)
    next(button for button in app.button if button.label == "Show these on the map").click().run()
    assert [run.name for run in opened] == ["tiny"]
    (kept,) = app.session_state["selected"].values()
    assert set(kept.tolist()) == shown


def test_every_model_opens(tiny_run: Run) -> None:
    for name in [run.name for run in list_runs()[0] if run.ready]:
        app = open_page(model=name)
        assert not app.exception
        assert not app.error
        assert pictures(grid(app))


@pytest.mark.parametrize("shape", [(28, 28, 1), (64, 64, 3)])
def test_without_its_data_a_model_shows_decodes_of_its_codes(
    runs_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int, int]
) -> None:
    monkeypatch.setenv("VAE_DATA", str(tmp_path / "empty"))
    run = untrained("far", shape, "kmnist")
    app = open_page(model="far")
    assert not app.exception
    assert "the originals are not on the server" in app.info[0].value
    shown = pictures(grid(app))
    name = next(words for words in shown if words.startswith("reconstruction of"))
    row = int(name.split("image ")[1])
    codes = run.codes()
    expected = decode_pixels(load_model(run), codes.mu[[row]])[0]
    assert np.abs(shown[name].reshape(shape).astype(int) - expected).max() <= 1
    kl = kl_per_dimension(codes.mu[[row]], codes.logvar[[row]]).sum()
    assert f"<span>{kl:.1f}</span>" in grid(app)
    assert "−ELBO" not in grid(app)
    labels = [button.label for button in app.button]
    # The download helps only if its images fit the model.
    assert any(label.startswith("Download Kuzushiji") for label in labels) == (shape[0] == 28)


def test_foreign_images_of_the_same_size_are_offered(runs_folder: Path) -> None:
    untrained("mine", (8, 8, 1), "my-digits")
    app = open_page(model="mine")
    assert app.info
    next(box for box in app.selectbox if box.label == "Images of").set_value("digits").run()
    assert not app.exception
    assert not app.info
    test = load("digits", "test")
    shown = pictures(grid(app))
    name = next(iter(shown))
    np.testing.assert_array_equal(shown[name], test.images[int(name.split("image ")[1])][..., 0])


def test_codes_beyond_the_data_set_are_not_shown_beside_wrong_originals(tiny_run: Run) -> None:
    assert own_images(tiny_run) is not None
    arrays = dict(np.load(tiny_run.path / "codes.npz"))
    np.savez(tiny_run.path / "codes.npz", **(arrays | {"indices": arrays["indices"] + 1000}))
    assert own_images(tiny_run) is None
    assert not open_page(model="tiny").exception


def test_the_choice_is_seeded_and_led_by_the_picked_image() -> None:
    labels = np.arange(100) % 10
    rows = members(labels, None)
    chosen = choose(rows, 8, seed=3, first=42)
    assert chosen[0] == 42
    assert len(set(chosen.tolist())) == 8
    np.testing.assert_array_equal(chosen, choose(rows, 8, 3, 42))
    fives = choose(members(labels, 5), 20, seed=0, first=42)
    assert sorted(fives) == list(range(5, 100, 10))  # all there are, and no picked 2 among them


def test_the_error_is_on_a_true_scale() -> None:
    black, white = (np.full((2, 2, 3), value, np.uint8) for value in (0, 255))
    np.testing.assert_array_equal(error_image(white, white)[0, 0], [0, 34, 78])
    np.testing.assert_array_equal(error_image(black, white)[0, 0], [254, 232, 56])
    np.testing.assert_array_equal(error_image(black, white), error_image(white, black))


def test_the_figure_has_originals_above_reconstructions() -> None:
    originals = np.arange(8, dtype=np.uint8).repeat(28 * 28).reshape(8, 28, 28, 1)
    picture = figure(originals, originals + 100)
    side = 112 + 2
    assert picture.shape == (2 * side + 2, 8 * side + 2, 1)
    for place in range(8):
        column = place * side + 20
        assert picture[20, column, 0] == place
        assert picture[side + 20, column, 0] == place + 100


def test_names_cannot_become_markup() -> None:
    image = np.zeros((2, 2, 1), np.uint8)
    row = Row('<img src="x">', image, image, image[None], 1.0, 2.0, (np.zeros(2), np.zeros(2)))
    html = rows_html([row])
    assert '<img src="x">' not in html
    assert "<span>3.0</span>" in html


@pytest.mark.parametrize(("nll", "kl"), [(20.96, 3.06), (21.04, 3.04), (144.649, 5.951)])
def test_printed_terms_add_up_to_the_printed_sum(nll: float, kl: float) -> None:
    first, second, total = (round(10 * float(term)) for term in added(nll, kl))
    assert first + second == total
    assert abs(total / 10 - (nll + kl)) <= 0.1


def test_no_page_has_a_formula_that_markdown_reads_as_a_fence() -> None:
    """A line that opens with $$ and goes on is a code fence to Markdown, and the rest red text."""
    for source in Path("pages").glob("*.py"):
        for line in source.read_text().splitlines():
            marks = line.count("$$")
            assert marks != 1 or line.strip() == "$$", f"{source}: {line}"
