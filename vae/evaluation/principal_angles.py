"""How near the subspace of a linear autoencoder is to that of PCA: principal angles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from vae.batches import ImageRows
from vae.inference import to_float
from vae.model import VAE

_VALUES = 2**26  # pixel values that PCA is given at most: 256 MB in single precision


@torch.no_grad()
def compare_with_pca(model: VAE, train: ImageRows | np.ndarray, test: np.ndarray) -> dict[str, Any]:
    """Compare a linear model with scikit-learn's PCA, fitted to the same training images.

    With squared error, the best that a linear autoencoder of d numbers can do is to span the first
    d principal directions (Baldi & Hornik, 1989); which d directions within is up to chance, so
    subspaces are compared and not vectors.

    Args:
        model: with the activation ``"linear"`` and the Gaussian likelihood.
        train: uint8 (n, H, W, C); the first of them, where they are too many for the memory.
        test: uint8 (m, H, W, C).

    Returns:
        ``degrees``: the principal angles, d of them, the largest first;
        ``pca_reconstruction``: -log p(x|z) of the test images in nats, with PCA as encoder and
        decoder, to stand beside the model's own; ``n``: training images that PCA saw.
    """
    from sklearn.decomposition import PCA  # here, for its second of loading

    pixels, d = math.prod(model.config.image_shape), model.config.latent_dim
    seen = _flat(train[: max(d, _VALUES // pixels)])
    pca = PCA(min(d, pixels, len(seen)), random_state=0).fit(seen)
    held_out = _flat(test)
    errors = held_out - pca.inverse_transform(pca.transform(held_out))
    squared = np.square(errors, dtype=np.float64).sum(1).mean()
    return {
        "degrees": principal_angles(decoder_columns(model), pca.components_.T).tolist(),
        "pca_reconstruction": float(0.5 * (squared + pixels * math.log(2 * math.pi))),
        "n": len(seen),
    }


def principal_angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The angles between the spans of the columns of (p, d) and (p, e), in degrees, the largest
    first, min(d, e) of them: 0 where a direction is in both, 90 where one is in neither.

    By :func:`scipy.linalg.subspace_angles` (Knyazev & Argentati, 2002).
    """
    from scipy.linalg import subspace_angles

    return np.degrees(subspace_angles(a.astype(np.float64), b.astype(np.float64)))


@torch.no_grad()
def decoder_columns(model: VAE) -> np.ndarray:
    """What each coordinate of the code adds to the image, (pixels, d), pixels in the order C, H, W:
    the matrix of a linear decoder.
    """
    device = next(model.parameters()).device
    d = model.config.latent_dim
    origin = model.decode_logits(torch.zeros(1, d, device=device))
    return (model.decode_logits(torch.eye(d, device=device)) - origin).flatten(1).T.cpu().numpy()


def _flat(images: np.ndarray) -> np.ndarray:
    """uint8 (n, H, W, C) as float32 (n, C·H·W) in 0–1."""
    return to_float(torch.from_numpy(np.array(images))).flatten(1).numpy()
