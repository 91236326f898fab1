"""The layers: app → pages → vae, streamlit above vae only, starlette in vae.serve only."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([ROOT / "app.py", *(ROOT / "vae").rglob("*.py"), *(ROOT / "pages").rglob("*.py")])

SCRIPTS = sorted((ROOT / "pages" / "components").glob("*.js"))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def _packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in _imports(path)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    packages, where = _packages(path), path.relative_to(ROOT).parts
    if where[0] == "vae":
        assert not packages & {"streamlit", "pages", "app"}
        if where[1] != "serve":
            assert not packages & {"starlette", "uvicorn", "websockets"}
    if where[0] == "pages":
        assert not packages & {"app", "starlette"}
    assert "pickle" not in packages
    assert "tests" not in packages


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_one_concept(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 250
    assert ast.get_docstring(ast.parse(source)), "a module says what it is for"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_has_one_concept(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 250
    assert source.startswith("/**"), "a module says what it is for"


def test_nothing_is_loaded_from_elsewhere_at_run_time() -> None:
    for path in [*(ROOT / "pages").rglob("*.js"), *(ROOT / "pages").rglob("*.css"), *SOURCES]:
        text = path.read_text(encoding="utf-8")
        for word in ("cdn.", "unpkg", "jsdelivr", "googleapis"):
            assert word not in text, f"{path} speaks of {word}"


def test_import_vae_is_light() -> None:
    code = (
        "import sys, vae; print([m for m in ('torch', 'sklearn', 'streamlit') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_are_there() -> None:
    import vae

    for name in vae.__all__:
        assert getattr(vae, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = vae.nothing
