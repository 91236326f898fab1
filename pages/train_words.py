"""The Train page in words and formulas: durations, the loss with its numbers, what to look for."""

from __future__ import annotations

# The file says what was asked for; the button that does it says Stop.
_STATES = {"cancelled": "stopped"}


def state_words(state: str) -> str:
    """A run's state as it is called on screen."""
    return _STATES.get(state, state)


def no_numbers(ended: bool) -> str:
    """What stands in the place of numbers and curves before there are any."""
    return "it ended before the first numbers" if ended else "waiting for the first numbers"


def measured_on(split: str, images: str, ended: bool) -> str:
    """Which images the numbers are of: they change with the training's end, and look alike.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        images: the images in words, such as ``"300 test images"``; empty before any number.
        ended: whether the training has ended.
    """
    if not images:
        return "Numbers come with the first points of the curves."
    if split == "test":
        return (
            f"**Final result**, on {images} that the model never saw. While it learned, the "
            "number was that of the validation images, as in the curves."
        )
    if ended:
        return f"The **last intermediate result**, on {images}: it ended before its final test."
    return f"**Intermediate result**, on {images}; the final one will be that of the test images."


def in_words(seconds: float) -> str:
    """A duration that is only estimated, as a person says it."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} seconds"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} minutes"
    return f"about {seconds / 3600:.1f} hours"


def formula(reconstruction: float, kl: float, beta: float, split: str) -> str:
    """reconstruction + β·KL in LaTeX, with numbers in nats."""
    name, weight = _loss(beta)
    return (
        rf"\underbrace{{{reconstruction + beta * kl:.1f}\text{{ nats}}}}"
        rf"_{{\text{{{split} }}{name}}} = "
        rf"\underbrace{{{reconstruction:.1f}}}_{{\text{{reconstruction}}}} + "
        rf"{weight}\underbrace{{{kl:.1f}}}_{{\mathrm{{KL}}}}"
    )


def empty_formula(beta: float, words: str) -> str:
    """As high as :func:`formula`, with words where the numbers will be."""
    name, weight = _loss(beta)
    return (
        rf"\underbrace{{\text{{{words}}}}}"
        rf"_{{{name} \,=\, \text{{reconstruction}} \,+\, {weight}\mathrm{{KL}}}}"
    )


def _loss(beta: float) -> tuple[str, str]:
    """What the loss is called, and the KL's weight in it."""
    return (r"-\mathrm{ELBO}", "") if beta == 1 else (r"\text{loss}", rf"{beta:g}\cdot")


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
