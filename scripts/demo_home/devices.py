"""Our devices in a Home Assistant, and the entities of each by key."""

from dataclasses import dataclass, field

from .home_assistant import HomeAssistant

DOMAIN = "ev_charging_sessions"


@dataclass(frozen=True, kw_only=True)
class Device:
    """An account or a charge point; ``entities`` maps ``sensor.status`` to an entity id.

    ``entry_id`` is the account's, and ``manufacturer`` is the network if this is the account.
    """

    device_id: str
    entry_id: str
    name: str
    identifier: str
    manufacturer: str
    is_account: bool
    entities: dict[str, str] = field(default_factory=dict)

    @property
    def is_charge_point(self) -> bool:
        """Tell a charge point from an account, and from one whose status was turned off."""
        return "sensor.status" in self.entities


async def read_devices(home: HomeAssistant) -> list[Device]:
    """Read our devices from the registries, with the entities that are enabled.

    A unique id is the identifier of its device and the key that the design gives the entity.
    """
    devices = {
        raw["id"]: Device(
            device_id=raw["id"],
            entry_id=raw["config_entry_id"],
            name=raw["name_by_user"] or raw["name"],
            identifier=identifier,
            manufacturer=raw["manufacturer"] or "",
            is_account=raw["entry_type"] == "service",
        )
        for raw in await home.command("config/device_registry/list")
        for domain, identifier, *_ in raw["identifiers"]
        if domain == DOMAIN
    }
    for raw in await home.command("config/entity_registry/list"):
        if raw["device_id"] in devices and not raw["disabled_by"]:
            device = devices[raw["device_id"]]
            platform = raw["entity_id"].partition(".")[0]
            key = raw["unique_id"].removeprefix(f"{device.identifier}_")
            device.entities[f"{platform}.{key}"] = raw["entity_id"]
    return sorted(devices.values(), key=lambda device: device.name)
