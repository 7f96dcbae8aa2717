"""Tests that every form of the user interface, and every error of one, has its texts."""

from typing import Any

from custom_components.ev_charging_sessions.charging.backends.plugsurfing import PlugSurfing
from custom_components.ev_charging_sessions.charging.backends.shell_recharge import ShellRecharge
from custom_components.ev_charging_sessions.charging.backends.smappee import Smappee
from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    ChargingError,
    ImportInterruptedError,
    LedgerError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.connector_flow import CHANGE_SCHEMA, CONNECTOR_SCHEMA
from custom_components.ev_charging_sessions.const import (
    CONF_FORWARD,
    CONF_SERVICE_LOCATION_IDS,
    SUBENTRY_CHARGE_CARD,
    SUBENTRY_CHARGE_POINT,
    SUBENTRY_CONNECTOR,
)
from custom_components.ev_charging_sessions.exceptions import placeholders_of
from custom_components.ev_charging_sessions.import_flow import IMPORT_SCHEMA
from custom_components.ev_charging_sessions.networks import NETWORKS
from custom_components.ev_charging_sessions.options_flow import own_price_schema
from custom_components.ev_charging_sessions.reach import Reach
from custom_components.ev_charging_sessions.subentry_flows import CHARGE_POINT_SCHEMA
from tests.texts import BACKEND_ERRORS, FOLDER, TEXTS, input_errors, keys, placeholders


def texts_of(step: dict[str, Any]) -> set[str]:
    """Return the fields that a form has texts for, each of them explained."""
    assert set(step["data"]) == set(step["data_description"])
    return set(step["data"])


def test_account_forms() -> None:
    """Test that the forms and their texts have the same fields, each of them explained."""
    steps = TEXTS["config"]["step"]
    shared: dict[str, set[str]] = {"reauth_confirm": set(), "reconfigure": set()}
    shared_section: set[str] = set()
    assert set(steps) == {"user", "parks", *NETWORKS, *shared}
    assert set(steps["user"]["menu_options"]) == set(NETWORKS)
    for backend, network in NETWORKS.items():
        fields = keys(network.schema) - {"advanced"}
        assert texts_of(steps[backend]) == fields
        advanced = keys(network.schema.schema["advanced"].schema)
        assert texts_of(steps[backend]["sections"]["advanced"]) == advanced
        shared["reconfigure"] |= fields
        shared["reauth_confirm"] |= set(network.credentials)
        shared_section |= advanced
    for step, fields in shared.items():
        assert texts_of(steps[step]) == fields
    assert texts_of(steps["reconfigure"]["sections"]["advanced"]) == shared_section
    assert texts_of(steps["parks"]) == {CONF_SERVICE_LOCATION_IDS}


def test_options_forms() -> None:
    """Test that the forms of the options and their errors have texts, and none is left over."""
    texts = TEXTS["options"]
    steps = texts["step"]
    assert set(steps) == {"init", "calls", "forward", "evse_ids", "price", "import_history"}
    assert set(steps["init"]["menu_options"]) == {"calls", "forward", "price", "import_history"}
    assert texts_of(steps["import_history"]) == keys(IMPORT_SCHEMA)
    assert set(texts["progress"]) == {"importing"}
    assert texts_of(steps["price"]) == keys(own_price_schema("EUR"))
    assert texts_of(steps["forward"]) == {CONF_FORWARD}
    assert placeholders(steps["calls"]["description"]) == {"url"}
    assert placeholders(steps["price"]["description"]) == {"currency"}
    source = (FOLDER / "options_flow.py").read_text()
    reaches = {reach.value for reach in Reach if reach is not Reach.REACHED}
    of_price = {key for key in texts["error"] if f'"{key}"' in source}
    assert set(texts["error"]) == reaches | of_price | {"evse_id_taken", "invalid_evse_id"}
    told = set().union(*(placeholders(text) for text in texts["error"].values()))
    assert told == {"currency"}


def test_ends_of_an_import() -> None:
    """Test that whatever an import ends with has a text, with all that is known of it."""
    ends: list[ChargingError] = [
        AuthenticationError(),
        ImportInterruptedError(),
        LedgerError("The ledger cannot be used"),
        RequestRejectedError("E0001", status=400),
        UnexpectedAnswerError("data[]"),
    ]
    told = {err.key: set(placeholders_of(err)) for err in ends}
    told |= {"imported": {"read", "new", "changed", "unreadable"}, "not_loaded": set()}
    texts = TEXTS["options"]["abort"]
    assert {key: placeholders(text) for key, text in texts.items()} == told


def test_networks_with_a_past() -> None:
    """Test that an import is offered exactly where a backend lists sessions of long ago."""
    lists_past = {name for name, network in NETWORKS.items() if network.lists_past}
    assert lists_past == {"smappee", "cleverev"}
    assert Smappee.capabilities.lists_past
    assert not ShellRecharge.capabilities.lists_past
    assert not PlugSurfing.capabilities.past


def test_subentry_forms() -> None:
    """Test that the forms of cards and charge points have the same fields as their texts."""
    forms = TEXTS["config_subentries"]
    assert set(forms) == {SUBENTRY_CHARGE_CARD, SUBENTRY_CHARGE_POINT, SUBENTRY_CONNECTOR}
    for kind, step, fields in (
        (SUBENTRY_CHARGE_CARD, "user", {"identifier", "alias"}),
        (SUBENTRY_CHARGE_CARD, "reconfigure", {"alias"}),
        (SUBENTRY_CHARGE_POINT, "user", keys(CHARGE_POINT_SCHEMA)),
        (SUBENTRY_CONNECTOR, "user", keys(CONNECTOR_SCHEMA)),
        (SUBENTRY_CONNECTOR, "reconfigure", keys(CHANGE_SCHEMA)),
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
    inputs = input_errors()
    for network in NETWORKS.values():
        for field in keys(network.schema) | keys(network.schema.schema["advanced"].schema):
            expected |= {key: set() for key in inputs.get(field, ())}
    expected |= {"no_park_chosen": set(), "no_parks": set()}
    texts = TEXTS["config"]["error"]
    assert set(texts) == set(expected)
    for key, text in texts.items():
        assert placeholders(text) <= expected[key]
    assert set(TEXTS["config"]["abort"]) == {"already_configured", "wrong_account"}


def test_errors_of_subentry_forms() -> None:
    """Test that every error of the forms of cards and charge points has a text."""
    inputs = input_errors()
    source = (FOLDER / "subentry_flows.py").read_text()
    own = {"alias_empty", "alias_exists", "card_exists"}
    assert all(f'"{key}"' in source for key in own)
    card = TEXTS["config_subentries"][SUBENTRY_CHARGE_CARD]["error"]
    assert set(card) == own | inputs["ema_id"] | inputs["identifier"]
    charge_point = TEXTS["config_subentries"][SUBENTRY_CHARGE_POINT]["error"]
    assert set(charge_point) == {"charge_point_exists"} | inputs["evse_id"]
    connector = TEXTS["config_subentries"][SUBENTRY_CONNECTOR]["error"]
    source = (FOLDER / "connector_flow.py").read_text()
    of_connector = set(connector) - inputs["evse_id"]
    assert of_connector == {"connector_exists", "entity_in_use", "no_energy_unit", "own_entity"}
    assert all(f'"{key}"' in source for key in of_connector)
