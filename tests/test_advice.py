from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli

from tests.conftest import needs_data
from vae.advice import advice, bernoulli_floor
from vae.datasets import is_available, load
from vae.presets import make_config

RNG = np.random.default_rng(0)
BLACK_AND_WHITE = RNG.choice(np.array([0, 255], np.uint8), (400, 8, 8, 1))
GREY = RNG.integers(0, 256, (400, 8, 8, 1), np.uint8)


def config(shape=(8, 8, 1), **chosen):
    return make_config("mlp-2d", "digits", shape, **chosen)


def test_nothing_is_said_where_nothing_is_wrong() -> None:
    assert advice(BLACK_AND_WHITE, config()) == []
    assert advice(GREY, config(likelihood="gaussian")) == []
    assert advice(GREY[:0], config()) == []


def test_grey_pixels_under_the_bernoulli_likelihood() -> None:
    (sentence,) = advice(GREY, config())
    assert "80% of the pixels are grey" in sentence
    assert f"below {bernoulli_floor(GREY):,.0f} nats" in sentence
    faint = BLACK_AND_WHITE.copy()
    faint[faint == 0] = 3  # nearly black, as a scanner sees it
    assert advice(faint, config()) == []


def test_the_floor_is_the_entropy_of_the_pixels_as_coins() -> None:
    x = torch.from_numpy(GREY).double() / 255
    expected = Bernoulli(probs=x).entropy().sum() / len(GREY)
    assert bernoulli_floor(GREY) == pytest.approx(float(expected), rel=1e-6)
    assert bernoulli_floor(BLACK_AND_WHITE) == 0
    # No decoder does better: neither the pixels themselves moved up nor down.
    for moved in (x.clamp(0.01, 0.99) * 0.98, 1 - (1 - x.clamp(0.01, 0.99)) * 0.98):
        cost = torch.nn.functional.binary_cross_entropy(moved, x, reduction="sum") / len(GREY)
        assert cost > bernoulli_floor(GREY)


def test_colour_under_the_bernoulli_likelihood() -> None:
    colour = RNG.choice(np.array([0, 255], np.uint8), (400, 8, 8, 3))
    (sentence,) = advice(colour, config((8, 8, 3)))
    assert sentence.startswith("The images are in colour")
    assert advice(colour, config((8, 8, 3), likelihood="gaussian")) == []


def test_images_without_content() -> None:
    same = np.repeat(BLACK_AND_WHITE[:1], 400, axis=0)
    assert advice(same, config()) == ["All images are the same: there is nothing to learn."]
    some = BLACK_AND_WHITE.copy()
    some[:7] = 0
    (sentence,) = advice(some, config())
    assert sentence.startswith("7 of 400 images")
    (sentence,) = advice(BLACK_AND_WHITE // 255, config())
    assert "1 of 255" in sentence


def test_few_images_for_a_long_code() -> None:
    (sentence,) = advice(BLACK_AND_WHITE, config(latent_dim=41))
    assert "400 images for a code of 41 numbers" in sentence
    assert advice(BLACK_AND_WHITE, config(latent_dim=40)) == []
    assert advice(BLACK_AND_WHITE[:50], config(latent_dim=40), count=400) == []
    sentences = advice(BLACK_AND_WHITE, config(latent_dim=64), count=10_000)
    assert len(sentences) == 1
    assert "no shorter than an image of 64 values" in sentences[0]


def test_what_would_still_be_growing_at_the_end() -> None:
    (sentence,) = advice(BLACK_AND_WHITE, config(epochs=10, beta_warmup=50))
    assert sentence.startswith("β grows over 50 epochs, but the training ends after 10")
    (sentence,) = advice(
        BLACK_AND_WHITE, config(epochs=10, objective="capacity", capacity_epochs=11)
    )
    assert sentence.startswith("C grows over 11 epochs, but the training ends after 10")
    assert advice(BLACK_AND_WHITE, config(epochs=10, beta_warmup=10)) == []
    assert advice(BLACK_AND_WHITE, config(epochs=10, objective="capacity")) == []


def test_a_plateau_that_is_looked_for_after_the_end() -> None:
    growing = {"epochs": 10, "objective": "capacity", "lr_schedule": "plateau"}
    (sentence,) = advice(BLACK_AND_WHITE, config(**growing))
    assert "will never be halved" in sentence
    assert advice(BLACK_AND_WHITE, config(**growing, capacity_epochs=5)) == []
    assert advice(BLACK_AND_WHITE, config(epochs=10, lr_schedule="plateau")) == []


@needs_data
@pytest.mark.parametrize(
    ("name", "grey"), [("mnist", False), ("fashion-mnist", True), ("frey", True)]
)
def test_real_data(name, grey) -> None:
    if not is_available(name):
        pytest.skip(f"{name} is not in VAE_DATA")
    images = load(name, "train").images[:1000]
    shape = images.shape[1:]
    sentences = advice(images, make_config("conv-16", name, shape))
    assert ["pixels are grey" in sentence for sentence in sentences] == [True] * grey
