"""``train NAME``: the long work, with a progress bar or as JSON."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import Any, Literal, get_args, get_origin, get_type_hints

from vae.commands import add_command, print_json
from vae.config import Config, ModelConfig, ObjectiveConfig, TrainingConfig
from vae.errors import VaeError
from vae.options import HELP
from vae.presets import DEFAULT_PRESET, PRESETS

_LOOKED_AT = 1000  # training images, for advice


def add_commands(commands: Any) -> None:
    """Add the group to the parser."""
    command = add_command(commands, "train", _train, "train a model, or go on with a stopped one")
    command.add_argument("name", help="what the model is called")
    command.add_argument(
        "--dataset", help="see: python -m vae datasets (default with --start-from: that model's)"
    )
    command.add_argument("--preset", help=f"one of {', '.join(PRESETS)} (default {DEFAULT_PRESET})")
    command.add_argument(
        "--widths",
        type=_sizes,
        metavar="SIZE,…",
        help="hidden layers (mlp) or channels (conv) of the encoder; the decoder mirrors them "
        "(default: the preset's)",
    )
    _add_choices(command)
    command.add_argument(
        "--resume", action="store_true", help="go on with a stopped run to its configured end"
    )
    command.add_argument(
        "--data",
        choices=("auto", "memory", "stream"),
        default="auto",
        help="where training images lie: in the device's memory, or read in batches; auto: if they "
        "fit. The same model either way",
    )
    command.add_argument(
        "--now", action="store_true", help="begin at once, beside other trainings on the device"
    )


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} came; whole numbers with commas between are allowed, as in 400,200."
        ) from None


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
    from vae.distributed import seat
    from vae.presets import make_config
    from vae.priority import give_way
    from vae.runs import find_run
    from vae.stops import listening
    from vae.worker import prepare, resumable, train_run, with_device

    give_way()  # before a name is taken: its setting may be wrong
    if (own := seat()) is not None and own.rank > 0:
        from vae.following import follow

        follow(own, options.name, options.data)
        return 0
    chosen = {name: getattr(options, name) for name in (*HELP, "widths")}
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
        if options.dataset is None and options.start_from:
            options.dataset = find_run(options.start_from).config.training.dataset
        if options.dataset is None:
            raise VaeError("Which data set? Say --dataset NAME; see: python -m vae datasets.")
        shape = find(options.dataset).image_shape
        if options.start_from:
            from vae.fine_tuning import check_start, inherited  # loads PyTorch

            chosen = inherited(options.start_from, {"preset": options.preset, **chosen})
        preset = chosen.pop("preset", options.preset) or DEFAULT_PRESET
        config = make_config(preset, options.dataset, shape, **chosen)
        if options.start_from:
            check_start(config)
        _check_ready(config)
        folder = prepare(options.name, config)
        _advise(config)
    if not options.json:
        print(command(folder.name, config), flush=True)
    bar = None if options.json else _Bar()
    try:
        with listening(folder) as stops:
            state = train_run(
                folder,
                config,
                bar,
                stops=stops,
                waiting=_say_waiting,
                at_turn=not options.now,
                where=options.data,
            )
    finally:
        if bar is not None:
            bar.close()
    run = find_run(options.name)
    # One that is paused may have figures of an earlier stop.
    found = (run.evaluation if state != "paused" else None) or {}
    if options.json:
        facts = {"name": run.name, "state": state, "path": str(folder)}
        print_json({**facts, "epoch": run.status.get("epoch", 0.0), **found})
    else:
        print(_result(run.name, state, run.status.get("epoch", 0.0), found))
    # A script must see that the run did not come to its configured end.
    if state == "paused" and stops.signal == signal.SIGINT:
        return 130
    return 0 if state == "done" else 1


def _say_waiting(names: list[str]) -> None:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    print(
        f"waiting for {names[0]!r}{more} on the same device; --now begins at once", file=sys.stderr
    )


def _result(name: str, state: str, epoch: float, found: dict[str, Any]) -> str:
    """How it went, for people."""
    if state == "paused":
        return f"paused at epoch {epoch:.1f}; go on with: python -m vae train {name} --resume"
    if not found:
        return "stopped before it had learned anything"
    return f"{'stopped' if state == 'cancelled' else 'done'}: {_in_words(found)}"


def _in_words(found: dict[str, Any]) -> str:
    """The evaluation's figures in one line."""
    if found["kl"] is None:
        return f"test reconstruction {found['reconstruction']:.2f} nats"
    return (
        f"test −ELBO {-found['elbo']:.2f} nats = reconstruction {found['reconstruction']:.2f} "
        f"+ KL {found['kl']:.2f}"
    )


def _check_ready(config: Config) -> None:
    """Fail before a folder is made: a name should not be used up by a typing error."""
    from vae.datasets import load
    from vae.queue import at_once

    at_once()
    if config.training.device not in ("auto", "cpu"):  # those are there
        from vae.devices import resolve_device  # loads PyTorch

        resolve_device(config.training.device)
    load(config.training.dataset, "validation")


def _advise(config: Config) -> None:
    """Say what speaks against the choices; it hinders nobody."""
    from vae.advice import advice
    from vae.datasets import load_streamed

    images = load_streamed(config.training.dataset, "train")
    for sentence in advice(images[:_LOOKED_AT], config, len(images)):
        print(f"note: {sentence}", file=sys.stderr)


class _Bar:
    """A tqdm bar in epochs, with the latest terms beside it; it begins with the first point."""

    def __init__(self) -> None:
        self._bar: Any = None

    def _begin(self, epoch: float, epochs: int) -> None:
        from tqdm import tqdm

        layout = "{l_bar}{bar}| {n:.1f}/{total} epochs [{elapsed}<{remaining}{postfix}]"
        # A resumed run begins where it stopped, or the time left would be far too short.
        first = int(epoch) if epoch > 1 else 0
        self._bar = tqdm(total=epochs, initial=first, bar_format=layout, file=sys.stderr)

    def __call__(self, point: Any, config: Config) -> None:
        if self._bar is None:
            self._begin(point.epoch, config.training.epochs)
        self._bar.set_postfix_str(
            f"{point.split} loss {point.loss:.2f} nats: "
            + ", ".join(f"{name} {value:.2f}" for name, value in point.terms.items()),
            refresh=False,
        )
        self._bar.update(point.epoch - self._bar.n)

    def close(self) -> None:
        """End the line of the bar, so that what follows begins a new one."""
        if self._bar is not None:
            self._bar.close()
