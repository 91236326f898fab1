"""Fixtures that many tests share: a runs folder of their own, and a model trained in a second."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from vae.presets import make_config
from vae.runs import Run, find_run
from vae.tsne import tsne
from vae.worker import prepare, train_run

# Tests run beside servers and browsers on two cores: one thread each is quicker in sum. And a test
# waits for the trainings that it starts: they give way to nobody.
torch.set_num_threads(1)
os.environ.setdefault("VAE_NICE", "0")

DATA = os.environ.get("VAE_DATA")
needs_data = pytest.mark.skipif(DATA is None, reason="VAE_DATA is not set: no real MNIST here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop running in this thread, beside which
    no test can start one of its own.
    """
    folder = Path(__file__).parent / "browser"
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def train_tiny(name: str, epochs: int = 2, preset: str = "mlp-2d", **chosen: object) -> Run:
    """Train a small model on the bundled digits, in this process."""
    config = make_config(preset, "digits", (8, 8, 1), epochs=epochs, device="cpu", **chosen)
    train_run(prepare(name, config), config)
    return find_run(name)


@pytest.fixture
def runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty runs folder."""
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("VAE_RUNS", str(folder))
    return folder


@contextmanager
def _runs_in(folder: Path) -> Iterator[None]:
    """Another runs folder for a while, outside of any test."""
    before = os.environ.get("VAE_RUNS")
    os.environ["VAE_RUNS"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["VAE_RUNS"]
        else:
            os.environ["VAE_RUNS"] = before


@pytest.fixture(scope="session")
def _tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run, made once for the whole session."""
    with _runs_in(tmp_path_factory.mktemp("tiny")):
        return train_tiny("tiny", epochs=3).path


@pytest.fixture(scope="session")
def _tiny_ae_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained autoencoder, made once for the whole session."""
    with _runs_in(tmp_path_factory.mktemp("tiny-ae")):
        return train_tiny("tiny-ae", epochs=3, preset="denoising-ae", latent_dim=5).path


@pytest.fixture
def tiny_run(runs_folder: Path, _tiny_folder: Path) -> Run:
    """A model of the digits, two latent dimensions, in a fresh runs folder."""
    shutil.copytree(_tiny_folder, runs_folder / "tiny")
    return find_run("tiny")


@pytest.fixture
def tiny_ae(runs_folder: Path, _tiny_ae_folder: Path) -> Run:
    """A denoising autoencoder of the digits, whose codes are points, in a fresh runs folder."""
    shutil.copytree(_tiny_ae_folder, runs_folder / "tiny-ae")
    return find_run("tiny-ae")


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """400 real digits as 10-dimensional codes, and their labels."""
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA

    images, labels = load_digits(return_X_y=True)
    codes = PCA(10, random_state=0).fit_transform(images)[:400]
    return (codes / codes.std()).astype(np.float32), labels[:400]


@pytest.fixture(scope="session")
def digits_map(digits: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Their t-SNE map."""
    places = tsne(digits[0], n_jobs=1)
    assert places is not None
    return places
