"""The Latent map in a real browser: true scale, colours, selections, search, very many points."""

from __future__ import annotations

import json
import shutil
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.test_lens import READY, open_map
from vae import find_run
from vae.files import save_npz, write_json
from vae.latent.values import values
from vae.lift import lift
from vae.maps import fingerprint, linear_map, load_map
from vae.runs import pretrained_dir

# One unit of the map in pixels, and where a place of the map lies on the screen.
AXES = """(root) => {
  const { xaxis, yaxis } = root.querySelector('.plot')._fullLayout;
  const box = root.querySelector('.plane').getBoundingClientRect();
  return {
    unit: [xaxis, yaxis].map(({ _length, range }) => Math.abs(_length / (range[1] - range[0]))),
    low: [xaxis.range[0], yaxis.range[0]],
    left: box.left + root.querySelector('.plane').clientLeft + xaxis._offset,
    bottom: box.top + root.querySelector('.plane').clientTop + yaxis._offset + yaxis._length,
  };
}"""
ELLIPSES = """(root, kind) => [...root.querySelectorAll(`.truescale .${kind}`)].map((one) => {
  const matrix = one.getCTM();
  return {
    sigmas: Number(one.dataset.sigmas), rx: one.rx.baseVal.value, ry: one.ry.baseVal.value,
    turned: Math.atan2(matrix.b, matrix.a), at: [matrix.e, matrix.f],
  };
})"""
# The colour of the points' canvas at a place of the screen.
COLOUR = """(root, [x, y]) => {
  const canvas = root.querySelector('.points:not(.faraway)');
  const copy = document.createElement('canvas');
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  const box = canvas.getBoundingClientRect();
  const density = canvas.width / box.width;
  const [u, v] = [(x - box.left) * density, (y - box.top) * density];
  return [...context.getImageData(Math.round(u), Math.round(v), 1, 1).data];
}"""


def axes(page: Page) -> dict[str, Any]:
    return page.locator(".vae.scatter").evaluate(AXES)


def on_screen(page: Page, places: np.ndarray) -> np.ndarray:
    """Pixels (n, 2) of places (n, 2) of the map."""
    seen = axes(page)
    right, up = ((places - seen["low"]) * seen["unit"]).T
    return np.column_stack([seen["left"] + right, seen["bottom"] - up])


def show(page: Page, *choices: str) -> None:
    """Tick choices in the menu of what is drawn."""
    page.locator(".vae .menu summary").click()
    for choice in choices:
        page.get_by_label(choice).check()
    page.keyboard.press("Escape")


def test_ellipses_and_the_prior_are_in_true_scale(page: Page) -> None:
    open_map(page, "mnist-2d", query="&image=7")
    page.get_by_role("button", name="Points", exact=True).click()
    show(page, "The prior p(z)")
    root = page.locator(".vae.scatter")
    sigma = np.exp(0.5 * find_run("mnist-2d").codes().logvar[7])
    mean = find_run("mnist-2d").codes().mu[7]
    for _ in range(2):  # the whole map, then a closer view
        page.locator(".truescale .one").nth(1).wait_for(state="attached")
        unit = np.array(axes(page)["unit"])
        for found in root.evaluate(ELLIPSES, "one"):
            half = np.array([found["rx"], found["ry"]]) / unit
            np.testing.assert_allclose(half, found["sigmas"] * sigma, rtol=0.01)
            assert found["turned"] == pytest.approx(0, abs=1e-6)
        middle = root.evaluate(ELLIPSES, "one")[0]["at"]
        plane = page.locator(".vae .over").bounding_box()
        assert plane is not None
        expected = on_screen(page, mean[None])[0] - [plane["x"], plane["y"]]
        np.testing.assert_allclose(middle, expected, atol=1)
        for found in root.evaluate(ELLIPSES, "prior"):
            half = np.array([found["rx"], found["ry"]]) / unit
            np.testing.assert_allclose(half, found["sigmas"], rtol=0.01)
        page.get_by_role("button", name="Zoom in").click()
        page.wait_for_timeout(300)


