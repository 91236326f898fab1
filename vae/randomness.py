"""Random numbers that depend on their place in a run alone, so that a resumed run repeats them."""

from __future__ import annotations

import hashlib

from torch import Generator


def seed_of(*key: object) -> int:
    """63 bits from a key such as ``("noise", seed, epoch, step)``: the same on every machine."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def generator(device: str, *key: object) -> Generator:
    """A fresh generator for a key: no state of it needs to be kept, none is shared.

    Keys whose first word differs give streams that have nothing to do with each other.
    """
    return Generator(device=device).manual_seed(seed_of(*key))
