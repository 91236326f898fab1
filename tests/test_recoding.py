"""A copy of a model with the codes of another split."""

from __future__ import annotations

import json
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from vae import recoding
from vae.__main__ import main
from vae.archive import export_run, import_archive
from vae.datasets import load
from vae.errors import VaeError
from vae.files import load_npz, save_npz
from vae.inference import encode_pixels
from vae.jobs import cancel_training, resume_training
from vae.latent.values import values
from vae.maps import list_maps, load_map
from vae.originals import originals
from vae.recoding import recode
from vae.runs import Run, delete_run, find_run, load_model, runs_dir
from vae.status import StatusWriter, request_cancel
from vae.worker import resumable, train_run


def test_all_images_in_the_order_of_their_splits(tiny_run: Run) -> None:
    told: list[tuple[int, int]] = []
    run = recode(tiny_run, "every", "all", report=lambda done, n: told.append((done, n)))
    codes = run.codes()
    assert (len(codes.mu), codes.split) == (1797, "all")
    assert told[-1] == (1797, 1797)
    parts = [load("digits", split) for split in ("train", "validation", "test")]
    np.testing.assert_array_equal(codes.labels, np.concatenate([part.labels for part in parts]))
    np.testing.assert_array_equal(originals(run)[-300:], parts[2].images)
    np.testing.assert_allclose(codes.mu[-300:], tiny_run.codes().mu)
    mu, logvar = encode_pixels(load_model(run), originals(run)[:5])
    np.testing.assert_allclose(codes.mu[:5], mu, atol=2e-3)
    np.testing.assert_allclose(codes.logvar[:5], logvar, atol=5e-3)


def test_the_copy_is_the_same_model_and_a_whole_one(tiny_run: Run) -> None:
    run = recode(tiny_run, "learned", "train", limit=40)
    assert run.ready
    assert run.status["state"] == "done"
    assert run.evaluation == tiny_run.evaluation
    assert run.config == tiny_run.config
    assert len(load_map(run, "pca").coords) == 40
    assert list_maps(run) == ["raw", "pca"]
    before, after = load_model(tiny_run).state_dict(), load_model(run).state_dict()
    assert all((before[name] == after[name]).all() for name in before)
    again = import_archive(export_run(run), "again")
    assert again.codes().split == "train"
    np.testing.assert_array_equal(originals(again), load("digits", "train").images[:40])


def test_the_factors_are_those_of_the_images(runs_folder: object) -> None:
    source = train_tiny_shapes()
    run = recode(source, "few", "validation", limit=30)
    expected = load("shapes", "validation").factors
    assert expected is not None
    np.testing.assert_allclose(values(run, "factor:x"), expected[:30, 3])


def train_tiny_shapes() -> Run:
    from vae.codes import save_codes
    from vae.presets import make_config
    from vae.worker import prepare

    config = make_config("mlp-2d", "shapes", (64, 64, 1), device="cpu")
    folder = prepare("shapes-tiny", config)
    from vae.checkpoints import save_weights
    from vae.model import VAE

    model = VAE(config.model)
    save_weights(model, folder / "weights.safetensors")
    test = load("shapes", "test")
    save_codes(folder, *encode_pixels(model.eval(), test.images[:10]), test.labels[:10])
    (folder / "status.json").write_text(json.dumps({"state": "done"}))
    return find_run("shapes-tiny")


def test_a_taken_name_and_an_unknown_split_are_refused(tiny_run: Run) -> None:
    with pytest.raises(VaeError, match="already a run"):
        recode(tiny_run, "tiny", "all")
    with pytest.raises(VaeError, match="no split 'some'"):
        recode(tiny_run, "new", "some")
    assert not (runs_dir() / "new").exists()


def test_stopped_on_the_way_the_name_is_free_again(tiny_run: Run) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recode(tiny_run, "half", "all", report=stop)
    assert not (runs_dir() / "half").exists()

    def ask_to_stop(done: int, total: int) -> None:
        request_cancel(runs_dir() / "half")

    with pytest.raises(VaeError, match="encoding of 'half' was stopped"):
        recode(tiny_run, "half", "all", report=ask_to_stop)
    assert not (runs_dir() / "half").exists()


def test_what_is_half_made_is_held_and_cannot_be_opened(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recoding, "StatusWriter", partial(StatusWriter, interval=0))
    shares = []

    def look(done: int, total: int) -> None:
        half = find_run("half")
        assert (half.status["state"], half.status["stage"]) == ("running", "encoding")
        shares.append(half.status["progress"])
        assert not half.ready
        with pytest.raises(VaeError, match="stop it before you delete it"):
            delete_run("half")
        if done == total:
            with pytest.raises(VaeError, match="Another process is at work on 'half'"):
                train_run(half.path, half.config)

    recode(tiny_run, "half", "all", limit=1100, report=look)
    assert shares == [1024 / 1100, 1.0]


def test_a_killed_encoding_is_no_training_to_go_on_with(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(recoding, "shutil", SimpleNamespace(rmtree=lambda _: None))  # or clean up
        patched.setattr(recoding, "save_codes", killed)
        with pytest.raises(SystemExit):
            recode(tiny_run, "half", "all", limit=40)
    half = find_run("half")
    assert (half.status["state"], half.status["copy_of"]) == ("failed", "tiny")
    assert not half.ready
    for go_on in (lambda: resumable("half"), lambda: resume_training(half)):
        with pytest.raises(VaeError, match="'half' is a copy of 'tiny' whose encoding broke off"):
            go_on()
    cancel_training(half)  # nor is it one afterwards
    assert half.status["state"] == "cancelled"
    with pytest.raises(VaeError, match="is a copy of 'tiny'"):
        resumable("half")


def test_an_encoding_killed_at_its_very_beginning_is_known_too(tiny_run: Run, monkeypatch) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(recoding, "shutil", SimpleNamespace(rmtree=lambda _: None))
        patched.setattr(recoding, "acquire", killed)
        with pytest.raises(SystemExit):
            recode(tiny_run, "half", "all", limit=40)
    assert find_run("half").status["state"] == "failed"
    with pytest.raises(VaeError, match="is a copy of 'tiny'"):
        resumable("half")


def test_codes_of_a_foreign_split_are_refused(tiny_run: Run) -> None:
    path = tiny_run.path / "codes.npz"
    save_npz(path, **{**load_npz(path), "split": np.array("elsewhere")})
    with pytest.raises(VaeError, match="'elsewhere'; allowed are train, validation, test, all"):
        tiny_run.codes()


def test_by_the_command_line(tiny_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["encode", "tiny", "more", "--split", "validation", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["name"], found["codes"]) == ("more", 200)
    assert main(["encode", "tiny", "less", "--limit", "0"]) == 1
    assert "at least 1, not 0" in capsys.readouterr().err
    assert main(["encode", "tiny", "more"]) == 1
    assert capsys.readouterr().err == (
        "error: There is already a model named 'more'; choose another name.\n"  # and no bar
    )
