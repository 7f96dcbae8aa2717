"""What hassfest checks, as far as it can be checked without it, and a little more."""

import ast
from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from string import Formatter
import tomllib
from typing import Any

from awesomeversion import AwesomeVersion
import pytest
import voluptuous as vol

from homeassistant.const import Platform
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity import EntityDescription
from homeassistant.util.yaml import load_yaml_dict

from custom_components.ev_charging_sessions import (
    binary_sensor,
    config_flow,
    event,
    issues,
    sensor,
    services,
    switch,
)
from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendUnavailableError,
    ChargingError,
    CommandFailedError,
    LedgerError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.events import EventType
from custom_components.ev_charging_sessions.charging.model import CommandState, SessionStatus
from custom_components.ev_charging_sessions.charging.state import Status
from custom_components.ev_charging_sessions.const import (
    DOMAIN,
    PLATFORMS,
    SUBENTRY_CHARGE_CARD,
    SUBENTRY_CHARGE_POINT,
)
from custom_components.ev_charging_sessions.exceptions import placeholders_of, translated
from custom_components.ev_charging_sessions.networks import NETWORKS

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "custom_components" / DOMAIN

MANIFEST: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text())
ICONS: dict[str, Any] = json.loads((FOLDER / "icons.json").read_text())
SERVICES = load_yaml_dict(FOLDER / "services.yaml")
LANGUAGES = sorted(path.stem for path in (FOLDER / "translations").iterdir())
TEXTS: dict[str, Any] = json.loads((FOLDER / "translations" / "en.json").read_text())

SCHEMAS = {
    "start_session": services.START_SCHEMA,
    "stop_session": services.STOP_SCHEMA,
    "get_sessions": services.GET_SCHEMA,
}

ENTITIES: dict[Platform, list[EntityDescription]] = {
    Platform.BINARY_SENSOR: [*binary_sensor.DESCRIPTIONS],
    Platform.EVENT: [event.SESSION],
    Platform.SENSOR: [*sensor.DESCRIPTIONS, sensor.DURATION, sensor.ACTIVE_SESSIONS],
    Platform.SWITCH: [switch.CHARGING],
}

BACKEND_ERRORS: list[ChargingError] = [
    AuthenticationError(),
    BackendUnavailableError("HTTP 500"),
    RateLimitError(1),
    RequestRejectedError("E0001", status=400),
    UnexpectedAnswerError("data[]"),
]
ERRORS: list[ChargingError] = [
    *BACKEND_ERRORS,
    LedgerError(),
    *(CommandFailedError(state) for state in CommandState if state is not CommandState.CONFIRMED),
    CommandFailedError(CommandState.REJECTED, "EvseInUse"),
]


def _calls(*names: str) -> Iterator[ast.Call]:
    """Return the calls of functions of these names in the integration."""
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in names:
                yield node


def _constant(node: ast.expr) -> str | None:
    return str(node.value) if isinstance(node, ast.Constant) else None


def _input_errors() -> dict[str, set[str]]:
    """Return the keys of the errors about what a person entered, by field."""
    found: dict[str, set[str]] = {}
    for call in _calls("InvalidInputError"):
        field, key = (_constant(argument) for argument in call.args)
        assert field
        assert key
        found.setdefault(field, set()).add(key)
    return found


def _refusals() -> dict[str, set[str]]:
    """Return the keys with which the actions refuse a call, and their placeholders."""
    found: dict[str, set[str]] = {}
    for call in _calls("_invalid", "_refuse", "_require"):
        position = 0 if ast.unparse(call.func) == "_invalid" else 1
        if key := _constant(call.args[position]):
            found.setdefault(key, set()).update(each.arg for each in call.keywords if each.arg)
    return found


