"""The demo's dashboard, made of Home Assistant's own cards."""

from typing import Any

from .devices import Device, read_devices
from .home_assistant import HomeAssistant

type Json = dict[str, Any]

URL_PATH = "ev-charging"

# What tiles show of a charge point, under which name, and how many of the 12 columns each takes.
_TILES = (
    ("sensor.status", "Status", 12),
    ("switch.charging", "Charging", 12),
    ("sensor.session_duration", "Duration", 6),
    ("binary_sensor.connected", "Car", 6),
    ("sensor.session_started", "Started", 6),
    ("sensor.session_ended", "Ended", 6),
)


def layout(devices: list[Device]) -> Json:
    """Lay out a section for each charge point, and one for what happened at all of them."""
    points = [each for each in devices if each.is_charge_point]
    return {
        "title": "EV Charging",
        "views": [
            {
                "title": "Charging",
                "path": "charging",
                "icon": "mdi:ev-station",
                "type": "sections",
                "max_columns": 3,
                "badges": _badges(devices),
                "sections": [*(_charge_point(each) for each in points), _history(points)],
            }
        ],
    }


def _badges(devices: list[Device]) -> list[Json]:
    active = [each.entities.get("sensor.active_sessions") for each in devices]
    return [{"type": "entity", "entity": each, "show_name": True} for each in active if each]


def _charge_point(device: Device) -> Json:
    cards: list[Json] = [_heading(device.name, "mdi:ev-station")]
    for key, name, columns in _TILES:
        if entity_id := device.entities.get(key):
            card: Json = {
                "type": "tile",
                "entity": entity_id,
                "name": name,
                "grid_options": {"columns": columns},
            }
            if key.startswith("switch."):
                card |= {"features": [{"type": "toggle"}], "features_position": "inline"}
            cards.append(card)
    return {"type": "grid", "cards": cards}


def _history(points: list[Device]) -> Json:
    statuses = [{"entity": each.entities["sensor.status"], "name": each.name} for each in points]
    events = [each.entities["event.session"] for each in points if "event.session" in each.entities]
    return {
        "type": "grid",
        "column_span": 3,
        "cards": [
            _heading("What happened", "mdi:history"),
            {
                "type": "history-graph",
                "hours_to_show": 1,
                "entities": statuses,
                "grid_options": {"columns": 24},
            },
            {
                "type": "logbook",
                "target": {"entity_id": events},
                "hours_to_show": 24,
                "grid_options": {"columns": 12, "rows": 5},
            },
        ],
    }


def _heading(text: str, icon: str) -> Json:
    return {"type": "heading", "heading": text, "icon": icon}


async def save(home: HomeAssistant) -> int:
    """Make the dashboard, or bring it up to date, and return how many devices there are."""
    boards = await home.command("lovelace/dashboards/list")
    if not any(each["url_path"] == URL_PATH for each in boards):
        await home.command(
            "lovelace/dashboards/create",
            url_path=URL_PATH,
            title="EV Charging",
            icon="mdi:ev-station",
            show_in_sidebar=True,
            mode="storage",
        )
    devices = await read_devices(home)
    await home.command("lovelace/config/save", url_path=URL_PATH, config=layout(devices))
    await home.command("frontend/set_system_data", key="core", value={"default_panel": URL_PATH})
    return len(devices)
