"""Tests of CleverEV's polls when something is wrong, against the simulator."""

from datetime import timedelta
import logging

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.ev_charging_sessions.charging.errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
    RateLimitError,
    RequestRejectedError,
)
from custom_components.ev_charging_sessions.charging.model import OcppStatus, SessionStatus
from tests.conftest import START
from tests.simulator import Simulator

from .cleverev_owner import GARAGE, HOTEL, POINT, SECOND, SECRETS, TAG, NamespaceOwner
from .secrets import assert_silent, said_by

DAY = 86400


@pytest.fixture
async def owner(
    simulator: Simulator, http: aiohttp.ClientSession, freezer: FrozenDateTimeFactory
) -> NamespaceOwner:
    """Return an account whose clock moves together with that of the simulator."""
    freezer.move_to(START)
    return NamespaceOwner(simulator, http, freezer)


@pytest.mark.parametrize("generation", ["current", "legacy"])
async def test_a_token_that_is_refused(owner: NamespaceOwner, generation: str) -> None:
    """Test that a refused token is tried once, and again when somebody may have mended it."""
    owner.restart(api_token="wrong", api_generation=generation)
    for _ in range(2):
        with pytest.raises(AuthenticationError) as caught:
            await owner.backend.verify()
        assert_silent(said_by(caught.value), SECRETS | {"wrong"})
        assert len(owner.asked()) == 1
    owner.namespace.tokens.add("wrong")
    await owner.backend.verify()
    chargers = [("chargers", "page=1&per_page=100")] if generation == "current" else []
    assert owner.asked() == [("list_sessions", "skip=0&take=1"), *chargers]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("failed_status", RequestRejectedError),
        ("http_400", RequestRejectedError),
        ("http_403", RequestRejectedError),
        ("http_429", RateLimitError),
        ("http_500", BackendUnavailableError),
        ("html", BackendUnavailableError),
        ("empty_body", BackendUnavailableError),
        ("broken_json", BackendUnavailableError),
        ("reset", BackendUnavailableError),
    ],
)
async def test_a_list_that_cannot_be_read(
    owner: NamespaceOwner, fault: str, kind: type[BackendError]
) -> None:
    """Test that the error says what is wrong and nothing else, and costs no session."""
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.namespace.annotate(made.id, "note")
    owner.simulator.faults.on(fault, scope="list_sessions")
    for attempt in (owner.poll(), owner.backend.verify()):
        with pytest.raises(kind) as caught:
            await attempt
        assert type(caught.value) is kind
        assert_silent(said_by(caught.value), SECRETS)
    if fault == "failed_status":
        assert isinstance(caught.value, RequestRejectedError)
        assert caught.value.code == "unsuccessful"
    owner.simulator.faults.off()
    owner.tick(700)
    assert await owner.states() == [(made.id, SessionStatus.CHARGING)]


@pytest.mark.parametrize(
    ("fault", "noted"),
    [
        ("failed_status", ("chargers: unsuccessful",)),
        ("http_403", ("chargers: HTTP 403",)),
        ("http_404", ("chargers: HTTP 404",)),
        ("http_429", ()),
        ("http_500", ()),
        ("html", ()),
        ("reset", ()),
    ],
)
async def test_chargers_that_cannot_be_read(
    owner: NamespaceOwner, fault: str, noted: tuple[str, ...]
) -> None:
    """Test that sessions are told all the same, with the status that the meter shows."""
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.tick(60)
    owner.simulator.faults.on(fault, scope="chargers")
    answer = await owner.poll()
    assert [session.status for session in answer.sessions] == [SessionStatus.CHARGING]
    assert (answer.unreadable, answer.charge_points, answer.listed) == (noted, (), None)
    owner.simulator.faults.off()
    owner.tick(700)
    assert len((await owner.poll()).charge_points) == 6
    owner.simulator.faults.on(fault, scope="chargers")
    owner.namespace.unplug(HOTEL, 1)
    answer = await owner.poll()
    assert [session.session_id for session in answer.sessions] == [made.id]
    assert answer.charge_points == ()


async def test_chargers_with_a_token_that_is_refused(owner: NamespaceOwner) -> None:
    """Test that a token which is good for one call only needs to be mended."""
    owner.simulator.faults.on("http_401", scope="chargers")
    with pytest.raises(AuthenticationError):
        await owner.poll()


async def test_a_rotten_session(owner: NamespaceOwner) -> None:
    """Test that one session that cannot be read hides no other, and ends none."""
    for charger in (HOTEL, SECOND, GARAGE):
        owner.namespace.start_at_pole(charger, 1, TAG)
    await owner.poll()
    assert len(owner.open) == 3
    owner.tick(60)
    owner.simulator.faults.on("rotten_session", scope="list_sessions")
    owner.asked()
    answer = await owner.poll()
    assert len(answer.sessions) == 2
    assert answer.unreadable == ("chargingSessions[].startedAtTimestamp",)
    assert "get_session" not in {name for name, _ in owner.asked()}
    owner.simulator.faults.off()
    assert len((await owner.poll()).sessions) == 1


