"""Explore: drag the coordinates of a code and watch its image follow."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st

from pages import state
from pages.components import mount
from pages.dimensions import brief, for_browser, is_point, small_step, unit
from pages.linked import live_map, open_map, selection_to_draw
from pages.look import class_of
from pages.point_words import explore_words
from vae.runs import Run

KEY = "explore"
SHELL = 5  # in fewer dimensions draws from N(0, I) have all lengths, not one near √d


def page() -> None:
    """The first page: sliders at the left, the decoded image at the right."""
    run = state.current_run()
    known = state.model_facts(run)
    z, picked = starting_code(run)
    result = mount(
        "explore",
        key=KEY,
        data={
            "model": run.name,
            "trained": state.trained(run),
            "shape": known["image_shape"],
            **latent_data(run, known),
            "active": known["active"],
            "usual": usual_distance(known),
            "images": len(run.codes().mu),
            "z": [float(value) for value in z],
            "origin": origin(run, picked),
            "map": live_map(run),
            "selected": selection_to_draw(run),
        },
        on_point_change=lambda: _moved(run),
        on_go_change=lambda: None,
    )
    if result.go and result.go["model"] == run.name:
        open_map(run)
    with st.expander("What the sliders do"):
        if is_point(known):
            st.markdown(explore_words(known, _nearness(known, state.images_of(run))))
        else:
            _explain(known, state.images_of(run))


def latent_data(run: Run, known: dict[str, Any]) -> dict[str, Any]:
    """What browser parts need to know of the latent space: what each dimension says, the scale.

    Where codes are points there is no prior to draw from or to measure by: then ``codes`` are
    their mean and their usual lengths.
    """
    codes = None
    if is_point(known):
        mu = run.codes().mu.astype(np.float64)
        lengths = np.quantile(np.linalg.norm(mu, axis=1), [0.05, 0.95])
        codes = {"mean": mu.mean(axis=0).round(7).tolist(), "lengths": lengths.tolist()}
    return {
        "posterior": known["posterior"],
        "says": for_browser(known),
        "quantiles": known["quantiles"],
        "unit": unit(known),
        "step": small_step(known),
        "codes": codes,
    }


def starting_code(run: Run) -> tuple[np.ndarray, int | None]:
    """The code that is shown, and the row of the image it encodes, if it is one's posterior mean.

    Without a choice so far it is the code of the first image: the mean of the prior
    decodes to a blur in most models.
    """
    z = state.get_z(run)
    if z is None or len(z) != run.config.model.latent_dim:  # trained anew with another size
        row = state.get_picked(run) or 0  # in the URL, where a long z is left out
        return run.codes().mu[row], row
    return z, state.get_picked(run)


def usual_distance(known: dict[str, Any]) -> float | None:
    """Within how much 95 % of the codes have another one, if there is more than one."""
    distances = known["neighbour_distances"]
    return distances[known["quantile_levels"].index(95)] if distances else None


def origin(run: Run, picked: int | None) -> dict[str, Any] | None:
    """Index and class of an image, as the page names it."""
    if picked is None:
        return None
    return {"index": picked, "label": class_of(run, picked)}


def _moved(run: Run) -> None:
    """The hand let go of a slider, or a button was pressed: keep the code for the other pages."""
    point = st.session_state[KEY].point
    if point["model"] != run.name:  # sent just before another model was chosen
        return
    state.set_z(run, np.array(point["z"], np.float32))
    state.set_picked(run, point["index"])


@lru_cache
def usual_lengths(d: int) -> tuple[float, float]:
    """5 % and 95 % of the lengths of draws from N(0, I) in ``d`` dimensions, from 200,000 draws."""
    draws = np.random.default_rng(0).standard_normal((200_000, d))
    low, high = np.quantile(np.linalg.norm(draws, axis=1), [0.05, 0.95])
    return float(low), float(high)


def _lengths(d: int) -> str:
    """What is true of the lengths of codes, in Markdown."""
    if d >= SHELL:
        return rf"""draws from the prior have a length of about $\sqrt{{d}} =
  {np.sqrt(d):.1f}$. Codes much longer or shorter are rare under the prior, and nothing in
  training taught the decoder what to draw for them."""
    low, high = usual_lengths(d)
    return rf"""in $d = {d}$ {"dimension" if d == 1 else "dimensions"} nine in ten draws from the
  prior have lengths from {low:.1f} to {high:.1f}, and the prior is densest at $z = 0$. Only
  $\sqrt{{\mathbb{{E}}\lVert z \rVert^2}} = \sqrt{{d}} = {np.sqrt(d):.1f}$ is fixed. Much longer
  codes are rare, and little in training taught the decoder what to draw for them."""


def _nearness(known: dict[str, Any], images: str) -> str:
    """What the word on the distance to the data means, in Markdown."""
    usual = usual_distance(known)
    if usual is None:
        return "not known for this model, which has the code of one image only."
    return f"""how far the nearest of the codes of {images} is. 95 % of these codes have another
  one within {brief(usual)}: up to that, *on*; up to 1.5 times that, *near*; further away training
  taught the decoder little."""


def _explain(known: dict[str, Any], images: str) -> None:
    kl = np.array(known["kl"])
    active = np.array(known["active"])
    st.markdown(
        rf"""
