"""The page of q(z) and p(z) in words and formulas: the parts of the KL, the holes, the limits."""

from __future__ import annotations

import math

from pages.distributions_figures import PARTS, RADII
from vae.latent.holes import Holes
from vae.latent.kl_parts import KlParts
from vae.latent.statistics import ACTIVE_VARIANCE

NAMES = ("information", "total correlation", "shape")
_FULL = 1.0  # nats below its ceiling, within which the information is held up by it
_TERMS = (
    r"I_q(x; z)",
    r"\mathrm{KL}\big(q(z) \,\|\, \textstyle\prod_j q(z_j)\big)",
    r"\textstyle\sum_j \mathrm{KL}\big(q(z_j) \,\|\, p(z_j)\big)",
)
_MEANING = (
    "which image it is",
    "how the $z_j$ depend on one another",
    "how each $q(z_j)$ differs from $\\mathcal{N}(0, 1)$",
)


def adding_up(values: list[float], digits: int = 2) -> list[float]:
    """Values rounded so that they add up to their rounded sum, each by less than one last digit."""
    unit = 10.0**-digits
    floors = [math.floor(value / unit) for value in values]
    missing = round(math.fsum(values) / unit) - sum(floors)
    by_rest = sorted(range(len(values)), key=lambda i: floors[i] - values[i] / unit)
    for i in by_rest[:missing]:
        floors[i] += 1
    return [round(count * unit, digits) for count in floors]


def three(found: KlParts) -> list[float]:
    """Information, total correlation, and the marginal terms together, in nats."""
    return [found.information, found.correlation, float(found.marginals.sum())]


def formula(found: KlParts | None, kl: float) -> str:
    """The KL as the sum of its parts, in LaTeX; before they are known their room, left empty."""
    if found is None:
        numbers, errors, total = [f"{kl:.3f}"] * 3, [r"\pm 0.000"] * 2 + [""], f"{kl:.2f}"
    else:
        digits = 2 if found.error >= 0.01 else 3
        values = adding_up(three(found), digits)
        numbers, total = [_number(value, digits) for value in values], f"{sum(values):.{digits}f}"
        error = rf"\pm {max(found.error, 0.001):.{digits}f}"  # never less than a last digit
        errors = [error, error, ""]
    shown = "" if found else r"\phantom"
    lines = [
        rf"{shown}{{\textcolor{{{colour}}}{{\blacksquare}}\; \textsf{{\small {name}}}}} \\[-2pt] "
        rf"{shown}{{{sign}{term}}} &{shown}{{{{}} = {number} {error}}}"
        for colour, sign, term, number, error, name in zip(
            PARTS, ("", "+", "+"), _TERMS, numbers, errors, NAMES, strict=True
        )
    ]
    whole = r"\mathbb{E}_x\,\mathrm{KL}\big(q(z \mid x) \,\|\, p(z)\big)"
    rows = r" \\[3pt] ".join(lines)
    return (
        rf"\begin{{array}}{{ll}} {rows} \\[2pt] \hline "
        rf"{whole} &{{}} = \mathbf{{{total}}} \end{{array}}"
    )


def legend() -> str:
    """What each part tells, in Markdown, in the order of the formula."""
    return "Nats per image: " + "; ".join(
        f"**{name}**, {meaning}" for name, meaning in zip(NAMES, _MEANING, strict=True)
    )


def caution(found: KlParts) -> str:
    """How far information and total correlation can be believed, in Markdown."""
    below = found.ceiling - found.information
    n = f"{found.images:,}"
    ceiling = f"$\\log {n.replace(',', '{,}')} = {found.ceiling:.2f}$"
    straight = (
        f"Dependence along straight lines alone makes {found.gaussian:.2f} nats of total "
        "correlation."
    )
    if below >= _FULL:
        return (
            f"Information cannot exceed {ceiling} nats, which tell one of {n} images from the "
            f"others. It is {below:.2f} below, so this limit matters little.\n\n{straight}"
        )
    return (
        f":orange-badge[at its ceiling] {ceiling} nats tell one of {n} images from all others, so "
        f"information cannot be more; it is {below:.2f} below.\n\n"
        "Read information as *at least* this much, and total correlation as *at most*: with more "
        f"images the one would rise and the other fall.\n\n{straight}"
    )


def measured(found: KlParts, images: str) -> str:
    """On what the parts were measured, in Markdown; ``images`` as :func:`pages.state.images_of`."""
    some = ""
    if found.known > found.images:
        some = f", a random sample of {found.known:,}"
    return (
        f"Codes of {images}: {found.images:,}{some}; {found.draws:,} draws of $z$, "
        f"{found.seconds:.1f} s. ± is one standard error; both terms share it with opposite "
        f"signs. From the draws alone the KL is {found.sampled_kl:.2f} ± {found.sampled_error:.2f}."
    )


