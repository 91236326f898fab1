"""The Draw page: what it hands to the browser, where codes go, which pictures it reads."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages import draw, draw_picture, interpolate, state
from pages.draw_picture import MOST_PIXELS, SIDE, for_browser, read_picture
from pages.draw_words import centring_words, explanation, map_words, prompt, recipe_of
from pages.look import class_colour
from tests.pages.opening import run_page
from vae.datasets import DATASETS
from vae.errors import VaeError
from vae.runs import Run, list_runs


def sent_to_browser(app: AppTest) -> dict:
    (component,) = app.get("bidi_component")
    return json.loads(component.proto.json)


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def test_every_model_opens(tiny_run: Run) -> None:
    for run in [run for run in list_runs()[0] if run.ready]:
        app = run_page("draw", model=run.name)
        assert not app.exception
        data = sent_to_browser(app)
        assert data["model"] == run.name
        assert data["dims"] == len(data["says"]["values"]) == run.config.model.latent_dim
        labels = np.frombuffer(base64.b64decode(data["labels"]), "<u2")
        np.testing.assert_array_equal(labels, run.codes().labels)
        assert data["picture"] is None
        assert data["usual"] > 0


def test_the_map_is_the_latent_plane_where_there_is_one(tiny_run: Run) -> None:
    data = sent_to_browser(run_page("draw", model="tiny"))
    assert data["map"] == "raw"
    assert "1σ" in data["words"]["uncertainty"]
    assert "latent plane" in data["words"]["map"]
    data = sent_to_browser(run_page("draw", model="mnist-conv-16"))
    assert data["map"] == "tsne"
    assert f"{data['draws']} draws" in data["words"]["uncertainty"]
    assert "approximate" in data["words"]["uncertainty"]
    assert "approximate" not in map_words("pca", 16)["uncertainty"]
    line = map_words("raw", 1)
    assert line["map"] == "q(z|x) on the latent line"
    assert "Across is z" in line["uncertainty"]


def test_classes_have_the_colours_of_every_page(tiny_run: Run) -> None:
    data = sent_to_browser(run_page("draw", model="tiny"))
    assert [entry["name"] for entry in data["classes"]] == list("0123456789")
    assert data["classes"][3]["colour"] == class_colour(3)


def test_originals_are_promised_only_where_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("VAE_DATA", str(tmp_path))
    assert sent_to_browser(run_page("draw", model="digits-2d"))["originals"]
    assert not sent_to_browser(run_page("draw", model="mnist-2d"))["originals"]


def test_letters_and_digits_are_centred_from_the_start_and_nothing_else() -> None:
    for info in DATASETS.values():
        recipe = recipe_of(info.name, info.image_shape)
        written = info.name in ("mnist", "digits", "kmnist", "emnist-letters")
        assert recipe.usual == written
        assert recipe.box[0] <= info.image_shape[1]
        assert recipe.box[1] <= info.image_shape[0]
        assert 0.02 <= recipe.brush <= 0.25
        assert prompt(info.name).startswith("Draw ")
        words = centring_words(recipe)
        assert recipe.name in words["centring"]
        assert f"{recipe.box[0]} × {recipe.box[1]}" in words["does"]
        words = explanation(info.name, recipe, 2, 12.34, "training images")
        assert "Training images have 12.3 nats" in words
        made_alike = "all made alike" in words
        assert made_alike == written
    assert recipe_of("own faces", (64, 48, 3)).box == (34, 34)
    assert prompt("own faces") == "Draw here"


def test_only_what_needs_colours_has_a_palette(tiny_run: Run) -> None:
    assert sent_to_browser(run_page("draw", model="tiny"))["palette"] == ["#ffffff"]
    assert len(sent_to_browser(run_page("draw", model="fashion-conv-16"))["palette"]) == 3


def test_buttons_make_ends_of_the_interpolation(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(state, "sync_url", lambda run: None)
    monkeypatch.setattr(st, "toast", lambda words, **options: said.append(words))
    before = interpolate.current_journey(tiny_run)["b"]
    draw._go(tiny_run, {"where": "a", "model": "tiny", "z": [0.5, -1.25]})
    journey = interpolate.current_journey(tiny_run)
    assert journey["a"] == {"z": [0.5, -1.25], "label": "your drawing", "index": None}
    assert journey["b"] == before
    assert said == ["End A of the interpolation: your drawing."]


def test_open_in_explore_takes_the_code_and_picks_no_image(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(st, "session_state", {"pages": {"explore": "the page"}})
    monkeypatch.setattr(state, "sync_url", lambda run: None)
    monkeypatch.setattr(st, "switch_page", opened.append)
    state.set_picked(tiny_run, 3)
    draw._go(tiny_run, {"where": "explore", "model": "tiny", "z": [0.5, -1.25]})
    z = state.get_z(tiny_run)
    assert z is not None
    assert z.tolist() == [0.5, -1.25]
    assert state.get_picked(tiny_run) is None
    assert opened == ["the page"]


@pytest.mark.parametrize("go", [{"model": "other", "z": [1, 2]}, {"model": "tiny", "z": [1, 2, 3]}])
def test_a_code_of_another_model_goes_nowhere(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch, go: dict
) -> None:
    monkeypatch.setattr(st, "session_state", {})
    draw._go(tiny_run, {"where": "explore", **go})
    assert state.get_z(tiny_run) is None


def test_an_uploaded_picture_reaches_the_pad_small_and_in_colour(tiny_run: Run) -> None:
    app = run_page("draw", model="tiny")
    picture = Image.new("RGB", (1200, 600), (255, 0, 0))
    app.file_uploader[0].upload("red.png", file_of(picture), "image/png").run()
    assert not app.exception
    sent = sent_to_browser(app)["picture"]
    assert (sent["width"], sent["height"], sent["channels"]) == (SIDE, SIDE // 2, 3)
    pixels = np.frombuffer(base64.b64decode(sent["pixels"]), np.uint8).reshape(-1, 3)
    assert len(pixels) == SIDE * SIDE // 2
    assert (pixels == (255, 0, 0)).all()  # though the model is grey


def test_a_file_that_is_no_picture_is_one_sentence(tiny_run: Run) -> None:
    app = run_page("draw", model="tiny")
    app.file_uploader[0].upload("cat.png", b"no picture", "image/png").run()
    assert not app.exception
    (error,) = app.error
    assert error.value == r"cat.png is not a picture\: PNG, JPEG and WebP can be read."
    assert sent_to_browser(app)["picture"] is None


def test_the_camera_says_where_it_works(tiny_run: Run) -> None:
    app = run_page("draw", model="tiny")
    assert not app.get("camera_input")
    app.button_group[0].set_value("Camera").run()
    assert not app.exception
    assert app.get("camera_input")
    assert any("https://" in caption.value for caption in app.caption)


def test_photos_stand_upright() -> None:
    wide = Image.new("RGB", (40, 20), "white")
    wide.paste((0, 0, 0), (0, 0, 10, 20))  # dark at the left
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera turned: rotate by 90° clockwise
    image = read_picture(file_of(wide, "JPEG", quality=95, exif=exif), "photo.jpg")
    assert image.size == (20, 40)
    assert np.asarray(image.convert("L"))[2].max() < 60  # now dark at the top


def test_transparent_parts_are_white_and_animations_begin_at_their_first_frame() -> None:
    clear = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
    assert np.asarray(read_picture(file_of(clear), "x.png")).min() == 255
    for mode in ("LA", "P"):
        assert np.asarray(read_picture(file_of(clear.convert(mode)), "x.png")).min() == 255
    keyed = file_of(Image.new("RGB", (10, 10), "red"), transparency=(255, 0, 0))
    assert np.asarray(read_picture(keyed, "x.png")).min() == 255  # one colour is transparent
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("black", "white")]
    film = file_of(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert np.asarray(read_picture(film, "x.webp")).max() == 0


def test_sixteen_bits_keep_their_range() -> None:
    ramp = Image.fromarray(np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8))
    grey = np.asarray(read_picture(file_of(ramp), "ramp.png").convert("L"))
    assert (grey.min(), grey.max()) == (0, 255)
    assert abs(int(grey[4, 0]) - 130) <= 2


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(VaeError, match=r"x is not a picture: PNG, JPEG and WebP"):
        read_picture(file_of(Image.new("RGB", (4, 4)), kind), "x")


def test_a_damaged_picture_is_refused() -> None:
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
    with pytest.raises(VaeError, match=r"half\.png is a damaged picture"):
        read_picture(file_of(noise)[:4000], "half.png")


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    side = int(MOST_PIXELS["PNG"] ** 0.5) + 100
    with pytest.raises(VaeError, match="million are allowed"):
        read_picture(file_of(Image.new("1", (side, side))), "large.png")
    with pytest.raises(VaeError, match="too many pixels"):
        read_picture(file_of(Image.new("1", (20_000, 20_000))), "bomb.png")


def test_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw_picture, "MOST_MEGABYTES", 1)
    with pytest.raises(VaeError, match="x has 2 MB; up to 1 are allowed"):
        read_picture(bytes(2 * 2**20), "x")


def test_the_browser_gets_the_colours() -> None:
    sent = for_browser(Image.new("RGB", (2, 1), (1, 2, 3)), "id")
    assert base64.b64decode(sent["pixels"]) == bytes([1, 2, 3, 1, 2, 3])
    assert (sent["id"], sent["channels"]) == ("id", 3)


def test_a_picture_is_read_once_while_it_is_chosen(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counting(content: bytes, name: str) -> Image.Image:
        read.append(name)
        return read_picture(content, name)

    monkeypatch.setattr(draw_picture, "read_picture", counting)
    app = run_page("draw", model="tiny")
    app.file_uploader[0].upload("a.png", file_of(Image.new("L", (9, 9))), "image/png").run()
    app.run()
    assert sent_to_browser(app)["picture"]
    assert read == ["a.png"]
