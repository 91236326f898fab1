"""One draw, step by step: the table adds up, the picture is its decode, ε is chance alone."""

from __future__ import annotations

import base64
import io
import re
from functools import partial

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.reconstruct_figures import Row
from pages.reconstruct_step import draw, noise, step_html, words
from tests.conftest import train_tiny
from tests.pages.opening import run_page
from vae.datasets import load
from vae.inference import decode_pixels, encode_pixels
from vae.runs import Run, load_model

open_page = partial(run_page, "reconstruct")
RNG = np.random.default_rng(0)


def shown(app: AppTest) -> str:
    (html,) = [element.proto.body for element in app.get("html") if "step" in element.proto.body]
    return html


def numbers(html: str) -> list[list[float]]:
    """μ, σ, ε, z and KL of each line of the table."""
    lines = re.findall(r"<tr><td>.*?</tr>", html)
    return [
        [float(v.replace("−", "-")) for v in re.findall(r">(−?\d+\.\d\d)<", line)] for line in lines
    ]


def pictures(html: str) -> list[np.ndarray]:
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    return [np.array(Image.open(io.BytesIO(base64.b64decode(raw)))) for raw in found]


def test_the_numbers_are_the_models_and_the_picture_is_their_decode(tiny_run: Run) -> None:
    app = open_page(model="tiny", image="7")
    assert not app.exception
    html = shown(app)
    model, image = load_model(tiny_run), load("digits", "test").images[7]
    mu, logvar = (part[0] for part in encode_pixels(model, image[None]))
    eps = noise(0, 2)
    z = mu + np.exp(0.5 * logvar) * eps
    kl = 0.5 * (mu**2 + np.exp(logvar) - 1 - logvar)
    order = np.argsort(-kl)
    expected = np.stack([mu, np.exp(0.5 * logvar), eps, z, kl], axis=1)[order]
    np.testing.assert_allclose(numbers(html), expected, atol=0.0051)
    original, _, decoded = pictures(html)
    np.testing.assert_array_equal(original, image[..., 0])
    difference = decoded.astype(int) - decode_pixels(model, z[None].astype(np.float32))[0, ..., 0]
    assert np.abs(difference).max() <= 1


def test_the_next_noise_is_another_and_stretching_it_leads_to_the_mean(tiny_run: Run) -> None:
    app = open_page(model="tiny")
    before = numbers(shown(app))
    next(button for button in app.button if button.label == "Next ε").click().run()
    after = numbers(shown(app))
    for old, new in zip(before, after, strict=True):
        assert old[:2] == new[:2]  # μ and σ are the image's
        assert old[2] != new[2]
    next(box for box in app.slider if box.label == "Stretch ε by").set_value(0.0).run()
    for mu, _, eps, z, _ in numbers(shown(app)):
        assert (eps, z) == (0.0, mu)
    mean, drawn = pictures(shown(app))[1:]
    np.testing.assert_allclose(mean.astype(int), drawn, atol=1)


def test_draws_have_the_law_of_the_posterior() -> None:
    mu, logvar = np.array([1.0, -2.0], np.float32), np.log(np.array([0.25, 4.0], np.float32))
    blank = np.zeros((2, 2, 1), np.uint8)
    row = Row("x", None, blank, blank[None], None, 1.0, (mu, logvar))
    z = np.stack([draw(row, noise(number, 2)) for number in range(4000)])
    np.testing.assert_allclose(z.mean(axis=0), mu, atol=0.1)
    np.testing.assert_allclose(z.std(axis=0), [0.5, 2.0], rtol=0.05)
    assert len(pictures(step_html(row, noise(0, 2), z[0], blank))) == 2  # without the original


def test_of_many_dimensions_those_with_most_kl_are_shown() -> None:
    mu = np.linspace(0, 3, 20).astype(np.float32)
    blank = np.zeros((2, 2, 1), np.uint8)
    row = Row("x", None, blank, blank[None], None, 1.0, (mu, np.zeros(20, np.float32)))
    html = step_html(row, noise(0, 20), mu, blank)
    assert re.findall(r"<sub>(\d+)</sub>", html) == [str(j) for j in range(20, 12, -1)]
    assert "The other 12 dimensions" in words(20)
    assert "other" not in words(8)


@pytest.mark.parametrize("preset", ["ae"])
def test_a_plain_autoencoder_draws_nothing_and_has_no_elbo(runs_folder, preset: str) -> None:
    train_tiny("plain", epochs=1, preset=preset)
    app = open_page(model="plain")
    assert not app.exception
    assert not [element for element in app.get("html") if "step" in element.proto.body]
    assert not [element for element in app.latex if "ELBO" in element.value]
    assert "no KL and no ELBO" in "".join(element.value for element in app.markdown)
