"""The guest house of the demo: two poles that it offers to the network, and how that calls.

What a home would have of a pole are the entities in configuration.yaml, which read and switch
it over HTTP. The network calls the address that our options show.
"""

from typing import Any

from .devices import DOMAIN, read_devices
from .home_assistant import HomeAssistant
from .progress import step
from .simulator import Simulator

type Json = dict[str, Any]

# The operator that the simulated network knows, and the connectors of its station.
KEY = "demo-operator-key-6f1c"
PARTNER = "demo-partner-5b8e2d90c417"
FRONT, YARD = "DE*8PS*ETABCD*1", "DE*8PS*ETABCD*2"
CONNECTORS = (FRONT, YARD)
_POLES = {FRONT: "front", YARD: "yard"}
# Whoever starts with the app of the network.
DRIVER = "DE*8PS*D89761*2"

_NAMES = {FRONT: "Front pole", YARD: "Yard pole"}
_ACCOUNT: Json = {"api_key": KEY, "partner_identifier": PARTNER}
_PRICE: Json = {"price_per_kwh": 0.49}


async def add(home: HomeAssistant, simulator_url: str) -> str:
    """Add the account and offer both poles through the flows; return the account's entry."""
    with step("PlugSurfing account, through the config flow"):
        entry_id = await home.add_entry(
            DOMAIN,
            {"next_step_id": "plugsurfing"},
            {**_ACCOUNT, "advanced": {"base_url": simulator_url}},
        )
    with step("a price for its drivers"):
        await home.set_options(entry_id, {"next_step_id": "price"}, _PRICE)
    for evse_id, pole in _POLES.items():
        with step(f"connector {evse_id}"):
            await home.add_subentry(
                entry_id,
                "connector",
                {
                    "evse_id": evse_id,
                    "switch_entity": f"switch.{pole}_pole",
                    "energy_entity": f"sensor.{pole}_pole_meter",
                    "plug_entity": f"binary_sensor.{pole}_pole_plug",
                },
            )
    return entry_id


async def name_poles(home: HomeAssistant) -> None:
    """Call the poles what the people of the house call them."""
    for device in await read_devices(home):
        if name := _NAMES.get(device.name):
            await home.command(
                "config/device_registry/update", device_id=device.device_id, name_by_user=name
            )


async def announce(home: HomeAssistant, simulator: Simulator, entry_id: str) -> None:
    """Give the network the address that it is to call, as an operator would: from our options."""
    shown = await home.read_options_step(entry_id, {"next_step_id": "calls"})
    await simulator.post("plugsurfing/webhook", url=shown["description_placeholders"]["url"])
