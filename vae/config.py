"""What a model is, what it minimises and how it is fitted: frozen dataclasses, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from vae.errors import VaeError

Network = Literal["mlp", "conv"]
Activation = Literal["relu", "linear"]
Posterior = Literal["gaussian", "point"]
Likelihood = Literal["bernoulli", "gaussian"]
Init = Literal["default", "normal-0.02"]
Objective = Literal[
    "elbo", "capacity", "beta-tcvae", "wae-mmd", "info-vae", "iwae", "aevb", "autoencoder"
]
Schedule = Literal["constant", "cosine", "plateau"]
Corruption = Literal["none", "gaussian", "masking", "salt-and-pepper"]
Freeze = Literal["none", "encoder", "decoder"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "fp32", "bf16"]

# The log-variance that stands for "none" where a code is a point: sigma = 3e-7.
POINT_LOGVAR = -30.0

# Bounds that keep a typing error, or a hostile file, from asking for terabytes.
_MAX_LATENT = 1024
_MAX_WIDTH = 8192
_MAX_SIDE = 512


def _check_choices(instance: Any) -> None:
    """Every ``Literal`` field holds one of its choices."""
    for name, hint in get_type_hints(type(instance)).items():
        if get_origin(hint) is Literal and getattr(instance, name) not in get_args(hint):
            _check(False, name, getattr(instance, name), ", ".join(map(str, get_args(hint))))


def _check(holds: bool, name: str, value: Any, allowed: str) -> None:
    if not holds:
        raise VaeError(f"{name} is {value}, but allowed is: {allowed}.")


@dataclass(frozen=True)
class ModelConfig:
    """The shape of the networks.

    Attributes:
        network: ``"mlp"`` (fully connected) or ``"conv"`` (strided convolutions).
        widths: hidden layer sizes (mlp; none is one linear map) or channels of the strided stages
            (conv), encoder order; the decoder mirrors them.
        latent_dim: dimensions of z.
        image_shape: (H, W, C) in pixels; C is 1 (grey) or 3 (colour).
        likelihood: ``"bernoulli"`` (BCE, pixels in 0–1) or ``"gaussian"`` (unit variance, MSE).
        init: PyTorch's default, or weights N(0, 0.02²) with zero biases.
        activation: between layers: ``"relu"``, or ``"linear"`` for none.
        posterior: ``"gaussian"``, q(z|x) = N(mu, diag(sigma²)); or ``"point"``, a plain
            autoencoder: the code is mu itself, and there is no KL.
    """

    network: Network
    widths: tuple[int, ...]
    latent_dim: int
    image_shape: tuple[int, int, int]
    likelihood: Likelihood = "bernoulli"
    init: Init = "default"
    activation: Activation = "relu"
    posterior: Posterior = "gaussian"

    def __post_init__(self) -> None:
        _check_choices(self)
        _check(1 <= self.latent_dim <= _MAX_LATENT, "latent_dim", self.latent_dim, "1 to 1024")
        least = 0 if self.network == "mlp" else 1
        _check(
            least <= len(self.widths) <= 8 and all(1 <= w <= _MAX_WIDTH for w in self.widths),
            "widths",
            self.widths,
            f"{least} to 8 layers of 1 to 8192",
        )
        height, width, channels = self.image_shape
        _check(
            1 <= height <= _MAX_SIDE and 1 <= width <= _MAX_SIDE and channels in (1, 3),
            "image_shape",
            self.image_shape,
            "height and width from 1 to 512, and 1 or 3 channels",
        )


@dataclass(frozen=True)
class ObjectiveConfig:
    """What is minimised: terms in nats per image, weighted (see :mod:`vae.objectives`).

    Attributes:
        objective: which relative of the negative ELBO.
        beta: weight of the KL; of the total correlation in ``"beta-tcvae"``.
        beta_warmup: epochs over which beta grows from 0 in a straight line; 0 for none.
        gamma: weight of abs(KL - C) in ``"capacity"``, of -log q(z|x) in ``"aevb"``.
        capacity: C at its end, in nats (``"capacity"``).
        capacity_epochs: epochs over which C grows from 0 in a straight line; 0 for all of them.
        alpha: InfoVAE's alpha: 1 - alpha weighs the KL.
        mmd_weight: lambda of the maximum mean discrepancy (``"wae-mmd"``, ``"info-vae"``; there
            at least 1 - alpha, for alpha + lambda - 1 weighs it).
        samples: k of ``"iwae"``.
        sparsity: weight of the code's L1 norm (``"autoencoder"``).
    """

    objective: Objective = "elbo"
    beta: float = 1.0
    beta_warmup: float = 0.0
    gamma: float = 0.0
    capacity: float = 25.0
    capacity_epochs: float = 0.0
    alpha: float = 0.0
    mmd_weight: float = 10.0
    samples: int = 1
    sparsity: float = 0.0

    def __post_init__(self) -> None:
        _check_choices(self)
        _check(0 <= self.beta <= 1000, "beta", self.beta, "0 to 1000")
        _check(0 <= self.beta_warmup <= 100_000, "beta_warmup", self.beta_warmup, "0 to 100000")
        _check(-1e6 <= self.gamma <= 1e6, "gamma", self.gamma, "-1000000 to 1000000")
        _check(0 <= self.capacity <= 10_000, "capacity", self.capacity, "0 to 10000 nats")
        epochs = self.capacity_epochs
        _check(0 <= epochs <= 100_000, "capacity_epochs", epochs, "0 to 100000")
        _check(-1000 <= self.alpha <= 1, "alpha", self.alpha, "-1000 to 1")
        # Below that, InfoVAE would be paid for codes unlike the prior.
        least = 1 - self.alpha if self.objective == "info-vae" else 0
        allowed = f"{least:g} to 1000000" + (" (from 1 - alpha)" if least else "")
        _check(least <= self.mmd_weight <= 1e6, "mmd_weight", self.mmd_weight, allowed)
        _check(1 <= self.samples <= 1000, "samples", self.samples, "1 to 1000")
        _check(0 <= self.sparsity <= 1e6, "sparsity", self.sparsity, "0 to 1000000")


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is fitted.

    Attributes:
        dataset: a name of :data:`vae.datasets.DATASETS`.
        epochs: passes over its training images.
        batch_size: images per gradient step.
        lr: Adam's learning rate.
        lr_schedule: constant; half a cosine to 0; or halved on a plateau of the validation loss.
        lr_patience: epochs without improvement before the rate is halved (plateau); counted once
            beta and C have grown (:attr:`Config.growing_epochs`).
        weight_decay: decoupled (AdamW; Loshchilov & Hutter, 2019); 0 for none.
        clip_norm: the gradient's largest norm; 0 for no clipping.
        rotate: augmentation: up to so many degrees either way.
        scale: augmentation: up to so much smaller or larger (0.1 is 10 %).
        flip: augmentation: left and right exchanged in half of the images.
        noise: what spoils the input, while the clean image is the target (denoising).
        noise_level: its standard deviation in pixel values 0–1 (gaussian), or the share of pixels.
        start_from: the model whose weights are the beginning (fine-tuning); empty for fresh ones.
        freeze: which part keeps its weights.
        seed: of weights, order and noise.
        device: what computes.
        precision: single, or bfloat16 where it is safe (autocast); ``"auto"`` measures.
    """

    dataset: str
    epochs: int = 20
    batch_size: int = 128
    lr: float = 1e-3
    lr_schedule: Schedule = "constant"
    lr_patience: int = 5
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    rotate: float = 0.0
    scale: float = 0.0
    flip: bool = False
    noise: Corruption = "none"
    noise_level: float = 0.3
    start_from: str = ""
    freeze: Freeze = "none"
    seed: int = 0
    device: Device = "auto"
    precision: Precision = "fp32"

    def __post_init__(self) -> None:
        _check_choices(self)
        _check(1 <= self.epochs <= 100_000, "epochs", self.epochs, "1 to 100000")
        _check(1 <= self.batch_size <= 65_536, "batch_size", self.batch_size, "1 to 65536")
        _check(0 < self.lr <= 1, "lr", self.lr, "above 0, at most 1")
        _check(1 <= self.lr_patience <= 1000, "lr_patience", self.lr_patience, "1 to 1000")
        _check(0 <= self.weight_decay <= 10, "weight_decay", self.weight_decay, "0 to 10")
        _check(0 <= self.clip_norm <= 1e9, "clip_norm", self.clip_norm, "0 to 1000000000")
        _check(0 <= self.rotate <= 180, "rotate", self.rotate, "0 to 180 degrees")
        _check(0 <= self.scale <= 0.9, "scale", self.scale, "0 to 0.9")
        _check(0 <= self.noise_level <= 1, "noise_level", self.noise_level, "0 to 1")
        _check(0 <= self.seed < 2**31, "seed", self.seed, "0 to 2147483647")


@dataclass(frozen=True)
class Config:
    """A model, its objective and its training: the content of a run's ``config.json``.

    Raises:
        VaeError: where the three do not fit each other.
    """

    preset: str
    model: ModelConfig
    training: TrainingConfig
    objective: ObjectiveConfig = ObjectiveConfig()

    def __post_init__(self) -> None:
        point, kind = self.model.posterior == "point", self.objective.objective
        if point != (kind == "autoencoder"):
            raise VaeError(
                f"The objective {kind!r} and the posterior {self.model.posterior!r} do not fit: "
                "a point code goes with the objective autoencoder, and only with it."
            )
        if self.training.freeze != "none" and not self.training.start_from:
            raise VaeError(
                f"freeze is {self.training.freeze!r}, but nothing was learned yet that could be "
                "kept: say which model to start from."
            )

    @property
    def growing_epochs(self) -> float:
        """Epochs over which beta or C grows: the losses of two of them do not compare."""
        if self.objective.objective == "capacity":
            return self.objective.capacity_epochs or self.training.epochs
        return self.objective.beta_warmup
