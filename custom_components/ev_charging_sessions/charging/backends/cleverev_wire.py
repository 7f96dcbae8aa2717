"""CleverEV's sessions in JSON, and what they mean.

Source: ``cleverev-charging-sessions-list-for-namespace.txt`` (the seed). It calls nearly
every field required; here a session is only lost without its id, its place and its state.
"""

from datetime import datetime
from decimal import Decimal
import re

import msgspec

from ..errors import UnexpectedAnswerError
from ..model import (
    Account,
    Cost,
    EnergyUnit,
    Intent,
    MeterValue,
    Session,
    SessionDetails,
    SessionStatus,
    Source,
)
from .cleverev_tariff_wire import Tariffs
from .cleverev_values import (
    charge_point_id_of,
    connector_number,
    decimal_of,
    id_for_path,
    id_tag_of,
    not_ahead,
    number,
    optional_decimal,
    optional_number,
    optional_time,
    snake_word_of,
    time_of,
    word_of,
)
from .wire import optional_text, reader

_PATH = "chargingSessions[]"

# When the meter was read.
_READINGS = ("startedAt", "lastMeteredAt", "stoppedAt")

_ZONE = r"[A-Za-z0-9_+/-]{1,64}"


class WireSession(msgspec.Struct, gc=False):
    """A session; its ``duration``, of an unknown unit, is told by its times and not read.

    What is only kept for the record can be of any kind, and costs no session.
    """

    id: int | str | None = None
    transactionId: object = None
    idTag: int | str | None = None
    chargerId: int | str | None = None
    connectorId: float | str | None = None
    chargingIntentId: object = None
    userId: object = None
    status: str | None = None
    startedAtTimestamp: float | str | None = None
    startedAtEnergy: float | str | None = None
    lastMeteredAtTimestamp: float | str | None = None
    lastMeteredAtEnergy: float | str | None = None
    stoppedAtTimestamp: float | str | None = None
    stoppedAtEnergy: float | str | None = None
    stoppedReason: object = None
    tariff: msgspec.Raw = msgspec.Raw()
    timeZone: object = None
    energy: float | str | None = None
    price: float | str | None = None
    note: object = None
    applicationId: object = None
    namespaceId: object = None
    locationId: object = None
    createdAt: object = None
    updatedAt: float | str | None = None
    chargingIntent: msgspec.Raw = msgspec.Raw()


class _Notifications(msgspec.Struct, gc=False):
    afterEnergy: object = None
    afterDuration: object = None
    afterPrice: object = None


class _Intent(msgspec.Struct, gc=False):
    id: object = None
    idTag: object = None
    userId: object = None
    type: object = None
    startType: object = None
    details: msgspec.Raw = msgspec.Raw()
    pushNotificationPreferences: _Notifications | None = None
    createdAt: object = None
    updatedAt: object = None


_read_session = reader(WireSession, _PATH)
_read_intent = reader(_Intent, f"{_PATH}.chargingIntent")


