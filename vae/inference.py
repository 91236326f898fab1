"""Use of a trained VAE with NumPy on both sides: images are uint8 (n, H, W, C), codes float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from vae.config import Corruption
from vae.corruption import corrupt
from vae.errors import VaeError
from vae.model import VAE, reparameterize
from vae.objectives import elbo_terms
from vae.randomness import generator

_CHUNK = 512  # rows per forward pass: bounds the memory of a large request
FARTHEST = 1e6


def to_float(images: Tensor) -> Tensor:
    """uint8 (n, H, W, C) pixels as floats in 0–1, (n, C, H, W)."""
    return images.permute(0, 3, 1, 2).float().div_(255.0)


def to_pixels(x: Tensor) -> Tensor:
    """Floats in 0–1, (n, C, H, W), as uint8 pixels (n, H, W, C), rounded to nearest."""
    return x.mul(255.0).round_().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _device(model: VAE) -> torch.device:
    return next(model.parameters()).device


def _chunks(array: np.ndarray, device: torch.device) -> Iterator[Tensor]:
    for start in range(0, len(array), _CHUNK):
        part = np.ascontiguousarray(array[start : start + _CHUNK])
        # copy: a view of a frame received from the network is read-only
        yield torch.from_numpy(part.copy()).to(device)


def _check_images(model: VAE, images: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.shape[1:] != model.config.image_shape:
        raise VaeError(
            f"Images came as {images.dtype} of shape {images.shape}; this model takes uint8 of "
            f"shape (n, {', '.join(map(str, model.config.image_shape))})."
        )


@torch.inference_mode()
def decode_pixels(model: VAE, z: np.ndarray) -> np.ndarray:
    """The decoder's mean image for each code: (n, d) float32 -> (n, H, W, C) uint8."""
    if z.ndim != 2 or z.shape[1] != model.config.latent_dim:
        raise VaeError(
            f"Codes came with shape {z.shape}; this model takes (n, {model.config.latent_dim})."
        )
    # Far beyond any code a decoder saturates; beyond this its sums would overflow into NaN.
    z = np.clip(z.astype(np.float32), -FARTHEST, FARTHEST)
    parts = [to_pixels(model.decode(part)).cpu().numpy() for part in _chunks(z, _device(model))]
    return np.concatenate(parts) if parts else np.empty((0, *model.config.image_shape), np.uint8)


@torch.inference_mode()
def encode_pixels(model: VAE, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posterior mean and log-variance, each (n, d) float32, of uint8 images (n, H, W, C)."""
    _check_images(model, images)
    pairs = [model.encode(to_float(part)) for part in _chunks(images, _device(model))]
    if not pairs:
        empty = np.empty((0, model.config.latent_dim), np.float32)
        return empty, empty.copy()
    mu = torch.cat([pair[0] for pair in pairs]).float().cpu().numpy()
    logvar = torch.cat([pair[1] for pair in pairs]).float().cpu().numpy()
    return mu, logvar


def reconstruct(model: VAE, images: np.ndarray) -> np.ndarray:
    """Each image encoded to its posterior mean and decoded: uint8 (n, H, W, C) both ways."""
    return decode_pixels(model, encode_pixels(model, images)[0])


def spoil(images: np.ndarray, kind: Corruption, level: float, seed: int = 0) -> np.ndarray:
    """The images as a denoising autoencoder is given them (see :func:`vae.corruption.corrupt`).

    uint8 (n, H, W, C) both ways. What spoils an image depends on ``seed`` and its place alone, not
    on how many follow it.
    """
    if kind == "none":
        return images
    x = to_float(torch.from_numpy(images.copy()))
    parts = [
        corrupt(one, kind, level, generator("cpu", "spoil", seed, i))
        for i, one in enumerate(x.split(1))
    ]
    return to_pixels(torch.cat(parts)).numpy() if parts else images


def sample_posterior(mu: np.ndarray, logvar: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """``n`` draws z = mu + sigma · eps from each posterior: (k, d) twice -> (k, n, d) float32."""
    eps = np.random.default_rng(seed).standard_normal((len(mu), n, mu.shape[1]), dtype=np.float32)
    return mu[:, None] + np.exp(0.5 * logvar)[:, None] * eps


def sample_prior(model: VAE, n: int, seed: int = 0) -> np.ndarray:
    """Images of ``n`` codes drawn from the prior N(0, I): uint8 (n, H, W, C)."""
    rng = np.random.default_rng(seed)
    return decode_pixels(model, rng.standard_normal((n, model.config.latent_dim), dtype=np.float32))


def traverse(model: VAE, z: np.ndarray, dimension: int, values: np.ndarray) -> np.ndarray:
    """Images of the code ``z`` (d,) with one dimension set to each of ``values`` (n,) in turn."""
    if not 0 <= dimension < model.config.latent_dim:
        raise VaeError(
            f"Dimension {dimension} was asked for; this model has 0 to "
            f"{model.config.latent_dim - 1}."
        )
    codes = np.repeat(np.asarray(z, np.float32)[None], len(values), axis=0)
    codes[:, dimension] = values
    return decode_pixels(model, codes)


@torch.inference_mode()
def image_terms(
    model: VAE, images: np.ndarray, seed: int = 0, seen: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Per image, in nats, with one posterior sample drawn from ``seed``: the ELBO's terms.

    Args:
        images: what is to be reconstructed, uint8 (n, H, W, C).
        seen: what the encoder sees, of the same shape: the images themselves if not given, spoiled
            ones for denoising. With any q the terms' sum is at least -log p(x) on average; the
            posterior of another image makes a looser bound.

    Returns:
        ``reconstruction`` (n,): -log p(x|z); ``kl`` (n,): KL(q(z|x) || p(z)), not of a model whose
        codes are points; ``mu`` and ``logvar`` (n, d): a caller who needs both encodes once.
    """
    seen = images if seen is None else seen
    for each in (images, seen):
        _check_images(model, each)
    if len(seen) != len(images):
        raise VaeError(f"{len(seen)} images to encode came for {len(images)} to reconstruct.")
    device, point = _device(model), model.config.posterior == "point"
    noise = torch.Generator(device=device).manual_seed(seed)
    columns: dict[str, list[np.ndarray]] = {
        name: [] for name in ("reconstruction", "kl", "mu", "logvar")
    }
    for part, given in zip(_chunks(images, device), _chunks(seen, device), strict=True):
        x = to_float(part)
        mu, logvar = model.encode(to_float(given))
        logits = model.decode_logits(mu if point else reparameterize(mu, logvar, noise))
        terms = elbo_terms(logits, x, mu, logvar, model.config.likelihood)
        values = (terms.reconstruction, terms.kl, mu, logvar)
        for column, value in zip(columns.values(), values, strict=True):
            column.append(value.float().cpu().numpy())
    if point:
        del columns["kl"]
    return {name: np.concatenate(column) for name, column in columns.items()}
