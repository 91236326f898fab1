"""The loss of each objective as a formula, with its numbers as they are now; and in words."""

from __future__ import annotations

import math
from typing import Any

from vae.config import Config, ObjectiveConfig
from vae.latent.usage import MOST_IMAGES
from vae.schedules import term_weights

SYMBOLS = {
    "reconstruction": r"\text{reconstruction}",
    "kl": r"\mathrm{KL}",
    "capacity_gap": r"\lvert\mathrm{KL}-C\rvert",
    "index_code_mi": r"I(x;z)",
    "total_correlation": r"\mathrm{TC}(z)",
    "dimension_kl": r"\textstyle\sum_j\mathrm{KL}_j",
    "mmd": r"\mathrm{MMD}",
    "neg_log_q": r"-\log q(z\mid x)",
    "l1": r"\textstyle\sum_j\lvert z_j\rvert",
}


def formula(
    objective: ObjectiveConfig, row: dict[str, Any], epoch: float, name: str = "loss"
) -> str:
    """The loss as the sum of its terms in LaTeX, numbers in nats.

    Args:
        row: loss and terms (see :class:`vae.training.Progress`); without ``loss``, their sum.
        epoch: when, for weights that move.
        name: what the sum is called.
    """
    if objective.objective == "iwae":
        return rf"{_sum(row['loss'], name)} = {_bound(objective)}"
    weights = _weights(objective, epoch)
    total = sum(weight * row[term] for term, weight in weights.items())
    loss = row.get("loss", total)
    # A training point is a mean over steps, in which a weight may have moved.
    equals = "=" if abs(total - loss) < 0.06 else r"\approx"
    parts = [
        _part(weight, rf"\underbrace{{{_value(row[term], weight)}}}_{{{SYMBOLS[term]}}}")
        for term, weight in weights.items()
    ]
    return rf"{_sum(loss, name)} {equals} {' + '.join(parts)}"


def empty_formula(objective: ObjectiveConfig, words: str) -> str:
    """As high as :func:`formula`, with words where the numbers will be."""
    return rf"\underbrace{{\text{{{words}}}}}_{{{symbolic(objective)}}}"


def symbolic(objective: ObjectiveConfig) -> str:
    """What the loss is made of, with the weights that it ends with."""
    if objective.objective == "iwae":
        return rf"\text{{loss}} \,=\, {_bound(objective)}"
    weights = _weights(objective, math.inf)
    parts = [_part(weight, SYMBOLS[term]) for term, weight in weights.items()]
    return rf"{loss_name(objective)} \,=\, {' + '.join(parts)}"


def loss_name(objective: ObjectiveConfig) -> str:
    """What the loss is called: it is the negative ELBO only where beta is 1."""
    plain = objective.objective == "elbo" and objective.beta == 1 and not objective.beta_warmup
    return r"-\mathrm{ELBO}" if plain else r"\text{loss}"


def _weights(objective: ObjectiveConfig, epoch: float) -> dict[str, float]:
    """Those of the terms that count."""
    return {term: weight for term, weight in term_weights(objective, epoch).items() if weight}


def _bound(objective: ObjectiveConfig) -> str:
    k = objective.samples
    return rf"-\log \tfrac{{1}}{{{k}}} \sum_{{i=1}}^{{{k}}} \frac{{p(x, z_i)}}{{q(z_i \mid x)}}"


def _sum(loss: float, name: str) -> str:
    return rf"\underbrace{{{loss:.1f}\text{{ nats}}}}_{{{name}}}"


def _part(weight: float, content: str) -> str:
    """A term with its weight before it."""
    content = f"({content})" if content.startswith("-") else content
    if weight == 1:
        return content
    return rf"{weight:.3g}\cdot {content}" if weight > 0 else rf"({weight:.3g})\cdot {content}"


def _value(value: float, weight: float) -> str:
    """With as many digits as it takes that a reader's product is right to a tenth."""
    digits = 1 + min(4, max(0, math.ceil(math.log10(abs(weight)))))
    text = f"{value:.{digits}f}"
    return f"({text})" if value < 0 else text


