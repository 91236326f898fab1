"""Finding, opening and deleting runs, with broken ones among them."""

from __future__ import annotations

import io
import json
import shutil

import numpy as np
import pytest

from vae.errors import VaeError
from vae.files import save_npz
from vae.presets import make_config
from vae.runs import (
    CHECKPOINT,
    Run,
    check_name,
    delete_run,
    find_run,
    list_runs,
    load_model,
    pretrained_dir,
    runs_dir,
)
from vae.status import lock
from vae.worker import check_resumable, prepare


def _trained() -> list[str]:
    return [run.name for run in list_runs()[0] if not run.bundled]


def test_a_trained_run_is_listed_found_and_opened(tiny_run: Run) -> None:
    assert _trained() == ["tiny"]
    assert tiny_run.ready
    assert tiny_run.status["state"] == "done"
    assert load_model(tiny_run).config == tiny_run.config.model
    codes = tiny_run.codes()
    assert codes.mu.shape == codes.logvar.shape == (300, 2)
    assert tiny_run.metrics()[-1]["split"] == "validation"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "-x", "a" * 65, "é", "a b", "a\n"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(VaeError, match="no name for a model"):
        check_name(name)


def test_unknown_name_says_which_there_are(tiny_run: Run) -> None:
    with pytest.raises(VaeError, match="tiny"):
        find_run("other")


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{",
        "[]",
        "{}",
        "[" * 200_000,
        '{"preset": ' + "9" * 5000 + "}",
        json.dumps({"preset": 1, "model": {}, "training": {}}),
    ],
    ids=lambda content: "none" if content is None else content[:8] or "empty",
)
def test_broken_runs_are_named_and_hide_no_others(tiny_run: Run, content: str | None) -> None:
    folder = runs_dir() / "broken"
    folder.mkdir()
    if content is not None:
        (folder / "config.json").write_text(content)
    assert _trained() == ["tiny"]
    _, broken = list_runs()
    assert [b.name for b in broken] == ["broken"]
    assert "config.json" in broken[0].reason
    with pytest.raises(VaeError, match=r"config\.json"):
        find_run("broken")


@pytest.mark.parametrize("content", ["[1]", '{"state": ' + "9" * 5000 + "}", "{}"])
def test_garbled_status_is_broken_too(tiny_run: Run, content: str) -> None:
    shutil.copytree(tiny_run.path, runs_dir() / "odd")
    (runs_dir() / "odd" / "status.json").write_text(content)
    runs, broken = list_runs()
    assert "odd" not in [run.name for run in runs]
    assert "status.json" in broken[0].reason


def test_a_status_cut_short_hides_no_run_and_hinders_no_resume(tiny_run: Run) -> None:
    (tiny_run.path / "status.json").write_text('{"state": "runn')
    assert _trained() == ["tiny"]
    assert tiny_run.status["state"] == "failed"
    assert tiny_run.status["error"].endswith("What it has learned is whole, and can be opened.")
    (tiny_run.path / CHECKPOINT).touch()
    assert tiny_run.status["error"].endswith("Resume goes on from its last checkpoint.")
    check_resumable(tiny_run)


@pytest.mark.parametrize("updated", [None, "2025-01-01T00:00:00", "today"])
def test_a_start_that_was_never_announced_properly_is_a_dead_process(
    tiny_run: Run, updated: object
) -> None:
    status = {"state": "running", "stage": "starting", "updated": updated}
    (tiny_run.path / "status.json").write_text(json.dumps(status))
    assert tiny_run.status["state"] == "failed"
    assert _trained() == ["tiny"]


def test_runs_folder_that_is_a_file(tmp_path, monkeypatch) -> None:
    (tmp_path / "runs").write_text("")
    monkeypatch.setenv("VAE_RUNS", str(tmp_path / "runs"))
    with pytest.raises(VaeError, match="Could not read the folder"):
        list_runs()
    with pytest.raises(VaeError, match="Could not create the folder"):
        prepare("x", make_config("mlp-2d", "digits", (8, 8, 1)))


