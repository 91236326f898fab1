"""What can be chosen for a training, each in one line: for the command line and the Train page."""

from __future__ import annotations

from typing import Any

from vae.config import Corruption, Freeze, Likelihood, Objective, Precision, Schedule

OBJECTIVES: dict[Objective, str] = {
    "elbo": "The evidence lower bound: reconstruction + β·KL. β = 1 is the VAE, more a β-VAE.",
    "capacity": "The KL is held at a capacity C that grows: reconstruction + γ·|KL − C|.",
    "beta-tcvae": "Only the total correlation of the code is weighted by β: it comes apart.",
    "wae-mmd": "No KL: all codes together are drawn to the prior, by an MMD with weight λ.",
    "info-vae": "Between the two: (1 − α)·KL and an MMD with weight α + λ − 1.",
    "iwae": "A tighter bound from k samples of each posterior; k = 1 is the ELBO.",
    "aevb": "The ELBO with weights: β on the KL, γ on −log q(z∣x) of the sampled code.",
    "autoencoder": "No sampling and no KL: each image has one code. λ makes codes sparse.",
}

LIKELIHOODS: dict[Likelihood, str] = {
    "bernoulli": "Each pixel is the probability of white (BCE): for black and white images.",
    "gaussian": "Each pixel is a mean with variance 1 (half the squared error): grey and colour.",
}

SCHEDULES: dict[Schedule, str] = {
    "constant": "The learning rate stays as it is.",
    "cosine": "It falls to 0 along half a cosine, which often gains the last nat.",
    "plateau": "It is halved whenever the validation loss has not improved for some epochs.",
}

CORRUPTIONS: dict[Corruption, str] = {
    "none": "The encoder sees the image itself.",
    "gaussian": "N(0, level²) is added to each pixel value.",
    "masking": "This share of the pixels is black.",
    "salt-and-pepper": "This share of the pixels is black or white.",
}

FREEZES: dict[Freeze, str] = {
    "none": "Both parts go on learning.",
    "encoder": "The codes stay those of the other model; the decoder learns to draw them.",
    "decoder": "Each code keeps its image; the encoder learns to find the code.",
}

PRECISIONS: dict[Precision, str] = {
    "auto": "Measured at the start: bf16 where that is clearly faster here, else fp32.",
    "fp32": "32 bits a number: exact enough for everything here.",
    "bf16": "16 bits where that is safe: faster on hardware that knows them, slower on other.",
}

# Fields of ModelConfig, ObjectiveConfig and TrainingConfig, as the command line spells them.
HELP: dict[str, str] = {
    "epochs": "Passes over the training images.",
    "batch_size": "Images per gradient step. Larger is faster per image, with fewer steps.",
    "latent_dim": "Numbers in a code z. Two can be drawn as a plane; more keep more of the image.",
    "likelihood": "What the decoder puts out, and so what an error costs: BCE or MSE.",
    "lr": "Size of Adam's steps. Too large: the loss jumps about; too small: it crawls.",
    "lr_schedule": "How the learning rate changes.",
    "lr_patience": "Epochs without improvement, with β and C grown, before the rate is halved.",
    "weight_decay": "Pulls weights to 0 at each step (AdamW): against learning by heart.",
    "clip_norm": "Longer gradients are cut to this length (clipping); 0 for no limit.",
    "objective": "What is minimised.",
    "beta": "Weight of the KL. 1 is the ELBO; more: smoother codes, blurrier images.",
    "beta_warmup": "Epochs over which β grows from 0: against codes that never get used.",
    "gamma": "Weight of |KL − C| (capacity) or of −log q(z∣x) (aevb).",
    "capacity": "C at its end, in nats: what a code may cost.",
    "capacity_epochs": "Epochs over which C grows from 0; 0 for all.",
    "alpha": "InfoVAE's α: 1 − α weighs the KL.",
    "mmd_weight": "λ: weight of the maximum mean discrepancy between codes and prior.",
    "samples": "k: codes drawn for each image (iwae). Tighter bound, k times the work.",
    "sparsity": "λ: weight of Σ|z|, which drives most numbers of a code to 0.",
    "noise": "What spoils the encoder's input, while the clean image is the target (denoising).",
    "noise_level": "Its standard deviation in pixel values 0–1, or the share of pixels.",
    "rotate": "Augmentation: images are turned by up to so many degrees.",
    "scale": "Augmentation: images are made up to so much smaller or larger (0.1 is 10 %).",
    "flip": "Augmentation: half of the images are mirrored.",
    "start_from": "Fine-tuning: the model whose weights are the beginning.",
    "freeze": "Fine-tuning: the part that keeps its weights.",
    "seed": "Where the random numbers start. Same seed, same choices: the same model.",
    "device": "What computes: the processor (cpu) or a graphics card. auto takes the fastest.",
    "precision": "bf16 is faster where the hardware knows it; auto measures whether it is.",
}

# Which objectives read which of the options that not all of them read.
USED_BY: dict[str, tuple[Objective, ...]] = {
    "beta": ("elbo", "beta-tcvae", "aevb"),
    "beta_warmup": ("elbo", "beta-tcvae", "aevb"),
    "gamma": ("capacity", "aevb"),
    "capacity": ("capacity",),
    "capacity_epochs": ("capacity",),
    "alpha": ("info-vae",),
    "mmd_weight": ("wae-mmd", "info-vae"),
    "samples": ("iwae",),
    "sparsity": ("autoencoder",),
}

# Options that another one makes idle: read only while that one has one of these values.
READ_WITH: dict[str, tuple[str, tuple[Any, ...]]] = {
    "noise_level": ("noise", tuple(kind for kind in CORRUPTIONS if kind != "none")),
    "lr_patience": ("lr_schedule", ("plateau",)),
}
