"""What changes while a model learns: the learning rate, the weights of the terms, the capacity."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vae.config import ObjectiveConfig, TrainingConfig
from vae.objectives import TERMS

_LESS = 1e-4  # a smaller share of improvement is none


@dataclass
class Plateau:
    """The validation loss as ``plateau`` follows it: its best, and how long ago that was.

    Attributes:
        best: the least validation loss so far.
        waited: epochs since.
        factor: what the learning rate is multiplied by: 1, 1/2, 1/4, …
    """

    best: float = math.inf
    waited: int = 0
    factor: float = 1.0

    def note(self, loss: float, patience: int) -> None:
        """Hear of an epoch's validation loss."""
        if loss < self.best - _LESS * abs(self.best if math.isfinite(self.best) else 0.0):
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited >= patience:
            self.waited, self.factor = 0, self.factor / 2


def learning_rate(training: TrainingConfig, epoch: float, plateau: Plateau) -> float:
    """At ``epoch`` (2.5 is the middle of the third): constant, half a cosine from ``lr`` to 0 over
    the run (Loshchilov & Hutter, 2017), or halved on each plateau of the validation loss.
    """
    if training.lr_schedule == "cosine":
        return training.lr * 0.5 * (1 + math.cos(math.pi * epoch / training.epochs))
    if training.lr_schedule == "plateau":
        return training.lr * plateau.factor
    return training.lr


def beta_at(objective: ObjectiveConfig, epoch: float) -> float:
    """beta, grown from 0 in a straight line while it warms up (Sønderby et al., 2016)."""
    if objective.beta_warmup == 0:
        return objective.beta
    return objective.beta * min(1.0, epoch / objective.beta_warmup)


def capacity_at(objective: ObjectiveConfig, epoch: float, epochs: int) -> float:
    """C in nats, grown from 0 in a straight line (Burgess et al., 2018)."""
    return objective.capacity * min(1.0, epoch / (objective.capacity_epochs or epochs))


def term_weights(objective: ObjectiveConfig, epoch: float) -> dict[str, float]:
    """What each term of :data:`vae.objectives.TERMS` weighs in the loss at ``epoch``."""
    beta = beta_at(objective, epoch)
    weights = {
        "elbo": {"kl": beta},
        "capacity": {"capacity_gap": objective.gamma},
        "beta-tcvae": {"index_code_mi": 1.0, "total_correlation": beta, "dimension_kl": 1.0},
        "wae-mmd": {"mmd": objective.mmd_weight},
        "info-vae": {
            "kl": 1 - objective.alpha,
            "mmd": objective.alpha + objective.mmd_weight - 1,
        },
        "iwae": {"reconstruction": 0.0, "importance_bound": 1.0},
        "aevb": {"kl": beta, "neg_log_q": objective.gamma},
        "autoencoder": {"l1": objective.sparsity},
    }[objective.objective]
    names = TERMS[objective.objective]
    return {name: weights.get(name, 1.0 if name == "reconstruction" else 0.0) for name in names}
