"""The page of q(z) and p(z): what it says, what it draws, and what its buttons do."""

from __future__ import annotations

import re
import time
from base64 import b64decode
from collections.abc import Iterator
from functools import partial
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st

from pages import background, distributions_holes, state
from pages.background import forget, job
from pages.distributions_figures import bar_figure, levels, plane_density, plane_figure
from pages.distributions_holes import find_holes, region
from pages.distributions_marginals import marginal_curves, marginals_html
from pages.distributions_words import (
    adding_up,
    calibration,
    captions,
    caution,
    enclosed,
    formula,
    share_words,
)
from tests.pages.opening import run_page, settled, words
from vae.codes import Codes
from vae.errors import VaeError
from vae.latent.holes import coverage, holes, lower_share
from vae.latent.kl_parts import KlParts, kl_parts
from vae.runs import Run, list_runs

open_page = partial(run_page, "distributions")
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _nothing_goes_on() -> Iterator[None]:
    """What a test began and did not wait for would keep the next one waiting."""
    yield
    for key in list(background._jobs):
        forget(key)


def codes_of(mu: np.ndarray, variance: float) -> Codes:
    empty = np.zeros(len(mu), np.int64)
    logvar = np.full(mu.shape, np.log(variance), np.float32)
    return Codes(mu.astype(np.float32), logvar, empty, empty)


def parts_of(codes: Codes) -> KlParts:
    found = kl_parts(codes.mu, codes.logvar)
    assert found is not None
    return found


def test_it_says_what_the_library_computes(tiny_run: Run) -> None:
    app = settled(open_page(model="tiny"))
    assert not app.exception
    codes = tiny_run.codes()
    found = parts_of(codes)
    assert formula(found, 0.0) in app.latex[0].value
    assert caution(found) in words(app)
    covered = coverage(codes.mu, codes.logvar)
    assert covered is not None
    share = 100 * holes(covered).share
    assert f"**{share:.1f}\N{NO-BREAK SPACE}% ± " in words(app)
    assert len(app.get("plotly_chart")) == 2


@pytest.mark.parametrize("model", [run.name for run in list_runs()[0] if run.bundled])
def test_bundled_models_open_before_anything_is_computed(model: str, runs_folder: Any) -> None:
    app = open_page(model=model)
    assert not app.exception
    assert not app.error
    assert "Holes: the prior has mass" in words(app)
    assert "#### Four ways to draw new images" in words(app)


def test_another_level_finds_more_holes(tiny_run: Run) -> None:
    app = settled(open_page(model="tiny"))
    settled(app.segmented_control[0].set_value(0.05).run())
    covered = coverage(tiny_run.codes().mu, tiny_run.codes().logvar)
    assert covered is not None
    assert f"**{100 * holes(covered, 0.05).share:.1f}\N{NO-BREAK SPACE}%" in words(app)


