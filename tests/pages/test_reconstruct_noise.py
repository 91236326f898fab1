"""Denoising on the Reconstruct page: noisy, restored, clean, and what the numbers compare."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.reconstruct_figures import figure, rms
from pages.reconstruct_rows import NO_NOISE, Noise, make_rows, pool_of
from tests.pages.opening import run_page
from tests.pages.test_reconstruct import grid, pictures
from vae.datasets import load
from vae.inference import decode_pixels, encode_pixels, image_terms, spoil
from vae.runs import Run, load_model


def choice(app: AppTest, label: str) -> str:
    (box,) = [box for box in app.selectbox if box.label == label]
    return str(box.value)


def test_a_denoising_model_begins_with_its_own_noise(tiny_ae: Run) -> None:
    app = run_page("reconstruct", model="tiny-ae", image="7")
    assert not app.exception
    assert choice(app, "Noise") == "gaussian"
    (level,) = [slider for slider in app.slider if slider.label == "Standard deviation"]
    assert level.value == tiny_ae.config.training.noise_level
    shown = pictures(grid(app))
    name = next(words for words in shown if words.startswith("noisy ")).removeprefix("noisy ")
    row = int(name.split("image ")[1])
    clean = load("digits", "test").images[row]
    np.testing.assert_array_equal(shown[name], clean[..., 0])
    noisy = shown[f"noisy {name}"][..., None]
    assert (noisy != clean).mean() > 0.5
    restored = decode_pixels(
        load_model(tiny_ae), encode_pixels(load_model(tiny_ae), noisy[None])[0]
    )[0]
    assert np.abs(shown[f"reconstruction of {name}"].astype(int) - restored[..., 0]).max() <= 1
    order = [words.split(" ")[0] for words in list(shown)[:4]]
    assert order == ["noisy", "reconstruction", name.split(" ")[0], "error"]
    assert f"{rms(noisy, clean):.3f} → {rms(restored, clean):.3f}" in grid(app)
    assert "posterior sample" not in grid(app)


def test_another_draw_spoils_the_same_images_otherwise(tiny_ae: Run) -> None:
    app = run_page("reconstruct", model="tiny-ae")
    before = pictures(grid(app))
    again = pictures(grid(run_page("reconstruct", model="tiny-ae")))
    for words, image in before.items():  # seeded: a reload shows the same
        np.testing.assert_array_equal(image, again[words])
    next(button for button in app.button if button.label == "Another draw").click().run()
    after = pictures(grid(app))
    assert after.keys() == before.keys()
    assert all((after[w] != before[w]).any() for w in before if w.startswith("noisy"))
    assert all((after[w] == before[w]).all() for w in before if w[0].isdigit())


@pytest.mark.parametrize("kind", ["gaussian", "masking", "salt-and-pepper"])
def test_any_model_can_be_given_noise(tiny_run: Run, kind: str) -> None:
    app = run_page("reconstruct", model="tiny")
    assert choice(app, "Noise") == "none"
    assert not [words for words in pictures(grid(app)) if words.startswith("noisy")]
    next(box for box in app.selectbox if box.label == "Noise").set_value(kind).run()
    assert not app.exception
    assert [words for words in pictures(grid(app)) if words.startswith("noisy")]
    assert any("x is the clean image, z the code of the noisy one" in c.value for c in app.caption)
    assert any("It is looser" in m.value or "it is looser" in m.value for m in app.markdown)


def test_the_numbers_are_of_the_clean_image(tiny_run: Run) -> None:
    pool, chosen = pool_of(tiny_run, "digits"), np.array([5, 9])
    assert pool.images is not None
    images, noise = pool.images[chosen], Noise("masking", 0.4, 3)
    spoiled = spoil(images, "masking", 0.4, 3)
    rows = make_rows(tiny_run, pool, chosen, 2, 0, noise)
    model = load_model(tiny_run)
    expected = image_terms(model, images, 0, spoiled)
    clean = image_terms(model, images, 0)
    for i, row in enumerate(rows):
        assert row.seen is not None
        np.testing.assert_array_equal(row.seen, spoiled[i])
        assert row.nll == pytest.approx(expected["reconstruction"][i])
        assert row.kl == pytest.approx(expected["kl"][i], rel=1e-4)
        assert row.unspoiled == pytest.approx(clean["reconstruction"][i])
    without = make_rows(tiny_run, pool, chosen, 2, 0, NO_NOISE)
    assert [row.nll for row in without] == pytest.approx(clean["reconstruction"].tolist())
    assert all(row.seen is None for row in without)


def test_the_figure_may_have_three_lines() -> None:
    images = np.zeros((8, 28, 28, 1), np.uint8)
    side = 112 + 2
    picture = figure(images, images + 100, images + 200)
    assert picture.shape == (3 * side + 2, 8 * side + 2, 1)
    assert [picture[20 + i * side, 20, 0] for i in range(3)] == [0, 100, 200]
