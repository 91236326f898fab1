"""A model's card: how it was made and how good it is, from what its run folder says."""

from __future__ import annotations

import math

from vae.config import Config
from vae.runs import Run


def command(name: str, config: Config) -> str:
    """The command line that trains this configuration again, every choice spelled out."""
    training = config.training
    options = {
        "dataset": training.dataset,
        "preset": config.preset,
        "latent-dim": config.model.latent_dim,
        "epochs": training.epochs,
        "batch-size": training.batch_size,
        "lr": f"{training.lr:g}",
        "lr-schedule": training.lr_schedule,
        "beta": f"{training.beta:g}",
        "seed": training.seed,
        "device": training.device,
        "precision": training.precision,
    }
    spelled = " ".join(f"--{key} {value}" for key, value in options.items())
    return f"python -m vae train {name} {spelled}"


def model_card(run: Run) -> str:
    """The card as Markdown.

    Raises:
        VaeError: if the run is not finished or its files are damaged.
    """
    model, training, made = run.config.model, run.config.training, run.provenance
    height, width, channels = model.image_shape
    objective = "ELBO" if training.beta == 1 else f"ELBO with KL weighted by β = {training.beta:g}"
    lines = [
        f"# {run.name}",
        "",
        f"A variational autoencoder (preset `{run.config.preset}`) of `{training.dataset}`: "
        f"{height} × {width} × {channels} pixels, {model.latent_dim} latent dimensions, "
        f"{model.network} of widths {', '.join(map(str, model.widths))}, "
        f"{model.likelihood} likelihood.",
        "",
        "```",
        # Its own name is taken by this very model.
        command(f"{run.name}-again", run.config),
        "```",
        "",
        "| | |",
        "|---|---|",
        f"| objective | {objective} |",
        f"| epochs | {training.epochs} |",
    ]
    if found := run.evaluation:
        pixels = math.prod(model.image_shape)
        lines += [
            f"| test ELBO | {found['elbo']:.2f} ± {found['standard_error']:.2f} nats per image "
            f"({found['n']} images of the test split) |",
            f"| reconstruction, −log p(x∣z) | {found['reconstruction']:.2f} nats |",
            f"| KL(q(z∣x) ‖ p(z)) | {found['kl']:.2f} nats |",
            f"| bits per pixel value | {found['bits_per_dimension']:.4f} ({pixels} values) |",
            f"| active units | {found['active_units']} of {found['latent_dim']} "
            "(variance of the posterior mean above 0.01) |",
        ]
    seconds, device = made.get("seconds"), made.get("device", "unknown device")
    lines.append(f"| trained | {made.get('finished', 'not finished')}, on {device} |")
    if seconds is not None:
        lines.append(f"| time | {seconds:.0f} s |")
    versions = ", ".join(f"{name} {v}" for name, v in made.get("versions", {}).items())
    lines += [f"| versions | {versions} |", ""]
    return "\n".join(lines)
