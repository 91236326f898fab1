"""The originals are the images that the codes encode, or a sentence says what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vae.datasets import load
from vae.originals import OriginalsMissing, originals
from vae.runs import Run


def of(run: Run, dataset: str, shape: tuple[int, int, int]) -> Run:
    """``run``, said to have learned another data set."""
    model = replace(run.config.model, image_shape=shape)
    training = replace(run.config.training, dataset=dataset)
    return replace(run, config=replace(run.config, model=model, training=training))


def reindexed(run: Run, indices: np.ndarray) -> None:
    path = run.path / "codes.npz"
    arrays = dict(np.load(path))
    n = len(indices)
    np.savez(path, **({name: a[:n] for name, a in arrays.items()} | {"indices": indices}))


def test_row_for_row(tiny_run: Run) -> None:
    test = load("digits", "test")
    assert originals(tiny_run) is test.images  # the whole split: not a copy
    reindexed(tiny_run, np.array([7, 3, 3]))
    np.testing.assert_array_equal(originals(tiny_run), test.images[[7, 3, 3]])


def test_what_is_missing_is_said(
    tiny_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAE_DATA", str(tmp_path))
    with pytest.raises(OriginalsMissing, match=r"not at hand.*datasets download kmnist"):
        originals(of(tiny_run, "kmnist", (28, 28, 1)))
    with pytest.raises(OriginalsMissing, match=r"do not belong to the data set 'kmnist'"):
        originals(of(tiny_run, "kmnist", (8, 8, 1)))
    with pytest.raises(OriginalsMissing, match=r"'mine', which is unknown here; there are: digits"):
        originals(of(tiny_run, "mine", (8, 8, 1)))


@pytest.mark.parametrize("index", [-1, 300])
def test_codes_beyond_the_data_set_have_no_originals(tiny_run: Run, index: int) -> None:
    reindexed(tiny_run, np.array([0, index]))
    with pytest.raises(OriginalsMissing, match="do not belong"):
        originals(tiny_run)
