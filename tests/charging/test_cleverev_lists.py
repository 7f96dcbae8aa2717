"""Tests of how much CleverEV's polls read, against a simulator with many sessions."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.backends import (
    cleverev_envelope_wire,
    cleverev_wire,
)
from custom_components.ev_charging_sessions.charging.backends.cleverev import REVIEW_INTERVAL
from custom_components.ev_charging_sessions.charging.backends.cleverev_review import REVIEWED
from custom_components.ev_charging_sessions.charging.model import EnergyUnit, SessionStatus, Source
from tests.conftest import START
from tests.simulator import Simulator

from .cleverev_owner import GARAGE, HOTEL, SECOND, TAG, NamespaceOwner

STARTED = ("list_sessions", "skip=0&take=100&status=Started")
HEAD = ("list_sessions", "skip=0&take=20&status=Stopped")
CHARGERS = ("chargers", "page=1&per_page=100")
MANY = 1234


@pytest.fixture
async def owner(
    simulator: Simulator, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> NamespaceOwner:
    """Return an account whose clock moves together with that of the simulator."""
    freezer.move_to(START)
    return NamespaceOwner(simulator, http, freezer)


@contextmanager
def counted_bytes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count the bytes of every answer while this lasts."""
    sizes: list[int] = []
    read = aiohttp.ClientResponse.read

    async def counted(self: aiohttp.ClientResponse) -> bytes:
        body = await read(self)
        sizes.append(len(body))
        return body

    with monkeypatch.context() as patch:
        patch.setattr(aiohttp.ClientResponse, "read", counted)
        yield sizes


@pytest.mark.parametrize("count_is_total", [True, False])
@pytest.mark.parametrize("max_take", [None, 60])
@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_each_session_once(
    owner: NamespaceOwner,
    count_is_total: bool,
    max_take: int | None,
    order: Literal["newest", "oldest"],
) -> None:
    """Test that a review tells every session of the namespace once, to the Wh and the cent."""
    settings = owner.settings
    settings.count_is_total, settings.max_take, settings.order = count_is_total, max_take, order
    settings.insert_between_pages = 2
    past = owner.namespace.populate(MANY)
    told = (await owner.poll()).sessions
    assert len({session.session_id for session in told}) == len(told)
    old = {each.session_id: each for each in told if each.started and each.started < START}
    assert len(old) == MANY
    assert sum(round((each.energy or 0) * 1000) for each in old.values()) == past.total_energy
    costs = [each.cost.amount for each in old.values() if each.cost]
    assert sum(costs) == Decimal(past.total_price) / 100
    assert {each.energy_source for each in old.values()} == {Source.METERED}
    settings.insert_between_pages = 0
    assert len((await owner.poll()).sessions) <= 100


async def test_a_review_has_an_end(owner: NamespaceOwner) -> None:
    """Test that of a long past only the newest sessions are reviewed."""
    past = owner.namespace.populate(5000)
    told = (await owner.poll()).sessions
    assert REVIEWED <= len(told) < REVIEWED + 100
    newest = max(past.numbers)
    assert told[0].session_id.endswith(str(newest))
    assert len(owner.asked()) < 25


async def test_a_review_of_a_list_that_begins_with_the_oldest(owner: NamespaceOwner) -> None:
    """Test that the newest sessions are read where they are: at the end."""
    owner.settings.order = "oldest"
    past = owner.namespace.populate(5000)
    told = (await owner.poll()).sessions
    assert len(told) == REVIEWED
    assert {each.session_id for each in told} >= {f"csn-{max(past.numbers):017}"}
    await owner.poll()
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.namespace.unplug(HOTEL, 1)
    owner.asked()
    assert await owner.states() == [(made.id, SessionStatus.FINISHED)]
    assert [query for _, query in owner.asked()] == [
        "skip=0&take=100&status=Started",
        "skip=4980&take=40&status=Stopped",
        "page=1&per_page=100",
    ]
    assert await owner.states() == []


