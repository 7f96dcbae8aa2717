"""The demo's dashboard, made of Home Assistant's own cards."""

from typing import Any

from .home_assistant import HomeAssistant

type Json = dict[str, Any]

URL_PATH = "ev-charging"
_DOMAIN = "ev_charging_sessions"

# What a tile shows of a charge point, by the key at the end of the unique id, and its width of 12.
_TILES = (
    ("sensor", "status", 12),
    ("switch", "charging", 12),
    ("sensor", "session_duration", 6),
    ("binary_sensor", "connected", 6),
    ("sensor", "session_started", 6),
    ("sensor", "session_ended", 6),
)


async def entities_by_device(home: HomeAssistant) -> dict[str, dict[str, str]]:
    """Map each of our devices to its enabled entities: ``sensor.status`` to an entity id.

    The key is the platform and the last part of the unique id, as the design fixes it.
    """
    found: dict[str, dict[str, str]] = {}
    for entity in await home.command("config/entity_registry/list"):
        if entity["platform"] != _DOMAIN or entity["disabled_by"] or not entity["device_id"]:
            continue
        domain = entity["entity_id"].partition(".")[0]
        key = _key(await _unique_id(home, entity["entity_id"]))
        found.setdefault(entity["device_id"], {})[f"{domain}.{key}"] = entity["entity_id"]
    return found


async def _unique_id(home: HomeAssistant, entity_id: str) -> str:
    entity = await home.command("config/entity_registry/get", entity_id=entity_id)
    return str(entity["unique_id"])


def _key(unique_id: str) -> str:
    keys = (
        *("session_duration", "session_started", "session_ended", "session_energy"),
        *("session_cost", "active_sessions", "last_reported", "status", "power", "energy"),
        *("cost", "card", "connected", "charging_mode", "charging_limit", "charging"),
        *("sessions", "session"),
    )
    return next((key for key in keys if unique_id.endswith(f"_{key}")), unique_id)


def layout(names: dict[str, str], devices: dict[str, dict[str, str]]) -> Json:
    """Lay out one section for each charge point, and one for the account and what happened."""
    points = {
        each: entities for each, entities in devices.items() if "sensor.status" in entities
    }
    sections = [_charge_point(names[each], entities) for each, entities in points.items()]
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
                "sections": [*sections, _history(points, names), _logbook(points)],
            }
        ],
    }


def _badges(devices: dict[str, dict[str, str]]) -> list[Json]:
    return [
        {"type": "entity", "entity": entities["sensor.active_sessions"], "show_name": True}
        for entities in devices.values()
        if "sensor.active_sessions" in entities
    ]


def _charge_point(name: str, entities: dict[str, str]) -> Json:
    cards: list[Json] = [{"type": "heading", "heading": name, "icon": "mdi:ev-station"}]
    for domain, key, width in _TILES:
        if entity_id := entities.get(f"{domain}.{key}"):
            card: Json = {
                "type": "tile",
                "entity": entity_id,
                "grid_options": {"columns": width},
            }
            if domain == "switch":
                card["features"] = [{"type": "toggle"}]
                card["features_position"] = "inline"
            cards.append(card)
    return {"type": "grid", "cards": cards}


def _history(points: dict[str, dict[str, str]], names: dict[str, str]) -> Json:
    entities = [
        {"entity": entities["sensor.status"], "name": names[each]}
        for each, entities in points.items()
    ]
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": "The last hour", "icon": "mdi:chart-timeline"},
            {"type": "history-graph", "hours_to_show": 1, "entities": entities},
        ],
    }


def _logbook(points: dict[str, dict[str, str]]) -> Json:
    events = [
        entities["event.session"] for entities in points.values() if "event.session" in entities
    ]
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": "Sessions", "icon": "mdi:history"},
            {"type": "logbook", "target": {"entity_id": events}, "hours_to_show": 24},
        ],
    }


async def save(home: HomeAssistant) -> None:
    """Make the dashboard, or bring it up to date, and let Home Assistant open with it."""
    names = {
        each["id"]: each["name_by_user"] or each["name"]
        for each in await home.command("config/device_registry/list")
    }
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
    config = layout(names, await entities_by_device(home))
    await home.command("lovelace/config/save", url_path=URL_PATH, config=config)
    await home.command(
        "frontend/set_system_data", key="core", value={"default_panel": URL_PATH}
    )