_SOURCES = {
    "elbo": r"Kingma & Welling (2014); with $\beta \neq 1$ the β-VAE of Higgins et al. (2017).",
    "capacity": r"Burgess et al. (2018). $C$ grows, so that the code takes up one thing after the "
    r"other; $\gamma$ is how strictly it is kept to.",
    "beta-tcvae": r"Chen et al. (2018). The KL in three parts: what the code tells of the image, "
    r"$I(x;z)$; how far its dimensions depend on one another, the total correlation; and how far "
    r"each alone is from $\mathcal{N}(0, 1)$. Estimated from batches, the first two are too "
    r"large and the third is too small, by up to $\log N$, $(d-1) \log N$ and $d \log N$ nats with "
    r"$d$ dimensions and $N$ training images; the sum of all three is right. Watch how they "
    r"change.",
    "wae-mmd": r"Tolstikhin et al. (2018). The maximum mean discrepancy compares the codes of a "
    r"batch with draws from $\mathcal{N}(0, I)$; it has no unit. Single posteriors are free.",
    "info-vae": r"Zhao et al. (2019). The MMD compares the codes of a batch with draws from "
    r"$\mathcal{N}(0, I)$; it has no unit. With $\alpha = 0$ and $\lambda = 1$ it is the ELBO.",
    "iwae": r"Burda et al. (2016). A bound on $-\log p(x)$ that becomes tighter with $k$; "
    r"$k = 1$ is $-\mathrm{ELBO}$. Reconstruction and KL are only watched.",
    "aevb": r"Kingma & Welling (2014), weighted. The mean of $-\log q(z \mid x)$ is the "
    r"posterior's entropy: $\gamma > 0$ makes posteriors narrower, $\gamma < 0$ wider.",
    "autoencoder": r"Hinton & Salakhutdinov (2006). A code is a point: no sampling, no prior, no "
    r"KL. $\sum_j\lvert z_j\rvert$ is how large codes are, which a weight of it makes sparse.",
}

_MEASURED = rf"""
- **After each epoch**, of the validation images: the KL dimension by dimension; **active units**,
  the dimensions whose mean differs between images, $\mathrm{{Var}}_x(\mu_j) > 0.01$; and
  **$I(x; z)$**, what a code tells of which image it is. That is an estimate by one draw of each
  image, with $q(z)$ the mean of the posteriors of up to $n = {MOST_IMAGES}$ images: it cannot
  exceed $\log n$, {math.log(MOST_IMAGES):.1f} nats."""

_KL_HINTS = """
- **At first** the KL is near 0 and every reconstruction is the same mean image. Then the code
  pays off: the KL rises while the reconstruction falls by more.
- **The lines part:** training falls while validation rises. The model learns its training images
  by heart; fewer epochs or a smaller network help.
- **The KL stays at 0:** the decoder does not use the code (posterior collapse). Try a smaller β,
  a warm-up, or another learning rate.
- **Good reconstructions and poor new images:** the codes do not fill the prior. Try a larger β or
  a smaller latent size.
"""
_POINT_HINTS = """
- **At first** every reconstruction is the same mean image; then the code pays off.
- **The lines part:** training falls while validation rises. The model learns its training images
  by heart; fewer epochs, a smaller network or noise on its input help.
- **Decodes of random codes mean little:** nothing made the codes of images lie where they are.
"""


def explanation(config: Config, numbers: str) -> str:
    """What the loss is made of, and what its curves tell, in Markdown.

    Args:
        numbers: a sentence with the terms as they are now, or nothing.
    """
    objective, pixels = config.objective, math.prod(config.model.image_shape)
    point = config.model.posterior == "point"
    per_pixel = {
        "bernoulli": "the binary cross-entropy",
        "gaussian": r"half the squared error, and $\tfrac12\log 2\pi$,",
    }[config.model.likelihood]
    cost = (
        ""
        if point
        else r" **KL**: what the code costs, $\mathrm{KL}(q(z \mid x) \,\|\, \mathcal{N}(0, I))$, "
        r"how far its distribution is from the prior. Their plain sum is $-\mathrm{ELBO}$, a bound "
        r"on $-\log p(x)$."
    )
    return rf"""
$$
{symbolic(objective)}
$$

{_SOURCES[objective.objective]} All in nats per image, less is better.

- **Reconstruction**: $-\log p(x \mid z)$, how badly the decoder does at the image: {per_pixel}
  summed over its {pixels:,} pixel values.{cost}{numbers}{"" if point else _MEASURED}
{_POINT_HINTS if point else _KL_HINTS}"""
