"""The checks of the namespace: what is charged there has a price, and that can be asked for."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

from .devices import DOMAIN, Device
from .namespace_scene import BILLED, FULL, WAITING, Json
from .observer import SECONDS_TO_SHOW, Observer, saw
from .processes import DemoError, until

_NO_STATE = {"unknown", "unavailable"}


class NamespaceChecks(Observer):
    """Everything that is tried in the namespace."""

    def all(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """Return the checks in the order in which they are to be made."""
        return (
            self._sums_up_what_was_charged_before,
            self._starts_by_switch_and_sees_the_cost_grow,
            self._stops_by_switch_and_keeps_the_cost,
            self._quotes_a_price_line_by_line,
            self._foresees_when_the_fee_begins,
        )

    async def _sums_up_what_was_charged_before(self) -> None:
        account = await self.account(self.house.namespace_id)
        for key in ("sensor.energy", "sensor.cost"):
            await self.rises(account, key, 100.0)

    async def _starts_by_switch_and_sees_the_cost_grow(self) -> None:
        device = await self.device(_id(WAITING))
        await self.simulator.post(
            "namespace/plug", **WAITING, car={"capacity": 100, "level": 10, "max_power": 22}
        )
        await self.home.call("switch.turn_on", {"entity_id": device.entities["switch.charging"]})
        await self.shows(device, {"sensor.status": "charging", "switch.charging": "on"})
        await self.rises(device, "sensor.session_energy", 0.0)
        await self.rises(device, "sensor.session_cost", 0.0)
        cost = await self.figure(device, "sensor.session_cost")
        await self.rises(device, "sensor.session_cost", cost)

    async def _stops_by_switch_and_keeps_the_cost(self) -> None:
        device = await self.device(_id(WAITING))
        await self.home.call("switch.turn_off", {"entity_id": device.entities["switch.charging"]})
        await self.shows(device, {"switch.charging": "off", "sensor.status": "occupied"})
        await self.simulator.post("namespace/unplug", **WAITING)
        await self.home.call(
            "homeassistant.update_entity", {"entity_id": device.entities["sensor.status"]}
        )
        await self.shows(device, {"sensor.status": "available"})
        row = await self._last_row(device)
        cost = await self.home.state(device.entities["sensor.session_cost"])
        saw(f"{device.name}: {row['energy']} kWh for {row['cost']} {row['currency']}")
        if Decimal(cost) != Decimal(row["cost"]) or row["cost_source"] != "reported":
            raise DemoError(f"The sensor says {cost}, and the archive {row}.")

    async def _quotes_a_price_line_by_line(self) -> None:
        device = await self.device(_id(BILLED))
        bill = await self.home.act(
            f"{DOMAIN}.quote",
            {"device_id": device.device_id, "energy": 30, "duration": {"hours": 4}},
        )
        for line in bill["items"]:
            saw(f"{line['element']}, {line['component']}: {line['amount']} {bill['currency']}")
        total = sum(Decimal(line["amount"]) for line in bill["items"])
        if not total or total != Decimal(bill["total"]):
            raise DemoError(f"The lines of a quote are {total}, and its total is {bill['total']}.")

        async def is_shown() -> bool:
            return await self.home.state("sensor.quote") not in {"missing", *_NO_STATE}

        await until(is_shown, SECONDS_TO_SHOW, "the dashboard to show a quote")
        saw(f"on the dashboard: {await self.home.state('sensor.quote')}")

    async def _foresees_when_the_fee_begins(self) -> None:
        device = await self.device(_id(FULL))
        entity_id = device.entities["sensor.idle_fee"]

        async def is_foreseen() -> bool:
            return await self.home.state(entity_id) not in _NO_STATE

        await until(is_foreseen, 2 * SECONDS_TO_SHOW, f"{device.name} to have a fee in sight")
        saw(f"{device.name} idle fee: {await self.home.state(entity_id)}")

    async def _last_row(self, device: Device) -> Json:
        answer = await self.home.act(
            f"{DOMAIN}.get_sessions", {"device_id": device.device_id, "limit": 1}
        )
        row: Json = answer["sessions"][0]
        return row


def _id(place: Json) -> str:
    return f"{place['charger_id']}-{place['connector_id']}"