class SessionReader:
    """Reads the sessions of one account.

    The network does not say whether energies are in Wh or kWh. That is set by a person and
    never guessed; only whether the registers of the meter are in the same unit as the energy
    shows in the numbers.
    """

    def __init__(self, account: Account, currency: str, unit: EnergyUnit) -> None:
        """Start with no session read."""
        self._account = account
        self._currency = currency
        self._to_kwh = 0.001 if unit is EnergyUnit.WH else 1.0
        self._tariffs = Tariffs(currency, unit)
        self._register_scale: float | None = None

    def decode(self, raw: bytes) -> Session:
        """Return one session; the status of a running one is not in it.

        Raises UnexpectedAnswerError naming the field that is wrong.
        """
        wire = _read_session(raw)
        if wire.id is None or wire.id == "":
            raise UnexpectedAnswerError(f"{_PATH}.id")
        charger_id = id_for_path(wire.chargerId, f"{_PATH}.chargerId")
        connector = connector_number(wire.connectorId, f"{_PATH}.connectorId")
        started, metered, stopped = (_time(wire, f"{name}Timestamp") for name in _READINGS)
        has_ended = _has_ended(wire.status, stopped)
        ended = stopped if has_ended else None
        if ended and started and ended < started:
            ended = None
        times = (started, metered, stopped) if has_ended else (started, metered)
        energy, source, meter_values = self._metered(wire, times)
        price = decimal_of(wire.price, f"{_PATH}.price")
        zone = _zone(wire.timeZone)
        intent = self._intent(wire)
        tariff = self._tariffs.get(bytes(wire.tariff), zone)
        return Session(
            account=self._account,
            session_id=str(wire.id),
            charge_point_id=charge_point_id_of(charger_id, connector),
            card_id=id_tag_of(wire.idTag),
            status=SessionStatus.FINISHED if has_ended else None,
            started=started,
            ended=ended,
            energy=energy,
            energy_source=source,
            cost=self._cost(price),
            stop_reason=word_of(wire.stoppedReason) if has_ended else None,
            tariff=tariff,
            meter_values=meter_values,
            details=SessionDetails(
                transaction_id=optional_text(wire.transactionId),
                location_id=optional_text(wire.locationId),
                user_id=optional_text(wire.userId),
                note=optional_text(wire.note),
                intent=intent,
                time_zone=zone or (tariff.time_zone if tariff else None),
                application_id=optional_text(wire.applicationId),
                namespace_id=optional_text(wire.namespaceId),
                created=optional_time(wire.createdAt),
            ),
            updated=not_ahead(_time(wire, "updatedAt")),
        )

    def _cost(self, price: Decimal | None) -> Cost | None:
        if price is None:
            return None
        return Cost(amount=price, currency=self._currency, source=Source.REPORTED)

    def _metered(
        self, wire: WireSession, times: tuple[datetime | None, ...]
    ) -> tuple[float | None, Source | None, tuple[MeterValue, ...]]:
        """Return the kWh of a session, where they come from, and the meter's registers.

        ``times`` are those of the readings that count.
        """
        registers: dict[datetime, float] = {}
        readings: list[float] = []
        for name, at in zip(_READINGS, times, strict=False):
            register = _number(wire, f"{name}Energy")
            if register is not None:
                readings.append(register)
                if at is not None:
                    registers[at] = register
        has_start = wire.startedAtEnergy not in {None, ""}
        rise = readings[-1] - readings[0] if has_start and len(readings) > 1 else None
        if rise is not None and rise < 0:
            # A meter that runs backwards was exchanged.
            rise = None
        energy = _number(wire, "energy")
        if energy is not None and energy < 0:
            energy = None
        scale = self._scale(rise, energy)
        if energy is None and rise is not None:
            energy = rise * (scale or 1.0)
        if energy is None:
            source = None
        else:
            source = Source.REPORTED if rise is None else Source.METERED
            energy = round(energy * self._to_kwh, 6)
        if scale is None:
            return energy, source, ()
        values = tuple(
            MeterValue(at, round(register * scale * self._to_kwh, 6))
            for at, register in sorted(registers.items())
        )
        return energy, source, values

    def _scale(self, rise: float | None, energy: float | None) -> float | None:
        """Return what turns registers into the unit of the energy: nearly always 1.

        It is ``None`` for a session that does not show it before any other has. A register
        in the wrong unit would stay in the archive.
        """
        if rise and energy:
            ratio = rise / energy
            for scale in (1.0, 0.001, 1000.0):
                if 0.5 <= ratio * scale <= 2:
                    self._register_scale = scale
                    return scale
            return self._register_scale or 1.0
        if energy is None:
            return self._register_scale or 1.0
        return self._register_scale

    def _intent(self, wire: WireSession) -> Intent | None:
        raw = bytes(wire.chargingIntent)
        try:
            found = _read_intent(raw) if raw and raw != b"null" else None
        except UnexpectedAnswerError:
            found = None
        intent_id = optional_text(wire.chargingIntentId)
        if found is None:
            found = _Intent()
            if intent_id is None:
                return None
        notify = found.pushNotificationPreferences or _Notifications()
        after_energy = optional_number(notify.afterEnergy)
        details = bytes(found.details)
        return Intent(
            kind=snake_word_of(found.type) or "unknown",
            start_kind=snake_word_of(found.startType) or "unknown",
            intent_id=optional_text(found.id) or intent_id,
            user_id=optional_text(found.userId),
            details=details.decode() if details not in {b"", b"null", b"{}"} else None,
            notify_after_energy=None
            if after_energy is None
            else round(after_energy * self._to_kwh, 6),
            notify_after_duration=optional_number(notify.afterDuration),
            notify_after_price=optional_decimal(notify.afterPrice),
            created=optional_time(found.createdAt),
            updated=optional_time(found.updatedAt),
        )


def _has_ended(word: str | None, stopped: datetime | None) -> bool:
    match (word or "").lower():
        case "stopped":
            return True
        case "started":
            return False
        case "" if stopped is None:
            raise UnexpectedAnswerError(f"{_PATH}.status")
        case _:
            return stopped is not None


def _zone(value: object) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(_ZONE, value) else None


def _time(wire: WireSession, name: str) -> datetime | None:
    return time_of(getattr(wire, name), f"{_PATH}.{name}")


def _number(wire: WireSession, name: str) -> float | None:
    return number(getattr(wire, name), f"{_PATH}.{name}")
