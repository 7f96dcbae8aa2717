"""What can be asked by voice and no entity can answer.

The sentences, and the words of the answers, are in docs/voice/custom_sentences. What is here
finds the figures and says them in the language of the question.
"""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, override

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import intent

from .assistants import (
    Reach,
    async_charges,
    async_told,
    exposed_to,
    reach_of,
    time_of_period,
)
from .charging.ledger import SessionQuery
from .charging.model import Account, ChargePoint, Session
from .charging.state import ChargePointState
from .charging.sums import Sums
from .coordinator import ChargingCoordinator
from .wording import Wording, async_wording

INTENT_ACTIVE = "EvChargingSessionsActive"
INTENT_LAST = "EvChargingSessionsLast"
INTENT_TOTALS = "EvChargingSessionsTotals"

SLOT_PERIOD = "period"
SLOT_PLACE = "place"

PERIODS = [
    "today",
    "yesterday",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "this_year",
    "last_year",
]

_PLACE = {vol.Optional(SLOT_PLACE): intent.non_empty_string}


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the questions."""
    for handler in (ActiveHandler(), LastHandler(), TotalsHandler()):
        intent.async_register(hass, handler)


class _Question(intent.IntentHandler):
    """A question about what is exposed, all of it or at one place."""

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        return _PLACE

    @abstractmethod
    async def _async_answer(
        self, reach: Reach, slots: dict[str, Any], wording: Wording
    ) -> dict[str, Any]:
        """Return what the words of the answer are filled with."""

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Answer; what is exposed to nobody is not known to anybody."""
        slots = {
            name: slot["value"]
            for name, slot in self.async_validate_slots(intent_obj.slots).items()
        }
        wording = await async_wording(intent_obj.hass, intent_obj.language)
        response = intent_obj.create_response()
        response.response_type = intent.IntentResponseType.QUERY_ANSWER
        place = slots.get(SLOT_PLACE)
        try:
            reach = exposed_to(intent_obj.hass, intent_obj.assistant)
            if place:
                reach = _at(intent_obj, reach, place)
            filled = await self._async_answer(reach, slots, wording)
        except intent.IntentError:
            raise
        except HomeAssistantError as err:
            response.async_set_error(
                intent.IntentResponseErrorCode.FAILED_TO_HANDLE, wording.error(err)
            )
            return response
        if place and len(reach.places) == 1:
            place = reach.places[0].name
        response.async_set_speech_slots({**filled, SLOT_PLACE: place})
        return response


class TotalsHandler(_Question):
    """What was charged in a period, and what it cost."""

    intent_type = INTENT_TOTALS
    description = "Tells how much was charged in a period and what it cost"

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        return {vol.Required(SLOT_PERIOD): vol.In(PERIODS), **_PLACE}

    @override
    async def _async_answer(
        self, reach: Reach, slots: dict[str, Any], wording: Wording
    ) -> dict[str, Any]:
        start, end = time_of_period(slots[SLOT_PERIOD])
        told = await async_told(reach, SessionQuery(start=start, end=end))
        return _figures(told.sums, wording)


class LastHandler(_Question):
    """What the running or else the last session charged, and what it cost."""

    intent_type = INTENT_LAST
    description = "Tells how much the running or last session has charged and what it cost"

    @override
    async def _async_answer(
        self, reach: Reach, slots: dict[str, Any], wording: Wording
    ) -> dict[str, Any]:
        sessions = [
            session
            for place in reach.places
            if (state := place.coordinator.data.charge_points.get(place.charge_point_id))
            and (session := state.session)
        ]
        for account in reach.whole:
            # Among these are those at places without a device.
            current = reach.accounts[account].sessions
            sessions += [*current.at.values(), *current.open.values()]
        begun = [session for session in sessions if session.started]
        sums = Sums()
        if begun:
            sums.add(max(await async_charges(reach, begun), key=_recency))
        return _figures(sums, wording)


class ActiveHandler(_Question):
    """Who is charging now, and whether a car is connected."""

    intent_type = INTENT_ACTIVE
    description = "Tells who is charging now, and where"

    @override
    async def _async_answer(
        self, reach: Reach, slots: dict[str, Any], wording: Wording
    ) -> dict[str, Any]:
        charging: list[Session] = []
        names: dict[tuple[Account, str], str] = {}
        connected: set[bool | None] = set()
        is_known = all(reach.accounts[account].shows_last_values for account in reach.whole)
        for coordinator, name, state in _states(reach):
            if state is None or state.is_gone or not coordinator.shows_last_values:
                is_known = False
                continue
            connected.add(state.is_connected)
            if state.is_charging and (session := state.session):
                charging.append(session)
                names[session.account, session.session_id] = name
            is_known = is_known and state.is_charging is not None
        return {
            "charging": [
                _who(
                    reach.accounts[session.account],
                    names[session.account, session.session_id],
                    session,
                    wording,
                )
                for session in await async_charges(reach, charging)
            ],
            "known": is_known,
            "connected": True in connected,
            "connection_known": is_known and None not in connected,
        }


def _states(
    reach: Reach,
) -> Iterator[tuple[ChargingCoordinator, str, ChargePointState | None]]:
    """Yield what goes on at each place in reach, with what it is called.

    A place without a device is one while a session is open there, and goes by its account.
    """
    for place in reach.places:
        charge_points = place.coordinator.data.charge_points
        yield place.coordinator, place.name, charge_points.get(place.charge_point_id)
    shown = {place.key for place in reach.places}
    for account in reach.whole:
        coordinator = reach.accounts[account]
        for session in coordinator.sessions.open.values():
            if (account, session.charge_point_id) not in shown:
                point = ChargePoint(charge_point_id=session.charge_point_id or "")
                is_gone = coordinator.charge_points.is_gone(point.charge_point_id)
                state = ChargePointState(charge_point=point, session=session, is_gone=is_gone)
                yield coordinator, coordinator.config_entry.title, state


def _recency(session: Session) -> tuple[bool, Any]:
    return session.is_open, session.started


def _at(intent_obj: intent.Intent, reach: Reach, text: str) -> Reach:
    """Return what is at a place; Home Assistant has its own words for one that is not known."""
    found = reach.at(text)
    if found.places:
        return found
    is_there = bool(reach_of(intent_obj.hass, None).at(text).places)
    reason = intent.MatchFailedReason.ASSISTANT if is_there else intent.MatchFailedReason.NAME
    raise intent.MatchFailedError(
        intent.MatchTargetsResult(is_match=False, no_match_reason=reason),
        intent.MatchTargetsConstraints(name=text, assistant=intent_obj.assistant),
    )


def _figures(sums: Sums, wording: Wording) -> dict[str, Any]:
    """Return figures as they are spoken; what is not known is none, and is counted."""
    return {
        "sessions": sums.count,
        "still_open": sums.still_open,
        "energy": None if sums.energy is None else wording.energy(sums.energy, 1),
        "cost": [wording.money(amount, currency) for currency, amount in sums.cost.items()],
        "without_energy": sums.without_energy,
        "without_cost": sums.without_cost,
    }


def _who(
    coordinator: ChargingCoordinator, place: str, session: Session, wording: Wording
) -> dict[str, str | None]:
    """Return who charges: the alias of the card, none if nobody has given it one."""
    card = coordinator.card(session.card_id)
    return {
        "card": card.alias if card else None,
        "place": place,
        "energy": None if session.energy is None else wording.energy(session.energy, 1),
    }
