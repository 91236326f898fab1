"""What a code is used for, against posteriors whose figures are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from vae.checks import check_points
from vae.errors import VaeError
from vae.latent.usage import MOST_IMAGES, mutual_information, usage
from vae.runs import Run

RNG = np.random.default_rng(7)


def test_posteriors_like_the_prior_use_nothing() -> None:
    found = usage(np.zeros((50, 3)), np.zeros((50, 3)))
    assert found["kl_dims"] == [0.0, 0.0, 0.0]
    assert found["active_units"] == 0
    assert found["mutual_information"] == pytest.approx(0, abs=1e-9)


def test_the_kl_of_each_dimension_is_that_of_gaussians() -> None:
    mu, logvar = np.tile([2.0, 0.0], (9, 1)), np.tile([0.0, np.log(0.25)], (9, 1))
    expected = [2.0, 0.5 * (0.25 - 1 - np.log(0.25))]
    assert usage(mu, logvar)["kl_dims"] == pytest.approx(expected)


@pytest.mark.parametrize("n", [2, 32, 500])
def test_images_whose_codes_never_meet_are_told_apart_by_log_n(n: int) -> None:
    mu = 100.0 * np.arange(n)[:, None]
    assert mutual_information(mu, np.zeros((n, 1))) == pytest.approx(np.log(n))
    points = np.full((n, 1), -900.0)  # far below what float64 can divide by
    assert mutual_information(mu, points) == pytest.approx(np.log(n))


@pytest.mark.parametrize("d", [1, 4])
def test_means_that_are_gaussian_tell_what_a_gaussian_channel_does(d: int) -> None:
    """z = x + noise: ½ log(1 + signal / noise) nats in each dimension, where log n is far more."""
    signal, noise = 1.5, 1.0
    mu = RNG.normal(0, np.sqrt(signal), (MOST_IMAGES, d))
    found = mutual_information(mu, np.full_like(mu, np.log(noise)))
    assert found == pytest.approx(d * 0.5 * np.log(1 + signal / noise), abs=0.1)


def test_more_images_than_are_looked_at_change_nothing() -> None:
    mu = RNG.normal(size=(MOST_IMAGES + 500, 2))
    logvar = np.zeros_like(mu)
    few = mutual_information(mu[:MOST_IMAGES], logvar[:MOST_IMAGES])
    assert mutual_information(mu, logvar) == few


def test_each_validation_point_of_a_run_says_it(tiny_run: Run) -> None:
    rows = tiny_run.metrics()
    for row in (row for row in rows if row["split"] == "validation"):
        assert sum(row["kl_dims"]) == pytest.approx(row["kl"], abs=1e-3)
        assert 0 <= row["active_units"] <= 2
        assert 0 <= row["mutual_information"] <= row["kl"] + 0.2  # a part of it
    assert not any("kl_dims" in row for row in rows if row["split"] == "train")


def test_codes_that_are_points_have_no_such_figures(tiny_ae: Run) -> None:
    assert not any("kl_dims" in row for row in tiny_ae.metrics())


@pytest.mark.parametrize("dims", [3.0, "x", [None], [[1.0]], [0.0] * 1025, [float("inf")]])
def test_what_is_no_kl_of_dimensions_is_refused(dims: object) -> None:
    point = {"split": "validation", "epoch": 1.0, "images": 9, "loss": 3.0, "reconstruction": 2.0}
    assert check_points([{**point, "kl_dims": [0.5, 1.0]}], "x")
    with pytest.raises(VaeError, match="line 1, is not a point"):
        check_points([{**point, "kl_dims": dims}], "x")
