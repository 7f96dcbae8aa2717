"""How one more answer joins what is already known about a session.

Every field is a register that keeps the value of the highest version, so answers may
arrive in any order and any number of times and still lead to the same result. The version
of an answer is its ``updated``; of two answers with the same ``updated`` one that shows
the session ended is the newer one. Two values of the same version are told apart by
their own order, and the larger one stays.

Two fields rank some values above others whatever their versions: a status that shows the
end, and a cost that the network has reported, for we only compute what nobody tells us.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

from .model import (
    Cost,
    Intent,
    MeterMemory,
    MeterValue,
    Session,
    SessionDetails,
    SessionStatus,
    Source,
)
from .tariff_model import Tariff

UNVERSIONED = -(2**63)
"""Stands for the time of an answer without a time stamp: before any other time."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LIFE = tuple(SessionStatus)
_WORST_FIRST = (None, *reversed(Source))
_OUR_OWN = {Source.COMPUTED, Source.ESTIMATED}

# The energy and its source only make sense together, so they are one register.
_REGISTERS = (
    "charge_point_id",
    "card_id",
    "status",
    "started",
    "ended",
    "energy",
    "cost",
    "stop_reason",
    "error_code",
    "tariff",
    "meter_values",
    "details",
)
# What a field holds of which an answer says nothing.
_NOTHING = (None, ())


def to_microseconds(moment: datetime) -> int:
    """Return the microseconds from 1970 to an aware time; a naive one is a TypeError."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Return the aware UTC time that lies so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


class Version(NamedTuple):
    """Where an answer stands among the answers about one session.

    ``at`` is its ``updated`` in microseconds since 1970, or ``UNVERSIONED``; ``ended``
    tells whether it shows the session ended.
    """

    at: int
    ended: bool


class Known(Struct, frozen=True):
    """All that is known about a session.

    ``older`` holds the version of those registers whose value does not stem from the
    newest answer. ``outranked`` is the cost that the newest answer has said, if an older
    one is shown instead because the network has reported it.
    """

    session: Session
    older: Mapping[str, Version] = field(default_factory=dict)
    outranked: Cost | None = None

    @property
    def newest(self) -> Version:
        """Return the version of the newest answer."""
        # An ended status always stays, so it only tells of the newest answer if it
        # stems from it.
        shows_end = not self.session.is_open and "status" not in self.older
        return Version(_time_of(self.session), shows_end)

    def version(self, register: str) -> Version:
        """Return the version that the value of a register stems from."""
        return self.older.get(register, self.newest)


class Merged(NamedTuple):
    """What comes of one more answer.

    ``archived`` is what an answer with an ended status said, if the merge has shown that
    it is not the newest answer; it is to be kept as a revision.
    """

    known: Known
    archived: Session | None


class Revision(Struct, frozen=True, kw_only=True):
    """What was known of an ended session before a correction.

    ``version`` is the ``updated`` of the answer that said so.
    """

    version: datetime | None
    session: Session


def canonical(value: Tariff | SessionDetails) -> str:
    """Return the JSON of a value, which is the same text for the same content."""
    return msgspec.json.encode(value).decode()


def readings(values: Iterable[MeterValue]) -> dict[int, float]:
    """Return the kWh of meter values by their time in microseconds since 1970, in order.

    A meter only counts up, so of two values for one moment the larger one stays. What is no
    finite number is left out; a naive time is a TypeError.
    """
    found: dict[int, float] = {}
    for value in values:
        if isfinite(value.energy):
            moment, energy = to_microseconds(value.at), float(value.energy) + 0.0
            found[moment] = max(found.get(moment, energy), energy)
    return dict(sorted(found.items()))


def meter_values_of(found: Mapping[int, float]) -> tuple[MeterValue, ...]:
    """Return the meter values that ``readings`` has made of them."""
    return tuple(MeterValue(from_microseconds(at), energy) for at, energy in found.items())


def version_of(answer: Session) -> Version:
    """Return the version of an answer."""
    return Version(_time_of(answer), not answer.is_open)


def merge(known: Known | None, answer: Session) -> Merged:
    """Join an answer with what is known about its session (``None``: nothing yet).

    An ended session stays ended, and a ``None`` or no meter values replace nothing.
    """
    answer = _normalized(answer)
    if known is None:
        return Merged(Known(answer), None)
    before, now = known.newest, version_of(answer)
    newest = max(before, now)
    values: dict[str, Any] = {}
    older: dict[str, Version] = {}
    for register in _REGISTERS:
        offered = getattr(answer, register)
        version = known.older.get(register, before)
        if offered not in _NOTHING and _rank(register, now, answer) > _rank(
            register, version, known.session
        ):
            version = now
            values[register] = offered
            if register == "energy":
                values["energy_source"] = answer.energy_source
        elif getattr(known.session, register) in _NOTHING:
            continue
        if version != newest:
            older[register] = version
    if now > before:
        values["updated"] = answer.updated
    archived = None
    if before.ended and now > before:
        archived = _own_content(known)
    elif now.ended and now < before:
        archived = answer
    outranked = _newest_cost(known, answer) if "cost" in older else None
    return Merged(Known(replace(known.session, **values), older, outranked), archived)


def history(known: Known, archived: Sequence[Session]) -> tuple[Revision, ...]:
    """Return what was known of a session after each of its archived answers.

    ``archived`` is sorted by version. An answer after which the same was known as after
    its successor is left out. What was said while the session was open, and replaced
    later, is not kept by the ledger and so is unknown here.
    """
    revisions: list[Revision] = []
    view: Known | None = None
    for answer in archived:
        view = merge(view, answer).known
        then = _view_at(version_of(answer), view.session, known)
        revisions.append(Revision(version=answer.updated, session=then))
    states = [*(revision.session for revision in revisions), known.session]
    return tuple(
        revision
        for revision, successor in zip(revisions, states[1:], strict=True)
        if not same_content(revision.session, successor)
    )


def same_content(one: Session, other: Session) -> bool:
    """Tell whether two states of a session differ in nothing but ``updated``."""
    return replace(one, updated=other.updated) == other


def _time_of(answer: Session) -> int:
    return UNVERSIONED if answer.updated is None else to_microseconds(answer.updated)


def _rank(register: str, version: Version, session: Session) -> tuple[Any, ...]:
    """Return the rank of a register's value; the value with the highest one stays."""
    value = getattr(session, register)
    if value in _NOTHING:
        return ()
    match register:
        case "status":
            return (value.is_ended, version, _LIFE.index(value))
        case "energy":
            return (version, value, _WORST_FIRST.index(session.energy_source))
        case "cost":
            # 1.5 and 1.50 are equal numbers but different texts, and only one can stay.
            amount, source = value.amount, _WORST_FIRST.index(value.source)
            is_told = value.source not in _OUR_OWN
            return (is_told, version, amount, str(amount), value.currency, source)
        case "meter_values":
            # Where a backend gives no time stamps, those that reach further are the newer.
            return (version, [(each.at, each.energy) for each in reversed(value)])
        case "tariff" | "details":
            return (version, canonical(value))
        case _:
            return (version, value)