@pytest.mark.parametrize("generation", ["current", "legacy"])
async def test_a_poll_costs_the_same_in_a_large_namespace(
    owner: NamespaceOwner, monkeypatch: pytest.MonkeyPatch, generation: str
) -> None:
    """Test that 100,000 sessions make a poll neither longer nor more frequent than 100."""
    costs: list[tuple[list[str], int]] = []
    for size in (100, 99_900):
        owner.namespace.populate(size, days=3000)
        owner.restart(api_generation=generation)
        await owner.poll()
        owner.asked()
        with counted_bytes(monkeypatch) as sizes:
            await owner.poll()
        costs.append(([query for _, query in owner.asked()], sum(sizes)))
    (few, little), (many, much) = costs
    assert few == many
    assert len(few) == (3 if generation == "current" else 2)
    # The total has more digits.
    assert abs(much - little) < 0.02 * little


async def test_what_is_the_same_is_not_parsed(
    owner: NamespaceOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that an answer whose bytes are known costs no more than to compare them."""
    owner.namespace.populate(50)
    owner.namespace.start_at_pole(HOTEL, 1, TAG)
    await owner.poll()
    await owner.poll()

    def never(_raw: Any) -> Any:
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(cleverev_envelope_wire, "_read_list", never)
        patch.setattr(cleverev_envelope_wire, "_read_chargers", never)
        patch.setattr(cleverev_wire, "_read_session", never)
        assert (await owner.poll()).sessions == ()


async def test_only_what_has_changed_is_decoded(
    owner: NamespaceOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a new session does not lead to the others being read again."""
    owner.namespace.populate(50)
    owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.namespace.start_at_pole(SECOND, 1, TAG)
    await owner.poll()
    await owner.poll()
    decoded: list[Any] = []
    read = cleverev_wire._read_session

    def counted(raw: Any) -> Any:
        decoded.append(raw)
        return read(raw)

    monkeypatch.setattr(cleverev_wire, "_read_session", counted)
    owner.tick(5)
    owner.namespace.unplug(HOTEL, 1)
    assert len((await owner.poll()).sessions) == 1
    assert len(decoded) == 1


async def test_more_ended_than_the_head_holds(owner: NamespaceOwner) -> None:
    """Test that a poll reads on until it comes to what it knows."""
    owner.namespace.populate(30)
    await owner.poll()
    owner.asked()
    for _ in range(50):
        owner.tick(10)
        owner.namespace.start_at_pole(GARAGE, 1, TAG)
        owner.namespace.unplug(GARAGE, 1)
    assert len(await owner.states()) == 50
    assert [query for _, query in owner.asked()] == [
        "skip=0&take=100&status=Started",
        "skip=0&take=20&status=Stopped",
        "skip=15&take=20&status=Stopped",
        "skip=30&take=20&status=Stopped",
        "skip=45&take=20&status=Stopped",
        "page=1&per_page=100",
    ]
    assert await owner.states() == []


async def test_far_more_ended_than_the_head_holds(owner: NamespaceOwner) -> None:
    """Test that a review follows when even many pages hold nothing that is known."""
    owner.namespace.populate(30)
    await owner.poll()
    for _ in range(400):
        owner.tick(1)
        owner.namespace.start_at_pole(GARAGE, 1, TAG)
        owner.namespace.unplug(GARAGE, 1)
    first = len(await owner.states())
    assert 300 <= first < 400
    assert first + len(await owner.states()) == 400


async def test_a_correction(owner: NamespaceOwner) -> None:
    """Test that a late correction is told: soon for the newest, and within a day for others."""
    first = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.tick(3600)
    owner.namespace.unplug(HOTEL, 1)
    for _ in range(30):
        owner.tick(10)
        owner.namespace.start_at_pole(GARAGE, 1, TAG)
        owner.namespace.unplug(GARAGE, 1)
    last = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.tick(3600)
    owner.namespace.unplug(HOTEL, 1)
    await owner.poll()
    owner.tick(100)
    for session in (first, last):
        owner.namespace.correct(session.id, 10_000)
    assert await owner.states() == [(last.id, SessionStatus.FINISHED)]
    assert owner.sessions[last.id].energy == 10
    assert owner.sessions[first.id].energy == 11
    owner.tick(REVIEW_INTERVAL.total_seconds())
    assert await owner.states() == [(first.id, SessionStatus.FINISHED)]
    corrected = owner.sessions[first.id]
    assert (corrected.energy, corrected.updated) == (10, START + timedelta(seconds=7600))
    owner.asked()
    await owner.poll()
    assert owner.asked() == [STARTED, HEAD, CHARGERS]


async def test_many_run_at_once(owner: NamespaceOwner) -> None:
    """Test that running sessions are read on all pages, also when there are short ones."""
    owner.settings.max_take = 2
    for charger, connector in ((HOTEL, 1), (HOTEL, 2), (SECOND, 1), (SECOND, 2), (GARAGE, 1)):
        owner.tick(1)
        owner.namespace.start_at_pole(charger, connector, TAG)
    assert len(await owner.states()) == 5
    assert await owner.states() == []
    owner.tick(60)
    assert len(await owner.states()) == 5


@pytest.mark.parametrize("unit", EnergyUnit)
@pytest.mark.parametrize("registers", ["Wh", "kWh"])
@pytest.mark.parametrize("timestamps", ["iso", "epoch_s", "epoch_ms"])
async def test_every_way_to_say_it(
    owner: NamespaceOwner,
    unit: EnergyUnit,
    registers: Literal["Wh", "kWh"],
    timestamps: Literal["iso", "epoch_s", "epoch_ms"],
) -> None:
    """Test that units, notations and places of the wire do not show above the backend."""
    settings = owner.settings
    settings.energy_unit, settings.register_unit = unit.value, registers
    settings.timestamps, settings.decimal_comma = timestamps, True
    settings.duration_unit, settings.time_zone_in = "min", "tariff"
    settings.connector_key = "id"
    owner.restart(energy_unit=unit)
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.tick(3600)
    owner.namespace.unplug(HOTEL, 1)
    answer = await owner.poll()
    (session,) = answer.sessions
    assert (session.session_id, session.energy, session.started) == (made.id, 11, START)
    assert session.cost
    assert session.cost.amount == Decimal("4.95")
    assert [value.energy for value in session.meter_values] == [1000.0, 1011.0]
    assert session.details
    assert session.details.time_zone == "Europe/Bratislava"
    assert session.tariff
    assert session.tariff.time_zone == "Europe/Bratislava"
    assert answer.listed
    assert len(answer.listed) == 6


async def test_only_what_the_seed_requires(owner: NamespaceOwner) -> None:
    """Test sessions without anything that may be missing."""
    owner.settings.omit_optional = True
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.tick(3600)
    assert await owner.states() == [(made.id, SessionStatus.CHARGING)]
    session = owner.sessions[made.id]
    assert (session.energy, session.energy_source) == (11, Source.REPORTED)
    owner.namespace.unplug(HOTEL, 1)
    assert await owner.states() == [(made.id, SessionStatus.FINISHED)]


@pytest.mark.parametrize(
    ("told", "set_to", "other"),
    [("Wh", "Wh", None), ("kWh", "kWh", None), ("Wh", "kWh", "Wh"), ("kWh", "Wh", "kWh")],
)
async def test_a_unit_that_cannot_be(
    owner: NamespaceOwner,
    told: Literal["Wh", "kWh"],
    set_to: Literal["Wh", "kWh"],
    other: str | None,
) -> None:
    """Test that an account that is set to the wrong unit is told so, and nothing is switched."""
    owner.settings.energy_unit = told
    owner.restart(energy_unit=EnergyUnit(set_to))
    past = owner.namespace.populate(40)
    answer = await owner.poll()
    assert (answer.other_unit and answer.other_unit.value) == other
    assert (await owner.poll()).other_unit == answer.other_unit
    factor = 1 if told == set_to else (1000 if told == "Wh" else Decimal("0.001"))
    energy = sum(Decimal(repr(each.energy)) for each in answer.sessions)
    assert energy == pytest.approx(Decimal(past.total_energy) / 1000 * factor, abs=Decimal("1e-4"))
