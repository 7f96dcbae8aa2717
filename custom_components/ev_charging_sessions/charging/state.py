"""What is shown of an account: the meaning of sessions, charge points and commands together."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from .model import (
    ChargePoint,
    ChargePointStatus,
    ChargingMode,
    CommandKind,
    ModeSetting,
    Session,
    SessionStatus,
)
from .tariff_model import Tariff


class Status(StrEnum):
    """The one word for a charge point that a person reads."""

    AVAILABLE = "available"
    OCCUPIED = "occupied"
    STARTING = "starting"
    CONNECTED = "connected"
    CHARGING = "charging"
    SUSPENDED = "suspended"
    STOPPING = "stopping"
    FINISHED = "finished"
    RESERVED = "reserved"
    FAULTED = "faulted"
    OFFLINE = "offline"


_OPEN = {
    SessionStatus.STARTING: Status.STARTING,
    SessionStatus.CONNECTED: Status.CONNECTED,
    SessionStatus.SUSPENDED: Status.SUSPENDED,
    SessionStatus.CHARGING: Status.CHARGING,
    SessionStatus.STOPPING: Status.STOPPING,
    # A refused stop leaves the session as it was.
    SessionStatus.STOP_FAILED: Status.CHARGING,
}


class ChargePointState(Struct, frozen=True, kw_only=True):
    """A charge point with its running or last session and what was last asked of it.

    ``running`` is the kind of the command that waits for its confirmation, ``wish`` the
    kind of the newest one. The two differ while a button was pressed again in between.
    ``setting`` is the mode that is asked for, or else in force. ``energy`` is what all
    sessions here have charged, in kWh, ``power`` what flows now, in W. ``fee_begins`` is when
    a minute of the open session begins to cost more. ``is_gone`` tells that the network no
    longer lists the charge point.

    ``news`` counts the events so far: one about a session that is no longer shown, such as
    a late correction, changes nothing else here.
    """

    charge_point: ChargePoint
    session: Session | None = None
    running: CommandKind | None = None
    wish: CommandKind | None = None
    setting: ModeSetting | None = None
    energy: float = 0.0
    power: float | None = None
    fee_begins: datetime | None = None
    is_gone: bool = False
    news: int = 0

    @property
    def open_session(self) -> Session | None:
        """Return the session that has not ended."""
        return self.session if self.session and self.session.is_open else None

    @property
    def tariff(self) -> Tariff | None:
        """Return what charging costs here, if the network tells exactly one price.

        One that tells it only of sessions may have changed it since the last of them.
        """
        return tariff_at(self.charge_point, self.session)

    @property
    def status(self) -> Status | None:
        """Return the word for what goes on, ``None`` when it is not known."""
        # Setting the mode of a connector without a car neither starts nor stops anything.
        if self.open_session or not self.charge_point.modes:
            if self.running is CommandKind.START:
                return Status.STARTING
            if self.running is CommandKind.STOP:
                return Status.STOPPING
        if session := self.open_session:
            return _OPEN[session.status] if session.status else None
        if self._live_is_news:
            return Status(self.charge_point.status) if self.charge_point.status else None
        return Status.FINISHED if self.session else None

    @property
    def is_connected(self) -> bool | None:
        """Tell whether a car is plugged in; an occupied EVSE does not say by whom."""
        if session := self.open_session:
            return (session.status is not None and session.status.is_running) or None
        if self._live_is_news and self.charge_point.status is ChargePointStatus.AVAILABLE:
            return False
        return None

    @property
    def is_charging(self) -> bool | None:
        """Tell whether energy flows in a session of this account."""
        session = self.open_session
        if session is None:
            return False
        if session.status is None:
            return None
        return _OPEN[session.status] is Status.CHARGING

    @property
    def is_on(self) -> bool | None:
        """Tell whether a session is, or soon will be, running: what a switch shows.

        Where a network knows modes, it is whether a car may charge. The newest wish wins
        over what the backend says until it is fulfilled or refused, so an answer from
        before the wish cannot flip the switch back.
        """
        if self.charge_point.modes:
            return self.setting.mode is not ChargingMode.PAUSED if self.setting else None
        if self.wish is not None:
            return self.wish is CommandKind.START
        return self.open_session is not None

    @property
    def last_reported(self) -> datetime | None:
        """Return when the network last said something about this charge point."""
        times = (self.charge_point.updated, self.session and self.session.updated)
        return max((time for time in times if time), default=None)

    @property
    def _live_is_news(self) -> bool:
        """Tell whether the charge point was looked up after the last session ended."""
        looked_up = self.charge_point.updated
        if looked_up is None or self.charge_point.status is None:
            return False
        if self.session is None:
            return True
        ended, updated = self.session.ended, self.session.updated
        if self.charge_point.modes and updated is not None:
            # One poll tells both, and the clock by which a session ended may be ahead.
            return looked_up >= min(ended or updated, updated)
        ended = ended or updated
        return ended is None or looked_up > ended


def tariff_at(charge_point: ChargePoint | None, session: Session | None) -> Tariff | None:
    """Return the tariff of a session, or else the only one of its charge point."""
    if session and session.tariff:
        return session.tariff
    tariffs = charge_point.tariffs if charge_point else ()
    return tariffs[0] if len(tariffs) == 1 else None


class AccountState(Struct, frozen=True, kw_only=True):
    """All charge points of an account, by id, and how many sessions are open.

    ``energy`` is what all sessions of the account have charged, in kWh, ``cost`` what they
    cost in the currency of the account, as far as that is known. ``unposted`` is how many
    sessions an operator has still to post.
    """

    charge_points: Mapping[str, ChargePointState]
    active_sessions: int = 0
    energy: float = 0.0
    cost: Decimal = Decimal(0)
    unposted: int = 0
