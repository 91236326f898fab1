"""The optimiser: Adam of the parts that learn, its rate, and its moments saved and restored."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vae.config import Config
from vae.errors import VaeError
from vae.model import VAE

_MOMENTS = ("exp_avg", "exp_avg_sq")  # of Adam and AdamW


def make_optimizer(model: VAE, config: Config) -> torch.optim.Optimizer:
    """Adam (Kingma & Ba, 2015), or AdamW where weights decay (Loshchilov & Hutter, 2019), of the
    parts that are not frozen.
    """
    training = config.training
    if training.freeze != "none":
        getattr(model, training.freeze).requires_grad_(False)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    device = next(model.parameters()).device
    # A CUDA graph of the step reads its rate, and counts its steps, on the device.
    lr = torch.tensor(training.lr, device=device) if device.type == "cuda" else training.lr
    how: dict[str, Any] = {"fused": device.type != "mps", "capturable": device.type == "cuda"}
    if training.weight_decay:
        return torch.optim.AdamW(learning, lr=lr, weight_decay=training.weight_decay, **how)
    return torch.optim.Adam(learning, lr=lr, **how)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """The rate of the next step."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The moments of an optimiser, keyed ``"<parameter index>.<name>"``."""
    states = optimizer.state_dict()["state"].items()
    return {f"{index}.{key}": value for index, state in states for key, value in state.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put copies of saved moments, keyed ``"<parameter index>.<name>"``, into a fresh Adam.

    Raises:
        VaeError: if they are not those of its parameters; of none, before the first step.
    """
    shapes = [p.shape for group in optimizer.param_groups for p in group["params"]]
    wanted = {f"{i}.{name}": shape for i, shape in enumerate(shapes) for name in _MOMENTS}
    wanted |= {f"{i}.step": torch.Size() for i in range(len(shapes))}
    if tensors and {key: tensor.shape for key, tensor in tensors.items()} != wanted:
        raise VaeError("The checkpoint's optimiser does not belong to this configuration.")
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition(".")
        # clone: it would be changed in place with every step
        state.setdefault(int(index), {})[name] = tensor.clone()
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
