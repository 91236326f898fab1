"""Weights and training state as safetensors: whole files, checked shapes, no pickle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from vae.errors import VaeError
from vae.files import write_atomic


def save_weights(model: nn.Module, path: Path, durable: bool = True) -> None:
    """Write a model's parameters and buffers, atomically (see :func:`vae.files.write_atomic`)."""
    write_atomic(path, save(_contiguous(model.state_dict())), durable)


def load_weights(model: nn.Module, path: Path) -> None:
    """Give ``model`` the tensors of ``path``, only if every name, shape and type fits.

    Raises:
        VaeError: if the file is missing, truncated, not safetensors, or of another model.
    """
    tensors, _ = read_tensors(path)
    check_tensors(tensors, model.state_dict(), path.name)
    model.load_state_dict(tensors, assign=True)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors of a safetensors file, on the CPU, and its metadata."""
    if not path.is_file():
        raise VaeError(f"There is no weights file {path}.")
    try:
        with safe_open(str(path), framework="pt") as file:
            # clone: what safetensors hands out is the mapped file itself, and whoever truncates
            # that would take down every process that still reads it.
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        raise VaeError(f"{path} is not a readable safetensors file: {error}.") from None


def check_tensors(found: dict[str, Tensor], wanted: dict[str, Tensor], name: str) -> None:
    """Refuse tensors that do not fit a model one by one.

    Raises:
        VaeError: naming the first tensor that is missing, foreign, or of another shape or type.
    """
    for key in sorted(set(found) ^ set(wanted)):
        problem = "lacks the tensor" if key in wanted else "holds a foreign tensor"
        raise VaeError(f"{name} {problem} {key!r}: it does not belong to this configuration.")
    for key, tensor in wanted.items():
        came = found[key]
        if came.shape != tensor.shape or came.dtype != tensor.dtype:
            raise VaeError(
                f"{name}: {key!r} came as {tuple(came.shape)} {came.dtype}, but this "
                f"configuration needs {tuple(tensor.shape)} {tensor.dtype}."
            )
        if not bool(torch.isfinite(came).all()):
            raise VaeError(f"{name}: {key!r} holds values that are not finite numbers.")


@dataclass(frozen=True)
class TrainingState:
    """What a resumed training needs beside its configuration.

    Random numbers need no state: they are drawn afresh from (seed, epoch, step).

    Attributes:
        epoch: whole epochs done.
        step: gradient steps done of the epoch under way.
        seen: images since the last point of the curves.
        sums: of the terms over these images.
        plateau: the state of the learning rate's schedule: best, waited, factor.
        model: weights by name.
        optimizer: moments by ``"<parameter index>.<name>"``.
    """

    epoch: int
    step: int
    seen: int
    sums: Tensor
    plateau: tuple[float, int, float]
    model: dict[str, Tensor]
    optimizer: dict[str, Tensor]


def save_training_state(path: Path, state: TrainingState) -> None:
    """Write a state, atomically."""
    tensors = {f"model.{key}": tensor for key, tensor in state.model.items()}
    tensors |= {f"optimizer.{key}": tensor for key, tensor in state.optimizer.items()}
    tensors["sums"] = state.sums
    best, waited, factor = state.plateau
    counts = {"epoch": state.epoch, "step": state.step, "seen": state.seen, "waited": waited}
    metadata = {key: str(value) for key, value in counts.items()}
    # In hexadecimal a number comes back bit for bit.
    metadata |= {"best": best.hex(), "factor": factor.hex()}
    write_atomic(path, save(_contiguous(tensors), metadata=metadata))


def load_training_state(path: Path) -> TrainingState:
    """Read what :func:`save_training_state` wrote.

    Raises:
        VaeError: if the file is missing or damaged.
    """
    tensors, metadata = read_tensors(path)
    try:
        counts = {key: int(metadata[key]) for key in ("epoch", "step", "seen", "waited")}
        best, factor = (float.fromhex(metadata[key]) for key in ("best", "factor"))
        sums = tensors.pop("sums")
    except (KeyError, ValueError, OverflowError):
        raise VaeError(f"{path} does not say how far its training came.") from None
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "optimizer": {}}
    for key, tensor in tensors.items():
        kind, _, rest = key.partition(".")
        if kind not in parts:
            raise VaeError(f"{path} holds a foreign tensor {key!r}.")
        parts[kind][rest] = tensor
    return TrainingState(
        epoch=counts["epoch"],
        step=counts["step"],
        seen=counts["seen"],
        sums=sums,
        plateau=(best, counts["waited"], factor),
        model=parts["model"],
        optimizer=parts["optimizer"],
    )


def _contiguous(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
