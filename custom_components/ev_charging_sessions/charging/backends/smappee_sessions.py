"""What the two lists of a park say together."""

from collections.abc import Mapping
from copy import replace
from datetime import datetime

from msgspec import Struct, field

from ..errors import UnexpectedAnswerError
from ..model import ChargePoint, ChargePointStatus
from .listing import Listing
from .smappee_configuration_wire import Connector
from .smappee_wire import ParkSession


class ParkSessions(Struct, frozen=True, kw_only=True):
    """The sessions of a park, as last listed.

    ``past`` is the list without ``active``: what clients see in it is the sessions that
    have ended, and often those that have not. ``active`` lists the cars that are plugged
    in. ``open`` holds the open sessions of both, by id.
    """

    past: Listing[ParkSession] = field(default_factory=Listing)
    active: Listing[ParkSession] = field(default_factory=Listing)
    open: Mapping[str, ParkSession] = {}

    def follow(
        self, past: Listing[ParkSession], active: Listing[ParkSession]
    ) -> tuple[ParkSessions, dict[str, ParkSession]]:
        """Return what comes of two new lists, and the sessions whose bytes have changed.

        A session in both has ended if one of them says so, and else is what ``active``
        says: the other list may lag behind. Without a change the same object is returned.
        """
        if past is self.past and active is self.active:
            return self, {}
        connected = {
            item.session_id for item in active.items if not isinstance(item, UnexpectedAnswerError)
        }
        news = {
            item.session_id: item
            for item in (past.changed if past is not self.past else ())
            if not item.is_open or item.session_id not in connected
        }
        if active is not self.active and active.changed:
            ended = _ended(past, {item.session_id for item in active.changed})
            news |= {
                item.session_id: item for item in active.changed if item.session_id not in ended
            }
        still_open = {
            session_id: item
            for session_id, item in self.open.items()
            if session_id not in news and (session_id in active.ids or session_id in past.ids)
        }
        still_open |= {session_id: item for session_id, item in news.items() if item.is_open}
        return ParkSessions(past=past, active=active, open=still_open), news


def _ended(past: Listing[ParkSession], among: set[str]) -> set[str]:
    """Return the ids of those sessions that a list shows ended."""
    if not among & past.ids:
        return set()
    return {
        item.session_id
        for item in past.items
        if not isinstance(item, UnexpectedAnswerError)
        and not item.is_open
        and item.session_id in among
    }


def charge_points(
    connectors: Mapping[str, Connector], parks: Mapping[str, ParkSessions], now: datetime
) -> dict[str, ChargePoint]:
    """Return the connectors of those parks as their open sessions tell them, by id.

    A connector without a session is available. One with a session is in the mode that the
    newest one tells. Where a session may be at any connector of a station, nothing is said
    of those without one.
    """
    at: dict[str | None, ParkSession] = {}
    for park in parks.values():
        for item in park.open.values():
            known = at.get(item.session.charge_point_id)
            if known is None or _is_newer(item, known):
                at[item.session.charge_point_id] = item
    points = {}
    for key, connector in connectors.items():
        if connector.park_id not in parks:
            continue
        here = at.get(key)
        is_free = here is None and connector.serial not in at
        points[key] = replace(
            connector.charge_point,
            status=ChargePointStatus.AVAILABLE if is_free else None,
            mode=here.mode if here else None,
            updated=now if is_free else None,
        )
    return points


def _is_newer(item: ParkSession, known: ParkSession) -> bool:
    started, other = item.session.started, known.session.started
    return started is not None and (other is None or started > other)
