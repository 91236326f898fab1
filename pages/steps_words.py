"""The page of steps in words and formulas: what each stage does, with the numbers of this step."""

from __future__ import annotations

from vae.stepping import WalkedStep

STAGES = ("Encode", "Sample", "Decode", "Loss", "Gradients", "Update")

_SAID = (
    "The encoder turns each image into a Gaussian: a mean μ and a standard deviation σ for each "
    "latent dimension.",
    "A draw ε from N(0, I) picks one code of that Gaussian. All the randomness is in ε, so "
    "gradients can pass through μ and σ.",
    "The decoder turns each code into an image: for each pixel, how white it expects it to be.",
    "What the decode costs, pixel by pixel (yellow is the most), and what the code costs: how far "
    "its Gaussian is from the prior N(0, I).",
    "Backpropagation: how the loss would change with each weight. A bar is the norm of the "
    "gradient of one group of weights.",
    "Adam moves each weight against its gradient. A bar is how far a group of weights moved, as a "
    "share of its own size.",
)


def said(stage: int) -> str:
    """What happens in this stage."""
    return _SAID[stage]


def formula(step: WalkedStep, stage: int) -> str:
    """The stage as LaTeX with the numbers of this step; codes are those of the first image."""
    mu, sigma, eps, z = (float(row[0, 0]) for row in (step.mu, step.sigma, step.eps, step.z))
    if stage == 0:
        return (
            r"q(z \mid x) = \mathcal{N}(\mu, \sigma^2), \quad "
            rf"\mu_1 = {mu:.2f},\; \sigma_1 = {sigma:.2f}"
        )
    if stage == 1:
        return (
            r"z_1 = \mu_1 + \sigma_1\, \varepsilon_1 = "
            rf"{mu:.2f} + {sigma:.2f} \cdot ({eps:.2f}) = {z:.2f}"
        )
    if stage == 2:
        return rf"\hat{{x}} = \mathrm{{decoder}}(z), \quad z_1 = {z:.2f}"
    if stage == 3:
        return (
            rf"\underbrace{{{step.reconstruction:.2f}}}_{{-\log p(x \mid z)}} + "
            rf"\underbrace{{{step.beta:g}}}_{{\beta}} \cdot "
            rf"\underbrace{{{step.kl:.2f}}}_{{\mathrm{{KL}}}} = {step.loss:.2f}"
            r"\text{ nats}"
        )
    if stage == 4:
        whole = sum(norm**2 for norm in step.gradients.values()) ** 0.5
        return rf"\lVert \nabla_\theta \mathcal{{L}} \rVert = {whole:.3g}"
    return (
        rf"\mathcal{{L}}: {step.loss:.2f} \to {step.loss_after:.2f}"
        r"\text{ nats, same batch, same } \varepsilon"
    )
