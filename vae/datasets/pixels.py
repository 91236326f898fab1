"""Images from elsewhere as pixels: numbers of any type into uint8, or a sentence why not."""

from __future__ import annotations

from typing import Literal

import numpy as np

from vae.errors import VaeError


def as_pixels(array: np.ndarray) -> np.ndarray:
    """Images as everything here takes them: uint8 (n, H, W, C), 0–255.

    Args:
        array: (n, H, W) or (n, H, W, C) with C = 1 or 3: floats from 0 to 1, booleans, or whole
            numbers from 0 to 255.

    Raises:
        VaeError: for another shape or type, and for values that are no pixels.
    """
    if array.ndim == 3:
        array = array[..., None]  # (n, H, W) → (n, H, W, 1)
    if array.ndim != 4 or array.shape[-1] not in (1, 3):
        raise VaeError(
            f"Images came as an array of shape {array.shape}; they must be (n, height, width), or "
            "(n, height, width, channels) with 1 or 3 channels."
        )
    kind = array.dtype.kind
    if array.dtype == np.uint8:
        return array
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if kind == "f":
        check_range(array, "bernoulli")
        return np.rint(array * 255).astype(np.uint8)
    if kind not in "iu":
        raise VaeError(f"Images came as {array.dtype}; they must be numbers.")
    if array.size and (array.min() < 0 or array.max() > 255):
        raise VaeError(
            f"Values from {array.min()} to {array.max()} came; whole numbers must be 0 to 255."
        )
    return array.astype(np.uint8)


def check_range(x: np.ndarray, likelihood: Literal["bernoulli", "gaussian"]) -> None:
    """Whether the likelihood knows what to say of pixels of the values ``x``, floats of any shape.

    Raises:
        VaeError: for values that are not finite; under ``"bernoulli"`` also for those outside 0–1,
            whose cross-entropy has no bound below, so that a training would chase it for ever.
    """
    strange = x.size - int(np.isfinite(x).sum())
    if strange:
        raise VaeError(
            f"{strange:,} of {x.size:,} values are not finite numbers (NaN or infinity): "
            "remove or replace them."
        )
    if likelihood == "bernoulli" and x.size and (x.min() < 0 or x.max() > 1):
        raise VaeError(
            f"Values from {x.min():.4g} to {x.max():.4g} came; pixels, and the Bernoulli "
            "likelihood (BCE), take 0 to 1: rescale them, by (x − min) / (max − min) for example."
        )
