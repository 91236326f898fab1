"""What a model can be asked live: each operation turns the bytes of a question into an answer's."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import numpy as np

from vae.latent.similar import MOST, similar_codes, similar_pixels
from vae.serve.protocol import (
    check_rows,
    max_rows,
    pack_floats,
    pack_pixels,
    parse_choice,
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
    """float32 z (n, d) -> float32 x, y, spread (n, 3) on the map ``?map=``, t-SNE if not given;
    ``?exact=1``: where t-SNE puts it, else (0, or not given) the continuous place."""
    z = parse_latents(payload, model.run.config.model.latent_dim)
    exact = parse_choice(query.get("exact", "0"), "exact", ("0", "1")) == "1"
    return pack_floats(await model.place(query.get("map", "tsne"), z, exact))


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
    rows = parse_rows(payload)
    mu = (await to_thread(model.run.codes)).mu
    check_rows(rows, len(mu))
    return pack_floats(mu[rows])


async def posteriors(model: LiveModel, payload: bytes | str, query: Query) -> bytes:
    """uint32 rows (n,) of the codes -> float32 mean and log-variance (n, 2, d) of those images."""
    rows = parse_rows(payload)
    codes = await to_thread(model.run.codes)
    check_rows(rows, len(codes.mu))
    return pack_floats(np.stack([codes.mu[rows], codes.logvar[rows]], axis=1))


async def similar(model: LiveModel, payload: bytes | str, query: Query) -> bytes:
    """uint32 rows, up to all -> float32 row and distance (K, 2) of the ``?k=`` other images nearest
    to any of them, in ``?space=codes`` (if not given) or ``pixels``.
    """
    k = parse_count(query.get("k", "1"), MOST)
    space = parse_choice(query.get("space", "codes"), "space", ("codes", "pixels"))
    in_codes = space == "codes"
    features = (await to_thread(model.run.codes)).mu if in_codes else await model.originals()
    rows = parse_rows(payload, len(features))
    check_rows(rows, len(features))
    search = partial(similar_codes if in_codes else similar_pixels, features, rows, k)
    return pack_floats(await model.work("similar", search))


OPERATIONS: tuple[Operation, ...] = (
    decode,
    encode,
    place,
    nearest,
    images,
    codes,
    posteriors,
    similar,
)
# Their questions may name every image of a model; those of the others have bounded answers.
OF_ANY_NUMBER: tuple[Operation, ...] = (similar,)
