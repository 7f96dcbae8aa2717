"""The view of the charging park: all its connectors at a glance."""

from typing import Any

from .cards import heading, named, tile, what_happened
from .devices import Device

type Json = dict[str, Any]

# What tiles show of a connector, under which name, on how many of the 12 columns, and set by what.
_TILES: tuple[tuple[str, str, int, Json | None], ...] = (
    ("sensor.status", "Status", 6, None),
    ("sensor.session_duration", "Duration", 6, None),
    ("sensor.session_energy", "Energy", 6, None),
    ("sensor.session_cost", "Cost", 6, None),
    ("sensor.power", "Power", 12, None),
    ("switch.charging", "May charge", 12, {"type": "toggle"}),
    ("select.charging_mode", "Mode", 12, {"type": "select-options"}),
    ("number.charging_limit", "Limit", 12, {"type": "numeric-input", "style": "slider"}),
)


def park_view(devices: list[Device]) -> Json:
    """Lay out the park as a whole beside a section for each connector, and what happened."""
    points = [each for each in devices if each.is_charge_point]
    return {
        "title": "Park",
        "path": "park",
        "type": "sections",
        "max_columns": 3,
        "sections": [
            _overview(devices, points),
            *(_connector(each) for each in points),
            what_happened(points),
        ],
    }


def _overview(devices: list[Device], points: list[Device]) -> Json:
    tiles = [
        tile(each.entities[key], name, 8)
        for each in devices
        if each.is_account
        for key, name in (
            ("sensor.active_sessions", "Active sessions"),
            ("sensor.energy", "Energy of all sessions"),
            ("sensor.cost", "Cost of all sessions"),
        )
        if key in each.entities
    ]
    return {
        "type": "grid",
        "column_span": 2,
        "cards": [
            heading("Parking North", "mdi:parking"),
            *tiles,
            {
                "type": "heading",
                "heading": "Load, with a new bar every five minutes",
                "heading_style": "subtitle",
            },
            {
                "type": "statistics-graph",
                "chart_type": "bar-stack",
                "entities": named(points, "sensor.power"),
                "stat_types": ["mean"],
                "period": "5minute",
                # Home Assistant adds an hour to this one.
                "days_to_show": 1 / 24,
                "grid_options": {"columns": 24, "rows": 4},
            },
        ],
    }


def _connector(device: Device) -> Json:
    tiles = [
        tile(device.entities[key], name, columns, feature)
        for key, name, columns, feature in _TILES
        if key in device.entities
    ]
    return {"type": "grid", "cards": [heading(device.name, "mdi:ev-station"), *tiles]}
