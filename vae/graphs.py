"""A gradient step as one CUDA graph: launched at once instead of kernel by kernel.

A small VAE's kernels take less time than their launches; replaying the graph of a whole step
leaves one launch of them all (https://pytorch.org/blog/accelerating-pytorch-with-cuda-graphs).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from torch import Tensor

log = logging.getLogger(__name__)

# Steps before the capture: libraries set themselves up and the optimiser makes its moments.
_WARM_STEPS = 3

Compute = Callable[[], Tensor]


def on_a_side_stream(compute: Compute) -> Tensor:
    """Compute as a capture is to do it later, but at once."""
    main, side = torch.cuda.current_stream(), torch.cuda.Stream()
    side.wait_stream(main)
    with torch.cuda.stream(side):
        answer = compute()
    main.wait_stream(side)
    return answer


def capture(compute: Compute) -> Compute:
    """A function that does what ``compute`` does, by its graph; here nothing is computed yet.

    Raises:
        RuntimeError: if it waits for the device, or does something else that no graph can hold.
    """
    graph = torch.cuda.CUDAGraph()
    # Other threads, such as one that reads images, may go on with what they do.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        answer = compute()

    def replay() -> Tensor:
        graph.replay()
        return answer

    return replay


class GraphedStep:
    """Calls a step: its first times and for batches of other sizes as it is, else by its graph.

    Its answer is overwritten by the next call. Where no graph can be had, one line in the log says
    so, and every call is made as it is.

    Args:
        step: takes tensors on the device, whose shapes change with the batch's size alone; the
            first one holds the batch. It changes nothing but tensors in place.
        size: images in a full batch.
        capture, first: as :func:`capture` and :func:`on_a_side_stream`.
    """

    def __init__(
        self,
        step: Callable[..., Tensor],
        size: int,
        capture: Callable[[Compute], Compute] = capture,
        first: Callable[[Compute], Tensor] = on_a_side_stream,
    ) -> None:
        self._step, self._size, self._capture, self._first = step, size, capture, first
        self._warm = 0
        self._inputs: list[Tensor] = []  # what the graph reads
        self._replay: Compute | None = None

    def __call__(self, *inputs: Tensor) -> Tensor:
        """The step's answer to ``inputs``."""
        if len(inputs[0]) != self._size:
            return self._step(*inputs)
        if self._warm < _WARM_STEPS:
            self._warm += 1
            return self._first(lambda: self._step(*inputs))
        if self._replay is None:
            self._replay = self._try_to_capture(inputs)
        if self._replay is None:
            return self._step(*inputs)
        for static, given in zip(self._inputs, inputs, strict=True):
            static.copy_(given)
        return self._replay()

    def _try_to_capture(self, inputs: tuple[Tensor, ...]) -> Compute | None:
        self._inputs = [given.clone() for given in inputs]
        try:
            return self._capture(lambda: self._step(*self._inputs))
        except RuntimeError as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            log.warning("No CUDA graph of the training step, which is slower now: %s", reason)
            self._inputs, self._size = [], -1  # no batch has this size: never again
            return None
