"""Single precision or bfloat16: measured on this machine with the step that trains."""

from __future__ import annotations

import time
from dataclasses import replace

import torch

from vae.config import Config, Precision
from vae.config_json import config_to_json
from vae.devices import resolve_device
from vae.files import write_json
from vae.model import VAE
from vae.optimizer import make_optimizer
from vae.runs import Run
from vae.step import Stepper

_LEAST_GAIN = 1.15  # a smaller one is not worth the digits
_SECONDS = 0.8
_WARM_STEPS = 5  # libraries set themselves up, a CUDA graph is captured
_LEAST_ROUNDS = 3


def with_precision(config: Config) -> Config:
    """The configuration with a precision of ``"auto"`` decided.

    Two measurements may differ: keep the answer, or a resumed run would go on otherwise.

    Raises:
        VaeError: for a device that is not there.
    """
    if config.training.precision != "auto":
        return config
    device = resolve_device(config.training.device)
    gains = knows_bfloat16(device) and gain(config, device) >= _LEAST_GAIN
    return _of(config, "bf16" if gains else "fp32")


def keep_precision(run: Run, config: Config) -> Config:
    """As :func:`with_precision`, and written into the run's ``config.json``.

    Raises:
        VaeError: for a device that is not there, or if it cannot be written.
    """
    config = with_precision(config)
    kept = run.config  # its device, perhaps not that of today
    training = replace(kept.training, precision=config.training.precision)
    write_json(run.path / "config.json", config_to_json(replace(kept, training=training)))
    return config


def knows_bfloat16(device: torch.device) -> bool:
    """Whether the processor has instructions for bfloat16; without them it is never faster."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        cpu = torch.cpu.get_capabilities()
        return any(cpu.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return False


def gain(config: Config, device: torch.device) -> float:
    """How many times as fast a step in bfloat16 is: steps of both in turn, for about a second.

    On a CPU in its own seconds, and the least time of each, for others may be at work there too.
    """
    size = config.training.batch_size
    drawn = torch.Generator().manual_seed(0)
    images = torch.randint(
        256, (size, *config.model.image_shape), dtype=torch.uint8, generator=drawn
    ).to(device)
    steppers = [_stepper(_of(config, precision), device) for precision in ("fp32", "bf16")]
    for stepper in steppers:
        for step in range(_WARM_STEPS):
            _seconds(stepper, images, step)
    times: list[list[float]] = []
    begun = time.perf_counter()
    while len(times) < _LEAST_ROUNDS or time.perf_counter() - begun < _SECONDS:
        times.append([_seconds(stepper, images, len(times)) for stepper in steppers])
    single, half = (min(column) for column in zip(*times, strict=True))
    return single / half


def _of(config: Config, precision: Precision) -> Config:
    return replace(config, training=replace(config.training, precision=precision))


def _stepper(config: Config, device: torch.device) -> Stepper:
    with torch.random.fork_rng(devices=[]):
        model = VAE(config.model).to(device).train()
    return Stepper(config, model, make_optimizer(model, config), config.training.batch_size)


def _seconds(stepper: Stepper, images: torch.Tensor, step: int) -> float:
    clock = time.process_time if images.device.type == "cpu" else time.perf_counter
    begun = clock()
    stepper(images, epoch=0, step=step, progress=0.0).tolist()  # waits for the device
    return clock() - begun
