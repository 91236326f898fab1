"""The loader of the browser parts: one registration a module, an address that follows the files."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from pages import components


def test_the_address_changes_with_the_files(tmp_path, monkeypatch):
    monkeypatch.setattr(components, "FOLDER", tmp_path)
    addresses = set()
    for text in ("export const a = 1;", "export const a = 2;"):
        (tmp_path / "part.js").write_text(text)
        components.version.cache_clear()
        addresses.add(components.version())
    components.version.cache_clear()
    assert len(addresses) == 2
    assert all(re.fullmatch(r"[0-9a-f]{16}", address) for address in addresses)


def test_an_unknown_module_is_an_error_that_names_the_others():
    with pytest.raises(ValueError, match=r"explore, .*hand, .*interpolate"):
        components.mount("nothing", key="x", data={})


def test_every_import_between_the_modules_leads_to_a_file():
    for file in components.FOLDER.glob("*.js"):
        for name in re.findall(r'from "(.+?)"', file.read_text()):
            assert (file.parent / name).is_file(), f"{file.name} imports {name}"


def test_nothing_is_fetched_from_elsewhere():
    for file in (*components.FOLDER.glob("*.js"), *components.FOLDER.glob("*.css")):
        addresses = re.findall(r"https?://[^\s\"'`)]+", file.read_text())
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}, file.name


def test_a_component_mounts_in_a_script():
    app = AppTest.from_string(
        "from pages.components import mount\nmount('explore', key='x', data={'z': [0.0]})"
    )
    assert not app.run().exception
