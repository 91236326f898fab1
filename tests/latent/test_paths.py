"""lerp and slerp: ends, norms, angles, and the cases where a great circle is undefined."""

from __future__ import annotations

import numpy as np
import pytest

from vae.errors import VaeError
from vae.latent.paths import lerp, path, slerp

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((2, 16)).astype(np.float32)


@pytest.mark.parametrize("between", [lerp, slerp])
def test_ends_are_met(between) -> None:
    np.testing.assert_allclose(between(A, B, 0.0), A, rtol=1e-6)
    np.testing.assert_allclose(between(A, B, 1.0), B, rtol=1e-6)


def test_slerp_stays_on_the_sphere_in_equal_angles() -> None:
    a, b = A / np.linalg.norm(A), B / np.linalg.norm(B)
    points = slerp(a, b, np.linspace(0, 1, 9)).astype(np.float64)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-6)
    cosines = (points[:-1] * points[1:]).sum(1)
    np.testing.assert_allclose(cosines, cosines[0], atol=1e-6)


def test_lerp_cuts_through_the_shell_that_slerp_keeps_to() -> None:
    a, b = A / np.linalg.norm(A), B / np.linalg.norm(B)
    assert np.linalg.norm(lerp(a, b, 0.5)) < np.linalg.norm(slerp(a, b, 0.5)) - 0.05


@pytest.mark.parametrize("other", [A, 2 * A, -A, np.zeros_like(A)])
def test_slerp_is_the_line_where_the_circle_is_undefined(other: np.ndarray) -> None:
    t = np.linspace(0, 1, 5)
    np.testing.assert_allclose(slerp(A, other, t), lerp(A, other, t), atol=1e-5)
    assert np.isfinite(slerp(A, other, t)).all()


def test_path_has_n_codes_and_its_ends() -> None:
    codes = path(A, B, 11, "slerp")
    assert codes.shape == (11, 16)
    assert codes.dtype == np.float32
    np.testing.assert_allclose(codes[[0, -1]], [A, B], rtol=1e-6)


def test_wrong_paths_are_told() -> None:
    with pytest.raises(VaeError, match="lerp, slerp"):
        path(A, B, 5, "bezier")  # type: ignore[arg-type]
    with pytest.raises(VaeError, match="at least 2"):
        path(A, B, 1)
