"""The command line: ``python -m vae models | datasets | train | evaluate | sweep | export | …``."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from typing import NoReturn

# Before PyTorch loads OpenMP: threads that spin while they wait slow everything else on a laptop,
# the live decode first of all.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from vae.commands import datasets, maps, models, sweep, training
from vae.errors import VaeError


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, as every other error is said; exit status 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help).\n")


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = Parser(
        prog="python -m vae", description="Train, inspect and evaluate variational autoencoders."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for group in (models, datasets, training, sweep, maps):
        group.add_commands(commands)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 only on success, errors in one sentence on stderr."""
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except VaeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: stopped by the keyboard.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output (head, say) has left: nothing more to say, nothing went wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def process() -> NoReturn:
    """:func:`main` as a process of its own.

    Imported libraries make hundreds of thousands of objects that stay. To look through them for
    garbage every 700 new ones, and at the end again, takes a quarter of the processor time of
    ``evaluate digits-2d`` (measured: 2.8 s, and 2.1 s without).
    """
    gc.set_threshold(100_000)
    status = main()
    gc.freeze()  # the system takes them all back at once
    sys.exit(status)


if __name__ == "__main__":
    process()
