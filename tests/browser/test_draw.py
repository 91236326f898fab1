"""Draw in a real browser: the reconstruction follows the hand; pen, finger, keys and buttons."""

from __future__ import annotations

import io
import math

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Server, fresh_page

LIVE = '.vae.draw[data-state="live"]'
POINTS = 40  # of each arc of the 3
PHONE = {"width": 390, "height": 844}
Stroke = list[tuple[float, float]]  # shares of the pad


def three() -> Stroke:
    """A 3: two arcs in one stroke."""
    arcs = ((0.32, 0.17, 0.14, 200), (0.62, 0.2, 0.18, 270))  # height, radii, first angle
    stroke = []
    for middle, across, down, first in arcs:
        for i in range(POINTS):
            angle = math.radians(first + 250 * i / (POINTS - 1))
            stroke.append((0.5 + across * math.cos(angle), middle + down * math.sin(angle)))
    return stroke


def bar(x: float) -> Stroke:
    return [(x, 0.2 + 0.06 * i) for i in range(11)]


def open_draw(page: Page, model: str = "mnist-conv-16") -> None:
    page.goto(f"/draw?model={model}")
    page.wait_for_selector(LIVE)


def on_the_pad(page: Page, stroke: Stroke) -> Stroke:
    """A stroke in pixels of the window."""
    box = page.locator("canvas.pad").bounding_box()
    assert box
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]


def draw(page: Page, stroke: Stroke) -> None:
    first, *rest = on_the_pad(page, stroke)
    page.mouse.move(*first)
    page.mouse.down()
    for place in rest:
        page.mouse.move(*place)
    page.mouse.up()


def decoded(page: Page) -> int:
    return int(page.locator(".vae.draw").get_attribute("data-decoded") or 0)


def wait_for_decode(page: Page) -> None:
    page.locator('.vae.draw[data-empty="false"]').wait_for()


def image_of(canvas: Locator) -> str:
    return canvas.evaluate("canvas => canvas.toDataURL()")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize("model", ["mnist-conv-16", "mnist-2d", "fashion-conv-16", "digits-2d"])
def test_the_reconstruction_is_painted_while_the_hand_draws(page: Page, model: str) -> None:
    open_draw(page, model)
    assert decoded(page) == 0
    expect(page.locator(".prompt")).to_be_visible()
    expect(page.get_by_role("button", name="Make this end A")).to_be_disabled()
    first, *rest = on_the_pad(page, three())
    page.mouse.move(*first)
    page.mouse.down()
    for place in rest:
        page.mouse.move(*place)
    painted = decoded(page)
    page.mouse.up()
    assert painted >= POINTS // 2  # of 2 · POINTS movements, before the hand was lifted
    expect(page.locator(".prompt")).to_be_hidden()
    expect(page.locator(".readouts").get_by_text("nats")).to_be_visible()
    expect(page.locator(".verdict")).to_contain_text("nearest")
    expect(page.locator(".closer .number")).to_contain_text("× closer")


def test_a_drawn_three_is_among_threes_wherever_it_is_drawn(page: Page) -> None:
    open_draw(page)
    for shift, scale in ((0.0, 1.0), (0.35, 0.6), (0.02, 0.5)):
        press(page, "Clear")
        draw(page, [(shift + scale * x, shift + scale * y) for x, y in three()])
        expect(page.locator(".verdict")).to_contain_text("nearest are 3")


def test_a_stroke_is_taken_back_by_button_and_by_key(page: Page) -> None:
    open_draw(page, "digits-2d")
    pad = page.locator("canvas.pad")
    empty = image_of(pad)
    draw(page, bar(0.3))
    one = image_of(pad)
    draw(page, bar(0.6))
    two = image_of(pad)
    assert len({empty, one, two}) == 3
    page.keyboard.press("Control+z")
    assert image_of(pad) == one
    press(page, "Clear")
    assert image_of(pad) == empty
    expect(page.locator(".prompt")).to_be_visible()
    expect(page.get_by_role("button", name="Open in Explore")).to_be_disabled()
    press(page, "Undo")
    assert image_of(pad) == one
    press(page, "Undo")
    assert image_of(pad) == empty