def captions(j: int, kl: float, variance: float, found: KlParts | None) -> list[tuple[str, str]]:
    """Lines about one dimension, left and right, in HTML."""
    name = f"<i>z</i><sub>{j + 1}</sub>"
    active = "active"
    if variance <= ACTIVE_VARIANCE:
        active = f"<b>inactive</b>: Var<sub><i>x</i></sub> <i>μ</i> = {variance:.3f}"
    term = f"KL(<i>q</i>({name}) ‖ <i>p</i>)"
    own = (f'<span style="visibility: hidden">{term}</span>', "")  # its room
    if found is not None:
        own = (term, f"{_number(float(found.marginals[j]))} nats")
    return [(f"<b>{name}</b>", active), ("KL of the posteriors", f"{kl:.2f} nats"), own]


def enclosed() -> str:
    """What the lines of the plane enclose, in Markdown."""
    shares = (f"{r:g}σ holds {percent(1 - math.exp(-(r**2) / 2))}" for r in RADII)
    return (
        "Each blue line encloses as much of $q(z)$ as an orange circle does of $p(z)$ "
        f"(in two dimensions {', '.join(shares)})."
    )


def share_words(hole: Holes, prior: str = "the prior") -> str:
    """How much of the prior is in holes, in Markdown."""
    return (
        f"**{percent(hole.share, 1)} ± {percent(hole.error, 1)}** of what {prior} draws lands "
        "where the model has seen (almost) no image."
    )


def calibration(hole: Holes, lower: float) -> str:
    """What counts as a hole, and what the share is to be compared with, in Markdown."""
    level = percent(hole.level)
    return (
        f"- **Here.** $q(z)$ is *thinner* at one place than at another if its density is lower: "
        f"fewer codes lie near. A hole is where it is thinner than at all but {level} of the codes "
        f"of unseen images. So {level} of the prior would be in holes even if $q(z) = p(z)$; it is "
        f"{percent(hole.share, 1)}. And of pairs of a prior draw and a draw of an unseen image's "
        f"posterior, $q(z)$ is thinner at the prior's in **{percent(lower)}**; "
        f"{percent(0.5)} if they were alike.\n"
    )


def _number(value: float, digits: int = 2) -> str:
    rounded = round(value, digits) + 0.0  # no minus before a zero
    return f"{rounded:.{digits}f}".replace("-", "−")


def percent(share: float, digits: int = 0) -> str:
    """A share of 0–1 in words; the number does not part from its sign."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def explanation(d: int, here: str) -> str:
    """What the page shows, with its formulas, and what its numbers cannot say, in Markdown.

    Args:
        d: dimensions of the latent space.
        here: what :func:`calibration` says of this model; empty before it is known.
    """
    flat = (
        "The plane is the whole latent space, so holes are shaded in it, within the circle that "
        "holds 95 % of the prior."
        if d == 2
        else "Holes of more than two dimensions have no place in a plane: where its shadow is "
        "dense, the space above may be empty."
        if d > 2
        else "The line is the whole latent space, so holes are shaded on it."
    )
    return rf"""
The **aggregated posterior** is what the decoder was trained on, all images together:
$q(z) = \frac1n \sum_i q(z \mid x_i)$, a mixture of $n$ Gaussians. New images are decoded from the
**prior** $p(z) = \mathcal{{N}}(0, I)$. Where the two differ, the decoder is asked for what it never
learned.

- **Density.** $q(z)$ is computed from all $n$ posteriors, without bins or smoothing (posteriors
  narrower than a step of the drawing are drawn one step wide). The blue lines enclose the same
  shares of $q(z)$ as the orange circles of $p(z)$: were they alike, the lines would lie on the
  circles. {flat}
- **The KL taken apart** (Hoffman & Johnson, 2016; Chen et al., 2018): with $i$ the number of an
  image, $I_q(x; z) = \mathbb{{E}}_i\, \mathbb{{E}}_{{q(z \mid x_i)}} [\log q(z \mid x_i) - \log
  q(z)]$ is what a code tells of its image among these $n$. *Total correlation* is 0 where the
  $z_j$ are independent. The last sum compares each $q(z_j)$ with $\mathcal{{N}}(0, 1)$, by
  quadrature.
- **What this cannot say.** $I_q$ is about these images, so it never exceeds $\log n$. Near that
  ceiling $q(z)$ is $n$ separate spots, and total correlation measures the gaps between them as
  well: it takes up what information lacks. $-\tfrac12 \log \det \mathrm{{Corr}}(q(z))$ does not
  suffer from this, but sees straight-line dependence only.
- **Active** (Burda et al., 2016): $\mathrm{{Var}}_x\big(\mathbb{{E}}[z_j \mid x]\big) >
  {ACTIVE_VARIANCE}$. An inactive $q(z_j)$ is close to the prior because it says nothing.
- **Holes** (Rosca et al., 2018; Tomczak & Welling, 2018). Half of the images make $q_A(z)$; draws
  of the other half's posteriors tell how low $\log q_A$ is where real codes lie. A draw from the
  prior is in a hole if it is lower than all but 1 % (or 5 %) of those. ± is one standard error,
  of the draws and of that threshold. In many dimensions unseen codes are far from all others
  too, so the test sees coarse holes only: the true mismatch is larger, not smaller.
{here}- **The images.** Of each kind twelve, chosen by their codes alone: unlike one another, and of
  every $\log q_A(z)$. A hole need not look bad, and what is near the data need not look good.
"""
