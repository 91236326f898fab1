"""``python -m vae sweep``: new, gone on with, stopped by Ctrl+C; what it refuses."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import optuna
import pytest

from tests.sweeps.sweeping import begin, small, worker
from vae.__main__ import main
from vae.errors import VaeError
from vae.runs import find_run
from vae.sweeps import storage
from vae.sweeps.folders import find_sweep, folder_of, keep, start_sweep
from vae.sweeps.reading import view_of
from vae.sweeps.storage import hidden, join, open_storage

NEW = "--dataset digits --preset mlp-2d --trials 2 --epochs 1 --param latent_dim=2,4"


def run(words: str) -> int:
    return main(["sweep", *words.split(), "--device", "cpu"])


def test_a_sweep_is_done_and_told_and_does_nothing_when_it_is_repeated(
    runs_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(f"s {NEW}") == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("tpe over latent_dim=2,4; trial 0 is the preset mlp-2d itself")
    assert [line.split()[0] for line in told[1:3]] == ["s-000", "s-001"]
    assert told[3] == "done; best:"
    assert told[4].split()[0] in ("s-000", "s-001")
    before = (runs_folder / "s-001" / "weights.safetensors").stat().st_mtime_ns
    assert run("s --json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["state"], facts["done"], facts["total"]) == ("done", 2, 2)
    values = [one["values"]["−ELBO"] for one in facts["results"]]
    assert facts["best"] == [facts["results"][values.index(min(values))]["run"]]
    assert (runs_folder / "s-001" / "weights.safetensors").stat().st_mtime_ns == before


def test_a_trials_run_tells_how_to_train_it_again(
    runs_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = "--param width=64 --param depth=2 --search grid"
    assert run(f"s --dataset digits --preset mlp-2d --trials 2 --epochs 1 {space}") == 0
    config = find_run("s-001").config
    assert config.model.widths == (64, 32)
    again = find_run("s-001").provenance["command"].split()[3:]
    assert "--widths" in again
    assert main([*("again" if word == "s-001" else word for word in again)]) == 0
    assert find_run("again").config.model == config.model
    assert "--widths" not in find_run("s-000").provenance["command"]  # the preset's
    # Whoever starts from it has its networks.
    assert main("train more --dataset digits --start-from s-001 --epochs 1".split()) == 0
    assert find_run("more").config.model == config.model


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_gives_the_trial_under_way_back(runs_folder: Path) -> None:
    shared = begin(small("s", trials=3, epochs=100_000))
    process = worker("s")
    until = time.monotonic() + 60
    while not (folder := runs_folder / "s-000" / "metrics.jsonl").exists():
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out)["state"] == "paused"
    assert folder.exists()
    assert find_run("s-000").status["state"] == "paused"
    assert {trial.state for trial in view_of(shared).trials} == {"waiting"}


def test_a_sweep_of_a_shared_storage_is_joined_by_its_name(runs_folder: Path) -> None:
    url = f"sqlite:///{runs_folder}/shared.db"
    begin(small("s", trials=2, epochs=1), url)
    (folder_of("s") / "sweep.json").unlink()  # as on a machine that does not know it yet
    assert run(f"s --storage {url}") == 0
    assert find_run("s-001").ready
    sweep = find_sweep("s")
    assert sweep is not None
    assert sweep.url == url
    with pytest.raises(VaeError, match="is in the storage sqlite"):
        _raised(f"s --storage sqlite:///{runs_folder}/other.db")


def _raised(words: str) -> None:
    """Run a command for its error."""
    from vae.__main__ import parser

    options = parser().parse_args(["sweep", *words.split()])
    options.run(options)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("s", "Which data set"),
        ("../s --dataset digits", "no name for a model"),
        ("s --dataset nowhere", "no data set 'nowhere'"),
        ("s --dataset digits --param size=2", "'size' cannot be searched"),
        ("s --dataset digits --grace 1", "--grace is 1"),
        ("s --dataset digits --storage nonsense", "is no storage"),
        ("s --dataset digits --storage sqlite:////nowhere/at/all.db", "does not answer"),
        ("s --dataset digits --storage oracle://me:secret@host/x", "driver that is not installed"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    runs_folder: Path, words: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_ATTEMPTS", 2)  # each waits twice as long as the one before
    with pytest.raises(VaeError, match=sentence) as caught:
        _raised(words)
    assert "secret" not in str(caught.value)
    assert find_sweep("s") is None
    assert not [*runs_folder.glob("s-*")]


def test_torchrun_is_not_for_sweeps(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(VaeError, match="not by torchrun"):
        _raised("s --dataset digits")
    assert find_sweep("s") is None


def test_a_patient_worker_gives_signs_of_life_for_those_who_are_not(runs_folder: Path) -> None:
    url = f"sqlite:///{runs_folder}/shared.db"
    pauses = [open_storage(url, grace).heartbeat_interval for grace in (4, 60, 86_400)]
    assert pauses == [1, 15, 15]


def test_options_of_a_known_sweep_may_be_repeated_but_not_changed(runs_folder: Path) -> None:
    begin(small("s", trials=2, epochs=1))
    with pytest.raises(VaeError, match="was begun with trials 2, not 5"):
        _raised("s --trials 5")
    with pytest.raises(VaeError, match="was begun with spaces"):
        _raised("s --param beta")


def test_a_study_of_another_program_is_left_alone(runs_folder: Path) -> None:
    url = f"sqlite:///{runs_folder}/theirs.db"
    theirs = optuna.create_study(study_name="s", storage=url)
    theirs.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    opened = open_storage(url)
    with pytest.raises(VaeError, match="that is no sweep"):
        join(opened, "s")
    theirs.set_user_attr("vae sweep", {"dataset": "digits", "preset": ["mlp-2d"]})
    with pytest.raises(VaeError, match="The study 's' holds no sweep"):
        join(opened, "s")


def test_a_password_is_shown_to_nobody_and_read_by_nobody_else(runs_folder: Path) -> None:
    url = "postgresql+psycopg://me:secret@host/name"
    assert hidden(url) == "postgresql+psycopg://me:***@host/name"
    assert "secret" not in hidden("postgresql+psycopg://host/name?user=me&password=secret")
    assert hidden("no url, me:sec@ret@host") == "host"
    assert hidden("no url, me:secret@") == ""
    assert hidden("sqlite:///a.db") == "sqlite:///a.db"
    keep(small("s"), url)
    path = folder_of("s") / "sweep.json"
    assert "secret" in path.read_text()
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "url", ["sqlite:////etc/them.db", "sqlite+x://", "nonsense", "SQLite:///x"]
)
def test_who_asks_in_a_browser_names_no_file_of_the_server(runs_folder: Path, url: str) -> None:
    with pytest.raises(VaeError, match="postgresql or mysql or mariadb"):
        start_sweep(small("s"), url)
    assert find_sweep("s") is None


def test_a_name_in_use_is_refused(runs_folder: Path) -> None:
    (runs_folder / "s-000").mkdir()
    with pytest.raises(VaeError, match="a run named 's-000'"):
        start_sweep(small("s"))
    keep(small("t"), "sqlite:///elsewhere.db")
    with pytest.raises(VaeError, match="a sweep named 't'"):
        start_sweep(small("t"))
