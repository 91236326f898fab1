"""A loaded model on the fastest processor there is: a GPU with a stream of its own, or the CPU."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from vae.inference import FARTHEST, to_float, to_pixels
from vae.model import VAE
from vae.serve.batching import MOST_ROWS, Forward

log = logging.getLogger(__name__)


def forwards(model: VAE) -> tuple[Forward, Forward]:
    """How ``model`` is asked here, NumPy in and out: to decode and to encode.

    The first takes z (n, d) float32 and gives pixels (n, H, W, C) uint8, the second takes pixels
    and gives mean and log-variance (n, 2, d) float32. Each may be called by one thread at a time.
    """
    if torch.cuda.is_available():
        try:
            decode_gpu, encode_gpu = _on_gpu(model)
            # The largest passes that there will be: what they need is had now, or not at all.
            decode_gpu(np.zeros((MOST_ROWS, model.config.latent_dim), np.float32))
            encode_gpu(np.zeros((MOST_ROWS, *model.config.image_shape), np.uint8))
            return decode_gpu, encode_gpu
        except RuntimeError as error:  # a training fills its memory, or the driver is too old
            log.warning("Decoding on the CPU, because the GPU says: %s", str(error).split("\n")[0])
    return partial(_on_cpu, partial(decode, model)), partial(_on_cpu, partial(encode, model))


def decode(model: VAE, z: Tensor) -> Tensor:
    """z (n, d) float32 -> pixels (n, H, W, C) uint8, all on the model's device."""
    return to_pixels(model.decode(z.clamp(-FARTHEST, FARTHEST)))


def encode(model: VAE, images: Tensor) -> Tensor:
    """pixels (n, H, W, C) uint8 -> mean and log-variance (n, 2, d), all on the model's device."""
    return torch.stack(model.encode(to_float(images)), dim=1)


@torch.inference_mode()
def _on_cpu(function: Callable[[Tensor], Tensor], rows: np.ndarray) -> np.ndarray:
    # copy: a frame received from the network is read-only
    return function(torch.from_numpy(rows.copy())).numpy()


def _on_gpu(model: VAE) -> tuple[Forward, Forward]:
    """Both, with everything but the bytes of questions and answers kept on the GPU.

    In full float32: bf16 moves pixels of trained models by up to 7 grey levels (measured), and
    TF32 keeps three bits more.
    """
    torch.backends.cudnn.allow_tf32 = False
    model = copy.deepcopy(model).to("cuda")
    # Passes wait for nothing but themselves, whatever else this process does on the GPU.
    stream = torch.cuda.Stream()
    torch.cuda.synchronize()  # the weights have arrived
    ask = partial(_over, stream)
    return partial(ask, partial(decode, model)), partial(ask, partial(encode, model))


@torch.inference_mode()
def _over(
    stream: torch.cuda.Stream, function: Callable[[Tensor], Tensor], rows: np.ndarray
) -> np.ndarray:
    # Page-locked memory on both ways: the GPU fetches and delivers without the CPU's copying.
    # PyTorch keeps such memory for the next pass.
    question = torch.from_numpy(rows.copy()).pin_memory()
    with torch.cuda.stream(stream):
        result = function(question.to(stream.device, non_blocking=True))
        answer = torch.empty(result.shape, dtype=result.dtype, pin_memory=True)
        answer.copy_(result, non_blocking=True)
        stream.synchronize()
    return answer.numpy()
