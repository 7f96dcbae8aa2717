"""The view of the guest house: its poles, what the network has of them, and a driver's app."""

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
    ("binary_sensor.connected", "Car", 12, None),
    ("switch.charging", "Charging", 12, {"type": "toggle"}),
)
# What a driver does at the front pole, by which command of configuration.yaml.
_BUTTONS = (
    ("Start in the app", "mdi:cellphone-play", "network_start"),
    ("Stop in the app", "mdi:cellphone-remove", "network_stop"),
    ("Plug in", "mdi:power-plug", "plug_in"),
    ("Unplug", "mdi:power-plug-off", "unplug"),
)


def operator_view(devices: list[Device]) -> Json:
    """Lay out the guest house with a guest's app beside a section for each pole."""
    points = [each for each in devices if each.is_charge_point]
    return {
        "title": "Guest house",
        "path": "guest-house",
        "type": "sections",
        "max_columns": 3,
        "sections": [
            _overview(devices),
            *(_connector(each) for each in points),
            what_happened(points),
        ],
    }


def _overview(devices: list[Device]) -> Json:
    tiles = [
        tile(each.entities[key], name, columns)
        for each in devices
        if each.is_account
        for key, name, columns in (
            ("sensor.active_sessions", "Active sessions", 6),
            ("sensor.unposted_sessions", "To be posted", 6),
            ("sensor.energy", "Energy of all sessions", 12),
        )
        if key in each.entities
    ]
    books = [
        tile("sensor.network_sessions", "Sessions", 6),
        tile("sensor.network_energy", "Energy", 6),
    ]
    buttons: list[Json] = [
        {
            "type": "button",
            "name": name,
            "icon": icon,
            "tap_action": {"action": "perform-action", "perform_action": f"rest_command.{command}"},
            "grid_options": {"columns": 6, "rows": 2},
        }
        for name, icon, command in _BUTTONS
    ]
    return {
        "type": "grid",
        "cards": [
            heading("Guest house", "mdi:home-heart"),
            *tiles,
            heading("What the network has in its books", "mdi:book-check"),
            *books,
            heading("A guest at the front pole", "mdi:account"),
            *buttons,
        ],
    }


def _connector(device: Device) -> Json:
    tiles = [
        tile(device.entities[key], name, columns, feature)
        for key, name, columns, feature in _TILES
        if key in device.entities
    ]
    return {"type": "grid", "cards": [heading(device.name, "mdi:ev-station"), *tiles]}
