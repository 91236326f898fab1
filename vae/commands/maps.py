"""``map NAME``: fit a map of a model's codes, or several that differ in perplexity."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, NoReturn, get_args

from vae.commands import add_command, print_json
from vae.errors import VaeError
from vae.map_params import LETTERS, MapParams, Method, Metric, map_id

_CANCELLED = "The fit was cancelled; a map that was not done is not stored."


def add_commands(commands: Any) -> None:
    """Add the group to the parser."""
    default = MapParams()
    command = add_command(commands, "map", _map, "fit a t-SNE or UMAP map of a model's codes")
    command.add_argument("name", help="the model")
    command.add_argument("--method", default="tsne", choices=[*get_args(Method), "pca"])
    command.add_argument("--points", type=int, help=f"codes to place (default {default.points})")
    command.add_argument(
        "--perplexity",
        type=float,
        nargs="+",
        help="t-SNE: about how many neighbours count (default 30); several make a map of each",
    )
    command.add_argument(
        "--early-exaggeration", type=float, help="t-SNE: pull of neighbours at first (default 12)"
    )
    command.add_argument(
        "--neighbours", type=int, help="UMAP: how many nearest codes count (default 15)"
    )
    command.add_argument(
        "--min-dist", type=float, help="UMAP: how near points may come, 0 to 1 (default 0.1)"
    )
    command.add_argument("--metric", choices=get_args(Metric), help="default euclidean")
    command.add_argument("--seed", type=int, help="default 0")


def _map(options: argparse.Namespace) -> int:
    from vae.maps import load_map
    from vae.runs import find_run

    grid = _grid(options)
    run = find_run(options.name)
    found = _fit(run, grid, quiet=options.json) if grid else [load_map(run, options.method)]
    if options.json:
        facts = [{"name": run.name, "map": one.id, **one.facts} for one in found]
        print_json(facts[0] if len(facts) == 1 else facts)
        return 0
    for one in found:
        print(f"map {one.id!r} of {run.name!r}: {one.facts['n']} points")
        for name, value in one.facts.get("quality", {}).items():
            print(f"  {name} {value if value is None else round(value, 4)}")
    return 0


def _grid(options: argparse.Namespace) -> list[MapParams]:
    """The maps that are asked for; none of PCA, which is never fitted."""
    names = {name for letters in LETTERS.values() for name in letters.values()}
    heeded = LETTERS.get(options.method, {}).values()
    chosen = {name: value for name in names if (value := getattr(options, name)) is not None}
    for name in sorted(chosen.keys() - set(heeded)):
        raise VaeError(
            f"--{name.replace('_', '-')} is none of {options.method}'s options"
            + (f": {', '.join('--' + n.replace('_', '-') for n in heeded)}." if heeded else ".")
        )
    if options.method == "pca":
        return []
    perplexities = chosen.pop("perplexity", [MapParams().perplexity])
    grid = [
        MapParams(**chosen, method=options.method, perplexity=perplexity)
        for perplexity in perplexities
    ]
    return list({map_id(params): params for params in grid}.values())


def _fit(run: Any, grid: list[MapParams], quiet: bool) -> list[Any]:
    from tqdm import tqdm

    from vae.map_worker import run_grid, run_map

    with tqdm(desc=grid[0].method, unit="iteration", delay=0.1, disable=quiet) as bar:

        def report(step: Any) -> None:
            bar.total = step.total
            bar.update(step.iteration - bar.n)

        if len(grid) > 1:
            maps = run_grid(run, grid, report, _abort)
        else:
            found = run_map(run, grid[0], report, _abort)
            maps = None if found is None else [found]
    if maps is None:
        raise VaeError(_CANCELLED)
    return maps


def _abort() -> NoReturn:
    """End this process in the midst of a computation that cannot be told to stop."""
    print(f"error: {_CANCELLED}", file=sys.stderr, flush=True)
    os._exit(1)
