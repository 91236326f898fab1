"""What a data set and a configuration have against each other, said before the training begins."""

from __future__ import annotations

import math

import numpy as np

from vae.config import Config
from vae.options import USED_BY

# Nearly black and nearly white are noise of scanning, not greys: with these bounds 9 % of MNIST's
# pixels are grey, 35 % of the bundled digits', 39 % of Fashion-MNIST's, all of Frey's (measured).
_GREY = slice(26, 230)  # of 0–255: from 10 % to 90 % of full brightness
_GREY_SHARE = 0.15
_IMAGES_PER_DIMENSION = 10


def advice(images: np.ndarray, config: Config, count: int | None = None) -> list[str]:
    """Warnings, one sentence each; none if nothing speaks against it.

    Args:
        images: uint8 (n, H, W, C), training images; a sample of a thousand does.
        config: what is to be trained on them.
        count: how many training images there are, if ``images`` are a sample.
    """
    if not len(images):
        return []
    latent, pixels = config.model.latent_dim, math.prod(images.shape[1:])
    count = len(images) if count is None else count
    found = [_sameness(images), _darkness(images)]
    if config.model.likelihood == "bernoulli":
        found.append(_greys(images))
    if count < _IMAGES_PER_DIMENSION * latent:
        found.append(
            f"There are {count:,} images for a code of {latent} numbers, fewer than "
            f"{_IMAGES_PER_DIMENSION} for each: expect the model to learn them by heart, and watch "
            "the validation curve, or take a smaller latent size."
        )
    if latent >= pixels:
        found.append(
            f"A code of {latent} numbers is no shorter than an image of {pixels} values: nothing "
            "has to be left out, so a plain autoencoder may learn to copy."
        )
    found += _unfinished(config)
    return [sentence for sentence in found if sentence]


def _unfinished(config: Config) -> list[str]:
    """What would still be growing when the training ends, and what would wait for that in vain."""
    objective, epochs = config.objective, config.training.epochs
    growing = {"beta_warmup": "β", "capacity_epochs": "C"}
    unfinished = [
        f"{symbol} grows over {getattr(objective, name):g} epochs, but the training ends after "
        f"{epochs}: it will not reach its value."
        for name, symbol in growing.items()
        if objective.objective in USED_BY[name] and getattr(objective, name) > epochs
    ]
    if config.training.lr_schedule == "plateau" and config.growing_epochs >= epochs:
        unfinished.append(
            "A plateau of the loss is looked for once β and C have grown, and here that is not "
            "before the end: the learning rate will never be halved."
        )
    return unfinished


def bernoulli_floor(images: np.ndarray) -> float:
    """The least −log p(x|z) that the Bernoulli likelihood can reach, in nats, mean of an image.

    Cross-entropy is least where the decoder gives each pixel's own value x; it then equals
    the sum of −x log x − (1 − x) log(1 − x), which is 0 only for pixels of 0 and 1.

    Args:
        images: uint8 (n, H, W, C), n ≥ 1.
    """
    x = np.arange(256) / 255
    inner = x[1:-1]
    entropy = np.zeros(256)
    entropy[1:-1] = -inner * np.log(inner) - (1 - inner) * np.log1p(-inner)
    return float(_histogram(images) @ entropy) / len(images)


def _histogram(images: np.ndarray) -> np.ndarray:
    return np.bincount(images.ravel(), minlength=256)


def _greys(images: np.ndarray) -> str:
    share = _histogram(images)[_GREY].sum() / images.size
    colour = images.shape[-1] > 1
    if not colour and share <= _GREY_SHARE:
        return ""
    what = "The images are in colour" if colour else f"{share:.0%} of the pixels are grey"
    return (
        f"{what}, but the Bernoulli likelihood (BCE) is one only for black and white: here its "
        f"−log p(x∣z) cannot fall below {bernoulli_floor(images):,.0f} nats an image, and must be "
        "compared with that of other Bernoulli models only; Gaussian (squared error) suits such "
        "images."
    )


def _sameness(images: np.ndarray) -> str:
    flat = images.reshape(len(images), -1)
    if len(images) > 1 and (flat == flat[0]).all():
        return "All images are the same: there is nothing to learn."
    blank = int((flat == flat[:, :1]).all(axis=1).sum())
    if not blank:
        return ""
    return f"{blank:,} of {len(images):,} images looked at have one value everywhere: empty images?"


def _darkness(images: np.ndarray) -> str:
    brightest = int(images.max())
    if brightest != 1:
        return ""
    return "The brightest pixel is 1 of 255: were these images from 0 to 1, and never scaled?"
