"""``train NAME``: the long work, with a progress bar or as JSON."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Literal, get_args, get_origin, get_type_hints

from vae.commands import add_command, print_json
from vae.config import Config, ModelConfig, ObjectiveConfig, TrainingConfig
from vae.errors import VaeError
from vae.options import HELP
from vae.presets import DEFAULT_PRESET, PRESETS


def add_commands(commands: Any) -> None:
    """Add the group to the parser."""
    command = add_command(commands, "train", _train, "train a model, or go on with a stopped one")
    command.add_argument("name", help="what the model is called")
    command.add_argument("--dataset", help="see: python -m vae datasets")
    command.add_argument("--preset", help=f"one of {', '.join(PRESETS)} (default {DEFAULT_PRESET})")
    _add_choices(command)
    command.add_argument(
        "--resume", action="store_true", help="go on with a stopped run to its configured end"
    )


def _add_choices(command: argparse.ArgumentParser) -> None:
    """An option for each field of a configuration that can be chosen."""
    for kind in (ModelConfig, ObjectiveConfig, TrainingConfig):
        for name, hint in get_type_hints(kind).items():
            if name not in HELP:
                continue
            how: dict[str, Any] = {"type": hint}
            if get_origin(hint) is Literal:
                how = {"choices": get_args(hint)}
            elif hint is bool:
                how = {"action": argparse.BooleanOptionalAction}
            flag, words = f"--{name.replace('_', '-')}", HELP[name].replace("%", "%%")
            command.add_argument(flag, help=words, **how)


def _train(options: argparse.Namespace) -> int:
    from vae.card import command
    from vae.datasets import find
    from vae.devices import set_training_threads
    from vae.presets import make_config
    from vae.runs import find_run
    from vae.worker import prepare, resumable, train_run, with_device

    chosen = {name: getattr(options, name) for name in HELP}
    if options.resume:
        fixed = {**chosen, "dataset": options.dataset, "preset": options.preset, "device": None}
        for name, value in fixed.items():
            if value is not None:
                raise VaeError(
                    f"--{name.replace('_', '-')} cannot be changed on --resume: a run goes on "
                    "as it was configured."
                )
        run = resumable(options.name)
        folder, config = run.path, with_device(run.config, options.device)
    else:
        if options.dataset is None:
            raise VaeError("Which data set? Say --dataset NAME; see: python -m vae datasets.")
        shape = find(options.dataset).image_shape
        config = make_config(options.preset or DEFAULT_PRESET, options.dataset, shape, **chosen)
        _check_ready(config)
        folder = prepare(options.name, config)
    set_training_threads(config)
    if not options.json:
        print(command(folder.name, config))
    bar = None if options.json else _Bar(config)
    try:
        state = train_run(folder, config, bar)
    finally:
        if bar is not None:
            bar.close()
    found = find_run(options.name).evaluation or {}
    if options.json:
        print_json({"name": options.name, "state": state, "path": str(folder), **found})
    else:
        how = "stopped" if state == "cancelled" else "done"
        print(
            f"{how}: test −ELBO {-found['elbo']:.2f} nats = reconstruction "
            f"{found['reconstruction']:.2f} + KL {found['kl']:.2f}"
        )
    # A script must see that the run did not come to its configured end.
    return 0 if state == "done" else 1


def _check_ready(config: Config) -> None:
    """Fail before a folder is made: a name should not be used up by a typing error."""
    from vae.datasets import load
    from vae.devices import resolve_device

    resolve_device(config.training.device)
    load(config.training.dataset, "validation")


class _Bar:
    """A tqdm bar in epochs, with the latest terms beside it."""

    def __init__(self, config: Config) -> None:
        from tqdm import tqdm

        layout = "{l_bar}{bar}| {n:.1f}/{total} epochs [{elapsed}<{remaining}{postfix}]"
        self._bar = tqdm(total=config.training.epochs, bar_format=layout, file=sys.stderr)

    def __call__(self, point: Any, config: Config) -> None:
        self._bar.set_postfix_str(
            f"{point.split} loss {point.loss:.2f} nats: "
            + ", ".join(f"{name} {value:.2f}" for name, value in point.terms.items()),
            refresh=False,
        )
        if self._bar.n == 0 and point.epoch > 1:
            self._bar.initial = self._bar.n = int(point.epoch)
        self._bar.update(point.epoch - self._bar.n)

    def close(self) -> None:
        """End the line of the bar, so that what follows begins a new one."""
        self._bar.close()
