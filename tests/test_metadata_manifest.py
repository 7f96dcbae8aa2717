"""What hassfest and HACS check of the manifest and the folder, as far as it can be without them."""

import ast
import json
from pathlib import Path
import re
import tomllib
from typing import Any, get_args, get_type_hints
from urllib.parse import urlsplit

from awesomeversion import AwesomeVersion

from homeassistant import components
from homeassistant.const import Platform
from homeassistant.loader import Manifest

from custom_components.ev_charging_sessions.const import DOMAIN
from tests.texts import FOLDER, ROOT, TEXTS, trees

MANIFEST: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text())
HACS: dict[str, Any] = json.loads((ROOT / "hacs.json").read_text())
CORE = Path(str(components.__file__)).parent

# Components that are part of the core of every Home Assistant, or read our file by themselves.
ALWAYS_THERE = {"automation", "conversation", "homeassistant", "repairs", "script", "system_health"}


def test_manifest() -> None:
    """Test that the manifest is complete, in order, and true."""
    keys = list(MANIFEST)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert set(keys) >= {
        "codeowners",
        "documentation",
        "integration_type",
        "iot_class",
        "issue_tracker",
        "version",
    }
    assert set(keys) <= set(get_type_hints(Manifest))
    assert MANIFEST["domain"] == FOLDER.name == DOMAIN
    assert MANIFEST["name"] == TEXTS["title"]
    assert MANIFEST["config_flow"] is True
    assert MANIFEST["integration_type"] in get_args(get_type_hints(Manifest)["integration_type"])
    assert MANIFEST["iot_class"] in {"cloud_polling", "cloud_push"}
    assert MANIFEST["codeowners"]
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    assert AwesomeVersion(MANIFEST["version"]).valid
    for key in ("documentation", "issue_tracker"):
        address = urlsplit(MANIFEST[key])
        assert address.scheme == "https"
        assert not address.netloc.endswith("home-assistant.io")
    assert not (CORE / DOMAIN).exists()


def test_words_of_the_manifest_are_those_of_the_core() -> None:
    """Test that a category and a connectivity is one that Home Assistant's own manifests use."""
    ours = {key: set(MANIFEST[key]) for key in ("categories", "connectivity")}
    left = {key: set(words) for key, words in ours.items()}
    for path in sorted(CORE.glob("*/manifest.json")):
        if not any(left.values()):
            break
        manifest = json.loads(path.read_text())
        for key, words in left.items():
            words.difference_update(manifest.get(key, ()))
    assert all(ours.values())
    assert not any(left.values()), left


def test_requirements_are_those_of_the_tests() -> None:
    """Test that what Home Assistant installs is pinned, and is what the tests use."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for requirement in MANIFEST["requirements"]:
        assert re.fullmatch(r"[\w-]+==[\w.]+", requirement)
        assert requirement in project["dependency-groups"]["dev"]


def test_components_in_use_are_declared() -> None:
    """Test that every component that is imported is set up before this one.

    One whose platform this integration has is never asked for it before it is there.
    """
    dependencies = MANIFEST.get("dependencies", [])
    after_dependencies = MANIFEST.get("after_dependencies", [])
    assert not set(dependencies) & set(after_dependencies)
    declared = {*dependencies, *after_dependencies}
    assert all((CORE / name / "manifest.json").exists() for name in declared)
    platforms = {name for name in map(str, Platform) if (FOLDER / f"{name}.py").exists()}
    used = {(path, name) for path, tree in trees().items() for name in _components(tree)}
    undeclared = {
        f"{path}: {name}"
        for path, name in used
        if name not in declared | platforms | ALWAYS_THERE and path.stem != name
    }
    assert not undeclared


def _components(tree: ast.Module) -> set[str]:
    """Return the components that a module imports, in whatever way."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{each.name}" for each in node.names]
        else:
            continue
        parts = [name.split(".") for name in names]
        found |= {each[2] for each in parts if each[:2] == ["homeassistant", "components"]}
    return found


def test_the_ground_floor_knows_no_home_assistant() -> None:
    """Test that nothing below ``charging`` imports Home Assistant or the upper floor."""
    for path, tree in trees().items():
        if path.parts[0] != "charging":
            continue
        for node in ast.walk(tree):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
                assert node.level < len(path.parts), path
            assert not any(name.split(".")[0] == "homeassistant" for name in names), path


def test_configuration_has_a_schema() -> None:
    """Test that what is set up without an entry says what may be in the configuration."""
    module = trees()[Path("__init__.py")]
    names = {
        ast.unparse(target)
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    assert "CONFIG_SCHEMA" in names


def test_files_of_the_folder() -> None:
    """Test that nothing lies there that Home Assistant or HACS would stumble over."""
    assert not (FOLDER / "strings.json").exists()
    assert [path.name for path in ROOT.glob("custom_components/*/manifest.json")] == [
        "manifest.json"
    ]
    for name in ("README.md", "LICENSE"):
        assert (ROOT / name).stat().st_size


def test_hacs() -> None:
    """Test that HACS and the Marketplace can install a release, on a Home Assistant that fits."""
    assert set(HACS) <= {
        "content_in_root",
        "country",
        "filename",
        "hide_default_branch",
        "homeassistant",
        "name",
        "persistent_directory",
        "zip_release",
    }
    assert HACS["name"] == MANIFEST["name"]
    assert HACS["zip_release"] is True
    release = (ROOT / ".github/workflows/release.yml").read_text()
    assert f"$RUNNER_TEMP/{HACS['filename']}" in release
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert f"homeassistant=={HACS['homeassistant']}" in project["dependency-groups"]["dev"]