async def test_a_rotten_session_of_the_past(owner: NamespaceOwner) -> None:
    """Test that a session which cannot be read is known nevertheless, and read over once."""
    owner.namespace.populate(40)
    owner.simulator.faults.on("rotten_session", scope="list_sessions")
    answer = await owner.poll()
    assert len(answer.sessions) == 39
    owner.asked()
    await owner.poll()
    assert len(owner.asked()) == 3


async def test_a_status_that_nobody_knows(owner: NamespaceOwner) -> None:
    """Test that a new word of the vendor costs no session and ends none."""
    owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.tick(60)
    owner.simulator.faults.on("unknown_enum")
    answer = await owner.poll()
    assert [session.is_open for session in answer.sessions] == [True]
    assert answer.unreadable == ()


async def test_forget(owner: NamespaceOwner) -> None:
    """Test that everything is told again after an answer that could not be kept."""
    owner.namespace.populate(30)
    owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.tick(60)
    before = await owner.poll()
    await owner.poll()
    owner.backend.forget()
    again = await owner.poll()
    assert (again.sessions, again.listed) == (before.sessions, before.listed)
    assert again.charge_points == before.charge_points
    assert (await owner.poll()).sessions == ()


async def test_a_poll_that_fails_late_tells_again(owner: NamespaceOwner) -> None:
    """Test that what was read before a failure does not count as seen."""
    await owner.poll()
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    owner.simulator.faults.on("http_401", scope="chargers", count=1)
    with pytest.raises(AuthenticationError):
        await owner.poll()
    answer = await owner.poll()
    assert [session.session_id for session in answer.sessions] == [made.id]
    assert [point.ocpp_status for point in answer.charge_points] == [OcppStatus.CHARGING]


async def test_a_clock_that_is_put_back(owner: NamespaceOwner) -> None:
    """Test that reviews go on when a clock was wrong."""
    await owner.poll()
    assert owner.backend._reviewed
    owner.backend._reviewed += timedelta(days=10)
    owner.asked()
    await owner.poll()
    assert ("list_sessions", "skip=0&take=100") in owner.asked()


async def test_a_charger_that_is_cut_off(owner: NamespaceOwner) -> None:
    """Test a session that goes on, and ends, while the network hears nothing of it."""
    made = owner.namespace.start_at_pole(HOTEL, 1, TAG)
    await owner.poll()
    owner.namespace.set_online(HOTEL, online=False)
    owner.tick(3600)
    owner.namespace.unplug(HOTEL, 1)
    owner.tick(3600)
    assert await owner.states() == []
    owner.namespace.set_online(HOTEL)
    assert await owner.states() == [(made.id, SessionStatus.FINISHED)]
    assert owner.sessions[made.id].ended == START + timedelta(hours=1)
    assert owner.points[POINT].ocpp_status is OcppStatus.AVAILABLE


async def test_nothing_personal_is_logged(
    owner: NamespaceOwner, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that neither logs nor texts of answers tell secrets or people."""
    caplog.set_level(logging.DEBUG)
    made = owner.namespace.start_at_pole(
        HOTEL, 1, TAG, intent="InfostarKeycard", details={"guestName": "Dvorakova"}
    )
    owner.namespace.annotate(made.id, "Room 214, guest of Mrs Dvorakova")
    answer = await owner.poll()
    owner.simulator.faults.on("http_500", scope="chargers")
    owner.namespace.unplug(HOTEL, 1)
    again = await owner.poll()
    assert_silent(caplog.text + repr(answer) + repr(again) + repr(owner.backend), SECRETS)


async def test_an_organization_that_is_not_ours(owner: NamespaceOwner) -> None:
    """Test that the sessions, which do not need it, are told."""
    owner.restart(organization_id=None)
    owner.namespace.start_at_pole(HOTEL, 1, TAG)
    answer = await owner.poll()
    assert (len(answer.sessions), answer.unreadable) == (1, ("chargers: HTTP 400",))


@pytest.mark.parametrize(
    ("organization_id", "status"), [(None, 400), ("another", 403)], ids=["none", "another"]
)
async def test_an_account_whose_organization_is_refused(
    owner: NamespaceOwner, organization_id: str | None, status: int
) -> None:
    """Test that an account is only good if its chargers can be read, where it has any."""
    owner.restart(organization_id=organization_id)
    with pytest.raises(RequestRejectedError) as caught:
        await owner.backend.verify()
    assert (caught.value.code, caught.value.status) == (f"chargers: HTTP {status}", status)
    assert_silent(said_by(caught.value), SECRETS)
    owner.restart(organization_id=organization_id, api_generation="legacy")
    await owner.backend.verify()
