"""The Reconstruct page in words and formulas: the ELBO in both its forms, with its numbers."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st
import torch

from pages.reconstruct_figures import Row, added
from vae.elbo_forms import expected_log_prior
from vae.runs import Run


def explain(run: Run, rows: list[Row]) -> None:
    """What the numbers of the page mean."""
    noisy = rows[0].seen is not None
    if run.config.model.posterior == "point":
        st.markdown(
            "A plain autoencoder has no q(z∣x), so there is no KL and no ELBO to write down: only "
            "how well it draws what it was shown."
        )
        st.markdown(_meaning(run) + (_NOISE if noisy else ""))
        return
    nll, kl = means(rows)
    assert kl is not None
    st.latex(_first_form(nll, kl))
    st.markdown("**The same, written with the joint density and the entropy of the code:**")
    st.latex(_second_form(nll, kl, prior_price(rows)))
    st.caption("In nats; the numbers are means of the images shown above.", text_alignment="center")
    st.markdown(_meaning(run) + (_NOISE + _LOOSER if noisy else "") + _FORMS + _KL)


def means(rows: list[Row]) -> tuple[float | None, float | None]:
    """-log p(x|z), if the originals are known, and KL, if there is one: means in nats."""
    return _mean([row.nll for row in rows]), _mean([row.kl for row in rows])


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def beside(rows: list[Row]) -> str:
    """What the numbers of noisy images are measured by, and what they would be without noise."""
    unspoiled = _mean([row.unspoiled for row in rows])
    if unspoiled is None:
        return ""
    return (
        " x is the clean image, z the code of the noisy one; from the clean one −log p(x∣z) is "
        f"{unspoiled:.1f}. Pixel error: root mean square difference from the clean image, noisy → "
        "restored, in pixel values 0–1."
    )


def prior_price(rows: list[Row]) -> float:
    """-E_q[log p(z)]: its mean over the rows, in nats."""
    mu, logvar = (torch.tensor(np.stack([row.posterior[i] for row in rows])) for i in (0, 1))
    return -float(expected_log_prior(mu.double(), logvar.double()).mean())


def _first_form(nll: float | None, kl: float) -> str:
    if nll is None:  # the formula without numbers that nobody knows
        terms = ("", f": {kl:.1f}", "")
    else:
        parts = added(nll, kl)
        terms = (f": {parts[0]}", f": {parts[1]}", f"= {parts[2]}")
    return rf"""\begin{{aligned}}
-\mathrm{{ELBO}}(x)
&= \underbrace{{\mathbb{{E}}_{{q(z \mid x)}}[-\log p(x \mid z)]}}_{{
\text{{reconstruction{terms[0]}}}}} \\
&+ \underbrace{{\mathrm{{KL}}(q(z \mid x) \,\|\, p(z))}}_{{
\text{{price of the code{terms[1]}}}}} \\
&{terms[2]} \;\ge\; -\log p(x)
\end{{aligned}}"""


def _second_form(nll: float | None, kl: float, prior: float) -> str:
    """Terms are rounded so that, as printed, they add up to what the first form adds up to.

    So the entropy, H(q) = -E_q[log p(z)] - KL, is the difference of the other two as printed.
    """
    price, code = round(prior, 1), round(kl, 1)
    spread = f"{round(price - code, 1) + 0.0:.1f}"  # the entropy, to a last digit
    if nll is None:
        joint, total = f": … + {price:.1f}", ""
    else:
        first, _, sum_ = added(nll, kl)
        joint, total = f": {first} + {price:.1f} = {float(first) + price:.1f}", f"= {sum_}"
    return rf"""\begin{{aligned}}
-\mathrm{{ELBO}}(x)
&= \underbrace{{\mathbb{{E}}_{{q(z \mid x)}}[-\log p(x \mid z) - \log p(z)]}}_{{
\text{{joint{joint}}}}} \\
&- \underbrace{{\mathrm{{H}}(q(z \mid x))}}_{{
\text{{entropy: }}{spread}}} \\
&{total}
\end{{aligned}}"""


def _meaning(run: Run) -> str:
    bernoulli = run.config.model.likelihood == "bernoulli"
    bound = (
        "The pixels are grey, so even a perfect reconstruction costs the entropy of its pixels: "
        "this term never reaches 0."
        if bernoulli
        else "The likelihood is Gaussian with unit variance: half the squared error, plus "
        r"$\tfrac12 \log 2\pi$ for each pixel value, which no model can save."
    )
    if run.config.model.posterior == "point":
        return rf"""
- **Reconstruction** $\hat x$: the image goes through the encoder to its code $z$, and through the
  decoder back. **Error**: $|x - \hat x|$ in pixel values from 0 to 1, always on the same scale.
- **$-\log p(x \mid z)$** is summed over all pixels. {bound}
"""
    return rf"""
- **Reconstruction** $\hat x$: the image goes through the encoder to its posterior mean
  $\mu(x)$, and through the decoder back. **Error**: $|x - \hat x|$ in pixel values from 0 to 1,
  always on the same scale.
- **Posterior samples**: decodes of $z = \mu(x) + \sigma(x) \odot \varepsilon$ with
  $\varepsilon \sim \mathcal{{N}}(0, I)$. Where they differ, the code does not fix the picture.
- **$-\log p(x \mid z)$** is measured with one such draw, summed over all pixels. {bound}
"""


_NOISE = r"""- **Noise:** the encoder sees the spoiled image $\tilde x$ alone; $\hat x$, the error
  and $-\log p(x \mid z)$ are compared with the clean image $x$, which it never saw. A model that
  was not trained on such noise takes it for part of the picture.
"""
_LOOSER = r"""- **The bound** holds for any $q$, so also for $q(z \mid \tilde x)$ of the noisy
  image; it is looser.
"""
_FORMS = r"""- **Both forms** are the same number, since
  $\mathrm{KL}(q \,\|\, p) = -\mathbb{E}_q[\log p(z)] - \mathrm{H}(q)$. The first asks for a code
  near the prior. The second asks that image *and* code be likely together, and that $q$ be wide.
  $-\mathbb{E}_q[\log p(z)] = \tfrac12 \sum_j (\mu_j^2 + \sigma_j^2) + \tfrac d2 \log 2\pi$ and
  $\mathrm{H}(q) = \tfrac12 \sum_j (1 + \log 2\pi\sigma_j^2)$ are exact; $\mathrm{H}$ may be
  negative, being that of a density.
"""
_KL = r"""- **KL** is what the encoder says about this image beyond the prior; odd images cost more.
- All in **nats**; divide by $\ln 2 = 0.693$ for bits.
"""
