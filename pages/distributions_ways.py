"""Four ways to draw new images on the page of q(z) and p(z): side by side, and measured alike."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

import numpy as np
import streamlit as st

from pages import state
from pages.background import Job, instead, job
from pages.distributions_holes import Found, too_few
from pages.distributions_sheets import SHOWN, Sheet, open_code, show_sheets
from pages.distributions_words import percent
from vae.inference import decode_pixels
from vae.latent.aggregate import Report
from vae.latent.fidelity import Comparison, Drawn, compare, compare_mixture, left_out, off_data
from vae.latent.holes import Coverage
from vae.latent.sampling import (
    COMPONENTS,
    MOST_CODES,
    MOST_COMPONENTS,
    Mixture,
    Way,
    cube_mass,
    uniform_length,
)
from vae.runs import Run

KEY = "distributions ways"
STATE, SHEETS = "distributions-ways-state", "distributions-ways-sheets"
_COMPONENTS, _SET = "distributions components", "distributions ways set"
_MEASURED = ("off the data", "left out", "mean length of z")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_Fitted = tuple[Mixture, Drawn]


def show_ways(run: Run, found: Found | None) -> None:
    """The four ways, the number of a mixture's components, and another set of draws."""
    if too_few(run):  # said above
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("#### Four ways to draw new images", width="content")
        components = st.slider(
            "Gaussians in the mixture", 1, MOST_COMPONENTS, COMPONENTS, key=_COMPONENTS, width=260
        )
        shown = st.session_state.setdefault(_SET, 0)
        if st.button("Draw others", icon=":material/casino:"):
            shown = st.session_state[_SET] = shown + 1
    level = found.hole.level if found else 0.01
    pending: tuple[Job, Hashable, str] | None = None
    compared: Comparison | None = None
    fitted: _Fitted | None = None
    if found is not None:  # before it is, the holes above say how far they are
        names = [(kind, str(run.path), state.trained(run)) for kind in ("ways", "mixture")]
        slow = job(names[0], partial(_compare, run, found.covered))
        compared = slow.result
        if compared is None:
            pending = slow, names[0], "Measuring three ways"
        else:
            key = (*names[1], components)
            slow = job(key, partial(_mixture, run, compared, components))
            fitted = slow.result
            if fitted is None:
                pending = slow, key, f"Fitting {_gaussians(components)}"
    with st.container(key=STATE):
        if pending is None:
            st.markdown(measures(level))
        else:
            instead(*pending)
    draws = drawn_of(compared, fitted)
    rows = np.arange(SHOWN) + SHOWN * shown
    known = f"{level} {shown} {components} {compared is not None} {fitted is not None}"
    stamp = f"{run.name} {state.trained(run)} {known}"
    with st.container(key=SHEETS):
        sheets = [_sheet(run, way, draws[way], rows, compared, level, components) for way in draws]
        pick = show_sheets(run, KEY, sheets, stamp)
    if pick and pick["stamp"] == stamp:
        drawn = list(draws.values())[pick["sheet"]]
        assert drawn is not None  # a place that is kept cannot be clicked
        open_code(run, drawn.z[rows % len(drawn.z)][pick["place"]])


def noisy(run: Run) -> bool:
    """Whether the model's codes have noise of their own: not in a plain autoencoder."""
    return run.config.model.posterior != "point"


def drawn_of(compared: Comparison | None, fitted: _Fitted | None) -> dict[Way, Drawn | None]:
    """What is known of each way, in the order of the page."""
    return {
        "prior": compared.prior if compared else None,
        "uniform": compared.uniform if compared else None,
        "aggregate": compared.aggregate if compared else None,
        "mixture": fitted[1] if fitted else None,
    }


def measures(level: float) -> str:
    """What is measured of each way, in Markdown."""
    return (
        "**Off the data**: draws in holes, as above. **Left out**: real codes that are unusually "
        f"far from every draw. A way that draws as the data do gets {percent(level)} of each."
    )