def test_on_pca_the_ellipse_is_that_of_the_projected_posterior(page: Page) -> None:
    open_map(page, "mnist-conv-16", "PCA", query="&image=7")
    page.locator(".truescale .one").nth(1).wait_for(state="attached")
    run = find_run("mnist-conv-16")
    projection = linear_map(run, "pca")
    assert projection is not None
    variance = np.exp(run.codes().logvar[7].astype(np.float64))
    covariance = projection.axes.T @ (variance[:, None] * projection.axes)
    half = np.sqrt(np.sort(np.linalg.eigvalsh(covariance))[::-1])
    unit = axes(page)["unit"][0]
    for found in page.locator(".vae.scatter").evaluate(ELLIPSES, "one"):
        shown = np.array([found["rx"], found["ry"]]) / unit / found["sigmas"]
        np.testing.assert_allclose(shown, half, rtol=0.01)
        # the long axis on the screen, whose y points down
        along = np.array([np.cos(found["turned"]), -np.sin(found["turned"])])
        assert along @ covariance @ along == pytest.approx(half[0] ** 2, rel=0.02)


def test_on_a_tsne_map_draws_of_the_posterior_are_placed(page: Page) -> None:
    open_map(page, "mnist-conv-16", query="&image=7")
    expect(page.locator(".truescale .draw")).to_have_count(40)
    assert page.locator(".truescale ellipse").count() == 0


def test_points_take_the_colour_of_a_number(page: Page) -> None:
    open_map(page, "digits-2d")
    page.get_by_role("button", name="Points", exact=True).click()
    run = find_run("digits-2d")
    kl = values(run, "kl")
    low, high = np.sort(kl)[[round(0.01 * (len(kl) - 1)), round(0.99 * (len(kl) - 1))]]
    coords = load_map(run, "raw").coords
    apart = np.linalg.norm(coords[:, None] - coords, axis=2) + 9 * np.eye(len(coords))
    rows = np.argsort(-apart.min(axis=1))[:12]  # no other point covers these
    page.locator(".vae select").first.select_option("kl")
    expect(page.locator(".colourbar")).to_be_visible()
    page.wait_for_timeout(300)
    root = page.locator(".vae.scatter")
    seen = [root.evaluate(COLOUR, place.tolist()) for place in on_screen(page, coords[rows])]
    shares = np.clip((kl[rows] - low) / (high - low), 0, 1)
    # viridis: the lighter the more
    light = np.array(seen)[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert np.corrcoef(np.argsort(np.argsort(light)), np.argsort(np.argsort(shares)))[0, 1] > 0.95
    assert (np.array(seen)[:, 3] > 180).all()


def test_another_colour_sends_little_and_the_same_again_nothing(page: Page) -> None:
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    sizes: list[float] = []
    line.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    open_map(page, "mnist-conv-16")
    page.wait_for_timeout(1000)
    first, select = sum(sizes), page.locator(".vae select").first
    select.select_option("kl")
    expect(page.locator(".colourbar")).to_be_visible()
    page.wait_for_timeout(300)
    assert 0 < sum(sizes) - first < 0.05 * first
    second = sum(sizes)
    for by in ("class", "kl", "class"):
        select.select_option(by)
    page.wait_for_timeout(500)
    assert sum(sizes) == second


def test_a_box_selects_what_lies_in_it_and_the_pages_share_it(page: Page) -> None:
    box = open_map(page, "mnist-2d")
    page.get_by_role("button", name="Points", exact=True).click()
    page.get_by_role("radio", name="Select by a box").click()
    corners = np.array([[0.4, 0.3], [0.55, 0.6]]) * [box["width"], box["height"]]
    start, end = corners + np.array([box["x"], box["y"]])
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*((start + end) / 2))
    page.mouse.move(*end)
    page.mouse.up()
    places = on_screen(page, load_map(find_run("mnist-2d"), "raw").coords)
    inside = ((places > start) & (places < end)).all(axis=1).sum()
    assert inside > 100
    shown = int(page.locator(".vae.scatter").get_attribute("data-selected") or 0)
    assert shown == pytest.approx(inside, abs=3)  # of those on the very rim
    expect(page.get_by_text(f"{shown:,} images selected")).to_be_visible()
    page.wait_for_timeout(500)
    page.get_by_role("link", name="Explore").first.click()
    page.wait_for_selector(".vae.explore")
    page.get_by_role("link", name="Latent map").first.click()
    page.wait_for_selector(f'.vae.scatter[data-selected="{shown}"]')


