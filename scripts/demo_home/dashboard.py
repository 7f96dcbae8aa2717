"""The demo's dashboards, made of Home Assistant's own cards: one for the accounts, and energy."""

from typing import Any

from .archive_view import archive_view
from .cards import heading, tile, what_happened
from .devices import DOMAIN, Device, read_devices
from .home_assistant import HomeAssistant
from .house import House
from .namespace_view import namespace_view
from .operator_view import operator_view
from .park_view import park_view

type Json = dict[str, Any]

URL_PATH = "ev-charging"

# How people where the demo's home is write times, with the clock of the home itself.
_LOCALE = {
    "language": "en",
    "number_format": "language",
    "time_format": "24",
    "date_format": "language",
    "first_weekday": "monday",
    "time_zone": "server",
}

# What tiles show of a charge point, under which name, and how many of the 12 columns each takes.
_TILES = (
    ("sensor.status", "Status", 12),
    ("switch.charging", "Charging", 12),
    ("sensor.session_duration", "Duration", 6),
    ("binary_sensor.connected", "Car", 6),
    ("sensor.session_started", "Started", 6),
    ("sensor.session_ended", "Ended", 6),
)


async def save(house: House) -> int:
    """Make the dashboards, or bring them up to date, and return how much they show."""
    home = house.home
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
    shell = [each for each in devices if each.entry_id == house.shell_id]
    park = [each for each in devices if each.entry_id == house.park_id]
    namespace = [each for each in devices if each.entry_id == house.namespace_id]
    operator = [each for each in devices if each.entry_id == house.operator_id]
    views = [
        _shell_view(shell),
        park_view(park),
        namespace_view(namespace),
        operator_view(operator),
        archive_view(devices, await read_statistics(home)),
    ]
    config = {"title": "EV Charging", "views": views}
    await home.command("lovelace/config/save", url_path=URL_PATH, config=config)
    await home.command("frontend/set_system_data", key="core", value={"default_panel": URL_PATH})
    await save_energy(home, devices)
    await home.command("frontend/set_user_data", key="language", value=_LOCALE)
    # The quote that is shown first is one of now.
    await home.call("input_button.press", {"entity_id": "input_button.quote"})
    return size(devices)


def size(devices: list[Device]) -> int:
    """Return how much there is to show; both devices and entities can turn up later."""
    return sum(1 + len(each.entities) for each in devices)


async def save_energy(home: HomeAssistant, devices: list[Device]) -> None:
    """Let the Energy dashboard show what every account and every connector has used.

    The statistics of an account stand for what comes from the grid, as nothing else at home
    measures that, and those of its connectors are the devices behind it.
    """
    ids = await read_statistics(home)
    sources = [
        {
            "type": "grid",
            "stat_energy_from": ids[f"{each.name} energy"],
            "stat_energy_to": None,
            "stat_cost": ids.get(f"{each.name} cost"),
            "entity_energy_price": None,
            "number_energy_price": None,
            "stat_compensation": None,
            "entity_energy_price_export": None,
            "number_energy_price_export": None,
            "cost_adjustment_day": 0,
        }
        for each in devices
        if each.is_account and f"{each.name} energy" in ids
    ]
    consumption: list[Json] = []
    for each in devices:
        if each.is_charge_point and (statistic_id := ids.get(f"{each.name} energy")):
            shown = {"stat_consumption": statistic_id, "name": each.name}
            if power := each.entities.get("sensor.power"):
                shown["stat_rate"] = power
            consumption.append(shown)
    await home.command("energy/save_prefs", energy_sources=sources, device_consumption=consumption)


async def read_statistics(home: HomeAssistant) -> dict[str, str]:
    """Return the ids of our statistics by their names, such as ``CleverEV energy``."""
    listed = await home.command("recorder/list_statistic_ids", statistic_type="sum")
    return {each["name"]: each["statistic_id"] for each in listed if each["source"] == DOMAIN}


def _shell_view(devices: list[Device]) -> Json:
    """Lay out a section for each charge point, and one for what happened at all of them."""
    points = [each for each in devices if each.is_charge_point]
    return {
        "title": "Shell Recharge",
        "path": "charging",
        "type": "sections",
        "max_columns": 3,
        "badges": _badges(devices),
        "sections": [*(_charge_point(each) for each in points), what_happened(points)],
    }


def _badges(devices: list[Device]) -> list[Json]:
    active = [each.entities.get("sensor.active_sessions") for each in devices]
    return [{"type": "entity", "entity": each, "show_name": True} for each in active if each]


def _charge_point(device: Device) -> Json:
    cards = [heading(device.name, "mdi:ev-station")]
    for key, name, columns in _TILES:
        if entity_id := device.entities.get(key):
            feature = {"type": "toggle"} if key.startswith("switch.") else None
            cards.append(tile(entity_id, name, columns, feature))
    return {"type": "grid", "cards": cards}
