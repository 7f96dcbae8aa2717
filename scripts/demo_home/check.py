"""The checks of ``scripts/demo --check``: what a person would try, and what must not be seen."""

from pathlib import Path
import re
from typing import Any

from .devices import DOMAIN, Device, read_devices
from .house import CONNECTORS, EVSES, House
from .processes import DemoError, until

type Json = dict[str, Any]

# Nobody added this one to the account.
_STRANGE_EVSE = "NL*TNM*E01000861*0"
_CARD = "NL-TNM-C00122045-K"
# A connector of the park, where it is, and the driver who comes there.
_CONNECTOR = "6020000002-1"
_PLACE: Json = {"serial": "6020000002", "position": 1}
_RFID = "04523022AA4881"
_SECONDS_TO_SHOW = 60
_SECRETS = (
    "demo-secret",
    _CARD,
    "NL-TNM-C0216599X-A",
    "demo-park-secret",
    "demo-park-password",
    "park-owner",
    _RFID,
)


class Checks:
    """Everything that is tried in one house, with what was seen printed."""

    def __init__(self, house: House, folder: Path) -> None:
        """Remember the house, and the folder that its logs are in."""
        self._house = house
        self._home = house.home
        self._simulator = house.simulator
        self._folder = folder

    async def run(self) -> None:
        """Try everything in turn; raises ``DemoError`` at the first thing that is wrong."""
        for check in (
            self._has_a_device_for_every_charge_point,
            self._starts_and_stops_by_action,
            self._starts_and_stops_by_switch,
            self._sees_a_session_that_a_driver_started_at_an_unknown_charge_point,
            self._finds_the_sessions_again,
            self._shows_no_figure_that_shell_does_not_report,
            self._shows_what_a_car_charges_in_the_park,
            self._pauses_it_and_lets_it_charge_again,
            self._keeps_its_energy_when_it_has_left,
            self._keeps_its_log_clean,
        ):
            print(f"  {check.__name__.strip('_').replace('_', ' ')}", flush=True)
            await check()

    async def _has_a_device_for_every_charge_point(self) -> None:
        devices = await read_devices(self._home)
        for charge_point_id in (*EVSES, *CONNECTORS):
            device = self._find(devices, charge_point_id)
            _saw(f"{device.name}: {', '.join(sorted(device.entities))}")
        for account in (each for each in devices if each.is_account):
            _saw(f"{account.name}: {', '.join(sorted(account.entities))}")
            if "sensor.active_sessions" not in account.entities:
                raise DemoError(f"{account.name} has no sensor of its active sessions.")

    async def _starts_and_stops_by_action(self) -> None:
        device = await self._device(EVSES[0])
        await self._simulator.post("plug", evse_id=EVSES[0])
        started = await self._act("start_session", device)
        await self._charges(device, EVSES[0])
        stopped = await self._act("stop_session", device)
        if started["session_id"] != stopped["session_id"]:
            raise DemoError("Another session was stopped than was started.")
        await self._rests(device, EVSES[0])

    async def _starts_and_stops_by_switch(self) -> None:
        device = await self._device(EVSES[1])
        switch = {"entity_id": device.entities["switch.charging"]}
        await self._simulator.post("plug", evse_id=EVSES[1])
        await self._home.call("switch.turn_on", switch)
        await self._charges(device, EVSES[1])
        await self._home.call("switch.turn_off", switch)
        await self._rests(device, EVSES[1])

    async def _sees_a_session_that_a_driver_started_at_an_unknown_charge_point(self) -> None:
        # While a session of the same card is open, the account is read every half minute.
        device = await self._device(EVSES[2])
        await self._simulator.post("plug", evse_id=EVSES[2])
        await self._act("start_session", device)
        await self._simulator.post("plug", evse_id=_STRANGE_EVSE)
        await self._simulator.post("sessions", evse_id=_STRANGE_EVSE, card=_CARD)

        async def is_there() -> bool:
            return bool(self._look_for(await read_devices(self._home), _STRANGE_EVSE))

        await until(is_there, _SECONDS_TO_SHOW, f"a device for {_STRANGE_EVSE}")
        stranger = await self._device(_STRANGE_EVSE)
        await self._charges(stranger, _STRANGE_EVSE)
        await self._act("stop_session", stranger)
        await self._rests(stranger, _STRANGE_EVSE)
        await self._act("stop_session", device)

    async def _finds_the_sessions_again(self) -> None:
        answer = await self._home.act(
            f"{DOMAIN}.get_sessions", {"config_entry_id": self._house.shell_id}
        )
        for row in answer["sessions"]:
            _saw(f"{row['evse_id']} {row['status']} {row['started']} to {row['ended']}")
        if answer["count"] != 4 or any(row["ended"] is None for row in answer["sessions"]):
            raise DemoError(f"Four sessions that ended were expected, not {answer}.")

    async def _shows_no_figure_that_shell_does_not_report(self) -> None:
        figures = [
            entity
            for device in await read_devices(self._home)
            for key, entity in device.entities.items()
            if device.entry_id == self._house.shell_id and key.endswith(("energy", "cost", "power"))
        ]
        if figures:
            raise DemoError(f"Shell reports neither energy nor cost, but there are {figures}.")
        _saw("neither energy nor cost")

    async def _shows_what_a_car_charges_in_the_park(self) -> None:
        device = await self._device(_CONNECTOR)
        await self._simulator.post("park/plug", **_PLACE, rfid=_RFID)
        # A deserted park is read every five minutes only, unless somebody asks.
        await self._home.call(
            "homeassistant.update_entity", {"entity_id": device.entities["sensor.status"]}
        )
        await self._shows(device, {"sensor.status": "charging", "binary_sensor.charging": "on"})
        await self._shows(device, {"switch.charging": "on", "select.charging_mode": "normal"})
        for key in ("sensor.session_energy", "sensor.energy"):
            await self._rises(device, key, await self._figure(device, key))
        await self._rises(device, "sensor.power", 0.0)

    async def _pauses_it_and_lets_it_charge_again(self) -> None:
        device = await self._device(_CONNECTOR)
        switch = {"entity_id": device.entities["switch.charging"]}
        for service, mode, status in (
            ("turn_off", "paused", "suspended"),
            ("turn_on", "normal", "charging"),
        ):
            await self._home.call(f"switch.{service}", switch)
            await self._shows(device, {"sensor.status": status, "select.charging_mode": mode})
            connector = await self._simulator.connector(**_PLACE)
            _saw(f"the connector in the simulator: {connector['mode']}, {connector['power']} kW")
            if connector["mode"] != mode.upper():
                raise DemoError(f"The connector should be {mode}.")

    async def _keeps_its_energy_when_it_has_left(self) -> None:
        device = await self._device(_CONNECTOR)
        session = await self._simulator.post("park/unplug", **_PLACE)
        await self._shows(device, {"sensor.status": "available", "binary_sensor.connected": "off"})
        await self._shows(device, {"sensor.power": "0.0"})
        for key in ("sensor.session_energy", "sensor.energy"):
            energy = await self._figure(device, key)
            _saw(f"{device.name} {key}: {energy} kWh")
            if energy != session["energy"]:
                raise DemoError(f"The simulator says {session['energy']} kWh.")

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
        _saw(f"{len(log.splitlines())} lines, no failure, no secret")

    async def _charges(self, device: Device, evse_id: str) -> None:
        await self._shows(device, {"sensor.status": "charging", "binary_sensor.charging": "on"})
        await self._shows(device, {"switch.charging": "on", "binary_sensor.connected": "on"})
        duration = float(await self._home.state(device.entities["sensor.session_duration"]))
        if duration < 0:
            raise DemoError(f"A session of {duration} is no session.")
        if not await self._simulator.running_sessions(evse_id):
            raise DemoError(f"The simulator knows of no session at {evse_id}.")

    async def _rests(self, device: Device, evse_id: str) -> None:
        await self._shows(device, {"switch.charging": "off", "binary_sensor.charging": "off"})
        if await self._simulator.running_sessions(evse_id):
            raise DemoError(f"In the simulator the session at {evse_id} still runs.")
        for key in ("sensor.status", "sensor.session_ended"):
            _saw(f"{device.name} {key}: {await self._home.state(device.entities[key])}")

    async def _shows(self, device: Device, expected: dict[str, str]) -> None:
        for key, value in expected.items():
            await self._becomes(device, key, value)

    async def _becomes(self, device: Device, key: str, value: str) -> None:
        async def is_shown() -> bool:
            return await self._home.state(device.entities[key]) == value

        await until(is_shown, _SECONDS_TO_SHOW, f"{device.name} {key} to be {value}")
        _saw(f"{device.name} {key}: {value}")

    async def _figure(self, device: Device, key: str) -> float:
        return float(await self._home.state(device.entities[key]))

    async def _rises(self, device: Device, key: str, least: float) -> None:
        async def is_more() -> bool:
            state = await self._home.state(device.entities[key])
            return state not in {"unknown", "unavailable"} and float(state) > least

        await until(is_more, _SECONDS_TO_SHOW, f"{device.name} {key} to be above {least}")
        _saw(f"{device.name} {key}: {await self._figure(device, key)}, above {least}")

    async def _act(self, action: str, device: Device) -> Json:
        response = await self._home.act(f"{DOMAIN}.{action}", {"device_id": device.device_id})
        _saw(f"{action}: {response['status']} after {response['seconds']} s")
        return response

    async def _device(self, evse_id: str) -> Device:
        return self._find(await read_devices(self._home), evse_id)

    def _find(self, devices: list[Device], evse_id: str) -> Device:
        if device := self._look_for(devices, evse_id):
            return device
        raise DemoError(f"There is no device for {evse_id}.")

    @staticmethod
    def _look_for(devices: list[Device], evse_id: str) -> Device | None:
        return next((each for each in devices if each.identifier.endswith(evse_id)), None)


def _saw(text: str) -> None:
    print(f"      {text}", flush=True)