@pytest.mark.parametrize("content", ["[1, 2]", '{"elbo": null}', '{"elbo": -3}', "7"])
def test_wrong_figures_are_a_sentence(tiny_run: Run, content: str) -> None:
    (tiny_run.path / "evaluation.json").write_text(content)
    with pytest.raises(VaeError, match=r"evaluation\.json does not hold"):
        _ = tiny_run.evaluation


@pytest.mark.parametrize("line", ["[1]", '{"split": "train"}', '{"split": "test", "epoch": 1}'])
def test_wrong_curves_are_a_sentence(tiny_run: Run, line: str) -> None:
    with (tiny_run.path / "metrics.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(VaeError, match=r"metrics\.jsonl, line \d+, is not a point"):
        tiny_run.metrics()


def test_curves_of_a_training_that_ran_away_can_be_read(tiny_run: Run) -> None:
    point = {**tiny_run.metrics()[-1], "loss": 3.2e38, "reconstruction": -1e30}
    with (tiny_run.path / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(point) + "\n")
    assert tiny_run.metrics()[-1] == point


def test_damaged_codes_are_a_sentence(tiny_run: Run) -> None:
    path = tiny_run.path / "codes.npz"
    whole = path.read_bytes()
    bare = io.BytesIO()
    np.save(bare, np.zeros(3))
    for content in (b"", whole[:500], whole[:200] + bytes(50) + whole[250:], bare.getvalue()):
        path.write_bytes(content)
        with pytest.raises(VaeError, match="not a readable"):
            tiny_run.codes()


def test_codes_of_another_size_are_refused(tiny_run: Run) -> None:
    zeros = np.zeros((4, 3), np.float16)
    save_npz(
        tiny_run.path / "codes.npz", mu=zeros, logvar=zeros, labels=np.zeros(4), indices=np.zeros(4)
    )
    with pytest.raises(VaeError, match="3 dimensions; the model has 2"):
        tiny_run.codes()


def test_codes_that_disagree_or_are_not_finite_are_refused(tiny_run: Run) -> None:
    good = {"mu": np.zeros((4, 2)), "logvar": np.zeros((4, 2)), "labels": np.zeros(4)}
    for wrong in (
        {**good, "indices": np.zeros(3)},
        {**good, "indices": np.zeros(4), "mu": np.full((4, 2), np.nan)},
        {**good, "indices": np.zeros(4), "labels": np.zeros(())},
        {key: np.zeros((0, 2)) for key in ("mu", "logvar")}
        | {key: np.zeros(0) for key in ("labels", "indices")},
        good,
    ):
        (tiny_run.path / "codes.npz").unlink()
        save_npz(tiny_run.path / "codes.npz", **wrong)
        with pytest.raises(VaeError, match=r"codes\.npz"):
            tiny_run.codes()


def test_a_config_far_larger_than_its_weights_is_refused_before_it_fills_the_memory(
    tiny_run: Run,
) -> None:
    config = json.loads((tiny_run.path / "config.json").read_text())
    config["model"] |= {"image_shape": [512, 512, 3], "widths": [8192] * 8}  # 28 GB
    (tiny_run.path / "config.json").write_text(json.dumps(config))
    with pytest.raises(VaeError, match="configuration"):
        load_model(find_run("tiny"))


def test_delete(tiny_run: Run) -> None:
    with lock(tiny_run.path).acquire(), pytest.raises(VaeError, match="training"):
        delete_run("tiny")
    delete_run("tiny")
    assert not tiny_run.path.exists()
    with pytest.raises(VaeError, match="no model"):
        delete_run("tiny")


def test_bundled_models_cannot_be_deleted() -> None:
    for path in pretrained_dir().iterdir():
        with pytest.raises(VaeError, match="bundled"):
            delete_run(path.name)
        assert path.is_dir()
