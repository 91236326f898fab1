from __future__ import annotations

import socket

import numpy as np
import pytest

from tests.serve.conftest import ROOT, Process, WriteRun
from vae.datasets import load
from vae.errors import VaeError
from vae.inference import decode_pixels, encode_pixels
from vae.runs import Run, load_model
from vae.serve.client import LiveClient


@pytest.mark.parametrize("websocket", [True, False])
def test_the_client_asks_everything(runs: WriteRun, server: str, websocket: bool) -> None:
    run = runs("a")
    model = load_model(run)
    z = np.random.default_rng(0).standard_normal((300, 2)).astype(np.float32)
    with LiveClient(server, "a", websocket=websocket) as live:
        assert live.facts["name"] == "a"
        images = live.decode(z)
        assert np.abs(images.astype(int) - decode_pixels(model, z)).max() <= 1
        mu, logvar = live.encode(images)
        expected = encode_pixels(model, images)
        np.testing.assert_allclose(mu, expected[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(logvar, expected[1], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(live.place(z, "raw")[:, :2], z, rtol=1e-5)
        np.testing.assert_allclose(live.place(z, "raw", exact=True)[:, :2], z, rtol=1e-5)
        rows, distances = live.nearest(z, 3)
        assert rows.shape == distances.shape == (300, 3)
        codes = run.codes().mu
        np.testing.assert_allclose(
            distances, np.linalg.norm(codes[rows] - z[:, None], axis=2), rtol=1e-5
        )
        with pytest.raises(VaeError, match="do not belong"):
            live.images(rows[0])
        with pytest.raises(VaeError, match="12 bytes came"):
            live.decode(np.zeros((1, 3)))
        assert live.decode(z[:1]).shape == (1, 8, 6, 1)
    with (
        LiveClient(server, "b", websocket=websocket) as live,
        pytest.raises(VaeError, match="There is no model 'b'"),
    ):
        live.decode(z)


def test_a_server_that_is_not_there_is_said_in_a_sentence() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        for websocket in (True, False):
            with pytest.raises(VaeError, match="cannot be reached"):
                LiveClient(url, "a", websocket=websocket).decode(np.zeros((1, 2)))


@pytest.mark.parametrize("websocket", [True, False])
def test_the_client_sees_originals(tiny_run: Run, server: str, websocket: bool) -> None:
    with LiveClient(server, "tiny", websocket=websocket) as live:
        rows, distances = live.nearest(tiny_run.codes().mu[40:42])
        assert (distances == 0).all()
        test = load("digits", "test")
        assert np.array_equal(live.images(rows[:, 0]), test.images[[40, 41]])


def test_the_example_of_the_readme_runs(process: Process, capsys: pytest.CaptureFixture) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = readme.partition("## The live channel")[2].split("```")[1].removeprefix("python\n")
    assert "http://localhost:8501" in example
    names: dict[str, object] = {}
    exec(example.replace("http://localhost:8501", process.url), names)
    assert np.shape(names["pixels"]) == (1, 28, 28, 1)
    assert capsys.readouterr().out.startswith("16 [")
