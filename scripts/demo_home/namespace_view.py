"""The view of the namespace: its connectors with prices, and what a session would cost."""

from typing import Any

from .cards import heading, tile, what_happened
from .devices import Device

type Json = dict[str, Any]

# What tiles show of a connector, under which name, on how many of the 12 columns, and set by what.
_TILES: tuple[tuple[str, str, int, Json | None], ...] = (
    ("sensor.status", "Status", 6, None),
    ("sensor.session_duration", "Duration", 6, None),
    ("sensor.session_energy", "Energy", 6, None),
    ("sensor.session_cost", "Cost", 6, None),
    ("sensor.idle_fee", "Idle fee", 12, None),
    ("switch.charging", "Charging", 12, {"type": "toggle"}),
)
_QUESTIONS: tuple[tuple[str, str, int, Json], ...] = (
    ("input_select.quote_charge_point", "Where", 24, {"type": "select-options"}),
    ("input_number.quote_energy", "Energy", 12, {"type": "numeric-input", "style": "slider"}),
    ("input_number.quote_hours", "Time", 12, {"type": "numeric-input", "style": "slider"}),
)
# An action with a response needs something that keeps it; see configuration.yaml.
_LINES = """\
{% set lines = state_attr('sensor.quote', 'lines') or [] %}
| Element | For | Quantity | Price | Amount |
|:--|:--|--:|--:|--:|
{% for line in lines %}\
| {{ line.element or '' }} | {{ line.component | replace('_', ' ') }} | {{ line.quantity }} \
| {{ '%.2f' | format(line.unit_price | float) }} | {{ line.amount }} |
{% endfor %}"""


def namespace_view(devices: list[Device]) -> Json:
    """Lay out the namespace as a whole and a quote beside a section for each connector."""
    points = [each for each in devices if each.is_charge_point]
    return {
        "title": "Namespace",
        "path": "namespace",
        "type": "sections",
        "max_columns": 3,
        "sections": [
            _overview(devices),
            _quote(),
            *(_connector(each) for each in points),
            what_happened(points),
        ],
    }


def _overview(devices: list[Device]) -> Json:
    tiles = [
        tile(each.entities[key], name, 12)
        for each in devices
        if each.is_account
        for key, name in (
            ("sensor.active_sessions", "Active sessions"),
            ("sensor.energy", "Energy of all sessions"),
            ("sensor.cost", "Cost of all sessions"),
        )
        if key in each.entities
    ]
    return {"type": "grid", "cards": [heading("Hotel and depot", "mdi:office-building"), *tiles]}


def _quote() -> Json:
    questions = [
        tile(entity_id, name, columns, feature) for entity_id, name, columns, feature in _QUESTIONS
    ]
    ask = {
        "type": "perform-action",
        "perform_action": "input_button.press",
        "target": {"entity_id": "input_button.quote"},
    }
    return {
        "type": "grid",
        "column_span": 2,
        "cards": [
            heading("What would it cost?", "mdi:cash-clock"),
            *questions,
            tile("sensor.quote", "Total, tap to ask again", 24) | {"tap_action": ask},
            {"type": "markdown", "content": _LINES, "grid_options": {"columns": 24}},
        ],
    }


def _connector(device: Device) -> Json:
    tiles = [
        tile(device.entities[key], name, columns, feature)
        for key, name, columns, feature in _TILES
        if key in device.entities
    ]
    return {"type": "grid", "cards": [heading(device.name, "mdi:ev-station"), *tiles]}
