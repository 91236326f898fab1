"""Random numbers by key: the same wherever they are asked for, unrelated otherwise."""

from __future__ import annotations

import torch

from vae.randomness import generator, seed_of


def test_a_key_has_one_seed_for_ever() -> None:
    assert seed_of("noise", 0, 1, 2) == seed_of("noise", 0, 1, 2)
    # Written down: another value would make other models of old command lines.
    assert seed_of("noise", 0, 0, 0) == 7851321966531090084


def test_keys_differ_in_every_part() -> None:
    keys = [
        (w, s, e, t) for w in ("noise", "order") for s in (0, 1) for e in (0, 1) for t in (0, 1)
    ]
    keys += [("noise", 11, 1), ("noise", 1, 11)]
    seeds = [seed_of(*key) for key in keys]
    assert len(set(seeds)) == len(keys)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_streams_repeat_and_have_nothing_to_do_with_each_other() -> None:
    def draw(*key: object) -> torch.Tensor:
        return torch.randn(20_000, generator=generator("cpu", *key))

    first = draw("noise", 0, 0, 0)
    assert torch.equal(first, draw("noise", 0, 0, 0))
    for other in (draw("noise", 0, 0, 1), draw("corruption", 0, 0, 0)):
        assert abs(torch.corrcoef(torch.stack((first, other)))[0, 1].item()) < 0.03


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    torch.randn(5, generator=generator("cpu", "noise", 1))
    assert torch.equal(before, torch.get_rng_state())