def _leaves(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in texts.items():
        if isinstance(value, str):
            yield f"{path}.{key}", value
        else:
            yield from _leaves(value, f"{path}.{key}")


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _keys(schema: vol.Schema) -> set[str]:
    return {str(key) for key in schema.schema}


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
    assert MANIFEST["domain"] == FOLDER.name == DOMAIN
    assert MANIFEST["name"] == TEXTS["title"]
    assert MANIFEST["config_flow"] is True
    assert MANIFEST["documentation"].startswith("https://")
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    assert AwesomeVersion(MANIFEST["version"]).valid


def test_requirements_are_those_of_the_tests() -> None:
    """Test that what Home Assistant installs is pinned, and is what the tests use."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for requirement in MANIFEST["requirements"]:
        assert re.fullmatch(r"[\w-]+==[\w.]+", requirement)
        assert requirement in project["dependency-groups"]["dev"]


def test_components_in_use_are_declared() -> None:
    """Test that every component that is imported is set up before this one."""
    declared = {*MANIFEST.get("dependencies", []), *MANIFEST.get("after_dependencies", [])}
    used = {
        match[1]
        for path in FOLDER.rglob("*.py")
        for match in re.finditer(r"homeassistant\.components\.(\w+)", path.read_text())
    }
    assert used <= declared | set(PLATFORMS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_parallel_updates(platform: Platform) -> None:
    """Test that every platform says how many of its entities may act at once."""
    assert re.search(
        r"^PARALLEL_UPDATES = \d$", (FOLDER / f"{platform}.py").read_text(), re.MULTILINE
    )


def test_platforms_are_sorted() -> None:
    """Test that every platform of the folder is set up."""
    assert sorted(PLATFORMS) == PLATFORMS
    files = {path.stem for path in FOLDER.glob("*.py")}
    assert files & set(Platform) == set(PLATFORMS) == set(ENTITIES)


def test_actions_are_described() -> None:
    """Test that code, description, texts and icons know the same actions."""
    names = {value for name, value in vars(services).items() if name.startswith("SERVICE_")}
    assert names == set(SERVICES) == set(TEXTS["services"]) == set(ICONS["services"])
    assert names == set(SCHEMAS)


@pytest.mark.parametrize("action", SERVICES)
def test_fields_of_action(action: str) -> None:
    """Test that schema, description and texts know the same fields, defaults and choices."""
    fields = SERVICES[action]["fields"]
    assert set(fields) == _keys(SCHEMAS[action])
    assert list(fields) == list(TEXTS["services"][action]["fields"])
    for key in SCHEMAS[action].schema:
        field = fields[str(key)]
        default = None if isinstance(key.default, vol.Undefined) else key.default()
        assert field.get("default") == default
        assert field.get("required", False) is isinstance(key, vol.Required)
        ((kind, settings),) = field["selector"].items()
        if kind in {"device", "config_entry"}:
            assert settings["integration"] == DOMAIN
        if kind == "select":
            options = TEXTS["selector"][settings["translation_key"]]["options"]
            assert list(options) == settings["options"]


def test_selectors() -> None:
    """Test that every choice has a text, and every text a choice."""
    assert set(TEXTS["selector"]) == {"api_version", "session_status"}
    assert list(TEXTS["selector"]["session_status"]["options"]) == list(SessionStatus)
    (network,) = NETWORKS.values()
    advanced = network.schema.schema["advanced"].schema.schema
    assert set(TEXTS["selector"]["api_version"]["options"]) == set(
        advanced["api_version"].config["options"]
    )


def test_entities_have_names_and_icons() -> None:
    """Test that every entity has a name, from its key or its device class, and no text is left."""
    for platform, descriptions in ENTITIES.items():
        for description in descriptions:
            assert description.translation_key or description.device_class
        keys = {each.translation_key for each in descriptions if each.translation_key}
        assert keys == {each.key for each in descriptions if each.translation_key}
        assert keys == set(TEXTS["entity"][platform])
        assert all(text["name"] for text in TEXTS["entity"][platform].values())
        assert set(ICONS["entity"].get(platform, {})) <= keys
        for description in descriptions:
            has_icon = description.key in ICONS["entity"].get(platform, {})
            assert has_icon is not bool(
                description.device_class and description.device_class not in {"duration", "enum"}
            )
    assert set(TEXTS["entity"]) == set(PLATFORMS)


def test_states_have_texts() -> None:
    """Test that every word of an enum has a text, and every text and icon a word."""
    status = TEXTS["entity"]["sensor"]["status"]["state"]
    assert list(status) == list(Status)
    assert set(ICONS["entity"]["sensor"]["status"]["state"]) <= set(Status)
    types = TEXTS["entity"]["event"]["session"]["state_attributes"]["event_type"]["state"]
    assert list(types) == list(EventType)


def test_account_forms() -> None:
    """Test that the forms and their texts have the same fields, each of them explained."""
    steps = TEXTS["config"]["step"]
    assert set(steps) == {"user", *NETWORKS, "reauth_confirm", "reconfigure"}
    assert set(steps["user"]["menu_options"]) == set(NETWORKS)
    for backend, network in NETWORKS.items():
        schema = network.schema.schema
        for step in (backend, "reconfigure"):
            fields = _keys(network.schema) - {"advanced"}
            assert set(steps[step]["data"]) == set(steps[step]["data_description"]) == fields
            section = steps[step]["sections"]["advanced"]
            fields = _keys(schema["advanced"].schema)
            assert set(section["data"]) == set(section["data_description"]) == fields
        fields = set(network.credentials)
        step = steps["reauth_confirm"]
        assert set(step["data"]) == set(step["data_description"]) == fields


def test_subentry_forms() -> None:
    """Test that the forms of cards and charge points have the same fields as their texts."""
    forms = TEXTS["config_subentries"]
    assert set(forms) == {SUBENTRY_CHARGE_CARD, SUBENTRY_CHARGE_POINT}
    for kind, step, fields in (
        (SUBENTRY_CHARGE_CARD, "user", _keys(config_flow.CARD_SCHEMA)),
        (SUBENTRY_CHARGE_CARD, "reconfigure", {"alias"}),
        (SUBENTRY_CHARGE_POINT, "user", _keys(config_flow.CHARGE_POINT_SCHEMA)),
    ):
        texts = forms[kind]["step"][step]
        assert set(texts["data"]) == set(texts["data_description"]) == fields
    for form in forms.values():
        assert form["entry_type"]
        assert set(form["initiate_flow"]) == set(form["step"])


def test_errors_of_account_forms() -> None:
    """Test that every error of an account's forms has a text that can be filled in."""
    expected: dict[str, set[str]] = {
        error.key: set(placeholders_of(error)) for error in BACKEND_ERRORS
    }
    inputs = _input_errors()
    for network in NETWORKS.values():
        for field in _keys(network.schema) | _keys(network.schema.schema["advanced"].schema):
            expected |= {key: set() for key in inputs.get(field, ())}
    texts = TEXTS["config"]["error"]
    assert set(texts) == set(expected)
    for key, text in texts.items():
        assert _placeholders(text) <= expected[key]
    assert set(TEXTS["config"]["abort"]) == {"already_configured", "wrong_account"}


def test_errors_of_subentry_forms() -> None:
    """Test that every error of the forms of cards and charge points has a text."""
    inputs = _input_errors()
    source = (FOLDER / "config_flow.py").read_text()
    own = {"alias_empty", "alias_exists", "card_exists"}
    assert all(f'"{key}"' in source for key in own)
    card = TEXTS["config_subentries"][SUBENTRY_CHARGE_CARD]["error"]
    assert set(card) == own | inputs["ema_id"]
    charge_point = TEXTS["config_subentries"][SUBENTRY_CHARGE_POINT]["error"]
    assert set(charge_point) == {"charge_point_exists"} | inputs["evse_id"]


def test_exceptions() -> None:
    """Test that every exception has a text that can be filled in, and every text is used."""
    told = [translated(HomeAssistantError, error) for error in ERRORS]
    expected = {
        str(each.translation_key): set(each.translation_placeholders or ()) for each in told
    }
    expected |= {key: set() for key in _input_errors()["evse_id"]}
    expected |= _refusals()
    texts = TEXTS["exceptions"]
    assert set(texts) == set(expected)
    for key, text in texts.items():
        assert _placeholders(text["message"]) <= expected[key]


def test_every_error_is_known_here() -> None:
    """Test that no class of the tree of errors has been left out above."""

    def leaves(cls: type[ChargingError]) -> Iterator[type[ChargingError]]:
        for child in cls.__subclasses__():
            yield from leaves(child)
        if not cls.__subclasses__():
            yield cls

    known = {type(error) for error in ERRORS}
    assert {cls.__name__ for cls in set(leaves(ChargingError)) - known} == {"InvalidInputError"}


def test_issues() -> None:
    """Test that every repair issue has a text that is filled in, and every text is used."""
    used = {}
    for call in _calls("_create_issue"):
        key = getattr(issues, ast.unparse(call.args[2]))
        used[key] = {"title", *(each.arg for each in call.keywords)}
    assert set(TEXTS["issues"]) == set(used)
    for key, text in TEXTS["issues"].items():
        assert _placeholders(text["title"] + text["description"]) == used[key]


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_clean(language: str) -> None:
    """Test what Home Assistant demands of every text."""
    path = FOLDER / "translations" / f"{language}.json"
    texts = dict(_leaves(json.loads(path.read_text())))
    english = dict(_leaves(TEXTS))
    assert texts.keys() <= english.keys()
    for key, text in texts.items():
        assert text == text.strip() != "", key
        assert not re.search(r"https?://|www\.", text), key
        assert not re.search(r"<[a-z/]", text), key
        assert not re.search(r"'\{", text), key
        assert "[%key" not in text, key
        assert _placeholders(text) == _placeholders(english[key]), key


def test_explanations_are_sentences() -> None:
    """Test that what explains something is made of whole sentences."""
    for key, text in _leaves(TEXTS):
        kind = key.rpartition(".")[2]
        explains = {".error.", ".abort.", ".exceptions.", ".data_description."}
        if kind == "description" or any(part in key for part in explains):
            assert text[-1] in ".?", key
            assert text[0].isupper() or text[0] == "{", key


def test_the_demanded_words_of_the_design() -> None:
    """Test that no entity shows energy or cost of a network that tells neither."""
    keys = {description.key for each in ENTITIES.values() for description in each}
    assert keys == {
        "active_sessions",
        "card",
        "charging",
        "connected",
        "last_reported",
        "session",
        "session_duration",
        "session_ended",
        "session_started",
        "status",
    }