The encoder answers an image $x$ with a distribution, not with a point:
$q(z \mid x) = \mathcal{{N}}\!\left(\mu(x),\, \operatorname{{diag}}\,\sigma^2(x)\right)$.
The decoder turns a code $z$ into an image: $\hat{{x}} = \operatorname{{decoder}}(z)$.
Each slider is one coordinate of $z \in \mathbb{{R}}^{{{len(kl)}}}$.

- **Behind the slider:** the grey hill is the prior $\mathcal{{N}}(0, 1)$, from which *Random*
  draws. The bars show where the real images lie, as the model sees them: draws from the
  $q(z \mid x)$ of {images}, together called $q(z)$. The dark one holds half of them
  (25–75 %), the light one nine in ten (5–95 %).
- **nats:** how much a coordinate says about the image, on average
  $\mathrm{{KL}}\!\left(q(z_j \mid x) \,\|\, \mathcal{{N}}(0, 1)\right)$ over {images}. The
  sliders stand in this order, so that those which change the image most come first and those
  that hardly matter last. This model spends **{kl.sum():.1f} nats** in all, and
  **{int(active.sum())} of {len(kl)}** coordinates are active: the variance of their mean
  $\mu_j(x)$ between images is above 0.01. The decoder hardly uses one that is not.
- **Beside the slider, small images:** what the decoder makes of $z$ with only this coordinate
  changed, from the slider's left end to its right end. They follow every other slider.
- **Colours over the image**, while the pointer rests on a slider: where its coordinate acts, pixel
  by pixel, $\;\partial \hat{{x}} / \partial z_j \approx
  \big(\hat{{x}}(z + h e_j) - \hat{{x}}(z - h e_j)\big) / 2h\;$ with $h = 0.25$. *What changes*
  keeps them there.
- **$\lVert z \rVert$:** {_lengths(len(kl))}
- **$\log p(z)$:** the density of $z$ under the prior,
  $-\tfrac12 \lVert z \rVert^2 - \tfrac{{d}}{{2}} \log 2\pi$, in nats.
- **On, near, off the data:** {_nearness(known, images)}
- **Small map:** where $z$ stands among the codes of {images}, on the map chosen on the
  Latent map page. On t-SNE a code that is no image's has no place by itself. While you drag, its
  place is estimated smoothly from the codes near it; when you let go, t-SNE fits it in: that is
  the *exact* one. The dashed circle, the *doubt*, is how far the nearest codes are spread.
- **Pad:** two coordinates at once, both on one scale; behind it a coarse grid of what it decodes.

Keys: Tab goes from slider to slider, the arrows move one (with Shift ten times as far), Home and
End go to its ends, Space plays it, Ctrl+Z takes the last move back. The mouse wheel over the image
moves the marked slider.
"""
    )
