"""How one more answer joins what is already known about a session.

Every field is a register that keeps the value of the highest version, so answers may
arrive in any order and any number of times and still lead to the same result. The version
of an answer is its ``updated``; of two answers with the same ``updated`` one that shows
the session ended is the newer one. Two values of the same version are told apart by
their own order, and the larger one stays.
"""

from collections.abc import Mapping, Sequence
from copy import replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, NamedTuple

from msgspec import Struct, field

from .model import Cost, Session, SessionStatus, Source

UNVERSIONED = -(2**63)
"""Stands for the time of an answer without a time stamp: before any other time."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LIFE = tuple(SessionStatus)
_WORST_FIRST = (None, *reversed(Source))

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
)


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
    newest answer.
    """

    session: Session
    older: Mapping[str, Version] = field(default_factory=dict)

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


def version_of(answer: Session) -> Version:
    """Return the version of an answer."""
    return Version(_time_of(answer), not answer.is_open)


def merge(known: Known | None, answer: Session) -> Merged:
    """Join an answer with what is known about its session (``None``: nothing yet).

    An ended session stays ended, and a ``None`` replaces nothing.
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
        if offered is not None and _rank(register, now, answer) > _rank(
            register, version, known.session
        ):
            version = now
            values[register] = offered
            if register == "energy":
                values["energy_source"] = answer.energy_source
        elif getattr(known.session, register) is None:
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
    return Merged(Known(replace(known.session, **values), older), archived)


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
    if value is None:
        return ()
    match register:
        case "status":
            return (value.is_ended, version, _LIFE.index(value))
        case "energy":
            return (version, value, _WORST_FIRST.index(session.energy_source))
        case "cost":
            # 1.5 and 1.50 are equal numbers but different texts, and only one can stay.
            amount, source = value.amount, _WORST_FIRST.index(value.source)
            return (version, amount, str(amount), value.currency, source)
        case _:
            return (version, value)


def _own_content(known: Known) -> Session:
    """Return only what the newest answer itself has said."""
    unsaid: dict[str, Any] = dict.fromkeys(known.older)
    return _normalized(replace(known.session, **unsaid))


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
    energy, cost = answer.energy, answer.cost
    if energy is not None:
        # Adding zero turns -0.0, which equals 0.0 but reads differently, into 0.0.
        energy = float(energy) + 0.0 if isfinite(energy) else None
    return replace(
        answer,
        started=_utc(answer.started),
        ended=_utc(answer.ended),
        updated=_utc(answer.updated),
        energy=energy,
        energy_source=None if energy is None else answer.energy_source,
        cost=_finite(cost),
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else from_microseconds(to_microseconds(moment))


def _finite(cost: Cost | None) -> Cost | None:
    return cost if cost is not None and cost.amount.is_finite() else None
