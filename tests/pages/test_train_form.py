"""The Train page's form: its defaults are the command line's, what is typed is kept, each objective
shows what it reads, and what speaks against a choice is said beside it.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages import train_data, train_form
from pages.train_choices import GROWING
from pages.train_fields import NUMBERS
from pages.train_form import free_name, parameters
from tests.conftest import train_tiny
from tests.pages.training import open_page, press
from vae.__main__ import parser
from vae.config import Config
from vae.errors import VaeError
from vae.options import CORRUPTIONS, HELP, OBJECTIVES, USED_BY
from vae.presets import PRESETS, make_config
from vae.runs import Run, find_run


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Config]]:
    """What the button would have started."""
    found: list[tuple[str, Config]] = []
    monkeypatch.setattr(train_form, "start_training", lambda *of: found.append(of))
    return found


def choose(app: AppTest, field: str, value: str) -> AppTest:
    app.selectbox(key=f"train {field}").select(value).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("preset", PRESETS)
def test_untouched_it_trains_what_the_command_line_trains(
    runs_folder: Path, started: list[tuple[str, Config]], preset: str
) -> None:
    app = choose(open_page(), "preset", preset)
    assert any(PRESETS[preset].summary == caption.value for caption in app.caption)
    press(app, "train start")
    assert started == [(f"digits-{preset}-1", make_config(preset, "digits", (8, 8, 1)))]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_objective_says_what_it_does_and_shows_what_it_reads(
    runs_folder: Path, started: list[tuple[str, Config]], objective: str
) -> None:
    app = choose(open_page(), "objective conv-16", objective)
    assert any(OBJECTIVES[objective] == caption.value for caption in app.caption)
    labels = {f"train {name} conv-16 {objective}": name for name in USED_BY}
    shown = {labels[n.key] for n in app.number_input if n.key in labels}
    assert shown == {name for name, read in USED_BY.items() if objective in read}
    for name in shown:
        field = app.number_input(key=f"train {name} conv-16 {objective}")
        assert field.help == HELP[name]
    press(app, "train start")
    ((_, config),) = started
    assert config == make_config("conv-16", "digits", (8, 8, 1), objective=objective)


def test_every_choice_of_the_command_line_is_on_the_page(runs_folder: Path) -> None:
    app = open_page()
    app.selectbox(key="train noise conv-16").select("masking").run()
    keys = {widget.key.split()[1] for widget in (*app.number_input, *app.selectbox, *app.toggle)}
    assert keys >= set(HELP) - {name for name, read in USED_BY.items() if "elbo" not in read}
    assert set(NUMBERS) >= set(USED_BY) | set(GROWING)


def test_what_was_typed_stays_with_its_preset(runs_folder: Path) -> None:
    app = choose(open_page(), "preset", "mlp-400-20")
    assert app.number_input(key="train latent_dim mlp-400-20").value == 20
    assert app.number_input(key="train epochs mlp-400-20").value == 100
    assert app.text_input(key="train name").value == "digits-mlp-400-20-1"
    app.number_input(key="train latent_dim mlp-400-20").set_value(7).run()
    choose(app, "objective mlp-400-20", "beta-tcvae")
    assert app.number_input(key="train latent_dim mlp-400-20").value == 7, "not the objective's"
    assert app.number_input(key="train beta mlp-400-20 beta-tcvae").value == 6.0
    choose(app, "preset", "mlp-2d")
    assert app.number_input(key="train latent_dim mlp-2d").value == 2
    assert app.selectbox(key="train objective mlp-2d").value == "elbo"
    choose(app, "preset", "mlp-400-20")
    assert app.number_input(key="train latent_dim mlp-400-20").value == 7
    assert app.selectbox(key="train objective mlp-400-20").value == "beta-tcvae"
    # a name that somebody typed stays
    app.text_input(key="train name").input("mine").run()
    choose(app, "preset", "mlp-2d")
    assert app.text_input(key="train name").value == "mine"


def test_the_command_line_shown_makes_the_same_configuration(
    runs_folder: Path, started: list[tuple[str, Config]]
) -> None:
    app = choose(open_page(), "objective conv-16", "info-vae")
    app.number_input(key="train alpha conv-16 info-vae").set_value(0.5)
    app.number_input(key="train rotate conv-16").set_value(10.0)
    app.toggle(key="train flip conv-16").set_value(True)
    app.selectbox(key="train lr_schedule conv-16").select("plateau")
    app.selectbox(key="train noise conv-16").select("salt-and-pepper").run()
    press(app, "train start")
    ((name, config),) = started
    words = shlex.split(app.code[-1].value)
    options = parser().parse_args(words[3:])
    chosen = {field: getattr(options, field) for field in HELP}
    assert (options.name, make_config("conv-16", "digits", (8, 8, 1), **chosen)) == (name, config)
    assert (config.training.rotate, config.training.flip) == (10.0, True)
    assert (config.training.noise, config.objective.alpha) == ("salt-and-pepper", 0.5)


def test_epochs_follow_a_small_data_set_and_say_so(runs_folder: Path) -> None:
    app = open_page()
    epochs = app.number_input(key="train epochs conv-16")
    assert epochs.value == 90
    assert "about 1,000 gradient steps" in epochs.help
    app.number_input(key="train batch_size conv-16").set_value(1024).run()
    assert app.number_input(key="train epochs conv-16").value == 500


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("latent_dim conv-16", -3, "latent_dim is -3"),
        ("lr conv-16", 0.0, "lr is 0"),
        ("batch_size conv-16", 0, "batch_size is 0"),
        ("weight_decay conv-16", -1.0, "weight_decay is -1"),
        ("beta_warmup conv-16 elbo", -1.0, "beta_warmup is -1"),
    ],
)
def test_a_bad_value_is_one_sentence_and_makes_no_folder(
    runs_folder: Path, field: str, value: float, words: str
) -> None:
    app = open_page()
    app.number_input(key=f"train {field}").set_value(value).run()
    press(app, "train start")
    (error,) = app.error
    assert words in error.value.replace("\\", "")
    assert list(runs_folder.iterdir()) == []


def test_a_bad_name_is_one_sentence(runs_folder: Path) -> None:
    app = open_page()
    app.text_input(key="train name").input("../escape").run()
    press(app, "train start")
    assert "no name for a model" in app.error[0].value
    assert list(runs_folder.iterdir()) == []


def test_an_old_suggestion_that_a_slow_browser_sends_is_not_taken_for_a_typed_name(
    runs_folder: Path,
) -> None:
    app = choose(open_page(), "preset", "mlp-2d")
    app.text_input(key="train name").input("digits-conv-16-1").run()
    assert app.text_input(key="train name").value == "digits-mlp-2d-1"
    app.text_input(key="train name").input("mine").run()
    assert choose(app, "preset", "ae").text_input(key="train name").value == "mine"


def test_a_typed_name_gives_way_to_a_free_one_once_it_is_started(
    runs_folder: Path, started: list[tuple[str, Config]]
) -> None:
    app = open_page()
    app.text_input(key="train name").input("mine").run()
    press(app, "train start")
    assert started[0][0] == "mine"
    assert app.text_input(key="train name").value == "digits-conv-16-1"


def test_a_taken_name_is_one_sentence_and_the_form_stays(tiny_run: Run) -> None:
    app = open_page()
    app.number_input(key="train latent_dim conv-16").set_value(7).run()
    app.text_input(key="train name").input("tiny").run()
    press(app, "train start")
    assert "already a run named 'tiny'" in app.error[0].value
    assert app.text_input(key="train name").value == "tiny"
    assert app.number_input(key="train latent_dim conv-16").value == 7


def test_grey_digits_under_bernoulli_are_warned_of_and_train_all_the_same(
    runs_folder: Path,
) -> None:
    def warned(app: AppTest) -> list[str]:
        return [c.value for c in app.caption if "material/warning" in c.value]

    app = open_page()
    assert any("pixels are grey" in words for words in warned(app))
    assert not app.button(key="train start").disabled
    app.selectbox(key="train likelihood conv-16").select("gaussian").run()
    assert not any("grey" in words for words in warned(app))


def test_a_damaged_data_set_is_said_below_the_form(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object) -> None:
        raise VaeError("The file is damaged.")

    monkeypatch.setattr(train_data, "_sample", damaged)
    monkeypatch.setattr(train_data, "_advice", damaged)
    app = open_page()
    assert "The file is damaged." in app.error[0].value


def test_spoiled_images_are_shown_as_the_encoder_would_be_given_them(runs_folder: Path) -> None:
    def pictures(app: AppTest) -> str:
        return "".join(element.proto.body for element in app.get("html"))

    app = open_page()
    assert "spoiled" not in pictures(app)
    assert app.number_input(key="train noise_level conv-16").disabled
    app.selectbox(key="train noise conv-16").select("masking").run()
    assert pictures(app).count('alt="spoiled ') == 8
    assert any(CORRUPTIONS["masking"] == caption.value for caption in app.caption)
    clean, noisy = train_data.spoiled("digits", "masking", 1.0, 8)
    assert clean.shape == noisy.shape == (8, 8, 8, 1)
    assert clean.any()
    assert not noisy.any()
    assert np.array_equal(train_data.spoiled("digits", "masking", 0.0, 8)[1], clean)


def test_fine_tuning_starts_from_models_of_the_same_networks_only(
    tiny_run: Run, started: list[tuple[str, Config]]
) -> None:
    train_tiny("other", epochs=1, latent_dim=3)
    app = choose(open_page(), "preset", "mlp-2d")
    start = app.selectbox(key="train start_from mlp-2d")
    assert "tiny" in start.options
    assert "other" not in start.options
    assert app.selectbox(key="train freeze mlp-2d").disabled
    start.select("tiny").run()
    app.selectbox(key="train freeze mlp-2d").select("encoder").run()
    press(app, "train start")
    training = started[0][1].training
    assert (training.start_from, training.freeze) == ("tiny", "encoder")
    # with another latent size the model fits no more, and is let go
    app.number_input(key="train latent_dim mlp-2d").set_value(3).run()
    assert app.selectbox(key="train start_from mlp-2d").value == ""
    assert "other" in app.selectbox(key="train start_from mlp-2d").options


def test_the_speed_is_told_only_where_a_run_of_the_same_kind_has_shown_it(tiny_run: Run) -> None:
    config = tiny_run.config
    other, speed = train_form._speed(config, [tiny_run]) or ("", 0.0)
    assert (other, speed) == ("tiny", tiny_run.status["images_per_second"])
    slower = replace(config, training=replace(config.training, batch_size=64))
    assert train_form._speed(slower, [tiny_run]) is None


def test_parameters_are_counted() -> None:
    """64 → 256 → 2 · 2 and 2 → 256 → 64, with biases."""
    count = (64 * 256 + 256) + (256 * 4 + 4) + (2 * 256 + 256) + (256 * 64 + 64)
    assert parameters(make_config("mlp-2d", "digits", (8, 8, 1)).model) == count


def test_free_name_counts_on(tiny_run: Run) -> None:
    (tiny_run.path.parent / "digits-mlp-2d-1").mkdir()
    assert free_name("digits", "mlp-2d") == "digits-mlp-2d-2"
    assert find_run("tiny")
