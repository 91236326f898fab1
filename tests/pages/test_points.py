"""Every page with a model whose codes are points: no KL, no ELBO, no posterior, nothing broken."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages import PAGES
from pages.distributions_points import distances, histograms
from pages.explore import latent_data
from tests.pages.opening import run_page
from vae.latent.holes import coverage, holes
from vae.latent.statistics import facts
from vae.runs import Run

# What such a model has not. (t-SNE's own KL(P || Q) and "no KL" are true of it.)
_FOREIGN = re.compile(r"ELBO|bits|KL\(?q|KL \d|posterior|q\(z|nats in all|\bprior\b")
# Sentences that say so.
_DENIALS = re.compile(r"[^.*|>]*\b(no|not|nothing|without|nor)\b[^.*|<]*|q\(z\) vs p\(z\)", re.I)


def words(app: AppTest) -> str:
    """All that stands on the page, without what lies in pictures, and without denials."""
    shown = [str(one.value) for kind in (app.markdown, app.caption, app.latex) for one in kind]
    html = [
        re.sub(r'src="[^"]*"|<style>.*?</style>', "", x.proto.body, flags=re.S)
        for x in app.get("html")
    ]
    return _DENIALS.sub(" ", "\n".join(shown + html))


def sent(app: AppTest) -> Any:
    """What the page's first component gets."""
    return json.loads(app.get("bidi_component")[0].proto.json)


@pytest.mark.parametrize("page", [page.module for page in PAGES])
def test_every_page_opens_and_speaks_of_no_posterior(tiny_ae: Run, page: str) -> None:
    app = run_page(page, model="tiny-ae")
    assert not app.exception
    assert not app.error
    if page not in ("train", "steps", "sweeps"):  # which speak of VAEs whatever model is open
        assert not _FOREIGN.findall(words(app)), words(app)


def test_the_scale_of_point_codes_is_their_own(tiny_ae: Run) -> None:
    known = facts(tiny_ae)
    data = latent_data(tiny_ae, known)
    mu = tiny_ae.codes().mu.astype(np.float64)
    assert data["says"]["values"] == pytest.approx(mu.var(0), rel=1e-4)
    assert all(text.startswith("var ") for text in data["says"]["words"])
    np.testing.assert_allclose(data["codes"]["mean"], mu.mean(0), atol=1e-5)
    low, high = data["codes"]["lengths"]
    inside = (np.linalg.norm(mu, axis=1) >= low) & (np.linalg.norm(mu, axis=1) <= high)
    assert inside.mean() == pytest.approx(0.9, abs=0.02)


def test_of_a_vae_nothing_changes(tiny_run: Run) -> None:
    known = facts(tiny_run)
    data = latent_data(tiny_run, known)
    assert (data["posterior"], data["unit"], data["codes"]) == ("gaussian", 1.0, None)
    assert data["says"]["values"] == known["kl"]


def test_holes_of_points_are_what_is_far_from_them(tiny_ae: Run) -> None:
    """log q_A of points orders places as their distance from the nearest one does."""
    codes = tiny_ae.codes()
    covered = coverage(codes.mu, codes.logvar)
    assert covered is not None
    away = distances(covered, codes.mu, covered.prior)
    inside = holes(covered, 0.05).inside
    if inside.any() and not inside.all():
        assert away[inside].min() >= away[~inside].max() - 1e-6
    seen = codes.mu[covered.seen].astype(np.float64)
    expected = np.linalg.norm(covered.prior[:20, None] - seen, axis=2).min(axis=1)
    np.testing.assert_allclose(away[:20], expected, rtol=1e-4)


def test_a_histogram_has_the_mass_of_its_codes(tiny_ae: Run) -> None:
    axis, density = histograms(tiny_ae.codes())
    np.testing.assert_allclose(density.sum(axis=1) * (axis[1] - axis[0]), 1.0, atol=0.02)


def test_the_map_offers_no_kl_and_no_posteriors(tiny_ae: Run) -> None:
    data = sent(run_page("latent_map", model="tiny-ae", image="3"))
    assert "kl" not in [one["by"] for one in data["colourings"]]
    assert data["picked"]["kl"] is None
    assert data["picked"]["reconstruction"] > 0
    assert data["posterior"] == "point"


def test_a_path_begins_as_a_straight_line(tiny_ae: Run, tiny_run: Run) -> None:
    assert sent(run_page("interpolate", model="tiny-ae"))["kind"] == "lerp"
    assert sent(run_page("interpolate", model="tiny"))["kind"] == "slerp"
