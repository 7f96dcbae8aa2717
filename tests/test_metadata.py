"""Tests that the code and its texts, icons and descriptions know the same names."""

import ast
from collections.abc import Iterator
import json
import re

import pytest
import voluptuous as vol

from homeassistant.const import Platform
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity import EntityDescription
from homeassistant.util.yaml import load_yaml_dict

from custom_components.ev_charging_sessions import (
    binary_sensor,
    calendar,
    event,
    issues,
    number,
    select,
    sensor,
    sensor_costs,
    services,
    services_archive,
    services_export,
    services_import,
    services_links,
    services_post,
    services_quote,
    services_statistics,
    switch,
)
from custom_components.ev_charging_sessions.charging.backends.plugsurfing_ids import CONNECTOR_TYPES
from custom_components.ev_charging_sessions.charging.errors import (
    ChargingError,
    CommandFailedError,
    ConnectorBusyError,
    ImportInterruptedError,
    LedgerCorruptError,
    LedgerError,
    LedgerFullError,
    LedgerSetupError,
    PriceUnknownError,
    SwitchFailedError,
)
from custom_components.ev_charging_sessions.charging.events import EventType
from custom_components.ev_charging_sessions.charging.model import (
    ChargingMode,
    CommandState,
    OcppStatus,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.charging.state import Status
from custom_components.ev_charging_sessions.const import DOMAIN, PLATFORMS
from custom_components.ev_charging_sessions.exceptions import translated
from custom_components.ev_charging_sessions.networks import NETWORKS
from tests.texts import (
    BACKEND_ERRORS,
    FOLDER,
    ICONS,
    TEXTS,
    calls,
    constant,
    input_errors,
    keys,
    leaves,
    missing_for_prices,
    placeholders,
)

SERVICES = load_yaml_dict(FOLDER / "services.yaml")
LANGUAGES = sorted(path.stem for path in (FOLDER / "translations").iterdir())

SCHEMAS = {
    "start_session": services.START_SCHEMA,
    "stop_session": services.STOP_SCHEMA,
    "get_sessions": services_archive.GET_SCHEMA,
    "export_sessions": services_export.EXPORT_SCHEMA,
    "quote": services_quote.QUOTE_SCHEMA,
    "unlink_session": services_links.UNLINK_SESSION_SCHEMA,
    "post_session": services_post.POST_SESSION_SCHEMA,
    "post_station": services_post.POST_STATION_SCHEMA,
    "rebuild_statistics": services_statistics.REBUILD_STATISTICS_SCHEMA,
    "import_history": services_import.IMPORT_SCHEMA,
}

ENTITIES: dict[Platform, list[EntityDescription]] = {
    Platform.BINARY_SENSOR: [*binary_sensor.DESCRIPTIONS],
    Platform.CALENDAR: [calendar.SESSIONS],
    Platform.EVENT: [event.SESSION],
    Platform.NUMBER: [number.LIMIT],
    Platform.SELECT: [select.MODE],
    Platform.SENSOR: [
        *sensor.DESCRIPTIONS,
        *sensor.METER_DESCRIPTIONS,
        sensor.DURATION,
        sensor.OCPP_STATUS,
        sensor.SESSION_ENERGY,
        sensor.ACTIVE_SESSIONS,
        sensor.UNPOSTED,
        sensor.ENERGY,
        sensor_costs.SESSION_COST,
        sensor_costs.IDLE_FEE,
        sensor_costs.COST,
    ],
    Platform.SWITCH: [switch.CHARGING],
}

ERRORS: list[ChargingError] = [
    *BACKEND_ERRORS,
    LedgerError(),
    LedgerCorruptError(),
    LedgerFullError(),
    LedgerSetupError("ledger_driver_missing"),
    LedgerSetupError("ledger_url_invalid"),
    *(PriceUnknownError(missing) for missing in sorted(missing_for_prices())),
    *(CommandFailedError(state) for state in CommandState if state is not CommandState.CONFIRMED),
    CommandFailedError(CommandState.REJECTED, "EvseInUse"),
    ConnectorBusyError(),
    SwitchFailedError(is_timeout=False),
    SwitchFailedError(is_timeout=True),
    ImportInterruptedError(),
]


def _refusals() -> dict[str, set[str]]:
    """Return the keys with which the actions refuse a call, and their placeholders."""
    found: dict[str, set[str]] = {}
    for call in calls("invalid", "unable", "refuse", "require"):
        position = 0 if ast.unparse(call.func) in {"invalid", "unable"} else 1
        if key := constant(call.args[position]):
            found.setdefault(key, set()).update(each.arg for each in call.keywords if each.arg)
    return found


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
    assert set(fields) == keys(SCHEMAS[action])
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
    assert set(TEXTS["selector"]) == {
        "api_generation",
        "api_version",
        "connector_type",
        "export_format",
        "session_status",
    }
    assert list(TEXTS["selector"]["export_format"]["options"]) == services_export.FORMATS
    assert set(TEXTS["selector"]["connector_type"]["options"]) == set(CONNECTOR_TYPES)
    assert list(TEXTS["selector"]["session_status"]["options"]) == list(SessionStatus)
    for backend, field in (("shell_recharge", "api_version"), ("cleverev", "api_generation")):
        advanced = NETWORKS[backend].schema.schema["advanced"].schema.schema
        options = set(TEXTS["selector"][field]["options"])
        assert options == set(advanced[field].config["options"])


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
    for figure in ("energy", "cost"):
        attributes = TEXTS["entity"]["sensor"][f"session_{figure}"]["state_attributes"]
        assert list(attributes[f"{figure}_source"]["state"]) == list(Source)
    ocpp_status = TEXTS["entity"]["sensor"]["ocpp_status"]["state"]
    assert list(ocpp_status) == list(OcppStatus)
    assert list(TEXTS["entity"]["select"]["charging_mode"]["state"]) == list(ChargingMode)
    assert list(TEXTS["entity"]["sensor"]["card"]["state"]) == [sensor.UNNAMED_CARD]


def test_exceptions() -> None:
    """Test that every exception has a text that can be filled in, and every text is used."""
    told = [translated(HomeAssistantError, error) for error in ERRORS]
    expected = {
        str(each.translation_key): set(each.translation_placeholders or ()) for each in told
    }
    inputs = input_errors()
    fields = ("card", "config_entry_id", "device", "ended", "evse_id", "limit", "mode", "started")
    for field in fields:
        expected |= {key: set() for key in inputs[field]}
    expected |= _refusals()
    texts = TEXTS["exceptions"]
    assert set(texts) == set(expected)
    for key, text in texts.items():
        assert placeholders(text["message"]) <= expected[key]


def test_common_texts() -> None:
    """Test that every text of calendars, statements and statistics is used and filled in."""
    used: dict[str, set[str]] = {f"month_{number}": set() for number in range(1, 13)}
    for call in calls("say"):
        if key := constant(call.args[0]):
            used[key] = {each.arg for each in call.keywords if each.arg}
    for call in calls("async_explained"):
        category, _, key = (constant(call.args[1]) or "").partition(".")
        if category == "common":
            used[key] = {each.arg for each in call.keywords if each.arg}
    template = (FOLDER / "statement.html.jinja").read_text()
    used |= {key: set() for key in re.findall(r'say\("(\w+)"\)', template)}
    used |= {key: set() for key in ("by_card", "by_charge_point", "by_month", "month")}
    used |= {f"statistics_{figure}": {"name"} for figure in ("energy", "cost")}
    assert set(TEXTS["common"]) == set(used)
    for key, text in TEXTS["common"].items():
        assert placeholders(text) == used[key], key


def test_every_error_is_known_here() -> None:
    """Test that no class of the tree of errors has been left out above."""

    def leaves(cls: type[ChargingError]) -> Iterator[type[ChargingError]]:
        for child in cls.__subclasses__():
            yield from leaves(child)
        if not cls.__subclasses__():
            yield cls

    known = {type(error) for error in ERRORS}
    others = {cls.__name__ for cls in set(leaves(ChargingError)) - known}
    # The first is told with the field it is about, the second to the network alone.
    assert others == {"InvalidInputError", "CallError"}


def test_issues() -> None:
    """Test that every repair issue has a text that is filled in, and every text is used."""
    used, fixable = {}, set()
    for call in calls("_create_issue"):
        key = getattr(issues, ast.unparse(call.args[2]))
        given = {each.arg for each in call.keywords}
        used[key] = given - {"is_fixable", "is_persistent", "about"}
        if ast.unparse(call.args[1]) != "None":
            used[key].add("title")
        if "is_fixable" in given:
            fixable.add(key)
    # The address for calls is shown in the form alone.
    used["calls_unreachable"].add("url")
    assert set(TEXTS["issues"]) == set(used)
    for key, text in TEXTS["issues"].items():
        form = text["fix_flow"]["step"]["confirm"] if key in fixable else text
        assert placeholders(text["title"] + form["title"] + form["description"]) == used[key]
        assert ("fix_flow" in text) is (key in fixable) is not ("description" in text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_clean(language: str) -> None:
    """Test what Home Assistant demands of every text."""
    path = FOLDER / "translations" / f"{language}.json"
    texts = dict(leaves(json.loads(path.read_text())))
    english = dict(leaves(TEXTS))
    assert texts.keys() <= english.keys()
    for key, text in texts.items():
        assert text == text.strip() != "", key
        assert not re.search(r"https?://|www\.", text), key
        assert not re.search(r"<[a-z/]", text), key
        assert not re.search(r"'\{", text), key
        assert "[%key" not in text, key
        assert placeholders(text) == placeholders(english[key]), key


def test_explanations_are_sentences() -> None:
    """Test that what explains something is made of whole sentences."""
    for key, text in leaves(TEXTS):
        kind = key.rpartition(".")[2]
        explains = {".error.", ".abort.", ".exceptions.", ".data_description."}
        if kind == "description" or any(part in key for part in explains):
            assert text[-1] in ".?", key
            assert text[0].isupper() or text[0] == "{", key


def test_the_demanded_words_of_the_design() -> None:
    """Test that entities have the keys of the design."""
    found = {description.key for each in ENTITIES.values() for description in each}
    assert found == {
        "active_sessions",
        "card",
        "charging",
        "charging_limit",
        "charging_mode",
        "connected",
        "cost",
        "energy",
        "idle_fee",
        "last_reported",
        "ocpp_status",
        "power",
        "session",
        "session_cost",
        "session_duration",
        "session_ended",
        "session_energy",
        "session_started",
        "sessions",
        "status",
        "unposted_sessions",
    }
