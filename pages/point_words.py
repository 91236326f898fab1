"""What pages say in words of an autoencoder, whose codes are points: no posterior, no prior."""

from __future__ import annotations

from typing import Any

import numpy as np

NO_PRIOR = (
    "Nothing in training made these codes follow N(0, I), so draws from it may decode to nothing."
)


def explore_words(known: dict[str, Any], nearness: str) -> str:
    """What Explore's sliders do, in Markdown.

    Args:
        known: what :func:`vae.latent.statistics.facts` says of the model.
        nearness: what the word on the distance to the data means.
    """
    variances, active = np.array(known["variances"]), np.array(known["active"])
    return rf"""
This model is an **autoencoder**: the encoder answers an image $x$ with a point,
$z = \operatorname{{encoder}}(x)$, and the decoder turns it back into an image,
$\hat{{x}} = \operatorname{{decoder}}(z)$. There is no distribution $q(z \mid x)$, no prior and no
KL. Each slider is one coordinate of $z \in \mathbb{{R}}^{{{len(variances)}}}$.

- **Behind the slider** the bars show where the codes of real images lie: the dark one holds half
  of them (25–75 %), the light one nine in ten (5–95 %).
- **var:** the variance of this coordinate between images. The sliders stand in this order.
  **{int(active.sum())} of {len(active)}** coordinates are active: their variance is above 1 % of
  the largest. The scale of codes means nothing: encoder and decoder agreed on it.
- **Random** draws each coordinate by itself, as it is spread among the codes (1–99 %). What ties
  the coordinates of real codes together is lost, so many of these codes are off the
  data. {NO_PRIOR}
- **Mean** is the mean of the codes, which need not be the code of anything.
- **Beside the slider, small images:** what the decoder makes of $z$ with only this coordinate
  changed, from the slider's left end to its right end. They follow every other slider.
- **Colours over the image**, while the pointer rests on a slider: where its coordinate acts, pixel
  by pixel: the difference of the decodes a little to both sides. *What changes* keeps them there.
- **On, near, off the data:** {nearness}
- **Small map:** where $z$ stands among the codes, on the map chosen on the Latent map page.
- **Pad:** two coordinates at once, both on one scale; behind it a coarse grid of what it decodes.

Keys: Tab goes from slider to slider, the arrows move one (with Shift ten times as far), Home and
End go to its ends, Space plays it, Ctrl+Z takes the last move back. The mouse wheel over the image
moves the marked slider.
"""


def interpolate_words(
    lengths: tuple[float, float], half: dict[str, float], ends: list[float]
) -> str:
    """Line or arc, in Markdown.

    Args:
        lengths: between these lie nine in ten of the codes' lengths.
        half: length half-way on the ``lerp`` and on the ``slerp``.
        ends: lengths of the two ends.
    """
    low, high = lengths
    return rf"""
The straight line is $\;z(t) = (1-t)\,a + t\,b$. The arc, spherical interpolation, turns $a$ into
$b$ about the origin and keeps the length of $z$ where both ends are equally long (White, 2016).

The arc is meant for codes that follow $\mathcal{{N}}(0, I)$, whose draws lie near a shell about the
origin. **This model is an autoencoder:** nothing made its codes do so, and the origin means
nothing. Nine in ten of its codes have lengths from {low:.3g} to {high:.3g}. Neither way is
right by theory: see which one stays closer to real codes on the map.

Between these two ends: $\lVert a \rVert = {ends[0]:.3g}$, $\lVert b \rVert = {ends[1]:.3g}$, and
half-way **{half["lerp"]:.3g}** on the line, **{half["slerp"]:.3g}** on the arc.
"""


MAP_WORDS = r"""**A code is a point.** This model is an autoencoder: there is no $q(z \mid x)$ that
  would make it a cloud, and no prior to lay beneath the points. Nothing made the space between
  codes decode to something."""


def draw_words(dataset: str, latent_dim: int, centring: str, photo: str) -> str:
    """What happens to a drawing, in Markdown: with the texts on centring and on photos."""
    return rf"""
The pad is painted in the browser, made as small as the images of **{dataset}** and sent to the
encoder at every movement of the hand. This model is an **autoencoder**: it answers with one code,
a point $z = \operatorname{{encoder}}(x)$ in $\mathbb{{R}}^{{{latent_dim}}}$, with no uncertainty
and no KL. The picture at the right is its decode.

- **Dots:** the coordinates of $z$, each over the codes of real images: dark, half of them
  (25–75 %); light, nine in ten (5–95 %). Those that vary most between images come first. An arrow
  at the edge: the dot lies beyond the axis.
- **Centring:** {centring}
- **Nearest real images** are those whose codes lie nearest to $z$. The model was never told a label
  and recognises nothing; the labels are those of the images. *On the data*: within the distance at
  which 95 % of the real codes have another one.
{photo}
Ctrl+Z takes the last stroke back. A pen's pressure changes the width of its strokes.
"""
