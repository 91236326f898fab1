from __future__ import annotations

import asyncio
import gc
import shutil

import numpy as np
import pytest

from tests.serve.conftest import WriteRun
from vae.errors import VaeError
from vae.inference import decode_pixels, encode_pixels
from vae.latent.neighbours import Nearest, nearest_codes
from vae.runs import load_model
from vae.serve import kept, service
from vae.serve.service import LiveModels

Z = np.array([[0.5, -1.0], [2.0, 0.0]], np.float32)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question compares the model with its files first."""
    monkeypatch.setattr(service, "STALE_SECONDS", -1.0)


def test_answers_are_those_of_the_library(runs: WriteRun) -> None:
    run = runs("a")
    reference = load_model(run)
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 6, 1), dtype=np.uint8)

    async def main() -> None:
        model = await LiveModels().get("a")
        assert np.array_equal(await model.decode(Z), decode_pixels(reference, Z))
        mu, logvar = encode_pixels(reference, images)
        answer = await model.encode(images)
        assert answer.shape == (3, 2, 2)
        np.testing.assert_allclose(answer[:, 0], mu, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(answer[:, 1], logvar, rtol=1e-5, atol=1e-6)

    asyncio.run(main())


def test_a_model_is_loaded_once_for_all_who_wait(
    runs: WriteRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs("a")
    loads: list[str] = []

    def counted(run: service.Run) -> service.VAE:
        loads.append(run.name)
        return load_model(run)

    monkeypatch.setattr(service, "load_model", counted)

    async def main() -> None:
        models = LiveModels()
        impatient = asyncio.create_task(models.get("a"))
        await asyncio.sleep(0)
        impatient.cancel()  # the first who asked leaves; the others still get their model
        first, *others = await asyncio.gather(*(models.get("a") for _ in range(20)))
        assert all(other is first for other in others)
        assert await models.get("a") is first

    asyncio.run(main())
    assert loads == ["a"]


def test_what_many_ask_for_first_is_made_once(
    runs: WriteRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs("a")
    made: list[int] = []

    def counted(codes: np.ndarray) -> Nearest:
        made.append(len(codes))
        return nearest_codes(codes)

    monkeypatch.setattr(service, "nearest_codes", counted)

    async def main() -> None:
        model = await LiveModels().get("a")
        leaving = asyncio.create_task(model.nearest(Z))
        await asyncio.sleep(0)
        leaving.cancel()  # the first who asked leaves; the others still get their answers
        answers = await asyncio.gather(*(model.nearest(Z) for _ in range(20)))
        assert all(np.array_equal(answer, nearest_codes(run.codes().mu)(Z)) for answer in answers)
        assert (await model.nearest(Z)).shape == (2, 50, 2)

    asyncio.run(main())
    assert made == [50]


def test_what_could_not_be_made_is_tried_again(
    runs: WriteRun, caplog: pytest.LogCaptureFixture
) -> None:
    run = runs("a")
    codes = (run.path / "codes.npz").read_bytes()
    (run.path / "codes.npz").unlink()

    async def main() -> None:
        model = await LiveModels().get("a")  # decodes before it has codes
        assert (await model.decode(Z)).shape == (2, 8, 6, 1)
        asked = (model.nearest(Z) for _ in range(5))
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(answer, VaeError)
            assert "has no codes yet" in str(answer)
        leaving = asyncio.create_task(model.nearest(Z))
        await asyncio.sleep(0)
        leaving.cancel()  # nobody is left to hear of the failure
        await asyncio.sleep(0.1)
        (run.path / "codes.npz").write_bytes(codes)
        assert (await model.nearest(Z)).shape == (2, 50, 2)

    asyncio.run(main())
    gc.collect()
    assert not caplog.records


def test_many_maps_are_kept_and_no_more(runs: WriteRun, monkeypatch: pytest.MonkeyPatch) -> None:
    runs("a", latent_dim=5)
    monkeypatch.setattr(kept, "MOST", 3)

    async def main() -> None:
        model = await LiveModels().get("a")
        z = np.zeros((1, 5), np.float32)
        for i in range(5):
            for j in range(5):
                if i != j:
                    await model.place(f"raw-{i}-{j}", z)
                    assert len(model.made) <= 3

    asyncio.run(main())


def test_the_model_unused_for_longest_goes(runs: WriteRun) -> None:
    for name in "abc":
        runs(name)

    async def main() -> None:
        models = LiveModels(capacity=2)
        a, b = await models.get("a"), await models.get("b")
        assert await models.get("a") is a
        await models.get("c")
        assert await models.get("a") is a
        assert await models.get("b") is not b

    asyncio.run(main())


@pytest.mark.usefixtures("impatient")
def test_a_retrained_model_is_noticed(runs: WriteRun) -> None:
    runs("a", seed=1)

    async def main() -> None:
        models = LiveModels()
        before = await models.get("a")
        assert await models.get("a") is before
        run = runs("a", seed=2, latent_dim=3)
        after = await models.get("a")
        assert after.run.config.model.latent_dim == 3
        z = np.zeros((1, 3), np.float32)
        assert np.array_equal(await after.decode(z), decode_pixels(load_model(run), z))

    asyncio.run(main())


def test_a_model_in_use_is_compared_with_its_files_in_the_background(
    runs: WriteRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "RECHECK_SECONDS", -1.0)
    monkeypatch.setattr(service, "STALE_SECONDS", 1e9)
    run = runs("a", seed=1)

    async def settled(models: LiveModels) -> None:
        while models._loading:
            await asyncio.sleep(0.001)

    async def main() -> None:
        models = LiveModels()
        before = await models.get("a")
        runs("a", seed=2)
        assert await models.get("a") is before  # not held up
        await settled(models)
        assert await models.get("a") is not before
        await settled(models)
        shutil.rmtree(run.path)
        await models.get("a")
        await settled(models)
        with pytest.raises(VaeError, match="There is no model 'a'"):
            await models.get("a")

    asyncio.run(main())


@pytest.mark.usefixtures("impatient")
def test_a_stored_map_is_noticed_and_its_frames_are_not(runs: WriteRun) -> None:
    run = runs("a")

    async def main() -> None:
        models = LiveModels()
        before = await models.get("a")
        run.maps_dir.mkdir()
        (run.maps_dir / "tsne.npz").write_bytes(b"a map")
        after = await models.get("a")
        assert after is not before
        (run.maps_dir / "tsne.frames.npz").write_bytes(b"its frames")
        assert await models.get("a") is after

    asyncio.run(main())


@pytest.mark.usefixtures("impatient")
def test_a_deleted_or_damaged_model_is_noticed(runs: WriteRun) -> None:
    run = runs("a")

    async def main() -> None:
        models = LiveModels()
        await models.get("a")
        weights = run.path / "weights.safetensors"
        weights.write_bytes(weights.read_bytes()[:100])
        with pytest.raises(VaeError, match=r"not a readable safetensors file"):
            await models.get("a")
        shutil.rmtree(run.path)
        with pytest.raises(VaeError, match="There is no model 'a'"):
            await models.get("a")
        runs("a")
        assert (await models.get("a")).run.name == "a"

    asyncio.run(main())


def test_a_model_that_cannot_be_loaded_is_told(
    runs: WriteRun, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runs("a")

    def no_memory(_: object) -> None:
        raise RuntimeError("can't allocate memory")

    with monkeypatch.context() as patched:
        patched.setattr(service, "load_model", no_memory)
        sentence = "The server could not load 'a': RuntimeError: can't allocate memory"
        with pytest.raises(VaeError, match=f"^{sentence}$"):
            asyncio.run(LiveModels().get("a"))
    assert caplog.messages == [sentence]
    assert asyncio.run(LiveModels().get("a")).run.name == "a"


@pytest.mark.parametrize("name", ["nobody", "../a", "a/b", ".hidden", "", "x" * 65])
def test_unknown_and_impossible_names_are_refused(runs: WriteRun, name: str) -> None:
    runs("a")
    with pytest.raises(VaeError, match=r"There is no model|is no name for a model"):
        asyncio.run(LiveModels().get(name))
