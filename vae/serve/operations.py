"""What a model can be asked live: each operation turns the bytes of a question into an answer's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from vae.serve.protocol import (
    max_rows,
    pack_floats,
    pack_pixels,
    parse_count,
    parse_latents,
    parse_pixels,
    parse_rows,
)
from vae.serve.service import LiveModel

Query = Mapping[str, str]
Operation = Callable[[LiveModel, bytes | str, Query], Awaitable[bytes]]


async def decode(model: LiveModel, payload: bytes | str, query: Query) -> bytes:
    """float32 z (n, d) -> uint8 pixels (n, H, W, C)."""
    config = model.run.config.model
    z = parse_latents(payload, config.latent_dim, max_rows(config.image_shape))
    return pack_pixels(await model.decode(z))


async def encode(model: LiveModel, payload: bytes | str, query: Query) -> bytes:
    """uint8 pixels (n, H, W, C) -> float32 mean and log-variance (n, 2, d)."""
    shape = model.run.config.model.image_shape
    return pack_floats(await model.encode(parse_pixels(payload, shape, max_rows(shape))))


async def place(model: LiveModel, payload: bytes | str, query: Query) -> bytes:
    """float32 z (n, d) -> float32 x, y, spread (n, 3) on the map ``?map=``, t-SNE if not given."""
    z = parse_latents(payload, model.run.config.model.latent_dim)
    return pack_floats(await model.place(query.get("map", "tsne"), z))


async def nearest(model: LiveModel, payload: bytes | str, query: Query) -> bytes:
    """float32 z (n, d) -> float32 row and distance (n, k, 2) of the ``?k=`` nearest codes."""
    found = await model.nearest(parse_latents(payload, model.run.config.model.latent_dim))
    return pack_floats(found[:, : parse_count(query.get("k", "1"), found.shape[1])])


async def images(model: LiveModel, payload: bytes | str, query: Query) -> bytes:
    """uint32 rows (n,) of the codes -> the held-out images they encode, uint8 (n, H, W, C)."""
    limit = max_rows(model.run.config.model.image_shape)
    return pack_pixels(await model.images(parse_rows(payload, limit)))


async def codes(model: LiveModel, payload: bytes | str, query: Query) -> bytes:
    """uint32 rows (n,) -> those of the codes, float32 (n, d). (A GET answers all of them.)"""
    return pack_floats(await model.codes(parse_rows(payload)))


OPERATIONS: tuple[Operation, ...] = (decode, encode, place, nearest, images, codes)
