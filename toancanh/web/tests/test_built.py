"""Assets are found by their plain names, and what is missing says what to do."""

import json
import os
from pathlib import Path

import pytest

from toancanh.web.built import AssetsMissing, asset_file, icon_body


def test_asset_file_reads_the_manifest(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"app.js": "app-1.js"}))
    assert asset_file("app.js", manifest) == "app-1.js"


def test_asset_file_follows_a_new_build(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"app.js": "app-1.js"}))
    assert asset_file("app.js", manifest) == "app-1.js"
    manifest.write_text(json.dumps({"app.js": "app-2.js"}))
    os.utime(manifest, ns=(1, 1))
    assert asset_file("app.js", manifest) == "app-2.js"


def test_asset_file_without_a_build_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissing, match="toancanh web build"):
        asset_file("app.js", tmp_path / "manifest.json")


def test_asset_file_of_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"app.js": "app-1.js"}))
    with pytest.raises(AssetsMissing, match=r"app\.css.*app\.js"):
        asset_file("app.css", manifest)


def test_icon_body_is_a_drawing_without_a_frame() -> None:
    assert icon_body("droplet").startswith("<path")


@pytest.mark.parametrize("name", ["no-such-drawing", "../apps", ""])
def test_icon_body_of_an_unknown_name_says_how_to_add_it(name: str) -> None:
    with pytest.raises(AssetsMissing, match=r"icons\.txt"):
        icon_body(name)
