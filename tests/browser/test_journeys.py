"""What people come for, across pages: a dot on the map, an interpolation, a training."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

LIVE = '.vae[data-state="live"]'


def test_a_dot_on_the_map_goes_to_explore(page: Page) -> None:
    page.goto("/latent_map?model=digits-2d")
    page.wait_for_selector(LIVE)
    page.wait_for_selector(".vae .main-svg")
    plot = page.locator(".vae .nsewdrag").first
    box = plot.bounding_box()
    assert box is not None
    page.wait_for_timeout(500)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.up()
    expect(page).to_have_url(re.compile("image="))
    expect(page).to_have_url(re.compile("z="))
    z = re.search(r"z=([^&]+)", page.url)
    assert z
    page.get_by_role("button", name="Open in Explore").click()
    page.wait_for_selector('.vae.explore[data-state="live"]')
    expect(page).to_have_url(re.compile(re.escape(z[0])))


def test_interpolation_is_decoded_while_t_moves(page: Page) -> None:
    page.goto("/interpolate?model=mnist-2d")
    page.wait_for_selector('.vae.interpolate[data-state="live"]')
    slider = page.locator(".vae input[type=range]").first
    slider.focus()
    view = page.locator(".vae.interpolate")
    before = int(view.get_attribute("data-decoded") or 0)
    for _ in range(20):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(30)
    assert int(view.get_attribute("data-decoded") or 0) >= before + 10
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("GIF")).click()
    assert download.value.path().read_bytes().startswith(b"GIF89a")


def test_a_training_is_seen_survives_a_reload_and_can_be_opened(page: Page) -> None:
    page.goto("/train")
    name = page.get_by_label("Name", exact=True)
    name.fill("from-browser")
    name.press("Tab")
    page.wait_for_timeout(500)
    page.get_by_role("button", name=re.compile("^(Train|Start)")).click()
    expect(page).to_have_url(re.compile("run=from-browser"), timeout=15_000)
    page.goto("/train")  # a new session: what it shows comes from the run's files
    expect(page).to_have_url(re.compile("run=from-browser"), timeout=15_000)
    page.wait_for_selector(".vae.curves .main-svg")
    expect(page.get_by_role("button", name="Open in Explore")).to_be_visible(timeout=120_000)
    page.get_by_role("button", name="Open in Explore").click()
    page.wait_for_selector('.vae.explore[data-state="live"]')
    expect(page).to_have_url(re.compile("model=from-browser"))