def test_the_eraser_draws_in_black(page: Page) -> None:
    open_draw(page, "digits-2d")
    pad = page.locator("canvas.pad")
    empty = image_of(pad)
    draw(page, bar(0.5))
    press(page, "Eraser")
    expect(page.get_by_role("button", name="Eraser")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Brush width").press("End")
    draw(page, bar(0.5))
    assert image_of(pad) == empty


def test_centring_changes_what_the_encoder_gets(page: Page) -> None:
    open_draw(page)
    small = [(0.1 + 0.3 * x, 0.1 + 0.3 * y) for x, y in three()]
    draw(page, small)
    wait_for_decode(page)
    seen = page.get_by_role("img", name="What the encoder gets")
    centred = image_of(seen)
    press(page, "Centre and scale as MNIST")
    assert image_of(seen) != centred
    press(page, "Centre and scale as MNIST")
    assert image_of(seen) == centred


def test_an_example_fills_the_pad(page: Page) -> None:
    open_draw(page)
    press(page, "Example")
    wait_for_decode(page)
    expect(page.locator(".prompt")).to_be_hidden()
    expect(page.get_by_role("button", name="Invert")).to_be_hidden()
    draw(page, bar(0.5))  # one can draw on it
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(page.locator(".prompt")).to_be_visible()


def test_a_drawing_becomes_both_ends_and_goes_to_explore(page: Page) -> None:
    open_draw(page, "mnist-2d")
    draw(page, three())
    wait_for_decode(page)
    press(page, "Make this end A")
    expect(page.get_by_text("End A of the interpolation: your drawing")).to_be_visible()
    page.get_by_role("link", name="Interpolate").click()
    page.wait_for_selector('.vae.interpolate[data-state="live"]')
    end = page.locator(".vae.interpolate .end").first
    expect(end).to_contain_text("your drawing")
    page.get_by_role("link", name="Draw").click()
    page.wait_for_selector(LIVE)
    wait_for_decode(page)  # the drawing is still there
    press(page, "Open in Explore")
    page.wait_for_selector('.vae.explore[data-state="live"]')
    assert "image=" not in page.url
    assert "z=" in page.url


def photo() -> bytes:
    """A 3 in pencil on grey paper."""
    image = Image.new("L", (600, 800), 190)
    line = [(600 * x, 100 + 600 * y) for x, y in three()]
    ImageDraw.Draw(image).line(line, fill=70, width=12, joint="curve")
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def test_a_photo_is_inverted_cleaned_and_read(page: Page) -> None:
    open_draw(page)
    press(page, "Use a picture")
    page.locator("input[type=file]").set_input_files(
        {"name": "three.png", "mimeType": "image/png", "buffer": photo()}
    )
    wait_for_decode(page)
    for name in ("Invert", "Clean", "Thicken"):
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".verdict")).to_contain_text("nearest are 3")
    page.keyboard.press("Escape")
    press(page, "Invert")
    expect(page.get_by_role("button", name="Invert")).to_have_attribute("aria-pressed", "false")


def test_nothing_old_stays_beside_a_refusal(page: Page) -> None:
    open_draw(page, "mnist-2d")
    draw(page, three())
    expect(page.locator(".verdict")).to_contain_text("nearest")
    page.evaluate("""() => {
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (data) {
            send.call(this, this.url.includes("/nearest") ? new Uint8Array(3) : data);
        };
    }""")
    draw(page, bar(0.5))
    expect(page.locator(".verdict")).to_contain_text("3 bytes came")
    expect(page.locator(".alike figcaption").first).to_be_empty()


def test_a_finger_draws_and_does_not_scroll(browser: Browser, server: Server) -> None:
    with fresh_page(browser, server.url, viewport=PHONE, has_touch=True, is_mobile=True) as page:
        open_draw(page)
        touch = page.context.new_cdp_session(page)

        def swipe(places: Stroke) -> None:
            for kind, place in (("touchStart", places[0]), *(("touchMove", p) for p in places[1:])):
                point = [{"x": place[0], "y": place[1]}]
                touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": point})
            touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
            page.wait_for_timeout(400)

        def scrolled() -> float:
            main = page.locator("[data-testid=stMain]")
            return main.evaluate("main => main.scrollTop + document.scrollingElement.scrollTop")

        upwards = [(0.5, 0.9 - 0.02 * i) for i in range(40)]
        swipe(on_the_pad(page, upwards))
        assert scrolled() == 0
        assert decoded(page) >= 5
        box = page.locator(".vae.draw .rebuilt").bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        swipe([(x, y - 8 * i) for i in range(40)])  # the same gesture beside the pad
        assert scrolled() > 50
        for button in page.locator(".vae.draw button:visible").all():
            size = button.bounding_box()
            assert size
            assert size["height"] >= 44, button.inner_text()
