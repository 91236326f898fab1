"""The command line as a script sees it: exit status, JSON on stdout, one sentence on stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import DATA, needs_data
from vae.__main__ import main
from vae.files import load_npz
from vae.inference import decode_pixels
from vae.latent.sampling import draw_codes
from vae.options import HELP
from vae.runs import Run, find_run, load_model, runs_dir


def _json(capsys: pytest.CaptureFixture[str], *arguments: str):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    before = set(runs_dir().rglob("*"))
    assert main(list(arguments)) == 1
    out, err = capsys.readouterr()
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err + out
    assert set(runs_dir().rglob("*")) == before
    return err


def test_train_evaluate_map_models(runs_folder, capsys) -> None:
    made = _json(
        capsys, *"train demo --dataset digits --preset mlp-2d --epochs 2 --device cpu".split()
    )
    assert made["state"] == "done"
    found = _json(capsys, "evaluate", "demo")
    assert found["elbo"] == pytest.approx(-found["reconstruction"] - found["kl"])
    assert (found["n"], found["latent_dim"], found["dataset"]) == (300, 2, "digits")
    assert 0 <= found["active_units"] <= 2
    fitted = _json(capsys, *"map demo --points 200 --perplexity 20".split())
    assert fitted["n"] == 200
    assert (runs_dir() / "demo" / "maps" / f"{fitted['map']}.npz").is_file()
    listed = {model["name"]: model for model in _json(capsys, "models")}
    assert listed["demo"]["image_shape"] == [8, 8, 1]
    assert listed["demo"]["bundled"] is False
    assert listed["demo"]["path"] == str(runs_dir() / "demo")


def test_a_training_takes_every_choice(tiny_run: Run, capsys) -> None:
    options = {
        "objective": "aevb",
        "likelihood": "gaussian",
        "latent-dim": 3,
        "epochs": 1,
        "batch-size": 100,
        "lr": 0.002,
        "lr-schedule": "plateau",
        "lr-patience": 2,
        "weight-decay": 0.01,
        "clip-norm": 5.0,
        "rotate": 15.0,
        "scale": 0.1,
        "noise": "masking",
        "noise-level": 0.2,
        "beta": 2.0,
        "beta-warmup": 0.5,
        "gamma": -0.25,
        "seed": 4,
        "precision": "fp32",
        "device": "cpu",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    made = _json(capsys, *"train demo --dataset digits --preset mlp-2d --flip".split(), *words)
    assert made["state"] == "done"
    written = json.loads((runs_dir() / "demo" / "config.json").read_text())
    found = {**written["model"], **written["objective"], **written["training"]}
    assert found["flip"] is True
    for name, value in options.items():
        assert found[name.replace("-", "_")] == value, name


def test_help_says_what_each_choice_does(capsys) -> None:
    with pytest.raises(SystemExit) as left:
        main(["train", "--help"])
    assert left.value.code == 0
    words = " ".join(capsys.readouterr().out.split())
    for name, line in HELP.items():
        assert f"--{name.replace('_', '-')}" in words
        assert line in words


@pytest.mark.parametrize("preset", ["ae", "linear-ae", "sparse-ae", "denoising-ae"])
def test_an_autoencoder_has_no_elbo(runs_folder, capsys, preset: str) -> None:
    words = f"train plain --dataset digits --preset {preset} --epochs 1 --device cpu"
    made = _json(capsys, *words.split())
    assert (made["elbo"], made["kl"], made["bits_per_dimension"]) == (None, None, None)
    assert 50 < made["reconstruction"] < 80


def test_an_autoencoder_is_measured_in_words(tiny_ae: Run, capsys) -> None:
    assert main(["evaluate", "tiny-ae"]) == 0
    words = capsys.readouterr().out
    assert "An autoencoder: each code is a point" in words
    assert not any(word in words for word in ("ELBO", "KL", "bits"))
    found = _json(capsys, "evaluate", "tiny-ae")
    assert (found["elbo"], found["kl"], found["n"]) == (None, None, 300)


def test_fine_tuning_keeps_the_frozen_part(tiny_run: Run, capsys) -> None:
    words = "train tuned --start-from tiny --freeze decoder --epochs 1 --lr 0.01"  # on its data
    assert _json(capsys, *words.split(), "--device", "cpu")["state"] == "done"
    first, second = (load_model(find_run(name)).state_dict() for name in ("tiny", "tuned"))
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]) == name.startswith("decoder"), name


def test_every_parameter_of_a_map_is_an_option(tiny_run: Run, capsys) -> None:
    options = "--points 60 --perplexity 5 --early-exaggeration 6 --metric cosine --seed 3"
    found = _json(capsys, *f"map tiny {options}".split())
    assert found["map"] == "tsne-p5-n60-e6-s3-cosine"
    assert (found["early_exaggeration"], found["metric"], found["seed"]) == (6, "cosine", 3)
    again = _json(capsys, *f"map tiny {options}".split())
    assert again["quality"] == found["quality"]


def test_several_perplexities_are_several_maps(tiny_run: Run, capsys) -> None:
    found = _json(capsys, *"map tiny --points 60 --perplexity 7 5 5".split())
    assert [one["map"] for one in found] == ["tsne-p7-n60", "tsne-p5-n60"]
    assert not list(tiny_run.maps_dir.glob("*.frames.npz"))


def test_umap_from_the_command_line(tiny_run: Run, capsys) -> None:
    pytest.importorskip("umap")
    found = _json(capsys, *"map tiny --method umap --points 80 --neighbours 8".split())
    assert (found["map"], found["method"], found["n"]) == ("umap-k8-n80", "umap", 80)
    assert "umap-learn" in found["versions"]


@pytest.mark.parametrize("way", ["prior", "uniform", "aggregate", "mixture"])
def test_new_images_are_decodes_of_codes_of_the_way(tiny_run: Run, capsys, way: str) -> None:
    path = tiny_run.path / "drawn.npz"
    options = ["--from", way, "--n", "5", "--seed", "3", "--output", str(path)]
    options += ["--components", "4"] if way == "mixture" else []
    facts = _json(capsys, "sample", "tiny", *options)
    assert (facts["from"], facts["n"], facts["latent_dim"]) == (way, 5, 2)
    assert facts.get("components") == (4 if way == "mixture" else None)
    found = load_npz(path)
    z = draw_codes(tiny_run.codes(), way, 5, 3, 4)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found["z"], z)
    np.testing.assert_array_equal(found["images"], decode_pixels(load_model(tiny_run), z))


def test_new_images_as_a_picture(tiny_run: Run, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tiny_run.path)
    assert main("sample tiny --n 10 --device cpu".split()) == 0
    assert "tiny-prior.png: 10 images" in capsys.readouterr().out
    with Image.open("tiny-prior.png") as picture:
        side = 7 * 8 + 2  # enlarged to about 56 pixels, a gap between
        assert picture.size == (4 * side + 2, 3 * side + 2)


def test_text_for_people(tiny_run: Run, capsys) -> None:
    assert main(["models"]) == 0
    assert "tiny" in capsys.readouterr().out
    assert main(["evaluate", "tiny"]) == 0
    assert "nats" in capsys.readouterr().out
    assert main(["datasets"]) == 0
    assert "digits" in capsys.readouterr().out


def test_datasets(capsys) -> None:
    names = {fact["name"] for fact in _json(capsys, "datasets")}
    assert names >= {"digits", "shapes", "mnist", "fashion-mnist", "kmnist", "emnist-letters"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("train x --dataset digits --preset conv-17", "conv-16"),
        ("train x --dataset numbers", "digits"),
        ("train x", "--dataset"),
        ("train ../x --dataset digits", "no name"),
        ("train x --dataset digits --latent-dim -2", "latent_dim is -2"),
        ("train x --dataset digits --epochs 0", "epochs is 0"),
        ("train x --dataset digits --lr nan", "lr is nan"),
        ("train x --dataset digits --beta -1", "beta is -1"),
        ("train x --dataset digits --noise gaussian --noise-level 2", "noise_level is 2"),
        ("train x --dataset digits --noise-level 0.2", "noise-level has no meaning without noise"),
        ("train x --dataset digits --objective iwae --beta 2", "only for elbo, beta-tcvae, aevb"),
        ("train x --dataset digits --gamma 2", "gamma has no meaning for the objective 'elbo'"),
        ("train x --dataset digits --preset ae --beta 2", "objective 'autoencoder'"),
        ("train x --dataset digits --freeze encoder", "which model to start from"),
        ("train x --dataset digits --start-from nobody", "no model 'nobody'"),
        ("train x --dataset digits --start-from ../tiny", "../tiny"),
        ("train x --dataset digits --start-from tiny --latent-dim 3", "latent dim is 2"),
        ("train x --dataset shapes --start-from tiny", "image shape is (8, 8, 1)"),
        ("train tiny --dataset digits", "already a run"),
        ("train tiny --resume", "already trained"),
        ("train tiny --resume --epochs 5", "cannot be changed"),
        ("train tiny --resume --objective iwae", "--objective cannot be changed"),
        ("train tiny --resume --start-from tiny", "--start-from cannot be changed"),
        ("train nobody --resume", "no model 'nobody'"),
        ("evaluate nobody", "no model 'nobody'"),
        ("sample nobody", "no model 'nobody'"),
        ("sample tiny --n 0", "--n must be 1 to 10,000, not 0"),
        ("sample tiny --seed -1", "--seed must be 0 or more"),
        ("sample tiny --components 5", "--components is of --from mixture"),
        ("sample tiny --from mixture --components 99", "1 to 50"),
        ("sample tiny --output x.jpg", "must end in .png or .npz, not 'x.jpg'"),
        ("sample tiny --output /no/such/x.png", "Could not write /no/such/x.png"),
        ("map nobody", "no model 'nobody'"),
        ("map tiny --perplexity 0", "perplexity"),
        ("map tiny --points 1", "points"),
        ("map tiny --early-exaggeration 0", "early exaggeration must lie between 1 and 1000"),
        ("map tiny --perplexity 5.00001", "4 decimals"),
        ("map tiny --perplexity 5 --method umap", "--perplexity is none of umap's options"),
        ("map tiny --seed 1 --method pca", "--seed is none of pca's options"),
        ("export nobody", "no model 'nobody'"),
        ("delete nobody", "no model 'nobody'"),
        ("import /no/such.zip", "Could not read"),
        ("datasets download", "Which data set"),
    ],
)
def test_wrong_input_is_told_in_one_sentence(tiny_run: Run, capsys, arguments, words) -> None:
    assert words in _refused(capsys, *arguments.split())


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cuda_without_a_gpu(runs_folder, capsys) -> None:
    error = _refused(capsys, *"train x --dataset digits --device cuda".split())
    assert "auto or cpu" in error


def test_data_that_are_not_there(runs_folder, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("VAE_DATA", str(tmp_path))
    assert "datasets download mnist" in _refused(capsys, *"train x --dataset mnist".split())


def test_garbled_weights(tiny_run: Run, capsys) -> None:
    path = tiny_run.path / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    assert "not a readable safetensors" in _refused(capsys, "evaluate", "tiny")


@pytest.mark.skipif(
    getattr(os, "geteuid", lambda: 0)() == 0, reason="root may write anywhere, Windows has no modes"
)
def test_read_only_runs_folder(runs_folder, capsys) -> None:
    runs_folder.chmod(0o500)
    assert "may not be written" in _refused(capsys, *"train x --dataset digits".split())


def test_full_disk(tiny_run: Run, capsys, monkeypatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vae.files.os.fsync", full)
    assert main(["export", "tiny", "--output", str(tiny_run.path / "x.zip")]) == 1
    assert "disk is full" in capsys.readouterr().err


def test_two_trainings_under_one_name(runs_folder) -> None:
    """Two real processes at once: one trains, the other is refused."""
    command = [sys.executable, "-m", "vae", "train", "twice", "--json"]
    command += "--dataset digits --preset mlp-2d --epochs 3 --device cpu".split()
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=120)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    assert "twice" in "".join(errors)


def test_unknown_option_is_a_usage_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vae", "train", "x", "--speed", "9"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: unrecognized arguments: --speed 9")
    assert done.stderr.count("\n") == 1


@needs_data
def test_mnist_trains_from_real_files(runs_folder, capsys) -> None:
    assert DATA
    made = _json(capsys, *"train m --dataset mnist --preset mlp-2d --epochs 1".split())
    assert made["n"] == 10_000
    assert -230 < made["elbo"] < -140
