"""A long training watched in a real browser: what is drawn is the file, each update is small."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.conftest import Server, fresh_page
from vae.config_json import config_to_json
from vae.files import append_line, write_json
from vae.presets import make_config
from vae.runs import find_run
from vae.status import acquire

NAME, EPOCHS, DIMENSIONS = "long-in-browser", 200, 20
# the first chart's lines and the heat map, as Plotly holds them
LINES = """(place) => {
  const [loss] = place.querySelectorAll(".terms .chart");
  const heat = place.querySelector(".heat");
  const last = heat.data[0].z.map((row) => row.at(-1));
  return { loss: loss.data.map(({ x, y }) => [x, y]), heat: [heat.data[0].x, last] };
}"""


@pytest.fixture
def folder(server: Server) -> Iterator[Path]:
    """A run that this process pretends to train."""
    chosen = {"epochs": EPOCHS, "latent_dim": DIMENSIONS, "seed": 5}
    config = make_config("mlp-400-20", "digits", (8, 8, 1), **chosen)
    path = server.runs / NAME
    path.mkdir(parents=True)
    write_json(path / "config.json", config_to_json(config))
    write_json(path / "status.json", {"state": "running", "stage": "training"})
    with acquire(path):
        yield path


def _learn(folder: Path, epochs: range) -> None:
    for epoch in epochs:
        for tenth in range(1, 6):
            append_line(folder / "metrics.jsonl", json.dumps(_point("train", epoch + tenth / 5)))
        used = {"kl_dims": [0.01 * j + 0.001 * epoch for j in range(DIMENSIONS)]}
        used |= {"active_units": 3, "mutual_information": 2.0}  # type: ignore[dict-item]
        append_line(folder / "metrics.jsonl", json.dumps(_point("validation", epoch + 1.0) | used))


def _point(split: str, epoch: float) -> dict[str, Any]:
    numbers = {"epoch": round(epoch, 5), "images": round(1297 * epoch), "kl": 2.0}
    loss = round(25 + 20 * math.exp(-epoch / 9) + (split == "train") * 0.1, 5)
    return {"split": split, **numbers, "loss": loss, "reconstruction": loss - 2}


def _rows(folder: Path, split: str) -> list[dict[str, Any]]:
    rows = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [row for row in rows if row["split"] == split]


def _shows_the_file(page: Page, folder: Path) -> None:
    curves = page.locator(".vae.curves")
    train, validation = _rows(folder, "train"), _rows(folder, "validation")
    count = str(len(train) + len(validation))
    expect(curves).to_have_attribute("data-points", count, timeout=60_000)
    drawn = curves.evaluate(LINES)
    for (x, y), rows in zip(drawn["loss"], (train, validation), strict=False):
        assert x == [row["epoch"] for row in rows]
        assert y == [row["loss"] for row in rows]
    assert drawn["heat"] == [[row["epoch"] for row in validation], validation[-1]["kl_dims"]]


def _heap(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    session.detach()
    return next(m["value"] for m in metrics if m["name"] == "JSHeapUsedSize")


def test_a_long_run_is_appended_and_costs_no_more_at_its_end(
    browser: Browser, server: Server, page: Page, folder: Path
) -> None:
    answers: list[Response] = []
    page.on("response", lambda r: answers.append(r) if "/points?" in r.url else None)
    _learn(folder, range(40))
    page.goto(f"/train?run={NAME}")
    _shows_the_file(page, folder)
    chart = page.locator(".vae.curves .terms .chart").first
    chart.evaluate("(host) => { host.firstChild.dataset.mine = 'kept'; }")
    page.wait_for_timeout(1500)
    before = _heap(page)
    sizes = []
    for start in range(40, EPOCHS, 80):
        answers.clear()
        _learn(folder, range(start, start + 80))
        _shows_the_file(page, folder)
        sizes.append(sum(len(answer.body()) for answer in answers if answer.ok))
    # eighty epochs are as many bytes at the end as at first, but for looks that brought nothing
    assert max(sizes) < 1.2 * min(sizes)
    assert _heap(page) < 1.1 * before
    assert chart.evaluate("(host) => host.firstChild.dataset.mine") == "kept"  # not rebuilt
    with fresh_page(browser, server.url, viewport={"width": 1440, "height": 900}) as other:
        other.goto(f"/train?run={NAME}")  # another person sees all of it
        _shows_the_file(other, folder)
        other.get_by_role("combobox", name=re.compile("Lay other runs")).click()
        other.get_by_role("option", name="digits-2d").click()
        expect(other.locator(".vae.curves")).to_have_attribute("data-others", re.compile("[1-9]"))
        _shows_the_file(other, folder)
        laid = other.locator(".vae.curves").evaluate(LINES)["loss"][2]
        rows = [row for row in find_run("digits-2d").metrics() if row["split"] == "validation"]
        assert laid == [[row["epoch"] for row in rows], [row["loss"] for row in rows]]
