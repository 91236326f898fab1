"""The optimiser: Adam of the parts that learn, its rate, and its moments saved and restored."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim.adam import adam

from vae.config import Config
from vae.errors import VaeError
from vae.model import VAE


class Adam:
    """Adam (Kingma & Ba, 2015), or AdamW where weights decay (Loshchilov & Hutter, 2019).

    The steps are PyTorch's. Its class of that name is not used, for making one loads PyTorch's
    compiler: a second of a processor's time in each training.

    Attributes:
        parameters: what learns, all on one device.
        weight_decay: decoupled; 0 for none.
    """

    def __init__(self, parameters: Iterable[Tensor], rate: float, weight_decay: float) -> None:
        self.parameters, self.weight_decay = list(parameters), weight_decay
        device = self.parameters[0].device
        self._fused = device.type != "mps"
        # A CUDA graph of the step reads its rate, and counts its steps, on the device.
        aside = device if device.type == "cuda" else torch.device("cpu")
        self._rate = torch.tensor(rate, device=aside) if device.type == "cuda" else rate
        self._steps = [torch.zeros((), device=aside) for _ in self.parameters]
        self._means = [torch.zeros_like(p) for p in self.parameters]
        self._squares = [torch.zeros_like(p) for p in self.parameters]

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return float(self._rate)

    @rate.setter
    def rate(self, rate: float) -> None:
        if isinstance(self._rate, Tensor):
            self._rate.fill_(rate)
        else:
            self._rate = rate

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Follow the gradients, which every parameter has."""
        adam(
            self.parameters,
            [p.grad for p in self.parameters if p.grad is not None],
            self._means,
            self._squares,
            [],
            self._steps,
            fused=self._fused,
            decoupled_weight_decay=self.weight_decay > 0,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self._rate,
            weight_decay=self.weight_decay,
            eps=1e-8,
            maximize=False,
        )

    def tensors(self) -> dict[str, Tensor]:
        """Its moments and counts themselves, keyed ``"<parameter index>.<name>"``."""
        columns = {"step": self._steps, "exp_avg": self._means, "exp_avg_sq": self._squares}
        return {f"{i}.{name}": t for name, column in columns.items() for i, t in enumerate(column)}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take over saved :meth:`tensors`, as copies; of none, from before its first step, nothing.

        Raises:
            VaeError: if they are not those of its parameters.
        """
        own = self.tensors()
        if tensors and {k: t.shape for k, t in tensors.items()} != {
            k: t.shape for k, t in own.items()
        }:
            raise VaeError("The checkpoint's optimiser does not belong to this configuration.")
        for key, tensor in tensors.items():
            own[key].copy_(tensor)


def make_optimizer(model: VAE, config: Config) -> Adam:
    """Adam of the parts that are not frozen."""
    training = config.training
    if training.freeze != "none":
        getattr(model, training.freeze).requires_grad_(False)
    learning = (parameter for parameter in model.parameters() if parameter.requires_grad)
    return Adam(learning, training.lr, training.weight_decay)