def _newest_cost(known: Known, answer: Session) -> Cost | None:
    """Return the cost that the newest answers have said, the given one among them.

    A cost that is not shown has to be kept too, or what is archived of an answer would
    depend on whether the cost that outranks it came before or after.
    """
    before, now = known.newest, version_of(answer)
    said = replace(known.session, cost=_own_cost(known))
    is_better = _rank("cost", now, answer) > _rank("cost", now, said)
    return answer.cost if now > before or (now == before and is_better) else said.cost


def _own_cost(known: Known) -> Cost | None:
    return known.outranked if "cost" in known.older else known.session.cost


def _own_content(known: Known) -> Session:
    """Return only what the newest answer itself has said."""
    unsaid: dict[str, Any] = {
        register: () if register == "meter_values" else None for register in known.older
    }
    return _normalized(replace(known.session, **{**unsaid, "cost": _own_cost(known)}))


def _view_at(version: Version, view: Session, known: Known) -> Session:
    """Add to a view what is known now and was known already at a version."""
    values: dict[str, Any] = {
        register: getattr(known.session, register)
        for register in _REGISTERS
        if known.version(register) <= version
    }
    if "energy" in values:
        values["energy_source"] = known.session.energy_source
    return replace(view, **values)


def _normalized(answer: Session) -> Session:
    """Bring an answer into the form in which it is stored.

    Times become UTC. A figure that is not a finite number says nothing, and a source
    says nothing without its energy.
    """
    energy = _finite_float(answer.energy)
    return replace(
        answer,
        started=_utc(answer.started),
        ended=_utc(answer.ended),
        updated=_utc(answer.updated),
        energy=energy,
        energy_source=None if energy is None else answer.energy_source,
        cost=_finite(answer.cost),
        meter_values=meter_values_of(readings(answer.meter_values)) if answer.meter_values else (),
        details=_normalized_details(answer.details),
    )


def _normalized_details(details: SessionDetails | None) -> SessionDetails | None:
    if details is None:
        return None
    return replace(
        details,
        created=_utc(details.created),
        intent=details.intent and _normalized_intent(details.intent),
        charging_started=_utc(details.charging_started),
        charging_ended=_utc(details.charging_ended),
        meter=details.meter and _normalized_meter(details.meter),
    )


def _normalized_meter(meter: MeterMemory) -> MeterMemory:
    fallen = meter.fallen and MeterValue(_at(meter.fallen.at), meter.fallen.energy)
    return replace(meter, at=_at(meter.at), fallen=fallen)


def _normalized_intent(intent: Intent) -> Intent:
    energy, duration = intent.notify_after_energy, intent.notify_after_duration
    price = intent.notify_after_price
    return replace(
        intent,
        notify_after_energy=_finite_float(energy),
        notify_after_duration=_finite_float(duration),
        notify_after_price=price if price is not None and price.is_finite() else None,
        created=_utc(intent.created),
        updated=_utc(intent.updated),
    )


def _finite_float(figure: float | None) -> float | None:
    # Adding zero turns -0.0, which equals 0.0 but reads differently, into 0.0.
    return float(figure) + 0.0 if figure is not None and isfinite(figure) else None


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else _at(moment)


def _at(moment: datetime) -> datetime:
    return from_microseconds(to_microseconds(moment))


def _finite(cost: Cost | None) -> Cost | None:
    return cost if cost is not None and cost.amount.is_finite() else None
