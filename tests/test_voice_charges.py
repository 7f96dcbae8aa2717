"""Each charge is told once, wherever it was, as far as the assistant may know of it."""

from datetime import timedelta

from homeassistant.helpers import area_registry as ar, device_registry as dr

from custom_components.ev_charging_sessions.charging.model import SessionStatus
from tests.assist import ask, copy_sentences, expose, set_up
from tests.conftest import START
from tests.home import EVSE, OTHER_EVSE, Home
from tests.namespace import ENTRANCE, GARAGE_POINT
from tests.park import SERIAL
from tests.past_sessions import add_archive, ended

TODAY, LAST, WHO = "what did I charge today", "what did it cost", "who is charging"


async def test_one_charge_of_two_networks(home: Home) -> None:
    """Test that a car is one car, and that its charge is told by a report that is in reach."""
    copy_sentences(home.hass)
    await set_up(home.hass)
    await home.add_namespace()
    namespace = home.entry
    await home.add_parks("20001")
    park_calendar = home.entity_id("calendar", "sessions", None)
    at_pole = home.simulator.namespace.start_at_pole(ENTRANCE, 1, "04A1B2C3D4")
    in_park = home.simulator.parks.plug(SERIAL, 1)
    in_park.csms_transaction_id = str(at_pole.number)
    await home.run(1800)
    expose(home, *home.hass.states.async_entity_ids())
    both = (await ask(home, TODAY))["speech_slots"]
    assert (both["sessions"], both["without_cost"]) == (1, 0)
    assert len((await ask(home, WHO))["speech_slots"]["charging"]) == 1
    assert (await ask(home, LAST))["speech_slots"]["cost"] == both["cost"]

    # The better report is at a charge point that is out of reach, though its account is not.
    expose(home, *home.hass.states.async_entity_ids(), exposed=False)
    expose(home, park_calendar)
    alone = (await ask(home, TODAY))["speech_slots"]
    assert alone["sessions"] == 1
    home.entry = namespace
    expose(home, home.entity_id("switch", "charging", GARAGE_POINT))
    assert (await ask(home, TODAY))["speech_slots"] == alone
    assert len((await ask(home, WHO))["speech_slots"]["charging"]) == 1


async def test_places_without_a_device(home: Home) -> None:
    """Test that an account as a whole tells also of charging where it has no device."""
    copy_sentences(home.hass)
    await set_up(home.hass)
    await home.add_account(EVSE)
    at_home = {"charging": [], "known": True}
    assert (await ask(home, WHO))["speech_slots"].items() >= at_home.items()
    changes = {"status": SessionStatus.CHARGING, "ended": None, "charge_point_id": None}
    await home.coordinator.async_keep_now(ended(home, "1", START, **changes))
    assert (await ask(home, WHO))["speech_slots"].items() >= at_home.items()
    expose(home, home.entity_id("calendar", "sessions", None))
    slots = (await ask(home, WHO))["speech_slots"]
    assert [each["place"] for each in slots["charging"]] == [home.entry.title]
    assert slots["connected"]
    assert (await ask(home, LAST))["speech_slots"]["still_open"] == 1
    await home.simulator.stop()
    await home.advance(400)
    assert not (await ask(home, WHO))["speech_slots"]["known"]


async def test_a_charge_point_called_as_an_area(home: Home) -> None:
    """Test that a charge point is meant rather than the area that has its name."""
    copy_sentences(home.hass)
    await set_up(home.hass)
    await home.add_account(EVSE, OTHER_EVSE)
    devices, yard = dr.async_get(home.hass), ar.async_get(home.hass).async_create("Yard")
    devices.async_update_device(home.device_id(), name_by_user="yard", area_id=yard.id)
    devices.async_update_device(home.device_id(OTHER_EVSE), area_id=yard.id)
    began = START - timedelta(hours=3)
    await add_archive(
        home,
        ended(home, "1", began, energy=1.0),
        ended(home, "2", began, energy=2.0, charge_point_id=OTHER_EVSE),
    )
    assert (await ask(home, f"{TODAY} at the Yard"))["speech_slots"]["energy"] == "1.0 kWh"
    devices.async_update_device(home.device_id(), name_by_user="Gate")
    assert (await ask(home, f"{TODAY} at the Yard"))["speech_slots"]["energy"] == "3.0 kWh"
