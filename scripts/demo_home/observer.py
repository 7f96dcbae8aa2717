"""What the checks of the demo look with, and how they say what they saw."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any

from .devices import DOMAIN, Device, read_devices
from .house import House
from .processes import DemoError, until

type Json = dict[str, Any]

SECONDS_TO_SHOW = 60

# What was seen in the check that this task makes.
_seen: ContextVar[list[str]] = ContextVar("_seen")


@contextmanager
def told_at_the_end(check: str) -> Iterator[None]:
    """Print all that was seen in a check at once, as others are made at the same time."""
    _seen.set([])
    start = monotonic()
    mark = "✗"
    try:
        yield
        mark = "✓"
    finally:
        print(f"  {mark} {check} ({monotonic() - start:.1f} s)")
        for text in _seen.get():
            print(f"      {text}")
        print(end="", flush=True)


class Observer:
    """Looks at one house, and prints what was seen."""

    def __init__(self, house: House) -> None:
        """Remember the house."""
        self.house = house
        self.home = house.home
        self.simulator = house.simulator

    async def shows(self, device: Device, expected: dict[str, str]) -> None:
        """Wait until entities of a device show what is expected, one after the other."""
        for key, value in expected.items():
            await self.becomes(device, key, value)

    async def becomes(self, device: Device, key: str, value: str) -> None:
        """Wait until an entity of a device shows a value."""

        async def is_shown() -> bool:
            return await self.home.state(device.entities[key]) == value

        await until(is_shown, SECONDS_TO_SHOW, f"{device.name} {key} to be {value}")
        saw(f"{device.name} {key}: {value}")

    async def figure(self, device: Device, key: str) -> float:
        """Return the number that an entity of a device shows."""
        return float(await self.home.state(device.entities[key]))

    async def rises(self, device: Device, key: str, least: float) -> None:
        """Wait until an entity of a device shows more than that."""

        async def is_more() -> bool:
            state = await self.home.state(device.entities[key])
            return state not in {"unknown", "unavailable"} and float(state) > least

        await until(is_more, SECONDS_TO_SHOW, f"{device.name} {key} to be above {least}")
        saw(f"{device.name} {key}: {await self.figure(device, key)}, above {least}")

    async def act(self, action: str, device: Device) -> Json:
        """Perform one of our actions at a charge point, and return its response."""
        response = await self.home.act(f"{DOMAIN}.{action}", {"device_id": device.device_id})
        saw(f"{action}: {response['status']} after {response['seconds']} s")
        return response

    async def device(self, evse_id: str) -> Device:
        """Return the device of a charge point as it is now."""
        return self.find(await read_devices(self.home), evse_id)

    async def account(self, entry_id: str) -> Device:
        """Return the device of an account as it is now."""
        devices = await read_devices(self.home)
        return next(each for each in devices if each.is_account and each.entry_id == entry_id)

    def find(self, devices: list[Device], evse_id: str) -> Device:
        """Return the device of a charge point; raises ``DemoError`` when it has none."""
        if device := self.look_for(devices, evse_id):
            return device
        raise DemoError(f"There is no device for {evse_id}.")

    @staticmethod
    def look_for(devices: list[Device], evse_id: str) -> Device | None:
        """Return the device of a charge point if it has one."""
        return next((each for each in devices if each.identifier.endswith(evse_id)), None)


def saw(text: str) -> None:
    """Keep what was seen, to be printed below the name of the check."""
    _seen.get().append(text)
