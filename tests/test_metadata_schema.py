"""Tests that every description file has the shape that Home Assistant and hassfest demand."""

import json
from pathlib import Path
import re
from typing import Any

import hass_frontend
import pytest
import voluptuous as vol

from homeassistant.const import Platform
from homeassistant.helpers import selector
from homeassistant.helpers.condition import descriptions as conditions
from homeassistant.helpers.service import _SERVICES_SCHEMA
from homeassistant.helpers.trigger import descriptions as triggers
from homeassistant.util.yaml import load_yaml_dict

from tests.texts import FOLDER, ICONS, TEXTS, leaves


def _slug(value: object) -> str:
    """Return a key of texts or icons: words of lower case between single separators."""
    if isinstance(value, str) and re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", value):
        return value
    raise vol.Invalid(f"not a translation key: {value}")


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise vol.Invalid("not a text")


_TEXT_BY_KEY = {_slug: _text}
_FIELDS = {"data": _TEXT_BY_KEY, "data_description": _TEXT_BY_KEY}
_STEP = {
    "title": _text,
    "description": _text,
    "submit": _text,
    "menu_options": _TEXT_BY_KEY,
    "menu_option_descriptions": _TEXT_BY_KEY,
    **_FIELDS,
    "sections": {_slug: {"name": _text, "description": _text, **_FIELDS}},
}
_FORMS: dict[Any, Any] = {
    vol.Required("step"): {_slug: _STEP},
    **dict.fromkeys(("abort", "create_entry", "error", "progress"), _TEXT_BY_KEY),
    "flow_title": _text,
}
_SUBENTRY: dict[Any, Any] = {
    **_FORMS,
    vol.Required("entry_type"): _text,
    vol.Required("initiate_flow"): {vol.Required("user"): _text, "reconfigure": _text},
}
_DESCRIBED: dict[Any, Any] = {vol.Required("name"): _text, vol.Required("description"): _text}
_AUTOMATABLE = {
    _slug: {
        **_DESCRIBED,
        "fields": {_slug: _DESCRIBED},
        "sections": {_slug: {vol.Required("name"): _text, "description": _text}},
    }
}
_ATTRIBUTES = {_slug: {"name": _text, "state": _TEXT_BY_KEY}}
_ENTITY = {
    "name": _text,
    "state": _TEXT_BY_KEY,
    "state_attributes": _ATTRIBUTES,
    "unit_of_measurement": _text,
}
TEXT_SCHEMA = vol.Schema(
    {
        vol.Required("title"): _text,
        "common": _TEXT_BY_KEY,
        "conditions": _AUTOMATABLE,
        "config": _FORMS,
        "config_subentries": {_slug: _SUBENTRY},
        "device": {_slug: {vol.Required("name"): _text}},
        "entity": {vol.In([str(each) for each in Platform]): {_slug: _ENTITY}},
        "exceptions": {_slug: {vol.Required("message"): _text}},
        "issues": {
            _slug: vol.Any(
                {vol.Required("title"): _text, vol.Required("description"): _text},
                {vol.Required("title"): _text, vol.Required("fix_flow"): _FORMS},
            )
        },
        "options": _FORMS,
        "selector": {
            _slug: {"options": _TEXT_BY_KEY, "choices": _TEXT_BY_KEY, "fields": {_slug: dict}}
        },
        "services": _AUTOMATABLE,
        "system_health": {"info": _TEXT_BY_KEY},
        "triggers": _AUTOMATABLE,
    }
)


def _icon(value: object) -> str:
    if isinstance(value, str) and value.startswith("mdi:"):
        return value
    raise vol.Invalid(f"not an icon: {value}")


_ICON_BY_KEY = {_slug: _icon}
_ICON = {"default": _icon, "state": _ICON_BY_KEY}
ICON_SCHEMA = vol.Schema(
    {
        "conditions": {_slug: {vol.Required("condition"): _icon}},
        "entity": {
            vol.In([str(each) for each in Platform]): {
                _slug: {**_ICON, "range": dict, "state_attributes": {_slug: _ICON}}
            }
        },
        "services": {_slug: {vol.Required("service"): _icon, "sections": _ICON_BY_KEY}},
        "triggers": {_slug: {vol.Required("trigger"): _icon}},
    }
)

DESCRIPTIONS = {
    "conditions": conditions._CONDITIONS_DESCRIPTION_SCHEMA,
    "services": _SERVICES_SCHEMA,
    "triggers": triggers._TRIGGERS_DESCRIPTION_SCHEMA,
}
DESCRIBED = [kind for kind in DESCRIPTIONS if (FOLDER / f"{kind}.yaml").exists()]

# What hassfest takes in the description of a field, and no more.
FIELD_SCHEMA = vol.Schema(
    {
        "advanced": bool,
        "default": vol.NotIn([None]),
        "example": vol.NotIn([None]),
        "filter": dict,
        "required": bool,
        vol.Required("selector"): selector.validate_selector,
    }
)


def test_texts() -> None:
    """Test that the texts have no key that Home Assistant would never look for."""
    TEXT_SCHEMA(TEXTS)


def test_fields_are_explained_where_they_are() -> None:
    """Test that no form explains a field that it does not have."""

    def look(texts: dict[str, Any]) -> None:
        assert set(texts.get("data_description", ())) <= set(texts.get("data", ()))
        for value in texts.values():
            if isinstance(value, dict):
                look(value)

    look(TEXTS)


def test_icons() -> None:
    """Test that the icons have the shape of icons, and a state never that of the default."""
    ICON_SCHEMA(ICONS)
    for platform in ICONS["entity"].values():
        for icons in platform.values():
            assert icons.get("default") not in icons.get("state", {}).values()


def test_icons_exist() -> None:
    """Test that Home Assistant's frontend has every icon."""
    known = json.loads((Path(hass_frontend.where()) / "static/mdi/iconList.json").read_text())
    names = {each["name"] for each in known}
    assert names
    for key, icon in leaves(ICONS):
        assert icon.removeprefix("mdi:") in names, key


@pytest.mark.parametrize("kind", DESCRIBED)
def test_descriptions(kind: str) -> None:
    """Test that actions, triggers and conditions are described as Home Assistant reads them."""
    descriptions = load_yaml_dict(FOLDER / f"{kind}.yaml")
    DESCRIPTIONS[kind](descriptions)
    for name, description in descriptions.items():
        if name.startswith("."):
            continue
        _slug(name)
        for key, field in ((description or {}).get("fields") or {}).items():
            _slug(key)
            for field_or_part in field.get("fields", {key: field}).values():
                FIELD_SCHEMA(field_or_part)
