"""A charge that the park and the operator's system of its pole report, each to its account."""

from typing import Any

import pytest

from homeassistant.exceptions import ServiceValidationError

from custom_components.ev_charging_sessions.coordinator import ChargingConfigEntry
from tests.home import Home
from tests.namespace import ENTRANCE
from tests.park import SERIAL


class TwoAccounts:
    """A home with a park and the namespace of its poles."""

    def __init__(self, home: Home) -> None:
        """Remember the home; nothing is set up yet."""
        self.home = home
        self.park: ChargingConfigEntry
        self.namespace: ChargingConfigEntry

    async def charge(self) -> None:
        """Let a car charge for an hour, and both accounts hear of it."""
        simulator = self.home.simulator
        there = simulator.namespace.start_at_pole(ENTRANCE, 1, "04A1B2C3D4")
        session = simulator.parks.plug(SERIAL, 1)
        session.csms_transaction_id = str(there.number)
        await self.home.run(3600)
        simulator.namespace.unplug(ENTRANCE, 1)
        simulator.parks.unplug(SERIAL, 1)
        await self.home.run(360)

    async def get(self, **filters: Any) -> dict[str, Any]:
        """Ask the archive."""
        response = await self.home.act("get_sessions", **filters)
        assert response is not None
        return dict(response)


@pytest.fixture
async def accounts(home: Home) -> TwoAccounts:
    """Return a home with both accounts."""
    two = TwoAccounts(home)
    await home.add_namespace()
    two.namespace = home.entry
    await home.add_parks("20001")
    two.park = home.entry
    return two


async def test_one_charge_of_two_networks(accounts: TwoAccounts) -> None:
    """Test that both reports are there, say so of each other, and are summed up as one."""
    await accounts.charge()
    found = await accounts.get()
    rows = {row["backend"]: row for row in found["sessions"]}
    park, namespace = rows["smappee"], rows["cleverev"]
    assert found["count"] == 2
    assert park["energy"] > 1
    assert namespace["energy"] > 1
    assert (park["counts"], namespace["counts"]) == (False, True)
    assert park["linked"] == [
        {"backend": "cleverev", "session_id": namespace["session_id"], "counts": True}
    ]
    assert namespace["linked"] == [
        {"backend": "smappee", "session_id": park["session_id"], "counts": False}
    ]
    assert found["totals"]["energy"] == namespace["energy"]
    assert found["totals"]["cost"] == {namespace["currency"]: namespace["cost"]}
    alone = await accounts.get(config_entry_id=accounts.park.entry_id)
    assert alone["totals"]["energy"] == park["energy"]


async def test_a_person_knows_better(accounts: TwoAccounts) -> None:
    """Test that a link can be undone from either side, once, and stays undone."""
    await accounts.charge()
    rows = {row["backend"]: row for row in (await accounts.get())["sessions"]}
    park, namespace = rows["smappee"], rows["cleverev"]
    named = {
        "config_entry_id": accounts.namespace.entry_id,
        "session_id": namespace["session_id"],
    }
    assert await accounts.home.act("unlink_session", **named) == {
        "unlinked": [{"backend": "smappee", "session_id": park["session_id"], "counts": False}]
    }
    accounts.home.simulator.namespace.correct(namespace["session_id"], 5000)
    await accounts.home.run(310)
    found = await accounts.get()
    assert [(row["counts"], row["linked"]) for row in found["sessions"]] == [(True, [])] * 2
    assert found["totals"]["energy"] == pytest.approx(
        sum(row["energy"] for row in found["sessions"])
    )
    with pytest.raises(ServiceValidationError) as refusal:
        await accounts.home.act("unlink_session", **named)
    assert refusal.value.translation_key == "session_not_linked"


@pytest.mark.parametrize("session_id", ["unknown", ""])
async def test_an_unknown_session(accounts: TwoAccounts, session_id: str) -> None:
    """Test that what is not in the archive is told apart from what is not linked."""
    with pytest.raises(ServiceValidationError) as refusal:
        await accounts.home.act(
            "unlink_session", config_entry_id=accounts.park.entry_id, session_id=session_id
        )
    assert refusal.value.translation_key == "session_not_in_account"
