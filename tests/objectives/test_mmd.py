"""The maximum mean discrepancy: brute force, unbiased, zero for equal laws only."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from tests.objectives.tiny import draws
from vae.objectives import mmd


def _by_loops(z: Tensor, p: Tensor) -> float:
    def k(a: list[float], b: list[float]) -> float:
        apart = sum((s - t) ** 2 for s, t in zip(a, b, strict=True))
        c = 2 * len(a)  # the expected squared distance of two draws from the prior
        return sum(s * c / (s * c + apart) for s in (0.1, 0.2, 0.5, 1, 2, 5, 10))

    zs, ps, n = z.tolist(), p.tolist(), len(z)
    pairs = [(i, j) for i in range(n) for j in range(n)]
    within = sum(k(zs[i], zs[j]) + k(ps[i], ps[j]) for i, j in pairs if i != j) / (n * (n - 1))
    return within - 2 * sum(k(zs[i], ps[j]) for i, j in pairs) / n**2


@pytest.mark.parametrize(("n", "d", "far"), [(2, 1, 0.0), (7, 3, 0.5), (5, 16, 40.0)])
def test_equals_the_sum_over_pairs(n: int, d: int, far: float) -> None:
    z, p = draws((n, d)) + far, draws((n, d), seed=1)
    assert mmd(z, p).item() == pytest.approx(_by_loops(z, p), abs=1e-12)
    assert mmd(z.float(), p.float()).item() == pytest.approx(_by_loops(z, p), rel=1e-4)


def _mean_and_error(shift: float, stretch: float) -> tuple[float, float]:
    n, repeats = 8, 2000  # small batches: a biased estimate would be off by far more than its error
    z = draws((repeats, n, 2)) * stretch + shift
    p = draws((repeats, n, 2), seed=1)
    found = torch.stack([mmd(a, b) for a, b in zip(z, p, strict=True)])
    return found.mean().item(), found.std().item() / math.sqrt(repeats)


def test_is_zero_on_average_for_equal_laws_whatever_the_size_of_the_batch() -> None:
    mean, error = _mean_and_error(0.0, 1.0)
    assert abs(mean) < 4 * error


@pytest.mark.parametrize(("shift", "stretch"), [(1.0, 1.0), (0.0, 0.2), (0.0, 3.0)])
def test_is_positive_for_different_laws(shift: float, stretch: float) -> None:
    mean, error = _mean_and_error(shift, stretch)
    assert mean > 10 * error


def test_does_not_depend_on_the_size_of_the_batch_on_average() -> None:
    small, error = _mean_and_error(1.0, 1.0)
    large = mmd(draws((1000, 2), 5) + 1, draws((1000, 2), 6)).item()
    assert abs(small - large) < 4 * error + 0.1 * large


def test_of_one_image_there_is_nothing_to_say() -> None:
    z = torch.ones(1, 3, requires_grad=True)
    value = mmd(z, torch.zeros(1, 3))
    assert value.item() == 0
    value.backward()
    assert z.grad is not None
    assert (z.grad == 0).all()


def test_coinciding_codes_have_a_finite_gradient() -> None:
    z = torch.full((4, 3), 0.7, requires_grad=True)
    mmd(z, draws((4, 3)).float()).backward()
    assert z.grad is not None
    assert z.grad.isfinite().all()
