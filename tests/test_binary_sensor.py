"""The binary sensors: is a car plugged in, does it charge."""

from tests.home import EVSE, Home
from tests.simulator.defaults import CARDS


def _values(home: Home) -> tuple[str, str]:
    connected = home.state("binary_sensor", "connected")
    charging = home.state("binary_sensor", "charging")
    assert connected.attributes["device_class"] == "plug"
    assert charging.attributes["device_class"] == "battery_charging"
    return connected.state, charging.state


async def test_available(home: Home) -> None:
    """Test a charge point that nobody uses."""
    await home.add_account(EVSE)
    assert _values(home) == ("off", "off")


async def test_occupied(home: Home) -> None:
    """Test that a car of somebody else may or may not be plugged in."""
    home.simulator.world.plug(EVSE)
    await home.add_account(EVSE)
    assert _values(home) == ("unknown", "off")


async def test_session(home: Home) -> None:
    """Test both sensors along a session, and that they go with the network."""
    await home.add_account(EVSE)
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    assert _values(home) == ("on", "on")

    home.simulator.faults.on("http_500", scope="*")
    await home.advance(31)
    assert _values(home) == ("unavailable", "unavailable")
    home.simulator.faults.off()
    await home.advance(60)
    assert _values(home) == ("on", "on")

    home.simulator.world.unplug(EVSE)
    await home.advance(31)
    assert _values(home)[1] == "off"
    assert _values(home)[0] in {"off", "unknown"}


async def test_unknown_status(home: Home) -> None:
    """Test that a status that is not understood is not guessed from."""
    await home.add_account(EVSE)
    home.simulator.faults.on("unknown_enum")
    home.simulator.world.start_at_pole(EVSE, CARDS[0])
    await home.advance(310)
    assert _values(home) == ("unknown", "unknown")
