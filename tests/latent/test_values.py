"""Numbers of images against the library's own figures for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vae.datasets import load
from vae.datasets.shapes import FACTOR_NAMES
from vae.errors import VaeError
from vae.files import save_npz
from vae.inference import image_terms
from vae.latent import values as library
from vae.latent.statistics import kl_per_dimension
from vae.latent.values import colourings, values
from vae.originals import OriginalsMissing, originals
from vae.runs import Run, load_model


def of(run: Run, dataset: str, shape: tuple[int, int, int]) -> Run:
    """``run``, said to have learned another data set."""
    model = replace(run.config.model, image_shape=shape)
    training = replace(run.config.training, dataset=dataset)
    return replace(run, config=replace(run.config, model=model, training=training))


def test_every_colouring_gives_a_number_for_every_image(tiny_run: Run) -> None:
    found = colourings(tiny_run)
    assert [one.by for one in found] == ["kl", "reconstruction", "length", "z:0", "z:1"]
    assert found[0].unit == found[1].unit == "nats"
    for one in found:
        numbers = values(tiny_run, one.by)
        assert numbers.dtype == np.float32
        assert numbers.shape == (300,)
        assert np.isfinite(numbers).all()


def test_they_are_what_they_say(tiny_run: Run) -> None:
    codes = tiny_run.codes()
    kl = values(tiny_run, "kl")
    expected = kl_per_dimension(codes.mu, codes.logvar).sum()
    assert kl.mean() == pytest.approx(expected, rel=1e-5)
    assert kl[7] == pytest.approx(
        kl_per_dimension(codes.mu[7:8], codes.logvar[7:8]).sum(), rel=1e-5
    )
    terms = image_terms(load_model(tiny_run), originals(tiny_run))
    np.testing.assert_array_equal(values(tiny_run, "reconstruction"), terms["reconstruction"])
    np.testing.assert_allclose(kl, terms["kl"], rtol=1e-2, atol=1e-2)  # codes may be rounded
    lengths = np.linalg.norm(codes.mu, axis=1)
    np.testing.assert_allclose(values(tiny_run, "length"), lengths, rtol=1e-6)
    np.testing.assert_array_equal(values(tiny_run, "z:1"), codes.mu[:, 1])


def test_factors_of_the_images_the_codes_stand_for(tiny_run: Run) -> None:
    shapes = of(tiny_run, "shapes", (64, 64, 1))
    rows = np.array([5, 0, 77])
    save_npz(
        shapes.path / "codes.npz",
        mu=np.zeros((3, 2), np.float32),
        logvar=np.zeros((3, 2), np.float32),
        labels=np.zeros(3),
        indices=rows,
    )
    found = [one.by for one in colourings(shapes)]
    assert [f"factor:{name}" for name in FACTOR_NAMES] == found[3:8]
    factors = load("shapes", "test").factors
    assert factors is not None
    for j, name in enumerate(FACTOR_NAMES):
        np.testing.assert_array_equal(values(shapes, f"factor:{name}"), factors[rows, j])


def test_every_data_set_has_factors_of_its_own(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"shapes": FACTOR_NAMES, "digits": ("slant", "x")}
    monkeypatch.setattr(library, "_FACTORS", known)
    found = [one.by for one in colourings(tiny_run) if one.by.startswith("factor:")]
    assert found == ["factor:slant", "factor:x"]
    split = replace(load("digits", "test"), factors=np.arange(600, dtype="f4").reshape(300, 2))
    monkeypatch.setattr(library, "coded_split", lambda run: split)
    np.testing.assert_array_equal(values(tiny_run, "factor:x"), np.arange(1, 600, 2))
    with pytest.raises(OriginalsMissing, match="no known factors here"):
        values(tiny_run, "factor:scale")


def test_what_is_not_at_hand_is_not_offered_and_said(
    tiny_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAE_DATA", str(tmp_path))
    absent = of(tiny_run, "kmnist", (28, 28, 1))
    assert [one.by for one in colourings(absent)] == ["kl", "length", "z:0", "z:1"]
    with pytest.raises(OriginalsMissing, match="not at hand"):
        values(absent, "reconstruction")
    with pytest.raises(OriginalsMissing, match="no known factors here"):
        values(tiny_run, "factor:x")


@pytest.mark.parametrize(
    "by", ["", "nonsense", "z", "z:2", "z:-1", "z:٣", "x", "factor:", "factor:hue", "z:0 " * 999]
)
def test_anything_else_is_refused_with_what_is_allowed(tiny_run: Run, by: str) -> None:
    with pytest.raises(VaeError, match=r"allowed are kl, reconstruction, length and z:0 to z:1\.$"):
        values(tiny_run, by)


def test_points_have_no_kl_to_be_coloured_by(tiny_ae: Run) -> None:
    found = colourings(tiny_ae)
    assert [one.by for one in found[:3]] == ["reconstruction", "length", "z:0"]
    assert "mean" not in " ".join(one.title for one in found)
    with pytest.raises(VaeError, match="no number called 'kl'"):
        values(tiny_ae, "kl")
