"""How a session that runs is doing, which the network's own two words do not tell.

The status comes from a connector, and the time stamp of an answer from the session, which
often stands still while the connector goes on. Two different statuses with one stamp would be
taken for one answer, of which only the higher status counts (see ``merge.py``). So each change
lifts the stamp, but by a microsecond: less than lies between two answers of the network, so
that the next one of the session itself still ranks higher. What a connector says of its times
is not used for that, because its clock may be ahead.
"""

from collections.abc import Iterable, Mapping
from copy import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from ..model import ChargePoint, OcppStatus, Session, SessionStatus

_STATUSES = {
    OcppStatus.PREPARING: SessionStatus.CONNECTED,
    OcppStatus.CHARGING: SessionStatus.CHARGING,
    OcppStatus.SUSPENDED_EV: SessionStatus.SUSPENDED,
    OcppStatus.SUSPENDED_EVSE: SessionStatus.SUSPENDED,
    OcppStatus.FINISHING: SessionStatus.CONNECTED,
}

_RUNNING = {SessionStatus.CONNECTED, SessionStatus.SUSPENDED, SessionStatus.CHARGING}

_NEXT = timedelta(microseconds=1)


class Told(NamedTuple):
    """What was told of a session, and the time stamp that the network gave it itself."""

    session: Session
    own: datetime | None


def with_statuses(
    sessions: Iterable[Session],
    connectors: Mapping[str, ChargePoint],
    told: Mapping[str, Told],
    open_sessions: Mapping[str, Session],
) -> list[Told]:
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
    found: list[Told] = []
    for session in sessions:
        before = told.get(session.session_id)
        known = open_sessions.get(session.session_id)
        if not session.is_open:
            found.append(_ended(session, before, known))
            continue
        is_newest = newest[session.charge_point_id] is session
        connector = connectors.get(session.charge_point_id or "") if is_newest else None
        running = _running(session, connector, before.session if before else known)
        found.append(_in_order(running, before, known))
    return found


def _running(session: Session, connector: ChargePoint | None, before: Session | None) -> Session:
    """Return a running session with its status."""
    ocpp = connector.ocpp_status if connector else None
    status = _STATUSES.get(ocpp) if ocpp else None
    return replace(session, status=status or _by_meter(session, before))


def _by_meter(session: Session, before: Session | None) -> SessionStatus:
    """Return what successive values of the meter show: whether energy has flowed."""
    has_energy = bool(session.energy)
    if before is None or before.status not in _RUNNING:
        return SessionStatus.CHARGING if has_energy else SessionStatus.CONNECTED
    now, then = _metered(session), _metered(before)
    if now is None or then is None or now <= then:
        return before.status
    if _energy(session) > _energy(before):
        return SessionStatus.CHARGING
    return SessionStatus.SUSPENDED if has_energy else SessionStatus.CONNECTED


def _in_order(session: Session, before: Told | None, known: Session | None) -> Told:
    """Return a running session with a stamp that is not before that of what was told last.

    What the ledger knows only counts where nothing was told: it may know of a command that
    the network has not followed yet, which must not be undone.
    """
    own = session.updated
    last = before.session if before and before.session.updated else known
    if own is None or last is None or last.updated is None or not last.is_open:
        return Told(session, own)
    is_news = before is None or before.own is None or own > before.own
    if own > last.updated:
        return Told(session, own)
    if before and not is_news and own != before.own and _energy(session) < _energy(last):
        # It has come late, and only its connector has something new to tell.
        session, own = replace(last, status=session.status), before.own
    has_changed = session.status is not last.status and (before or last.status in _RUNNING)
    is_later = before is not None and is_news
    step = _NEXT if has_changed or is_later else timedelta()
    return Told(replace(session, updated=last.updated + step), own)


def _ended(session: Session, before: Told | None, known: Session | None) -> Told:
    """Return an ended session with a stamp that ranks it above what was told while it ran.

    That is its own one, unless the network has told a later one before.
    """
    own = session.updated
    if own is None:
        return Told(session, own)
    if before is None or before.session.is_open:
        floors = [each.updated for each in (before and before.session, known) if each]
        return Told(replace(session, updated=max([own, *filter(None, floors)])), own)
    last = before.session.updated
    if before.own is None or last is None or own > last:
        return Told(session, own)
    if own < before.own:
        # It has come late; what was told is newer.
        return before
    step = _NEXT if own > before.own else timedelta()
    return Told(replace(session, updated=last + step), own)


def _energy(session: Session) -> float:
    return session.energy or 0.0


def _metered(session: Session) -> datetime | None:
    """Return when the energy of a session was last read."""
    if len(session.meter_values) > 1:
        return session.meter_values[-1].at
    return session.updated


def _began(session: Session) -> float:
    return session.started.timestamp() if session.started else 0.0