def assumption(way: Way, d: int, components: int, noise: bool, images: str) -> str:
    """What a way takes for granted, in a sentence or two.

    Args:
        d: dimensions of the latent space.
        components: of the mixture.
        noise: whether codes have noise of their own.
        images: whose codes they are, in words.
    """
    if way == "prior":
        if not noise:
            return "Assumes that codes fill N(0, I): nothing made a plain autoencoder's do so."
        return "Assumes that codes fill N(0, I), towards which the KL pulled them."
    if way == "uniform":
        short = f"{uniform_length(d):.2f}, those of N(0, I) {d**0.5:.2f}"
        cube = f"holds {_small(cube_mass(d))} of N(0, I). Lengths are about {short}."
        return f"Assumes a cube, which {'' if noise else 'nothing made codes fill; it '}{cube}"
    if way == "aggregate":
        if not noise:
            return f"Assumes nothing, invents nothing: codes of {images} as they are."
        return (
            "The aggregated posterior assumes nothing: a code drawn from those of "
            f"{images}, with its own noise. Never far from one image."
        )
    of = "codes" if not noise else "draws of their q(z∣x)"
    law = "q(z) is" if noise else "codes follow"
    return f"Assumes that {law} {_gaussians(components)}; fitted to {of}, of half of the images."


def explanation(noise: bool) -> str:
    """How the four ways are measured, and what that cannot say, in Markdown."""
    codes = (
        "one draw of each posterior, or several where images are few"
        if noise
        else "the codes themselves, which have no noise in a plain autoencoder"
    )
    judged = (
        "The aggregated posterior and the mixture learn from half of\n  the images; $q_A$ of the "
        "other half judges"
        if noise
        else "The codes and the mixture come from half of\n  the images; nearness to the codes of "
        "the other half judges"
    )
    dense = "$q(z)$ is" if noise else "codes may be"
    return rf"""- **Four ways.** {judged} all four ways alike. The mixture is fitted by EM
  (scikit-learn) to {codes}, at most {MOST_CODES:,}. *Off the data* and *left out* are the two ways
  to be wrong, like precision and recall (Kynkäänniemi et al., 2019). $\mathcal{{U}}(-1, 1)$ shows
  why it takes both: its draws lie near the middle, where {dense} dense, and miss the rest. A few
  Gaussians stray into the gaps between codes; very many come near to copying codes. In many
  dimensions *left out* sees only what is far from all draws.
"""


def _sheet(
    run: Run,
    way: Way,
    drawn: Drawn | None,
    rows: np.ndarray,
    compared: Comparison | None,
    level: float,
    components: int,
) -> Sheet:
    d, noise = run.config.model.latent_dim, noisy(run)
    words = assumption(way, d, components, noise, state.images_of(run))
    title = _title(way, components, noise)
    if drawn is None or compared is None:
        return Sheet(title, facts=[(name, "\N{NO-BREAK SPACE}") for name in _MEASURED], words=words)
    z = drawn.z[rows % len(drawn.z)]
    lengths = np.linalg.norm(drawn.z.astype(np.float64), axis=1)
    off, left = off_data(compared, drawn, level), left_out(compared, drawn, level)
    shares = [f"{percent(one.share, 1)} ± {percent(one.error, 1)}" for one in (off, left)]
    values = [*shares, f"{lengths.mean():.2f}"]
    return Sheet(
        title,
        decode_pixels(state.model_of(run), z),
        [f"length {length:.2f}" for length in np.linalg.norm(z, axis=1)],
        list(zip(_MEASURED, values, strict=True)),
        words,
    )


def _title(way: Way, components: int, noise: bool) -> str:
    return {
        "prior": "Prior: N(0, I)" if noise else "N(0, I)",
        "uniform": "Uniform: U(−1, 1)",
        "aggregate": "Aggregate: q(z)" if noise else "The codes themselves",
        "mixture": f"Mixture: {_gaussians(components)}",
    }[way]


def _gaussians(components: int) -> str:
    return "one Gaussian" if components == 1 else f"{components} Gaussians"


def _small(share: float) -> str:
    """A share that may be tiny."""
    if share >= 0.001:
        return percent(share, 1)
    digit, power = f"{share:.0e}".split("e")
    return f"{digit}·10{str(int(power)).translate(_RAISED)}"


def _compare(run: Run, covered: Coverage, report: Report) -> Comparison | None:
    codes = run.codes()
    return compare(codes.mu, codes.logvar, covered, report=report)


def _mixture(run: Run, compared: Comparison, components: int, report: Report) -> _Fitted | None:
    codes = run.codes()
    return compare_mixture(codes.mu, codes.logvar, compared, components, noisy(run), report=report)
