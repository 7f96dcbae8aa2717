"""Importing five years of ten sessions a day, at each network that still lists them."""

from homeassistant.helpers import device_registry as dr, issue_registry as ir

from tests.home import Home
from tests.namespace import POINT
from tests.observe import Writes, told_events
from tests.past import (
    FIVE_YEARS,
    YEARS,
    ask,
    give_parks_a_past,
    import_all,
    namespace_books,
    namespace_ledger,
    park_books,
    park_ledger,
    session_rows,
    through,
)


async def test_five_years_of_parks(home: Home) -> None:
    """Test that all sessions come, to the watt-hour, and a second import changes nothing."""
    give_parks_a_past(home.simulator, FIVE_YEARS)
    await home.add_parks()
    recent = len(await park_ledger(home))
    answer = await import_all(home)
    books = park_books(home.simulator)
    assert len(books) == FIVE_YEARS
    assert await park_ledger(home) == books
    assert answer == {
        "read": FIVE_YEARS,
        "new": FIVE_YEARS - recent,
        "changed": 0,
        "unreadable": 0,
        "complete": True,
    }
    total = sum(energy for *_, energy in books.values() if isinstance(energy, int))
    shown = home.state("sensor", "energy", None).state
    assert round(float(shown) * 1000) == total
    again = await import_all(home)
    assert (again["read"], again["new"], again["changed"]) == (FIVE_YEARS, 0, 0)
    assert await park_ledger(home) == books


async def test_five_years_of_a_namespace(home: Home) -> None:
    """Test that all sessions come, to the watt-hour and the cent, and nothing is read twice."""
    home.simulator.namespace.populate(FIVE_YEARS, days=YEARS)
    await home.add_namespace()
    recent, *_ = await namespace_ledger(home)
    answer = await import_all(home)
    books = namespace_books(home.simulator)
    assert await namespace_ledger(home) == books
    assert (answer["read"], answer["new"]) == (FIVE_YEARS, FIVE_YEARS - recent)
    assert (answer["changed"], answer["unreadable"]) == (0, 0)
    assert home.coordinator.prices.cost == {"EUR": books[2]}


async def test_order_of_a_namespace(home: Home) -> None:
    """Test that where the oldest sessions come first only those are read that are asked for."""
    home.simulator.namespace.populate(3000, days=300)
    home.simulator.cleverev.settings.order = "oldest"
    await home.add_namespace()
    await home.advance(61)
    before = home.simulator.log.count("list_sessions")
    answer = await import_all(home, 100)
    assert 990 < answer["read"] < 1010
    # A part of the list is enough, and its begin is soon found.
    assert home.simulator.log.count("list_sessions") - before < 30
    await import_all(home, 400)
    assert await namespace_ledger(home) == namespace_books(home.simulator)


async def test_only_as_far_back_as_asked(home: Home) -> None:
    """Test that a shorter import reads less, and a longer one the rest."""
    give_parks_a_past(home.simulator, 800, days=400)
    await home.add_parks()
    before = home.simulator.log.count("park_sessions")
    answer = await import_all(home, 100)
    assert 190 < answer["read"] < 210
    assert home.simulator.log.count("park_sessions") - before < 16
    answer = await import_all(home, 500)
    assert answer["read"] == 800
    assert 590 < answer["new"] < 610
    assert await park_ledger(home) == park_books(home.simulator)


async def test_second_import_writes_nothing(home: Home) -> None:
    """Test that of sessions that are known nothing is written, neither rows nor revisions."""
    give_parks_a_past(home.simulator, 300, days=300)
    await home.add_parks()
    await import_all(home)
    sessions = session_rows(home)
    answer = await import_all(home)
    assert (answer["read"], answer["new"], answer["changed"]) == (300, 0, 0)
    assert session_rows(home) == sessions


async def test_later_call_reaches_farther(home: Home) -> None:
    """Test that a call that asks for more extends the import under way, and less joins it."""
    give_parks_a_past(home.simulator, 2000, days=1500)
    await home.add_parks()
    first = ask(home, 1000)
    await home.settle()
    assert not first.done()
    shorter, longer = ask(home, 10), ask(home, 1600)
    answer = await through(home, longer)
    assert answer["read"] >= 2000
    assert await first == await shorter == answer
    assert await park_ledger(home) == park_books(home.simulator)


async def test_sessions_come_and_change_meanwhile(home: Home) -> None:
    """Test that what happens while the past is read is neither missed nor told wrongly."""
    simulator = home.simulator
    namespace = simulator.namespace
    past = namespace.populate(5000, days=500)
    await home.add_namespace()
    call = ask(home)
    await home.settle()
    assert not call.done()
    number = 0
    while not call.done():
        # New sessions move all the others to later pages.
        session = namespace.walk_in()
        if not session.stopped:
            namespace.unplug(session.charger_id, session.connector_id)
        namespace.correct(f"csn-{past.numbers[number]:017d}", 5000 + number)
        number += 1
        await home.advance(40)
    assert number > 2
    answer = await call
    assert answer["read"] >= 5000
    await home.advance(301)
    assert await namespace_ledger(home) == namespace_books(simulator)
    assert home.state("sensor", "active_sessions", None).state == "0"


async def test_polls_and_commands_keep_their_room(home: Home) -> None:
    """Test that an import never takes more than its half of the requests of a minute."""
    give_parks_a_past(home.simulator, 400, days=1800)
    await home.add_parks()
    call = ask(home)
    await home.settle()
    log = home.simulator.log
    before = log.count("park_sessions")
    await home.advance(30)
    assert not call.done()
    assert log.count("park_sessions") == before
    home.simulator.parks.plug("6020000001", 1)
    await home.coordinator.async_refresh()
    await home.settle()
    assert home.state("sensor", "active_sessions", None).state == "1"
    await home.act("stop_session", device_id=home.device_id("6020000001-1"))
    assert not call.done()
    await through(home, call)


async def test_past_is_no_news(home: Home) -> None:
    """Test that years-old sessions are neither told, nor doubted, nor given devices."""
    namespace = home.simulator.namespace
    past = namespace.populate(1200, days=1200)
    for number in past.numbers[:50]:
        namespace.bill_wrongly(f"csn-{number:017d}", "5.00")
    await home.add_namespace()
    devices = dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id)
    for station in [each for each in namespace.chargers if each != POINT.split("-")[0]][:1]:
        del namespace.chargers[station]
    with Writes(home.hass) as writes:
        await import_all(home)
        await home.advance(400)
    assert told_events(writes) == []
    assert not ir.async_get(home.hass).issues
    after = dr.async_entries_for_config_entry(dr.async_get(home.hass), home.entry.entry_id)
    assert len(after) == len(devices)
