"""Tests that every key of the texts is used, and that every key in use has a text.

They find triggers, conditions, system health and the like by themselves, wherever there are any.
"""

import ast
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
import re
from types import ModuleType
from typing import Any

import pytest

from homeassistant.components.event import ATTR_EVENT_TYPE
from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import load_yaml_dict

from custom_components import ev_charging_sessions
from custom_components.ev_charging_sessions.const import PLATFORMS
from tests.texts import FOLDER, ICONS, TEXTS, all_calls, constant, leaves, trees

KINDS = {"triggers": "trigger", "conditions": "condition"}

# Words of the format itself, which no code needs to say.
STRUCTURE = re.compile(
    r"abort|common|condition|conditions|config|config_subentries|data|data_description|description|device"
    r"|entity|entry_type|error|exceptions|fields|fix_flow|info|initiate_flow|issues|menu_options"
    r"|default|message|name|options|progress|range|sections|selector|service|services|state|state_attributes|step"
    r"|system_health|title|trigger|triggers|unit_of_measurement"
)


def _module(name: str) -> ModuleType | None:
    """Return a module of the upper floor, if there is one."""
    if not (FOLDER / f"{name}.py").exists():
        return None
    return import_module(f"{ev_charging_sessions.__name__}.{name}")


@pytest.mark.parametrize("kind", KINDS)
async def test_triggers_and_conditions(hass: HomeAssistant, kind: str) -> None:
    """Test that code, description, texts and icons know the same ones, with the same fields."""
    module = _module(KINDS[kind])
    if module is None:
        assert not (FOLDER / f"{kind}.yaml").exists()
        assert kind not in TEXTS
        assert kind not in ICONS
        return
    known = await getattr(module, f"async_get_{kind}")(hass)
    described = load_yaml_dict(FOLDER / f"{kind}.yaml")
    described = {name: each for name, each in described.items() if not name.startswith(".")}
    assert set(known) == set(described) == set(TEXTS[kind]) == set(ICONS[kind])
    for name, description in described.items():
        fields = (description or {}).get("fields", {})
        assert set(fields) == set(TEXTS[kind][name].get("fields", {})), name


def _selectors(value: object) -> Iterator[tuple[str, Any]]:
    """Return the settings of all selectors in a description."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "selector":
                yield from each.items()
            else:
                yield from _selectors(each)


@pytest.mark.parametrize("kind", ["services", *KINDS])
def test_choices_of_descriptions(kind: str) -> None:
    """Test that a choice between words has a text for each of them."""
    path = FOLDER / f"{kind}.yaml"
    if not path.exists():
        return
    for selector, settings in _selectors(load_yaml_dict(path)):
        if selector == "select":
            words = [
                each if isinstance(each, str) else each["value"] for each in settings["options"]
            ]
            assert words == list(TEXTS["selector"][settings["translation_key"]]["options"])


def _words() -> tuple[set[str], set[str]]:
    """Return every word that the code and the descriptions say, and how made up ones begin."""
    words: set[str] = {*PLATFORMS, ATTR_EVENT_TYPE}
    beginnings: set[str] = set()
    for node in (node for tree in trees().values() for node in ast.walk(tree)):
        match node:
            case ast.Constant(value=str(text)):
                words.add(text.removeprefix("common."))
            # The steps of a form are methods, and fields of what is entered arguments.
            case ast.AsyncFunctionDef(name=name):
                words.add(name.removeprefix("async_step_"))
            case ast.keyword(arg=str(name)):
                words.add(name)
            case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
                if re.fullmatch(r"[a-z]+(_[a-z]+)*_", text):
                    beginnings.add(text)
    for path in (*FOLDER.glob("*.yaml"), *FOLDER.glob("*.jinja")):
        words |= set(re.findall(r"\w+", path.read_text()))
    return words, beginnings


def _keys(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in texts.items():
        yield f"{path}.{key}", key
        if isinstance(value, dict):
            yield from _keys(value, f"{path}.{key}")


def test_every_key_is_used() -> None:
    """Test that nothing of the texts and icons is left over from what is no more."""
    words, beginnings = _words()
    for path, key in (*_keys(TEXTS), *_keys(ICONS)):
        is_said = key in words or key.startswith(tuple(beginnings))
        assert is_said or STRUCTURE.fullmatch(key), path


def _section(name: str, call: ast.Call) -> str:
    """Return the section of the texts in which a call looks for its key."""
    given = {each.arg for each in call.keywords}
    if "translation_domain" in given:
        return "exceptions"
    if name.endswith("Description"):
        return "entity"
    return {
        "DeviceInfo": "device",
        "ConfirmRepairFlow": "issues",
        "async_create_issue": "issues",
        "async_get_or_create": "device",
        "SelectSelectorConfig": "selector",
    }[name]


def test_every_key_in_use_has_a_text() -> None:
    """Test that every key that the code names literally is one of the texts."""
    entities = {key for platform in TEXTS["entity"].values() for key in platform}
    for name, call in all_calls():
        for keyword in call.keywords:
            key = constant(keyword.value)
            if keyword.arg == "translation_key" and key:
                section = _section(name, call)
                known = entities if section == "entity" else set(TEXTS.get(section, ()))
                assert key in known, f"{section}: {key}"


def test_system_health() -> None:
    """Test that what system health tells has a text, and no text is left."""
    texts = TEXTS.get("system_health", {"info": {}})["info"]
    tree = trees().get(Path("system_health.py"), ast.Module([], []))
    told = {
        key
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key in map(constant, filter(None, node.keys))
        if key
    }
    assert set(texts) == told


def test_texts_are_told_once() -> None:
    """Test that a section of descriptions has no two entries of one name."""
    for kind in ("services", *KINDS):
        names = [each["name"] for each in TEXTS.get(kind, {}).values()]
        assert len(names) == len(set(names))
    assert all(text for _, text in leaves(ICONS))
