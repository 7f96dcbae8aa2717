"""How a session that runs is doing, which the network's own two words do not tell."""

from collections.abc import Iterable, Mapping
from copy import replace
from datetime import datetime, timedelta

from ..model import OcppStatus, Session, SessionStatus
from .cleverev_chargers_wire import Connector

_STATUSES = {
    OcppStatus.PREPARING: SessionStatus.CONNECTED,
    OcppStatus.CHARGING: SessionStatus.CHARGING,
    OcppStatus.SUSPENDED_EV: SessionStatus.SUSPENDED,
    OcppStatus.SUSPENDED_EVSE: SessionStatus.SUSPENDED,
    OcppStatus.FINISHING: SessionStatus.CONNECTED,
}

_RUNNING = {SessionStatus.CONNECTED, SessionStatus.SUSPENDED, SessionStatus.CHARGING}

_NEXT = timedelta(microseconds=1)


def with_statuses(
    sessions: Iterable[Session],
    connectors: Mapping[str, Connector],
    told: Mapping[str, Session],
    open_sessions: Mapping[str, Session],
) -> list[Session]:
    """Return sessions with the status that their connectors, or else their meters, show.

    ``told`` is what was told of them before, ``open_sessions`` what the ledger knows. Of
    several sessions that run at one connector its status is that of the newest.
    """
    sessions = [*sessions]
    newest: dict[str | None, Session] = {}
    for session in sessions:
        known = newest.get(session.charge_point_id)
        if session.is_open and (known is None or _began(known) <= _began(session)):
            newest[session.charge_point_id] = session
    found: list[Session] = []
    for session in sessions:
        before = told.get(session.session_id)
        known = before or open_sessions.get(session.session_id)
        if not session.is_open:
            found.append(_in_order(session, known))
            continue
        is_newest = newest[session.charge_point_id] is session
        connector = connectors.get(session.charge_point_id or "") if is_newest else None
        # The ledger may know of a command that the network has not followed yet, so only
        # what was told here can be out of order with this.
        found.append(_in_order(_running(session, connector, known), before))
    return found


def _running(session: Session, connector: Connector | None, before: Session | None) -> Session:
    """Return a running session with its status."""
    ocpp = connector.charge_point.ocpp_status if connector else None
    status = _STATUSES.get(ocpp) if ocpp else None
    if connector is None or status is None:
        return replace(session, status=_by_meter(session, before))
    updated = session.updated
    if updated and connector.since and connector.since > updated:
        # Without that, a status of the same answer could never fall (see merge.py).
        updated = connector.since
    return replace(session, status=status, updated=updated)


def _by_meter(session: Session, before: Session | None) -> SessionStatus:
    """Return what successive values of the meter show: whether energy has flowed."""
    has_energy = bool(session.energy)
    if before is None or before.status not in _RUNNING:
        return SessionStatus.CHARGING if has_energy else SessionStatus.CONNECTED
    now, then = _metered(session), _metered(before)
    if now is None or then is None or now <= then:
        return before.status
    if (session.energy or 0.0) > (before.energy or 0.0):
        return SessionStatus.CHARGING
    return SessionStatus.SUSPENDED if has_energy else SessionStatus.CONNECTED


def _in_order(session: Session, before: Session | None) -> Session:
    """Return a session whose time stamp is not before that of what was told last.

    A connector's clock may be ahead of the network's. Two different statuses with the same
    stamp would be taken for one answer, of which only the higher counts.
    """
    if before is None or before.updated is None or session.updated is None:
        return session
    if not before.is_open or session.updated > before.updated:
        return session
    has_changed = session.is_open and session.status is not before.status
    return replace(session, updated=before.updated + (_NEXT if has_changed else timedelta()))


def _metered(session: Session) -> datetime | None:
    """Return when the energy of a session was last read."""
    if len(session.meter_values) > 1:
        return session.meter_values[-1].at
    return session.updated


def _began(session: Session) -> float:
    return session.started.timestamp() if session.started else 0.0
