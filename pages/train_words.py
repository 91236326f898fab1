"""The Train page in words and formulas: durations, the loss with its numbers, what to look for."""

from __future__ import annotations


def in_words(seconds: float) -> str:
    """A duration as a person says it."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} seconds"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} minutes"
    return f"about {seconds / 3600:.1f} hours"


def formula(reconstruction: float | None, kl: float | None, beta: float, split: str) -> str:
    """reconstruction + β·KL in LaTeX, with numbers in nats, or dots before there are any."""
    total = None if reconstruction is None or kl is None else reconstruction + beta * kl
    loss, first, second = (
        r"\cdots" if value is None else f"{value:.1f}" for value in (total, reconstruction, kl)
    )
    name, weight = (r"-\mathrm{ELBO}", "") if beta == 1 else (r"\text{loss}", rf"{beta:g}\cdot")
    return (
        rf"\underbrace{{{loss}\text{{ nats}}}}_{{\text{{{split} }}{name}}} = "
        rf"\underbrace{{{first}}}_{{\text{{reconstruction}}}} + "
        rf"{weight}\underbrace{{{second}}}_{{\mathrm{{KL}}}}"
    )


def explanation(pixels: int, beta: float, numbers: str) -> str:
    """What the loss is made of, and what its curves tell, in Markdown.

    Args:
        pixels: pixel values of an image.
        beta: the weight of the KL term.
        numbers: a sentence with the terms as they are now, or nothing.
    """
    return rf"""
$$
\mathrm{{loss}} =
\underbrace{{\mathbb{{E}}_{{q(z \mid x)}}\left[-\log p(x \mid z)\right]}}
_{{\text{{reconstruction}}}}
+ \beta \cdot
\underbrace{{\mathrm{{KL}}\left(q(z \mid x) \,\|\, \mathcal{{N}}(0, I)\right)}}_{{\mathrm{{KL}}}},
\qquad \beta = {beta:g}
$$

- **Reconstruction**: how badly the decoder does at the image, summed over its
  {pixels:,} pixel values. **KL**: what the code costs, how far its
  distribution is from the prior. With $\beta = 1$ their sum is $-\mathrm{{ELBO}}$, a bound on
  $-\log p(x)$: less is better.{numbers}
- **At first** the KL is near 0 and every reconstruction is the same mean image. Then the code
  pays off: the KL rises while the reconstruction falls by more.
- **The lines part:** training falls while validation rises. The model learns its training images
  by heart; fewer epochs or a smaller network help.
- **The KL stays at 0:** the decoder does not use the code (posterior collapse). Try a smaller β
  or another learning rate.
- **Good reconstructions and poor new images:** the codes do not fill the prior. Try a larger β or
  a smaller latent size.
"""
