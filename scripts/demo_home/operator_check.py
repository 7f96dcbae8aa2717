"""The checks of the guest house: the network starts a pole, and gets what was charged there."""

from collections.abc import Awaitable, Callable

from .observer import Observer, saw
from .operator_scene import DRIVER, FRONT, Json
from .processes import DemoError, until

_POLE = "front"
_SWITCH = "switch.front_pole"
# A meter that is read every few seconds has its last word a minute after a session.
_SECONDS_TO_POST = 120
_SUCCESS = range(100)


class OperatorChecks(Observer):
    """Everything that is tried at the poles."""

    def all(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """Return the checks in the order in which they are to be made."""
        return (
            self._lets_nobody_in_without_the_key,
            self._lets_the_network_start_a_pole,
            self._lets_the_network_stop_it,
            self._posts_what_was_charged,
        )

    async def _lets_nobody_in_without_the_key(self) -> None:
        device = await self.device(FRONT)
        await self.simulator.post("pole/plug", name=_POLE, car={"capacity": 100, "max_power": 10.8})
        await self.shows(device, {"sensor.status": "occupied"})
        user = {"identifier-type": "evco-id", "identifier": DRIVER}
        answer = await self.simulator.post(
            "plugsurfing/call",
            call="session-start",
            body={"user": user, "connector-id": FRONT},
            key="guessed",
        )
        (reply,) = answer["replies"]
        saw(f"answered {reply['status']}: {reply['body']}")
        if reply["status"] != 401 or (await self._pole())["switched"]:
            raise DemoError("Somebody without the key came in.")

    async def _lets_the_network_start_a_pole(self) -> None:
        device = await self.device(FRONT)
        await self._call("start")
        if await self.home.state(_SWITCH) != "on":
            raise DemoError("The pole is not on, although the network was told so.")
        await self.shows(device, {"sensor.status": "charging", "switch.charging": "on"})
        await self.rises(device, "sensor.session_energy", 0.05)
        await self.rises(device, "sensor.session_cost", 0.0)
        running = await self._booked()
        saw(f"the network knows of session {running['session_id']}, started {running['started']}")
        await self._is_told("Occupied")

    async def _lets_the_network_stop_it(self) -> None:
        device = await self.device(FRONT)
        await self._call("stop")
        pole = await self._pole()
        saw(f"the pole in the simulator: {pole['power']} kW, {pole['shown']} kWh")
        if pole["on"]:
            raise DemoError("The pole is still on.")
        await self.shows(device, {"switch.charging": "off", "sensor.status": "occupied"})
        await self.simulator.post("pole/unplug", name=_POLE)
        await self.shows(device, {"binary_sensor.connected": "off", "sensor.status": "available"})

    async def _posts_what_was_charged(self) -> None:
        async def is_final() -> bool:
            return bool((await self._booked())["is_final"])

        await until(is_final, _SECONDS_TO_POST, "the final form of the session to be posted")
        booked, pole = await self._booked(), await self._pole()
        saw(f"the network has {booked['energy']} kWh for {booked['cost']} {booked['currency']}")
        charged = pole["stays"][-1]["energy"]
        if abs(float(booked["energy"]) - charged) > 0.0015:
            raise DemoError(f"{charged} kWh were charged, and {booked['energy']} posted.")
        device = await self.device(FRONT)
        await self.becomes(device, "sensor.session_energy", f"{float(booked['energy'])}")
        await self._is_told("Available")
        violations = (await self.simulator.get("plugsurfing/books"))["violations"]
        if violations:
            raise DemoError(f"The network complains: {violations}")
        account = await self.account(self.house.operator_id)
        await self.becomes(account, "sensor.unposted_sessions", "0")

    async def _call(self, what: str) -> None:
        """Let the network call, as when a driver presses a button in its app."""
        answer = await self.simulator.post(f"plugsurfing/{what}", connector_id=FRONT)
        (reply,) = answer["replies"]
        saw(f"session-{what} answered after {reply['seconds'] * 1000:.0f} ms: {reply['body']}")
        if reply["status"] != 200 or reply["body"]["result"]["code"] not in _SUCCESS:
            raise DemoError(f"The network could not {what} the pole.")

    async def _is_told(self, status: str) -> None:
        async def is_known() -> bool:
            statuses: Json = (await self.simulator.get("plugsurfing/statuses"))["now"]
            return bool(statuses[FRONT] == status)

        await until(is_known, _SECONDS_TO_POST, f"the network to know that {FRONT} is {status}")
        saw(f"the network knows that {FRONT} is {status}")

    async def _booked(self) -> Json:
        """Return the session at the pole as the network has it."""
        books = await self.simulator.get("plugsurfing/books")
        for session in books["sessions"].values():
            if session["connector_id"] == FRONT:
                found: Json = session
                return found
        raise DemoError("The network knows no session at the pole.")

    async def _pole(self) -> Json:
        for pole in (await self.simulator.state())["poles"]:
            if pole["name"] == _POLE:
                found: Json = pole
                return found
        raise DemoError(f"The simulator has no pole {_POLE}.")
