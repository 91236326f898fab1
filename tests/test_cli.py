"""The command line as a script sees it: exit status, JSON on stdout, one sentence on stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import torch

from tests.conftest import DATA, needs_data
from vae.__main__ import main
from vae.runs import Run, runs_dir


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
        ("train tiny --dataset digits", "already a run"),
        ("train tiny --resume", "already trained"),
        ("train tiny --resume --epochs 5", "cannot be changed"),
        ("train nobody --resume", "no model 'nobody'"),
        ("evaluate nobody", "no model 'nobody'"),
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
