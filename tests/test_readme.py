"""The README is true: its map names every file, its commands parse, its dependencies are all."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from vae.__main__ import parser
from vae.presets import PRESETS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^(?:VAE_\w+=\S+ )*python -m vae (.+)$", README, re.MULTILINE)


def _mapped() -> list[str]:
    table = README.split("## Map of the files")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


def test_every_file_is_on_the_map_and_every_entry_exists() -> None:
    files = {
        str(path.relative_to(ROOT))
        for folder in ("vae", "pages", "benchmarks")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".js", ".css") and "pretrained" not in path.parts
    } | {"app.py"}
    files = {
        name
        for name in files
        # an __init__ that only says what its package is for is named by the package
        if not name.endswith("__init__.py") or (ROOT / name).stat().st_size > 400
    }
    assert files - set(_mapped()) == set()
    for entry in _mapped():
        assert (ROOT / entry).exists(), entry


def test_the_two_commands_open_the_readme() -> None:
    assert "pip install -r requirements.txt && streamlit run app.py" in README
    assert "pip install -r requirements.txt -r tests/requirements.txt && pytest" in README
    image = re.search(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert image
    assert (ROOT / image[1]).stat().st_size > 10_000
    assert README.index("![") < README.index("streamlit run app.py")


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_parse(command: str) -> None:
    words = shlex.split(command.split("#")[0].split("|")[0])
    assert parser().parse_args(words).command == words[0]


def test_there_are_commands() -> None:
    assert {command.split()[0] for command in COMMANDS} >= {"train", "evaluate", "map", "models"}


def test_every_dependency_has_its_reason() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    names = [re.split(r"[<>=~ ]", line)[0] for line in lines if line and not line.startswith("#")]
    assert names
    for name in names:
        assert re.search(rf"^\| {re.escape(name)} \| .{{10,}} \|$", README, re.MULTILINE), name


def test_every_preset_is_named() -> None:
    for name in PRESETS:
        assert f"`{name}`" in README
