"""What stopped a training, in one sentence that says what to do."""

from __future__ import annotations

from vae.config import Config
from vae.distributed import lost
from vae.errors import VaeError

# Of PyTorch on processors and graphics cards, of its libraries, of NumPy and of the system.
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "allocate memory", "alloc_failed")
_ON_THE_CARD = ("cuda", "mps", "hip", "cublas", "cudnn")


def explained(error: Exception, config: Config) -> VaeError | None:
    """The error as a person can act on it; ``None`` if it is one that nobody foresaw."""
    if isinstance(error, VaeError):
        return error
    # torch.OutOfMemoryError is a RuntimeError; what ran out is told by its words only.
    words = str(error).lower()
    if isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError | OSError) and any(w in words for w in _OUT_OF_MEMORY)
    ):
        card = any(word in words for word in _ON_THE_CARD)
        return VaeError(
            f"The memory of the {'graphics card' if card else 'computer'} ran out: close other "
            f"programs and resume, or train anew with a smaller batch (it is "
            f"{config.training.batch_size}) or a smaller network."
        )
    return lost(error)