def test_few_codes_are_told_and_the_rest_is_there(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = codes_of(tiny_run.codes().mu[:3], 0.5)
    monkeypatch.setattr(Run, "codes", lambda run: few)
    app = settled(open_page(model="tiny"))
    assert not app.exception
    assert "at least 40 images; there are 3" in app.info[0].value
    assert formula(parts_of(few), 0.0) in app.latex[0].value


def test_a_click_on_an_image_opens_its_code(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    went: list[str] = []
    session = {"pages": {"explore": "explore"}}
    monkeypatch.setattr(st, "session_state", session)
    monkeypatch.setattr(st, "switch_page", went.append)
    monkeypatch.setattr(state, "sync_url", lambda run: None)
    deadline = time.monotonic() + 60
    while (found := find_holes(tiny_run)) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found is not None
    seen: list[str] = []

    def sheets(run: Run, key: str, given: Any, stamp: str) -> dict[str, Any]:
        seen.append(stamp)
        stamp = stamp if len(seen) > 1 else "of another model"
        return {"stamp": stamp, "sheet": 2, "place": 1}

    monkeypatch.setattr(distributions_holes, "show_sheets", sheets)
    distributions_holes.show_holes(tiny_run, found)
    assert went == []
    distributions_holes.show_holes(tiny_run, found)
    assert went == ["explore"]
    np.testing.assert_array_equal(state.get_z(tiny_run), found.z[2][1])
    assert state.get_picked(tiny_run) is None


def test_a_background_result_is_computed_once_and_can_be_stopped() -> None:
    begun, go = [], Event()

    def compute(report: Any) -> str | None:
        begun.append(1)
        go.wait(10)
        return None if report(0.5) else "done"

    first = job("test once", compute)
    assert job("test once", compute) is first
    waiting = job("test queued", compute)
    assert first.active
    assert first.result is None
    waiting.stop.set()
    go.set()
    assert first.future.result(10) == first.result == "done"
    assert waiting.future.result(10) is None
    assert begun == [1]  # what was stopped in the queue never began
    forget("test once")
    assert job("test once", compute).future.result(10) == "done"
    assert begun == [1, 1]


class Visitors:
    """Views that ask, and a clock that stands still until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.view, self.now = "", 1000.0
        monkeypatch.setattr(background, "_view", lambda: self.view)
        clock = SimpleNamespace(monotonic=lambda: self.now)
        monkeypatch.setattr(background, "time", clock)

    def ask(self, view: str, key: str, compute: Any) -> background.Job:
        self.view, self.now = view, self.now + 0.1
        return job(key, compute)


@pytest.fixture
def visitors(monkeypatch: pytest.MonkeyPatch) -> Visitors:
    return Visitors(monkeypatch)


def begun(one: background.Job) -> background.Job:
    deadline = time.monotonic() + 10
    while one.began is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return one


def slow(go: Event, order: list[str], name: str) -> Any:
    """A computation that asks whether to stop until it may end."""

    def compute(report: Any) -> str | None:
        order.append(name)
        while not go.wait(0.01):
            if report(0.5):
                return None
        return name

    return compute


def test_what_was_left_gives_way_and_the_newest_view_is_first(visitors: Visitors) -> None:
    go, order = Event(), list[str]()
    first = begun(visitors.ask("a", "test left", slow(go, order, "left")))
    early = visitors.ask("b", "test early", slow(go, order, "early"))
    away = visitors.ask("c", "test away", slow(go, order, "away"))
    late = visitors.ask("d", "test late", slow(go, order, "late"))
    assert [background._turn(one) for one in (late, away, early)] == [
        "next",
        "number 2",
        "number 3",
    ]
    with pytest.raises(TimeoutError):
        first.future.result(0.1)  # somebody looked a moment ago
    visitors.now += 4
    for view, one in (("b", early), ("d", late)):
        visitors.view = view
        with background._lock:
            background._look(one)
    visitors.now += 4  # a and c have not asked for more than five seconds
    assert first.future.result(10) is None
    go.set()
    assert away.future.result(10) == "away"
    assert order == ["left", "late", "early", "away"]
    assert late.result == "late"
    again = visitors.ask("a", "test left", slow(go, order, "left"))
    assert again is not first  # who comes back starts it anew
    assert again.future.result(10) == "left"


def test_what_nobody_waits_behind_goes_on_unseen(visitors: Visitors) -> None:
    go, order = Event(), list[str]()
    alone = begun(visitors.ask("a", "test alone", slow(go, order, "alone")))
    visitors.now += 60
    with pytest.raises(TimeoutError):
        alone.future.result(0.1)
    go.set()
    assert alone.future.result(10) == "alone"


def test_stop_is_for_one_view_and_the_last_one_stops_the_work(visitors: Visitors) -> None:
    go, order = Event(), list[str]()
    compute = slow(go, order, "shared")
    shared = visitors.ask("a", "test shared", compute)
    assert visitors.ask("b", "test shared", compute) is shared
    background._leave(shared)
    assert "b" in shared.left
    assert not shared.stop.is_set()  # a still waits for it
    assert visitors.ask("b", "test shared", compute) is shared  # drawn again, it stays stopped
    visitors.view = "a"
    background._leave(shared)
    assert shared.future.result(10) is None
    assert visitors.ask("a", "test shared", compute) is shared
    anew = visitors.ask("c", "test shared", compute)
    assert anew is not shared
    assert visitors.ask("a", "test shared", compute) is anew
    assert "a" in anew.left
    background._resume("test shared")
    assert "b" in anew.left
    visitors.view = "a"
    background._resume("test shared")
    assert "a" not in anew.left
    go.set()
    assert anew.future.result(10) == "shared"


def test_a_background_problem_is_a_sentence_and_a_bug_is_raised() -> None:
    def fail(report: Any, error: Exception) -> None:
        raise error

    told = job("test problem", partial(fail, error=VaeError("No.")))
    bug = job("test bug", partial(fail, error=ZeroDivisionError()))
    assert isinstance(told.future.exception(10), VaeError)
    assert told.result is None
    assert str(told.problem) == "No."
    assert bug.future.exception(10)
    assert bug.problem is None
    with pytest.raises(ZeroDivisionError):
        _ = bug.result


def test_contours_enclose_the_shares_they_name() -> None:
    axis = np.linspace(-6, 6, 401)
    normal = np.exp(-0.5 * (axis[None] ** 2 + axis[:, None] ** 2)) / (2 * np.pi)
    found = levels(normal, (axis[1] - axis[0]) ** 2, [1 - np.exp(-0.5), 1 - np.exp(-2), 1.0])
    # where q is the prior they are the circles of 1σ and 2σ
    np.testing.assert_allclose(found[:2], np.exp([-0.5, -2]) / (2 * np.pi), rtol=0.01)
    assert found[2] == 0


def test_the_plane_shades_a_planted_hole_and_nothing_outside_the_disc() -> None:
    mu = RNG.normal(size=(6000, 2))
    codes = codes_of(mu[np.linalg.norm(mu, axis=1) > 1.2], 0.01)
    covered = coverage(codes.mu, codes.logvar)
    assert covered is not None
    seen, hole = covered.seen, holes(covered)
    shown = distributions_holes.Region(
        codes.mu[seen], codes.logvar[seen], hole.threshold, np.zeros((1, 2))
    )
    axis, q = plane_density(codes, (0, 1))
    figure = plane_figure(axis, q, (0, 1), shown)
    shaded = np.isfinite(next(trace.z for trace in figure.data if trace.name == "hole"))
    lengths = np.hypot(axis[None], axis[:, None])
    assert shaded[lengths < 0.7].all()
    assert not shaded[lengths > 2.45].any()
    np.testing.assert_allclose(q.sum() * (axis[1] - axis[0]) ** 2, 1, atol=0.01)


def test_one_dimension_is_drawn_as_a_line_with_its_holes() -> None:
    codes = codes_of(RNG.choice([-1.2, 1.2], (400, 1)) + RNG.normal(0, 0.1, (400, 1)), 0.01)
    covered = coverage(codes.mu, codes.logvar)
    assert covered is not None
    seen = covered.seen
    shown = distributions_holes.Region(
        codes.mu[seen], codes.logvar[seen], holes(covered).threshold, np.zeros((1, 1))
    )
    axis, q = plane_density(codes, (0,))
    figure = plane_figure(axis, q, (0,), shown)
    assert any(shape.x0 < 0 < shape.x1 for shape in figure.layout.shapes)


def test_posteriors_narrower_than_a_step_do_not_vanish() -> None:
    codes = codes_of(np.full((50, 2), 0.4321), 1e-8)
    axis, q = plane_density(codes, (0, 1))
    np.testing.assert_allclose(q.sum() * (axis[1] - axis[0]) ** 2, 1, atol=0.05)


def test_holes_have_a_place_only_where_the_plane_is_all(tiny_run: Run) -> None:
    assert region(tiny_run, None) is None


def test_small_charts_share_their_axes_and_stand_in_order() -> None:
    axis, curves = marginal_curves(codes_of(RNG.normal(size=(200, 3)), 0.3))
    np.testing.assert_allclose(curves.sum(axis=1) * (axis[1] - axis[0]), 1, atol=0.01)
    lines = [captions(j, 0.5, variance, None) for j, variance in ((2, 0.5), (0, 0.004))]
    html = marginals_html(axis, curves, [2, 0], lines)
    assert re.findall(r'alt="z(\d) over N\(0, 1\)"', html) == ["3", "1"]
    assert "inactive" not in str(lines[0])
    assert "<b>inactive</b>" in str(lines[1])


def test_what_is_higher_than_its_chart_says_so() -> None:
    axis, curves = np.linspace(-4, 4, 5), np.array([[0, 0, 6.25, 0, 0], [0, 0.3, 0.4, 0.3, 0]])
    html = marginals_html(axis, curves, [0, 1], [[("z", "")], [("z", "")]])
    assert re.findall(r'alt="z(\d) over N\(0, 1\)([^"]*)"', html) == [
        ("1", ", cut off: peak 6.25"),
        ("2", ""),
    ]
    charts = [b64decode(found).decode() for found in re.findall('base64,([^"]*)', html)]
    assert ["cut off: peak 6.25" in chart for chart in charts] == [True, False]


@pytest.mark.parametrize("values", [[9.1108, 14.7258, 0.1874], [0.004, 0.004, 0.004], [-0.006, 1]])
def test_printed_terms_add_up(values: list[float]) -> None:
    rounded = adding_up(values)
    assert round(sum(rounded), 2) == round(sum(values), 2)
    assert np.abs(np.subtract(rounded, values)).max() < 0.01


def test_a_full_information_is_said_to_be_at_its_ceiling() -> None:
    apart = codes_of(RNG.normal(size=(200, 8)), 1e-4)
    assert "at its ceiling" in caution(parts_of(apart))
    assert "at its ceiling" not in caution(parts_of(codes_of(RNG.normal(size=(200, 2)), 0.5)))


def test_before_the_parts_are_known_their_room_is_kept_and_empty(tiny_run: Run) -> None:
    shown, empty = formula(parts_of(tiny_run.codes()), 3.0), formula(None, 3.0)
    assert empty.count(r"\phantom") == 9  # a name, a term and a number in each of three lines
    assert r"\phantom" not in shown
    for name in ("information", "total correlation", "shape"):
        assert name in shown
    assert "= \\mathbf{3.00}" in empty  # the sum is known all along
    assert "–" not in empty
    (_, number) = captions(0, 0.5, 0.5, None)[-1]
    assert number == ""
    assert not axis_visible(bar_figure([], [], 3.0))
    assert axis_visible(bar_figure([1.0, 2.0], ["a", "b"], 3.0))


def axis_visible(figure: Any) -> bool:
    return figure.layout.xaxis.visible


def test_holes_are_told_in_one_sentence_and_calibrated_below(tiny_run: Run) -> None:
    codes = tiny_run.codes()
    covered = coverage(codes.mu, codes.logvar)
    assert covered is not None
    hole = holes(covered)
    assert share_words(hole).count(".\n") == 0
    assert "lands where the model has seen (almost) no image" in share_words(hole)
    app = settled(open_page(model="tiny"))
    assert calibration(hole, lower_share(covered)) in words(app)
    assert "in two dimensions 1σ holds 39\N{NO-BREAK SPACE}%, 2σ holds 86" in enclosed()