def test_a_free_line_adds_with_shift_and_clear_forgets(page: Page) -> None:
    box = open_map(page, "digits-2d")
    page.get_by_role("button", name="Points", exact=True).click()
    root = page.locator(".vae.scatter")
    page.get_by_role("radio", name="Select by a free line").click()

    def ring(across: float) -> int:
        middle = np.array([box["x"] + across * box["width"], box["y"] + 0.5 * box["height"]])
        turns = np.linspace(0, 2 * np.pi, 40)
        for i, turn in enumerate(turns):
            page.mouse.move(*(middle + 80 * np.array([np.cos(turn), np.sin(turn)])))
            if i == 0:
                page.mouse.down()
        page.mouse.up()
        return int(root.get_attribute("data-selected") or 0)

    first = ring(0.45)
    assert first > 0
    page.keyboard.down("Shift")
    both = ring(0.6)
    page.keyboard.up("Shift")
    assert both > first
    page.get_by_role("button", name="Clear").click()
    expect(root).to_have_attribute("data-selected", "0")
    expect(page.locator(".panel")).to_be_visible()


def test_an_image_is_found_by_its_number(page: Page) -> None:
    open_map(page, "digits-2d")
    field = page.get_by_role("combobox").last
    field.fill("123")
    field.press("ArrowDown")
    field.press("Enter")
    expect(page.locator(".panel .head b")).to_contain_text("Image 123")


def test_the_quality_of_a_map_comes_without_a_click(page: Page) -> None:
    open_map(page, "mnist-2d")  # 10,000 codes: measured beside the page
    quality = page.locator(".quality")
    expect(quality).to_contain_text("nearest point has the same label")
    expect(quality).to_contain_text("%", timeout=60_000)
    expect(quality).not_to_contain_text("being measured")


def test_lines_of_density_are_drawn(page: Page) -> None:
    open_map(page, "digits-2d")
    assert page.locator(".plane .contourlines path").count() == 0
    show(page, "Lines of density")
    page.locator(".plane .contourlines path").first.wait_for(state="attached")


def test_a_map_is_watched_while_it_forms(page: Page) -> None:
    open_map(page, "mnist-conv-16")
    root = page.locator(".vae.scatter")
    page.get_by_role("button", name="Watch it form").click()
    expect(root).to_have_attribute("data-forming", "true")
    said = set()
    for _ in range(12):
        said.add(page.locator(".forming .number").inner_text())
        page.wait_for_timeout(200)
    assert len(said) >= 4
    assert all("iteration" in words for words in said)
    page.get_by_role("button", name="✕").click()
    expect(root).to_have_attribute("data-forming", "false")


