"""The checks of ``scripts/demo --check``: what a person would try, and what must not be seen."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
import re
from typing import Any

from .archive_check import ArchiveChecks
from .devices import DOMAIN, Device, read_devices
from .house import CONNECTORS, EVSES, PLACES, House
from .namespace_check import NamespaceChecks
from .namespace_scene import ID_TAGS
from .observer import SECONDS_TO_SHOW, Observer, saw, told_at_the_end
from .operator_check import OperatorChecks
from .operator_scene import CONNECTORS as POLES, DRIVER, KEY, PARTNER
from .processes import DemoError, until

type Json = dict[str, Any]
type Check = Callable[[], Awaitable[None]]

# Nobody added this one to the account.
_STRANGE_EVSE = "NL*TNM*E01000861*0"
_CARD = "NL-TNM-C00122045-K"
# A connector of the park, where it is, and the driver who comes there.
_CONNECTOR = "6020000002-1"
_PLACE: Json = {"serial": "6020000002", "position": 1}
_RFID = "04523022AA4881"
_SECRETS = (
    "demo-secret",
    _CARD,
    "NL-TNM-C0216599X-A",
    "demo-park-secret",
    "demo-park-password",
    "park-owner",
    _RFID,
    "demo-namespace-token",
    *ID_TAGS,
    KEY,
    PARTNER,
    DRIVER,
    # What a namespace tells of its users and chargers, and nobody asked for.
    "usr-anna-19c4",
    "basic-3d1e9c77",
)


class Checks(Observer):
    """Everything that is tried in one house, with what was seen printed."""

    def __init__(self, house: House, folder: Path) -> None:
        """Remember the house, and the folder that its logs are in."""
        super().__init__(house)
        self._folder = folder

    async def run(self) -> None:
        """Try everything; raises ``DemoError`` when something is wrong.

        Most of it is waiting for what a network says next. So the accounts are tried at the same
        time, and each in its own order.
        """
        archive = ArchiveChecks(self.house)
        await _try((self._has_a_device_for_every_charge_point, archive.reads_the_past))
        accounts: tuple[tuple[Check, ...], ...] = (
            (
                self._starts_and_stops_by_action,
                self._starts_and_stops_by_switch,
                self._sees_a_session_that_a_driver_started_at_an_unknown_charge_point,
                self._finds_the_sessions_again,
                self._shows_no_figure_that_shell_does_not_report,
            ),
            (
                self._shows_what_a_car_charges_in_the_park,
                self._pauses_it_and_lets_it_charge_again,
                self._keeps_its_energy_when_it_has_left,
            ),
            archive.all(),
            NamespaceChecks(self.house).all(),
            OperatorChecks(self.house).all(),
        )
        try:
            async with asyncio.TaskGroup() as group:
                for checks in accounts:
                    group.create_task(_try(checks))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        await _try((self._keeps_its_log_clean,))

    async def _has_a_device_for_every_charge_point(self) -> None:
        devices = await read_devices(self.home)
        for charge_point_id in (*EVSES, *CONNECTORS, *PLACES, *POLES):
            device = self.find(devices, charge_point_id)
            saw(f"{device.name}: {', '.join(sorted(device.entities))}")
        for account in (each for each in devices if each.is_account):
            saw(f"{account.name}: {', '.join(sorted(account.entities))}")
            if "sensor.active_sessions" not in account.entities:
                raise DemoError(f"{account.name} has no sensor of its active sessions.")

    async def _starts_and_stops_by_action(self) -> None:
        device = await self.device(EVSES[0])
        await self.simulator.post("plug", evse_id=EVSES[0])
        started = await self.act("start_session", device)
        await self._charges(device, EVSES[0])
        stopped = await self.act("stop_session", device)
        if started["session_id"] != stopped["session_id"]:
            raise DemoError("Another session was stopped than was started.")
        await self._rests(device, EVSES[0])

    async def _starts_and_stops_by_switch(self) -> None:
        device = await self.device(EVSES[1])
        switch = {"entity_id": device.entities["switch.charging"]}
        await self.simulator.post("plug", evse_id=EVSES[1])
        await self.home.call("switch.turn_on", switch)
        await self._charges(device, EVSES[1])
        await self.home.call("switch.turn_off", switch)
        await self._rests(device, EVSES[1])

    async def _sees_a_session_that_a_driver_started_at_an_unknown_charge_point(self) -> None:
        # While a session of the same card is open, the account is read every half minute.
        device = await self.device(EVSES[2])
        await self.simulator.post("plug", evse_id=EVSES[2])
        await self.act("start_session", device)
        await self.simulator.post("plug", evse_id=_STRANGE_EVSE)
        await self.simulator.post("sessions", evse_id=_STRANGE_EVSE, card=_CARD)

        async def is_there() -> bool:
            return bool(self.look_for(await read_devices(self.home), _STRANGE_EVSE))

        await until(is_there, SECONDS_TO_SHOW, f"a device for {_STRANGE_EVSE}")
        stranger = await self.device(_STRANGE_EVSE)
        await self._charges(stranger, _STRANGE_EVSE)
        await self.act("stop_session", stranger)
        await self._rests(stranger, _STRANGE_EVSE)
        await self.act("stop_session", device)

    async def _finds_the_sessions_again(self) -> None:
        answer = await self.home.act(
            f"{DOMAIN}.get_sessions", {"config_entry_id": self.house.shell_id}
        )
        for row in answer["sessions"]:
            saw(f"{row['evse_id']} {row['status']} {row['started']} to {row['ended']}")
        if answer["count"] != 4 or any(row["ended"] is None for row in answer["sessions"]):
            raise DemoError(f"Four sessions that ended were expected, not {answer}.")

    async def _shows_no_figure_that_shell_does_not_report(self) -> None:
        figures = [
            entity
            for device in await read_devices(self.home)
            for key, entity in device.entities.items()
            if device.entry_id == self.house.shell_id and key.endswith(("energy", "cost", "power"))
        ]
        if figures:
            raise DemoError(f"Shell reports neither energy nor cost, but there are {figures}.")
        saw("neither energy nor cost")

    async def _shows_what_a_car_charges_in_the_park(self) -> None:
        device = await self.device(_CONNECTOR)
        await self.simulator.post("park/plug", **_PLACE, rfid=_RFID)
        # A deserted park is read every five minutes only, unless somebody asks.
        await self.home.call(
            "homeassistant.update_entity", {"entity_id": device.entities["sensor.status"]}
        )
        await self.shows(device, {"sensor.status": "charging", "binary_sensor.charging": "on"})
        await self.shows(device, {"switch.charging": "on", "select.charging_mode": "normal"})
        for key in ("sensor.session_energy", "sensor.session_cost", "sensor.energy"):
            await self.rises(device, key, await self.figure(device, key))
        await self.rises(device, "sensor.power", 0.0)

    async def _pauses_it_and_lets_it_charge_again(self) -> None:
        device = await self.device(_CONNECTOR)
        switch = {"entity_id": device.entities["switch.charging"]}
        for service, mode, status in (
            ("turn_off", "paused", "suspended"),
            ("turn_on", "normal", "charging"),
        ):
            await self.home.call(f"switch.{service}", switch)
            await self.shows(device, {"sensor.status": status, "select.charging_mode": mode})
            connector = await self.simulator.connector(**_PLACE)
            saw(f"the connector in the simulator: {connector['mode']}, {connector['power']} kW")
            if connector["mode"] != mode.upper():
                raise DemoError(f"The connector should be {mode}.")

    async def _keeps_its_energy_when_it_has_left(self) -> None:
        device = await self.device(_CONNECTOR)
        session = await self.simulator.post("park/unplug", **_PLACE)
        await self.shows(device, {"sensor.status": "available", "binary_sensor.connected": "off"})
        await self.shows(device, {"sensor.power": "0.0"})
        there = [
            each["energy"]
            for each in (await self.simulator.state())["park_sessions"]
            if (each["serial"], each["position"]) == (session["serial"], session["position"])
        ]
        for key, expected in (
            ("sensor.session_energy", session["energy"]),
            ("sensor.energy", round(sum(there), 3)),
        ):
            energy = await self.figure(device, key)
            saw(f"{device.name} {key}: {energy} kWh")
            if energy != expected:
                raise DemoError(f"The simulator says {expected} kWh.")

    async def _keeps_its_log_clean(self) -> None:
        log = (self._folder / "home-assistant.log").read_text(encoding="utf-8")
        for record in re.split(r"\n(?=\d{4}-\d\d-\d\d )", log):
            first = record.partition("\n")[0]
            is_failure = " ERROR " in first or "Traceback" in record
            if is_failure and (DOMAIN in record or "Error doing job" in record):
                raise DemoError(f"The log tells of a failure:\n{record}")
        for secret in _SECRETS:
            if secret in log:
                raise DemoError(f"The log shows {secret}.")
        if "Attempting install of" in log:
            raise DemoError("Home Assistant tried to install something at its start.")
        saw(f"{len(log.splitlines())} lines, no failure, no secret")

    async def _charges(self, device: Device, evse_id: str) -> None:
        await self.shows(device, {"sensor.status": "charging", "binary_sensor.charging": "on"})
        await self.shows(device, {"switch.charging": "on", "binary_sensor.connected": "on"})
        duration = float(await self.home.state(device.entities["sensor.session_duration"]))
        if duration < 0:
            raise DemoError(f"A session of {duration} is no session.")
        if not await self.simulator.running_sessions(evse_id):
            raise DemoError(f"The simulator knows of no session at {evse_id}.")

    async def _rests(self, device: Device, evse_id: str) -> None:
        await self.shows(device, {"switch.charging": "off", "binary_sensor.charging": "off"})
        if await self.simulator.running_sessions(evse_id):
            raise DemoError(f"In the simulator the session at {evse_id} still runs.")
        for key in ("sensor.status", "sensor.session_ended"):
            saw(f"{device.name} {key}: {await self.home.state(device.entities[key])}")


async def _try(checks: Iterable[Check]) -> None:
    for check in checks:
        with told_at_the_end(check.__name__.strip("_").replace("_", " ")):
            await check()
