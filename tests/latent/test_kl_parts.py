"""The parts of the KL against models whose parts are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from vae.latent.kl_parts import KlParts, kl_parts
from vae.latent.statistics import kl_per_dimension
from vae.runs import Run

RNG = np.random.default_rng(0)


def parts(mu: np.ndarray, logvar: np.ndarray | float, **options: int) -> KlParts:
    found = kl_parts(mu, np.broadcast_to(logvar, mu.shape).astype(np.float64), **options)
    assert found is not None
    assert_adds_up(found)
    return found


def assert_adds_up(found: KlParts) -> None:
    """Both ways: the parts, of which two share an error; and the draws alone."""
    total = found.information + found.correlation + found.marginals.sum()
    assert total == pytest.approx(found.kl, abs=found.marginals_error.sum() + 1e-6)
    assert found.sampled_kl == pytest.approx(found.kl, abs=4 * found.sampled_error + 1e-9)
    assert found.information <= found.ceiling + 1e-9  # of each draw, so of their mean
    assert np.all(found.marginals >= -found.marginals_error - 1e-9)


def near(value: float, expected: float, found: KlParts) -> None:
    assert value == pytest.approx(expected, abs=4 * found.error + 1e-3)


@pytest.mark.parametrize("n", [1, 3, 500])
def test_identical_posteriors_tell_nothing(n: int) -> None:
    found = parts(np.tile([1.0, 0.0, -2.0], (n, 1)), np.log([0.5, 1.0, 2.0]))
    assert found.information == pytest.approx(0, abs=1e-9)
    assert found.correlation == pytest.approx(0, abs=1e-6)
    squares, variances = np.array([1.0, 0.0, 4.0]), np.array([0.5, 1.0, 2.0])
    expected = 0.5 * (squares + variances - np.log(variances) - 1)
    np.testing.assert_allclose(found.marginals, expected, atol=1e-6)


@pytest.mark.parametrize("n", [3, 400])
def test_posteriors_far_apart_tell_which_image(n: int) -> None:
    """On a diagonal each coordinate alone tells it, so one of two tells nothing new."""
    found = parts(np.tile(np.linspace(-50, 50, n)[:, None], 2), np.log(1e-4))
    assert found.information == pytest.approx(np.log(n), abs=1e-9)
    assert found.information == pytest.approx(found.ceiling)
    assert found.correlation == pytest.approx(np.log(n), abs=1e-6)


def test_a_product_has_no_total_correlation() -> None:
    a, b = np.meshgrid(np.linspace(-2, 2, 25), RNG.normal(0, 1, 40))
    found = parts(np.stack([a.ravel(), b.ravel()], axis=1), np.log([0.02, 0.3]))
    near(found.correlation, 0, found)
    assert found.gaussian == pytest.approx(0, abs=1e-9)
    assert 0.5 < found.information < 5


@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_a_correlated_gaussian(sigma: float) -> None:
    """Means spread as N(0, 1.2²) along a diagonal: q(z) is Gaussian, and all parts are known."""
    n, spread = 3000, 1.2
    levels = (np.arange(n) + 0.5) / n
    steps = np.sort(np.random.default_rng(3).standard_normal(2_000_000))
    along = spread * np.quantile(steps, levels)
    found = parts(np.tile(along[:, None] / np.sqrt(2), 2), 2 * np.log(sigma))
    variance = sigma**2 + spread**2 / 2
    rho = spread**2 / 2 / variance
    near(found.information, 0.5 * np.log(1 + spread**2 / sigma**2), found)
    near(found.correlation, -0.5 * np.log(1 - rho**2), found)
    assert found.gaussian == pytest.approx(-0.5 * np.log(1 - rho**2), abs=2e-3)
    expected = 0.5 * (variance - 1 - np.log(variance))
    np.testing.assert_allclose(found.marginals, expected, atol=2e-3)


def test_one_dimension_has_no_total_correlation_at_all() -> None:
    found = parts(RNG.normal(0, 0.9, (800, 1)), np.log(0.2))
    assert found.correlation == pytest.approx(0, abs=1e-12)
    assert 0.5 < found.information < 1.5


def test_an_inactive_dimension_changes_nothing_else() -> None:
    mu = RNG.normal(0, 0.9, (400, 2))
    without = parts(mu, np.log(0.1))
    found = parts(np.c_[mu, np.zeros(400)], np.log([0.1, 0.1, 1.0]))
    assert found.marginals[2] == pytest.approx(0, abs=1e-7)
    near(found.information, without.information, without)
    near(found.correlation, without.correlation, without)


def test_strange_widths_add_up_all_the_same() -> None:
    logvar = RNG.choice([-18.0, 0.0, 9.0], (60, 2))
    found = kl_parts(RNG.normal(0, 3, (60, 2)), logvar)
    assert found is not None
    total = found.information + found.correlation + found.marginals.sum()
    assert total == pytest.approx(found.kl, abs=1e-6 * found.kl)
    assert np.isfinite([found.information, found.error, found.correlation, found.gaussian]).all()


def test_of_many_images_a_sample_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vae.latent.kl_parts.MOST_IMAGES", 100)
    monkeypatch.setattr("vae.latent.kl_parts._DRAWS", 300)
    mu = RNG.normal(0, 1, (1000, 2))
    found, again = parts(mu, -2.0), parts(mu, -2.0)
    assert (found.images, found.known, found.draws) == (100, 1000, 300)
    assert found.ceiling == pytest.approx(np.log(100))
    assert (found.information, found.kl) == (again.information, again.kl)
    assert parts(mu, -2.0, seed=1).kl != found.kl


def test_the_report_goes_to_the_end_and_stops_at_any_time() -> None:
    mu, logvar = RNG.normal(0, 1, (300, 2)), np.full((300, 2), -2.0)
    heard: list[float] = []
    assert kl_parts(mu, logvar, report=lambda share: bool(heard.append(share))) is not None
    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert 0 < heard[0] < 0.2
    for stop in (0.0, 0.5, 1.0):
        assert kl_parts(mu, logvar, report=lambda share, stop=stop: share >= stop) is None


def test_the_codes_of_a_trained_model(tiny_run: Run) -> None:
    codes = tiny_run.codes()
    found = parts(codes.mu, codes.logvar)
    assert found.kl == pytest.approx(kl_per_dimension(codes.mu, codes.logvar).sum())
    assert 0 < found.error < 0.1