def test_of_very_many_points_an_image_is_made_and_from_near_the_points(
    page: Page, server: Server
) -> None:
    n = 200_000
    folder = server.runs / "very-many"
    shutil.copytree(pretrained_dir() / "digits-2d", folder)
    shutil.rmtree(folder / "maps")
    status = json.loads((folder / "status.json").read_text())
    (folder / "status.json").write_text(json.dumps(status | {"state": "done"}))
    rng = np.random.default_rng(0)
    save_npz(
        folder / "codes.npz",
        mu=rng.normal(size=(n, 2)).astype(np.float16),
        logvar=np.full((n, 2), -2, np.float16),
        labels=(rng.random(n) * 10).astype(np.int16),
        indices=np.arange(n, dtype=np.int32),
    )
    page.goto("/latent_map?model=very-many")
    page.wait_for_selector(READY)
    root = page.locator(".vae.scatter")
    page.get_by_role("button", name="Points", exact=True).click()
    dense = """(root) => {
      const canvas = root.querySelector('.faraway');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, i) => i % 4 === 3 && value > 0).length;
    }"""
    page.wait_for_timeout(500)
    assert root.evaluate(dense) > 10_000
    for _ in range(10):
        page.get_by_role("button", name="Zoom in").click()
        page.wait_for_timeout(100)
    page.wait_for_selector('.vae.scatter[data-few]:not([data-few="0"])')
    page.wait_for_timeout(500)
    seen = axes(page)
    few = int(root.get_attribute("data-few") or 0)
    mu = find_run_in(server, "very-many")
    low = np.array(seen["low"])
    plot = page.locator(".vae .plane .nsewdrag").bounding_box()
    assert plot is not None
    high = low + np.array([plot["width"], plot["height"]]) / seen["unit"]
    assert few == pytest.approx(((mu >= low) & (mu <= high)).all(axis=1).sum(), abs=50)


def test_from_very_many_points_to_a_map_of_few_and_back(page: Page, server: Server) -> None:
    """What was asked for the one must not come into the other."""
    folder = server.runs / "from-far"
    shutil.copytree(pretrained_dir() / "mnist-2d", folder)
    shutil.rmtree(folder / "maps")
    n = 160_000
    rng = np.random.default_rng(0)
    mu = rng.normal(size=(n, 2)).astype(np.float32)
    save_npz(
        folder / "codes.npz",
        mu=mu,
        logvar=np.full((n, 2), -2, np.float32),
        labels=(rng.random(n) * 10).astype(np.int16),
        indices=np.arange(n, dtype=np.int32),
    )
    (folder / "maps").mkdir()
    coords = (50 * mu[:5000]).astype(np.float32)
    save_npz(folder / "maps" / "tsne.npz", coords=coords, rows=np.arange(5000, dtype=np.int32))
    facts = json.loads((pretrained_dir() / "mnist-2d" / "maps" / "tsne.json").read_text())
    write_json(folder / "maps" / "tsne.json", facts | {"fingerprint": fingerprint(mu[:5000])})
    page.goto("/latent_map?model=from-far")
    page.wait_for_selector(READY)
    root = page.locator(".vae.scatter")
    drawn = """(root) => {
      const canvas = root.querySelector('.points:not(.faraway)');
      const copy = document.createElement('canvas');
      [copy.width, copy.height] = [canvas.width, canvas.height];
      copy.getContext('2d').drawImage(canvas, 0, 0);
      const { data } = copy.getContext('2d').getImageData(0, 0, copy.width, copy.height);
      return data.filter((value, i) => i % 4 === 3 && value > 0).length;
    }"""
    page.get_by_role("radio", name="t-SNE").click()
    page.wait_for_selector('.vae.scatter[data-busy="false"][data-points="5000"]')
    page.wait_for_timeout(1500)
    assert root.evaluate(drawn) > 10_000
    assert page.locator(".vae .faraway").is_hidden()
    page.get_by_role("radio", name="Latent plane").click()
    page.wait_for_selector(f'.vae.scatter[data-busy="false"][data-points="{n}"]')
    expect(page.locator(".vae .faraway")).to_be_visible()


def find_run_in(server: Server, name: str) -> np.ndarray:
    """The codes of a model in the server's own folder."""
    with np.load(server.runs / name / "codes.npz") as arrays:
        return arrays["mu"].astype(np.float32)


def test_the_lift_of_the_page_is_that_of_the_map() -> None:
    """The ellipses' test above projects by the page's axes: they must be the library's."""
    projection = linear_map(find_run("mnist-conv-16"), "pca")
    assert projection is not None
    np.testing.assert_allclose(lift(projection).axes, projection.axes)
