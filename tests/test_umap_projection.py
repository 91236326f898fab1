"""UMAP: against a control, repeatable, and a sensible picture of whatever codes come."""

from __future__ import annotations

import numpy as np
import pytest

from vae import umap_projection
from vae.errors import VaeError
from vae.map_quality import quality
from vae.projection import Step
from vae.umap_projection import umap, umap_available

needs_umap = pytest.mark.skipif(not umap_available(), reason="umap-learn is not installed")
GROUPS = np.arange(90) % 3
CODES = np.random.default_rng(0).normal(size=(90, 4)) + 8 * np.eye(4)[GROUPS]


@needs_umap
def test_groups_are_kept_apart_and_in_a_shuffled_control_they_are_not() -> None:
    places = umap(CODES)
    assert places is not None
    assert places.dtype == np.float32
    assert quality(CODES, places, GROUPS)["accuracy"] > 0.95
    shuffled = np.random.default_rng(0).permutation(places)
    assert quality(CODES, shuffled, GROUPS)["accuracy"] < 0.6


@needs_umap
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan"])
def test_the_same_seed_gives_the_same_map_and_another_seed_another(metric: str) -> None:
    first = umap(CODES, metric=metric)
    np.testing.assert_array_equal(umap(CODES, metric=metric), first)
    assert not np.array_equal(umap(CODES, metric=metric, seed=1), first)


@needs_umap
def test_the_callback_follows_the_fit_and_can_stop_it() -> None:
    steps: list[Step] = []
    places = umap(CODES, callback=lambda step: bool(steps.append(step)))
    assert [step.iteration for step in steps] == list(range(0, 501, 25))
    assert all(step.total == 500 and np.isnan(step.kl) for step in steps)
    np.testing.assert_array_equal(steps[-1].coords, places)
    assert not np.array_equal(steps[3].coords, steps[4].coords)
    seen: list[int] = []
    stopped = umap(CODES, callback=lambda step: seen.append(step.iteration) or len(seen) == 3)
    assert stopped is None
    assert seen == [0, 25, 50]


@needs_umap
def test_an_error_in_the_callback_comes_out_as_itself() -> None:
    def broken(step: Step) -> bool:
        raise ZeroDivisionError("in the callback")

    with pytest.raises(ZeroDivisionError, match="in the callback"):
        umap(CODES, callback=broken)


@needs_umap
@pytest.mark.parametrize(
    "codes",
    [
        CODES[:1],
        CODES[:3],
        CODES[:9],
        CODES[:40, :1],
        np.zeros((30, 4)),
        1 + 1e-7 * CODES[:40],
        np.repeat(CODES[:20], 3, axis=0),
    ],
    ids=["one", "three", "nine", "a line", "collapsed", "a hair apart", "repeated"],
)
def test_whatever_comes_has_a_picture(codes: np.ndarray) -> None:
    places = umap(codes)
    assert places is not None
    assert places.shape == (len(codes), 2)
    assert np.isfinite(places).all()
    same = (codes[:, None] == codes[None]).all(axis=2)
    assert (places[:, None] == places[None]).all(axis=2)[same].all()


@needs_umap
def test_codes_that_are_not_finite_are_refused() -> None:
    with pytest.raises(VaeError, match="hold NaN or infinity"):
        umap(np.full((10, 2), np.nan))


def test_where_it_is_not_installed_a_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(umap_projection, "find_spec", lambda name: None)
    with pytest.raises(VaeError, match="pip install umap-learn"):
        umap(CODES)
